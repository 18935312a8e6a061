"""What the three abilities send to the endpoints of a model, and how they read what comes back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self
from uuid import uuid4

from demoscope.errors import WavePaused
from simulator.backends.interface import Parcel
from simulator.backends.openai_api.abilities import Proven, common
from simulator.backends.openai_api.attempts import Accepted, Attempts, Money
from simulator.backends.openai_api.batch import BatchDesk
from simulator.backends.openai_api.batch_files import key_of
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
from simulator.backends.openai_api.probe import Probe
from simulator.backends.openai_api.proof import Prover
from simulator.backends.openai_api.replies import Failure, Reply
from simulator.backends.openai_api.retrying import Retrying
from simulator.backends.openai_api.same_model import refuse_different
from simulator.backends.openai_api.scoring import continuation_logprobs
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.openai_api.spending import Purse
from simulator.backends.openai_api.target import Target
from simulator.backends.openai_api.token_rating import TokenRating
from simulator.backends.openai_api.tokens import read_tokens, total_logprob
from simulator.protocols.interface import Attempt, Completion, Request


class Asking:
    """A model whose endpoints are open and have proved themselves."""

    def __init__(
        self,
        name: str,
        settings: OpenAISettings,
        probes: Sequence[Probe],
        proven: Proven,
        absent: Sequence[str],
        *,
        pace: Pace,
        purse: Purse,
        retrying: Retrying,
        parcels: tuple[Sequence[Parcel], Callable[[Parcel], Awaitable[None]]],
    ) -> None:
        self.proven = proven
        """What every endpoint can do."""
        self.absent = tuple(absent)
        """What is said of endpoints that were not there, so that the others do all."""
        self._settings = settings
        self._probes = probes
        limits = settings.limits
        self._desk = self._batch_desk(*parcels) if settings.mode == "batch" else None
        self._attempts = Attempts(
            name,
            [_target(one, settings) for one in probes],
            pace=pace,
            purse=purse,
            retrying=retrying,
            prices=settings.prices,
            estimate=bool(settings.prices or limits.input_tokens_per_minute),
            tags=settings.reasoning.tags,
            send=self._send,
            counted=self._counted,
            alive=self._alive,
        )
        by_tokens = proven.score == "token_ids" and self._desk is None  # a batch file holds requests of one kind
        self._rating = TokenRating(self._attempts, settings, proven) if by_tokens else None

    @classmethod
    async def open(
        cls,
        name: str,
        settings: OpenAISettings,
        pace: Pace,
        purse: Purse,
        retrying: Retrying,
        parcels: tuple[Sequence[Parcel], Callable[[Parcel], Awaitable[None]]],
    ) -> Self:
        """Connect to the endpoints and let each prove itself.

        Raises
        ------
        BackendError
            If one lets nobody in, or two of them have different models.
        WavePaused
            If none answers.
        """
        endpoints = [Endpoint(place, timeout_s=settings.timeout_s, heard=pace.heard) for place in settings.endpoints]
        try:
            probes = [Probe(endpoint, settings, retrying, pace, purse) for endpoint in endpoints]
            found = await asyncio.gather(*[_proved(probe) for probe in probes])
            there = [(probe, one) for probe, one in zip(probes, found, strict=True) if isinstance(one, Proven)]
            absent = [one for one in found if isinstance(one, WavePaused)]
            if not there:
                raise absent[0]
            refuse_different(name, [(probe.endpoint, one) for probe, one in there])
            for probe in probes:
                if probe not in [one for one, _ in there]:
                    await probe.endpoint.close()
            return cls(
                name,
                settings,
                [probe for probe, _ in there],
                common([one for _, one in there]),
                [str(one) for one in absent],
                pace=pace,
                purse=purse,
                retrying=retrying,
                parcels=parcels,
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
        """``label_logprobs``: from the labels' own tokens where these can be named, else from the likeliest."""
        if self._rating:
            return await self._rating.rate(request)
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
        """``score``: by the continuations' own tokens, else every continuation by a call of its own."""
        if self._rating:
            return await self._rating.rate(request)
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
            raise Failure("refusal", f"the model declined: {reply.refusal}", text=reply.refusal)
        if reply.finish_reason == "content_filter":
            raise Failure("filtered", "a content filter ended the reply")
        cut = reply.finish_reason == "length"
        if constraint is not None:
            said = plain_text(constraint, text) if call.applied.get("form") == "json_schema" else call.begun + text
            if said is None or not constraint.matches(said):
                if cut:
                    raise Failure("truncated", _cut(text, call.output_tokens), text="")
                raise Failure("malformed", "the reply breaks its constraint", unfit=True)
            text, cut = said, cut and not constraint.free_tokens
        for stop in request.stop:
            text = text.partition(stop)[0]
        if cut:
            raise Failure("truncated", _cut(text, call.output_tokens), text=text)
        logprob = None
        if self._settings.logprobs and self.proven.top_logprobs:
            logprob = total_logprob(reply)
            if logprob is None:
                raise Failure("malformed", "the log-probabilities that were asked for did not come back")
        return Accepted(text, logprob)

    def _labels(self, request: Request, reply: Reply) -> Accepted:
        tokens = read_tokens(reply)
        if not tokens:
            raise Failure("malformed", "the log-probabilities that were asked for did not come back")
        first = tokens[0]
        top = first.top or ((first.text, first.logprob),)
        return Accepted("", found=label_logprobs(top, request.labels, self.proven.top_logprobs, first.logprob))

    async def _counted(self, body: dict[str, Any], request: Request, number: int) -> Money:
        if self._desk is None:
            return "unspent"
        key = key_of(request, body, number)
        if not await self._desk.holds(key):
            return "unspent"
        return "set aside" if self._desk.owes(key) else "counted"

    async def _send(self, target: Target, call: Call, body: dict[str, Any], request: Request, number: int) -> object:
        if self._desk is not None:
            return await self._desk.send(key_of(request, body, number), request.step, body)
        return await target.endpoint.send(call.path, body)

    async def _alive(self) -> bool:
        """Whether any endpoint still answers what it answered at first."""
        return any(await asyncio.gather(*[probe.answers() for probe in self._probes]))

    def _batch_desk(self, parcels: Sequence[Parcel], announce: Callable[[Parcel], Awaitable[None]]) -> BatchDesk:
        [probe] = self._probes
        endpoint = probe.endpoint
        return BatchDesk(
            OpenAIProvider(endpoint.client, lambda error: endpoint.told(str(error)), self._settings.timeout_s),
            self._settings.batch,
            "/v1" + (CHAT if self.proven.api == "chat" else COMPLETIONS),
            parcels=parcels,
            announce=announce,
            failure=endpoint.refused,
            new_tag=lambda: uuid4().hex,
            told=endpoint.told,
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._desk is not None:
            await self._desk.close()
        for probe in self._probes:
            await probe.endpoint.close()


def _target(probe: Probe, settings: OpenAISettings) -> Target:
    return Target(
        probe.endpoint,
        probe.model,
        probe.endpoint.settings.weight,
        probe.names,
        unique_ids=probe.unique_ids,
        opens_thoughts=settings.reasoning.budget > 0,
    )


def _cut(text: str, tokens: int) -> str:
    if text.strip():
        return f"the reply was cut after {tokens} tokens: {text[-80:]!r}"
    return (
        f"the reply was cut after {tokens} tokens, before it began; where the model thinks first, give it room with "
        "`reasoning: {budget: 2000}`"
    )


async def _proved(probe: Probe) -> Proven | WavePaused:
    """What an endpoint can do, or what is said of one that does not answer."""
    try:
        await probe.greet()
        return await Prover(probe).prove()
    except WavePaused as why:
        return why
