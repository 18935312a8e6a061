"""SurveyJS: questionnaires as JSON, or as the JavaScript in which people keep it."""

import re

from surveys.formats.interface import Format
from surveys.formats.surveyjs.reading import read
from surveys.formats.surveyjs.writing import write

_SIGNS = re.compile(rb"""["']?(pages|elements|questions)["']?\s*:\s*\[""")


def _recognises(head: bytes) -> bool:
    return (
        b"{" in head and b"SurveyEntry" not in head and b'"row","id"' not in head and _SIGNS.search(head) is not None
    )


FORMAT = Format("surveyjs", "SurveyJS JSON", (".json", ".js"), _recognises, read, write)
