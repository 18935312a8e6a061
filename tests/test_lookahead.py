"""Which requests of an interview do not hang on a reply, and that nothing else is asked ahead."""

import asyncio
import dataclasses

import pytest

from simulator.backends.scripted import ScriptedBackend
from simulator.drivers import drive
from simulator.loading import load_wave
from simulator.lookahead import Ahead, independent
from simulator.people import make_respondent
from simulator.protocols.registry import find_protocol
from tests import conftest


def interview_of(path):
    loaded = load_wave(path)
    (cell,) = loaded.cells
    (person,) = loaded.population.people(0, 1, loaded.wave.seed)
    respondent = make_respondent(loaded, cell, person)
    protocol = find_protocol("def")
    return lambda: protocol.interview(respondent, loaded.questionnaire, cell.settings, loaded.wave.seed)


@pytest.mark.parametrize(("memory", "ahead"), [(0, ["parks", "roads", "trust"]), (3, ["parks"])])
def test_without_memory_every_question_is_independent_and_with_memory_only_the_first(wave_file, memory, ahead):
    path = wave_file(("portrait: [sex, age]", f"portrait: [sex, age], memory: {memory}"))
    assert [request.question for request in independent(interview_of(path))] == ahead


class Heard:
    def __init__(self):
        self.exchanges, self.answers = [], []

    def exchange(self, request, completion):
        self.exchanges.append((request, completion))

    def answer(self, understood):
        self.answers.append(understood)


@pytest.mark.parametrize("memory", [0, 3])
def test_asking_ahead_changes_nothing_but_when_it_is_asked(wave_file, memory):
    path = wave_file(("portrait: [sex, age]", f"portrait: [sex, age], memory: {memory}"))
    interview = interview_of(path)
    public = ScriptedBackend("public", public="persona")

    async def both():
        plain, early = Heard(), Heard()
        await drive(interview(), public.complete, plain)
        ahead = Ahead(public.complete, independent(interview))
        await drive(interview(), ahead.complete, early)
        await ahead.close()
        assert early.exchanges == plain.exchanges
        assert early.answers == plain.answers

    asyncio.run(both())


def test_a_reply_asked_for_ahead_is_not_used_for_another_request(wave_file):
    first, *_ = independent(interview_of(wave_file()))
    asked = []

    async def complete(request):
        asked.append(request.seed)
        return await ScriptedBackend("public").complete(request)

    async def other_seed():
        ahead = Ahead(complete, [first])
        await ahead.complete(dataclasses.replace(first, seed=first.seed ^ 1))

    asyncio.run(other_seed())
    assert sorted(asked) == sorted([first.seed, first.seed ^ 1])


def test_what_hangs_on_an_earlier_answer_is_never_asked_ahead(wave_file):
    routed = conftest.SURVEY.replace(
        "    text: And on roads?\n", "    text: And on roads?\n    show_if: answered(parks) or not answered(parks)\n"
    )
    path = wave_file(("portrait: [sex, age]", "portrait: [sex, age], memory: 0"), survey=routed)
    assert [request.question for request in independent(interview_of(path))] == ["parks", "trust"]
