"""What a protocol and the rest of the simulator say to each other.

A protocol is a generator: it yields a :class:`Request` and receives a :class:`Completion`, or yields an
:class:`Understood` answer and receives ``None``. It awaits nothing and draws only from its key, so a live run,
a replay after a crash and a dry run drive the same lines.
"""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from simulator.answer import Answer
from simulator.constraint import AnyConstraint
from simulator.decoding import Decoding

Ability = Literal["generate", "label_logprobs", "score"]
ErrorKind = Literal[
    "context",
    "server",
    "network",
    "timeout",
    "rejected",
    "denied",
    "rate_limit",
    "malformed",
    "filtered",
    "refusal",
    "truncated",
]
"""``rejected``: the request itself is at fault. ``denied``: the endpoint does not serve this key, quota or name.
``filtered``, ``refusal``, ``truncated``: something came back, and this is why it is no whole reply."""


FURTHER = 100
"""Ordinals of ``again`` for each ``answer``: those from 100 n on are further exchanges of ``answer`` n."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    text: str

    @cached_property
    def text_id(self) -> str:
        """First 96 bits of the SHA-256 of the text, in hex: what ``texts.id`` holds in the store."""
        return text_id(self.text)


def text_id(text: str) -> str:
    """Identity of a stored text: the first 96 bits of the SHA-256 of its UTF-8 form, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Request:
    """One model call that a protocol wants: an exchange, keyed by cell, subject, step and ordinal.

    The cell and the subject belong to whoever runs the protocol; the protocol names step and ordinal.
    """

    step: str
    """answer, again, draft, critique, rewrite, vote, list, judge, backstory, paraphrase, translate, scene, check,
    rate. ``again`` is a further exchange of a question: with less memory, or why its reply was not read."""
    ordinal: int
    """Which exchange of this step it is, from 0, for this subject; of ``again`` :data:`FURTHER` are each answer's."""
    messages: tuple[Message, ...]
    """The conversation the model is to continue; a last ``assistant`` turn is continued, not closed."""
    decoding: Decoding
    """How the continuation is to be drawn."""
    seed: int
    """Seed in [0, 2**32) derived from the full key."""
    ability: Ability = "generate"
    """Which ability of the backend the request needs."""
    constraint: AnyConstraint | None = None
    """What the text must look like, when only an offered answer may be produced."""
    stop: tuple[str, ...] = ()
    """Texts that end the continuation and are not part of it."""
    labels: tuple[str, ...] = ()
    """For ``label_logprobs``: the labels; for ``score``: the continuations. Exact texts, leading spaces included."""
    end_of_turn: bool = False
    """For ``score``: whether the end of the turn is rated too, as the last token of each continuation."""
    question: str | None = None
    """Id of the question the exchange is about, when it is about one."""
    conversation: str = ""
    """Requests of one conversation share this name, so a backend may keep what it evaluated between them."""
    certain: bool = True
    """Whether it is made whatever was replied before; questions under conditions are not."""
    demonstrations: tuple[tuple[str, str], ...] = ()
    """Statements that the prompt shows for the first time: question id and text, in order;
    later exchanges with the same system turn show the same."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at an exchange, as it really went."""

    text: str | None = None
    """The raw reply, even one that was not accepted; ``None`` when there was none."""
    error: str | None = None
    """What went wrong, for people; ``None`` when a reply came and was accepted."""
    error_kind: ErrorKind | None = None
    """The sort of error, for rules."""
    finish_reason: str | None = None
    """stop, length, or what the endpoint said."""
    prompt_tokens: int | None = None
    """Tokens of the prompt, evaluated anew or reused."""
    completion_tokens: int | None = None
    """Tokens of the reply."""
    latency_s: float | None = None
    """Seconds from sending to the end of the reply."""
    applied: dict[str, Any] = field(default_factory=dict)
    """Decoding really applied; a wish that the backend could not fulfil is absent or differs here."""
    endpoint: str | None = None
    """Which endpoint or engine replied."""
    logprob: float | None = None
    """Natural log-probability of the reply's tokens, when the backend knows it."""
    reasoning: str | None = None
    """What the model thought before it replied, kept apart from the reply."""
    cached_tokens: int | None = None
    """Tokens of the prompt that the endpoint had in its cache and says so; part of ``prompt_tokens``."""
    reasoning_tokens: int | None = None
    """Tokens of the reasoning; part of ``completion_tokens``."""
    cost: float | None = None
    """Money that the attempt took, in the currency of the wave's prices; ``None`` without prices."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for a request: every attempt, the last one deciding."""

    attempts: tuple[Attempt, ...]
    logprobs: dict[str, tuple[float, ...]] | None = None
    """For ``label_logprobs`` and ``score``: label or continuation -> natural log-probabilities per token."""
    outside: float | None = None
    """For ``label_logprobs``: probability mass outside the labels in ``logprobs``."""
    bounds: dict[str, float] | None = None
    """For ``label_logprobs`` read off the likeliest tokens alone: labels not among them -> the most that their
    natural log-probability can be. Every label is in ``logprobs`` or here; what these have lies in ``outside``."""
    found_well: bool = False
    """Whether the model answered others, or was tried and found well, after the last attempt failed: then the failure
    is this request's own."""

    @property
    def last(self) -> Attempt:
        """The attempt that counts."""
        return self.attempts[-1]

    @property
    def text(self) -> str | None:
        """The reply, whole or cut, or ``None`` after the last attempt failed."""
        last = self.last
        return last.text if last.error is None or last.error_kind == "truncated" else None


@dataclass(frozen=True, slots=True)
class Understood:
    """An answer that the protocol has understood, and the exchanges it was read from."""

    answer: Answer
    sources: tuple[tuple[str, int], ...]
    """Step and ordinal of each exchange of the same subject that the answer was read from."""
    place: int = 0
    """Position in the reply, from 0, when one reply holds several answers."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge found of one reply in one dimension, or the code that a coder gave it."""

    question: str
    """Id of the question that was replied to."""
    replicate: int
    """Repetition of the question, from 0."""
    judge: str
    """What the results call the judge or the coder."""
    dimension: str
    """What was judged: one of the six, or ``code:`` and the id of a codebook."""
    verdict: str | None
    """``pass`` or ``failure``, or the code in digits; ``None`` when neither could be had."""
    analysis: str | None
    """All that the judge said last; ``None`` when nothing came back."""


Protocol = Generator[Request | Understood | Judged, Completion | None, None]
