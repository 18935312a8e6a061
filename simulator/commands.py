"""The commands that launch and look into waves."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from demoscope.command_line import AsJson, StorePath, WavePath, console, now, say


def merge(
    stores: Annotated[list[Path], typer.Argument(metavar="STORE...", help="Stores that `run --shard` wrote.")],
    into: Annotated[Path, typer.Option("--into", "-o", help="The new store.")],
) -> None:
    """Put the shards of a wave together into one store; they stay as they are."""
    from simulator.shards import merge as merged

    answers = merged(stores, into)
    say(
        f"{answers:,} answers of {len(stores)} stores are in {into}. `run` with it as the store asks what is missing."
    )


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
        render_plan(made, console())


def scenes(
    store: StorePath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="YAML file to write, for people to read and correct.")],
) -> None:
    """Write the scenes that a wave wrote and checked as a document that ratings use."""
    from simulator.scenes import write_scenes

    say(f"{out}: {write_scenes(store, out)}")


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
        render_interview(interview, console())


def wordings(
    store: StorePath,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="YAML file to write, for people to read and review.")],
) -> None:
    """Write the paraphrases or translations that a wave made as a document that other waves use."""
    from simulator.rewordings import write_document

    say(f"{out}: {write_document(store, out)}")


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
    from simulator.progress_screen import progress_shown
    from simulator.store import Store

    document = chosen_judge(store, judge, model, share)
    planned = plan_judging(document, store)
    if not plan:
        for line in judging_lines(planned):
            say(line)
        with Store(store) as opened, progress_shown(document.named.name, store, "verdicts") as shown:
            run_judge(document, opened, now=now, progress=shown)
        planned = plan_judging(document, store)
    if as_json:
        print(planned.model_dump_json(indent=2))
    elif plan:
        for line in judging_lines(planned):
            print(line)
    else:
        say(f"Verdicts in the store: {planned.known:,}. Count them: demoscope compare {store} --details")


def code_ask(
    store: StorePath,
    codebook: Annotated[
        Path, typer.Argument(metavar="CODEBOOK.yaml", help="The codes, and the question they are of.")
    ],
    coder: Annotated[
        Path | None, typer.Argument(metavar="[CODER.yaml]", help="Who codes: a model as in a wave, and settings.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model of the store codes, with the usual settings.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="SHEET.csv", help="Write its codes as a sheet for `code read`."),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be asked, and what it costs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a model code the open answers, or continue; its sheet is one coder's, for `code read` beside a person's."""
    from demoscope.documents import read
    from demoscope.errors import DocumentError
    from simulator.coders import chosen_coder
    from simulator.coding import run_coder
    from simulator.judging_plan import judging_lines, plan_coding
    from simulator.progress_screen import progress_shown
    from simulator.store import Store
    from surveys.codebook import Codebook

    if out is not None and out.exists():
        raise DocumentError(f"{out} is there already and may hold codes; choose another name.")
    document, book = chosen_coder(store, coder, model), read(Codebook, codebook)
    planned = plan_coding(document, book, store)
    lines = judging_lines(planned, "codes", "code")
    if plan:
        print(planned.model_dump_json(indent=2) if as_json else "\n".join(lines))
        return
    for line in lines:
        say(line)
    with Store(store) as opened, progress_shown(planned.judge, store, "codes") as shown:
        coding = run_coder(document, book, opened, now=now, progress=shown)
        given, asked = len(coding.codes()), len(coding.answers)
        if out is not None:
            coding.write_sheet(out)
    if as_json:
        print(plan_coding(document, book, store).model_dump_json(indent=2))
    say(f"{coding.coder}: {given:,} of {asked:,} answers have a code; what could not be read as one has none.")
    if out is not None:
        say(f"Written: {out}   Compare it with a person's: demoscope code read {store} {codebook} ana.csv {out}")


def doctor(
    wave: Annotated[
        Path | None, typer.Argument(metavar="[WAVE.yaml]", help="Try out the models of this wave.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check this machine, or the models of a wave: each line that is red says what to do."""
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

        render_checks(checks, console())
    if not all(check.ok for check in checks):
        raise typer.Exit(2)
