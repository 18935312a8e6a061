"""Demoscope's one door: simulate survey waves and compare them with people.

Exit codes: 0 done · 1 finished, but too few valid answers (min_valid) · 2 wrong input or a red doctor ·
3 interrupted, resumable.
"""

import os
import signal
import sys

EARLY = b"demoscope: interrupted before anything began.\n"

for early in (signal.SIGINT, signal.SIGTERM):  # until main() takes over, there is nothing to put in order
    signal.signal(early, lambda *_: (os.write(2, EARLY), os._exit(3)))

import dataclasses
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.individual import commands as ivc
from analysis.worldvaluesbench import commands as wvb
from demoscope.errors import DemoscopeError
from simulator.training import commands as training

if TYPE_CHECKING:
    from analysis.findings import Summary
    from simulator.run import Progress
    from simulator.wave import LoadedWave

INTERRUPTED = 130
"""What typer makes of Ctrl-C inside a command."""

app = typer.Typer(
    name="demoscope",
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
ivc.app.command("train")(training.train)
app.add_typer(ivc.app, name="ivc")
app.add_typer(wvb.app, name="wvb")

WavePath = Annotated[Path, typer.Argument(metavar="WAVE.yaml", help="The wave to launch.")]
StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="The SQLite file that a wave wrote.")]
StorePaths = Annotated[list[Path], typer.Argument(metavar="STORE...", help="SQLite files that waves wrote.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command()
def run(
    wave: WavePath,
    store: Annotated[Path | None, typer.Option(help="Where the answers go; overrides the wave.")] = None,
    shard: Annotated[
        str,
        typer.Option(metavar="K/N", help="Ask the K-th of N shares of the people; `merge` puts the stores together."),
    ] = "1/1",
    as_json: AsJson = False,
) -> None:
    """Launch a wave, or continue one that was interrupted; then show how it compares with people."""
    from simulator.loading import load_wave

    _launch(load_wave(wave), store, as_json, shard)


def _launch(loaded: "LoadedWave", store: Path | None, as_json: bool, shard: str = "1/1") -> None:
    """Run a wave and show what came of it."""
    from simulator.probe_outcome import is_probe, read_outcome, render_outcome
    from simulator.run import run_wave
    from simulator.shards import Shard
    from simulator.store import Store

    share = Shard.parse(shard)
    path = share.path_of(store or loaded.store_path)
    with Store(path, durability=loaded.wave.durability) as opened, _progress_shown(loaded.wave.name, path) as shown:
        run_wave(loaded, opened, now=_now, progress=shown, shard=share)
    if is_probe(loaded):
        outcome = read_outcome(path)
        understood = outcome.understood
        if as_json:
            print(outcome.model_dump_json(indent=2))
        else:
            render_outcome(outcome, _console())
    else:
        summary = _summary(path)
        understood = summary.understood
        _show(summary, as_json)
    if not as_json:
        _say(f"\nStore: {path}   One interview: demoscope show {path} 1")
    if understood < loaded.wave.min_valid:
        _say(
            f"Only {understood:.0%} of the answers were understood; the wave asks for at least "
            f"{loaded.wave.min_valid:.0%} (min_valid)."
        )
        raise typer.Exit(1)


@app.command()
def merge(
    stores: Annotated[list[Path], typer.Argument(metavar="STORE...", help="Stores that `run --shard` wrote.")],
    into: Annotated[Path, typer.Option("--into", "-o", help="The new store.")],
) -> None:
    """Put the shards of a wave together into one store; they stay as they are."""
    from simulator.shards import merge as merged

    answers = merged(stores, into)
    _say(
        f"{answers:,} answers of {len(stores)} stores are in {into}. `run` with it as the store asks what is missing."
    )


@app.command()
def plan(
    wave: WavePath,
    margin_of_error: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Warn of subgroups whose shares are known less exactly (95 %).")
    ] = 0.1,
    lint: Annotated[bool, typer.Option("--lint", help="Pre-test the wording and the options, with sources.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who is asked what, with calls, tokens and time estimated and the first prompts in full."""
    from simulator.loading import load_wave
    from simulator.plan import make_plan
    from simulator.plan_screen import render_plan

    made = make_plan(load_wave(wave), margin_of_error, lint)
    if as_json:
        print(made.model_dump_json(indent=2))
    else:
        render_plan(made, _console())


@app.command()
def probe(
    questionnaire: Annotated[str, typer.Argument(metavar="QUESTIONNAIRE", help="Library name or a .yaml file.")],
    model: Annotated[
        list[str],
        typer.Option(help="embedded, FILE.gguf, a .yaml with `models`, or backend:key=value,... (repeat it)."),
    ],
    styles: Annotated[str, typer.Option(help="Names or .yaml files, commas between.")] = "default,prefixed,one_shot",
    variations: Annotated[
        str, typer.Option(help="Of the options: names or .yaml files, such as reversed_texts,shuffled:7.")
    ] = "baseline,reversed_labels,numbers",
    perturbations: Annotated[str, typer.Option(help="Kinds or .yaml files; each is a further format.")] = "",
    methods: Annotated[str, typer.Option(help="Of token, sequence, text, verbalized.")] = "token,sequence",
    countries: Annotated[str, typer.Option(help="Also ask as a person from each of these; or `published`.")] = "",
    population: Annotated[str | None, typer.Option(help="Also ask as each of these people.")] = None,
    people: Annotated[int | None, typer.Option(min=1, help="How many of the population.")] = None,
    scenes: Annotated[str | None, typer.Option(help="Also rate the actions of these scenes.")] = None,
    reference: Annotated[str | None, typer.Option(help="Human answers to compare with.")] = None,
    profile: Annotated[str, typer.Option(help="demoscope, paper or code.")] = "demoscope",
    space: Annotated[str | None, typer.Option(help="Leading space of labels: both, none, only or code.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Replies that `text` samples.")] = 10,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of every draw.")] = 0,
    executor: Annotated[str, typer.Option(help="ray, or local: this process alone.")] = "ray",
    store: Annotated[Path | None, typer.Option(help="Where the answers go.")] = None,
    write: Annotated[Path | None, typer.Option(help="Write the wave file, for `run` and `plan`, and stop.")] = None,
    as_json: AsJson = False,
) -> None:
    """Probe models: each question in several styles and variations, by several methods, for several people."""
    from simulator import probing

    content = probing.probe_wave(
        probing.ProbeRequest(
            questionnaire=questionnaire,
            models=tuple(model),
            styles=probing.listed(styles),
            variations=probing.listed(variations),
            perturbations=probing.listed(perturbations),
            methods=probing.listed(methods),
            countries=probing.listed(countries, probing.PUBLISHED),
            population=population,
            people=people,
            scenes=scenes,
            reference=reference,
            profile=profile,
            space=space,
            samples=samples,
            language=language,
            seed=seed,
            executor=executor,
        )
    )
    if write is not None:
        probing.write_wave(content, write)
        _say(f"Written: {write}   Look at it: demoscope plan {write}   Launch it: demoscope run {write}")
        return
    _launch(probing.load_probe(content), store, as_json)


@app.command()
def scenes(
    store: StorePath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="YAML file to write, for people to read and correct.")],
) -> None:
    """Write the scenes that a wave wrote and checked as a document that ratings use."""
    from simulator.scenes import write_scenes

    _say(f"{out}: {write_scenes(store, out)}")


@app.command()
def preview(
    population: Annotated[
        str, typer.Argument(metavar="POPULATION", help="Library name, country:ISO, or a file ending in .yaml.")
    ],
    n: Annotated[
        int | None,
        typer.Option("-n", min=1, max=10_000_000, help="People to draw; 1000, or all that the design has."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed they are drawn with.")] = 0,
    language: Annotated[list[str] | None, typer.Option(help="en or zh; give it twice for both.")] = None,
    style: Annotated[str, typer.Option(help="Portrait of the ten who are introduced.")] = "second_person",
    plot: Annotated[Path | None, typer.Option(help="Write figures: .html, .svg, .png or .pdf.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the people as CSV.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write the people as Parquet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a population: target and achieved margins, precision, and ten people as the model is told of them."""
    from personas import load_population
    from personas.preview import languages_of, make_preview
    from personas.preview_files import write_people
    from personas.preview_screen import render_preview

    loaded = load_population(population)
    wanted = n or loaded.size or 1000
    loaded = loaded.sized(wanted)
    people = loaded.columns(0, wanted, seed)
    made = make_preview(loaded, people, seed=seed, languages=languages_of(language or ["en"]), style=style)
    if as_json:
        print(made.model_dump_json(indent=2))
    else:
        render_preview(made, _console())
    if plot:
        from personas.preview_figures import write_figures

        write_figures(made, loaded, people, plot)
    for path in (csv, parquet):
        if path:
            write_people(people, path, "csv" if path is csv else "parquet")
    for path in (plot, csv, parquet):
        if path:
            _say(f"Written: {path}")


@app.command()
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
    profile: Annotated[
        str, typer.Option(help="demoscope, paper or code, where DEF's sources disagree.")
    ] = "demoscope",
    effects: Annotated[
        bool, typer.Option("--effects", help="Instead: what order, split ballots, vignettes and conjoint tasks did.")
    ] = False,
    annotation: Annotated[
        list[Path] | None,
        typer.Option(help="Filled-in sheet of an annotator of the first store; once for each of them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the summary of stores again, its effects or agreements, or write it all as a page (-o) for anybody."""
    if out is not None or figures is not None:
        _report_page(stores, out, figures, profile, language)
    elif annotation:
        _report_agreement(stores[0], annotation, as_json)
    else:
        for store in stores:
            if effects:
                _report_effects(store, as_json)
            else:
                _show(_summary(store), as_json)


def _report_page(stores: list[Path], out: Path | None, figures: Path | None, profile: str, language: str) -> None:
    from analysis.def_rules import rules_named
    from analysis.report.report import write_report

    for line in write_report(
        *(stores, out, figures, rules_named(profile)), language=language, version=_version(), now=_now()
    ):
        _say(line)


def _report_effects(store: Path, as_json: bool) -> None:
    from analysis.effects import effects_report
    from analysis.effects_screen import render_effects
    from analysis.reading import open_results

    with open_results(store) as results:
        found = effects_report(results)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_effects(found, _console())


def _report_agreement(store: Path, annotation: list[Path], as_json: bool) -> None:
    from analysis.agreement_screen import render_agreements
    from analysis.agreements import read_agreements

    agreed = read_agreements(store, annotation)
    summary = _summary(store)
    if as_json:
        parts = {"agreements": [each.model_dump(mode="json") for each in agreed]}
        print(json.dumps(summary.model_dump(mode="json") | parts, indent=2, ensure_ascii=False))
    else:
        _show(summary, as_json=False)
        render_agreements(agreed, _console())


@app.command()
def annotate(
    store: StorePath,
    sheet: Annotated[Path, typer.Argument(metavar="SHEET.csv", help="CSV to write, for people to fill in.")],
    share: Annotated[
        float, typer.Option(help="Part of the replies on it, up to 1; those of a judge's share.")
    ] = 0.01,
) -> None:
    """Write a sheet on which people judge replies: yes (appropriate) or no in each dimension, and their name."""
    from analysis.annotation import drawn_for_annotation, write_sheet
    from analysis.reading import open_results

    with open_results(store) as results:
        replies = drawn_for_annotation(results.rows, results.wave.seed, share)
    write_sheet(sheet, replies)
    _say(f"{sheet}: {len(replies):,} replies. Read it back: demoscope report {store} --annotation {sheet}")


@app.command()
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
    _say(f"{table}: {len(found):,} replies. Put the decisions into the store: demoscope resolve {store} {table}")


@app.command()
def resolve(
    store: StorePath,
    table: Annotated[Path, typer.Argument(metavar="RESOLUTIONS.csv", help="respondent, question, code or invalid.")],
    by: Annotated[str, typer.Option(help="Who decided.")] = "people",
) -> None:
    """Put into a store what people decided about replies that no rule could read; answers stay as they are."""
    from analysis.reading import open_results
    from analysis.resolutions import read_resolutions
    from analysis.responses import checked_resolutions
    from simulator.resolving import record_resolutions
    from simulator.store import Store

    with open_results(store) as results:
        decided = checked_resolutions(results, read_resolutions(table))
    with Store(store) as opened:
        written = record_resolutions(opened, decided, by, _now())
    _say(f"{store}: {written:,} of {len(decided):,} decisions are new. They count in `report` and `compare`.")


@app.command()
def export(
    store: StorePath,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="File to write: .csv .parquet .sav .dta .jsonl .xml (DDI) .zip (bundle)."),
    ],
    wide: Annotated[bool, typer.Option("--wide", help="One row a respondent, in .csv and .parquet.")] = False,
    with_restricted: Annotated[
        bool,
        typer.Option("--with-restricted", help="Pass on rows of restricted sources, where their terms allow it."),
    ] = False,
) -> None:
    """Write the answers for other tools, marked as synthetic: tables, SPSS, Stata, chats, codebook, bundle."""
    from analysis.export.writing import export as write_export

    _say(write_export(store, out, wide=wide, with_restricted=with_restricted))


@app.command()
def status(store: StorePath, as_json: AsJson = False) -> None:
    """Show where a wave stands, also while another terminal runs it."""
    from analysis.status import read_status
    from analysis.status_screen import status_lines

    found = read_status(store)
    if as_json:
        print(json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False))
    else:
        print(*status_lines(found, shutil.get_terminal_size().columns), sep="\n")


@app.command()
def serve(
    store: StorePath,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8001,
    report: Annotated[Path | None, typer.Option(help="A report to link, as written by `report -o`.")] = None,
) -> None:
    """Browse a store with Datasette: read-only, on this machine alone, with prepared queries."""
    from analysis.serving import serve as serve_store

    serve_store(store, port, report)


@app.command()
def wordings(
    store: StorePath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="YAML file to write, for people to read and review.")],
) -> None:
    """Write the paraphrases or translations that a wave made as a document that other waves use."""
    from simulator.rewordings import write_document

    _say(f"{out}: {write_document(store, out)}")


@app.command()
def compare(
    stores: StorePaths,
    profile: Annotated[
        str, typer.Option(help="demoscope, paper or code, where DEF's sources disagree.")
    ] = "demoscope",
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
    as_json: AsJson = False,
) -> None:
    """Show conditions side by side, of one store or several: diversity, distance from people, tokens, time, cost."""
    from analysis.annotation import read_sheets
    from analysis.compare import compare_stores
    from analysis.compare_screen import render_comparison
    from analysis.def_rules import rules_named
    from analysis.resolutions import read_resolutions
    from analysis.rule_judge import Rules
    from demoscope.documents import read

    decided = read_resolutions(resolutions) if resolutions else ()
    sheets = read_sheets(annotation or ())
    found = compare_stores(
        stores,
        rules_named(profile),
        details=details or plot is not None,
        decided=decided,
        annotations=sheets,
        checks=read(Rules, checks) if checks else None,
    )
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_comparison(found, _console())
    if plot:
        from analysis.def_figures import write_def_figures

        write_def_figures(found, plot)
        _say(f"Written: {plot}")


@app.command()
def judge(
    store: StorePath,
    judge: Annotated[
        Path | None, typer.Argument(metavar="[JUDGE.yaml]", help="Who judges: a model as in a wave, and settings.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model of the store judges, with the usual settings.")] = None,
    share: Annotated[float | None, typer.Option(help="Part of the replies that is judged, up to 1.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be asked, and what it costs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a model judge replies of a store in DEF's six dimensions, or continue; `compare --details` counts them."""
    from simulator.judges import chosen_judge
    from simulator.judging import run_judge
    from simulator.judging_plan import judging_lines, plan_judging
    from simulator.store import Store

    document = chosen_judge(store, judge, model, share)
    planned = plan_judging(document, store)
    if not plan:
        for line in judging_lines(planned):
            _say(line)
        with Store(store) as opened, _progress_shown(document.named.name, store, "verdicts") as shown:
            run_judge(document, opened, now=_now, progress=shown)
        planned = plan_judging(document, store)
    if as_json:
        print(planned.model_dump_json(indent=2))
    elif plan:
        for line in judging_lines(planned):
            print(line)
    else:
        _say(f"Verdicts in the store: {planned.known:,}. Count them: demoscope compare {store} --details")


def differences(
    first: Annotated[Path, typer.Argument(metavar="A", help="The store of one wave.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The store of another; it may be the same.")],
    cell_a: Annotated[str | None, typer.Option(help="Condition of A; the only one when absent.")] = None,
    cell_b: Annotated[str | None, typer.Option(help="Condition of B.")] = None,
    correction: Annotated[str, typer.Option(help="For many questions: holm or benjamini_hochberg.")] = "holm",
    draws: Annotated[int, typer.Option(min=99, max=1_000_000, help="Permutations of each test.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Compare two waves question by question, each person with itself where both asked the same people."""
    from analysis.wave_differences import wave_differences
    from analysis.wave_differences_screen import render_differences

    found = wave_differences(first, second, cells=(cell_a, cell_b), correction=correction, draws=draws)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_differences(found, _console())


@app.command()
def worth(store: StorePath, as_json: AsJson = False) -> None:
    """Show how many people each condition is worth, and how many simulated respondents are worth asking."""
    from analysis.worth import render_worths, worths

    found = worths(store)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_worths(found, _console())


@app.command("probe-report")
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
    details: Annotated[bool, typer.Option("--details", help="Also every pair, topic and question.")] = False,
    figures: Annotated[Path | None, typer.Option(help="Folder for the figures as SVG, each with its data.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show whether probed answers hold however one asks, and whether they mean anything."""
    from analysis.probing.report import probe_report as report_probes
    from analysis.probing.rules import rules_for
    from analysis.probing.screen import render_probe

    flags = {} if middle is None else {"middle": middle}
    found = report_probes(stores, rules_for(profile, **flags), by=by, people=people)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        render_probe(found, _console(), details)
    if figures:
        from analysis.probing.figures import write_probe_figures

        for path in write_probe_figures(found, figures):
            _say(f"Written: {path}")


@app.command()
def show(
    store: StorePath,
    respondent: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Number of the respondent, from 1.")],
    as_json: AsJson = False,
) -> None:
    """Print one respondent's whole interview, with the memory as it was at each question."""
    from simulator.interview import read_interview
    from simulator.interview_screen import render_interview

    interview = read_interview(store, respondent)
    if as_json:
        print(interview.model_dump_json(indent=2))
    else:
        render_interview(interview, _console())


@app.command()
def doctor(
    wave: Annotated[
        Path | None, typer.Argument(metavar="[WAVE.yaml]", help="Ask the endpoints of this wave what they can do.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check this machine, or the API models of a wave: each line that is red says what to do."""
    from simulator.doctor import examine

    if wave is None:
        checks = examine()
    else:
        from simulator.doctor_wave import examine_models
        from simulator.loading import load_wave

        checks = examine_models(load_wave(wave))
    if as_json:
        print(json.dumps([dataclasses.asdict(check) for check in checks], indent=2))
    else:
        from simulator.doctor_screen import render_checks

        render_checks(checks, _console())
    if not all(check.ok for check in checks):
        raise typer.Exit(2)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The questionnaire to read.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    read_as: Annotated[str | None, typer.Option("--from", help="Format of IN, when it cannot be told.")] = None,
    write_as: Annotated[str | None, typer.Option("--to", help="Format of OUT, when its ending does not say.")] = None,
    as_json: AsJson = False,
) -> None:
    """Turn a questionnaire from one format into another, and list what was left out."""
    from surveys.formats.conversion import convert as convert_file
    from surveys.formats.conversion_screen import conversion_lines

    made = convert_file(source, target, read_as, write_as)
    if as_json:
        print(json.dumps(dataclasses.asdict(made), indent=2, ensure_ascii=False))
    else:
        for line in conversion_lines(made, target):
            print(line)


def _summary(path: Path) -> "Summary":
    from analysis.reading import open_results
    from analysis.summary import summarise

    with open_results(path) as results:
        return summarise(results)


def _show(summary: "Summary", as_json: bool) -> None:
    from analysis.screen import render

    if as_json:
        print(summary.model_dump_json(indent=2))
    else:
        render(summary, _console())


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _version() -> str:
    from importlib.metadata import version

    return version("demoscope")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class _progress_shown:  # noqa: N801  (reads as the context it makes)
    """A progress bar with rate and time left, on the terminal's error stream."""

    def __init__(self, name: str, path: Path, what: str = "answers") -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn(name),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{what} saved"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=Console(stderr=True),
        )
        self._path = path
        self._what = what
        self._task: Any = None
        self._noticed = 0

    def __enter__(self) -> "_progress_shown":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, state: "Progress") -> None:
        if self._task is None:
            if state.resumed:
                self._bar.console.print(
                    f"{self._path}: continuing after {state.resumed} saved {self._what}.", markup=False
                )
            self._task = self._bar.add_task("", total=state.total, completed=state.saved, rate="")
        for notice in state.notices[self._noticed :]:
            self._bar.console.print(notice, markup=False)
        self._noticed = len(state.notices)
        speed = self._bar.tasks[0].speed
        self._bar.update(self._task, completed=state.saved, rate=f"{speed:.1f}/s" if speed else "")


def main() -> None:
    """Run the command line; mistakes become one or two lines and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows "?" in its place
    try:
        for kill in (signal.SIGINT, signal.SIGTERM):  # a polite kill is an interruption like Ctrl-C
            signal.signal(kill, signal.default_int_handler)
        app()
    except DemoscopeError as error:
        _say(f"demoscope: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _interrupted()
        raise


def _interrupted() -> None:
    for kill in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kill, signal.SIG_IGN)
    _say("demoscope: interrupted. Every answer reported as saved is safe; run the same command to continue.")
    sys.exit(3)


if __name__ == "__main__":
    main()
