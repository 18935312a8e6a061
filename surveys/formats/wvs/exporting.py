"""The data set as files: the tables of WorldValuesBench as it lays them out, as TSV or Parquet; equal each time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from surveys.formats.wvs.dataset import NO_ANSWER, Dataset
from surveys.formats.wvs.examples import BLOCK, examples
from surveys.formats.wvs.probe import GROUPS, ProbeDesign, Sampled
from surveys.formats.wvs.wave7 import PERSON, SCALES

Format = Literal["parquet", "tsv"]
FORMATS: tuple[Format, ...] = ("parquet", "tsv")

AWAY = "full/full_demographic_away.json"
"""Where a prepared folder tells, for each demographic column, the texts of its negative codes."""


def write_tables(
    dataset: Dataset, splits: Mapping[str, NDArray[np.int64]], folder: Path, formats: Sequence[Format]
) -> list[Path]:
    """Write ``SPLIT/SPLIT_demographic_qa`` and ``SPLIT/SPLIT_value_qa``, a row a respondent, for every split.

    Such tables of an earlier preparation in a format that is not wanted now are removed, so that nobody reads those.

    Raises
    ------
    DocumentError
        If a file cannot be written.
    """
    written: list[Path] = []
    for split, places in splits.items():
        for what in ("demographic", "value"):
            for kind in formats:
                path = folder / split / f"{split}_{what}_qa.{kind}"
                make = _write_parquet if kind == "parquet" else _write_tsv
                _guarded(
                    path, lambda path=path, make=make, what=what, places=places: make(dataset, what, places, path)
                )
                written.append(path)
            for kind in FORMATS:
                if kind not in formats:
                    remove(folder / split / f"{split}_{what}_qa.{kind}")
    return written


def write_away(dataset: Dataset, folder: Path) -> None:
    """Write, for each demographic column, which of its texts say that nothing is known (:data:`AWAY`).

    Raises
    ------
    DocumentError
        If the file cannot be written.
    """
    path = folder / AWAY
    text = json.dumps(dataset.away, ensure_ascii=False, indent=1) + "\n"
    _guarded(path, lambda: path.write_text(text, encoding="utf-8", newline="\n"))


def remove(path: Path) -> None:
    """Remove a file that an earlier preparation wrote, if it is there.

    Raises
    ------
    DocumentError
        If it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DocumentError(
            f"{path}: of an earlier preparation, and cannot be removed ({error.strerror or error})."
        ) from None


def write_examples(dataset: Dataset, places: NDArray[np.int64], path: Path) -> None:
    """Write one row an example: person, question, answer; demographics are in the tables of :func:`write_tables`.

    Raises
    ------
    DocumentError
        If the file cannot be written, or its ending is neither ``.parquet`` nor ``.tsv``.
    """
    if path.suffix not in (".parquet", ".tsv"):
        raise DocumentError(f"{path}: examples are written as .parquet or .tsv.")
    columns = (PERSON, "QUESTION_ID", "ANSWER")

    def parquet() -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([(PERSON, pa.int64()), ("QUESTION_ID", pa.string()), ("ANSWER", pa.int16())])
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for start in range(0, len(places), BLOCK):
                block = places[start : start + BLOCK]
                given = np.stack([dataset.answers[question][block] for question in SCALES], axis=1)
                row, question = np.nonzero(given != NO_ANSWER)
                values = (dataset.people[block][row], np.array(list(SCALES))[question], given[row, question])
                writer.write_table(pa.table(dict(zip(columns, map(pa.array, values), strict=True)), schema=schema))

    def text() -> None:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write("\t".join(columns) + "\n")
            file.writelines(
                f"{one.person}\t{one.question}\t{one.answer}\n" for one in examples(dataset, places, attributes=())
            )

    _guarded(path, parquet if path.suffix == ".parquet" else text)


def write_sample(sample: Sequence[Sampled], design: ProbeDesign, path: Path) -> None:
    """Write a sample as the published ``samples.tsv``.

    Raises
    ------
    DocumentError
        If the file cannot be written.
    """
    head = ("Question", "Question Category", *(GROUPS.get(name, name) for name in design.by), PERSON)
    rows = ((one.question, SCALES[one.question].category, *one.levels, str(one.person)) for one in sample)

    def write() -> None:
        text = "".join("\t".join(map(_quoted, row)) + "\n" for row in (head, *rows))
        path.write_text(text, encoding="utf-8", newline="\n")

    _guarded(path, write)


def _guarded(path: Path, write: Any) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write()
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None


def _write_tsv(dataset: Dataset, what: str, places: NDArray[np.int64], path: Path) -> None:
    columns = list(_as_text(dataset, what))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\t".join((PERSON, *(name for name, _, _ in columns))) + "\n")
        for start in range(0, len(places), BLOCK):
            block = places[start : start + BLOCK]
            parts = [texts[positions[block]].tolist() for _, texts, positions in columns]
            people = map(str, dataset.people[block].tolist())
            file.writelines("\t".join(row) + "\n" for row in zip(people, *parts, strict=True))


def _as_text(dataset: Dataset, what: str) -> Iterator[tuple[str, NDArray[np.object_], NDArray[Any]]]:
    """Name, distinct texts and positions of every column."""
    if what == "value":
        for name, answers in dataset.answers.items():
            distinct, positions = _distinct(answers)
            texts = ["" if answer == NO_ANSWER else str(answer) for answer in distinct.tolist()]
            yield name, np.array(texts, dtype=object), positions
    else:
        for name, column in dataset.texts.items():
            yield name, np.array([_quoted(text) for text in column.texts], dtype=object), column.positions


def _distinct(answers: NDArray[np.int16]) -> tuple[NDArray[np.int16], NDArray[Any]]:
    """Distinct answers, which are few, and the place of each."""
    distinct = np.unique(answers)
    return distinct, np.searchsorted(distinct, answers).astype(np.uint8 if len(distinct) < 256 else np.int32)


def _quoted(text: str) -> str:
    """A text as it stands between tabs."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in '\t"\n\r') else text


def _write_parquet(dataset: Dataset, what: str, places: NDArray[np.int64], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, pa.Array] = {PERSON: pa.array(dataset.people[places])}
    if what == "value":
        for name, answers in dataset.answers.items():
            given = answers[places]
            columns[name] = pa.array(given, mask=given == NO_ANSWER)
    else:
        for name, column in dataset.texts.items():
            taken = column.positions[places]
            empty = np.array([not text for text in column.texts], bool)[taken]
            columns[name] = pa.DictionaryArray.from_arrays(pa.array(taken, mask=empty), list(column.texts))
    pq.write_table(pa.table(columns), path, compression="zstd")
