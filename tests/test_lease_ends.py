"""A cohort that nobody calls any more sends nothing more, until it is called again."""

import asyncio

import pytest

from simulator import cohort as hosting
from simulator.cohort import Assignment, Cohort, CohortSpec
from simulator.leases import Lease
from simulator.loading import load_wave
from simulator.people import persona_respondents
from tests.fault_server import Plan, serving
from tests.faulty_wave import write_wave

pytestmark = pytest.mark.real


def test_a_cohort_that_is_forgotten_falls_silent_and_goes_on_when_it_is_called(tmp_path, monkeypatch):
    monkeypatch.setattr(hosting, "EXPIRES_S", 0.5)

    async def silence(server):
        """Requests so far, once no more come: they would each 0.2 seconds, as long as there are any left to ask."""
        asked = -1
        while asked < len(server.ledger):
            asked = len(server.ledger)
            await asyncio.sleep(2.0)
        return asked

    async def main(server):
        loaded = load_wave(write_wave(tmp_path, [server.url], respondents=40))
        [cell] = loaded.cells
        spec = CohortSpec(loaded.wave.seed, loaded.questionnaire, cell.model, {1: cell.condition}, True)
        people = persona_respondents(loaded, {cell.name: 1}, 0, 40)
        assignments = [Assignment(number, 1, person) for number, (*_, person) in enumerate(people, 1)]
        cohort = Cohort(spec)
        finished = []
        while not (await cohort.work([], Lease())).free:
            pass
        finished += (await cohort.work(assignments, Lease())).finished
        silent_from = await silence(server)
        while len(finished) < 40:
            finished += (await cohort.work([], Lease())).finished
        await cohort.close()
        assert silent_from < len(server.ledger)  # it fell silent although there was more to ask
        assert sorted(finished) == list(range(1, 41))

    with serving(Plan(latency_s=0.2)) as server:
        asyncio.run(main(server))
