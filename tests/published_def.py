"""The published tables of DEF, read in place; tests that need them skip where they are absent."""

import json
from typing import Any

import pytest

from tests.conftest import SHARED

DIMENSIONS = ("EVI", "IDV", "IVR", "LTO", "MAS", "PDI", "TDI", "UAI", "USI")


def published() -> dict[str, Any]:
    path = SHARED / "targets" / "published.json"
    if not path.exists():
        pytest.skip("the published targets are not beside the project")
    found: dict[str, Any] = json.loads(path.read_text())["def"]
    return found


def rows() -> dict[str, dict[str, float]]:
    """The rows of Tables 1 and 2 by the names that the notes on their averages use."""
    targets = published()
    one = {
        f"T1 {model}|{method}": row for model, methods in targets["table1"].items() for method, row in methods.items()
    }
    return one | {f"T2|{model}": row for model, row in targets["table2"].items()}
