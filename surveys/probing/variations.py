"""How the options of a probed question are labelled and ordered: the published variations and one's own."""

from collections.abc import Mapping
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Literal

from pydantic import Field, model_validator

from demoscope import seeds
from demoscope.documents import Document
from surveys import piping
from surveys.presentation import Presentation
from surveys.question import Question
from surveys.questionnaire import Questionnaire

PROBED = ("single", "scale")
"""Kinds of questions that are probed: one option is chosen."""


class Variation(Document):
    """Labels and order of the options; a name alone stands for one of :data:`NAMED`.

    >>> ask = Question(id="q", text="?", options=[{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}])
    >>> Variation.model_validate("reversed_labels").show(ask).lines
    ('B. No', 'A. Yes')
    >>> Variation(name="mine", labels="numbers").show(ask).labels
    {'0': 1, '1': 2}
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
    """What the results call it."""
    labels: Literal["upper", "lower", "numbers"] = "upper"
    """``A``, ``B``, ...; ``a``, ``b``, ...; or ``0``, ``1``, ..."""
    label_order: Literal["ascending", "descending"] = "ascending"
    """Whether the first label or the last one stands before the option shown first."""
    order: Literal["as_written", "reversed", "shuffled", "lines_shuffled"] = "as_written"
    """Order of the options: as in the questionnaire, from the last to the first, shuffled for each question, or
    (``lines_shuffled``) labelled as in the questionnaire and then shuffled with their labels."""
    seed: int = Field(default=42, ge=0, lt=2**63, strict=True)
    """Seed of what is shuffled."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, content: Any) -> Any:
        if not isinstance(content, str):
            return content
        name, _, seed = content.partition(":")
        if name not in NAMED:
            raise ValueError(f"there is no variation {name!r}; there are {', '.join(NAMED)}, or write out your own")
        if not seed:
            return {"name": name, **NAMED[name]}
        if "shuffled" not in NAMED[name].get("order", "") or not seed.isdecimal():
            raise ValueError(f"{content!r}: a seed is a whole number behind a variation that shuffles, as shuffled:7")
        return {"name": content, **NAMED[name], "seed": int(seed)}

    def show(self, question: Question) -> Presentation:
        """The options of a question as they are listed.

        Raises
        ------
        ValueError
            If there are more options than labels.
        """
        options = wordings(question)
        codes, labels = list(options), _labels(self.labels, len(options))
        if self.label_order == "descending":
            labels.reverse()
        chance = seeds.generator(self.seed, "probe", "shuffled", question.id)
        places = chance.permutation(len(codes)).tolist() if "shuffled" in self.order else list(range(len(codes)))
        if self.order == "reversed":
            codes.reverse()
        elif self.order == "shuffled":
            codes = [codes[place] for place in places]
        named = dict(zip(labels, codes, strict=True))
        if self.order == "lines_shuffled":
            named = {labels[place]: codes[place] for place in places}
        lines = tuple(f"{label}. {options[code]}" for label, code in named.items())
        style: Literal["letters", "from_zero"] = "from_zero" if self.labels == "numbers" else "letters"
        return Presentation(tuple(named.values()), lines, named, style)


NAMED: dict[str, dict[str, Any]] = {
    "baseline": {},
    "reversed_labels": {"label_order": "descending"},
    "reversed_texts": {"order": "reversed"},
    "numbers": {"labels": "numbers"},
    "lower_case": {"labels": "lower"},
    "shuffled": {"order": "lines_shuffled"},
    "shuffled_texts": {"order": "shuffled"},
}
"""The variations that have a name; ``reversed_texts`` and ``shuffled_texts`` are ours, the others are published."""


def wordings(question: Question) -> Mapping[int, str]:
    """Code -> what the line of an option says, in questionnaire order; the points of a scale with what they mean.

    >>> dict(wordings(Question(id="q", text="?", kind="scale", minimum=1, maximum=3, low_label="never")))
    {1: '1 (never)', 2: '2', 3: '3'}
    """
    return {option.code: option.label for option in question.choices}


def why_not_probed(question: Question, questionnaire: Questionnaire) -> str | None:
    """Why a probe passes a question by, for people; ``None`` when it is probed.

    A probe asks every question by itself, so what hangs on other answers cannot be asked.
    """
    if question.kind not in PROBED:
        return f"a probe asks for one option, and this question is of kind {question.kind}"
    if question.id in questionnaire.skippable.by_answers:
        return "it is asked only after certain answers, and a probe asks every question by itself"
    texts = (question.text, question.stem, question.instruction, *wordings(question).values())
    if any(piping.places(text) for text in texts if text):
        return "its wording inserts what was answered before, and a probe asks every question by itself"
    if len(question.choices) > len(ascii_uppercase):
        return f"it has {len(question.choices)} options, and there are {len(ascii_uppercase)} labels"
    return None


def _labels(kind: str, n: int) -> list[str]:
    letters = {"upper": ascii_uppercase, "lower": ascii_lowercase}.get(kind)
    if letters is None:
        return [str(number) for number in range(n)]
    if n > len(letters):
        raise ValueError(f"{n} options cannot be labelled with {len(letters)} letters")
    return list(letters[:n])
