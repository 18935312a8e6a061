"""From a LimeSurvey survey to a questionnaire."""

from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.formats.draft import Draft
from surveys.formats.interface import Reading
from surveys.formats.languages import language_code
from surveys.formats.limesurvey.questions import Questions
from surveys.formats.limesurvey.relevance import never
from surveys.formats.limesurvey.survey import LimeGroup, LimeSurvey

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
        languages = survey.languages
        if len(languages) > MOST_LANGUAGES or len(survey.groups) > MOST_GROUPS:
            raise DocumentError(
                f"{path}: {len(languages):,} languages and {len(survey.groups):,} groups; at most "
                f"{MOST_LANGUAGES} and {MOST_GROUPS:,} are read."
            )
        self.questions = Questions(survey, self.draft)

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
        for name, count in sorted(self.questions.attributes.items()):
            draft.leave_out(f"{count} questions", f"the setting {name}", "respondents here have nothing like it")
        if self.questions.coded:
            named = ", ".join(self.questions.coded[:5]) + (" ..." if len(self.questions.coded) > 5 else "")
            draft.leave_out(
                f"{len(self.questions.coded)} questions",
                f"letters of codes ({named})",
                "codes are numbers here: A2 is 2",
            )
        return draft.reading(draft.path.stem, title, entries)

    def _group(self, group: LimeGroup, number: int, title: str) -> list[dict[str, Any]]:
        name = self.draft.hypertext_label(group.names.get(self.survey.language), f"group {number}")
        where = f"group {name or number}"
        if never(group.relevance):
            self.draft.leave_out(where, "the group and its questions", "its condition is 0, so nobody sees it")
            return []
        condition = self.questions.condition(group.relevance, where)
        if group.randomized:
            self.draft.leave_out(where, f"its random group {group.randomized}", "sections do not change places")
        if any(group.descriptions.values()):
            said = group.descriptions.get(self.survey.language, "")
            self.draft.leave_out(where, f"its description {said[:100]!r}", "sections have a title only")
        inside = [content for question in group.questions for content in self.questions.read(question)]
        if not inside:
            return []
        if name == title and condition is None:
            return inside
        section: dict[str, Any] = {"kind": "section", "id": self.draft.new_id(f"group_{number}"), "questions": inside}
        section |= {"title": name} if name else {}
        section |= {"show_if": condition} if condition else {}
        self.questions.translate(section["id"], "text", group.names, where, self.draft.hypertext_label)
        return [section]
