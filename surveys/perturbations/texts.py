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


def in_words(question: Question, wording: Wording, around: Wording | None = None) -> Question:
    """The question in other words; codes, order and everything that is not worded stay.

    Parameters
    ----------
    around : Wording, optional
        Words of the battery or vignette the question stands in.
    """
    group = around or Wording()
    update: dict[str, Any] = {}
    if wording.text:
        update["text"] = wording.text
    if question.stem and group.text:
        update["stem"] = group.text
    labels = {**group.options, **wording.options}
    if labels:
        update["options"] = tuple(
            option.model_copy(update={"label": labels.get(option.code, option.label)}) for option in question.options
        )
    for name in ("low_label", "high_label", "unit", "instruction"):
        said = getattr(wording, name) or getattr(group, name)
        if said and getattr(question, name):
            update[name] = said
    for name in ("point_labels", "wordings"):
        said = {**getattr(question, name), **getattr(group, name), **getattr(wording, name)}
        if said and getattr(question, name):
            update[name] = said
    return question.model_copy(update=update) if update else question


def missing_words(question: Question, wording: Wording, around: Wording | None = None) -> list[str]:
    """What a translation lacks of a question."""
    group = around or Wording()
    lacking = [] if wording.text else ["text"]
    lacking += ["stem"] if question.stem and not group.text else []
    known = {*group.options, *wording.options}
    lacking += [f"option {option.code}" for option in question.options if option.code not in known]
    for name in ("low_label", "high_label", "unit", "instruction"):
        if getattr(question, name) and not (getattr(wording, name) or getattr(group, name)):
            lacking.append(name)
    return lacking
