"""Which questions a person is asked, where that is not the whole questionnaire: pairs of questions and persons."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from demoscope.columns import read_columns, read_header
from demoscope.errors import DocumentError
from surveys import Questionnaire

COLUMNS = ("QUESTION_ID", "PARTICIPANT_ID")
"""Columns of a file of pairs; more may stand in it."""


@dataclass(frozen=True, eq=False)
class Assignments:
    """The questions of everybody, by the number of the person."""

    questions: tuple[tuple[str, ...], ...]
    """(n_people,) ids of the questions that each is asked, in the order of the questionnaire; none for some."""
    digest: str
    """BLAKE2 hash of the pairs, so that a store knows when they were changed."""

    def __len__(self) -> int:
        """Number of pairs."""
        return sum(map(len, self.questions))


def read_assignments(
    path: Path, questionnaire: Questionnaire, population: str, rows: Iterable[str | None] | None
) -> Assignments:
    """Pairs of a table: CSV, TSV or Parquet with the columns QUESTION_ID and PARTICIPANT_ID.

    Parameters
    ----------
    questionnaire : Questionnaire
        Whose questions are named.
    population : str
        Id of the population, for messages.
    rows : iterable of str or None
        Identifier of every person, by number: the row of the microdata that each was taken from; ``None`` when they
        come from no microdata.

    Raises
    ------
    DocumentError
        If the file cannot be read, names a question or person that is not there, or a pair twice, or what somebody is
        asked cannot be asked without the rest.
    """
    if rows is None:
        raise DocumentError(
            f"they name rows of microdata, and nobody in {population!r} comes from any; leave them out, or take the "
            "people from a file."
        )
    people = tuple(rows)
    header = read_header(path)
    missing = [name for name in COLUMNS if name not in header.names]
    if missing:
        raise DocumentError(
            f"{path}: the column {missing[0]!r} is missing; who is asked what is told by {' and '.join(COLUMNS)}."
        )
    question, person = read_columns(path, header, COLUMNS).values()
    if not len(question):
        raise DocumentError(f"{path}: there are no pairs below the first line, so nobody would be asked anything.")
    order = {one.id: place for place, one in enumerate(questionnaire.questions)}
    unknown = [text for text in question.texts if text not in order]
    if unknown:
        raise DocumentError(f"{path}: {questionnaire.id!r} has no question {unknown[0]!r}.")
    numbers = {row: number for number, row in enumerate(people) if row is not None}
    strangers = [text for text in person.texts if text not in numbers]
    if strangers:
        raise DocumentError(
            f"{path}: nobody in the wave is the person {strangers[0]!r}; persons are told apart by the column that "
            "the population's microdata names as `row`, and a design such as every_row takes all of them."
        )
    twice = [row for row, count in Counter(people).items() if count > 1 and row in person.texts]
    if twice:
        raise DocumentError(
            f"{path}: {twice[0]!r} is more than one person of the wave; take everybody once, by a design such as "
            "every_row."
        )
    asked: list[set[str]] = [set() for _ in people]
    for line, (which, who) in enumerate(zip(question.positions.tolist(), person.positions.tolist(), strict=True), 2):
        one, number = question.texts[which], numbers[person.texts[who]]
        if one in asked[number]:
            raise DocumentError(f"{path}:{line}: {one!r} is asked of {person.texts[who]!r} a second time; keep one.")
        asked[number].add(one)
    questions = tuple(tuple(sorted(some, key=order.__getitem__)) for some in asked)
    parts = Parts(questionnaire)
    for some in set(questions) - {()}:
        try:
            parts.of(some)
        except ValueError as error:
            raise DocumentError(f"{path}: {', '.join(some)} cannot be asked without the rest: {error}") from None
    hasher = hashlib.blake2b(repr(questions).encode(), digest_size=12)
    return Assignments(questions, hasher.hexdigest())


class Parts:
    """A questionnaire and its parts, each made once."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self._whole = questionnaire
        self._made: dict[tuple[str, ...], Questionnaire] = {}

    def of(self, questions: tuple[str, ...] | None) -> Questionnaire:
        """The questionnaire with these of its questions alone, in its order; the whole one for ``None``.

        Raises
        ------
        ValueError
            If nothing is left, or what is left cannot be asked without the rest.
        """
        if questions is None:
            return self._whole
        if questions not in self._made:
            wanted = frozenset(questions)
            self._made[questions] = Questionnaire(
                id=self._whole.id,
                title=self._whole.title,
                language=self._whole.language,
                source=self._whole.source,
                questions=tuple(question for question in self._whole.questions if question.id in wanted),
            )
        return self._made[questions]
