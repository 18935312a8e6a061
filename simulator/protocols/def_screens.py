"""What DEF puts before a respondent at once: one question, or the items of a battery on one screen."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.constraint import AnyConstraint, Constraint, JsonConstraint
from simulator.parsing import CUT_OFF, ParsingRules, Reading, parse, split
from simulator.protocols import def_prompts
from simulator.protocols.def_settings import ResolvedDef
from simulator.reason import Reason
from simulator.refusal import is_declining, is_self_aware
from surveys import Course, Question, Skipped
from surveys.course import Asked
from surveys.piping import inserted_by
from surveys.presentation import Presentation, joined, presenter
from surveys.presentation_rules import PresentationRules

ANSWER = "Answer: "
OTHERWISE = "回答不符合要求的形式"
"""What a Chinese prompt says of a reply that a backend turned down for a reason that it only knows in English."""
UNANSWERED = Reason("the reply has no answer to this item", "回答中没有此项的答案")
_MARKED = re.compile(r"^[ \t>*_\-•]*(?:item|项目)[ \t]*(\d+)[ \t*_]*[:：.)][ \t*_]*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Screen:
    """Questions that are asked in one exchange."""

    steps: tuple[Asked, ...]
    """One question, or the items of a battery that stand on one screen."""
    continues: bool = False
    """Whether it goes on with the running conversation of a battery."""

    @property
    def first(self) -> Asked:
        """The first step, after which the exchange is named."""
        return self.steps[0]

    @property
    def question(self) -> Question:
        """The first question."""
        return self.steps[0].question


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen as one respondent sees it."""

    screen: Screen
    presentations: tuple[Presentation, ...]
    """How each item is shown; all items of a battery in the same order."""
    text: str
    """The user turn."""
    language: str
    constrained: bool
    """Whether only offered answers can be produced."""

    def constraint(self, explanation_tokens: int, base_model: bool) -> AnyConstraint | None:
        """What a reply must look like; ``None`` for free replies."""
        if not self.constrained:
            return None
        if len(self.screen.steps) > 1:
            names = {
                item_name(number, self.language): answer_schema(item, shown)
                for number, (item, shown) in enumerate(self._pairs, start=1)
            }
            return JsonConstraint.of({"type": "object", "properties": names, "required": list(names)})
        question, shown = self.screen.question, self.presentations[0]
        if question.kind == "allocation":
            return _points(question, shown)
        form: dict[str, Any] = {
            "prefix": "" if base_model else ANSWER,
            "suffix": "\nExplanation: " if explanation_tokens else "",
            "free_tokens": explanation_tokens,
        }
        if not question.listed:
            declining = tuple(option.label for option in question.options)
            return Constraint(minimum=question.minimum, maximum=question.maximum, alone=declining, **form)
        least, most = question.selections
        alone = tuple(line for code, line in zip(shown.codes, shown.lines, strict=True) if code in question.alone)
        return Constraint(shown.lines, most, least=least, alone=alone, **form)

    def said(self, reply: str) -> str:
        """The reply as text, to be remembered as it was shown: a JSON object becomes lines of items, or points."""
        points = self.screen.question.kind == "allocation"
        if not self.constrained or (len(self.screen.steps) == 1 and not points):
            return reply
        try:
            answers = json.loads(reply.removeprefix(ANSWER))
        except ValueError:
            return reply
        if not isinstance(answers, dict):
            return reply
        if points:
            shown = self.presentations[0]
            names = {line: shown.label(code) or line for code, line in zip(shown.codes, shown.lines, strict=True)}
            return ANSWER + ", ".join(f"{names.get(line, line)} = {amount}" for line, amount in answers.items())
        lines = [f"{name}: {'; '.join(map(str, a)) if isinstance(a, list) else a}" for name, a in answers.items()]
        return ANSWER + "\n".join(lines)

    def complaint(self, readings: Sequence[Reading]) -> str | None:
        """What was wrong with a reply, for the model that gave it; ``None`` when nothing is invalid.

        Of several items all that were not understood are named, those with one reason together.
        """
        items: dict[str, list[str]] = {}
        for number, reading in enumerate(readings, start=1):
            if reading.status == "invalid" and reading.reason is not None:
                reason = reading.reason if isinstance(reading.reason, Reason) else Reason(reading.reason, OTHERWISE)
                items.setdefault(reason.told(self.language), []).append(item_name(number, self.language))
        if len(self.screen.steps) == 1:
            return next(iter(items), None)
        comma, colon, semicolon = ("、", "：", "；") if self.language == "zh" else (", ", ": ", "; ")
        return semicolon.join(f"{comma.join(names)}{colon}{told}" for told, names in items.items()) or None

    def read(self, reply: str, rules: ParsingRules, *, cut: bool) -> list[Reading]:
        """What was understood, item by item."""
        if len(self.screen.steps) > 1:
            return list(self._read_items(reply, rules, cut))
        return [
            parse(reply, self.screen.question, self.presentations[0], rules, cut=cut, forced=self.constrained),
        ]

    @property
    def _pairs(self) -> Iterator[tuple[Question, Presentation]]:
        return zip((step.question for step in self.screen.steps), self.presentations, strict=True)

    def _read_items(self, reply: str, rules: ParsingRules, cut: bool) -> Iterator[Reading]:
        n = len(self.screen.steps)
        if not self.constrained and is_self_aware(reply, rules.refusal_test):
            yield from [Reading("refused", reason="the reply speaks as a language model")] * n
            return
        body, explanation = split(reply, careful=rules.careful)
        if body is None:
            body = reply.partition("Explanation:")[0]
        marks = list(_MARKED.finditer(body))
        ends = [mark.start() for mark in marks[1:]] + [len(body)] * bool(marks)
        said: dict[int, list[str]] = {}
        for mark, end in zip(marks, ends, strict=True):
            said.setdefault(int(mark[1]), []).append(body[mark.end() : end].strip())
        unfinished = int(marks[-1][1]) if cut and marks and explanation is None else None
        for number, (item, shown) in enumerate(self._pairs, start=1):
            answers = said.get(number, [])
            if not marks and is_declining(reply):
                yield Reading("refused", reason="the reply says that no answer will be given")
            elif len(answers) != 1:
                times = len(answers)
                twice = Reason(f"it is answered {times} times", f"此项回答了{times}次")
                yield Reading("invalid", text=explanation, reason=twice if answers else UNANSWERED)
            elif number == unfinished:
                yield Reading("invalid", reason=CUT_OFF)
            else:
                reading = parse(ANSWER + answers[0], item, shown, rules, forced=self.constrained)
                told = reading.text or explanation if item.kind != "text" else reading.text
                yield dataclasses.replace(reading, text=told)


def screens(course: Course, rules: PresentationRules) -> Iterator[Screen | Skipped]:
    """What is put before a person, one after the other; the course hears the answers of a screen before it goes on.

    On one screen stand items that follow each other in a battery, are asked under the same condition, lead nowhere
    else, and insert no answer of the same screen; a battery in which an item has a condition of its own takes several
    screens.
    """
    before: str | None = None
    for step in course:
        if isinstance(step, Skipped):
            yield step
            continue
        battery, steps, passed = step.question.battery, [step], list[Skipped]()
        while rules.battery == "one_screen" and battery is not None and not steps[-1].question.go_to:
            following = course.upcoming
            if following is None or following.battery != battery or following.show_if != step.question.show_if:
                break
            if inserted_by(following) & {one.question.id for one in steps}:
                break
            further = next(course)
            if isinstance(further, Skipped):
                passed.append(further)
            else:
                steps.append(further)
        continues = rules.battery == "conversation" and battery is not None and battery == before
        before = battery
        yield Screen(tuple(steps), continues)
        yield from passed


def draw_key(
    question: Question, rules: PresentationRules, person: tuple[str, int], replicate: int
) -> tuple[str | int, ...]:
    """What the draw is keyed by that decides how a question is shown.

    A direction is the person's, the same for every question; an order is drawn for each question, or once for the
    items of a battery, whether they share a screen or not.
    """
    turned = rules.scale == "drawn" if question.kind == "scale" else rules.order == "reversed"
    if turned:
        return ("direction", *person)
    return ("presentation", *person, question.battery or question.id, replicate)


def show(screen: Screen, settings: ResolvedDef, rng: Callable[[], np.random.Generator]) -> Shown:
    """Show a screen to a respondent.

    Parameters
    ----------
    rng : callable
        Makes the generator derived from :func:`draw_key`; called only when something is drawn, and anew for each item
        of a battery, so that all list their options in one order.
    """
    rules, language, notes = settings.presentation, settings.language, screen.first.notes
    constrained = settings.answer_format == "constrained" and screen.question.kind != "text"
    presenters = [presenter(step.question, rules) for step in screen.steps]
    shown = tuple(p.show(rng() if p.draws else None) for p in presenters)
    first = presenters[0]
    if len(presenters) == 1:
        said = first.item if screen.continues else first.text
        text = def_prompts.request(
            screen.question,
            shown[0],
            language,
            marker=settings.list_marker,
            as_json=constrained,
            notes=notes,
            said=said,
        )
    else:
        text = def_prompts.battery(
            screen.question,
            shown[0],
            language,
            joined(screen.question.stem, first.instruction),
            [f"{item_name(n, language)}: {p.item}" for n, p in enumerate(presenters, start=1)],
            marker=settings.list_marker,
            as_json=constrained,
            notes=notes,
        )
    return Shown(screen, shown, text, language, constrained)


def item_name(number: int, language: str) -> str:
    """What an item of a battery is called on one screen.

    >>> item_name(2, "en"), item_name(2, "zh")
    ('Item 2', '项目2')
    """
    return f"项目{number}" if language == "zh" else f"Item {number}"


def answer_schema(question: Question, shown: Presentation) -> dict[str, Any]:
    """JSON schema of what may be answered to one question as it is shown."""
    if not question.listed:
        number = {"type": "integer", "minimum": question.minimum, "maximum": question.maximum}
        declining = [option.label for option in question.options]
        return {"anyOf": [number, {"enum": declining}]} if declining else number
    if question.kind not in ("multiple", "ranking"):
        return {"enum": list(shown.lines)}
    least, most = question.selections
    alone = [line for code, line in zip(shown.codes, shown.lines, strict=True) if code in question.alone]
    together = {"enum": [line for line in shown.lines if line not in alone]}
    several = {"type": "array", "items": together, "minItems": least, "maxItems": most, "uniqueItems": True}
    one = {"type": "array", "items": {"enum": alone}, "minItems": 1, "maxItems": 1}
    return {"anyOf": [several, one]} if alone else several


def _points(question: Question, shown: Presentation) -> JsonConstraint:
    """Points for every option as whole numbers; whether they add up is seen when the reply is read.

    An option that stands alone, such as a "don't know", gets all of them or none.
    """
    points = {"type": "integer", "minimum": 0, "maximum": question.total}
    all_or_none = {"enum": [0, question.total]}
    named = {
        line: all_or_none if code in question.alone else points
        for code, line in zip(shown.codes, shown.lines, strict=True)
    }
    return JsonConstraint.of({"type": "object", "properties": named, "required": list(named)})
