"""On which side of a scale a label stands, and how far out, where its words tell."""

import re

_NEGATIVE = {
    "en": (
        r"disagree|dissatisfied|unsatisfied|displeased|oppose|against|disapprove|unfavou?rable|unlikely|inaccurate|"
        r"worse|worst|unhelpful|useless|bad|poor|badly|unhappy|negative|decrease|difficult|hard|unfair|less|"
        r"too little|too few"
    ),
    "zh": (
        r"不(?:太|大|怎么|甚)?(?:同意|赞成|满意|支持|可能|准确|符合|好|公平|容易|有用)|"
        r"反对|不满|很差|较差|更差|差|糟糕|更坏|坏|减少|太少|困难"
    ),
}
_POSITIVE = {
    "en": (
        r"agree|satisfied|pleased|favou?r|support|approve|favou?rable|likely|accurate|better|best|helpful|useful|good|"
        r"excellent|well|"
        r"happy|positive|increase|easy|fair|more|too much|too many"
    ),
    "zh": r"同意|赞成|满意|支持|可能|准确|符合|很好|较好|更好|好|增加|太多|容易|公平|有用",
}
_MIDDLE = {
    "en": r"neither|neutral|neither nor|undecided|in between|about right|about the same|right amount|no change",
    "zh": r"既不|中立|一般|说不清|不好不坏|差不多|正好|不变|适中",
}
_NOT = re.compile(r"\b(?:not|never|no)\b", re.IGNORECASE)

_STEPS: tuple[tuple[float, str, str], ...] = (
    (3.0, r"strongly|extremely|completely|totally|absolutely|entirely|excellent", r"非常|极其|完全|十分|极"),
    (2.5, r"very|much|a lot|a great deal", r"很|强烈"),
    (1.5, r"quite|fairly|mostly|rather|moderately|considerably", r"比较|较|相当"),
    (1.0, r"somewhat|slightly|a little|a bit|tend to|a few", r"有些|有点|稍微|略|不太|不大|不怎么"),
)
_PLAIN = 2.0

_OFTEN = {
    "en": ("never", "rarely|seldom|hardly ever", "sometimes|occasionally|now and then", "often|frequently|usually",
           "always|all the time"),
    "zh": ("从不|从来不|从未", "很少|偶尔", "有时", "经常|常常|通常", "总是|一直"),
}  # fmt: skip


def side(label: str, language: str) -> int | None:
    """-1 for the negative pole of an opposition, 1 for the positive, 0 for the middle, ``None`` when no word tells.

    >>> [side(label, "en") for label in ("Strongly disagree", "Neither", "Very satisfied", "Blue")]
    [-1, 0, 1, None]
    """
    if language not in _POSITIVE:
        return None
    if _has(_MIDDLE[language], label, language):
        return 0
    if _has(_NEGATIVE[language], label, language):
        return -1
    return 1 if _has(_POSITIVE[language], label, language) else None


def sides(labels: tuple[str, ...], language: str) -> tuple[int, ...] | None:
    """The sides of all labels of a two-sided scale; ``None`` when it is none, or a label cannot be placed.

    A scale on which the lower labels only deny the upper one ("not at all satisfied") measures one thing from none
    to much, and is not two-sided.

    >>> sides(("Not at all satisfied", "Somewhat satisfied", "Very satisfied"), "en")
    """
    found = [side(label, language) for label in labels]
    placed = tuple(one for one in found if one is not None)
    two_sided = len(placed) == len(labels) and -1 in placed and 1 in placed
    return placed if two_sided and not any(_NOT.search(label) for label in labels) else None


def strength(label: str, language: str) -> float:
    """How far from the middle a label stands, from 1 (slightly) to 3 (completely); 2 when it does not say.

    >>> strength("Slightly worse", "en"), strength("Agree", "en")
    (1.0, 2.0)
    """
    for step, english, chinese in _STEPS:
        if _has(chinese if language == "zh" else english, label, language):
            return step
    return _PLAIN


def frequency(label: str, language: str) -> int | None:
    """Rank of a label among the words for how often, from never (0) to always (4); ``None`` for other labels."""
    for rank, pattern in enumerate(_OFTEN.get(language, ())):
        if _has(pattern, label, language):
            return rank
    return None


def _has(pattern: str, label: str, language: str) -> bool:
    bounded = pattern if language == "zh" else rf"\b(?:{pattern})\b"
    return re.search(bounded, label, re.IGNORECASE) is not None
