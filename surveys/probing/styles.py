"""How a probe puts a question: the three published styles, in English and Chinese, and one's own."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field, model_validator

from demoscope.documents import Document
from surveys.presentation import joined
from surveys.question import Question

PERSON, QUESTION, OPTIONS = "{person}", "{question}", "{options}"
_PLACES = re.compile(r"\{(?:person|question|options)\}")


class Turns(Document):
    """The turns of a prompt, with places for what differs from question to question.

    >>> short = Turns(user="{question}\\n{options}\\nAnswer:")
    >>> short.written("Tea?", ["A. No", "B. Yes"])
    (('user', 'Tea?\\nA. No\\nB. Yes\\nAnswer:'),)
    """

    system: str = ""
    """The system turn; there is none when empty."""
    user: str
    """The user turn, with ``{question}`` and ``{options}``, a line each."""
    assistant: str = ""
    """How the model's reply begins, to be continued."""

    @model_validator(mode="after")
    def _asks(self) -> "Turns":
        for place in (QUESTION, OPTIONS):
            if place not in self.system + self.user:
                raise ValueError(f"the turns have no {place}; write where it belongs")
        return self

    def written(self, question: str, lines: Sequence[str], person: str = "") -> tuple[tuple[str, str], ...]:
        """The turns as (role, text).

        The sentence that introduces a person stands where ``{person}`` does, with a blank before it, or else at the
        head of the first turn.
        """
        turns = [("system", self.system), ("user", self.user), ("assistant", self.assistant)]
        turns = [(role, text) for role, text in turns if text]
        if person and not any(PERSON in text for _, text in turns):
            turns[0] = (turns[0][0], f"{person}\n{turns[0][1]}")
        inserted = {PERSON: f" {person}" if person else "", QUESTION: question, OPTIONS: "\n".join(lines)}
        return tuple((role, _PLACES.sub(lambda place: inserted[place[0]], text)) for role, text in turns)


class Style(Turns):
    """A way to ask for an option."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """What the results call it."""
    percentages: Turns | None = None
    """The same way of asking, for percentages in place of an option; needed by ``verbalized`` alone."""


def stated(question: Question) -> str:
    """The question as it is put: what a battery says before it, its wording, its instruction."""
    return joined(question.stem, question.text, question.instruction)


_EN = {
    "user": "Question: {question}\nOptions:\n{options}\nAnswer:",
    "head": "Instruction:{person} Please carefully read the multiple-choice question",
    "choose": " below and select one of the listed options that best matches your beliefs. Respond with the letter "
    "corresponding to your selected answer option.",
    "state": " below and state for each of the listed options the probability, in percent, that it best matches your "
    "beliefs. Respond with one line for each option, such as A: 25%. The percentages must add up to 100.",
    "example": "\nQuestion: Which animal lives in the water?\nOptions:\nA. Dog\nB. Cat\nC. Bird\nD. Fish\nAnswer:",
    "begin_choice": "Certainly! I would select option",
    "begin_percentages": "Certainly! My percentages are:\n",
}
_ZH = {
    "user": "问题：{question}\n选项：\n{options}\n回答：",
    "head": "说明：{person} 请仔细阅读下面的选择题",
    "choose": "，从所列选项中选出最符合您看法的一项，并用该选项的字母作答。",
    "state": "，说明每个选项最符合您看法的概率（百分比）。每个选项一行，例如 A: 25%。百分比之和必须为100。",
    "example": "\n问题：哪种动物生活在水里？\n选项：\nA. 狗\nB. 猫\nC. 鸟\nD. 鱼\n回答：",
    "begin_choice": "好的！我选择选项",
    "begin_percentages": "好的！我的百分比是：\n",
}
FISH = {"en": " D. Fish", "zh": "D. 鱼"}
ALL_FISH = "\nA: 0%\nB: 0%\nC: 0%\nD: 100%"


def _published(words: dict[str, str], language: str) -> dict[str, dict[str, Any]]:
    """The three styles in one language."""
    user = words["user"]
    plural = "s" if language == "en" else ""
    choose, state = words["head"] + words["choose"], words["head"] + words["state"]
    example = words["head"] + plural + words["choose"] + words["example"] + FISH[language]
    shares = words["head"] + plural + words["state"] + words["example"] + ALL_FISH
    return {
        "default": {"system": choose, "user": user, "percentages": {"system": state, "user": user}},
        "prefixed": {
            "system": choose,
            "user": user,
            "assistant": words["begin_choice"],
            "percentages": {"system": state, "user": user, "assistant": words["begin_percentages"]},
        },
        "one_shot": {"system": example, "user": user, "percentages": {"system": shares, "user": user}},
    }


PUBLISHED = {language: _published(words, language) for language, words in (("en", _EN), ("zh", _ZH))}
"""Language -> style -> its turns. ``one_shot`` shows an example with letters under every variation, as published."""


def published(name: str, language: str) -> Style:
    """One of the published styles, in English or (our translation) in Chinese.

    >>> published("prefixed", "en").assistant
    'Certainly! I would select option'

    Raises
    ------
    ValueError
        If there is none of this name, or not in this language.
    """
    if language not in PUBLISHED:
        raise ValueError(f"the published styles are in {' and '.join(PUBLISHED)}; write out a style in {language!r}")
    if name not in PUBLISHED[language]:
        raise ValueError(f"there is no style {name!r}; there are {', '.join(PUBLISHED[language])}, or write one out")
    return Style.model_validate(PUBLISHED[language][name] | {"name": name})
