"""XLSForm: questionnaires as workbooks, for ODK, KoboToolbox, SurveyCTO and others."""

from surveys.formats.interface import Format
from surveys.formats.xlsform.reading import read
from surveys.formats.xlsform.writing import write


def _recognises(head: bytes) -> bool:
    return head.startswith(b"PK") and (b"xl/" in head or b"[Content_Types].xml" in head)


FORMAT = Format("xlsform", "XLSForm", (".xlsx",), _recognises, read, write)
