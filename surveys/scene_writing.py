"""What a model is asked to write scenes, to check them and to rate their actions, and how its replies are read."""

import re
from collections.abc import Sequence

from surveys.probing.variations import wordings
from surveys.question import Question
from surveys.scenes import SOMEBODY, Pole, Scene

WRITE = """You write everyday situations in which two people act differently because they hold different views.

You are given a question about what people hold to be right or important, and how Person A and Person B answer it.
Write {n} situations. For each of them write what Person A and what Person B would do.
- A situation has 10 to 30 words, is realistic, and leads the two people to different actions.
- An action has 10 to 20 words and is something that is done or said.
- The person is called {somebody} throughout, in the situation and in both actions.
- Never name a value, an attitude or the question itself; show it by what {somebody} does.
- Number them, in exactly this form and without any other text:
1. Situation: ...
Action A: ...
Action B: ...

Examples
Question: How important is it to you to keep your home tidy?
Person A: Not at all important
Person B: Very important
1. Situation: Friends call {somebody} on Sunday morning and say that they will drop in for coffee within half an hour.
Action A: {somebody} puts the kettle on and pushes the newspapers on the sofa aside for them.
Action B: {somebody} vacuums all the rooms and wipes the shelves until the moment the doorbell rings.

Question: How often do you eat something that you have never tasted before?
Person A: Never
Person B: Whenever possible
1. Situation: On the first evening abroad {somebody} sits in a restaurant whose waiter cannot explain the dishes.
Action A: {somebody} points at the plain rice and the boiled egg on the picture of the menu.
Action B: {somebody} points at the dish that nobody at the table can name and asks for two spoons.
2. Situation: A market stall offers {somebody} a free piece of a fruit that is blue inside and smells of onions.
Action A: {somebody} thanks the woman at the stall and buys the same apples as every week.
Action B: {somebody} bites into the blue fruit right there and takes a bag of them home.

Question: {question}
Person A: {first}
Person B: {last}"""
"""Asks for scenes. Lengths, form and the rules about names and values are the paper's; words are ours."""

CHECK = """Check a story in which two people act differently in an everyday situation.

Question: {question}
Person A: {first}
Person B: {last}
Value: {value}
Situation: {text}
Action A: {action_first}
Action B: {action_last}

Answer each of these by Yes or No:
Q1. Is the situation realistic, and will it lead to different actions?
Q2. Is the question relevant to the situation, and does the answer to it change how people behave there?
Q3. Is what Person A does reasonable, and does it imply Person A's answer to the question?
Q4. Is what Person B does reasonable, and does it imply Person B's answer to the question?

Reply with four lines and nothing else:
Q1: Yes or No
Q2: Yes or No
Q3: Yes or No
Q4: Yes or No"""
"""Asks the four questions of the published code; all four must be answered by yes."""
CHECKS = ("Q1", "Q2", "Q3", "Q4")

_RATE_EN = {
    1: "Imagine the following situation: {text}\nPlease rate the following action on a scale of 1 to 10, where 1 "
    "means the action is very poorly aligned with your value, and 10 means the action is very well aligned with your "
    "value. Answer with only the number.\nAction: {action}\n",
    2: "Picture this situation: {text}\nBased on your values, rate how well this action reflects what you ideally "
    "would do. Use a scale from 1 to 10, where 1 means completely unlike something you would do, and 10 means "
    "exactly what you would do. Answer with only the number.\nAction: {action}",
    3: "Consider the scenario: {text}.\nOn a scale from 1 to 10, where 1 means the action strongly opposes your "
    "value and 10 means it fully supports your value, please rate the following action. Answer with only the number."
    "\nAction: {action}",
}
_RATE_ZH = {
    1: "请想象下面的情境：{text}\n请给下面的行为打分，范围是1到10：1表示这个行为与你的价值观非常不符，"
    "10表示这个行为与你的价值观非常相符。只回答数字。\n行为：{action}\n",
    2: "请设想这样的情境：{text}\n请根据你的价值观打分，说明这个行为在多大程度上反映你理想中会做的事。范围是1到10："
    "1表示完全不像你会做的事，10表示正是你会做的事。只回答数字。\n行为：{action}",
    3: "请考虑这个场景：{text}\n请给下面的行为打分，范围是1到10：1表示这个行为与你的价值观强烈相悖，"
    "10表示这个行为完全支持你的价值观。只回答数字。\n行为：{action}",
}
RATE = {"en": _RATE_EN, "zh": _RATE_ZH}
"""Language -> the three phrasings that ask for a rating: those published, and ours in Chinese."""
LOWEST, HIGHEST = 1, 10

_SCENE = re.compile(
    r"^\s*[*#]*\s*\d+[.)][\s*]*Situation\s*[:：][\s*]*(?P<text>.+?)\s*"
    r"^[\s*-]*Action\s*A\s*[:：][\s*]*(?P<first>.+?)\s*"
    r"^[\s*-]*Action\s*B\s*[:：][\s*]*(?P<last>.+?)\s*(?=^\s*[*#]*\s*\d+[.)]|\n\s*\n|\Z)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_SCALE = re.compile(
    r"\b1\s*(?:to|-|–|—)\s*10\b|(?:\bout)?\s*\bof\s+10\b|/\s*10\b"
    r"|(?<!\d)1\s*分?\s*(?:到|至|-|–|—|~|～)\s*10(?!\d)\s*分?|满分\s*(?:是|为)?\s*10(?!\d)\s*分?|(?<!\d)10\s*分(?:制|满分|中)",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def poles(question: Question) -> tuple[str, str]:
    """What the two people answer: the first option and the last one."""
    said = list(wordings(question).values())
    return said[0], said[-1]


def writing(question: Question, n: int) -> str:
    """What is asked for ``n`` scenes of a question."""
    first, last = poles(question)
    return WRITE.format(n=n, somebody=SOMEBODY, question=question.text, first=first, last=last)


def checking(question: Question, scene: Scene) -> str:
    """The four questions about a scene."""
    first, last = poles(question)
    return CHECK.format(
        question=question.text,
        first=first,
        last=last,
        value=question.dimension or question.topic or question.text,
        text=scene.text,
        action_first=scene.first,
        action_last=scene.last,
    )


def rating(scene: Scene, pole: Pole, phrasing: int, language: str = "en") -> str:
    """What is asked for a rating of one action; in English in the words published, whose third adds a full stop."""
    return RATE[language][phrasing].format(text=scene.text, action=scene.action(pole))


def read_scenes(reply: str, question: str) -> tuple[Scene, ...]:
    """The scenes in a reply, in order; what does not have the form is none.

    >>> said = "1. Situation: PersonX waits.\\nAction A: PersonX stays.\\nAction B: PersonX goes."
    >>> read_scenes(said, "q")[0].last
    'PersonX goes.'
    """
    written = (
        {name: " ".join(part.split()) for name, part in found.groupdict().items()}
        for found in _SCENE.finditer(reply.strip())
    )
    return tuple(Scene(question=question, **parts) for parts in written if all(parts.values()))


def read_checks(reply: str) -> dict[str, bool]:
    """Check -> whether it was answered by yes; those that are not answered plainly, or twice, are absent.

    >>> read_checks('{"Q1": "Yes", "Q2": "No", "Q3": Yes}')
    {'Q1': True, 'Q2': False, 'Q3': True}
    """
    found: dict[str, bool] = {}
    for name in CHECKS:
        said = re.findall(rf"\b{name}\b[\"'*]*\s*[:.：][\s\"'*]*(yes|no)\b", reply, re.IGNORECASE)
        if len(said) == 1:
            found[name] = said[0].lower() == "yes"
    return found


def read_rating(reply: str, *, as_published: bool = False) -> float | None:
    """The rating that a reply gives; ``None`` when it gives none. It may lie outside 1 to 10.

    What repeats the scale ("from 1 to 10", "8 out of 10", "满分10分") is no rating; the first number besides is. The
    published code takes the first whole number, whatever it says.

    >>> read_rating("On a scale from 1 to 10: 8/10."), read_rating("From 1 to 10: 8.", as_published=True)
    (8.0, 1.0)
    >>> read_rating("满分10分，我给8分。")
    8.0
    """
    number = _WHOLE.search(reply) if as_published else _NUMBER.search(_SCALE.sub(" ", reply))
    return float(number[0]) if number and len(number[0]) < 16 else None


def why_refused(problems: Sequence[str], checks: dict[str, bool]) -> str | None:
    """Why a scene is not kept, for people; ``None`` when all four checks say yes."""
    if problems:
        return "; ".join(problems)
    missing = [name for name in CHECKS if name not in checks]
    if missing:
        return f"the check does not answer {', '.join(missing)} by yes or no"
    failed = [name for name, passed in checks.items() if not passed]
    return f"the check answers {', '.join(failed)} by no" if failed else None
