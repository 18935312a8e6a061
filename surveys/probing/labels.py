"""Which label a free reply names: by rules that guess nothing, or by those of the published code."""

import re
from collections.abc import Mapping, Sequence

_PUBLISHED = re.compile(r"[A-Z0-9][,.:\n]|\([A-Z0-9]\)")
_SHORT = 5
"""Characters below which the published code takes any capital letter."""
_WORDS = frozenset("AaI")
"""Labels that are English words too."""
_AFTER_LABELS = frozenset(
    ("or", "and", "rather", "instead", "over", "than", "but", "because", "is", "as", "fits", "seems", "not")
)
"""Words that follow a label rather than an article or a pronoun."""


def read_label(reply: str, wordings: Mapping[str, str]) -> str | None:
    """The one label that a reply names; ``None`` when it names none, or several.

    A label stands by itself, in brackets or before punctuation. ``a`` and ``I`` before a small letter are words of
    the sentence, unless the option's own wording follows, or a word such as "or". ``A`` may be either there: it
    names nothing by itself, and beside another label it leaves the reply unread.

    Parameters
    ----------
    reply : str
        What the model wrote.
    wordings : mapping
        Label -> wording of its option.

    >>> read_label("I would say (B).", {"A": "No", "B": "Yes"})
    'B'
    >>> read_label("A or B", {"A": "No", "B": "Yes"}) is None
    True
    """
    longest_first = sorted(wordings, key=len, reverse=True)
    either = re.compile(rf"(?<![\w'’])({'|'.join(map(re.escape, longest_first))})(?![\w'’])")
    named, doubtful = set(), False
    for label in longest_first:  # labels inside the wording of the option that is named are none
        wording = wordings[label]
        between = r"(?:[)\].:]+\s*|\s+)" if wording[:1].isalpha() else r"[)\].:]+\s+"
        line = rf"(?<![\w'’])[(\[]?{re.escape(label)}{between}{re.escape(wording)}(?!\w)"
        reply, found_lines = re.subn(line, " ", reply)
        named |= {label} if found_lines else set()
    for found in either.finditer(reply):
        if not _is_a_word(found, reply, wordings[found[1]]):
            named.add(found[1])
        elif found[1] == "A":
            doubtful = True
    return named.pop() if len(named) == 1 and not (doubtful and "A" not in named) else None


def read_label_as_published(reply: str, labels: Sequence[str]) -> str | None:
    """The label that the published code reads; ``None`` where what it reads is no label.

    Replies below five characters name any one capital letter; others one of the forms ``A.``, ``A,``, ``A:``, a
    letter before a line's end, or ``(A)``, of which the first character is taken: a bracket, which is no label. A
    reply without one such form is compared as a whole.

    >>> read_label_as_published("B. Yes", "AB"), read_label_as_published("(B) Yes", "AB")
    ('B', None)

    References
    ----------
    ``extract_answer_pattern`` in the code of Shen et al. (2025).
    """
    text = reply.strip()
    found = set(re.findall(r"[A-Z]", text) if len(text) < _SHORT else _PUBLISHED.findall(text))
    read = found.pop()[0] if len(found) == 1 else text
    return read if read in labels else None


def _is_a_word(found: re.Match[str], reply: str, wording: str) -> bool:
    """Whether a label may be a word of the sentence here."""
    rest = reply[found.end() :]
    following = re.match(r" +([a-z]+)", rest)
    if found[1] not in _WORDS or following is None or following[1] in _AFTER_LABELS:
        return False
    return not rest.strip().casefold().startswith(wording.casefold())
