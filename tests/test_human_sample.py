"""A small human sample put together with a wave of the same people."""

import json

import pytest

from analysis.def_rules import def_rules
from analysis.human_sample import with_human_sample
from analysis.prediction_powered import prediction_powered
from analysis.report.blocks import Table
from analysis.report.material import read_material
from analysis.report.report import sections_of
from analysis.report.words import words_in
from demoscope.errors import DocumentError
from tests.results import MadeUp
from tests.test_cli import demoscope


@pytest.fixture
def wave(tmp_path):
    """Sixty women and men who say yes and no by turns; two of three, beginning with the first, are women."""
    made = MadeUp(tmp_path / "m.sqlite", reference=None)
    made.cell()
    made.question(1, ["No", "Yes"])
    made.people([{"sex": "male" if n % 3 == 2 else "female"} for n in range(60)])
    made.answers([(who, 1, "answered", [1 + who % 2]) for who in range(1, 61)])
    return made.path


def people(folder, rows):
    path = folder / "people.csv"
    path.write_text("persona,question,code\n" + "".join(f"{who},q1,{code}\n" for who, code in rows))
    return path


def test_shares_are_those_of_the_estimator_and_the_people_alone(wave, tmp_path):
    # Twelve people are asked; ten say what their twins say, the first two do not.
    rows = [(who, 1 + (who + (who < 3)) % 2) for who in range(1, 13)]
    found = with_human_sample(wave, people(tmp_path, rows))
    yes = found.shares[1]
    expected = prediction_powered(
        [code - 1 for _, code in rows], [who % 2 for who, _ in rows], [who % 2 for who in range(13, 61)]
    )
    assert (yes.label, yes.people, yes.others) == ("Yes", 12, 48)
    assert (yes.share, yes.low, yes.high, yes.worth) == (
        expected.estimate,
        expected.low,
        expected.high,
        expected.worth,
    )
    assert yes.alone == 6 / 12
    assert yes.worth > 1


def test_strata_are_put_together_by_the_sizes_of_the_wave(wave, tmp_path):
    # All women asked say yes and all men no; women are two thirds of the personas.
    rows = [(who, 1 if (who - 1) % 3 == 2 else 2) for who in range(1, 13)]
    found = with_human_sample(wave, people(tmp_path, rows), by="sex")
    assert found.shares[1].alone == pytest.approx(2 / 3)


def test_mistakes_are_told(wave, tmp_path):
    for rows, message in (
        ([(99, 1)], "has no persona 99"),
        ([(1, 7)], "no substantive code 7"),
        ([(1, 1), (1, 2)], "answers 'q1' twice"),
        ([("x", 1)], "whole numbers"),
        ([(1, 1)], "ask more people"),
    ):
        with pytest.raises(DocumentError, match=message):
            with_human_sample(wave, people(tmp_path, rows))
    with pytest.raises(DocumentError, match="not every persona has the attribute 'age'"):
        with_human_sample(wave, people(tmp_path, [(1, 1)]), by="age")


def test_the_command_shows_what_the_wave_adds(wave, tmp_path):
    table = people(tmp_path, [(who, 1 + who % 2) for who in range(1, 13)])
    shown = demoscope("combine", wave, table)
    assert shown.returncode == 0, shown.stderr
    assert "people alone" in shown.stdout
    assert len(json.loads(demoscope("combine", wave, table, "--json").stdout)["shares"]) == 2


def test_the_page_has_the_estimates_of_combine(wave, tmp_path):
    table = people(tmp_path, [(who, 1 + who % 2) for who in range(1, 13)])
    found = with_human_sample(wave, table)
    material = read_material([wave], def_rules(), draws=20)
    for language in ("en", "zh"):
        section = next(s for s in sections_of(material, words_in(language), table) if s.name == "together")
        shown = next(block for block in section.blocks if isinstance(block, Table))
        assert [(row.values[0].text, row.values[1].text) for row in shown.rows] == [
            (each.question, each.label) for each in found.shares
        ]
        assert [row.values[2].sort for row in shown.rows] == pytest.approx([each.share for each in found.shares])
        assert [row.values[3].sort for row in shown.rows] == pytest.approx([each.alone for each in found.shares])
    assert "together" not in [s.name for s in sections_of(material, words_in("en"))]
    done = demoscope("report", wave, "--people", table)
    assert done.returncode != 0
    assert "--people belongs to a page" in done.stderr
