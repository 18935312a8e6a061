"""What a condition may name, and whether some answers make it hold."""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, combinations, cycle, islice, permutations, product
from typing import Any

from surveys.expressions import parse, references
from surveys.given import Given, Sort
from surveys.question import Question
from surveys.truth import Scope, holds, value

MOST_TRIED = 512
"""Combinations of answers that are gone through to find out whether a condition can hold."""

MOST_WORK = 20_000
"""Parts of a condition that are worked out at most for that, all combinations together."""


@dataclass(frozen=True)
class Names:
    """What a condition may name."""

    questions: Mapping[str, Question]
    """Questions by id."""
    arms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Splits and their arms."""
    attributes: Mapping[str, Sort] | None = None
    """Attributes of the persona and what they are; ``None`` while the population is not known."""
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Attributes -> the levels they may have, as far as these are known."""
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Numeric attributes -> lowest and highest value, both included, as far as these are known."""
    written: Mapping[str, Question] = field(default_factory=dict)
    """Questions in the words that ``label()`` compares, where these differ from how they are asked."""


@dataclass(frozen=True)
class Needs:
    """What is sure of the answers once a question is reached."""

    asked_when: tuple[tuple[str, str], ...] = ()
    """Questions and the conditions under which they are asked: their answers are there in no other case."""
    passed: tuple[tuple[str, str], ...] = ()
    """Questions and conditions on their answers under which the interview would have gone on further down."""

    @property
    def trees(self) -> tuple[ast.expr, ...]:
        """All conditions."""
        return tuple(parse(condition) for _, condition in (*self.asked_when, *self.passed))

    def met(self, scope: Scope) -> bool:
        """Whether these answers can be there together."""
        asked = all(name not in scope.answers or holds(condition, scope) for name, condition in self.asked_when)
        return asked and not any(name in scope.answers and holds(condition, scope) for name, condition in self.passed)


NOTHING = Needs()


def can_hold(tree: ast.expr, names: Names, needs: Needs = NOTHING) -> bool:
    """Whether some answers make the condition hold; ``True`` also where there are too many to try.

    Parameters
    ----------
    needs : Needs
        What answers must meet beside that.

    >>> ask = Question(id="q", kind="scale", text="?", minimum=1, maximum=5)
    >>> from surveys.expressions import parse
    >>> can_hold(parse("q > 5"), Names({"q": ask})), can_hold(parse("q > 4"), Names({"q": ask}))
    (False, True)
    """
    named = [references(one) for one in (tree, *needs.trees)]
    asked = {name for names_of, _ in named for name in names_of}
    attributes = {name for _, names_of in named for name in names_of}
    nodes = [node for one in (tree, *needs.trees) for node in ast.walk(one)]
    if attributes and (len(attributes) > 1 or any(isinstance(node, ast.BinOp) for node in nodes)):
        return True
    constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
    functions = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    tried: dict[str, list[Any]] = {}
    combined, open_values = 1, len(attributes)
    for name in sorted(asked):
        if name in names.arms:
            tried[name] = list(names.arms[name])
        else:
            question = names.questions[name]
            if any("{{" in option.label for option in question.options) and "label" in functions:
                return True
            if question.kind == "allocation":
                found = _divisions(question, nodes, constants)
            else:
                found = answers_that_matter(question, constants)
            open_values += question.kind in ("number", "text")
            if found is None or (question.kind == "number" and any(isinstance(node, ast.BinOp) for node in nodes)):
                return True
            tried[name] = found
        combined *= len(tried[name])
        if combined > min(MOST_TRIED, MOST_WORK // len(nodes)) or open_values > 1:
            return True
    for attribute in attributes:
        known = names.levels.get(attribute)
        said = [constant for constant in constants if isinstance(constant, str)]
        low, high = names.ranges.get(attribute, (None, None))
        numbers = _around(constants, low, high, whole=low is not None)
        tried[attribute] = [*numbers, *said] if known is None else list(known)
    persona = frozenset(attributes)
    # Most conditions hold for some answers side by side, which are tried before all combinations.
    longest = max(map(len, tried.values()), default=0)
    side_by_side = zip(*(islice(cycle(found), longest) for found in tried.values()), strict=False)
    for answers in chain(side_by_side, product(*tried.values())):
        given = dict(zip(tried, answers, strict=True))
        scope = Scope(
            names.questions,
            {name: one for name, one in given.items() if isinstance(one, Given)},
            {name: one for name, one in given.items() if name in persona},
            {name: one for name, one in given.items() if name in names.arms},
            names.written,
        )
        if value(tree, scope) is True and needs.met(scope):
            return True
    return False


def answers_that_matter(question: Question, constants: list[Any]) -> list[Given | None] | None:
    """Answers that may make a difference, none given among them; ``None`` when they are too many to list."""
    found: list[Given]
    if len(question.options) > (8 if question.kind == "multiple" else MOST_TRIED):
        return None
    if question.kind in ("single", "scale"):
        found = [Given((option.code,)) for option in question.choices]
    elif question.kind == "multiple":
        codes = [option.code for option in question.options]
        _, most = question.selections
        sizes = (combinations(codes, size) for size in range(1, len(codes) + 1))
        found = [
            Given(chosen)
            for chosen in chain.from_iterable(sizes)
            if len(chosen) == 1 or (len(chosen) <= most and not question.alone & {*chosen})
        ]
    elif question.kind == "number":
        numbers = _around(constants, question.minimum, question.maximum, whole=question.whole)
        found = [*(Given((option.code,)) for option in question.options), *(Given(number=n) for n in numbers)]
    elif question.kind == "text":
        said = [constant for constant in constants if isinstance(constant, str)]
        found = [Given(text=text) for text in ("", "?", " ".join(said), *said)]
    elif question.kind == "ranking":
        codes, (most, _) = [option.code for option in question.options], question.selections
        rankable = [code for code in codes if code not in question.alone]
        if math.perm(len(rankable), most) > MOST_TRIED:
            return None
        found = [Given(ranked) for ranked in permutations(rankable, most)]
        found += [Given((code,)) for code in codes if code in question.alone]
    else:
        return None
    return [None, *found]


def _divisions(question: Question, nodes: list[ast.AST], constants: list[Any]) -> list[Given | None] | None:
    """Allocations that may make a difference to a condition on the points of one option; ``None`` for others."""
    asked = {ast.dump(node.args[1]) for node in nodes if isinstance(node, ast.Call) and len(node.args) > 1}
    codes = [option.code for option in question.options if option.code not in question.alone]
    if len(asked) > 1 or len(codes) > 8 or any(isinstance(node, ast.BinOp) for node in nodes):
        return None
    assert question.total is not None
    found: list[Given | None] = [None, *(Given((code,)) for code in question.alone)]
    for place, code in enumerate(codes):
        other = codes[(place + 1) % len(codes)]
        for points in _around(constants, 0, question.total, whole=False):
            rest = question.total - points if other != code else 0.0
            amounts = tuple(points if one == code else rest if one == other else 0.0 for one in codes)
            found.append(Given(tuple(codes), amounts=amounts))
    return found


def _around(constants: list[Any], low: int | None, high: int | None, *, whole: bool) -> list[float]:
    """Numbers at, below and above those that a condition names, within bounds."""
    steps = (-1.0, 0.0, 1.0) if whole else (-1.0, -0.5, 0.0, 0.5, 1.0)
    named = [float(sign * c) for c in constants if isinstance(c, int | float) for sign in (1, -1)]
    ends = [float(end) for end in (low, high) if end is not None]
    near = {number + step for number in (*named, *ends, 0.0) for step in steps}
    return sorted(n for n in near if (low is None or n >= low) and (high is None or n <= high))
