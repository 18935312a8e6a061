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
    if as_json:
        print(made.evaluation.model_dump_json(indent=2))
    else:
        from rich.console import Console

        from analysis.individual.screen import render

        render(made.evaluation, Console(highlight=False))
    if tables:
        from analysis.individual.tables import write_tables

        print(
            f"Written: {len(write_tables(made.evaluation, made.everybody, tables))} tables in {tables}",
            file=sys.stderr,
        )
    if figures:
        from analysis.individual.figures import write_figures

        written = write_figures(made.evaluation, made.everybody, figures, made.grouping)
        print(f"Written: {len(written)} figures in {figures}", file=sys.stderr)


def _check_folders(*folders: Path | None) -> None:
    """Refuse folders that cannot be written before anything is computed."""
    for folder in (one for one in folders if one):
        there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise DocumentError(f"{folder}: cannot be written to; name a folder.")
