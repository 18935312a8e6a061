"""What an endpoint sends back, read without trust: a reply, or a failure that says what it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulator.protocols.interface import ErrorKind

Tags = Sequence[tuple[str, str]]
"""Opening and closing marks of thoughts inside a reply."""

LARGEST = 2**53
"""Below it are the whole numbers that are believed; a float holds each of them."""


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
    unopened: bool
    """Whether the thoughts ended without having begun, since the prompt began them."""
    refusal: str | None
    """What the model says instead of a reply, when the endpoint marks that."""
    raw: Mapping[str, Any]
    """The choice as it came, for what is read on demand."""

    def may_be_thoughts(self, usage: Usage) -> bool:
        """Whether it was cut and no thoughts were told apart, so that it may hold nothing else."""
        return self.finish_reason == "length" and not (self.reasoning or usage.reasoning)

    def as_thoughts(self) -> "Reply":
        """The same reply when all that was said are thoughts that did not come to an end."""
        return replace(self, text="", reasoning=self.text.strip() or None)


def whole(text: str) -> str:
    """A text that can be stored: half a surrogate pair, which JSON can hold, becomes U+FFFD.

    >>> ascii(whole("so " + chr(0xD83D))), whole("so")
    ("'so \\\\ufffd'", 'so')
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def read_reply(content: object, tags: Tags = ()) -> Reply:
    """Read the JSON of a chat completion or a text completion.

    Raises
    ------
    Failure
        Of kind ``malformed``, if it is not one whole reply.
    """
    if not isinstance(content, dict):
        raise Failure("malformed", f"what came back is no reply but {one_line(content)}")
    choices = content.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        said = content.get("error")
        found = (
            f"an error: {one_line(said)}" if said else one_line(content) if choices is None else f"{_count(choices)}"
        )
        raise Failure("malformed", f"what came back holds not one choice but {found}")
    choice, model = choices[0], content.get("model")
    if not isinstance(model, str):
        raise Failure("malformed", "the reply does not say which model it is from")
    refusal = None
    if "message" in choice:
        message = choice["message"]
        if not isinstance(message, dict):
            raise Failure("malformed", f"the reply's message is {one_line(message)}")
        text, thoughts = _content(message)
        refusal = message.get("refusal")
    else:
        text, thoughts = choice.get("text"), None
    finish = choice.get("finish_reason")
    if text is None and (thoughts or refusal or finish in ("length", "content_filter")):
        text = ""
    if not isinstance(text, str) or not isinstance(finish, str | None) or not isinstance(refusal, str | None):
        raise Failure("malformed", f"the reply has no text: {one_line(choice)}")
    unopened = False
    if tags:
        said, (text, inside) = text, without_thoughts(text, tags)
        thoughts = thoughts or inside
        unopened = said != text and not said.lstrip().startswith(tuple(opening for opening, _ in tags))
    name = content.get("id")
    return Reply(
        text=whole(text),
        finish_reason=finish and whole(finish),
        model=whole(model),
        id=whole(name) if isinstance(name, str) else None,
        reasoning=thoughts and whole(thoughts),
        unopened=unopened,
        refusal=refusal and whole(refusal),
        raw=choice,
    )


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
    return value if type(value) is int and 0 <= value < LARGEST else None


def _count(choices: Any) -> str:
    return f"{len(choices)}" if isinstance(choices, list) else one_line(choices)


def one_line(value: object) -> str:
    """Whatever came, on one line; who tells it to people cuts keys out first and shortens it then."""
    return " ".join(repr(value).split())
