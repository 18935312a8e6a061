"""Training, test and validation respondents, shuffled as published."""

import random
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def published_splits(people: int) -> Mapping[str, NDArray[np.int64]]:
    """Places of the respondents of each split, in the published order.

    Python's own generator with the seed 0 shuffles all respondents; the first 70 % train, the next 15 % test, and
    whoever is left validates.

    Parameters
    ----------
    people : int
        Respondents after duplicates were left out.

    >>> {name: len(places) for name, places in published_splits(93_278).items()}
    {'full': 93278, 'train': 65294, 'valid': 13993, 'test': 13991}

    References
    ----------
    Zhao et al. (2024). WorldValuesBench; the split is that of its published code.
    """
    order = list(range(people))
    random.Random(0).shuffle(order)
    train = int(0.7 * people)
    test = train + int(0.15 * people)
    parts = {"full": range(people), "train": order[:train], "valid": order[test:], "test": order[train:test]}
    return {name: np.array(places, np.int64) for name, places in parts.items()}
