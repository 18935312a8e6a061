"""The local backend: one engine that takes many requests through one GGUF model side by side."""

import asyncio
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from demoscope.documents import build
from demoscope.errors import BackendError, DocumentError
from simulator.backends.interface import ModelCard, Resources
from simulator.backends.llama_cpp.branches import Branches
from simulator.backends.llama_cpp.capacity import capacity
from simulator.backends.llama_cpp.context import Context
from simulator.backends.llama_cpp.library import amx_guard
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.scheduler import Scheduler
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.llama_cpp.settings import LlamaCppSettings
from simulator.backends.llama_cpp.weights import kv_type, prepare, quantization
from simulator.backends.llama_cpp.work import Tools, Work
from simulator.backends.logits.grammar import Grammars
from simulator.protocols.interface import Ability, Completion, Request


class LlamaCppBackend:
    """One GGUF model on this machine, many conversations at once.

    The C work runs in a thread of its own, so the event loop stays free; a cancelled request stops at the next turn
    of the scheduler. With ``deterministic`` a reply depends on the request alone: not on what is computed beside it,
    on earlier requests, their order or a resume; shown on x86 processors with one thread. With layers on a GPU it
    does not hold, which the card and its notice say.
    """

    abilities: frozenset[Ability] = frozenset({"generate", "label_logprobs", "score"})
    """Replies, label distributions and scores of continuations."""
    settings_model = LlamaCppSettings
    """What the wave file may say."""
    tokens_per_second: tuple[float, float] | None = (300.0, 150.0)
    """Prompt and reply tokens of the embedded model on one core of a server, with all sequences busy."""
    tried_out: frozenset[str] = frozenset()
    """Nothing: it does all there is."""
    never: frozenset[str] = frozenset()
    """Nothing either."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.perf_counter, **settings: Any) -> None:
        """Find, convert and load the model.

        Parameters
        ----------
        name : str
            Name of the model in the wave.
        clock : callable
            Seconds, for latencies.
        **settings
            Settings as in :class:`LlamaCppSettings`.

        Raises
        ------
        BackendError
            If a setting is wrong, or the model is missing, corrupt or does not fit.
        """
        try:
            found = build(LlamaCppSettings, settings, f"model {name!r}")
        except DocumentError as error:
            raise BackendError(str(error)) from None
        self.settings = found
        """What the wave file said."""
        self._name = name
        self.model = Model(prepare(found), n_gpu_layers=found.n_gpu_layers)
        """Weights, vocabulary and template."""
        try:
            self.capacity = capacity(found, self.model)
            """Sequences and their length."""
            self.context = Context(self.model, found, self.capacity)
            """Memory and evaluation."""
        except BackendError:
            self.model.close()
            raise
        self.concurrency = self.capacity.sequences
        """As many requests as there are sequences."""
        self.keeps_replies = not found.deterministic
        """Whether keys and values of a reply serve the next question; else it is evaluated again with that."""
        places = [
            Sequence(self.context, number, keeps_replies=self.keeps_replies)
            for number in range(self.capacity.sequences)
        ]
        after = range(self.capacity.sequences, self.capacity.sequences + self.capacity.branches)
        vocabulary = self.model.vocabulary
        self._tools = Tools(
            model=self.model,
            grammars=Grammars(vocabulary),
            branches=Branches(self.context, after),
            spaces=vocabulary.spaces,
            size=self.context.size,
            places=len(places),
            endpoint=name,
            clock=clock,
        )
        self._scheduler = Scheduler(self.context, places, name)

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        """A core for every thread, and a GPU of its own where layers are put on one."""
        return Resources(cpus=settings["threads"], gpus=1 if settings["n_gpu_layers"] else 0)

    async def open(self) -> None:
        """Nothing is left to do: the model was loaded when the backend was built."""

    def card(self) -> ModelCard:
        """Weights as run, and everything that changes numbers."""
        settings = self.settings
        return ModelCard(
            name=self._name,
            backend="llama_cpp",
            digest=self.model.digest,
            settings={
                "file": self.model.path.name,
                "quantization": quantization(settings),
                "context": self.context.size,
                "kv_type": kv_type(settings),
                "flash_attention": settings.flash,
                "deterministic": settings.deterministic and not self.model.devices,
                "threads": settings.threads,
                "n_gpu_layers": settings.n_gpu_layers,
                "devices": [str(one) for one in self.model.devices],
                "amx_guard": amx_guard(),
                "chat_template": self.model.template.source is not None,
                "llama_cpp_python": version("llama-cpp-python"),
            },
            notice=self._notice() if settings.deterministic and self.model.devices else "",
        )

    def _notice(self) -> str:
        """That `deterministic` cannot be kept on a GPU."""
        return (
            f"Model {self._name} has layers on {', '.join(map(str, self.model.devices))}. There the last digits of a "
            "reply's numbers hang on what is computed beside it: waves repeat in distribution, not word for word, "
            "whatever `deterministic` says."
        )

    async def complete(self, request: Request) -> Completion:
        """Do what the request asks for; what cannot be done comes back as an attempt with an error."""
        return await asyncio.wrap_future(self._scheduler.submit(Work(request, self._tools)))

    async def close(self) -> None:
        """End what is at work, then give memory and weights back; idempotent."""
        await asyncio.to_thread(self._scheduler.close)
        self.context.close()
        self.model.close()
