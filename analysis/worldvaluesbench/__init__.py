"""WorldValuesBench: how far the answers of models lie from those of the people they answer for.

Zhao et al. (2024). WorldValuesBench: A Large-Scale Benchmark Dataset for Multi-Cultural Value Awareness of Language
Models. LREC-COLING. Everything is computed from arrays of answers, so any model's scores can be evaluated, with or
without the survey's own file.
"""
