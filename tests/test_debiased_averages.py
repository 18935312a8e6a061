"""Mean distances in the report without what the size of the sample adds, beside the raw ones."""

from pathlib import Path

import numpy as np
import pytest

from analysis.debiased_averages import Sides, widened
from analysis.debiasing import debiased_mean
from analysis.distances import wasserstein
from tests.results import MadeUp, page, summary_of


@pytest.fixture
def like_people(tmp_path: Path) -> MadeUp:
    """Thirty respondents drawn from the very public that they are compared with, on questions of three and five."""
    made = MadeUp(tmp_path / "a.sqlite")
    made.cell()
    rng = np.random.default_rng(5)
    made.people([{"sex": "female", "age": 30}] * 30)
    for number in range(1, 13):
        k = 3 if number % 2 else 5
        made.question(number, [f"option {n}" for n in range(k)])
        shares = np.full(k, 1 / k)
        made.answers([(who, number, "answered", [int(rng.choice(k, p=shares)) + 1]) for who in range(1, 31)])
        made.humans(number, dict.fromkeys(range(1, k + 1), 100), sex="female", age_group="18-39")
    return made


def test_equal_publics_are_debiased_to_next_to_nothing(like_people):
    averages = summary_of(like_people).cells[0].averages
    for raw, debiased in (
        (averages.w1, averages.w1_debiased),
        (averages.kl, averages.kl_debiased),
        (averages.js, averages.js_debiased),
    ):
        assert raw.low > 0  # the percentile bootstrap never holds the true distance of 0
        assert debiased.low == 0 and debiased.value < raw.simulated / 2
    assert all(level.averages is None or level.averages.js_debiased is None for level in _levels(like_people))


def _levels(made):
    return [level for grouping in summary_of(made).cells[0].groupings for level in grouping.levels]


def test_where_kl_is_infinite_only_the_others_are_debiased(like_people):
    like_people.question(13, ["yes", "no"])
    like_people.answers([(who, 13, "answered", [2 - who % 2]) for who in range(1, 31)])
    like_people.humans(13, {1: 100}, sex="female", age_group="18-39")
    averages = summary_of(like_people).cells[0].averages
    assert averages.infinite == 1 and averages.kl_debiased is None
    assert averages.w1_debiased is not None and averages.js_debiased is not None


@pytest.mark.parametrize("width", [80, 100])
def test_the_report_prints_both_and_says_what_they_are(like_people, width):
    lines = page(summary_of(like_people), width)
    (line,) = [line for line in lines if line.startswith("Debiased (95 %)")]
    assert all(f"{name} 0." in line for name in ("W1", "KL", "JS")) and "(0.000–" in line
    assert any(line.startswith("Debiased: the distance itself") for line in lines)
    assert max(map(len, lines)) <= width


def test_questions_of_different_lengths_and_scores_share_one_table():
    sides = [
        Sides(np.array([3.0, 1.0]), np.array([2.0, 2.0]), None),
        Sides(np.array([1.0, 1.0, 2.0]), np.array([2.0, 1.0, 1.0]), np.array([0.0, 1.0, 5.0])),
    ]
    simulated, human, places = widened(sides)
    apart = [float(wasserstein(one.simulated, one.human, one.scores)) for one in sides]
    found = debiased_mean(simulated, human, wasserstein, np.random.default_rng(1), places=places)
    # 1/4 moves over the whole scale; of the second, 1/4 moves from 0 to 5 of 5: 1/4 too.
    assert apart == pytest.approx([0.25, 0.25]) and float(found.computed) == pytest.approx(0.25)
