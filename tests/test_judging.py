"""A judge over the replies of a store: run, resumed, counted, and held to the store it judges."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from analysis.compare import compare_stores
from analysis.def_rules import def_rules
from demoscope.errors import DemoscopeError, DocumentError, StoreError, WavePaused
from demoscope.replies import divided, read_replies, reply_keys
from simulator.backends.scripted import ScriptedSettings
from simulator.executors import LocalExecutor
from simulator.judges import JudgeDocument, chosen_judge, read_judge
from simulator.judging import run_judge
from simulator.judging_plan import judging_lines, plan_judging
from simulator.loading import load_wave
from simulator.protocols.interface import Attempt, Completion
from simulator.protocols.judge import PROTOCOL, JudgeSettings
from simulator.protocols.rater import judged
from simulator.run import run_wave
from simulator.store import Store
from surveys.judging import DIMENSIONS, read_verdict
from tests.fault_server import serving
from tests.stores import content, count
from tests.test_run import Interrupted

SETTINGS = ScriptedSettings(public="uniform").model_dump(mode="json")
SCRIPTED = {"name": "glm", "backend": "scripted", "settings": SETTINGS}


def launch(store: Path, folder: Path, **more) -> None:
    wave = {
        "name": "tiny",
        "seed": 3,
        "questionnaire": "values_core",
        "population": "def_us",
        "respondents": 2,
        "models": [{"name": "m", "backend": "scripted", "settings": {"public": "faulty"}}],
        "conditions": [{"name": "full"}, {"name": "cao", "protocol": "cao"}],
        "execution": {"executor": "local"},
        **more,
    }
    path = folder / "wave.yaml"
    path.write_text(yaml.safe_dump(wave))
    with Store(store) as opened:
        run_wave(load_wave(path), opened, now=lambda: "2026-01-01")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "w.sqlite"
    launch(path, tmp_path)
    return path


def judge(**settings) -> JudgeDocument:
    settings = {"share": 0.2, "constrained": True, **settings}
    return JudgeDocument.model_validate({"model": SCRIPTED, "settings": settings})


def let(document: JudgeDocument, store: Path, **how) -> int:
    with Store(store) as opened:
        return run_judge(
            document, opened, now=lambda: "2026-01-02", make_executor=how.pop("executor", LocalExecutor), **how
        ).saved


def test_every_drawn_reply_gets_a_verdict_in_every_dimension_and_what_was_there_stays(store):
    before = content(store)
    plan = plan_judging(judge(), store)
    assert let(judge(), store) == plan.verdicts == 6 * sum(plan.replies.values()) > 0
    assert count(store, "SELECT count(*) FROM judgements WHERE judge = 'glm'") == plan.verdicts
    assert count(store, "SELECT count(*) FROM exchanges WHERE step = 'judge'") == plan.calls == plan.verdicts
    after = content(store)
    for table in ("answers", "answer_options", "answer_sources", "respondents", "waves"):
        assert after[table] == before[table]
    done = plan_judging(judge(), store)
    assert (done.known, done.calls) == (plan.verdicts, 0)


def test_nothing_is_asked_twice_and_a_larger_share_asks_only_for_more(store):
    let(judge(), store)
    once = content(store)
    let(judge(), store)
    assert content(store) == once
    let(judge(share=0.5), store)
    more = content(store)
    assert set(once["judgements"]) < set(more["judgements"])
    assert set(once["attempts"]) < set(more["attempts"])


def test_a_judge_that_was_interrupted_ends_in_the_same_verdicts(store, tmp_path):
    other = tmp_path / "other.sqlite"
    launch(other, tmp_path)
    narrow = JudgeDocument.model_validate(
        {
            "model": {**SCRIPTED, "settings": {**SETTINGS, "concurrency": 2}},  # so that it takes three at most
            "settings": judge().settings.model_dump(),
        }
    )
    with pytest.raises(KeyboardInterrupt):
        let(narrow, store, executor=lambda: Interrupted(1))
    assert 0 < plan_judging(narrow, store).known < plan_judging(narrow, store).verdicts
    let(narrow, store)
    let(narrow, other)
    assert content(store)["judgements"] == content(other)["judgements"]
    assert content(store)["exchanges"] == content(other)["exchanges"]


def test_the_same_questions_of_the_same_people_are_judged_in_every_cell(store):
    let(judge(share=0.3), store)
    with closing(sqlite3.connect(store)) as db:
        drawn = db.execute(
            """SELECT DISTINCT r.persona_id, j.question_id, c.condition FROM judgements j
            JOIN respondents r ON r.id = j.respondent_id JOIN cells c ON c.id = r.cell_id"""
        ).fetchall()
        unread = set(
            db.execute(
                """SELECT DISTINCT r.persona_id, a.question_id FROM answers a
                JOIN respondents r ON r.id = a.respondent_id WHERE status = 'failed'"""
            )
        )
    sides = [{(p, q) for p, q, condition in drawn if condition == name} - unread for name in ("full", "cao")]
    assert sides[0] == sides[1]


def test_verdicts_are_counted_by_condition_and_a_judge_is_no_condition(store):
    let(judge(share=1), store)
    found = compare_stores([store], def_rules(), draws=20, details=True)
    assert [row.condition for row in found.rows] == ["full", "cao"]
    shown = [each for each in found.evaluations[0].insensitivity if each.judge == "glm"]
    assert [each.dimension for each in shown] == list(DIMENSIONS)
    assert all(each.judged > 60 and 0.2 < (each.share or 0) < 0.8 for each in shown)  # it says yes or no at random
    pairs = {(each.raters, each.dimension) for each in found.agreements}
    assert (("glm", "rules"), "IU") in pairs
    assert not {each for each in pairs if each[0] == ("glm", "rules") and each[1] in ("IR", "FF")}


def interviewed(replies: list[str | None], **settings) -> tuple[list, list]:
    """What a judge asks about one reply and finds, when it gets these replies in turn."""
    reply = next(read_replies(_rows, reply_keys(_rows)))
    wanted = JudgeSettings.model_validate({"dimensions": ["CV"], **settings})
    steps = PROTOCOL.interview(judged("judge:j", 1, wanted, (reply,)), None, wanted, 3)
    asked, found = [], []
    item = next(steps)
    try:
        while True:
            if hasattr(item, "verdict"):
                found.append(item)
                item = steps.send(None)
            else:
                asked.append(item)
                text = replies[len(asked) - 1]
                item = steps.send(Completion((Attempt(text, error=None if text is not None else "it broke"),)))
    except StopIteration:
        return asked, found


def _rows(sql, values):
    """A store of one reply."""
    if "answer_sources" in sql:
        return [
            ("answered", "I like it.", '[["system", "a"], ["user", "b"]]', "Answer: 2: yes\nExplanation: Why?", 1, 1)
        ]
    if "texts" in sql:
        return [("Notes.\nRequest: Tea? - 1: no, 2: yes",)] if values == ("b",) else [("Act.",)]
    return [("full/m", 1, 1, "tea", 1, 0)]


def test_a_judge_sees_the_question_as_it_was_asked_the_answer_and_its_explanation():
    (request,), _ = interviewed(["Yes."])
    assert "Conflict of value" in request.messages[0].text
    assert request.messages[1].text == (
        "Question: Tea? - 1: no, 2: yes\nResponse: 2: yes\nExplanation: Why?\nYour judge is:"
    )
    assert (request.step, request.decoding.greedy) == ("judge", True)


def test_a_judge_is_asked_again_until_it_gives_a_verdict_and_never_more_often_than_its_tries():
    asked, (found,) = interviewed(["Hard to say.", None, "NO: it argues for tea."])
    assert [request.ordinal - asked[0].ordinal for request in asked] == [0, 1, 2]
    assert [message.role for message in asked[1].messages] == ["system", "user", "assistant", "user"]
    assert len(asked[2].messages) == 2  # nothing came back, so there is nothing to complain about
    assert not asked[1].decoding.greedy  # the likeliest reply would be the same again
    assert (found.verdict, found.analysis) == ("failure", "NO: it argues for tea.")
    asked, (found,) = interviewed(["Hmm.", "Perhaps.", None, "Yes."])
    assert (len(asked), found.verdict, found.analysis) == (3, None, "Perhaps.")
    _, (found,) = interviewed([None], tries=1)
    assert (found.verdict, found.analysis) == (None, None)


def test_the_published_rule_reads_all_that_the_judge_said(store):
    let(judge(dimensions=["IU"]), store)
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("UPDATE judgements SET verdict = 'pass', analysis = 'Yes. Not bad.'")
    shares = [
        next(
            each.share
            for each in compare_stores([store], def_rules(p), draws=5, details=True).evaluations[0].insensitivity
            if each.judge == "glm" and each.dimension == "IU"
        )
        for p in ("demoscope", "code")
    ]
    assert shares == [0, 1]


def test_a_model_of_the_store_may_judge_and_another_of_its_name_may_not(store, tmp_path):
    document = chosen_judge(store, None, "m", 0.05)
    assert document.named.name == "m"
    let(document.model_copy(update={"settings": judge(share=0.05).settings}), store)
    other = JudgeDocument.model_validate({"model": {**SCRIPTED, "name": "m"}, "settings": {"share": 0.05}})
    with pytest.raises(StoreError, match="another model that is called 'm'"):
        let(other, store)
    let(judge(share=0.05), store)
    models = [
        {"name": "m", "backend": "scripted", "settings": {"public": "faulty"}},
        {"name": "glm", "backend": "scripted", "settings": {"public": "modal"}},
    ]
    with pytest.raises(StoreError, match="'glm': it judged replies"):
        launch(store, tmp_path, models=models)
    launch(store, tmp_path, models=[models[0], SCRIPTED])
    assert count(store, "SELECT count(*) FROM cells WHERE protocol <> 'judge'") == 4


def test_two_judges_are_not_mixed(store):
    let(judge(), store)
    with pytest.raises(StoreError, match=r"'glm' of this store judged otherwise before \(temperature\)"):
        let(judge(temperature=0.7), store)
    let(judge(temperature=0.7, name="glm-warm"), store)
    assert count(store, "SELECT count(DISTINCT judge) FROM judgements") == 2


def test_a_wave_goes_on_after_it_was_judged(store, tmp_path):
    let(judge(), store)
    launch(store, tmp_path, respondents=3)
    assert count(store, "SELECT count(*) FROM answers WHERE status <> 'skipped'") == 2 * 3 * 40
    assert plan_judging(judge(), store).known > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((None, None, None), "Say who judges"),
        ((Path("j.yaml"), "m", None), "not both"),
        ((None, "gpt", None), "no model 'gpt'; it has m"),
        ((None, "m", 2.0), "above 0 and up to 1"),
    ],
)
def test_mistakes_in_naming_a_judge_are_told(store, arguments, said):
    with pytest.raises(DocumentError, match=said):
        chosen_judge(store, *arguments)


def test_a_document_of_a_judge_is_read_and_its_mistakes_are_told_with_their_line(tmp_path):
    path = tmp_path / "judge.yaml"
    path.write_text("model: {name: glm, backend: scripted}\nsettings: {share: 0.1, dimensions: [CV, IR]}\n")
    assert read_judge(path).named == JudgeSettings(name="glm", share=0.1, dimensions=("CV", "IR"))
    path.write_text("model: {name: glm, backend: scripted}\nsettings:\n  share: 3\n")
    with pytest.raises(DocumentError, match=r"judge\.yaml:3: .*share"):
        read_judge(path)
    path.write_text("model: {name: glm, backend: scripted}\nsettings: {name: rules}\n")
    with pytest.raises(DocumentError, match="another name"):
        read_judge(path)


def test_too_small_a_share_and_a_judge_in_a_wave_are_refused(store, tmp_path):
    with pytest.raises(DemoscopeError, match="nothing to judge"):
        let(judge(share=1e-9), store)
    assert count(store, "SELECT count(*) FROM cells") == 2
    with pytest.raises(DocumentError, match="demoscope judge STORE"):
        launch(tmp_path / "x.sqlite", tmp_path, conditions=[{"name": "j", "protocol": "judge"}])


def test_the_plan_names_calls_tokens_and_money_and_changes_nothing(store):
    before = content(store)
    priced = {"prices": {"input": 1.0, "output": 2.0, "currency": "USD"}, "max_cost": 5.0}
    document = judge()
    document = document.model_copy(
        update={"model": document.model.model_copy(update={"settings": {**document.model.settings, **priced}})}
    )
    plan = plan_judging(document, store)
    assert plan.cost is not None
    assert 0 < plan.cost.low < plan.cost.high
    # replies of at most 200 tokens at 2 a million, and prompts at 1 a million
    assert plan.cost.high == pytest.approx((plan.prompt.high + 2 * 200 * plan.calls) / 1e6)
    assert judging_lines(plan)[-1].endswith("it pauses before 5 USD.")
    assert content(store) == before


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        ("Answer: 2\nExplanation: So.", ("2", "So.")),
        ("Answer：2：同意\nExplanation：因为。", ("2：同意", "因为。")),
        ("2. Explanation: So.", ("2.", "So.")),
        ("No idea", ("No idea", "")),
    ],
)
def test_a_reply_is_divided_at_its_markers(reply, parts):
    assert divided(reply) == parts


def test_a_verdict_within_a_word_is_none():
    assert [read_verdict(text) for text in ("Nothing", "Yesterday", "eyes", "yes", "no!", "是的")] == [
        *(None, None, None),
        *("pass", "failure", "pass"),
    ]


def test_the_store_tells_what_the_judge_took(store):
    let(judge(), store)
    with closing(sqlite3.connect(store)) as db:
        calls = dict(db.execute("SELECT cell, calls FROM cell_costs"))
        settings = json.loads(db.execute("SELECT settings FROM cells WHERE name = 'judge:glm'").fetchone()[0])
    assert calls["judge:glm"] == plan_judging(judge(), store).verdicts
    assert settings["share"] == 0.2


@pytest.mark.real
def test_an_api_judge_pauses_at_its_budget_and_goes_on_with_a_larger_one(store):
    def document(max_cost: float) -> JudgeDocument:
        priced = {"prices": {"input": 1.0, "output": 1.0, "currency": "USD"}, "max_cost": max_cost}
        settings = {"endpoints": [{"url": server.url}], "model": "mock", **priced}
        return JudgeDocument.model_validate(
            {
                "model": {"name": "api", "backend": "openai_api", "settings": settings},
                "settings": {"share": 0.2, "tries": 1, "max_tokens": 50},
            }
        )

    with serving() as server:
        with pytest.raises(WavePaused, match="max_cost"):
            let(document(0.005), store)
        spent = count(store, "SELECT 1e6 * sum(cost) FROM attempts WHERE step = 'judge'")
        assert 0 < spent <= 5000
        known = plan_judging(document(1.0), store).known
        let(document(1.0), store)
    plan = plan_judging(document(1.0), store)
    assert 0 < known < plan.known == plan.verdicts
    assert count(store, "SELECT count(*) FROM attempts WHERE step = 'judge' AND error IS NULL") == plan.verdicts


@pytest.mark.real
def test_the_embedded_model_judges_when_it_is_held_to_yes_or_no(store, tmp_path):
    model = {"name": "smollm2", "backend": "llama_cpp", "settings": {"path": "embedded", "context": 1024}}
    settings = {"share": 0.05, "dimensions": ["CV"], "constrained": True, "max_tokens": 12}
    (tmp_path / "judge.yaml").write_text(yaml.safe_dump({"model": model, "settings": settings}))
    document = read_judge(tmp_path / "judge.yaml")
    assert let(document, store) == plan_judging(document, store).verdicts > 0
    with closing(sqlite3.connect(store)) as db:
        found = db.execute("SELECT verdict, analysis FROM judgements").fetchall()
    assert all(verdict in ("pass", "failure") and said.startswith(("Yes. ", "No. ")) for verdict, said in found)
