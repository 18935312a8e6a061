"""Whole real people beside simulated ones: planted structure is found, shuffled answers are not people."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from analysis.compare import compare_stores
from analysis.def_rules import def_rules
from analysis.evaluated import Structure
from analysis.whole_people import read_people
from demoscope.errors import DocumentError
from tests.results import MadeUp
from tests.test_cli import demoscope

ITEMS = 6


def public(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes 1 to 4 (n, items) that hang on one leaning and on age, with age and sex."""
    rng = np.random.default_rng(seed)
    age, woman = rng.integers(18, 90, n), rng.random(n) < 0.5
    leaning = rng.normal(size=n) + (age - 50) / 20
    score = leaning[:, None] + rng.normal(size=(n, ITEMS))
    return 1 + np.digitize(score, [-1, 0, 1]), age, woman


def table(path: Path, n: int, *, more: Sequence[str] = ()) -> Path:
    codes, age, woman = public(n, 3)
    lines = [
        ",".join([*(f"q{q}" for q in range(1, ITEMS + 1)), "age", "sex", *(name.partition("=")[0] for name in more)])
    ]
    for row, years, female in zip(codes.tolist(), age.tolist(), woman.tolist(), strict=True):
        cells = [*map(str, row), str(years), "female" if female else "male"]
        lines.append(",".join([*cells, *(name.partition("=")[2] for name in more)]))
    path.write_text("\n".join(lines) + "\n")
    return path


def store(path: Path, n: int, *, shuffled: bool = False) -> MadeUp:
    made = MadeUp(path, reference=None)
    made.cell()
    for q in range(1, ITEMS + 1):
        made.question(q, ["Never", "Rarely", "Often", "Always"], nonresponse="Don't know")
    codes, age, woman = public(n, 8)
    if shuffled:
        rng = np.random.default_rng(1)
        codes = np.column_stack([rng.permutation(column) for column in codes.T])
    known = zip(age.tolist(), woman.tolist(), strict=True)
    made.people([{"age": years, "sex": "female" if female else "male"} for years, female in known])
    answers = [
        (who, q, "answered", [code]) for who, row in enumerate(codes.tolist(), 1) for q, code in enumerate(row, 1)
    ]
    made.answers(answers)
    return made


def found(made: MadeUp, people: Path) -> tuple[Structure, ...]:
    compared = compare_stores([made.path], def_rules(), draws=5, details=True, people=read_people(people))
    return compared.evaluations[0].structures


def test_a_public_hangs_together_as_people_do_and_shuffled_answers_do_not(tmp_path):
    people = table(tmp_path / "people.csv", 600)
    correlations, effects = found(store(tmp_path / "a.sqlite", 60), people)
    assert (correlations.kind, correlations.people, correlations.simulated) == ("correlations", 600, 60)
    assert correlations.like_people
    assert (effects.traits, effects.like_people) == (("age", "sex=male"), True)
    assert effects.correlation is not None
    assert effects.correlation > 0.7
    correlations, effects = found(store(tmp_path / "b.sqlite", 60, shuffled=True), people)
    assert correlations.like_people is False
    assert effects.like_people is False


def test_people_of_another_culture_too_few_and_no_answers_leave_structures_unknown(tmp_path):
    made = store(tmp_path / "a.sqlite", 25)
    made.change("UPDATE cells SET culture = 'US'")
    for name, people in (("CN", 0), ("US", 30)):
        correlations, *_ = found(made, table(tmp_path / f"{name}.csv", 30, more=[f"culture={name}"]))
        assert correlations.people == people
        assert (correlations.difference is None) == (people == 0)
    correlations, *_ = found(made, table(tmp_path / "few.csv", 10))
    assert correlations.like_people is None


def test_weights_count_people_as_often_as_they_stand_for(tmp_path):
    made = store(tmp_path / "a.sqlite", 25)
    plain, weighted = (found(made, table(tmp_path / f"{n}.csv", 40, more=[f"weight={n}"])) for n in (1, 2))
    assert plain[0].difference == pytest.approx(weighted[0].difference)
    with pytest.raises(DocumentError, match="row 1 has '-1', which is no weight"):
        found(made, table(tmp_path / "w.csv", 40, more=["weight=-1"]))


def test_tables_that_do_not_fit_are_told(tmp_path):
    made = store(tmp_path / "a.sqlite", 2)
    path = tmp_path / "people.csv"
    for text, said in (
        ("q1,q1\n1,2\n", "'q1' is there twice"),
        ("q1,q2\n", "nobody in this table"),
        ("q1,age\n1,30\n", "the wave's are q1, q2"),
    ):
        path.write_text(text)
        with pytest.raises(DocumentError, match=said):
            found(made, path)


def test_compare_takes_the_table_from_the_command_line(tmp_path):
    made, people = store(tmp_path / "a.sqlite", 25), table(tmp_path / "people.csv", 60)
    shown = demoscope("compare", made.path, "--people", people)
    assert shown.returncode == 0, shown.stderr
    assert "correlations between 6 questions" in shown.stdout
    refused = demoscope("compare", made.path, "--people", tmp_path / "none.csv")
    assert (refused.returncode, "no such file" in refused.stderr) == (2, True)
