"""Greedy duplicates are sent once and recorded as shared; whatever chance decides is never shared."""

import asyncio
from dataclasses import replace

import pytest

from simulator.backends.openai_api.dedupe import SHARED, Deduped
from simulator.decoding import Decoding
from simulator.loading import load_wave
from simulator.protocols.interface import Attempt, Completion, Message, Request
from simulator.run import run_wave
from simulator.store import Store
from tests.fault_server import serving
from tests.faulty_wave import write_wave
from tests.stores import count
from tests.test_run import now

GREEDY = Request("answer", 0, (Message("user", "Parks?"),), Decoding(temperature=0.0), 7)


class Endpoint:
    def __init__(self, failures=0):
        self.asked = []
        self._failures = failures

    async def complete(self, request):
        self.asked.append(request)
        await asyncio.sleep(0)
        if len(self.asked) <= self._failures:
            return Completion((Attempt(error="down", error_kind="server"),))
        text = f"reply {len(self.asked)}"
        failed = Attempt(error="slow down", error_kind="rate_limit", cost=0.0)
        return Completion((failed, Attempt(text, prompt_tokens=9, completion_tokens=3, cost=0.5, latency_s=2.0)))


def ask(endpoint, *requests, at_once=True):
    async def main():
        deduped = Deduped(endpoint.complete)
        if at_once:
            return await asyncio.gather(*(deduped.complete(request) for request in requests))
        return [await deduped.complete(request) for request in requests]

    return asyncio.run(main())


@pytest.mark.parametrize("at_once", [True, False])
def test_a_greedy_duplicate_is_sent_once_and_recorded_as_shared(at_once):
    endpoint = Endpoint()
    own, shared = ask(endpoint, GREEDY, replace(GREEDY, ordinal=3, seed=8), at_once=at_once)
    assert len(endpoint.asked) == 1
    assert len(own.attempts) == 2
    [attempt] = shared.attempts
    assert (attempt.text, attempt.cost, attempt.prompt_tokens) == (own.text, 0.0, 0)
    assert attempt.applied[SHARED] == 7


def test_a_temperature_that_is_not_heeded_makes_nothing_greedy():
    endpoint = Endpoint()

    async def main():
        deduped = Deduped(endpoint.complete, sampling=False)
        return [await deduped.complete(request) for request in (GREEDY, replace(GREEDY, seed=8))]

    asyncio.run(main())
    assert len(endpoint.asked) == 2


def test_sixty_equal_people_who_draw_by_chance_are_asked_sixty_times():
    endpoint = Endpoint()
    ask(endpoint, *(replace(GREEDY, decoding=Decoding(temperature=1.0), seed=seed) for seed in range(60)))
    assert len(endpoint.asked) == 60


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("user", "Roads?"),)},
        {"messages": (Message("system", "Parks?"),)},
        {"stop": ("\n",)},
        {"decoding": Decoding(temperature=0.0, max_tokens=9)},
        {"decoding": Decoding(do_sample=False, num_beams=5)},
        {"ability": "score", "labels": ("a", "b")},
    ],
)
def test_whatever_could_change_the_reply_is_asked_for_itself(change):
    endpoint = Endpoint()
    ask(endpoint, GREEDY, replace(GREEDY, **change))
    assert len(endpoint.asked) == 2


def test_a_failure_is_not_shared():
    endpoint = Endpoint(failures=2)
    first, second, third, fourth = ask(endpoint, *[GREEDY] * 4)
    assert [one.last.error for one in (first, second)] == ["down"] * 2
    assert len(endpoint.asked) == 3
    assert (third.text, fourth.text) == ("reply 3", "reply 3")


def test_who_waits_for_a_request_that_is_given_up_asks_for_himself():
    async def main():
        endpoint = Endpoint()
        deduped = Deduped(endpoint.complete)
        first = asyncio.create_task(deduped.complete(GREEDY))
        second = asyncio.create_task(deduped.complete(GREEDY))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).text

    assert asyncio.run(main()) == "reply 2"


@pytest.mark.real
def test_equal_people_share_greedy_replies_in_the_store(tmp_path):
    with serving() as server:
        for dedupe in ("none", "greedy"):
            server.ledger.clear()
            settings = {"portrait": ["sex"], "location": False, "temperature": 0.0, "memory": 0}
            path = write_wave(tmp_path, [server.url], respondents=12, questions=4, condition=settings, dedupe=dedupe)
            store = tmp_path / f"{dedupe}.sqlite"
            with Store(store) as opened:
                run_wave(load_wave(path), opened, now=now)
            asked = sum(event.interview for event in server.ledger)
            shared = count(store, "SELECT count(*) FROM attempts WHERE applied ->> '$.shared_with' IS NOT NULL")
            assert count(store, "SELECT count(*) FROM answers WHERE status = 'answered'") == 48
            assert asked + shared == 48
            assert (shared > 0) == (dedupe == "greedy")
