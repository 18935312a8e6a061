"""Settings of the DEF protocol: one profile, and flags that override it one by one."""

from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from demoscope.documents import Document
from simulator.decoding import DecodingRanges, IntegerRange
from simulator.memory import MemoryRules, Sampling, Stored
from simulator.parsing import ParsingRules
from simulator.refusal import RefusalTest
from surveys import Questionnaire
from surveys.presentation_rules import PresentationRules

Profile = Literal["paper", "code", "demoscope"]
MEMORY_MAX = 15
"""Longest memory that a respondent may draw, as published."""

OPEN = {
    "paper": {
        "num_beams": "the paper draws 0 to 5 beams; a search has at least one, so 1 to 5",
        "refusal_test": "the paper does not say where in a reply it looks for a refusal: anywhere",
        "stored": "the paper's cut has an offset slip; it is undone",
    },
    "code": {
        "list_marker": "the code's shuffle tears options apart at commas; they are kept whole",
    },
    "demoscope": {},
}
"""By profile: settings that its source leaves open or makes impossible, and what is done instead."""


class DefSettings(Document):
    """How DEF is run; a setting left out follows the profile: paper, code or good sense.

    >>> DefSettings(profile="code").resolved().decoding.num_beams
    IntegerRange(low=1, high=4)
    >>> DefSettings(memory=False).resolved().memory
    IntegerRange(low=0, high=0)
    """

    profile: Profile = "demoscope"
    """The paper, its published code, or good sense where they differ."""
    language: Literal["en", "zh"] = "en"
    """Language of the instructions, and of the questions where the questionnaire is translated into it."""
    culture: str | None = None
    """Culture the respondents stand for, for the results."""
    location: bool | None = None
    """Whether respondents are told where in the country they live."""
    detail: Literal["state", "city"] | None = None
    """Smallest unit that is told."""
    joiner: Literal["living in", " "] | None = None
    """Between country and location."""
    portrait: tuple[str, ...] = ()
    """Persona attributes that are told beside the place, such as ``[sex, age, degree]``."""
    style: str = "second_person"
    """How they are told: ``second_person``, ``first_person``, ``statements``, ``interview``, or the name of one of
    the population's own `portraits`."""
    backstory: bool = False
    """Whether respondents are also told the story of their life, from the wave's `backstories`."""
    memory: bool | int | None = Field(default=None)
    """Largest memory length drawn, or whether there is a memory at all."""
    memory_sampling: Sampling | None = None
    """How the remembered exchanges are chosen when there are too many."""
    keep_order: bool | None = None
    """Whether remembered exchanges stay in the order in which they happened."""
    stored: Stored | None = None
    """How much of a reply is remembered."""
    refusal_test: RefusalTest | None = None
    """How replies that speak as a language model are found."""
    decoding: bool | None = None
    """Whether decoding differs between respondents; everybody is greedy when not."""
    num_beams: int | IntegerRange | None = None
    """Beams, or the range they are drawn from."""
    best_of: int | None = Field(default=None, ge=1, le=1000)
    """Replies sampled for each question, of which the one of the highest mean log-probability is taken; needs
    ``num_beams: 1`` and sampling."""
    do_sample: bool | Literal["drawn"] | None = None
    """Sampling on, off, or drawn for each respondent with even chances."""
    temperature: float = Field(default=1.0, ge=0, le=10)
    """Softmax temperature."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability."""
    top_k: int | None = Field(default=None, ge=1)
    """Number of likeliest tokens kept."""
    min_p: float | None = Field(default=None, ge=0, le=1)
    """Least probability relative to the likeliest token."""
    repetition_penalty: float | None = Field(default=None, gt=0, le=100)
    """Penalty on tokens that occurred."""
    max_tokens: int = Field(default=512, ge=1, le=10_000_000)
    """Longest reply, in tokens."""
    shuffle: bool = True
    """Whether options change their order from respondent to respondent; short for ``order: shuffled``."""
    presentation: PresentationRules | None = None
    """How questions are shown beyond that: order and labels of options, direction of scales, wording, batteries."""
    count_choices: bool | None = None
    """Whether the instructions name the number of choices, which gives every question its own first turn."""
    list_marker: bool | None = None
    """Whether ``- `` stands before the choice list; the published code loses it when it shuffles."""
    repeats: int | None = Field(default=None, ge=1, le=1000)
    """How often each respondent takes the questionnaire, memory carried over."""
    ask_again: int | None = Field(default=None, ge=0, le=10)
    """How often a respondent whose reply cannot be understood is told why and asked once more; every reply is kept,
    the last one counts. Once in the profile demoscope, never in the others, whose sources do not. With free replies a
    weak model may be asked nearly every question twice: 0, or answer_format constrained, avoids these calls."""
    answer_format: Literal["text", "constrained"] = "text"
    """Free replies that are parsed, or replies that can only be an offered answer."""
    explanation_tokens: int = Field(default=24, ge=0)
    """Tokens of explanation after a constrained answer; none when 0."""
    base_model: bool = False
    """Whether the model continues text and knows no chat: ``Answer: `` is then written for it."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not isinstance(self.memory, bool) and self.memory is not None and not 0 <= self.memory <= 10_000:
            raise ValueError(f"memory must lie between 0 and 10,000, or be true or false, got {self.memory}")
        if len(set(self.portrait)) < len(self.portrait):
            raise ValueError("portrait names an attribute twice")
        if self.joiner and self.location is False:
            raise ValueError("joiner needs a location; leave one of them out")
        fewest = self.num_beams.low if isinstance(self.num_beams, IntegerRange) else self.num_beams
        if fewest is not None and fewest < 1:
            raise ValueError(f"num_beams must be at least 1, got {fewest}")
        ordered = self.presentation is not None and "order" in self.presentation.model_fields_set
        if ordered and "shuffle" in self.model_fields_set:
            raise ValueError("shuffle is short for an order, which presentation gives too; leave one of them out")
        if self.best_of is not None and (self.num_beams != 1 or self.do_sample is False or self.decoding is False):
            raise ValueError(
                "best_of samples without beams; set num_beams to 1 and leave sampling on, or leave it out"
            )
        return self

    def resolved(self) -> "ResolvedDef":
        """Every setting as it is applied under the profile."""
        return self._resolved

    @cached_property
    def _resolved(self) -> "ResolvedDef":
        paper, code = self.profile == "paper", self.profile == "code"
        vary = self.decoding is not False
        longest = MEMORY_MAX if self.memory is None or self.memory is True else int(self.memory)
        if code and longest and self.memory in (None, True):
            longest -= 1  # numpy's randint leaves the upper end out
        everything = vary and longest > 0
        rules = self.presentation or PresentationRules()
        if "order" not in rules.model_fields_set:
            said = rules.model_fields_set | ({"order"} if "shuffle" in self.model_fields_set else set())
            order = "shuffled" if self.shuffle else "fixed"
            # The default order gives way to the questionnaire's own, so it does not count as said.
            rules = PresentationRules.model_construct(_fields_set=said, **{**dict(rules), "order": order})
        usual = IntegerRange(low=1, high=4 if code else 5) if vary else 1
        beams = usual if self.num_beams is None else self.num_beams
        sample = self.do_sample if self.do_sample is not None else (True if code else "drawn") if vary else False
        fallbacks = {name: why for name, why in OPEN[self.profile].items() if getattr(self, name) is None}
        if not vary:
            fallbacks.pop("num_beams", None)
        if longest == 0:
            fallbacks.pop("stored", None)
        return ResolvedDef(
            profile=self.profile,
            language=self.language,
            culture=self.culture,
            # The published code's helper forgets the location when place, decoding and memory are all on.
            location=self.location if self.location is not None else not (code and everything),
            detail=self.detail or ("state" if code else "city"),
            joiner=self.joiner or (" " if code else "living in"),
            portrait=self.portrait,
            style=self.style,
            backstory=self.backstory,
            memory=IntegerRange(low=0, high=longest),
            memory_sampling=self.memory_sampling or ("with_replacement" if code else "without_replacement"),
            keep_order=self.keep_order if self.keep_order is not None else not (paper or code),
            stored=self.stored or ("paper" if paper else "code" if code else "sentence"),
            refusal_test=self.refusal_test or ("match" if code else "search"),
            careful_parsing=self.profile == "demoscope",
            decoding=DecodingRanges(
                temperature=self.temperature,
                top_p=self.top_p,
                top_k=self.top_k,
                min_p=self.min_p,
                repetition_penalty=self.repetition_penalty,
                num_beams=beams,
                best_of=self.best_of,
                do_sample=None if sample == "drawn" else sample,
                max_tokens=self.max_tokens,
            ),
            presentation=rules,
            count_choices=self.count_choices if self.count_choices is not None else paper or code,
            list_marker=self.list_marker if self.list_marker is not None else not (code and rules.order != "fixed"),
            repeats=self.repeats or (10 if code else 1),
            ask_again=self.ask_again if self.ask_again is not None else int(self.profile == "demoscope"),
            answer_format=self.answer_format,
            explanation_tokens=self.explanation_tokens,
            base_model=self.base_model,
            fallbacks=fallbacks,
        )


class ResolvedDef(Document):
    """DEF as it is applied: no setting is open any more."""

    profile: Profile
    language: Literal["en", "zh"]
    culture: str | None
    location: bool
    detail: Literal["state", "city"]
    joiner: Literal["living in", " "]
    portrait: tuple[str, ...]
    style: str
    backstory: bool
    memory: IntegerRange
    """Memory length of a respondent is drawn from this range."""
    memory_sampling: Sampling
    keep_order: bool
    stored: Stored
    refusal_test: RefusalTest
    careful_parsing: bool
    decoding: DecodingRanges
    presentation: PresentationRules
    count_choices: bool
    list_marker: bool
    repeats: int
    ask_again: int
    answer_format: Literal["text", "constrained"]
    explanation_tokens: int
    base_model: bool
    average: Literal[1, 2] | None = None
    """Phrasing that asks for the average person of the country, in the baselines; nobody in particular in DEF."""
    fallbacks: dict[str, str]
    """Settings in which the profile's source is silent or impossible -> what is done instead."""

    def for_questionnaire(self, questionnaire: Questionnaire) -> "ResolvedDef":
        """The same settings with what the questionnaire says of its presentation, where they leave that open."""
        if questionnaire.presentation is None:
            return self
        return self.model_copy(update={"presentation": self.presentation.over(questionnaire.presentation)})

    @cached_property
    def memory_rules(self) -> MemoryRules:
        """How memory is cleaned, cut and sampled."""
        return MemoryRules(self.memory_sampling, self.keep_order, self.refusal_test, self.stored)

    @cached_property
    def parsing_rules(self) -> ParsingRules:
        """How replies are read."""
        return ParsingRules(self.refusal_test, self.careful_parsing)
