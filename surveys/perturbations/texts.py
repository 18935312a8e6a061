"""Other texts for the same question: stored paraphrases, and translations that the questionnaire brings."""

from typing import Any, Literal

from pydantic import Field

from demoscope.documents import Document
from surveys.option import LARGEST
from surveys.question import Question
from surveys.translation import Wording

Texts = dict[str, tuple[Wording, ...]]
"""Question id -> its paraphrases, in the order written."""


class Paraphrase(Document):
    """Every question in the words of a stored paraphrase."""

    kind: Literal["paraphrase"]
    """Says what this is."""
    texts: str | Texts
    """Where the paraphrases are: the store of a wave with `protocol: paraphrase`, or a document made of one."""
    number: int = Field(default=1, ge=1, le=LARGEST)
    """Which paraphrase of each question, from 1."""

    def wording(self, question: Question) -> Wording | None:
        """The paraphrase of a question; ``None`` where there are fewer."""
        assert not isinstance(self.texts, str), "a path is read when the wave is loaded"
        found = self.texts.get(question.id, ())
        return found[self.number - 1] if len(found) >= self.number else None


class InLanguage(Document):
    """Every question in another language of the questionnaire."""

    kind: Literal["translation"]
    """Says what this is."""
    language: str = Field(min_length=2)
    """Language, as an ISO 639-1 code; the questionnaire's `translations` must have every wording."""


def in_words(question: Question, wording: Wording) -> Question:
    """The question in other words; codes, options, order and everything that the wording does not say stay."""
    update: dict[str, Any] = {
        name: getattr(wording, name)
        for name in ("text", "low_label", "high_label", "instruction")
        if getattr(wording, name) and getattr(question, name)
    }
    if wording.point_labels and question.point_labels:
        update["point_labels"] = {**question.point_labels, **wording.point_labels}
    return question.model_copy(update=update) if update else question
