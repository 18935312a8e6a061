"""Questionnaires of other tools, read beside what those tools themselves make of the same files."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demoscope import seeds
from surveys import Course, Given, Skipped
from surveys.formats.conversion import read_questionnaire

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "questionnaires"

SHOWN = """
const { Model } = require('survey-core');
const source = require('fs').readFileSync(process.argv[1], 'utf8').replace('export const json', 'var json');
const model = new Model(new Function(source + '; return json;')());
const all = model.getAllQuestions();
const told = q => ({
  name: q.name, kind: q.getType(), title: q.locTitle.renderedHtml,
  low: q.minRateDescription, high: q.maxRateDescription,
  choices: (q.getType() == 'matrix' ? q.visibleColumns : q.visibleChoices || []).map(c => [c.value, c.text]),
  rows: (q.getType() == 'matrix' ? q.visibleRows : []).map(r => [r.name, r.text]),
  items: q.getType() == 'multipletext' ? q.items.map(i => i.title) : [],
});
const visible = satisfaction => {
  model.data = satisfaction === null ? {} : { satisfaction };
  return all.filter(q => q.isVisible).map(q => q.name);
};
console.log(JSON.stringify({ questions: all.map(told), visible: [null, 1, 2, 3, 4, 5].map(s => [s, visible(s)]) }));
"""
"""What survey-core shows of a file: its questions, their choices, and which are visible after each satisfaction."""


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return path


def named(name: str) -> str:
    """The id that a name of theirs becomes: letters, digits and underscores, and no word of our conditions."""
    return {"_1": "q_1", "FALSE": "FALSE_"}.get(name, name.replace(" ", "_").replace("-", "_"))


@pytest.fixture(scope="module")
def shown_by_survey_core() -> dict[str, Any]:
    node = shutil.which("node")
    found = node and subprocess.run([node, "-e", "require('survey-core')"], capture_output=True)
    if not node or not found or found.returncode:
        pytest.skip("node with survey-core is not at hand (NODE_PATH names the folder it lies in)")
    path = sample("surveyjs_product_feedback.js")
    done = subprocess.run([node, "-e", SHOWN, str(path)], capture_output=True, text=True, check=True)
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.mark.real
def test_the_surveyjs_sample_has_the_questions_and_choices_that_survey_core_shows(shown_by_survey_core):
    ours = read_questionnaire(sample("surveyjs_product_feedback.js"))[0].questionnaire
    asked = []
    for theirs in shown_by_survey_core["questions"]:
        if theirs["kind"] == "matrix":
            for row, text in theirs["rows"]:
                item = ours[named(row)]
                assert (item.stem, item.text) == (theirs["title"], text)
                assert [[option.code, option.label] for option in item.options] == theirs["choices"]
                asked.append(item.id)
        elif theirs["kind"] == "multipletext":
            texts = [question for question in ours.questions if question.id.startswith(named(theirs["name"]) + "_")]
            assert [question.text.endswith(item) for question, item in zip(texts, theirs["items"], strict=True)]
            asked += [question.id for question in texts]
        else:
            question = ours[named(theirs["name"])]
            assert question.text == theirs["title"]
            if theirs["kind"] == "rating":
                assert [question.minimum, question.maximum] == [theirs["choices"][0][0], theirs["choices"][-1][0]]
                assert [question.low_label, question.high_label] == [theirs["low"], theirs["high"]]
            else:
                assert [option.label for option in question.options] == [label for _, label in theirs["choices"]]
            asked.append(question.id)
    assert asked == [question.id for question in ours.questions]


@pytest.mark.real
def test_the_surveyjs_sample_asks_what_survey_core_makes_visible(shown_by_survey_core):
    ours = read_questionnaire(sample("surveyjs_product_feedback.js"))[0].questionnaire
    single = {named(one["name"]) for one in shown_by_survey_core["questions"]} & {q.id for q in ours.questions}
    for satisfaction, visible in shown_by_survey_core["visible"]:
        course = Course(ours, lambda what, name: seeds.generator(1, what, name), {})
        asked = set()
        for step in course:
            if not isinstance(step, Skipped):
                asked.add(step.question.id)
                known = step.question.id == "satisfaction" and satisfaction is not None
                course.hear(step.question.id, Given((satisfaction,)) if known else None)
        assert asked & single == {named(name) for name in visible} & single, satisfaction


def leaves(children: list[dict[str, Any]], conditions: tuple[str, ...] = ()) -> Iterator[tuple[dict[str, Any], int]]:
    """What pyxform finds below groups and repeats, and how many conditions lie upon it."""
    for one in children:
        here = (*conditions, one["bind"]["relevant"]) if "relevant" in one.get("bind", {}) else conditions
        if one["type"] in ("group", "repeat"):
            yield from leaves(one["children"], here)
        else:
            yield one, len(here)


def test_the_xlsform_sample_has_the_wordings_options_and_conditions_that_pyxform_finds():
    xls2json = pytest.importorskip("pyxform.xls2json")
    path = sample("xlsform_spec_test.xlsx")
    ours = read_questionnaire(path)[0].questionnaire
    compared = set()
    kinds = {"select one": "single", "select all that apply": "multiple", "integer": "number", "decimal": "number"}
    ids = {question.id for question in ours.questions}
    for theirs, conditions in leaves(xls2json.parse_file_to_json(str(path))["children"]):
        found = {named(theirs["name"]), f"{named(theirs['name'])}_1"} & ids
        if not found:  # such as start, calculate and images, which nobody is asked here
            continue
        question = ours[found.pop()]
        compared.add(question.id)
        assert question.kind == kinds.get(theirs["type"], "note" if theirs["type"] == "note" else "text")
        label = theirs["label"]["english"]
        assert question.text == label or "${" in label
        for option, choice in zip(question.options, theirs.get("choices", ()), strict=True):
            own = choice.get("label") or {"default": choice["name"]}
            assert option.label == own["default"]
            words = ours.translations["zh"].words.get(named(theirs["name"]))
            assert (words.options.get(option.code) if words else None) == own.get("chinese")
        # One condition lies on the group of nearly all; the note's own regex() has no counterpart and is listed.
        assert (question.show_if is not None) == bool(conditions), theirs["name"]
    # Theirs has a repeat once, ours once for each of its two rounds.
    assert ids - compared == {
        f"{one.removesuffix('_1')}_2" for one in compared if f"{one.removesuffix('_1')}_2" in ids
    }
