"""Waves with scripted respondents: what lands in the store, and what happens when they are cut short."""

import itertools
import sqlite3
from contextlib import closing

import pytest

from demoscope.errors import BackendError, DocumentError, StoreError, WavePaused
from simulator.cohort import Batch
from simulator.executors import LocalExecutor
from simulator.loading import load_wave
from simulator.registration import register
from simulator.run import run_wave
from simulator.store import Store
from tests.conftest import SURVEY
from tests.stores import content, count, sound


def now() -> str:
    return "2026-01-01T00:00:00+00:00"


def run(path, store, **options):
    with Store(store) as opened:
        return run_wave(load_wave(path), opened, now=now, **options)


def test_every_respondent_answers_every_question_once(wave_file, tmp_path):
    state = run(wave_file(), tmp_path / "a.sqlite")
    # Six people, three questions, one cell: 18 answers, an exchange and an attempt each.
    assert state.saved == state.total == 18
    for table in ("answers", "exchanges", "attempts", "answer_sources"):
        assert count(tmp_path / "a.sqlite", f"SELECT count(*) FROM {table}") == 18
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers WHERE status = 'answered'") == 18
    assert sound(tmp_path / "a.sqlite")


def test_the_same_wave_gives_the_same_store(wave_file, tmp_path):
    path = wave_file()
    run(path, tmp_path / "a.sqlite")
    run(path, tmp_path / "b.sqlite")
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "b.sqlite")


def test_another_seed_gives_other_people(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    run(wave_file(("seed: 7", "seed: 8")), tmp_path / "b.sqlite")
    assert content(tmp_path / "a.sqlite")["personas"] != content(tmp_path / "b.sqlite")["personas"]


def test_running_a_finished_wave_again_asks_nothing(wave_file, tmp_path):
    path = wave_file()
    run(path, tmp_path / "a.sqlite")
    before = content(tmp_path / "a.sqlite")
    state = run(path, tmp_path / "a.sqlite", make_executor=lambda _: pytest.fail("an executor was made"))
    assert (state.saved, state.resumed) == (18, 18)
    assert content(tmp_path / "a.sqlite") == before


class Interrupted(LocalExecutor):
    """Stops like Ctrl-C while it waits, once a number of batches with answers has come in."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after
        self._stopped = False

    def next(self, timeout):
        if self._left <= 0 and not self._stopped:
            self._stopped = True
            raise KeyboardInterrupt
        batches = super().next(timeout)
        self._left -= sum(1 for _, batch in batches if batch is not None and batch.records)
        return batches


@pytest.mark.parametrize("kept", [0, 1, 2, 5, 17])
def test_a_wave_that_lost_answers_is_continued_to_the_same_store(wave_file, tmp_path, kept):
    path = wave_file()
    run(path, tmp_path / "whole.sqlite")
    run(path, tmp_path / "cut.sqlite")
    with closing(sqlite3.connect(tmp_path / "cut.sqlite")) as db, db:
        # What a crash leaves: the first `kept` answers and exchanges in the order of the interviews.
        for table, order in [
            ("answer_options", "respondent_id, question_id"),
            ("answer_sources", "respondent_id, question_id"),
            ("answers", "respondent_id, question_id"),
            ("attempts", "subject_id, ordinal"),
            ("exchanges", "subject_id, ordinal"),
        ]:
            keys = order.split(", ")
            rows = db.execute(f"SELECT {order} FROM {table} ORDER BY {order}").fetchall()[kept:]
            db.executemany(f"DELETE FROM {table} WHERE {keys[0]} = ? AND {keys[1]} = ?", rows)
    state = run(path, tmp_path / "cut.sqlite")
    assert (state.resumed, state.saved) == (kept, 18)
    assert content(tmp_path / "cut.sqlite") == content(tmp_path / "whole.sqlite")


def test_an_exchange_without_its_answer_is_replayed_and_not_asked_again(wave_file, tmp_path):
    path = wave_file()
    run(path, tmp_path / "whole.sqlite")
    run(path, tmp_path / "cut.sqlite")
    with closing(sqlite3.connect(tmp_path / "cut.sqlite")) as db, db:
        for table in ("answer_options", "answer_sources", "answers"):
            db.execute(f"DELETE FROM {table} WHERE respondent_id = 2")
        db.execute("UPDATE attempts SET endpoint = 'the first run'")
    run(path, tmp_path / "cut.sqlite")
    assert count(tmp_path / "cut.sqlite", "SELECT count(*) FROM attempts WHERE endpoint = 'the first run'") == 18
    assert content(tmp_path / "cut.sqlite")["answers"] == content(tmp_path / "whole.sqlite")["answers"]


def test_ctrl_c_keeps_what_was_reported_and_the_same_command_continues(wave_file, tmp_path):
    path = wave_file(("respondents: 6", "respondents: 600"))
    reported = []
    with pytest.raises(KeyboardInterrupt):
        run(path, tmp_path / "a.sqlite", make_executor=lambda _: Interrupted(1), progress=reported.append)
    saved = reported[-1].saved
    assert 0 < saved < 1800
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers") == saved
    assert run(path, tmp_path / "a.sqlite").saved == 1800
    run(path, tmp_path / "whole.sqlite")
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "whole.sqlite")


def test_a_model_that_fails_for_good_pauses_the_wave_and_one_that_fails_now_and_then_does_not(wave_file, tmp_path):
    many = ("respondents: 6", "respondents: 100")
    path = wave_file(many, ("public: uniform", "public: uniform, errors: 1"))
    with pytest.raises(WavePaused, match=r"'uniform' does nothing any more but fail: scripted fault\. What"):
        run(path, tmp_path / "a.sqlite")
    # Nothing but failures came, so none of them is an answer: the next run asks everybody.
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers") == 0
    assert run(wave_file(many), tmp_path / "a.sqlite").saved == 300
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers WHERE status = 'failed'") == 0
    path = wave_file(many, ("public: uniform", "public: uniform, errors: 0.5"))
    assert run(path, tmp_path / "b.sqlite").saved == 300


def test_failures_too_few_to_say_that_a_model_is_down_are_saved_when_nobody_is_left_to_ask(wave_file, tmp_path):
    # 5 people and 3 questions: the 15 requests that fail are fewer than the 20 that pause a wave.
    path = wave_file(("respondents: 6", "respondents: 5"), ("public: uniform", "public: uniform, errors: 1"))
    assert run(path, tmp_path / "a.sqlite").saved == 15
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers WHERE status = 'failed'") == 15


class Dying(LocalExecutor):
    """Loses its cohort together with the batch it had, a number of times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def next(self, timeout):
        batches: list[tuple[int, Batch | None]] = []
        for handle, batch in super().next(timeout):
            if self.times and batch is not None and batch.records:
                self.times -= 1
                batches.append((handle, None))
            else:
                batches.append((handle, batch))
        return batches


def test_respondents_of_a_dead_cohort_are_handed_out_again(wave_file, tmp_path):
    path = wave_file()
    run(path, tmp_path / "a.sqlite", make_executor=lambda _: Dying(2))
    run(path, tmp_path / "b.sqlite")
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "b.sqlite")


def test_a_wave_whose_cohorts_keep_dying_pauses(wave_file, tmp_path):
    with pytest.raises(WavePaused, match="died 3 times in a row"):
        run(wave_file(), tmp_path / "a.sqlite", make_executor=lambda _: Dying(99))


GROWN_SURVEY = (
    SURVEY + "  - {id: more, text: 'Anything more?', options: [{code: 1, label: 'Yes'}, {code: 2, label: 'No'}]}\n"
)
SECOND_MODEL = ("conditions:", "  - {name: modal, backend: scripted, settings: {public: modal}}\nconditions:")
SECOND_CONDITION = ("execution:", "  - {name: plain, protocol: def, settings: {memory: 0}}\nexecution:")


@pytest.mark.parametrize(
    ("change", "survey", "answers"),
    [
        ([("respondents: 6", "respondents: 9")], SURVEY, 9 * 3),
        ([SECOND_MODEL], SURVEY, 6 * 3 * 2),
        ([SECOND_CONDITION], SURVEY, 6 * 3 * 2),
        ([], GROWN_SURVEY, 6 * 4),
        ([("respondents: 6", "respondents: 9"), SECOND_MODEL, SECOND_CONDITION], GROWN_SURVEY, 9 * 4 * 4),
    ],
)
def test_a_store_grows_with_its_wave_and_old_answers_stay(wave_file, tmp_path, change, survey, answers):
    run(wave_file(), tmp_path / "a.sqlite")
    before = content(tmp_path / "a.sqlite")
    grown = wave_file(*change, survey=survey)
    assert run(grown, tmp_path / "a.sqlite").saved == answers
    after = content(tmp_path / "a.sqlite")
    for table in ("answers", "exchanges", "answer_options", "personas", "respondents", "questions", "cells"):
        assert set(before[table]) <= set(after[table]), table
    fresh = tmp_path / "fresh.sqlite"
    run(grown, fresh)
    sql = """SELECT c.name, r.persona_id, q.name, a.status, ao.code FROM answers a
        JOIN respondents r ON r.id = a.respondent_id JOIN cells c ON c.id = r.cell_id
        JOIN questions q ON q.id = a.question_id LEFT JOIN answer_options ao USING (respondent_id, question_id)"""
    with closing(sqlite3.connect(fresh)) as one, closing(sqlite3.connect(tmp_path / "a.sqlite")) as other:
        assert set(one.execute(sql)) == set(other.execute(sql))
    assert sound(tmp_path / "a.sqlite")


@pytest.mark.parametrize(
    ("change", "survey", "said"),
    [
        ([("seed: 7", "seed: 8")], SURVEY, "seed: 7 -> 8"),
        ([("respondents: 6", "respondents: 5")], SURVEY, "respondents: 6 -> 5; it can only grow"),
        ([("portrait: [sex, age]", "portrait: [sex]")], SURVEY, "conditions.def.settings.portrait"),
        ([("public: uniform", "public: modal")], SURVEY, "models.uniform.settings.public"),
        ([("name: uniform", "name: other")], SURVEY, "models.uniform"),
        ([], SURVEY.replace("too little", "far too little"), "questionnaire.questions[parks].options[1].label"),
        ([("portrait: [sex, age]", "portrait: [sex, age], repeats: 2")], GROWN_SURVEY, "settings.repeats"),
        ([], SURVEY.replace("id: parks", "id: lawns"), "questionnaire.questions[1].id"),
    ],
)
def test_any_other_change_is_refused_with_what_changed(wave_file, tmp_path, change, survey, said):
    run(wave_file(), tmp_path / "a.sqlite")
    before = content(tmp_path / "a.sqlite")
    with pytest.raises(StoreError, match="different wave") as caught:
        run(wave_file(*change, survey=survey), tmp_path / "a.sqlite")
    assert said in str(caught.value)
    assert content(tmp_path / "a.sqlite") == before


def test_where_the_work_is_done_may_change(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    run(wave_file(("{executor: local}", "{executor: local, cohorts: 3}")), tmp_path / "a.sqlite")


def test_the_number_of_cohorts_changes_nothing(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    run(wave_file(("{executor: local}", "{executor: local, cohorts: 4}")), tmp_path / "b.sqlite")
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "b.sqlite")


def test_cells_compare_the_same_people_with_the_same_decoding(wave_file, tmp_path):
    run(wave_file(SECOND_MODEL, SECOND_CONDITION), tmp_path / "a.sqlite")
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db:
        rows = db.execute("SELECT persona_id, count(*) FROM respondents GROUP BY 1").fetchall()
        assert rows == [(n, 4) for n in range(1, 7)]
        portraits = """SELECT count(DISTINCT portrait) FROM respondents r JOIN cells c ON c.id = r.cell_id
            GROUP BY persona_id, condition"""
        assert db.execute(portraits).fetchall() == [(1,)] * 12
        same = db.execute("SELECT count(DISTINCT decoding) FROM respondents GROUP BY persona_id").fetchall()
        assert same == [(1,)] * 6


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 7", "seed: -7", "greater than or equal to 0"),
        ("respondents: 6", "respondents: 0", "greater than or equal to 1"),
        ("respondents: 6", "respondants: 6", "did you mean 'respondents'"),
        ("population: us_adults_2018", "population: mars", "no population 'mars'"),
        ("survey.yaml", "nowhere.yaml", "no such file"),
        ("backend: scripted", "backend: oracle", "no backend 'oracle'"),
        ("protocol: def", "protocol: seance", "no protocol 'seance'"),
        ("public: uniform", "pubic: uniform", "unknown key; did you mean 'public'"),
        ("portrait: [sex, age]", "portrait: [shoe_size]", "shoe_size"),
        ("portrait: [sex, age]", "memmory: 3", "unknown key; did you mean 'memory'"),
    ],
)
def test_a_wave_that_cannot_be_run_is_refused_before_anything_starts(wave_file, old, new, said):
    with pytest.raises((DocumentError, BackendError)) as caught:
        load_wave(wave_file((old, new)))
    assert said in str(caught.value)


def test_prompts_are_kept_once_and_can_be_read_back_turn_by_turn(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db:
        turns = db.execute("SELECT role, text FROM interview WHERE respondent_id = 1 AND ordinal = 0 ORDER BY turn")
        assert [role for role, _ in turns] == ["system", "user", "reply"]
        prompts = db.execute("SELECT count(*) FROM exchanges, json_each(prompt)").fetchone()[0]
        bodies = db.execute("SELECT count(*) FROM texts").fetchone()[0]
        assert bodies < prompts


def test_only_hashes_of_prompts_are_kept_when_asked(wave_file, tmp_path):
    run(wave_file(("seed: 7", "seed: 7\nstore_prompts: hash")), tmp_path / "a.sqlite")
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM texts") == 0
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM exchanges") == 18


def test_seeds_of_exchanges_differ(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    seeds = [row[0] for row in itertools.chain(sqlite3_rows(tmp_path / "a.sqlite", "SELECT seed FROM exchanges"))]
    assert len(set(seeds)) == 18


def sqlite3_rows(path, sql):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def test_no_question_is_added_where_the_questionnaire_is_taken_more_than_once(wave_file, tmp_path):
    twice = ("portrait: [sex, age]", "repeats: 2")
    assert run(wave_file(twice), tmp_path / "a.sqlite").saved == 6 * 3 * 2
    with pytest.raises(StoreError, match="repeats the questionnaire"):
        run(wave_file(twice, survey=GROWN_SURVEY), tmp_path / "a.sqlite")


def test_a_stored_reply_is_never_given_to_another_question(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db, db:
        db.execute("DELETE FROM answer_options WHERE respondent_id = 1")
        db.execute("DELETE FROM answer_sources WHERE respondent_id = 1")
        db.execute("DELETE FROM answers WHERE respondent_id = 1")
        db.execute("UPDATE exchanges SET seed = seed + 1 WHERE subject_id = 1 AND ordinal = 2")
    with pytest.raises(WavePaused, match="belongs to another question"):
        run(wave_file(), tmp_path / "a.sqlite")


def test_a_wave_that_asked_nothing_yet_binds_nobody(wave_file, tmp_path):
    absent = (
        "backend: scripted\n    settings: {public: uniform}",
        "backend: llama_cpp\n    settings: {path: absent.gguf}",
    )
    with pytest.raises(BackendError, match="absent"):
        run(wave_file(absent), tmp_path / "a.sqlite")
    assert run(wave_file(), tmp_path / "a.sqlite").saved == 18
    run(wave_file(), tmp_path / "b.sqlite")
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "b.sqlite")


def test_a_wave_that_grew_is_not_finished_until_the_newcomers_are(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    assert count(tmp_path / "a.sqlite", "SELECT finished IS NOT NULL FROM waves") == 1
    grown = load_wave(wave_file(("respondents: 6", "respondents: 9")))
    with Store(tmp_path / "a.sqlite") as opened:
        register(opened, grown, now())
    assert count(tmp_path / "a.sqlite", "SELECT finished IS NULL FROM waves") == 1


def test_mistakes_in_settings_are_told_with_file_and_line(wave_file):
    with pytest.raises(DocumentError) as caught:
        load_wave(wave_file(("portrait: [sex, age]", "num_beams: many")))
    assert str(caught.value).startswith(f"{wave_file()}:13: num_beams")
