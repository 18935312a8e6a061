"""What an evaluation of individual values finds, as documents that are printed and written as JSON.

Accuracies are in percent, differences and sigma in percentage points; ``None`` is where there is no number.
"""

from typing import Literal

from analysis.individual.accuracy import Unanswered
from analysis.individual.predictions import Condition
from analysis.yardsticks import DRAWS
from demoscope.documents import Document
from surveys.statements.sets import Form

Limits = tuple[float, float]


class Rules(Document):
    """What the evaluation leaves open."""

    unanswered: Unanswered = "wrong"
    """What becomes of targets without an answer."""
    ddof: int = 1
    """Sigma divides by the number of groups less this."""
    min_group: int = 1
    """People that a group needs to count."""
    draws: int = DRAWS
    """Resamples and permutations; 0 for none."""
    seed: int = 0


class Accuracy(Document):
    """Mean over people of what each has right."""

    name: str = ""
    """Setup or category; empty for all targets."""
    people: int
    """Who count."""
    mean: float | None
    normal: Limits | None
    """1.96 standard errors around the mean, as published."""
    interval: Limits | None
    """Central 95 % of the bootstrap over people."""


class SystemFinding(Document):
    """One model, or one baseline, in one condition."""

    name: str
    condition: Condition
    baseline: bool = False
    people: int
    targets: int
    """Whose true statement is known."""
    counted: int
    """Targets that count, by the rule about unanswered ones."""
    unanswered: dict[str, int]
    """Why nothing was chosen -> targets."""
    unknown: int
    """Targets left out because the person's own answer is not known."""
    overall: Accuracy
    setups: tuple[Accuracy, ...]
    categories: tuple[Accuracy, ...]


class BothForms(Document):
    """A model's mean over polar and refined targets, with demonstrations in the form of the targets."""

    name: str
    model: str
    condition: str
    polar: float | None
    refined: float | None
    all: Accuracy


class DimensionFinding(Document):
    """Sigma of one dimension."""

    dimension: str
    groups: dict[str, float]
    """Level -> accuracy of its people."""
    people: dict[str, int]
    sigma: float
    interval: Limits | None
    noise: float | None
    """Sigma that chance alone is expected to make, from the spread within groups."""
    corrected: float | None
    corrected_interval: Limits | None
    null: float | None
    """Mean sigma when people are dealt out to the groups at random."""
    p: float | None
    p_holm: float | None


class InequityFinding(Document):
    """Sigma-inequity of one system."""

    name: str
    score: float | None
    interval: Limits | None
    noise: float | None
    corrected: float | None
    null: float | None
    p: float | None
    dimensions: tuple[DimensionFinding, ...]
    skipped: dict[str, str]
    """Dimension -> why it has no sigma."""


Family = Literal["demonstrations", "demographics", "statements or demographics", "model", "baseline"]


class EffectFinding(Document):
    """How much better the second of two systems predicts the same people; p-values are adjusted within a family."""

    family: Family
    first: str
    second: str
    people: int
    difference: float | None
    interval: Limits | None
    p_between: float | None
    """Two-sample t-test, as published."""
    p_between_holm: float | None
    p_within: float | None
    """Paired t-test."""
    p_within_holm: float | None


class Influence(Document):
    """What statements of one category tell about another (figure 8)."""

    model: str
    condition: str
    """What its conditions share beside the model."""
    target_form: Form
    targets: tuple[str, ...]
    """Categories that are predicted: rows."""
    demonstrations: tuple[str, ...]
    """Categories that people are known by: columns."""
    accuracy: tuple[tuple[float | None, ...], ...]


class CrossedForms(Document):
    """Accuracy by the form of demonstrations and of targets (table 14)."""

    model: str
    condition: str
    accuracy: dict[str, dict[str, Accuracy]]
    """Form of the demonstrations -> form of the targets."""
    setups: dict[str, dict[str, tuple[Accuracy, ...]]]
    """The same in each setup."""


class SweepFinding(Document):
    """How well the nearest N predict, for every N (table 20)."""

    condition: str
    target_form: Form
    setups: tuple[str, ...]
    by_setup: tuple[tuple[float | None, ...], ...]
    """N = 1, 2, ... -> accuracy in each setup."""
    mean: tuple[float | None, ...]
    """N = 1, 2, ... -> accuracy over all setups."""
    chosen: tuple[int, int]
    """N of each half of the people, chosen on the other."""
    chosen_on_everybody: int


class Evaluation(Document):
    """Everything that was found."""

    rules: Rules
    systems: tuple[SystemFinding, ...]
    """Baselines first."""
    both: tuple[BothForms, ...] = ()
    inequity: tuple[InequityFinding, ...] = ()
    effects: tuple[EffectFinding, ...] = ()
    influence: tuple[Influence, ...] = ()
    forms: tuple[CrossedForms, ...] = ()
    sweeps: tuple[SweepFinding, ...] = ()
    notes: tuple[str, ...] = ()
