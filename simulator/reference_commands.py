"""The commands about answers of real people."""

from pathlib import Path
from typing import Annotated

import typer

from demoscope.command_line import AsJson

app = typer.Typer(help="Look at answers of real people before a wave is compared with them.", no_args_is_help=True)


@app.callback()
def reference() -> None:
    """Look at answers of real people before a wave is compared with them."""


@app.command()
def check(
    mapping: Annotated[Path, typer.Argument(metavar="MAPPING.yaml", help="Which column is which question.")],
    questionnaire: Annotated[
        str | None, typer.Option(help="Library name or file; looked for in the library and beside the mapping.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The survey's file, when it stands elsewhere.")] = None,
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
