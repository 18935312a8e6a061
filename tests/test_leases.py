"""Waves with limits and budgets against a real server on loopback, over several cohorts, deaths and resumes."""

import contextlib
import os
import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest

from demoscope.errors import WavePaused
from simulator import run as running
from simulator.backends.openai_api.settings import Prices
from simulator.backends.openai_api.spending import cost_of
from simulator.executors import LocalExecutor
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.fault_server import Plan, serving
from tests.faulty_wave import FEW, check, write_wave
from tests.launched import Launched, until
from tests.stores import count, sound
from tests.test_ray import command
from tests.test_run import Dying, Interrupted, now
from tests.watching import Watching, interrupt

pytestmark = pytest.mark.real

PRICES = {"input": 3.0, "output": 10.0, "cached_input": 1.0}


@pytest.fixture(autouse=True)
def no_haste(monkeypatch):
    """A cohort that is stopped says how it stands, however busy the machine is."""
    monkeypatch.setattr(running, "GRACE", 120.0)


class Till:
    """What the provider charges, whether anybody hears of it or not."""

    def __init__(self, server):
        self.total = 0.0
        server.answer, server.complete = self.charging(server.answer), self.charging(server.complete)

    def charging(self, answer):
        def charged(body):
            said = answer(body)
            usage = said["usage"]
            cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
            self.total += cost_of(Prices(**PRICES), usage["prompt_tokens"], usage["completion_tokens"], cached)
            return said

        return charged


def wave(folder, server, cohorts=2, executor="local", **settings):
    path = write_wave(folder, [server.url], executor=executor, prices=PRICES, **settings)
    path.write_text(path.read_text().replace(f"executor: {executor}", f"executor: {executor}, cohorts: {cohorts}"))
    return path


def run(path, store, **options):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=now, **options)


def value(path, sql):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchone()[0]


def test_the_money_in_the_store_is_what_the_provider_charged(tmp_path):
    with serving() as server:
        till = Till(server)
        path = wave(tmp_path, server, respondents=20)
        run(path, tmp_path / "a.sqlite")
        opening = till.total - value(tmp_path / "a.sqlite", "SELECT sum(cost) FROM attempts")
    # What is left over is the check of the server's abilities by each of the two cohorts.
    assert 0 <= opening < 0.1 * till.total
    assert value(tmp_path / "a.sqlite", "SELECT sum(cost) FROM answer_costs") == pytest.approx(
        value(tmp_path / "a.sqlite", "SELECT sum(cost) FROM cell_costs")
    )
    assert value(tmp_path / "a.sqlite", "SELECT currency FROM cell_costs") == "USD"


@pytest.mark.parametrize("cohorts", [1, 3])
def test_a_wave_pauses_before_max_cost_and_continues_when_it_is_raised(tmp_path, cohorts):
    store = tmp_path / "a.sqlite"
    with serving(Plan(latency_s=0.01)) as server:
        till = Till(server)
        path = wave(tmp_path, server, cohorts, respondents=50, max_cost=0.1)
        with pytest.raises(WavePaused, match="raise max_cost"):
            run(path, store)
        assert 0.07 < till.total <= 0.1
        with pytest.raises(WavePaused, match="raise max_cost"):
            run(path, store)  # nothing is left: at most the server's abilities are checked again
        assert till.total <= 0.1
        assert 0 < count(store, "SELECT count(*) FROM answers") < 500
        path = wave(tmp_path, server, cohorts, respondents=50, max_cost=5.0)
        assert run(path, store).saved == 500
        assert check(store, server.ledger, logprobs=False, interrupted=True).sound
    assert value(store, "SELECT committed FROM models") == pytest.approx(till.total)
    assert sound(store)


def test_money_of_lost_replies_is_never_spent_twice(tmp_path):
    """The driver is interrupted again and again with calls under way, and loses batches of dead cohorts."""
    store = tmp_path / "a.sqlite"
    with serving(Plan(latency_s=0.05)) as server:
        till = Till(server)
        path = wave(tmp_path, server, 2, respondents=50, max_cost=0.15)
        for after in (0, 1, 2):
            with contextlib.suppress(KeyboardInterrupt, WavePaused):
                run(path, store, make_executor=lambda _, after=after: Interrupted(after))
            assert till.total <= value(store, "SELECT committed FROM models") + 1e-9
        with contextlib.suppress(WavePaused):
            run(path, store, make_executor=lambda _: Dying(2))
        with contextlib.suppress(WavePaused):
            run(path, store)
    assert till.total <= 0.15
    assert value(store, "SELECT sum(cost) FROM attempts") < till.total


def test_a_stop_leaves_no_more_committed_than_was_spent_and_set_aside(tmp_path):
    store = tmp_path / "a.sqlite"
    with serving(Plan(latency_s=0.01)) as server:
        till = Till(server)
        path = wave(tmp_path, server, 2, respondents=50, max_cost=50.0, limits=FEW)
        with pytest.raises(KeyboardInterrupt):
            run(path, store, make_executor=lambda _: Interrupted(1))
        committed = value(store, "SELECT committed FROM models")
        # At worst 500 calls of 700 bytes and tokens at 3, and 100 tokens at 10 per million cost less than two.
        assert till.total <= committed < 2
        assert run(path, store).saved == 500


def test_rows_of_a_batch_that_was_stopped_are_not_set_aside_again(tmp_path):
    store = tmp_path / "a.sqlite"
    batch = {"mode": "batch", "batch": {"poll_s": 0.05, "quiet_s": 2}, "condition": {"memory": 0}}
    with serving() as server:
        till = Till(server)
        path = wave(tmp_path, server, 1, respondents=20, questions=3, max_cost=50.0, **batch)
        server.batches.held = True
        with pytest.raises(KeyboardInterrupt):
            run(path, store, make_executor=lambda _: Watching(lambda: server.batches.batches, interrupt))
        server.batches.held = False
        committed = value(store, "SELECT committed FROM models")
        assert till.total < committed < 2
        # What is left is enough for the check of the server, not for a second worst case of every row.
        path = wave(tmp_path, server, 1, respondents=20, questions=3, max_cost=committed + 0.02, **batch)
        assert run(path, store).saved == 60
        # Every row came back, so nothing counts at its worst case any more.
        took = till.total + value(store, "SELECT sum(cost) FROM attempts")  # the till knows of live calls alone
        assert value(store, "SELECT committed FROM models") == pytest.approx(took)
        assert took < committed
        assert value(store, "SELECT count(*) FROM batches WHERE state <> 'ingested'") == 0


def test_a_killed_driver_and_a_killed_ray_actor_do_not_make_the_money_exceed(tmp_path):
    store = tmp_path / "a.sqlite"
    with serving() as server:
        till = Till(server)
        # A first call costs 0.003 at worst, and eight are under way. So before each death 12 calls spend or set aside
        # 0.036 at most, and four times that is handed out: both leave money, but not the 1.2 that all answers cost.
        path = wave(tmp_path, server, 2, "ray", respondents=100, max_cost=0.5, limits={"max_in_flight": 8})
        for victim in ("driver", "actor"):
            most = server.interviews + 4
            server.hold(4)
            with Launched(path, store) as launched:
                until(lambda most=most: server.interviews > most, what="a call under way")
                until(lambda launched=launched: launched.actors() != [], what="an actor")
                os.kill(launched.process.pid if victim == "driver" else launched.actors()[0], signal.SIGKILL)
                asked = server.interviews
                if victim == "actor":
                    server.let_go()
                code, errors = launched.end()
            assert code == (-9 if victim == "driver" else 3), errors
            assert till.total <= 0.5
        until(lambda: server.in_flight == 0, what="the end of all calls")
        assert server.interviews > asked  # it went on without the actor
    assert "raise max_cost" in errors
    assert till.total <= value(store, "SELECT committed FROM models") <= 0.5 + 1e-9
    assert sound(store)


def worst_window(times, width):
    return max(sum(start <= at < start + width for at in times) for start in times)


@pytest.mark.parametrize("executor", ["local", "ray"])
def test_requests_of_all_cohorts_together_keep_to_the_limit(tmp_path, executor):
    store = tmp_path / "a.sqlite"
    with serving() as server:
        path = wave(tmp_path, server, 2, executor, respondents=20, limits={"requests_per_minute": 1800})
        done = subprocess.run(command(path, store), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        times = sorted(event.at for event in server.ledger)
    assert count(store, "SELECT count(*) FROM answers") == 200
    # 30 a second, and 30 more that both may have saved up: so many at most in any three seconds. Each of the 20
    # respondents has one request under way at most, so no more than 20 can arrive later than they were sent.
    assert worst_window(times, 3.0) <= 3 * 30 + 30 + 20
    assert times[-1] - times[0] > (200 - 30 - 20) / 30


class Heir(LocalExecutor):
    """Lets a server go on once a cohort is given the limits of the whole wave, after another has ended."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.shares = set()
        self.ended = False

    def submit(self, handle, assignments, lease):
        super().submit(handle, assignments, lease)
        if lease is not None and not self.ended:
            self.shares.add(lease.share)
        elif lease is not None and lease.share == 1:
            self.server.let_go()

    def stop(self, handle):
        super().stop(handle)
        self.ended = True


def test_shares_follow_the_work(tmp_path):
    """A cohort that has work left is not held back by another that has none: it is given the other's share."""
    store, first = tmp_path / "a.sqlite", []

    def one_person_waits(number, who):
        if not first:
            first.append(who.persona)
        return number > 1 and who.persona == first[0]

    with serving() as server:
        limits = {"limits": {"requests_per_minute": 6000}, "timeout_s": 180, "tries": {"timeout": 0}}
        path = wave(tmp_path, server, 2, respondents=11, **limits)
        server.hold(one_person_waits)
        heir = Heir(server)
        run(path, store, make_executor=lambda _: heir)
    assert 0.5 in heir.shares
    assert count(store, "SELECT count(*) FROM answers WHERE status = 'answered'") == 110  # nobody waited in vain


def test_places_in_flight_hold_over_all_cohorts(tmp_path):
    with serving(Plan(latency_s=0.02)) as server:
        path = wave(tmp_path, server, 3, respondents=30, limits={"max_in_flight": 6})
        server.hold(0)
        full = Watching(lambda: server.in_flight >= 6, server.let_go)
        run(path, tmp_path / "a.sqlite", make_executor=lambda _: full)
        assert server.peak == 6


def test_a_key_is_no_part_of_leases_or_costs(tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY_FOR_TESTS", "sk-verysecret")
    with serving(Plan(key="sk-verysecret")) as server:
        path = wave(tmp_path, server, 1, respondents=2, max_cost=1.0)
        text = path.read_text().replace(f'"{server.url}"', f'"{server.url}", "key_env": "A_KEY_FOR_TESTS"')
        path.write_text(text)
        run(path, tmp_path / "a.sqlite")
    assert b"sk-verysecret" not in (tmp_path / "a.sqlite").read_bytes()


def test_the_command_line_ends_with_3_when_the_money_is_used_up(tmp_path):
    with serving() as server:
        path = wave(tmp_path, server, 1, respondents=50, max_cost=0.02)
        done = subprocess.run(command(path, tmp_path / "a.sqlite"), capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert "raise max_cost" in done.stderr
    assert "Traceback" not in done.stderr
