"""What a wave's condition may say about how questions are shown, and what cannot be shown without confusion."""

import unicodedata
from string import ascii_uppercase
from typing import Literal

from pydantic import Field, field_validator

from demoscope.documents import Document
from surveys.option import one_line
from surveys.question import Question

OptionOrder = Literal["fixed", "shuffled", "reversed", "rotated"]
LabelStyle = Literal["codes", "numbers", "letters", "bracketed", "from_zero", "none"]
BatteryMode = Literal["one_by_one", "one_screen", "conversation"]

FORMS: dict[LabelStyle, str] = {
    "codes": "{label}: {wording}",
    "numbers": "{label}. {wording}",
    "letters": "{label}. {wording}",
    "bracketed": "({label}) {wording}",
    "from_zero": "{label}. {wording}",
    "none": "{wording}",
}
"""How an option is written under each style of labels."""

_LETTERS = ascii_uppercase.replace("I", "")


class PresentationRules(Document):
    """How questions are shown; codes stay what they are, and every answer holds how its question was shown.

    >>> PresentationRules(labels="letters").label(1)
    'B'
    """

    order: OptionOrder = "fixed"
    """Order of options: as written, ``shuffled`` for every respondent, ``reversed`` for one half of them, or
    ``rotated``: as written from a drawn option on, and then from the first. Pinned and nonresponse options keep
    their place."""
    labels: LabelStyle = "codes"
    """What stands before an option: its code, or whatever its code and by its place: ``numbers`` (1.), ``letters``
    (A., without I), ``bracketed`` ((a)), ``from_zero`` (0.), or ``none``."""
    scale: Literal["ascending", "descending", "drawn"] = "ascending"
    """Direction in which scales are told; ``drawn`` turns them round for one half of the respondents."""
    scale_labels: Literal["given", "ends", "all"] = "given"
    """What is told of a scale: its ends, ``all`` points one by one, or (``given``) whatever points have labels."""
    instruction: bool | str = True
    """Whether the question's own instruction is told, or an instruction in its place, for every question."""
    wording: str | None = Field(default=None, min_length=1)
    """Name of the variant of the wording, from the question's `wordings`; questions without it keep their text."""
    battery: BatteryMode = "one_by_one"
    """Items of a battery as questions of their own, all on ``one_screen`` with one reply, or as a ``conversation`` in
    which each item is told with those before it, whatever the memory."""

    @field_validator("instruction")
    @classmethod
    def _is_said(cls, instruction: bool | str) -> bool | str:
        return one_line(instruction) if isinstance(instruction, str) else instruction

    def over(self, general: "PresentationRules | None") -> "PresentationRules":
        """These rules where they say something, and more general ones where they do not.

        >>> PresentationRules(labels="letters").over(PresentationRules(labels="none", order="rotated")).order
        'rotated'
        """
        if general is None:
            return self
        return general.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})

    def label(self, place: int) -> str | None:
        """Label of the option shown at this place, from 0; ``None`` where the code is shown."""
        if self.labels == "codes":
            return None
        if self.labels in ("letters", "bracketed"):
            letters = _lettered(place)
            return letters if self.labels == "letters" else letters.lower()
        return {"numbers": str(place + 1), "from_zero": str(place), "none": ""}[self.labels]

    def check(self, question: Question) -> None:
        """Refuse a question whose options could be read two ways under these labels.

        Codes are left alone: a reply that names one option by number and another by words is read as neither.

        Raises
        ------
        ValueError
            If the wording of an option is the label of another, or (without labels) cannot be told from another.
        """
        if not question.listed or self.labels == "codes":
            return
        plain = [plainly(option.label) for option in question.options]
        where = f"question {question.id!r}: the option {{label!r}} "
        if self.labels == "none":
            for place, option in enumerate(question.options):
                marked = any(mark in option.label for mark in ("Answer:", "Explanation:"))
                if marked or (question.kind != "single" and "; " in option.label):
                    raise ValueError(where.format(label=option.label) + "holds a mark of the reply; give it a label")
                if plain[place] in plain[:place]:
                    raise ValueError(
                        where.format(label=option.label) + "differs from another only in case or punctuation; give "
                        "options labels, or word them apart"
                    )
            return
        given = {(self.label(place) or "").casefold(): place for place in range(len(plain))}
        for place, option in enumerate(question.options):
            named = given.get(plain[place])
            if named is not None and (self.order != "fixed" or named != place):
                raise ValueError(
                    where.format(label=option.label) + f"is worded like the label of another; labels: "
                    f"{self.labels!r} cannot be told from it, so choose other labels"
                )


def plainly(text: str) -> str:
    """The text without case and without what stands around it: what is compared when a reply is read.

    >>> plainly(" (Yes). ")
    'yes'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    known = [place for place, sign in enumerate(folded) if sign.isalnum()]
    return folded[known[0] : known[-1] + 1] if known else folded.strip()


def _lettered(place: int) -> str:
    """A, B, ... Z, AA, AB, ...; no label has an I, which a person says of itself."""
    letters = _LETTERS[place % len(_LETTERS)]
    while place >= len(_LETTERS):
        place = place // len(_LETTERS) - 1
        letters = _LETTERS[place % len(_LETTERS)] + letters
    return letters
