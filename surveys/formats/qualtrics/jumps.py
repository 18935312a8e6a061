"""Rules that skip: where they lead is known when all questions are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surveys.formats.draft import Draft

UNNAMED = "Default Question Block"
"""What Qualtrics calls a block that nobody named."""


@dataclass(frozen=True)
class Jump:
    """A rule of a question that skips under a condition."""

    question: dict[str, Any]
    target: str
    """QID, ENDOFBLOCK or ENDOFSURVEY."""
    when: str
    where: str
    block: str


def jump(
    draft: Draft, jumps: Iterable[Jump], entries: list[dict[str, Any]], blocks: Mapping[str, Sequence[str]]
) -> None:
    """Give every rule the question that it leads to, and its question the rule.

    ``blocks`` are the ids of the questions of each block.
    """
    asked = list(question_ids(entries))
    places = {name: place for place, name in enumerate(asked)}
    for rule in jumps:
        target = _target(draft, rule, asked, places, blocks)
        if target is None or (target != "end" and target not in places):
            draft.leave_out(rule.where, f"its skip logic to {rule.target[:40]}", "there is no such question here")
        elif target != "end" and places[target] <= places.get(rule.question["id"], len(asked)):
            draft.leave_out(rule.where, f"its skip logic to {rule.target[:40]}", "it does not skip forward")
        else:
            rule.question.setdefault("go_to", []).append({"to": target, "when": rule.when})


def _target(
    draft: Draft, rule: Jump, asked: list[str], places: Mapping[str, int], blocks: Mapping[str, Sequence[str]]
) -> str | None:
    if rule.target == "ENDOFSURVEY":
        return "end"
    if rule.target == "ENDOFBLOCK":
        after = max(places.get(name, -1) for name in (*blocks.get(rule.block, ()), rule.question["id"])) + 1
        return asked[after] if after < len(asked) else "end"
    known = draft.known.get(rule.target)
    return None if known is None else known.id


def question_ids(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Ids of all questions in order; those in loops have others when they are asked, and nothing skips to them."""
    for entry in entries:
        if entry.get("kind") == "section":
            yield from question_ids(entry["questions"])
        elif entry.get("kind") == "battery":
            yield from (item["id"] for item in entry["items"])
        elif entry.get("kind") != "loop":
            yield entry["id"]
