"""Waves about real people: known answers in, unseen answers out, in the store as the contract says."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from demoscope.errors import DocumentError, StoreError
from run_simulation import app
from simulator.crossing import crossed
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.run import run_wave
from simulator.store import Store
from simulator.wave import Condition
from tests.statement_sets import NONVOTERS
from tests.stores import content, sound

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
QUESTIONS = [
    {"id": f"q{n}", "text": f"Matter {n}?", "options": "important_4", "topic": "c1" if n < 5 else "c2"}
    for n in range(1, 9)
]

PEOPLE = ["ann,f,1,2,3,4,1,2,3,4", "bob,m,4,,2,1,4,3,2,1", "cid,m,1,1,1,1,1,1,1,1", "dot,f,2,2,2,2,4,4,4,4"]


def write(folder, *, wave=None, settings=None, across=None, people=None):
    """A wave of four people who answered eight questions; bob has no answer to q2."""
    rows = ["id,sex,q1,q2,q3,q4,q5,q6,q7,q8"]
    rows += people or [
        "ann,f,1,2,3,4,1,2,3,4",
        "bob,m,4,,2,1,4,3,2,1",
        "cid,m,1,1,1,1,1,1,1,1",
        "dot,f,2,2,2,2,4,4,4,4",
    ]
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    questionnaire = {"id": "matters", "title": "Matters", "questions": QUESTIONS}
    (folder / "questionnaire.yaml").write_text(json.dumps(questionnaire))
    population = {
        "id": "four",
        "title": "Four people",
        "source": "Made up",
        "attributes": {"sex": {"levels": {"f": "woman", "m": "man"}}},
        "sources": [{"kind": "microdata", "file": "people.csv", "row": "id", "attributes": {"sex": "sex"}}],
        "design": {"kind": "every_row"},
        "phrases": [{"tells": ["sex"], "text": "you are a {{ sex }}", "first": "I am a {{ sex }}"}],
    }
    (folder / "population.yaml").write_text(json.dumps(population))
    chosen = {"setups": {"1": ["q1", "q5"], "2": ["q2", "q6"]}, "demonstrations": 3, **(settings or {})}
    document = {
        "name": "four",
        "seed": 1,
        "questionnaire": "questionnaire.yaml",
        "population": "population.yaml",
        "known_answers": {"file": "people.csv", "row": "id"},
        "respondents": 4,
        "models": [{"name": "m", "backend": "scripted", "settings": {"public": "uniform"}}],
        "conditions": [{"name": "ivc", "protocol": "ivc", "settings": chosen, "across": across or {"setup": [1, 2]}}],
        "execution": {"executor": "local"},
        **(wave or {}),
    }
    path = folder / "wave.yaml"
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    return path


def run(path, store):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=lambda: "2026-01-01T00:00:00")


def rows(store, sql):
    with closing(sqlite3.connect(store)) as db:
        return db.execute(sql).fetchall()


def test_a_wave_writes_known_answers_demonstrations_and_one_answer_for_every_target(tmp_path):
    store = tmp_path / "four.sqlite"
    run(write(tmp_path), store)
    assert sound(store)
    # Four people, eight questions in two forms, one answer of bob missing: 4 * 16 - 2.
    assert rows(store, "SELECT count(*) FROM known_answers") == [(62,)]
    truth = rows(
        store,
        """SELECT p.source_row, q.name, k.code FROM known_answers k JOIN personas p ON p.id = k.persona_id
        JOIN questions q ON q.id = k.question_id
        WHERE q.name IN ('q1_refined', 'q1_polar', 'q2_polar') ORDER BY 1, 2""",
    )
    assert truth == [
        *(("ann", "q1_polar", 1), ("ann", "q1_refined", 1), ("ann", "q2_polar", 1)),
        *(("bob", "q1_polar", 2), ("bob", "q1_refined", 4)),
        *(("cid", "q1_polar", 1), ("cid", "q1_refined", 1), ("cid", "q2_polar", 1)),
        *(("dot", "q1_polar", 1), ("dot", "q1_refined", 2), ("dot", "q2_polar", 1)),
    ]
    asked = rows(
        store,
        """SELECT c.name, group_concat(q.name, ' ') FROM (SELECT DISTINCT cell_id, question_id FROM answers
        JOIN respondents r ON r.id = respondent_id ORDER BY 2) JOIN cells c ON c.id = cell_id
        JOIN questions q ON q.id = question_id GROUP BY 1""",
    )
    assert asked == [("ivc.1/m", "q1_refined q5_refined"), ("ivc.2/m", "q2_refined q6_refined")]
    assert rows(store, "SELECT count(*), sum(status = 'answered') FROM answers") == [(16, 16)]
    shown = rows(
        store,
        """SELECT count(*), count(DISTINCT q.name), sum(q.name IN ('q1_refined', 'q5_refined')) FROM demonstrations d
        JOIN questions q ON q.id = d.question_id WHERE cell_id = 1 AND step = 'answer' AND d.ordinal = 0""",
    )
    assert shown[0][0] == 12 and shown[0][2] == 0, "three of each, none of them a target"
    kinds = rows(store, "SELECT section, topic, count(*) FROM questions GROUP BY 1, 2")
    assert kinds == [("polar", "c1", 4), ("polar", "c2", 4), ("refined", "c1", 4), ("refined", "c2", 4)]


def test_an_interrupted_wave_goes_on_and_ends_the_same(tmp_path):
    settings = {"asked": "singly", "answer_format": "scored"}
    path = write(tmp_path, settings=settings)
    run(path, tmp_path / "whole.sqlite")
    run(path, tmp_path / "cut.sqlite")
    with closing(sqlite3.connect(tmp_path / "cut.sqlite")) as db, db:
        for table in ("answer_sources", "answer_options", "distributions", "answers"):
            db.execute(f"DELETE FROM {table} WHERE respondent_id > 3")
        for table in ("demonstrations", "attempts", "exchanges"):
            db.execute(f"DELETE FROM {table} WHERE subject_id > 3 AND ordinal > 0")
    run(path, tmp_path / "cut.sqlite")
    assert content(tmp_path / "cut.sqlite") == content(tmp_path / "whole.sqlite")
    shares = rows(
        tmp_path / "whole.sqlite", "SELECT sum(probability) FROM distributions GROUP BY respondent_id, question_id"
    )
    assert len(shares) == 16 and all(abs(total - 1) < 1e-9 for (total,) in shares)


def test_a_wave_grows_by_conditions_and_refuses_other_answers_of_its_people(tmp_path):
    store = tmp_path / "four.sqlite"
    run(write(tmp_path), store)
    more = {"name": "told", "protocol": "ivc", "settings": {"setups": {"1": ["q1"]}, "demographics": True}}
    path = write(tmp_path)
    document = json.loads(path.read_text())
    document["conditions"].append(more)
    path.write_text(json.dumps(document))
    run(path, store)
    assert rows(store, "SELECT count(*) FROM answers") == [(16 + 4,)]
    assert rows(store, "SELECT DISTINCT portrait FROM respondents WHERE cell_id = 3 ORDER BY 1") == [
        ("I am a man",),
        ("I am a woman",),
    ]
    changed = write(tmp_path, people=["ann,f,2,2,3,4,1,2,3,4", *PEOPLE[1:]])
    with pytest.raises(StoreError, match="known_answers"):
        run(changed, store)


def test_restricted_answers_mark_the_store(tmp_path):
    source = {"file": "people.csv", "row": "id", "restricted": True}
    run(write(tmp_path, wave={"known_answers": source}), tmp_path / "four.sqlite")
    assert rows(tmp_path / "four.sqlite", "SELECT restricted FROM waves") == [(1,)]


def test_pairs_of_people_and_targets_may_be_assigned(tmp_path):
    (tmp_path / "pairs.csv").write_text("QUESTION_ID,PARTICIPANT_ID\nq1_polar,ann\nq7_polar,ann\nq2_polar,bob\n")
    settings = {"setup": "assigned", "target_form": "polar"}
    path = write(tmp_path, wave={"assignments": "pairs.csv"}, settings=settings, across={"demonstrations": [7]})
    document = json.loads(path.read_text())
    del document["conditions"][0]["settings"]["demonstrations"]
    path.write_text(json.dumps(document))
    run(path, tmp_path / "four.sqlite")
    found = rows(
        tmp_path / "four.sqlite",
        """SELECT p.source_row, q.name FROM answers a JOIN respondents r ON r.id = a.respondent_id
        JOIN personas p ON p.id = r.persona_id JOIN questions q ON q.id = a.question_id ORDER BY 1, 2""",
    )
    assert found == [("ann", "q1_polar"), ("ann", "q7_polar"), ("bob", "q2_polar")]
    with pytest.raises(DocumentError, match="setup: the wave has no `assignments`"):
        load_wave(write(tmp_path, settings=settings, across={"temperature": [0.0]}))
    with pytest.raises(DocumentError, match="setup: the wave has `assignments`; say 'assigned'"):
        load_wave(write(tmp_path, wave={"assignments": "pairs.csv"}))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"wave": {"known_answers": None}},
            "condition 'ivc.1': the protocol ivc asks about statements .*known_answers",
        ),
        ({"wave": {"known_answers": {"file": "x.csv", "row": "id"}}}, r"known_answers: .*x\.csv: no such file"),
        ({"wave": {"known_answers": {"file": "people.csv", "row": "who"}}}, "there is no column 'who'"),
        (
            {"wave": {"known_answers": {"file": "people.csv", "row": "id", "columns": {"q9": "q1"}}}},
            "columns: 'q9' is no question of 'matters'",
        ),
        ({"wave": {"known_answers": {"file": "people.csv", "row": "sex"}}}, "rows 2 and 3 are both the person 'm'"),
        ({"settings": {"setups": {"1": ["q9"], "2": ["q1"]}}}, "condition 'ivc.1': setups: 'q9' is no question"),
        ({"settings": {"setup": 1}}, "'setup' stands in `settings` and in `across`"),
        ({"settings": {"categories": ["c9"]}}, "condition 'ivc.1': categories: there is no category 'c9'"),
        ({"across": {"setup": [1, 1]}}, "'setup' needs one value at least, and each once"),
        ({"settings": {"demographics": True, "attributes": ["faith"]}}, "condition 'ivc.1': demographics: "),
    ],
)
def test_what_is_wrong_with_a_wave_about_people_is_told_before_anything_is_asked(tmp_path, parts, message):
    with pytest.raises(DocumentError, match=message):
        load_wave(write(tmp_path, **parts))


def test_people_who_are_no_row_of_the_answers_are_refused(tmp_path):
    path = write(tmp_path)
    (tmp_path / "others.csv").write_text("id,q1,q2,q3,q4,q5,q6,q7,q8\nann,1,1,1,1,1,1,1,1\n")
    document = json.loads(path.read_text())
    document["known_answers"]["file"] = "others.csv"
    path.write_text(json.dumps(document))
    with pytest.raises(DocumentError, match=r"others\.csv has no row 'bob', a person of 'four'"):
        load_wave(path)
    document["population"] = "us_adults_2018"
    path.write_text(json.dumps(document))
    with pytest.raises(DocumentError, match="nobody in 'us_adults_2018' comes from microdata"):
        load_wave(path)


def test_conditions_are_crossed_and_called_after_their_values():
    written = Condition(name="ivc", across={"target_form": ("polar", "refined"), "demonstrations": ((50, 200), 0)})
    assert [one.name for one in crossed(written)] == [
        "ivc.polar.50-200",
        "ivc.polar.0",
        "ivc.refined.50-200",
        "ivc.refined.0",
    ]
    with pytest.raises(ValueError, match="more than 10,000 combinations"):
        crossed(Condition(name="ivc", across={name: tuple(range(30)) for name in ("a", "b", "c")}))
    with pytest.raises(ValueError, match="one value at least"):
        crossed(Condition(name="ivc", across={"setup": ()}))


def test_two_conditions_are_never_called_alike(tmp_path):
    path = write(tmp_path)
    document = json.loads(path.read_text())
    document["conditions"].append({"name": "ivc.1", "protocol": "ivc", "settings": {}})
    path.write_text(json.dumps(document))
    with pytest.raises(DocumentError, match=r"the name 'ivc\.1' is used twice"):
        load_wave(path)


def test_the_plan_counts_one_call_for_all_targets_and_one_for_each(tmp_path):
    plan = make_plan(load_wave(write(tmp_path, across={"asked": ["together", "singly"]})))
    assert [(cell.calls, cell.answers) for cell in plan.cells] == [(4, 8), (8, 8)]


@pytest.fixture
def nonvoters(tmp_path):
    """The example in a folder of its own, with the data read where they are."""
    if not NONVOTERS.exists():
        pytest.skip("the people's answers are not there")
    (tmp_path / "nonvoters").mkdir()
    for name in ("ivc_nonvoters.yaml", "nonvoters/questionnaire.yaml", "nonvoters/population.yaml"):
        text = (EXAMPLES / name).read_text()
        (tmp_path / name).write_text(
            text.replace("nonvoters/nonvoters_data.csv", str(NONVOTERS)).replace(
                "nonvoters_data.csv", str(NONVOTERS), 9
            )
            if name.endswith("population.yaml") or name.startswith("ivc")
            else text
        )
    return tmp_path / "ivc_nonvoters.yaml"


def test_the_example_asks_200_people_of_46_questions_in_three_setups(nonvoters):
    loaded = load_wave(nonvoters)
    assert loaded.known is not None and len(loaded.known) == 5836
    assert len(loaded.known.sets.questions) == 46 and len(loaded.cells) == 4 * 3
    assert sum(loaded.answers_of(cell) for cell in loaded.cells) == 12_000
    people = loaded.population.columns(0, 200, loaded.wave.seed)
    assert people.rows is not None and len(set(people.rows.tolist())) == 200, "nobody twice"


@pytest.mark.real
def test_the_embedded_model_answers_the_example(nonvoters, tmp_path):
    text = nonvoters.read_text().replace("respondents: 200", "respondents: 8").replace("each: 25", "each: 1")
    text = (
        text.replace("[0, 10, 20, 30]", "[10]")
        .replace("[1, 2, 3]", "[1]")
        .replace("executor: ray", "executor: local")
    )
    nonvoters.write_text(text)
    run(nonvoters, tmp_path / "n.sqlite")
    found = rows(tmp_path / "n.sqlite", "SELECT method, status, count(*) FROM answers GROUP BY 1, 2")
    assert found == [("sequence", "answered", 40)]
    likeliest = rows(
        tmp_path / "n.sqlite",
        """SELECT count(*) FROM answer_options o JOIN distributions d USING (respondent_id, question_id, code)
        WHERE d.probability = (SELECT max(probability) FROM distributions e
        WHERE e.respondent_id = o.respondent_id AND e.question_id = o.question_id)""",
    )
    assert likeliest == [(40,)]


def test_the_command_exports_a_training_set_without_those_who_are_held_out(tmp_path):
    path = write(tmp_path)
    (tmp_path / "held.csv").write_text("id\nann\n")
    arguments = ["ivc", "export-training", str(path), "--out", str(tmp_path / "t.jsonl"), "--people", "3"]
    done = CliRunner().invoke(
        app, [*arguments, "--demonstrations", "4", "--without", str(tmp_path / "held.csv")], catch_exceptions=False
    )
    # Eight questions, three people; bob has not answered q2, so one example is missing.
    assert "23 examples of 3 people" in done.stdout and "1 people are held out" in done.stdout
    assert "1 examples fewer than asked for" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert len(lines) == 23 and [turn["role"] for turn in lines[0]["messages"]] == ["system", "user", "assistant"]


def test_answers_that_were_scored_are_counted_as_understood_in_the_summary(tmp_path):
    path = write(tmp_path, settings={"asked": "singly", "answer_format": "scored"})
    done = CliRunner().invoke(app, ["run", str(path), "--store", str(tmp_path / "s.sqlite"), "--json"])
    assert done.exit_code == 0, "min_valid is met"
    assert json.loads(done.stdout)["understood"] == 1


@pytest.mark.parametrize(
    ("shown", "settings"),
    [
        ("statements", {"demonstrations": 7, "exclude": "target"}),
        ("demographics", {"demonstrations": 0, "demographics": True}),
    ],
)
def test_a_trained_model_is_asked_in_the_very_words_that_it_was_taught(tmp_path, shown, settings):
    # Everything is asked of everybody and everything else is told, so examples and requests are about the same.
    asked = {"asked": "singly", "trained": True, "setups": {"1": [f"q{n}" for n in range(1, 9)]}}
    path = write(tmp_path, settings=asked | settings, across={"setup": [1]})
    run(path, tmp_path / "four.sqlite")
    export = ["ivc", "export-training", str(path), "--out", str(tmp_path / "t.jsonl"), "--people", "4"]
    CliRunner().invoke(app, [*export, "--shown", shown, "--demonstrations", "7"], catch_exceptions=False)
    texts = dict(rows(tmp_path / "four.sqlite", "SELECT id, CAST(body AS TEXT) FROM texts"))
    prompts = [json.loads(prompt) for (prompt,) in rows(tmp_path / "four.sqlite", "SELECT prompt FROM exchanges")]
    sent = {tuple((role, *sorted(texts[text].splitlines())) for role, text in prompt) for prompt in prompts}
    lines = [json.loads(line)["messages"] for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    taught = {tuple((one["role"], *sorted(one["content"].splitlines())) for one in line[:-1]) for line in lines}
    # Eight targets of three people who answered everything; bob lacks q2, so he is known by six others at most.
    assert len(lines) == (24 if shown == "statements" else 31)
    assert taught <= sent and all(len(one) == 2 for one in taught)
    assert ("I am a woman" in str(taught)) == (shown == "demographics")


def test_examples_that_nobody_has_enough_answers_for_are_told_and_nothing_is_written(tmp_path):
    path = write(tmp_path)
    done = CliRunner().invoke(app, ["ivc", "export-training", str(path), "--out", str(tmp_path / "t.jsonl")])
    assert "of nobody more than 8 are known; ask for fewer" in str(done.exception)
    assert not (tmp_path / "t.jsonl").exists()
    document = json.loads(path.read_text())
    del document["population"]
    (tmp_path / "everybody.yaml").write_text(json.dumps(document))
    arguments = ["ivc", "export-training", str(tmp_path / "everybody.yaml"), "--out", str(tmp_path / "t.jsonl")]
    done = CliRunner().invoke(app, [*arguments, "--shown", "demographics"])
    assert "name their `population`, as a wave does" in str(done.exception)
