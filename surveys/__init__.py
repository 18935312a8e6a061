"""What is asked: questions, questionnaires and the human answers they are compared with."""

from surveys.course import Asked, Course, Skipped
from surveys.given import Given
from surveys.load import load_questionnaire, load_reference
from surveys.option import Option
from surveys.question import Question
from surveys.questionnaire import Questionnaire
from surveys.reference import Group, Reference, ReferenceCount, ReferenceCounts

__all__ = [
    "Asked",
    "Course",
    "Given",
    "Group",
    "Option",
    "Question",
    "Questionnaire",
    "Reference",
    "ReferenceCount",
    "ReferenceCounts",
    "Skipped",
    "load_questionnaire",
    "load_reference",
]
