"""Real people and what they answered, as numbers of statements."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demoscope.columns import Column, read_columns, read_header, whole_number
from demoscope.errors import DocumentError
from surveys.statements.sets import FORMS, MISSING, Form, StatementSets

Numbers = NDArray[np.int8]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class KnownAnswers:
    """People with known answers: which statement of every question is true of each.

    >>> from surveys.statements.sets import Statement, StatementSet
    >>> two = (Statement("I do", (1,)), Statement("I do not", (2,)))
    >>> sets = StatementSets((StatementSet("q", "refined", "all", two), StatementSet("q", "polar", "all", two)))
    >>> known = KnownAnswers("made up", ("ann", "bob"), sets, {form: np.array([[1], [MISSING]]) for form in FORMS})
    >>> len(known), known.valid().tolist()
    (2, [1, 0])
    """

    source: str
    """File that it was read from."""
    people: tuple[str, ...]
    """(n_people,) identifiers, each once."""
    sets: StatementSets
    """The statements."""
    numbers: Mapping[Form, Numbers]
    """Form -> (n_people, n_questions) number of the true statement, from 1; :data:`MISSING` where it is not known."""
    attributes: Mapping[str, Column] = field(default_factory=dict)
    """Column -> (n_people,) texts as they stand in the file; empty where nothing stands."""
    notes: tuple[str, ...] = ()
    """What a reader must know: rows that were left out, codes that mean no statement."""

    def __post_init__(self) -> None:
        shape = (len(self.people), len(self.sets.questions))
        for form in FORMS:
            if self.numbers[form].shape != shape:
                raise ValueError(f"{form}: need numbers of shape {shape}, got {self.numbers[form].shape}")
        if len(self._position) < len(self.people):
            raise ValueError("every person stands there once")

    def __len__(self) -> int:
        return len(self.people)

    @cached_property
    def _position(self) -> Mapping[str, int]:
        return {person: position for position, person in enumerate(self.people)}

    def __contains__(self, person: object) -> bool:
        return person in self._position

    def rows_of(self, people: Sequence[str]) -> Positions:
        """(n,) positions of these people.

        Raises
        ------
        DocumentError
            If one of them is not there; the message names that person.
        """
        unknown = next((person for person in people if person not in self._position), None)
        if unknown is not None:
            raise DocumentError(f"{self.source}: there is nobody called {unknown!r}; the identifiers must be equal.")
        return np.array([self._position[person] for person in people], np.int64)

    def take(self, rows: NDArray[np.integer]) -> "KnownAnswers":
        """The people at these positions, in this order; copies, so that nothing is shared."""
        chosen = np.asarray(rows, np.int64)
        return replace(
            self,
            people=tuple(self.people[row] for row in chosen.tolist()),
            numbers={form: numbers[chosen].copy() for form, numbers in self.numbers.items()},
            attributes={
                name: Column.of(held.texts, held.positions[chosen]) for name, held in self.attributes.items()
            },
        )

    def valid(self, form: Form = "refined") -> NDArray[np.int64]:
        """(n_people,) number of questions whose answer is known of each."""
        return self._valid[form]

    @cached_property
    def _valid(self) -> Mapping[Form, NDArray[np.int64]]:
        counts = {form: np.count_nonzero(self.numbers[form] != MISSING, axis=1) for form in FORMS}
        return {form: np.asarray(count, np.int64) for form, count in counts.items()}

    def of(self, person: str) -> dict[str, int]:
        """What is known of a person: id of the statements (``Q1_polar``) -> number of the true one."""
        row = self._position[person]
        return {
            name: number
            for form in FORMS
            for name, number in zip(self._ids[form], self.numbers[form][row].tolist(), strict=True)
            if number != MISSING
        }

    @cached_property
    def _ids(self) -> Mapping[Form, tuple[str, ...]]:
        return {form: tuple(one.id for one in self.sets.in_form(form)) for form in FORMS}

    @cached_property
    def digest(self) -> str:
        """BLAKE2 hash of people and answers, so that a store knows when they were changed."""
        hasher = hashlib.blake2b("\n".join(self.people).encode("utf-8", "surrogatepass"), digest_size=12)
        for form in FORMS:
            hasher.update(np.ascontiguousarray(self.numbers[form]).tobytes())
        return hasher.hexdigest()


def read_known_answers(
    path: Path,
    sets: StatementSets,
    *,
    row: str,
    columns: Mapping[str, str] | None = None,
    attributes: Sequence[str] = (),
) -> KnownAnswers:
    """People and their answers from a table: CSV, TSV or Parquet, one person a row.

    Parameters
    ----------
    sets : StatementSets
        The survey whose answers are read.
    row : str
        Column that identifies a person.
    columns : mapping, optional
        Question -> column with its option codes; the column is called as the question where nothing is said.
    attributes : sequence of str
        Further columns to keep.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, holds a code that is no whole number, identifies two people alike,
        or nobody has any answer to a question.
    """
    named = {question: (columns or {}).get(question, question) for question in sets.questions}
    header = read_header(path)
    wanted = list(dict.fromkeys((row, *named.values(), *attributes)))
    missing = [name for name in wanted if name not in header.names]
    if missing:
        told = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise DocumentError(
            f"{path}: there is no column {missing[0]!r}{told}; it has {', '.join(header.names[:8])} ... Name the "
            "column of a question under `columns` where it is called otherwise."
        )
    found = read_columns(path, header, wanted)
    return known_answers(
        str(path),
        [found[row].texts[place] for place in found[row].positions.tolist()],
        sets,
        {question: found[column] for question, column in named.items()},
        {name: found[name] for name in attributes},
    )


def known_answers(
    source: str,
    people: Sequence[str],
    sets: StatementSets,
    columns: Mapping[str, Column],
    attributes: Mapping[str, Column],
    notes: Sequence[str] = (),
) -> KnownAnswers:
    """People whose answers are given as columns of option codes; errors are those of :func:`read_known_answers`."""
    if not people:
        raise DocumentError(f"{source}: there is nobody below the first line.")
    _each_once(people, source)
    numbers = {form: np.empty((len(people), len(sets.questions)), np.int8) for form in FORMS}
    told = list(notes)
    for place, question in enumerate(sets.questions):
        column = columns[question]
        codes = column.read(_code, f"{source}, {question}", "option code (a whole number)")
        for form in FORMS:
            one = sets.of(question, form)
            found = [MISSING if code is None else one.number_of(code) or MISSING for code in codes]
            numbers[form][:, place] = np.array(found, np.int8)[column.positions]
        known = numbers["refined"][:, place] != MISSING
        if not known.any():
            listed = [code for statement in sets.of(question, "refined").statements for code in statement.codes]
            raise DocumentError(
                f"{source}: nobody has an answer to {question!r} among its codes {listed}; the column holds "
                f"{', '.join(repr(text) for text in column.texts[:6])}. Is it another column, or coded otherwise?"
            )
        strange = _strangers(codes, column, sets, question)
        if strange:
            told.append(f"{question}: {strange} count as not known.")
    return KnownAnswers(source, tuple(people), sets, numbers, dict(attributes), tuple(told))


def _strangers(codes: Sequence[int | None], column: Column, sets: StatementSets, question: str) -> str:
    """Codes that mean no statement, with how often they stand there; empty when there are none."""
    counts = np.bincount(column.positions, minlength=len(codes)).tolist()
    found = [
        f"code {code} ({count:,})"
        for code, count in zip(codes, counts, strict=True)
        if code is not None and count and sets.of(question, "refined").number_of(code) is None
    ]
    return ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")


def _code(text: str) -> int | None:
    """An option code; ``None`` where nothing stands."""
    return None if text in ("", "NA") else whole_number(text)


def _each_once(people: Sequence[str], source: str) -> None:
    seen: dict[str, int] = {}
    for line, person in enumerate(people, start=1):
        if not person:
            raise DocumentError(f"{source}: row {line} has nothing in the column that identifies a person.")
        if person in seen:
            raise DocumentError(
                f"{source}: rows {seen[person]} and {line} are both the person {person!r}; keep one of them."
            )
        seen[person] = line
