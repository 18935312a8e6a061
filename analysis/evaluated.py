"""What DEF's families say of one cell beyond its row in a comparison, as plain frozen documents."""

from typing import Literal

from demoscope.documents import Document


class GroupShare(Document):
    """How often the options that a model prefers are those of one group; shares are absent without questions."""

    level: str
    matching: float | None
    """Among questions on which the model prefers what most people do."""
    mismatching: float | None
    """Among the others."""
    expected: float | None = None
    """Of all questions, if options were preferred at random: what the sizes of the groups alone make of it."""
    overall: float | None = None
    """Of all questions."""
    p: float | None = None
    """Of the permutation test of ``overall`` against ``expected``; not adjusted."""


class Bias(Document):
    """Preference bias by one grouping of the reference."""

    grouping: str
    levels: tuple[GroupShare, ...]


class Voice(Document):
    """Simulated disagreement as a share of people's, within the levels of a grouping: 1 is a public, 0 one voice."""

    grouping: str | None
    """``None``: everybody together."""
    variance: float | None
    entropy: float | None


class Habits(Document):
    """Means over respondents; people's figures are those of the same questions, absent without a reference."""

    straight_lining: float | None
    midpoint: float | None
    midpoint_people: float | None
    extreme: float | None
    extreme_people: float | None
    acquiescence: float | None = None
    """Agreeing minus disagreeing answers to statements, as a share of them, in [-1, 1]; absent without statements."""
    acquiescence_people: float | None = None


class Level(Document):
    """One level of a factor; see :class:`analysis.configurations.Configuration`."""

    level: str
    respondents: int
    mean: float
    estimate: float
    low: float
    high: float


class Factor(Document):
    """Levels of one factor of the simulation, best first."""

    name: str
    levels: tuple[Level, ...]


class Insensitivity(Document):
    """Failures in one dimension, as one judge (or the rules) found them."""

    judge: str
    dimension: str
    judged: int
    """Responses judged; for rules, all."""
    failures: int
    unclear: int
    share: float | None
    low: float | None
    high: float | None
    """95 % (Wilson); absent for rules, which see every response."""


class Agreement(Document):
    """How far raters agree in one dimension, beyond chance."""

    dimension: str
    raters: tuple[str, ...]
    """Two annotators, judges or ``rules``; or ``people``, all of them together."""
    measure: str
    """``kappa`` (Cohen) of two raters, ``alpha`` (Krippendorff) of all people."""
    replies: int
    """Replies that two raters at least judged."""
    alike: float
    """Share of these on which all verdicts are the same."""
    value: float | None
    """Absent when all verdicts are the same, so that chance cannot be told from agreement."""
    low: float | None
    high: float | None
    """95 %, by resampling replies; absent where they are too few or too much alike."""


class Completion(Document):
    """What a model completes of a survey's questions, beside rephrasings that it cannot have read."""

    model: str
    language: str
    original: str
    """Cell of the original wordings."""
    control: str | None
    """Cell of the rephrasings; absent without one, so that memory cannot be told from guessing."""
    questions: int
    """Questions continued in both cells, or in the one."""
    overlap: float
    """Mean share of a question's rest that was completed, in order, in [0, 1]."""
    overlap_control: float | None
    p: float | None
    """One-sided: how often chance alone gives a difference as large."""


class Structure(Document):
    """How answers hang together, or follow from traits, beside whole real people."""

    kind: Literal["correlations", "effects"]
    """Between items; or of traits on items, on a scale of 0 to 1."""
    questions: tuple[str, ...]
    traits: tuple[str, ...]
    """Traits whose effects are compared, as a level of them; none for correlations."""
    people: int
    simulated: int
    difference: float | None = None
    """Mean absolute difference from the people's; absent, as all below, with too few people or without variance."""
    low: float | None = None
    high: float | None = None
    """95 % of the differences between people and people, the one part as large as the simulated sample (or half)."""
    correlation: float | None = None
    """Of the entries with the people's, in [-1, 1]."""
    correlation_of_people: float | None = None
    """Mean of the same between people and people."""

    @property
    def like_people(self) -> bool | None:
        """Whether the difference is no larger than people's from people; ``None`` where it is not known."""
        return None if self.difference is None or self.high is None else self.difference <= self.high


class CellEvaluation(Document):
    """One cell of a store."""

    name: str
    matches: float | None
    """Share of questions on which the model prefers what most people do."""
    matches_by_dimension: dict[str, float]
    biases: tuple[Bias, ...]
    voices: tuple[Voice, ...]
    habits: Habits
    factors: tuple[Factor, ...]
    """Memory, decoding and place, by the mean human probability of what respondents chose."""
    insensitivity: tuple[Insensitivity, ...]
    structures: tuple[Structure, ...] = ()
    """Correlations and effects beside those of whole people, where a table of them was given."""
