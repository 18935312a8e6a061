"""Populations whose people are respondents of the survey, as documents."""

from collections.abc import Mapping
from typing import Any

from surveys.formats.wvs.wave7 import PERSON

SOURCE = "World Values Survey wave 7 (2022), https://doi.org/10.14281/18241.20; its rows may not be passed on."


def population_of_rows(id: str, title: str, levels: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """A population that takes every row of ``people.csv`` once; its rows are not passed on.

    Parameters
    ----------
    levels : mapping
        Column of the table -> its codes, with their words.
    """
    return {
        "id": id,
        "title": title,
        "source": SOURCE,
        "attributes": {name: {"levels": codes} for name, codes in levels.items()},
        "sources": [
            {
                "kind": "microdata",
                "file": "people.csv",
                "row": PERSON,
                "restricted": True,
                "attributes": {name: {"column": name, "missing": "unknown"} for name in levels},
            }
        ],
        "design": {"kind": "every_row"},
    }
