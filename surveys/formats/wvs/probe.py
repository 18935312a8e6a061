"""Who is asked what: for each question a stratified sample of respondents, as the probe of WorldValuesBench."""

import random
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from surveys.formats.wvs.continents import continent_of
from surveys.formats.wvs.dataset import NO_ANSWER, Dataset
from surveys.formats.wvs.splits import published_splits
from surveys.formats.wvs.wave7 import (
    COUNTRY,
    DEMOGRAPHICS,
    EDUCATION,
    PROBE,
    SCALES,
    SETTLEMENT,
    SETTLEMENTS,
    Education,
    education_levels,
)

GROUPS = {"continent": "Continent", "settlement": "Urban / Rural", "education": "Education"}
"""Groups of the published probe -> how its table calls them."""


class ProbeDesign(Document):
    """Which questions are asked of how many respondents of which cells.

    >>> ProbeDesign().each, len(ProbeDesign().questions)
    (5, 36)
    """

    questions: tuple[str, ...] = PROBE
    """Value questions, in the order in which they are sampled."""
    by: tuple[str, ...] = ("continent", "settlement", "education")
    """What respondents are stratified by: ``continent``, ``settlement``, ``education``, or demographic columns."""
    each: int | None = Field(default=5, ge=1, strict=True)
    """Respondents of each cell; everybody who answered when `null`."""
    more_than: int = Field(default=5, ge=0, strict=True)
    """A cell is left out of a question when no more respondents than this have answered it."""
    source_split: Literal["full", "train", "valid", "test"] = "test"
    """Split that respondents come from."""
    education_map: Education = "numeric"
    """``numeric`` sorts education by its code; ``code`` leaves out people with a master's degree, as the published
    sample does by an error of spelling."""
    seed: int = Field(default=0, ge=0, strict=True)
    """Seed of Python's generator, with which the sample is drawn as published."""

    @field_validator("questions")
    @classmethod
    def _are_value_questions(cls, questions: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [question for question in questions if question not in SCALES]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no value question of WorldValuesBench")
        if len(set(questions)) < len(questions) or not questions:
            raise ValueError("name at least one question, and each once")
        return questions

    @field_validator("by")
    @classmethod
    def _are_known(cls, by: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in by if name not in GROUPS and name not in DEMOGRAPHICS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(GROUPS)} and no demographic column")
        return by


class Sampled(NamedTuple):
    """One pair of a question and a respondent."""

    question: str
    levels: tuple[str, ...]
    """Cell of the respondent, in the order of the design's ``by``."""
    person: int
    """Identifier of the respondent."""


def sample_probe(dataset: Dataset, design: ProbeDesign | None = None) -> list[Sampled]:
    """Pairs of questions and respondents, drawn as published.

    Questions go in the design's order; cells in the order in which their levels first appear in the split
    (settlements: urban, rural). From the respondents of a cell who answered the question, in the order of the split,
    Python's ``random.sample`` takes ``each``.

    Raises
    ------
    DocumentError
        If no cell of any question has enough respondents.
    """
    design = design or ProbeDesign()
    places = published_splits(len(dataset))[design.source_split]
    groups = [_group(dataset, name, design, places) for name in design.by]
    members = _cells(groups, len(places))
    rng = random.Random(design.seed)
    sample: list[Sampled] = []
    for question in design.questions:
        answered = dataset.answers[question][places] != NO_ANSWER
        for levels, inside in members:
            able = inside[answered[inside]]
            if len(able) <= design.more_than or len(able) < (design.each or 1):
                continue
            chosen = able if design.each is None else able[rng.sample(range(len(able)), design.each)]
            people = dataset.people[places[chosen]]
            sample.extend(Sampled(question, levels, person) for person in people.tolist())
    if not sample:
        raise DocumentError(
            f"{dataset.source}: no cell of {' x '.join(design.by)} has more than {design.more_than} respondents "
            f"in the split {design.source_split!r}; stratify by fewer things, or sample from `full`."
        )
    return sample


class _Group(NamedTuple):
    """One thing that respondents are stratified by."""

    levels: tuple[str, ...]
    positions: NDArray[np.int64]
    """(n,) level of each respondent of the split; -1 where there is none."""


def group_names(dataset: Dataset, name: str, education_map: Education = "numeric") -> NDArray[np.object_]:
    """(n,) level of every respondent of a data set in a group; ``None`` where there is none."""
    if name in GROUPS:
        column = {"continent": COUNTRY, "settlement": SETTLEMENT, "education": EDUCATION}[name]
        codes, inverse = np.unique(dataset.codes(column), return_inverse=True)
        known: dict[str, Callable[[int], str | None]] = {
            "continent": continent_of,
            "settlement": SETTLEMENTS.get,
            "education": education_levels(education_map).get,
        }
        levels: NDArray[np.object_] = np.array([known[name](code) for code in codes.tolist()], dtype=np.object_)
        return np.asarray(levels[inverse])
    raw, told = dataset.demographics[name], dataset.texts[name]
    away = np.array([not text or text.startswith("-") for text in raw.texts])[raw.positions]
    names: NDArray[np.object_] = np.array(told.texts, dtype=np.object_)[told.positions]
    names[away] = None
    return names


def _group(dataset: Dataset, name: str, design: ProbeDesign, places: NDArray[np.int64]) -> _Group:
    names = group_names(dataset, name, design.education_map)[places].tolist()
    first = SETTLEMENTS.values() if name == "settlement" else ()
    order = {level: n for n, level in enumerate(dict.fromkeys((*first, *(one for one in names if one is not None))))}
    return _Group(tuple(order), np.array([-1 if one is None else order[one] for one in names], np.int64))


def _cells(groups: Sequence[_Group], people: int) -> list[tuple[tuple[str, ...], NDArray[np.int64]]]:
    """Levels and members of every cell that somebody is in, the last group changing fastest."""
    cell = np.zeros(people, np.int64)
    inside = np.ones(people, bool)
    for group in groups:
        cell = cell * len(group.levels) + group.positions
        inside &= group.positions >= 0
    rows = np.flatnonzero(inside)
    rows = rows[np.argsort(cell[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(cell[rows], prepend=-1))
    members = np.split(rows, starts[1:]) if len(rows) else []
    return [(tuple(group.levels[group.positions[some[0]]] for group in groups), np.asarray(some)) for some in members]
