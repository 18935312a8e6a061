"""What each kind of SurveyJS element becomes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from surveys.formats.draft import Choice, Draft
from surveys.formats.known import Known
from surveys.formats.parts import Part


class Said(Protocol):
    """Reads a wording in all its languages."""

    def __call__(self, value: object, where: str, entry: str | None, name: str, key: object = None) -> str:
        """The wording in the survey's language; the others are noted for the entry."""


@dataclass(frozen=True)
class Element:
    """One element and what is needed to read it."""

    part: Part
    name: str
    draft: Draft
    said: Said
    condition: Callable[[Part], str | None]

    def begin(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """The question with its id, wording and instruction."""
        made = self.draft.named(name or self.name, self.part.where)
        text = self.said(self.part.any("title"), self.part.where, made, "text")
        content: dict[str, Any] = {
            "id": made,
            "kind": kind,
            "text": text or self.draft.label(self.name, self.part.where),
        }
        instruction = self.said(self.part.any("description"), self.part.where, made, "instruction")
        return content | ({"instruction": instruction} if instruction else {})

    def finish(self, content: dict[str, Any], codes: dict[str, int] | None = None) -> list[dict[str, Any]]:
        """The question in a list, or an empty one when it cannot be one."""
        made = self.draft.question(self.name, self.part.where, content, codes)
        return [] if made is None else [made]

    def choices(self, *keys: str) -> list[tuple[Choice, dict[str, Any]]]:
        """The items of a list, each with its further content."""
        found = []
        for item in self.part.listed(*keys):
            if isinstance(item, dict):
                inner = Part(item, f"{self.part.where}, item {item.get('value')!s:.40}")
                value, text = inner.any("value"), inner.any("text")
                extra = {"exclusive": True} if inner.flag("isExclusive") else {}
                inner.ignore("visibleIf")
                inner.close(self.draft)
            elif isinstance(item, str) and "|" in item:
                value, text = item.split("|", 1)
                item, extra = {}, {}
            else:
                value, text, item, extra = item, None, {}, {}
            if value is None or isinstance(value, dict | list):
                self.draft.leave_out(self.part.where, f"the item {str(item)[:60]}", "it has no value")
                continue
            value = _value(value)
            label = self.draft.label(text.get("default", "") if isinstance(text, dict) else text, self.part.where)
            found.append((Choice(value, label, extra), {**item, "text": text}))
        return found

    def options(self, entry: str, *keys: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """The options of the entry with this id, their further languages noted."""
        listed = self.choices(*keys)
        for choice, item in listed:
            if item.get("visibleIf"):
                where = f"{self.part.where}, item {choice.value[:40]}"
                self.draft.leave_out(
                    where, f"visibleIf: {item['visibleIf']}", "options are offered to everybody here"
                )
        shown = (replace(choice, label=choice.label or choice.value) for choice, _ in listed)  # as SurveyJS shows it
        options, codes = self.draft.options(shown, self.part.where)
        for choice, item in listed:
            if isinstance(item["text"], dict):
                self.said(item["text"], self.part.where, entry, "options", codes[choice.value])
        return options, codes


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def choice(element: Element) -> list[dict[str, Any]]:
    """Radiogroup, dropdown, checkbox, tagbox and image picker."""
    part = element.part
    several = part.content.get("type") in ("checkbox", "tagbox") or part.flag("multiSelect")
    content = element.begin("multiple" if several else "single")
    low, high = part.whole("choicesMin"), part.whole("choicesMax")
    options, codes = element.options(content["id"], "choices")
    if low is not None and high is not None and 0 <= high - low <= 1000:
        options += [{"code": code, "label": str(code)} for code in range(low, high + 1)]
        codes |= {str(code): code for code in range(low, high + 1)}
    drawn = _note_order(element)
    content["options"] = [*options, *_added(element, content["id"], codes, several, drawn)]
    if several:
        content |= _between(part, "minSelectedChoices", "maxSelectedChoices")
        content["ordinal"] = False
    return element.finish(content, codes)


ADDED = (
    ("none", ("showNoneItem", "hasNone"), "noneText", "None", {"exclusive": True}),
    ("other", ("showOtherItem", "hasOther"), "otherText", "Other (describe)", {"pinned": True}),
    ("refused", ("showRefuseItem",), "refuseText", "Refuse to answer", {"kind": "nonresponse"}),
    ("dontknow", ("showDontKnowItem",), "dontKnowText", "Don't know", {"kind": "nonresponse"}),
)
"""Options that a switch adds: value, switches, key of the label, usual label, and what the option is here."""


def _note_order(element: Element) -> bool:
    """Whether options change their order, which is noted: here the wave says so."""
    order = element.part.word("choicesOrder")
    if order in ("", "none"):
        return False
    why = "whether and how options change their order is chosen in the wave"
    element.draft.leave_out(element.part.where, f"choicesOrder: {order[:40]}", why)
    return True


def _added(element: Element, entry: str, codes: dict[str, int], several: bool, drawn: bool) -> list[dict[str, Any]]:
    """The options that switches add; where the others change their order, these stay at the end."""
    made = []
    for value, switches, key, usual, extra in ADDED:
        if element.part.flag(*switches):
            code = max([0, *codes.values()]) + 1
            codes[value] = code
            label = element.said(element.part.any(key), element.part.where, entry, "options", code) or usual
            kept = {name: on for name, on in extra.items() if name != "exclusive" or several}
            if value == "none" and drawn:
                kept["pinned"] = True
            if "kind" in kept and several:
                kept["exclusive"] = True
            made.append({"code": code, "label": " ".join(label.split()), **kept})
            if value == "other":
                element.draft.leave_out(
                    element.part.where, "the text beside 'other'", "an option has no text of its own"
                )
    return made


def _between(part: Part, low: str, high: str) -> dict[str, Any]:
    least, most = part.whole(low), part.whole(high)
    return ({"min_selections": least} if least else {}) | ({"max_selections": most} if most else {})


def ranking(element: Element) -> list[dict[str, Any]]:
    """Options to be put in order."""
    content = element.begin("ranking")
    content["options"], codes = element.options(content["id"], "choices")
    _note_order(element)
    most = element.part.whole("maxSelectedChoices") if element.part.flag("selectToRankEnabled") else None
    return element.finish(content | ({"max_selections": most} if most else {}) | {"ordinal": False}, codes)


def boolean(element: Element) -> list[dict[str, Any]]:
    """Yes or no, coded 1 and 0."""
    part = element.part
    content = element.begin("single")
    values = [_value(part.any("valueTrue")) if "valueTrue" in part else "true"]
    values.append(_value(part.any("valueFalse")) if "valueFalse" in part else "false")
    labels = [
        element.said(part.any(key), part.where, content["id"], "options", code) or usual
        for key, code, usual in (("labelTrue", 1, "Yes"), ("labelFalse", 0, "No"))
    ]
    content["options"] = [{"code": 1 - n, "label": " ".join(label.split())} for n, label in enumerate(labels)]
    return element.finish(content, {values[0]: 1, values[1]: 0})


def rating(element: Element) -> list[dict[str, Any]]:
    """A scale; a choice when its values have labels or are not a run of whole numbers."""
    part = element.part
    content = element.begin("scale")
    low = element.said(
        part.any("minRateDescription", "mininumRateDescription"), part.where, content["id"], "low_label"
    )
    high = element.said(
        part.any("maxRateDescription", "maximumRateDescription"), part.where, content["id"], "high_label"
    )
    if part.listed("rateValues"):
        listed = element.choices("rateValues")
        numbers = [int(c.value) if c.value.lstrip("-").isdigit() else None for c, _ in listed]
        if numbers != list(range(numbers[0] or 0, (numbers[0] or 0) + len(numbers))) or not _short(numbers):
            content["kind"] = "single"
            content["options"], codes = element.options(content["id"], "rateValues")
            return _ends_as_instruction(element, content, codes, low, high)
        content |= {"minimum": numbers[0], "maximum": numbers[-1]}
        points = {number: choice.label for number, (choice, _) in zip(numbers, listed, strict=True) if choice.label}
        content |= {"point_labels": points} if points else {}
        for number, (_, item) in zip(numbers, listed, strict=True):
            if isinstance(item["text"], dict):
                element.said(item["text"], part.where, content["id"], "point_labels", number)
    else:
        first, step = part.whole("rateMin"), part.whole("rateStep") or 1
        first = 1 if first is None else first
        last, count = part.whole("rateMax"), part.whole("rateCount")
        last = first + step * (count - 1) if last is None and count else 5 if last is None else last
        if step != 1:
            values = range(first, last + 1, step) if step > 0 and (last - first) // step <= 1000 else range(0)
            content |= {"kind": "single", "options": [{"code": value, "label": str(value)} for value in values]}
            return _ends_as_instruction(element, content, {str(value): value for value in values}, low, high)
        content |= {"minimum": first, "maximum": last}
    content |= ({"low_label": low} if low else {}) | ({"high_label": high} if high else {})
    return element.finish(content)


def _short(numbers: list[int | None]) -> bool:
    return 2 <= len(numbers) <= 101


def _ends_as_instruction(
    element: Element, content: dict[str, Any], codes: dict[str, int], low: str, high: str
) -> list[dict[str, Any]]:
    for end, label in (("low", low), ("high", high)):
        if label:
            element.draft.leave_out(
                element.part.where, f"the label of the {end} end: {label}", "its options have labels"
            )
    return element.finish(content, codes)


def text(element: Element) -> list[dict[str, Any]]:
    """One line: a number when its input type says so, else a text."""
    part = element.part
    wanted = part.word("inputType") or "text"
    content = element.begin("number" if wanted in ("number", "range") else "text")
    if content["kind"] == "number":
        low, high, step = part.whole("min"), part.whole("max"), part.whole("step")
        content |= ({"minimum": low} if low is not None else {}) | ({"maximum": high} if high is not None else {})
        content |= {"whole": True} if step == 1 else {}
    elif wanted != "text":
        element.draft.leave_out(part.where, f"the input type {wanted[:40]}", "it is asked as a text")
    return element.finish(content)


def comment(element: Element) -> list[dict[str, Any]]:
    """Several lines of text."""
    element.part.ignore("rows", "cols", "autoGrow", "acceptCarriageReturn")
    return element.finish(element.begin("text"))


def several_texts(element: Element) -> list[dict[str, Any]]:
    """Several lines under one title: a text question each, worded by both."""
    part = element.part
    stem = element.said(part.any("title"), part.where, None, "text")
    entries: list[dict[str, Any]] = []
    for item in part.listed("items"):
        inner = Part(item, f"{part.where}, item")
        name = inner.word("name")
        inner.where = f"{part.where}, item {name[:60]}"
        line = Element(inner, f"{element.name}.{name}", element.draft, element.said, element.condition)
        for entry in text(line):
            own = entry["text"] if "title" in inner else element.draft.label(name, inner.where)
            entries.append(entry | {"text": f"{stem}\n{own}".strip()})
        inner.ignore("name", "isRequired")
        inner.close(element.draft)
    return entries


def note(element: Element) -> list[dict[str, Any]]:
    """Text between questions."""
    made = element.draft.new_id(element.name, "note")
    html, where = element.part.any("html"), element.part.where
    if isinstance(html, dict):
        html = {language: element.draft.hypertext(text, where) for language, text in html.items()}
    else:
        html = element.draft.hypertext(html, where)
    words = element.said(html, where, made, "text")
    return element.finish({"id": made, "kind": "note", "text": words})


def matrix(element: Element) -> list[dict[str, Any]]:
    """Rows under the same answers: a battery."""
    part = element.part
    content = element.begin("battery")
    options, codes = element.options(content["id"], "columns")
    content |= {"options": options, "items": []}
    if part.word("cellType") == "checkbox":
        content["answers"] = "multiple"
    kind = content.get("answers", "single")
    alike = {"id": content["id"], "text": content["text"], "kind": kind, "options": options}
    if not element.draft.can_be(alike, part.where):
        return []
    for row, item in element.choices("rows"):
        name = f"{element.name}.{row.value}"
        made = element.draft.named(row.value, part.where, "row")
        words = element.said(item["text"], part.where, made, "text") or row.label or row.value
        line = Part(item, f"{part.where}, row {row.value[:40]}")
        shown = element.condition(line)
        if words:
            element.draft.known[name] = Known(made, kind, codes)
            content["items"].append({"id": made, "text": words} | ({"show_if": shown} if shown else {}))
        else:
            element.draft.leave_out(line.where, "the row", "it has no wording and no value")
    if part.word("rowOrder", "rowsOrder") == "random":
        content["order"] = "random"
    if not content["items"]:
        element.draft.leave_out(part.where, "the matrix", "it has no rows that can be asked")
        return []
    return [content]


KINDS: dict[str, Callable[[Element], list[dict[str, Any]]]] = {
    **dict.fromkeys(("radiogroup", "dropdown", "checkbox", "tagbox", "imagepicker", "buttongroup"), choice),
    "ranking": ranking,
    "boolean": boolean,
    "rating": rating,
    "text": text,
    "comment": comment,
    "multipletext": several_texts,
    "html": note,
    "matrix": matrix,
}
"""What reads an element of each type; panels are read by the survey."""
