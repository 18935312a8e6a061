"""Where a text says by name who somebody is: "You are Ada Lovelace", "你是王小明".

A heuristic of the English and Chinese that portraits are written in. It looks only behind words that say who the
persona is, so that a vote for a politician or a street called after one is nobody's name. docs/populations.md says
how much it finds.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

from pydantic import field_validator

from demoscope.documents import Document, read

_CALLED = re.compile(
    r"(?:(\w+)\s+(?:(?:that\s+)?(?:is|was)\s+)?)?\b(?:name\s+is|names?:|named|called|known\s+as)\s+", re.IGNORECASE
)
_IS = re.compile(
    r"\b(?:you\s+are|you['’]re|i\s+am|i['’]m|act(?:ing)?\s+as|play(?:ing)?|(?:the|in\s+the)\s+(?:role|voice|words)\s+of|"
    r"pretend(?:ing)?\s+to\s+be|impersonat(?:e|ing)|imitat(?:e|ing)|imagine\s+(?:being|yourself\s+as)|"
    r"(?:speak|answer|respond|reply|write|talk)(?:ing)?\s+(?:as|like))\s+"
    r"((?-i:(?:the\s+)?(?:(?!(?:an?|of|for|from|in|at|to|by|like|not|no|pro|anti|against|with|and|or|[a-z]+ing)\s)"
    r"[a-z-]+\s+){1,3}))?",
    re.IGNORECASE,
)
"""Words that say who the persona is, and what may stand before the name: "the former footballer"."""
_WORD = re.compile(r"(?:[^\W\d_]|['’.-])+|[^\s\w]|\S+")
_INITIALS = re.compile(r"(?:[A-Z]\.)+-?(?:[A-Z]\.)*")
_STATES = frozenset(("u.s.", "u.s.a.", "u.k.", "e.u.", "u.a.e."))
_BEFORE_TITLES = frozenset(("the", "former", "late", "current", "prime", "vice", "real", "us", "u.s"))
_SYLLABLES = re.compile(
    r"(?:(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|iao|ian|ing|uai|uan|ang|eng|ong|ai|ei|ao|ou|an|en|er|"
    r"ia|ie|iu|in|ua|uo|ui|un|üe|ue|a|e|i|o|u|ü)'?){1,2}"
)
"""A given name in pinyin."""

_ZH_IS = re.compile(
    r"(?:你|您|我)(?:就)?是|扮演|饰演|模仿|化身(?:为|成)?|假装(?:你)?(?:是|成为)|以(?=[^，。]*的(?:身份|口吻))"
)
_ZH_CALLED = re.compile(r"(?:名叫|你叫|您叫|我叫|名字是|名字叫|姓名是|姓名[:：])\s*([\u4e00-\u9fff·•‧]{2,})")
_ZH_WHO = (
    r"([\u4e00-\u9fff]{{1,8}}[·•‧][\u4e00-\u9fff·•‧]{{1,16}}|(?:{surnames})[\u4e00-\u9fff]{{1,2}})"
    r"(?:先生|女士|小姐|主席|总统|总理|教授|博士|将军|国王|女王|本人)?(?=的(?:身份|口吻)|[^\u4e00-\u9fff]|$)"
)
_ZH_MANY = re.compile(r".*(?:[人者员族生民徒教党性户农工师家匠盲婚业省市县区领管]|毕业)")
"""How words for what many people are end, of those that begin like a family name: 高中生, 江苏人, 白领."""


class Vocabulary(Document):
    """Words by which names are told from what many people are; each list says so in ``library/naming.yaml``."""

    given_names: frozenset[str]
    pinyin_surnames: frozenset[str]
    chinese_surnames: frozenset[str]
    things: frozenset[str]
    titles: frozenset[str]
    particles: frozenset[str]
    continuing: frozenset[str]
    peoples_first: frozenset[str]
    peoples_last: frozenset[str]

    @field_validator("*", mode="before")
    @classmethod
    def _is_one_text(cls, words: object) -> object:
        return frozenset(words.split()) if isinstance(words, str) else words


def named_in(text: str, *, known: bool = False) -> str | None:
    """The name that a text gives to somebody, ``None`` when it gives none.

    Parameters
    ----------
    known : bool
        After "you are" and the like, take only what begins with a common given name, or is a Chinese one, for a
        name. That is for labels, which many write With Capitals whatever they say.

    >>> named_in("You are Ada Lovelace, answering a survey."), named_in("You are African American.")
    ('Ada Lovelace', None)
    >>> named_in("You are Never Married", known=True), named_in("You are Donald Duck", known=True)
    (None, 'Donald Duck')
    >>> named_in("你是王小明，住在北京"), named_in("你是高中生"), named_in("你扮演唐纳德·特朗普")
    ('王小明', None, '唐纳德·特朗普')
    """
    for said in _CALLED.finditer(text):
        run, _ = _run(text[said.end() :])
        if run and (said[1] or "").casefold() not in _vocabulary().things:
            return " ".join(run)
    for said in _IS.finditer(text):
        described = said[1] is not None
        found = _who(text[said.end() :], known or (described and not said[1].startswith("the ")))
        if found is None and described:
            found = _who(text[said.start(1) :], known)
        if found:
            return found
    return _named_in_chinese(text)


def _who(rest: str, known: bool) -> str | None:
    """The name that a text begins with, behind "you are"."""
    words = _vocabulary()
    titled, rest = _without_title(rest)
    run, follows = _run(rest)
    if titled and run:
        return None if run[-1].casefold() in words.peoples_last else " ".join(run)
    if len(run) < 2:
        return _known(_plain(rest))
    many = run[-1].casefold() in words.peoples_last or run[0].casefold() in words.peoples_first
    if known or many or len(run[-1]) == 1 or (follows and follows.casefold() not in words.continuing):  # "Type A"
        return _known(run)
    return " ".join(run)


def _without_title(rest: str) -> tuple[bool, str]:
    """Whether a text begins with a title, and what follows it."""
    for word in list(_WORD.finditer(rest))[:5]:
        plain = word[0].rstrip(".").casefold()
        if plain in _vocabulary().titles:
            return True, rest[word.end() :]
        if plain not in _BEFORE_TITLES:
            break
    return False, rest


def _run(rest: str) -> tuple[list[str], str]:
    """The words with a capital that a text begins with, small ones such as "van" between them, and what follows."""
    particles = _vocabulary().particles
    run: list[str] = []
    follows = ""
    for word in _WORD.finditer(rest):
        said = word[0]
        if not said[0].isupper() and not (run and said.casefold() in particles):
            follows = said if said[0].isalpha() else ""
            break
        run.append(said if _INITIALS.fullmatch(said) else said.rstrip(".'’-"))
        if said[-1] == "." and not _INITIALS.fullmatch(said):
            break
    while run and run[-1].casefold() in particles:
        run.pop()
    return run, follows


def _plain(rest: str) -> list[str]:
    """The two or three words up to a stop or a small word, whatever their case; none when there are more."""
    words: list[str] = []
    for word in _WORD.finditer(rest):
        if not word[0][0].isalpha() or word[0].casefold() in _vocabulary().continuing:
            break
        words.append(word[0].rstrip(".'’-"))
        if word[0][-1] == ".":
            break
    return words if 2 <= len(words) <= 3 else []


def _known(run: list[str]) -> str | None:
    """The words, if they begin with a common given name or with initials, or are a Chinese name in pinyin."""
    words = _vocabulary()
    if len(run) < 2 or run[-1].casefold() in words.peoples_last:
        return None
    first, second = _bare(run[0]), _bare(run[1])
    chinese = len(run) == 2 and first in words.pinyin_surnames and _SYLLABLES.fullmatch(second)
    initials = _INITIALS.fullmatch(run[0]) and first not in _STATES
    return " ".join(run) if first in words.given_names or chinese or initials else None


def _bare(word: str) -> str:
    """A word in small letters without its accents."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _named_in_chinese(text: str) -> str | None:
    called = _ZH_CALLED.search(text)
    if called:
        return called[1]
    for said in _ZH_IS.finditer(text):
        who = _chinese_name().match(text, said.end())
        if who and not _ZH_MANY.fullmatch(who[1]):
            return who[1]
    return None


@cache
def _chinese_name() -> re.Pattern[str]:
    """A name, whose it is in full: behind it come no further characters but a title."""
    surnames = sorted(_vocabulary().chinese_surnames, key=lambda name: (-len(name), name))
    return re.compile(_ZH_WHO.format(surnames="|".join(surnames)))


@cache
def _vocabulary() -> Vocabulary:
    return read(Vocabulary, Path(__file__).parent / "library" / "naming.yaml")
