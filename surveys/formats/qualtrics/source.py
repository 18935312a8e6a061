"""One Qualtrics question: its wording in every language, its options and their codes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from surveys.formats.draft import Choice, Draft
from surveys.formats.logic import Untranslatable
from surveys.formats.parts import Part
from surveys.formats.qualtrics.conditions import read_condition

FILE_ONLY = (
    *(
        "QuestionID",
        "QuestionType",
        "Selector",
        "SubSelector",
        "DataExportTag",
        "QuestionDescription",
        "Configuration",
    ),
    *("DataVisibility", "DefaultChoices", "GradingData", "NextAnswerId", "NextChoiceId", "SearchSource"),
    *(
        "QuestionText_Unsafe",
        "ChoiceDataExportTags",
        "NumberOfQuestions",
        "SurveyLanguage",
        "Language",
        "TextPosition",
    ),
)
"""Keys about the look and the bookkeeping of a question, or read already."""

_PIPE = re.compile(
    r"\$\{(?:q://(QID\w+)/(?:ChoiceGroup/SelectedChoices|ChoiceTextEntryValue|ChoiceNumericEntryValue/1)"
    r"|(lm://Field/1)|([^{}]*))\}"
)


@dataclass(frozen=True)
class Source:
    """One question of the file and what is needed to read it."""

    part: Part
    qid: str
    draft: Draft
    settings: Part
    """Settings of the validation."""

    @property
    def selector(self) -> str:
        """How it is shown, such as ``SAVR``."""
        return self.part.word("Selector")

    def wording(self, text: object) -> str:
        """A wording in plain text, with its references to earlier answers."""
        return piped(self.draft, text, self.part.where)

    def label(self, text: object) -> str:
        """A wording in one line."""
        return " ".join(self.wording(text).split())

    def languages(self) -> Iterator[tuple[str, Part]]:
        """The question in its further languages."""
        languages = self.part.any("Language")
        if isinstance(languages, dict):
            for language, content in languages.items():
                yield str(language), Part(content, f"{self.part.where}, {language}")

    def begin(self, kind: str) -> dict[str, Any]:
        """The question with its id and wording, in every language."""
        part = self.part
        made = self.draft.named(part.word("DataExportTag") or self.qid, part.where)
        text = self.wording(part.any("QuestionText")) or made
        for language, words in self.languages():
            self.draft.translate(language, made, "text", self.wording(words.any("QuestionText")))
        content: dict[str, Any] = {"id": made, "kind": kind, "text": text}
        condition = self.condition(part.any("DisplayLogic"), part.where)
        return content | ({"show_if": condition} if condition else {})

    def condition(self, logic: object, where: str) -> str | None:
        """The condition of a display logic."""
        if not logic:
            return None
        try:
            return self.draft.condition(read_condition(logic), where, "the display logic")
        except Untranslatable as error:
            self.draft.leave_out(where, "the display logic", str(error))
            return None

    def listed(self, key: str, order: str) -> list[tuple[str, Part]]:
        """Choices or answers in the order in which they are shown: their numbers in the file and their content."""
        found = numbered(self.part.any(key))
        wanted = [str(number) for number in self.part.listed(order)]
        numbers = [number for number in dict.fromkeys(wanted) if number in found] or list(found)
        for number in sorted(set(found) - set(numbers)):
            self.draft.leave_out(self.part.where, f"{key} {number}", "it is in no order that is shown")
        return [(number, Part(found[number], f"{self.part.where}, {key} {number}")) for number in numbers]

    def options(self, entry: str, key: str, order: str, recodes: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """The options of the entry with this id, and the code of each number of the file."""
        listed = self.listed(key, order)
        values = self.part.any(recodes)
        coded = values if isinstance(values, dict) else {}
        kept_apart = self.part.any("AnalyzeChoices") if key == "Choices" else None
        pinned = self._pinned()
        choices = []
        for number, item in listed:
            extra: dict[str, Any] = {}
            if item.flag("ExclusiveAnswer"):
                extra["exclusive"] = True
            if isinstance(kept_apart, dict) and str(kept_apart.get(number)).lower() == "no":
                extra["kind"] = "nonresponse"
            if key == "Choices" and number in pinned:
                extra["pinned"] = True
            if item.flag("TextEntry"):
                self.draft.leave_out(item.where, "the text beside it", "an option has no text of its own")
            label = self.label(item.any("Display"))
            item.ignore("TextEntrySize", "InputHeight", "InputWidth", "TextEntryValidation", "TextEntryForceResponse")
            item.close(self.draft)
            choices.append(Choice(number, label, extra, _whole(coded.get(number))))
        options, codes = self.draft.options(choices, self.part.where)
        for language, words in self.languages():
            for number, said in numbered(words.any(key)).items():
                if number in codes:
                    label = self.label(Part(said, self.part.where).any("Display"))
                    self.draft.translate_option(language, entry, "options", codes[number], label)
        return options, codes

    def _pinned(self) -> set[str]:
        """Choices that keep their place when the others change theirs."""
        drawn = self.part.any("Randomization")
        if not isinstance(drawn, dict) or str(drawn.get("Type", "None")) == "None":
            return set()
        why = "whether and how options change their order is chosen in the wave"
        self.draft.leave_out(self.part.where, f"randomisation of choices: {drawn.get('Type')}", why)
        advanced = drawn.get("Advanced")
        fixed = advanced.get("FixedOrder") if isinstance(advanced, dict) else None
        return {str(number) for number in fixed} if isinstance(fixed, list) else set()

    def finish(self, content: dict[str, Any], codes: dict[str, int] | None = None) -> list[dict[str, Any]]:
        """The question in a list, or an empty one when it cannot be one."""
        made = self.draft.question(self.qid, self.part.where, content, codes)
        return [] if made is None else [made]


def settings_of(part: Part) -> Part:
    """The settings of the validation of a question."""
    validation = Part(part.any("Validation"), part.where)
    return Part(validation.any("Settings"), f"{part.where}, validation")


def piped(draft: Draft, text: object, where: str) -> str:
    """A wording in plain text, with its references to earlier answers."""
    return draft.piped(draft.hypertext(text, where), _PIPE, where)


def numbered(content: object) -> dict[str, Any]:
    """Choices by their number: an object, or a list that counts from 0."""
    if isinstance(content, list):
        return {str(number): item for number, item in enumerate(content)}
    return {str(number): item for number, item in content.items()} if isinstance(content, dict) else {}


def _whole(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if re.fullmatch(r"-?\d{1,15}", text) else None
