"""Whether the parts of a wave fit together; what does not is refused before anything is asked.

Each function is told ``where`` the part stands, by file and line, and raises a ``DocumentError`` that says so.
"""

from demoscope.errors import DocumentError
from personas import Population
from simulator.crossing import MOST
from simulator.known_answers import check_people
from simulator.protocols.ivc_settings import ASSIGNED, IvcSettings
from simulator.wave import Cell, Wave
from surveys import Questionnaire, ReferenceCounts
from surveys.given import Sort
from surveys.routing import find_unknown_attributes
from surveys.statements import KnownAnswers
from surveys.statements.conversion import categories_in


def check_attributes(questionnaire: Questionnaire, population: Population, where: str) -> None:
    """Refuse a questionnaire that wants to know of people what the population cannot tell."""
    sorts: dict[str, Sort] = {
        name: "number" if attribute.kind == "numeric" else "text" for name, attribute in population.attributes.items()
    }
    levels = {name: tuple(attribute.levels) for name, attribute in population.attributes.items() if attribute.levels}
    ranges = {
        name: (min(low for low, _ in bands), max(high for _, high in bands))
        for name, attribute in population.attributes.items()
        if (bands := attribute.bands.values())
    }
    problems = list(find_unknown_attributes(questionnaire.layout, questionnaire.arms, sorts, levels, ranges))
    if problems:
        raise DocumentError("\n".join(f"{where}: {problem}." for problem in problems[:8]))


def check_reference(
    reference: ReferenceCounts, questionnaire: Questionnaire, population: Population, where: str
) -> None:
    """Refuse counts of questions, options or groups that the questionnaire and the population do not have."""
    document = reference.reference
    if document.questionnaire != questionnaire.id:
        raise DocumentError(
            f"{where}: {document.id!r} belongs to the questionnaire {document.questionnaire!r}, not to "
            f"{questionnaire.id!r}; name another reference or leave it out."
        )
    for name, group in document.traits.items():
        if group.attribute not in population.attributes:
            raise DocumentError(
                f"{where}: {document.id!r} groups by {group.attribute!r} ({name}), an attribute that nobody in "
                f"{population.id!r} has; its attributes are {', '.join(sorted(population.attributes))}."
            )
    for count in reference.counts:
        try:
            question = questionnaire[count.question]
        except KeyError:
            raise DocumentError(
                f"{where}: {document.id!r} has counts for {count.question!r}, a question that "
                f"{questionnaire.id!r} does not have."
            ) from None
        if count.code is not None and question.option(count.code) is None:
            codes = [option.code for option in question.choices]
            raise DocumentError(
                f"{where}: {document.id!r} counts code {count.code} for {count.question!r}, whose codes are {codes}."
            )


def check_known(known: KnownAnswers, wave: Wave, cells: tuple[Cell, ...], where: str) -> None:
    """Refuse people of whom nothing is known, and setups that do not say who is asked what."""
    for cell in cells:
        if not isinstance(cell.settings, IvcSettings):
            continue
        here = f"{where}: condition {cell.condition.name!r}"
        if cell.condition.perturbations:
            raise DocumentError(
                f"{here}: perturbations change questions, and it asks about statements; leave them out."
            )
        try:
            cell.settings.check_categories(categories_in(cell.asked.questionnaire))
        except DocumentError as error:
            raise DocumentError(f"{here}: {error}") from None
        assigned = cell.settings.setup == ASSIGNED
        if assigned != (wave.assignments is not None):
            wrong = "the wave has no `assignments`" if assigned else f"the wave has `assignments`; say {ASSIGNED!r}"
            raise DocumentError(f"{here}: setup: {wrong}.")
    asked = {cell.population.id: cell.population for cell in cells}
    for name, population in asked.items():
        most = max(cell.respondents for cell in cells if cell.population.id == name)
        try:
            check_people(known, name, population.columns(0, most, wave.seed).rows)
        except DocumentError as error:
            raise DocumentError(f"{where}: {error}") from None


def check_names(names: list[str], models: int, where: str) -> None:
    """Refuse conditions that are called alike, and more cells than a wave can have."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise DocumentError(f"{where}: conditions: the name {twice!r} is used twice; every name is used once.")
    if len(names) * models > MOST:
        raise DocumentError(f"{where}: conditions: {len(names) * models:,} cells; split the wave.")


def check_populations(cells: tuple[Cell, ...], own: Population, where: str) -> None:
    """Refuse two populations of one id, whose people could not be told apart."""
    known = {own.id: own}
    for cell in cells:
        if known.setdefault(cell.population.id, cell.population).as_json() != cell.population.as_json():
            raise DocumentError(
                f"{where}: the condition {cell.condition.name!r} asks another population that is also called "
                f"{cell.population.id!r}; give it an id of its own."
            )
