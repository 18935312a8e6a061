"""What DEF says to the model, in English and Chinese: own words, with the literal markers of the protocol."""

from collections.abc import Sequence
from typing import Literal

from personas.portrait import ACT
from surveys import Question
from surveys.presentation import Presentation, joined
from surveys.presentation_rules import LabelStyle

HEAD = {
    "en": ACT["en"] + " Answer each request as this person would{choices}. "
    "Write the answer after 'Answer:' and then explain it after 'Explanation:'.",
    "zh": ACT["zh"] + '请以此人的身份回答每个请求{choices}。先用"Answer:"给出答案，再用"Explanation:"解释理由。',
}
"""The system turn: who answers and how."""
AVERAGE = {
    1: {
        "en": HEAD["en"].replace("a citizen", "an average person"),
        "zh": "请扮演一位普通人，来自{portrait}请以此人的身份回答每个请求{choices}。"
        '先用"Answer:"给出答案，再用"Explanation:"解释理由。',
    },
    2: {
        "en": "Think of an average person from {portrait} What would this person answer to each request{choices}? "
        "Write the answer after 'Answer:' and then explain it after 'Explanation:'.",
        "zh": "想一想一位普通人，来自{portrait}此人会怎样回答每个请求{choices}？"
        '先用"Answer:"给出答案，再用"Explanation:"解释理由。',
    },
}
"""The system turn of the baseline that asks for the average person of a culture, in two phrasings."""

CHOICES = {
    "en": (", choosing{by} from the choices it lists", ", choosing{by} from its {n} choices"),
    "zh": ("，{by}从所列选项中选择", "，{by}从{n}个选项中选择"),
}
"""Where the choices come from: without and with their number."""
BY = {
    "en": {"letter": " by letter", "none": "", "number": " by number"},
    "zh": {"letter": "按字母", "none": "", "number": "按编号"},
}
LABEL = {
    "en": {"letter": "letter", "none": "choice", "number": "number"},
    "zh": {"letter": "字母", "none": "选项", "number": "编号"},
}
"""What options are named by."""

SCALE = {"en": "on a scale of {low} to {high}", "zh": "在{low}到{high}的量表上"}
ENDS = {"en": ("where {point} means {label}", ", ", " and "), "zh": ("{point}表示{label}", "，", "，")}
MULTIPLE = {"en": " (choose up to {most})", "zh": "（最多选{most}项）"}
SEVERAL = {"en": " (choose {least} to {most})", "zh": "（选{least}至{most}项）"}
EXACTLY = {"en": " (choose {most})", "zh": "（选{most}项）"}
RANKING = {
    "en": " (rank {most}, the first choice first)",
    "zh": "（按偏好从高到低排列{most}项）",
}
ALLOCATION = {
    "en": " (divide {total} points among the choices, written as: {label} = points, {label} = points)",
    "zh": "（将{total}分分配给各选项，写作：{label} = 分数, {label} = 分数）",
}
ALLOCATION_JSON = {
    "en": " (divide {total} points among the choices, written as a JSON object with the choices as keys and their "
    "points as values)",
    "zh": "（将{total}分分配给各选项，写作JSON对象：以选项为键，以分数为值）",
}
"""How points are asked for where a reply is held to a JSON object."""
AGAIN = {
    "en": "Your last reply could not be understood ({reason}). Reply to this request once more.\n{request}",
    "zh": "无法理解你刚才的回答（{reason}）。请再次回答这个请求。\n{request}",
}
"""The turn after a reply that could not be understood."""
ITEMS = {
    "en": ("Answer each item on a line of its own that begins with its name, such as 'Item 1:'. For each", ": "),
    "zh": ("请逐项回答，每项一行，以其名称开头，如“项目1：”。每一项", "："),
}
"""On one screen: how the items are answered, and what follows before the choices that they share."""
AS_JSON = {
    "en": ("Answer as a JSON object with the names of the items as keys. For each", ": "),
    "zh": ("请以JSON对象回答，以各项名称为键。每一项", "："),
}
NUMBER = {
    (False, False): {"en": "a number", "zh": "数字"},
    (False, True): {"en": "a whole number", "zh": "整数"},
    (True, False): {"en": "a number {range}", "zh": "{range}的数字"},
    (True, True): {"en": "a whole number {range}", "zh": "{range}的整数"},
}
"""How a number is asked for: without and with bounds, any and whole."""
UNIT = {"en": " ({number}, in {unit})", "zh": "（{number}，单位：{unit}）"}
BARE = {"en": " ({number})", "zh": "（{number}）"}
INSTEAD = {"en": ', or "{label}"', "zh": "，或“{label}”"}
"""What can be said in place of a point or number."""
BOUNDS = {
    (True, True): {"en": "from {low} to {high}", "zh": "{low}到{high}"},
    (True, False): {"en": "of {low} or more", "zh": "不小于{low}"},
    (False, True): {"en": "of {high} or less", "zh": "不大于{high}"},
}
"""The bounds of a number, by whether it has a lowest and a highest value."""


def portrait(place: str, person: str, language: str) -> str:
    """The persona as the head names it: where it is from, and a sentence about it when there is one.

    >>> portrait("the United States", "You are 44.", "en")
    'the United States. You are 44.'
    """
    stop, space = ("。", "") if language == "zh" else (".", " ")
    return f"{place}{stop}{space}{person}" if person else f"{place}{stop}"


def named_by(style: LabelStyle) -> str:
    """What options are named by under a style of labels: ``number``, ``letter`` or ``none``."""
    return "letter" if style in ("letters", "bracketed") else "none" if style == "none" else "number"


def head(
    portrait: str,
    language: str,
    n_choices: int | None = None,
    style: LabelStyle = "codes",
    average: Literal[1, 2] | None = None,
) -> str:
    """The system turn; in one of its two phrasings when it asks for the average person.

    >>> head("France.", "en", 4)[:76]
    'Act as a citizen from France. Answer each request as this person would, choo'
    """
    listed, counted = CHOICES[language]
    by = BY[language][named_by(style)]
    choices = listed.format(by=by) if n_choices is None else counted.format(by=by, n=n_choices)
    turn = HEAD if average is None else AVERAGE[average]
    return turn[language].format(portrait=portrait, choices=choices)


def request(
    question: Question,
    presentation: Presentation,
    language: str,
    *,
    marker: bool = True,
    as_json: bool = False,
    notes: Sequence[str] = (),
    said: str | None = None,
) -> str:
    """The user turn: notes, the question (``said`` in place of its own wording) and what can be answered.

    Notes stand before ``Request:`` and so are not kept in memory.

    >>> from surveys.presentation import present
    >>> ask = Question(id="q", text="Tea?", options=[{"code": 1, "label": "no"}, {"code": 2, "label": "yes"}])
    >>> request(ask, present(ask, None), "en")
    'Request: Tea? - 1: no, 2: yes'
    """
    if said is None:
        said = joined(question.stem, question.text, question.instruction)
    text = "\n".join((*notes, f"Request: {said}"))
    if question.kind == "scale":
        return f"{text} - {_scale(question, presentation, language)}"
    if question.kind == "number":
        return text + _number(question, language)
    if question.kind == "text":
        return text
    how = _how_many(question, presentation, language, as_json=as_json)
    return f"{text}{how}{' - ' if marker else ', '}{presentation.text}"


def battery(
    question: Question,
    presentation: Presentation,
    language: str,
    said: str,
    items: Sequence[str],
    *,
    marker: bool = True,
    as_json: bool = False,
    notes: Sequence[str] = (),
) -> str:
    """The user turn of a battery on one screen: what is said before the items, the items, and their choices.

    >>> from surveys.presentation import present
    >>> ask = Question(id="q", text="Tea", options=[{"code": 1, "label": "no"}, {"code": 2, "label": "yes"}])
    >>> battery(ask, present(ask, None), "en", "Do you like it?", ["Item 1: Tea", "Item 2: Milk"]).splitlines()[1:3]
    ['Item 1: Tea', 'Item 2: Milk']
    """
    how, colon = (AS_JSON if as_json else ITEMS)[language]
    if question.kind == "scale":
        how += f"{colon if language == 'zh' else ' '}{_scale(question, presentation, language)}"
    else:
        how += f"{_how_many(question, presentation, language)}{' - ' if marker else colon}{presentation.text}"
    return "\n".join((*notes, f"Request: {said}", *items, how))


def again(request: str, reason: str, language: str) -> str:
    """The user turn after a reply that could not be understood: why, and the request once more.

    >>> again("Request: Tea? - 1: no, 2: yes", "3 is out of range", "en").splitlines()[-1]
    'Request: Tea? - 1: no, 2: yes'
    """
    return AGAIN[language].format(reason=reason, request=request)


def _how_many(question: Question, presentation: Presentation, language: str, *, as_json: bool = False) -> str:
    """How several options are named, ranked or given points; nothing for a single choice."""
    least, most = question.selections
    if question.kind == "ranking":
        return RANKING[language].format(most=most)
    if question.kind == "allocation":
        if as_json:
            return ALLOCATION_JSON[language].format(total=question.total)
        return ALLOCATION[language].format(total=question.total, label=LABEL[language][named_by(presentation.style)])
    if question.kind != "multiple":
        return ""
    if least > 1:
        return (EXACTLY if least == most else SEVERAL)[language].format(least=least, most=most)
    return MULTIPLE[language].format(most=most)


def _number(question: Question, language: str) -> str:
    """What sort of number is wanted, between which bounds, in which unit."""
    low, high = question.minimum, question.maximum
    bounds = BOUNDS.get((low is not None, high is not None))
    number = NUMBER[bounds is not None, question.whole][language]
    if bounds is not None:
        number = number.format(range=bounds[language].format(low=low, high=high))
    asked = (UNIT if question.unit else BARE)[language].format(number=number, unit=question.unit)
    return f"{asked[:-1]}{_instead(question, language)}{asked[-1]}"


def _instead(question: Question, language: str) -> str:
    """What declines in place of a point or number, in questionnaire order."""
    return "".join(INSTEAD[language].format(label=option.label) for option in question.options)


def _scale(question: Question, presentation: Presentation, language: str) -> str:
    """The scale in the direction shown, with what its points mean and what can be said instead."""
    wording, comma, joined = ENDS[language]
    first, last = presentation.codes[0], presentation.codes[-1]
    scale = SCALE[language].format(low=first, high=last)
    if presentation.lines:
        return f"{scale}{comma}{presentation.text}{_instead(question, language)}"
    points: dict[int, str] = {} if ("scale_labels", "ends") in presentation.also else question.point_labels
    said: dict[int, str | None] = dict(points)
    ends_said = ((min(first, last), question.low_label), (max(first, last), question.high_label))
    said |= {point: label for point, label in ends_said if label}
    ends = [wording.format(point=code, label=said[code]) for code in presentation.codes if said.get(code)]
    listed = comma.join(ends[:-1]) + joined + ends[-1] if len(ends) > 1 else "".join(ends)
    return (f"{scale}{comma}{listed}" if ends else scale) + _instead(question, language)
