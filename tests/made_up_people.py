"""Made-up people with known answers, and predictions of them, for tests: fixtures, no data about anybody."""

import numpy as np

from analysis.individual.predictions import Condition, Item, Predictions
from surveys.statements import MISSING, KnownAnswers, Statement, StatementSet, StatementSets

POLAR = Condition(model="m", target_form="polar", demonstration_form="polar", demonstrations=(50, 50))


def sets_of(sizes: dict[str, int], categories: dict[str, str] | None = None) -> StatementSets:
    """Questions whose statements each stand for one code; polar ones as refined ones."""
    return StatementSets(
        tuple(
            StatementSet(
                question,
                form,
                (categories or {}).get(question, "all"),
                tuple(Statement(f"{question} is {n}", (n,)) for n in range(1, size + 1)),
            )
            for question, size in sizes.items()
            for form in ("refined", "polar")
        )
    )


def clustered(people: int, questions: int, seed: int = 1, noise: float = 0.35, clusters: int = 12) -> KnownAnswers:
    """People of hidden clusters: the answer of the cluster, or with the given chance any answer of three."""
    rng = np.random.default_rng(seed)
    cluster = rng.integers(clusters, size=people)
    leaning = rng.integers(1, 4, size=(clusters, questions))
    answers = np.where(
        rng.random((people, questions)) < noise, rng.integers(1, 4, (people, questions)), leaning[cluster]
    )
    answers[rng.random(answers.shape) < 0.03] = MISSING
    sets = sets_of({f"q{n}": 3 for n in range(questions)}, {f"q{n}": f"part {n % 4}" for n in range(questions)})
    numbers = answers.astype(np.int8)
    ids = tuple(str(n) for n in range(people))
    return KnownAnswers("made up", ids, sets, {"refined": numbers, "polar": numbers.copy()})


def predictions(given: list[list[list[int]]], truth: int = 1, **changes: object) -> Predictions:
    """Person x setup x target; every true statement has the number ``truth``, 0 is unanswered."""
    table = np.array(given)
    person, setup, target = (axis.ravel() for axis in np.indices(table.shape))
    width = table.shape[2]
    items = tuple(Item(f"q{n}", ("trust", "faith")[n % width % 2], 2 + n % 2) for n in range(table.shape[1] * width))
    return Predictions(
        condition=POLAR.model_copy(update=changes),
        people=tuple("abcdefghij"[: len(table)]),
        setups=tuple("123"[: table.shape[1]]),
        items=items,
        person=person.astype(np.int64),
        setup=setup.astype(np.int64),
        item=(setup * width + target).astype(np.int64),
        given=table.ravel().astype(np.int64),
        truth=np.full(table.size, truth, np.int64),
        unanswered={"invalid": int((table == 0).sum())} if (table == 0).any() else {},
    )
