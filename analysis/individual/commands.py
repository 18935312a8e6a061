"""The commands ``demoscope ivc ...``: how well answers of single people are predicted."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from demoscope.documents import build
from demoscope.errors import DocumentError

app = typer.Typer(
    name="ivc",
    help="Individual values: how well a person's answers are predicted from others of the same person.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

By = Annotated[list[str] | None, typer.Option(help="Group people by this attribute; by all of them when absent.")]
Baseline = Annotated[
    list[str] | None,
    typer.Option(
        "--baseline", help="random, majority, top-1, top-cluster, factorisation, logistic, boosted; all when absent."
    ),
]
Unanswered = Annotated[
    str, typer.Option(help="Targets without an answer: wrong, drop_setup (as published), drop_person, drop_answer.")
]
Ddof = Annotated[int, typer.Option(min=0, max=1, help="Sigma divides by the number of groups less this.")]
MinGroup = Annotated[int, typer.Option(min=1, help="People that a group needs to count for sigma.")]
Draws = Annotated[int, typer.Option(min=0, max=100_000, help="Resamples and permutations; 0 for none.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything that is drawn here.")]
Published = Annotated[
    bool, typer.Option("--published-rules", help="Neighbours, ties and missing answers as the published code.")
]
Similarity = Annotated[str, typer.Option(help="How alike two people are: matrix, count or share.")]
Most = Annotated[int, typer.Option(min=1, max=1000, help="Neighbours that are asked at most.")]
Figures = Annotated[Path | None, typer.Option(help="Folder for the figures of the paper, as SVG.")]
Tables = Annotated[Path | None, typer.Option(help="Folder for the tables of the paper, as CSV.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command()
def evaluate(
    stores: Annotated[list[Path], typer.Argument(metavar="STORE...", help="SQLite files of waves by protocol ivc.")],
    reference: Annotated[
        Path | None,
        typer.Option(help="YAML that names everybody's answers, such as the wave; baselines are computed with it."),
    ] = None,
    by: By = None,
    baseline: Baseline = None,
    unanswered: Unanswered = "wrong",
    ddof: Ddof = 1,
    min_group: MinGroup = 1,
    similarity: Similarity = "matrix",
    most: Most = 100,
    published_rules: Published = False,
    draws: Draws = 1000,
    seed: Seed = 0,
    figures: Figures = None,
    tables: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Accuracy of models by person, setup, category and form; inequity; effects; baselines on the same targets."""
    from analysis.individual.running import evaluate_stores

    _check_folders(figures, tables)
    if baseline and reference is None:
        raise DocumentError("Baselines learn from other people: name everybody's answers by `--reference WAVE.yaml`.")
    rules = _rules(unanswered, ddof, min_group, draws, seed)
    chosen = _baseline_rules(similarity, most, published_rules, seed)
    made = evaluate_stores(stores, reference, by or (), _names(baseline), rules, chosen)
    _show(made, figures, tables, as_json)


@app.command()
def baselines(
    people: Annotated[
        Path, typer.Argument(metavar="PEOPLE.yaml", help="A wave, or any YAML with questionnaire and known_answers.")
    ],
    form: Annotated[str, typer.Option(help="Form of the statements: polar, refined or both.")] = "both",
    hold_out: Annotated[int, typer.Option("--people", min=2, help="People who are asked about.")] = 800,
    demonstrations: Annotated[
        int | None, typer.Option(min=0, help="Answers that are told of each; all that are known when absent.")
    ] = None,
    per_category: Annotated[int, typer.Option(min=1, help="Targets of every category in a setup.")] = 3,
    setups: Annotated[int, typer.Option(min=1, help="Setups of targets.")] = 3,
    by: By = None,
    baseline: Baseline = None,
    ddof: Ddof = 1,
    min_group: MinGroup = 1,
    similarity: Similarity = "matrix",
    most: Most = 100,
    published_rules: Published = False,
    draws: Draws = 1000,
    seed: Seed = 0,
    figures: Figures = None,
    tables: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Predict held-out people by statistics alone: chance, majority, neighbours, factorisation, classifiers."""
    from analysis.individual.running import HeldOut, evaluate_baselines

    _check_folders(figures, tables)
    design = build(
        HeldOut,
        {
            "form": form,
            "people": hold_out,
            "demonstrations": demonstrations,
            "per_category": per_category,
            "setups": setups,
            "seed": seed,
        },
        "ivc baselines",
    )
    rules = _rules("wrong", ddof, min_group, draws, seed)
    chosen = _baseline_rules(similarity, most, published_rules, seed)
    made = evaluate_baselines(people, design, by or (), _names(baseline), rules, chosen)
    _show(made, figures, tables, as_json)


@app.command()
def prepare(
    survey: Annotated[Path, typer.Argument(metavar="WVS", help="The file of wave 7: CSV, SPSS or Stata.")],
    metadata: Annotated[Path, typer.Option(help="Folder with the published metadata of IndieValueCatalog.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    people: Annotated[int, typer.Option(min=1, help="People to hold out, by the published rule.")] = 800,
    least_valid: Annotated[int, typer.Option(min=1, help="Questions that each of them has answered.")] = 239,
    seed: Seed = 0,
) -> None:
    """Make IndieValueCatalog of the survey's file: people who are held out, statements, and a wave that asks."""
    from surveys.statements.preparing import prepare_individual

    made = prepare_individual(survey, metadata, out, people=people, seed=seed, least_valid=least_valid)
    for note in made.notes:
        print(note, file=sys.stderr)
    print(f"{made.held_out:,} of {made.respondents:,} respondents are held out.")
    for path in made.files:
        print(f"Written: {path}")


@app.command("export-training")
def export_training(
    people: Annotated[
        Path, typer.Argument(metavar="PEOPLE.yaml", help="A wave, or any YAML that names everybody's answers.")
    ],
    out: Annotated[Path, typer.Option(help="File to write: chat JSONL, one example a line.")],
    each: Annotated[int, typer.Option("--people", min=1, help="People for each question.")] = 100,
    target_form: Annotated[list[str] | None, typer.Option(help="polar or refined; give it twice for both.")] = None,
    demonstration_form: Annotated[list[str] | None, typer.Option(help="polar or refined; twice for both.")] = None,
    demonstrations: Annotated[
        list[str] | None, typer.Option(help="Known statements of an example: a number, or mixed (50 to 200).")
    ] = None,
    shown: Annotated[list[str] | None, typer.Option(help="statements, demographics; give it twice for both.")] = None,
    without: Annotated[
        list[Path] | None, typer.Option(help="Who is held out: a wave's store, or a table of people.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="People to learn from: COLUMN=VALUE.")] = None,
    seed: Seed = 0,
) -> None:
    """Write examples to train a reasoner on: known statements, a target, and what the person chose."""
    from analysis.individual.training_export import export_training as export
    from surveys.statements import Composition

    given = {
        "people": each,
        "target_forms": target_form or ["refined"],
        "demonstration_forms": demonstration_form or ["refined"],
        "demonstrations": [_number(one) for one in demonstrations or ["200"]],
        "shown": shown or ["statements"],
    }
    composition = build(Composition, given, "ivc export-training")
    pairs = dict(_pair(one) for one in only or ())
    made = export(people, out, composition, without=without or (), only=pairs, seed=seed)
    print(f"{made.path}: {made.examples:,} examples of {made.people:,} people, {made.size / 1e6:,.1f} MB.")
    if made.left_out:
        print(f"{made.left_out:,} people are held out and in no example.")
    if made.restricted:
        print("The answers may not be passed on, and neither may this file.", file=sys.stderr)
    if made.short:
        print(f"{made.short:,} examples fewer than asked for: enough is known of too few people.", file=sys.stderr)


def _number(text: str) -> int | str:
    if text != "mixed" and not text.isdigit():
        raise DocumentError(f"--demonstrations {text!r}: write a number, or mixed.")
    return int(text) if text.isdigit() else text


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not (name and mark and value):
        raise DocumentError(f"--only {text!r}: write COLUMN=VALUE, such as B_COUNTRY_to_continent=Europe.")
    return name, value


def _rules(unanswered: str, ddof: int, min_group: int, draws: int, seed: int) -> Any:
    from analysis.individual.findings import Rules

    content = {"unanswered": unanswered, "ddof": ddof, "min_group": min_group, "draws": draws, "seed": seed}
    return build(Rules, content, "ivc")


def _baseline_rules(similarity: str, most: int, published: bool, seed: int) -> Any:
    from analysis.individual.baselines import PUBLISHED, BaselineRules

    if published and similarity != "matrix":
        raise DocumentError("--published-rules say how alike two people are; leave --similarity out.")
    if published:
        return PUBLISHED.model_copy(update={"most": most, "seed": seed})
    return build(BaselineRules, {"similarity": similarity, "most": most, "seed": seed}, "ivc")


def _names(given: list[str] | None) -> Any:
    from analysis.individual.baselines import NAMES

    unknown = [name for name in given or () if name not in NAMES]
    if unknown:
        raise DocumentError(f"There is no baseline {unknown[0]!r}; there are {', '.join(NAMES)}.")
    return tuple(dict.fromkeys(given)) if given else NAMES


def _show(made: Any, figures: Path | None, tables: Path | None, as_json: bool) -> None:
    """Write the files that are wanted, and then print, so that a pipe which closes early costs no file."""
    written = []
    if tables:
        from analysis.individual.table_files import write_tables

        files = write_tables(made.evaluation, made.everybody, tables, made.known)
        written.append(f"{len(files)} tables in {tables}")
    if figures:
        from analysis.individual.figures import write_figures

        files = write_figures(made.evaluation, made.everybody, figures, made.grouping)
        written.append(f"{len(files)} figures in {figures}")
    if as_json:
        print(made.evaluation.model_dump_json(indent=2))
    else:
        from rich.console import Console

        from analysis.individual.screen import render

        render(made.evaluation, Console(highlight=False))
    for line in written:
        print(f"Written: {line}", file=sys.stderr)


def _check_folders(*folders: Path | None) -> None:
    """Refuse folders that cannot be written before anything is computed."""
    for folder in (one for one in folders if one):
        there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise DocumentError(f"{folder}: cannot be written to; name a folder.")
