"""One system with its scores, and what every table says of a mean."""

from typing import Any

import numpy as np

from analysis.individual.accuracy import by_category, scores
from analysis.individual.findings import Accuracy, Rules
from analysis.individual.intervals import Resamples, normal, percentile
from analysis.individual.predictions import Condition, Floats, Predictions


class Evaluated:
    """One system with its scores."""

    def __init__(self, predictions: Predictions, rules: Rules, baseline: bool) -> None:
        self.predictions, self.baseline = predictions, baseline
        self.condition, self.people = predictions.condition, predictions.people
        self.scores = scores(predictions, rules.unanswered)
        self.categories = by_category(predictions, rules.unanswered)

    @property
    def by_person(self) -> Floats:
        """(n_people,) percent right."""
        return self.scores.by_person

    def setups(self, resamples: Resamples | None) -> tuple[Accuracy, ...]:
        """Mean of people in each setup."""
        names, values = self.predictions.setups, self.scores.by_setup.T
        return tuple(
            accuracy_of(name, self.people, each, resamples) for name, each in zip(names, values, strict=True)
        )


def accuracy_of(name: str, people: tuple[str, ...], values: Floats, resamples: Resamples | None) -> Accuracy:
    """Mean of people with both of its intervals."""
    known = np.isfinite(values)
    return Accuracy(
        name=name,
        people=int(known.sum()),
        mean=float(values[known].mean()) if known.any() else None,
        normal=normal(values),
        interval=percentile(resamples.means(people, values)) if resamples is not None and known.any() else None,
    )


def apart_from_form(condition: Condition) -> tuple[Any, ...]:
    """What conditions share that differ in their forms alone."""
    return condition.model, condition.demonstrations, condition.demographics, condition.categories, condition.other


def number(value: float) -> float | None:
    """The value; ``None`` when it is no number."""
    return float(value) if np.isfinite(value) else None
