"""The commands that tell what came of waves."""

import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demoscope.command_line import AsJson, StorePath, StorePaths, console, now, say
from demoscope.errors import DocumentError

if TYPE_CHECKING:
    from analysis.coded import CodedAnswers
    from analysis.findings import Summary

Codes = Annotated[
    list[Path] | None,
    typer.Option(metavar="CODES.json", help="Count open answers in codes too, as `code read -o` wrote them."),
]
Profile = Annotated[str, typer.Option(help="demoscope, paper or code, where DEF's sources disagree.")]


JUDGED_SHARE = 0.01
"""Part of the replies that people judge where nobody says another: that of a judge."""


def report(
    stores: StorePaths,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write one self-contained HTML page instead of the summary.")
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write figures for publication, with their data, into a folder."),
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the page: en or zh.")] = "en",
    profile: Profile = "demoscope",
    effects: Annotated[
        bool, typer.Option("--effects", help="Instead: what order, split ballots, vignettes and conjoint tasks did.")
    ] = False,
    annotation: Annotated[
        list[Path] | None,
        typer.Option(help="Filled-in sheet of an annotator of the first store; once for each of them."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(metavar="PEOPLE.csv", help="Small human sample put together with the wave on the page (-o)."),
    ] = None,
    codes: Codes = None,
    as_json: AsJson = False,
) -> None:
    """Show the summary of stores again, its effects or agreements, or write it all as a page (-o) for anybody."""
    from analysis.coded import read_coded

    if people is not None and out is None:
        raise DocumentError("--people belongs to a page; name it with -o. On the terminal: demoscope combine.")
    coded = read_coded(codes or (), stores)
    if out is not None or figures is not None:
        _report_page(stores, out, figures, profile, language, coded, people)
    elif annotation:
        _report_agreement(stores[0], annotation, coded, as_json)
    else:
        for store in stores:
            if effects:
                _report_effects(store, coded, as_json)
            else:
                _report_summary(store, coded, as_json)


def _report_summary(store: Path, coded: Sequence["CodedAnswers"], as_json: bool) -> None:
    from analysis.probing.report import probes_among
    from analysis.probing.summary_screen import render_probed_summary

    probes = None if as_json else probes_among([store])
    if probes is None:
        show_summary(summary_of(store, coded), as_json)
    else:
        render_probed_summary(summary_of(store, coded), probes, store, console())


def _report_page(
    stores: list[Path],
    out: Path | None,
    figures: Path | None,
    profile: str,
    language: str,
    coded: Sequence["CodedAnswers"],
    people: Path | None,
) -> None:
    from analysis.def_rules import rules_named
    from analysis.report.report import write_report

    for line in write_report(
        *(stores, out, figures, rules_named(profile)),
        language=language,
        version=_version(),
        now=now(),
        coded=coded,
        people=people,
    ):
        say(line)


def _report_effects(store: Path, coded: Sequence["CodedAnswers"], as_json: bool) -> None:
    from analysis.coded import open_coded
    from analysis.effects import effects_report, without_effect
    from analysis.effects_screen import render_effects

    with open_coded(store, coded) as results:
        found = effects_report(results)
        for question in without_effect(results):
            say(f"{store}: {question.codes_of!r} belongs to no split ballot, so {question.name!r} is in no table.")
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_effects(found, console())


def _report_agreement(store: Path, annotation: list[Path], coded: Sequence["CodedAnswers"], as_json: bool) -> None:
    from analysis.agreement_screen import render_agreements
    from analysis.agreements import read_agreements

    agreed = read_agreements(store, annotation)
    summary = summary_of(store, coded)
    if as_json:
        parts = {"agreements": [each.model_dump(mode="json") for each in agreed]}
        print(json.dumps(summary.model_dump(mode="json") | parts, indent=2, ensure_ascii=False))
    else:
        show_summary(summary, as_json=False)
        render_agreements(agreed, console())


def annotate(
    store: StorePath,
    sheet: Annotated[Path, typer.Argument(metavar="SHEET.csv", help="CSV to write, for people to fill in.")],
    share: Annotated[
        float, typer.Option(help="Part of the replies on it, up to 1; those of a judge's share.")
    ] = JUDGED_SHARE,
) -> None:
    """Write a sheet on which people judge replies, yes (appropriate) or no: `export STORE -o SHEET --annotation`."""
    from analysis.export.annotation_sheet import export_annotation_sheet

    say(export_annotation_sheet(store, sheet, share))


def unread(
    store: StorePath,
    table: Annotated[Path, typer.Argument(metavar="OUT.csv", help="CSV to write, for people to fill in.")],
) -> None:
    """Write the replies that no rule could read as a table; people fill in `code`, a number or the word invalid."""
    from analysis.reading import open_results
    from analysis.resolutions import write_unread
    from analysis.responses import unread_replies

    with open_results(store) as results:
        found = unread_replies(results)
    write_unread(table, found)
    say(f"{table}: {len(found):,} replies. Put the decisions into the store: demoscope resolve {store} {table}")


def export(
    store: StorePath,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="File to write: .csv .parquet .sav .dta .jsonl .xml (DDI) .zip (bundle)."),
    ],
    wide: Annotated[bool, typer.Option("--wide", help="One row a respondent, in .csv and .parquet.")] = False,
    codes: Codes = None,
    annotation: Annotated[
        bool, typer.Option("--annotation", help="Instead: a sheet (.csv) of replies, for people to judge.")
    ] = False,
    share: Annotated[
        float | None, typer.Option(help=f"Part of the replies on that sheet, up to 1; {JUDGED_SHARE} when absent.")
    ] = None,
    with_restricted: Annotated[
        bool,
        typer.Option("--with-restricted", help="Pass on rows of restricted sources, where their terms allow it."),
    ] = False,
) -> None:
    """Write the answers for other tools, marked as synthetic: tables, SPSS, Stata, chats, codebook, bundle."""
    if annotation:
        from analysis.export.annotation_sheet import export_annotation_sheet

        if wide or codes:
            raise DocumentError("--annotation writes a sheet of replies; leave out --wide and --codes.")
        wanted = JUDGED_SHARE if share is None else share
        say(export_annotation_sheet(store, out, wanted, with_restricted=with_restricted))
        return
    if share is not None:
        raise DocumentError("--share is a part of the replies on a sheet for people; it belongs to --annotation.")
    from analysis.coded import read_coded
    from analysis.export.writing import export as write_export

    coded = read_coded(codes or (), [store])
    say(write_export(store, out, wide=wide, with_restricted=with_restricted, coded=coded))


def status(store: StorePath, as_json: AsJson = False) -> None:
    """Show where a wave stands, also while another terminal runs it."""
    from analysis.status import read_status
    from analysis.status_screen import status_lines

    found = read_status(store)
    if as_json:
        print(json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False))
    else:
        print(*status_lines(found, shutil.get_terminal_size().columns), sep="\n")


def serve(
    store: StorePath,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8001,
    report: Annotated[Path | None, typer.Option(help="A report to link, as written by `report -o`.")] = None,
) -> None:
    """Browse a store with Datasette: read-only, on this machine alone, with prepared queries."""
    from analysis.serving import serve as serve_store

    serve_store(store, port, report)


def _version() -> str:
    from importlib.metadata import version

    return version("demoscope")


def summary_of(path: Path, coded: Sequence["CodedAnswers"] = ()) -> "Summary":
    """What a store says."""
    from analysis.coded import open_coded
    from analysis.summary import summarise

    with open_coded(path, coded) as results:
        return summarise(results)


def show_summary(summary: "Summary", as_json: bool) -> None:
    """Print a summary as text, or as JSON."""
    from analysis.screen import render

    if as_json:
        print(summary.model_dump_json(indent=2))
    else:
        render(summary, console())
