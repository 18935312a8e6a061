"""The backend for models behind OpenAI-compatible endpoints."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from demoscope.documents import build
from demoscope.errors import BackendError, DocumentError
from simulator.backends.interface import ModelCard, Parcel, Resources
from simulator.backends.openai_api.abilities import NEVER, Proven
from simulator.backends.openai_api.dedupe import Deduped
from simulator.backends.openai_api.pacing import Pace
from simulator.backends.openai_api.retrying import Retrying
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.openai_api.spending import Purse
from simulator.leases import Account, Lease
from simulator.protocols.interface import Ability, Attempt, Completion, ErrorKind, Request

if TYPE_CHECKING:
    from simulator.backends.openai_api.asking import Asking

INTERVIEWS = 4096
"""Interviews that one cohort keeps open when ``max_in_flight`` says nothing; more than one process can serve."""
TURNS = 10
"""Interviews that are open for each request that may be under way. They take turns, so they end together: were each
interview done before the next begins, the last ones would leave places empty, question after question."""
AT_ONCE = 2**31
"""Requests in the provider's batches at once: as many as there are, since limits per minute do not hold there."""


class OpenAIBackend:
    """One model behind one or several endpoints; nothing is sent before :meth:`open`."""

    settings_model = OpenAISettings
    """What the wave file may say."""
    tokens_per_second: tuple[float, float] | None = None
    """Nothing is known of a service's speed."""
    tried_out = frozenset(Proven().tried_out)
    """Whatever an endpoint must prove."""
    never = frozenset(NEVER)
    """Beams, and the best of several samples."""

    def __init__(self, name: str, **settings: Any) -> None:
        """Take note of the settings.

        Raises
        ------
        BackendError
            If a setting is wrong.
        """
        try:
            self.settings = build(OpenAISettings, settings, f"model {name!r}")
            """What the wave file said."""
        except DocumentError as error:
            raise BackendError(str(error)) from None
        found = self.settings
        self._name = name
        self.patient = found.mode == "batch"
        """Whether replies come by the provider's batch files."""
        limits = found.limits
        self.concurrency = found.batch.rows if self.patient else _interviews(limits.max_in_flight)
        """Interviews at once; how many requests are under way is the pace's affair."""
        self.abilities: frozenset[Ability] = frozenset()
        self.proven = Proven()
        """What all endpoints have proved; final once open."""
        self._pace = Pace(start=AT_ONCE) if self.patient else Pace(**limits.model_dump())
        self._purse = Purse(found.max_cost)
        self._parcels: tuple[Sequence[Parcel], Callable[[Parcel], Awaitable[None]]] = ((), _keep_to_oneself)
        self._asking: Asking | None = None
        self._deduped: Deduped | None = None

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        """One core, which serves about a thousand replies a second."""
        return Resources()

    async def open(self) -> None:
        """Find the keys, connect to every endpoint and prove what all of them can do."""
        from simulator.backends.openai_api.asking import Asking  # the openai package is loaded only when it is used

        self._asking = await Asking.open(
            self._name, self.settings, self._pace, self._purse, Retrying(self.settings.tries), self._parcels
        )
        if self.settings.dedupe == "greedy":
            self._deduped = Deduped(partial(self._ask, self._asking), sampling=self._asking.proven.sampling)
        self.proven = self._asking.proven
        self.abilities = self.proven.abilities
        if self.patient:
            self.abilities -= {"score"}

    def resume(self, parcels: Sequence[Parcel], announce: Callable[[Parcel], Awaitable[None]]) -> None:
        """Take the provider's batches that the store knows, and the way to tell of a new one."""
        self._parcels = (parcels, announce)

    def lease(self, lease: Lease | None, wanting: Callable[[], None]) -> None:
        """Take this cohort's part of the limits and of the money from now on."""
        self._pace.share(lease.share if lease else 0.0, lease.holders if lease else 1)
        if lease:
            self._purse.lease(lease.allowance, wanting)

    def account(self) -> Account:
        """How money and pace stand."""
        return self._purse.account(self._pace.grain)

    def card(self) -> ModelCard:
        """What the endpoints say of the model and have proved.

        The digest is of what they call it; there is none while an endpoint is away that may call it otherwise.
        """
        proven, found = self.proven, self.settings
        identity = json.dumps([sorted(proven.names), proven.about])
        absent = self._asking.absent if self._asking else ()
        return ModelCard(
            name=self._name,
            backend="openai_api",
            digest=hashlib.sha256(identity.encode()).hexdigest() if proven.names and not absent else None,
            settings={
                "model": found.model,
                "proven": proven.as_dict(),
                "absent": list(absent),
                "reasoning": found.reasoning.model_dump(mode="json"),
                "extra_body": found.extra_body,
            },
            notice=f"Model {self._name}: {' '.join(absent)}" if absent else "",
            missing=proven.missing if self._asking else (),
        )

    async def complete(self, request: Request) -> Completion:
        """Do what the request asks for; what cannot be done comes back as an attempt with an error."""
        if self._asking is None:
            raise RuntimeError("complete() before open()")
        if request.ability not in self.abilities:
            return failed("rejected", f"the model has not proved {request.ability}")
        completion = await (self._deduped.complete(request) if self._deduped else self._ask(self._asking, request))
        if completion.last.error is None or self.patient:  # how batches fare is not known by asking live
            return completion
        return replace(completion, found_well=True)  # else the attempts would have paused the wave

    async def _ask(self, asking: "Asking", request: Request) -> Completion:
        if request.ability == "generate":
            return await asking.text(request)
        if not request.labels or len(set(request.labels)) < len(request.labels) or not all(request.labels):
            return failed("rejected", "labels must be given, each once and none empty")
        if request.end_of_turn:
            return failed("rejected", "the end of a turn is no text, so no endpoint tells how likely it is")
        if request.ability == "label_logprobs":
            return await asking.labels(request)
        return await asking.scores(request)

    async def close(self) -> None:
        """Close every connection; idempotent."""
        asking, self._asking = self._asking, None
        if asking is not None:
            await asking.close()


def _interviews(max_in_flight: int | None) -> int:
    """How many interviews are open at once where so many requests may be under way."""
    if max_in_flight is None:
        return INTERVIEWS
    return max(max_in_flight, min(TURNS * max_in_flight, INTERVIEWS))


def failed(kind: ErrorKind, why: str) -> Completion:
    """A completion without a reply."""
    return Completion((Attempt(error=why, error_kind=kind),))


async def _keep_to_oneself(_: Parcel) -> None:
    """What is done with the news of a parcel when nobody keeps a store."""
