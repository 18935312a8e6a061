"""The whole chain: known answers become examples, examples a trained model, and that is asked and evaluated."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from run_simulation import app
from tests.tiny_models import tiny_model

THINGS = ("tea", "rain", "cats", "jazz")
YES_NO = [{"code": 1, "label": "yes"}, {"code": 2, "label": "no"}]


def survey(folder: Path, people: int = 30) -> Path:
    """A wave that asks the last five people of the table; nine in ten people like everything."""
    statements = [{"questions": {thing: thing}, "template": "{{ answer }} {{ question }}"} for thing in THINGS]
    for one in statements:
        one |= {form: {1: "I like", 2: "I do not like"} for form in ("refined", "polar")}
    questions = [{"id": thing, "text": f"{thing}?", "options": YES_NO} for thing in THINGS]
    (folder / "survey.yaml").write_text(
        json.dumps({"id": "things", "title": "Things", "questions": questions, "statements": statements})
    )
    rows = [f"p{n},{'f' if n % 2 else 'm'}" + f",{2 if n % 10 == 5 else 1}" * len(THINGS) for n in range(people)]
    head = "id,sex," + ",".join(THINGS)
    (folder / "people.csv").write_text("\n".join((head, *rows)) + "\n")
    (folder / "asked.csv").write_text("\n".join((head, *rows[-5:])) + "\n")
    source = {"kind": "microdata", "file": "asked.csv", "row": "id", "attributes": {"sex": "sex"}}
    population = {"id": "asked", "title": "Asked", "source": "Made up", "sources": [source]}
    population |= {"attributes": {"sex": {"levels": {"f": "woman", "m": "man"}}}, "design": {"kind": "every_row"}}
    (folder / "population.yaml").write_text(json.dumps(population))
    model = {"backend": "transformers", "settings": {"path": "model", "device": "cpu"}}
    setting = {"asked": "singly", "trained": True, "answer_format": "constrained", "demonstrations": 1}
    wave = {
        "name": "things",
        "seed": 1,
        "questionnaire": "survey.yaml",
        "population": "population.yaml",
        "known_answers": {"file": "people.csv", "row": "id"},
        "respondents": 5,
        "models": [
            {"name": "base", **model},
            {"name": "reasoner", **model, "settings": {"path": "reasoner", "device": "cpu"}},
        ],
        "conditions": [
            {"name": "ivc", "protocol": "ivc", "settings": setting | {"setups": {"1": ["tea", "rain", "cats"]}}}
        ],
        "execution": {"executor": "local"},
    }
    (folder / "wave.yaml").write_text(json.dumps(wave))
    return folder / "wave.yaml"


@pytest.mark.real
def test_what_is_exported_is_taught_asked_and_evaluated_as_any_other_model(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("peft")
    monkeypatch.chdir(tmp_path)
    tiny_model(tmp_path / "model")
    wave = survey(tmp_path)
    (tmp_path / "run.yaml").write_text("{epochs: 6, batch: 4, learning_rate: 1e-2, device: cpu}")

    def command(*words: str) -> str:
        done = CliRunner().invoke(app, [*words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    # Four targets, eight of the 25 people who are not asked for each: 32 examples; six times, four a step.
    export = ("export-training", str(wave), "--people", "8", "--demonstrations", "1", "--without", "asked.csv")
    assert "32 examples of 25 people" in command("ivc", *export, "--out", "train.jsonl")
    train = ("train", "train.jsonl", "--out", "reasoner", "--settings", "run.yaml", "--model", "model")
    assert "48 steps over 32 examples" in command("ivc", *train)
    told = json.loads(command("run", str(wave), "--json", "--store", "things.sqlite"))
    assert told["understood"] == 1.0
    evaluate = ("evaluate", "things.sqlite", "--reference", str(wave), "--baseline", "majority", "--draws", "0")
    found = json.loads(command("ivc", *evaluate, "--json"))
    accuracy = {one["condition"]["model"]: one["overall"]["mean"] for one in found["systems"]}
    # Of the five, p25 likes nothing and four like everything: who has learnt what most say is right about four.
    assert accuracy["Global majority"] == 80.0
    assert accuracy["reasoner"] >= 80.0 > accuracy["base"]
    assert {(one["first"].split(":")[0], one["second"].split(":")[0]) for one in found["effects"]} == {
        ("base", "reasoner"),
        ("Global majority", "base"),
        ("Global majority", "reasoner"),
    }
