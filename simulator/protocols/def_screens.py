"""What DEF puts before a respondent at once: one question, or the items of a battery on one screen."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.constraint import AnyConstraint, Constraint, JsonConstraint
from simulator.parsing import ParsingRules, Reading, parse, split
from simulator.protocols import def_prompts
from simulator.refusal import is_declining, is_self_aware
from surveys import Question
from surveys.presentation import Presentation, joined, presenter
from surveys.presentation_rules import PresentationRules, blocks

ANSWER = "Answer: "
_MARKED = re.compile(r"^[ \t>*_\-•]*(?:item|项目)[ \t]*(\d+)[ \t*_]*[:：.)][ \t*_]*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Screen:
    """Questions that are asked in one exchange."""

    items: tuple[Question, ...]
    """One question, or the items of a battery that stand on one screen."""
    continues: bool = False
    """Whether it goes on with the running conversation of a battery."""

    @property
    def question(self) -> Question:
        """The first question, after which the exchange is named."""
        return self.items[0]


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
        if len(self.screen.items) > 1:
            names = {
                item_name(number, self.language): _schema(item, shown)
                for number, (item, shown) in enumerate(self._pairs, start=1)
            }
            return JsonConstraint.of({"type": "object", "properties": names, "required": list(names)})
        question, shown = self.screen.question, self.presentations[0]
        form: dict[str, Any] = {
            "prefix": "" if base_model else ANSWER,
            "suffix": "\nExplanation: " if explanation_tokens else "",
            "free_tokens": explanation_tokens,
        }
        if not question.options:
            return Constraint(minimum=question.minimum, maximum=question.maximum, **form)
        most = (question.max_selections or len(shown.lines)) if question.kind == "multiple" else 1
        return Constraint(shown.lines, most, **form)

    def said(self, reply: str) -> str:
        """The reply as text: a JSON object becomes one line an item, so that it is remembered as it was shown."""
        if not self.constrained or len(self.screen.items) == 1:
            return reply
        try:
            answers = json.loads(reply.removeprefix(ANSWER))
        except ValueError:
            return reply
        if not isinstance(answers, dict):
            return reply
        lines = [f"{name}: {'; '.join(map(str, a)) if isinstance(a, list) else a}" for name, a in answers.items()]
        return ANSWER + "\n".join(lines)

    def read(self, reply: str, rules: ParsingRules, *, cut: bool) -> list[Reading]:
        """What was understood, item by item."""
        if len(self.screen.items) > 1:
            return list(self._read_items(reply, rules, cut))
        return [
            parse(reply, self.screen.question, self.presentations[0], rules, cut=cut, forced=self.constrained),
        ]

    @property
    def _pairs(self) -> Iterator[tuple[Question, Presentation]]:
        return zip(self.screen.items, self.presentations, strict=True)

    def _read_items(self, reply: str, rules: ParsingRules, cut: bool) -> Iterator[Reading]:
        n = len(self.screen.items)
        if not self.constrained and is_self_aware(reply, rules.refusal_test):
            yield from [Reading("refused", reason="the reply speaks as a language model")] * n
            return
        body, explanation = split(reply, careful=rules.careful)
        if body is None:
            body = reply.partition("Explanation:")[0]
        marks = list(_MARKED.finditer(body))
        ends = [*(mark.start() for mark in marks[1:]), len(body)]
        said: dict[int, list[str]] = {}
        for mark, end in zip(marks, ends, strict=True):
            said.setdefault(int(mark[1]), []).append(body[mark.end() : end].strip())
        unfinished = int(marks[-1][1]) if cut and marks and explanation is None else None
        for number, (item, shown) in enumerate(self._pairs, start=1):
            name, answers = item_name(number, self.language), said.get(number, [])
            if not marks and is_declining(reply):
                yield Reading("refused", reason="the reply says that no answer will be given")
            elif len(answers) != 1:
                what = f"{name} is answered {len(answers)} times" if answers else f"the reply has no answer to {name}"
                yield Reading("invalid", text=explanation, reason=what)
            elif number == unfinished:
                yield Reading("invalid", reason="the reply was cut off within this answer")
            else:
                reading = parse(ANSWER + answers[0], item, shown, rules, forced=self.constrained)
                told = reading.text or explanation if item.kind != "text" else reading.text
                yield dataclasses.replace(reading, text=told)


def screens(questions: tuple[Question, ...], rules: PresentationRules) -> Iterator[tuple[int, Screen]]:
    """What is put before a respondent, one after the other, with the place of its first question, from 0.

    On one screen stand items that follow each other in a battery, are asked under the same condition, and lead
    nowhere else; a battery in which an item has a condition of its own takes several screens.
    """
    place = 0
    for block in blocks(questions):
        if rules.battery == "one_screen":
            start = 0
            for end in range(1, len(block) + 1):
                if end == len(block) or block[end].show_if != block[start].show_if or block[end - 1].go_to:
                    yield place + start, Screen(block[start:end])
                    start = end
        else:
            for n, question in enumerate(block):
                yield place + n, Screen((question,), continues=n > 0 and rules.battery == "conversation")
        place += len(block)


def show(
    screen: Screen,
    rules: PresentationRules,
    rng: Callable[[Question], np.random.Generator],
    language: str,
    *,
    marker: bool = True,
    constrained: bool = False,
) -> Shown:
    """Show a screen to a respondent.

    Parameters
    ----------
    rng : callable
        Makes the generator derived from the key of respondent and question; called only when something is drawn.
        On one screen the first item's serves all, so that they list their options in one order.
    marker : bool
        Whether ``- `` stands before the choices.
    constrained : bool
        Whether only offered answers can be produced.
    """
    first = presenter(screen.question, rules)
    if len(screen.items) == 1:
        shown = first.show(rng(screen.question) if first.draws else None)
        text = def_prompts.request(
            screen.question, shown, language, marker=marker, text=first.item if screen.continues else first.text
        )
        return Shown(screen, (shown,), text, language, constrained and screen.question.kind != "text")
    presenters = [presenter(item, rules) for item in screen.items]
    presentations = tuple(p.show(rng(screen.question) if p.draws else None) for p in presenters)
    said = joined(screen.question.stem, first.instruction)
    lines = [f"{item_name(n, language)}: {p.item}" for n, p in enumerate(presenters, start=1)]
    text = def_prompts.battery(
        screen.question, presentations[0], language, said, lines, marker=marker, as_json=constrained
    )
    return Shown(screen, presentations, text, language, constrained)


def item_name(number: int, language: str) -> str:
    """What an item of a battery is called on one screen.

    >>> item_name(2, "en"), item_name(2, "zh")
    ('Item 2', '项目2')
    """
    return f"项目{number}" if language == "zh" else f"Item {number}"


def _schema(question: Question, shown: Presentation) -> dict[str, Any]:
    if not question.options:
        return {"type": "integer", "minimum": question.minimum, "maximum": question.maximum}
    lines: dict[str, Any] = {"enum": list(shown.lines)}
    if question.kind != "multiple":
        return lines
    return {"type": "array", "items": lines, "minItems": 1, "maxItems": question.max_selections or len(shown.lines)}
