"""How long a questionnaire is: words, tokens of a model, minutes of a person."""

from demoscope.documents import Document
from surveys.lint.words import grade, tokens, wording, words
from surveys.question import Question
from surveys.questionnaire import Questionnaire

WORDS_PER_MINUTE = 238
"""Silent reading of English non-fiction: Brysbaert (2019). How many words do we read per minute? A review and
meta-analysis of reading rate. Journal of Memory and Language 109."""

SECONDS = {
    "single": 4.0,
    "scale": 4.0,
    "multiple": 8.0,
    "ranking": 12.0,
    "allocation": 15.0,
    "number": 6.0,
    "text": 40.0,
    "note": 0.0,
}
"""Seconds to choose and give an answer after reading, by kind: round numbers of ours; a pilot knows better."""


GRADED = 100
"""Words from which on a grade is told: the size of the samples that Coleman & Liau (1975) fitted their index to. Of a
few short questions it can come out at any number, below zero too."""


class Length(Document):
    """How long everything is when nothing is skipped."""

    questions: int
    """Questions that are answered; notes are none."""
    words: int
    """Words of all wordings and options; two Chinese characters count as one."""
    tokens: int
    """Tokens of all wordings and options by rule of thumb, once; a memory repeats them, as ``plan`` shows."""
    minutes: float
    """Minutes that a person needs to read and to answer."""
    grade: float | None
    """Coleman-Liau grade of all wordings together; ``None`` for fewer than :data:`GRADED` words, and for languages
    other than English."""


def length(questionnaire: Questionnaire) -> Length:
    """Length of a questionnaire; the wording that a battery shares is read once."""
    texts: list[str] = []
    read = 0
    seconds = 0.0
    battery: str | None = None
    for question in questionnaire.questions:
        again = question.battery is not None and question.battery == battery
        texts.append(question.text if again else wording(question))
        labels = " ".join(_said(question))
        read += words(texts[-1]) + (0 if again else words(labels))
        seconds += SECONDS[question.kind]
        battery = question.battery
    said = [*texts, *(label for question in questionnaire.questions for label in _said(question))]
    asked = "\n".join(texts)
    return Length(
        questions=sum(question.kind != "note" for question in questionnaire.questions),
        words=sum(map(words, said)),
        tokens=round(sum(map(tokens, said))),
        minutes=read / WORDS_PER_MINUTE + seconds / 60,
        grade=grade(asked) if questionnaire.language == "en" and words(asked) >= GRADED else None,
    )


def _said(question: Question) -> list[str]:
    return [option.label for option in question.options] + [
        label for label in (question.low_label, question.high_label, question.instruction) if label
    ]
