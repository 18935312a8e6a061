"""What a probe says of models, as plain frozen documents that turn into JSON and back without loss."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from analysis.probing.across_models import Correlation
from analysis.probing.method_agreement import MethodAgreement
from analysis.probing.rules import ProbeRules
from analysis.probing.value_action import ValueAction
from analysis.probing.verdict import Verdict
from demoscope.documents import Document

Source = Literal["prompt", "selection", "perturbation", "label form"]
"""What differs between the ways compared: the style, the layout of options, the questionnaire, the form of labels."""


class Estimate(Document):
    """A mean over questions with its 95 % interval, by resampling the questions."""

    value: float
    low: float | None = None
    high: float | None = None
    """Absent together, with fewer than two questions."""


class PairChange(Document):
    """Two ways of asking the same questions."""

    first: str
    second: str
    mismatch: float
    js: float


class TopicChange(Document):
    """The changes within one topic."""

    topic: str
    questions: int
    mismatch: float
    js: float


class QuestionChange(Document):
    """The changes of one question."""

    question: str
    mismatch: float
    js: float


class Robustness(Document):
    """How much one method's answers change with the way of asking."""

    source: Source
    mismatch: Estimate
    """Share of questions with another favourite option, mean over pairs."""
    js: Estimate
    """Jensen-Shannon distance by the rules, mean over questions and pairs."""
    floor_mismatch: float | None = None
    floor_js: float | None = None
    """What sampling a few texts alone brings about; for texts alone."""
    questions: int
    pairs: tuple[PairChange, ...]
    topics: tuple[TopicChange, ...]
    by_question: tuple[QuestionChange, ...]


class PlaceEffects(Document):
    """What position or label adds, among questions with one number of options and one kind of labels."""

    kind: Literal["position", "label", "place"]
    options: int
    alphabet: str
    questions: int
    values: tuple[float, ...]
    """Additions to the logarithm of a share, by place; their sum is 0."""
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    shares: tuple[float, ...]
    """How options that mean nothing would be chosen."""
    complete: bool
    """Whether the layouts tell every contrast; if not, what they cannot tell is taken to be 0."""
    always: bool
    """Whether one place is practically always, or never, taken; intervals mean little then."""
    p: float | None
    adjusted_p: float | None
    """Adjusted (Holm) for all effects of the model."""


class Debiased(Document):
    """One question's distribution as it was read off, and freed of what place and label add."""

    question: str
    codes: tuple[int, ...]
    raw: tuple[float, ...]
    """At the baseline layout, mean over styles."""
    averaged: tuple[float, ...]
    """Mean over all layouts and styles."""
    calibrated: tuple[float, ...]
    """The same after the estimated bias was taken out of each."""


class Debiasing(Document):
    """What taking the bias out does."""

    questions: int
    between_raw: float
    between_calibrated: float
    """Mean Jensen-Shannon distance between layouts, before and after."""
    alignment_raw: float | None = None
    alignment_averaged: float | None = None
    alignment_calibrated: float | None = None
    """1 minus the normalised distance from people; absent without them."""
    distributions: tuple[Debiased, ...]


class MethodReport(Document):
    """One method of one model."""

    method: str
    distributions: int
    """That were read."""
    asked: int
    """That a complete probe would hold."""
    outside: float | None
    """Mean mass outside the options; of texts 1 minus the valid ratio. Absent where the method has none."""
    robustness: tuple[Robustness, ...]
    texts_changed: int | None = None
    texts_tested: int | None = None
    """Questions whose sampled answers differ between ways of asking by more than chance, after correction, and
    those that were tested."""
    places: tuple[PlaceEffects, ...]
    debiasing: Debiasing | None = None


class Gain(Document):
    """What telling a person gains, by one method, for one country or group."""

    context: str
    """Country or group, ``generic``, or ``all``: the mean over the countries or groups."""
    method: str
    questions: int
    alignment_generic: float | None
    """1 minus the normalised distance from these people, told nobody; absent where that was not probed."""
    alignment_told: float | None
    """Told one of them; absent for the generic context, which is compared with everybody."""
    improvement: Estimate | None
    """Of the normalised distance; positive where telling helps."""
    raw_improvement: Estimate | None
    """The same in options moved, as the published code counts."""


class Ratings(Document):
    """How the ratings of actions came out."""

    asked: int
    rated: int
    unreadable: int
    """No whole number in the reply, or a refusal."""
    out_of_range: int
    failed: int
    scenes: int


class Agreement(Document):
    """One method's values with the ratings of actions."""

    method: str
    found: ValueAction


class MethodPair(Document):
    """Two methods of one model."""

    first: str
    second: str
    agreement: MethodAgreement
    js: float
    """Mean Jensen-Shannon distance of their mean distributions."""


class ModelReport(Document):
    """One model in one language."""

    store: str
    model: str
    language: str
    questions: int
    styles: tuple[str, ...]
    variations: tuple[str, ...]
    contexts: tuple[str, ...]
    """Countries or groups that were told."""
    generic: bool
    """Whether robustness is that of the model told nobody; otherwise of the mean over those it was told."""
    unread: int
    """Distributions left out because no text of them was understood."""
    unranked: int
    """Distributions left out because the options could not be told apart."""
    without_people: tuple[str, ...]
    """Countries or groups of which there are no people to compare with."""
    methods: tuple[MethodReport, ...]
    pairs: tuple[MethodPair, ...]
    gains: tuple[Gain, ...]
    ratings: Ratings | None
    actions: tuple[Agreement, ...]
    verdict: Verdict
    calibrated_verdict: Verdict | None
    """The same of distributions freed of what place and label add; absent where no bias can be told."""
    summary: tuple[str, ...]
    """The verdict in plain words."""


def named_apart(model: ModelReport, models: Sequence[ModelReport]) -> str:
    """Name of a model, with whatever tells it from the others: its language, its store."""
    alike = [each for each in models if each.model == model.model]
    parts = [model.model]
    if len({each.language for each in alike}) > 1:
        parts.append(model.language)
    if len({each.store for each in alike}) > 1:
        parts.append(Path(model.store).stem)
    return " · ".join(parts)


class AcrossModels(Document):
    """Whether models that change with the prompt are those that change with the layout (Table 2 of the paper)."""

    metric: Literal["mismatch", "js"]
    method: str
    correlation: Correlation


class ProbeReport(Document):
    """Models of one or several stores."""

    rules: ProbeRules
    people: str | None
    """Where the human distributions come from."""
    draws: int
    """Resamples behind every interval."""
    models: tuple[ModelReport, ...]
    across: tuple[AcrossModels, ...] = Field(default=())
    """Absent with fewer than three models."""
