"""The report of effects: arms of split ballots found as planted, and all tables with what was left out."""

import json

import pytest
from scipy import stats
from typer.testing import CliRunner

from analysis.arms import arm_effects
from analysis.effects import effects_report
from analysis.multiplicity import holm
from analysis.reading import open_results
from run_simulation import app
from simulator.backends.scripted import ScriptedBackend
from simulator.protocols.interface import Attempt, Completion
from tests.test_conjoint import SURVEY as FLATS
from tests.test_conjoint import Cheap
from tests.test_position import SURVEY as ORDERED
from tests.test_run import run

FORMS = """\
id: forms
title: Two forms
splits:
- {id: form, arms: {plain: 1, public: 1, long: 1}}
questions:
- id: pay
  text: Would you pay?
  split: form
  wordings: {public: Would you pay a public fee?}
  options: [{code: 1, label: "Yes"}, {code: 2, label: "No"}, {code: 9, label: Unsure, kind: nonresponse}]
- id: which
  kind: multiple
  text: Which of these?
  split: form
  wordings: {public: Which of these public things?}
  options: [{code: 1, label: roads}, {code: 2, label: parks}, {code: 3, label: none, exclusive: true}]
- id: much
  kind: number
  text: How much?
  split: form
  wordings: {public: How much of a public fee?}
- {id: why, kind: text, text: Why?, split: form, wordings: {public: Why a public one?}}
- id: later
  text: Asked of nobody?
  options: yes_no
  split: form
  show_if: much > 1000
"""


class Willing(ScriptedBackend):
    """Says no to what is public, names parks for it, and pays 10 more; every tenth person is unsure of paying."""

    def reply(self, request):
        public, text = "public" in request.messages[-1].text, request.messages[-1].text
        even = request.seed % 2
        if "Would you pay" in text:
            answer = "9" if request.seed % 10 == 3 else str(1 + (public or not even))
        elif "Which" in text:
            answer = "1, 2" if public or even else "1"
        elif "much" in text:
            answer = str(20 + 10 * public + even)
        else:
            answer = "Because of the buses."
        return Completion((Attempt(f"Answer: {answer}\nExplanation: So.", finish_reason="stop"),))


@pytest.fixture
def forms(wave_file, tmp_path, monkeypatch):
    """A store of the split ballot above."""
    monkeypatch.setattr(ScriptedBackend, "reply", Willing.reply)
    path = wave_file(("respondents: 6", "respondents: 300"), survey=FORMS)
    run(path, tmp_path / "a.sqlite")
    return tmp_path / "a.sqlite"


def test_what_the_arms_of_a_split_do_is_found_as_it_was_planted(forms):
    with open_results(forms) as results:
        found = arm_effects(results, results.cells[0], fewest=10)
    effects = {(one.question, one.arm, one.outcome): one.effect for one in found.effects}
    # Those of the arm `public` all say no, of the others one half does.
    pay = effects["pay", "public", "share of 2: No"]
    assert pay.low < 0.5 < pay.high and pay.low > 0.3 and pay.p < 1e-6
    same = effects["pay", "long", "share of 2: No"]
    assert same.low < 0 < same.high
    assert effects["which", "public", "share of 2: parks"].estimate == pytest.approx(0.5, abs=0.15)
    roads = effects["which", "public", "share of 1: roads"]
    assert (roads.estimate, roads.low, roads.high, roads.p) == (0, 0, 0, None)  # everybody names them
    much = effects["much", "public", "mean"]
    assert much.low < 10 < much.high and much.high - much.low < 0.6
    assert dict(found.not_compared)["why"] == "open answers are read, not compared"
    assert "fewer than 10" in dict(found.not_compared)["later"]


def test_an_effect_of_an_arm_is_a_difference_of_means_by_a_t_test(forms):
    with open_results(forms) as results:
        (effect,) = (
            one.effect
            for one in arm_effects(results, results.cells[0], fewest=10).effects
            if (one.question, one.arm) == ("much", "long")
        )
        rows = results.rows(
            """SELECT presentation ->> '$.arm', value FROM answers JOIN questions q ON q.id = question_id
            WHERE q.name = 'much' AND presentation ->> '$.arm' <> 'public'"""
        )
    plain, long = ([value for arm, value in rows if arm == name] for name in ("plain", "long"))
    assert effect.estimate == pytest.approx(sum(long) / len(long) - sum(plain) / len(plain))
    # The sandwich with one answer each is Welch's test but for the divisor n in place of n - 1.
    assert effect.p == pytest.approx(stats.ttest_ind(long, plain, equal_var=False).pvalue, rel=0.03)


def test_the_report_tells_effects_intervals_adjusted_p_values_and_what_was_left_out(forms):
    with open_results(forms) as results:
        report = effects_report(results)
    table = next(table for table in report.cells[0].tables if table.table == "arms")
    known = [row for row in table.rows if row.p is not None]
    assert [row.p_holm for row in known] == pytest.approx(holm([row.p for row in known]).tolist())
    assert all(row.low <= row.estimate <= row.high for row in table.rows)
    # 300 people: pay, which, much and why were asked, `later` was skipped; the unsure and the open answers set aside.
    left = table.left_out
    assert left.skipped == 300 and left.refused + left.invalid + left.failed == 0
    assert table.answers + left.set_aside == 1200 and left.set_aside > 300


def test_position_effects_and_levels_have_tables_of_their_own(wave_file, tmp_path, monkeypatch):
    settings = "{answer_format: constrained, presentation: {order: shuffled, scale: drawn}}"
    path = wave_file(("{portrait: [sex, age]}", settings), ("respondents: 6", "respondents: 60"), survey=ORDERED)
    run(path, tmp_path / "a.sqlite")
    with open_results(tmp_path / "a.sqlite") as results:
        order, each = effects_report(results).cells[0].tables
    assert [row.effect.split()[0] for row in order.rows] == ["first", "last"]
    assert {row.about for row in each.rows} == {"q", "r", "s"}
    assert order.answers == 180 and order.left_out.set_aside == 0
    monkeypatch.setattr(ScriptedBackend, "reply", Cheap.reply)
    run(wave_file(("respondents: 6", "respondents: 40"), survey=FLATS), tmp_path / "b.sqlite")
    with open_results(tmp_path / "b.sqlite") as results:
        tables = {table.table: table for table in effects_report(results).cells[0].tables}
    rows = [(row.about, row.effect) for row in tables["levels"].rows]
    assert rows[0] == ("flat", "price: low against high") and rows[-1] == ("help", "who: old against young")
    assert tables["levels"].rows[0].p_holm < 0.001
    assert tables["levels"].rows[-1].p is None  # the kind are all equally kind: no spread


@pytest.mark.parametrize("width", [80, 120])
def test_the_command_prints_the_effects_or_gives_them_as_json(forms, width):
    runner = CliRunner(env={"COLUMNS": str(width), "TERM": "dumb"})
    shown = runner.invoke(app, ["report", str(forms), "--effects"])
    assert shown.exit_code == 0, shown.output
    for words in ("Arms of split ballots", "p Holm", "left out: 300 skipped", "set aside", "later: arm public"):
        assert words in shown.output, words
    assert max(map(len, shown.output.splitlines())) <= width
    told = json.loads(runner.invoke(app, ["report", str(forms), "--effects", "--json"]).stdout)
    assert [table["table"] for table in told["cells"][0]["tables"]] == ["order", "order_by_question", "arms"]


def test_a_store_without_any_design_says_so(wave_file, tmp_path):
    run(wave_file(("{portrait: [sex, age]}", "{shuffle: false}")), tmp_path / "a.sqlite")
    with open_results(tmp_path / "a.sqlite") as results:
        tables = effects_report(results).cells[0].tables
    assert not tables
