"""Paraphrases of a questionnaire's questions, stored with who wrote and who reviewed them."""

from demoscope.documents import Document
from surveys.question import Id
from surveys.translation import Wording


class Paraphrases(Document):
    """Other wordings of the same questions; codes and options are those of the questionnaire.

    >>> Paraphrases(questionnaire="q", texts={"tea": [{"text": "Do you drink tea?"}]}).texts["tea"][0].text
    'Do you drink tea?'
    """

    questionnaire: Id
    """Id of the questionnaire they belong to."""
    language: str = "en"
    """Language they are in, as an ISO 639-1 code."""
    source: str | None = None
    """Who wrote them, such as the wave and the model."""
    texts: dict[str, tuple[Wording, ...]]
    """Question id -> its paraphrases, in order; each with its ``reviewer`` once somebody has read it."""
