"""What an endpoint sends back, read without trust: a reply, or a failure that says what it is."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.protocols.interface import ErrorKind

Tags = Sequence[tuple[str, str]]
"""Opening and closing marks of thoughts inside a reply."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a request took, as the endpoint counts them; ``None`` is what it does not say."""

    input: int | None = None
    """Tokens of the prompt, cached ones included."""
    output: int | None = None
    """Tokens of the reply, reasoning included."""
    cached: int | None = None
    """Tokens of the prompt that came from the provider's cache."""
    reasoning: int | None = None
    """Tokens of the reasoning."""


class Failure(Exception):
    """A try that brought no reply, and why."""

    def __init__(
        self,
        kind: ErrorKind,
        reason: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        text: str | None = None,
        unfit: bool = False,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        """The sort of failure."""
        self.reason = reason
        """What happened, for people; holds no key."""
        self.retry_after = retry_after
        """Seconds after which the endpoint wants to be asked again, when it says so."""
        self.status = status
        """HTTP status, when there was one."""
        self.text = text
        """What is to be kept instead of the raw reply."""
        self.unfit = unfit
        """Whether a whole reply came whose text breaks the constraint."""

    def told(self, words: Callable[[str], str]) -> "Failure":
        """The same failure, its reason in words that are fit to be kept."""
        self.reason = words(self.reason)
        self.args = (self.reason,)
        return self


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a reply and the likeliest ones in its place."""

    text: str
    """What it stands for."""
    logprob: float
    """Its natural log-probability, at most 0."""
    top: tuple[tuple[str, float], ...]
    """The likeliest tokens at its place with theirs, in the order given."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A well-formed reply."""

    text: str
    """What was said, without thoughts."""
    finish_reason: str | None
    """stop, length, or what the endpoint said."""
    model: str
    """What the reply calls its model."""
    id: str | None
    """What the reply calls itself."""
    reasoning: str | None
    """Thoughts."""
    refusal: str | None
    """What the model says instead of a reply, when the endpoint marks that."""
    raw: Mapping[str, Any]
    """The choice as it came, for what is read on demand."""


def read_reply(content: object, tags: Tags = ()) -> Reply:
    """Read the JSON of a chat completion or a text completion.

    Raises
    ------
    Failure
        Of kind ``malformed``, if it is not one whole reply.
    """
    if not isinstance(content, dict):
        raise Failure("malformed", f"what came back is no reply but {_short(content)}")
    choices = content.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        said = content.get("error")
        found = f"an error: {_short(said)}" if said else _short(content) if choices is None else f"{_count(choices)}"
        raise Failure("malformed", f"what came back holds not one choice but {found}")
    choice, model = choices[0], content.get("model")
    if not isinstance(model, str):
        raise Failure("malformed", "the reply does not say which model it is from")
    refusal = None
    if "message" in choice:
        message = choice["message"]
        if not isinstance(message, dict):
            raise Failure("malformed", f"the reply's message is {_short(message)}")
        text, thoughts = _content(message)
        refusal = message.get("refusal")
    else:
        text, thoughts = choice.get("text"), None
    finish = choice.get("finish_reason")
    if text is None and (thoughts or refusal or finish in ("length", "content_filter")):
        text = ""
    if not isinstance(text, str) or not isinstance(finish, str | None) or not isinstance(refusal, str | None):
        raise Failure("malformed", f"the reply has no text: {_short(choice)}")
    if tags:
        text, inside = without_thoughts(text, tags)
        thoughts = thoughts or inside
    name = content.get("id")
    return Reply(text, finish, model, name if isinstance(name, str) else None, thoughts, refusal, choice)


def without_thoughts(text: str, tags: Tags) -> tuple[str, str | None]:
    """A reply without the thoughts at its beginning, and the thoughts.

    The opening mark may be missing, when the prompt ended with it; so may the closing one, when the thoughts were
    cut before the reply began.

    >>> without_thoughts("<think>Hm.</think> Answer: 2", [("<think>", "</think>")])
    ('Answer: 2', 'Hm.')
    >>> without_thoughts("Hm.</think>Answer: 2", [("<think>", "</think>")])
    ('Answer: 2', 'Hm.')
    """
    for opening, closing in tags:
        if closing in text:
            before, _, after = text.partition(closing)
            return after.lstrip(), before.lstrip().removeprefix(opening).strip() or None
        if opening in text and text.lstrip().startswith(opening):
            return "", text.lstrip().removeprefix(opening).strip() or None
    return text, None


def read_tokens(choice: Mapping[str, Any]) -> tuple[Token, ...] | None:
    """Log-probabilities of a reply's tokens; ``None`` when none came.

    Raises
    ------
    Failure
        Of kind ``malformed``, if what came are no log-probabilities.
    """
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
            Token(_text(token), _logprob(value), tuple((_text(t), _logprob(v)) for t, v in (top or {}).items()))
            for token, value, top in rows
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise Failure("malformed", f"the reply's log-probabilities cannot be read: {_short(told)}") from None


def total_logprob(choice: Mapping[str, Any]) -> float | None:
    """Natural log-probability of a whole reply; ``None`` when it came without.

    Raises
    ------
    Failure
        Of kind ``malformed``, if what came are no log-probabilities.
    """
    told = choice.get("logprobs")
    try:
        if isinstance(told, dict) and told.get("content") is not None:
            return float(sum([_logprob(one["logprob"]) for one in told["content"]]))
    except (TypeError, KeyError, ValueError):
        raise Failure("malformed", f"the reply's log-probabilities cannot be read: {_short(told)}") from None
    tokens = read_tokens(choice)
    return None if tokens is None else sum(token.logprob for token in tokens)


def _chat_token(one: Any) -> Token:
    top = tuple((_text(other["token"]), _logprob(other["logprob"])) for other in one.get("top_logprobs") or ())
    return Token(_text(one["token"]), _logprob(one["logprob"]), top)


def _text(token: Any) -> str:
    if not isinstance(token, str):
        raise TypeError
    return token


def _logprob(value: Any) -> float:
    """A log-probability; rounding may have put it a hair above 0."""
    if type(value) not in (float, int) or not value <= 1e-3 or math.isnan(value):
        raise ValueError
    return min(float(value), 0.0)


def _content(message: Mapping[str, Any]) -> tuple[Any, str | None]:
    """Text and thoughts of a message, in any of the dialects."""
    content = message.get("content")
    thoughts = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(content, list):  # parts, as some providers send them
        parts = [part for part in content if isinstance(part, dict)]
        texts = [part["text"] for part in parts if part.get("type") == "text" and isinstance(part.get("text"), str)]
        thought = [str(part.get("thinking", "")) for part in parts if part.get("type") == "thinking"]
        return "".join(texts) if len(parts) == len(content) and (texts or thought) else None, "".join(thought) or None
    return content, thoughts if isinstance(thoughts, str) else None


def read_usage(content: object) -> Usage:
    """Tokens that a request took; whatever else came back, this much may have been told."""
    told = content.get("usage") if isinstance(content, dict) else None
    if not isinstance(told, dict):
        return Usage()
    prompt, reply = told.get("prompt_tokens_details"), told.get("completion_tokens_details")
    asked, said, total = (_tokens(told.get(f"{what}_tokens")) for what in ("prompt", "completion", "total"))
    if said is not None and asked is not None and total is not None:
        said = max(said, total - asked)  # some count thoughts in the total alone
    return Usage(
        asked,
        said,
        _tokens(prompt.get("cached_tokens")) if isinstance(prompt, dict) else None,
        _tokens(reply.get("reasoning_tokens")) if isinstance(reply, dict) else None,
    )


def _tokens(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _count(choices: Any) -> str:
    return f"{len(choices)}" if isinstance(choices, list) else _short(choices)


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 160 else text[:157] + "..."
