"""The words of a question, counted and searched as a reader meets them."""

import re

from surveys.option import Option
from surveys.question import Question

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\[[A-Z_]+\]", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,]*")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SENTENCE = re.compile(r"[.!?。！？]+(?:\s+|$)|[。！？]|\n+")
_ASKING = re.compile(r"[^?？]*(?=[?？])")

PLAIN_PER_TOKEN = 4.0
"""Characters a token of alphabetic text, by rule of thumb."""
DENSE_PER_TOKEN = 1.5
"""Characters a token of Chinese, Japanese and Korean, by rule of thumb."""


def wording(question: Question) -> str:
    """What is read before the options: the shared wording of a battery, then the question's own.

    Placeholders such as ``{{ item }}`` and ``[COUNTRY]`` count as one word.
    """
    parts = (question.stem, question.text)
    return "\n".join(_PLACEHOLDER.sub("it", part) for part in parts if part)


def own(question: Question) -> str:
    """The question's own wording, without what a battery shares and without the labels of its options."""
    text = _PLACEHOLDER.sub("it", question.text)
    for label in sorted((option.label for option in question.options), key=len, reverse=True):
        if len(label) > (1 if _DENSE.search(label) else 3):
            said = re.escape(label) if _DENSE.search(label) else rf"(?<!\w){re.escape(label)}(?!\w)"
            text = re.sub(said, "…", text, flags=re.IGNORECASE)
    return text


def substantive(question: Question) -> tuple[Option, ...]:
    """The options that are answers, in order."""
    return tuple(option for option in question.options if option.kind == "substantive")


def words(text: str) -> int:
    """Number of words; two Chinese characters count as one word.

    >>> words("Do you trust it?"), words("您信任它吗")
    (4, 3)
    """
    dense = len(_DENSE.findall(text))
    return len(_WORD.findall(_DENSE.sub(" ", text))) + (dense + 1) // 2


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text.

    >>> sentences("It is so. Is it?")
    ('It is so', 'Is it')
    """
    return tuple(part.strip() for part in _SENTENCE.split(text) if part.strip())


def asking(text: str) -> str:
    """The sentence that asks: the last one with a question mark, or the last one where none has any.

    >>> asking("Tea and jam: are they good? Please tick one.")
    'Tea and jam: are they good'
    """
    questions = [part.strip() for part in _ASKING.findall(text) if part.strip()]
    said = sentences(questions[-1] if questions else text)
    return said[-1] if said else ""


def grade(text: str) -> float:
    """Coleman-Liau index: years of US schooling that an English text asks for; may be negative for very short words.

    >>> round(grade("The cat sat on the mat."), 1)
    -4.1

    References
    ----------
    .. [1] Coleman & Liau (1975). A computer readability formula designed for machine scoring.
    """
    found: list[str] = _WORD.findall(text)
    if not found:
        return 0.0
    letters = sum(len(word) for word in found)
    return 0.0588 * 100 * letters / len(found) - 0.296 * 100 * len(sentences(text)) / len(found) - 15.8


def tokens(text: str) -> float:
    """Tokens that a text is likely to take, by rule of thumb.

    >>> tokens("four"), tokens("三个字")
    (1.0, 2.0)
    """
    dense = len(_DENSE.findall(text))
    return (len(text) - dense) / PLAIN_PER_TOKEN + dense / DENSE_PER_TOKEN
