"""Wordings of ours that insert earlier answers, on their way into another tool."""

import re
from collections.abc import Callable

_PLACE = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|\s*([^{}|]*?)\s*)?\}\}")


def _as_it_is(text: str) -> str:
    return text


def inserted(
    text: str,
    shape: Callable[[str], str | None],
    lost: Callable[[str], None],
    between: Callable[[str], str] = _as_it_is,
) -> str:
    """The wording with its places in another tool's shape.

    Parameters
    ----------
    shape : callable
        The place for a name, ``None`` when the tool cannot insert it.
    lost : callable
        Told what of the wording the tool cannot say.
    between : callable
        What becomes of the words between the places.

    >>> inserted("You said {{ trust | nothing }}.", {"trust": "${q1}"}.get, print)
    what stands there otherwise, 'nothing', in the wording
    'You said ${q1}.'
    """

    def place(found: re.Match[str]) -> str:
        shaped = shape(found[1])
        if shaped is None:
            lost(f"{found[0]} in the wording")
            return found[2] if found[2] is not None else f"[{found[1]}]"
        if found[2]:
            lost(f"what stands there otherwise, {found[2]!r}, in the wording")
        return shaped

    parts, end = [], 0
    for found in _PLACE.finditer(text):
        parts += [between(text[end : found.start()]), place(found)]
        end = found.end()
    return "".join((*parts, between(text[end:])))


def apart(text: str, sign: str, note: Callable[[str, str], None]) -> str:
    """The wording with a blank in every sign after which the tool would insert something.

    >>> apart("Set {a} or ${b}", "${", print)
    '${' in the wording as it is the tool would insert what follows, so a blank was added
    'Set {a} or $ {b}'
    >>> apart("Set {a} or { b }", "{", print)
    '{' in the wording as it is the tool would insert what follows, so a blank was added
    'Set { a} or { b }'
    """
    with_blank = "{ " if sign == "{" else sign.replace("{", " {")
    changed = re.sub(re.escape(sign) + r"(?=\S)", with_blank, text)
    if changed != text:
        note(f"{sign!r} in the wording as it is", "the tool would insert what follows, so a blank was added")
    return changed
