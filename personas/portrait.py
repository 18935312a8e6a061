"""A persona as prompt text: where the person lives, and who they are."""

from collections.abc import Sequence
from typing import Literal

from demoscope.errors import DocumentError
from personas.geography import name_in
from personas.persona import Persona
from personas.population import Population

Detail = Literal["country", "state", "city"]
Language = Literal["en", "zh"]
Joiner = Literal["living in", " "]

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
    }
)
"""Countries whose English name takes the article in a sentence."""


def location(
    persona: Persona, *, detail: Detail = "city", language: Language = "en", joiner: Joiner = "living in"
) -> str:
    """Where a persona is from, for the ``[COUNTRY]`` of a DEF prompt.

    Parameters
    ----------
    persona : Persona
        Someone with a place.
    detail : {"country", "state", "city"}
        Smallest unit told; units that the place does not have are left out.
    language : {"en", "zh"}
        Countries and US states are named in that language, cities as they stand.
    joiner : {"living in", " "}
        ``living in`` makes the wording of the paper, with the article where English wants one; a space makes
        that of its published code, country and location side by side.

    Raises
    ------
    DocumentError
        If the persona has no place.

    Examples
    --------
    >>> from personas.persona import Place
    >>> someone = Persona(number=0, place=Place(country="United States", state="Texas", city="Austin"))
    >>> location(someone)
    'the United States living in Austin, Texas'
    >>> location(someone, detail="state", joiner=" ")
    'United States Texas'
    >>> location(someone, language="zh")
    '美国、居住在得克萨斯州Austin'

    References
    ----------
    Diversity-Enhanced Framework for survey response simulation: the paper writes ``<country> living in
    <location>`` with city and state, its code ``<country> <state>``.
    """
    place = persona.place
    if place is None:
        raise DocumentError(
            f"Person {persona.number} has no place to be told; add `places` to the population or tell no location."
        )
    country = name_in(place.country, language)
    state = name_in(place.state, language) if place.state and detail != "country" else None
    city = place.city if detail == "city" else None
    units = [unit for unit in (state, city) if unit]
    if language == "zh":
        where = "".join(units)
        return f"{country}{'、居住在' if joiner == 'living in' else ''}{where}" if where else country
    where = ", ".join(reversed(units))
    if joiner == " ":
        return f"{country} {where}".strip()
    named = f"the {country}" if country in WITH_THE else country
    return f"{named} living in {where}" if where else named


def describe(persona: Persona, population: Population, attributes: Sequence[str], language: Language = "en") -> str:
    """A sentence that tells the persona who they are, such as "You are a 44-year-old woman; ...".

    Parameters
    ----------
    attributes : sequence of str
        Attributes to tell, in any order; the order of the sentence is that of the population's phrases.

    Returns
    -------
    str
        One sentence in the second person; empty when nothing is to be told.

    Raises
    ------
    DocumentError
        If an attribute is unknown, has no phrase, or has no words in that language.
    """
    untold = list(dict.fromkeys(attributes))
    for name in untold:
        if name not in population.attributes or name not in persona.attributes:
            raise DocumentError(
                f"Population {population.id!r} knows no {name!r} of its people; "
                f"it knows {', '.join(population.attributes)}."
            )
    codes = {name: persona.attributes[name] for name in untold}
    labels = {name: population.attributes[name].label(value, language) for name, value in codes.items()}
    clauses = []
    for phrase in population.document.phrases:
        if all(name in untold for name in phrase.tells):
            clauses.append(phrase.say(labels, codes, language))
            untold = [name for name in untold if name not in phrase.tells]
    if untold:
        raise DocumentError(
            f"Population {population.id!r} has no phrase that tells {untold[0]!r}; add one to its `phrases`."
        )
    if not clauses:
        return ""
    sentence = ("；" if language == "zh" else "; ").join(clauses)
    return sentence[0].upper() + sentence[1:] + ("。" if language == "zh" else ".")
