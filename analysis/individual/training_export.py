"""Training sets for a reasoner, written as chat JSONL from people whose answers are known."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.individual.demographics import Said, of_population, of_survey
from analysis.individual.people import People, read_people
from demoscope.columns import read_columns, read_header
from demoscope.documents import read_document
from demoscope.errors import DocumentError
from demoscope.store_file import is_sqlite, read_only
from surveys.statements import Composition, KnownAnswers, training_lines
from surveys.statements.training import examples_expected


class Exported(NamedTuple):
    """What was written."""

    path: Path
    people: int
    """People the examples are drawn from."""
    left_out: int
    """People who are held out and were left away."""
    examples: int
    short: int
    """Examples that could not be made, because enough was known of too few people."""
    size: int
    """Bytes."""
    restricted: bool
    """Whether the terms of the answers forbid passing the file on."""


def export_training(
    document: Path,
    out: Path,
    composition: Composition,
    *,
    without: Sequence[Path] = (),
    only: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Exported:
    """Write a training set.

    Parameters
    ----------
    document : Path
        Names everybody's answers: a wave, or any YAML with ``questionnaire`` or ``published``, and ``known_answers``.
    out : Path
        File to write, one example a line; it is there whole or not at all.
    without : sequence of Path
        Who is held out: stores of waves, or tables whose first column identifies people. They are in no example.
    only : mapping, optional
        Column -> value of the people to learn from, such as one continent.
    seed : int
        Seed of the draws.

    Raises
    ------
    DocumentError
        If something cannot be read or written, nobody is left, too little is known of everybody, or demographic
        statements are wanted and not known.
    """
    people = read_people(document, tuple(only or ()))
    restricted = bool(people.demographics) or bool(read_document(document)[0]["known_answers"].get("restricted"))
    known = _some(people.known, only or {}, str(document))
    held = {person for path in without for person in held_out(path)}
    rows = [row for row, person in enumerate(known.people) if person not in held]
    if not rows:
        raise DocumentError(f"{document}: everybody is held out; there is nobody to learn from.")
    left = len(known) - len(rows)
    known = known.take(np.array(rows))
    demographics = _demographics(document, people, known) if "demographics" in composition.shown else None
    lines = training_lines(known, composition, seed, demographics=demographics)
    examples, size = write_lines(lines, out)
    if not examples:
        out.unlink()
        raise DocumentError(
            f"{document}: no example can be made. An example needs its target and as many other answers as it shows, "
            f"and of nobody more than {known.valid().max():,} are known; ask for fewer (--demonstrations)."
        )
    return Exported(
        out, len(known), left, examples, examples_expected(known, composition) - examples, size, restricted
    )


def write_lines(lines: Iterable[str], out: Path) -> tuple[int, int]:
    """Write lines into a file, which is there whole or not at all; returns their number and their bytes.

    Raises
    ------
    DocumentError
        If the file cannot be written.
    """
    part, count, size = out.with_name(out.name + ".part"), 0, 0
    try:
        with part.open("wb", buffering=1 << 20) as file:
            for line in lines:
                size += file.write(line.encode("utf-8", "surrogatepass") + b"\n")
                count += 1
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DocumentError(f"{out}: cannot be written ({error.strerror or error}).") from None
    return count, size


def held_out(path: Path) -> tuple[str, ...]:
    """Identifiers of people who are held out: those of a wave's store, or the first column of a table.

    Raises
    ------
    DocumentError
        If it is neither, or names nobody.
    """
    if is_sqlite(path):
        with read_only(path) as db:
            rows = db.execute("SELECT source_row FROM personas WHERE source_row IS NOT NULL").fetchall()
        found = tuple(str(row) for (row,) in rows)
    else:
        header = read_header(path)
        column = read_columns(path, header, header.names[:1])[header.names[0]]
        found = tuple(text for text in column.texts if text)
    if not found:
        raise DocumentError(f"{path}: it identifies nobody; name a wave's store, or a table of people.")
    return found


def _some(known: KnownAnswers, only: Mapping[str, str], where: str) -> KnownAnswers:
    kept = np.ones(len(known), bool)
    for name, value in only.items():
        column = known.attributes.get(name)
        if column is None or value not in column.texts:
            there = sorted(column.texts)[:12] if column else sorted(known.attributes)[:12]
            raise DocumentError(f"{where}: nobody has {name} = {value!r}; there are {', '.join(map(repr, there))}.")
        kept &= column.positions == column.texts.index(value)
    return known.take(np.flatnonzero(kept)) if only else known


def _demographics(document: Path, people: People, known: KnownAnswers) -> Said:
    """Demographic statements of everybody."""
    if people.demographics:
        return of_survey(people.demographics, known)
    if people.population is None:
        raise DocumentError(
            f"{document}: who these people are is not told; name their `population`, as a wave does, or leave "
            "`--shown demographics` out."
        )
    return of_population(people.population, document.parent, known)
