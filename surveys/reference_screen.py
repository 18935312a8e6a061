"""What matched of a survey's file, in lines for a terminal."""

from collections.abc import Iterator

from surveys.reference_check import ColumnCheck, ReferenceCheck

MOST = 12
"""Unmatched values of a column that are named."""


def check_lines(checked: ReferenceCheck) -> Iterator[str]:
    """Line by line: the people, the groupings, the questions, and what fits nothing."""
    weights = ""
    if checked.weighted is not None and checked.effective is not None:
        weights = f", weights sum to {checked.weighted:,.1f}, worth {checked.effective:,.0f} people of equal weight"
    left = checked.rows - checked.counted
    yield f"{checked.reference}: {checked.file}"
    yield f"{checked.counted:,} of {checked.rows:,} rows are counted ({left:,} left out){weights}."
    for title, columns in (("Groups", checked.groups), ("Questions", checked.questions)):
        if columns:
            yield ""
            yield f"{title} (rows)"
            for one in columns:
                yield from _column(one)
    yield ""
    if checked.not_in_file:
        yield f"Not in the file, so not compared: {', '.join(checked.not_in_file)}"
    if checked.not_countable:
        yield f"Neither single choices nor scales, so not compared: {', '.join(checked.not_countable)}"
    if checked.clean:
        yield "Every value is an option, a level or missing."
    else:
        yield "Some values fit nothing (!): say under `codes` what they stand for, or name them as `missing`."


def _column(one: ColumnCheck) -> Iterator[str]:
    column = f" ({one.column})" if one.column != one.name else ""
    found = " · ".join(f"{_shown(name)} {rows:,}" for name, rows in one.matched.items())
    yield f"  {one.name}{column}: {found or 'nothing matched'} · missing {one.missing:,}"
    if one.unmatched:
        values = list(one.unmatched.items())
        more = f" and {len(values) - MOST} more" if len(values) > MOST else ""
        yield f"    ! {', '.join(f'{_shown(value)!r} {rows:,}' for value, rows in values[:MOST])}{more}"


def _shown(text: str) -> str:
    """A text of a file as one short line without control characters."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= 40 else f"{plain[:39]}…"
