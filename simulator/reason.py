"""Why a reply was not understood, as it is stored and as a model is told."""

from typing import Self


class Reason(str):
    """A reason in English, which is what the store keeps, that also knows its Chinese wording.

    >>> few = Reason("no number", "没有数字")
    >>> few, few.told("zh"), few.told("en")
    ('no number', '没有数字', 'no number')
    """

    __slots__ = ("chinese",)
    chinese: str

    def __new__(cls, english: str, chinese: str) -> Self:
        """One reason in both languages."""
        reason = super().__new__(cls, english)
        reason.chinese = chinese
        return reason

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.chinese

    def told(self, language: str) -> str:
        """The reason in the language of a prompt; in English where there is no other."""
        return self.chinese if language == "zh" else str(self)


class Ambiguous(Exception):
    """An answer that cannot be read without guessing; ``reason`` says why."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.reason = Reason(english, chinese)
        """Why, in both languages of the prompts."""


NO_NUMBER = ("no number is named", "没有写出数字")
NO_OPTION = ("no option is named", "没有写出任何选项")
SEVERAL_NUMBERS = ("several numbers are named", "写出了多个数字")
DISAGREE = ("number and words name different options", "编号与文字所指的选项不同")
NOT_OFFERED = ("out of range: not offered", "超出范围：没有这个选项")
"""Reasons that are met in more than one place."""
