"""The commands about answers of real people."""

from pathlib import Path
from typing import Annotated

import typer

from demoscope.command_line import AsJson, say

MappingPath = Annotated[Path, typer.Argument(metavar="MAPPING.yaml", help="Which column is which question.")]
QuestionnaireName = Annotated[
    str | None, typer.Option(help="Library name or file; looked for in the library and beside the mapping.")
]
DataPath = Annotated[Path | None, typer.Option(help="The survey's file, when it stands elsewhere.")]

app = typer.Typer(
    help="Look at answers of real people, and count them, before a wave is compared with them.", no_args_is_help=True
)


@app.callback()
def reference() -> None:
    """Look at answers of real people, and count them, before a wave is compared with them."""


@app.command()
def check(
    mapping: MappingPath,
    questionnaire: QuestionnaireName = None,
    data: DataPath = None,
    as_json: AsJson = False,
) -> None:
    """Show what of a survey's file matches the questions, and what fits nothing (exit code 2)."""
    from surveys.load import load_mapping
    from surveys.reference_screen import check_lines

    checked = load_mapping(mapping, questionnaire, data).check()
    if as_json:
        print(checked.model_dump_json(indent=2))
    else:
        print(*check_lines(checked), sep="\n")
    if not checked.clean:
        raise typer.Exit(2)


@app.command()
def count(
    mapping: MappingPath,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="REFERENCE.yaml", help="Reference to write, with its table beside.")
    ],
    questionnaire: QuestionnaireName = None,
    data: DataPath = None,
) -> None:
    """Count a survey's file once, and write a reference of its counts alone, which waves name in its place."""
    from surveys.load import load_mapping
    from surveys.reference_writing import write_reference

    survey = load_mapping(mapping, questionnaire, data)
    counted = survey.counts()
    table = write_reference(counted, out)
    checked = survey.check()
    say(f"Written: {out}, {table}: {len(checked.questions)} questions, {checked.counted:,} people.")
    if checked.not_in_file:
        say(f"No column: {', '.join(checked.not_in_file)}.")
    if counted.reference.restricted:
        say("The source is restricted: look at its terms, and at cells of few people, before you pass counts on.")
