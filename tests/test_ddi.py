"""DDI codebook 2.5: variables, questions, categories, ranges and missing values, both ways."""

import pytest

from demoscope.errors import DocumentError
from surveys import Questionnaire, load_questionnaire
from surveys.formats.ddi import FORMAT

CODEBOOK = """<?xml version="1.0" encoding="UTF-8"?>
<codeBook xmlns="ddi:codebook:2_5" version="2.5" xml:lang="en">
  <stdyDscr><citation><titlStmt><titl>The study</titl></titlStmt></citation></stdyDscr>
  <fileDscr><fileTxt><fileName>data.csv</fileName></fileTxt></fileDscr>
  <dataDscr>
    <varGrp ID="G1" type="grid" var="V1 V2"/>
    <var ID="V1" name="trust" intrvl="discrete">
      <location fileid="F1"/>
      <labl>Trust in the press</labl>
      <qstn><preQTxt>Now the media.</preQTxt><qstnLit>Do you trust the press?</qstnLit>
        <ivuInstr>Read out.</ivuInstr><forward qstn="Q2"/></qstn>
      <universe>Everybody</universe>
      <catgry><catValu>1</catValu><labl>Yes</labl><labl xml:lang="de">Ja</labl><catStat>7</catStat></catgry>
      <catgry><catValu>2</catValu><labl>No</labl><labl xml:lang="de">Nein</labl></catgry>
      <catgry missing="Y"><catValu>-1</catValu><labl>Don't know</labl></catgry>
      <varFormat type="numeric"/>
    </var>
    <var ID="V2" name="more">
      <labl>More</labl>
      <invalrng><item VALUE="9"/><range min="97" max="99"/></invalrng>
      <catgry><catValu>1</catValu><labl>Yes</labl></catgry>
      <catgry><catValu>2</catValu><labl>No</labl></catgry>
      <catgry><catValu>9</catValu><labl>Refused</labl></catgry>
    </var>
    <var ID="V3" name="age" intrvl="contin"><labl>Age</labl>
      <valrng><range min="18" max="99"/></valrng><varFormat type="numeric"/></var>
    <var ID="V4" name="why"><labl>Why</labl><qstn>Why is that?</qstn><varFormat type="character"/></var>
    <var ID="V5" name="weight" wgt="wgt"><labl>Weight</labl></var>
    <var ID="V6" name="day"><labl>Day</labl><varFormat type="numeric" category="date"/></var>
  </dataDscr>
</codeBook>"""


def read(folder, text):
    path = folder / "codebook.xml"
    path.write_text(text, encoding="utf-8")
    return FORMAT.read(path)


def test_variables_are_read_as_the_schema_says(tmp_path):
    asked = read(tmp_path, CODEBOOK).questionnaire
    assert asked.title == "The study"
    trust, more, age, why = asked.questions
    assert (trust.id, trust.text, trust.instruction) == (
        "trust",
        "Now the media.\nDo you trust the press?",
        "Read out.",
    )
    assert [(option.code, option.label, option.kind) for option in trust.options] == [
        (1, "Yes", "substantive"),
        (2, "No", "substantive"),
        (-1, "Don't know", "nonresponse"),
    ]
    assert more.text == "More"
    assert [option.kind for option in more.options] == ["substantive", "substantive", "nonresponse"]
    assert (age.kind, age.minimum, age.maximum) == ("number", 18, 99)
    assert (why.kind, why.text) == ("text", "Why is that?")
    assert asked.translations["de"].words["trust"].options == {1: "Ja", 2: "Nein"}


def test_what_a_questionnaire_has_no_place_for_is_listed(tmp_path):
    lost = [str(item) for item in read(tmp_path, CODEBOOK).left_out]
    for expected in (
        "variable more: missing values from 97 to 99 (options are single codes)",
        "variable weight: the weight (nobody is asked for it)",
        "variable day: the date (questions here ask for choices, numbers and texts)",
        "1 variables: catStat of a category (questions here have nothing like it)",
        "1 variables: forward (questions here have nothing like it)",
        "1 variables: universe (questions here have nothing like it)",
        "the codebook: 1 elements varGrp (questions stand alone here)",
        "the codebook: its fileDscr (a questionnaire is what was asked)",
    ):
        assert expected in lost


def test_a_questionnaire_survives_the_way_there_and_back(tmp_path):
    asked = Questionnaire.model_validate({
        "id": "codebook", "title": "The study",
        "questions": [
            {"id": "trust", "text": "Trust & hope, 2 < 3?", "instruction": "One.", "options": [
                {"code": 1, "label": "Yes"}, {"code": 5, "label": "No"},
                {"code": -1, "label": "Don't know", "kind": "nonresponse"}]},
            {"id": "free", "text": "How free?", "kind": "scale", "minimum": 0, "maximum": 10, "low_label": "Not",
             "high_label": "Fully", "point_labels": {5: "Half"},
             "options": [{"code": 77, "label": "Don't know", "kind": "nonresponse"}]},
            {"id": "age", "text": "Age?", "kind": "number", "minimum": 18, "maximum": 99,
             "options": [{"code": -1, "label": "Refused", "kind": "nonresponse"}]},
            {"id": "why", "text": "Why?", "kind": "text"},
        ],
        "translations": {"zh": {"words": {
            "trust": {"text": "信任吗？", "options": {1: "是", 5: "否"}, "instruction": "一个。"},
            "free": {"low_label": "不", "point_labels": {5: "一半"}, "options": {77: "不知道"}}}}},
    })  # fmt: skip
    path = tmp_path / "codebook.xml"
    assert FORMAT.write(asked, path) == ()
    reading = FORMAT.read(path)
    assert reading.questionnaire.model_dump() == asked.model_dump()
    assert reading.left_out == ()


def test_the_bundled_items_survive(tmp_path):
    asked = load_questionnaire("gss_spending")
    lost = FORMAT.write(asked, tmp_path / "gss.xml")
    back = FORMAT.read(tmp_path / "gss.xml").questionnaire
    assert [(q.id, q.text, q.options) for q in back.questions] == [(q.id, q.text, q.options) for q in asked.questions]
    assert {item.what.split(":")[0] for item in lost} == {"id", "topic", "source", "statements"}


@pytest.mark.parametrize(
    "text",
    ["", "<a/>", "<codeBook/>", "not xml", "<codeBook><dataDscr><var/></dataDscr>",
     '<!DOCTYPE a SYSTEM "file:///etc/passwd"><codeBook/>',
     '<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><codeBook>&b;</codeBook>',
     "<codeBook>" + "<dataDscr>" * 500 + "</dataDscr>" * 500 + "</codeBook>"],
)  # fmt: skip
def test_what_is_no_codebook_is_refused(tmp_path, text):
    with pytest.raises(DocumentError):
        read(tmp_path, text)
