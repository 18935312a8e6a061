"""What the pre-test says about a question, and what a rule is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from demoscope.documents import Document
from surveys.question import Question

Severity = Literal["error", "warning", "note"]
"""error: answers will be wrong or cut; warning: likely to bias or confuse; note: worth a thought."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From the gravest to the lightest."""


class Finding(Document):
    """One thing that a rule noticed."""

    rule: str
    """Name of the rule."""
    question: str | None
    """Id of the question, or of the battery for what its items share; ``None`` for the questionnaire as a whole."""
    what: str
    """What was noticed, with the words it was noticed by."""
    why: str
    """Why it matters, and what could be done."""
    source: str
    """Where the rule comes from."""
    severity: Severity
    """How grave it is."""
    language: str
    """Language of the wording it was found in."""


class Limits(Document):
    """From where on a questionnaire is called long; every number is a choice of ours, not of the literature."""

    words: int = 40
    """Words of one question, without its options; characters where words are not separated, halved in this count."""
    grade: float = 13.0
    """Coleman-Liau grade of one question."""
    minutes: float = 20.0
    """Minutes that a person needs for everything."""
    option_tokens: int = 512
    """Tokens that a constrained reply may take; ``plan --lint`` takes the smallest ``max_tokens`` of the wave."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a pure function over a question in a language, with why it matters and where it comes from."""

    name: str
    severity: Severity
    why: str
    source: str
    check: Callable[[Question, str, Limits], Iterator[str]]
    """What it notices, a sentence each, in the given ISO 639-1 language; nothing in languages it does not know."""
    shared: bool = False
    """Whether it looks only at what the items of a battery share, so that it speaks once for the whole battery."""

    def findings(self, question: Question, language: str, limits: Limits) -> Iterator[Finding]:
        """What the rule says about a question."""
        place = question.battery if self.shared and question.battery else question.id
        for what in self.check(question, language, limits):
            yield Finding(
                rule=self.name,
                question=place,
                what=what,
                why=self.why,
                source=self.source,
                severity=self.severity,
                language=language,
            )
