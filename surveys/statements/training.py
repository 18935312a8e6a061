"""Examples to train a reasoner on: what is known of a person, a target to choose from, and what the person said."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from demoscope import seeds
from demoscope.documents import Document
from surveys.statements.known import KnownAnswers
from surveys.statements.prompts import MARK, known_part, option, single_part
from surveys.statements.sets import MISSING, Form

Demonstrations = int | Literal["mixed"]
Shown = Literal["statements", "demographics"]

MIXED = (50, 200)
"""Fewest and most demonstrations of ``mixed``, both included."""

BLOCK = 2_000
"""Examples whose demonstrations are drawn at a time."""


class Composition(Document):
    """What the examples of a training set are made of.

    The people of each question are split evenly over all combinations of forms, demonstrations and what is shown.

    >>> Composition(people=100, target_forms=("polar", "refined"), demonstrations=("mixed", 200)).parts[1]
    Part(target='polar', shown_form='refined', demonstrations=200, shown='statements', people=25)
    """

    people: int = Field(ge=1, le=1_000_000, strict=True)
    """People drawn for each question; everybody of whom enough is known where there are fewer."""
    target_forms: tuple[Form, ...] = Field(default=("refined",), min_length=1)
    """Forms of the targets: ``refined``, ``polar``, or both."""
    demonstration_forms: tuple[Form, ...] = Field(default=("refined",), min_length=1)
    """Forms of the demonstrations."""
    demonstrations: tuple[Demonstrations, ...] = Field(default=(200,), min_length=1)
    """Demonstrations of an example: a number, or ``mixed`` (50 to 200, drawn anew for every person)."""
    shown: tuple[Shown, ...] = Field(default=("statements",), min_length=1)
    """Whether demonstrations are what people said of their values, or who they are (all that is known)."""

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        for d in self.demonstrations:
            if d != "mixed" and not 0 <= d <= 10_000:
                raise ValueError(f"demonstrations are 0 to 10,000 statements or 'mixed', not {d}")
        for name in ("target_forms", "demonstration_forms", "demonstrations", "shown"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} names something twice; each is a part of its own")
        if self.people < len(self.parts):
            raise ValueError(f"{self.people} people cannot be split over {len(self.parts)} parts")
        return self

    @property
    def parts(self) -> tuple["Part", ...]:
        """The combinations, with how many people of each question they get; sizes differ by one at most."""
        combined = list(
            itertools.product(self.target_forms, self.demonstration_forms, self.demonstrations, self.shown)
        )
        share, more = divmod(self.people, len(combined))
        return tuple(Part(*one, share + (place < more)) for place, one in enumerate(combined))


class Part(NamedTuple):
    """One combination of a composition."""

    target: Form
    shown_form: Form
    demonstrations: Demonstrations
    shown: Shown
    people: int


@dataclass(frozen=True, slots=True)
class Example:
    """One training example; nothing in it is shared with another."""

    person: str
    question: str
    """Id of the target, such as ``Q1_polar``."""
    known: tuple[str, ...]
    """Statements that are told, in order; none is about the target's question."""
    options: tuple[str, ...]
    """The target's statements."""
    number: int
    """The one that the person agrees with, from 1."""

    @property
    def turns(self) -> tuple[tuple[str, str], ...]:
        """Role and text of every turn: what the protocol ``ivc`` sends to a trained model, and what it is to say."""
        return (
            ("system", known_part(self.known)),
            ("user", single_part(self.options)),
            ("assistant", option(self.number, self.options[self.number - 1])),
        )


class _Drawn(NamedTuple):
    """Examples of one question and part: who, and which statements, as positions among all statements."""

    rows: NDArray[np.int64]
    """(n,) positions of the people."""
    pieces: list[list[int]]
    """For each of them the positions of the known statements, in the order told."""


def training_examples(
    known: KnownAnswers,
    composition: Composition,
    seed: int,
    *,
    demographics: Mapping[str, Sequence[str]] | None = None,
    questions: Sequence[str] | None = None,
) -> Iterator[Example]:
    """Examples question by question, part by part.

    Everybody of a part has answered its target, and at least as many other questions as it shows; where it shows
    demographics, some are known of them. People of a part are
    different people; a person may come again for another question, with demonstrations drawn anew.

    Parameters
    ----------
    known : KnownAnswers
        The people to learn from; leave out those who are held out for the evaluation.
    seed : int
        Seed of the draws; each question and part has draws of its own.
    demographics : mapping, optional
        Person -> demographic statements, where the composition shows these.
    questions : sequence of str, optional
        Questions that become targets; all when absent.

    Raises
    ------
    ValueError
        If demographic statements are wanted and none are given.
    """
    texts, offsets = _pieces(known, composition)
    described = _described(known, composition, demographics)
    for question, part in _plan(known, composition, questions):
        target = known.sets.of(question, part.target)
        options = tuple(one.text for one in target.statements)
        column = known.sets.questions.index(question)
        drawn = _draw(known, question, part, seed, offsets, described)
        for row, pieces in zip(drawn.rows.tolist(), drawn.pieces, strict=True):
            person = known.people[row]
            said = _told(demographics, person) if part.shown == "demographics" else [texts[at] for at in pieces]
            number = int(known.numbers[part.target][row, column])
            yield Example(person, target.id, tuple(said), options, number)


def training_lines(
    known: KnownAnswers,
    composition: Composition,
    seed: int,
    *,
    demographics: Mapping[str, Sequence[str]] | None = None,
    questions: Sequence[str] | None = None,
) -> Iterator[str]:
    """The same examples as chat JSONL, one line each, made from texts that are escaped once.

    Each line is ``{"messages": [{"role": "system", "content": ...}, ...]}`` without a line break, with the turns of
    an :class:`Example`; parameters are those of :func:`training_examples`.
    """
    texts, offsets = _pieces(known, composition)
    lines = [_escaped(MARK + text) for text in texts]
    head = _escaped(known_part(["\0"])).removesuffix(_escaped(MARK + "\0"))
    unknown = _escaped(known_part([]))
    described = _described(known, composition, demographics)
    for question, part in _plan(known, composition, questions):
        target = known.sets.of(question, part.target)
        column = known.sets.questions.index(question)
        ask = _escaped(single_part(target))
        ends = [
            f'"}}, {{"role": "user", "content": "{ask}"}}, {{"role": "assistant", "content": '
            f'"{_escaped(option(number, one.text))}"}}]}}'
            for number, one in enumerate(target.statements, start=1)
        ]
        drawn = _draw(known, question, part, seed, offsets, described)
        numbers = known.numbers[part.target][drawn.rows, column].tolist()
        for row, pieces, number in zip(drawn.rows.tolist(), drawn.pieces, numbers, strict=True):
            if part.shown == "demographics":
                told = [_escaped(MARK + text) for text in _told(demographics, known.people[row])]
            else:
                told = [lines[at] for at in pieces]
            start = head + "\\n".join(told) if told else unknown
            yield f'{{"messages": [{{"role": "system", "content": "{start}{ends[number - 1]}'


def examples_expected(known: KnownAnswers, composition: Composition, questions: Sequence[str] | None = None) -> int:
    """Number of examples when enough is known of enough people."""
    return len(questions or known.sets.questions) * composition.people


def _plan(
    known: KnownAnswers, composition: Composition, questions: Sequence[str] | None
) -> Iterator[tuple[str, Part]]:
    for question in known.sets.questions if questions is None else questions:
        for part in composition.parts:
            yield question, part


def _pieces(known: KnownAnswers, composition: Composition) -> tuple[list[str], Mapping[Form, NDArray[np.int64]]]:
    """Every statement that may be told, and where those of each question begin, less 1, by form."""
    texts: list[str] = []
    offsets: dict[Form, NDArray[np.int64]] = {}
    for form in dict.fromkeys(composition.demonstration_forms):
        begins = []
        for one in known.sets.in_form(form):
            begins.append(len(texts) - 1)
            texts += [statement.text for statement in one.statements]
        offsets[form] = np.array(begins, np.int64)
    return texts, offsets


def _described(
    known: KnownAnswers, composition: Composition, demographics: Mapping[str, Sequence[str]] | None
) -> NDArray[np.bool_]:
    """(n_people,) of whom demographic statements are known; nobody where they are not shown."""
    if "demographics" not in composition.shown:
        return np.zeros(len(known), np.bool_)
    if demographics is None:
        raise ValueError("a composition that shows demographics needs the demographic statements of the people")
    return np.array([bool(demographics.get(person)) for person in known.people], np.bool_)


def _draw(
    known: KnownAnswers,
    question: str,
    part: Part,
    seed: int,
    offsets: Mapping[Form, NDArray[np.int64]],
    described: NDArray[np.bool_],
) -> _Drawn:
    """People of a part and what is told of each; every draw is named by seed, question and part."""
    column = known.sets.questions.index(question)
    key = ("training", question, *map(str, part[:4]))
    answered = known.numbers[part.target][:, column] != MISSING
    if part.shown == "demographics":
        people = _some(np.flatnonzero(answered & described), part.people, seed, key)
        return _Drawn(people, [[] for _ in people])
    shown = known.numbers[part.shown_form]
    others = known.valid(part.shown_form) - (shown[:, column] != MISSING)
    wanted = _wanted(part.demonstrations, len(known), seed, key)
    people = _some(np.flatnonzero(answered & (others >= wanted)), part.people, seed, key)
    pieces: list[list[int]] = []
    for start in range(0, len(people), BLOCK):
        block = people[start : start + BLOCK]
        chances = seeds.uniforms(
            seed, *key, "demonstrations", start=start, stop=start + len(block), draws=shown.shape[1]
        )
        chances[shown[block] == MISSING] = 2.0
        chances[:, column] = 2.0
        order = np.argsort(chances, axis=1)
        told = offsets[part.shown_form][order] + np.take_along_axis(shown[block], order, axis=1)
        pieces += [row[:d] for row, d in zip(told.tolist(), wanted[block].tolist(), strict=True)]
    return _Drawn(people, pieces)


def _wanted(demonstrations: Demonstrations, people: int, seed: int, key: tuple[str, ...]) -> NDArray[np.int64]:
    """(n_people,) demonstrations of each, drawn anew for every candidate when mixed."""
    if demonstrations != "mixed":
        return np.full(people, demonstrations, np.int64)
    rng = seeds.generator(seed, *key, "number")
    return np.asarray(rng.integers(MIXED[0], MIXED[1] + 1, people), np.int64)


def _some(rows: NDArray[np.int64], n: int, seed: int, key: tuple[str, ...]) -> NDArray[np.int64]:
    """``n`` different people by lot, all of them where there are no more."""
    rng = seeds.generator(seed, *key, "people")
    return np.asarray(rng.choice(rows, min(n, len(rows)), replace=False), np.int64)


def _told(demographics: Mapping[str, Sequence[str]] | None, person: str) -> Sequence[str]:
    assert demographics is not None
    return demographics.get(person, ())


def _escaped(text: str) -> str:
    """The text as it stands within a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
