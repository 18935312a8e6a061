"""Offline vLLM in a cohort: its engine batches, shares prefixes and spreads over GPUs; requests come one by one.

Prompts are written by the same template and vocabulary as for the backend ``transformers``. Likelihoods are read off
the log-probabilities of prompts: vLLM gives those of the tokens that are there, so each continuation is a prompt.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from demoscope.documents import Document, build
from demoscope.errors import BackendError, DocumentError
from simulator.backends.interface import ModelCard, Resources
from simulator.backends.logits.completions import failed, rated, steps_of, written
from simulator.backends.logits.requests import Refused, longest_reply, must_fit, paths_of, prompt_of
from simulator.backends.logits.scoring import Path, tips
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.transformers import places
from simulator.backends.transformers.library import transformers
from simulator.backends.transformers.settings import TransformersSettings
from simulator.backends.transformers.vocabulary import HubVocabulary
from simulator.constraint import AnyConstraint, Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Ability, Completion, ErrorKind, Request

MISSING = frozenset({"num_beams", "best_of"})
"""What its engine does not do beside other requests: it is left out, and the wave is told."""


class VllmSettings(Document):
    """Settings of a model that vLLM runs in the cohort itself."""

    path: str
    """Folder of a model, or an id of the hub."""
    revision: str | None = None
    """Branch, tag or commit of a hub id."""
    download: bool = False
    """Whether files of a hub id may be fetched."""
    num_gpus: int = Field(default=1, ge=1, le=64)
    """GPUs that each engine reserves and splits its layers over (tensor parallel)."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Type of the weights."""
    quantization: str | None = None
    """How weights are stored, in vLLM's words, such as ``awq``, ``gptq``, ``fp8`` or ``bitsandbytes``."""
    context: int | None = Field(default=None, ge=16)
    """Most tokens of prompt and reply; by default what the model was made for."""
    memory: float = Field(default=0.9, gt=0, le=1)
    """Share of the memory of each GPU that vLLM takes."""
    batch: int = Field(default=256, ge=1, le=4096)
    """Requests that are open at once."""


class VllmBackend:
    """One model of Hugging Face in an engine of vLLM."""

    abilities: frozenset[Ability] = frozenset({"generate", "label_logprobs", "score"})
    """Replies, label distributions and scores of continuations; proved when it opens."""
    settings_model = VllmSettings
    """What the wave file may say."""
    tokens_per_second: tuple[float, float] | None = None
    """Nothing is known without the model."""
    tried_out: frozenset[str] = frozenset()
    """Nothing."""
    never: frozenset[str] = MISSING
    """Beams and best-of-n, which the backend ``transformers`` does."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.perf_counter, **settings: Any) -> None:
        """Find the model; the engine starts when the backend opens.

        Raises
        ------
        BackendError
            If a setting is wrong, the model is missing, or vllm is not installed.
        """
        try:
            self.settings = build(VllmSettings, settings, f"model {name!r}")
        except DocumentError as error:
            raise BackendError(str(error)) from None
        self._vllm = library()
        self._name, self._clock = name, clock
        found = self.settings
        self._place = places.find(
            TransformersSettings(path=found.path, revision=found.revision, download=found.download)
        )
        tokenizer = transformers().AutoTokenizer.from_pretrained(self._place.folder, local_files_only=True)
        ends = transformers().GenerationConfig.from_pretrained(self._place.folder, local_files_only=True).eos_token_id
        known = [] if ends is None else ends if isinstance(ends, list) else [ends]
        self._vocabulary = HubVocabulary(tokenizer, len(tokenizer), known)
        template = tokenizer.chat_template
        self._template = ChatTemplate(self._vocabulary, template if isinstance(template, str) else None)
        self.concurrency = found.batch
        """As many requests as the settings allow to be open."""
        self._engine: Any = None
        self._size = 0

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        """A core, and the GPUs that the model is split over."""
        return Resources(cpus=1, gpus=settings["num_gpus"])

    async def open(self) -> None:
        """Start the engine and prove every ability by one small request.

        Raises
        ------
        BackendError
            If it does not start, or a request comes to nothing.
        """
        from simulator.backends.transformers.proof import prove

        settings = self.settings
        try:
            arguments = self._vllm.AsyncEngineArgs(
                model=str(self._place.folder),
                dtype=settings.dtype,
                quantization=settings.quantization,
                max_model_len=settings.context,
                gpu_memory_utilization=settings.memory,
                tensor_parallel_size=settings.num_gpus,
                max_num_seqs=settings.batch,
                enable_prefix_caching=True,
                disable_log_stats=True,
            )
            self._engine = self._vllm.AsyncLLMEngine.from_engine_args(arguments)
            self._size = int(self._engine.model_config.max_model_len)
        except Exception as error:  # many kinds, of drivers, of memory and of models
            raise BackendError(f"vLLM cannot start {settings.path} ({type(error).__name__}: {error}).") from None
        await prove(self)

    def card(self) -> ModelCard:
        """Weights as run, and everything that changes numbers."""
        shown = self.settings.model_dump(mode="json", exclude={"path", "download", "batch", "memory"})
        return ModelCard(
            name=self._name,
            backend="vllm",
            digest=places.digest(self._place),
            settings={"model": self.settings.path, "vllm": str(self._vllm.__version__), **shown},
            missing=tuple(sorted(MISSING)),
        )

    async def complete(self, request: Request) -> Completion:
        """Do what the request asks for; what cannot be done comes back as an attempt with an error."""
        sent = self._clock()
        try:
            if request.ability == "generate":
                return await self._write(request, sent)
            return await self._rate(request, sent)
        except Refused as error:
            return self._failed(error.kind, str(error), sent)
        except ValueError as error:
            return self._failed("rejected", str(error), sent)
        except Exception as error:  # of vLLM's own kinds, which have no common base, such as that its engine died
            return self._failed("server", f"vLLM failed ({type(error).__name__}: {error}).", sent)

    async def close(self) -> None:
        """End the engine; idempotent."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.shutdown()

    async def _write(self, request: Request, sent: float) -> Completion:
        prompt = prompt_of(request, self._template)
        must_fit(len(prompt), longest_reply(request, 0), self._size)
        wishes = sampling(request.decoding, request.seed, request.stop, self._vocabulary.ends.tolist())
        if request.constraint is not None:
            forms = self._vllm.sampling_params.StructuredOutputsParams
            wishes |= {"structured_outputs": forms(**structure(request.constraint))}
        found = (await self._asked(prompt, wishes)).outputs[0]
        return written(
            request,
            found.text,
            finish_reason=found.finish_reason,
            prompt_tokens=len(prompt),
            completion_tokens=len(found.token_ids),
            logprob=found.cumulative_logprob,
            applied=applied(request.decoding),
            latency_s=self._clock() - sent,
            endpoint=self._name,
        )

    async def _rate(self, request: Request, sent: float) -> Completion:
        prompt = prompt_of(request, self._template)
        paths, spaces = paths_of(request, self._vocabulary), self._vocabulary.spaces
        must_fit(len(prompt), max(map(len, paths.values())) + 1, self._size)
        whole = tips(steps_of(request, paths, spaces))  # a prompt for each path that begins no longer one
        told = await asyncio.gather(*(self._of_prompt(prompt, path) for path in whole))
        logprobs = {
            path[: n + 1]: value for path, values in zip(whole, told, strict=True) for n, value in enumerate(values)
        }
        return rated(
            request,
            paths,
            spaces,
            logprobs,
            prompt_tokens=len(prompt),
            latency_s=self._clock() - sent,
            endpoint=self._name,
        )

    async def _of_prompt(self, prompt: list[int], path: Path) -> list[float]:
        """Natural log-probability of each token of a path after the prompt."""
        told = (await self._asked([*prompt, *path], {"max_tokens": 1, "prompt_logprobs": 0})).prompt_logprobs
        return [min(0.0, float(told[len(prompt) + n][token].logprob)) for n, token in enumerate(path)]

    async def _asked(self, prompt: list[int], wishes: dict[str, Any]) -> Any:
        parameters = self._vllm.SamplingParams(**wishes)
        stream = self._engine.generate({"prompt_token_ids": prompt}, parameters, uuid.uuid4().hex)
        told = [one async for one in stream]
        if not told:
            raise RuntimeError("no reply came")
        return told[-1]

    def _failed(self, kind: ErrorKind, reason: str, sent: float) -> Completion:
        return failed(kind, reason, self._clock() - sent)


def library() -> Any:
    """The module ``vllm``.

    Raises
    ------
    BackendError
        If it is not installed.
    """
    try:
        import vllm  # type: ignore[import-not-found]
    except ImportError:
        raise BackendError(
            "vllm is not installed, so `backend: vllm` cannot run. Install it on a Linux machine with a GPU "
            "(`pip install 'demoscope[vllm]'`), talk to a server of it (docs/gpu.md), or use `backend: transformers`."
        ) from None
    return vllm


def sampling(decoding: Decoding, seed: int, stop: tuple[str, ...], ends: Sequence[int] = ()) -> dict[str, Any]:
    """Arguments of ``SamplingParams`` for a decoding, without what is :data:`MISSING`.

    Parameters
    ----------
    ends : sequence of int
        Tokens that end a reply, beside those that the model's own configuration names.

    >>> sampling(Decoding(do_sample=False, top_p=0.9, max_tokens=8), 3, ("x",))["temperature"]
    0.0
    """
    wishes: dict[str, Any] = {
        "temperature": 0.0 if decoding.greedy else decoding.temperature,
        "max_tokens": decoding.max_tokens,
        "seed": seed,
        "stop": list(stop) or None,
        "stop_token_ids": list(ends),
        "logprobs": 0,
    }
    if not decoding.greedy:
        wishes |= {"top_p": decoding.top_p, "top_k": decoding.top_k or 0, "min_p": decoding.min_p or 0.0}
    if decoding.repetition_penalty is not None:
        wishes["repetition_penalty"] = decoding.repetition_penalty
    return wishes


def applied(decoding: Decoding) -> dict[str, Any]:
    """The decoding as it was carried out."""
    kept = {name: value for name, value in decoding.as_dict().items() if name not in MISSING}
    return kept | {"do_sample": not decoding.greedy}


def structure(constraint: AnyConstraint) -> dict[str, Any]:
    """Arguments of ``StructuredOutputsParams`` for a constraint that is one choice and nothing else.

    Raises
    ------
    Refused
        If it is of another form; the backends ``transformers`` and ``llama_cpp`` do all of them.

    >>> structure(Constraint(("1: yes", "2: no"), prefix="I say "))
    {'choice': ['I say 1: yes', 'I say 2: no']}
    """
    if isinstance(constraint, Constraint) and not constraint.free_tokens and constraint.most == 1:
        if constraint.choices:
            return {"choice": [constraint.prefix + choice for choice in constraint.choices]}
        low, high = constraint.minimum, constraint.maximum
        if low is not None and high is not None and high - low < 1000:
            answers = (*range(low, high + 1), *constraint.alone)
            return {"choice": [f"{constraint.prefix}{answer}" for answer in answers]}
    raise Refused(
        "rejected",
        "Through vLLM a reply can be held to one choice or a number between near ends; `backend: transformers` and "
        "`backend: llama_cpp` hold it to any constraint.",
    )
