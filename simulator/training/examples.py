"""Conversations to learn from: chat JSONL as tokens, of which only the last reply is learnt."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demoscope.errors import DocumentError
from simulator.backends.logits.requests import ROLES
from simulator.backends.logits.template import ChatTemplate
from simulator.protocols.interface import Message

UNLEARNT = -100
"""Label of tokens that are read and not learnt."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One example."""

    ids: list[int]
    """Prompt, reply and the end of the turn."""
    labels: list[int]
    """The same, with :data:`UNLEARNT` in place of the prompt."""


@dataclass(frozen=True, slots=True)
class Examples:
    """All examples of a file."""

    kept: tuple[Tokens, ...]
    too_long: int
    """How many are longer than allowed, and left out."""
    digest: str
    """SHA-256 of the file."""


def read_examples(path: Path, template: ChatTemplate, longest: int) -> Examples:
    """Read chat JSONL: an object a line, ``{"messages": [{"role": ..., "content": ...}, ...]}``, a reply at its end.

    The prompt is written as for a wave, so what is learnt is what is asked later.

    Raises
    ------
    DocumentError
        If the file is missing, a line is no conversation that ends in a reply, or no example fits.
    """
    kept, too_long = [], 0
    for number, messages in _conversations(path):
        try:
            prompt = template.tokens(messages[:-1])
            reply = template.vocabulary.continuation(messages[-1].text.encode())
        except ValueError as error:
            raise DocumentError(f"{path}, line {number}: cannot be written in the model's tokens: {error}") from None
        end = template.vocabulary.end_of_turn
        reply = [*reply, end] if end >= 0 else reply
        if len(prompt) + len(reply) > longest:
            too_long += 1
        else:
            kept.append(Tokens([*prompt, *reply], [UNLEARNT] * len(prompt) + reply))
    if not kept:
        raise DocumentError(
            f"{path}: no example to learn from; {too_long:,} are longer than {longest:,} tokens. Raise max_length or "
            "export examples with fewer demonstrations."
        )
    with path.open("rb") as file:
        return Examples(tuple(kept), too_long, hashlib.file_digest(file, "sha256").hexdigest())


def _conversations(path: Path) -> Iterator[tuple[int, tuple[Message, ...]]]:
    try:
        file = path.open(encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"{path}: the examples cannot be read ({error.strerror}).") from None
    with file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _conversation(line, f"{path}, line {number}")


def _conversation(line: str, where: str) -> tuple[Message, ...]:
    try:
        told = json.loads(line)
        messages = tuple(Message(one["role"], one["content"]) for one in told["messages"])
    except (ValueError, KeyError, TypeError):
        raise DocumentError(
            f'{where}: not a conversation; right is {{"messages": [{{"role": "user", "content": "..."}}, '
            '{"role": "assistant", "content": "..."}]}.'
        ) from None
    known = all(message.role in ROLES and isinstance(message.text, str) for message in messages)
    if not known or len(messages) < 2 or messages[-1].role != "assistant" or not messages[-1].text:
        raise DocumentError(f"{where}: a conversation has roles among {ROLES} and ends in a reply of the assistant.")
    return messages
