"""What each kind of Qualtrics question becomes, matrices aside."""

from typing import Any

from surveys.formats.parts import Part
from surveys.formats.qualtrics.source import Source


def choice(source: Source) -> list[dict[str, Any]]:
    """Multiple choice, one answer or several; the 0 to 10 of a net promoter score is a scale."""
    if source.selector == "NPS":
        return _promoter(source)
    several = source.selector.startswith("MA") or source.selector == "MSB"
    content = source.begin("multiple" if several else "single")
    options, codes = source.options(content["id"], "Choices", "ChoiceOrder", "RecodeValues")
    content["options"] = options
    settings = source.settings
    if several:
        least, most = settings.whole("MinChoices"), settings.whole("MaxChoices")
        content |= ({"min_selections": least} if least else {}) | ({"max_selections": most} if most else {})
        content["ordinal"] = False
    else:
        for option in options:
            option.pop("exclusive", None)
    return source.finish(content, codes)


def _promoter(source: Source) -> list[dict[str, Any]]:
    content = source.begin("scale") | {"minimum": 0, "maximum": 10}
    source.part.any("Choices", "ChoiceOrder")
    source.part.ignore("ChoiceOrder", "RecodeValues")
    ends = [("low_label", 0), ("high_label", -1)]
    labels = source.part.listed("ColumnLabels")
    for name, place in ends if labels else ():
        said = Part(labels[place], source.part.where).any("Display")
        label = source.label(said)
        content |= {name: label} if label else {}
        for language, words in source.languages():
            further = words.listed("ColumnLabels")
            if further:
                said = Part(further[place], source.part.where).any("Display")
                source.draft.translate(language, content["id"], name, source.label(said))
    return source.finish(content)


def text(source: Source) -> list[dict[str, Any]]:
    """Text entry: a number when only numbers are valid; a form is a question for each of its lines."""
    if source.selector == "FORM":
        return lines(source)
    settings = source.settings
    number = settings.word("ContentType") == "ValidNumber"
    content = source.begin("number" if number else "text")
    if number:
        valid = Part(settings.any("ValidNumber"), settings.where)
        low, high, decimals = valid.whole("Min"), valid.whole("Max"), valid.word("NumDecimals")
        content |= ({"minimum": low} if low is not None else {}) | ({"maximum": high} if high is not None else {})
        content |= {"whole": True} if decimals == "0" else {}
    elif settings.word("ContentType"):
        source.draft.leave_out(settings.where, f"ContentType {settings.word('ContentType')}", "it is asked as a text")
    return source.finish(content)


def lines(source: Source) -> list[dict[str, Any]]:
    """The rows of a form or of a matrix of texts: a text question each, worded by both."""
    content = source.begin("text")
    entries = []
    for number, item in source.listed("Choices", "ChoiceOrder"):
        label = source.wording(item.any("Display"))
        item.close(source.draft)
        entry = content | {
            "id": source.draft.new_id(f"{content['id']}_{number}"),
            "text": f"{content['text']}\n{label}",
        }
        if source.draft.question(f"{source.qid}/{number}", item.where, entry):
            entries.append(entry)
    return entries


def note(source: Source) -> list[dict[str, Any]]:
    """Descriptive text."""
    source.part.ignore("ChoiceOrder")
    return source.finish(source.begin("note"))


def ranking(source: Source) -> list[dict[str, Any]]:
    """Rank order."""
    content = source.begin("ranking") | {"ordinal": False}
    content["options"], codes = source.options(content["id"], "Choices", "ChoiceOrder", "RecodeValues")
    return source.finish(content, codes)


def constant_sum(source: Source) -> list[dict[str, Any]]:
    """Constant sum: an allocation of its total."""
    total = source.settings.whole("ChoiceTotal")
    content = source.begin("allocation") | {"ordinal": False, "total": total}
    content["options"], codes = source.options(content["id"], "Choices", "ChoiceOrder", "RecodeValues")
    return source.finish(content, codes)
