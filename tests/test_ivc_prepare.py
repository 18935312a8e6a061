"""From the survey's own file to held-out people and a wave about them; the published metadata are read in place."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from run_simulation import app
from simulator.loading import load_wave
from simulator.plan import make_plan
from surveys.statements import MISSING, read_demographics, read_published, read_wvs_answers, valid_demographics
from surveys.statements.published import DemographicQuestion
from tests.statement_sets import PUBLISHED
from tests.wvs_file import look_alike, write_csv

pytestmark = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published metadata are not there")


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A look-alike of the survey's file with the questions and demographic columns that these statements need."""
    frame = look_alike(1_200, seed=4, missing=0.0)
    rng = np.random.default_rng(5)
    columns = {}
    for one in read_published(PUBLISHED).in_form("refined"):
        codes = [code for statement in one.statements for code in statement.codes]
        values = rng.choice(codes, len(frame))
        columns[one.question] = np.where(rng.random(len(frame)) < 0.01, rng.choice([-1, -2], len(frame)), values)
    for asked in read_demographics(PUBLISHED):
        if asked.column != "B_COUNTRY":
            columns[asked.column] = rng.choice(sorted(asked.answers)[:9], len(frame))
    columns["Q2"] = np.where(np.arange(len(frame)) == 3, -5, columns["Q2"])
    path = tmp_path_factory.mktemp("ivc") / "wvs.csv"
    whole = pd.concat([frame.drop(columns=list(columns), errors="ignore"), pd.DataFrame(columns)], axis=1)
    return write_csv(whole, path)


def test_the_survey_s_answers_become_numbers_of_statements_and_the_first_of_two_rows_is_kept(survey):
    sets = read_published(PUBLISHED)
    known = read_wvs_answers(survey, sets, read_demographics(PUBLISHED))
    assert len(known) == 1_195, "six rows of one identifier are one person"
    assert known.numbers["refined"][3, sets.questions.index("Q2")] == MISSING
    assert known.valid().mean() == pytest.approx(253 * 0.99, abs=0.5)
    assert len(read_wvs_answers(survey, sets, duplicates="drop_all")) == 1_194
    trust = sets.questions.index("Q57")
    assert set(known.numbers["polar"][:, trust].tolist()) <= {MISSING, 1, 2}
    assert valid_demographics(known, read_demographics(PUBLISHED)).max() == 31


def test_a_demographic_question_says_the_codes_that_are_listed():
    continent = DemographicQuestion("c", "B", "Continent", "i am in {answer_var}", {276: "Europe"})
    assert (continent.say(276), continent.say(1)) == ("I am in Europe", None)


def test_prepare_writes_a_wave_that_asks_the_held_out_people(survey, tmp_path):
    arguments = ["ivc", "prepare", str(survey), "--metadata", str(PUBLISHED), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*arguments, "--people", "60", "--least-valid", "200"], catch_exceptions=False)
    assert "60 of 1,195 respondents are held out." in done.stdout and "5 rows were left out" in done.stderr
    loaded = load_wave(tmp_path / "out" / "wave.yaml")
    assert len(loaded.known.sets.questions) == 253 and loaded.population.restricted
    assert [cell.condition.name for cell in loaded.cells][:2] == ["ivc.polar.200.1", "ivc.polar.200.2"]
    assert sum(loaded.answers_of(cell) for cell in loaded.cells) == 60 * 39 * 6
    everybody = read_wvs_answers(survey, read_published(PUBLISHED))
    rows = everybody.rows_of(loaded.known.people)
    for form in ("polar", "refined"):
        assert (loaded.known.numbers[form] == everybody.numbers[form][rows]).all(), "nothing is lost on the way"
    plan = make_plan(loaded)
    assert {cell.calls for cell in plan.cells} == {60}, "one request a person, and every reply is read"
    assert "39 groups" in plan.prompts[0][1][1]


def test_a_training_set_of_everybody_leaves_the_held_out_away(survey, tmp_path):
    out = tmp_path / "out"
    runner = CliRunner()
    prepared = ["ivc", "prepare", str(survey), "--metadata", str(PUBLISHED), "--out", str(out)]
    runner.invoke(app, [*prepared, "--people", "60", "--least-valid", "200"], catch_exceptions=False)
    arguments = ["ivc", "export-training", str(out / "everybody.yaml"), "--out", str(tmp_path / "t.jsonl")]
    arguments += ["--people", "4", "--shown", "statements", "--shown", "demographics", "--demonstrations", "mixed"]
    done = runner.invoke(app, [*arguments, "--without", str(out / "people.csv")], catch_exceptions=False)
    assert "may not be passed on, and neither may this file" in done.stderr
    assert "1,012 examples of 1,135 people" in done.stdout, "253 questions times 4, of 1,195 - 60 people"
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    sizes = [line["messages"][0]["content"].count("\n# ") for line in lines]
    assert sum(20 < size <= 31 for size in sizes) == 506 and sum(50 <= size <= 200 for size in sizes) == 506
    europe = [*arguments, "--only", "B_COUNTRY_to_continent=Europe"]
    assert "examples of" in runner.invoke(app, europe, catch_exceptions=False).stdout
