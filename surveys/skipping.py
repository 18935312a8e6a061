"""Which questions are not put to everybody: for what was answered before, for who the person is, by jumps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from surveys import piping
from surveys.expressions import parse, references
from surveys.flattening import Group, Layout
from surveys.order import Path, paths, surely_before

MOST_COMPARED = 1_000_000
"""Pairs of a jump and a question that are looked at where orders are drawn; beyond, any question may be passed by."""

Arms = Mapping[str, tuple[str, ...]]
"""Splits and their arms."""


@dataclass(frozen=True)
class Skippable:
    """Questions that are not put to everybody."""

    by_answers: frozenset[str] = field(default_factory=frozenset)
    """Ids of those that may be skipped for what was answered before."""
    by_person: frozenset[str] = field(default_factory=frozenset)
    """Ids of those that may be skipped for who the person is, or which arm it belongs to."""


def find_skippable(layout: Layout, arms: Arms) -> Skippable:
    """Which questions may be skipped, and for what."""
    by_answers, by_person = set(), set()
    ids = {question.id for question in layout.questions}
    for question in layout.questions:
        names: set[str] = set()
        if question.show_if:
            found, attributes = references(parse(question.show_if))
            names |= found
            if attributes or found & arms.keys():
                by_person.add(question.id)
        for wording in piping.wordings(question):
            for place in piping.places(wording):
                if place.otherwise is None and place.name.partition(".")[0] in ids:
                    names.add(place.name)
        if names - arms.keys():
            by_answers.add(question.id)
    by_answers |= _jumped_over(layout)
    asked = {question.id for question in layout.questions if question.is_asked}
    return Skippable(frozenset(by_answers & asked), frozenset(by_person & asked))


def places_of(layout: Layout) -> dict[str, int]:
    """Question id -> its place among all questions."""
    return {question.id: place for place, question in enumerate(layout.questions)}


def _jumped_over(layout: Layout) -> set[str]:
    """Questions that some jump may pass by."""
    places, questions = places_of(layout), layout.questions
    targets = {
        source: max(places.get(rule.to, len(questions)) for rule in question.go_to)
        for source, question in enumerate(questions)
        if question.go_to and question.is_asked
    }
    if not has_drawn_order(layout.root):
        found, furthest = set(), 0
        for place, question in enumerate(questions):
            if place < furthest:
                found.add(question.id)
            furthest = max(furthest, targets.get(place, 0))
        return found
    if len(targets) * len(questions) > MOST_COMPARED:
        return {question.id for question in questions}
    found_paths = paths(layout)
    return {
        question.id
        for place, question in enumerate(questions)
        if any(_may_pass(found_paths, source, target, place) for source, target in targets.items())
    }


def _may_pass(found: tuple[Path, ...], source: int, target: int, place: int) -> bool:
    """Whether a jump may pass by a place: it may come after the source, and need not come after the target."""
    if place in (source, target) or surely_before(found[place], found[source]):
        return False
    return target == len(found) or not surely_before(found[target], found[place])


def has_drawn_order(group: Group) -> bool:
    """Whether the order of anything in a group is drawn."""
    return group.order != "fixed" or any(has_drawn_order(one) for one in group.members if isinstance(one, Group))
