"""Any order of faults of store, cohort and backend: what is saved stays, and the end is the uninterrupted store."""

import tempfile
from contextlib import suppress
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from demoscope.errors import WavePaused
from simulator.backends.scripted import ScriptedBackend
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.conftest import SURVEY, WAVE
from tests.stores import SAME, compared, content, violated
from tests.test_run import Dying, now

STREAMED = ("answers", "answer_options", "exchanges", "attempts", "answer_sources", "texts")
SOON = st.integers(0, 60)


class Schedule(RuleBasedStateMachine):
    """One store of one wave, run again after every fault."""

    whole: Path
    expected: dict[str, set[object]]

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        (folder / "survey.yaml").write_text(SURVEY)
        (folder / "wave.yaml").write_text(
            WAVE.replace("respondents: 6", "respondents: 25").replace("uniform}", "uniform, concurrency: 5}")
        )
        self.loaded = load_wave(folder / "wave.yaml")
        self.store, self.whole = folder / "a.sqlite", folder / "whole.sqlite"
        self.saved: dict[str, set[object]] = {table: set() for table in STREAMED}
        self.ask(self.whole)
        self.expected = {table: set(content(self.whole)[table]) for table in STREAMED}

    def ask(self, path, before=lambda _: None, **options):
        with Store(path) as opened:
            before(opened)
            run_wave(self.loaded, opened, now=now, **options)

    @rule(times=st.integers(1, 4))
    def cohorts_die(self, times):
        with suppress(WavePaused):
            self.ask(self.store, make_executor=lambda _: Dying(times))

    @rule(pages=st.integers(0, 80))
    def the_disk_is_full(self, pages):
        def little_space(opened):
            used = opened.connection.execute("PRAGMA page_count").fetchone()[0]
            opened.connection.execute(f"PRAGMA max_page_count = {used + pages}")

        with suppress(WavePaused):
            self.ask(self.store, little_space)

    @rule(replies=SOON)
    def the_backend_goes_down(self, replies):
        left = [replies]
        complete = ScriptedBackend.complete

        async def until_it_is_down(backend, request):
            left[0] -= 1
            if left[0] < 0:
                raise WavePaused("nobody answers any more")
            return await complete(backend, request)

        with mock.patch.object(ScriptedBackend, "complete", until_it_is_down), suppress(WavePaused):
            self.ask(self.store)

    @rule(writes=st.integers(0, 4), after=st.booleans())
    def the_driver_ends_around_a_write(self, writes, after):
        left = [writes]
        write = Store.write

        def ending(store, records):
            left[0] -= 1
            if left[0] < 0 and not after:
                raise KeyboardInterrupt
            new = write(store, records)
            if left[0] < 0:
                raise KeyboardInterrupt
            return new

        with mock.patch.object(Store, "write", ending), suppress(KeyboardInterrupt):
            self.ask(self.store)

    @invariant()
    def what_is_saved_stays_and_is_what_had_to_be(self):
        if not hasattr(self, "store") or not self.store.exists():
            return
        assert violated(self.store) == []
        found = content(self.store)
        for table, rows in self.saved.items():
            assert rows <= set(found.get(table, ())) <= self.expected[table]
            self.saved[table] = set(found.get(table, ()))

    def teardown(self):
        if hasattr(self, "store"):
            self.ask(self.store)
            assert compared(self.store, self.whole) == SAME
            assert violated(self.store) == []
            self.folder.cleanup()


Schedule.TestCase.settings = settings(max_examples=6, stateful_step_count=5, deadline=None, derandomize=True)
TestFaultSchedules = Schedule.TestCase
