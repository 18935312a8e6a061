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
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis import coding_commands as coding
from analysis import commands as telling
from analysis import comparing_commands as comparing
from analysis.commands import show_summary, summary_of
from analysis.individual import commands as ivc
from analysis.worldvaluesbench import commands as wvb
from demoscope.command_line import AsJson, StorePath, WavePath, console, now, say
from demoscope.errors import DemoscopeError
from simulator import commands as launching
from simulator import reference_commands as reference
from simulator.training import commands as training

if TYPE_CHECKING:
    from simulator.wave import LoadedWave

INTERRUPTED = 130
"""What typer makes of Ctrl-C inside a command."""


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
    from simulator.progress_screen import progress_shown
    from simulator.run import run_wave
    from simulator.shards import Shard
    from simulator.store import Store

    share = Shard.parse(shard)
    path = share.path_of(store or loaded.store_path)
    with Store(path, durability=loaded.wave.durability) as opened, progress_shown(loaded.wave.name, path) as shown:
        run_wave(loaded, opened, now=now, progress=shown, shard=share)
        first = opened.first_respondent()
    if first is None:
        say(f"{path}: nobody belongs to shard {shard}; the wave has {loaded.wave.respondents:,} people.")
        return
    if is_probe(loaded):
        outcome = read_outcome(path)
        understood = outcome.understood
        if as_json:
            print(outcome.model_dump_json(indent=2))
        else:
            render_outcome(outcome, console())
            if any(one.protocol == "probe" for one in outcome.methods):
                say(f"\nWhich answers can be trusted: demoscope probe-report {path}")
    else:
        summary = summary_of(path)
        understood = summary.understood
        show_summary(summary, as_json)
    if not as_json:
        say(f"\nStore: {path}   One interview: demoscope show {path} {first}")
    if understood < loaded.wave.min_valid:
        say(
            f"Only {understood:.0%} of the answers were understood; the wave asks for at least "
            f"{loaded.wave.min_valid:.0%} (min_valid)."
        )
        raise typer.Exit(1)


def probe(
    questionnaire: Annotated[str, typer.Argument(metavar="QUESTIONNAIRE", help="Library name or a .yaml file.")],
    model: Annotated[
        list[str],
        typer.Option(help="embedded, FILE.gguf, a .yaml with `models`, or backend:key=value,... (repeat it)."),
    ],
    styles: Annotated[str, typer.Option(help="Names or .yaml files, commas between.")] = "default,prefixed,one_shot",
    variations: Annotated[
        str, typer.Option(help="Of the options: names or .yaml files, such as shuffled:7; or `published`.")
    ] = "baseline,reversed_labels,numbers,reversed_texts",
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
            variations=probing.listed(variations, probing.PUBLISHED_LAYOUTS),
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
        say(f"Written: {write}   Look at it: demoscope plan {write}   Launch it: demoscope run {write}")
        return
    _launch(probing.load_probe(content), store, as_json)


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
        render_preview(made, console())
    if plot:
        from personas.preview_figures import write_figures

        write_figures(made, loaded, people, plot)
    for path in (csv, parquet):
        if path:
            write_people(people, path, "csv" if path is csv else "parquet")
    for path in (plot, csv, parquet):
        if path:
            say(f"Written: {path}")


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
        written = record_resolutions(opened, decided, by, now())
    say(f"{store}: {written:,} of {len(decided):,} decisions are new. They count in `report` and `compare`.")


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


app = typer.Typer(
    name="demoscope",
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    *(preview, convert, launching.plan, run, probe, launching.merge, launching.judge, launching.show),
    *(telling.status, telling.report, comparing.compare, comparing.differences, comparing.worth, comparing.combine),
    comparing.probe_report,
    *(telling.export, telling.serve, telling.annotate, telling.unread, resolve),
    *(launching.wordings, launching.scenes, launching.doctor),
):
    app.command(command.__name__.replace("_", "-"))(command)
ivc.app.command("train")(training.train)
app.add_typer(ivc.app, name="ivc")
app.add_typer(wvb.app, name="wvb")
app.add_typer(reference.app, name="reference")
coding.app.command("ask")(launching.code_ask)
app.add_typer(coding.app, name="code")


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
        say(f"demoscope: {error}")
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
    say("demoscope: interrupted. Every answer reported as saved is safe; run the same command to continue.")
    sys.exit(3)


if __name__ == "__main__":
    main()
