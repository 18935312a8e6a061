"""vLLM in the cohort against ``transformers`` on the same weights, and two ways to likelihoods through vLLM.

``python benchmarks/vllm_engine.py [--quick] [--respondents N] [--questions N]`` ends in one JSON line.

The interviews of ``def_interviews.py`` with ``top_k: 50`` (beams that sample from all of the vocabulary are slow
through vLLM) are put to both backends: everybody drawn as DEF draws, and everybody without beams. Then distributions
over ten labels after long prompts are asked for: as the backend does, token by token after a cached prompt, and by
the log-probabilities of prompts, for which vLLM evaluates every prompt anew. On a GPU the model has the shape of
Llama-3.1-8B, on a processor that of SmolLM2-135M; its weights are random.
"""

import argparse
import asyncio
import dataclasses
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.def_interviews import conducted
from benchmarks.line import Number, line, number
from benchmarks.random_model import LLAMA_8B, SMOLLM2, random_folder
from simulator.backends.interface import Backend
from simulator.backends.transformers import TransformersBackend
from simulator.backends.vllm import VllmBackend
from simulator.backends.vllm.library import vllm
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request

WAYS = {"as DEF draws": ", top_k: 50", "without beams": ", top_k: 50, num_beams: 1"}
LABELS = tuple(map(str, range(1, 11)))


@dataclasses.dataclass
class Sizes:
    """How much is done."""

    people: int
    questions: int
    tokens: int
    """New tokens an answer."""
    rows: int
    prompts: int
    """Prompts after which labels are rated."""
    words: int
    """Words of each."""


async def answers_per_s(backend: Backend, sizes: Sizes, further: str) -> float:
    """Answers a second of interviews."""
    began = time.perf_counter()
    asked = await conducted(backend.complete, sizes.people, sizes.questions, sizes.tokens, further)
    return len(asked) / (time.perf_counter() - began)


def ratings(sizes: Sizes, kind: str) -> list[Request]:
    """Requests for a distribution over labels; of different kinds, so that no prompt was read before."""
    told = [
        f"{kind} {n}: " + "a town where people trust each other and " * (sizes.words // 8)
        for n in range(sizes.prompts)
    ]
    return [
        Request("rate", n, (Message("user", text),), Decoding(), n, ability="label_logprobs", labels=LABELS)
        for n, text in enumerate(told)
    ]


async def by_prompt_logprobs(backend: VllmBackend, wanted: list[Request]) -> None:
    """The other way to the same numbers: a prompt for every label."""

    async def rated(request: Request, label: str) -> None:
        prompt = backend._template.tokens(request.messages)
        path = backend._vocabulary.continuation(label.encode())
        parameters = vllm().SamplingParams(max_tokens=1, prompt_logprobs=0, detokenize=False)
        name = f"{request.ordinal} {label}"
        async for _ in backend._engine._engine.generate({"prompt_token_ids": [*prompt, *path]}, parameters, name):  # type: ignore[union-attr]
            pass

    await asyncio.gather(*(rated(request, label) for request in wanted for label in LABELS))


async def measured(folder: Path, sizes: Sizes, gpu: bool) -> dict[str, float]:
    """Seconds and answers a second, by what was measured."""
    found: dict[str, float] = {}
    shared: dict[str, Any] = {"path": str(folder), "dtype": "bfloat16", "context": 4096, "batch": sizes.rows}
    other = TransformersBackend("random", device="cuda" if gpu else "cpu", threads=2, **shared)
    await other.open()
    for name, further in WAYS.items():
        found[f"transformers {name}"] = await answers_per_s(other, sizes, further)
    await other.close()
    backend = VllmBackend("random", num_gpus=int(gpu), memory=0.8 if gpu else 0.15, **shared)
    await backend.open()
    for name, further in WAYS.items():
        found[f"vllm {name}"] = await answers_per_s(backend, sizes, further)
    began = time.perf_counter()
    await asyncio.gather(*map(backend.complete, ratings(sizes, "One")))
    found["labels after cached prompts"] = time.perf_counter() - began
    began = time.perf_counter()
    await by_prompt_logprobs(backend, ratings(sizes, "Two"))
    found["labels by prompt log-probabilities"] = time.perf_counter() - began
    await backend.close()
    return found


def told(found: dict[str, float] | None) -> list[Number]:
    """The numbers; null where nothing was measured."""
    got: dict[str, Any] = found or {}
    numbers = []
    for name in WAYS:
        ours, theirs = got.get(f"vllm {name}"), got.get(f"transformers {name}")
        numbers += [
            number(f"answers per second through vllm, {name}", ours, "1/s"),
            number(f"answers per second through transformers, {name}", theirs, "1/s"),
            number(f"vllm_to_transformers {name}_ratio", ours and theirs and ours / theirs),
        ]
    cached, anew = got.get("labels after cached prompts"), got.get("labels by prompt log-probabilities")
    return [*numbers, number("labels_by_prompt_logprobs_to_cached_prompts_ratio", cached and anew and anew / cached)]


def main() -> None:
    """Measure and print; without vLLM say so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few people, few questions")
    parser.add_argument("--respondents", type=int)
    parser.add_argument("--questions", type=int, help="questions to each, after those that fill memories; at most 25")
    wanted = parser.parse_args()
    missing = [name for name in ("torch", "transformers", "vllm") if find_spec(name) is None]
    if missing:
        print(f"NOT MEASURED: {', '.join(missing)} not installed (docs/gpu.md says how).")
        print(line("vllm_engine", told(None), gpu=None, why=f"{', '.join(missing)} not installed"))
        return
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    if gpu:
        sizes = Sizes(32, 2, 128, 128, 16, 800) if wanted.quick else Sizes(192, 8, 128, 192, 64, 800)
    else:
        print("NOT ON A GPU: what follows compares the two on this processor.")
        sizes = Sizes(4, 1, 8, 16, 1, 200) if wanted.quick else Sizes(6, 1, 16, 16, 2, 400)
    sizes = dataclasses.replace(
        sizes, people=wanted.respondents or sizes.people, questions=min(wanted.questions or sizes.questions, 25)
    )
    with tempfile.TemporaryDirectory() as folder:
        random_folder(LLAMA_8B if gpu else SMOLLM2, Path(folder), "cuda" if gpu else "cpu")
        found = asyncio.run(measured(Path(folder), sizes, gpu is not None))
    for name, value in found.items():
        print(f"{name}: {value:.3g}")
    print(line("vllm_engine", told(found), gpu=gpu, vllm=vllm().__version__, sizes=dataclasses.asdict(sizes)))


if __name__ == "__main__":
    main()
