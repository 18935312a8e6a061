"""What a summary says, as plain frozen documents that turn into JSON and back without loss."""

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

from demoscope.documents import Document

if TYPE_CHECKING:
    import pandas as pd

Distance = Annotated[
    float,
    BeforeValidator(lambda value: float(value) if value == "inf" else value),
    PlainSerializer(lambda value: "inf" if value == float("inf") else value, when_used="json"),
]
"""A distance of at least 0; infinite ones are written as ``"inf"`` in JSON."""


class Range(Document):
    """Median and central 95 % of many random draws."""

    median: Distance
    low: Distance
    high: Distance


TIE = 1e-9
"""Distances nearer to each other than this are equal; equal shares summed in another order differ by less."""


class Measure(Document):
    """One distance of the simulated from the real answers, beside all it should be compared with.

    >>> people = Range(median=0.1, low=0.02, high=0.2)
    >>> m = Measure(simulated=0.15, uniform=0.12, majority=0.3, sample=people)
    >>> m.within_people, m.closer_than_uniform, m.closer_than_majority
    (True, False, True)
    """

    simulated: Distance
    """Simulated public to real public."""
    low: Distance | None = None
    """Lower limit of the 95 % bootstrap interval over simulated respondents; absent with fewer than two."""
    high: Distance | None = None
    """Upper limit of the same."""
    uniform: Distance
    """Answering at random to real public."""
    majority: Distance
    """Everybody giving the most frequent real answer, to real public."""
    sample: Range
    """Random real people, as many as answered in the simulation, to real public."""
    halves: Range | None = None
    """One random half of the real people to the other; absent with fewer than two people."""

    @property
    def within_people(self) -> bool:
        """No further than 97.5 % of the random human samples of the same size."""
        return self.simulated <= self.sample.high

    @property
    def closer_than_uniform(self) -> bool:
        """Strictly closer to the real answers than answering at random."""
        return self.simulated < self.uniform - TIE

    @property
    def closer_than_majority(self) -> bool:
        """Strictly closer to the real answers than everybody giving the most frequent one."""
        return self.simulated < self.majority - TIE


class Estimate(Document):
    """A figure with a 95 % interval over simulated respondents."""

    value: float
    low: float | None = None
    high: float | None = None
    """Absent together, with fewer than two respondents."""


class Mean(Document):
    """A weighted mean over respondents."""

    mean: float
    low: float | None
    """Lower end of the central 95 % of a bootstrap over respondents; absent with fewer than two."""
    high: float | None
    """Upper end of the same."""


class NumberSummary(Document):
    """What open numbers come to, in the unit of the question."""

    mean: Mean
    median: float
    least: float
    most: float


class OptionShares(Document):
    """How often one option was chosen; shares are absent where nobody gave a substantive answer."""

    code: int
    label: str
    simulated: float | None
    human: float | None
    low: float | None = None
    """Lower limit of the simulated share, 95 % (Wilson, over respondents); absent where nobody answered."""
    high: float | None = None
    human_low: float | None = None
    """The same of people, as many as were asked; absent for weighted references, whose sums of weights are no number
    of people, and for several choices, of which the number of people is unknown."""
    human_high: float | None = None
    rank: Mean | None = None
    """Of a ranking: mean rank among the answers that rank it; the first choice is 1."""
    first: float | None = None
    """Of a ranking: share of the answers that put it first."""
    points: Mean | None = None
    """Of an allocation: mean points."""


class Statuses(Document):
    """How questions ended, in answers."""

    answered: int = 0
    refused: int = 0
    invalid: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def asked(self) -> int:
        """Answers that a reply was wanted for: all but the skipped."""
        return self.answered + self.refused + self.invalid + self.failed

    @property
    def understood(self) -> float | None:
        """Share of the asked that was understood; ``None`` when nothing was asked yet."""
        return self.answered / self.asked if self.asked else None


class QuestionSummary(Document):
    """One question in one cell, or in one subgroup of it."""

    id: str
    text: str
    kind: str
    ordinal: bool
    statuses: Statuses
    n_simulated: int
    """Understood substantive answers (for multiple choices: respondents' answers, not options)."""
    n_nonresponse: int
    """Answers that chose a "don't know" on offer; left out of the shares."""
    n_human: float
    """Real people with a substantive answer; a sum of weights for a weighted reference."""
    n_human_left_out: float
    """Real people without one, or with a code that the questionnaire does not offer."""
    shares: tuple[OptionShares, ...]
    """Substantive options in questionnaire order; for multiple choices the share of answers that named each."""
    number: NumberSummary | None = None
    """What open numbers come to, or the scores of a scale that was asked with another number of points (those have no
    code, so they are in no share); absent for other kinds and where nobody gave one."""
    w1: Measure | None = None
    """Wasserstein-1 on a scale of 0 to 1; absent for unordered options."""
    kl: Measure | None = None
    """KL(simulated || human) in nats."""
    js: Measure | None = None
    """Jensen-Shannon distance, base e."""
    not_compared: str | None = None
    """Why there are no distances."""

    @property
    def leading(self) -> Measure | None:
        """The distance that verdicts are read from: W1 for ordered options, JS for others."""
        return self.w1 or self.js


class Averages(Document):
    """Means over the compared questions of a cell or a subgroup."""

    questions: int
    """Questions that were compared."""
    ordered: int
    """Those with ordered options, which W1 is averaged over."""
    within_people: int
    """Questions no further from people than random human samples of the same size (W1; JS where unordered)."""
    closer_than_uniform: int
    closer_than_majority: int
    one_voice: int
    """Questions to which all understood answers (two or more) were the same."""
    w1: Measure | None = None
    kl: Measure | None = None
    """An infinite divergence counts as the largest finite one plus 1."""
    js: Measure | None = None
    infinite: int = 0
    """Questions whose KL is infinite: an answer was simulated that no real person gave."""
    w1_debiased: Estimate | None = None
    """The mean without what the size of the sample adds (:mod:`analysis.debiasing`), with an interval of the
    distance itself; of a whole cell, absent in subgroups."""
    kl_debiased: Estimate | None = None
    """The same; absent where the KL of some question is infinite, whose bias is not known."""
    js_debiased: Estimate | None = None
    """The same."""

    @property
    def leading(self) -> Measure | None:
        """The distance that a verdict is read from: W1 where any question is ordered, JS where none is."""
        return self.w1 or self.js


class LevelSummary(Document):
    """One subgroup, such as women, compared with the real people of the same subgroup.

    It holds no questions when it has too few simulated respondents.
    """

    level: str
    n: int
    """Simulated respondents with a substantive answer to a question that has a distribution over options."""
    too_few: bool
    questions: tuple[QuestionSummary, ...] = ()
    """The questions as in the whole cell; human yardsticks draw from this subgroup's real people."""
    averages: Averages | None = None


class GroupingSummary(Document):
    """The comparison by one grouping, such as age group."""

    name: str
    attribute: str
    told: bool
    """Whether the portrait tells the model this attribute; where it does not, differences cannot come from it."""
    levels: tuple[LevelSummary, ...]


class Reason(Document):
    """Why answers were not understood, in the words of the store."""

    status: str
    reason: str
    count: int


class Cost(Document):
    """Money that a cell took, tries that failed included."""

    amount: float
    currency: str
    """ISO 4217 code."""
    unknown: int
    """Tries that may have cost something nobody knows, since they broke off."""


class CellSummary(Document):
    """One cell: a condition with a model."""

    name: str
    condition: str
    model: str
    protocol: str
    profile: str
    language: str
    opening: str
    """How good or bad this model is as a public, in plain language."""
    respondents: int
    """Respondents planned."""
    heard: int
    """Respondents with at least one understood answer."""
    weighted: bool
    """Whether shares are weighted by the personas' weights."""
    statuses: Statuses
    reasons: tuple[Reason, ...]
    """The most frequent reasons of each status."""
    questions: tuple[QuestionSummary, ...]
    averages: Averages
    groupings: tuple[GroupingSummary, ...]
    cost: Cost | None
    """Money that its calls took; ``None`` where the model has no prices."""
    resolved: int = 0
    """Replies that no rule could read and that people gave an answer to; they count as answered."""
    unresolved: int = 0
    """Replies that people could not read either."""
    no_people: str | None = None
    """Why it is compared with nobody though the store has a human reference."""


class ReferenceSummary(Document):
    """Who the real people are."""

    id: str
    title: str
    year: int
    source: str
    note: str | None
    weighted: bool


class Summary(Document):
    """Everything a reader needs to judge a simulated wave."""

    wave: str
    questionnaire: str
    started: str
    finished: str | None
    """Absent while the wave is running or after an interruption."""
    reference: ReferenceSummary | None
    draws: int = Field(ge=1)
    """Draws behind every range and interval."""
    smallest_group: int
    """Subgroups with fewer simulated respondents are marked as too few."""
    understood: float
    """Share of all asked answers that was understood; 0 when nothing was asked."""
    cells: tuple[CellSummary, ...]

    def shares(self) -> "pd.DataFrame":
        """One row an option of a question in a cell: its share among simulated and real people, with intervals."""
        from analysis.frames import shares_frame

        return shares_frame(self)

    def distances(self) -> "pd.DataFrame":
        """One row a distance of a question in a cell, beside the yardsticks; none without a human reference."""
        from analysis.frames import distances_frame

        return distances_frame(self)

    def __repr__(self) -> str:
        return f"Summary({self.wave!r}, {len(self.cells):,} cells, {self.understood:.0%} understood)"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from analysis.notebook import summary_html

        return summary_html(self)
