"""How a question is shown this time: in which order, under which labels, and how that is mapped back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surveys import Question


@dataclass(frozen=True, slots=True)
class Presentation:
    """The choices of one question as one respondent sees them; what leaves it are canonical codes."""

    codes: tuple[int, ...] = ()
    """Canonical codes in the order shown; empty for open numbers and free texts."""
    text: str = ""
    """The choice list as rendered: ``2: about right, 1: too little``; empty when nothing is listed."""
    labels: Mapping[str, int] | None = None
    """Label shown instead of the code -> canonical code; ``None`` when the codes themselves are shown."""

    def code(self, shown: str) -> int | None:
        """Canonical code behind a label as it was shown, or ``None`` when nothing was shown under it.

        >>> Presentation((2, 1), "A: right, B: too little", {"A": 2, "B": 1}).code("B")
        1
        """
        if self.labels is not None:
            return self.labels.get(shown)
        try:
            code = int(shown)
        except ValueError:
            return None
        return code if code in self.codes else None

    def label(self, code: int) -> str:
        """What stands before the wording of this option: its own label, or the code."""
        if self.labels is not None:
            for label, named in self.labels.items():
                if named == code:
                    return label
        return str(code)

    def as_json(self) -> str:
        """The codes in the order shown, and the labels when there are any; ``{}`` when nothing was listed.

        >>> Presentation((2, 1)).as_json()
        '{"codes":[2,1]}'
        """
        if not self.codes:
            return "{}"
        codes = f'"codes":[{",".join(map(str, self.codes))}]'
        if self.labels is None:
            return f"{{{codes}}}"
        return f'{{{codes},"labels":{json.dumps(dict(self.labels), ensure_ascii=False, separators=(",", ":"))}}}'


def present(question: Question, rng: np.random.Generator | None, shuffle: bool) -> Presentation:
    """Show a question: options shuffled with their codes, scales and numbers as they are.

    Parameters
    ----------
    question : Question
        What is asked.
    rng : numpy.random.Generator or None
        Derived from the key of respondent and question; used only when there are options to shuffle.
    shuffle : bool
        Whether the options of single and multiple choices change their order.

    >>> from surveys import Question
    >>> ask = Question(id="q", text="?", options=[{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}])
    >>> present(ask, None, shuffle=False)
    Presentation(codes=(1, 2), text='1: No, 2: Yes', labels=None)
    """
    if question.kind == "scale":
        assert question.minimum is not None and question.maximum is not None
        return Presentation(tuple(range(question.minimum, question.maximum + 1)))
    options = question.options
    if shuffle and options:
        if rng is None:
            raise ValueError("Shuffling needs a generator; derive one with demoscope.seeds.generator.")
        options = tuple(options[place] for place in rng.permutation(len(options)).tolist())
    return Presentation(
        tuple(option.code for option in options), ", ".join(f"{option.code}: {option.label}" for option in options)
    )


def shown_again(written: str, question: Question) -> Presentation:
    """The presentation that :meth:`Presentation.as_json` wrote down, rendered anew.

    Raises
    ------
    ValueError
        If it is not the presentation of this question.
    """
    content = json.loads(written)
    codes, labels = tuple(content.get("codes", ())), content.get("labels")
    if not question.options:
        return Presentation(codes, "", labels)
    texts = {option.code: option.label for option in question.options}
    shown = Presentation(codes, "", labels)
    if set(codes) != set(texts) or len(codes) != len(texts) or (labels and set(labels.values()) != set(codes)):
        raise ValueError(f"{written} does not show question {question.id!r}, whose codes are {sorted(texts)}.")
    return Presentation(codes, ", ".join(f"{shown.label(code)}: {texts[code]}" for code in codes), labels)
