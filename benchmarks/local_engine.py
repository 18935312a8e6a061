"""Whole questionnaires with memory through the local engine, in answers per second, and how near to the limit.

``python benchmarks/local_engine.py [--respondents 64] [--engines 2] [--peers FOLDER] [--quick]`` prints one
JSON line; ``--quick`` takes 8 respondents and 4 questions, for ratios in little time.

The workload: each respondent is asked 10 questions and remembers all of them; 32 sampled tokens an answer; the
embedded model in Q8_0, as the peers run it, and as the type that the engine chooses on this machine. An engine of one
thread runs in a process of its own for each core. ``--peers`` names a folder with ``bench_sequential.py`` and
``bench_llama_server.py``, which put the same workload through the class ``llama_cpp.Llama`` and through the server of
llama.cpp itself; with it the line has the ratios, without it says so.
The peers are told to write 32 tokens whatever happens; here an answer may end earlier, so the ratios are given in
answers and, fairer to the peers, in generated tokens.

The share of the token ceiling is the time that the evaluated tokens take at the rates of bare calls, over the real
time: by the wall clock, and in processor time, which a busy machine disturbs less. A token costs more the more keys
it looks at, and llama.cpp looks at them in blocks of 256; so rates are measured in every block that the interviews
reach, with all sequences equally long, and each token counts at the rate of its own. In the deterministic setting a
reply is evaluated again with the next question. That is the engine's doing, so a last share leaves these tokens out.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import Number, line, number
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.context import Context, Row
from simulator.backends.llama_cpp.sequence import BLOCK
from simulator.backends.llama_cpp.settings import LlamaCppSettings
from simulator.backends.llama_cpp.weights import prepare, quantization
from simulator.backends.logits.sampling import Logits
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request

CITIES = ("Austin, Texas", "Boston, Massachusetts", "Reno, Nevada", "Miami, Florida", "Fargo, North Dakota")
_TOPICS = "family,friends,leisure time,politics,work,religion,health,science,the press,the law"
TOPICS = tuple(_TOPICS.split(","))
QUESTIONS, TOKENS = len(TOPICS), 32


def portrait(number: int) -> Message:
    """Who respondent ``number`` is."""
    who = f"{20 + number % 60} year old {'woman' if number % 2 else 'man'}"
    return Message(
        "system",
        f"Act as a citizen from the United States living in {CITIES[number % 5]}: a {who} with a bachelor's degree. "
        "Pick one of the listed choices. Write it after 'Answer:' and explain it afterwards with 'Explanation:'.",
    )


def ask(topic: str) -> Message:
    """One question."""
    return Message(
        "user",
        f"Request: How important is {topic} in your life? 1: very important, 2: rather important, "
        "3: not very important, 4: not at all important",
    )


async def interview(backend: LlamaCppBackend, number: int, questions: int) -> tuple[int, int, int]:
    """A whole questionnaire; generated tokens, those of them that are evaluated again, and failures."""
    turns: tuple[Message, ...] = (portrait(number),)
    generated = again = failed = 0
    for n, topic in enumerate(TOPICS[:questions]):
        turns += (ask(topic),)
        request = Request(
            "answer", n, turns, Decoding(max_tokens=TOKENS), seed=1000 * number + n, conversation=str(number)
        )
        last = (await backend.complete(request)).last
        length = last.completion_tokens or 0
        generated += length
        again += 0 if backend.keeps_replies or n == questions - 1 else max(0, length - 1)
        failed += last.error is not None
        turns += (Message("assistant", last.text or ""),)
    return generated, again, failed


Clocks = NDArray[np.float64]
"""Seconds on the wall and of this process's processor time."""


def clocks() -> Clocks:
    """Seconds on the wall and of this process's processor time."""
    return np.array([time.perf_counter(), time.process_time()])


class Seen:
    """Counts the tokens that an engine evaluates in prompts and in replies, by the block of keys each stands in."""

    def __init__(self, context: Context) -> None:
        self.prompt: Counter[int] = Counter()
        self.reply: Counter[int] = Counter()
        evaluate, step = context.evaluate, context.step
        stepping = False

        def evaluated(rows: Iterable[Row]) -> list[Logits]:
            held = list(rows)
            if not stepping:
                self.prompt.update(row.position // BLOCK for row in held)
            return evaluate(held)

        def stepped(rows: list[Row], length: Callable[[int], int]) -> list[Logits]:
            nonlocal stepping
            self.reply.update(row.position // BLOCK for row in rows)
            stepping = True
            try:
                return step(rows, length)
            finally:
                stepping = False

        context.evaluate, context.step = evaluated, stepped  # type: ignore[method-assign]


def bare_seconds(backend: LlamaCppBackend, block: int, length: int) -> tuple[Clocks, Clocks]:
    """Seconds a token, by both clocks, in bare ``llama_decode`` calls with every sequence in the middle of a block.

    Of prompts of ``length`` tokens, and of one token of every sequence.
    """
    context, fill = backend.context, block * BLOCK + (BLOCK - length) // 2
    for place in range(context.count):
        context.cut(place, 0)
    for start in range(0, fill, 200):
        context.evaluate(Row(100 + n, n, 0, wanted=False) for n in range(start, min(fill, start + 200)))
    for place in range(1, context.count):
        context.copy(0, place)
    begun = clocks()
    prompts = range(min(8, context.count))
    for place in prompts:
        context.evaluate(Row(50 + n, fill + n, place, wanted=n == length - 1) for n in range(length))
    prefill = (clocks() - begun) / (len(prompts) * length)
    for place in prompts:
        context.cut(place, fill)
    begun = clocks()
    for step in range(8):
        context.evaluate(Row(60 + step, fill + step, place, wanted=True) for place in range(backend.concurrency))
    decode = (clocks() - begun) / (8 * backend.concurrency)
    return prefill, decode


def engine(share: range, questions: int, settings: dict[str, Any], barrier: Barrier, results: Any) -> None:
    """One process: one engine and its share of the respondents."""

    async def wave() -> list[tuple[int, int, int]]:
        return await asyncio.gather(*(interview(backend, number, questions) for number in share))

    backend = LlamaCppBackend("embedded", **settings)
    seen = Seen(backend.context)
    barrier.wait()
    begun = clocks()
    done = asyncio.run(wave())
    spent = clocks() - begun
    generated, again = sum(one[0] for one in done), sum(one[1] for one in done)
    answers = len(share) * questions
    prefilled, stepped = seen.prompt.total(), seen.reply.total()
    blocks, length = sorted(seen.prompt | seen.reply), min(BLOCK, max(2, prefilled // answers))
    barrier.wait()
    bare = {block: bare_seconds(backend, block, length) for block in blocks}
    prompts = np.sum([seen.prompt[block] * bare[block][0] for block in blocks], axis=0)
    replies = np.sum([seen.reply[block] * bare[block][1] for block in blocks], axis=0)
    shares = (prompts + replies) / spent
    once = (prompts * (1 - again / prefilled) + replies) / spent
    results.put(
        {
            "wall": spent[0],
            "cpu": spent[1],
            "generated": generated,
            "failed": sum(one[2] for one in done),
            "prefilled": prefilled,
            "prefill": prefilled / prompts[0],
            "decode": stepped / replies[0],
            "share": shares[0],
            "share_cpu": shares[1],
            "share_once": once[1],
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "kv_mb": backend.capacity.bytes / 2**20,
        }
    )
    asyncio.run(backend.close())


def ours(respondents: int, engines: int, questions: int, settings: dict[str, Any]) -> dict[str, Any]:
    """The workload through as many engines as there are cores."""
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(engines), spawn.Queue()
    share = respondents // engines
    workers = [
        spawn.Process(target=engine, args=(range(k * share, (k + 1) * share), questions, settings, barrier, results))
        for k in range(engines)
    ]
    for worker in workers:
        worker.start()
    done = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    wall, answers = max(one["wall"] for one in done), engines * share * questions
    return {
        "answers_per_s": round(answers / wall, 3),
        "wall_s": round(wall, 1),
        "answers": answers,
        "failed": sum(one["failed"] for one in done),
        "tokens_an_answer": round(sum(one["generated"] for one in done) / (answers), 1),
        "prompt_tokens_evaluated": sum(one["prefilled"] for one in done),
        "prefill_tokens_per_s_per_engine": round(sum(one["prefill"] for one in done) / engines),
        "decode_tokens_per_s_per_engine": round(sum(one["decode"] for one in done) / engines),
        "cpu_ms_an_answer": round(1000 * sum(one["cpu"] for one in done) / answers, 1),
        "share_of_token_ceiling": round(sum(one["share"] for one in done) / engines, 3),
        "share_in_cpu_time": round(sum(one["share_cpu"] for one in done) / engines, 3),
        "share_without_replays": round(sum(one["share_once"] for one in done) / engines, 3),
        "peak_mb_per_engine": round(max(one["peak_mb"] for one in done)),
        "kv_mb_per_engine": round(done[0]["kv_mb"]),
    }


def peer(script: Path, model: Path, respondents: int, questions: int) -> dict[str, Any]:
    """What a peer's script prints, or why there is nothing."""
    if not script.is_file():
        return {"answers_per_s": None, "why": f"{script.name} is not there"}
    command = [
        sys.executable,
        str(script),
        str(model),
        "--respondents",
        str(respondents),
        "--questions",
        str(questions),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return {"answers_per_s": None, "why": (done.stderr.strip().splitlines() or ["it printed nothing"])[-1][-200:]}
    return dict(json.loads(lines[-1]))


def told(name: str, found: dict[str, Any], weights_mb: float) -> list[Number]:
    """Numbers of one run of ours."""
    own = found["peak_mb_per_engine"] - found["kv_mb_per_engine"] - weights_mb
    return [
        number(f"answers per second, {name}", found["answers_per_s"], "1/s"),
        number(f"tokens an answer, {name}", found["tokens_an_answer"], "tokens"),
        number(f"answers that failed, {name}", found["failed"]),
        number(f"prompt tokens evaluated, {name}", found["prompt_tokens_evaluated"], "tokens"),
        number(f"bare prefill of an engine, {name}", found["prefill_tokens_per_s_per_engine"], "tokens/s"),
        number(f"bare decode of an engine, {name}", found["decode_tokens_per_s_per_engine"], "tokens/s"),
        number(f"share of the token ceiling, {name}", found["share_of_token_ceiling"], "", ">= 0.85"),
        number(f"the same in processor time, {name}", found["share_in_cpu_time"]),
        number(f"the same, nothing evaluated twice, {name}", found["share_without_replays"]),
        number(f"processor time an answer, {name}", found["cpu_ms_an_answer"], "ms"),
        number(f"peak memory beside weights, keys and values, {name}", own, "MB an engine", "<= 150"),
    ]


def main() -> None:
    """Run everything and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--respondents", type=int, default=64)
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--sequences", type=int, default=32)
    parser.add_argument("--context", type=int, default=1536)
    parser.add_argument("--peers", type=Path, help="folder with the peers' scripts")
    parser.add_argument("--peer-respondents", type=int, default=64, help="fewer take less time; the rate is the same")
    parser.add_argument("--quick", action="store_true", help="8 respondents, 4 questions")
    wanted = parser.parse_args()
    questions = 4 if wanted.quick else QUESTIONS
    if wanted.quick:
        wanted.respondents = wanted.peer_respondents = 8
    base = {"sequences": wanted.sequences, "context": wanted.context}
    chosen = quantization(LlamaCppSettings())
    runs: dict[str, dict[str, Any]] = {"Q8_0": {"quantization": "Q8_0"}}
    if chosen != "Q8_0":
        runs[f"{chosen} (the default here)"] = {}
    runs[f"{chosen}, deterministic: false"] = {"deterministic": False}
    numbers, rates = [], {}
    for name, settings in runs.items():
        found = ours(wanted.respondents, wanted.engines, questions, base | settings)
        print(name, found, file=sys.stderr, flush=True)
        weights = prepare(LlamaCppSettings(**settings)).stat().st_size / 2**20
        numbers += told(name, found, weights)
        rates[name] = (found["answers_per_s"], found["answers_per_s"] * found["tokens_an_answer"])
    model = prepare(LlamaCppSettings(quantization="Q8_0"))
    scripts = {"Llama": ("bench_sequential.py", ">= 3"), "llama.cpp's server": ("bench_llama_server.py", ">= 1.5")}
    for peer_name, (script, target) in scripts.items():
        asked = wanted.peer_respondents, questions
        found = peer(wanted.peers / script, model, *asked) if wanted.peers else {"why": "no --peers"}
        rate = found.get("answers_per_s")
        if not rate:
            numbers.append(number(f"{peer_name}: not measured ({found.get('why')})", None))
            continue
        tokens = found["generated_tokens"] / found["answers"]
        numbers.append(number(f"answers per second, {peer_name}, Q8_0", rate, "1/s"))
        for name, (answers, generated) in rates.items():
            numbers.append(number(f"answers, {name} to {peer_name}_ratio", answers / rate, "", target))
            numbers.append(number(f"tokens, {name} to {peer_name}_ratio", generated / (rate * tokens)))
    print(line("local_engine", numbers, respondents=wanted.respondents, peer_respondents=wanted.peer_respondents))


if __name__ == "__main__":
    main()
