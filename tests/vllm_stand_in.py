"""What the backend asks of vLLM, done by transformers on a tiny model, where no vLLM can run.

Names, arguments and what comes back are those of vLLM's own source (``vllm/sampling_params.py``,
``vllm/v1/engine/async_llm.py``); an argument that it does not have is a TypeError here too. It shows that requests
are put and replies are read rightly. It shows nothing of vLLM's numbers or speed.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any


class EngineDeadError(Exception):
    """As in ``vllm.v1.engine.exceptions``: no RuntimeError."""


@dataclass
class StructuredOutputsParams:
    """A form that a reply must have."""

    choice: list[str] | None = None


@dataclass
class SamplingParams:
    """How a reply is drawn."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: list[str] | None = None
    stop_token_ids: list[int] | None = None
    max_tokens: int = 16
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    structured_outputs: StructuredOutputsParams | None = None


@dataclass
class AsyncEngineArgs:
    """What an engine is started with."""

    model: str
    dtype: str
    quantization: str | None
    max_model_len: int | None
    gpu_memory_utilization: float
    tensor_parallel_size: int
    max_num_seqs: int
    enable_prefix_caching: bool
    disable_log_stats: bool


class AsyncLLMEngine:
    """An engine that answers one request at a time; ``dead`` makes it fail as a dead one does."""

    dead = False

    def __init__(self, arguments: AsyncEngineArgs) -> None:
        import transformers

        assert arguments.enable_prefix_caching
        self._model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model)
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
        most = arguments.max_model_len or self._model.config.max_position_embeddings
        self.model_config = SimpleNamespace(max_model_len=most)

    @classmethod
    def from_engine_args(cls, engine_args: AsyncEngineArgs) -> "AsyncLLMEngine":
        return cls(engine_args)

    def shutdown(self) -> None:
        del self._model

    async def generate(
        self, prompt: dict[str, list[int]], sampling_params: SamplingParams, request_id: str
    ) -> AsyncIterator[Any]:
        """The output so far, again and again; the last one is complete."""
        if self.dead:
            raise EngineDeadError("EngineCore encountered an issue.")
        ids, wishes = prompt["prompt_token_ids"], sampling_params
        told = None
        if wishes.prompt_logprobs is not None:  # none of the first token, then those of each token that is there
            rows = self._logprobs(ids)
            told = [None] + [
                {token: SimpleNamespace(logprob=float(rows[n, token]))} for n, token in enumerate(ids[1:])
            ]
        new: list[int] = []
        total, reason = 0.0, None
        while reason is None:
            row = self._logprobs([*ids, *new])[-1]
            token = self._next(row, wishes, len(new))
            new.append(token)
            total += float(row[token])
            ended = token in (wishes.stop_token_ids or [])
            reason = "stop" if ended else "length" if len(new) == wishes.max_tokens else None
            text = self._tokenizer.decode(new, skip_special_tokens=True)
            found = [text.index(one) for one in wishes.stop or [] if one in text]
            if found:
                text, reason = text[: min(found)], "stop"
            output = SimpleNamespace(text=text, token_ids=list(new), finish_reason=reason, cumulative_logprob=total)
            yield SimpleNamespace(outputs=[output], prompt_logprobs=told)

    def _next(self, row: Any, wishes: SamplingParams, drawn: int) -> int:
        import torch

        if wishes.temperature == 0:
            return int(row.argmax())
        rng = torch.Generator().manual_seed(wishes.seed * 1000 + drawn) if wishes.seed is not None else None
        return int(torch.multinomial((row / wishes.temperature).softmax(-1), 1, generator=rng))

    def _logprobs(self, ids: list[int]) -> Any:
        import torch

        with torch.inference_mode():
            return self._model(torch.tensor([ids])).logits[0].float().log_softmax(-1)


def module() -> Any:
    """The module ``vllm`` as far as the backend knows it."""
    return SimpleNamespace(
        __version__="stand-in",
        SamplingParams=SamplingParams,
        AsyncEngineArgs=AsyncEngineArgs,
        AsyncLLMEngine=AsyncLLMEngine,
        sampling_params=SimpleNamespace(StructuredOutputsParams=StructuredOutputsParams),
    )
