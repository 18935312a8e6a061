"""The contamination check as a wave: questions are cut, continued, and compared with rephrasings."""

import io
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from analysis.compare import compare_stores
from analysis.compare_screen import render_comparison
from analysis.completions import completions
from analysis.def_rules import def_rules
from analysis.reading import open_results
from demoscope.replies import reply_keys
from personas import Persona
from simulator.loading import load_wave
from simulator.protocols.contamination import PROTOCOL, ContaminationSettings
from simulator.protocols.interface import Attempt, Completion, Understood
from simulator.run import run_wave
from simulator.store import Store
from surveys import Questionnaire, load_questionnaire
from surveys.completion import cut

SURVEY = Questionnaire.model_validate(
    {
        "id": "q",
        "title": "Teas",
        "questions": [
            {"id": "tea", "text": "How often do you drink tea with milk?", "kind": "text"},
            {"id": "why", "text": "Why?", "kind": "text"},
            {"id": "more", "text": "You said {{tea}}; would you like more?", "kind": "text"},
        ],
    }
)


def interviewed(replies: list[Completion], **settings):
    """What is asked about the survey, and the answers."""
    wanted = ContaminationSettings.model_validate(settings)
    person = Persona(number=0)
    population = type("P", (), {"id": "p"})()
    respondent = PROTOCOL.respondent(person, population, wanted, 3, "knows/m")
    asked, found = [], []
    steps = PROTOCOL.interview(respondent, SURVEY, wanted, 3)
    item = next(steps)
    try:
        while True:
            if isinstance(item, Understood):
                found.append(item.answer)
                item = steps.send(None)
            else:
                asked.append(item)
                item = steps.send(replies[len(asked) - 1])
    except StopIteration:
        return asked, found


def test_a_question_is_cut_and_the_rest_is_kept_beside_the_continuation():
    (request,), (tea, why, more) = interviewed([Completion((Attempt("drink tea with milk?"),))])
    assert (request.step, request.ordinal, request.decoding.greedy) == ("check", 0, True)
    assert "“Teas”" in request.messages[0].text
    assert request.messages[0].text.endswith("\n\nHow often do you")
    assert (tea.status, tea.text) == ("answered", "drink tea with milk?")
    assert tea.presentation == '{"shown":"How often do you","rest":"drink tea with milk?"}'
    assert (why.status, why.reason) == ("skipped", "too short to be cut")
    assert (more.status, more.reason) == ("skipped", "its wording inserts what was answered before")


@pytest.mark.parametrize(
    ("attempt", "status"),
    [
        (Attempt(None, error="it broke", error_kind="server"), "failed"),
        (Attempt(None, error="filtered", error_kind="filtered"), "refused"),
        (Attempt("As an AI language model, I cannot know."), "refused"),
        (Attempt("  "), "invalid"),
    ],
)
def test_what_is_no_continuation_is_no_answer(attempt, status):
    _, found = interviewed([Completion((attempt,))])
    assert (found[0].status, found[0].text) == (status, None)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A wave with the check on original wordings and on rephrasings, beside a public."""
    survey = load_questionnaire("values_core")
    words = {"questionnaire": "values_core", "texts": {q.id: [{"text": f"Say: {q.text}"}] for q in survey.asked}}
    (tmp_path / "words.yaml").write_text(yaml.safe_dump(words))
    control = {"perturbations": [{"kind": "paraphrase", "texts": "words.yaml"}]}
    wave = {
        "name": "w",
        "seed": 1,
        "questionnaire": "values_core",
        "population": "def_us",
        "respondents": 1,
        "models": [{"name": "m", "backend": "scripted"}],
        "conditions": [
            {"name": "full"},
            {"name": "knows", "protocol": "contamination"},
            {"name": "control", "protocol": "contamination", **control},
        ],
        "execution": {"executor": "local"},
    }
    (tmp_path / "wave.yaml").write_text(yaml.safe_dump(wave))
    with Store(tmp_path / "w.sqlite") as opened:
        run_wave(load_wave(tmp_path / "wave.yaml"), opened, now=lambda: "now")
        for condition, known in (("knows", True), ("control", False)):  # a model that knows the survey by heart
            for respondent, question, rest in opened.execute(
                """SELECT r.id, a.question_id, a.presentation ->> '$.rest' FROM answers a
                JOIN respondents r ON r.id = a.respondent_id JOIN cells c ON c.id = r.cell_id
                WHERE c.condition = ?""",
                (condition,),
            ):
                said = rest if known else "something else entirely"
                opened.execute(
                    "UPDATE answers SET text = ?, status = 'answered' WHERE respondent_id = ? AND question_id = ?",
                    (said, respondent, question),
                )
    return tmp_path / "w.sqlite"


def test_what_is_known_beyond_the_rephrasings_is_told_with_its_chance(store):
    with open_results(store) as results:
        (found,) = completions(results)
    assert (found.original, found.control, found.questions) == ("knows/m", "control/m", 40)
    assert found.overlap == 1
    assert found.overlap_control is not None
    assert found.overlap_control < 0.05
    assert found.p is not None
    assert found.p < 0.001


def test_readers_of_a_survey_are_no_public(store):
    found = compare_stores([store], def_rules(), draws=5, details=True)
    assert [row.condition for row in found.rows] == ["full"]
    out = io.StringIO()
    render_comparison(found, Console(file=out, width=100))
    assert "completes 100.0% of 40 cut questions, of their rephrasings" in out.getvalue()
    with open_results(store) as results:
        assert {key.cell for key in reply_keys(results.rows)} == {"full/m"}


def test_without_rephrasings_memory_cannot_be_told_from_guessing(store):
    with Store(store) as opened:
        opened.execute("DELETE FROM answers WHERE respondent_id IN (SELECT id FROM respondents WHERE cell_id = 3)")
        opened.execute("UPDATE cells SET protocol = 'def' WHERE id = 3")
    with open_results(store) as results:
        (found,) = completions(results)
    assert (found.control, found.overlap_control, found.p) == (None, None, None)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_question_of_the_library_can_be_cut_in_both_languages(language):
    spoken = load_questionnaire("values_core").spoken_in(language)
    assert all(cut(question.text)[1] for question in spoken.asked)
