"""First-person statements: the answers of any survey as what a person says, for reasoning about one person."""

from surveys.statements.conversion import as_questionnaire, statement_sets
from surveys.statements.known import KnownAnswers, read_known_answers
from surveys.statements.published import DemographicQuestion, read_demographics, read_published
from surveys.statements.sets import FORMS, MISSING, Form, Statement, StatementSet, StatementSets, target_id
from surveys.statements.splits import balanced_people, halves, pool, probe_setups
from surveys.statements.training import Composition, Example, training_examples, training_lines
from surveys.statements.wvs import read_wvs_answers, valid_demographics

__all__ = [
    "FORMS",
    "MISSING",
    "Composition",
    "DemographicQuestion",
    "Example",
    "Form",
    "KnownAnswers",
    "Statement",
    "StatementSet",
    "StatementSets",
    "as_questionnaire",
    "balanced_people",
    "halves",
    "pool",
    "probe_setups",
    "read_demographics",
    "read_known_answers",
    "read_published",
    "read_wvs_answers",
    "statement_sets",
    "target_id",
    "training_examples",
    "training_lines",
    "valid_demographics",
]
