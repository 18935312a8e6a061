"""Qualtrics questions with rows: matrices, sliders, and answers side by side."""

from collections.abc import Callable
from typing import Any

from surveys.formats.parts import Part
from surveys.formats.qualtrics.questions import choice, constant_sum, lines, note, ranking, text
from surveys.formats.qualtrics.source import FILE_ONLY, Source, numbered, settings_of


def matrix(source: Source) -> list[dict[str, Any]]:
    """Rows under the same answers: a battery."""
    if source.selector == "TE":
        return lines(source)
    if source.selector not in ("Likert", "Bipolar", ""):
        source.draft.leave_out(
            source.part.where, f"the matrix, of kind {source.selector[:40]}", "there is no such kind here"
        )
        return []
    content = source.begin("battery")
    options, codes = source.options(content["id"], "Answers", "AnswerOrder", "RecodeValues")
    if source.part.word("SubSelector").startswith("Multiple"):
        content["answers"] = "multiple"
    return _battery(source, content | {"options": options}, codes)


def _battery(source: Source, content: dict[str, Any], codes: dict[str, int] | None) -> list[dict[str, Any]]:
    content["items"] = []
    kind = {"kind": content.get("answers", "single")}
    shared = {
        name: content[name]
        for name in ("options", "minimum", "maximum", "low_label", "high_label")
        if name in content
    }
    tags = source.part.any("ChoiceDataExportTags")
    for number, item in source.listed("Choices", "ChoiceOrder"):
        tag = tags.get(number) if isinstance(tags, dict) else None
        made = source.draft.new_id(tag or f"{content['id']}_{number}", "row")
        words = source.wording(item.any("Display")) or made
        shown = source.condition(item.any("DisplayLogic"), item.where)
        item.close(source.draft)
        if source.draft.question(
            f"{source.qid}/{number}", item.where, {"id": made, "text": words} | shared | kind, codes
        ):
            content["items"].append({"id": made, "text": words} | ({"show_if": shown} if shown else {}))
            for language, further in source.languages():
                said = Part(numbered(further.any("Choices")).get(number), item.where).any("Display")
                source.draft.translate(language, made, "text", source.wording(said))
    drawn = source.part.any("Randomization")
    if isinstance(drawn, dict) and drawn.get("Type") == "All":
        content["order"] = "random"
    if not content["items"]:
        source.draft.leave_out(source.part.where, "the matrix", "it has no rows that can be asked")
        return []
    return [content]


def slider(source: Source) -> list[dict[str, Any]]:
    """A slider: a scale, or a battery of scales when it has several rows."""
    setting = Part(source.part.any("Configuration"), source.part.where)
    low, high = setting.whole("CSSliderMin"), setting.whole("CSSliderMax")
    rows = numbered(source.part.content.get("Choices"))
    if setting.flag("NotApplicable"):
        source.draft.leave_out(
            source.part.where, "the box for what is not applicable", "its words and its code are not read"
        )
    content = source.begin("battery" if len(rows) > 1 else "scale")
    content |= {"minimum": 0 if low is None else low, "maximum": 100 if high is None else high}
    labels = list(numbered(source.part.any("Labels")).values())
    if len(labels) > 1:
        for name, said in (("low_label", labels[0]), ("high_label", labels[-1])):
            label = source.label(Part(said, source.part.where).any("Display"))
            content |= {name: label} if label else {}
        for language, words in source.languages():
            further = list(numbered(words.any("Labels")).values())
            for name, place in (("low_label", 0), ("high_label", -1)) if further else ():
                label = source.label(Part(further[place], source.part.where).any("Display"))
                source.draft.translate(language, content["id"], name, label)
        for said in labels[1:-1]:
            source.draft.leave_out(source.part.where, f"the label {said}", "the ends of a scale have labels alone")
    if content["kind"] == "battery":
        return _battery(source, content | {"answers": "scale"}, None)
    (number, row), *_ = [*rows.items(), ("1", {})]
    label = source.wording(Part(row, source.part.where).any("Display"))
    source.part.ignore("Choices", "ChoiceOrder")
    source.draft.question(f"{source.qid}/{number}", source.part.where, content)
    return source.finish(content | ({"text": f"{content['text']}\n{label}"} if label else {}))


def side_by_side(source: Source) -> list[dict[str, Any]]:
    """Several columns of answers beside the same rows: a battery for each column."""
    whole = source.begin("battery")
    rows = {key: source.part.any(key) for key in ("Choices", "ChoiceOrder")}
    entries: list[dict[str, Any]] = []
    for number, column in numbered(source.part.any("AdditionalQuestions")).items():
        inner = Part(
            {**rows, **(column if isinstance(column, dict) else {})}, f"{source.part.where}, column {number}"
        )
        inner.content.pop("Language", None)
        inner.content["DataExportTag"] = f"{whole['id']}_column_{number}"
        made = matrix(Source(inner, f"{source.qid}#{number}", source.draft, settings_of(inner)))
        for entry in made:
            shared = {"show_if": whole["show_if"]} if "show_if" in whole else {}
            entries.append(entry | {"text": f"{whole['text']}\n{entry['text']}"} | shared)
        inner.ignore(*FILE_ONLY)
        inner.close(source.draft)
    return entries


KINDS: dict[str, Callable[[Source], list[dict[str, Any]]]] = {
    "MC": choice,
    "TE": text,
    "DB": note,
    "RO": ranking,
    "CS": constant_sum,
    "Matrix": matrix,
    "Slider": slider,
    "SBS": side_by_side,
}
"""What reads a question of each type."""
