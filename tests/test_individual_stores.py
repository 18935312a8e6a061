"""From a store to a report: what is read, what is told apart, what is printed and written, and mistakes."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.individual.accuracy import scores
from analysis.individual.dimensions import PUBLISHED
from analysis.individual.stores import read_store
from demoscope.errors import DemoscopeError, DocumentError
from run_simulation import app
from surveys.statements import read_published
from tests.conftest import SHARED
from tests.results import MadeUp
from tests.wvs_file import look_alike, write_csv

QUESTIONS = ("q1", "q2", "q3", "q4", "q5", "q6")
SETUPS = {"1": ("q1", "q2"), "2": ("q3", "q4")}
PEOPLE = 12


def settings(setup, **changes):
    told = {
        "setup": setup,
        "target_form": "polar",
        "demonstration_form": "polar",
        "demonstrations": [2, 2],
        "demographics": False,
        "categories": None,
        "asked": "together",
        "fallbacks": {},
    }
    return json.dumps(told | changes)


def truth(person, question):
    """People of even numbers hold the first statement of everything, others the second; q6 is alike for all."""
    return 1 + person % 2 if question != "q6" else 1


def wave(path, conditions=({},), answer=truth, status=lambda person, question: "answered"):
    """Two setups a condition, of people of whom the last one's own answer to q4 is not known."""
    made = MadeUp(path, reference=None)
    with closing(sqlite3.connect(path)) as db, db:
        attributes = {"age": {"kind": "numeric", "bands": {"young": [0, 40], "old": [41, 99]}}}
        population = json.dumps({"document": {"attributes": attributes}})
        db.execute("UPDATE waves SET population = ?, finished = 'now'", (population,))
        for number, name in enumerate(QUESTIONS, start=1):
            category = "trust" if number % 2 else "faith"
            db.execute(
                "INSERT INTO questions (id, name, text, kind, ordinal, section, topic) "
                "VALUES (?, ?, '', 'single', 0, 'polar', ?)",
                (number, f"{name}_polar", category),
            )
            db.executemany(
                "INSERT INTO options VALUES (?, ?, ?, ?, NULL, 'substantive')",
                [(number, code, code, f"{name} {code}") for code in (1, 2)],
            )
        for person in range(1, PEOPLE + 1):
            known = json.dumps({"age": 20 + 5 * person, "sex": "f" if person % 2 else "m"})
            db.execute("INSERT INTO personas VALUES (?, ?, NULL, NULL, NULL, 1, ?)", (person, known, f"row {person}"))
            for number, name in enumerate(QUESTIONS, start=1):
                if (person, name) != (PEOPLE, "q4"):
                    db.execute("INSERT INTO known_answers VALUES (?, ?, ?)", (person, number, truth(person, name)))
        respondent = 0
        cells = [(change, setup) for change in conditions for setup in SETUPS]
        for cell, (change, setup) in enumerate(cells, start=1):
            db.execute(
                "INSERT INTO cells VALUES (?, ?, 'ivc', 1, 'ivc', 'demoscope', 'en', NULL, NULL, ?, '[]', NULL)",
                (cell, f"cell {cell}", settings(setup, **change)),
            )
            for person in range(1, PEOPLE + 1):
                respondent += 1
                db.execute("INSERT INTO respondents VALUES (?, ?, ?, '', '{}', 0)", (respondent, cell, person))
                if change.get("demonstrations") != [0, 0]:
                    db.executemany(
                        "INSERT INTO demonstrations VALUES (?, ?, 'answer', 1, ?, ?, 'told')",
                        [(cell, respondent, place, question) for place, question in enumerate((5, 6))],
                    )
                for question in SETUPS[setup]:
                    number = QUESTIONS.index(question) + 1
                    key = (respondent, number, "text", 0)
                    how = status(person, question)
                    db.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, '', '[]')", (*key, how))
                    if how == "answered":
                        code = answer(person, question)
                        db.execute("INSERT INTO answer_options VALUES (?, ?, ?, ?, ?, NULL, NULL)", (*key, code))
                    source = (*key, cell, respondent, "answer", 1, 0)
                    db.execute("INSERT INTO answer_sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", source)
    return made.path


def people_file(folder, others=40):
    """Everybody's answers: those of the wave, and others like them."""
    (folder / "people.yaml").write_text(
        "questionnaire: survey.yaml\nknown_answers: {file: people.csv, row: id}\nrespondents: 12\n"
    )
    questions = "".join(
        f"  - {{id: {name}, kind: single, text: About {name}?, topic: {'trust' if n % 2 == 0 else 'faith'}, "
        "options: [{code: 1, label: 'yes'}, {code: 2, label: 'no'}]}\n"
        for n, name in enumerate(QUESTIONS)
    )
    (folder / "survey.yaml").write_text(f"id: survey\ntitle: A survey\nlanguage: en\nquestions:\n{questions}")
    rows = ["id,land," + ",".join(QUESTIONS)]
    for person in range(1, PEOPLE + others + 1):
        known = [str(truth(person, name)) if (person, name) != (PEOPLE, "q4") else "" for name in QUESTIONS]
        rows.append(f"row {person},{'x' if person % 3 else 'y'}," + ",".join(known))
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    return folder / "people.yaml"


def run(*arguments):
    return CliRunner().invoke(app, ["ivc", *map(str, arguments)], env={"COLUMNS": "140"})


def test_setups_of_a_condition_are_put_together_and_targets_without_a_known_answer_are_counted(tmp_path):
    (system,) = read_store(wave(tmp_path / "w.sqlite")).systems
    assert system.setups == ("1", "2")
    assert [item.question for item in system.items] == ["q1", "q2", "q3", "q4"]
    assert [(item.category, item.size) for item in system.items[:2]] == [("trust", 2), ("faith", 2)]
    assert (len(system), system.unknown) == (4 * PEOPLE - 1, 1)
    assert scores(system).mean == 100.0


def test_answers_that_are_none_are_unanswered_by_their_status(tmp_path):
    def status(person, question):
        return {1: "refused", 2: "invalid", 3: "failed"}.get(person, "answered") if question == "q1" else "answered"

    (system,) = read_store(wave(tmp_path / "w.sqlite", status=status)).systems
    assert system.unanswered == {"refused": 1, "invalid": 1, "failed": 1}
    assert scores(system).by_person[:3].tolist() == [75.0, 75.0, 75.0]
    assert scores(system, "drop_setup").by_person[:3].tolist() == [100.0, 100.0, 100.0]


def test_what_was_told_is_read_for_every_target(tmp_path):
    (system,) = read_store(wave(tmp_path / "w.sqlite"), told=True).systems
    assert system.told.questions == ("q5", "q6")
    assert system.told.table.all() and len(system.told.table) == 1


def test_statements_on_record_with_the_first_request_are_told_with_every_target(tmp_path):
    path = wave(tmp_path / "w.sqlite", ({"asked": "singly", "exclude": "setup"},))
    with closing(sqlite3.connect(path)) as db, db:  # the second target has a request of its own
        db.execute("UPDATE answer_sources SET ordinal = 2 WHERE question_id IN (2, 4)")
    (system,) = read_store(path, told=True).systems
    assert (system.told.table.sum(axis=1)[system.told.row] == 2).all()


def test_statements_of_a_target_alone_are_told_with_no_other_also_when_it_was_asked_again(tmp_path):
    path = wave(tmp_path / "w.sqlite", ({"asked": "singly", "exclude": "target"},))
    with closing(sqlite3.connect(path)) as db, db:  # q2 and q4: asked by request 2, then again, told of q6 alone
        db.execute("UPDATE answer_sources SET ordinal = 200, step = 'again' WHERE question_id IN (2, 4)")
        db.execute("INSERT INTO demonstrations SELECT cell_id, subject_id, step, 2, position, 6, 'told' "
                   "FROM demonstrations WHERE position = 0")  # fmt: skip
    (system,) = read_store(path, told=True).systems
    told = {
        system.items[item].question: {
            q for q, there in zip(system.told.questions, system.told.table[row], strict=True) if there
        }
        for item, row in zip(system.item.tolist(), system.told.row.tolist(), strict=True)
    }
    assert told == {"q1": {"q5", "q6"}, "q2": {"q6"}, "q3": {"q5", "q6"}, "q4": {"q6"}}


def test_baselines_are_refused_where_it_is_not_on_record_what_was_told(tmp_path):
    path = wave(tmp_path / "w.sqlite")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM demonstrations")
    done = run("evaluate", path, "--reference", people_file(tmp_path))
    assert "it is not on record which statements were told" in str(done.exception)


def test_conditions_that_differ_in_another_setting_are_told_apart_by_it(tmp_path):
    path = wave(tmp_path / "w.sqlite", ({"asked": "together"}, {"asked": "singly"}, {"demonstrations": [0, 0]}))
    names = [one.condition.label for one in read_store(path).systems]
    assert names == [
        "polar, 2 demonstrations, asked together",
        "polar, 2 demonstrations, asked singly",
        "polar, no demonstrations, asked together",
    ]


def test_conditions_that_nothing_tells_apart_are_refused(tmp_path):
    path = wave(tmp_path / "w.sqlite", ({}, {}))
    with pytest.raises(DocumentError, match="the conditions 'cell 1', 'cell 3' are the same in everything"):
        read_store(path)


def test_baselines_know_what_the_model_was_told_and_no_more(tmp_path):
    # Told of q5, everybody's class is known; q6 says nothing. Without demonstrations only the majority is left.
    path = wave(tmp_path / "w.sqlite", ({}, {"demonstrations": [0, 0]}), answer=lambda person, question: 1)
    chosen = [part for name in ("random", "top-cluster", "factorisation") for part in ("--baseline", name)]
    done = run("evaluate", path, "--reference", people_file(tmp_path), "--json", "--draws", 50, *chosen)
    assert done.exit_code == 0, done.output
    found = {one["name"]: one["overall"]["mean"] for one in json.loads(done.stdout)["systems"]}
    assert found["Resemble (top cluster): polar, 2 demonstrations"] == 100.0
    assert found["Matrix factorisation: polar, 2 demonstrations"] == 100.0
    assert found["Random: polar, no demonstrations"] == 50.0
    assert not any("no demonstrations" in name and name.startswith(("Resemble", "Matrix")) for name in found)
    assert found["model: polar, 2 demonstrations"] == pytest.approx(50.0)


def test_the_report_prints_accuracy_effects_inequity_and_what_is_left_out(tmp_path):
    path = wave(
        tmp_path / "w.sqlite",
        ({}, {"demonstrations": [0, 0]}, {"demographics": True}),
        answer=lambda person, question: 1,
        status=lambda person, question: "invalid" if (person, question) == (1, "q1") else "answered",
    )
    done = run("evaluate", path, "--unanswered", "drop_setup", "--draws", 50, "--by", "sex", "--by", "age")
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "a person's setup is left out where a target has no answer" in text
    assert "polar, 2 demonstrations, demographics" in text and "sigma-inequity" in text
    assert "f 0.0 (6), m 100.0 (6)" in text
    assert "model, polar: no demonstrations → 2 demonstrations" in text and "(Holm)" in text
    assert "Unanswered: model 1 invalid." in text
    assert "1 of 47" in text  # one target unanswered; of the 48 of twelve people one has no known answer


def test_tables_and_figures_are_written(tmp_path):
    categories = [{"categories": [name]} for name in ("trust", "faith")]
    path = wave(tmp_path / "w.sqlite", ({}, {"demonstrations": [0, 0]}, *categories))
    folders = ("--tables", tmp_path / "tables", "--figures", tmp_path / "figures")
    done = run(
        "evaluate", path, "--reference", people_file(tmp_path), *folders, "--draws", 20, "--baseline", "top-cluster"
    )
    assert done.exit_code == 0, done.output
    assert {one.stem for one in (tmp_path / "tables").iterdir()} >= {
        "accuracy",
        "people",
        "categories_polar",
        "inequity_by_dimension",
        "influence_model_polar",
        "neighbours",
        "groups_sex",
    }
    figures = {one.stem for one in (tmp_path / "figures").iterdir()}
    assert figures >= {
        "categories_polar",
        "people_polar",
        "number_of_demonstrations_polar",
        "influence_model_polar",
        "groups_age",
        "people_by_sex_polar",
    }
    assert any(name.startswith("neighbours") for name in figures)
    before = (tmp_path / "figures" / "people_polar.svg").read_bytes()
    run("evaluate", path, *folders, "--draws", 20)
    assert (tmp_path / "figures" / "people_polar.svg").read_bytes() == before


def test_baselines_alone_hold_people_out_of_a_file(tmp_path):
    done = run(
        *("baselines", people_file(tmp_path), "--people", 10, "--per-category", 1, "--setups", 2, "--form", "polar"),
        *("--by", "land", "--draws", 20, "--json", "--baseline", "majority", "--baseline", "top-1"),
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    means = {one["condition"]["model"]: one["overall"]["mean"] for one in found["systems"]}
    assert means["Resemble (top 1)"] == 100.0 and means["Global majority"] < 75
    assert {one["dimension"] for one in found["inequity"][0]["dimensions"]} <= {"land"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["evaluate", "nowhere.sqlite"], "no such store"),
        (["evaluate", "w.sqlite", "--baseline", "majority"], "--reference WAVE.yaml"),
        (["evaluate", "w.sqlite", "--by", "colour"], "Nobody has 'colour'; people can be grouped by age, sex."),
        (["evaluate", "w.sqlite", "--unanswered", "forgive"], "unanswered"),
        (["evaluate", "w.sqlite", "--reference", "people.csv"], "people are named by a YAML document"),
        (
            ["evaluate", "w.sqlite", "--reference", "people.yaml", "--baseline", "guess"],
            "There is no baseline 'guess'",
        ),
        (["evaluate", "w.sqlite", "--figures", "people.csv"], "people.csv: cannot be written to"),
        (["baselines", "people.yaml", "--people", "800"], "hold out fewer than that (--people), not 800"),
        (["baselines", "survey.yaml"], "known_answers"),
    ],
)
def test_mistakes_are_told_without_a_traceback(tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    wave(tmp_path / "w.sqlite")
    people_file(tmp_path)
    done = run(*arguments)
    assert isinstance(done.exception, DemoscopeError)
    assert told in " ".join(str(done.exception).split())
    assert done.exception.exit_code == 2


def test_another_protocol_s_store_and_answers_of_other_people_are_refused(tmp_path):
    with closing(sqlite3.connect(wave(tmp_path / "w.sqlite"))) as db, db:
        db.execute("UPDATE personas SET source_row = 'somebody else' WHERE id = 3")
    done = run("evaluate", tmp_path / "w.sqlite", "--reference", people_file(tmp_path))
    assert "there is nobody called 'somebody else'" in str(done.exception)
    with closing(sqlite3.connect(tmp_path / "w.sqlite")) as db, db:
        db.execute("UPDATE cells SET protocol = 'def'")
    assert "no condition of this wave asked by `protocol: ivc`" in str(
        run("evaluate", tmp_path / "w.sqlite").exception
    )


def test_equal_seeds_give_equal_documents(tmp_path):
    path, people = wave(tmp_path / "w.sqlite", answer=lambda person, question: 1), people_file(tmp_path)
    arguments = ("evaluate", path, "--reference", people, "--json", "--draws", 50, "--baseline", "factorisation")
    first, second = run(*arguments), run(*arguments)
    assert first.stdout == second.stdout != run(*arguments, "--seed", 5).stdout
    assert np.isfinite(json.loads(first.stdout)["inequity"][0]["score"])


@pytest.mark.skipif(not (SHARED / "data" / "indievalue").is_dir(), reason="the published files are not at hand")
def test_respondents_of_the_survey_are_held_out_by_the_published_rule(tmp_path):
    folder = SHARED / "data" / "indievalue"
    rng = np.random.default_rng(1)
    answers = {"Q288R": rng.integers(1, 4, 400)}
    for one in read_published(folder).in_form("refined"):
        answers[one.question] = rng.choice([code for statement in one.statements for code in statement.codes], 400)
    frame = look_alike(400, missing=0.004).drop(columns=list(answers), errors="ignore")
    frame = pd.concat([frame, pd.DataFrame(answers, index=frame.index)], axis=1)
    write_csv(frame, tmp_path / "wvs.csv")
    (tmp_path / "wvs.yaml").write_text(f"published: {folder}\nknown_answers: {{file: wvs.csv}}\n")
    names = [part for name in ("random", "majority", "top-1") for part in ("--baseline", name)]
    done = run(
        "baselines", tmp_path / "wvs.yaml", "--people", 30, "--draws", 20, "--published-rules", "--json", *names
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    chance = next(one for one in found["systems"] if one["name"].startswith("Random: polar"))
    assert (chance["people"], chance["targets"]) == (30, 30 * 117)
    assert chance["overall"]["mean"] == pytest.approx((46.368 + 45.513 + 44.231) / 3, abs=0.001)
    assert chance["condition"]["demonstrations"][1] == 253 - 39
    assert not any(one["name"].startswith("Random") for one in found["inequity"])  # guesses favour nobody
    dimensions = {one["dimension"] for one in found["inequity"][0]["dimensions"]} | set(
        found["inequity"][0]["skipped"]
    )
    assert dimensions <= set(PUBLISHED) and len(dimensions) >= 14
    both = next(one for one in found["both"] if one["model"] == "Random")
    assert both["all"]["mean"] == pytest.approx((45.37 + 27.15) / 2, abs=0.01)
