"""Individual values: how well answers of one person are predicted from others that the same person gave.

Jiang et al. (2024). Can Language Models Reason about Individualistic Human Values and Preferences? arXiv:2410.03868.
Models of a wave (``protocol: ivc``) and baselines become :class:`~analysis.individual.predictions.Predictions`, so
everything that can be said of a model can be said of a baseline.
"""
