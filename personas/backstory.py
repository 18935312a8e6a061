"""The story of a persona's life: what a model is told and asked, and a check that it contradicts none of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from personas.names import NAME
from personas.persona import Persona
from personas.population import Population
from personas.portrait import Language, describe, place_of, whereabouts
from personas.templates import with_article

WRITE = {
    "en": "You write life stories of the people of a survey. Write about this one person, in the first person, in "
    "plain prose, without headings. This is known of the person, and the story must contradict none of it:\n{facts}",
    "zh": "你为一项调查中的人物撰写生平。请以第一人称、平实的文字写下面这一个人，不要标题。"
    "以下是已知事实，故事不得与其中任何一点相矛盾：\n{facts}",
}
"""The system turn of the writer."""
AGAIN = {
    "en": "The story contradicts what is known of the person: {problems}. Write it again without this.",
    "zh": "故事与已知事实矛盾：{problems}。请重新写，不要有这样的矛盾。",
}
CHECK = {
    "en": "Known of a person:\n{facts}\n\nStory:\n{story}\n\nDoes the story contradict anything that is known? "
    "Answer Yes or No.",
    "zh": "关于某人的已知事实：\n{facts}\n\n故事：\n{story}\n\n故事是否与任何已知事实相矛盾？请回答“是”或“否”。",
}
HOME = {"en": "You live in {place}.", "zh": "你住在{place}。"}
PROBLEM = {"en": "it says “{claim}”", "zh": "其中写到“{claim}”"}
DOUBT = {"en": "a reader found a contradiction", "zh": "读者发现了矛盾"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a persona, as a story may repeat it and as it must not say it."""

    language: Language
    told: str
    """What the writer is told, in the second person."""
    age: int | None
    """Age in years, when it is told."""
    true: tuple[str, ...]
    """Clauses in the first person that hold."""
    false: tuple[str, ...]
    """Clauses in the first person that would hold of somebody else."""
    elsewhere: tuple[str, ...]
    """States in which the person does not live."""
    name: str | None = None
    """Name of the person, when it is told."""


def facts_of(persona: Persona, population: Population, attributes: Sequence[str], language: Language = "en") -> Facts:
    """Facts of a persona: the attributes that are to be told, and the place when there is one.

    Raises
    ------
    DocumentError
        If an attribute is unknown, or has no phrase or no words in that language.
    """
    told = [describe(persona, population, attributes, language)]
    elsewhere: tuple[str, ...] = ()
    if persona.place is not None:
        told.insert(0, HOME[language].format(place=whereabouts(persona, language)))
        home = place_of(persona, language).state
        if home is not None:
            elsewhere = tuple(name for name in _states(population, persona, language) if name != home)
    known = [name for name in attributes if persona.attributes.get(name) is not None]
    claims = [claim for name in known for claim in _claims(persona, population, name, language)]
    name = population.attributes[NAME].label(persona.attributes[NAME], language) if NAME in known else None
    years = next((name for name in known if population.attributes[name].unit == "years"), None)
    return Facts(
        language,
        "\n".join(part for part in told if part),
        None if years is None else int(persona.attributes[years]),
        tuple(sorted({claim for claim, holds in claims if holds})),
        tuple(sorted({claim for claim, holds in claims if not holds})),
        elsewhere,
        None if name is None else str(name),
    )


def contradictions(story: str, facts: Facts) -> tuple[str, ...]:
    """Claims of a story that cannot be true of the person, in the story's own words.

    Found are: another level of an attribute in the words of the population's phrases or after "I am" and "as a"
    (我是, 作为);
    another age than the person's, in figures or in words; another name; and another state as the home.
    A story can contradict a fact in words that no rule knows; the protocol can ask a model on top.

    >>> facts = Facts("en", "", 44, ("I am a woman",), ("I am a man", "as a man"), ("Ohio",))
    >>> contradictions("I'm 31 years old and I live in Toledo, Ohio. As a man I think so.", facts)
    ('As a man', "I'm 31 years old", 'I live in Toledo, Ohio')
    >>> contradictions("I am a woman of 44. When I was 31, my wife said: I like Ohio.", facts)
    ()
    """
    text = whole = re.sub(r"\s+", " ", story.replace("’", "'"))
    for claim in facts.true:
        text = re.sub(_pattern(claim, facts.language), " ", text, flags=re.IGNORECASE)
    found = [
        match[0]
        for claim in facts.false
        for match in re.finditer(_pattern(claim, facts.language), text, re.IGNORECASE)
    ]
    found += _wrong_ages(whole, facts)
    found += _wrong_names(text, facts)
    found += _wrong_homes(text, facts)
    return tuple(dict.fromkeys(found))


def verdict(reply: str) -> bool | None:
    """Whether a reply to :data:`CHECK` says yes; ``None`` when it says neither.

    >>> verdict("No, it fits."), verdict("Yes."), verdict("Not sure"), verdict("是，矛盾")
    (False, True, None, True)
    >>> verdict("是否矛盾？否。"), verdict("不矛盾。"), verdict("存在矛盾。"), verdict("否，不存在任何矛盾")
    (False, False, True, False)
    """
    match = re.search(
        r"\b(?:yes|no)\b|(?:不|没有?|无|不存在|未发现)(?:任何)?矛盾|不是|没有|否(?!矛盾)|是(?!否)|(?:存在|有|相)矛盾",
        reply,
        re.IGNORECASE,
    )
    return None if match is None else match[0].lower() in ("yes", "是", "存在矛盾", "有矛盾", "相矛盾")


def complaint(claims: Sequence[str], language: Language) -> str:
    """The turn that asks for another story, with the claims that were wrong, or none where only a reader objected."""
    problems = ("；" if language == "zh" else ", ").join(PROBLEM[language].format(claim=claim) for claim in claims)
    return AGAIN[language].format(problems=problems or DOUBT[language])


def whole_sentences(story: str) -> str:
    """The story up to its last full stop, for replies that were cut off; as it is when it has none.

    >>> whole_sentences("I was born in Lima. I moved to")
    'I was born in Lima.'
    """
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s|\Z|[\"'”])[\"'”]?|[。！？]”?", story)]
    return story[: ends[-1]] if ends else story


def _claims(persona: Persona, population: Population, name: str, language: Language) -> Iterator[tuple[str, bool]]:
    """What a person could say of a categorical attribute, and whether it holds of this one."""
    attribute = population.attributes[name]
    if attribute.kind != "categorical" or len(attribute.levels) > 100:
        return
    phrase = next((phrase for phrase in population.phrases if phrase.tells == (name,)), None)
    for code in attribute.levels:
        label, holds = str(attribute.label(code, language)), code == persona.attributes[name]
        if phrase is not None and phrase.first is not None:
            yield phrase.say({name: label}, {name: code}, language, "first"), holds
        if language == "en":
            bare = re.match(r"(?:a|an|the) ", label) is None
            yield f"I am {with_article(label) if bare else label}", holds
            yield f"as {with_article(label) if bare else label}", holds
        else:
            yield f"我是{label}", holds
            yield f"作为{label}", holds


def _pattern(claim: str, language: Language) -> str:
    """Expression that finds a claim as whole words, contracted or not, with words in between that change nothing."""
    if language == "zh":
        opening = re.match(r"(?:我是|作为)(?:一?[位个名])?", claim)
        if opening is None:
            return re.escape(claim)
        label = claim[opening.end() :]
        told = r"(?:[^，。！？；、我不]{0,10}?的)?"
        if label in ("男性", "女性", "男人", "女人"):
            people = rf"{label[0]}(?:性|人|士|子|的)(?!的?(?:[丈妻儿女父母朋]|家人))"
        else:
            people = rf"{re.escape(label)}(?=[，。！？；、\s]|的?[男女]|\Z)"
        return rf"{opening[0][:2]}(?:一?[位个名])?{told}{people}"
    words = re.escape(claim.replace("’", "'")).replace(r"\ ", " ")
    words = re.sub(r"^I am an? ", r"I am an? (?:(?!(?:of|to|with|not)\\b)[\\w-]+ ){0,2}?", words)
    return rf"\b{words.replace('I am ', '(?:I am|I' + chr(39) + 'm) ')}\b"


_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NUMBERS = (
    {word: 10 + n for n, word in enumerate(_TEENS)}
    | {word: 20 + 10 * n for n, word in enumerate(_TENS)}
    | {f"{ten}-{one}": 20 + 10 * n + k for n, ten in enumerate(_TENS) for k, one in enumerate(_ONES, start=1)}
)
_SPELLED = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_AGE = {
    "en": re.compile(
        r"\b(?:I am|I'm|as) (?:now |just |still |already |only |about |\w+ly )?(?:an? )?"
        rf"(?:(?:[\w-]+ ){{0,3}}(?:man|woman|person|lady|gentleman|adult|citizen) of )?(\d{{1,3}}|{_SPELLED})"
        r"(?:[- ]years?[- ]old\b| years of age\b|(?=[,;!?]|\.(?!\d)| and\b|\Z))",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"(?:我(?:今年|现年|现在|已经|已)?是?|作为)(?:一?[位个名])?(\d{1,3}|[一二两三四五六七八九十百零]{1,5})周?岁"
        r"(?!时|那|的时候|开始|起|前|后)"
    ),
}


def _years(said: str) -> int:
    """Age in figures, in English words or in Chinese numerals.

    >>> _years("44"), _years("forty-four"), _years("四十四"), _years("十八"), _years("一百零二")
    (44, 44, 44, 18, 102)
    """
    if said.isdigit():
        return int(said)
    if said.lower() in _NUMBERS:
        return _NUMBERS[said.lower()]
    hundreds, _, rest = said.replace("两", "二").rpartition("百")
    tens, ten, ones = rest.replace("零", "").rpartition("十")
    digits = {sign: n for n, sign in enumerate("一二三四五六七八九", start=1)}
    return (
        100 * (digits.get(hundreds, 1) if "百" in said else 0)
        + 10 * (digits.get(tens, 1) if ten else 0)
        + digits.get(ones, 0)
    )


def _wrong_ages(text: str, facts: Facts) -> Iterator[str]:
    if facts.age is None:
        return
    for match in _AGE[facts.language].finditer(text):
        if _years(match[1]) != facts.age:
            yield match[0].strip()


_NAME = {
    "en": re.compile(r"\b(?:[Mm]y name is|I am called|I'm called) ([A-Z][\w'-]*(?: [A-Z][\w'-]*)*)"),
    "zh": re.compile(r"我(?:的名字)?(?:名?叫|是叫)(?:做)?([\u4e00-\u9fff]{2,4})"),
}


def _wrong_names(text: str, facts: Facts) -> Iterator[str]:
    """Names that share no part with the person's own."""
    if facts.name is None:
        return
    for match in _NAME[facts.language].finditer(text):
        own = facts.name.split() if facts.language == "en" else [facts.name, facts.name[1:]]
        said = match[1].split() if facts.language == "en" else [match[1]]
        if not any(one.startswith(part) for one in said for part in own):
            yield match[0]


def _wrong_homes(text: str, facts: Facts) -> Iterator[str]:
    if not facts.elsewhere:
        return
    names = "|".join(map(re.escape, sorted(facts.elsewhere, key=len, reverse=True)))
    if facts.language == "zh":
        home = re.compile(rf"我(?:现在|目前|一直)?(?:居住|生活|住)在(?:{names})")
    else:
        town = r"(?:[A-Z][\w.'-]*(?: [A-Z][\w.'-]*)*, )?"
        home = re.compile(rf"\bI (?:now |currently |still )?(?:live|reside) in {town}(?:{names})\b")
    yield from (match[0] for match in home.finditer(text))


def _states(population: Population, persona: Persona, language: Language) -> Iterator[str]:
    assert persona.place is not None
    for unit in population.places.states.values() if population.places else ():
        place = persona.place.model_copy(update={"state": unit.name, "city": None})
        yield place_of(persona.model_copy(update={"place": place}), language).state or unit.name
