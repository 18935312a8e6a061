"""A question cut in two, to see whether a model knows the rest: where the cut falls, and what is asked."""

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"[^\W_一-鿿]+|[一-鿿]")

COMPLETE: Mapping[str, str] = {
    "en": "Below is the beginning of a question from the survey “{title}”. Continue it word for word, as it stands "
    "in the questionnaire, or as it is most likely to go on if you do not know it. Reply with the continuation "
    "alone.\n\n{shown}",
    "zh": "下面是调查问卷“{title}”中一个问题的开头。请逐字续写，与问卷原文一致；如果不知道原文，请写出最可能的后文。"
    "只写续写的部分。\n\n{shown}",
}
"""What is asked; in English where a language has no wording of its own."""


def words(text: str) -> list[str]:
    """Words (or Chinese characters) of a text in lower case, without punctuation.

    >>> words("Tea, or 茶叶?")
    ['tea', 'or', '茶', '叶']
    """
    return [word.casefold() for word in _TOKEN.findall(text)]


def cut(text: str, share: float = 0.5) -> tuple[str, str]:
    """A wording in two: what the model is shown, and the rest that it should not know.

    The cut falls between words (or Chinese characters), at least one on each side.

    Raises
    ------
    ValueError
        If the text has fewer than two words or the share does not lie between 0 and 1.

    >>> cut("How important is family in your life?")
    ('How important is', 'family in your life?')
    """
    starts = [found.start() for found in _TOKEN.finditer(text)]
    if len(starts) < 2 or not 0 < share < 1:
        raise ValueError(f"Need two words to cut and a share between 0 and 1, got {text!r} and {share}.")
    place = starts[min(max(int(len(starts) * share), 1), len(starts) - 1)]
    return text[:place].rstrip(), text[place:]


def request(title: str, shown: str, language: str) -> str:
    """The turn that asks for the rest of a question.

    >>> request("Teas", "How important is", "en").splitlines()[-1]
    'How important is'
    """
    return COMPLETE.get(language, COMPLETE["en"]).format(title=title, shown=shown)
