"""Conditions side by side, as plain frozen documents that turn into JSON and back without loss."""

from typing import Literal

from pydantic import Field

from analysis.def_rules import DefRules
from analysis.evaluated import Agreement, CellEvaluation, Completion
from analysis.findings import Cost, Estimate, Statuses
from demoscope.documents import Document


class DiversityFigures(Document):
    """How different the replies of a condition are."""

    value: float
    """D, in [0, 1)."""
    low: float | None = None
    high: float | None = None
    """95 % by the jackknife over runs; absent with fewer than two, and where no run makes a difference."""
    attainable: float
    """The largest D that so many runs can reach."""
    same_runs: float | None = None
    """Expected D of as many runs as the smallest condition compared has; absent where some have fewer than two."""


class ConditionRow(Document):
    """One cell of one store."""

    store: str
    """Path of the store, as given."""
    wave: str
    name: str
    condition: str
    model: str
    protocol: str
    language: str
    culture: str | None
    respondents: int
    runs: int
    """Respondents times their repeats."""
    statuses: Statuses
    """With what people resolved counted as answered."""
    resolved: int = 0
    """Replies that no rule could read and that people gave an answer to; they are among the answered."""
    unresolved: int = 0
    """Replies that people could not read either."""
    divergences: dict[str, float] = Field(default_factory=dict)
    """KL of each question by its name; infinite and missing ones are left out."""
    finished: bool = True
    """Whether its wave came to its end; before that, replies are missing and D comes out too small."""
    ablation: str | None = None
    """Which row of DEF's ablation it is, by place, decoding and memory on or off."""
    diversity: DiversityFigures | None
    """Of the wording; absent when nothing was said."""
    choice_diversity: DiversityFigures | None
    """Of the options chosen."""
    kl: Estimate | None = None
    """Average KL(simulated || human) in nats, by the rules; absent without a human reference."""
    dimensions: dict[str, float] = Field(default_factory=dict)
    """Mean KL by value dimension."""
    no_people: str | None = None
    """Why there is no distance from people though the store has a human reference."""
    questions: int = 0
    """Questions compared with people."""
    infinite: int = 0
    """Those whose KL is infinite."""
    missing: int = 0
    """Those without a valid answer."""
    js: Estimate | None = None
    """Mean Jensen-Shannon distance, base e."""
    js_debiased: Estimate | None = None
    """The same without what the size of the sample adds; see :mod:`analysis.debiasing`."""
    kl_to_first: Estimate | None = None
    """Average KL minus that of the first condition of the same store, the same people drawn in both."""
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """Time that the model was busy, summed over calls."""
    cost: Cost | None


class AblationStep(Document):
    """One row of DEF's ablation."""

    name: str
    """``none``, ``without memory``, ``without config``, ``without prompt`` or ``full``."""
    row: int
    """Which of the conditions compared, from 1."""
    value: float
    """D of as many runs as the smallest condition has."""
    attainable: float
    """The largest D that so many runs can reach."""
    rise: Estimate | None = None
    """How much more D is than in the row before, over the replies of the people that both asked, with 95 % by the
    jackknife over them; absent in the first row, without shared people, and without limits where nobody makes a
    difference."""


class AblationOrder(Document):
    """Whether D rises along the rows of the ablation as the published table has it."""

    model: str
    language: str
    culture: str | None
    level: Literal["wording", "choices"]
    """What is compared: the published table has the wording."""
    steps: tuple[AblationStep, ...]
    """In the published order, lowest first."""
    missing: tuple[str, ...]
    """Rows of the ablation that were not asked."""
    against: tuple[str, ...]
    """Neighbours in another order; none when it came out as published."""
    finished: bool = True
    """Whether the wave came to its end; the order of an unfinished one is preliminary."""

    @property
    def beyond_chance(self) -> int:
        """How many rows lie above the one before by more than chance."""
        return sum(step.rise is not None and (step.rise.low or 0.0) > 0 for step in self.steps)


class SeriesFigure(Document):
    """Two series of models compared by their mean KL in the value dimensions."""

    condition: str
    first: str
    second: str
    test: Literal["pooled", "welch", "paired"]
    """``pooled``: as published, n1 + n2 - 2 degrees of freedom; ``paired``: each dimension with itself."""
    means: tuple[float, float]
    """Mean KL of both, in nats."""
    values: tuple[int, int]
    """Values on both sides: models times dimensions, or dimensions alone when paired."""
    t: float | None
    """Absent, as all below, where values do not vary."""
    df: float | None
    standard_error: float | None
    """Of the difference of the means."""
    p: float | None
    """Two-sided."""
    holm: float | None
    """p adjusted for all comparisons by the same test."""
    benjamini_hochberg: float | None


class TopicCount(Document):
    """Questions of one value dimension about one topic."""

    dimension: str
    topic: str
    questions: int


class MapPoint(Document):
    """One subject of the cultural map."""

    name: str
    kind: Literal["simulated", "people"]
    x: float
    y: float
    width: float | None = None
    height: float | None = None
    angle: float | None = None
    """Axes and turn (degrees) of the 95 % ellipse over resamples of the respondents; absent for people."""


class MapFigure(Document):
    """Conditions and people by their mean answers in the value dimensions."""

    points: tuple[MapPoint, ...]
    dimensions: tuple[str, ...]
    """Those in which every subject has answers."""
    loadings: tuple[tuple[float, ...], ...]
    """(2, n_dimensions)"""
    explained: tuple[float, ...]
    """Share of the variance on each axis."""
    questions: int


class Comparison(Document):
    """Conditions of one or several stores."""

    rules: DefRules
    open_flags: tuple[str, ...]
    """Flags that the profile's source leaves open and that good sense decides."""
    draws: int
    """Resamples of the respondents behind every interval."""
    same_runs: int | None
    """Runs that ``DiversityFigures.same_runs`` stands for."""
    references: tuple[str, ...]
    """Titles of the human references; none where the stores have none."""
    rows: tuple[ConditionRow, ...]
    between: tuple[tuple[float | None, ...], ...]
    """Mean Jensen-Shannon distance of every two conditions over the questions they share; ``None`` without any."""
    evaluations: tuple[CellEvaluation, ...] = ()
    """What the other families say of each row, when that was asked for."""
    ablations: tuple[AblationOrder, ...] = ()
    """How the published order of the ablation came out."""
    series: tuple[SeriesFigure, ...] = ()
    """Series of models, when some were named."""
    agreements: tuple[Agreement, ...] = ()
    """How far judges, people and rules agree on the replies of the first store, when that was asked for."""
    completions: tuple[Completion, ...] = ()
    """What models complete of the survey's own questions, where a condition checked that."""
    topics: tuple[TopicCount, ...] = ()
    """Questions by value dimension and topic, of all questionnaires compared, each question once."""
    map: MapFigure | None = None
    """The cultural map, when details were asked for and the questions have value dimensions."""
