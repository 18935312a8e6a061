"""Qualtrics QSF: surveys as Qualtrics exports and imports them."""

from surveys.formats.interface import Format
from surveys.formats.qualtrics.reading import read
from surveys.formats.qualtrics.writing import write


def _recognises(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and b'"SurveyEntry"' in head


FORMAT = Format("qualtrics", "Qualtrics QSF", (".qsf",), _recognises, read, write)
