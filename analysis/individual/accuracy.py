"""How often the statement that a person holds was predicted: by person, setup and category, in percent.

People are the sample: intervals and tests are over people, never over targets, since answers of one person hang
together.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.individual.predictions import Floats, Ints, Predictions, categories_of

Unanswered = Literal["wrong", "drop_setup", "drop_person", "drop_answer"]
"""What becomes of targets for which nothing was chosen.

``wrong`` counts them as wrong. ``drop_setup`` leaves out all targets of a person in a setup that has one, as the
published code does. ``drop_person`` leaves out the whole person, ``drop_answer`` the target alone.
"""


@dataclass(frozen=True, eq=False)
class Scores:
    """Right and counted targets of every person in every setup."""

    right: Floats
    """(n_people, n_setups) targets predicted rightly, or expected to be."""
    counted: Ints
    """(n_people, n_setups) targets that count."""

    @property
    def by_person(self) -> Floats:
        """(n_people,) percent of a person's targets over all setups; NaN where none counts."""
        return percent(self.right.sum(axis=1), self.counted.sum(axis=1))

    @property
    def by_setup(self) -> Floats:
        """(n_people, n_setups) percent of a person's targets in each setup; NaN where none counts."""
        return percent(self.right, self.counted)

    @property
    def mean(self) -> float:
        """Mean over people of what each has right, in percent; NaN when nobody counts."""
        return mean_of(self.by_person)


def percent(right: ArrayLike, counted: ArrayLike) -> Floats:
    """Shares in percent; NaN where nothing counts.

    >>> percent([1, 0, 0], [4, 2, 0]).tolist()
    [25.0, 0.0, nan]
    """
    counts = np.asarray(counted, np.float64)
    return np.asarray(100.0 * np.divide(right, counts, out=np.full(counts.shape, np.nan), where=counts > 0))


def mean_of(values: Floats) -> float:
    """Mean of the known values; NaN when there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def counting(predictions: Predictions, unanswered: Unanswered = "wrong") -> NDArray[np.bool_]:
    """(n_rows,) whether each target counts.

    A person's setup, or the whole person, is judged by all its targets, whatever is looked at afterwards.
    """
    answered = predictions.answered
    if unanswered == "wrong":
        return np.ones(len(predictions), np.bool_)
    if unanswered == "drop_answer":
        return answered
    group = predictions.person
    if unanswered == "drop_setup":
        group = group * len(predictions.setups) + predictions.setup
    missing = np.bincount(group, weights=~answered, minlength=1)
    return np.asarray(missing[group] == 0)


def scores(
    predictions: Predictions, unanswered: Unanswered = "wrong", among: NDArray[np.bool_] | None = None
) -> Scores:
    """Right and counted targets of every person and setup.

    Parameters
    ----------
    predictions : Predictions
        What was predicted.
    unanswered : {"wrong", "drop_setup", "drop_person", "drop_answer"}
        What becomes of targets for which nothing was chosen.
    among : numpy.ndarray of bool, shape (n_rows,), optional
        Rows that are looked at; all when absent.

    References
    ----------
    .. [1] Jiang et al. (2024). arXiv:2410.03868, section 3.
    """
    counts = counting(predictions, unanswered)
    if among is not None:
        counts = counts & among
    shape = len(predictions.people), len(predictions.setups)
    cell = predictions.person * shape[1] + predictions.setup

    def summed(values: Floats) -> Floats:
        found = np.bincount(cell[counts], weights=values[counts], minlength=shape[0] * shape[1])
        return np.asarray(found.reshape(shape), np.float64)

    return Scores(summed(predictions.right), summed(np.ones(len(predictions))).astype(np.int64))


def by_category(predictions: Predictions, unanswered: Unanswered = "wrong") -> dict[str, Scores]:
    """Scores within each category of values, in the order of the questions."""
    category = np.array([item.category for item in predictions.items])[predictions.item]
    return {
        name: scores(predictions, unanswered, np.asarray(category == name))
        for name in categories_of(predictions.items)
    }


def of_both_forms(polar: Floats, refined: Floats) -> Floats:
    """Percent of people over both forms: the mean of the two; NaN for somebody who lacks one.

    >>> of_both_forms(np.array([80.0, 60.0]), np.array([40.0, float("nan")])).tolist()
    [60.0, nan]
    """
    return np.asarray((polar + refined) / 2)
