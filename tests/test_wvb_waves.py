"""From the survey's file to a wave and back: prepare, run, continue, export, evaluate; and who is asked what."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from analysis.worldvaluesbench.commands import app
from analysis.worldvaluesbench.evaluation import evaluate
from analysis.worldvaluesbench.people import read_humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import read_scores
from analysis.worldvaluesbench.stores import export_scores, read_store
from demoscope.documents import read
from demoscope.errors import DocumentError, StoreError
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.run import run_wave
from simulator.store import Store
from surveys.formats.wvs.preparing import Choices, prepare_benchmark
from surveys.formats.wvs.probe import ProbeDesign
from tests.documents import write
from tests.stores import content, count, sound
from tests.wvs_file import codebook, look_alike, question_metadata, write_csv

FRAME = look_alike(2_000, seed=9)
DESIGN = "questions: [Q1, Q122, Q48]\nby: [settlement, Q260]\neach: 4\nsource_split: full\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("wvb")
    write_csv(FRAME, path / "wvs.csv")
    (path / "codebook.json").write_text(json.dumps(codebook(FRAME)))
    (path / "question_metadata.json").write_text(json.dumps(question_metadata()))
    (path / "design.yaml").write_text(DESIGN)
    prepare_benchmark(path / "wvs.csv", path / "out", metadata=path, design=path / "design.yaml")
    wave = path / "out" / "wave" / "wave.yaml"
    wave.write_text(wave.read_text() + "execution: {executor: local}\n")
    return path


def run(path, store):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=lambda: "2026-01-01T00:00:00+00:00")


@pytest.fixture(scope="module")
def store(folder):
    run(folder / "out" / "wave" / "wave.yaml", folder / "wave.sqlite")
    return folder / "wave.sqlite"


def pairs(folder):
    table = pd.read_csv(folder / "out" / "probe" / "samples.tsv", sep="\t")
    return list(zip(table["Question"], table["D_INTERVIEW"], strict=True))


def test_every_pair_is_asked_once_a_condition_and_nothing_else(folder, store):
    # Three questions of 2 x 2 cells of 4 people: 48 pairs, in two conditions.
    assert len(pairs(folder)) == 48
    for scores in read_store(store):
        asked = [
            (scores.questions[q], p) for q, p in zip(scores.question.tolist(), scores.people.tolist(), strict=True)
        ]
        assert sorted(asked) == sorted(pairs(folder))
    assert count(store, "SELECT count(*) FROM answers") == count(store, "SELECT count(*) FROM exchanges") == 96
    assert count(store, "SELECT count(*) FROM personas") == len({person for _, person in pairs(folder)})
    assert count(store, "SELECT restricted FROM waves") == 1 and sound(store)


def test_prompts_tell_the_person_of_the_survey(folder, store):
    with closing(sqlite3.connect(store)) as db:
        rows = db.execute(
            """SELECT p.source_row, r.portrait, c.condition FROM respondents r JOIN personas p ON p.id = r.persona_id
            JOIN cells c ON c.id = r.cell_id"""
        ).fetchall()
    by_id = FRAME.set_index("D_INTERVIEW")
    for row, portrait, condition in rows:
        person = by_id.loc[int(row)]
        if condition == "without":
            assert portrait == ""
            continue
        settlement = {1: "Urban", 2: "Rural"}[person["H_URBRURAL"]]
        assert f"Question: What is your H_URBRURAL?\n   Answer: {settlement}" in portrait
        assert f"Answer: B_COUNTRY {person['B_COUNTRY']}" in portrait
        assert (f"Answer: Q275 {person['Q275']}" in portrait) is bool(person["Q275"] >= 0)


def test_a_wave_that_was_cut_is_continued_to_the_same_store(folder, store, tmp_path):
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(store.read_bytes())
    with closing(sqlite3.connect(cut)) as db, db:
        keys = dict.fromkeys(("answer_options", "answer_sources", "answers"), "respondent_id")
        for table, key in (keys | dict.fromkeys(("attempts", "exchanges"), "subject_id")).items():
            db.execute(f"DELETE FROM {table} WHERE {key} % 3 = 0")
    state = run(folder / "out" / "wave" / "wave.yaml", cut)
    assert state.saved == state.total == 96 and state.resumed < 96
    assert content(cut) == content(store)


def test_other_assignments_are_another_wave(folder, store, tmp_path):
    wave = folder / "out" / "wave"
    text = (wave / "assignments.csv").read_text().splitlines()
    (wave / "fewer.csv").write_text("\n".join(text[:-1]) + "\n")
    (wave / "fewer.yaml").write_text((wave / "wave.yaml").read_text().replace("assignments.csv", "fewer.csv"))
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(store.read_bytes())
    with pytest.raises(StoreError, match="assignments: "):
        run(wave / "fewer.yaml", copy)


def test_a_person_to_whom_nothing_is_assigned_is_not_asked(folder, tmp_path):
    wave = folder / "out" / "wave"
    text = (wave / "assignments.csv").read_text().splitlines()
    first = text[1].split(",")[1]
    (wave / "without_first.csv").write_text("\n".join(line for line in text if not line.endswith(first)) + "\n")
    (wave / "first.yaml").write_text((wave / "wave.yaml").read_text().replace("assignments.csv", "without_first.csv"))
    state = run(wave / "first.yaml", tmp_path / "a.sqlite")
    assert state.saved == state.total == 2 * (len(text) - 1 - sum(line.endswith(first) for line in text))
    plan = make_plan(load_wave(wave / "first.yaml"))
    assert [cell.answers for cell in plan.cells] == [state.total // 2] * 2


def test_a_plan_counts_the_pairs(folder):
    plan = make_plan(load_wave(folder / "out" / "wave" / "wave.yaml"))
    assert [(cell.answers, cell.calls) for cell in plan.cells] == [(48, 48), (48, 48)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["QUESTION_ID,PERSON", "Q1,5"], "the column 'PARTICIPANT_ID' is missing"),
        (["QUESTION_ID,PARTICIPANT_ID"], "there are no pairs below the first line"),
        (["QUESTION_ID,PARTICIPANT_ID", "Q2,{first}"], "'worldvaluesbench' has no question 'Q2'"),
        (["QUESTION_ID,PARTICIPANT_ID", "Q1,5"], "nobody in the wave is the person '5'"),
        (["QUESTION_ID,PARTICIPANT_ID", "Q1,{first}", "Q1,{first}"], "bad.csv:3: 'Q1' is asked .* a second time"),
    ],
)
def test_assignments_that_cannot_be_made_are_refused_by_line(folder, lines, message):
    wave = folder / "out" / "wave"
    first = (wave / "people.csv").read_text().splitlines()[1].split(",")[0]
    (wave / "bad.csv").write_text("\n".join(lines).format(first=first) + "\n")
    (wave / "bad.yaml").write_text((wave / "wave.yaml").read_text().replace("assignments.csv", "bad.csv"))
    with pytest.raises(DocumentError, match=rf"bad.yaml:7: assignments: .*{message}"):
        load_wave(wave / "bad.yaml")


PEOPLE = "id,sex,age\na,female,20\nb,female,50\nc,male,30\nd,male,70\n"


@pytest.fixture
def assigned(wave_file, tmp_path):
    """A wave by the protocol ``def`` over four people of a file, of whom each is asked what the pairs say."""

    def written(pairs, design="{kind: every_row}"):
        microdata = {
            "kind": "microdata",
            "file": "people.csv",
            "attributes": {"sex": "sex", "age": "age"},
            "row": "id",
        }
        write(tmp_path, [microdata], {"people.csv": PEOPLE}, places={"country": "Utopia"})
        lines = ["QUESTION_ID;PARTICIPANT_ID", *(f"{question};{person}" for question, person in pairs)]
        (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
        wave = f"population: town.yaml\nassignments: pairs.csv\ndesign: {design}"
        return wave_file(
            ("population: us_adults_2018", wave),
            ("respondents: 6", "respondents: 4"),
            ("{portrait: [sex, age]}", "{}"),
        )

    return written


def test_any_protocol_asks_only_what_is_assigned_in_the_order_of_the_questionnaire(assigned, tmp_path):
    pairs = [("trust", "a"), ("parks", "a"), ("roads", "b"), ("trust", "d"), ("roads", "d"), ("parks", "d")]
    state = run(assigned(pairs), tmp_path / "a.sqlite")
    assert state.saved == state.total == 6
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db:
        rows = db.execute(
            """SELECT p.source_row, q.name FROM exchanges e JOIN questions q ON q.id = e.question_id
            JOIN respondents r ON r.id = e.subject_id JOIN personas p ON p.id = r.persona_id
            ORDER BY p.id, e.ordinal"""
        ).fetchall()
    order = ["parks", "roads", "trust"]
    assert rows == sorted(((person, question) for question, person in pairs), key=lambda r: (r[0], order.index(r[1])))
    assert run(assigned(pairs), tmp_path / "a.sqlite").resumed == 6


def test_a_row_that_is_several_people_cannot_be_assigned_anything(assigned):
    quota = "{kind: quota, quotas: [{attributes: [age], counts: {young: 4, old: 0}}]}"
    with pytest.raises(DocumentError, match=r"'[ac]' is more than one person of the wave"):
        load_wave(assigned([("parks", "a"), ("parks", "c")], quota))


def test_assignments_need_people_who_are_rows(wave_file, tmp_path):
    (tmp_path / "pairs.csv").write_text("QUESTION_ID,PARTICIPANT_ID\nparks,1\n")
    path = wave_file(("respondents: 6", "assignments: pairs.csv\nrespondents: 6"))
    with pytest.raises(DocumentError, match="nobody in 'us_adults_2018' comes from any"):
        load_wave(path)


def test_the_store_and_its_exported_files_evaluate_alike(folder, store, tmp_path):
    humans = read_humans(folder / "out")
    from_store = read_store(store)
    for scores in from_store:
        rows = export_scores(scores, tmp_path / f"{scores.name}.tsv", folder / "out" / "probe" / "samples.tsv")
        assert rows == 48
    from_files = [read_scores(tmp_path / f"{scores.name}.tsv") for scores in from_store]
    table = pd.read_csv(tmp_path / f"{from_store[0].name}.tsv", sep="\t")
    assert list(zip(table["QUESTION_ID"], table["PARTICIPANT_ID"], strict=True)) == pairs(folder)
    one, other = (evaluate(some, humans, Rules(draws=0)) for some in (from_store, from_files))
    told = [
        {q.question: (q.distance, q.scores) for q in system.questions} for system in (*one.systems, *other.systems)
    ]
    assert told[:2] == told[2:]
    assert [len(system.questions) for system in one.systems] == [3, 3]
    assert [system.name for system in one.systems] == ["scripted_with_demographics", "scripted_without"]
    assert [(gain.system, gain.without) for gain in one.gains] == [("scripted_with_demographics", "scripted_without")]


def test_a_score_out_of_range_goes_through_store_and_export_as_it_was(folder, store, tmp_path):
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(store.read_bytes())
    with closing(sqlite3.connect(copy)) as db, db:
        (respondent,) = db.execute("SELECT respondent_id FROM answers WHERE question_id = 3 LIMIT 1").fetchone()
        where = "respondent_id = ? AND question_id = 3"
        db.execute(f"DELETE FROM answer_options WHERE {where}", (respondent,))
        db.execute(f"UPDATE answers SET status = 'invalid', value = 3 WHERE {where}", (respondent,))
    before, after = (
        evaluate(read_store(path), read_humans(folder / "out"), Rules(draws=0)) for path in (store, copy)
    )
    assert sum(one.out_of_range for one in before.systems) == 0
    assert sum(one.out_of_range for one in after.systems) == 1
    assert [one.scores for one in after.systems] == [48, 48]


def test_a_store_of_another_protocol_is_refused(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    with pytest.raises(DocumentError, match="no condition of this wave asked by `protocol: wvb`"):
        read_store(tmp_path / "a.sqlite")
    (tmp_path / "b.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    with pytest.raises(StoreError):
        read_store(tmp_path / "b.sqlite")


def test_everybody_who_answered_can_be_taken(folder, tmp_path):
    (tmp_path / "all.yaml").write_text("questions: [Q33]\nby: []\neach: null\nmore_than: 0\nsource_split: valid\n")
    made = prepare_benchmark(folder / "wvs.csv", tmp_path / "out", metadata=folder, design=tmp_path / "all.yaml")
    valid = pd.read_csv(tmp_path / "out" / "wave" / "assignments.csv")
    assert made.pairs == len(valid) and 0 < len(valid) <= 300
    people = yaml.safe_load((tmp_path / "out" / "wave" / "population.yaml").read_text())
    assert people["sources"][0]["restricted"] is True
    assert load_wave(tmp_path / "out" / "wave" / "wave.yaml").wave.respondents == made.people


def test_preparing_twice_writes_the_same_bytes(folder, tmp_path):
    for name in ("a", "b"):
        chosen = Choices(tables="both", examples=True, attributes=("Q260", "X003R"))
        prepare_benchmark(
            folder / "wvs.csv", tmp_path / name, metadata=folder, design=folder / "design.yaml", choices=chosen
        )
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) == 16 + 1 + 4 + 1 + 5
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    wave = load_wave(tmp_path / "a" / "wave" / "wave.yaml")
    assert "Question: What is your X003R?" in make_plan(wave).people[0]


def test_the_commands_prepare_export_and_evaluate(folder, store, tmp_path):
    def call(*arguments):
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    told = call("prepare", folder / "wvs.csv", "--out", tmp_path / "out", "--metadata", folder, "--tables", "tsv",
                "--design", folder / "design.yaml", "--source-split", "valid", "--education-map", "code")  # fmt: skip
    assert "probe" in told and "Ask a model: demoscope run" in told and "300 participants" in told
    assert (tmp_path / "out" / "full" / "full_value_qa.tsv").exists()
    bare = call(
        "prepare", folder / "wvs.csv", "--out", tmp_path / "bare", "--design", folder / "design.yaml", "--json"
    )
    assert json.loads(bare)["wave"] is None and "wording" in json.loads(bare)["notes"][-1]
    assert "48 rows" in call("export", store, "--out", tmp_path / "scores")
    shown = call(
        "evaluate", store, "--reference", folder / "out", "--by", "urban", "--by", "Q260", "--draws", 0, "--json"
    )
    levels = {one["grouping"] for one in json.loads(shown)["levels"]}
    assert levels == {"Urban / Rural", "Q260"}


def test_labels_that_were_not_given_are_asked_for(folder, tmp_path):
    with pytest.raises(DocumentError, match=r"The labels of B_COUNTRY are not known; give codebook.json"):
        prepare_benchmark(folder / "wvs.csv", tmp_path, metadata=folder / "question_metadata.json",
                          design=folder / "design.yaml")  # fmt: skip
    with pytest.raises(DocumentError, match="no demographic column 'party'"):
        prepare_benchmark(folder / "wvs.csv", tmp_path, metadata=folder, design=folder / "design.yaml",
                          choices=Choices(attributes=("party",)))  # fmt: skip


ROOT = Path(__file__).resolve().parents[1]


def test_every_command_and_option_of_the_page_exists():
    page = (ROOT / "docs" / "worldvaluesbench.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.S) for line in block.splitlines()]
    wanted = [line.split() for line in lines if line.startswith("demoscope wvb")]
    assert {words[2] for words in wanted} == {"evaluate", "prepare", "export"}
    for words in wanted:
        shown = CliRunner().invoke(app, [words[2], "--help"], env={"COLUMNS": "200"}).stdout
        assert all(word in shown for word in words if word.startswith("--")), words
    for option in ("--out-of-range", "--tie", "--aggregate", "--samples", "--draws"):
        assert option in CliRunner().invoke(app, ["evaluate", "--help"], env={"COLUMNS": "200"}).stdout


def test_the_example_of_a_design_is_one():
    design = read(ProbeDesign, ROOT / "examples" / "wvb_design.yaml")
    assert (design.each, design.by) == (10, ("continent", "settlement", "Q260"))
