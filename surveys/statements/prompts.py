"""What a model reads when it reasons about one person: known statements, and the targets to choose from."""

import json
from collections.abc import Sequence

from surveys.statements.sets import StatementSet

TASK = (
    "You help to study what one person values. Below are statements that this person is known to agree with. "
    "Work out from them how the person thinks, and then say which of the new statements the person would agree with."
)
TASK_UNKNOWN = (
    "You help to study what one person values. Nothing is known about this person. "
    "Say which of the new statements the person would most likely agree with."
)
KNOWN = "[Known statements]"
NEW_GROUPS = "[New groups of statements]"
NEW_STATEMENTS = "[New statements]"
MARK = "# "
"""Stands before every known statement."""

ONE_MORE = "Say one more statement that this person agrees with."
"""Asks for a target whose statements are not listed, but rated one by one as replies."""

CHOOSE_ONE = "Choose the one new statement that this person agrees with."
WITH_THE_OPTION_ALONE = " Reply with the option alone, such as `Option 1`, and nothing else."


def known_part(statements: Sequence[str]) -> str:
    """The system turn, which tells what is known; the same for all targets of a person that share demonstrations.

    >>> print(known_part(["I am 45 to 54 years old", "Family is important in my life"]).partition("[")[2])
    Known statements]
    # I am 45 to 54 years old
    # Family is important in my life
    """
    if not statements:
        return TASK_UNKNOWN
    return "\n".join((TASK, "", KNOWN, *(MARK + statement for statement in statements)))


def option(number: int, text: str) -> str:
    """A statement of a target as it is offered, and as a trained model repeats it.

    >>> option(2, "Friends are not important in my life")
    'Option 2: Friends are not important in my life'
    """
    return f"Option {number}: {text}"


def single_part(target: StatementSet | Sequence[str], *, option_alone: bool = False) -> str:
    """The user turn that asks for one target.

    Parameters
    ----------
    target : StatementSet or sequence of str
        The target, or its statements in order.
    option_alone : bool
        Whether the model is told to reply with the option and nothing else, as models that were not trained on such
        prompts need to be.
    """
    texts = [one.text for one in target.statements] if isinstance(target, StatementSet) else target
    lines = [option(number, text) for number, text in enumerate(texts, start=1)]
    ask = CHOOSE_ONE + (WITH_THE_OPTION_ALONE if option_alone else "")
    return "\n".join((NEW_STATEMENTS, *lines, "", ask))


def group_name(place: int) -> str:
    """Name of a group of new statements, by its place from 1.

    >>> group_name(3)
    'NSG3'
    """
    return f"NSG{place}"


def together_part(targets: Sequence[Sequence[str]]) -> str:
    """The user turn that asks for several targets at once.

    Every target is a group of new statements in JSON, statements in their order; the reply is a JSON object with a
    rationale and a choice for every group.

    >>> print(together_part([["I vote", "I do not vote"]]).splitlines()[1])
    {"new statement group 1 (NSG1)": [{"NSG1_s1": "I vote"}, {"NSG1_s2": "I do not vote"}]}
    """
    groups = {
        f"new statement group {place} ({group_name(place)})": [
            {f"{group_name(place)}_s{number}": text} for number, text in enumerate(texts, start=1)
        ]
        for place, texts in enumerate(targets, start=1)
    }
    rows = [
        json.dumps(name, ensure_ascii=False) + ": " + json.dumps(texts, ensure_ascii=False)
        for name, texts in groups.items()
    ]
    shape = '{"NSG1": {"rationale": "why, in one sentence", "choice": "NSG1_s2"}, ...}'
    return "\n".join(
        (
            NEW_GROUPS,
            "{" + ",\n".join(rows) + "}",
            "",
            f"For each of the {len(targets)} groups choose exactly one statement: the one that this person agrees "
            "with. Reply with one JSON object that has a key for every group, in this form:",
            shape,
            "Only reply with the object.",
        )
    )
