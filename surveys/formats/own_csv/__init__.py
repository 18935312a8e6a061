"""A questionnaire as one flat table for spreadsheets: a row for every wording, a column for every language."""

from surveys.formats.interface import Format
from surveys.formats.own_csv.reading import read
from surveys.formats.own_csv.writing import write


def _recognises(head: bytes) -> bool:
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].replace(b'"', b"").strip().lower()
    return any(first.startswith(sign.join((b"row", b"id", b"kind"))) for sign in (b",", b";", b"\t"))


FORMAT = Format("csv", "flat CSV", (".csv",), _recognises, read, write)
