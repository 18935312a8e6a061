"""A questionnaire: questions in order, with the title and the source they come from."""

from pydantic import Field, field_validator

from demoscope.documents import Document
from surveys.question import Question


class Questionnaire(Document):
    """Questions in the order in which respondents get them.

    >>> two = [{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}]
    >>> q = Questionnaire(id="tiny", title="Tiny", questions=[{"id": "a", "text": "A?", "options": two}])
    >>> q["a"].text
    'A?'
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=80)
    """Stable name: letters, digits and underscores."""
    title: str = Field(min_length=1)
    """What people call it."""
    language: str = "en"
    """Language of the wording, as an ISO 639-1 code."""
    source: str | None = None
    """Where the questions come from and under which terms."""
    questions: tuple[Question, ...] = Field(min_length=1)
    """The questions, in order."""

    @field_validator("questions")
    @classmethod
    def _ids_are_unique(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        seen: dict[str, int] = {}
        for position, question in enumerate(questions, start=1):
            first = seen.setdefault(question.id.casefold(), position)
            if first != position:
                raise ValueError(
                    f"question id {question.id!r} is used twice (questions {first} and {position}; case does not "
                    "count); every question needs its own"
                )
        return questions

    def __getitem__(self, question_id: str) -> Question:
        """The question with this id; :class:`KeyError` when there is none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)
