"""A sheet on which people judge responses, blind to any other judge: written, filled in anywhere, and read back."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.choices import Floats
from analysis.insensitivity import DIMENSIONS, Dimension, Verdict
from demoscope.errors import DocumentError
from demoscope.tables import read_table

SHOWN = ("response", "cell", "respondent", "question", "text", "reply")
"""Columns that say what is judged; ``response`` counts from 1."""

VERDICTS: dict[str, Verdict | None] = {"yes": "pass", "no": "failure", "": None}
"""What may stand in a dimension's column: appropriate, not appropriate, not judged."""


@dataclass(frozen=True)
class Sampled:
    """One response to be judged."""

    response: int
    """Its number, from 1."""
    cell: str
    respondent: int
    """Its number in the store."""
    question: str
    """Name of the question."""
    text: str
    """What was asked."""
    reply: str
    """What the model replied."""


@dataclass(frozen=True)
class Annotation:
    """What one person said about one response in one dimension."""

    cell: str
    respondent: int
    question: str
    annotator: str
    dimension: Dimension
    verdict: Verdict


def write_sheet(path: Path, responses: Sequence[Sampled]) -> None:
    """Write a CSV with a row a response, empty columns for its verdicts, and one for the annotator's name.

    Texts that a spreadsheet would take for formulas get a leading apostrophe; they are not read back.

    Raises
    ------
    DocumentError
        If the file cannot be written or there already is one, which may hold somebody's work.
    """
    try:
        with path.open("x", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow([*SHOWN, *DIMENSIONS, "annotator"])
            for r in responses:
                texts = (_harmless(r.text), _harmless(r.reply))
                table.writerow([r.response, r.cell, r.respondent, r.question, *texts, *[""] * (len(DIMENSIONS) + 1)])
    except FileExistsError:
        raise DocumentError(f"{path} is there already and may hold judgements; choose another name.") from None
    except OSError as error:
        raise DocumentError(f"{path}: the sheet cannot be written ({error.strerror}).") from None


def read_sheet(path: Path) -> tuple[Annotation, ...]:
    """Read the verdicts of a filled-in sheet: ``yes`` (appropriate), ``no``, or nothing.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, has another word in a verdict, a number that is none, verdicts
        without an annotator, or a response twice by one annotator; the message names the line.
    """
    found: list[Annotation] = []
    seen: dict[tuple[str, int, str, str], int] = {}
    for line, row in read_table(path, ["cell", "respondent", "question", *DIMENSIONS, "annotator"]):
        where = f"{path}:{line}"
        verdicts = {dimension: _verdict(row[dimension], dimension, where) for dimension in DIMENSIONS}
        given = {dimension: verdict for dimension, verdict in verdicts.items() if verdict is not None}
        if not given:
            continue
        if not row["annotator"]:
            raise DocumentError(f"{where}: these verdicts have no annotator; write a name or initials.")
        if not row["respondent"].isdigit():
            raise DocumentError(f"{where}: respondent must be a number from 1, got {row['respondent']!r}.")
        key = (row["cell"], int(row["respondent"]), row["question"], row["annotator"])
        if key in seen:
            raise DocumentError(f"{where}: {key[3]} judged this response on line {seen[key]} already; keep one.")
        seen[key] = line
        found += [Annotation(*key, dimension, verdict) for dimension, verdict in given.items()]
    return tuple(found)


def ratings(annotations: Sequence[Annotation], dimension: Dimension) -> tuple[tuple[str, ...], Floats]:
    """One dimension's verdicts as a table for :mod:`analysis.agreement`.

    Treat a judge model as one more annotator to see how far it agrees with people.

    Returns
    -------
    raters : tuple of str
        In alphabetical order.
    table : numpy.ndarray, shape (n_raters, n_responses)
        1 for a failure, 0 for a pass, NaN where a rater did not judge; responses in the order of their keys.

    >>> made = [Annotation("c", 1, "q", who, "IU", verdict) for who, verdict in (("b", "pass"), ("a", "failure"))]
    >>> ratings(made, "IU")
    (('a', 'b'), array([[1.],
           [0.]]))
    """
    kept = [a for a in annotations if a.dimension == dimension]
    raters = sorted({a.annotator for a in kept})
    units = sorted({(a.cell, a.respondent, a.question) for a in kept})
    place = {unit: column for column, unit in enumerate(units)}
    table = np.full((len(raters), len(units)), np.nan)
    for a in kept:
        table[raters.index(a.annotator), place[a.cell, a.respondent, a.question]] = a.verdict == "failure"
    return tuple(raters), table


def _verdict(text: str, dimension: str, where: str) -> Verdict | None:
    try:
        return VERDICTS[text.casefold()]
    except KeyError:
        raise DocumentError(f"{where}: {dimension} must be yes, no or empty, got {text!r}.") from None


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
