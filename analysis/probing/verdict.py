"""Which answers of a model can be taken as its own, and which depend on how one asks: explicit rules and counts.

"Its own" says that an answer holds; it says nothing of whether people would answer so, or whether the model acts so.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from analysis.multiplicity import benjamini_hochberg
from analysis.probing.steadiness import Steadiness
from demoscope.documents import Document

Standing = Literal["holds", "differs by method", "depends", "follows the place", "not told"]


class Thresholds(Document):
    """What the verdict calls an answer that holds."""

    steady: float = 0.8
    """Smallest share of the ways of asking in which one option leads."""
    false_discoveries: float = 0.05
    """Largest expected share of false findings among the questions called steady (Benjamini and Hochberg), of a test
    against every way leading to any option alike."""


class Verdict(Document):
    """Where each question of a model stands, in names of questions."""

    thresholds: Thresholds
    methods: tuple[str, ...]
    holds: tuple[str, ...]
    """Steady by every method, and all of them name the same option."""
    differs: tuple[str, ...]
    """Steady by every method, but they name different options."""
    depends: tuple[str, ...]
    """Not steady by some method: the answer changes with the way of asking."""
    follows_place: tuple[str, ...]
    """Of these: by some method the same position or label leads instead, whatever stands there."""
    not_told: tuple[str, ...]
    """Too few ways of asking or sampled texts, or orders that never changed, to tell."""
    steady: dict[str, int]
    """Steady questions by method."""

    @property
    def questions(self) -> int:
        """Questions that were judged, those that cannot be told included."""
        return len(self.holds) + len(self.differs) + len(self.depends) + len(self.not_told)


def judge(
    found: Mapping[str, Sequence[Steadiness | None]],
    names: Sequence[str],
    thresholds: Thresholds | None = None,
) -> Verdict:
    """Judge every question of a model.

    A question is steady by a method when one option leads in at least ``thresholds.steady`` of the ways of asking, in
    more than a model reaches that always takes one position or label, and beyond chance after correction for all
    questions and methods. What no result could make steady is not told: too few ways, or orders that never changed;
    nor is what is not steady by sampled texts alone, when these differ by no more than sampling does; nor what has
    several options lead alike in every way.

    Parameters
    ----------
    found : mapping of str to sequence of Steadiness or None
        By method, one for each question; ``None`` where the method has no answer.
    names : sequence of str
        Of the questions.
    thresholds : Thresholds, optional
        Those documented when absent.

    Returns
    -------
    Verdict
        Each question in one place.

    >>> steady = Steadiness(favourite=2, ways=9, held=9, at_place=3, by_place=3, p=1e-6)
    >>> judge({"token": [steady], "text": [steady]}, ["q1"]).holds
    ('q1',)
    """
    rule = thresholds or Thresholds()
    flat = [each for of_method in found.values() for each in of_method if each is not None]
    adjusted = iter(benjamini_hochberg([each.p for each in flat]).tolist() if flat else [])
    steady: dict[str, list[bool | None]] = {}
    for method, of_method in found.items():
        steady[method] = [None if each is None else _is_steady(each, next(adjusted), rule) for each in of_method]
    places: dict[Standing, list[str]] = {}
    for n, name in enumerate(names):
        mine = [(of_method[n], steady[method][n]) for method, of_method in found.items() if of_method[n] is not None]
        standing = _standing([(each, held) for each, held in mine if each is not None], rule)
        places.setdefault(standing, []).append(name)
    follows = places.get("follows the place", [])
    return Verdict(
        thresholds=rule,
        methods=tuple(found),
        holds=tuple(places.get("holds", ())),
        differs=tuple(places.get("differs by method", ())),
        depends=tuple(name for name in names if name in {*places.get("depends", ()), *follows}),
        follows_place=tuple(follows),
        not_told=tuple(places.get("not told", ())),
        steady={method: sum(bool(each) for each in of_method) for method, of_method in steady.items()},
    )


def _is_steady(each: Steadiness, adjusted: float, rule: Thresholds) -> bool:
    return each.share >= rule.steady - 1e-12 and each.held > each.by_place and adjusted <= rule.false_discoveries


def _standing(mine: Sequence[tuple[Steadiness, bool | None]], rule: Thresholds) -> Standing:
    if not mine:
        return "not told"
    if all(held for _, held in mine):
        return "holds" if len({each.favourite for each, _ in mine}) == 1 else "differs by method"
    unsteady = [each for each, _ in mine if each.held and each.share < rule.steady - 1e-12 and not each.alike]
    if not unsteady:
        return "not told"
    return "follows the place" if any(each.place_share >= rule.steady - 1e-12 for each in unsteady) else "depends"


def sentences(verdict: Verdict) -> tuple[str, ...]:
    """The verdict in plain words.

    >>> verdict = judge({"token": [None]}, ["q1"])
    >>> sentences(verdict)[0]
    'Of 1 question, none has an answer that holds however it was asked.'
    """
    n = verdict.questions
    whole = f"Of {n:,} question{'' if n == 1 else 's'}, "
    said = []
    if verdict.holds:
        has = "has an answer that holds" if len(verdict.holds) == 1 else "have answers that hold"
        by = "by its one method" if len(verdict.methods) == 1 else f"by all {len(verdict.methods)} methods alike"
        said.append(f"{whole}{len(verdict.holds):,} {has} however it was asked, {by}: these can be taken as its own.")
    else:
        said.append(f"{whole}none has an answer that holds however it was asked.")
    if verdict.differs:
        said.append(
            f"{len(verdict.differs):,} hold within each method, but the methods name different options: say which "
            "method a figure comes from."
        )
    if verdict.depends:
        follows = len(verdict.follows_place)
        of_these = f"; of these, in {follows:,} the same position or label leads whatever stands there"
        said.append(f"{len(verdict.depends):,} depend on how one asks{of_these if follows else ''}.")
    if verdict.not_told:
        said.append(
            f"{len(verdict.not_told):,} cannot be told: too few ways of asking or sampled texts, or an order of "
            "options that never changed. Probe more styles and samples, and variations such as shuffled_texts:1."
        )
    return tuple(said)
