"""From logits to replies: the rules of decoding that every engine shares which sees its model's logits.

Pure functions and generators over arrays and tokens. They know a model by its :class:`~.vocabulary.Vocabulary` alone,
and nothing of contexts, devices or batches.
"""
