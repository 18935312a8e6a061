"""What DEF says to the model, in English and Chinese: own words, with the literal markers of the protocol."""

from personas.portrait import ACT
from surveys import Question
from surveys.presentation import Presentation

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
AGAIN = {
    "en": "Your last reply could not be understood ({reason}). Reply to this request once more.\n{request}",
    "zh": "无法理解你刚才的回答（{reason}）。请再次回答这个请求。\n{request}",
}
"""The turn after a reply that could not be understood."""
ITEMS = {
    "en": (
        "Answer each item on a line of its own that begins with its name, such as 'Item 1:'. For each",
        ": ",
    ),
    "zh": ("请逐项回答，每项一行，以其名称开头，如“项目1：”。每一项", "："),
}
"""On one screen: how the items are answered, and what follows before the choices that they share."""
AS_JSON = {
    "en": ("Answer as a JSON object with the names of the items as keys. For each", ": "),
    "zh": ("请以JSON对象回答，以各项名称为键。每一项", "："),
}
UNIT = {"en": " (a number, in {unit})", "zh": "（数字，单位：{unit}）"}
BARE = {"en": " (a number)", "zh": "（数字）"}


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
    question: Question, presentation: Presentation, language: str, *, marker: bool = True, text: str | None = None
) -> str:
    """The user turn: the question (or ``text`` in its place) and what can be answered.

    >>> from surveys.presentation import present
    >>> ask = Question(id="q", text="Tea?", options=[{"code": 1, "label": "no"}, {"code": 2, "label": "yes"}])
    >>> request(ask, present(ask, None), "en")
    'Request: Tea? - 1: no, 2: yes'
    """
    said = f"Request: {question.text if text is None else text}"
    if question.kind == "scale":
        return f"{said} - {_scale(question, presentation, language)}"
    if question.kind == "number":
        return said + (UNIT[language].format(unit=question.unit) if question.unit else BARE[language])
    if question.kind == "text":
        return said
    if question.kind == "multiple":
        said += MULTIPLE[language].format(most=question.max_selections or len(question.options))
    return f"{said}{' - ' if marker else ', '}{presentation.text}"


def battery(
    question: Question,
    presentation: Presentation,
    language: str,
    said: str,
    items: list[str],
    *,
    marker: bool = True,
    as_json: bool = False,
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
        if question.kind == "multiple":
            how += MULTIPLE[language].format(most=question.max_selections or len(question.options))
        how += f"{' - ' if marker else colon}{presentation.text}"
    return "\n".join((f"Request: {said}", *items, how))


def again(request: str, reason: str, language: str) -> str:
    """The user turn after a reply that could not be understood: why, and the request once more.

    >>> again("Request: Tea? - 1: no, 2: yes", "3 is out of range", "en").splitlines()[-1]
    'Request: Tea? - 1: no, 2: yes'
    """
    return AGAIN[language].format(reason=reason, request=request)


def _scale(question: Question, presentation: Presentation, language: str) -> str:
    """The scale in the direction shown, with what its ends or all its points mean."""
    wording, comma, joined = ENDS[language]
    first, last = presentation.codes[0], presentation.codes[-1]
    scale = SCALE[language].format(low=first, high=last)
    if presentation.lines:
        return f"{scale}{comma}{presentation.text}"
    said = {question.minimum: question.low_label, question.maximum: question.high_label}
    ends = [wording.format(point=point, label=said[point]) for point in (first, last) if said[point]]
    return f"{scale}{comma}{joined.join(ends)}" if ends else scale
