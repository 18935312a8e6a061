"""Codebooks as JSON: what each column of a survey's data file asked, and what its codes mean.

The form is that of the World Values Survey's codebook in the repository of WorldValuesBench::

    {"Q1": {"question": "Important in life: Family", "choices": {"1": "Very important", "-1": "Don't know"}}}
"""

import math
import re
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.formats.untrusted import read_json
from surveys.formats.variables import MOST, Variable

_CODE = re.compile(r"-?\d{1,9}")


def read_codebook(path: Path) -> dict[str, Variable]:
    """Column -> its wording and the labels of its codes, lowest first; negative codes, which mean no answer, last.

    Raises
    ------
    DocumentError
        If the file cannot be read or is no such codebook.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content or len(content) > MOST:
        raise DocumentError(f"{path}: expected an object with an entry for each column; it is no codebook.")
    return {name: _variable(name, about, path) for name, about in content.items()}


def _variable(name: str, about: Any, path: Path) -> Variable:
    choices = about.get("choices") if isinstance(about, dict) else None
    if not isinstance(choices, dict):
        raise DocumentError(f"{path}: {name[:80]!r} has no `choices`; write them as code: label, or {{}} for none.")
    labels = {int(code): str(label) for code, label in choices.items() if _CODE.fullmatch(code)}
    in_order = sorted(labels, key=lambda code: (code < 0, abs(code)))
    said = (about.get(key) for key in ("question", "question_instruction"))
    question, instruction = (text if isinstance(text, str) else "" for text in said)
    return Variable(
        name,
        question,
        labels={code: labels[code] for code in in_order},
        missing=((-math.inf, -1),),
        instruction=instruction,
    )
