"""Questions and batteries of ours as Qualtrics has them."""

from collections.abc import Callable, Sequence
from typing import Any

from surveys.entries import Battery, Item
from surveys.formats.losses import Losses
from surveys.formats.qualtrics.conditions import Place
from surveys.option import Option
from surveys.question import Question

Said = Callable[[str, str], str]
"""A wording and whose it is -> HTML with what it inserts."""

SHAPES = {
    "single": ("MC", "SAVR", "TX"),
    "multiple": ("MC", "MAVR", "TX"),
    "scale": ("Slider", "HSLIDER", None),
    "ranking": ("RO", "DND", "TX"),
    "allocation": ("CS", "VRTL", "TX"),
    "number": ("TE", "SL", None),
    "text": ("TE", "ML", None),
    "note": ("DB", "TB", None),
}
"""Kind -> type, selector and sub-selector."""


class Payloads:
    """Writes one question or battery, and says where answers to it are found."""

    def __init__(self, qid: str, losses: Losses, said: Said) -> None:
        self._qid = qid
        self._losses = losses
        self._said = said
        self.places: dict[str, Place] = {}

    def _begin(self, entry: Question | Battery, shape: tuple[str, str, str | None]) -> dict[str, Any]:
        made: dict[str, Any] = {
            **{"QuestionID": self._qid, "QuestionText": self._said(entry.text, entry.id), "DataExportTag": entry.id},
            **{"QuestionType": shape[0], "Selector": shape[1], "QuestionDescription": entry.text[:99]},
            **{"Configuration": {"QuestionDescriptionOption": "UseText"}, "Language": []},
            **{"Validation": {"Settings": {"ForceResponse": "OFF", "Type": "None"}}},
        }
        if shape[2]:
            made["SubSelector"] = shape[2]
        for language, words in self._losses.words(entry.id, "text").items():
            _language(made, language)["QuestionText"] = self._said(words, entry.id)
        return made

    def question(self, question: Question) -> dict[str, Any]:
        """The payload of a question."""
        made = self._begin(question, SHAPES[question.kind])
        settings = made["Validation"]["Settings"]
        holds = {"text", "minimum", "maximum", "show_if", "go_to"} | ({"options"} if question.listed else set())
        place = Place(self._qid, question.kind)
        if question.listed:
            self._options(made, "Choices", question.id, question.options)
            place = Place(self._qid, question.kind, choices=_numbers(question.options))
            holds |= {"ordinal"} if question.kind != "single" else set()
            if question.kind == "multiple":
                bounds = {"MinChoices": question.min_selections, "MaxChoices": question.max_selections}
                settings |= {name: str(value) for name, value in bounds.items() if value}
                holds |= {"min_selections", "max_selections"}
            if question.total is not None:
                settings |= {"Type": "ChoicesTotal", "ChoiceTotal": str(question.total)}
                holds.add("total")
        elif question.kind == "scale":
            place = Place(self._qid, "scale", "1")
            made |= {"Choices": {"1": {"Display": ""}}, "ChoiceOrder": ["1"]}
            self._slider(made, question)
            holds |= {"low_label", "high_label"}
        elif question.kind == "number":
            bounds = {"Min": question.minimum, "Max": question.maximum, "NumDecimals": 0 if question.whole else None}
            valid = {name: str(value) for name, value in bounds.items() if value is not None}
            settings |= {"Type": "ContentType", "ContentType": "ValidNumber", "ValidNumber": valid}
            holds.add("whole")
        self._losses.of(question, holds, f"question {question.id}")
        self.places[question.id] = place
        return made

    def battery(self, battery: Battery, shown: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
        """The payload of a battery; ``shown`` is the display logic of an item."""
        sub = "MultipleAnswer" if battery.answers == "multiple" else "SingleAnswer"
        scale = battery.answers == "scale"
        made = self._begin(battery, ("Slider", "HSLIDER", None) if scale else ("Matrix", "Likert", sub))
        made |= {"Choices": {}, "ChoiceOrder": [], "ChoiceDataExportTags": {}}
        for number, item in enumerate(battery.items, start=1):
            row = str(number)
            made["Choices"][row] = {"Display": self._said(item.text, item.id), **shown(item)}
            made["ChoiceOrder"].append(row)
            made["ChoiceDataExportTags"][row] = item.id
            for language, words in self._losses.words(item.id, "text").items():
                choices = _language(made, language).setdefault("Choices", {})
                choices[row] = {"Display": self._said(words, item.id)}
            self._losses.of(item, {"text", "show_if"}, f"item {item.id}")
            self.places[item.id] = Place(self._qid, battery.answers, row, _numbers(battery.options))
        if scale:
            self._slider(made, battery)
        else:
            self._options(made, "Answers", battery.id, battery.options)
        if battery.order == "random":
            made["Randomization"] = {"Advanced": None, "Type": "All"}
        holds = {"text", "items", "answers", "options", "minimum", "maximum", "low_label", "high_label", "show_if"}
        holds |= {"order"} if battery.order == "random" else set()
        holds -= {"options"} if scale else set()
        self._losses.of(battery, holds, f"battery {battery.id}")
        return made

    def _options(self, made: dict[str, Any], key: str, entry: str, options: Sequence[Option]) -> None:
        order = "ChoiceOrder" if key == "Choices" else "AnswerOrder"
        numbers = _numbers(options)
        made |= {key: {}, order: [], "RecodeValues": {}}
        for option in options:
            number = numbers[option.code]
            made[key][number] = {"Display": self._said(option.label, entry)}
            made[order].append(number)
            made["RecodeValues"][number] = str(option.code)
            holds = {"code", "label"}
            if option.exclusive:
                made[key][number]["ExclusiveAnswer"] = True
                holds.add("exclusive")
            if option.kind == "nonresponse" and key == "Choices":
                made.setdefault("AnalyzeChoices", {})[number] = "No"
                holds.add("kind")
            self._losses.of(option, holds, f"{entry}, option {option.code}", said=("kind",))
            for language, words in self._losses.words(entry, "options", option.code).items():
                choices = _language(made, language).setdefault(key, {})
                choices[number] = {"Display": self._said(words, entry)}

    def _slider(self, made: dict[str, Any], entry: Question | Battery) -> None:
        made["Configuration"] |= {
            **{"CSSliderMin": entry.minimum, "CSSliderMax": entry.maximum, "GridLines": 1, "NumDecimals": "0"},
            **{"ShowValue": True, "SnapToGrid": True, "CustomStart": False},
        }
        low, high = entry.low_label, entry.high_label
        if low or high:
            made["Labels"] = _ends(self._said(low or "", entry.id), self._said(high or "", entry.id))
        further = {end: self._losses.words(entry.id, end) for end in ("low_label", "high_label")}
        for language in {**further["low_label"], **further["high_label"]}:
            ends = (self._said(further[end].get(language, ""), entry.id) for end in ("low_label", "high_label"))
            _language(made, language)["Labels"] = _ends(*ends)


def _ends(low: str, high: str) -> dict[str, Any]:
    return {"1": {"Display": low}, "2": {"Display": high}}


def _numbers(options: Sequence[Option]) -> dict[Any, str]:
    return {option.code: str(number) for number, option in enumerate(options, start=1)}


def _language(made: dict[str, Any], language: str) -> dict[str, Any]:
    """The part of a payload in a further language."""
    if not made["Language"]:
        made["Language"] = {}
    found: dict[str, Any] = made["Language"].setdefault(language.upper(), {})
    return found
