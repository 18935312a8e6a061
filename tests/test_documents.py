from pathlib import Path

import pytest

from demoscope.documents import LARGEST, Document, read
from demoscope.errors import DocumentError
from surveys import Questionnaire, load_questionnaire
from tests.conftest import SURVEY


class Inner(Document):
    size: int


class Outer(Document):
    name: str
    parts: tuple[Inner, ...] = ()


def refusal(tmp_path: Path, text: str, model: type[Document] = Outer) -> str:
    path = tmp_path / "doc.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        read(model, path)
    message = str(caught.value)
    assert str(path) in message
    return message.replace(str(path), "doc.yaml")


def test_a_document_is_read_into_its_model(tmp_path):
    (tmp_path / "doc.yaml").write_text("name: a\nparts:\n  - size: 3\n")
    assert read(Outer, tmp_path / "doc.yaml") == Outer(name="a", parts=(Inner(size=3),))


def test_an_unknown_key_is_named_with_its_line_and_what_was_meant(tmp_path):
    message = refusal(tmp_path, "name: a\nparts:\n  - size: 3\n    siez: 4\n")
    assert message == "doc.yaml:4: parts.0.siez: unknown key; did you mean 'size'?"


def test_a_missing_key_is_named_with_the_line_of_the_part_it_misses_from(tmp_path):
    assert refusal(tmp_path, "parts: []\n") == "doc.yaml:1: name: is missing and has no default."


def test_a_wrong_type_is_named_with_its_line(tmp_path):
    assert refusal(tmp_path, "name: a\nparts:\n  - size: many\n").startswith("doc.yaml:3: parts.0.size: ")


def test_a_repeated_key_is_refused(tmp_path):
    assert "a second time (first on line 1)" in refusal(tmp_path, "name: a\nname: b\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a\n- b\n", "expected `key: value` lines at the top, found a list"),
        ("name: [a\n", "not valid YAML"),
        ("name: &x a\nparts: *x\n", "YAML aliases"),
        ("name: !!python/object/apply:os.system ['true']\n", "YAML tags"),
        ('name: !!int ""\n', "YAML tags"),
        ("name: No\n", "YAML reads this as False; put it in quotes"),
        ("name: 2018-01-01\n", "put it in quotes"),
        ("name: a\n? [1, 2]\n: b\n", "doc.yaml"),
        ("[" * 5000, "nested more than 50 levels"),
    ],
)
def test_what_is_no_plain_document_is_refused(tmp_path, text, said):
    assert said in refusal(tmp_path, text)


def test_a_missing_file_and_a_folder_are_said_plainly(tmp_path):
    with pytest.raises(DocumentError, match="no such file"):
        read(Outer, tmp_path / "absent.yaml")
    with pytest.raises(DocumentError, match="cannot be read"):
        read(Outer, tmp_path)


def test_text_that_is_not_utf8_and_a_huge_file_are_refused(tmp_path):
    (tmp_path / "doc.yaml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(DocumentError, match="not UTF-8"):
        read(Outer, tmp_path / "doc.yaml")
    (tmp_path / "doc.yaml").write_bytes(b"name: " + b"x" * LARGEST)
    with pytest.raises(DocumentError, match="larger than"):
        read(Outer, tmp_path / "doc.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: roads", "id: parks", "'parks' is used twice"),
        ("code: 2, label: about right", "code: 1, label: about right", "option code 1 stands twice"),
        ("label: about right", "label: Too little", "option label too little stands twice"),
        ("      - {code: 2, label: about right}\n      - {code: 3, label: too much}\n", "", "at least two options"),
        ("maximum: 5", "maximum: 0", "minimum 1 must lie below maximum 0"),
        ("    minimum: 1\n", "", "needs its minimum and maximum"),
        ("text: And on roads?", "text: '  '", "the wording is empty"),
        ("id: roads", "id: 1st road", "String should match pattern"),
        ("kind: scale", "kind: slider", "Input should be"),
    ],
)
def test_impossible_questionnaires_are_refused_by_name(tmp_path, old, new, said):
    assert old in SURVEY
    assert said in refusal(tmp_path, SURVEY.replace(old, new, 1), Questionnaire)


def test_an_unknown_library_name_is_answered_with_what_there_is():
    with pytest.raises(DocumentError, match="did you mean 'gss_spending'"):
        load_questionnaire("gss_spendign")


def test_a_scale_offers_its_points_with_the_ends_labelled(tmp_path):
    (tmp_path / "survey.yaml").write_text(SURVEY)
    trust = load_questionnaire("survey.yaml", tmp_path)["trust"]
    assert [option.label for option in trust.choices] == ["1 (not at all)", "2", "3", "4", "5 (fully)"]
