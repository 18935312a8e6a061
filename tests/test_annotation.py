"""Sheets that people fill in: judgements of responses, and resolutions of replies that no rule could read."""

import csv
from pathlib import Path

import numpy as np
import pytest

from analysis.agreement import cohen_kappa, krippendorff_alpha
from analysis.annotation import ratings, read_sheet, read_sheets, write_sheet
from analysis.insensitivity import aggregate
from analysis.resolutions import Resolution, read_resolutions, resolve
from demoscope.errors import DocumentError
from demoscope.replies import Reply, ReplyKey
from surveys.judging import DIMENSIONS

RESPONSES = [
    Reply(ReplyKey("def x model", n, n, "trust", 1, 0), "answered", "Trust the press? - 1: no", f'{n}, "surely"', "…")
    for n in (1, 2, 3)
]


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.csv"
    write_sheet(path, RESPONSES)
    return path


def filled(path: Path, verdicts: dict[int, dict[str, str]], annotator: str = "ana") -> Path:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update(verdicts.get(int(row["response"]), {}))
        row["annotator"] = annotator
    done = path.with_name(f"{annotator}.csv")
    with done.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return done


def test_a_sheet_comes_back_as_it_was_filled_in(sheet):
    found = read_sheet(filled(sheet, {1: {"IU": "Yes", "CV": "no"}, 3: {"FF": "no"}}))
    assert [(a.respondent, a.dimension, a.verdict) for a in found] == [
        (1, "IU", "pass"),
        (1, "CV", "failure"),
        (3, "FF", "failure"),
    ]
    assert {a.annotator for a in found} == {"ana"}
    counts = {s.dimension: s.failures for s in aggregate((a.dimension, a.verdict) for a in found)}
    assert counts == dict.fromkeys(DIMENSIONS, 0) | {"CV": 1, "FF": 1}


def test_two_peoples_sheets_give_a_table_for_kappa_and_alpha(sheet):
    one = read_sheet(filled(sheet, {n: {"IU": verdict} for n, verdict in ((1, "yes"), (2, "no"), (3, "no"))}))
    other = read_sheet(filled(sheet, {n: {"IU": verdict} for n, verdict in ((1, "yes"), (2, "no"))}, "ben"))
    raters, table = ratings([*one, *other], "IU")
    assert raters == ("ana", "ben")
    assert np.array_equal(table, [[0, 1, 1], [0, 1, np.nan]], equal_nan=True)
    assert cohen_kappa(*table) == krippendorff_alpha(table) == 1


def test_a_sheet_is_never_written_over(sheet):
    with pytest.raises(DocumentError, match="judgements"):
        write_sheet(sheet, RESPONSES)


def test_a_reply_is_no_formula(tmp_path):
    path = tmp_path / "s.csv"
    write_sheet(path, [Reply(ReplyKey("c", 1, 1, "q", 1, 0), "answered", "=1+1", "@SUM(A1)", "-2")])
    with path.open(encoding="utf-8-sig", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["asked"], row["answer"], row["explanation"]) == ("'=1+1", "'@SUM(A1)", "'-2")
    assert "c" not in row.values()  # under which condition it was given stays hidden


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,q,0,maybe,,,,,,ana", "yes, no or empty"),
        ("1,q,0,yes,,,,,,", "no annotator"),
        ("one,q,0,yes,,,,,,ana", "number from 1"),
        ("1,q,0,yes,,,,,,ana\n1,q,0,no,,,,,,ana", "line 2 already"),
        ("1,q,first,yes,,,,,,ana", "number from 0"),
        ("1,q,0,yes,,,,,,rules", "another name"),
    ],
)
def test_mistakes_in_a_sheet_are_told_with_their_line(tmp_path, row, said):
    path = tmp_path / "s.csv"
    path.write_text(f"respondent,question,replicate,{','.join(DIMENSIONS)},annotator\n{row}\n")
    with pytest.raises(DocumentError, match=rf"s\.csv:\d: .*{said}"):
        read_sheet(path)


def test_two_sheets_hold_no_verdict_of_one_annotator_twice(sheet):
    one = filled(sheet, {1: {"IU": "yes"}}, "ana")
    other = one.rename(one.with_name("first.csv"))
    again = filled(sheet, {1: {"CV": "no"}}, "ana")
    with pytest.raises(DocumentError, match=r"ana judged respondent 1's reply to 'trust' in .*first\.csv already"):
        read_sheets([other, again])


def test_what_nobody_decided_yet_is_left_out_and_repetitions_are_told_apart(tmp_path):
    path = tmp_path / "resolutions.csv"
    path.write_text("respondent,question,replicate,code\n11,trust,1,3\n11,trust,0,\n")
    assert read_resolutions(path) == (Resolution(11, "trust", 3, 1),)
    found = resolve([[-1], [-1]], read_resolutions(path), [11, 11], ["trust"], [[1, 2, 3]], [0, 1])
    assert found.choices.tolist() == [[-1], [2]]


def test_resolutions_join_what_was_understood_automatically(tmp_path):
    path = tmp_path / "resolutions.csv"
    path.write_text("respondent,question,code\n11,trust,3\n12,trust,invalid\n99,trust,1\n")
    found = resolve([[0], [-1], [-1]], read_resolutions(path), [10, 11, 12], ["trust"], [[1, 2, 3]])
    assert found.choices.tolist() == [[0], [2], [-1]]
    assert (found.merged, found.invalid) == (1, 1)  # respondent 99 belongs to another cell


@pytest.mark.parametrize(
    ("resolution", "said"),
    [
        (Resolution(10, "trust", 1), "was understood"),
        (Resolution(11, "trust", 7), "no code 7; the question's are 1, 2"),
        (Resolution(11, "hope", 1), "no such question"),
    ],
)
def test_a_resolution_that_fits_nothing_is_refused(resolution, said):
    with pytest.raises(DocumentError, match=said):
        resolve([[0], [-1]], [resolution], [10, 11], ["trust"], [[1, 2]])


@pytest.mark.parametrize(
    ("rows", "said"),
    [("1,q,perhaps", "whole number"), ("x,q,1", "number from 1"), ("1,q,1\n1,q,2", "line 2 already")],
)
def test_mistakes_in_resolutions_are_told_with_their_line(tmp_path, rows, said):
    path = tmp_path / "r.csv"
    path.write_text(f"respondent,question,code\n{rows}\n")
    with pytest.raises(DocumentError, match=rf"r\.csv:\d: .*{said}"):
        read_resolutions(path)
