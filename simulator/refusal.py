"""How a model that declines is recognised, in English and Chinese."""

import re
from typing import Literal

RefusalTest = Literal["search", "match"]
"""``search`` looks through the whole reply, ignoring case; ``match`` is the published code's test of its start."""

_SELF_AWARE = (
    "As an artificial intelligence assistant|As an AI language model|As a language model"
    "|作为一个人工智能助手|作为一个大语言模型"
)
_PUBLISHED = re.compile(_SELF_AWARE)
_ANYWHERE = re.compile(
    _SELF_AWARE + r"|as an? (?:AI|artificial intelligence|large language model)\b"
    r"|作为(?:一个|一名|一款)?(?:AI|人工智能|(?:大型?)?语言模型|大模型)",
    re.IGNORECASE,
)
_DECLINING = re.compile(
    r"\bI(?: am|'m|’m) (?:(?:really |very )?sorry,? but|unable to|not able to)\b"
    r"|\bI (?:can ?not|can'?t|can’t|won'?t|won’t|will not|do not wish to|(?:must |have to )?decline to"
    r"|(?:would )?prefer not to|refuse to)\b.{0,40}?\b(?:answer|respond|choose|say|provide|share|assist|help|comply)"
    r"|(?:我|本人)(?:无法|不能|不便|拒绝|不愿意?)(?:.{0,6})(?:回答|回应|选择|提供|表态)|(?:对不起|抱歉)[，,].{0,8}(?:无法|不能)",
    re.IGNORECASE,
)


def is_self_aware(reply: str, test: RefusalTest = "search") -> bool:
    """Whether the reply speaks as a language model and not as the person it was asked to be.

    >>> is_self_aware("Well, as an AI language model I have no opinions.")
    True
    >>> is_self_aware("Well, as an AI language model I have no opinions.", "match")
    False

    References
    ----------
    The published code matches four phrases at the start of the reply.
    """
    return bool(_PUBLISHED.match(reply) if test == "match" else _ANYWHERE.search(reply))


def is_declining(reply: str) -> bool:
    """Whether a reply in which no answer was found says that none will be given.

    >>> is_declining("I would prefer not to say."), is_declining("It depends.")
    (True, False)
    """
    return bool(_DECLINING.search(reply))
