"""What endpoints prove at the start, and what is said of those that do not."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from demoscope.errors import BackendError, WavePaused
from simulator.backends.conformance import request
from simulator.backends.openai_api import OpenAIBackend, retrying
from simulator.doctor_wave import examine_models
from simulator.loading import load_wave
from simulator.protocols.interface import Completion
from simulator.run import run_wave
from simulator.store import Store
from tests.endpoints import FREE, application, backend, error, flaky, proven, said, using
from tests.fault_server import Plan, serving
from tests.faulty_wave import write_wave
from tests.ports import nobody_listening


def test_what_an_endpoint_ignores_is_not_proved():
    with serving(Plan(abilities=frozenset({"seed"}))) as server:
        can = using(backend(server.url), proven)
    assert (can.structured, can.top_logprobs, can.score) == (None, 0, None)
    assert can.seed
    assert {"logprobs", "constrained replies", "score"} <= set(can.missing)
    with serving(Plan(abilities=frozenset({"logprobs"}))) as server:
        assert not using(backend(server.url), proven).seed


def test_a_model_that_is_not_named_is_the_only_one_the_endpoint_lists():
    with serving() as server:
        assert using(backend(server.url, model=None), proven).names == {"mock"}


def test_endpoints_of_two_models_are_not_mixed():
    with serving() as one, serving(Plan(model="other")) as two:
        made = OpenAIBackend("m", endpoints=[{"url": one.url, "model": "mock"}, {"url": two.url, "model": "other"}])
        assert using(made, proven).names == {"mock", "other"}  # whoever names both says that they are the same
        with pytest.raises(BackendError, match="do not have the same model"):
            using(backend(one.url, two.url, model=None), proven)


def test_nobody_listening_pauses_and_does_not_look_like_a_mistake():
    with nobody_listening() as url, pytest.raises(WavePaused, match="does not answer"):
        using(backend(url, tries={"network": 0}), proven)


def test_the_doctor_says_what_the_endpoints_of_a_wave_can_do(tmp_path: Path):
    with serving() as server:
        [found] = examine_models(load_wave(write_wave(tmp_path, [server.url])))
        assert found.ok
        assert "mock by chat; proved generate, label_logprobs, score" in found.found
        [missing] = examine_models(load_wave(write_wave(tmp_path, [server.url], model="nobody")))
        assert not missing.ok
        assert "404" in missing.found


def test_the_doctor_tells_an_endpoint_that_is_down_from_a_mistake_in_the_wave(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    with nobody_listening() as away, serving() as server:
        [down] = examine_models(load_wave(write_wave(tmp_path, [away])))
        [partly] = examine_models(load_wave(write_wave(tmp_path, [away, server.url])))
        [wrong] = examine_models(load_wave(write_wave(tmp_path, [server.url], model="nobody")))
    assert not down.ok
    assert (
        down.advice == "An endpoint that is down is no mistake of the wave: start it or wait, then run doctor again."
    )
    assert partly.ok
    assert f"Left out, since the others do all: {away} does not answer" in partly.found
    assert wrong.advice == "Mend what the message names, then run doctor again."


def test_a_wrong_name_in_one_of_the_first_replies_is_not_taken_for_the_models(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    for nth in (1, 2):
        with application(
            flaky(lambda n, nth=nth: web.json_response(said(model="other")) if n == nth else None)
        ) as url:
            assert using(backend(url), proven).names == {"mock"}
    by_turns = flaky(lambda n: web.json_response(said(model="other")) if n % 2 else None)
    with (
        application(by_turns) as url,
        pytest.raises(BackendError, match=r"'other' \(4 of 7 replies\), 'mock' \(3 of"),
    ):
        using(backend(url), proven)
    with application(by_turns) as url:
        assert using(backend(url, answers_as=["mock", "other"]), proven).names == {"mock", "other"}
    with application(by_turns) as url, pytest.raises(BackendError, match="answers_as"):
        using(backend(url, answers_as=["third"]), proven)


def test_faults_at_the_start_hide_no_ability(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    html = "<html>502</html>"
    broken = [error(503), error(401), web.Response(text=html, content_type="text/html")]
    for response in broken:
        made = flaky(lambda n, response=response: copy_of(response) if n % 3 else None)
        with application(made) as url:
            assert using(backend(url), proven).seed


def copy_of(response: web.Response) -> web.Response:
    return web.Response(status=response.status, body=response.body, content_type=response.content_type)


def test_an_endpoint_that_is_down_at_the_start_pauses_and_one_that_refuses_is_a_mistake(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    with application(flaky(lambda _: error(503))) as url, pytest.raises(WavePaused, match="503"):
        using(backend(url), proven)
    with application(flaky(lambda _: error(403))) as url, pytest.raises(BackendError, match="403"):
        using(backend(url), proven)


def test_an_endpoint_that_is_away_at_the_start_is_named_and_the_others_do_all(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)
    with nobody_listening() as away, serving() as there:

        async def ask(opened: OpenAIBackend) -> tuple[Any, Completion]:
            return opened.card(), await opened.complete(request(**FREE))

        card, reply = using(backend(away, there.url), ask)
    assert reply.last.error is None
    assert card.digest is None
    assert [away in one for one in card.settings["absent"]] == [True]


def test_who_runs_a_wave_is_told_once_what_its_endpoints_have_not_proved(tmp_path: Path):
    told: list[tuple[str, ...]] = []
    with serving() as server, Store(tmp_path / "a.sqlite") as store:
        path = write_wave(tmp_path, [server.url], respondents=2, questions=1)
        run_wave(load_wave(path), store, now=lambda: "now", progress=lambda state: told.append(state.notices))
    [notice] = told[-1]
    assert "Not there either: repetition_penalty, continued replies" in notice
