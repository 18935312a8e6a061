"""A conversion as a person reads it."""

from collections.abc import Iterator
from pathlib import Path

from surveys.formats.conversion import Conversion
from surveys.formats.interface import LeftOut

MOST = 200
"""Things left out that are printed one by one; ``--json`` has all of them."""


def conversion_lines(made: Conversion, target: Path) -> Iterator[str]:
    """What was written, then what was left out on the way in and on the way out."""
    plural = "" if made.questions == 1 else "s"
    yield f"{made.questions} question{plural} read as {made.read_as}, written as {made.written_as}: {target}"
    if not made.not_read and not made.not_written:
        yield "Nothing was left out."
    yield from _listed(made.not_read, "in the file and not in our documents")
    yield from _listed(made.not_written, f"in our documents and not in {made.written_as}")


def _listed(left_out: tuple[LeftOut, ...], where: str) -> Iterator[str]:
    if left_out:
        yield f"Left out, {where} ({len(left_out)}):"
        yield from (f"  {item}" for item in left_out[:MOST])
        if len(left_out) > MOST:
            yield f"  ... and {len(left_out) - MOST} more; --json lists them all."
