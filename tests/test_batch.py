"""Requests that travel in a provider's batch files: each gets its own reply, once, whatever happens on the way."""

import asyncio
import dataclasses
import itertools
import json

import pytest
from openai import AsyncOpenAI

from demoscope.errors import WavePaused
from simulator.backends.interface import Parcel
from simulator.backends.openai_api.batch import MARK, BatchDesk, BatchSettings
from simulator.backends.openai_api.batch_files import key_of
from simulator.backends.openai_api.batch_provider import OpenAIProvider
from simulator.backends.openai_api.replies import Failure
from simulator.backends.openai_api.spending import Purse
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request
from tests.derived_reply import reply
from tests.fault_server import Plan, serving

PATH = "/v1/chat/completions"
SETTINGS = BatchSettings(poll_s=0.01, quiet_s=0.02)


def body(n):
    system = f"Act as a citizen from Ohio. You are {n}. Answer each request as this person would."
    user = "Request: Tea or coffee? - 1: tea, 2: coffee"
    turns = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return {"model": "mock", "messages": turns, "seed": n}


def key(n, attempt=1):
    turns = tuple(Message(turn["role"], turn["content"]) for turn in body(n)["messages"])
    request = Request("answer", 1, turns, Decoding(), seed=n, conversation=f"def/{n}")
    return key_of(request, body(n), attempt)


def test_a_key_hangs_on_the_request_and_not_on_what_was_proved_today():
    assert key(1) == key(1)
    turns = tuple(Message(turn["role"], turn["content"]) for turn in body(1)["messages"])
    request = Request("answer", 1, turns, Decoding(), seed=1, conversation="def/1")
    unproved = {name: value for name, value in body(1).items() if name != "seed"}
    assert key_of(request, unproved, 1) == key_of(request, body(1) | {"top_k": 3}, 1) == key(1)
    others = [
        key(2),
        key(1, attempt=2),
        key_of(request, body(1) | {"model": "other"}, 1),
        key_of(request, body(1) | {"messages": body(2)["messages"]}, 1),
        key_of(dataclasses.replace(request, stop=("x",)), body(1), 1),
        key_of(dataclasses.replace(request, decoding=Decoding(max_tokens=3)), body(1), 1),
        key_of(dataclasses.replace(request, constraint=Constraint(("1: tea",))), body(1), 1),
    ]
    assert len({key(1), *others}) == len(others) + 1


def test_a_call_about_batches_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr("simulator.backends.openai_api.batch_provider.FILE_S", 0.0)
    came, served = [], []

    async def hang(reader, writer):
        served.append(asyncio.current_task())
        came.append((await reader.readline()).split()[:2])
        await reader.read()
        writer.close()
        await writer.wait_closed()

    async def run():
        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="x") as client:
            provider = OpenAIProvider(client, timeout_s=1)
            calls = (
                provider.look("b"),
                provider.batches(),
                provider.content("f"),
                provider.upload(b"{}"),
                provider.create("f", PATH, "24h", {}),
            )
            for failure in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(failure, Failure)
                assert failure.kind == "timeout" and "no reply within 1 s" in failure.reason
        server.close()
        await asyncio.gather(*served)

    asyncio.run(run())
    # A batch may exist although nothing was heard of it, so its creation is not begun again.
    assert came.count([b"POST", b"/v1/batches"]) == 1
    assert came.count([b"GET", b"/v1/batches/b"]) == 3


class Desk:
    """A desk over a server, with the store's part played by a list of tags."""

    def __init__(self, server, tags=(), settings=SETTINGS, path="", fetched=()):
        self.client = AsyncOpenAI(base_url=server.url + path, api_key="x")
        self.tags = list(tags)
        self.fetched = []
        self.desk = BatchDesk(
            OpenAIProvider(self.client),
            settings,
            PATH,
            parcels=[Parcel(tag, "answer", tag in fetched) for tag in tags],
            announce=self.announce,
            failure=lambda status, body: Failure("rejected" if status == 400 else "server", str(body)),
            told=lambda text: text.replace("secret", "[key]"),
            new_tag=map("tag{}".format, itertools.count(len(self.tags))).__next__,
        )

    async def announce(self, parcel):
        (self.fetched if parcel.fetched else self.tags).append(parcel.tag)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.desk.close()
        await self.client.close()

    async def send(self, n, attempt=1):
        return await self.desk.send(key(n, attempt), "answer", body(n))


def said(found):
    return found["choices"][0]["message"]["content"]


def test_every_body_gets_its_own_reply_from_one_batch():
    async def run(server):
        async with Desk(server) as desk:
            return await asyncio.gather(*(desk.send(n) for n in range(50)))

    with serving(Plan(batch={"twice": 0.2})) as server:
        found = asyncio.run(run(server))
        assert server.batches.uploads == len(server.batches.batches) == 1
    assert [said(one) for one in found] == [reply(body(n)).text for n in range(50)]


def test_a_file_is_divided_when_it_has_too_many_rows():
    async def run(server):
        async with Desk(server, settings=SETTINGS.model_copy(update={"rows": 20})) as desk:
            return await asyncio.gather(*(desk.send(n) for n in range(50)))

    with serving() as server:
        found = asyncio.run(run(server))
        assert sorted(len(file.splitlines()) for file in server.batches.files.values() if b"custom_id" in file) == [
            *(10, 10),  # requests and replies: 20 + 20 + 10
            *(20, 20, 20, 20),
        ]
    assert [said(one) for one in found] == [reply(body(n)).text for n in range(50)]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("missing", "server"), ("bad_request", "rejected"), ("server_error", "server"), ("expired", "server")],
)
def test_a_row_that_fails_fails_alone_and_may_be_sent_again(fault, kind):
    async def run(server):
        async with Desk(server) as desk:
            first = await asyncio.gather(*(desk.send(n) for n in range(40)), return_exceptions=True)
            failed = [n for n, one in enumerate(first) if isinstance(one, Failure)]
            assert {first[n].kind for n in failed} == {kind}
            server.batches._rates = {}
            for n, one in zip(failed, await asyncio.gather(*(desk.send(n, 2) for n in failed)), strict=True):
                first[n] = one
            return failed, first

    with serving(Plan(batch={fault: 1.0 if fault == "expired" else 0.3})) as server:
        failed, found = asyncio.run(run(server))
    assert 0 < len(failed) < 40
    assert [said(one) for one in found] == [reply(body(n)).text for n in range(40)]


@pytest.mark.parametrize("moment", ["announced", "under way", "done"])
def test_a_run_that_ends_early_is_continued_without_sending_anything_twice(moment):
    async def first(server):
        async with Desk(server) as desk:
            if moment == "announced":  # killed between the store and the provider
                desk.desk._provider.upload = desk.desk._provider.look = asyncio.Event().wait
            tasks = [asyncio.create_task(desk.send(n)) for n in range(10)]
            while not (desk.tags if moment == "announced" else server.batches.batches):
                await asyncio.sleep(0.005)
            if moment == "done":
                await asyncio.gather(*tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return desk.tags

    async def second(server, tags):
        async with Desk(server, tags) as desk:
            return await asyncio.gather(*(desk.send(n) for n in range(12)))

    with serving(Plan(batch_polls=5)) as server:
        tags = asyncio.run(first(server))
        assert tags == ["tag0"]
        found = asyncio.run(second(server, tags))
        rows = [
            json.loads(line)["custom_id"]
            for batch in server.batches.batches.values()
            for line in server.batches.files[batch["input_file_id"]].splitlines()
        ]
    assert len(rows) == len(set(rows)) == 12
    assert [said(one) for one in found] == [reply(body(n)).text for n in range(12)]


def test_batches_of_others_are_left_alone():
    async def run(server):
        async with Desk(server) as desk:
            await desk.send(1)
        async with Desk(server, ["another"]) as desk:
            await desk.send(1)

    with serving() as server:
        asyncio.run(run(server))
        assert [batch["metadata"] for batch in server.batches.batches.values()] == [{MARK: "tag0"}, {MARK: "tag1"}]


def test_an_older_batch_is_found_behind_many_newer_ones():
    async def run(server):
        async with Desk(server) as desk:
            await desk.send(0)
        for n in range(1, 6):
            async with Desk(server) as other:
                await other.send(n)
        async with Desk(server, ["tag0"]) as again:
            return await again.send(0)

    with serving() as server:
        assert said(asyncio.run(run(server))) == reply(body(0)).text
        assert len(server.batches.batches) == 6


@pytest.mark.parametrize("fault", ["missing", "server_error"])
def test_what_failed_in_an_earlier_run_is_sent_anew_and_its_newest_reply_counts(fault):
    async def run(server, tags, attempts):
        async with Desk(server, tags) as desk:
            return [await asyncio.gather(desk.send(1, n), return_exceptions=True) for n in attempts], desk.tags

    with serving() as server:
        server.batches._rates = {fault: 1.0}
        failed, tags = asyncio.run(run(server, [], (1, 2)))
        assert [found.kind for [found] in failed] == ["server", "server"]
        server.batches._rates = {}
        for _ in range(2):  # sent anew by the first of these runs, found again by the second
            [[found]], tags = asyncio.run(run(server, tags, (1,)))
            assert said(found) == reply(body(1)).text
        assert len(server.batches.batches) == 3


def test_a_failed_try_before_one_that_succeeded_stays_as_it_was():
    async def run(server, tags):
        async with Desk(server, tags) as desk:
            first = await asyncio.gather(desk.send(1, 1), return_exceptions=True)
            server.batches._rates = {}
            return first[0].kind, await desk.send(1, 2), desk.tags

    with serving(Plan(batch={"server_error": 1.0})) as server:
        kind, _, tags = asyncio.run(run(server, []))
        again, found, _ = asyncio.run(run(server, tags))
        assert (kind, again) == ("server", "server")
        assert said(found) == reply(body(1)).text
        assert len(server.batches.batches) == 2


@pytest.mark.parametrize(("dropped", "batches"), [("input_file_id", 1), ("output_file_id", 2)])
def test_a_file_that_the_provider_no_longer_keeps_does_not_stop_the_next_run(dropped, batches):
    async def run(server, tags):
        async with Desk(server, tags) as desk:
            return await desk.send(1), desk.tags

    with serving() as server:
        _, tags = asyncio.run(run(server, []))
        [batch] = server.batches.batches.values()
        del server.batches.files[batch[dropped]]
        found, _ = asyncio.run(run(server, tags))
        assert said(found) == reply(body(1)).text
        assert len(server.batches.batches) == batches


@pytest.mark.parametrize("odd", ['"oops"', "[]", "no JSON", '{"custom_id": 7}', "[" * 100_000])
def test_a_line_that_is_no_row_belongs_to_nobody(odd):
    async def run(server):
        async with Desk(server) as desk:
            return await asyncio.gather(desk.send(1), desk.send(2))

    with serving() as server:
        finish = server.batches._finish

        def finish_oddly(batch):
            finish(batch)
            server.batches.files[batch["output_file_id"]] += odd.encode()

        server.batches._finish = finish_oddly
        assert [said(one) for one in asyncio.run(run(server))] == [reply(body(n)).text for n in (1, 2)]


@pytest.mark.parametrize("response", ["oops", [], 7, {"status_code": 200, "body": "oops"}, {"status_code": "200"}])
def test_a_row_whose_response_is_none_fails_alone(response):
    async def run(server):
        async with Desk(server) as desk:
            return await asyncio.gather(desk.send(1), desk.send(2), return_exceptions=True)

    with serving() as server:
        finish = server.batches._finish

        def finish_oddly(batch):
            finish(batch)
            rows = [json.loads(line) for line in server.batches.files[batch["output_file_id"]].splitlines()]
            rows = [row | ({"response": response} if row["custom_id"] == key(1) else {}) for row in rows]
            server.batches.files[batch["output_file_id"]] = "\n".join(map(json.dumps, rows)).encode()

        server.batches._finish = finish_oddly
        odd, well = asyncio.run(run(server))
    assert isinstance(odd, Failure)
    assert said(well) == reply(body(2)).text


def test_a_batch_is_waited_for_until_a_status_says_that_it_has_ended():
    words = iter(["queued", "Validating", "on_hold", "COMPLETED"])

    async def run(server):
        async with Desk(server) as desk:
            look = desk.desk._provider.look

            async def looked(batch):
                return await look(batch) | {"status": next(words)}

            desk.desk._provider.look = looked
            return await desk.send(1)

    with serving() as server:
        assert said(asyncio.run(run(server))) == reply(body(1)).text
    assert not list(words)


def test_whoever_waits_for_a_batch_hears_of_a_defect():
    async def run(server):
        async with Desk(server) as desk:

            def defect(*_):
                raise ZeroDivisionError

            desk.desk._failure = defect
            await desk.send(1)

    with serving(Plan(batch={"bad_request": 1.0})) as server, pytest.raises(ZeroDivisionError):
        asyncio.run(run(server))


@pytest.mark.parametrize(("tags", "said"), [([], "cannot be begun"), (["tag0"], "earlier run cannot be found")])
def test_a_provider_that_has_no_batches_pauses_the_wave(tags, said):
    async def run(server):
        async with Desk(server, tags, path="/nowhere") as desk:
            await desk.send(1)

    with serving() as server, pytest.raises(WavePaused, match=said):
        asyncio.run(run(server))


def test_a_batch_that_the_provider_refuses_pauses_the_wave_and_is_made_anew():
    async def run(server, tags):
        async with Desk(server, tags) as desk:
            return await desk.send(1)

    with serving() as server:
        finish = server.batches._finish
        server.batches._finish = lambda batch: batch.update(status="failed", errors={"data": ["no quota for secret"]})
        with pytest.raises(WavePaused, match="no quota for \\[key\\]"):
            asyncio.run(run(server, []))
        server.batches._finish = finish
        assert said(asyncio.run(run(server, ["tag0"]))) == reply(body(1)).text
        assert len(server.batches.batches) == 2


def test_a_key_names_one_attempt_at_one_request():
    assert key(1) == key(1)
    assert len({key(1), key(2), key(1, 2)}) == 3
    assert len(key(1)) <= 64


@pytest.mark.parametrize("fetched", [False, True])
def test_money_set_aside_for_a_row_is_owed_until_its_batch_came_back_once(fetched):
    async def run(server):
        async with Desk(server) as first:
            await first.send(1)
        async with Desk(server, first.tags, fetched=first.tags if fetched else ()) as second:
            assert await second.desk.holds(key(1, 1))
            owed = second.desk.owes(key(1, 1))
            await second.send(1)
            return first.fetched, owed, second.fetched

    with serving() as server:
        assert asyncio.run(run(server)) == (["tag0"], not fetched, ["tag0"])


def test_what_an_earlier_run_set_aside_is_given_back_as_far_as_it_was_not_taken():
    # 0.9 of 1.0 is spent or set aside by earlier runs; a row that had 0.5 aside took 0.1, so 0.4 is free again.
    purse = Purse(0.1)
    purse.give_back(0.5, 0.1)
    assert asyncio.run(purse.reserve(0.5)) == 0.5
    assert purse.account().spent == pytest.approx(-0.4)
    purse.give_back(0.5, None)  # nobody knows what it took, so it stays spent
    assert purse.account().spent == pytest.approx(-0.4)
