"""Open answers of a store as a coder reads them, and the sheet that takes their codes.

People and models that code must see the same, whoever of them comes first, so both read it here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demoscope.errors import DocumentError
from demoscope.replies import Rows
from demoscope.seeds import generator
from demoscope.tables import write_new_table

KEY = ("respondent", "replicate")
COLUMNS = ("answer", *KEY, "text", "code", "coder")
"""Columns of a sheet; ``answer`` counts from 1, ``code`` and ``coder`` are filled in."""


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """One answer in a respondent's own words."""

    respondent: int
    """Number of the respondent in the store."""
    replicate: int
    """Repetition of the question, from 0."""
    cell: str
    """Name of the cell."""
    persona: int
    """Id of the persona in the store."""
    text: str

    @property
    def key(self) -> tuple[int, int]:
        """Which answer it is, among those to one question."""
        return self.respondent, self.replicate


def texts_of(rows: Rows, question: str) -> tuple[OpenAnswer, ...]:
    """Every understood answer to an open question, by respondent and repetition; none to another kind."""
    found = rows(
        """SELECT a.respondent_id, a.replicate, c.name, r.persona_id, coalesce(a.text, '') FROM answers a
        JOIN respondents r ON r.id = a.respondent_id JOIN cells c ON c.id = r.cell_id
        JOIN questions q ON q.id = a.question_id
        WHERE q.name = ? AND q.kind = 'text' AND a.status = 'answered' AND a.method = 'text' ORDER BY 1, 2""",
        (question,),
    )
    return tuple(OpenAnswer(*row) for row in found)


def open_answers(rows: Rows, question: str, seed: int, where: str) -> tuple[OpenAnswer, ...]:
    """The same in a drawn order that hides where they come from.

    Parameters
    ----------
    seed : int
        Seed of the wave.
    where : str
        What messages call the store.

    Raises
    ------
    DocumentError
        If there is no such question, it is of another kind, or nobody answered it.
    """
    kinds = dict(rows("SELECT name, kind FROM questions WHERE kind <> 'note' ORDER BY id", ()))
    if question not in kinds:
        raise DocumentError(f"{where}: there is no question {question!r}; there are {', '.join(kinds)}.")
    if kinds[question] != "text":
        raise DocumentError(
            f"{where}: {question!r} is of kind {kinds[question]}; open answers are those of kind `text`."
        )
    found = texts_of(rows, question)
    if not found:
        raise DocumentError(f"{where}: nobody has answered {question!r} yet.")
    places = generator(seed, "coding sheet", question).permutation(len(found)).tolist()
    return tuple(found[place] for place in places)


def write_coding_sheet(
    path: Path, answers: Sequence[OpenAnswer], codes: Mapping[tuple[int, int], int] | None = None, coder: str = ""
) -> None:
    """Write a CSV with a row an answer: for a coder to fill in, or with the codes that one gave.

    Errors as :func:`demoscope.tables.write_new_table`.
    """
    given = codes or {}
    rows = (
        (n, one.respondent, one.replicate, one.text, given.get(one.key, ""), coder)
        for n, one in enumerate(answers, start=1)
    )
    write_new_table(path, COLUMNS, rows, "codes")
