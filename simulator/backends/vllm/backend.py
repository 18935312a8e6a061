"""Offline vLLM in a cohort: its engine batches, shares prefixes and spreads over GPUs; requests come one by one.

Prompts are written by the same template and vocabulary as for the backend ``transformers``.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from demoscope.documents import build
from demoscope.errors import BackendError, DocumentError
from simulator.backends.interface import ModelCard, Resources
from simulator.backends.llama_cpp.machine import cores
from simulator.backends.logits.completions import failed, rated, replied, steps_of
from simulator.backends.logits.grammar import Grammars
from simulator.backends.logits.requests import Refused, longest_reply, must_fit, paths_of, prompt_of
from simulator.backends.logits.scoring import Path, following
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.transformers import places
from simulator.backends.transformers.library import transformers
from simulator.backends.transformers.proof import prove
from simulator.backends.transformers.settings import TransformersSettings
from simulator.backends.transformers.vocabulary import HubVocabulary
from simulator.backends.vllm.engine import Engine, together
from simulator.backends.vllm.library import vllm
from simulator.backends.vllm.settings import VllmSettings
from simulator.backends.vllm.writing import Writer
from simulator.protocols.interface import Ability, Completion, ErrorKind, Request


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
    never: frozenset[str] = frozenset()
    """Nothing: beams and best-of-n are chosen here, from what vLLM says of each step."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.perf_counter, **settings: Any) -> None:
        """Find the model; the engine starts when the backend opens.

        Raises
        ------
        BackendError
            If a setting is wrong, the model is missing or a GGUF file, or vllm is not installed.
        """
        try:
            self.settings = build(VllmSettings, settings, f"model {name!r}")
        except DocumentError as error:
            raise BackendError(str(error)) from None
        vllm()
        self._name, self._clock = name, clock
        found = self.settings
        self._place = places.find(
            TransformersSettings(
                path=found.path, adapter=found.adapter, revision=found.revision, download=found.download
            )
        )
        if self._place.gguf:
            raise BackendError(
                f"{found.path}: vLLM does not read GGUF files by itself. Name a folder with safetensors, or use "
                "`backend: llama_cpp`."
            )
        self._vocabulary, template = _tokens_of(self._place)
        self._template = ChatTemplate(self._vocabulary, template if isinstance(template, str) else None)
        self._grammars = Grammars(self._vocabulary)
        self.concurrency = found.batch
        """As many requests as the settings allow to be open."""
        self._engine: Engine | None = None

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        """A core, and the GPUs that the model is split over; without GPUs all cores, which vLLM then uses."""
        gpus = settings["num_gpus"]
        return Resources(cpus=1 if gpus else cores(), gpus=gpus)

    async def open(self) -> None:
        """Start the engine and prove every ability by one small request.

        Raises
        ------
        BackendError
            If it does not start, or a request comes to nothing.
        """
        self._engine = Engine(self.settings, self._place)
        try:
            await prove(self, "Try `dtype: float32` or `enforce_eager: true`, or another version of vllm.")
        except BackendError:
            await self.close()
            raise

    def card(self) -> ModelCard:
        """Weights as run, and everything that changes numbers."""
        settings, place = self.settings, self._place
        return ModelCard(
            name=self._name,
            backend="vllm",
            digest=places.digest(place),
            settings={
                "model": settings.path if places.HUB_ID.fullmatch(settings.path) else place.folder.name,
                "revision": settings.revision,
                "adapter": place.adapter.name if place.adapter else None,
                "quantization": settings.quantization,
                "num_gpus": settings.num_gpus,
                "enforce_eager": settings.enforce_eager,
                "chat_template": self._template.source is not None,
                "vllm": str(vllm().__version__),
                **(self._engine.described() if self._engine else {"dtype": settings.dtype}),
            },
            notice=f"Model {self._name} may be fetched from the hub (`download: true`)."
            if self._place.fetched
            else "",
        )

    async def complete(self, request: Request) -> Completion:
        """Do what the request asks for; what cannot be done comes back as an attempt with an error."""
        sent = self._clock()
        try:
            assert self._engine is not None
            if request.ability == "generate":
                return await self._write(request, self._engine, sent)
            return await self._rate(request, self._engine, sent)
        except Refused as error:
            return failed(error.kind, str(error), self._clock() - sent)
        except ValueError as error:
            return failed("rejected", str(error), self._clock() - sent)
        except Exception as error:  # of vLLM's own kinds: that a request is wrong, or that its engine died
            kind: ErrorKind = "rejected" if isinstance(error, vllm().exceptions.VLLMClientError) else "server"
            return failed(kind, f"vLLM failed ({type(error).__name__}: {error}).", self._clock() - sent)

    async def close(self) -> None:
        """End the engine; idempotent."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    async def _write(self, request: Request, engine: Engine, sent: float) -> Completion:
        prompt = prompt_of(request, self._template)
        must_fit(len(prompt), longest_reply(request, 0), engine.size)
        reply = await Writer(engine, self._vocabulary, self._grammars).write(request, prompt)
        return replied(request, reply, prompt=prompt, latency_s=self._clock() - sent, endpoint=self._name)

    async def _rate(self, request: Request, engine: Engine, sent: float) -> Completion:
        prompt = prompt_of(request, self._template)
        paths, spaces = paths_of(request, self._vocabulary), self._vocabulary.spaces
        must_fit(len(prompt), max(map(len, paths.values())), engine.size)
        wanted = following(steps_of(request, paths, spaces))
        first = await engine.logprobs(prompt, wanted[()])  # which puts the prompt into the cache
        later = [path for path in wanted if path]
        told = await together(engine.logprobs([*prompt, *path], wanted[path]) for path in later)
        logprobs: dict[Path, float] = {
            (*path, token): value
            for path, values in zip([(), *later], [first, *told], strict=True)
            for token, value in zip(wanted[path], values, strict=True)
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


def _tokens_of(place: places.Place) -> tuple[HubVocabulary, Any]:
    """Vocabulary and chat template of a model.

    Raises
    ------
    BackendError
        If transformers cannot read them.
    """
    hf, folder = transformers(), place.folder
    try:
        tokenizer = hf.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        config = hf.AutoConfig.from_pretrained(folder, local_files_only=True)
        if (folder / "generation_config.json").is_file():
            generation = hf.GenerationConfig.from_pretrained(folder, local_files_only=True)
        else:
            generation = hf.GenerationConfig.from_model_config(config)
    except Exception as error:  # many kinds, of files and of packages
        raise BackendError(
            f"{folder}: tokenizer and configuration of this model cannot be read ({type(error).__name__}: {error})."
        ) from None
    ends = generation.eos_token_id
    known = [] if ends is None else ends if isinstance(ends, list) else [ends]
    size = int(config.get_text_config().vocab_size)
    return HubVocabulary(tokenizer, size, known), tokenizer.chat_template
