"""Everything that `demoscope wvb prepare` makes of the survey's file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from demoscope.documents import Document, build, read_document
from demoscope.errors import DocumentError
from surveys.formats.wvs.dataset import Duplicates, OutOfRange, prepare
from surveys.formats.wvs.examples import count
from surveys.formats.wvs.exporting import (
    FORMATS,
    Format,
    remove,
    write_away,
    write_examples,
    write_sample,
    write_tables,
)
from surveys.formats.wvs.metadata import read_metadata
from surveys.formats.wvs.probe import ProbeDesign, sample_probe
from surveys.formats.wvs.splits import published_splits
from surveys.formats.wvs.wave_files import ATTRIBUTES, write_wave


class Choices(Document):
    """What a user may choose beside the design of the sample."""

    duplicates: Duplicates = "drop_all"
    """What becomes of an identifier that stands on several rows."""
    out_of_range: OutOfRange = "missing"
    """What becomes of answers outside their scale."""
    tables: Literal["parquet", "tsv", "both"] = "parquet"
    """How the tables of the splits are written."""
    examples: bool = False
    """Whether every example is written too."""
    attributes: tuple[str, ...] = ATTRIBUTES
    """Demographic columns that prompts may tell."""


class SplitSize(Document):
    """How large a split is."""

    split: str
    participants: int
    examples: int
    """Answers that were given to value questions."""


class Prepared(Document):
    """What was made."""

    folder: str
    version: str | None
    """What the survey's file says of itself."""
    splits: tuple[SplitSize, ...]
    pairs: int
    """Pairs of questions and respondents in the sample."""
    people: int
    """Respondents in the sample."""
    cells: int
    """Cells that somebody was sampled from, at most, over the questions."""
    wave: str | None
    """The wave that asks the pairs; ``None`` when wordings were not given."""
    notes: tuple[str, ...]

    def told(self) -> Iterator[str]:
        """Lines for people."""
        for one in self.splits:
            yield f"{one.split:6} {one.participants:>8,} participants {one.examples:>12,} examples"
        yield f"probe  {self.people:>8,} participants {self.pairs:>12,} examples, {self.cells} cells"
        yield from self.notes
        yield f"Written: {self.folder}"
        if self.wave:
            yield f"Ask a model: demoscope run {self.wave}"


def prepare_benchmark(
    survey: Path,
    folder: Path,
    *,
    metadata: Path | None = None,
    design: Path | None = None,
    changes: Mapping[str, Any] | None = None,
    choices: Choices | None = None,
) -> Prepared:
    """Read the survey's file and write data set, splits, sample, and (when wordings are given) a wave.

    Parameters
    ----------
    metadata : Path, optional
        Folder with the published ``question_metadata.json`` and ``codebook.json``, or one of them.
    design : Path, optional
        YAML of a :class:`ProbeDesign`; the published probe when absent.
    changes : mapping, optional
        Keys of the design to set beside what the file says.

    Raises
    ------
    DocumentError
        If the survey's file, the metadata or the design cannot be used, or the folder holds a wave that would not
        fit; the message says why.
    """
    chosen = choices or Choices()
    content, lines = read_document(design) if design else ({}, {})
    wanted = build(ProbeDesign, {**content, **(changes or {})}, str(design or "the design of the probe"), lines)
    words = read_metadata(metadata) if metadata else None
    dataset = prepare(survey, words, duplicates=chosen.duplicates, out_of_range=chosen.out_of_range)
    sample = sample_probe(dataset, wanted)
    splits = published_splits(len(dataset))
    formats: tuple[Format, ...] = FORMATS if chosen.tables == "both" else (chosen.tables,)
    notes = [*dataset.notes]
    if words is not None and words.wordings:
        notes += write_wave(dataset, sample, wanted, folder / "wave", chosen.attributes)
    elif (folder / "wave" / "wave.yaml").exists():
        raise DocumentError(
            f"{folder} holds the wave of an earlier preparation, which would no longer fit the sample. Give the "
            "wordings (`--metadata`) so that it is written anew, name another folder (`--out`), or delete "
            f"{folder / 'wave'}."
        )
    write_tables(dataset, splits, folder, formats)
    write_away(dataset, folder)
    write_sample(sample, wanted, folder / "probe" / "samples.tsv")
    for name, places in splits.items():
        for kind in FORMATS:
            path = folder / name / f"{name}_examples.{kind}"
            if chosen.examples and kind == formats[0]:
                write_examples(dataset, places, path)
            else:
                remove(path)
    if words is None or not words.wordings:
        notes.append(
            "No wave was written, because the wording of the questions was not given (`--metadata`: the folder of "
            "the published question_metadata.json and codebook.json)."
        )
    cells = max(len({one.levels for one in sample if one.question == question}) for question in wanted.questions)
    return Prepared(
        folder=str(folder),
        version=dataset.version,
        splits=tuple(
            SplitSize(split=name, participants=len(places), examples=count(dataset, places))
            for name, places in splits.items()
        ),
        pairs=len(sample),
        people=len({one.person for one in sample}),
        cells=cells,
        wave=str(folder / "wave" / "wave.yaml") if words is not None and words.wordings else None,
        notes=tuple(notes),
    )
