"""Arrays of LimeSurvey: batteries, one or two of each."""

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from surveys.entries import Battery
from surveys.formats.limesurvey.kinds import ARRAYS, POINTS
from surveys.formats.limesurvey.survey import LimeQuestion

if TYPE_CHECKING:
    from surveys.formats.limesurvey.questions import Questions


def array(asked: "Questions", question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
    """An array: one battery, or two for a dual scale."""
    if question.type == "H":
        asked.draft.leave_out(where, "that its items are columns", "a battery here has its items in rows")
    if question.type != "1":
        return _battery(asked, question, content, where, 0, "")
    first = _battery(asked, question, content, where, 0, "_0")
    second = {**content, "id": asked.draft.new_id(f"{content['id']}_1")}
    asked.draft.leave_out(where, "that its two scales stand side by side", "they are two batteries here")
    return [*first, *_battery(asked, question, second, where, 1, "_1")]


def _battery(
    asked: "Questions", question: LimeQuestion, content: dict[str, Any], where: str, scale: int, mark: str
) -> list[Any]:
    codes: dict[str, int] = {}
    battery = {"kind": "battery", **content}
    if question.type in POINTS:
        battery |= {"answers": "scale", "minimum": 1, "maximum": POINTS[question.type]}
    elif question.type in ARRAYS:
        battery["options"], codes = asked.fixed_options(ARRAYS[question.type], content["id"])
    else:
        answers = [part for part in question.answers if part.scale == scale]
        battery["options"], codes = asked.options(content["id"], answers, where)
    header = question.attribute(f"dualscale_header{'AB'[scale]}", asked.survey.language) if mark else ""
    if header:
        battery["text"] = f"{battery['text']}\n{asked.draft.hypertext(header, where)}"
    if question.attribute("random_order") == "1":
        battery["order"] = "random"
    battery["items"] = items = []
    names: dict[str, dict[str, Any]] = {}
    for part in question.subquestions:
        if part.scale:
            continue
        name = f"{question.name}_{part.code}"
        item: dict[str, Any] = {"id": asked.draft.named(f"{name}{mark}", where)}
        item["text"] = asked.said(part.texts.get(asked.survey.language), where) or part.code
        condition = asked.condition(part.relevance, f"{where}, {part.code}")
        item |= {"show_if": condition} if condition else {}
        asked.translate(item["id"], "text", part.texts, where, asked.said)
        items.append(item)
        names[f"{name}{mark}"] = item
    try:
        made = Battery.model_validate(battery)
        for item in items:
            options = {"options": battery["options"]} if battery.get("options") else {}
            whole = {**item, "kind": made.answers, "minimum": made.minimum, "maximum": made.maximum, **options}
            if asked.draft.question(item["id"], where, whole, codes) is None:
                return []
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        asked.draft.leave_out(where, "the array", why[:200])
        return []
    for name, item in names.items():
        asked.know(name, item, made.answers, codes)
    return [battery]
