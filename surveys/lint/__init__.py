"""The pre-test of a questionnaire: rules of good wording and good answers, each with its source."""

from surveys.lint.check import RULES, Pretest, pretest
from surveys.lint.finding import Finding, Limits, Rule, Severity
from surveys.lint.length import Length, length

__all__ = ["RULES", "Finding", "Length", "Limits", "Pretest", "Rule", "Severity", "length", "pretest"]
