"""What DEF says to the model, in English and Chinese: own words, with the literal markers of the protocol."""

from collections.abc import Sequence

from personas.portrait import ACT
from simulator.presentation import Presentation
from surveys import Question

HEAD = {
    "en": ACT["en"] + " Answer each request as this person would{choices}. "
    "Write the answer after 'Answer:' and then explain it after 'Explanation:'.",
    "zh": ACT["zh"] + '请以此人的身份回答每个请求{choices}。先用"Answer:"给出答案，再用"Explanation:"解释理由。',
}
"""The system turn: who answers and how."""

CHOICES = {
    "en": (", choosing by number from the choices it lists", ", choosing by number from its {n} choices"),
    "zh": ("，按编号从所列选项中选择", "，按编号从{n}个选项中选择"),
}
"""Where the choices come from: without and with their number."""

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
    "en": " (divide {total} points among the choices, written as: number = points, number = points)",
    "zh": "（将{total}分分配给各选项，写作：编号 = 分数, 编号 = 分数）",
}
AGAIN = {
    "en": "Your last reply could not be understood ({reason}). Reply to this request once more.\n{request}",
    "zh": "无法理解你刚才的回答（{reason}）。请再次回答这个请求。\n{request}",
}
"""The turn after a reply that could not be understood."""
NUMBER = {
    (False, False): {"en": "a number", "zh": "数字"},
    (False, True): {"en": "a whole number", "zh": "整数"},
    (True, False): {"en": "a number {range}", "zh": "{range}的数字"},
    (True, True): {"en": "a whole number {range}", "zh": "{range}的整数"},
}
"""How a number is asked for: without and with bounds, any and whole."""
UNIT = {"en": " ({number}, in {unit})", "zh": "（{number}，单位：{unit}）"}
BARE = {"en": " ({number})", "zh": "（{number}）"}
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


def head(portrait: str, language: str, n_choices: int | None = None) -> str:
    """The system turn.

    >>> head("France.", "en", 4)[:76]
    'Act as a citizen from France. Answer each request as this person would, choo'
    """
    listed, counted = CHOICES[language]
    choices = listed if n_choices is None else counted.format(n=n_choices)
    return HEAD[language].format(portrait=portrait, choices=choices)


def request(
    question: Question, presentation: Presentation, language: str, *, marker: bool = True, notes: Sequence[str] = ()
) -> str:
    """The user turn: notes, the question and what can be answered.

    Notes stand before ``Request:`` and so are not kept in memory.

    >>> from simulator.presentation import present
    >>> ask = Question(id="q", text="Tea?", options=[{"code": 1, "label": "no"}, {"code": 2, "label": "yes"}])
    >>> request(ask, present(ask, None, shuffle=False), "en")
    'Request: Tea? - 1: no, 2: yes'
    """
    said = ("" if language == "zh" else " ").join(
        part for part in (question.stem, question.text, question.instruction) if part
    )
    text = "\n".join((*notes, f"Request: {said}"))
    if question.kind == "scale":
        return f"{text} - {_scale(question, language)}"
    if question.kind == "number":
        return text + _number(question, language)
    if question.kind == "text":
        return text
    return f"{text}{_how_many(question, language)}{' - ' if marker else ', '}{presentation.text}"


def again(request: str, reason: str, language: str) -> str:
    """The user turn after a reply that could not be understood: why, and the request once more.

    >>> again("Request: Tea? - 1: no, 2: yes", "3 is out of range", "en").splitlines()[-1]
    'Request: Tea? - 1: no, 2: yes'
    """
    return AGAIN[language].format(reason=reason, request=request)


def _how_many(question: Question, language: str) -> str:
    """How several options are named, ranked or given points; nothing for a single choice."""
    least, most = question.selections
    if question.kind == "ranking":
        return RANKING[language].format(most=most)
    if question.kind == "allocation":
        return ALLOCATION[language].format(total=question.total)
    if question.kind != "multiple":
        return ""
    if least > 1:
        return (EXACTLY if least == most else SEVERAL)[language].format(least=least, most=most)
    return MULTIPLE[language].format(most=question.max_selections or len(question.options))


def _number(question: Question, language: str) -> str:
    """What sort of number is wanted, between which bounds, in which unit."""
    low, high = question.minimum, question.maximum
    bounds = BOUNDS.get((low is not None, high is not None))
    number = NUMBER[bounds is not None, question.whole][language]
    if bounds is not None:
        number = number.format(range=bounds[language].format(low=low, high=high))
    return (UNIT if question.unit else BARE)[language].format(number=number, unit=question.unit)


def _scale(question: Question, language: str) -> str:
    wording, comma, joined = ENDS[language]
    scale = SCALE[language].format(low=question.minimum, high=question.maximum)
    assert question.minimum is not None and question.maximum is not None
    said = {question.minimum: question.low_label, question.maximum: question.high_label, **question.point_labels}
    meant = sorted((point, label) for point, label in said.items() if label)
    ends = [wording.format(point=point, label=label) for point, label in meant]
    listed = comma.join(ends[:-1]) + joined + ends[-1] if len(ends) > 1 else "".join(ends)
    return f"{scale}{comma}{listed}" if ends else scale
