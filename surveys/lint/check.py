"""The pre-test: every rule over every question, and the questionnaire as a whole."""

from collections.abc import Iterator

from demoscope.documents import Document
from surveys.lint import sources
from surveys.lint.answers import ANSWER_RULES, direction
from surveys.lint.finding import SEVERITIES, Finding, Limits, Rule
from surveys.lint.length import Length, length
from surveys.lint.wording import WORDING_RULES
from surveys.question import Question
from surveys.questionnaire import Questionnaire

RULES: tuple[Rule, ...] = (*WORDING_RULES, *ANSWER_RULES)
"""Every rule on a question."""


class Pretest(Document):
    """What the rules say about a questionnaire."""

    questionnaire: str
    """Its id."""
    language: str
    """Its own language."""
    length: Length
    """How long it is."""
    findings: tuple[Finding, ...]
    """In questionnaire order, those on the whole at the end; the own language first, then the translations."""

    def counted(self) -> dict[str, int]:
        """Findings by severity, the gravest first."""
        return {grave: sum(one.severity == grave for one in self.findings) for grave in SEVERITIES}


def pretest(questionnaire: Questionnaire, limits: Limits | None = None) -> Pretest:
    """Look for wordings and options that the literature warns of.

    Rules look for words and patterns: a finding is a reason to read the question again, no verdict, and a question
    without one may still be bad. Complete translations and further wordings are looked at too.
    English and Chinese are known; of other languages only numbers, labels and lengths are looked at.

    Parameters
    ----------
    limits : Limits, optional
        From where on something is called long.

    >>> from surveys import Questionnaire
    >>> ages = [{"code": 1, "label": "18-30"}, {"code": 2, "label": "30-50"}]
    >>> age = {"id": "age", "text": "Your age?", "options": ages}
    >>> asked = Questionnaire(id="ages", title="Ages", questions=[age])
    >>> [(one.rule, one.what) for one in pretest(asked).findings if one.severity == "error"]
    [('overlapping_ranges', "'18-30' and '30-50' overlap")]
    """
    bounds = limits or Limits()
    size = length(questionnaire)
    findings = [*_on_questions(questionnaire, bounds), *_on_the_whole(questionnaire, size, bounds)]
    said = {(one.rule, one.question, one.what) for one in findings}
    for language in questionnaire.translations:
        if questionnaire.missing(language):
            continue
        for one in _on_questions(questionnaire.in_language(language), bounds):
            if (one.rule, one.question, one.what) not in said:
                findings.append(one)
    return Pretest(
        questionnaire=questionnaire.id, language=questionnaire.language, length=size, findings=tuple(findings)
    )


def _on_questions(questionnaire: Questionnaire, limits: Limits) -> Iterator[Finding]:
    said: set[tuple[str, str]] = set()
    for question in questionnaire.questions:
        for rule in RULES:
            if rule.shared and question.battery:
                if (rule.name, question.battery) in said:
                    continue
                said.add((rule.name, question.battery))
            yield from rule.findings(question, questionnaire.language, limits)
        yield from _on_further_wordings(question, questionnaire.language, limits)


def _on_further_wordings(question: Question, language: str, limits: Limits) -> Iterator[Finding]:
    for name, text in question.wordings.items():
        worded = question.model_copy(update={"text": text})
        for rule in WORDING_RULES:
            for found in rule.findings(worded, language, limits):
                yield found.model_copy(update={"what": f"wording {name!r}: {found.what}"})


def _on_the_whole(questionnaire: Questionnaire, size: Length, limits: Limits) -> Iterator[Finding]:
    by_direction: dict[int, list[str]] = {1: [], -1: []}
    for question in questionnaire.questions:
        if found := direction(question, questionnaire.language):
            by_direction[found].append(question.battery or question.id)
    rising, falling = (list(dict.fromkeys(by_direction[way])) for way in (1, -1))
    if rising and falling:
        yield Finding(
            rule="scale_direction",
            question=None,
            what=f"scales run both ways: {_some(rising)} from low to high, {_some(falling)} from high to low",
            why="A reader who got used to one direction misreads the other. Let all run one way.",
            source=sources.TOURANGEAU_2004,
            severity="note",
            language=questionnaire.language,
        )
    if size.minutes > limits.minutes:
        yield Finding(
            rule="long_questionnaire",
            question=None,
            what=f"a person needs about {size.minutes:.0f} minutes; over {limits.minutes:g} are called long here",
            why="Answers late in a long questionnaire are faster, shorter and more alike. Ask less, or split it.",
            source=sources.GALESIC,
            severity="note",
            language=questionnaire.language,
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
