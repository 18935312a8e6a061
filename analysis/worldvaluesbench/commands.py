"""The commands ``demoscope wvb ...``: WorldValuesBench on the user's own files."""

import csv
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from demoscope.documents import build
from demoscope.errors import DocumentError

app = typer.Typer(
    name="wvb",
    help="WorldValuesBench: prepare the survey's file, evaluate models against its people.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command()
def evaluate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Scores (QUESTION_ID, PARTICIPANT_ID, SCORE), or stores of waves."),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(help="The people: a folder of `wvb prepare`, a table of their answers, or counts as JSON."),
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Break down by continent, urban, education, or a column such as Q260.")
    ] = None,
    samples: Annotated[
        Path | None, typer.Option(help="Sample of the probe, for --by continent, urban and education.")
    ] = None,
    out_of_range: Annotated[
        str, typer.Option(help="Scores outside a scale: keep (as published), clip or drop.")
    ] = "keep",
    tie: Annotated[str, typer.Option(help="Ties of the baseline majority: first, lowest or all_mean.")] = "first",
    aggregate: Annotated[
        str, typer.Option(help="Distance of a question: pooled, or group_mean over what --by names.")
    ] = "pooled",
    draws: Annotated[int, typer.Option(min=0, max=100_000, help="Resamples for intervals; 0 for none.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Write figures: .svg, .png or .pdf.")] = None,
    table: Annotated[Path | None, typer.Option("--csv", help="Write every question and level as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare models' scores with people: distances, baselines, thresholds, subgroups."""
    from analysis.worldvaluesbench import evaluation as wvb
    from analysis.worldvaluesbench.demographics import read_demographics
    from analysis.worldvaluesbench.people import read_humans
    from analysis.worldvaluesbench.rules import Rules

    if reference is None:
        raise DocumentError(
            "Say what the people answered: `--reference FOLDER` (of `demoscope wvb prepare WVS.csv`), or a JSON file "
            "with the number of people per answer."
        )
    _check_outputs(table, plot)
    choices: dict[str, Any] = {"out_of_range": out_of_range, "tie": tie, "aggregate": aggregate}
    rules = build(Rules, {**choices, "draws": draws, "seed": seed}, "wvb evaluate")
    systems = [system for path in files for system in _systems(path)]
    demographics = read_demographics(by, samples, reference) if by else None
    found = wvb.evaluate(systems, read_humans(reference), rules, demographics)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        from rich.console import Console

        from analysis.worldvaluesbench.screen import render

        render(found, Console(highlight=False))
    if table:
        from analysis.worldvaluesbench.screen import csv_rows

        _write(table, csv_rows(found))
    if plot:
        from analysis.worldvaluesbench.figures import write_figures

        write_figures(found, plot)
    for path in (table, plot):
        if path:
            print(f"Written: {path}", file=sys.stderr)


@app.command()
def prepare(
    survey: Annotated[Path, typer.Argument(metavar="WVS", help="The survey's file of wave 7: csv, sav or dta.")],
    out: Annotated[Path, typer.Option(help="Folder that is written.")] = Path("wvb"),
    metadata: Annotated[
        Path | None, typer.Option(help="Folder with the published question_metadata.json and codebook.json.")
    ] = None,
    design: Annotated[Path | None, typer.Option(help="YAML: questions, cells and numbers of the sample.")] = None,
    source_split: Annotated[str | None, typer.Option(help="Split that is sampled: test, valid, train, full.")] = None,
    education_map: Annotated[
        str | None, typer.Option(help="numeric, or code: without master's degrees, as the published sample.")
    ] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="Column that prompts tell; country, settlement, education.")
    ] = None,
    duplicates: Annotated[
        str, typer.Option(help="An identifier on several rows: drop_all, or keep_first.")
    ] = "drop_all",
    out_of_range: Annotated[str, typer.Option(help="Answers outside a scale: missing, refuse or keep.")] = "missing",
    tables: Annotated[str, typer.Option(help="Tables of the splits as parquet, tsv or both.")] = "parquet",
    examples: Annotated[bool, typer.Option(help="Also write every example of every split, a row each.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the benchmark of the survey's file: data set, splits, probe, and a wave that asks it."""
    from surveys.formats.wvs.preparing import Choices, prepare_benchmark

    given = {"source_split": source_split, "education_map": education_map}
    choices = {"duplicates": duplicates, "out_of_range": out_of_range, "tables": tables, "examples": examples}
    made = prepare_benchmark(
        survey,
        out,
        metadata=metadata,
        design=design,
        changes={name: value for name, value in given.items() if value is not None},
        choices=build(Choices, {**choices, **({"attributes": attribute} if attribute else {})}, "wvb prepare"),
    )
    if as_json:
        print(made.model_dump_json(indent=2))
        return
    for line in made.told():
        print(line)


@app.command()
def export(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The SQLite file that a wave wrote.")],
    out: Annotated[Path, typer.Option(help="Folder that the files are written to, one a condition and model.")],
    like: Annotated[Path | None, typer.Option(help="Sample or assignments whose order of rows is kept.")] = None,
) -> None:
    """Write a wave's scores as the files that WorldValuesBench publishes."""
    from analysis.worldvaluesbench.stores import export_scores, read_store

    found = read_store(store)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DocumentError(f"{out}: cannot be written to ({error.strerror or error}).") from None
    for note in (note for scores in found for note in scores.notes):
        print(note, file=sys.stderr)
    for scores in found:
        path = out / f"{scores.name}.tsv"
        print(f"{path}: {export_scores(scores, path, like):,} rows")


def _systems(path: Path) -> list[Any]:
    """What stands in a file of scores or in the store of a wave."""
    from analysis.worldvaluesbench.scores import read_scores
    from analysis.worldvaluesbench.stores import read_store
    from demoscope.store_file import is_sqlite

    return read_store(path) if is_sqlite(path) else [read_scores(path)]


def _check_outputs(table: Path | None, plot: Path | None) -> None:
    """Refuse files that cannot be written before anything is computed."""
    if plot:
        from analysis.worldvaluesbench.figures import check_format

        check_format(plot)
    for path in (table, plot):
        if path and path.is_dir():
            raise DocumentError(f"{path}: is a folder; name a file to write.")
        if path and not os.access(path if path.exists() else path.parent, os.W_OK):
            told = "cannot be written to" if path.parent.is_dir() else "there is no such folder to write into"
            raise DocumentError(f"{path if path.exists() else path.parent}: {told}.")


def _write(path: Path, rows: Any) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None
