"""Hostile and damaged files: an error that says why, or a questionnaire; never a traceback, never a hang."""

import json
import random
import signal
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demoscope.errors import DocumentError
from surveys.formats.conversion import convert, read_questionnaire
from surveys.formats.registry import find_format, formats
from tests.every_kind import portable
from tests.malformed import good_files, hostile_workbooks, large_matrix, malformed, many_options, packed, parts_in

WRITABLE = [name for name, kind in formats().items() if kind.write is not None]
HANGS_S = 60.0
"""Seconds of processor time after which a file takes without end: twenty times what the slowest takes."""


@contextmanager
def ending() -> Iterator[None]:
    """What takes without end is stopped and fails."""

    def stop(*_: object) -> None:
        raise AssertionError(f"no end after {HANGS_S:g} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HANGS_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("name", WRITABLE)
def test_no_malformed_file_ends_in_a_traceback_or_takes_without_end(name, tmp_path):
    (path,) = [path for kind, path in good_files(tmp_path) if kind == name]
    target = tmp_path / "out.yaml"
    refused = tried = 0
    for what, content in malformed(path, random.Random(f"malformed {name}")):
        bad = tmp_path / f"bad{path.suffix}"
        bad.write_bytes(content)
        tried += 1
        try:
            with ending():
                convert(bad, target, read_as=name)
        except DocumentError as error:
            refused += 1
            assert str(bad) in str(error), (what, str(error))
            assert len(str(error)) < 5_000, what
        except Exception as error:
            raise AssertionError(f"{name}: {what}: {type(error).__name__}: {error}") from error
    assert tried >= 50
    assert refused >= tried // 3


def test_there_are_at_least_200_malformed_files(tmp_path):
    made = {name: sum(1 for _ in malformed(path, random.Random(0))) for name, path in good_files(tmp_path)}
    assert sum(made.values()) >= 200, made


def test_a_format_is_guessed_from_any_bytes_without_a_traceback(tmp_path):
    for name, path in good_files(tmp_path):
        for _, content in list(malformed(path, random.Random(1)))[:20]:
            bad = tmp_path / "bad.bin"
            bad.write_bytes(content)
            try:
                read_questionnaire(bad)
            except DocumentError as error:
                assert "bad.bin" in str(error), name


def survey(*elements: dict) -> str:
    return json.dumps({"elements": list(elements)})


def refusal(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DocumentError) as caught:
        read_questionnaire(path)
    return str(caught.value)


def test_a_question_of_10_mb_is_refused_with_its_length(tmp_path):
    said = refusal(tmp_path / "a.json", survey({"type": "text", "name": "q", "title": "x" * 10_000_000}))
    assert "text q has a wording of 10,000,000 characters; at most 50,000 are read" in said
    said = refusal(tmp_path / "a.yaml", "id: a\ntitle: A\nquestions: [{id: q, text: " + "x" * 10_000_000 + "}]\n")
    assert "larger than 5,000,000 bytes" in said
    said = refusal(
        tmp_path / "a.csv", "row,id,kind,code,text\nquestionnaire,a,,,A\nquestion,q,text,," + "x" * 10_000_000
    )
    assert "field larger than field limit" in said


def test_a_question_with_10_000_options_is_left_out_and_said_so(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(
        survey(
            {"type": "radiogroup", "name": "many", "choices": list(range(10_000))},
            {"type": "text", "name": "q", "title": "Why?", "visibleIf": "{many} = 3"},
        )
    )
    reading, _ = read_questionnaire(path)
    assert [question.id for question in reading.questionnaire.questions] == ["q"]
    said = [str(one) for one in reading.left_out]
    assert said == [
        "radiogroup many: the question, which has 10,000 options (at most 1,000 can be shown)",
        "text q: visibleIf: {many} = 3 ('many' is no question before this one)",
    ]


def test_deep_json_is_refused_before_it_is_parsed(tmp_path):
    for content in ('{"elements":' * 5_000, "[" * 1_000_000, '{"a":' * 101 + "1" + "}" * 101):
        assert "nested more than 100 levels deep" in refusal(tmp_path / "a.json", content)


def test_right_to_left_and_combining_characters_are_kept(tmp_path):
    text = "ما رأيك؟ \u202b(abc)\u202c e\u0301\u0323"
    path = tmp_path / "a.json"
    path.write_text(survey({"type": "text", "name": "سؤال", "title": text}))
    (question,) = read_questionnaire(path)[0].questionnaire.questions
    assert question.text == text
    assert question.id == "q"


def test_entities_and_document_types_in_a_workbook_are_refused(tmp_path):
    parts = parts_of(tmp_path / "good.xlsx")
    sheet = "xl/worksheets/sheet1.xml"
    for entity in (b'<!ENTITY x SYSTEM "file:///etc/passwd">', b'<!ENTITY x "ha">'):
        hostile = b"<!DOCTYPE a [" + entity + b"]>" + parts[sheet]
        assert "declares a document type or entities" in refusal(
            tmp_path / "a.xlsx", packed(parts | {sheet: hostile})
        )
    wide = hostile.decode().encode("utf-16")
    assert "declares a document type or entities" in refusal(tmp_path / "a.xlsx", packed(parts | {sheet: wide}))


def test_a_zip_bomb_is_refused_in_little_memory(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(packed({"xl/a.xml": b"\0" * 200_000_000}))
    assert path.stat().st_size < 2_000_000
    tracemalloc.start()
    with pytest.raises(DocumentError, match="unpacks to more than 60,000,000 bytes"):
        read_questionnaire(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000_000


def parts_of(path: Path) -> dict[str, bytes]:
    find_format("xlsform").write(portable(), path)
    return parts_in(path.read_bytes())


def test_small_workbooks_that_would_fill_the_memory_are_refused_in_little_of_it(tmp_path):
    reasons = {
        "deep cells": "nested more than 100 levels deep",
        "a wide row": "a row has more than 16,384 cells",
        "many styles": "more than a million cells and other parts",
    }
    parts = parts_of(tmp_path / "good.xlsx")
    for what, content in hostile_workbooks(parts, "xl/worksheets/sheet1.xml"):
        assert len(content) < 2_000_000, what
        tracemalloc.start()
        assert reasons[what] in refusal(tmp_path / "a.xlsx", content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 250_000_000, what


def test_a_workbook_with_many_formulas_is_no_wide_row(tmp_path):
    parts = parts_of(tmp_path / "good.xlsx")
    chain = b"<calcChain>" + b'<c r="A1"/>' * 20_000 + b"</calcChain>"
    path = tmp_path / "a.xlsx"
    path.write_bytes(packed(parts | {"xl/calcChain.xml": chain}))
    assert read_questionnaire(path)[0].questionnaire.title == portable().title


@pytest.mark.parametrize(("name", "content"), [("a.json", large_matrix()), ("a.csv", many_options())])
def test_more_options_in_all_than_a_questionnaire_has_are_refused_soon(name, content, tmp_path):
    with ending():
        assert "the questions have more than 100,000 options in all; ask fewer" in refusal(tmp_path / name, content)


@pytest.mark.parametrize("name", ["a.yaml", "a.csv"])
def test_our_own_formats_refuse_a_question_with_10_000_options_too(name, tmp_path):
    options = "".join(f"  - {{code: {code}, label: L{code}}}\n" for code in range(10_000))
    content = f"id: a\ntitle: A\nquestions:\n- id: q\n  text: T\n  options:\n{options}"
    said = refusal(tmp_path / name, content if name == "a.yaml" else many_options(1, 10_000))
    assert "a single choice has 10,000 options; at most 1,000 can be shown" in said


def test_reading_or_writing_a_workbook_without_openpyxl_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    parts_of(path)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DocumentError, match=r"reading it needs the package openpyxl; install demoscope\[formats\]"):
        read_questionnaire(path)
    with pytest.raises(DocumentError, match=r"writing it needs the package openpyxl; install demoscope\[formats\]"):
        find_format("xlsform").write(portable(), path)


def test_yaml_with_aliases_is_refused(tmp_path):
    assert "YAML aliases" in refusal(tmp_path / "a.yaml", "id: &a x\ntitle: *a\nquestions: []\n")


def test_no_script_is_run(tmp_path):
    said = refusal(tmp_path / "a.js", "const json = { elements: [ require('fs').readdirSync('.') ] };")
    assert "programs are not run" in said


def test_what_is_there_thousands_of_times_is_read_to_the_end(tmp_path):
    same = [{"type": "radiogroup", "name": "q", "choices": [{"value": 1, "text": "x"}] * 2_000}] * 2
    rows = [{"type": "html", "name": "n", "html": "x"}] * 9_000
    path = tmp_path / "a.json"
    path.write_text(survey(*same, *rows))
    with ending():
        reading, _ = read_questionnaire(path, "surveyjs")
    assert len(reading.questionnaire.questions) == 9_000
