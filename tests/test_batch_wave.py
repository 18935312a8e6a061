"""Waves in ``mode: batch``: a batch for each step that hangs on the one before, none sent twice, all resumed."""

import json
from collections import Counter

import pytest

from demoscope.errors import WavePaused
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.fault_server import Plan, serving
from tests.faulty_wave import check, write_wave
from tests.stores import count, sound
from tests.test_run import Interrupted, now
from tests.watching import Watching, interrupt

pytestmark = pytest.mark.real

BATCH = {"mode": "batch", "batch": {"poll_s": 0.05, "quiet_s": 0.5}, "logprobs": True}


def run(path, store, **options):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=now, **options)


def rows(server):
    """``custom_id`` of every row that was sent in any batch."""
    desk = server.batches
    return [
        json.loads(line)["custom_id"]
        for batch in desk.batches.values()
        for line in desk.files[batch["input_file_id"]].splitlines()
    ]


@pytest.mark.parametrize(("memory", "batches"), [(0, 1), (3, 5)])
def test_what_hangs_on_no_reply_travels_in_one_batch(tmp_path, memory, batches):
    # Five questions: without memory all in one batch, with memory a batch for each.
    store = tmp_path / "a.sqlite"
    with serving() as server:
        condition = {"memory": memory}
        run(write_wave(tmp_path, [server.url], respondents=20, questions=5, condition=condition, **BATCH), store)
        verdict = check(store, [])
        sent = rows(server)
        made = len(server.batches.batches)
    assert not (verdict.lost or verdict.misassigned or verdict.invented), verdict
    assert verdict.statuses == Counter(answered=100)
    assert len(sent) == len(set(sent)) == 100
    assert made == batches
    assert count(store, "SELECT count(*) FROM batches WHERE state = 'ingested'") == batches
    assert sound(store)


def test_rows_that_go_astray_are_sent_again_and_every_try_is_kept(tmp_path):
    store = tmp_path / "a.sqlite"
    faults = {"missing": 0.1, "twice": 0.1, "bad_request": 0.1, "server_error": 0.1, "expired": 0.2}
    with serving(Plan(batch=faults)) as server:
        # How often rows go astray hangs on who travels with whom; so often that nobody is given up for it.
        settings = {"condition": {"memory": 0}, "tries": {"server": 50}, **BATCH}
        run(write_wave(tmp_path, [server.url], respondents=100, questions=5, **settings), store)
        verdict = check(store, [])
        sent = rows(server)
    assert not (verdict.lost or verdict.misassigned or verdict.invented), verdict
    assert verdict.answers == 500
    assert set(verdict.failed_by) == {"rejected"}
    # Every row is an attempt and every attempt a row, the checks at the start apart, which travel live.
    assert len(sent) == len(set(sent)) == count(store, "SELECT count(*) FROM attempts")


def test_a_wave_that_is_stopped_before_its_first_answer_sends_nothing_twice(tmp_path):
    store = tmp_path / "a.sqlite"
    with serving() as server:
        path = write_wave(tmp_path, [server.url], respondents=20, questions=4, **BATCH)
        server.batches.held = True
        with pytest.raises(KeyboardInterrupt):
            run(path, store, make_executor=lambda _: Watching(lambda: server.batches.batches, interrupt))
        server.batches.held = False
        assert count(store, "SELECT count(*) FROM batches WHERE ingested IS NULL") == 1
        assert count(store, "SELECT count(*) FROM answers") == 0
        run(path, store)
        sent = rows(server)
    assert len(sent) == len(set(sent)) == 80


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_wave_that_is_stopped_while_a_batch_is_under_way_sends_nothing_twice(tmp_path, after):
    store = tmp_path / "a.sqlite"
    with serving(Plan(batch_polls=4)) as server:
        path = write_wave(tmp_path, [server.url], respondents=20, questions=4, **BATCH)
        with pytest.raises(KeyboardInterrupt):
            run(path, store, make_executor=lambda _: Interrupted(after))
        begun = count(store, "SELECT count(*) FROM batches WHERE ingested IS NULL")
        assert begun >= 1
        run(path, store)
        verdict = check(store, [])
        sent = rows(server)
    assert not (verdict.lost or verdict.misassigned or verdict.invented), verdict
    assert verdict.statuses == Counter(answered=80)
    assert len(sent) == len(set(sent)) == 80


def test_a_batch_that_the_provider_refuses_pauses_the_wave(tmp_path):
    store = tmp_path / "a.sqlite"
    with serving() as server:
        path = write_wave(tmp_path, [server.url], respondents=5, questions=2, **BATCH)
        finish = server.batches._finish
        server.batches._finish = lambda batch: batch.update(status="failed", errors={"message": "no quota"})
        with pytest.raises(WavePaused, match="no quota"):
            run(path, store)
        assert count(store, "SELECT count(*) FROM answers") == 0
        server.batches._finish = finish
        assert run(path, store).saved == 10
