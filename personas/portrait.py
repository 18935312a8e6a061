"""A persona as prompt text: where the person lives, and who they are in one sentence."""

from collections.abc import Sequence
from typing import Literal

from demoscope.errors import DocumentError
from personas.persona import Persona, Place
from personas.phrases import Voice
from personas.place_names import place_in, with_the
from personas.population import Population

Detail = Literal["country", "state", "city"]
Language = Literal["en", "zh"]
Joiner = Literal["living in", " "]

ACT = {"en": "Act as a citizen from {portrait}", "zh": "我希望你扮演一位公民，来自{portrait}"}
"""How DEF begins to introduce a person to the model: the place, and then what else is told."""


def location(
    persona: Persona, *, detail: Detail = "city", language: Language = "en", joiner: Joiner = "living in"
) -> str:
    """Where a persona is from, for the ``[COUNTRY]`` of a DEF prompt.

    Parameters
    ----------
    persona : Persona
        Someone with a place.
    detail : {"country", "state", "city"}
        Smallest unit told; units that the place does not have are left out, and a city that is called like its
        state is told once.
    language : {"en", "zh"}
        Countries, US states, Chinese provinces and Chinese cities are named in that language, others as they stand.
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
    >>> location(Persona(number=0, place=Place(country="China", state="Hubei", city="Wuhan")), language="zh")
    '中国、居住在湖北省武汉市'

    References
    ----------
    Diversity-Enhanced Framework for survey response simulation: the paper writes ``<country> living in
    <location>`` with city and state, its code ``<country> <state>``.
    """
    place = place_of(persona, language)
    state = place.state if detail != "country" else None
    city = place.city if detail == "city" and place.city != state else None
    units = [unit for unit in (state, city) if unit]
    if language == "zh":
        where = "".join(units)
        return f"{place.country}{'、居住在' if joiner == 'living in' else ''}{where}" if where else place.country
    where = ", ".join(reversed(units))
    if joiner == " ":
        return f"{place.country} {where}".strip()
    named = with_the(place.country)
    return f"{named} living in {where}" if where else named


def whereabouts(persona: Persona, language: Language = "en") -> str:
    """Where a persona lives, for a sentence.

    >>> whereabouts(Persona(number=0, place=Place(country="United States", state="Texas", city="Austin")))
    'Austin, Texas, the United States'
    """
    place = place_of(persona, language)
    units = [unit for unit in (place.city if place.city != place.state else None, place.state) if unit]
    if language == "zh":
        return "".join((place.country, *reversed(units)))
    return ", ".join((*units, with_the(place.country)))


def place_of(persona: Persona, language: Language) -> Place:
    """Where a persona lives, named in that language; a :class:`DocumentError` for someone without a place."""
    if persona.place is None:
        raise DocumentError(
            f"Person {persona.number} has no place to be told; add `places` to the population or tell no location."
        )
    return place_in(persona.place, language)


def clauses(
    persona: Persona,
    population: Population,
    attributes: Sequence[str],
    language: Language = "en",
    voice: Voice = "text",
) -> list[str]:
    """What the population's phrases say of a persona, a clause each, in the order of the phrases.

    Parameters
    ----------
    attributes : sequence of str
        Attributes to tell, in any order; one that is not known of this person is left out.
    voice : {"text", "first"}
        The second person ("you are ...") or the first ("I am ...").

    Raises
    ------
    DocumentError
        If an attribute is unknown to the population, has no phrase, or has no words in that language or voice.
    """
    for name in attributes:
        if name not in population.attributes:
            raise DocumentError(
                f"Population {population.id!r} knows no {name!r} of its people; "
                f"it knows {', '.join(population.attributes)}."
            )
    untold = [name for name in dict.fromkeys(attributes) if persona.attributes.get(name) is not None]
    codes = {name: persona.attributes[name] for name in untold}
    labels = {name: population.attributes[name].label(value, language) for name, value in codes.items()}
    said = []
    for phrase in population.phrases:
        if all(name in untold for name in phrase.tells):
            said.append(phrase.say(labels, codes, language, voice))
            untold = [name for name in untold if name not in phrase.tells]
    if untold:
        raise DocumentError(
            f"Population {population.id!r} has no phrase that tells {untold[0]!r}; add one to its `phrases`."
        )
    return said


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
    said = clauses(persona, population, attributes, language)
    return sentence(("；" if language == "zh" else "; ").join(said), language) if said else ""


def sentence(words: str, language: Language) -> str:
    """The words with a capital at their head and a full stop at their end.

    >>> sentence("you are 44 years old", "en")
    'You are 44 years old.'
    """
    return words[0].upper() + words[1:] + ("。" if language == "zh" else ".")
