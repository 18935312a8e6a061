"""Ways to introduce a persona: told to it, told by it, as statements, as an interview, or in the user's own words."""

from collections.abc import Sequence

from demoscope.errors import DocumentError
from personas.attributes import in_language
from personas.persona import Persona
from personas.phrases import PLACE, STYLES
from personas.place_names import place_in
from personas.population import Population
from personas.portrait import Language, clauses, describe, sentence, whereabouts
from personas.statements import statement, wvs_statements
from personas.templates import fill, names_in

COUNTRY_ASKED = {"en": "In which country was this interview held?", "zh": "本次访谈在哪个国家进行？"}
LIVES = {"en": "I live in {where}", "zh": "我住在{where}"}


def usual(population: Population) -> tuple[str, ...]:
    """Attributes that are told of somebody beside the place: all that have a phrase, in the order of the phrases.

    Attributes that say in which country or state somebody lives are left to the place.
    """
    places = population.document.places
    placed = (places.country_attribute, places.state_attribute) if places else ()
    told = (name for phrase in population.phrases for name in phrase.tells)
    return tuple(dict.fromkeys(name for name in told if name not in placed))


def stated(population: Population) -> tuple[str, ...]:
    """Attributes that statements tell: demographic questions of the World Values Survey, then :func:`usual`."""
    asked = (name for name in population.attributes if name in wvs_statements())
    return tuple(dict.fromkeys((*asked, *usual(population))))


def told_by(population: Population, attributes: Sequence[str], style: str) -> tuple[str, ...]:
    """Attributes that a portrait tells: those asked for, or those that a template of the population's own names."""
    if style not in population.portraits:
        return tuple(attributes)
    text = population.portraits[style].text
    named = frozenset[str]().union(*map(names_in, (text,) if isinstance(text, str) else text.values()))
    return tuple(name for name in population.attributes if name in named)


def portray(
    persona: Persona,
    population: Population,
    attributes: Sequence[str],
    language: Language = "en",
    style: str = "second_person",
    place: bool = True,
) -> str:
    """A persona in words, in one of the styles.

    Parameters
    ----------
    attributes : sequence of str
        Attributes to tell; one that is not known of this person is left out. A style of the user's own tells what
        its template names, whatever stands here.
    style : str
        ``second_person``: one sentence addressed to the person, without the place. ``first_person``: the person
        speaks, place included. ``statements``: one first-person statement a line. ``interview``: a numbered list of
        questions and answers, the country first. Or the name of one of the population's `portraits`.
    place : bool
        Whether ``first_person`` and ``interview`` tell where the person lives; no where something else does.

    Raises
    ------
    DocumentError
        If there is no such style, or the population lacks the words for it; the message says what to add.
    """
    if style in population.portraits:
        return _own(persona, population, style, language)
    if style == "second_person":
        return describe(persona, population, attributes, language)
    if style == "first_person":
        return first_person(persona, population, attributes, language, place)
    if style == "statements":
        return "\n".join(statements(persona, population, attributes, language))
    if style == "interview":
        return interview(persona, population, attributes, language, place)
    raise DocumentError(
        f"Population {population.id!r} has no portrait {style!r}; "
        f"there are {', '.join((*STYLES, *population.portraits))}."
    )


def first_person(
    persona: Persona, population: Population, attributes: Sequence[str], language: Language = "en", place: bool = True
) -> str:
    """The persona speaks: a sentence for each phrase, and where it lives when that is known."""
    spots = population.document.places
    if place and spots and persona.place is not None and place_in(persona.place, language).city is not None:
        attributes = [name for name in attributes if name != spots.settlement_attribute]  # the city says it
    said = clauses(persona, population, attributes, language, "first")
    if place and persona.place is not None:
        said.append(LIVES[language].format(where=whereabouts(persona, language)))
    return ("" if language == "zh" else " ").join(sentence(clause, language) for clause in said)


def statements(
    persona: Persona, population: Population, attributes: Sequence[str], language: Language = "en"
) -> list[str]:
    """First-person statements, one for each attribute that is known of the person, in the order asked for.

    Attributes that are named as the World Values Survey names its demographic questions (``Q260``, ``X003R``,
    ``B_COUNTRY`` ...) are worded after the 31 templates of IndieValueCatalog, in English; others by the population's
    phrases.

    References
    ----------
    IndieValueCatalog: 31 demographic records, codes that mean the same grouped into one statement, a code that is not
    listed left out, the first letter capital.
    """
    said = []
    for name in dict.fromkeys(attributes):
        known = statement(name, persona, population.attributes) if language == "en" else None
        worded = known or "".join(clauses(persona, population, [name], language, "first") if known is None else "")
        if worded:
            said.append(worded[0].upper() + worded[1:])
    return said


def interview(
    persona: Persona, population: Population, attributes: Sequence[str], language: Language = "en", place: bool = True
) -> str:
    """Numbered questions and answers, the country first, then the attributes in the order asked for.

    References
    ----------
    WorldValuesBench: demographic information given in an interview, as question and answer pairs.
    """
    pairs = []
    if place and persona.place is not None:
        pairs.append((COUNTRY_ASKED[language], place_in(persona.place, language).country))
    for name in dict.fromkeys(attributes):
        value = persona.attributes.get(name)
        asked = next((phrase.asked for phrase in population.phrases if phrase.tells == (name,)), None)
        if asked is None:
            clauses(persona, population, [name], language)  # says when nobody has this attribute
            raise DocumentError(
                f"Population {population.id!r} has no question for {name!r}; "
                "add `asked` to the phrase that tells it alone."
            )
        if value is not None:
            label = str(population.attributes[name].label(value, language))
            pairs.append((in_language(asked, language, f"The question for {name!r}"), label[0].upper() + label[1:]))
    question, answer = ("问题：", "回答：") if language == "zh" else ("Question: ", "Answer: ")
    return "\n".join(f"{n}. {question}{q}\n   {answer}{a}" for n, (q, a) in enumerate(pairs, start=1))


def _own(persona: Persona, population: Population, style: str, language: Language) -> str:
    text = in_language(population.portraits[style].text, language, f"The portrait {style!r}")
    known = {name: value for name, value in persona.attributes.items() if value is not None}
    labels = {
        name: attribute.label(known[name], language) if name in known else ""
        for name, attribute in population.attributes.items()
    }
    place = place_in(persona.place, language) if persona.place else None
    units = {unit: (getattr(place, unit) or "") if place else "" for unit in PLACE}
    return fill(text, {**units, **labels}, {name: known.get(name, "") for name in population.attributes})
