"""Wordings rewritten and translated by models: asked for, checked, stored, reviewed, and asked with in waves."""

import json

import pytest
import yaml

from demoscope.errors import DocumentError, StoreError
from personas import load_population
from simulator.loading import load_wave
from simulator.protocols.interface import Attempt, Completion, Understood
from simulator.protocols.registry import find_protocol
from simulator.rewordings import paraphrases_of, translated, write_document
from surveys import Questionnaire
from surveys.rewording import Part, parts_to_paraphrase, parts_to_translate, problems, read_reply
from tests.stores import count, sound
from tests.test_backstory import WOMAN
from tests.test_cli import demoscope
from tests.test_run import run

US = load_population("us_adults_2018")
TEA = Questionnaire(
    id="tea",
    title="Tea",
    questions=[
        {"id": "tea", "text": "Do you drink 2 cups?", "options": "yes_no"},
        {
            "kind": "battery",
            "id": "trust",
            "text": "How far do you trust these?",
            "options": [{"code": 1, "label": "little"}, {"code": 2, "label": "much"}],
            "items": [{"id": "press", "text": "The press"}, {"id": "courts", "text": "Courts"}],
        },
        {"id": "s", "text": "Where?", "kind": "scale", "minimum": 1, "maximum": 5, "low_label": "left"},
    ],
)


def writing(protocol, replies, questionnaire=TEA, **settings):
    """Drive a writer with replies by question; returns what was asked and what was understood."""
    kind = find_protocol(protocol)
    chosen = kind.settings_model(**settings)
    respondent = kind.respondent(WOMAN, US, chosen, 7, "c/m")
    steps, requests, answers, completion = kind.interview(respondent, questionnaire, chosen, 7), [], {}, None
    while True:
        try:
            step = steps.send(completion)
        except StopIteration:
            return requests, answers
        completion = None
        if isinstance(step, Understood):
            answers[step.answer.question] = step.answer
        else:
            requests.append(step)
            said = replies[step.question].pop(0)
            attempt = said if isinstance(said, Attempt) else Attempt(said, finish_reason="stop")
            completion = Completion((attempt,))


GOOD = {
    "tea": ["Are 2 cups what you drink?"],
    "press": ["Newspapers"],
    "courts": ["Judges"],
    "s": ["[1] Place?\n[2] far left"],
}


def good(**other):
    return {name: list(other.get(name, replies)) for name, replies in GOOD.items()}


def test_a_paraphrase_rewrites_the_question_and_leaves_the_choices():
    requests, answers = writing("paraphrase", good())
    assert json.loads(answers["tea"].text) == [["tea", ["text"], "Are 2 cups what you drink?"]]
    assert requests[0].messages[0].text.endswith("Reply with the new wording alone.\n\nDo you drink 2 cups?")
    assert "Yes" not in requests[0].messages[0].text
    assert [(r.step, r.ordinal) for r in requests] == [("paraphrase", 100 * n) for n in range(4)]


def test_all_of_a_scale_is_rewritten():
    requests, answers = writing("paraphrase", good())
    assert requests[-1].messages[0].text.splitlines()[-2:] == ["[1] Where?", "[2] left"]
    assert json.loads(answers["s"].text) == [["s", ["text"], "Place?"], ["s", ["low_label"], "far left"]]


@pytest.mark.parametrize(
    ("first", "wrong"),
    [
        ("How many cups?", "does not keep its numbers"),
        ("Do you drink 2 cups?", "is the original"),
        ("Do you drink 2 cups of {{ what }}?", "double braces"),
        ("2 " + "word " * 60, "much longer"),
        ("2 cups?\nOr more?", "more than one line"),
        ("", "missing"),
    ],
)
def test_what_is_wrong_is_told_and_written_again(first, wrong):
    requests, answers = writing("paraphrase", good(tea=[first, "Are 2 cups yours?"]))
    assert wrong in requests[1].messages[-1].text and requests[1].ordinal == 1 and not requests[1].certain
    assert answers["tea"].status == "answered"


def test_tries_are_bounded_and_failures_keep_their_status():
    replies = good(
        tea=["no", "no"],
        press=[Attempt(error="down", error_kind="server")] * 2,
        courts=["As an AI language model, no."] * 2,
        s=[Attempt("[1] A\n[2] B", finish_reason="length")] * 2,
    )
    _, answers = writing("paraphrase", replies, tries=2)
    assert [answers[name].status for name in GOOD] == ["invalid", "failed", "refused", "invalid"]
    assert answers["tea"].reason == "the wording does not keep its numbers"


def test_placeholders_are_kept_whatever_is_said_in_their_place():
    part = (Part("q", ("text",), "You like {{ tea | tea }}?"),)
    assert problems(part, {1: "{{ tea | cha }} is liked?"}, "paraphrase") == ()
    assert problems(part, {1: "{{ tea }} is liked?"}, "paraphrase") != ()
    assert problems(part, {1: "{{ tea | x is liked?"}, "paraphrase") != ()


def test_translations_bring_every_wording_and_keep_what_is_there():
    parts = parts_to_translate(TEA, "zh")
    assert [(p.entry, *p.slot) for p in parts["tea"]] == [
        (None, "title"),
        ("tea", "text"),
        ("tea", "options", 1),
        ("tea", "options", 2),
    ]
    assert [(p.entry, *p.slot) for p in parts["press"]] == [
        ("trust", "text"),
        ("trust", "options", 1),
        ("trust", "options", 2),
        ("press", "text"),
    ]
    content = TEA.model_dump(mode="json", exclude_defaults=True)
    content["translations"] = {"zh": {"words": {"courts": {"text": "法院", "reviewer": "Ann"}}}}
    assert "courts" not in parts_to_translate(Questionnaire.model_validate(content), "zh")


def test_labels_that_become_the_same_are_refused():
    parts = parts_to_translate(TEA, "zh")["tea"]
    said = {1: "茶", 2: "你喝2杯茶吗？", 3: "是", 4: "是"}
    assert problems(parts, said, "translate") == ("line [4] is the same as another option",)
    assert problems(parts, {**said, 4: "否"}, "translate") == ()


def test_a_reply_is_read_by_its_numbers():
    assert read_reply("**[1]** “One”\n\n[2] two\nlines", 2) == {1: "One", 2: "two\nlines"}
    assert read_reply('"Quite so"', 1) == {1: "Quite so"}
    assert [part.slot for part in parts_to_paraphrase(TEA["tea"])] == [("text",)]


class Writers:
    """A model that rewrites whatever it is asked to: every wording gets words before it, or Chinese characters."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def reply(self, request) -> str:
        asked = request.messages[0].text.split("\n\n", 1)[-1]
        lines = [line for line in asked.splitlines() if line]
        numbered = [line for line in lines if line.startswith("[")]
        if not numbered:
            return f"{self._mark} {lines[-1]}"
        return "\n".join(line.replace("] ", f"] {self._mark} ", 1) for line in numbered)


@pytest.fixture
def written(wave_file, tmp_path, monkeypatch):
    """Runs a wave of a rewriting protocol whose model is :class:`Writers`; returns the store."""
    from simulator.backends.scripted import ScriptedBackend

    def launch(condition: str, mark: str, people: int = 2):
        def text(self, request, prompt):
            return Completion((Attempt(Writers(mark).reply(request), finish_reason="stop"),))

        monkeypatch.setattr(ScriptedBackend, "_text", text)
        protocol = ("    protocol: def\n    settings: {portrait: [sex, age]}", f"    {condition}")
        store = tmp_path / f"{mark.strip('?')}.sqlite"
        run(wave_file(protocol, ("respondents: 6", f"respondents: {people}")), store)
        return store

    return launch


def test_paraphrases_of_a_wave_are_asked_in_another(written, wave_file, tmp_path):
    store = written("protocol: paraphrase", "Tell me:")
    assert sound(store) and count(store, "SELECT count(*) FROM answers WHERE status = 'answered'") == 2 * 3
    found = paraphrases_of(store)
    assert [w.text for w in found.texts["roads"]] == ["Tell me: And on roads?"] * 2
    perturbation = f"perturbations: [{{kind: paraphrase, texts: {store.name}, number: 2}}]"
    asked = load_wave(wave_file(("settings: {portrait: [sex, age]}", perturbation))).cells[0].asked
    assert asked.questionnaire["roads"].text == "Tell me: And on roads?"
    assert asked.questionnaire["trust"].low_label == "Tell me: not at all"


def test_a_document_keeps_what_was_reviewed(written, tmp_path):
    out = tmp_path / "paraphrases.yaml"
    assert write_document(written("protocol: paraphrase", "Say:"), out) == "6 paraphrases of 3 questions"
    content = yaml.safe_load(out.read_text())
    content["texts"]["roads"][1] = {"text": "What about roads?", "reviewer": "Ann"}
    out.write_text(yaml.safe_dump(content))
    write_document(written("protocol: paraphrase", "Now:"), out)
    texts = yaml.safe_load(out.read_text())["texts"]["roads"]
    assert texts == [{"text": "Now: And on roads?"}, {"text": "What about roads?", "reviewer": "Ann"}]


def test_a_translation_becomes_a_questionnaire_in_two_languages(written, wave_file, tmp_path):
    store = written("protocol: translate\n    settings: {to: de}", "Also:", people=1)
    document = translated(store)
    assert document.languages == ("en", "de") and document.missing("de") == ()
    assert document.in_language("de")["trust"].high_label == "Also: fully"
    out = tmp_path / "both.yaml"
    assert write_document(store, out) == "the questionnaire 'tiny' in en, de"
    condition = ("settings: {portrait: [sex, age]}", "perturbations: [{kind: translation, language: de}]")
    asked = load_wave(wave_file(condition, ("survey.yaml", "both.yaml"))).cells[0].asked
    assert asked.questionnaire["parks"].text == "Also: Is the country spending too little or too much on parks?"
    with pytest.raises(DocumentError, match="there already"):
        write_document(store, out)


def test_the_command_writes_the_document_and_says_so(written, tmp_path):
    store = written("protocol: paraphrase", "Say:")
    done = demoscope("wordings", store, tmp_path / "out.yaml")
    assert done.returncode == 0 and "6 paraphrases of 3 questions" in done.stdout + done.stderr
    assert yaml.safe_load((tmp_path / "out.yaml").read_text())["questionnaire"] == "tiny"


def test_stores_without_such_texts_are_named(wave_file, tmp_path):
    run(wave_file(), tmp_path / "a.sqlite")
    with pytest.raises(StoreError, match="holds no paraphrases"):
        paraphrases_of(tmp_path / "a.sqlite")
    with pytest.raises(StoreError, match="holds no translations"):
        translated(tmp_path / "a.sqlite")
    with pytest.raises(DocumentError, match=r"ends in \.yaml"):
        write_document(tmp_path / "a.sqlite", tmp_path / "a.txt")


def test_nothing_is_translated_into_its_own_language():
    with pytest.raises(DocumentError, match="already"):
        writing("translate", {}, to="en")
