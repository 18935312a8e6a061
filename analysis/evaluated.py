"""What DEF's families say of one cell beyond its row in a comparison, as plain frozen documents."""

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
