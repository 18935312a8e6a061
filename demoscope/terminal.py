"""Text from models and files, made safe for a terminal."""

import re

_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and cursor moves
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # other control characters
    r"|[\u202a-\u202e\u2066-\u2069]"  # direction overrides
)


def plain(text: str) -> str:
    r"""The text without escape sequences, control characters and direction overrides; newlines and tabs stay.

    >>> plain("\x1b[31mred\x1b[0m\a")
    'red'
    """
    return _CONTROL.sub("", text)
