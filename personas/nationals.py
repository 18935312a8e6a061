"""One person of each of some countries, of whom nothing but the country is known: for demographic prompting."""

from typing import Any

from demoscope.documents import build
from demoscope.errors import DocumentError
from personas.document import PopulationDocument

PREFIX = "countries:"
"""Before the countries in the name of such a population: ``countries:Germany,Mexico``."""
TABLE = "countries"
"""What stands for the file name of its rows."""
PUBLISHED = ("United States", "Germany", "Czech Republic", "China", "Mexico", "Egypt")
"""The countries of the paper; its published code has run five of them, without the Czech Republic."""


def nationals_of(name: str) -> tuple[PopulationDocument, dict[str, Any]]:
    """Document of the population ``countries:A,B,...``, and its rows as plain data, in the order named.

    Raises
    ------
    DocumentError
        If no country is named, or one twice.

    >>> nationals_of("countries:Germany, Mexico")[0].attributes["country"].codes
    ('Germany', 'Mexico')

    References
    ----------
    Shen et al. (2025) ask models to "Imagine you are a person from <country>."
    """
    named = [part.strip() for part in name.removeprefix(PREFIX).split(",")]
    twice = [country for country in named if named.count(country) > 1]
    if not all(named) or twice:
        problem = f"{twice[0]!r} is named twice" if twice and twice[0] else "a name is missing"
        raise DocumentError(f"{name!r}: {problem}; write countries with commas between, as {PREFIX}Germany,Mexico.")
    content = {
        "id": "countries",
        "title": f"A person of each of {len(named)} countries",
        "source": "The countries that the wave names; nothing else is known of these people.",
        "attributes": {"country": {"levels": {country: country for country in named}}},
        "sources": [{"kind": "microdata", "file": TABLE, "attributes": {"country": "country"}, "row": "country"}],
        "design": {"kind": "every_row"},
        "phrases": [
            {
                "tells": ["country"],
                "text": {"en": "you are a person from {{ country }}", "zh": "你是一个来自{{ country }}的人"},
                "first": {"en": "I am a person from {{ country }}", "zh": "我是一个来自{{ country }}的人"},
                "asked": {"en": "Which country are you from?", "zh": "您来自哪个国家？"},
            }
        ],
    }
    rows = {"values": {"country": named}, "weights": [1.0] * len(named), "rows": named}
    return build(PopulationDocument, content, name), {"tables": {}, "microdata": {TABLE: rows}}
