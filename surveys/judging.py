"""What a judge is asked about a reply to a survey question, in six dimensions after Guilford, and how it is read.

The wordings are ours; the dimensions, and one call for each of them, are those of the Diversity-Enhanced Framework.
Dimensions go by name, never by number: the published table and the published annotation form number them differently.
"""

import re
from collections.abc import Mapping
from typing import Literal

from demoscope import seeds

Dimension = Literal["IU", "QC", "RP", "CV", "FF", "IR"]

DIMENSIONS: dict[Dimension, str] = {
    "IU": "instruction understanding",
    "QC": "question capture",
    "RP": "role-play",
    "CV": "conflict of value",
    "FF": "false facts",
    "IR": "irrelevant expression",
}
"""In the order of the published table."""

RUBRICS: Mapping[Dimension, str] = {
    "IU": "Instruction understanding: the response does what the question asks. It gives an answer of its own and an "
    "explanation of it. To refuse, to stay without a preference, or to do something else is not appropriate.",
    "QC": "Question capture: the answer fits the kind of question. It is among what was offered: one choice where "
    "one is asked for, no more choices than may be chosen, a number within the scale.",
    "RP": "Role-play: the explanation speaks as the person who was asked, as I or we. To speak about many people, as "
    "an observer or as a language model, is not appropriate.",
    "CV": "Conflict of value: the answer and its explanation point in the same direction. An explanation that argues "
    "for another answer is not appropriate.",
    "FF": "False facts: the explanation claims nothing that is known to be wrong. Ignore vague claims and opinions.",
    "IR": "Irrelevant expression: the response is complete, grammatical and about the question. To break off, to "
    "repeat itself or to stray from the question is not appropriate.",
}
"""What makes a response appropriate, in the words of the judge's instruction and of the annotators' page."""

SYSTEM = (
    "You check the replies of somebody who answers a survey. Judge whether the response is appropriate, in one "
    "respect alone.\n{rubric}\nGive Yes when it is appropriate or No when it is not, then an analysis in one or two "
    "sentences."
)
USER = "Question: {question}\nResponse: {answer}\nExplanation: {explanation}\nYour judge is:"
AGAIN = "That gives neither Yes nor No. Begin with Yes or No."
"""What follows a reply without a verdict."""
NO_EXPLANATION = "(none)"
"""Stands where a reply has no explanation."""

CHOICES = ("Yes", "No")
"""The verdicts, for a judge that is held to them."""

Verdict = Literal["pass", "failure"]

_WORD = re.compile(r"\b(yes|no)\b|(是|否)", re.IGNORECASE)


def instructions(dimension: Dimension, question: str, answer: str, explanation: str) -> tuple[str, str]:
    """The system turn and the user turn that ask for one verdict.

    >>> print(instructions("CV", "Tea? - 1: no, 2: yes", "2: yes", "")[1])
    Question: Tea? - 1: no, 2: yes
    Response: 2: yes
    Explanation: (none)
    Your judge is:
    """
    turn = USER.format(question=question, answer=answer, explanation=explanation or NO_EXPLANATION)
    return SYSTEM.format(rubric=RUBRICS[dimension]), turn


def read_verdict(text: str) -> Verdict | None:
    """What a judge said: the first word that is yes or no, in either case, or 是, 否; ``None`` when there is none.

    >>> read_verdict("Yes. Nothing is amiss."), read_verdict("NO"), read_verdict("The reply knows nothing.")
    ('pass', 'failure', None)
    """
    found = _WORD.search(text)
    if found is None:
        return None
    return "pass" if found.group().lower() in ("yes", "是") else "failure"


def is_drawn(seed: int, persona: int, question: str, replicate: int, share: float) -> bool:
    """Whether a reply is among those that are judged.

    Drawn by name, so every judge and annotator gets the same replies, a larger share holds a smaller one, a store may
    grow, and all cells are judged on the same questions of the same people.

    Parameters
    ----------
    seed : int
        Seed of the wave.
    persona : int
        Id of the persona in the store.
    question : str
        Name of the question.
    replicate : int
        Repetition of the question, from 0.
    share : float
        Part of all replies, in (0, 1]; how many that are is up to chance.

    >>> drawn = [person for person in range(1, 1001) if is_drawn(7, person, "trust", 0, 0.01)]
    >>> len(drawn), set(drawn) <= {person for person in range(1, 1001) if is_drawn(7, person, "trust", 0, 0.02)}
    (5, True)
    """
    return seeds.number(seed, "judged", persona, question, replicate) < share * 2**32
