"""Files of scores: ``QUESTION_ID, PARTICIPANT_ID, SCORE``, one row an answer, as WorldValuesBench publishes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.worldvaluesbench.distances import Floats, Ints
from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import SCALES

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("QUESTION_ID", "PARTICIPANT_ID", "SCORE")


@dataclass(frozen=True, eq=False)
class Scores:
    """What one model answered, one row an answer, in the order of the file."""

    name: str
    """What results call the model."""
    questions: tuple[str, ...]
    """Ids of the questions, in the order in which they first appear."""
    question: NDArray[np.int32]
    """(n_rows,) position of each row's question."""
    people: Ints
    """(n_rows,) identifier of the person each row answers for."""
    values: Floats
    """(n_rows,) the score; NaN where it could not be read."""

    def __len__(self) -> int:
        return len(self.values)

    def rows(self) -> dict[str, NDArray[np.intp]]:
        """Rows of each question, in the order of the file."""
        order = np.argsort(self.question, kind="stable")
        ends = np.searchsorted(self.question[order], np.arange(1, len(self.questions)))
        return dict(zip(self.questions, np.split(order, ends), strict=True))


def read_scores(path: Path, name: str | None = None) -> Scores:
    """Scores of a file: CSV, TSV, semicolons, or Parquet; more columns than the three may stand in it.

    Parameters
    ----------
    name : str, optional
        What results call the model; the file's name without its ending when absent.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, names a question that is no value question of the benchmark, or a
        person by something that is no number.
    """
    table = read_columns(path, COLUMNS)
    questions, question = distinct(table, "QUESTION_ID", path, str)
    unknown = [one for one in questions if one not in SCALES]
    if unknown:
        raise DocumentError(
            f"{path}: {unknown[0]!r} is no value question of WorldValuesBench; they are called Q1 to Q259, Q234A "
            "among them, without the ones it leaves out."
        )
    people, person = distinct(table, "PARTICIPANT_ID", path, whole_number)
    values, score = distinct(table, "SCORE", path, _score)
    if not len(score):
        raise DocumentError(f"{path}: the file has no rows.")
    return Scores(
        name or path.stem,
        tuple(questions),
        question.astype(np.int32),
        np.array(people, np.int64)[person],
        np.array(values, np.float64)[score],
    )


def write_scores(path: Path, rows: Sequence[tuple[str, str, str]]) -> None:
    """Write rows of question, person and score (empty when there is none), tab-separated.

    Raises
    ------
    DocumentError
        If the file cannot be written.
    """
    lines = ["\t".join(row) + "\n" for row in (COLUMNS, *rows)]
    try:
        path.write_text("".join(lines), encoding="utf-8", newline="\n")
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None


def read_columns(path: Path, columns: Sequence[str] | None) -> "pa.Table":
    """Columns of a table as dictionary-encoded text; all of them when none are named.

    Raises
    ------
    DocumentError
        If the file cannot be read or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            names = list(pq.read_schema(path).names)
            _check(path, names, columns)
            return pq.read_table(path, columns=list(columns or names))
        with path.open(encoding="utf-8-sig") as file:
            head = file.readline()
        mark = max("\t,;", key=head.count)
        names = [name.strip().strip('"') for name in head.strip("\r\n").split(mark)]
        _check(path, names, columns)
        wanted = columns or names
        text = pa.dictionary(pa.int32(), pa.string())
        return pc.read_csv(
            path,
            read_options=pc.ReadOptions(column_names=names, skip_rows=1),
            parse_options=pc.ParseOptions(delimiter=mark),
            convert_options=pc.ConvertOptions(
                include_columns=list(wanted), column_types=dict.fromkeys(wanted, text), strings_can_be_null=False
            ),
        )
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file.") from None
    except UnicodeDecodeError:
        raise DocumentError(f"{path}: not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except pa.ArrowInvalid as error:
        raise DocumentError(f"{path}: cannot be read as a table ({str(error).splitlines()[0]}).") from None


def distinct(
    table: "pa.Table", column: str, path: Path, read: Callable[[str], Any]
) -> tuple[list[Any], NDArray[np.intp]]:
    """Distinct values of a column, each read once, and which of them each row has.

    Raises
    ------
    DocumentError
        If ``read`` raises a :class:`ValueError` for a value; the message names the first row that has it.
    """
    import pyarrow as pa

    codes = table[column].combine_chunks()
    if isinstance(codes, pa.ChunkedArray):
        codes = pa.concat_arrays(codes.chunks) if codes.num_chunks else pa.array([], pa.string())
    if not pa.types.is_dictionary(codes.type):
        codes = codes.dictionary_encode()
    position = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    texts = ["" if text is None else str(text) for text in codes.dictionary.to_pylist()]
    if (position < 0).any():
        position = np.where(position < 0, len(texts), position)
        texts.append("")
    used = np.unique(position)
    values: list[Any] = [None] * len(texts)
    for place in used.tolist():
        try:
            values[place] = read(texts[place].strip())
        except ValueError:
            row = int(np.argmax(position == place)) + 1
            raise DocumentError(f"{path}: row {row} has {texts[place]!r} as {column}; it must be a number.") from None
    if len(used) < len(texts):
        values, position = [values[place] for place in used.tolist()], np.searchsorted(used, position)
    return values, position


def whole_number(text: str) -> int:
    """The whole number that a text stands for, with or without a point.

    >>> whole_number("156070594.0")
    156070594
    """
    try:
        return int(text)
    except ValueError:
        value = float(text)
        if value != int(value):
            raise ValueError(text) from None
        return int(value)


def _score(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _check(path: Path, names: Sequence[str], columns: Sequence[str] | None) -> None:
    missing = [column for column in columns or () if column not in names]
    if missing:
        raise DocumentError(
            f"{path}: the column {missing[0]!r} is missing; a file of scores has the columns {', '.join(COLUMNS)}, "
            f"and this one has {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}."
        )
