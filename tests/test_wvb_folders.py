"""Preparing a folder again: nothing of before is read as if it were new, and nothing that a user wrote is lost."""

import json

import pytest

from analysis.worldvaluesbench.demographics import read_demographics
from analysis.worldvaluesbench.people import read_humans
from demoscope.errors import DocumentError
from surveys.formats.wvs.dataset import prepare
from surveys.formats.wvs.metadata import read_metadata
from surveys.formats.wvs.preparing import Choices, prepare_benchmark
from surveys.formats.wvs.wave7 import DUPLICATED
from tests.wvs_file import codebook, look_alike, question_metadata, write_csv

FRAME = look_alike(400, seed=5)
FRAME.loc[FRAME["Q260"] == 2, "Q288"] = 11
KEPT = FRAME[FRAME["D_INTERVIEW"] != DUPLICATED]
DESIGN = "questions: [Q1, Q122]\nby: []\neach: {each}\nmore_than: 0\nsource_split: full\n"


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """The look-alike, labels of which some say in unusual words that nothing is known, and wordings."""
    path = tmp_path_factory.mktemp("wvb")
    write_csv(FRAME, path / "wvs.csv")
    book = codebook(FRAME)
    away = {"-1": "Don´t know", "-2": "Item not included", "-4": "INAP; Not in country", "-5": "Other missing"}
    book["Q260"]["choices"] = {"1": "Missing Persons Unit", "2": "Female", **away}
    book["Q269"]["choices"] = {"1": "Yes", "2": "Other", "-1": "Other", "-2": "Other", "-4": "Away", "-5": "Away"}
    (path / "codebook.json").write_text(json.dumps(book))
    (path / "question_metadata.json").write_text(json.dumps(question_metadata()))
    return path


def prepared(survey, folder, *, tables="parquet", each=5, words=True, **choices):
    design = folder.parent / f"design{each}.yaml"
    design.write_text(DESIGN.format(each=each))
    chosen = Choices(tables=tables, **choices)
    return prepare_benchmark(
        survey / "wvs.csv", folder, metadata=survey if words else None, design=design, choices=chosen
    )


def test_tables_in_another_format_replace_those_of_before(survey, tmp_path):
    out = tmp_path / "out"
    prepared(survey, out, tables="parquet", examples=True)
    stale = [out / "full" / f"full_{name}.parquet" for name in ("value_qa", "demographic_qa", "examples")]
    assert all(path.exists() for path in stale)
    (out / "full" / "mine.parquet").write_bytes(b"my own")
    prepared(survey, out, tables="tsv")
    assert not any(path.exists() for path in stale) and (out / "full" / "full_value_qa.tsv").exists()
    assert (out / "full" / "mine.parquet").exists()
    # An evaluation reads what was prepared last, although it would prefer Parquet.
    assert read_humans(out).people.size == len(KEPT)


def test_a_wave_that_would_not_fit_the_new_sample_is_refused_before_anything_is_written(survey, tmp_path):
    out = tmp_path / "out"
    prepared(survey, out)
    before = (out / "probe" / "samples.tsv").read_bytes()
    with pytest.raises(DocumentError, match=r"holds the wave of an earlier preparation.*--metadata"):
        prepared(survey, out, each=6, words=False)
    assert (out / "probe" / "samples.tsv").read_bytes() == before


def test_a_wave_that_was_changed_stays_and_the_new_one_stands_beside_it(survey, tmp_path):
    out = tmp_path / "out"
    prepared(survey, out)
    wave, beside = out / "wave" / "wave.yaml", out / "wave" / "wave.new.yaml"
    mine = wave.read_text().replace("backend: scripted", "backend: openai")
    wave.write_text(mine)
    made = prepared(survey, out, each=7)
    assert wave.read_text() == mine
    assert f"respondents: {made.people}\n" in beside.read_text()
    assert any("was changed" in note and f"respondents: {made.people}`" in note for note in made.notes)


def test_a_wave_that_nobody_changed_is_written_anew(survey, tmp_path):
    out = tmp_path / "out"
    first = prepared(survey, out)
    (out / "wave" / "wave.new.yaml").write_text("of before")
    again = prepared(survey, out, each=7)
    assert again.people > first.people and not any("was changed" in note for note in again.notes)
    assert f"respondents: {again.people}\n" in (out / "wave" / "wave.yaml").read_text()
    assert not (out / "wave" / "wave.new.yaml").exists()


def test_what_negative_codes_are_called_is_no_group_and_what_others_are_called_is(survey, tmp_path):
    prepared(survey, tmp_path / "out")
    found = read_demographics(["Q260", "Q269", "Q271"], None, tmp_path / "out")
    levels = {grouping.name: set(grouping.levels) for grouping in found.groupings}
    # "Missing Persons Unit" has the code 1; "Other" is what both 2 and -1 are called, so it stays.
    assert levels["Q260"] == {"Missing Persons Unit", "Female"}
    assert levels["Q269"] == {"Yes", "Other"}
    assert levels["Q271"] == {f"Q271 {code}" for code in KEPT["Q271"] if code > 0}


def test_a_folder_without_that_list_goes_by_the_usual_words(survey, tmp_path):
    prepared(survey, tmp_path / "out")
    (tmp_path / "out" / "full" / "full_demographic_away.json").unlink()
    (grouping,) = read_demographics(["Q260"], None, tmp_path / "out").groupings
    assert set(grouping.levels) == {"Female"}
    (tmp_path / "out" / "full" / "full_demographic_away.json").write_text("{")
    with pytest.raises(DocumentError, match="prepare the folder anew"):
        read_demographics(["Q260"], None, tmp_path / "out")


def test_the_scale_of_incomes_is_held_to(survey):
    read = prepare(survey / "wvs.csv", read_metadata(survey))
    assert "11" in read.demographics["Q288"].texts
    assert set(read.texts["Q288"].texts) == {"", *map(str, range(1, 11))}


def test_answers_that_no_evaluation_would_read_are_not_kept(survey, tmp_path):
    frame = FRAME.copy()
    frame.loc[3, "Q1"] = 70_000
    write_csv(frame, tmp_path / "odd.csv")
    with pytest.raises(DocumentError, match=r"Q1 is 70000 on row 4; answers are kept up to 99\."):
        prepare(tmp_path / "odd.csv", out_of_range="keep")
    assert prepare(tmp_path / "odd.csv").answers["Q1"].max() == 4


def test_identifiers_beyond_64_bits_and_cells_without_a_value(survey, tmp_path):
    frame = FRAME.copy().astype({"D_INTERVIEW": object, "Q1": object})
    frame.loc[3, "Q1"] = "NA"
    frame["Q1"] = frame["Q1"].astype(str)
    huge = frame.copy()
    huge.loc[3, "D_INTERVIEW"] = "9" * 20
    for name, some in (("na", frame), ("huge", huge)):
        some["D_INTERVIEW"] = some["D_INTERVIEW"].astype(str)
        write_csv(some, tmp_path / f"{name}.csv")
    assert (prepare(tmp_path / "na.csv").answers["Q1"] > 0).sum() == (KEPT.drop(index=3)["Q1"] > 0).sum()
    with pytest.raises(DocumentError, match=r"D_INTERVIEW: row 4 has '9{20}', which is no number of a respondent"):
        prepare(tmp_path / "huge.csv")
