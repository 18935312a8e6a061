"""A questionnaire under the perturbations of a condition, and the way back from its answers."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from demoscope import seeds
from demoscope.documents import Document
from surveys.expressions import parse, references
from surveys.option import Option
from surveys.perturbations.change import Change
from surveys.perturbations.options import (
    MiddleOption,
    RefusalOption,
    RelabelledOptions,
    ReversedOptions,
    ScalePoints,
)
from surveys.perturbations.texts import InLanguage, Paraphrase, in_words
from surveys.perturbations.wording import Case, LetterSwaps, Spacing, Synonyms, Typos
from surveys.question import Question
from surveys.questionnaire import Questionnaire
from surveys.routing import find_problems
from surveys.translation import Wording


class QuestionOrder(Document):
    """Entries of the questionnaire in another order, seeded by person; what stands in a group stays together."""

    kind: Literal["question_order"]
    """Says what this is."""
    order: Literal["random", "rotated"] = "random"
    """Shuffled, or beginning at a drawn entry."""


Perturbation = Annotated[
    Typos
    | LetterSwaps
    | Spacing
    | Case
    | Synonyms
    | ReversedOptions
    | RelabelledOptions
    | MiddleOption
    | RefusalOption
    | ScalePoints
    | QuestionOrder
    | Paraphrase
    | InLanguage,
    Field(discriminator="kind"),
]
"""One perturbation, told by its kind."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one perturbation did to one question."""

    name: str
    """Its kind."""
    seed: int
    """Seed of its draws, in [0, 2**32)."""
    changes: Mapping[str, Any]
    """What was changed; empty when the question stayed as it was."""

    def as_dict(self) -> dict[str, Any]:
        """As it is written into an answer's presentation."""
        return {"name": self.name, "seed": self.seed, "changes": dict(self.changes)}


@dataclass(frozen=True, slots=True)
class WayBack:
    """From the codes that one perturbed question is asked with to those of the question itself."""

    codes: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """Code asked -> canonical code, or the code of an added option; codes that are absent stay."""
    scores: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    """Point asked -> score on the canonical scale, when the scale has other points: such answers have no code."""
    added: tuple[Option, ...] = ()
    """Options that the question itself does not have, under their codes in the store."""
    records: tuple[Record, ...] = ()
    """What was done, in order."""

    def code(self, asked: int) -> int:
        """The code in the store behind a code that was asked with."""
        return self.codes.get(asked, asked)

    def presentation(self, written: str) -> str:
        """A presentation's JSON in canonical codes, with what was done to the question.

        Where the numbers shown are not the codes, ``labels`` tells them; of a scale with other points, ``points`` are
        as they were shown and ``scores`` what they stand for.
        """
        content: dict[str, Any] = json.loads(written or "{}")
        if self.scores and "codes" in content:
            content = {"points": content.pop("codes"), "scores": list(self.scores.values()), **content}
        elif self.codes and "codes" in content:
            shown = content["codes"]
            labels = content.get("labels") or ({} if "style" in content else {str(code): code for code in shown})
            content["codes"] = [self.code(code) for code in shown]
            if labels:
                content["labels"] = {label: self.code(code) for label, code in labels.items()}
        content["perturbations"] = [record.as_dict() for record in self.records]
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Perturbed:
    """A questionnaire as a condition asks it."""

    questionnaire: Questionnaire
    """The questions as they are asked."""
    back: Mapping[str, WayBack]
    """Question id -> the way back; only questions that some perturbation was meant for."""


def perturb(
    questionnaire: Questionnaire, perturbations: Sequence[Perturbation], seed: int, language: str | None = None
) -> Perturbed:
    """Put a questionnaire under perturbations, one after the other.

    ``language`` is the one the condition speaks, where the questionnaire is translated into it.

    Everybody in a condition sees the same changes (the order of questions aside), because they are drawn from seed,
    perturbation and question. What changes codes leaves questions alone whose answers a condition looks at.

    Raises
    ------
    ValueError
        If a translation or paraphrase is missing, or questions cannot be asked in another order.
    """
    if not perturbations:
        return Perturbed(questionnaire, {})
    original = questionnaire
    asked = original.spoken_in(language or original.language)
    looked_at = _looked_at(original)
    changed = list(asked.questions)
    back: dict[str, WayBack] = {question.id: WayBack() for question in changed}
    for place, perturbation in enumerate(perturbations):
        if isinstance(perturbation, InLanguage):
            if any(not isinstance(one, InLanguage | QuestionOrder) for one in perturbations[:place]):
                raise ValueError("a translation comes before what else is changed; put it first")
            asked = original.in_language(perturbation.language).model_copy(update={"order": asked.order})
            changed = list(asked.questions)
        elif isinstance(perturbation, QuestionOrder):
            asked = _reordered(asked, perturbation, original.as_written)
        for position, question in enumerate(changed):
            number, change = _changed(question, perturbation, asked.language, seed)
            if (change.codes or change.scores) and question.id in looked_at:
                change = Change(question, {"kept": "a condition looks at its answer"})
            back[question.id] = _after(back[question.id], perturbation, number, change)
            changed[position] = change.question
    alone = asked.model_copy(update={"translations": {}})
    alone.__dict__["layout"] = dataclasses.replace(asked.layout, questions=tuple(changed))
    alone.__dict__["as_written"] = original.as_written
    return Perturbed(alone, back)


def _changed(question: Question, perturbation: Any, language: str, seed: int) -> tuple[int, Change]:
    """Seed of the draws, and what the perturbation makes of the question."""
    if isinstance(perturbation, Paraphrase):
        wording = perturbation.wording(question)
        if wording is None and question.is_asked:
            raise ValueError(f"there is no paraphrase {perturbation.number} of question {question.id!r}")
        said = in_words(question, wording or Wording())
        return 0, Change(said, {"text": said.text} if said is not question else {})
    if isinstance(perturbation, InLanguage):
        return 0, Change(question, {"language": language})
    if isinstance(perturbation, QuestionOrder):
        return 0, Change(question, {"order": perturbation.order})
    key = ("perturbation", perturbation.kind, getattr(perturbation, "draw", 0))
    group = question.battery or question.id

    def chance(name: str) -> np.random.Generator:
        return seeds.generator(seed, *key, question.id if name == "text" else group, name)

    return seeds.number(seed, *key, question.id), perturbation.apply(question, chance, language)


def _after(way: WayBack, perturbation: Any, number: int, change: Change) -> WayBack:
    """The way back once more is changed: the newest codes lead to those before, and these to the canonical ones."""
    record = Record(perturbation.kind, number, change.changes)
    added = way.added
    codes = dict(way.codes)
    new_codes = change.changes.get("added", {})
    if change.codes or new_codes:
        offered = [option.code for option in change.question.choices]
        codes = {shown: way.code(change.codes.get(shown, shown)) for shown in offered}
        codes = {shown: code for shown, code in codes.items() if shown != code}
        by_store = {codes.get(option.code, option.code): option for option in change.question.options}
        for code in map(int, new_codes):
            added = (*added, by_store[code].model_copy(update={"code": code}))
    scores: Mapping[int, float] = way.scores
    if change.scores:
        before = way.scores or {shown: float(code) for shown, code in codes.items()}
        scores = {point: _between(score, before) for point, score in change.scores.items()}
        codes = {}
    elif change.codes and way.scores:
        scores = {shown: way.scores[before] for shown, before in change.codes.items()}
    return WayBack(codes, scores, added, (*way.records, record))


def _between(score: float, before: Mapping[int, float]) -> float:
    """A score on a scale that was changed already, on the one before; ``before`` is empty when it was not."""
    if not before:
        return score
    points = sorted(before)
    return float(np.interp(score, points, [before[point] for point in points]))


def _looked_at(questionnaire: Questionnaire) -> frozenset[str]:
    """Questions whose answers some condition compares."""
    found: set[str] = set()
    for question in questionnaire.questions:
        conditions = [question.show_if, *(rule.when for rule in question.go_to)]
        for condition in conditions:
            if condition is not None:
                found |= references(parse(condition))[0]
    return frozenset(found)


def _reordered(
    questionnaire: Questionnaire, perturbation: QuestionOrder, as_written: Mapping[str, Question]
) -> Questionnaire:
    changed = questionnaire.model_copy(update={"order": perturbation.order})
    problem = next((message for _, message in find_problems(changed.layout, changed.arms, as_written)), None)
    if problem is not None:
        raise ValueError(f"the questions of {questionnaire.id!r} cannot be asked in another order: {problem}")
    return changed
