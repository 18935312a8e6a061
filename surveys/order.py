"""In which order a person goes through a questionnaire, and which question surely comes before another."""

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from surveys.flattening import Group, Layout
from surveys.question import Question

Chance = Callable[..., np.random.Generator]
"""Gives the generator for a key of one person: ``chance("order", "media")``."""

Path = tuple[tuple[int, int, bool], ...]
"""Groups from the outermost to the question: which group, which member of it, and whether its order is fixed."""


def draw_order(layout: Layout, chance: Chance) -> tuple[int, ...]:
    """Places of all questions in the order in which a person gets them.

    A group whose order is ``rotated`` begins at a drawn place, a ``random`` one is shuffled; what stands in it stays
    together. Notes at the beginning of such a group stay there, others move with what follows them.

    Parameters
    ----------
    chance : callable
        Gives a generator for a key; called with ``"order"`` and the id of each group whose order is drawn.
    """
    if _is_fixed(layout.root):
        return tuple(range(len(layout.questions)))
    return tuple(_drawn(layout.root, layout.questions, chance))


def paths(layout: Layout) -> tuple[Path, ...]:
    """The groups that each question stands in, by its place."""
    found: dict[int, Path] = {}
    numbers = count()

    def walk(group: Group, path: Path) -> None:
        number = next(numbers)
        for place, member in enumerate(group.members):
            inside = (*path, (number, place, group.order == "fixed"))
            if isinstance(member, Group):
                walk(member, inside)
            else:
                found[member] = inside

    walk(layout.root, ())
    return tuple(found[place] for place in range(len(layout.questions)))


def surely_before(one: Path, other: Path) -> bool:
    """Whether one question comes before another in every order that may be drawn."""
    for (group, place, fixed), (other_group, other_place, _) in zip(one, other, strict=False):
        if group != other_group:
            return False
        if place != other_place:
            return fixed and place < other_place
    return False


def _is_fixed(group: Group) -> bool:
    return group.order == "fixed" and all(_is_fixed(member) for member in group.members if isinstance(member, Group))


def _drawn(group: Group, questions: tuple[Question, ...], chance: Chance) -> Iterator[int]:
    if group.order == "fixed":
        members: tuple[Group | int, ...] = group.members
    else:
        opening, units = _units(group, questions)
        rng = chance("order", group.id)
        if group.order == "random":
            order = rng.permutation(len(units)).tolist()
        else:
            first = int(rng.integers(len(units))) if units else 0
            order = [*range(first, len(units)), *range(first)]
        members = (*opening, *(member for place in order for member in units[place]))
    for member in members:
        if isinstance(member, Group):
            yield from _drawn(member, questions, chance)
        else:
            yield member


def _units(group: Group, questions: tuple[Question, ...]) -> tuple[list[Group | int], list[list[Group | int]]]:
    """Notes that open the group, and what is moved: a member with the notes right before it."""
    opening: list[Group | int] = []
    units: list[list[Group | int]] = []
    notes: list[Group | int] = []
    for member in group.members:
        if isinstance(member, int) and questions[member].kind == "note":
            (notes if units else opening).append(member)
        else:
            units.append([*notes, member])
            notes = []
    if notes:
        units[-1].extend(notes)
    return opening, units
