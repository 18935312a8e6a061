"""What a notebook shows of a questionnaire and of the answers of real people."""

from typing import TYPE_CHECKING

from demoscope.notebook import heading, page, table

if TYPE_CHECKING:
    from surveys.question import Question
    from surveys.questionnaire import Questionnaire
    from surveys.reference import ReferenceCounts


def questionnaire_html(questionnaire: "Questionnaire") -> str:
    """Every question with its kind and what can be answered."""
    about = f"{questionnaire.id}: {len(questionnaire.asked):,} questions, in {', '.join(questionnaire.languages)}"
    rows = ((question.id, question.text, question.kind, _answers(question)) for question in questionnaire.questions)
    return page(
        heading(questionnaire.title, about, questionnaire.source),
        table(("id", "question", "kind", "answers"), rows),
    )


def _answers(question: "Question") -> str:
    """What can be answered, in words."""
    options = " · ".join(f"{option.code} {option.label}" for option in question.options)
    if question.listed or question.minimum is None or question.maximum is None:
        return options
    ends = (question.low_label, question.high_label)
    low, high = (f" ({label})" if label else "" for label in ends)
    span = f"{question.minimum:,}{low} to {question.maximum:,}{high}{f' {question.unit}' if question.unit else ''}"
    return f"{span} · {options}" if options else span


def reference_html(counts: "ReferenceCounts") -> str:
    """Real people by question: how many answered, and how many did not."""
    reference = counts.reference
    answered: dict[str, float] = {}
    others: dict[str, float] = {}
    for count in counts.counts:
        whose = others if count.code is None else answered
        whose[count.question] = whose.get(count.question, 0.0) + count.count
    questions = dict.fromkeys(count.question for count in counts.counts)
    unit = "weights" if reference.weighted else "people"
    rows = ((name, f"{answered.get(name, 0):,.0f}", f"{others.get(name, 0):,.0f}") for name in questions)
    return page(
        heading(f"{reference.title}, {reference.year}", reference.source, reference.note),
        table(("question", f"{unit} with an answer", f"{unit} without"), rows),
    )
