"""Conditions side by side: what is read from stores, and what `compare` says of it."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from analysis.bootstrap import Resamples
from analysis.compare import compare_stores
from analysis.compare_screen import render_comparison
from analysis.compared import Comparison
from analysis.def_data import cell_data, people_by_group
from analysis.def_rules import def_rules
from analysis.diversity import SILENT
from analysis.reading import open_results
from tests.results import REFERENCE, MadeUp, screen, summary_of
from tests.test_cli import demoscope

GOOD = def_rules()


def replied(
    made: MadeUp, cell: int, who: int, question: int, text: str | None, ordinal: int, replicate: int = 0
) -> None:
    """One exchange and its only attempt, from which one answer was read."""
    made.insert("exchanges", [(cell, who, "answer", ordinal, question, "generate", "[]", 1)])
    attempt = (cell, who, "answer", ordinal, 1, text, None, None, "stop", 100, 10, 0.5, "{}", *[None] * 5, 0.001)
    made.insert("attempts", [attempt])
    made.insert("answer_sources", [(who, question, "text", replicate, cell, who, "answer", ordinal, 0)])


@pytest.fixture
def made(tmp_path: Path) -> MadeUp:
    """Two cells of the same four people: the first divided and in its own words, the second one voice."""
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell(1)
    made.cell(2, name="none x model")
    made.question(1, ["No", "Perhaps", "Yes"], nonresponse="Don't know")
    made.question(2, ["Never", "Often"])
    made.people([{"sex": "female", "age": 30}, {"sex": "male", "age": 60}] * 2, weights=[1, 1, 1, 3])
    for who in range(1, 5):
        made.insert("respondents", [(who + 4, 2, who, "", "{}", 0)])
    made.answers(
        [(1, 1, "answered", [1]), (2, 1, "answered", [3]), (3, 1, "answered", [3]), (4, 1, "answered", [99])]
    )
    made.answers([(1, 2, "answered", [2]), (2, 2, "answered", [2]), (3, 2, "answered", [1])])
    made.answers([(4, 2, "invalid", [])], reason="names no option")
    made.answers([(who, question, "answered", [1]) for who in range(5, 9) for question in (1, 2)])
    for who in range(1, 5):
        for question in (1, 2):
            replied(made, 1, who, question, f"Answer: {who}", question)
            replied(made, 2, who + 4, question, "Answer: 1", question)
    for sex in ("female", "male"):
        made.humans(1, {1: 20, 2: 10, 3: 20, None: 3}, sex=sex, age_group="18-39")
        made.humans(2, {1: 30 if sex == "male" else 10, 2: 20}, sex=sex, age_group="40 and over")
    return made


def test_a_cell_is_read_as_arrays(made):
    with open_results(made.path) as results:
        data = cell_data(results, results.cells[0])
        levels, by_sex = people_by_group(results, data, "sex")
    assert data.scales.codes.tolist()[0] == [1, 2, 3]
    assert np.isnan(data.scales.codes[1, 2])
    assert data.choices.tolist() == [[0, 1], [2, 1], [2, 0], [-1, -1]]  # a "don't know" is no substantive choice
    assert data.unread.tolist() == [0, 1]
    assert data.counts.tolist() == [[1, 0, 2], [1, 2, 0]]
    assert data.human is not None
    assert data.human.tolist() == [[40, 20, 40], [40, 40, 0]]
    assert levels == ("female", "male")
    assert by_sex[:, 1].tolist() == [[10, 20, 0], [30, 20, 0]]
    assert (data.digests != SILENT).all()
    assert len(np.unique(data.digests)) == 4
    assert np.array_equal(data.scores(), [[1, 2], [3, 2], [3, 1], [np.nan, np.nan]], equal_nan=True)


def test_repeats_are_runs_of_their_own_and_respondents_are_drawn_with_all_of_them(made):
    made.answers([(1, 1, "answered", [2])], replicate=1)
    replied(made, 1, 1, 1, "Answer: 2", 11, replicate=1)
    with open_results(made.path) as results:
        data = cell_data(results, results.cells[0])
    assert data.replicates == 2
    assert data.choices[:2].tolist() == [[0, 1], [1, -1]]
    assert data.run_weights.tolist() == [1, 1, 1, 1, 1, 1, 3, 3]
    only_the_first = data.resampled(Resamples(np.arange(1, 5), np.array([[2, 0, 0, 0]], dtype=np.uint8)))
    assert only_the_first[0, 0].tolist() == [2, 2, 0]


def test_a_reply_that_several_answers_were_read_from_is_told_apart_by_what_each_says(made):
    made.insert("exchanges", [(1, 1, "list", 0, None, "generate", "[]", 1)])
    made.insert("attempts", [(1, 1, "list", 0, 1, "1. No 2. Yes", *[None] * 3, 1, 1, 0.1, "{}", *[None] * 6)])
    made.answers([(1, 1, "answered", [1])], replicate=1)
    made.answers([(1, 1, "answered", [3])], replicate=2)
    made.insert("answer_sources", [(1, 1, "text", n, 1, 1, "list", 0, n - 1) for n in (1, 2)])
    with open_results(made.path) as results:
        digests = cell_data(results, results.cells[0]).digests[:3, 0]
    assert len(set(digests.tolist())) == 3


def test_conditions_are_put_side_by_side(made):
    found = compare_stores([made.path], GOOD, draws=200)
    divided, one_voice = found.rows
    assert divided.diversity is not None
    assert divided.diversity.value == divided.diversity.attainable == (4 + 4 - 2) / (4 * 2)
    assert one_voice.diversity is not None
    assert one_voice.diversity.value == 0
    assert divided.choice_diversity is not None
    assert divided.choice_diversity.value == (2 + 2 - 2) / (4 * 2)
    p, q = np.array([1, 2]) / 3, np.array([0.4, 0.4])
    by_hand = [(p * np.log(p / q)).sum(), (p * np.log(p / 0.5)).sum()]
    assert divided.kl is not None
    assert divided.kl.value == pytest.approx(np.mean(by_hand))
    assert one_voice.kl is not None
    assert one_voice.kl.value == pytest.approx((-np.log(0.4) - np.log(0.5)) / 2)
    assert (one_voice.kl.low, one_voice.kl.high) == pytest.approx((one_voice.kl.value,) * 2)  # it cannot vary
    assert divided.kl_to_first is None
    assert one_voice.kl_to_first is not None
    assert one_voice.kl_to_first.value == pytest.approx(one_voice.kl.value - divided.kl.value)
    assert divided.statuses.understood == 7 / 8
    assert (divided.calls, divided.prompt_tokens, divided.completion_tokens, divided.seconds) == (8, 800, 80, 4.0)
    assert found.between[0][1] == found.between[1][0] is not None
    assert found.between[0][0] == pytest.approx(0, abs=1e-7)


def test_the_profile_of_the_code_counts_an_unreadable_answer_as_infinite(made):
    assert [row.infinite for row in compare_stores([made.path], def_rules("code"), draws=10).rows] == [1, 0]
    assert compare_stores([made.path], def_rules("paper"), draws=10).open_flags


def test_the_same_comparison_comes_out_again_and_json_gives_it_back(made):
    found = compare_stores([made.path, made.path], GOOD, draws=50)
    assert len(found.rows) == 4
    assert found == compare_stores([made.path, made.path], GOOD, draws=50)
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def test_without_people_conditions_are_still_compared_with_one_another(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite", reference=None)
    made.cell(1)
    made.question(1, ["No", "Yes"])
    made.people([{}] * 3)
    made.answers([(1, 1, "answered", [1]), (2, 1, "answered", [2])])
    found = compare_stores([made.path], GOOD, draws=20)
    assert found.rows[0].kl is None
    assert found.references == ()
    assert "no human reference" in page(found)
    assert "mean KL" not in page(found)


def test_an_empty_wave_has_nothing_to_say_yet(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell(1)
    made.question(1, ["No", "Yes"])
    found = compare_stores([made.path], GOOD, draws=20)
    assert found.rows[0].diversity is None
    assert found.between == ((None,),)
    page(found)


def test_a_culture_is_compared_with_its_own_people(tmp_path):
    reference = REFERENCE | {"groups": {"country": {"attribute": "country"}}}
    made = MadeUp(tmp_path / "m.sqlite", reference=reference)
    for number, culture in enumerate(("US", "CN"), start=1):
        made.insert("cells", [(number, culture, "def", 1, "def", "demoscope", "en", culture, None, "{}", "[]", None)])
    made.question(1, ["No", "Yes"])
    made.people([{}] * 2)
    made.humans(1, {1: 10, 2: 30}, country="US")
    made.humans(1, {1: 50, 2: 0}, country="CN")
    with open_results(made.path) as results:
        people = [cell_data(results, cell).human for cell in results.cells]
    assert [table.tolist() for table in people if table is not None] == [[[10, 30]], [[50, 0]]]


def test_the_published_code_counts_several_choices_too(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell()
    made.question(1, ["No", "Yes"])
    made.question(2, ["Tea", "Milk", "Water"], kind="multiple", nonresponse="Don't know")
    made.people([{"sex": "female"}, {"sex": "male"}], weights=[1, 2])
    made.answers([(1, 1, "answered", [1]), (2, 1, "answered", [2])])
    made.answers([(1, 2, "answered", [1, 2]), (2, 2, "answered", [1])])
    made.humans(1, {1: 20, 2: 20}, sex="female", age_group="18-39")
    made.humans(2, {1: 10, 2: 10, 3: 20}, sex="female", age_group="18-39")
    made.humans(2, {1: 20, 2: 10, 3: 0, 99: 5}, sex="male", age_group="18-39")
    # q1: weights 1 and 2, so 1/3 and 2/3 against 1/2 each. q2: choices tea 1 + 2, milk 1 of 4, against people's 30,
    # 20 and 20 of 70; both have no dimension, so the average is that of the questions.
    of_q1 = 1 / 3 * np.log(2 / 3) + 2 / 3 * np.log(4 / 3)
    of_q2 = 3 / 4 * np.log((3 / 4) / (3 / 7)) + 1 / 4 * np.log((1 / 4) / (2 / 7))
    ours = compare_stores([made.path], GOOD, draws=20, details=True)
    assert ours.rows[0].divergences == {"q1": pytest.approx(of_q1)}
    code = compare_stores([made.path], def_rules("code"), draws=20, details=True)
    assert code.rows[0].divergences == {"q1": pytest.approx(of_q1), "q2": pytest.approx(of_q2)}
    assert code.rows[0].kl.value == pytest.approx((of_q1 + of_q2) / 2)
    assert (ours.rows[0].questions, code.rows[0].questions) == (1, 2)
    assert code.rows[0].js.value == pytest.approx(ours.rows[0].js.value)
    # Preferred: "Yes" against people's first of two equal, "No"; tea on both sides. Tea is the men's, 20 against 10.
    assert (ours.evaluations[0].matches, code.evaluations[0].matches) == (0, 0.5)
    (by_sex,) = [bias for bias in code.evaluations[0].biases if bias.grouping == "sex"]
    assert {level.level: level.matching for level in by_sex.levels} == {"female": 0, "male": 1}


def test_a_store_of_nothing_but_several_choices_is_compared_by_the_published_code_alone(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell()
    made.question(1, ["Tea", "Milk"], kind="multiple")
    made.people([{"sex": "female"}, {"sex": "male"}])
    made.answers([(1, 1, "answered", [1, 2]), (2, 1, "answered", [1])])
    made.humans(1, {1: 10, 2: 10}, sex="female", age_group="18-39")
    assert compare_stores([made.path], GOOD, draws=5, details=True).rows[0].kl is None
    (row,) = compare_stores([made.path], def_rules("code"), draws=5, details=True).rows
    # Two choices of tea and one of milk against a half each; one person each cannot be resampled to anything else.
    assert row.kl.value == pytest.approx(2 / 3 * np.log(4 / 3) + 1 / 3 * np.log(2 / 3))
    assert (row.js, row.js_debiased) == (None, None)


def test_a_culture_that_the_reference_lacks_is_told(tmp_path):
    reference = REFERENCE | {"groups": {"country": {"attribute": "country"}}}
    made = MadeUp(tmp_path / "m.sqlite", reference=reference)
    for number, culture in enumerate(("US", "FR"), start=1):
        made.insert("cells", [(number, culture, "def", 1, "def", "demoscope", "en", culture, None, "{}", "[]", None)])
    made.question(1, ["No", "Yes"])
    made.people([{}] * 2)
    made.humans(1, {1: 10, 2: 30}, country="US")
    made.humans(1, {1: 50, 2: 0}, country="CN")
    why = "the reference has nobody of the culture 'FR' (its cultures: CN, US)"
    found = compare_stores([made.path], GOOD, draws=20)
    assert [row.no_people for row in found.rows] == [None, why]
    assert f"2: no distance from people: {why}." in page(found, 160)
    summary = summary_of(made)
    assert [cell.no_people for cell in summary.cells] == [None, why]
    assert f"Compared with nobody: {why}." in screen(summary, 160)


def page(found: Comparison, width: int = 80) -> str:
    out = io.StringIO()
    render_comparison(found, Console(file=out, width=width, highlight=False, color_system=None))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_nothing_is_cut_on_a_terminal_of_80_columns(made, width):
    shown = page(compare_stores([made.path], GOOD, draws=50), width)
    assert "…" not in shown
    for words in ("D wording", "D choices", "mean KL", "tokens in", "model time", "JS to"):
        assert words in shown


def test_compare_runs_over_stores_that_waves_wrote(wave_file, tmp_path):
    store = tmp_path / "a.sqlite"
    conditions = "conditions:\n  - name: none\n    protocol: def\n    settings: {location: false, memory: false}\n"
    path = wave_file(("conditions:\n", conditions))
    assert demoscope("run", path, "--store", store).returncode == 0
    shown = demoscope("compare", store, store)
    assert shown.returncode == 0, shown.stderr
    assert "none · uniform" in shown.stdout
    found = json.loads(demoscope("compare", store, "--json", "--profile", "paper").stdout)
    assert [row["condition"] for row in found["rows"]] == ["none", "def"]
    assert found["rules"]["kl"] == "cumulative"
    refused = demoscope("compare", store, "--profile", "papr")
    assert refused.returncode == 2
    assert "choose one of demoscope, paper, code" in refused.stderr


def test_replies_that_people_could_read_count_like_others(made, tmp_path):
    path = tmp_path / "resolutions.csv"
    path.write_text("respondent,question,code\n4,q2,2\n")
    plain, decided = (
        json.loads(demoscope("compare", made.path, "--json", *more).stdout)["rows"][0]
        for more in ((), ("--resolutions", path))
    )
    assert plain["kl"]["value"] != decided["kl"]["value"]
    assert (plain["statuses"]["invalid"], decided["statuses"]["invalid"]) == (1, 0)
    assert (plain["resolved"], decided["resolved"]) == (0, 1)
    path.write_text("respondent,question,code\n77,q2,1\n")
    refused = demoscope("compare", made.path, "--resolutions", path)
    assert refused.returncode == 2
    assert "respondent 77" in refused.stderr
