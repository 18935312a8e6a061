"""Conditions side by side, as plain frozen documents that turn into JSON and back without loss."""

from typing import Literal

from pydantic import Field

from analysis.def_rules import DefRules
from analysis.evaluated import CellEvaluation
from analysis.findings import Cost, Estimate, Statuses
from demoscope.documents import Document


class DiversityFigures(Document):
    """How different the replies of a condition are."""

    value: float
    """D, in [0, 1)."""
    low: float | None = None
    high: float | None = None
    """95 % by the jackknife over runs; absent with fewer than two."""
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
    diversity: DiversityFigures | None
    """Of the wording; absent when nothing was said."""
    choice_diversity: DiversityFigures | None
    """Of the options chosen."""
    kl: Estimate | None = None
    """Average KL(simulated || human) in nats, by the rules; absent without a human reference."""
    dimensions: dict[str, float] = Field(default_factory=dict)
    """Mean KL by value dimension."""
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
    map: MapFigure | None = None
    """The cultural map, when details were asked for and the questions have value dimensions."""
