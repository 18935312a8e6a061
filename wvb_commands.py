"""The commands ``demoscope wvb ...``: WorldValuesBench on the user's own files."""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from demoscope.errors import DocumentError

app = typer.Typer(
    name="wvb",
    help="WorldValuesBench: prepare the survey's file, evaluate models against its people.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.callback()
def commands() -> None:
    """WorldValuesBench on the user's own files."""


@app.command()
def evaluate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Scores (QUESTION_ID, PARTICIPANT_ID, SCORE), one model a file."),
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
    from demoscope.documents import build

    if reference is None:
        raise DocumentError(
            "Say what the people answered: `--reference FOLDER` (of `demoscope wvb prepare WVS.csv`), or a JSON file "
            "with the number of people per answer."
        )
    choices: dict[str, Any] = {"out_of_range": out_of_range, "tie": tie, "aggregate": aggregate}
    rules = build(wvb.Rules, {**choices, "draws": draws, "seed": seed}, "wvb evaluate")
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


def _systems(path: Path) -> list[Any]:
    """What stands in a file of scores."""
    from analysis.worldvaluesbench.scores import read_scores

    return [read_scores(path)]


def _write(path: Path, rows: Any) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None
