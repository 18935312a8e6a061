"""The commands for coding open answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demoscope.command_line import AsJson, StorePath, say

if TYPE_CHECKING:
    from analysis.coding import Coding

CodebookPath = Annotated[
    Path, typer.Argument(metavar="CODEBOOK.yaml", help="The codes, and the question they are of.")
]

app = typer.Typer(
    help="Give open answers the codes of a codebook, by two coders, people or models.", no_args_is_help=True
)


@app.command()
def sheet(
    store: StorePath,
    codebook: CodebookPath,
    out: Annotated[Path, typer.Argument(metavar="SHEET.csv", help="CSV to write, for one coder to fill in.")],
) -> None:
    """Write the open answers as a sheet: a coder fills in `code` and, in the first row, their name as `coder`."""
    from analysis.coding import answers_to
    from analysis.reading import open_results
    from demoscope.documents import read
    from demoscope.open_answers import write_coding_sheet
    from surveys.codebook import Codebook

    book = read(Codebook, codebook)
    with open_results(store) as results:
        answers = answers_to(results, book)
    write_coding_sheet(out, answers)
    say(f"{out}: {len(answers):,} answers to {book.question}. Give a copy to each of two coders.")


@app.command("read")
def read_(
    store: StorePath,
    codebook: CodebookPath,
    sheets: Annotated[list[Path], typer.Argument(metavar="SHEET SHEET", help="The sheets of the two coders.")],
    settle: Annotated[
        Path | None, typer.Option(help="Sheet of a third person, who settles what they dispute.")
    ] = None,
    disputed: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="Write what they dispute, for a third person.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="CODES.json", help="Write the codes, for --codes of report and compare."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how far two coders agree, and how often each code was given."""
    from analysis.coded import write_coded
    from analysis.coding import answers_to, read_coding
    from analysis.reading import open_results
    from demoscope.documents import read
    from demoscope.open_answers import write_coding_sheet
    from surveys.codebook import Codebook

    book = read(Codebook, codebook)
    with open_results(store) as results:
        found = read_coding(results, book, sheets, settle)
        answers = answers_to(results, book)
    if out:
        write_coded(found.codes, out)
    if as_json:
        print(found.model_dump_json(indent=2))
    else:
        print(*coding_lines(found), sep="\n")
    if out:
        say(f"Written: {out}   Count them: demoscope report {store} --codes {out}")
    if disputed:
        keys = {each[:2] for each in found.disputed}
        write_coding_sheet(disputed, [one for one in answers if one.key in keys])
        say(f"Written: {disputed}")


def coding_lines(found: "Coding") -> Iterator[str]:
    """The agreement, and the coded question cell by cell."""
    first, second = found.coders
    kappa = "not defined: both used one and the same code" if found.kappa is None else f"{found.kappa:z.2f}"
    known = found.low is not None and found.high is not None
    interval = f" (95 % {found.low:z.2f} to {found.high:z.2f})" if known else ""
    yield f"{found.codebook}: codes of {found.question}, by {first} and {second}"
    alike = f"{found.share_agreed:.0%} of them alike"
    yield f"Both coded {found.both:,} answers, {alike}. Cohen's kappa {kappa}{interval}."
    yield f"{len(found.disputed):,} are disputed and count for no code; {found.settled:,} were settled by a third."
    for cell in found.cells:
        yield ""
        yield f"{cell.cell}: {cell.coded:,} of {cell.answers:,} answers have a code"
        for one in cell.shares:
            span = f"{one.low:.0%} to {one.high:.0%}"
            yield f"  {one.code:>4}  {one.label:<40} {one.answers:>6,}  {one.share:>4.0%}  ({span})"
