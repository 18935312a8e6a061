"""Wordings of ours that insert earlier answers, on their way into another tool."""

import re
from collections.abc import Callable

_PLACE = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|\s*([^{}|]*?)\s*)?\}\}")


def inserted(text: str, shape: Callable[[str], str | None], lost: Callable[[str], None]) -> str:
    """The wording with its places in another tool's shape.

    Parameters
    ----------
    shape : callable
        The place for a name, ``None`` when the tool cannot insert it.
    lost : callable
        Told what of the wording the tool cannot say.

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

    return _PLACE.sub(place, text) if "{{" in text else text
