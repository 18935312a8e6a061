"""Targets of real people without any model: what baselines alone are evaluated on."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.individual.predictions import UNANSWERED, Condition, Ints, Item, Predictions
from analysis.individual.problems import masked
from analysis.individual.told import Told
from demoscope import seeds
from demoscope.errors import DocumentError
from surveys.statements import MISSING, Form, KnownAnswers, pool


def able(known: KnownAnswers, questions: Sequence[str]) -> Ints:
    """Positions of the people whose answers to all these questions are known, in both forms."""
    columns = [known.sets.questions.index(question) for question in questions]
    there = [(numbers[:, columns] != MISSING).all(axis=1) for numbers in known.numbers.values()]
    return np.flatnonzero(np.logical_and.reduce(there)).astype(np.int64)


def draw_people(known: KnownAnswers, questions: Sequence[str], size: int, seed: int) -> Ints:
    """Positions of people to hold out, drawn among those who answered all targets.

    Raises
    ------
    DocumentError
        If there are fewer.
    """
    there = able(known, questions)
    if len(there) <= size:
        raise DocumentError(
            f"{known.source}: {len(there):,} of {len(known):,} people answered all {len(questions)} targets; hold "
            f"out fewer than that (--people), not {size:,}."
        )
    return np.sort(seeds.generator(seed, "ivc people").choice(there, size, replace=False))


def targets(
    known: KnownAnswers,
    people: Ints,
    setups: Mapping[str, Sequence[str]],
    target_form: Form,
    demonstration_form: Form | None = None,
    demonstrations: int | None = None,
    seed: int = 0,
) -> Predictions:
    """Every target of these people, with nothing predicted yet; baselines are compared on it.

    Parameters
    ----------
    people : numpy.ndarray
        Positions of those who are asked about.
    setups : mapping
        Name -> questions that are targets together.
    demonstration_form : {"refined", "polar"}, optional
        Form of what they are known by; that of the targets when absent.
    demonstrations : int, optional
        How many known answers are told, drawn for each person and setup from all questions that are no target of the
        setup; all of them when absent.
    """
    form = demonstration_form or target_form
    questions = tuple(dict.fromkeys(question for setup in setups.values() for question in setup))
    place = {question: n for n, question in enumerate(known.sets.questions)}
    numbers = known.numbers[target_form][people]
    person, setup, item, truth, row = [], [], [], [], []
    tables, most = [], 0
    for number, (name, asked) in enumerate(setups.items()):
        shown = _shown(known.numbers[form][people], known, asked, demonstrations, (seed, name))
        columns = np.array([place[question] for question in asked], np.int64)
        who, which = np.nonzero(numbers[:, columns] != MISSING)
        person.append(who)
        setup.append(np.full(len(who), number, np.int64))
        item.append(np.array([questions.index(question) for question in asked], np.int64)[which])
        truth.append(numbers[:, columns][who, which].astype(np.int64))
        row.append(number * len(people) + who)
        tables.append(shown)
        most = max(most, int(shown.sum(axis=1).max(initial=0)))
    n = demonstrations if demonstrations is not None else most
    sizes = known.sets.sizes(target_form)
    total = np.concatenate(truth)
    return Predictions(
        condition=Condition(
            model="none", target_form=target_form, demonstration_form=form, demonstrations=(min(n, most), n)
        ),
        people=tuple(known.people[position] for position in people.tolist()),
        setups=tuple(setups),
        items=tuple(Item(one, known.sets.category_of[one], int(sizes[place[one]])) for one in questions),
        person=np.concatenate(person),
        setup=np.concatenate(setup),
        item=np.concatenate(item),
        given=np.full(len(total), UNANSWERED, np.int64),
        truth=total,
        told=Told(known.sets.questions, np.vstack(tables), np.concatenate(row)),
        unknown=len(people) * sum(map(len, setups.values())) - len(total),
    )


def _shown(
    answers: NDArray[np.int8],
    known: KnownAnswers,
    asked: Sequence[str],
    demonstrations: int | None,
    key: tuple[int, str],
) -> NDArray[np.bool_]:
    """(n_people, n_questions) what is told of each person in a setup."""
    allowed = set(pool(known.sets.questions, tuple(asked)))
    outside = np.array([question not in allowed for question in known.sets.questions])
    there = np.where(outside, MISSING, answers).astype(np.int8)
    if demonstrations is not None:
        there = masked(there, demonstrations, seeds.generator(key[0], "ivc demonstrations", key[1]))
    return np.asarray(there != MISSING)
