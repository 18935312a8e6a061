"""The cultural map of stores and the figures of DEF's paper, from a comparison with details."""

import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from analysis.compare import compare_stores
from analysis.compared import Comparison
from analysis.def_figures import draw_bars, draw_distributions, draw_table, write_def_figures
from analysis.def_rules import def_rules
from demoscope.errors import DocumentError
from tests.results import MadeUp

GOOD = def_rules()


def two_models(path: Path, shift: int = 0) -> MadeUp:
    """Two cells of thirty people on six questions in three dimensions, beside real people."""
    made = MadeUp(path)
    made.cell(1)
    made.cell(2, name="none x model")
    rng = np.random.default_rng(1 + shift)
    made.people([{"sex": "female" if who % 2 else "male", "age": 30} for who in range(30)])
    for who in range(1, 31):
        made.insert("respondents", [(who + 30, 2, who, "", "{}", 0)])
    for number in range(1, 7):
        made.question(number, ["a", "b", "c", "d"])
        made.answers([(who, number, "answered", [int(rng.integers(1, 5))]) for who in range(1, 31)])
        made.answers([(who, number, "answered", [int(rng.integers(1, 3))]) for who in range(31, 61)])
        for sex in ("female", "male"):
            made.humans(number, {code: int(rng.integers(5, 60)) for code in range(1, 5)}, sex=sex, age_group="18-39")
    made.insert("judgements", [(1, 1, "text", 0, "glm", d, "No.", "") for d in ("IU", "CV")])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE questions SET dimension = CASE id % 3 WHEN 0 THEN 'EVI' WHEN 1 THEN 'IDV' ELSE 'PDI' END")
    return made


@pytest.fixture
def found(tmp_path: Path) -> Comparison:
    return compare_stores([two_models(tmp_path / "m.sqlite").path], GOOD, draws=100, details=True)


def test_conditions_and_their_people_lie_on_one_map_with_ellipses(found):
    assert found.map is not None
    assert [(point.name, point.kind) for point in found.map.points] == [
        ("def x model", "simulated"),
        ("none x model", "simulated"),
        ("people", "people"),
    ]
    assert found.map.dimensions == ("EVI", "IDV", "PDI")
    assert found.map.questions == 6
    wide, narrow, people = found.map.points
    assert wide.width is not None and narrow.width is not None
    assert narrow.width < wide.width  # two of four options vary less
    assert people.width is None
    assert Comparison.model_validate_json(found.model_dump_json()) == found


def test_two_stores_share_a_map_over_the_questions_they_share(tmp_path):
    one, other = two_models(tmp_path / "a.sqlite"), two_models(tmp_path / "b.sqlite", shift=1)
    with closing(sqlite3.connect(other.path)) as db, db:
        db.execute("UPDATE questions SET name = 'another' WHERE id = 6")
    both = compare_stores([one.path, other.path], GOOD, draws=20, details=True)
    assert both.map is not None
    assert both.map.questions == 5
    assert len(both.map.points) == 4 + 2  # each store has its own people


def test_questions_without_value_dimensions_have_no_map(tmp_path):
    made = two_models(tmp_path / "m.sqlite")
    with closing(sqlite3.connect(made.path)) as db, db:
        db.execute("UPDATE questions SET dimension = NULL")
    assert compare_stores([made.path], GOOD, draws=20, details=True).map is None
    assert compare_stores([made.path], GOOD, draws=20).map is None


def test_all_figures_that_there_are_data_for_are_drawn_on_one_page(found, tmp_path):
    path = tmp_path / "figures.svg"
    write_def_figures(found, path)
    ElementTree.parse(path)
    drawn = path.read_text(encoding="utf-8")
    for title in ("KL by value dimension", "Cultural map", "match people's", "Whose answers: sex", "found by glm"):
        assert title in drawn
    write_def_figures(found, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text(encoding="utf-8") == drawn
    write_def_figures(found, tmp_path / "figures.png")
    assert (tmp_path / "figures.png").read_bytes().startswith(b"\x89PNG")


def test_topics_distributions_and_languages_of_stores_are_drawn_on_the_page(tmp_path):
    made = two_models(tmp_path / "m.sqlite")
    with closing(sqlite3.connect(made.path)) as db, db:
        db.execute("UPDATE questions SET topic = iif(id % 2, 'work', 'family')")
        db.execute("UPDATE cells SET language = 'zh' WHERE id = 2")
    found = compare_stores([made.path], GOOD, draws=20, details=True)
    assert sum(each.questions for each in found.topics) == 6
    assert {(each.dimension, each.topic) for each in found.topics} <= {
        (dimension, topic) for dimension in ("EVI", "IDV", "PDI") for topic in ("work", "family")
    }
    finite = [value for row in found.rows for value in row.divergences.values()]
    assert finite
    assert all(np.isfinite(finite))
    write_def_figures(found, tmp_path / "f.svg")
    drawn = (tmp_path / "f.svg").read_text(encoding="utf-8")
    for title in ("Questions by value dimension and topic", "KL of every question", "KL by language"):
        assert title in drawn


def test_an_unknown_ending_and_nothing_to_draw_are_told(found, tmp_path):
    with pytest.raises(DocumentError, match="svg, png, pdf"):
        write_def_figures(found, tmp_path / "figures.bmp")
    bare = found.model_copy(update={"evaluations": (), "map": None, "rows": (), "topics": ()})
    with pytest.raises(DocumentError, match="nothing to draw"):
        write_def_figures(bare, tmp_path / "figures.svg")


def test_values_by_topic_distributions_and_languages_are_drawn_from_arrays():
    axes = Figure().subplots(3)
    draw_table(axes[0], [[3, np.nan], [1, 2]], ["IDV", "PDI"], ["work", "religion"], "questions")
    assert [text.get_text() for text in axes[0].texts] == ["3.00", "1.00", "2.00"]
    draw_distributions(axes[1], [[0.1, np.inf, 0.4], [0.2, np.nan, 0.3]], ["a", "b"], "KL")
    draw_bars(axes[2], [[1, 2], [2, 1]], ["EVI", "PDI"], ["English", "Chinese"], "KL")
    assert len(axes[2].patches) == 4
