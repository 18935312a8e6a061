"""What happens to a store that cannot be written for a while, and to clocks that jump: docs/faults.md."""

import itertools
import os
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, contextmanager, suppress

import pytest

from demoscope.errors import StoreError, WavePaused
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.launched import Launched, finished
from tests.stores import SAME, compared, content, count, violated

MANY = ("respondents: 6", "respondents: 40")
PACE = ("settings: {public: uniform}", "settings: {public: uniform, latency_s: 0.03, concurrency: 4}")


def now() -> str:
    return "2026-01-01T00:00:00+00:00"


def ask(path, store, before=lambda _: None, **options):
    with Store(store) as opened:
        before(opened)
        return run_wave(load_wave(path), opened, now=now, **options)


@pytest.fixture
def whole(wave_file, tmp_path):
    ask(wave_file(MANY, PACE), tmp_path / "whole.sqlite")
    return tmp_path / "whole.sqlite"


def test_a_wave_goes_on_when_a_full_disk_has_space_again(wave_file, tmp_path, whole):
    store, path = tmp_path / "a.sqlite", wave_file(MANY, PACE)

    def little_space(opened):
        pages = opened.connection.execute("PRAGMA page_count").fetchone()[0]
        opened.connection.execute(f"PRAGMA max_page_count = {pages + 30}")

    pauses = 0
    for _ in range(30):
        try:
            ask(path, store, little_space)
            break
        except WavePaused as paused:
            assert "the disk is full" in str(paused)
            assert "run the same command again" in str(paused)
            assert violated(store) == []
            pauses += 1
    assert pauses >= 1
    assert compared(store, whole) == SAME
    assert violated(store) == []


@contextmanager
def small_disk(folder, size):
    """A real file system of so many bytes."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"mounting needs rights that are not there: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")
def test_the_command_on_a_disk_that_fills_up_and_is_freed(wave_file, tmp_path, gate):
    path = wave_file(MANY, gate.before(public="uniform"))
    ask(path, tmp_path / "whole.sqlite")
    with small_disk(tmp_path / "disk", "16m") as disk:
        store, ballast = disk / "a.sqlite", disk / "ballast"
        gate.shut()
        with Launched(path, store) as launched:
            launched.reach(1)
            fill(ballast)
            gate.open()
            code, said = launched.end()
        assert code == 3, said
        assert "the disk is full" in said
        saved = count(store, "SELECT count(*) FROM answers")
        assert 0 < saved < 120
        with Launched(path, store) as launched:  # nobody freed anything yet
            code, said = launched.end()
        assert code in (2, 3), said
        assert "free" in said
        assert count(store, "SELECT count(*) FROM answers") >= saved
        ballast.unlink()
        finished(path, store)
        assert violated(store) == []
        assert compared(store, tmp_path / "whole.sqlite") == SAME


def fill(path):
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


@contextmanager
def locked(store):
    """The store's write lock, in the hands of another program."""
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_store_that_another_program_locks_for_long_pauses_the_wave_and_is_continued(wave_file, tmp_path, whole):
    store, path = tmp_path / "a.sqlite", wave_file(MANY, PACE)
    calls = itertools.count()
    with pytest.raises(WavePaused) as caught, closing(sqlite3.connect(store, isolation_level=None)) as other:

        def lock_after_a_while(_):
            if next(calls) == 2:
                other.execute("BEGIN IMMEDIATE")

        ask(
            path,
            store,
            before=lambda opened: opened.connection.execute("PRAGMA busy_timeout = 50"),
            progress=lock_after_a_while,
        )
    assert "is locked by another program; close it and run the same command again" in str(caught.value)
    assert caught.value.exit_code == 3
    assert 0 < count(store, "SELECT count(*) FROM answers") < 120
    ask(path, store)
    assert compared(store, whole) == SAME
    assert violated(store) == []


def test_a_store_that_is_locked_when_the_command_begins_is_told_and_unchanged(wave_file, tmp_path, whole):
    store, path = tmp_path / "a.sqlite", wave_file(MANY, PACE)
    Store(store).close()
    with locked(store), pytest.raises(WavePaused, match="locked by another program"):
        ask(path, store, before=lambda opened: opened.connection.execute("PRAGMA busy_timeout = 50"))
    ask(path, store)
    assert compared(store, whole) == SAME


def test_a_lock_that_is_short_is_waited_for(wave_file, tmp_path, whole):
    store, path = tmp_path / "a.sqlite", wave_file(MANY, PACE)
    Store(store).close()
    held = threading.Event()

    def hold():
        with locked(store):
            held.set()
            time.sleep(1.0)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(60)
    ask(path, store)
    other.join()
    assert compared(store, whole) == SAME


def test_two_waves_at_one_store_are_one_too_many(wave_file, tmp_path):
    with Store(tmp_path / "a.sqlite"), pytest.raises(StoreError, match="being written by another wave"):
        ask(wave_file(), tmp_path / "a.sqlite")


def test_clocks_that_jump_change_nothing_but_what_they_are_asked_for(wave_file, tmp_path, whole, monkeypatch):
    """The wall clock jumps by years in both directions, many times a second."""
    years = itertools.cycle((0, -30, 50, 7, -3))
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + next(years) * 365 * 86_400)
    stamps = itertools.cycle(("2026-01-01T00:00:00+00:00", "1996-01-01T00:00:00+00:00", "2076-01-01T00:00:00+00:00"))
    store = tmp_path / "a.sqlite"
    with Store(store) as opened:
        run_wave(load_wave(wave_file(MANY, PACE)), opened, now=lambda: next(stamps))
    assert content(store) == content(whole)
    assert violated(store) == []
    assert count(store, "SELECT count(*) FROM attempts WHERE latency_s < 0 OR latency_s > 600") == 0
