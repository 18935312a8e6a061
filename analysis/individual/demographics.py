"""Who people are, in first-person statements: those that a wave tells of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from demoscope.errors import DocumentError
from personas import load_population
from personas.designs import EveryRow
from personas.statements import say
from personas.styles import stated, statements
from surveys.statement_templates import capitalised
from surveys.statements import KnownAnswers
from surveys.statements.published import DemographicQuestion
from surveys.statements.wvs import CONTINENT

Said = Mapping[str, Sequence[str]]
"""Person -> what they say of themselves."""


def of_population(name: str, folder: Path, known: KnownAnswers) -> Said:
    """Statements of the rows of a population's microdata, as the protocol ivc tells them (``demographics: true``).

    Parameters
    ----------
    name : str
        Population of the library, or a path relative to ``folder``.
    known : KnownAnswers
        Whose statements are wanted; somebody who is no row of the population has none.

    Raises
    ------
    DocumentError
        If the population cannot be read, has no microdata, tells nothing, or has none of these people.
    """
    population = load_population(name, folder).under(EveryRow(kind="every_row"))
    told, wanted = stated(population), frozenset(known.people)
    if not told:
        raise DocumentError(f"{name!r} has no attribute that a statement or a phrase tells.")
    found = {
        persona.source_row: statements(persona, population, told)
        for persona in population.people(0, population.size or 0, seed=0)
        if persona.source_row in wanted
    }
    if not found:
        raise DocumentError(
            f"Nobody in {known.source} is a row of {name!r}; both name the column that identifies people as `row`."
        )
    return {str(row): said for row, said in found.items()}


def of_survey(questions: Sequence[DemographicQuestion], known: KnownAnswers) -> Said:
    """Statements of respondents of the World Values Survey, in the words in which a wave tells them."""
    said: dict[str, list[str]] = {person: [] for person in known.people}
    for question in questions:
        column = known.attributes[question.id]
        texts = [_said(question, text) for text in column.texts]
        for person, place in zip(known.people, column.positions.tolist(), strict=True):
            if texts[place]:
                said[person].append(texts[place])
    return said


def _said(question: DemographicQuestion, text: str) -> str:
    """The statement for what stands in a column: a code, or the name of a continent; empty where none is listed."""
    if question.id == CONTINENT:
        return capitalised(say(question.id, text, text)) if text else ""
    label = question.answers.get(int(text)) if text.lstrip("-").isdigit() else None
    said = say(question.id, str(int(text)), label) if label is not None else ""
    return capitalised(said) if said else ""
