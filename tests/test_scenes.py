"""Scenes: the set for values_core, how they are written, checked and rated, and what a wave leaves of them."""

import json
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from demoscope.errors import DocumentError, StoreError
from personas import Population
from simulator.loading import load_wave
from simulator.protocols.interface import Attempt, Completion
from simulator.protocols.rate import PROTOCOL as RATE
from simulator.protocols.rate import RateSettings
from simulator.protocols.scenes import PROTOCOL as SCENES
from simulator.protocols.scenes import ScenesSettings
from simulator.run import run_wave
from simulator.scenes import write_scenes
from simulator.store import Store
from surveys import Question, Questionnaire, load_questionnaire
from surveys.probing.variations import why_not_probed
from surveys.scene_writing import rating, read_checks, read_rating, read_scenes, why_refused, writing
from surveys.scenes import POLES, Scene, SceneSet, load_scenes, problems
from tests.driving import driven

NOBODY = Population.load("nobody")
VALUES = load_questionnaire("values_core")
SET = load_scenes("values_core_scenes")
TIDY = Question(id="tidy", text="How tidy?", options=[{"code": 1, "label": "Not"}, {"code": 2, "label": "Very"}])
ASKED = Questionnaire(id="home", title="Home", questions=[TIDY])
WRITTEN = """1. Situation: Friends call PersonX on Sunday morning and say that they will drop in within half an hour.
Action A: PersonX puts the kettle on and pushes the newspapers on the sofa aside for them.
Action B: PersonX vacuums all the rooms and wipes the shelves until the moment the doorbell rings.
2. Situation: PersonX is free.
Action A: PersonX rests.
Action B: PersonX cleans."""
SCENE = read_scenes(WRITTEN, "tidy")[0]


def interviewed(protocol, settings, questionnaire, reply):
    persona = NOBODY.people(0, 1, seed=1)[0]
    run = protocol.interview(protocol.respondent(persona, NOBODY, settings, 7, "c/m"), questionnaire, settings, 7)
    return driven(run, reply)


def says(text):
    return lambda _: Completion((Attempt(text),))


def test_at_least_a_hundred_scenes_ship_for_every_probed_item_of_values_core():
    SET.check(VALUES, "library")
    probed = {question.id for question in VALUES.asked if why_not_probed(question, VALUES) is None}
    assert len(SET.scenes) >= 100
    assert set(SET.by_question) == probed
    assert {len(scenes) for scenes in SET.by_question.values()} == {3}
    dimensions = Counter(VALUES[scene.question].dimension for scene in SET.scenes)
    assert len(dimensions) == 9
    assert min(dimensions.values()) >= 12


def test_every_scene_keeps_the_lengths_and_names_no_value():
    for scene in SET.scenes:
        assert problems(scene) == ()
        assert 10 <= len(scene.text.split()) <= 30
        assert all(10 <= len(scene.action(pole).split()) <= 20 for pole in POLES)
    texts = [text for scene in SET.scenes for text in (scene.text, scene.first, scene.last)]
    assert len(set(texts)) == len(texts)


def test_what_keeps_a_scene_from_being_used_is_told():
    found = problems(Scene(question="q", text="She trusts him.", first="PersonX goes.", last="PersonX goes."))
    assert found[0] == "the situation has 3 words, and 10 to 30 are wanted"
    assert "the situation does not say what PersonX does" in found
    assert "the situation names a value (trusts) and should show it" in found
    assert found[-1] == "both actions are the same"
    with pytest.raises(ValueError, match="scene 1, of 'q': the situation has 3 words"):
        SceneSet(
            id="s",
            questionnaire="q",
            source="x",
            scenes=(Scene(question="q", text="She trusts him.", first="A", last="B"),),
        )


def test_scenes_of_another_questionnaire_or_question_are_refused():
    with pytest.raises(DocumentError, match="belong to the questionnaire 'values_core', not to 'home'"):
        SET.check(ASKED, "wave.yaml:9")
    stray = SceneSet(id="s", questionnaire="home", source="x", scenes=(SCENE.model_copy(update={"question": "no"}),))
    with pytest.raises(DocumentError, match="has scenes about 'no', a question that 'home' does not have"):
        stray.check(ASKED, "wave.yaml:9")


@pytest.mark.parametrize(
    ("reply", "careful", "published"),
    [
        ("8", 8, 8),
        ("8/10", 8, 8),
        ("I would rate it 7.", 7, 7),
        ("On a scale from 1 to 10, I say 8.", 8, 1),
        ("8 out of 10", 8, 8),
        ("10", 10, 10),
        ("-3", -3, -3),
        ("7.5", 7.5, 7),
        ("Very well.", None, None),
    ],
)
def test_a_rating_is_the_first_number_that_does_not_repeat_the_scale(reply, careful, published):
    assert read_rating(reply) == careful
    assert read_rating(reply, as_published=True) == published


def test_each_action_is_rated_in_three_phrasings_and_the_number_is_kept():
    settings = RateSettings(scenes=SceneSet(id="s", questionnaire="home", source="x", scenes=(SCENE,)))
    replies = iter(["8", "none", "11", "As an AI language model, I do not act.", "2", "7.5"])
    requests, answers = interviewed(RATE, settings, ASKED, lambda _: Completion((Attempt(next(replies)),)))
    assert [request.step for request in requests] == ["rate"] * 6
    assert requests[0].messages[0].text == rating(SCENE, "first", 1)
    assert requests[3].messages[0].text.endswith(f"Action: {SCENE.last}\n")
    assert requests[0].decoding.greedy and requests[0].decoding.max_tokens == 20
    got = [(one.answer.status, one.answer.number) for one in answers]
    assert got == [
        ("answered", 8),
        ("invalid", None),
        ("invalid", 11),
        ("refused", None),
        ("answered", 2),
        ("invalid", 7.5),
    ]
    shown = [json.loads(one.answer.presentation) for one in answers]
    assert shown[1] == {"scene": 1, "pole": "first", "phrasing": 2}
    assert shown[3] == {"scene": 1, "pole": "last", "phrasing": 1}
    assert RATE.answers_expected(settings, ASKED) == 6


def test_the_prompt_that_asks_for_scenes_gives_both_answers_and_the_rules():
    said = writing(TIDY, 10)
    assert "Write 10 situations" in said
    assert said.endswith("Question: How tidy?\nPerson A: Not\nPerson B: Very")
    assert "10 to 30 words" in said and "PersonX" in said
    tidy, *tasting = (scene for part in said.split("Question: ")[1:] for scene in read_scenes(part, "tidy"))
    assert [problems(example) for example in (tidy, *tasting)] == [()] * 3  # they have the form and keep the rules
    assert tidy.last.endswith("until the moment the doorbell rings.")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Q1: Yes\nQ2: Yes\nQ3: Yes\nQ4: Yes", None),
        ("{Q1: Yes, Q2: Yes, Q3: Yes, Q4: Yes,}", None),
        ("Q1: Yes\nQ2: No\nQ3: Yes\nQ4: No", "the check answers Q2, Q4 by no"),
        ("Q1: Yes\nQ2: Yes", "the check does not answer Q3, Q4 by yes or no"),
        ("Q1: Yes Q1: No Q2: Yes Q3: Yes Q4: Yes", "the check does not answer Q1 by yes or no"),
    ],
)
def test_a_scene_is_kept_when_all_four_questions_are_answered_by_yes(reply, reason):
    assert why_refused((), read_checks(reply)) == reason


def test_a_writer_ends_in_one_answer_for_each_scene_wanted():
    def reply(request):
        return Completion((Attempt(WRITTEN if request.step == "scene" else "Q1: Yes Q2: Yes Q3: Yes Q4: Yes"),))

    requests, answers = interviewed(SCENES, ScenesSettings(scenes=3), ASKED, reply)
    assert [request.step for request in requests] == ["scene", "check"]  # what breaks a rule is not checked
    assert [one.answer.status for one in answers] == ["answered", "invalid", "invalid"]
    assert json.loads(answers[0].answer.text)["first"] == SCENE.first
    assert "the situation has 3 words" in answers[1].answer.reason
    assert answers[2].answer.reason == "the reply has no such scene in the form asked for"
    assert answers[0].sources == (("scene", 0), ("check", 0))
    _, answers = interviewed(SCENES, ScenesSettings(scenes=2), ASKED, says("As an AI language model, I cannot."))
    assert [one.answer.status for one in answers] == ["refused"] * 2


WAVE = """
name: rated
seed: 1
questionnaire: values_core
population: countries:China,Mexico
respondents: 2
models: [{name: m, backend: scripted}]
conditions:
  - {name: rate, protocol: rate, respondents: 1, settings: {scenes: values_core_scenes, phrasings: [1, 3]}}
  - {name: as, protocol: rate, settings: {scenes: values_core_scenes, phrasings: [2], person: true}}
execution: {executor: local}
"""


def test_a_wave_keeps_scenes_and_ratings_and_goes_on_where_it_stopped(tmp_path):
    (tmp_path / "wave.yaml").write_text(WAVE)
    path = tmp_path / "s.sqlite"
    for _ in range(2):
        with Store(path) as store:
            run_wave(load_wave(tmp_path / "wave.yaml"), store, now=lambda: "now")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM scenes").fetchone()[0] == len(SET.scenes)
        rows = db.execute(
            """SELECT s.text, x.text, q.name FROM answers a
            JOIN scenes s ON s.id = a.presentation ->> '$.scene'
            JOIN actions x ON x.scene_id = s.id AND x.pole = a.presentation ->> '$.pole'
            JOIN questions q ON q.id = a.question_id AND q.id = s.question_id"""
        ).fetchall()
        assert len(rows) == len(SET.scenes) * 2 * (2 + 2)
        scene = SET.scenes[0]
        assert (scene.text, scene.last, scene.question) in rows
        told = db.execute("SELECT DISTINCT portrait FROM respondents ORDER BY 1").fetchall()
        assert told == [("",), ("Imagine you are a person from China.",), ("Imagine you are a person from Mexico.",)]
        assert db.execute("SELECT settings ->> '$.scenes' FROM cells").fetchone()[0] == "values_core_scenes"


def test_a_wave_that_names_no_scenes_there_are_is_refused_by_line(tmp_path):
    (tmp_path / "wave.yaml").write_text(WAVE.replace("values_core_scenes", "no_scenes"))
    with pytest.raises(DocumentError, match=r"wave.yaml:9: condition 'rate': scenes: There is no set of scenes"):
        load_wave(tmp_path / "wave.yaml")


def test_kept_scenes_are_written_as_a_document_that_ratings_use(tmp_path):
    (tmp_path / "wave.yaml").write_text(
        WAVE.partition("conditions")[0]
        + "conditions: [{name: w, protocol: scenes, respondents: 1, settings: {scenes: 1}}]\n"
        + "execution: {executor: local}\n"
    )
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        run_wave(load_wave(tmp_path / "wave.yaml"), store, now=lambda: "now")
        with pytest.raises(StoreError, match="holds no scenes that were kept"):
            write_scenes(path, tmp_path / "none.yaml")
        text = json.dumps(SCENE.model_dump(exclude={"question"}))
        store.execute("UPDATE answers SET status = 'answered', text = ? WHERE question_id = 1", (text,))
    assert write_scenes(path, tmp_path / "out.yaml") == "1 scenes of 1 questions"
    found = load_scenes("out.yaml", tmp_path)
    assert found.scenes[0].model_dump(exclude={"question"}) == SCENE.model_dump(exclude={"question"})
    assert "not reviewed by anybody" in found.source
    with pytest.raises(DocumentError, match="is there already"):
        write_scenes(path, tmp_path / "out.yaml")


def test_a_written_scene_with_an_empty_action_is_none():
    assert len(read_scenes(WRITTEN, "tidy")) >= 1
    assert read_scenes("1. Situation: PersonX waits.\nAction A: \x1f \nAction B: PersonX goes.", "q") == ()
