"""Rows on their way from a cohort to the store: one list a table, written in one transaction."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from simulator.protocols.interface import Attempt, Completion, Message, Request, Understood

Row = tuple[Any, ...]

LONG = 4096
"""Characters from which a stored text is compressed; shorter ones stay readable in any SQLite browser."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "texts": ("id", "body"),
    "exchanges": ("cell_id", "subject_id", "step", "ordinal", "question_id", "ability", "prompt", "seed"),
    "attempts": (
        *("cell_id", "subject_id", "step", "ordinal", "attempt", "text", "error", "error_kind", "finish_reason"),
        *("prompt_tokens", "completion_tokens", "latency_s", "applied", "endpoint", "logprob", "reasoning"),
        *("cached_tokens", "reasoning_tokens", "cost"),
    ),
    "answers": (
        *("respondent_id", "question_id", "method", "replicate", "status", "value", "text", "reason"),
        *("presentation", "memory"),
    ),
    "answer_options": ("respondent_id", "question_id", "method", "replicate", "code", "amount", "rank"),
    "distributions": (
        *("respondent_id", "question_id", "method", "replicate"),
        *("code", "probability", "logprobs", "outside"),
    ),
    "answer_sources": (
        *("respondent_id", "question_id", "method", "replicate"),
        *("cell_id", "subject_id", "step", "ordinal", "place"),
    ),
}
"""Columns of every table that streams in, in the order of the rows, parents before children."""


@dataclass(slots=True)
class Records:
    """Rows by table; everything in one of these is saved together or not at all."""

    texts: list[Row] = field(default_factory=list)
    exchanges: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)
    answer_options: list[Row] = field(default_factory=list)
    distributions: list[Row] = field(default_factory=list)
    answer_sources: list[Row] = field(default_factory=list)

    def extend(self, other: "Records") -> None:
        """Take the rows of another, behind its own."""
        for item in fields(self):
            getattr(self, item.name).extend(getattr(other, item.name))

    def __bool__(self) -> bool:
        return any(getattr(self, item.name) for item in fields(self))


class Recorder:
    """Turns what one respondent's interview yields into rows of whatever batch is being filled."""

    def __init__(
        self,
        records: Callable[[], Records],
        *,
        cell_id: int,
        respondent_id: int,
        question_ids: dict[str, int],
        keep_texts: bool,
    ) -> None:
        self._current = records
        self._cell_id = cell_id
        self._respondent_id = respondent_id
        self._question_ids = question_ids
        self._keep_texts = keep_texts
        self._seen: set[str] = set()

    def exchange(self, request: Request, completion: Completion) -> None:
        """Record one model call with all its attempts and the texts of its prompt."""
        key = (self._cell_id, self._respondent_id, request.step, request.ordinal)
        question_id = self._question_ids.get(request.question) if request.question else None
        prompt = json.dumps([[m.role, m.text_id] for m in request.messages], separators=(",", ":"))
        self._current().exchanges.append((*key, question_id, request.ability, prompt, request.seed))
        if self._keep_texts:
            for message in request.messages:
                self._text(message)
        for number, attempt in enumerate(completion.attempts, start=1):
            text = attempt.text
            if attempt is completion.last and completion.logprobs is not None:
                text = rating_as_json(completion)
            self._current().attempts.append(
                (
                    *(*key, number, text, attempt.error, attempt.error_kind, attempt.finish_reason),
                    *(attempt.prompt_tokens, attempt.completion_tokens, attempt.latency_s),
                    *(json.dumps(attempt.applied, separators=(",", ":")), attempt.endpoint, attempt.logprob),
                    *(attempt.reasoning, attempt.cached_tokens, attempt.reasoning_tokens, attempt.cost),
                )
            )

    def answer(self, understood: Understood) -> None:
        """Record one understood answer, its options and the exchanges it was read from."""
        answer = understood.answer
        key = (self._respondent_id, self._question_ids[answer.question], answer.method, answer.replicate)
        memory = json.dumps(answer.memory, separators=(",", ":"))
        self._current().answers.append(
            (*key, answer.status, answer.number, answer.text, answer.reason, answer.presentation, memory)
        )
        amounts = answer.amounts or (None,) * len(answer.codes)
        self._current().answer_options.extend(
            (*key, code, amount, rank if answer.ranked else None)
            for rank, (code, amount) in enumerate(zip(answer.codes, amounts, strict=True), start=1)
        )
        self._current().distributions.extend(
            (*key, share.code, share.probability, _json(share.logprobs), share.outside) for share in answer.shares
        )
        self._current().answer_sources.extend(
            (*key, self._cell_id, self._respondent_id, step, ordinal, understood.place)
            for step, ordinal in understood.sources
        )

    def _text(self, message: Message) -> None:
        if message.text_id not in self._seen:
            self._seen.add(message.text_id)
            self._current().texts.append((message.text_id, packed(message.text)))


def rating_as_json(completion: Completion) -> str:
    """What was read off a model, as it is stored in the place of a reply, so that a replay finds it there."""
    content = {"logprobs": completion.logprobs, "outside": completion.outside, "bounds": completion.bounds}
    return json.dumps(
        {name: value for name, value in content.items() if value is not None},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def rated(attempts: tuple[Attempt, ...]) -> Completion:
    """The completion of a rating request, from its attempts as they were stored.

    >>> rated((Attempt('{"logprobs":{"A":[-0.5]},"outside":0.2}'),)).logprobs
    {'A': (-0.5,)}
    """
    text = attempts[-1].text
    if not text or attempts[-1].error is not None:
        return Completion(attempts)
    content: dict[str, Any] = json.loads(text)
    return Completion(
        (*attempts[:-1], replace(attempts[-1], text="")),
        logprobs={label: tuple(chain) for label, chain in content["logprobs"].items()},
        outside=content.get("outside"),
        bounds=content.get("bounds"),
    )


def _json(content: object) -> str | None:
    return None if content is None else json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def packed(text: str) -> str | bytes:
    """Body of a text as it is stored: as it is when short, zlib-compressed UTF-8 when long."""
    return text if len(text) < LONG else zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpacked(body: str | bytes) -> str:
    """Text of a stored body.

    >>> unpacked(packed("x" * 5000)) == "x" * 5000
    True
    """
    return body if isinstance(body, str) else zlib.decompress(body).decode("utf-8", "surrogatepass")
