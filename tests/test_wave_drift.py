"""A series of waves: tests over all of them at once, from stores to the terminal."""

import io

import numpy as np
import pytest
from rich.console import Console

from analysis import drift
from analysis.series_tests import independent_series_p, panel_series_p
from analysis.wave_drift import WaveDrift, wave_drift
from analysis.wave_drift_screen import render_drift
from analysis.wave_tests import paired_p
from demoscope.errors import DocumentError
from tests.test_cli import demoscope
from tests.test_wave_differences import wave


def rng():
    return np.random.default_rng(5)


def series(tmp_path, *turned, **further):
    return [wave(tmp_path / f"{n}.sqlite", each, **further).path for n, each in enumerate(turned)]


def page(found, width=100):
    out = io.StringIO()
    render_drift(found, Console(file=out, width=width, highlight=False, color_system=None))
    return out.getvalue()


def test_groups_of_other_people_get_the_p_values_of_pearson_and_of_the_linear_trend():
    table = [[30, 20], [25, 25], [20, 30]]
    # Pearson: each cell is 0 or 5 off 25, so 4 * 25 / 25 = 4 with 2 degrees of freedom: exp(-2) = 0.135.
    assert independent_series_p(table, rng(), 4000) == pytest.approx(0.135, abs=0.03)
    # Trend: 4 * 149 / 150 = 3.97 with 1 degree: 0.046; a little more by permutation, whose sums are whole numbers.
    assert independent_series_p(table, rng(), 4000, scores=[0, 1]) == pytest.approx(0.055, abs=0.015)


def test_a_difference_that_is_no_trend_is_found_by_the_test_of_any_alone():
    table = [[40, 10], [10, 40], [40, 10]]
    assert independent_series_p(table, rng(), 999) == pytest.approx(0.001)
    assert independent_series_p(table, rng(), 999, scores=[0, 1]) > 0.9


def test_nobody_and_one_answer_of_all_are_told_apart():
    assert np.isnan(independent_series_p([[3, 2], [0, 0], [1, 1]], rng(), 99))
    assert independent_series_p([[3, 0], [4, 0], [5, 0]], rng(), 99) == 1.0
    assert np.isnan(panel_series_p(np.empty((0, 3)), 2, rng(), 99))
    assert panel_series_p([[1, 1, 1], [0, 0, 0]], 2, rng(), 99) == 1.0


def test_a_panel_is_tested_by_the_orders_that_its_own_answers_could_have():
    moved = [[0, 0, 1]] * 4 + [[1, 1, 1]] * 30
    # Each of four people has three orders; all four in one wave: 3 of 3^4. In the first or last wave: 2 of 3^4.
    assert panel_series_p(moved, 2, rng(), 8000) == pytest.approx(3 / 81, abs=0.01)
    assert panel_series_p(moved, 2, rng(), 8000, scores=[0, 1]) == pytest.approx(2 / 81, abs=0.01)


def test_with_two_waves_the_panel_test_is_the_paired_test():
    first, second = [0] * 8 + [1] * 3 + [2] * 5, [1] * 8 + [2] * 3 + [2] * 5
    both = np.column_stack([first, second])
    assert panel_series_p(both, 3, rng(), 8000) == pytest.approx(paired_p(first, second, 3, rng(), 8000), abs=0.01)


def test_without_drift_p_values_are_not_too_small():
    chance = np.random.default_rng(11)
    waves = chance.multinomial(60, [0.5, 0.3, 0.2], size=(150, 3))
    found = np.array([independent_series_p(each, chance, 199) for each in waves])
    # 5 % of 150 is 7.5 with a standard deviation of 2.7.
    assert (found <= 0.05).sum() <= 15


def test_the_same_people_are_followed_through_a_series(tmp_path):
    found = wave_drift(series(tmp_path, 0, 10, 20), draws=1999)
    assert found.matched
    one, other = found.questions
    assert (one.question, one.panel, one.people) == ("q1", 60, (60, 60, 60))
    assert [shares[1] for shares in one.shares] == pytest.approx([30 / 60, 40 / 60, 50 / 60])
    assert one.means == pytest.approx((30 / 60, 40 / 60, 50 / 60))
    assert one.largest == pytest.approx(20 / 60)
    assert one.between == (1, 3)
    assert one.changed == pytest.approx(20 / 60)
    assert one.p == pytest.approx(1 / 2000)
    assert one.adjusted_p == pytest.approx(2 * one.p)  # Holm, two questions
    assert (other.p, other.largest, other.changed) == (1.0, 0.0, 0.0)
    # Repeated exactly: draws come from the wave's seed and the question.
    assert drift(sorted(tmp_path.glob("*.sqlite")), draws=1999) == found


def test_other_people_are_groups(tmp_path):
    waves = [wave(tmp_path / f"{n}.sqlite", 10 * n, age=100 * (n + 1)).path for n in range(3)]
    found = wave_drift(waves, draws=499, correction="benjamini_hochberg")
    assert not found.matched
    assert (found.questions[0].panel, found.questions[0].changed) == (0, None)
    assert "different people" in page(found)
    assert "people permuted between the waves" in page(found)


def test_only_who_answered_every_time_is_in_the_panel(tmp_path):
    made = [wave(tmp_path / f"{n}.sqlite", 0, people=40) for n in range(3)]
    made[1].change("DELETE FROM answer_options WHERE respondent_id <= 4 AND question_id = 1")
    made[1].change("UPDATE answers SET status = 'refused' WHERE respondent_id <= 4 AND question_id = 1")
    one = wave_drift([each.path for each in made], draws=99).questions[0]
    assert one.people == (40, 36, 40)
    assert one.panel == 36


def test_a_trend_is_tested_where_options_have_an_order(tmp_path):
    made = [wave(tmp_path / f"{n}.sqlite", 10 * n) for n in range(3)]
    for each in made:
        each.question(3, ["Tea", "Coffee"], ordinal=False)
        each.answers([(who, 3, "answered", [1 + who % 2]) for who in range(1, 61)])
    paths = [each.path for each in made]
    assert len(wave_drift(paths, draws=99).questions) == 3
    found = wave_drift(paths, draws=99, test="trend")
    assert found.left_out == ("q3",)
    assert wave_drift(paths, draws=99).questions[2].means is None
    assert "1 of 2 questions rise or fall with the waves" in page(found)


def test_what_cannot_be_followed_is_told(tmp_path):
    paths = series(tmp_path, 0, 3, 6)
    with pytest.raises(DocumentError, match="three waves or more"):
        wave_drift(paths[:2])
    with pytest.raises(DocumentError, match="no test 'slope'; choose any or trend"):
        wave_drift(paths, test="slope")
    with pytest.raises(DocumentError, match="no correction 'none'"):
        wave_drift(paths, correction="none")
    with pytest.raises(DocumentError, match="no condition 'other'"):
        wave_drift(paths, cell="other")


@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_shows_the_value_of_every_wave_and_cuts_no_number(tmp_path, width):
    shown = page(wave_drift(series(tmp_path, 0, 12, 24), draws=199), width)
    assert "1 of 2 questions are answered differently" in shown
    row = next(line for line in shown.splitlines() if "q1" in line)
    assert [part for part in row.split() if part.endswith("%")] == ["50%", "30%", "10%"]
    assert "1–3" in row
    assert "…" not in row


def test_of_a_long_series_the_first_and_the_last_waves_have_columns(tmp_path):
    shown = page(wave_drift(series(tmp_path, *range(8)), draws=99))
    header = next(line for line in shown.splitlines() if "question" in line and "moves most" in line)
    assert header.split()[3:9] == ["1", "4", "5", "6", "7", "8"]
    assert "Not all waves have a column" in shown


def test_the_command_follows_a_series_and_refuses_what_belongs_to_two(tmp_path):
    paths = series(tmp_path, 0, 10, 20)
    done = demoscope("differences", *paths, "--draws", "99", "--test", "trend", "--json")
    assert WaveDrift.model_validate_json(done.stdout).test == "trend"
    done = demoscope("differences", *paths, "--cell-a", "x")
    assert done.returncode != 0
    assert "belong to two stores" in done.stderr
    done = demoscope("differences", *paths[:2], "--test", "trend")
    assert "series of three stores" in done.stderr
    done = demoscope("differences", paths[0])
    assert "two stores or more" in done.stderr
