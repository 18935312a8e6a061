"""DEF's workload on one GPU: many interviews at once against one prompt at a time, and what the hardware allows.

usage: python benchmarks/gpu.py [--quick] [--device cuda|mps|cpu] [--respondents N] [--questions N]

A model shaped like Llama-3.1-8B with random weights (bfloat16) interviews people with memory up to 15 answers and 128
new tokens, decoding drawn as DEF draws it (1 to 4 beams, sampling on or off). The same model answers some of the same
prompts one at a time through ``generate`` of transformers, in the same run. Without CUDA it says so and runs a small
model on the processor, which shows that the parts work and says nothing of a GPU.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import transformers

from demoscope import seeds
from simulator.backends.logits.grammar import Grammars
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.transformers.engine import Engine
from simulator.backends.transformers.network import Network
from simulator.backends.transformers.rows import begin
from simulator.backends.transformers.tools import Tools
from simulator.backends.transformers.vocabulary import HubVocabulary
from simulator.backends.transformers.writing import Writing
from simulator.decoding import Decoding
from simulator.footprints import DATASHEETS, token_bytes
from simulator.protocols.interface import Message, Request
from tests.tiny_models import tokenizer

LLAMA_8B = {
    "vocab_size": 128_256,
    "hidden_size": 4096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131_072,
}
SMALL = {
    "vocab_size": 4096,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
}
MEMORY = 15
PUBLISHED_ANSWERS = 11 * 2 * 20 * 577
"""Models x cultures x respondents x questions of the published study's main experiment."""
PUBLISHED_HOURS = 1400
"""Hours on A100 GPUs that the study names for all its experiments together."""


def decoding(person: int, tokens: int) -> Decoding:
    rng = seeds.generator(0, "decoding", person)
    return Decoding(num_beams=int(rng.integers(1, 5)), do_sample=bool(rng.integers(2)), max_tokens=tokens)


def question(number: int) -> str:
    return f"Question {number}: how important is the {number}th thing in your life? 1: very, 2: rather, 3: not at all"


async def interview(engine: Engine, tools: Tools, person: int, questions: int, tokens: int) -> list[Request]:
    portrait = Message("system", f"You are person {person}, {20 + person % 60} years old, and live in Springfield.")
    known: list[Message] = []
    asked = []
    for number in range(questions):
        turn = Message("user", question(number))
        prompt = (portrait, *known[-2 * MEMORY :], turn)
        asked.append(Request("answer", number, prompt, decoding(person, tokens), seed=person * 1000 + number))
        reply = await asyncio.wrap_future(engine.submit(Writing(asked[-1], tools)))
        if reply.last.error is not None:
            raise SystemExit(f"a request failed: {reply.last.error}")
        known += [turn, Message("assistant", str(reply.text))]
    return asked


def one_at_a_time(network: Network, tools: Tools, requests: list[Request]) -> float:
    """Answers a second of ``generate``, a prompt at a time."""
    began = time.perf_counter()
    for wanted in requests:
        prompt = network.tensor([tools.template.tokens(wanted.messages)])
        with torch.inference_mode():
            network.model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                num_beams=wanted.decoding.num_beams,
                do_sample=wanted.decoding.do_sample,
                max_new_tokens=wanted.decoding.max_tokens,
                pad_token_id=0,
            )
    settle(network)
    return len(requests) / (time.perf_counter() - began)


def settle(network: Network) -> None:
    if network.device.startswith("cuda"):
        torch.cuda.synchronize()


def passes(network: Network, rows: int, length: int, steps: int = 10) -> tuple[float, float]:
    """Seconds of reading prompts, and of one step of all rows."""
    with torch.inference_mode():
        begin(network, [[1] * length])
        settle(network)
        began = time.perf_counter()
        batch = begin(network, [[1] * length for _ in range(rows)])
        settle(network)
        prefill = time.perf_counter() - began
        batch.step([1] * rows)
        settle(network)
        began = time.perf_counter()
        for _ in range(steps):
            batch.step([1] * rows)
        settle(network)
    return prefill, (time.perf_counter() - began) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few people, few questions")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--respondents", type=int)
    parser.add_argument("--questions", type=int)
    parser.add_argument("--rows", type=int, help="rows evaluated together")
    wanted = parser.parse_args()
    on_gpu = wanted.device == "cuda"
    if not on_gpu:
        print("NOT ON A GPU: no CUDA here. A small model on the processor shows that the parts work, nothing more.")
    small = wanted.quick or not on_gpu
    people = wanted.respondents or (6 if small else 256)
    questions = wanted.questions or (2 if small else 20)
    tokens, rows = (8 if not on_gpu else 128), wanted.rows or (16 if small else 256)
    shape: dict[str, Any] = LLAMA_8B if on_gpu else SMALL
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with torch.device(wanted.device):
        torch.set_default_dtype(torch.bfloat16 if on_gpu else torch.float32)
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape, eos_token_id=None)).eval()
        torch.set_default_dtype(torch.float32)
    network = Network(model)
    words = HubVocabulary(tokenizer(), network.n_vocab)
    tools = Tools(
        vocabulary=words,
        template=ChatTemplate(words, tokenizer().chat_template),
        grammars=Grammars(words),
        size=network.size,
        encodes=False,
        around=([], []),
        endpoint="random",
        clock=time.perf_counter,
    )
    count, each = sum(one.numel() for one in model.parameters()), 2 if on_gpu else 4
    engine = Engine(network, rows, "random")

    async def everybody() -> list[list[Request]]:
        return await asyncio.gather(*(interview(engine, tools, n, questions, tokens) for n in range(people)))

    began = time.perf_counter()
    asked = asyncio.run(everybody())
    together = people * questions / (time.perf_counter() - began)
    engine.close()
    some = [requests[-1] for requests in asked[: 4 if small else 12]]
    alone = one_at_a_time(network, tools, some)
    length = 128 if small else 2048
    batch = min(rows, 64)
    prefill, step = passes(network, batch, length)
    operations = 2 * count * batch * length / prefill
    read = (count * each + batch * length * token_bytes(shape, each)) / step
    name = torch.cuda.get_device_name() if on_gpu else wanted.device
    sheet = next((numbers for part, numbers in DATASHEETS.items() if part in name), None)
    hours = PUBLISHED_ANSWERS / together / 3600
    result = {
        "device": name,
        "on_gpu": on_gpu,
        "parameters": count,
        "answers_per_s": round(together, 3),
        "one_at_a_time_per_s": round(alone, 3),
        "times": round(together / alone, 1),
        "batch_shrunk": engine.shrunk,
        "prefill_tflops": round(operations / 1e12, 3),
        "prefill_share": round(operations / sheet[1], 3) if sheet else None,
        "decode_gb_per_s": round(read / 1e9, 2),
        "decode_share": round(read / sheet[0], 3) if sheet else None,
        "published_study_hours": round(hours, 1) if on_gpu else None,
    }
    print(f"{name}: {together:.2f} answers/s together, {alone:.2f} one at a time: {together / alone:.1f} times")
    peak = "" if sheet else "; what the maker prints of it is not known here"
    print(f"prefill {operations / 1e12:.2f} TFLOP/s, decode {read / 1e9:.1f} GB/s{peak}")
    if on_gpu:
        print(
            f"The main experiment of the DEF study ({PUBLISHED_ANSWERS:,} answers, every model as large as this one) "
            f"would take {hours:.1f} hours; the study names {PUBLISHED_HOURS:,} A100 hours for all its experiments."
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
