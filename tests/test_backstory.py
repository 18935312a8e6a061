"""Stories of lives: what contradicts a person, how one is written and kept, and how later waves tell it."""

import dataclasses
import json
import sqlite3
from contextlib import closing

import pytest

from demoscope.errors import DocumentError, StoreError
from personas import Persona, Place, load_population
from personas.backstory import contradictions, facts_of, whole_sentences
from personas.names import Names
from simulator.backstories import read_backstories
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.protocols.backstory import PROTOCOL, BackstorySettings
from simulator.protocols.interface import Attempt, Completion, Request, Understood
from surveys import load_questionnaire
from tests.stores import content, count
from tests.test_run import run

US = load_population("us_adults_2018")
WOMAN = Persona(
    number=0,
    attributes={"sex": "female", "age": 44, "degree": "high_school", "race": "black"},
    place=Place(country="United States", state="Georgia", city="Macon"),
)
EVERYTHING = ("sex", "age", "degree", "race")


@pytest.mark.parametrize(
    ("story", "found"),
    [
        ("I am a 44-year-old woman from Macon. I live in Macon, Georgia. I am Black.", ()),
        ("I'm forty-four years old and my highest degree is a high school diploma.", ()),
        ("When I was 30 years old, my husband and I moved. He is 50 years old and a man of few words.", ()),
        ("My brother lives in Ohio, and I once lived in Toledo, Ohio.", ()),
        ("As a woman of Macon I am 44.", ()),
        ("I am a man who likes fishing.", ("I am a man",)),
        ("I’m a man.", ("I'm a man",)),
        ("Life as a man is hard.", ("as a man",)),
        ("I am white and proud of my town.", ("I am white",)),
        ("I am neither white nor Black.", ("I am neither white nor Black",)),
        ("My highest degree is a bachelor's degree.", ("My highest degree is a bachelor's degree",)),
        ("I did not finish high school.", ("I did not finish high school",)),
        ("I am 45 years old.", ("I am 45 years old",)),
        ("I'm now fifty-one, and tired.", ("I'm now fifty-one",)),
        ("I am a 19-year-old woman.", ("I am a 19-year-old",)),
        ("I'm actually 15.", ("I'm actually 15",)),
        ("I am 20 percent sure, I'm 1 of 3 sisters and I am 1.70 m tall.", ()),
        ("I am a proud man of 31.", ("I am a proud man", "I am a proud man of 31")),
        ("I am a proud woman of 44, a mother of 3. As a wise old man once said, rest.", ()),
        ("I am a 45-year-old woman.", ("I am a 45-year-old",)),
        ("I am a fan of man and beast, and married to a man.", ()),
        ("I live in Toledo, Ohio.", ("I live in Toledo, Ohio",)),
        ("I now live in\nWest Virginia.", ("I now live in West Virginia",)),
    ],
)
def test_a_story_is_held_against_what_is_known(story, found):
    assert contradictions(story, facts_of(WOMAN, US, EVERYTHING)) == found


@pytest.mark.parametrize(
    ("story", "found"),
    [
        ("我是一位44岁的女性，住在佐治亚州。我的最高学历是高中。", ()),
        ("我30岁时搬了家。我今年44岁。", ()),
        ("我是一位男性。", ("我是一位男性",)),
        ("我今年45岁。", ("我今年45岁",)),
        ("我现在住在俄亥俄州的一个小镇。", ("我现在住在俄亥俄州",)),
        ("我是男人，今年四十四岁。", ("我是男人",)),
        ("作为一个善良的男士，我爱家。", ("作为一个善良的男士",)),
        ("我是一位四十五岁的女性。", ("我是一位四十五岁",)),
        ("我四十四岁，我是一个男人的妻子，也是母亲。我二十岁时结婚。", ()),
        ("我是一名44岁的女士。作为女人，我很自豪。", ()),
        ("我的最高学历是大学本科。", ("我的最高学历是大学本科",)),
        ("我没有高中毕业。", ("我没有高中毕业",)),
        ("我是大学本科老师的邻居。", ()),
    ],
)
def test_a_chinese_story_is_held_against_what_is_known(story, found):
    assert contradictions(story, facts_of(WOMAN, US, EVERYTHING, "zh")) == found


def test_a_story_keeps_the_persons_name():
    document = US.document.model_copy(update={"names": Names(culture="us")})
    named = dataclasses.replace(US, document=document)
    attributes = {**WOMAN.attributes, "name": "Carol Novak"}
    woman = WOMAN.model_copy(update={"attributes": attributes})
    facts = facts_of(woman, named, ["name", "sex"])
    assert "Your name is Carol Novak" in facts.told
    assert contradictions("My name is Carol. I'm called Mrs Novak at school.", facts) == ()
    assert contradictions("My name is Mari Azad and I am a woman.", facts) == ("My name is Mari Azad",)
    chinese = dataclasses.replace(facts, language="zh", name="王海燕")
    assert contradictions("我叫王海燕，大家叫我燕子。", chinese) == ()
    assert contradictions("我叫张伟，住在这里。", chinese) == ("我叫张伟",)


def test_only_what_is_told_can_be_contradicted():
    assert contradictions("I am a man of 50.", facts_of(WOMAN, US, ["degree"])) == ()


def test_the_writer_is_told_the_place_and_the_attributes():
    assert facts_of(WOMAN, US, ["age", "sex"]).told == (
        "You live in Macon, Georgia, the United States.\nYou are a 44-year-old woman."
    )


def test_a_story_that_was_cut_off_ends_with_its_last_sentence():
    assert whole_sentences('I said "No." Then I') == 'I said "No."'
    assert whole_sentences("我生于利马。后来我") == "我生于利马。"
    assert whole_sentences("no end") == "no end"


class Writer:
    """Drives the protocol with replies written beforehand, and keeps what it asked."""

    def __init__(self, *replies, **settings) -> None:
        self.requests: list[Request] = []
        self.settings = BackstorySettings(**settings)
        respondent = PROTOCOL.respondent(WOMAN, US, self.settings, 7, "story/model")
        protocol = PROTOCOL.interview(respondent, load_questionnaire("backstory"), self.settings, 7)
        item = next(protocol)
        for reply in replies:
            assert isinstance(item, Request)
            self.requests.append(item)
            attempt = reply if isinstance(reply, Attempt) else Attempt(reply, finish_reason="stop")
            item = protocol.send(Completion((attempt,)))
        assert isinstance(item, Understood)
        self.answer, self.sources = item.answer, item.sources


def test_a_story_that_fits_is_the_answer():
    writer = Writer("I am a woman and I like my life.")
    assert (writer.answer.status, writer.answer.text) == ("answered", "I am a woman and I like my life.")
    assert writer.sources == (("backstory", 0),)
    assert "You are a 44-year-old woman" in writer.requests[0].messages[0].text


def test_a_story_that_contradicts_is_written_again_with_what_was_wrong():
    writer = Writer("I am a man.", "I am a woman.")
    assert writer.answer.text == "I am a woman."
    assert writer.sources == (("backstory", 1),)
    again = writer.requests[1].messages
    assert [message.role for message in again] == ["system", "user", "assistant", "user"]
    assert "“I am a man”" in again[3].text
    assert writer.requests[0].seed != writer.requests[1].seed


def test_a_person_whose_stories_all_contradict_has_none():
    writer = Writer("I am a man.", "I am 20 years old.", tries=2)
    assert (writer.answer.status, writer.answer.text) == ("invalid", None)
    assert writer.answer.reason == "contradicts what is known: I am 20 years old"


def test_a_model_may_be_asked_whether_a_story_contradicts():
    writer = Writer("I fought as a soldier in 1914.", "Yes, she is 44.", "I like Macon.", "No.", check="model")
    assert [(request.step, request.ordinal) for request in writer.requests] == [
        *(("backstory", 0), ("check", 0), ("backstory", 1), ("check", 1)),
    ]
    assert writer.answer.text == "I like Macon."
    assert writer.sources == (("backstory", 1), ("check", 1))
    assert not writer.requests[1].decoding.do_sample
    assert "I fought as a soldier in 1914." in writer.requests[1].messages[0].text
    unreadable = Writer("I like Macon.", "Maybe.", check="model", tries=1)
    assert (unreadable.answer.status, unreadable.answer.reason) == (
        "invalid",
        "the check of the story cannot be read",
    )


@pytest.mark.parametrize(
    ("attempt", "status"),
    [
        (Attempt(error="broken", error_kind="server"), "failed"),
        (Attempt(error="filter", error_kind="filtered"), "refused"),
        (Attempt("As an AI language model I have no life."), "refused"),
        (Attempt("  "), "invalid"),
    ],
)
def test_a_reply_without_a_story_is_told_apart(attempt, status):
    assert Writer(attempt, tries=1).answer.status == status


def test_a_long_story_is_cut_at_its_last_sentence():
    assert Writer(Attempt("I like Macon. I grew", finish_reason="length")).answer.text == "I like Macon."


STORIES = (
    ("name: tiny", "name: stories"),
    ("questionnaire: survey.yaml", "questionnaire: backstory"),
    ("name: def\n    protocol: def\n    settings: {portrait: [sex, age]}", "name: story\n    protocol: backstory"),
)
TOLD = ("settings: {portrait: [sex, age]}", "settings: {portrait: [sex, age], backstory: true}")


def written(wave_file, tmp_path, *more):
    """A store with the stories of six people."""
    run(wave_file(*STORIES, *more), tmp_path / "stories.sqlite")
    return ("respondents: 6", f"respondents: 6\nbackstories: {tmp_path / 'stories.sqlite'}")


def test_stories_are_a_wave_that_runs_resumes_and_is_stored(wave_file, tmp_path):
    path = wave_file(*STORIES)
    assert make_plan(load_wave(path)).cells[0].calls == 6
    assert run(path, tmp_path / "a.sqlite").saved == 6
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM exchanges WHERE step = 'backstory'") == 6
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers WHERE text IS NOT NULL") == 6
    before = content(tmp_path / "a.sqlite")
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as db, db:
        for table in ("answer_sources", "answers"):
            db.execute(f"DELETE FROM {table} WHERE respondent_id > 2")
        db.execute("UPDATE attempts SET endpoint = 'the first run'")
    assert run(path, tmp_path / "a.sqlite").resumed == 2
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM attempts WHERE endpoint = 'the first run'") == 6
    assert content(tmp_path / "a.sqlite")["answers"] == before["answers"]


def test_a_later_wave_tells_the_stories_without_asking_for_them_again(wave_file, tmp_path):
    stories = written(wave_file, tmp_path)
    run(wave_file(stories, TOLD), tmp_path / "b.sqlite")
    known = read_backstories(tmp_path / "stories.sqlite")
    with closing(sqlite3.connect(tmp_path / "b.sqlite")) as db:
        portraits = db.execute("SELECT persona_id, portrait FROM respondents").fetchall()
        (told,) = db.execute("SELECT told FROM cells").fetchone()
    assert len(portraits) == 6
    for persona, portrait in portraits:
        assert known.written[persona - 1].story in portrait
    assert set(json.loads(told)) == {"sex", "age", "degree", "race"}  # a story tells what it started from
    assert count(tmp_path / "b.sqlite", "SELECT count(*) FROM exchanges WHERE step = 'backstory'") == 0


def test_cells_that_tell_stories_may_come_to_a_store_without(wave_file, tmp_path):
    stories = written(wave_file, tmp_path)
    run(wave_file(), tmp_path / "c.sqlite")
    before = content(tmp_path / "c.sqlite")["respondents"]
    more = "execution:", "  - {name: told, settings: {backstory: true}}\nexecution:"
    assert run(wave_file(stories, more), tmp_path / "c.sqlite").saved == 36
    after = content(tmp_path / "c.sqlite")["respondents"]
    assert set(before) < set(after)


def test_a_person_without_an_accepted_story_is_told_none(wave_file, tmp_path):
    stories = written(wave_file, tmp_path)
    with closing(sqlite3.connect(tmp_path / "stories.sqlite")) as db, db:
        db.execute("UPDATE answers SET status = 'invalid', text = NULL WHERE respondent_id = 2")
    run(wave_file(stories, TOLD), tmp_path / "b.sqlite")
    with closing(sqlite3.connect(tmp_path / "b.sqlite")) as db:
        portraits = dict(db.execute("SELECT persona_id, portrait FROM respondents").fetchall())
    assert "Explanation" in portraits[1]
    assert "Explanation" not in portraits[2]


def test_stories_of_other_people_are_refused(wave_file, tmp_path):
    stories = written(wave_file, tmp_path)
    with pytest.raises(DocumentError, match="tells of other people"):
        run(wave_file(stories, TOLD, ("seed: 7", "seed: 8")), tmp_path / "b.sqlite")
    more = (stories[0], stories[1].replace("respondents: 6", "respondents: 7"))
    with pytest.raises(DocumentError, match="has no story for person 7"):
        run(wave_file(more, TOLD), tmp_path / "c.sqlite")


def test_a_wave_that_tells_stories_names_them(wave_file, tmp_path):
    with pytest.raises(DocumentError, match="condition 'def' tells stories of lives, and the wave names none"):
        load_wave(wave_file(TOLD))
    run(wave_file(), tmp_path / "plain.sqlite")
    plain = ("respondents: 6", f"respondents: 6\nbackstories: {tmp_path / 'plain.sqlite'}")
    with pytest.raises(StoreError, match="holds no stories"):
        load_wave(wave_file(plain, TOLD))


def test_stories_are_asked_for_by_one_open_question(wave_file):
    path = wave_file(*STORIES[2:])
    with pytest.raises(DocumentError, match="asks one question of kind text"):
        make_plan(load_wave(path))


def test_what_a_story_starts_from_must_be_known(wave_file):
    wish = ("protocol: backstory", "protocol: backstory\n    settings: {portrait: [income]}")
    with pytest.raises(DocumentError, match=r"condition 'story': portrait: .* knows no 'income'"):
        load_wave(wave_file(*STORIES, wish))
