"""Baselines that predict the very targets that a model was asked, from the very statements it was told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from analysis.individual.accuracy import Scores, mean_of, scores
from analysis.individual.factorisation import factorised
from analysis.individual.learned import learned
from analysis.individual.predictions import UNANSWERED, Floats, Ints, Predictions
from analysis.individual.problems import Problem, chances, majority
from analysis.individual.resemblance import Similarity, Tie, resemblance
from analysis.individual.sweep import Chosen, choose
from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from surveys.statements import MISSING, KnownAnswers, halves

Name = Literal["random", "majority", "top-1", "top-cluster", "factorisation", "logistic", "boosted"]
NAMES: tuple[Name, ...] = ("random", "majority", "top-1", "top-cluster", "factorisation", "logistic", "boosted")
SHOWN = {
    "random": "Random",
    "majority": "Global majority",
    "top-1": "Resemble (top 1)",
    "top-cluster": "Resemble (top cluster)",
    "factorisation": "Matrix factorisation",
    "logistic": "Logistic regression",
    "boosted": "Gradient boosting",
}
"""Name of a baseline -> what tables call it."""


class BaselineRules(Document):
    """What baselines leave open; ``published`` has what the published code does."""

    similarity: Similarity = "matrix"
    """How alike two people are."""
    tie: Tie = "similar"
    """Which of several most frequent answers of neighbours wins."""
    missing: bool = False
    """Whether no known answer is a candidate of majorities and votes."""
    most: int = 100
    """Neighbours that are asked at most."""
    seed: int = 0
    """Seed of what baselines draw."""


PUBLISHED = BaselineRules(similarity="count", tie="lowest", missing=True)
"""As in the published tables, where N was also chosen on the people it was tested on."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """How well the nearest N predict, for every N."""

    scores: tuple[Scores, ...]
    """Of N = 1, 2, ...; one each."""
    chosen: Chosen


class Compared(NamedTuple):
    """What baselines say of the targets of one model."""

    predictions: list[Predictions]
    sweep: Sweep | None
    """Only where neighbours were asked."""


def compare(
    asked: Predictions,
    known: KnownAnswers,
    names: Sequence[Name] = NAMES,
    rules: BaselineRules | None = None,
    others: Ints | None = None,
) -> Compared:
    """Predict the targets of a model by baselines that know what it was told.

    Parameters
    ----------
    asked : Predictions
        With :attr:`~Predictions.told`; of whom nothing is told, only ``random`` and ``majority`` say anything.
    known : KnownAnswers
        Everybody whose answers are known, those who are asked about included; nobody who is asked about is learned
        from.
    names : sequence of str
        Which of :data:`NAMES`.
    others : numpy.ndarray, optional
        Positions of the people who are learned from; all who are not asked about when absent.

    Raises
    ------
    DocumentError
        If somebody is not among those with known answers, has other answers there, or nobody is left to learn from.
    """
    rules = rules or BaselineRules()
    about = known.rows_of(asked.people)
    columns = _columns(known, [item.question for item in asked.items])
    form = asked.condition.target_form
    if not (known.numbers[form][about[asked.person], columns[asked.item]] == asked.truth).all():
        raise DocumentError(f"{known.source}: people answered otherwise there than in the store; name the same file.")
    rest = np.setdiff1d(np.arange(len(known)) if others is None else others, about)
    if not len(rest):
        raise DocumentError(f"{known.source}: everybody there is asked about; baselines learn from other people.")
    targets = known.numbers[form][rest][:, columns]
    sizes = np.array([item.size for item in asked.items], np.int64)
    found = []
    for name in names:
        if name == "random":
            none = np.full(len(asked), UNANSWERED, np.int64)
            found.append(_by(asked, name, none, expected=chances(sizes)[asked.item], unanswered={}))
        elif name == "majority":
            found.append(_by(asked, name, majority(targets, sizes, rules.missing)[asked.item]))
    if asked.told is None or not asked.told.table.any():
        if asked.condition.demonstrations[0]:
            raise DocumentError(
                f"{asked.condition.name}: it is not on record which statements were told, so baselines cannot be "
                "told the same; leave --reference out, or evaluate a store that has its demonstrations."
            )
        return Compared(found, None)
    problems = list(_problems(asked, known, rest))
    sweep = None
    if {"top-1", "top-cluster"} & set(names):
        given = _votes(asked, problems, rules)
        unknown = asked.told.table.sum(axis=1)[asked.told.row] == 0  # like nobody in particular
        given[unknown] = majority(targets, sizes, rules.missing)[asked.item[unknown], None]
        sweep = _sweep(asked, given)
        if "top-1" in names:
            found.append(_by(asked, "top-1", given[:, 0]))
        if "top-cluster" in names:
            n = sweep.chosen.by_person[asked.person]
            voted = given[np.arange(len(asked)), n - 1]
            found.append(replace(_by(asked, "top-cluster", voted), notes=(_told_of(asked, sweep.chosen),)))
    solvers: dict[Name, Callable[[Problem, np.random.Generator], Ints]] = {
        "factorisation": factorised,
        "logistic": lambda problem, rng: learned(problem, "logistic", rng),
        "boosted": lambda problem, rng: learned(problem, "boosted", rng),
    }
    for name in (name for name in names if name in solvers):
        given_by = np.full(len(asked), UNANSWERED, np.int64)
        for number, part in enumerate(problems):
            rng = seeds.generator(rules.seed, "ivc baseline", name, number)
            given_by[part.rows] = solvers[name](part.problem, rng)[part.case, part.target]
        found.append(_by(asked, name, given_by))
    return Compared(found, sweep)


class _Part(NamedTuple):
    """Rows that are predicted together: nothing that is told of anybody is a target of them."""

    rows: Ints
    case: Ints
    """(n_rows,) person of the problem."""
    target: Ints
    """(n_rows,) target of the problem."""
    problem: Problem


def _problems(asked: Predictions, known: KnownAnswers, rest: Ints) -> Iterator[_Part]:
    """A problem a setup; a problem a target where targets of a setup are told of its other targets."""
    told = asked.told
    assert told is not None
    for setup in range(len(asked.setups)):
        rows = np.flatnonzero(asked.setup == setup)
        if not len(rows):
            continue
        shown = np.flatnonzero(told.table[np.unique(told.row[rows])].any(axis=0))
        named = {told.questions[place] for place in shown.tolist()}
        items = np.unique(asked.item[rows])
        is_told = any(asked.items[item].question in named for item in items.tolist())
        apart = [items[n : n + 1] for n in range(len(items))] if is_told else [items]
        for some in apart:
            inside = rows[np.isin(asked.item[rows], some)]
            yield _part(asked, known, rest, inside, some)


def _part(asked: Predictions, known: KnownAnswers, rest: Ints, rows: Ints, items: Ints) -> _Part:
    told, condition = asked.told, asked.condition
    assert told is not None
    pairs = asked.person[rows] * len(told.table) + told.row[rows]
    cases, case = np.unique(pairs, return_inverse=True)
    shown = told.table[cases % len(told.table)]
    used = np.flatnonzero(shown.any(axis=0))
    columns = _columns(known, [told.questions[place] for place in used])
    about = known.rows_of([asked.people[person] for person in cases // len(told.table)])
    answers = known.numbers[condition.demonstration_form]
    targets = _columns(known, [asked.items[item].question for item in items])
    problem = Problem(
        demonstrations=answers[np.ix_(rest, columns)],
        demonstration_sizes=known.sets.sizes(condition.demonstration_form)[columns],
        targets=known.numbers[condition.target_form][np.ix_(rest, targets)],
        target_sizes=known.sets.sizes(condition.target_form)[targets],
        known=np.where(shown[:, used], answers[np.ix_(about, columns)], MISSING).astype(np.int8),
    )
    return _Part(rows, case.astype(np.int64), np.searchsorted(items, asked.item[rows]), problem)


def _votes(asked: Predictions, problems: Sequence[_Part], rules: BaselineRules) -> Ints:
    """(n_rows, n_voters) what the nearest 1, 2, ... say of every target."""
    most = min(rules.most, min(len(part.problem.targets) for part in problems))
    given = np.full((len(asked), most), UNANSWERED, np.int8)
    for part in problems:
        said = resemblance(part.problem, most, rules.similarity, rules.tie, rules.missing)
        given[part.rows] = said[part.case, :, part.target]
    return given.astype(np.int64)


def _sweep(asked: Predictions, given: Ints) -> Sweep:
    by_n = tuple(scores(asked.by("", given[:, n])) for n in range(given.shape[1]))
    accuracy = np.stack([one.by_person for one in by_n], axis=1)
    return Sweep(by_n, choose(accuracy, halves(len(asked.people))))


def _told_of(asked: Predictions, chosen: Chosen) -> str:
    return (
        f"{SHOWN['top-cluster']}, {asked.condition.label}: N = {chosen.first} and {chosen.second}, each chosen on "
        f"the other half of the people; N = {chosen.everybody} would be best for the people it is tested on."
    )


def _by(asked: Predictions, name: Name, given: Ints, **changes: object) -> Predictions:
    made = asked.by(SHOWN[name], given, **changes)
    return replace(made, condition=made.condition.model_copy(update={"demographics": False}), unknown=asked.unknown)


def _columns(known: KnownAnswers, questions: Sequence[str]) -> Ints:
    place = {question: n for n, question in enumerate(known.sets.questions)}
    strange = next((question for question in questions if question not in place), None)
    if strange is not None:
        raise DocumentError(
            f"{known.source}: there are no answers to {strange!r}, which the store asks; name its file."
        )
    return np.array([place[question] for question in questions], np.int64)


def accuracy_by_n(sweep: Sweep) -> Floats:
    """(n_voters, n_setups) mean accuracy of the nearest 1, 2, ... in each setup, in percent."""
    return np.array([[mean_of(setup) for setup in one.by_setup.T] for one in sweep.scores])
