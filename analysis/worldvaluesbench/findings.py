"""What an evaluation found: the documents that tables, figures and JSON are made of."""

from demoscope.documents import Document

Interval = tuple[float, float]
"""Limits of a 95 % interval."""


class QuestionFinding(Document):
    """One model on one question."""

    question: str
    category: str
    rows: int
    """Rows of the question in the file."""
    scores: int
    """Rows whose score could be read, and entered."""
    out_of_range: int
    """Scores outside the question's scale."""
    people: int
    """Human answers they are compared with."""
    distance: float | None
    """Wasserstein-1 distance on [0, 1]; above 1 only by scores out of range. ``None`` when a side has nobody."""
    interval: Interval | None
    """Limits over resampled people, or over the draws of a baseline; ``None`` where nothing was drawn."""


class Crossed(Document):
    """How many questions meet a threshold."""

    threshold: float
    questions: int
    share: float
    """Of the questions that have a distance."""


class SystemFinding(Document):
    """One model, or one baseline, on all questions."""

    name: str
    rows: int
    scores: int
    out_of_range: int
    strangers: int
    """Rows of persons that the reference does not know."""
    questions: tuple[QuestionFinding, ...]
    mean: float | None
    """Mean distance over the questions that have one."""
    std: float | None
    """Standard deviation over these questions (ddof 0)."""
    interval: Interval | None
    """Limits of the mean over resampled people; the questions stay."""
    thresholds: tuple[Crossed, ...]
    """From 0 to 1 by 0.05."""
    missing: tuple[str, ...]
    """Questions of the file that have no human answers in the reference, or no score."""


class LevelFinding(Document):
    """One model, or one baseline, among the people of one level of a grouping."""

    grouping: str
    level: str
    system: str
    questions: int
    """Questions that have a distance within the level."""
    scores: int
    people: int
    mean: float | None
    """Mean distance over these questions; the rows of each are pooled within the level."""
    std: float | None
    """Standard deviation over these questions (ddof 0)."""
    interval: Interval | None
    """Limits of the mean over resampled people; ``None`` where none were drawn, as for baselines and in
    groupings of many levels."""


class Gain(Document):
    """What telling the attributes does: a model against itself without them."""

    system: str
    without: str
    questions: int
    """Questions that both have."""
    nearer: int
    """Questions on which telling them brings the model nearer to people."""
    mean: float
    """Mean change of the distance; negative is nearer."""


class Evaluation(Document):
    """Models and baselines against people."""

    reference: str
    """Where the human answers come from."""
    out_of_range: str
    tie: str
    aggregate: str
    """``pooled``: all rows of a question, as published; ``group_mean``: the mean over groups of rows."""
    seed: int
    draws: int
    baselines: tuple[SystemFinding, ...]
    systems: tuple[SystemFinding, ...]
    gains: tuple[Gain, ...]
    levels: tuple[LevelFinding, ...]
    notes: tuple[str, ...]
    """What a reader must know: rows that did not enter, and why."""
