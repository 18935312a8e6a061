"""What finishes a prompt: the interface every backend fulfils, and how one is found by name."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from demoscope.documents import Document
from simulator.plugins import find_plugin
from simulator.protocols.interface import Ability, Completion, Request


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the store records of a model: enough to know later what really answered."""

    name: str
    """Name of the model in the wave."""
    backend: str
    """Name of the backend."""
    digest: str | None = None
    """SHA-256 of the weights, or what the endpoint says instead."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Everything that changes numbers: quantisation, KV type, flash attention, versions."""
    notice: str = ""
    """What whoever starts a wave is told of it besides; empty when there is nothing to say."""
    missing: tuple[str, ...] = ()
    """What a wave may ask for and the model does not do, in the words of the wave file."""


@runtime_checkable
class Backend(Protocol):
    """One model, ready to finish prompts.

    Batching is the backend's own affair: a cohort asks for up to ``concurrency`` completions at once and
    awaits each by itself, so no reply is ever matched by its position in a list. A backend may fail, by a
    :class:`Completion` whose last attempt has an error; it may not pretend. It raises
    :class:`demoscope.errors.WavePaused` only when nothing can be had from it any more.
    """

    abilities: frozenset[Ability]
    """What this backend has proved to be able to do; final once it is open."""
    concurrency: int
    """How many interviews it wants open at once, each with one request or more; how many are sent is its affair."""

    async def open(self) -> None:
        """Connect and prove the abilities; awaited once before anything else is asked of it.

        Raises
        ------
        BackendError
            If something must be mended first: a key, a model's name, an ability.
        WavePaused
            If nobody answers just now.
        """

    def card(self) -> ModelCard:
        """What the store records of the model."""

    async def complete(self, request: Request) -> Completion:
        """Do what ``request.ability`` asks for; exactly one completion for every request."""

    async def close(self) -> None:
        """Give back memory and connections; idempotent."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A provider's batch that is about to be created, as the store is told of it."""

    tag: str
    """Our own name for it, under which the provider's list shows it."""
    step: str
    """Steps of the protocol that its requests belong to."""
    fetched: bool = False
    """Whether its rows have come back, so that their money is what they took and no longer what they could take."""


@runtime_checkable
class Patient(Protocol):
    """A backend whose replies may take hours, longer than this process may live.

    Its host keeps the tags of its parcels in the store and asks at once whatever does not hang on a reply.
    """

    patient: bool
    """Whether it is meant to be treated so, with its settings."""

    def resume(self, parcels: Sequence[Parcel], announce: Callable[[Parcel], Awaitable[None]]) -> None:
        """Told before it opens which parcels the store knows, and how to tell of a new one or of one that came back.

        ``announce`` returns when the store has saved the parcel.
        """


@dataclass(frozen=True, slots=True)
class Resources:
    """What a cohort reserves of the machine or cluster it runs on."""

    cpus: float = 1.0
    """Cores."""
    gpus: float = 0.0
    """GPUs; a fraction shares one."""
    accelerator_type: str | None = None
    """Kind of GPU that the machine must have, as Ray calls it."""
    custom: tuple[tuple[str, float], ...] = ()
    """Further resources that the cluster's machines declare: name and amount."""


class BackendKind(Protocol):
    """What an entry point of ``demoscope.backends`` names: a class that builds backends from settings."""

    settings_model: type[Document]
    """Settings that the wave file may give; unknown ones are refused when the wave is read."""
    tokens_per_second: tuple[float, float] | None
    """Typical speed of one engine in prompt and reply tokens, for estimates; ``None`` when nothing is known."""
    tried_out: frozenset[str]
    """What a wave may ask for that only trying it out shows, when the wave starts; in the words of the wave file."""
    never: frozenset[str]
    """What a wave may ask for that no model of this kind does."""

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        """What one engine with these validated settings uses."""

    def __call__(self, name: str, **settings: Any) -> Backend:
        """Build the backend; :class:`BackendError` says what is missing."""


def find_backend(name: str) -> BackendKind:
    """Backend class of this name; a :class:`DocumentError` when none is installed."""
    backend: BackendKind = find_plugin("backend", name)
    return backend
