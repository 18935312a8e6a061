"""A sheet on which people judge responses, blind to any other judge: written, filled in anywhere, and read back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.choices import Floats
from demoscope.errors import DocumentError
from demoscope.replies import Reply, Rows, read_replies, reply_keys
from demoscope.seeds import generator
from demoscope.tables import read_table, write_new_table
from surveys.judging import DIMENSIONS, Dimension, Verdict, is_drawn

SHOWN = ("response", "respondent", "question", "replicate", "asked", "answer", "explanation")
"""Columns that say what is judged; ``response`` counts from 1. Nothing says under which condition it was given."""

KEY = ("respondent", "question", "replicate")
"""Columns by which a verdict finds its reply again."""

RULES = "rules"
"""What the results call the rules, which judge without a model."""

VERDICTS: dict[str, Verdict | None] = {"yes": "pass", "no": "failure", "": None}
"""What may stand in a dimension's column: appropriate, not appropriate, not judged."""


@dataclass(frozen=True)
class Annotation:
    """What one rater said about one reply in one dimension."""

    respondent: int
    """Number of the respondent in the store."""
    question: str
    """Name of the question."""
    replicate: int
    """Repetition of the question, from 0."""
    annotator: str
    dimension: Dimension
    verdict: Verdict

    @property
    def unit(self) -> tuple[int, str, int]:
        """Which reply it is."""
        return self.respondent, self.question, self.replicate


def drawn_for_annotation(rows: Rows, seed: int, share: float, *, worded: bool = False) -> tuple[Reply, ...]:
    """The replies that people judge, the same that a judge model gets, in an order that hides where they come from.

    Parameters
    ----------
    rows : callable
        Runs a query on the store, such as ``Results.rows``.
    seed : int
        Seed of the wave.
    share : float
        Part of all replies, in (0, 1].
    worded : bool
        Show questions in the questionnaire's words and order, not as a prompt put them, which may tell of the person.

    Raises
    ------
    DocumentError
        If the share is impossible, or came to no reply.
    """
    if not 0 < share <= 1:
        raise DocumentError(f"--share is a part of the replies, above 0 and up to 1, got {share:g}.")
    keys = [key for key in reply_keys(rows) if is_drawn(seed, key.persona, key.question, key.replicate, share)]
    replies = tuple(read_replies(rows, keys, worded=worded))
    if not replies:
        raise DocumentError(f"{share:.3g} of the replies came to none; take a larger --share.")
    places = generator(seed, "annotation sheet").permutation(len(replies)).tolist()
    return tuple(replies[place] for place in places)


def write_sheet(path: Path, replies: Sequence[Reply], mark: str = "synthetic") -> None:
    """Write a CSV with a row a reply, empty columns for its verdicts, and one for the annotator's name.

    Texts that a spreadsheet would take for formulas get a leading apostrophe; they are not read back.

    Parameters
    ----------
    mark : str
        What the last column says in every row: that no person gave these replies.

    Raises
    ------
    DocumentError
        If the file cannot be written or there already is one, which may hold somebody's work.
    """
    rows = (
        (number, r.key.respondent, r.key.question, r.key.replicate, r.asked, r.answer, r.explanation)
        for number, r in enumerate(replies, start=1)
    )
    empty = [""] * (len(DIMENSIONS) + 1)
    columns = [*SHOWN, *DIMENSIONS, "annotator", "synthetic"]
    write_new_table(path, columns, ([*row, *empty, mark] for row in rows), "judgements")


def read_sheet(path: Path) -> tuple[Annotation, ...]:
    """Read the verdicts of a filled-in sheet: ``yes`` (appropriate), ``no``, or nothing.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, has another word in a verdict, a number that is none, verdicts
        without an annotator, or a response twice by one annotator; the message names the line.
    """
    found: list[Annotation] = []
    seen: dict[tuple[int, str, int, str], int] = {}
    for line, row in read_table(path, [*KEY, *DIMENSIONS, "annotator"]):
        where = f"{path}:{line}"
        verdicts = {dimension: _verdict(row[dimension], dimension, where) for dimension in DIMENSIONS}
        given = {dimension: verdict for dimension, verdict in verdicts.items() if verdict is not None}
        if not given:
            continue
        if not row["annotator"]:
            raise DocumentError(f"{where}: these verdicts have no annotator; write a name or initials.")
        if row["annotator"] == RULES:
            raise DocumentError(f"{where}: {RULES!r} are what the results call the rules; write another name.")
        if not row["respondent"].isdecimal():
            raise DocumentError(f"{where}: respondent must be a number from 1, got {row['respondent']!r}.")
        if not row["replicate"].isdecimal():
            raise DocumentError(f"{where}: replicate must be a number from 0, got {row['replicate']!r}.")
        key = (int(row["respondent"]), row["question"], int(row["replicate"]), row["annotator"])
        if key in seen:
            raise DocumentError(f"{where}: {key[3]} judged this response on line {seen[key]} already; keep one.")
        seen[key] = line
        found += [Annotation(*key, dimension, verdict) for dimension, verdict in given.items()]
    return tuple(found)


def read_sheets(paths: Sequence[Path]) -> tuple[Annotation, ...]:
    """Verdicts of several sheets together.

    Raises
    ------
    DocumentError
        As :func:`read_sheet`; or if two sheets hold verdicts of one annotator about one response.
    """
    found: dict[tuple[object, ...], Path] = {}
    annotations: list[Annotation] = []
    for path in paths:
        for each in read_sheet(path):
            other = found.setdefault((each.annotator, each.unit), path)
            if other != path:
                raise DocumentError(
                    f"{path}: {each.annotator} judged respondent {each.respondent}'s reply to {each.question!r} in "
                    f"{other} already; keep one, or give two people two names."
                )
            annotations.append(each)
    return tuple(annotations)


def ratings(annotations: Sequence[Annotation], dimension: Dimension) -> tuple[tuple[str, ...], Floats]:
    """One dimension's verdicts as a table for :mod:`analysis.agreement`.

    Treat a judge model as one more annotator to see how far it agrees with people.

    Returns
    -------
    raters : tuple of str
        In alphabetical order.
    table : numpy.ndarray, shape (n_raters, n_responses)
        1 for a failure, 0 for a pass, NaN where a rater did not judge; responses in the order of their keys.

    >>> made = [Annotation(1, "q", 0, who, "IU", verdict) for who, verdict in (("b", "pass"), ("a", "failure"))]
    >>> ratings(made, "IU")
    (('a', 'b'), array([[1.],
           [0.]]))
    """
    kept = [a for a in annotations if a.dimension == dimension]
    raters = sorted({a.annotator for a in kept})
    units = sorted({a.unit for a in kept})
    place = {unit: column for column, unit in enumerate(units)}
    table = np.full((len(raters), len(units)), np.nan)
    for a in kept:
        table[raters.index(a.annotator), place[a.unit]] = a.verdict == "failure"
    return tuple(raters), table


def _verdict(text: str, dimension: str, where: str) -> Verdict | None:
    try:
        return VERDICTS[text.casefold()]
    except KeyError:
        raise DocumentError(f"{where}: {dimension} must be yes, no or empty, got {text!r}.") from None
