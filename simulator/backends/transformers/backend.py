"""The backend for models of Hugging Face: one engine that takes many requests through one model side by side."""

import asyncio
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from demoscope.documents import build
from demoscope.errors import BackendError, DocumentError
from simulator.backends.interface import ModelCard, Resources
from simulator.backends.llama_cpp.counting import read_vocabulary
from simulator.backends.logits.grammar import Grammars
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.backends.transformers import places
from simulator.backends.transformers.engine import Engine
from simulator.backends.transformers.network import load
from simulator.backends.transformers.rating import Rating
from simulator.backends.transformers.settings import ROWS, TransformersSettings
from simulator.backends.transformers.tools import Tools
from simulator.backends.transformers.vocabulary import HubVocabulary
from simulator.backends.transformers.writing import Writing
from simulator.gpus import count_gpus
from simulator.protocols.interface import Ability, Completion, Request

UNBOUNDED = 4096
"""Tokens of context where neither a model nor its tokenizer names a limit."""


class TransformersBackend:
    """One causal or encoder-decoder language model, many conversations at once.

    The model works in a thread of its own, so the event loop stays free. Sampled text hangs on the request's own seed
    alone; what is evaluated beside it changes logits in their last digits only, as far as the device goes.
    """

    abilities: frozenset[Ability] = frozenset({"generate", "label_logprobs", "score"})
    """Replies, label distributions and scores of continuations; proved when it opens."""
    settings_model = TransformersSettings
    """What the wave file may say."""
    tokens_per_second: tuple[float, float] | None = None
    """Nothing is known without the model; the plan estimates from its configuration."""
    tried_out: frozenset[str] = frozenset()
    """Nothing: it does all there is."""
    never: frozenset[str] = frozenset()
    """Nothing either."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.perf_counter, **settings: Any) -> None:
        """Find and load the model.

        Parameters
        ----------
        name : str
            Name of the model in the wave.
        clock : callable
            Seconds, for latencies.
        **settings
            Settings as in :class:`TransformersSettings`.

        Raises
        ------
        BackendError
            If a setting is wrong, or the model is missing, corrupt or does not fit.
        """
        try:
            self.settings = build(TransformersSettings, settings, f"model {name!r}")
        except DocumentError as error:
            raise BackendError(str(error)) from None
        self._name = name
        self._place = places.find(self.settings)
        self.network, tokenizer = load(self.settings, self._place)
        hub = HubVocabulary(tokenizer, self.network.n_vocab, self.network.ends)
        self.vocabulary: Vocabulary = hub
        """Its tokens."""
        template = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else None
        if self._place.gguf and find_spec("llama_cpp"):  # transformers guesses how the file's tokenizer cuts texts
            self.vocabulary, template = read_vocabulary(self._place.folder / self._place.gguf)
        self.template = ChatTemplate(self.vocabulary, template)
        """How it wants conversations written."""
        self.size = self._context(tokenizer.model_max_length)
        """Tokens that it holds."""
        self._tools = Tools(
            vocabulary=self.vocabulary,
            template=self.template,
            grammars=Grammars(self.vocabulary),
            size=self.size,
            encodes=self.network.encodes,
            around=hub.around,
            endpoint=name,
            clock=clock,
        )
        rows = self.settings.batch or ROWS.get(self.network.device.partition(":")[0], ROWS["cpu"])
        self.concurrency = rows
        """As many requests as there are rows."""
        self._card = self._described()
        self.engine = Engine(self.network, rows, name)
        """What takes requests through the model."""

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        """A core for every thread, and a GPU of its own where it runs on one."""
        gpus = settings["num_gpus"]
        if gpus is None:
            on_gpu = settings["device"] == "cuda" or (settings["device"] == "auto" and count_gpus() > 0)
            gpus = 1.0 if on_gpu else 0.0
        return Resources(cpus=settings["threads"], gpus=gpus)

    async def open(self) -> None:
        """Prove every ability by one small request.

        Raises
        ------
        BackendError
            If one of them fails; says how.
        """
        from simulator.backends.transformers.proof import prove

        await prove(self, "Try `dtype: float32` and `attention: eager`, or another version of transformers.")

    def card(self) -> ModelCard:
        """Weights as run, and everything that changes numbers."""
        return self._card

    def _described(self) -> ModelCard:
        settings, network = self.settings, self.network
        local = Path(settings.path).expanduser()
        return ModelCard(
            name=self._name,
            backend="transformers",
            digest=places.digest(self._place),
            settings={
                "model": self._place.gguf or (local.name if local.exists() else settings.path),
                "revision": settings.revision,
                "adapter": self._place.adapter.name if self._place.adapter else None,
                "family": type(network.model).__name__,
                "dtype": str(network.model.dtype).removeprefix("torch."),
                "quantization": settings.quantization,
                "attention": network.model.config._attn_implementation,
                "device": network.device,
                "context": self.size,
                "batch": self.concurrency,
                "tokenizer": "transformers" if isinstance(self.vocabulary, HubVocabulary) else "llama.cpp",
                "chat_template": self.template.source is not None,
                "torch": version("torch"),
                "transformers": version("transformers"),
            },
            notice=f"Model {self._name} may be fetched from the hub (`download: true`)."
            if self._place.fetched
            else "",
        )

    async def complete(self, request: Request) -> Completion:
        """Do what the request asks for; what cannot be done comes back as an attempt with an error."""
        kind = Writing if request.ability == "generate" else Rating
        return await asyncio.wrap_future(self.engine.submit(kind(request, self._tools)))

    async def close(self) -> None:
        """End what is at work, then give memory back; idempotent."""
        await asyncio.to_thread(self.engine.close)
        self.network.unload()

    def _context(self, of_tokenizer: int) -> int:
        """Tokens of context: those wished for, or those that the model or else its tokenizer names, or UNBOUNDED."""
        wished = self.settings.context
        size = self.network.size or (of_tokenizer if of_tokenizer < 2**20 else max(UNBOUNDED, wished or 0))
        if (wished or 0) > size:
            raise BackendError(
                f"context {wished:,} is more than the {size:,} tokens that {self.settings.path} was made for; give "
                "at most that, or leave it out."
            )
        return wished or size
