"""DEF's interviews on one GPU: many at once against one prompt at a time, and what the hardware allows.

``python benchmarks/gpu.py [--quick] [--respondents N] [--questions N] [--rows N] [--alone N]`` ends in one JSON line.

A model of the shape of Llama-3.1-8B with random weights (bfloat16) answers the interviews of ``def_interviews.py``:
beams and sampling drawn for each person, 128 new tokens. The same model then answers prompts drawn from those it was
just asked, one at a time through ``generate`` of transformers. Speeds of reading and writing are counted without
attention's own operations and without the table of embeddings, of which a token reads one row, so shares of the GPU's
speed are low rather than high.

Without CUDA the line says so: every number is null. A small model then runs on the processor, which shows that the
parts work and says nothing of a GPU; what it came to stands apart, under ``processor``.
"""

import argparse
import asyncio
import dataclasses
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.def_interviews import Asked, conducted
from benchmarks.line import Number, line, number
from benchmarks.random_model import LLAMA_8B, SMALL, Model, random_model
from demoscope import seeds
from simulator.backends.transformers.engine import Engine
from simulator.backends.transformers.library import is_short_of_memory
from simulator.backends.transformers.network import Network
from simulator.backends.transformers.rows import begin
from simulator.backends.transformers.writing import Writing
from simulator.footprints import datasheet, token_bytes
from simulator.protocols.interface import Completion, Request

PUBLISHED_ANSWERS = 11 * 2 * 20 * 577
"""Models x cultures x respondents x questions of the published study's main experiment."""
PUBLISHED_HOURS = 1400
"""Hours on A100 GPUs that the study names for all its experiments together."""


@dataclasses.dataclass
class Sizes:
    """How much is done."""

    people: int
    questions: int
    tokens: int
    """New tokens an answer."""
    rows: int
    alone: int
    """Prompts that are answered one at a time."""
    length: int
    """Tokens of the prompts that bare passes read."""


def together(model: Model, sizes: Sizes) -> tuple[float, Asked, int]:
    """Seconds for all answers at once, every request with the tokens of its reply, and how often memory ran out."""
    engine = Engine(model.network, sizes.rows, "random")

    async def complete(request: Request) -> Completion:
        return await asyncio.wrap_future(engine.submit(Writing(request, model.tools)))

    began = time.perf_counter()
    asked = asyncio.run(conducted(complete, sizes.people, sizes.questions, sizes.tokens))
    seconds = time.perf_counter() - began
    engine.close()
    return seconds, asked, engine.shrunk


def one_at_a_time(model: Model, requests: Sequence[Request]) -> tuple[float, float]:
    """Seconds and new tokens for an answer of ``generate``, a prompt at a time."""
    import torch

    written = 0
    began = time.perf_counter()
    for wanted in requests:
        prompt = model.network.tensor([model.tools.template.tokens(wanted.messages)])
        with torch.inference_mode():
            found = model.network.model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                num_beams=wanted.decoding.num_beams,
                do_sample=wanted.decoding.do_sample,
                max_new_tokens=wanted.decoding.max_tokens,
                pad_token_id=0,
            )
        written += found.shape[1] - prompt.shape[1]
    settle(model.network)
    return (time.perf_counter() - began) / len(requests), written / len(requests)


def settle(network: Network) -> None:
    """Wait until the GPU has done what it was told."""
    import torch

    if network.device.startswith("cuda"):
        torch.cuda.synchronize()


def passes(model: Model, rows: int, length: int, steps: int = 10) -> tuple[float, float]:
    """Operations a second in reading prompts, and bytes a second in writing a token after each of them."""
    import torch

    network, (layers, head) = model.network, model.multiplied
    with torch.inference_mode():
        begin(network, [[1] * length])
        settle(network)
        began = time.perf_counter()
        batch = begin(network, [[1] * length for _ in range(rows)])
        settle(network)
        reading = time.perf_counter() - began
        batch.step([1] * rows)
        settle(network)
        began = time.perf_counter()
        for _ in range(steps):
            batch.step([1] * rows)
        settle(network)
    writing = (time.perf_counter() - began) / steps
    kept = rows * length * token_bytes(model.shape, model.each)
    return 2 * rows * (layers * length + head) / reading, ((layers + head) * model.each + kept) / writing


def passes_that_fit(model: Model, rows: int, length: int) -> tuple[float, float, int]:
    """Speeds of bare passes over as many of these rows as memory holds, and how many those are."""
    import torch

    while True:
        try:
            return (*passes(model, rows, length), rows)
        except Exception as error:
            if not is_short_of_memory(error) or rows == 1:
                raise
        torch.cuda.empty_cache()
        rows //= 2


def measured(shape: dict[str, Any], device: str, sizes: Sizes) -> dict[str, Any]:
    """Everything that is measured of a model on a device."""
    model = random_model(shape, device)
    seconds, asked, shrunk = together(model, sizes)
    chosen = seeds.generator(1, "alone").choice(len(asked), min(sizes.alone, len(asked)), replace=False)
    alone, alone_tokens = one_at_a_time(model, [asked[n][0] for n in chosen])
    operations, bytes_, rows = passes_that_fit(model, sizes.rows, sizes.length)
    prompts = [len(model.tools.template.tokens(asked[n][0].messages)) for n in chosen]
    return {
        "parameters": sum(one.numel() for one in model.network.model.parameters()),
        "answers": len(asked),
        "answers_per_s": len(asked) / seconds,
        "alone_per_s": 1 / alone,
        "times": len(asked) / seconds * alone,
        "tokens_an_answer": sum(tokens for _, tokens in asked) / len(asked),
        "tokens_an_answer_alone": alone_tokens,
        "prompt_tokens": sum(prompts) / len(prompts),
        "batch_shrunk": shrunk,
        "flop_per_s": operations,
        "bytes_per_s": bytes_,
        "rows_of_bare_passes": rows,
    }


def told(found: dict[str, Any] | None, gpu: str | None) -> list[Number]:
    """The numbers that are asked for; null where no GPU was there."""
    sheet = datasheet(gpu) if gpu else None
    got = found or {}
    rate = got.get("answers_per_s")
    shares = (got["bytes_per_s"] / sheet[0], got["flop_per_s"] / sheet[1]) if found and sheet else (None, None)
    return [
        number("answers per second, many at once", rate, "1/s"),
        number("answers per second, one prompt at a time", got.get("alone_per_s"), "1/s"),
        number("many at once to one at a time", got.get("times"), "times", ">= 20"),
        number("prefill", got["flop_per_s"] / 1e12 if found else None, "TFLOP/s"),
        number("prefill, share of what the maker prints", shares[1]),
        number("decode", got["bytes_per_s"] / 1e9 if found else None, "GB/s"),
        number("decode, share of what the maker prints", shares[0]),
        number("DEF study's main experiment on this GPU", rate and PUBLISHED_ANSWERS / rate / 3600, "h"),
        number("published for all experiments of the study together, on A100", PUBLISHED_HOURS, "h"),
    ]


def main() -> None:
    """Measure and print; without CUDA say so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few people, few questions")
    parser.add_argument("--respondents", type=int)
    parser.add_argument("--questions", type=int, help="questions to each, after those that fill memories; at most 25")
    parser.add_argument("--rows", type=int, help="rows evaluated together")
    parser.add_argument("--alone", type=int, help="prompts that are answered one at a time")
    wanted = parser.parse_args()
    missing = [name for name in ("torch", "transformers", "tokenizers") if find_spec(name) is None]
    if missing:
        print(f"NOT MEASURED: {', '.join(missing)} not installed (`pip install 'demoscope[hf]'`).")
        print(line("gpu", told(None, None), gpu=None, why=f"{', '.join(missing)} not installed"))
        return
    import torch

    if torch.cuda.is_available():
        gpu: str | None = torch.cuda.get_device_name()
        sizes = Sizes(32, 2, 128, 128, 6, 2048) if wanted.quick else Sizes(192, 8, 128, 192, 24, 2048)
        shape, device = LLAMA_8B, "cuda"
    else:
        print("NOT ON A GPU: torch finds no CUDA here, so nothing that is asked for is measured.")
        gpu, sizes, shape, device = None, Sizes(6, 2, 8, 16, 4, 128), SMALL, "cpu"
    sizes = Sizes(
        min(wanted.respondents or sizes.people, 100_000),
        min(wanted.questions or sizes.questions, 25),
        sizes.tokens,
        wanted.rows or sizes.rows,
        wanted.alone or sizes.alone,
        sizes.length,
    )
    torch.set_num_threads(1)
    found = measured(shape, device, sizes)
    print(
        f"{gpu or 'processor'}: {found['parameters'] / 1e6:,.0f} million weights, {found['answers']} answers after "
        f"prompts of about {found['prompt_tokens']:.0f} tokens: {found['answers_per_s']:.3g} a second together, "
        f"{found['alone_per_s']:.3g} one at a time, {found['times']:.1f} times"
    )
    if gpu:
        if datasheet(gpu) is None:
            print(f"What the maker prints of {gpu!r} is not known here, so no shares of it.")
        hours = PUBLISHED_ANSWERS / found["answers_per_s"] / 3600
        print(
            f"The main experiment of the DEF study ({PUBLISHED_ANSWERS:,} answers), were every model as large as "
            f"this: {hours:.1f} hours on this GPU. The study names {PUBLISHED_HOURS:,} A100 hours for all its "
            "experiments together, of which this is one."
        )
    shown = {key: float(f"{value:.4g}") for key, value in found.items()}
    about = {"torch": torch.__version__, "sizes": dataclasses.asdict(sizes), "on_gpu" if gpu else "processor": shown}
    print(line("gpu", told(found if gpu else None, gpu), gpu=gpu, **about))


if __name__ == "__main__":
    main()
