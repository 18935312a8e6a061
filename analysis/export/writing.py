"""Which export is written, told by the ending of its file."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.coded import CodedAnswers, open_coded
from analysis.export.chats import chats
from analysis.export.provenance import Provenance, read_provenance
from analysis.export.spreadsheet_text import neutral
from analysis.export.tidy import tidy_batches
from analysis.export.wide import Wide, wide_table
from analysis.export.withholding import key_beside
from analysis.reading import Results
from demoscope.errors import DocumentError

if TYPE_CHECKING:
    import pyarrow as pa

Writer = Callable[[Results, Provenance, "bytes | None", Path], str]
"""Writes a file and tells what is in it."""


def export(
    store: Path,
    out: Path,
    *,
    wide: bool = False,
    with_restricted: bool = False,
    coded: Sequence[CodedAnswers] = (),
) -> str:
    """Write the answers of a store for other tools.

    Parameters
    ----------
    out : Path
        ``.csv`` or ``.parquet`` (tidy answers, or wide ones), ``.sav``, ``.dta``, ``.jsonl`` (chats), ``.xml`` (DDI
        codebook of the wide files) or ``.zip`` (reproducibility bundle).
    wide : bool
        One row a respondent instead of one an answer, in CSV and Parquet.
    with_restricted : bool
        Pass rows of a restricted source on.
    coded : sequence of CodedAnswers
        Open answers in codes (:func:`analysis.coded.read_coded`): further rows or variables, and files in a bundle.

    Returns
    -------
    str
        What was written, for people.

    Raises
    ------
    StoreError
        If the store is missing, no store, damaged, or was written by a newer version.
    DocumentError
        If there is no such export, it has no place for codes, or the file cannot be written.
    """
    ending = out.suffix.lower()
    writers = WIDE_WRITERS if wide or ending in WIDE_WRITERS.keys() - TIDY_WRITERS.keys() else TIDY_WRITERS
    if ending not in writers:
        known = ", ".join(sorted(WIDE_WRITERS.keys() | TIDY_WRITERS.keys()))
        raise DocumentError(f"{out}: exports end in {known}; end the name with one of these.")
    if coded and ending == ".jsonl":
        raise DocumentError(f"{out}: chats hold what was said, and codes were not; leave out --codes.")
    if not out.absolute().parent.is_dir():
        raise DocumentError(f"{out}: there is no folder {str(out.absolute().parent)!r}; create it first.")
    if out.exists() and store.exists() and out.samefile(store):
        raise DocumentError(f"{out} is the store itself; choose another name for the export.")
    with open_coded(store, coded) as results:
        provenance = read_provenance(results)
        key = key_beside(store) if provenance.restricted and not with_restricted else None
        told = writers[ending](results, provenance, key, out)
    withheld = f"; restricted rows are hashed (key: {store}.key)" if key is not None else ""
    return f"{told}{withheld}"


def _parquet(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    import pyarrow.parquet as pq

    batches = tidy_batches(results, provenance, key)
    rows = 0

    def write(half: Path) -> None:
        nonlocal rows
        first = next(batches)
        with pq.ParquetWriter(half, first.schema, compression="zstd") as writer:
            for batch in _chained(first, batches):
                writer.write_batch(batch)
                rows += batch.num_rows

    _whole(out, write)
    return f"{out}: {rows:,} tidy rows"


def _csv(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    import pyarrow.csv as pc

    batches = tidy_batches(results, provenance, key)
    rows = 0

    def write(half: Path) -> None:
        nonlocal rows
        first = _for_csv(next(batches))
        with half.open("wb") as file:
            file.write(b"\xef\xbb\xbf")  # so that spreadsheets take it for UTF-8
            with pc.CSVWriter(file, first.schema) as writer:
                for batch in _chained(first, map(_for_csv, batches)):
                    writer.write_batch(batch)
                    rows += batch.num_rows

    _whole(out, write)
    return f"{out}: {rows:,} tidy rows"


def _for_csv(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    """The same with texts that no spreadsheet runs; a dictionary is made neutral once."""
    import pyarrow as pa

    columns = []
    for column in batch.columns:
        if isinstance(column, pa.DictionaryArray):
            safe = pa.array([neutral(text) for text in column.dictionary.to_pylist()], pa.string())
            column = safe.take(column.indices)
        elif column.type == pa.string():
            column = pa.array([text if text is None else neutral(text) for text in column.to_pylist()], pa.string())
        columns.append(column)
    names = [neutral(name) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays(columns, names=names)


def _chained(first: "pa.RecordBatch", rest: Iterator["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
    yield first
    yield from rest


def _wide(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> tuple[Wide, str]:
    wide = wide_table(results, provenance, key)
    return wide, f"{out}: {wide.rows:,} rows, {len(wide.variables):,} variables"


def _sav(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    from analysis.export.statistical_files import write_sav

    wide, told = _wide(results, provenance, key, out)
    write_sav(wide, provenance, out)
    return told


def _dta(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    from analysis.export.statistical_files import write_dta

    wide, told = _wide(results, provenance, key, out)
    write_dta(wide, provenance, out)
    return told


def frame_of_wide(wide: Wide, provenance: Provenance, safe: bool) -> Any:
    """The wide table as a pandas frame; values that are missing for any reason are empty, numbers without fractions
    are whole, and texts are ``safe`` when no spreadsheet runs them."""
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    for v in wide.variables:
        if v.is_text:
            columns[v.name] = [neutral(text) if safe and text is not None else text for text in v.values]
        else:
            values = np.where(np.isin(v.values, list(v.missing)), np.nan, v.values)
            whole = bool((values[~np.isnan(values)] % 1 == 0).all())
            columns[v.name] = pd.array(values, dtype="Int64" if whole else "Float64")
    frame = pd.DataFrame(columns)
    frame.attrs["synthetic"] = provenance.sentence
    return frame


def _wide_csv(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    wide, told = _wide(results, provenance, key, out)
    frame = frame_of_wide(wide, provenance, safe=True)
    _whole(out, lambda half: frame.to_csv(half, index=False, encoding="utf-8-sig", errors="replace"))
    return told


def _wide_parquet(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    wide, told = _wide(results, provenance, key, out)
    table = pa.Table.from_pandas(frame_of_wide(wide, provenance, safe=False), preserve_index=False)
    labels = {v.name: v.labels for v in wide.variables if v.labels}
    marks = {"synthetic": "true", "demoscope": provenance.sentence, "value_labels": json.dumps(labels)}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **marks})
    _whole(out, lambda half: pq.write_table(table, half, compression="zstd"))
    return told


def _jsonl(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    lines = 0

    def write(half: Path) -> None:
        nonlocal lines
        with half.open("w", encoding="utf-8") as file:
            for line in chats(results, provenance, key):
                file.write(line)
                lines += 1

    _whole(out, write)
    return f"{out}: {lines:,} chats"


def _ddi(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    from analysis.export.codebook import codebook

    wide, _ = _wide(results, provenance, key, out)
    reference = results.reference
    sources = {"human reference": f"{reference.title} ({reference.year}): {reference.source}"} if reference else {}
    content = codebook(wide, provenance, sources)
    _whole(out, lambda half: half.write_bytes(content))
    return f"{out}: a codebook of {len(wide.variables):,} variables"


def _zip(results: Results, provenance: Provenance, key: bytes | None, out: Path) -> str:
    from analysis.export.bundle import write_bundle

    write_bundle(results, provenance, key, out)
    return f"{out}: everything that repeats the wave"


def _whole(out: Path, write: Callable[[Path], object]) -> None:
    """Let a file be written beside its place and move it there, so that nobody meets half of one."""
    half = out.with_name(f".{out.name}.part")
    try:
        write(half)
        half.replace(out)
    except OSError as error:
        raise DocumentError(f"{out}: cannot be written ({error.strerror or error}).") from None
    finally:
        half.unlink(missing_ok=True)


TIDY_WRITERS: dict[str, Writer] = {".csv": _csv, ".parquet": _parquet, ".jsonl": _jsonl, ".zip": _zip}
WIDE_WRITERS: dict[str, Writer] = {
    ".csv": _wide_csv,
    ".parquet": _wide_parquet,
    ".sav": _sav,
    ".dta": _dta,
    ".xml": _ddi,
}
