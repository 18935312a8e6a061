"""What a request asks of an engine that sees logits: checked, in tokens, and as it was carried out."""

from collections.abc import Mapping
from typing import Any

from simulator.backends.logits.beams import LENGTH_PENALTY
from simulator.backends.logits.scoring import Path
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.decoding import Decoding
from simulator.protocols.interface import ErrorKind, Request

ROLES = ("system", "user", "assistant")
"""Roles a message may have."""


class Refused(Exception):
    """A request that cannot be fulfilled, and why."""

    def __init__(self, kind: ErrorKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def prompt_of(request: Request, template: ChatTemplate) -> list[int]:
    """Tokens of the prompt.

    Raises
    ------
    Refused
        If the request makes no sense.
    ValueError
        If the template or the vocabulary cannot write it.
    """
    strange = [message.role for message in request.messages if message.role not in ROLES]
    if strange or not request.messages:
        raise Refused("rejected", f"Messages need roles among {ROLES}; got {strange or 'no message'}.")
    prompt = template.tokens(request.messages)
    if not prompt:
        raise Refused("rejected", "The prompt has no tokens; write a message.")
    return prompt


def longest_reply(request: Request, opening: int) -> int:
    """Tokens to keep free for the reply; how long a constrained answer gets shows as it is written."""
    if request.constraint is None:
        return request.decoding.max_tokens
    return opening + min(request.constraint.free_tokens, request.decoding.max_tokens)


def must_fit(prompt: int, reply: int, size: int) -> None:
    """Refuse what is longer than the context, which holds ``size`` tokens."""
    if prompt + reply > size:
        raise Refused(
            "context",
            f"The prompt has {prompt:,} tokens and the reply may have {reply:,}, but the context holds "
            f"{size:,}. Shorten the memory or max_tokens, or give the model a larger `context`.",
        )


def paths_of(request: Request, vocabulary: Vocabulary) -> Mapping[str, Path]:
    """Label or continuation -> its tokens.

    Raises
    ------
    Refused
        If one is empty, or the end of the turn is asked for and cannot be rated.
    ValueError
        If the vocabulary cannot write one.
    """
    paths: dict[str, Path] = {label: tuple(vocabulary.continuation(label.encode())) for label in request.labels}
    if not paths or not all(paths.values()):
        raise Refused("rejected", f"{request.ability} needs labels, none of them empty; got {request.labels!r}.")
    if request.end_of_turn:
        if request.ability != "score" or vocabulary.end_of_turn < 0:
            raise Refused("rejected", "Only score rates the end of the turn, of a model that has a token for it.")
        paths = {label: (*path, vocabulary.end_of_turn) for label, path in paths.items()}
    return paths


def applied(decoding: Decoding) -> dict[str, Any]:
    """The decoding as it was carried out."""
    found = decoding.as_dict()
    if decoding.num_beams > 1:
        found |= {"do_sample": not decoding.greedy, "length_penalty": LENGTH_PENALTY, "early_stopping": False}
    if decoding.best_of is not None:
        found["best_of"] = decoding.width if decoding.num_beams == 1 else 1
    return found
