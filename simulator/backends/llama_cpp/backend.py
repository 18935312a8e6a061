"""The local backend in its simple form: one sequence at a time, on one worker thread."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

from demoscope import seeds
from demoscope.documents import build
from demoscope.errors import BackendError, DocumentError
from simulator.backends.interface import ModelCard
from simulator.backends.llama_cpp import scoring
from simulator.backends.llama_cpp.generation import Generation
from simulator.backends.llama_cpp.grammar import Grammars
from simulator.backends.llama_cpp.library import amx_guard
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.llama_cpp.settings import LlamaCppSettings
from simulator.backends.llama_cpp.weights import prepare
from simulator.protocols.interface import Ability, Attempt, Completion, ErrorKind, Request

ROLES = ("system", "user", "assistant")
"""Roles a message may have."""


class _Refused(Exception):
    """A request that cannot be fulfilled, and why."""

    def __init__(self, kind: ErrorKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class LlamaCppBackend:
    """One GGUF model on this machine.

    The C work runs in a thread of its own, so the event loop stays free; a cancelled request stops at the next
    token. A reply depends on the request alone: not on earlier requests, their order or a resume.
    """

    abilities: frozenset[Ability] = frozenset({"generate", "label_logprobs", "score"})
    """Replies, label distributions and scores of continuations."""
    concurrency = 1
    """One sequence at a time."""
    settings_model = LlamaCppSettings
    """What the wave file may say."""
    tokens_per_second: tuple[float, float] | None = (300.0, 60.0)
    """Prompt and reply tokens of the embedded model on one core of a server."""

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
        """What the wave file said, completed."""
        self._name, self._clock = name, clock
        self.model = Model(prepare(found), n_gpu_layers=found.n_gpu_layers)
        """Weights, vocabulary and template."""
        try:
            self.sequence = Sequence(self.model, found)
            """The one sequence of this engine."""
        except BackendError:
            self.model.close()
            raise
        self._vocabulary = self.model.vocabulary
        self._grammars = Grammars(self._vocabulary)
        self._spaces = frozenset(t for t, piece in enumerate(self._vocabulary.pieces) if piece and piece.isspace())
        self._worker: ThreadPoolExecutor | None = ThreadPoolExecutor(1, thread_name_prefix=f"llama.cpp {name}")

    def card(self) -> ModelCard:
        """Weights as run, and everything that changes numbers."""
        settings = self.settings
        return ModelCard(
            name=self._name,
            backend="llama_cpp",
            digest=self.model.digest,
            settings={
                "file": self.model.path.name,
                "quantization": settings.quantization,
                "context": self.sequence.size,
                "kv_type": settings.kv_type,
                "flash_attention": settings.flash,
                "threads": settings.threads,
                "n_gpu_layers": settings.n_gpu_layers,
                "amx_guard": amx_guard(),
                "chat_template": self.model.template.source is not None,
                "llama_cpp_python": version("llama-cpp-python"),
            },
        )

    async def complete(self, request: Request) -> Completion:
        """Do what the request asks for; what cannot be done comes back as an attempt with an error."""
        if self._worker is None:
            return _failed("rejected", "The model was closed already.", 0.0)
        cancelled = threading.Event()
        future = self._worker.submit(self._attempt, request, cancelled, self._clock())
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            cancelled.set()
            task = asyncio.current_task()
            if self._worker is None and task is not None and not task.cancelling():  # closed while it waited
                return _failed("rejected", "The model was closed before this request began.", 0.0)
            raise

    async def close(self) -> None:
        """Wait for the request at work, then give memory and weights back; idempotent."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.to_thread(worker.shutdown, cancel_futures=True)
            self.sequence.close()
            self.model.close()

    def _attempt(self, request: Request, cancelled: threading.Event, sent: float) -> Completion:
        try:
            return self._do(request, cancelled, sent)
        except _Refused as refused:
            return _failed(refused.kind, str(refused), self._clock() - sent)
        except ValueError as error:  # the template or the vocabulary cannot write it
            return _failed("rejected", str(error), self._clock() - sent)
        except RuntimeError as error:
            return _failed("server", f"llama.cpp failed: {error}.", self._clock() - sent)

    def _do(self, request: Request, cancelled: threading.Event, sent: float) -> Completion:
        strange = [message.role for message in request.messages if message.role not in ROLES]
        if strange or not request.messages:
            raise _Refused("rejected", f"Messages need roles among {ROLES}; got {strange or 'no message'}.")
        prompt = self.model.template.tokens(request.messages)
        if not prompt:
            raise _Refused("rejected", "The prompt has no tokens; write a message.")
        if request.ability == "generate":
            return self._generate(request, prompt, cancelled, sent)
        return self._rate(request, prompt, sent)

    def _generate(self, request: Request, prompt: list[int], cancelled: threading.Event, sent: float) -> Completion:
        grammar = self._grammars.of(request.constraint) if request.constraint else None
        generation = Generation(
            self._vocabulary,
            request.decoding,
            prompt,
            seeds.generator(request.seed, "sampling"),
            stop=request.stop,
            grammar=grammar,
        )
        self._must_fit(len(prompt), _longest_reply(request, len(generation.opening)))
        if not generation.finish_reason:
            logits = self.sequence.begin([*prompt, *generation.opening])
            while following := generation.advance(logits):
                if cancelled.is_set():
                    raise _Refused("server", "The request was cancelled.")
                self._must_fit(len(prompt), len(generation.tokens))
                logits = self.sequence.extend(following)
        text = generation.text
        obeyed = request.constraint is None or request.constraint.matches(text)
        attempt = Attempt(
            text=text if obeyed else None,
            error=None if obeyed else f"The reply does not obey its constraint: {text!r}.",
            error_kind=None if obeyed else "malformed",
            finish_reason=generation.finish_reason,
            prompt_tokens=len(prompt),
            completion_tokens=len(generation.tokens),
            latency_s=self._clock() - sent,
            applied={**request.decoding.as_dict(), "num_beams": 1},
            endpoint=self._name,
            logprob=generation.logprob,
        )
        return Completion((attempt,))

    def _rate(self, request: Request, prompt: list[int], sent: float) -> Completion:
        paths = {label: tuple(self._vocabulary.continuation(label.encode())) for label in request.labels}
        if not paths or not all(paths.values()):
            raise _Refused("rejected", f"{request.ability} needs labels, none of them empty; got {request.labels!r}.")
        self._must_fit(len(prompt), max(map(len, paths.values())))
        outside = None
        if request.ability == "label_logprobs":
            found, outside = scoring.label_logprobs(
                paths, self._spaces, lambda path: self.sequence.branch(prompt, path)
            )
        else:
            found = scoring.score(paths, lambda path: self.sequence.branch(prompt, path))
        attempt = Attempt(
            text="",
            finish_reason="stop",
            prompt_tokens=len(prompt),
            completion_tokens=sum(map(len, paths.values())),
            latency_s=self._clock() - sent,
            endpoint=self._name,
        )
        return Completion((attempt,), found, outside)

    def _must_fit(self, prompt: int, reply: int) -> None:
        if prompt + reply > self.sequence.size:
            raise _Refused(
                "context",
                f"The prompt has {prompt:,} tokens and the reply may have {reply:,}, but the context holds "
                f"{self.sequence.size:,}. Shorten the memory or max_tokens, or give the model a larger `context`.",
            )


def _longest_reply(request: Request, opening: int) -> int:
    """Tokens to keep free for the reply; how long a constrained answer gets shows as it is written."""
    if request.constraint is None:
        return request.decoding.max_tokens
    return opening + min(request.constraint.free_tokens, request.decoding.max_tokens)


def _failed(kind: ErrorKind, reason: str, latency: float) -> Completion:
    return Completion((Attempt(error=reason, error_kind=kind, latency_s=latency),))
