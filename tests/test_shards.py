"""A wave in several stores, put together again."""

import itertools
import shutil
import sqlite3
from contextlib import closing

import pytest

from demoscope.errors import DocumentError, StoreError
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.shards import EVERYBODY, Shard, merge
from simulator.store import Store
from tests.stores import content, count, sound
from tests.test_cli import demoscope


def ask(path, store, shard=EVERYBODY):
    clock = (f"2026-01-01T00:00:{n:02}+00:00" for n in itertools.count())
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=lambda: next(clock), shard=shard)


@pytest.fixture
def stores(wave_file, tmp_path):
    """The wave, whole and in three shards: six people and three questions."""
    wave = wave_file()
    ask(wave, tmp_path / "whole.sqlite")
    shards = [tmp_path / f"{n}.sqlite" for n in (1, 2, 3)]
    for number, store in enumerate(shards, start=1):
        ask(wave, store, Shard(number, 3))
    return wave, tmp_path / "whole.sqlite", shards


def test_merged_shards_are_the_store_of_one_run(stores, tmp_path):
    _, whole, shards = stores
    for table, each in (("personas", 2), ("respondents", 2), ("answers", 6)):
        assert [count(store, f"SELECT count(*) FROM {table}") for store in shards] == [each] * 3
    before = [content(store) for store in shards]
    assert merge(shards, tmp_path / "merged.sqlite") == 18
    assert content(tmp_path / "merged.sqlite") == content(whole)
    assert sound(tmp_path / "merged.sqlite")
    assert [content(store) for store in shards] == before
    assert sorted(path.name for path in tmp_path.glob("merged*")) == ["merged.sqlite"]


def test_what_no_shard_asked_is_asked_when_the_merged_store_is_run(stores, tmp_path):
    wave, whole, shards = stores
    merge(shards[:2], tmp_path / "merged.sqlite")
    assert count(tmp_path / "merged.sqlite", "SELECT count(*) FROM waves WHERE finished IS NULL") == 1
    state = ask(wave, tmp_path / "merged.sqlite")
    assert (state.resumed, state.saved, state.total) == (12, 18, 18)
    assert content(tmp_path / "merged.sqlite") == content(whole)
    assert count(tmp_path / "merged.sqlite", "SELECT count(*) FROM waves WHERE finished IS NULL") == 0


def test_a_shard_asks_its_own_people_in_every_cell_and_goes_on_where_it_stopped(stores, tmp_path):
    wave, _, shards = stores
    # Persona ids are numbers plus 1; the second of three has the numbers 1 and 4.
    with closing(sqlite3.connect(shards[1])) as db:
        asked = db.execute("SELECT DISTINCT persona_id FROM responses ORDER BY 1").fetchall()
    assert asked == [(2,), (5,)]
    again = ask(wave, shards[1], Shard(2, 3))
    assert (again.resumed, again.saved, again.total) == (6, 6, 6)


def test_people_of_several_populations_and_cells_keep_their_numbers(wave_file, tmp_path):
    """Six people in two cells, four of another population in a third: 12 + 4 respondents, numbered across."""
    more = (
        "conditions:\n",
        "conditions:\n  - {name: plain, protocol: def, settings: {portrait: [sex]}}\n"
        "  - {name: there, protocol: def, population: OTHER, respondents: 4, settings: {portrait: [sex]}}\n",
    )
    wave = wave_file((more[0], more[1].replace("OTHER", "cn_adults_2020")))
    ask(wave, tmp_path / "whole.sqlite")
    assert count(tmp_path / "whole.sqlite", "SELECT max(id) FROM respondents") == 16
    shards = [tmp_path / f"{n}.sqlite" for n in range(1, 6)]
    for number, store in enumerate(shards, start=1):
        ask(wave, store, Shard(number, 5))
    # The fifth has person 4 in two cells and nobody of the four; the first has persons 0 and 5, and one of the four.
    assert [count(store, "SELECT count(*) FROM respondents") for store in shards] == [5, 3, 3, 3, 2]
    merge(shards[3:], tmp_path / "some.sqlite")
    merge(shards, tmp_path / "all.sqlite")
    assert content(tmp_path / "all.sqlite") == content(tmp_path / "whole.sqlite")
    ask(wave, tmp_path / "some.sqlite")
    assert content(tmp_path / "some.sqlite") == content(tmp_path / "whole.sqlite")


def test_shards_grow_by_respondents_as_one_store_does(stores, wave_file, tmp_path):
    _, whole, shards = stores
    grown = wave_file(("respondents: 6", "respondents: 10"))
    ask(grown, whole)
    for number, store in enumerate(shards, start=1):
        ask(grown, store, Shard(number, 3))
    merge(shards, tmp_path / "merged.sqlite")
    assert content(tmp_path / "merged.sqlite") == content(whole)


CONDITION = ("conditions:\n", "conditions:\n  - {name: plain, protocol: def, settings: {portrait: [sex]}}\n")


def test_a_share_does_not_grow_where_that_would_number_its_people_anew(stores, wave_file):
    _, _, shards = stores
    before = content(shards[1])
    with pytest.raises(StoreError, match="whom the wave as it is now would number anew"):
        ask(wave_file(CONDITION), shards[1], Shard(2, 3))
    assert content(shards[1]) == before


def test_the_command_names_a_respondent_of_the_share_or_says_that_there_is_none(wave_file, tmp_path):
    wave, store = wave_file(("respondents: 6", "respondents: 2")), tmp_path / "a.sqlite"
    said = [demoscope("run", str(wave), "--store", str(store), "--shard", f"{n}/3") for n in (2, 3)]
    assert [one.returncode for one in said] == [0, 0]
    assert f"demoscope show {tmp_path / 'a.2of3.sqlite'} 2" in said[0].stdout + said[0].stderr
    assert "nobody belongs to shard 3/3; the wave has 2 people." in said[1].stdout + said[1].stderr


def test_a_share_of_nobody_is_an_empty_store(wave_file, tmp_path):
    wave = wave_file(("respondents: 6", "respondents: 1"))
    state = ask(wave, tmp_path / "a.sqlite", Shard(2, 2))
    assert (state.saved, state.total) == (0, 0)
    ask(wave, tmp_path / "b.sqlite", Shard(1, 2))
    assert merge([tmp_path / "a.sqlite", tmp_path / "b.sqlite"], tmp_path / "merged.sqlite") == 3


def test_stores_that_number_people_differently_are_not_merged(wave_file, tmp_path):
    """The store of everybody grew by a condition behind its six people; the share of one person beside them."""
    for store, shard in ((tmp_path / "a.sqlite", EVERYBODY), (tmp_path / "b.sqlite", Shard(1, 6))):
        ask(wave_file(), store, shard)
        ask(wave_file(CONDITION), store, shard)
    with pytest.raises(StoreError, match="give the same people different numbers"):
        merge([tmp_path / "a.sqlite", tmp_path / "b.sqlite"], tmp_path / "merged.sqlite")


def test_stores_of_different_waves_are_not_merged(stores, wave_file, tmp_path):
    _, _, shards = stores
    other = tmp_path / "other.sqlite"
    ask(wave_file(("seed: 7", "seed: 8")), other, Shard(2, 3))
    with pytest.raises(StoreError, match="hold different waves: their waves differ"):
        merge([shards[0], other], tmp_path / "merged.sqlite")
    assert not list(tmp_path.glob("merged*"))


def test_two_answers_to_one_question_are_not_merged(stores, tmp_path):
    _, _, shards = stores
    twin = tmp_path / "twin.sqlite"
    shutil.copy(shards[0], twin)
    with closing(sqlite3.connect(twin)) as db, db:
        db.execute("UPDATE answers SET reason = 'changed' WHERE respondent_id = 1 AND question_id = 2")
    with pytest.raises(StoreError, match=r"another row of answers \(respondent_id 1, question_id 2,"):
        merge([shards[0], twin], tmp_path / "merged.sqlite")
    assert not list(tmp_path.glob("merged*"))


def test_answers_of_other_weights_are_not_merged(stores, tmp_path):
    _, _, shards = stores
    for store, digest in zip(shards[:2], ("aa", "bb"), strict=True):
        with closing(sqlite3.connect(store)) as db, db:
            db.execute("UPDATE models SET digest = ?", (digest,))
    with pytest.raises(StoreError, match="different models under the name 'uniform'"):
        merge(shards[:2], tmp_path / "merged.sqlite")


def test_money_of_shards_adds_up(stores, tmp_path):
    _, _, shards = stores
    for store, money in zip(shards, (1.5, None, 0.25), strict=True):
        with closing(sqlite3.connect(store)) as db, db:
            db.execute("UPDATE models SET committed = ?", (money,))
    merge(shards, tmp_path / "merged.sqlite")
    assert count(tmp_path / "merged.sqlite", "SELECT committed * 100 FROM models") == 175


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/99999", "١/٣"])
def test_what_is_no_shard_is_told(text):
    with pytest.raises(DocumentError, match="is no shard; write the number"):
        Shard.parse(text)


def test_a_merge_never_writes_over_a_file(stores, tmp_path):
    _, whole, shards = stores
    with pytest.raises(StoreError, match="is there already"):
        merge(shards, whole)
    with pytest.raises(StoreError, match="each of them once"):
        merge([shards[0], shards[0]], tmp_path / "merged.sqlite")
