"""From a questionnaire to QSF: every section a block, every condition a display logic."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from surveys.entries import Battery, Entry, Loop, Section
from surveys.formats.inserts import apart, inserted
from surveys.formats.interface import LeftOut
from surveys.formats.logic import Logic, Untranslatable, join, parse
from surveys.formats.losses import Losses
from surveys.formats.output import write_text
from surveys.formats.qualtrics.conditions import Place, write_condition
from surveys.formats.qualtrics.jumps import UNNAMED
from surveys.formats.qualtrics.payloads import Payloads
from surveys.formats.qualtrics.skips import skip_rules
from surveys.question import Question
from surveys.questionnaire import Questionnaire

TOOL = "Qualtrics"
SURVEY = "SV_000000000000001"


def write(questionnaire: Questionnaire, path: Path) -> tuple[LeftOut, ...]:
    """Write a file that Qualtrics imports: codes become recode values, ids export tags."""
    writer = _Writer(questionnaire)
    content = writer.survey()
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return writer.losses.all()


class _Writer:
    def __init__(self, questionnaire: Questionnaire) -> None:
        self._all = questionnaire
        self.losses = Losses(questionnaire, TOOL)
        self._places: dict[str, Place] = {}
        self._questions: list[dict[str, Any]] = []
        self._blocks: list[dict[str, Any]] = []
        self._flow: list[dict[str, Any]] = []
        self._asked: list[tuple[Question, dict[str, Any], int]] = []
        self._order: list[tuple[str, str, int]] = []
        self._in_loop = False

    def survey(self) -> dict[str, Any]:
        """The whole file."""
        whole = self._all
        self.losses.of(whole, {"id", "title", "language", "entries", "translations"}, "questionnaire")
        loose: list[Entry] = []
        for entry in whole.entries:
            if isinstance(entry, Section | Loop):
                self._block("", tuple(loose))
                loose = []
                self._group(entry)
            else:
                loose.append(entry)
        self._block("", tuple(loose))
        for question, element, block in self._asked:
            rules = skip_rules(question, block, self._order, self._places, self.losses)
            if rules:
                element["SkipLogic"] = rules
        return {"SurveyEntry": self._entry(), "SurveyElements": self._elements()}

    def _entry(self) -> dict[str, Any]:
        language = self._all.language.upper()
        return {
            **{"SurveyID": SURVEY, "SurveyName": self._all.title, "SurveyDescription": None},
            **{"SurveyLanguage": language, "SurveyStatus": "Inactive", "Deleted": None},
        }

    def _elements(self) -> list[dict[str, Any]]:
        def element(kind: str, name: str, payload: object) -> dict[str, Any]:
            return {
                **{"SurveyID": SURVEY, "Element": kind, "PrimaryAttribute": name},
                **{"SecondaryAttribute": None, "TertiaryAttribute": None, "Payload": payload},
            }

        languages: dict[str, list[str]] = {code.upper(): [] for code in (self._all.language, *self._all.translations)}
        flow = {"Type": "Root", "FlowID": "FL_1", "Flow": self._flow, "Properties": {"Count": len(self._flow) + 1}}
        return [
            element("BL", "Survey Blocks", self._blocks),
            element("FL", "Survey Flow", flow),
            element("SO", "Survey Options", {"AvailableLanguages": languages}),
            element("QC", "Survey Question Count", str(len(self._questions))),
            *(element("SQ", question["QuestionID"], question) for question in self._questions),
        ]

    def _group(self, entry: Section | Loop) -> None:
        if isinstance(entry, Section):
            where = f"section {entry.id}"
            options: dict[str, Any] = {}
            if entry.order == "random":
                options["RandomizeQuestions"] = "RandomWithXPerPage"
            elif entry.order != "fixed":
                self.losses.note(where, f"order: {entry.order}", f"{TOOL} has no such order")
            if entry.title:
                self.losses.note(where, f"id: {entry.id}", f"a block of {TOOL} has a title alone")
            else:
                self.losses.note(where, "that it has no title", f"a block of {TOOL} is called by its id then")
            condition = self._logic(entry.show_if, where)
            self._block(entry.title or entry.id, entry.questions, condition, options, where)
        elif isinstance(entry.over, str):
            self.losses.note(f"loop {entry.id}", f"the loop over {entry.over}", "it is not written for Qualtrics")
            self.losses.skip(entry)
        else:
            static = {str(n): {"1": member} for n, member in enumerate(entry.over, start=1)}
            self._in_loop = True
            before = dict(self._places)
            where = f"loop {entry.id}"
            self.losses.note(where, f"id: {entry.id}", f"a loop of {TOOL} is a block, read as a section around it")
            if entry.order == "rotated":
                self.losses.note(where, f"order: {entry.order}", f"{TOOL} has no such order")
            drawn = "All" if entry.order == "random" else "None"
            looping = {"Looping": "Static", "LoopingOptions": {"Static": static, "Randomization": drawn}}
            self._block(entry.id, entry.questions, None, looping, where)
            self._places = before
            self._in_loop = False

    def _block(
        self,
        title: str,
        entries: tuple[Entry, ...],
        condition: Logic | None = None,
        options: dict[str, Any] | None = None,
        where: str = "questionnaire",
    ) -> None:
        if not entries:
            return
        number = len(self._blocks)
        block: dict[str, Any] = {
            **{"Type": "Standard" if number else "Default", "Description": title or UNNAMED},
            **{
                "ID": f"BL_{number + 1:015}",
                "BlockElements": [],
                "Options": {"BlockLocking": "false", **(options or {})},
            },
        }
        self._blocks.append(block)
        flow: dict[str, Any] = {
            "Type": "Standard",
            "ID": block["ID"],
            "FlowID": f"FL_{10 * number + 2}",
            "Autofill": [],
        }
        if condition is not None:
            try:
                logic = write_condition(condition, self._places)
                flow = {
                    **{"Type": "Branch", "FlowID": f"FL_{10 * number + 3}", "Description": "New Branch"},
                    **{"BranchLogic": logic, "Flow": [flow]},
                }
            except Untranslatable as error:
                self.losses.note(where, "show_if", str(error))
        self._flow.append(flow)
        for entry in entries:
            self._into(entry, block, [], number)

    def _logic(self, text: str | None, where: str) -> Logic | None:
        try:
            return None if text is None else parse(text)
        except Untranslatable as error:
            self.losses.note(where, f"show_if: {text}", str(error))
            return None

    def _into(self, entry: Entry, block: dict[str, Any], conditions: list[Logic], number: int) -> None:
        """Put an entry into a block; a section inside a section gives its condition to its questions."""
        where = f"{getattr(entry, 'kind', 'question')} {entry.id}"
        if isinstance(entry, Section):
            self.losses.of(entry, {"show_if", "questions"}, where)
            self.losses.note(where, "that it is a section of its own", f"{TOOL} has no blocks inside blocks")
            own = self._logic(entry.show_if, where)
            for inner in entry.questions:
                self._into(inner, block, [*conditions, *([] if own is None else [own])], number)
            return
        payloads = Payloads(f"QID{len(self._questions) + 1}", self.losses, self._said)
        if isinstance(entry, Battery):
            made = payloads.battery(entry, lambda item: self._shown(item.show_if, [], f"item {item.id}"))
        elif isinstance(entry, Question):
            made = payloads.question(entry)
        else:
            self.losses.note(where, f"the {entry.kind}", f"{TOOL} has nothing like it, or not here")
            made = None
        if made is None:
            self.losses.skip(entry)
            return
        show_if = entry.show_if if isinstance(entry, Question | Battery) else None
        made |= self._shown(show_if, conditions, where)
        element = {"Type": "Question", "QuestionID": made["QuestionID"]}
        block["BlockElements"].append(element)
        self._questions.append(made)
        self._places |= payloads.places
        ids = [item.id for item in entry.items] if isinstance(entry, Battery) else [entry.id]
        self._order += [(name, made["QuestionID"], number) for name in ids]
        if isinstance(entry, Question):
            self._asked.append((entry, element, number))

    def _shown(self, show_if: str | None, conditions: list[Logic], where: str) -> dict[str, Any]:
        own = self._logic(show_if, where)
        every = [*conditions, *([] if own is None else [own])]
        if not every:
            return {}
        try:
            return {"DisplayLogic": write_condition(join("and", every), self._places) | {"inPage": False}}
        except Untranslatable as error:
            self.losses.note(where, f"show_if: {show_if or 'that of its section'}", str(error))
            return {}

    def _said(self, text: str, where: str) -> str:
        """A wording as HTML, with what it inserts."""

        def shape(name: str) -> str | None:
            if name == "item" and self._in_loop:
                return "${lm://Field/1}"
            place = self._places.get(name)
            if place is None or place.row not in (None, "1"):
                return None
            field = "ChoiceGroup/SelectedChoices" if place.choices else "ChoiceTextEntryValue"
            return f"${{q://{place.question}/{field if place.row is None else 'ChoiceNumericEntryValue/1'}}}"

        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\n", "<br>")):
            text = text.replace(sign, entity)
        note, why = partial(self.losses.note, where), f"{TOOL} inserts earlier answers alone"
        return inserted(text, shape, lambda what: note(what, why), lambda words: apart(words, "${", note))
