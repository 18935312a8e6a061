"""Labels and continuations rated by their tokens' ids: exact for both abilities, and every prompt evaluated once."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from simulator.backends.logits import scoring
from simulator.backends.logits.completions import steps_of
from simulator.backends.logits.scoring import Path
from simulator.backends.openai_api.abilities import Proven
from simulator.backends.openai_api.attempts import Accepted, Attempts
from simulator.backends.openai_api.bodies import CHAT, COMPLETIONS, Call, prompt_fields
from simulator.backends.openai_api.replies import Failure, Reply
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.openai_api.token_ids import (
    AT_ONCE,
    after,
    cut_body,
    leading_space,
    next_body,
    next_fields,
    read_next,
    read_prompt,
)
from simulator.protocols.interface import Attempt, Completion, Request

T = TypeVar("T")
WAY = {"score": "token_ids"}
"""What is recorded of every call as applied."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What came back when the prompt was sent as messages."""

    tokens: Path
    nexts: dict[int, float]


@dataclass
class _Tries:
    """Every try of a request's calls."""

    answered: list[Attempt] = field(default_factory=list)
    unanswered: list[Attempt] = field(default_factory=list)


class _Unanswered(Exception):
    """A call that came to nothing."""


class TokenRating:
    """Rates the labels of requests by the ids of their tokens."""

    def __init__(self, attempts: Attempts, settings: OpenAISettings, proven: Proven) -> None:
        self._attempts = attempts
        self._settings = settings
        self._proven = proven
        self._cuts: dict[str, Path] = {}  # text -> the tokens of AFTER and it
        self._cutting: dict[str, asyncio.Future[None]] = {}

    async def rate(self, request: Request) -> Completion:
        """``label_logprobs`` or ``score``; the last attempt is the one that failed, if any did."""
        tried = _Tries()
        try:
            paths, spaces = await self._paths(request, tried)
            steps = steps_of(request, paths, spaces)
            logprobs = await self._logprobs(request, scoring.following(steps), tried)
        except _Unanswered:
            return Completion((*tried.answered, *tried.unanswered))
        except Failure as failure:
            return Completion((*tried.answered, Attempt(error=failure.reason, error_kind=failure.kind)))
        if request.ability == "label_logprobs":
            found, outside = scoring.label_logprobs(paths, spaces, logprobs)
            return Completion(tuple(tried.answered), found, outside)
        return Completion(tuple(tried.answered), scoring.score(paths, logprobs))

    async def _paths(self, request: Request, tried: _Tries) -> tuple[dict[str, Path], frozenset[int]]:
        """Label -> its tokens, and those tokens among them that are nothing but white space before a label."""
        spaces = {space for label in request.labels if (space := leading_space(label))}
        texts = dict.fromkeys(("", *request.labels, *sorted(spaces)))
        whole = dict(zip(texts, await _all([self._cut(text, request, tried) for text in texts]), strict=True))
        bare: set[int] = set()
        for space in spaces:
            added = whole[space][len(whole[""]) :]
            if any(_begins(whole[space], whole[label]) for label in request.labels if leading_space(label) == space):
                bare |= set(added)
        return {label: after(whole[""], whole[label], label) for label in request.labels}, frozenset(bare)

    async def _cut(self, text: str, request: Request, tried: _Tries) -> Path:
        """The tokens of a text after a line end, asked for once: they hang on no prompt."""
        while (under_way := self._cutting.get(text)) is not None:
            await asyncio.shield(under_way)
        if text not in self._cuts:
            self._cutting[text] = asyncio.get_running_loop().create_future()
            try:
                body = {**self._settings.extra_body, **cut_body(text)}
                self._cuts[text] = await self._asked(request, COMPLETIONS, body, tried, read_prompt)
            finally:
                self._cutting.pop(text).set_result(None)
        return self._cuts[text]

    async def _logprobs(
        self, request: Request, wanted: Mapping[Path, Sequence[int]], tried: _Tries
    ) -> dict[Path, float]:
        """Step -> natural log-probability of its last token."""
        first, *further = _chunks(wanted[()])
        body, _ = prompt_fields(request.messages, self._settings, self._proven, read_only=True)
        body |= next_fields(self._proven.api, first) | {"return_token_ids": True, self._proven.limit: 1}
        path = CHAT if self._proven.api == "chat" else COMPLETIONS
        prompt = await self._asked(
            request, path, body, tried, lambda content: _Prompt(read_prompt(content), read_next(content, first))
        )

        async def of(beginning: Path, tokens: Sequence[int]) -> dict[Path, float]:
            sent = {**self._settings.extra_body, **next_body((*prompt.tokens, *beginning), tokens)}
            read = await self._asked(request, COMPLETIONS, sent, tried, lambda content: read_next(content, tokens))
            return {(*beginning, token): value for token, value in read.items()}

        asked: list[tuple[Path, Sequence[int]]] = [((), tokens) for tokens in further]
        asked += [(beginning, chunk) for beginning, all_ in wanted.items() if beginning for chunk in _chunks(all_)]
        found: dict[Path, float] = {(token,): value for token, value in prompt.nexts.items()}
        for answer in await _all([of(*one) for one in asked]):
            found |= answer
        return found

    async def _asked(
        self, request: Request, path: str, body: dict[str, Any], tried: _Tries, read: Callable[[Any], T]
    ) -> T:
        """What ``read`` makes of the answer; every try is noted."""

        def accepted(_: Reply, __: Call, content: Any) -> Accepted:
            return Accepted("", found=read(content))

        attempts, answer = await self._attempts.ask(request, lambda _: Call(path, body, dict(WAY), 1), accepted)
        if answer is None:
            tried.unanswered += attempts
            raise _Unanswered
        tried.answered += attempts
        found: T = answer.found
        return found


async def _all(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """What all calls brought, in order; the first that failed raises when every one has ended."""
    ended = await asyncio.gather(*calls, return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return [one for one in ended if not isinstance(one, BaseException)]


def _begins(beginning: Path, whole: Path) -> bool:
    return len(beginning) < len(whole) and whole[: len(beginning)] == beginning


def _chunks(tokens: Sequence[int]) -> list[Sequence[int]]:
    return [tokens[start : start + AT_ONCE] for start in range(0, len(tokens), AT_ONCE)]
