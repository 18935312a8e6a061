"""What the three abilities send to the endpoints of a model, and how they read what comes back."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self
from uuid import uuid4

from demoscope.errors import BackendError
from simulator.backends.interface import Parcel
from simulator.backends.openai_api.abilities import Proven, common
from simulator.backends.openai_api.attempts import Accepted, Attempts, Target
from simulator.backends.openai_api.batch import BatchDesk, key_of
from simulator.backends.openai_api.batch_provider import OpenAIProvider
from simulator.backends.openai_api.bodies import (
    CHAT,
    COMPLETIONS,
    Call,
    Unanswerable,
    labels_call,
    prompt_text,
    score_call,
    text_call,
)
from simulator.backends.openai_api.endpoint import Endpoint
from simulator.backends.openai_api.forms import plain_text
from simulator.backends.openai_api.labels import label_logprobs
from simulator.backends.openai_api.pacing import Pace
from simulator.backends.openai_api.proof import Prover, describe
from simulator.backends.openai_api.replies import Failure, Reply, read_tokens, total_logprob
from simulator.backends.openai_api.retrying import Retrying
from simulator.backends.openai_api.scoring import continuation_logprobs
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.openai_api.spending import Purse
from simulator.protocols.interface import Attempt, Completion, Request


class Asking:
    """A model whose endpoints are open and have proved themselves."""

    def __init__(
        self,
        name: str,
        settings: OpenAISettings,
        provers: Sequence[Prover],
        proven: Proven,
        *,
        pace: Pace,
        purse: Purse,
        retrying: Retrying,
        parcels: tuple[Sequence[str], Callable[[Parcel], Awaitable[None]]],
    ) -> None:
        self.proven = proven
        """What every endpoint can do."""
        self._settings = settings
        self._provers = provers
        limits = settings.limits
        self._desk = self._batch_desk(*parcels) if settings.mode == "batch" else None
        self._attempts = Attempts(
            name,
            [
                Target(prover.endpoint, prover.model, place.weight)
                for prover, place in zip(provers, settings.endpoints, strict=True)
            ],
            pace=pace,
            purse=purse,
            retrying=retrying,
            prices=settings.prices,
            estimate=bool(settings.prices or limits.input_tokens_per_minute),
            tags=settings.reasoning.tags,
            names=proven.names,
            unique_ids=proven.unique_ids,
            send=self._send,
            alive=self._alive,
        )

    @classmethod
    async def open(
        cls,
        name: str,
        settings: OpenAISettings,
        pace: Pace,
        purse: Purse,
        retrying: Retrying,
        parcels: tuple[Sequence[str], Callable[[Parcel], Awaitable[None]]],
    ) -> Self:
        """Connect to the endpoints and let each prove itself.

        Raises
        ------
        BackendError
            If one lets nobody in, or two of them have different models.
        WavePaused
            If one does not answer.
        """
        endpoints = [Endpoint(place, timeout_s=settings.timeout_s) for place in settings.endpoints]
        try:
            found = await asyncio.gather(*[_proved(one, settings, retrying, pace, purse) for one in endpoints])
            provers, proven = [prover for prover, _ in found], [one for _, one in found]
            _refuse_different(name, settings, endpoints, proven)
            return cls(
                name, settings, provers, common(proven), pace=pace, purse=purse, retrying=retrying, parcels=parcels
            )
        except BaseException:
            for endpoint in endpoints:
                await endpoint.close()
            raise

    async def text(self, request: Request) -> Completion:
        """``generate``."""
        try:
            attempts, _ = await self._attempts.ask(
                request,
                lambda seed: text_call(request, seed, self._settings, self.proven),
                lambda reply, call, _: self._text(request, reply, call),
            )
        except Unanswerable as why:
            return Completion((Attempt(error=str(why), error_kind="rejected"),))
        return Completion(tuple(attempts))

    async def labels(self, request: Request) -> Completion:
        """``label_logprobs``."""
        try:
            attempts, accepted = await self._attempts.ask(
                request,
                lambda _: labels_call(request, self._settings, self.proven),
                lambda reply, _, __: self._labels(request, reply),
            )
        except Unanswerable as why:
            return Completion((Attempt(error=str(why), error_kind="rejected"),))
        if accepted is None:
            return Completion(tuple(attempts))
        known, bounds, outside = accepted.found
        return Completion(tuple(attempts), known, outside, bounds or None)

    async def scores(self, request: Request) -> Completion:
        """``score``: every continuation by a call of its own."""
        each = await asyncio.gather(*[self._score(request, continuation) for continuation in request.labels])
        attempts = [attempt for tried, accepted in each if accepted is not None for attempt in tried]
        unanswered = [attempt for tried, accepted in each if accepted is None for attempt in tried]
        if unanswered:
            return Completion((*attempts, *unanswered))
        found = {
            continuation: accepted.found
            for continuation, (_, accepted) in zip(request.labels, each, strict=True)
            if accepted is not None
        }
        return Completion(tuple(attempts), found)

    async def _score(self, request: Request, continuation: str) -> tuple[list[Attempt], Accepted | None]:
        way = self.proven.score
        assert way is not None
        prompt = prompt_text(request.messages) if self.proven.api == "completions" else None

        def read(reply: Reply, call: Call, content: Any) -> Accepted:
            return Accepted("", found=continuation_logprobs(content, way, prompt, continuation))

        return await self._attempts.ask(
            request, lambda _: score_call(request, continuation, self._settings, self.proven), read
        )

    def _text(self, request: Request, reply: Reply, call: Call) -> Accepted:
        """Accept a reply, or say why not."""
        text, constraint = reply.text, request.constraint
        if reply.refusal:
            raise Failure("refusal", f"the model declined: {reply.refusal[:300]}", text=reply.refusal)
        if reply.finish_reason == "content_filter":
            raise Failure("filtered", "a content filter ended the reply")
        cut = reply.finish_reason == "length"
        if constraint is not None:
            form = self.proven.structured
            said = plain_text(constraint, text) if form == "json_schema" else text
            if said is None or not constraint.matches(said):
                if cut:
                    raise Failure("truncated", f"the reply was cut before its answer was whole: {text!r}", text="")
                raise Failure("malformed", "the reply breaks its constraint")
            text, cut = said, cut and not constraint.free_tokens
        for stop in request.stop:
            text = text.partition(stop)[0]
        if cut:
            raise Failure("truncated", f"the reply was cut after {call.output_tokens} tokens", text=text)
        logprob = None
        if self._settings.logprobs and self.proven.top_logprobs:
            logprob = total_logprob(reply.raw)
            if logprob is None:
                raise Failure("malformed", "the log-probabilities that were asked for did not come back")
        return Accepted(text, logprob)

    def _labels(self, request: Request, reply: Reply) -> Accepted:
        tokens = read_tokens(reply.raw)
        if not tokens:
            raise Failure("malformed", "the log-probabilities that were asked for did not come back")
        first = tokens[0]
        top = dict(first.top)
        top.setdefault(first.text, first.logprob)
        return Accepted("", found=label_logprobs(first.top or top.items(), request.labels))

    async def _send(self, target: Target, call: Call, body: dict[str, Any], request: Request, number: int) -> object:
        if self._desk is not None:
            return await self._desk.send(key_of(request, body, number), request.step, body)
        return await target.endpoint.send(call.path, body)

    async def _alive(self) -> bool:
        """Whether any endpoint still answers what it answered at first."""
        return any([await prover.answers() for prover in self._provers])

    def _batch_desk(self, tags: Sequence[str], announce: Callable[[Parcel], Awaitable[None]]) -> BatchDesk:
        [prover] = self._provers
        endpoint = prover.endpoint
        return BatchDesk(
            OpenAIProvider(endpoint.client, lambda error: endpoint.told(str(error))),
            self._settings.batch,
            "/v1" + (CHAT if self.proven.api == "chat" else COMPLETIONS),
            tags=tags,
            announce=announce,
            failure=endpoint.refused,
            new_tag=lambda: uuid4().hex,
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._desk is not None:
            await self._desk.close()
        for prover in self._provers:
            await prover.endpoint.close()


async def _proved(
    endpoint: Endpoint, settings: OpenAISettings, retrying: Retrying, pace: Pace, purse: Purse
) -> tuple[Prover, Proven]:
    model, about = await describe(endpoint, endpoint.settings.model or settings.model)
    prover = Prover(endpoint, model, settings, retrying, pace, purse)
    proven = await prover.prove()
    names = frozenset(settings.answers_as) | proven.names
    return prover, dataclasses.replace(proven, names=names, about=about)


def _refuse_different(
    name: str, settings: OpenAISettings, endpoints: Sequence[Endpoint], proven: Sequence[Proven]
) -> None:
    """Refuse endpoints that do not have the same model, by what they say of it themselves.

    Raises
    ------
    BackendError
        Naming the two endpoints and what differs.
    """
    first = proven[0]
    for endpoint, other in zip(endpoints[1:], proven[1:], strict=True):
        here, there = json.loads(first.about or "{}"), json.loads(other.about or "{}")
        differing = [
            f"{key}: {here[key]!r} and {there[key]!r}" for key in here.keys() & there if here[key] != there[key]
        ]
        renamed = any(place.model for place in settings.endpoints)
        strangers = other.names - set(settings.answers_as) - first.names
        if strangers and not renamed:
            differing.append(f"replies come from {', '.join(sorted(first.names))} and {', '.join(sorted(strangers))}")
        if first.api != other.api:
            differing.append(f"one has {first.api}, the other {other.api}")
        if differing:
            raise BackendError(
                f"The endpoints {endpoints[0].name} and {endpoint.name} do not have the same model {name!r}: "
                f"{'; '.join(differing)}. Answers of two models are not mixed: give them as two models, or "
                "name what they may be called under `answers_as`."
            )
