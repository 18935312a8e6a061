"""Log-probabilities of a reply's tokens, told from those of its thoughts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.backends.openai_api.replies import LARGEST, Failure, Reply, one_line


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a reply and the likeliest ones in its place."""

    text: str
    """What it stands for."""
    data: bytes
    """The same as bytes; a token may be a part of a character."""
    logprob: float
    """Its natural log-probability, at most 0."""
    top: tuple[tuple[str, float], ...]
    """The likeliest tokens at its place with theirs, in the order given."""


def read_tokens(reply: Reply) -> tuple[Token, ...] | None:
    """Log-probabilities of a reply's tokens without those of its thoughts; ``None`` when none came.

    Raises
    ------
    Failure
        Of kind ``malformed``, if what came are no log-probabilities, or they cannot be told from those of thoughts.
    """
    tokens = _all_tokens(reply.raw)
    if tokens is None or reply.reasoning is None:
        return tokens
    said = last_tokens(tokens, reply.text)
    if said is None:
        raise Failure("malformed", "the log-probabilities of the reply cannot be told from those of its thoughts")
    return said


def last_tokens(tokens: Sequence[Token], text: str) -> tuple[Token, ...] | None:
    """The tokens at the end that make up a text, without blanks around it; ``None`` when none do.

    One token more may follow, the end of the turn.

    >>> tokens = [Token(text, text.encode(), -1.0, ()) for text in ("A?", "</think>", "\\n", "A", " b", "<end>")]
    >>> [token.text for token in last_tokens(tokens, "A b")]
    ['A', ' b']
    >>> last_tokens(tokens, "b?") is None
    True
    """
    wanted = text.encode().strip()
    if not wanted:
        return None
    for end in range(len(tokens), max(len(tokens) - 2, 0), -1):
        said = b""
        for start in range(end - 1, -1, -1):
            said = tokens[start].data + said
            found = said.strip()
            if found == wanted:
                return tuple(tokens[start:end])
            if len(found) > len(wanted):
                break
    return None


def _all_tokens(choice: Mapping[str, Any]) -> tuple[Token, ...] | None:
    """All tokens that came with log-probabilities, those of thoughts among them."""
    told = choice.get("logprobs")
    if told is None:
        return None
    try:
        if told.get("content") is not None:
            return tuple(_chat_token(one) for one in told["content"])
        if told.get("tokens") is None:
            return None
        tops = told.get("top_logprobs") or [None] * len(told["tokens"])
        rows = zip(told["tokens"], told["token_logprobs"], tops, strict=True)
        return tuple(
            Token(
                _text(token),
                token.encode("utf-8", "surrogatepass"),
                read_logprob(value),
                tuple((_text(t), read_logprob(v)) for t, v in (top or {}).items()),
            )
            for token, value, top in rows
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise Failure("malformed", f"the reply's log-probabilities cannot be read: {one_line(told)}") from None


def total_logprob(reply: Reply) -> float | None:
    """Natural log-probability of a whole reply without its thoughts; ``None`` when it came without.

    Raises
    ------
    Failure
        Of kind ``malformed``, if what came are no log-probabilities, or they cannot be told from those of thoughts.
    """
    told = reply.raw.get("logprobs")
    try:
        if reply.reasoning is None and isinstance(told, dict) and told.get("content") is not None:
            return float(sum([read_logprob(one["logprob"]) for one in told["content"]]))
    except (TypeError, KeyError, ValueError):
        raise Failure("malformed", f"the reply's log-probabilities cannot be read: {one_line(told)}") from None
    tokens = read_tokens(reply)
    return None if tokens is None else sum(token.logprob for token in tokens)


def _chat_token(one: Any) -> Token:
    top = tuple((_text(other["token"]), read_logprob(other["logprob"])) for other in one.get("top_logprobs") or ())
    text, told = _text(one["token"]), one.get("bytes")
    data = bytes(told) if isinstance(told, list) and told else text.encode("utf-8", "surrogatepass")
    return Token(text, data, read_logprob(one["logprob"]), top)


def _text(token: Any) -> str:
    if not isinstance(token, str):
        raise TypeError
    return token


def read_logprob(value: Any) -> float:
    """A log-probability as JSON has it; rounding may have put it a hair above 0.

    Raises
    ------
    ValueError
        If it is none.
    """
    number = type(value) is float or (type(value) is int and value > -LARGEST)
    if not number or not value <= 1e-3:
        raise ValueError
    return min(float(value), 0.0)
