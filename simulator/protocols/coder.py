"""The protocol ``coder``: a model gives each open answer that a store holds one code of a codebook.

Its subject is the respondent who answered. `demoscope code ask STORE CODEBOOK` launches it; see
:mod:`simulator.coding`.
"""

from functools import partial

from pydantic import Field

from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from simulator.constraint import Constraint
from simulator.protocols.interface import Ability, Judged, Protocol
from simulator.protocols.rater import MOST_TRIES, SEVERAL, RaterSettings, judged, until_read
from simulator.protocols.registry import CellDescription
from simulator.respondent import Respondent
from surveys import Questionnaire
from surveys.codebook import Codebook
from surveys.coding import AGAIN, instructions, read_code


class CoderSettings(RaterSettings):
    """How open answers are coded by a model.

    >>> CoderSettings().tries
    3
    """

    name: str = Field(default="coder", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """What the results call the coder; after the model when absent."""
    constrained: bool | None = None
    """Whether the reply must be one line of the codebook. When absent it must where the backend always can hold a
    model to that, which an API may not."""


class CodebookSettings(CoderSettings):
    """The same, with the codebook."""

    codebook: Codebook
    """The codes, and the question they are of."""


class Coder:
    """One exchange for each open answer, and further ones while there is no code."""

    name = "coder"
    settings_model: type[Document] = CodebookSettings

    def check(self, settings: CodebookSettings, population: Population, where: str) -> None:
        """No wave asks a coder: it needs answers."""
        raise DocumentError(
            f"{where}: a coder reads the open answers of a store, so it is no condition of a wave; run the wave, "
            "then `demoscope code ask STORE CODEBOOK`."
        )

    def describe(self, settings: CodebookSettings, population: Population | None) -> CellDescription:
        """What the store records of a coder with these settings: all of them, the codebook included."""
        return CellDescription("demoscope", SEVERAL, None, settings.model_dump(mode="json") | {"fallbacks": {}}, ())

    def answers_expected(self, settings: CodebookSettings, questionnaire: Questionnaire) -> int:
        """None: a coder leaves codes."""
        return 0

    def abilities_needed(self, settings: CodebookSettings) -> frozenset[Ability]:
        """Replies, nothing else."""
        return frozenset({"generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: CodebookSettings, seed: int, cell: str
    ) -> Respondent:
        """Whose answers are coded, before they are known."""
        return judged(cell, persona.number, settings, ())

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: CodebookSettings, seed: int
    ) -> Protocol:
        """Code every open answer."""
        book = settings.codebook
        lines = Constraint(tuple(one.line for one in book.codes)) if settings.constrained else None
        for reply in respondent.replies:
            code, said = yield from until_read(
                respondent,
                reply,
                settings,
                seed,
                place=reply.key.replicate * MOST_TRIES,
                turns=instructions(book, reply.asked, reply.answer),
                again=AGAIN,
                read=partial(_code, book),
                constraint=lines,
            )
            yield Judged(reply.key.question, reply.key.replicate, settings.name, dimension(book), code, said)


def dimension(codebook: Codebook) -> str:
    """What ``judgements.dimension`` says where the verdict is a code of this codebook."""
    return f"code:{codebook.id}"


def _code(codebook: Codebook, text: str) -> str | None:
    code = read_code(text, codebook)
    return None if code is None else str(code)


PROTOCOL = Coder()
