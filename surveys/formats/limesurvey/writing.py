"""From a questionnaire to a LimeSurvey survey."""

import html
import itertools
import re

from surveys.entries import Battery, Entry, Item, Section
from surveys.formats.interface import LeftOut
from surveys.formats.limesurvey.conditions import Written, theirs
from surveys.formats.limesurvey.survey import LimeGroup, LimeQuestion, LimeSurvey, Part
from surveys.formats.limesurvey.wordings import TOOL, Wordings, language_of
from surveys.formats.logic import Untranslatable
from surveys.formats.losses import Losses
from surveys.option import Option
from surveys.question import Question
from surveys.questionnaire import Questionnaire

LONGEST_NAME = 20
"""Characters of a question's or subquestion's name; letters and digits only."""
LONGEST_CODE = 5
"""Characters of an answer's code."""


def survey_of(questionnaire: Questionnaire) -> tuple[LimeSurvey, tuple[LeftOut, ...]]:
    """The survey that asks what a questionnaire asks, and what it cannot say."""
    writer = _Writer(questionnaire)
    return writer.survey(), writer.losses.all()


class _Writer:
    def __init__(self, questionnaire: Questionnaire) -> None:
        self.whole = questionnaire
        self.language = language_of(questionnaire.language)
        self.losses = Losses(questionnaire, TOOL)
        self.names: dict[str, Written] = {}
        self._wordings = Wordings(self.language, self.losses, self.names)
        self._taken: set[str] = set()

    def survey(self) -> LimeSurvey:
        whole = self.whole
        self.losses.of(whole, {"title", "language", "entries", "translations"}, "questionnaire")
        titles = {self.language: html.escape(whole.title, quote=False)}
        for language, translation in whole.translations.items():
            titles[language_of(language)] = html.escape(translation.title or whole.title, quote=False)
        made = LimeSurvey(self.language, titles)
        loose: LimeGroup | None = None
        for entry in whole.entries:
            if isinstance(entry, Section):
                loose = None
                self._section(entry, made, None)
                continue
            if loose is None:
                loose = LimeGroup(dict(titles))
                made.groups.append(loose)
            self._entry(entry, loose)
        made.groups = [group for group in made.groups if group.questions]
        return made

    def _section(self, section: Section, made: LimeSurvey, around: str | None) -> None:
        where = f"section {section.id}"
        self.losses.of(section, {"title", "questions", "show_if"}, where)
        if section.id != f"group_{len(made.groups) + 1}":  # as it is called when it is read
            self.losses.note(where, f"id: {section.id}", f"a group of {TOOL} has a title alone")
        if section.title is None:
            self.losses.note(where, "that it has no title", f"a group of {TOOL} is called by its id then")
        condition = " and ".join(f"({one})" for one in (around, section.show_if) if one) or None
        names = self._wordings.texts(section.id, "text", section.title or section.id)
        group = LimeGroup(names, relevance=self._relevance(condition, where))
        made.groups.append(group)
        for entry in section.questions:
            if isinstance(entry, Section):
                self.losses.note(
                    f"section {entry.id}", f"that it stands in {section.id}", "groups hold questions alone"
                )
                self._section(entry, made, condition)
                group = LimeGroup(names, relevance=group.relevance)
                made.groups.append(group)
            else:
                self._entry(entry, group)

    def _entry(self, entry: Entry, group: LimeGroup) -> None:
        if isinstance(entry, Question):
            group.questions.append(self._question(entry))
        elif isinstance(entry, Battery):
            group.questions.append(self._battery(entry))
        else:
            self.losses.note(f"{entry.kind} {entry.id}", f"the {entry.kind}", f"{TOOL} has nothing like it")
            self.losses.skip(entry)

    def _question(self, question: Question) -> LimeQuestion:
        where = f"question {question.id}"
        made = LimeQuestion(self._name(question.id, where), _TYPES[question.kind])
        made.texts = self._wordings.texts(question.id, "text", question.text, where)
        if question.instruction:
            made.helps = self._wordings.texts(question.id, "instruction", question.instruction, where)
        made.relevance = self._relevance(question.show_if, where)
        held = {"text", "instruction", "show_if"}
        if question.kind == "scale":
            held |= self._scale(question, made, where)
        elif question.kind == "number":
            held |= self._number(question, made)
        elif question.listed:
            held |= self._options(question, made, where)
        self.losses.of(question, held, where)
        self._know(question, made)
        return made

    def _know(self, question: Question, made: LimeQuestion) -> None:
        parts = made.answers if made.answers else made.subquestions
        codes = {choice.code: part.code for choice, part in zip(question.choices, parts, strict=False)}
        kind = "single" if question.kind == "scale" and made.type == "L" else question.kind
        declined = tuple(o.code for o in question.options if o.kind == "nonresponse" and o.code in codes)
        self.names[question.id] = Written(made.name, kind, codes, declined)

    def _scale(self, question: Question, made: LimeQuestion, where: str) -> set[str]:
        if (question.minimum, question.maximum) == (1, 5) and not (
            question.low_label or question.high_label or question.point_labels or question.options
        ):
            made.type = "5"
        else:
            made.answers = self._answers(question.id, question.choices, where)
            for option in question.options:
                self.losses.of(option, {"code", "label"}, f"{where}, option {option.code}", said=("kind",))
            self.losses.note(
                where, "that it is a scale", f"{TOOL} has scales of five points without labels; it is a list"
            )
            for field in ("low_label", "high_label"):
                self.losses.words(question.id, field)
            for point in question.point_labels:
                self.losses.words(question.id, "point_labels", point)
        return {"minimum", "maximum", "low_label", "high_label", "point_labels", "options"}

    def _number(self, question: Question, made: LimeQuestion) -> set[str]:
        bounds = (("min_num_value_n", question.minimum), ("max_num_value_n", question.maximum))
        made.attributes |= {name: {"": str(value)} for name, value in bounds if value is not None}
        if question.whole:
            made.attributes["num_value_int_only"] = {"": "1"}
        if question.unit:
            made.attributes["suffix"] = self._wordings.texts(question.id, "unit", question.unit)
        return {"minimum", "maximum", "whole", "unit"}

    def _options(self, question: Question, made: LimeQuestion, where: str) -> set[str]:
        parts = self._answers(question.id, question.options, where)
        if question.kind in ("single", "ranking"):
            made.answers = parts
        else:
            made.subquestions = parts
            for part in parts:
                part.assessment = ""
        scored = question.kind in ("single", "ranking") and _scored(question.options)
        for option in question.options:
            held = {"code", "label"} | ({"exclusive"} if question.kind == "multiple" else set())
            held |= {"score"} if scored else set()
            self.losses.of(option, held, f"{where}, option {option.code}", said=("kind",))
        alone = [part.code for part, option in zip(parts, question.options, strict=True) if option.exclusive]
        further = {
            "exclude_all_others": ";".join(alone),
            "min_answers": _written(question.min_selections),
            "max_answers": _written(question.max_selections),
            "equals_num_value": _written(question.total),
        }
        made.attributes |= {name: {"": value} for name, value in further.items() if value}
        return {"options", "min_selections", "max_selections", "total"}

    def _answers(self, entry: str, options: tuple[Option, ...], where: str) -> list[Part]:
        codes = self._codes([option.code for option in options], where)
        return [
            Part(
                str(code),
                self._wordings.texts(entry, "options", option.label, where, option.code),
                assessment=str(int(option.score or 0)) if _scored(options) else "",
            )
            for code, option in zip(codes, options, strict=True)
        ]

    def _codes(self, codes: list[int], where: str) -> list[int]:
        """The codes, with free ones where the tool cannot have them."""
        kept = {code for code in codes if 0 <= code < 10**LONGEST_CODE}
        free = (code for code in itertools.count(1) if code not in kept)
        made = [code if code in kept else next(free) for code in codes]
        for code, other in zip(codes, made, strict=True):
            if code != other:
                why = f"{TOOL} has codes of up to {LONGEST_CODE} digits; it is {other}"
                self.losses.note(where, f"the code {code}", why)
        return made

    def _battery(self, battery: Battery) -> LimeQuestion:
        where = f"battery {battery.id}"
        made = LimeQuestion(self._name(battery.id, where), "F")
        made.texts = self._wordings.texts(battery.id, "text", battery.text, where)
        if battery.instruction:
            made.helps = self._wordings.texts(battery.id, "instruction", battery.instruction, where)
        made.relevance = self._relevance(battery.show_if, where)
        held = {"text", "items", "options", "instruction", "show_if", "minimum", "maximum", "answers"}
        if battery.order == "random":
            made.attributes["random_order"] = {"": "1"}
            held.add("order")
        choices = self._battery_answers(battery, made, where)
        if battery.answers == "scale" and choices:
            held |= {"low_label", "high_label", "point_labels"}
        self.losses.of(battery, held, where)
        for item in battery.items:
            self._item(item, battery, made, choices)
        return made

    def _battery_answers(self, battery: Battery, made: LimeQuestion, where: str) -> tuple[Option, ...]:
        if battery.answers == "scale" and battery.minimum == 1 and battery.maximum in (5, 10) and not battery.options:
            made.type = "A" if battery.maximum == 5 else "B"
            return ()
        options = battery.options
        if battery.answers == "scale":
            first = next(question for question in self.whole.questions if question.battery == battery.id)
            options = first.choices
            self.losses.note(
                where, "that its items are scales", f"{TOOL} has arrays of 5 and 10 points; it is a list"
            )
        elif battery.answers == "multiple":
            self.losses.note(where, "that several answers can be given", f"{TOOL} has arrays of one answer a row")
        for option in battery.options:
            held = {"code", "label"} | ({"score"} if _scored(battery.options) else set())
            self.losses.of(option, held, f"{where}, option {option.code}", said=("kind",))
        made.answers = self._answers(battery.id, options, where)
        return options

    def _item(self, item: Item, battery: Battery, made: LimeQuestion, choices: tuple[Option, ...]) -> None:
        where = f"item {item.id}"
        wanted = item.id.removeprefix(f"{battery.id}_")
        code = _plain(wanted)[:LONGEST_NAME] or f"i{len(made.subquestions) + 1}"
        used = {part.code.casefold() for part in made.subquestions}
        stem, number = code, 2
        while code.casefold() in used:
            code, number = f"{stem[: LONGEST_NAME - 3]}{number}", number + 1
        if f"{made.name}_{code}" != item.id:
            self.losses.note(where, f"the id {item.id}", f"it is {made.name}_{code} in {TOOL}")
        part = Part(code, self._wordings.texts(item.id, "text", item.text, where))
        part.relevance = self._relevance(item.show_if, where)
        self.losses.of(item, {"text", "show_if"}, where)
        made.subquestions.append(part)
        kind = "scale" if made.type in "AB" else "single"
        codes = {choice.code: answer.code for choice, answer in zip(choices, made.answers, strict=True)}
        declined = tuple(option.code for option in choices if option.kind == "nonresponse")
        self.names[item.id] = Written(f"{made.name}_{code}", kind, codes, declined)

    def _name(self, entry: str, where: str) -> str:
        stem = _plain(entry)[:LONGEST_NAME] or "Q"
        made, number = stem, 2
        while made.casefold() in self._taken:
            made, number = f"{stem[: LONGEST_NAME - 4]}{number}", number + 1
        self._taken.add(made.casefold())
        if made != entry:
            self.losses.note(
                where, f"the id {entry}", f"names in {TOOL} are up to 20 letters and digits; it is {made}"
            )
        return made

    def _relevance(self, condition: str | None, where: str) -> str:
        if condition is None:
            return "1"
        try:
            return theirs(condition, self.names)
        except Untranslatable as error:
            self.losses.note(where, f"show_if: {condition}", str(error))
        return "1"


_TYPES = {
    "single": "L",
    "multiple": "M",
    "scale": "L",
    "ranking": "R",
    "allocation": "K",
    "number": "N",
    "text": "T",
    "note": "X",
}


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name)


def _written(number: int | None) -> str:
    return "" if number is None else str(number)


def _scored(options: tuple[Option, ...]) -> bool:
    """Whether assessment values, which every answer has, can say the scores: whole numbers, none of them absent."""
    return all(option.score is not None and option.score.is_integer() for option in options)
