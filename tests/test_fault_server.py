"""The server that the other tests trust: its replies follow from the prompt, and each fault is what it says."""

import asyncio
import json
import math

import aiohttp
import pytest

from tests.derived_reply import asked, chosen, mark, shares
from tests.fault_server import BROKEN, FAULTS, STATUS, Plan, serving
from tests.launched import until
from tests.ports import listening

SYSTEM = "Act as a citizen from Ohio. You are {n}. Answer each request as this person would, choosing."
USER = "Request: Tea or coffee? - 1: tea, 2: coffee, 3: neither, really"


def body(n: int = 1, **changes):
    turns = [{"role": "system", "content": SYSTEM.format(n=n)}, {"role": "user", "content": USER}]
    return {"model": "mock", "messages": turns, "seed": n, **changes}


async def _post(url, content, path="/chat/completions", patience_s=60):
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=patience_s)) as session,
        session.post(url + path, json=content) as reply,
    ):
        return reply.status, await reply.text()


def post(url, content, path="/chat/completions", patience_s=60):
    return asyncio.run(_post(url, content, path, patience_s))


def test_a_reply_follows_from_persona_question_and_seed_alone():
    with serving() as server:
        status, text = post(server.url, body(7, logprobs=True, top_logprobs=5))
    assert status == 200
    (choice,) = json.loads(text)["choices"]
    wording = chosen("Ohio. You are 7.", "Tea or coffee?", ["neither, really", "coffee", "tea"], 7)
    said = choice["message"]["content"]
    assert said.endswith(f": {wording}\nExplanation: {mark('Ohio. You are 7.', 'Tea or coffee?', 7)}")
    # The alternatives of the answer's token are the options by their shares, all but the 2 % outside.
    digit = next(token for token in choice["logprobs"]["content"] if token["token"].strip().isdigit())
    found = {one["token"].strip(): math.exp(one["logprob"]) for one in digit["top_logprobs"]}
    expected = shares("Ohio. You are 7.", "Tea or coffee?", ["tea", "coffee", "neither, really"])
    assert found["2"] == pytest.approx(0.98 * expected["coffee"])


def test_memory_changes_nothing_and_scales_are_understood():
    turns = body()["messages"]
    assert asked([*turns[:1], {"role": "user", "content": "Request: Old? - 1: x"}, *turns[1:]]) == asked(turns)
    scale = asked([{"role": "user", "content": "Request: Trust? - on a scale of 1 to 5, where 1 means no"}])
    assert list(scale.options) == ["1", "2", "3", "4", "5"]


def test_structured_output_is_obeyed():
    schema = {"properties": {"answer": {"enum": ["1: tea", "2: coffee"]}, "why": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    with serving() as server:
        _, text = post(server.url, body(response_format=form))
        _, choice = post(server.url, body(guided_choice=["1: tea", "2: coffee"]))
    assert json.loads(json.loads(text)["choices"][0]["message"]["content"])["answer"] in ("1: tea", "2: coffee")
    assert json.loads(choice)["choices"][0]["message"]["content"] in ("1: tea", "2: coffee")


@pytest.mark.parametrize("fault", STATUS)
def test_a_status_fault_is_that_status(fault):
    with serving(Plan(rates={fault: 1.0})) as server:
        assert post(server.url, body())[0] == STATUS[fault]
        assert server.faults() == {fault: 1}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_reply_cannot_pass_for_a_right_one(fault):
    with serving() as server:
        _, right = post(server.url, body())
    with serving(Plan(rates={fault: 1.0})) as server:
        try:
            status, text = post(server.url, body(), patience_s=1 if fault == "hang" else 60)
        except (aiohttp.ClientError, TimeoutError):
            assert fault in ("refused", "reset", "hang")
        else:
            assert status == 200
            if fault == "duplicate":
                assert json.loads(text)["choices"] == json.loads(right)["choices"]
            else:
                assert fault not in ("refused", "reset", "hang")
                with pytest.raises((ValueError, KeyError, IndexError, AssertionError)):
                    found = json.loads(text)
                    assert found["model"] == "mock"
                    found["choices"][0]


def test_nobody_listens_for_a_moment_after_a_refusal():
    with serving(Plan(rates={"refused": 1.0}, refuse_s=600)) as server:
        with pytest.raises(aiohttp.ClientError):
            post(server.url, body())
        with pytest.raises(aiohttp.ClientConnectorError):
            post(server.url, body())
        assert not listening(server.port)
        server.listen_again()
        until(lambda: listening(server.port), what="a server")
        assert server.faults() == {"refused": 1}


def test_faults_come_at_their_rate_and_repeat_with_the_plan():
    async def many(url):
        async with aiohttp.ClientSession() as session:
            for n in range(400):
                async with session.post(url + "/chat/completions", json=body(n)) as reply:
                    await reply.read()

    counts = []
    for _ in range(2):
        with serving(Plan(rates={"server_error": 0.1, "html": 0.1}, seed=3)) as server:
            asyncio.run(many(server.url))
            counts.append(server.faults())
    assert counts[0] == counts[1]
    # 0.1 of 400 is 40; of both at once (4 of 400) either decides, so about 38 each.
    assert 22 <= counts[0]["server_error"] <= 54
    assert 22 <= counts[0]["html"] <= 54


def test_what_asks_nobody_anything_is_spared():
    plain = {"model": "mock", "messages": [{"role": "user", "content": "Say hello."}]}
    with serving(Plan(rates=dict.fromkeys(FAULTS, 1.0))) as server:
        assert post(server.url, plain)[0] == 200


def test_echoed_log_probabilities_stand_at_their_own_tokens():
    with serving() as server:
        _, text = post(
            server.url,
            {"model": "mock", "prompt": "one two one two", "echo": True, "logprobs": 1, "max_tokens": 0},
            "/completions",
        )
    told = json.loads(text)["choices"][0]["logprobs"]
    assert told["tokens"] == ["one", " two", " one", " two"]
    assert told["token_logprobs"][0] is None
    assert told["token_logprobs"][3] > told["token_logprobs"][1]
