"""Two waves question by question, from stores to the terminal."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from analysis.wave_differences import WaveDifferences, wave_differences
from analysis.wave_differences_screen import render_differences
from demoscope.errors import DocumentError
from tests.results import MadeUp
from tests.test_cli import demoscope


def wave(path: Path, turned: int, *, age: int = 30, people: int = 60) -> MadeUp:
    """People who are split evenly on two questions; ``turned`` of the first group say yes to the first after all."""
    made = MadeUp(path, reference=None)
    made.cell(1)
    made.question(1, ["No", "Yes"], nonresponse="Don't know")
    made.question(2, ["Never", "Seldom", "Often"])
    made.people([{"age": age + who} for who in range(people)])
    for who in range(1, people + 1):
        says_yes = who > people // 2 or who <= turned
        made.answers([(who, 1, "answered", [2 if says_yes else 1]), (who, 2, "answered", [1 + who % 3])])
    return made


def test_the_same_people_are_compared_with_themselves(tmp_path):
    first, second = wave(tmp_path / "a.sqlite", 0), wave(tmp_path / "b.sqlite", 10)
    found = wave_differences(first.path, second.path, draws=2000)
    assert found.matched
    one, other = found.questions
    assert (one.question, one.pairs, one.people) == ("q1", 60, (60, 60))
    assert one.first == pytest.approx((1 / 2, 1 / 2))
    assert one.second == pytest.approx((20 / 60, 40 / 60))
    assert one.total_variation == pytest.approx(10 / 60)
    assert one.changed == pytest.approx(10 / 60)
    # Ten of ten who changed went one way: 2 / 2^10 = 0.002, twice that with Holm for two questions.
    assert one.p == pytest.approx(2 / 1024, abs=0.003)
    assert one.adjusted_p == pytest.approx(2 * one.p)
    assert (other.p, other.changed) == (1.0, 0.0)


def test_other_people_are_two_groups(tmp_path):
    first, second = wave(tmp_path / "a.sqlite", 0), wave(tmp_path / "b.sqlite", 10, age=200)
    found = wave_differences(first.path, second.path, draws=500, correction="benjamini_hochberg")
    assert not found.matched
    assert found.questions[0].changed is None
    assert found.questions[0].pairs == 0
    assert found.questions[0].p > 0.02  # what the same people showed is hidden between others


def test_questions_that_differ_are_told_and_left_out(tmp_path):
    first, second = wave(tmp_path / "a.sqlite", 0), wave(tmp_path / "b.sqlite", 3)
    first.question(3, ["A", "B"])
    second.question(3, ["A", "B", "C"])
    second.question(4, ["A", "B"])
    found = wave_differences(first.path, second.path, draws=99)
    assert set(found.left_out) == {"q3", "q4"}
    assert "Not compared: q4, q3." in page(found)


def test_a_condition_must_be_named_where_there_are_several(tmp_path):
    made = wave(tmp_path / "a.sqlite", 0)
    made.cell(2, name="other x model")
    with pytest.raises(DocumentError, match="name one of its conditions: def x model, other x model"):
        wave_differences(made.path, made.path)
    with pytest.raises(DocumentError, match="no condition 'none'"):
        wave_differences(made.path, made.path, cells=("none", None))
    with pytest.raises(DocumentError, match="no question in common"):
        wave_differences(made.path, made.path, cells=("def x model", "other x model"))
    with pytest.raises(DocumentError, match="no correction"):
        wave_differences(made.path, made.path, correction="none")


@pytest.mark.parametrize("width", [80, 100])
def test_the_clearest_difference_stands_first(tmp_path, width):
    first, second = wave(tmp_path / "a.sqlite", 0), wave(tmp_path / "b.sqlite", 12)
    shown = page(wave_differences(first.path, second.path, draws=999), width)
    assert "1 of 2 questions are answered differently" in shown
    assert shown.index("q1") < shown.index("q2")
    assert "…" not in shown


def test_the_command_prints_json_that_comes_back(tmp_path):
    first, second = wave(tmp_path / "a.sqlite", 0), wave(tmp_path / "b.sqlite", 10)
    done = demoscope("differences", first.path, second.path, "--draws", "99", "--json")
    found = WaveDifferences.model_validate_json(done.stdout)
    assert json.loads(found.model_dump_json())["matched"] is True


def page(found: WaveDifferences, width: int = 100) -> str:
    out = io.StringIO()
    render_differences(found, Console(file=out, width=width, highlight=False, color_system=None))
    return out.getvalue()
