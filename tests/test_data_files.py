"""SPSS and Stata: variables become questions, and a questionnaire becomes an empty data set with labels."""

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire, load_questionnaire
from surveys.formats import data_file, spss, stata

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "data" / "questionnaires"

ASKED = Questionnaire(
    id="asked",
    title="Asked",
    questions=[
        {"id": "trust", "text": "Do you trust the press?", "options": [
            {"code": 1, "label": "Yes"}, {"code": 2, "label": "No"},
            {"code": -1, "label": "Don't know", "kind": "nonresponse"}]},
        {"id": "free", "text": "How free?", "kind": "scale", "minimum": 1, "maximum": 10, "low_label": "Not at all",
         "point_labels": {5: "So so"}, "options": [{"code": 98, "label": "Refused", "kind": "nonresponse"},
                                                   {"code": -1, "label": "Don't know", "kind": "nonresponse"}]},
        {"id": "age", "text": "Your age?", "kind": "number"},
        {"id": "why", "text": "Why?", "kind": "text"},
    ],
)  # fmt: skip


@pytest.mark.skipif(not SAMPLES.exists(), reason="needs the shared samples")
@pytest.mark.parametrize("name", ["sample_missing.sav", "simple_alltypes.sav"])
def test_labels_and_missing_codes_are_those_that_pyreadstat_shows(name):
    reading = spss.FORMAT.read(SAMPLES / name)
    _, meta = pyreadstat.read_sav(SAMPLES / name, metadataonly=True, user_missing=True)
    lost = "\n".join(map(str, reading.left_out))
    for column, label in zip(meta.column_names, meta.column_labels, strict=True):
        if column not in reading.questionnaire.by_id:
            assert column in lost
            continue
        question = reading.questionnaire[column]
        assert question.text == (label or column)
        away = [(one["lo"], one["hi"]) for one in meta.missing_ranges.get(column, [])]
        if question.kind == "single":
            labels = meta.variable_value_labels[column]
            assert [option.label for option in question.options] == list(labels.values())
            if all(isinstance(code, float) for code in labels):
                assert [(option.code, option.kind == "nonresponse") for option in question.options] == [
                    (int(code), any(low <= code <= high for low, high in away)) for code in labels
                ]


@pytest.mark.skipif(not SAMPLES.exists(), reason="needs the shared samples")
def test_what_a_questionnaire_has_no_place_for_is_listed():
    lost = [str(item) for item in spss.FORMAT.read(SAMPLES / "simple_alltypes.sav").left_out]
    mynum = "variable mynum: the missing value -1 (it has no label that could be offered)"
    assert mynum in [str(item) for item in spss.FORMAT.read(SAMPLES / "sample_missing.sav").left_out]
    unbounded = "the file gives no bounds, so its code could be an answer"
    assert f"variable z: the missing value 999 (skipped) ({unbounded})" in lost
    assert "variable z: missing values from -999 to 0 (options are single codes)" in lost
    assert "variable x: the missing value 7 (it has no label that could be offered)" in lost
    assert "set mymrset: the variables bool1, bool2, bool3 (they are the options 1 to 3 of mymrset)" in lost
    assert "the file: 6 rows of answers (a questionnaire is what was asked)" in lost


def test_a_questionnaire_survives_spss(tmp_path):
    path = tmp_path / "asked.sav"
    assert spss.FORMAT.write(ASKED, path) == ()
    reading = spss.FORMAT.read(path)
    assert reading.questionnaire.questions == ASKED.questions
    assert reading.questionnaire.title == "Asked"
    assert reading.left_out == ()
    frame, _ = pyreadstat.read_sav(path)
    assert list(frame.columns) == ["trust", "free", "age", "why"]
    assert len(frame) == 0


def test_a_questionnaire_survives_stata_but_for_what_is_missing(tmp_path):
    path = tmp_path / "asked.dta"
    lost = stata.FORMAT.write(ASKED, path)
    trust = "variable trust: that -1 is nonresponse (Stata's missing values have letters for codes)"
    free, said = map(str, lost)
    assert said == trust
    assert free.startswith("question free: options: ") and "Stata has nothing like it" in free
    back = stata.FORMAT.read(path).questionnaire
    assert back.questions[2:] == ASKED.questions[2:]
    assert back["free"] == ASKED["free"].model_copy(update={"options": ()})
    assert {(option.code, option.label) for option in back["trust"].options} == {
        (option.code, option.label) for option in ASKED["trust"].options
    }


def test_labelled_missing_values_of_a_scale_become_what_can_be_said_instead(tmp_path):
    path = tmp_path / "s.sav"
    labels = {0: "Not", 10: "Fully", 11: "Refused", 88: "Not", 89: "Wave 2", 99: "Don't know"}
    pyreadstat.write_sav(
        pd.DataFrame({"free": [1.0]}), path, column_labels=["How free?"], variable_value_labels={"free": labels},
        missing_ranges={"free": [11, {"lo": 88, "hi": 99}]}, variable_measure={"free": "scale"},
    )  # fmt: skip
    reading = spss.FORMAT.read(path)
    free = reading.questionnaire["free"]
    assert (free.kind, free.minimum, free.maximum) == ("scale", 0, 10)
    assert [(option.code, option.label, option.kind) for option in free.options] == [
        (11, "Refused", "nonresponse"),
        (99, "Don't know", "nonresponse"),
    ]
    lost = [str(item) for item in reading.left_out]
    assert "variable free: the missing value 88 (Not) (its label stands there twice)" in lost
    assert "variable free: the missing value 89 (Wave 2) (its label could be an answer)" in lost


def test_a_scale_whose_points_all_have_labels_is_told_to_come_back_as_a_choice(tmp_path):
    question = {"id": "free", "text": "How free?", "kind": "scale", "minimum": 1, "maximum": 2, "low_label": "Not"}
    away = [{"code": 9, "label": "Don't know", "kind": "nonresponse"}]
    asked = Questionnaire(id="s", title="S", questions=[question | {"options": away}])
    assert [str(item) for item in spss.FORMAT.write(asked, tmp_path / "s.sav")] == [
        "question free: that it is a scale (every point has a label, as options have)"
    ]
    back = spss.FORMAT.read(tmp_path / "s.sav").questionnaire["free"]
    assert [(one.code, one.label, one.kind) for one in back.options] == [
        (1, "Not", "substantive"),
        (2, "2", "substantive"),
        (9, "Don't know", "nonresponse"),
    ]


def test_letters_of_statas_missings_stand_above_a_scale(tmp_path):
    path = tmp_path / "s.dta"
    pyreadstat.write_dta(
        pd.DataFrame({"free": [1.0, 2.0]}), path, column_labels=["How free?"],
        missing_user_values={"free": ["a", "b"]},
        variable_value_labels={"free": {0: "Not", 10: "Fully", "a": "Refused", "b": "Don't know"}},
    )  # fmt: skip
    reading = stata.FORMAT.read(path)
    free = reading.questionnaire["free"]
    assert [(option.code, option.label) for option in free.options] == [(11, "Refused"), (12, "Don't know")]
    assert "variable free: the code a of 'Refused' (options go by whole numbers here, so: 11)" in [
        str(item) for item in reading.left_out
    ]


def test_extended_missings_of_stata_become_nonresponse(tmp_path):
    path = tmp_path / "more.dta"
    pyreadstat.write_dta(
        pd.DataFrame({"a": [1.0, 2.0]}), path, column_labels=["So?"], missing_user_values={"a": ["a"]},
        variable_value_labels={"a": {1: "Yes", 2: "No", "a": "Refused"}},
    )  # fmt: skip
    reading = stata.FORMAT.read(path)
    assert [(option.code, option.label, option.kind) for option in reading.questionnaire["a"].options] == [
        (1, "Yes", "substantive"),
        (2, "No", "substantive"),
        (3, "Refused", "nonresponse"),
    ]
    assert "options go by whole numbers" in str(reading.left_out[0])


@pytest.mark.parametrize("kind", [spss, stata])
def test_the_bundled_items_survive(tmp_path, kind):
    asked = load_questionnaire("gss_spending")
    path = tmp_path / f"gss{kind.FORMAT.suffixes[0]}"
    lost = kind.FORMAT.write(asked, path)
    back = kind.FORMAT.read(path).questionnaire
    assert [(q.id, q.options) for q in back.questions] == [(q.id, q.options) for q in asked.questions]
    assert len([item for item in lost if item.what.startswith("topic")]) == 19


def test_names_and_labels_that_do_not_fit_are_changed_and_listed(tmp_path):
    asked = Questionnaire(
        id="t", title="T",
        questions=[{"id": "with", "text": "x" * 300, "options": "yes_no"},
                   {"id": "m", "text": "Which?", "kind": "multiple", "options": "often_5"},
                   {"id": "n", "kind": "note", "text": "Thank you."}],
    )  # fmt: skip
    lost = [str(item) for item in spss.FORMAT.write(asked, tmp_path / "t.sav")]
    assert "question with: the name with (SPSS cannot have it; it is with_2)" in lost
    assert "question with: the end of a long label (SPSS has no room for it)" in lost
    assert "question m: the multiple as one question (every option is a variable of its own)" in lost
    assert "question n: the note (nothing answers it)" in lost


def test_more_than_three_missing_values_become_a_range(tmp_path):
    away = [{"code": -n, "label": f"Away {n}", "kind": "nonresponse"} for n in range(1, 6)]
    options = [{"code": 1, "label": "Yes"}, {"code": 2, "label": "No"}, *away]
    asked = Questionnaire(id="t", title="T", questions=[{"id": "q", "text": "?", "options": options}])
    path = tmp_path / "t.sav"
    assert spss.FORMAT.write(asked, path) == ()
    assert spss.FORMAT.read(path).questionnaire.questions == asked.questions


@pytest.mark.parametrize("kind", [spss, stata])
@pytest.mark.parametrize("content", [b"", b"$FL2nonsense", b"<stata_dta>", b"\x00" * 5000])
def test_what_is_no_data_file_is_refused(tmp_path, kind, content):
    path = tmp_path / f"bad{kind.FORMAT.suffixes[0]}"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match="cannot be read as"):
        kind.FORMAT.read(path)


def test_a_file_that_ends_the_library_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "asked.sav"
    spss.FORMAT.write(ASKED, path)
    crash = tmp_path / "crash.py"
    crash.write_text("import os; os.abort()")
    monkeypatch.setattr(data_file, "_PROCESS", crash)
    with pytest.raises(DocumentError, match="cannot be read as a SPSS file \\(damaged\\)"):
        spss.FORMAT.read(path)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.9])
def test_a_torn_file_is_refused_or_read_never_worse(tmp_path, share):
    good = tmp_path / "asked.sav"
    spss.FORMAT.write(ASKED, good)
    content = good.read_bytes()
    cut = int(len(content) * share)
    path = tmp_path / "torn.sav"
    for torn in (content[:cut], content[:cut] + b"\xff\x00" + content[cut + 2 :]):
        path.write_bytes(torn)
        try:
            spss.FORMAT.read(path)
        except DocumentError as error:
            assert "cannot be read as a SPSS file" in str(error)
