"""The commands that compare: conditions, waves, people beside a wave, and the ways of asking."""

from pathlib import Path
from typing import Annotated

import typer

from analysis.commands import Codes, Profile
from demoscope.command_line import AsJson, StorePath, StorePaths, console, say
from demoscope.errors import DocumentError


def compare(
    stores: StorePaths,
    profile: Profile = "demoscope",
    details: Annotated[
        bool, typer.Option("--details", help="Also bias, voices, habits, configurations, judges.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Write the figures of DEF's paper: .svg, .png or .pdf.")] = None,
    resolutions: Annotated[
        Path | None, typer.Option(help="CSV of what people decided about unreadable replies (of the first store).")
    ] = None,
    annotation: Annotated[
        list[Path] | None,
        typer.Option(help="Filled-in sheet of an annotator (of the first store); once for each of them."),
    ] = None,
    checks: Annotated[
        Path | None, typer.Option(help="YAML of the rules' checks: markers, pairs, opposed, keys of fact questions.")
    ] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MODEL,...", help="Models to compare as a series with others; twice or more."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(help="Table of whole real people, questions and traits as columns: do answers hang together?"),
    ] = None,
    codes: Codes = None,
    as_json: AsJson = False,
) -> None:
    """Show conditions side by side, of one store or several: diversity, distance from people, tokens, time, cost."""
    from analysis.annotation import read_sheets
    from analysis.coded import read_coded
    from analysis.compare import compare_stores
    from analysis.compare_screen import render_comparison
    from analysis.def_rules import rules_named
    from analysis.model_series import read_series, series_tests
    from analysis.resolutions import read_resolutions
    from analysis.rule_judge import Rules
    from analysis.whole_people import read_people
    from demoscope.documents import read

    decided = read_resolutions(resolutions) if resolutions else ()
    sheets = read_sheets(annotation or ())
    named = read_series(series or ())
    found = compare_stores(
        stores,
        rules_named(profile),
        details=details or plot is not None or people is not None,
        decided=decided,
        annotations=sheets,
        checks=read(Rules, checks) if checks else None,
        people=read_people(people) if people else None,
        coded=read_coded(codes or (), stores),
    )
    if named:
        found = found.model_copy(update={"series": series_tests(found.rows, named)})
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_comparison(found, console())
    if plot:
        from analysis.def_figures import write_def_figures

        write_def_figures(found, plot)
        say(f"Written: {plot}")


def differences(
    stores: Annotated[
        list[Path], typer.Argument(metavar="A B...", help="Stores of two waves, or of a series in the order of time.")
    ],
    cell: Annotated[str | None, typer.Option(help="Condition of every store; the only one when absent.")] = None,
    cell_a: Annotated[str | None, typer.Option(help="Condition of A, of two.")] = None,
    cell_b: Annotated[str | None, typer.Option(help="Condition of B, of two; B may be the same store.")] = None,
    test: Annotated[str, typer.Option(help="Of a series: any difference, or a trend.")] = "any",
    correction: Annotated[str, typer.Option(help="For many questions: holm or benjamini_hochberg.")] = "holm",
    draws: Annotated[int, typer.Option(min=99, max=1_000_000, help="Permutations of each test.")] = 10_000,
    codes: Codes = None,
    as_json: AsJson = False,
) -> None:
    """Compare two waves, or follow a series, question by question; each person with itself where all were asked."""
    if len(stores) < 2:
        raise DocumentError("Differences are between two stores or more; name another, or the same one twice.")
    if len(stores) > 2:
        if cell_a or cell_b:
            raise DocumentError("--cell-a and --cell-b belong to two stores; --cell names the condition of a series.")
        _drift(stores, cell, test, correction, draws, codes, as_json)
        return
    if test != "any":
        raise DocumentError(f"--test {test} belongs to a series of three stores or more.")
    from analysis.coded import read_coded
    from analysis.wave_differences import wave_differences
    from analysis.wave_differences_screen import render_differences

    first, second, *_ = stores
    cells = (cell_a or cell, cell_b or cell)
    coded = read_coded(codes or (), [first, second])
    found = wave_differences(first, second, cells=cells, correction=correction, draws=draws, coded=coded)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_differences(found, console())


def _drift(
    stores: list[Path],
    cell: str | None,
    test: str,
    correction: str,
    draws: int,
    codes: list[Path] | None,
    as_json: bool,
) -> None:
    from analysis.coded import read_coded
    from analysis.wave_drift import wave_drift
    from analysis.wave_drift_screen import render_drift

    coded = read_coded(codes or (), stores)
    found = wave_drift(stores, cell=cell, test=test, correction=correction, draws=draws, coded=coded)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_drift(found, console())


def worth(store: StorePath, as_json: AsJson = False) -> None:
    """Show how many people each condition is worth, and how many simulated respondents are worth asking."""
    from analysis.worth import render_worths, worths

    found = worths(store)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_worths(found, console())


def combine(
    store: StorePath,
    people: Annotated[
        Path, typer.Argument(metavar="PEOPLE.csv", help="Answers of people: persona (their twin), question, code.")
    ],
    cell: Annotated[str | None, typer.Option(help="Condition; the only one when absent.")] = None,
    by: Annotated[str | None, typer.Option(help="Attribute of personas whose levels are strata.")] = None,
    codes: Codes = None,
    as_json: AsJson = False,
) -> None:
    """Put a small human sample together with a wave, and show what it gains over the people alone."""
    from analysis.coded import read_coded
    from analysis.human_sample import render_human_sample, with_human_sample

    found = with_human_sample(store, people, cell, by, read_coded(codes or (), [store]))
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_human_sample(found, console())


def probe_report(
    stores: Annotated[
        list[Path], typer.Argument(metavar="STORE...", help="SQLite files of waves that probe models.")
    ],
    profile: Annotated[str, typer.Option(help="demoscope, paper or code, where probing's sources disagree.")] = (
        "demoscope"
    ),
    by: Annotated[
        str | None, typer.Option(help="Group the people told by a grouping of the reference, or an attribute.")
    ] = None,
    people: Annotated[
        Path | None, typer.Option(help="Human distributions as JSON: country, question, code, people.")
    ] = None,
    middle: Annotated[
        str | None, typer.Option(help="Middle options where values meet actions: split, drop or code.")
    ] = None,
    js_base: Annotated[
        float | None,
        typer.Option(min=1.0001, help="Base of the logarithm of Jensen-Shannon distances; e by default."),
    ] = None,
    squared: Annotated[bool, typer.Option("--squared", help="Divergences in place of distances.")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Also every pair, topic and question, with its shares freed of places.")
    ] = False,
    figures: Annotated[Path | None, typer.Option(help="Folder for the figures as SVG, each with its data.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show whether probed answers hold however one asks, and whether they mean anything."""
    from analysis.probing.report import probe_report as report_probes
    from analysis.probing.rules import rules_for
    from analysis.probing.screen import render_probe

    given = {"middle": middle, "js_base": js_base, "squared": squared or None}
    flags = {name: value for name, value in given.items() if value is not None}
    found = report_probes(stores, rules_for(profile, **flags), by=by, people=people)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_probe(found, console(), details)
    if figures:
        from analysis.probing.figures import write_probe_figures

        for path in write_probe_figures(found, figures):
            say(f"Written: {path}")
