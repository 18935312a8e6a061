"""From a LimeSurvey survey to a questionnaire."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from demoscope.errors import DocumentError
from surveys.entries import Battery
from surveys.formats.draft import Choice, Draft
from surveys.formats.interface import Reading
from surveys.formats.languages import language_code
from surveys.formats.limesurvey.kinds import (
    ARRAYS,
    EMPTY,
    FIXED,
    NO_COUNTERPART,
    POINTS,
    USED,
    WORDS_ZH,
    numbers_of,
)
from surveys.formats.limesurvey.relevance import Variable, always, never, ours, piped
from surveys.formats.limesurvey.survey import LimeGroup, LimeQuestion, LimeSurvey, Part, Texts
from surveys.formats.logic import Untranslatable

MOST_LANGUAGES = 100
"""Languages of a survey that are read."""

MOST_GROUPS = 5_000
"""Groups of a survey that are read."""


def reading(survey: LimeSurvey, path: Path) -> Reading:
    """The questionnaire that a survey is, and what it leaves out."""
    return _Reader(survey, path).whole()


class _Reader:
    def __init__(self, survey: LimeSurvey, path: Path) -> None:
        self.survey = survey
        self.draft = Draft(path, language_code(survey.language))
        self.languages = survey.languages
        if len(self.languages) > MOST_LANGUAGES or len(survey.groups) > MOST_GROUPS:
            raise DocumentError(
                f"{path}: {len(self.languages):,} languages and {len(survey.groups):,} groups; at most "
                f"{MOST_LANGUAGES} and {MOST_GROUPS:,} are read."
            )
        self.variables: dict[str, Variable] = {}
        self.attributes: Counter[str] = Counter()
        self.coded: list[str] = []

    def whole(self) -> Reading:
        survey, draft = self.survey, self.draft
        title = draft.hypertext_label(survey.titles.get(survey.language), "the survey")
        for language, text in survey.titles.items():
            if language != survey.language:
                draft.translate_title(language, draft.hypertext_label(text, "the survey"))
        entries: list[dict[str, Any]] = []
        for number, group in enumerate(survey.groups, start=1):
            entries += self._group(group, number, title)
        for where, what in survey.further:
            draft.leave_out(where, what, "a questionnaire here has questions alone")
        for name, count in sorted(self.attributes.items()):
            draft.leave_out(f"{count} questions", f"the setting {name}", "respondents here have nothing like it")
        if self.coded:
            named = ", ".join(self.coded[:5]) + (" ..." if len(self.coded) > 5 else "")
            draft.leave_out(
                f"{len(self.coded)} questions", f"letters of codes ({named})", "codes are numbers here: A2 is 2"
            )
        return draft.reading(draft.path.stem, title, entries)

    def _group(self, group: LimeGroup, number: int, title: str) -> list[dict[str, Any]]:
        name = self.draft.hypertext_label(group.names.get(self.survey.language), f"group {number}")
        where = f"group {name or number}"
        if never(group.relevance):
            self.draft.leave_out(where, "the group and its questions", "its condition is 0, so nobody sees it")
            return []
        condition = self._condition(group.relevance, where)
        if group.randomized:
            self.draft.leave_out(where, f"its random group {group.randomized}", "sections do not change places")
        if any(group.descriptions.values()):
            said = group.descriptions.get(self.survey.language, "")
            self.draft.leave_out(where, f"its description {said[:100]!r}", "sections have a title only")
        inside = [content for question in group.questions for content in self._question(question)]
        if not inside:
            return []
        if name == title and condition is None:
            return inside
        section: dict[str, Any] = {"kind": "section", "id": self.draft.new_id(f"group_{number}"), "questions": inside}
        section |= {"title": name} if name else {}
        section |= {"show_if": condition} if condition else {}
        self._translate(section["id"], "text", group.names, where, self.draft.hypertext_label)
        return [section]

    def _condition(self, relevance: str, where: str) -> str | None:
        if always(relevance):
            return None
        try:
            return ours(relevance, self.variables)
        except Untranslatable as error:
            self.draft.leave_out(where, f"the condition {relevance}", str(error))
        except RecursionError:
            self.draft.leave_out(where, f"the condition {relevance}", "it is nested too deeply")
        return None

    def _question(self, question: LimeQuestion) -> list[dict[str, Any]]:
        where = f"question {question.name}"
        if question.type in NO_COUNTERPART or never(question.relevance):
            hidden = never(question.relevance)
            why = "its condition is 0, so nobody sees it" if hidden else "questions here ask for choices and texts"
            self.draft.leave_out(where, NO_COUNTERPART.get(question.type, "the question"), why)
            return []
        content = self._worded(question, where)
        condition = self._condition(question.relevance, where)
        content |= {"show_if": condition} if condition else {}
        for name, values in question.attributes.items():
            if name not in USED and any(value not in EMPTY for value in values.values()):
                self.attributes[name] += 1
        for what, value in (("default", question.default), ("validation", question.validation)):
            if value:
                self.draft.leave_out(where, f"its {what} {value!r}", "answers here have nothing like it")
        if question.mandatory in ("Y", "S"):
            self.attributes["mandatory"] += 1
        build = _BUILDERS.get(question.type)
        if build is None:
            self.draft.leave_out(
                where, f"the question of type {question.type!r}", "there is no such type in its manual"
            )
            return []
        return build(self, question, content, where)

    def _worded(self, question: LimeQuestion, where: str) -> dict[str, Any]:
        language = self.survey.language
        text = self._text(question.texts.get(language), where) or question.name
        content: dict[str, Any] = {"id": self.draft.named(question.name, where), "text": text}
        help_text = self._text(question.helps.get(language), where)
        content |= {"instruction": help_text} if help_text else {}
        self._translate(content["id"], "text", question.texts, where, self._text)
        self._translate(content["id"], "instruction", question.helps, where, self._text)
        return content

    def _text(self, text: object, where: str) -> str:
        filled, kept = piped(self.draft.hypertext(text, where), self.variables)
        for expression in kept:
            self.draft.leave_out(
                where, f"that {expression[:80]} is worked out", "it is no answer to an earlier question"
            )
        return filled

    def _translate(
        self,
        entry: str,
        name: str,
        texts: Texts,
        where: str,
        say: Callable[[object, str], str],
        key: int | None = None,
    ) -> None:
        original = texts.get(self.survey.language)
        for language, text in texts.items():
            if language == self.survey.language or not text or text == original:
                continue  # LimeSurvey itself copies the original where nobody has translated yet
            if key is None:
                self.draft.translate(language, entry, name, say(text, where))
            else:
                self.draft.translate_option(language, entry, name, key, say(text, where))

    def _options(
        self, entry: str, parts: Iterable[Part], where: str, extra: dict[str, dict[str, Any]] | None = None
    ) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Options of parts, and their codes by LimeSurvey's; assessment values become scores."""
        listed = list(parts)
        numbers = numbers_of([part.code for part in listed])
        if any(str(number) != part.code for number, part in zip(numbers, listed, strict=False)):
            self.coded.append(entry)
        scored = any(part.assessment not in ("", "0") for part in listed)
        choices = []
        for place, part in enumerate(listed):
            further = dict((extra or {}).get(part.code, {}))
            if scored and re.fullmatch(r"-?\d{1,9}", part.assessment):
                further["score"] = float(part.assessment)
            label = self.draft.hypertext_label(part.texts.get(self.survey.language), where)
            choices.append(Choice(part.code, label, further, numbers[place] if numbers else None))
        made, codes = self.draft.options(choices, where)
        for part in listed:
            self._translate(entry, "options", part.texts, where, self.draft.hypertext_label, codes.get(part.code))
        return made, codes

    def _other(self, question: LimeQuestion, parts: list[Part], where: str) -> list[Part]:
        """The parts, with one for "other" when the question offers it."""
        if question.other != "Y":
            return parts
        self.draft.leave_out(where, "the text of another answer", "options here are chosen, not written")
        said = question.attributes.get("other_replace_text", {})
        texts = {language: said.get(language) or said.get("") or "Other" for language in self.languages}
        texts |= {language: "其他" for language in texts if language.startswith("zh") and not said.get(language)}
        taken = numbers_of([part.code for part in parts])
        letters = re.match(r"[A-Za-z]*", parts[0].code)[0] if parts and taken else ""  # type: ignore[index]
        return [*parts, Part(f"{letters}{max(taken) + 1}" if taken else "-oth-", texts)]

    def _know(self, name: str, content: dict[str, Any], kind: str, codes: dict[str, int] | None = None) -> None:
        self.variables[name] = Variable(content["id"], kind, codes or {})

    def _finished(
        self, name: str, where: str, content: dict[str, Any], codes: dict[str, int] | None = None
    ) -> list[Any]:
        made = self.draft.question(name, where, content, codes)
        if made is None:
            return []
        self._know(name, content, content.get("kind", "single"), codes)
        return [made]

    def single(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """A list, as radio buttons or drop-down."""
        if question.type == "O":
            self.draft.leave_out(where, "the comment beside the choice", "a question here has one answer")
        content["options"], codes = self._options(
            content["id"], self._other(question, question.answers, where), where
        )
        if question.other == "Y":
            codes["-oth-"] = content["options"][-1]["code"]
        return self._finished(question.name, where, content, codes)

    def fixed(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """Yes or no, or gender."""
        content["options"], codes = self._fixed(FIXED[question.type], content["id"])
        return self._finished(question.name, where, content, codes)

    def _fixed(self, listed: Iterable[tuple[str, int, str]], entry: str) -> tuple[list[Any], dict[str, int]]:
        def said(word: str, language: str) -> str:
            return WORDS_ZH[word] if language_code(language).startswith("zh") else word

        options = [{"code": code, "label": said(word, self.survey.language)} for _, code, word in listed]
        for language in self.languages[1:]:
            for _, code, word in listed:
                self.draft.translate_option(language, entry, "options", code, said(word, language))
        return options, {name: code for name, code, _ in listed}

    def multiple(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """A multiple choice; with comments or without."""
        if question.type == "P":
            self.draft.leave_out(where, "the comments beside the choices", "a question here has one answer")
        alone = set(re.split(r"[;,\s]+", question.attribute("exclude_all_others")))
        parts = self._other(question, question.subquestions, where)
        extra = {part.code: {"exclusive": True} for part in parts if part.code in alone}
        content["kind"] = "multiple"
        content["options"], codes = self._options(content["id"], parts, where, extra)
        for name, key in (("min_answers", "min_selections"), ("max_answers", "max_selections")):
            content |= self._whole(question, name, key, where)
        made = self._finished(question.name, where, content, codes)
        for part in question.subquestions if made else ():
            name = f"{question.name}_{part.code}"
            self.variables[name] = Variable(content["id"], "multiple", codes, option=codes[part.code])
        return made

    def ranking(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """A ranking; its options are answers, or subquestions in later versions."""
        content["kind"] = "ranking"
        content["options"], codes = self._options(content["id"], question.answers or question.subquestions, where)
        content |= self._whole(question, "max_answers", "max_selections", where)
        made = self._finished(question.name, where, content, codes)
        for place in range(1, len(codes) + 1) if made else ():
            self.variables[f"{question.name}_{place}"] = Variable(content["id"], "ranking", codes, rank=place)
        return made

    def scale(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """Five points."""
        content |= {"kind": "scale", "minimum": 1, "maximum": POINTS[question.type]}
        return self._finished(question.name, where, content)

    def number(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """A number."""
        content["kind"] = "number"
        content |= self._whole(question, "min_num_value_n", "minimum", where)
        content |= self._whole(question, "max_num_value_n", "maximum", where)
        content |= {"whole": True} if question.attribute("num_value_int_only") == "1" else {}
        unit = self.draft.hypertext_label(question.attribute("suffix", self.survey.language), where)
        content |= {"unit": unit} if unit else {}
        self._translate(
            content["id"], "unit", question.attributes.get("suffix", {}), where, self.draft.hypertext_label
        )
        return self._finished(question.name, where, content)

    def text(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """A text, short or long."""
        content["kind"] = "text"
        return self._finished(question.name, where, content)

    def note(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """A text to read."""
        content["kind"] = "note"
        made = self.draft.question(question.name, where, content)
        return [made] if made else []

    def several(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """Several numbers or texts: points to give out when they have a sum, else questions of their own."""
        total = self._whole(question, "equals_num_value", "total", where)
        if question.type == "K" and total:
            content |= {"kind": "allocation", **total}
            content["options"], codes = self._options(content["id"], question.subquestions, where)
            made = self._finished(question.name, where, content, codes)
            for part in question.subquestions if made else ():
                name = f"{question.name}_{part.code}"
                self.variables[name] = Variable(content["id"], "allocation", codes, option=codes[part.code])
            return made
        self.draft.leave_out(where, "that its fields stand together", "each is a question of its own here")
        entries: list[Any] = []
        for part in question.subquestions:
            name = f"{question.name}_{part.code}"
            item = self._text(part.texts.get(self.survey.language), where)
            own = {**content, "id": self.draft.named(name, where), "text": f"{content['text']}\n{item}".strip()}
            own["kind"] = "number" if question.type == "K" else "text"
            for language in self.languages[1:]:
                both = (question.texts.get(language), part.texts.get(language))
                if all(both):
                    said = "\n".join(self._text(text, where) for text in both)
                    self.draft.translate(language, own["id"], "text", said)
            entries += self._finished(name, where, own)
        return entries

    def array(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """An array: one battery, or two for a dual scale."""
        if question.type == "H":
            self.draft.leave_out(where, "that its items are columns", "a battery here has its items in rows")
        if question.type != "1":
            return self._battery(question, content, where, 0, "")
        first = self._battery(question, content, where, 0, "_0")
        second = {**content, "id": self.draft.new_id(f"{content['id']}_1")}
        self.draft.leave_out(where, "that its two scales stand side by side", "they are two batteries here")
        return [*first, *self._battery(question, second, where, 1, "_1")]

    def _battery(
        self, question: LimeQuestion, content: dict[str, Any], where: str, scale: int, mark: str
    ) -> list[Any]:
        codes: dict[str, int] = {}
        battery = {"kind": "battery", **content}
        if question.type in POINTS:
            battery |= {"answers": "scale", "minimum": 1, "maximum": POINTS[question.type]}
        elif question.type in ARRAYS:
            battery["options"], codes = self._fixed(ARRAYS[question.type], content["id"])
        else:
            answers = [part for part in question.answers if part.scale == scale]
            battery["options"], codes = self._options(content["id"], answers, where)
        header = question.attribute(f"dualscale_header{'AB'[scale]}", self.survey.language) if mark else ""
        if header:
            battery["text"] = f"{battery['text']}\n{self.draft.hypertext(header, where)}"
        if question.attribute("random_order") == "1":
            battery["order"] = "random"
        battery["items"] = items = []
        names: dict[str, dict[str, Any]] = {}
        for part in question.subquestions:
            if part.scale:
                continue
            name = f"{question.name}_{part.code}"
            item: dict[str, Any] = {"id": self.draft.named(f"{name}{mark}", where)}
            item["text"] = self._text(part.texts.get(self.survey.language), where) or part.code
            condition = self._condition(part.relevance, f"{where}, {part.code}")
            item |= {"show_if": condition} if condition else {}
            self._translate(item["id"], "text", part.texts, where, self._text)
            items.append(item)
            names[f"{name}{mark}"] = item
        try:
            made = Battery.model_validate(battery)
            for item in items:
                options = {"options": battery["options"]} if battery.get("options") else {}
                whole = {**item, "kind": made.answers, "minimum": made.minimum, "maximum": made.maximum, **options}
                if self.draft.question(item["id"], where, whole, codes) is None:
                    return []
        except ValidationError as error:
            why = error.errors()[0]["msg"].removeprefix("Value error, ")
            self.draft.leave_out(where, "the array", why[:200])
            return []
        for name, item in names.items():
            self._know(name, item, made.answers, codes)
        return [battery]

    def _whole(self, question: LimeQuestion, name: str, key: str, where: str) -> dict[str, int]:
        value = question.attribute(name).strip()
        if re.fullmatch(r"-?\d{1,15}", value):
            return {key: int(value)}
        if value:
            self.draft.leave_out(where, f"the setting {name}: {value}", "it is no whole number")
        return {}


_Build = Callable[[_Reader, LimeQuestion, dict[str, Any], str], list[Any]]
_LETTERS: tuple[tuple[str, _Build], ...] = (
    ("L!O", _Reader.single),
    ("YG", _Reader.fixed),
    ("MP", _Reader.multiple),
    ("FABCEH1", _Reader.array),
    ("STU", _Reader.text),
    ("KQ", _Reader.several),
    ("5", _Reader.scale),
    ("N", _Reader.number),
    ("R", _Reader.ranking),
    ("X", _Reader.note),
)
_BUILDERS: dict[str, _Build] = {letter: build for letters, build in _LETTERS for letter in letters}
