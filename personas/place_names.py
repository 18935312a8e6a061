"""How countries, states and cities are called in other languages."""

import csv
from functools import cache
from pathlib import Path

from personas.persona import Place

LIBRARY = Path(__file__).parent / "library"


WITH_THE = frozenset(
    {
        "United States",
        "United Kingdom",
        "Netherlands",
        "Philippines",
        "Czech Republic",
        "Dominican Republic",
        "United Arab Emirates",
        "Bahamas",
        "Gambia",
        "Maldives",
        "Central African Republic",
        "Democratic Republic of the Congo",
        "Republic of the Congo",
        "Solomon Islands",
        "Marshall Islands",
        "Comoros",
        "Seychelles",
        "Palestinian Territory",
        "U.S. Virgin Islands",
    }
)
"""Countries whose English name takes the article in a sentence."""


@cache
def _names() -> dict[tuple[str, str, str], str]:
    """Unit, the state (or ``country``) that it lies in, language -> name."""
    with (LIBRARY / "place_names.csv").open(encoding="utf-8", newline="") as file:
        return {(row["name"], row["within"], "zh"): row["zh"] for row in csv.DictReader(file)}


def name_in(name: str, language: str, within: str = "") -> str:
    """Name of a state, or of a city or country ``within`` its state or ``country``; as it stands when unknown.

    A Chinese province may be called ``Hubei`` or ``Hubei Province``.

    >>> name_in("Texas", "zh"), name_in("Texas", "en"), name_in("Springfield", "zh")
    ('得克萨斯州', 'Texas', 'Springfield')
    >>> name_in("Suzhou", "zh", within="Jiangsu"), name_in("Suzhou", "zh", within="Anhui")
    ('苏州市', '宿州市')
    """
    return _names().get((name.removesuffix(" Province"), within.removesuffix(" Province"), language), name)


def place_in(place: Place, language: str) -> Place:
    """The place with every name in ``language``, where it is known.

    In Chinese, a city of China that has no Chinese name here is left out.

    >>> place_in(Place(country="Georgia"), "zh").country
    '格鲁吉亚'
    >>> place_in(Place(country="United States", state="Georgia"), "zh").state
    '佐治亚州'
    >>> place_in(Place(country="China", state="Jiangsu", city="Changshu"), "zh").city is None
    True
    """
    city = place.city and name_in(place.city, language, place.state or place.country)
    if language == "zh" and place.country == "China" and city == place.city:
        city = None
    return Place(
        country=name_in(place.country, language, "country"),
        state=place.state and name_in(place.state, language),
        city=city,
    )


def with_the(country: str) -> str:
    """English name of a country as it stands in a sentence.

    >>> with_the("Netherlands"), with_the("France")
    ('the Netherlands', 'France')
    """
    return f"the {country}" if country in WITH_THE else country
