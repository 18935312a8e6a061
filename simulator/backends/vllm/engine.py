"""One engine of vLLM: tokens in; tokens, or log-probabilities of tokens, out. It batches and shares prefixes."""

import asyncio
import json
import math
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from demoscope.errors import BackendError
from simulator.backends.logits.requests import must_fit
from simulator.backends.logits.sampling import Logits
from simulator.backends.transformers.places import Place
from simulator.backends.vllm.guardian import born
from simulator.backends.vllm.library import vllm
from simulator.backends.vllm.settings import VllmSettings

TOGETHER = 128
"""Tokens whose log-probabilities vLLM tells in one request."""
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks of adapters for which it has room."""
JSON_FORM = {"backend": "guidance", "disable_any_whitespace": True}
"""How JSON is held to its schema: by llguidance, which knows lengths and ranges, and without white space, in which a
weak model gets lost."""
T = TypeVar("T")
LOWEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the model wrote after a prompt."""

    ids: list[int]
    logprobs: list[float]
    """Natural log-probability of each, before decoding changes it."""
    stopped: bool
    """Whether it ended by itself or at a text that stops it, and not for its length."""


class Engine:
    """An engine of vLLM, started from settings."""

    def __init__(self, settings: VllmSettings, place: Place) -> None:
        """Start it.

        Raises
        ------
        BackendError
            If it does not start; says what vLLM raises, and where to see its own words.
        """
        adapter = place.adapter
        try:
            self._engine = vllm().AsyncLLMEngine.from_engine_args(
                vllm().AsyncEngineArgs(
                    model=str(place.folder),
                    dtype=settings.dtype,
                    quantization=settings.quantization,
                    max_model_len=settings.context,
                    gpu_memory_utilization=settings.memory,
                    tensor_parallel_size=max(1, settings.num_gpus),
                    distributed_executor_backend="mp" if settings.num_gpus > 1 else None,  # within the cohort's share
                    max_num_seqs=settings.batch,
                    max_logprobs=-1,
                    enable_prefix_caching=True,
                    structured_outputs_config=JSON_FORM,
                    enforce_eager=settings.enforce_eager,
                    enable_lora=adapter is not None,
                    max_lora_rank=RANKS[0] if adapter is None else room_for(rank(adapter)),
                    disable_log_stats=True,
                )
            )
        except BackendError:
            raise
        except Exception as error:  # many kinds, of drivers, of memory and of models
            raise BackendError(
                f"vLLM cannot start {settings.path} ({type(error).__name__}: {error}). Often memory is short: give a "
                "smaller `memory` if others use the GPU too, a smaller `context`, or more `num_gpus`. Run `demoscope "
                "doctor WAVE.yaml` on that machine: it shows what vLLM itself says."
            ) from None
        self.size = int(self._engine.model_config.max_model_len)
        """Tokens of prompt and reply that it holds."""
        self.n_vocab = int(self._engine.model_config.get_vocab_size())
        """Tokens of which it gives log-probabilities."""
        self._guardian = _guardian()
        self._beside = asyncio.Condition()
        self._open = {"likeliest": 0, "certain": 0}
        self._lora = None if adapter is None else vllm().lora.request.LoRARequest("adapter", 1, str(adapter))

    def described(self) -> dict[str, Any]:
        """As what the model runs, and on what."""
        platform = vllm().platforms.current_platform
        return {
            "dtype": str(self._engine.model_config.dtype).removeprefix("torch."),
            "context": self.size,
            "device": str(platform.get_device_name()),
            "torch": version("torch"),
        }

    async def reply(self, prompt: Sequence[int], wishes: dict[str, Any]) -> Tokens:
        """Tokens after a prompt, the one that ended the reply among them, as arguments of ``SamplingParams`` wish."""
        found = await self._asked(prompt, wishes | {"logprobs": 0})
        ids = list(found.token_ids)
        logprobs = [_of(step, token) for step, token in zip(found.logprobs, ids, strict=True)]
        return Tokens(ids, logprobs, found.finish_reason == "stop")

    async def logprobs(self, prompt: Sequence[int], tokens: Sequence[int]) -> list[float]:
        """Natural log-probability of each of some tokens right after a prompt, whose beginning may be cached.

        The log-probabilities that vLLM tells of prompts would do in one request what this does in several; but for
        them it evaluates the whole prompt anew, each time.
        """
        parts = [list(tokens[n : n + TOGETHER]) for n in range(0, len(tokens), TOGETHER)]
        async with self._turn("certain"):
            told = await together(self._asked(prompt, {"max_tokens": 1, "logprob_token_ids": part}) for part in parts)
        return [_of(one.logprobs[0], token) for one, part in zip(told, parts, strict=True) for token in part]

    async def likeliest(self, prompt: Sequence[int], count: int) -> dict[int, float]:
        """The likeliest tokens right after a prompt, and their natural log-probabilities."""
        async with self._turn("likeliest"):
            found = (await self._asked(prompt, {"max_tokens": 1, "temperature": 0.0, "logprobs": count})).logprobs[0]
        return {token: float(one.logprob) for token, one in found.items()}

    async def row(self, prompt: Sequence[int], tokens: Sequence[int] | None, count: int | None) -> Logits:
        """What may come after a prompt: log-probabilities of certain tokens, or of the likeliest.

        The rest of the probability is spread evenly over all other tokens, of which nobody may ask more than that.

        Parameters
        ----------
        tokens : sequence of int, optional
            The tokens that are asked for; when left out, the likeliest are.
        count : int, optional
            How many of the likeliest; all tokens when left out.

        Returns
        -------
        numpy.ndarray, shape (n_vocab,)
        """
        if tokens is None:
            known = await self.likeliest(prompt, min(count or self.n_vocab, self.n_vocab))
        else:
            known = dict(zip(tokens, await self.logprobs(prompt, tokens), strict=True))
        return spread(known, self.n_vocab)

    def close(self) -> None:
        """End it and its processes."""
        engine, self._engine = self._engine, None
        engine.shutdown()
        self._guardian.communicate("ended\n")

    @asynccontextmanager
    async def _turn(self, kind: str) -> AsyncIterator[None]:
        """Keep requests for the likeliest tokens and for certain ones apart.

        Where both are in one step, vLLM 0.32 tells of the certain ones alone.
        """
        other = next(one for one in self._open if one != kind)
        async with self._beside:
            await self._beside.wait_for(lambda: not self._open[other])
            self._open[kind] += 1
        try:
            yield
        finally:
            async with self._beside:
                self._open[kind] -= 1
                self._beside.notify_all()

    async def _asked(self, prompt: Sequence[int], wishes: dict[str, Any]) -> Any:
        must_fit(len(prompt), wishes["max_tokens"], self.size)
        last = vllm().sampling_params.RequestOutputKind.FINAL_ONLY
        parameters = vllm().SamplingParams(**wishes, detokenize=bool(wishes.get("stop")), output_kind=last)
        asked = {"prompt_token_ids": list(prompt)}
        stream = self._engine.generate(asked, parameters, uuid.uuid4().hex, lora_request=self._lora)
        told = [one async for one in stream]
        if not told:
            raise RuntimeError("no reply came")
        return told[-1].outputs[0]


def spread(known: dict[int, float], size: int) -> Logits:
    """A row of log-probabilities from those of some tokens; the others share evenly what is left.

    >>> [round(float(one), 2) for one in np.exp(spread({0: np.log(0.5), 3: np.log(0.3)}, 4))]
    [0.5, 0.1, 0.1, 0.3]
    """
    left = 1.0 - sum(map(math.exp, known.values()))
    others = max(1, size - len(known))
    row = np.full(size, math.log(max(left / others, LOWEST)), dtype=np.float32)
    row[list(known)] = list(known.values())
    return row


async def together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What all calls bring, in order; when one fails the others end too."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def rank(adapter: Path) -> int:
    """Largest rank of an adapter of peft, as its configuration says."""
    about = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    return max(int(one) for one in (about.get("r", RANKS[0]), *about.get("rank_pattern", {}).values()))


def _guardian() -> subprocess.Popen[str]:
    """A process that ends those of the engine if this one dies."""
    import psutil

    own = psutil.Process().children(recursive=True)
    charges = [f"{one.pid}:{birth!r}" for one in own if (birth := born(one.pid)) is not None]
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("guardian.py")), *charges],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def room_for(rank: int) -> int:
    """The smallest room for adapters that holds this rank.

    Raises
    ------
    BackendError
        If vLLM has none.

    >>> room_for(12)
    16
    """
    found = next((one for one in RANKS if one >= rank), None)
    if found is None:
        raise BackendError(f"vLLM takes adapters up to rank {RANKS[-1]}, and this one has {rank}: merge it.")
    return found


def _of(step: Any, token: int) -> float:
    return min(0.0, float(step[token].logprob))
