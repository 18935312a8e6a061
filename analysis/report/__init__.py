"""The report: one self-contained page about one store or several, in the reader's language.

``material`` reads, each section says what it has to say as plain blocks, ``page`` turns blocks into HTML.
"""
