"""Any questionnaire as statements, and statements as the questionnaire of a wave."""

from collections.abc import Mapping

from demoscope.errors import DocumentError
from surveys.entries import Section
from surveys.option import Option
from surveys.question import Question
from surveys.questionnaire import Questionnaire
from surveys.statement_templates import StatementTemplate
from surveys.statements.grouping import groups_of, say_by_rule
from surveys.statements.sets import FORMS, OTHER, Form, Statement, StatementSet, StatementSets, by_category, target_id

INSERT = "{{"
"""Begins what a wording inserts."""


def statement_sets(questionnaire: Questionnaire) -> StatementSets:
    """The single choices and scales of a questionnaire as statements, in both forms.

    What the questionnaire words itself (`statements`) is taken as worded; anything else is grouped and worded by
    rule. Multiple choices, rankings, numbers and free texts are no statements of this kind and are left out, as are
    notes, excluded questions, and questions without words of their own that vary from person to person.

    Raises
    ------
    DocumentError
        If no question can be converted.

    Examples
    --------
    >>> from surveys import load_questionnaire
    >>> sets = statement_sets(load_questionnaire("gss_spending"))
    >>> [statement.text for statement in sets.of("natspac", "polar").statements][0]
    'The country spends too little on exploring space'
    """
    worded = {name: template for template in questionnaire.statements for name in template.questions}
    sets = tuple(
        _set(question, form, worded.get(question.id))
        for question in questionnaire.asked
        if question.id in worded or convertible(question)
        for form in FORMS
    )
    if not sets:
        raise DocumentError(
            f"{questionnaire.id!r} has no single choice and no scale that could become statements; "
            "other kinds of questions cannot."
        )
    return StatementSets(sets)


def convertible(question: Question) -> bool:
    """Whether the answers to a question can be told by rule as statements of which exactly one is true.

    What varies from person to person, as wordings that insert earlier answers and vignettes do, cannot.
    """
    substantive = [option for option in question.choices if option.kind == "substantive"]
    varies = question.experiment is not None or any(INSERT in text for text in _wordings(question))
    return question.kind in ("single", "scale") and len(substantive) >= 2 and not varies


def _wordings(question: Question) -> tuple[str, ...]:
    return (question.text, question.stem or "", *(option.label for option in question.choices))


def _set(question: Question, form: Form, template: StatementTemplate | None) -> StatementSet:
    if template is not None:
        said = template.groups(question.id, form)
    else:
        said = [(say_by_rule(question, group), group) for group in groups_of(question, form)]
    return StatementSet(
        question.id,
        form,
        question.dimension or question.topic or OTHER,
        tuple(Statement(text, codes) for text, codes in said),
        question.text,
        question.dimension,
    )


def as_questionnaire(sets: StatementSets, id: str, title: str, source: str | None = None) -> Questionnaire:
    """Statements as a questionnaire: each set a single choice, refined ones first; codes are numbers from 1.

    Raises
    ------
    DocumentError
        If two sets would have the same id.
    """
    ids = [target_id(question, form) for form in FORMS for question in sets.questions]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice:
        raise DocumentError(f"The statements of two questions would both be called {twice!r}; rename one of them.")
    return Questionnaire(
        id=id,
        title=title,
        source=source,
        questions=tuple(
            Section(kind="section", id=form, questions=tuple(map(_question, sets.in_form(form)))) for form in FORMS
        ),
    )


def _question(one: StatementSet) -> Question:
    return Question(
        id=one.id,
        text=(one.wording or one.question).replace(INSERT, "{ {"),
        options=tuple(
            Option(code=number, label=statement.text) for number, statement in enumerate(one.statements, start=1)
        ),
        dimension=one.dimension,
        topic=None if one.dimension == one.category else one.category,
    )


def is_of_statements(questionnaire: Questionnaire) -> bool:
    """Whether a questionnaire is one that :func:`as_questionnaire` makes."""
    return bool(questionnaire.questions) and all(
        question.section in FORMS and question.id.endswith(f"_{question.section}")
        for question in questionnaire.questions
    )


def categories_in(questionnaire: Questionnaire) -> Mapping[str, tuple[str, ...]]:
    """Category -> ids of the survey's questions, of a questionnaire that :func:`as_questionnaire` made."""
    return by_category(
        {
            question.id.removesuffix("_refined"): question.dimension or question.topic or OTHER
            for question in questionnaire.questions
            if question.section == "refined"
        }
    )
