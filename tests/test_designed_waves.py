"""Waves whose people come by a design: who lands in the store, how they weigh, and what may grow."""

import sqlite3
from contextlib import closing

import pytest

from analysis.reading import open_results
from analysis.summary import summarise
from demoscope.errors import DocumentError, StoreError
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from tests.documents import write
from tests.stores import content, count

MICRODATA = {
    "kind": "microdata",
    "file": "people.csv",
    "attributes": {"sex": "sex", "age": "age"},
    "weight": "w",
    "row": "id",
}
FILE = "id,sex,age,w\na,female,20,3\nb,female,50,1\nc,male,30,0.5\nd,male,70,0.5\n"


@pytest.fixture
def wave(wave_file, tmp_path):
    """Writes a wave over four people of a file, under a design."""

    def written(design, respondents=4, **source):
        write(tmp_path, [{**MICRODATA, **source}], {"people.csv": FILE}, places={"country": "Utopia"})
        return wave_file(
            ("population: us_adults_2018", f"population: town.yaml\ndesign: {design}"),
            ("respondents: 6", f"respondents: {respondents}"),
            ("{portrait: [sex, age]}", "{}"),
        )

    return written


def run(path, store):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=lambda: "2026-01-01T00:00:00+00:00")


def people(store):
    with closing(sqlite3.connect(store)) as db:
        return db.execute("SELECT source_row, weight FROM personas ORDER BY id").fetchall()


def test_every_row_answers_with_its_weight_and_the_summary_is_weighted(wave, tmp_path):
    store = tmp_path / "a.sqlite"
    run(wave("{kind: every_row}"), store)
    assert people(store) == [("a", 3.0), ("b", 1.0), ("c", 0.5), ("d", 0.5)]
    with open_results(store) as results:
        cell = summarise(results).cells[0]
    assert cell.weighted
    with closing(sqlite3.connect(store)) as db:
        chosen = db.execute(
            """SELECT o.code, p.weight FROM answer_options o JOIN respondents r ON r.id = o.respondent_id
            JOIN personas p ON p.id = r.persona_id WHERE o.question_id = 1"""
        ).fetchall()
    shares = [sum(weight for code, weight in chosen if code == option) / 5 for option in (1, 2, 3)]
    assert [share.simulated for share in cell.questions[0].shares] == pytest.approx(shares)


def test_random_people_keep_their_weights_and_the_wave_can_grow(wave, tmp_path):
    store = tmp_path / "a.sqlite"
    run(wave("{kind: random}", 4), store)
    before = people(store)
    weights = {"a": 3.0, "b": 1.0, "c": 0.5, "d": 0.5}
    assert before == [(row, weights[row]) for row, _ in before]
    run(wave("{kind: random}", 9), store)
    assert people(store)[:4] == before
    fresh = tmp_path / "fresh.sqlite"
    run(wave("{kind: random}", 9), fresh)
    assert content(store)["personas"] == content(fresh)["personas"]


def test_a_quota_fills_the_wave_and_does_not_grow(wave, tmp_path):
    store = tmp_path / "a.sqlite"
    quota = "{kind: quota, quotas: [{attributes: [sex]}]}"
    run(wave(quota, 10), store)
    # Women weigh 4 of 5.
    assert count(store, "SELECT count(*) FROM personas WHERE attributes LIKE '%female%'") == 8
    before = content(store)
    with pytest.raises(StoreError, match=r"respondents: 10 -> 20; a design of the kind quota has a fixed size"):
        run(wave(quota, 20), store)
    assert content(store) == before
    assert run(wave(quota, 10), store).resumed == 30


def test_a_wave_asks_as_many_as_its_design_has(wave):
    with pytest.raises(DocumentError, match=r"wave.yaml:5: design: The design \(every_row\) .* has 4 people, and 9"):
        load_wave(wave("{kind: every_row}", 9))
    with pytest.raises(DocumentError, match=r"design: .*takes people by 'party'"):
        load_wave(wave("{kind: stratified, by: [party], each: 2}"))
    with pytest.raises(DocumentError, match=r"wave.yaml:5: design.*no such kind of design"):
        load_wave(wave("{kind: snowball}"))


def test_another_design_is_another_wave(wave, tmp_path):
    run(wave("{kind: weighted}"), tmp_path / "a.sqlite")
    with pytest.raises(StoreError, match=r"population.document.design"):
        run(wave("{kind: random}"), tmp_path / "a.sqlite")


def test_a_panel_asks_the_people_of_the_earlier_wave_again(wave, tmp_path):
    first, later = tmp_path / "first.sqlite", tmp_path / "later.sqlite"
    run(wave("{kind: weighted}", 6), first)
    path = wave("{kind: panel, seed: 7}", 6)
    path.write_text(path.read_text().replace("seed: 7\n", "seed: 99\n", 1))
    run(path, later)
    assert content(first)["personas"] == content(later)["personas"]
    assert (
        content(first)["answers"] != content(later)["answers"] or content(first)["waves"] != content(later)["waves"]
    )


def test_restricted_rows_mark_the_store(wave, tmp_path):
    run(wave("{kind: every_row}"), tmp_path / "free.sqlite")
    run(wave("{kind: every_row}", restricted=True), tmp_path / "bound.sqlite")
    assert count(tmp_path / "free.sqlite", "SELECT restricted FROM waves") == 0
    assert count(tmp_path / "bound.sqlite", "SELECT restricted FROM waves") == 1
