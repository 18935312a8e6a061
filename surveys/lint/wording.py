"""Rules on the wording of a question."""

import re
from collections.abc import Iterator

from surveys.lint import sources
from surveys.lint.finding import Limits, Rule
from surveys.lint.words import asking, grade, own, wording, words
from surveys.option import Option
from surveys.question import Question

_IDIOMS = {
    "en": (
        r"between [^,.;?]*? and|from [^,.;?]*? to [^,.;?]*? and|men and women|women and men|boys and girls|"
        r"pros and cons|law and order|more and more|now and then|and so on|back and forth|science and technology|"
        r"research and development|peace and quiet|and why|and then|years? and (?:older|over|above|under)|"
        r"\d+ and \d+|and others?|black and white|bed and breakfast|first and foremost|once and for all|wait and see|"
        r"and,? if so|and not|\w+ and \w+ people|free of \w+ and \w+"
    ),
    "zh": (
        r"(?:和|与|跟)[^，。；？、]*?(?:相[比处似同]|之间|交谈|说话|聊天|合作|一样|不同|有关|无关|一起|打交道|联系|交往)|"
        r"和平|和谐|和睦|和解|温和|缓和|总和|共和|柔和|与其|参与|给与|赠与|以及时|涉及|普及|男女|男人和女人"
    ),
}
_JOINED = {
    "en": r"([\w'’-]+)\s+(and(?:/or)?|as well as|and also|&)\s+([\w'’-]+)",
    "zh": r"([\u4e00-\u9fff]{1,2})(并且|而且|以及|和|与|及)([\u4e00-\u9fff]{1,2})",
}
_EITHER = {
    "en": (
        r"(?<!whether )(?<!either )\b(?!you\b|more\b|one\b|two\b|agree\b)[a-z'’-]+\s+or\s+"
        r"(?!not\b|less\b|more\b|disagree\b|an?y|some)[a-z'’-]+"
    ),
    "zh": (
        r"[\u4e00-\u9fff]{1,4}(?:或者|或)[\u4e00-\u9fff]{1,4}|"
        r"[\u4e00-\u9fff]{2,4}、[\u4e00-\u9fff]{2,6}(?![^？]*(?:、|等|还是))"
    ),
}
"""Alternatives that one yes or no cannot tell apart."""
_LEADING = {
    "en": (
        r"(?:don['’]t|wouldn['’]t) you agree|(?:do|would) you not agree|"
        r"(?<!how far )(?<!how much )(?<!how strongly )(?<!to what extent )(?:do|would) you agree\b(?! or disagree)|"
        r"(?:isn|aren|doesn|don|wouldn|shouldn|can)['’]t (?:it|you|they|we|the|there)\b|"
        r"of course|obviously|surely|(?:^|[.!?;,]\s+)clearly\b|undoubtedly|everyone knows|everybody knows|"
        r"as we all know|as you know|"
        r"it is well known|most people (?:agree|believe|think|say|know)|experts (?:agree|say|believe)|"
        r"research (?:shows|proves)|like most \w+,|should (?:concerned|responsible|caring|decent|sensible) \w+|"
        r"how much do you love|our (?:excellent|outstanding|wonderful|amazing)\b|"
        r"how (?:great|wonderful|terrible|awful)\b"
    ),
    "zh": (
        r"难道|[你您]不(?:觉得|认为).{0,40}吗|显然|众所周知|大家都(?:知道|认为|同意)|毫无疑问|当然|专家(?:认为|一致|指出)|"
        r"研究(?:表明|证明)|[你您]也?同意.{0,30}吗"
    ),
}
_NEGATED = {
    "en": r"\b(?:not|no|never|neither|nor|nobody|nothing|none|cannot|hardly)\b|n['’]t\b",
    "zh": r"不|没有|没|未|无法|从未|禁止",
}
_NOT_NEGATED = {
    "en": (
        r"whether or not|or not|not at all|not only|not just|do(?:es)? not know|don['’]t know|no matter|no longer|"
        r"neither agree nor disagree|(?:who|whom|which) (?:no|not|cannot)|no one else"
    ),
    "zh": (
        r"(.)不\1|而不|不受|也(?:没有|不)|"
        r"不同|不仅|不但|不管|不论|不断|不过|不少|差不多|不知道|不平等|有没有|未来|不得不"
    ),
}
_ABSOLUTE = {
    "en": r"\b(?:all|always|never|every|everyone|everybody|everything|nobody|none|ever|entirely|totally)\b",
    "zh": r"总是|从不|从来|所有|全部|完全|每个人|任何|一切|绝对|永远",
}
_NOT_ABSOLUTE = {
    "en": r"not at all|at all|all in all|after all|all things considered|of them all|all the same|first of all",
    "zh": r"总的来说",
}
_TWO_SIDED = {
    "en": (r"\b(?:strongly )?agree\b", r"\bdisagree\b", r"^yes\b", r"^no\b"),
    "zh": (r"同意|赞成", r"不同意|不赞成", r"^是", r"^否|^不是"),
}


def _double_barrelled(question: Question, language: str, limits: Limits) -> Iterator[str]:
    pattern = _JOINED.get(language)
    if pattern is None or question.kind in ("note", "text"):
        return
    asked = asking(own(question))
    last = re.sub(_IDIOMS[language], "，" if language == "zh" else " , ", asked, flags=re.IGNORECASE)
    found = re.search(pattern, last, re.IGNORECASE)
    if found is None and (asked.endswith("吗") or _can_be_denied(question.options, language)):
        found = re.search(_EITHER[language], last, re.IGNORECASE)
    if found:
        yield f"it asks about two things in one: {found[0]!r}"


def _leading(question: Question, language: str, limits: Limits) -> Iterator[str]:
    if found := re.search(_LEADING.get(language, r"(?!)"), wording(question), re.IGNORECASE):
        yield f"the wording suggests an answer: {found[0]!r}"


def _negation(question: Question, language: str, limits: Limits) -> Iterator[str]:
    if language not in _NEGATED:
        return
    text = re.sub(_NOT_NEGATED[language], " ", own(question), flags=re.IGNORECASE)
    found = [match[0] for match in re.finditer(_NEGATED[language], text, re.IGNORECASE)]
    if len(found) > 1:
        yield f"it denies more than once: {', '.join(map(repr, found[:4]))}"
    elif found and _can_be_denied(question.options, language):
        yield f"{found[0]!r} in the wording can be denied again by an answer, which then says yes by saying no"


def _can_be_denied(options: tuple[Option, ...], language: str) -> bool:
    yes, no, says_yes, says_no = _TWO_SIDED[language]
    labels = [option.label for option in options]
    return any(
        any(re.search(one, label, re.IGNORECASE) for label in labels)
        and any(re.search(other, label, re.IGNORECASE) for label in labels)
        for one, other in ((yes, no), (says_yes, says_no))
    )


def _absolutes(question: Question, language: str, limits: Limits) -> Iterator[str]:
    if language not in _ABSOLUTE or question.kind == "note":
        return
    text = re.sub(_NOT_ABSOLUTE[language], " ", own(question), flags=re.IGNORECASE)
    if found := re.search(_ABSOLUTE[language], text, re.IGNORECASE):
        yield f"{found[0]!r} leaves no room for exceptions"


def _long_wording(question: Question, language: str, limits: Limits) -> Iterator[str]:
    if question.kind != "note" and (count := words(wording(question))) > limits.words:
        yield f"{count} words before the options; more than {limits.words} are called long here"


def _reading_grade(question: Question, language: str, limits: Limits) -> Iterator[str]:
    text = wording(question)
    if language == "en" and words(text) >= 12 and (years := grade(text)) > limits.grade:
        yield f"its words and sentences ask for {years:.0f} years of schooling (Coleman-Liau)"


WORDING_RULES = (
    Rule(
        "double_barrelled",
        "warning",
        "Somebody who sees the two things differently has no answer. Ask one question for each.",
        sources.KROSNICK,
        _double_barrelled,
    ),
    Rule(
        "leading",
        "warning",
        "A wording that shows which answer is expected gets it more often. Name both sides, or neither.",
        sources.KROSNICK,
        _leading,
    ),
    Rule(
        "negation",
        "warning",
        "Negations are read over, and denying them confuses. Say it positively.",
        sources.KROSNICK,
        _negation,
    ),
    Rule(
        "absolute",
        "note",
        "Absolutes push careful people to the other side. Say how often, or how many.",
        sources.PAYNE,
        _absolutes,
    ),
    Rule(
        "long_wording",
        "note",
        "Long questions are understood less well. Use as few words as pose the question.",
        f"{sources.DILLMAN} {sources.TOURANGEAU_2000}",
        _long_wording,
    ),
    Rule(
        "reading_grade",
        "note",
        "Words that part of the public does not read easily cost its answers. Use simpler and shorter ones.",
        sources.COLEMAN_LIAU,
        _reading_grade,
    ),
)
"""Rules on the wording, in the order in which they are reported."""
