"""What LimeSurvey's questions become: choices, numbers, texts, batteries, in every language."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from surveys.formats.draft import Choice, Draft
from surveys.formats.languages import language_code
from surveys.formats.limesurvey.arrays import array
from surveys.formats.limesurvey.kinds import (
    EMPTY,
    FIXED,
    NO_COUNTERPART,
    POINTS,
    USED,
    WORDS_ZH,
    numbers_of,
)
from surveys.formats.limesurvey.relevance import Variable, always, never, ours, piped
from surveys.formats.limesurvey.survey import LimeQuestion, LimeSurvey, Part, Texts
from surveys.formats.logic import Untranslatable


class Questions:
    """Reads one question after the other; later ones know those before them."""

    def __init__(self, survey: LimeSurvey, draft: Draft) -> None:
        self.survey = survey
        self.draft = draft
        self.languages = survey.languages
        self.variables: dict[str, Variable] = {}
        self.attributes: Counter[str] = Counter()
        """Settings that have no counterpart -> questions that have them."""
        self.coded: list[str] = []
        """Entries whose codes became numbers."""

    def condition(self, relevance: str, where: str) -> str | None:
        """The condition that a relevance is; ``None`` when it always holds, or, noted, has no counterpart."""
        if always(relevance):
            return None
        try:
            return ours(relevance, self.variables)
        except Untranslatable as error:
            self.draft.leave_out(where, f"the condition {relevance}", str(error))
        except RecursionError:
            self.draft.leave_out(where, f"the condition {relevance}", "it is nested too deeply")
        return None

    def read(self, question: LimeQuestion) -> list[dict[str, Any]]:
        """The entries that a question becomes; none when it is left out."""
        where = f"question {question.name}"
        if question.type in NO_COUNTERPART or never(question.relevance):
            hidden = never(question.relevance)
            why = "its condition is 0, so nobody sees it" if hidden else "questions here ask for choices and texts"
            self.draft.leave_out(where, NO_COUNTERPART.get(question.type, "the question"), why)
            return []
        content = self._worded(question, where)
        condition = self.condition(question.relevance, where)
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
        text = self.said(question.texts.get(language), where) or question.name
        content: dict[str, Any] = {"id": self.draft.named(question.name, where), "text": text}
        help_text = self.said(question.helps.get(language), where)
        content |= {"instruction": help_text} if help_text else {}
        self.translate(content["id"], "text", question.texts, where, self.said)
        self.translate(content["id"], "instruction", question.helps, where, self.said)
        return content

    def said(self, text: object, where: str) -> str:
        """A wording in plain text, with earlier answers inserted in our way."""
        filled, kept = piped(self.draft.hypertext(text, where), self.variables)
        for expression in kept:
            self.draft.leave_out(
                where, f"that {expression[:80]} is worked out", "it is no answer to an earlier question"
            )
        return filled

    def translate(
        self,
        entry: str,
        name: str,
        texts: Texts,
        where: str,
        say: Callable[[object, str], str],
        key: int | None = None,
    ) -> None:
        """Note the texts of an entry in all further languages that say something of their own."""
        original = texts.get(self.survey.language)
        for language, text in texts.items():
            if language == self.survey.language or not text or text == original:
                continue  # LimeSurvey itself copies the original where nobody has translated yet
            if key is None:
                self.draft.translate(language, entry, name, say(text, where))
            else:
                self.draft.translate_option(language, entry, name, key, say(text, where))

    def options(
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
            self.translate(entry, "options", part.texts, where, self.draft.hypertext_label, codes.get(part.code))
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

    def know(self, name: str, content: dict[str, Any], kind: str, codes: dict[str, int] | None = None) -> None:
        """Note what conditions and wordings further down may call by this name."""
        self.variables[name] = Variable(content["id"], kind, codes or {})

    def _finished(
        self, name: str, where: str, content: dict[str, Any], codes: dict[str, int] | None = None
    ) -> list[Any]:
        made = self.draft.question(name, where, content, codes)
        if made is None:
            return []
        self.know(name, content, content.get("kind", "single"), codes)
        return [made]

    def single(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """A list, as radio buttons or drop-down."""
        if question.type == "O":
            self.draft.leave_out(where, "the comment beside the choice", "a question here has one answer")
        content["options"], codes = self.options(content["id"], self._other(question, question.answers, where), where)
        if question.other == "Y":
            codes["-oth-"] = content["options"][-1]["code"]
        return self._finished(question.name, where, content, codes)

    def fixed(self, question: LimeQuestion, content: dict[str, Any], where: str) -> list[Any]:
        """Yes or no, or gender."""
        content["options"], codes = self.fixed_options(FIXED[question.type], content["id"])
        return self._finished(question.name, where, content, codes)

    def fixed_options(self, listed: Iterable[tuple[str, int, str]], entry: str) -> tuple[list[Any], dict[str, int]]:
        """Options that a type has of its own, in every language, and their codes by LimeSurvey's."""

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
        content["options"], codes = self.options(content["id"], parts, where, extra)
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
        content["options"], codes = self.options(content["id"], question.answers or question.subquestions, where)
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
        self.translate(
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
            content["options"], codes = self.options(content["id"], question.subquestions, where)
            made = self._finished(question.name, where, content, codes)
            for part in question.subquestions if made else ():
                name = f"{question.name}_{part.code}"
                self.variables[name] = Variable(content["id"], "allocation", codes, option=codes[part.code])
            return made
        self.draft.leave_out(where, "that its fields stand together", "each is a question of its own here")
        entries: list[Any] = []
        for part in question.subquestions:
            name = f"{question.name}_{part.code}"
            item = self.said(part.texts.get(self.survey.language), where)
            own = {**content, "id": self.draft.named(name, where), "text": f"{content['text']}\n{item}".strip()}
            own["kind"] = "number" if question.type == "K" else "text"
            for language in self.languages[1:]:
                both = (question.texts.get(language), part.texts.get(language))
                if all(both):
                    said = "\n".join(self.said(text, where) for text in both)
                    self.draft.translate(language, own["id"], "text", said)
            entries += self._finished(name, where, own)
        return entries

    def _whole(self, question: LimeQuestion, name: str, key: str, where: str) -> dict[str, int]:
        value = question.attribute(name).strip()
        if re.fullmatch(r"-?\d{1,15}", value):
            return {key: int(value)}
        if value:
            self.draft.leave_out(where, f"the setting {name}: {value}", "it is no whole number")
        return {}


_Build = Callable[[Questions, LimeQuestion, dict[str, Any], str], list[Any]]
_LETTERS: tuple[tuple[str, _Build], ...] = (
    ("L!O", Questions.single),
    ("YG", Questions.fixed),
    ("MP", Questions.multiple),
    ("FABCEH1", array),
    ("STU", Questions.text),
    ("KQ", Questions.several),
    ("5", Questions.scale),
    ("N", Questions.number),
    ("R", Questions.ranking),
    ("X", Questions.note),
)
_BUILDERS: dict[str, _Build] = {letter: build for letters, build in _LETTERS for letter in letters}
