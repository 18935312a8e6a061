"""From logits to replies: what every engine shares that sees its model's logits.

The rules of decoding are pure functions and generators over arrays and tokens. They know a model by its
:class:`~.vocabulary.Vocabulary` alone, and nothing of contexts, devices or batches. How a request gets to an engine's
thread, and how it ends, says :mod:`.request_queue`.
"""
