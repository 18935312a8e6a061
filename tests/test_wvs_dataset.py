"""From a file that looks like the survey's to the data set: recodes, ranges, duplicates, labels, and wrong files."""

import csv
import json
import random

import numpy as np
import pandas as pd
import pytest

from demoscope.errors import DocumentError
from surveys.formats.wvs.dataset import NO_ANSWER, prepare
from surveys.formats.wvs.examples import count, examples
from surveys.formats.wvs.exporting import write_examples, write_sample, write_tables
from surveys.formats.wvs.metadata import read_metadata
from surveys.formats.wvs.probe import ProbeDesign, Sampled, sample_probe
from surveys.formats.wvs.splits import published_splits
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, DUPLICATED, PROBE, RECODES, SCALES
from tests.conftest import SHARED
from tests.wvs_file import codebook, look_alike, question_metadata, write_csv

FRAME = look_alike()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The look-alike as CSV, with labels and wordings beside it."""
    path = tmp_path_factory.mktemp("wvs")
    write_csv(FRAME, path / "wvs.csv")
    (path / "codebook.json").write_text(json.dumps(codebook(FRAME)))
    (path / "question_metadata.json").write_text(json.dumps(question_metadata()))
    return path


@pytest.fixture(scope="module")
def dataset(folder):
    return prepare(folder / "wvs.csv", read_metadata(folder))


def plain_answer(question, code):
    """The rules of SPEC 1.2 for one cell, written out."""
    recode = RECODES.get(question, {})
    answer = recode.get(code, code)
    low, high = SCALES[question].minimum, SCALES[question].maximum
    return None if answer is None or answer < 0 or not low <= answer <= high else answer


def plain(frame):
    """The data set cell by cell: person -> question -> answer."""
    kept = frame[frame["D_INTERVIEW"] != DUPLICATED]
    return {
        int(row["D_INTERVIEW"]): {question: plain_answer(question, int(row[question])) for question in SCALES}
        for row in kept.to_dict("records")
    }


def same(dataset, frame):
    expected = plain(frame)
    assert dataset.people.tolist() == list(expected)
    for question in SCALES:
        given = [None if answer == NO_ANSWER else answer for answer in dataset.answers[question].tolist()]
        assert given == [expected[person][question] for person in expected], question


def test_answers_are_recoded_put_in_range_and_the_duplicated_person_is_left_out(dataset):
    assert (FRAME["D_INTERVIEW"] == DUPLICATED).sum() == 6 and len(dataset) == len(FRAME) - 6
    same(dataset, FRAME)
    assert any("858069901" in note and note.startswith("6 rows") for note in dataset.notes)


@pytest.mark.parametrize(
    "how",
    [
        {"mark": ";", "bom": True},
        {"mark": "\t", "newline": "\r\n"},
        {"points": True},
        {"points": True, "mark": ";", "bom": True, "quotes": True},
    ],
)
def test_every_way_of_writing_the_file_gives_the_same_data_set(how, tmp_path, dataset):
    again = prepare(write_csv(FRAME, tmp_path / "other.csv", **how))
    same(again, FRAME)
    for name in DEMOGRAPHICS:
        assert np.array_equal(again.codes(name), dataset.codes(name)), name


def test_spss_and_stata_files_give_the_same_data_set_and_bring_labels(tmp_path, dataset):
    pyreadstat = pytest.importorskip("pyreadstat")
    labels = {"H_URBRURAL": {1: "Urban", 2: "Rural", -5: "Missing"}, "Q260": {1: "Male", 2: "Female"}}
    pyreadstat.write_sav(FRAME, str(tmp_path / "wvs.sav"), variable_value_labels=labels,
                         missing_ranges={"Q260": [-1, -2], "Q1": [-1]})  # fmt: skip
    pyreadstat.write_dta(FRAME, str(tmp_path / "wvs.dta"), variable_value_labels=labels)
    for name in ("wvs.sav", "wvs.dta"):
        read = prepare(tmp_path / name)
        same(read, FRAME)
        assert {"Male", "Female"} <= set(read.texts["Q260"].texts)
        assert np.array_equal(read.codes("Q260"), dataset.codes("Q260"))
        assert set(read.texts["H_URBRURAL"].texts) >= {"Urban", "Rural", "Missing"}


def test_version_6_is_read_with_its_other_columns_and_capitals(tmp_path):
    frame = look_alike(300, version="6-0-0 (2024-04-30)", columns=420, seed=4)
    names = {name: name.title() for name in ("E1_LITERACY", "X003R")}
    read = prepare(write_csv(frame.rename(columns=names), tmp_path / "v6.csv"))
    same(read, frame)
    assert read.version == "6-0-0 (2024-04-30)"


def test_a_version_whose_length_is_known_is_told_when_rows_are_missing(dataset):
    assert dataset.notes[0] == "The file has 1,500 rows; version 5-0-0 is known to have 94,278."


def test_the_first_row_of_a_duplicated_person_can_be_kept(folder):
    kept = prepare(folder / "wvs.csv", duplicates="keep_first")
    assert len(kept) == len(FRAME) - 5
    first = FRAME[FRAME["D_INTERVIEW"] == DUPLICATED].iloc[0]
    place = int(np.flatnonzero(kept.people == DUPLICATED)[0])
    assert kept.codes("Q262")[place] == first["Q262"]


def test_answers_out_of_range_are_missing_refused_or_kept(tmp_path):
    frame = look_alike(200)
    frame.loc[3, "Q1"] = 7
    path = write_csv(frame, tmp_path / "odd.csv")
    read = prepare(path)
    assert read.answers["Q1"][3] == NO_ANSWER
    assert any("1 answers to Q1 lie outside 1 to 4 and were made missing" in note for note in read.notes)
    assert prepare(path, out_of_range="keep").answers["Q1"][3] == 7
    with pytest.raises(DocumentError, match="Q1 is 7 on row 4, outside 1 to 4"):
        prepare(path, out_of_range="refuse")


def test_demographics_become_words_where_the_codebook_has_some(dataset):
    words = dict(zip(dataset.people.tolist(), texts(dataset, "Q260"), strict=True))
    for row in FRAME[FRAME["D_INTERVIEW"] != DUPLICATED].head(200).to_dict("records"):
        code = row["Q260"]
        expected = {-1: "Don't know", -2: "No answer", -4: "Not asked", -5: "Missing; Not available"}
        assert words[row["D_INTERVIEW"]] == expected.get(code, f"Q260 {code}")
    # Q288 is a number on a scale, like a value question: what is negative is no answer.
    assert all(text == "" or 1 <= int(text) <= 10 for text in texts(dataset, "Q288"))
    assert all(len(text) == 8 for text in texts(dataset, "J_INTDATE"))


def texts(dataset, column):
    return [dataset.texts[column].texts[place] for place in dataset.texts[column].positions.tolist()]


def test_splits_have_the_published_sizes_and_order():
    labels = [n for n in range(1_000) if n != 17]  # row labels of a frame that lost a row
    random.seed(0)
    random.shuffle(labels)
    found = published_splits(999)
    rows = np.array([n for n in range(1_000) if n != 17])
    for name, part in (("train", labels[:699]), ("test", labels[699:848]), ("valid", labels[848:])):
        assert rows[found[name]].tolist() == part
    assert [len(found[name]) for name in ("train", "test", "valid")] == [699, 149, 151]


def test_examples_are_the_answers_that_were_given_and_are_counted_without_being_made(dataset):
    places = published_splits(len(dataset))["test"]
    expected = plain(FRAME)
    rows = [
        (person, question, answer)
        for person in dataset.people[places].tolist()
        for question, answer in expected[person].items()
        if answer is not None
    ]
    made = list(examples(dataset, places))
    assert [(one.person, one.question, one.answer) for one in made] == rows
    assert count(dataset, places) == len(rows)
    assert made[0].demographics is made[1].demographics and set(made[0].demographics) <= set(DEMOGRAPHICS)


def plain_sample(frame, education, seed=0, each=5):
    """The probe as published, with lists and dictionaries, from the rules of SPEC 1.3."""
    from surveys.formats.wvs.continents import continent_of

    answers, kept = plain(frame), frame[frame["D_INTERVIEW"] != DUPLICATED].reset_index(drop=True)
    order = list(range(len(kept)))
    random.seed(seed)
    random.shuffle(order)
    train, test = int(0.7 * len(kept)), int(0.15 * len(kept))
    rows = [kept.loc[n] for n in order[train : train + test]]
    settled = {1: "Urban", 2: "Rural"}
    people = [(int(r["D_INTERVIEW"]), continent_of(int(r["B_COUNTRY"])), settled.get(r["H_URBRURAL"]),
               education.get(int(r["Q275"]), "")) for r in rows]  # fmt: skip
    continents = list(dict.fromkeys(c for _, c, _, _ in people))
    levels = [level for level in dict.fromkeys(e for _, _, _, e in people) if level]
    random.seed(seed)
    sample = []
    for question in PROBE:
        for continent in continents:
            for settlement in ("Urban", "Rural"):
                for level in levels:
                    able = [p for p, *cell in people if cell == [continent, settlement, level]
                            and answers[p][question] is not None]  # fmt: skip
                    if len(able) > 5:
                        sample += [(question, (continent, settlement, level), p) for p in random.sample(able, each)]
    return sample


@pytest.mark.parametrize("rule", ["numeric", "code"])
def test_the_probe_is_drawn_as_published(tmp_path, rule):
    from surveys.formats.wvs.wave7 import education_levels

    frame = look_alike(4_000, seed=9)
    read = prepare(write_csv(frame, tmp_path / "wvs.csv"))
    sample = sample_probe(read, ProbeDesign(education_map=rule))
    assert [tuple(one) for one in sample] == plain_sample(frame, dict(education_levels(rule)))
    if rule == "code":
        masters = set(frame[frame["Q275"] == 7]["D_INTERVIEW"])
        assert not masters & {one.person for one in sample}


def test_a_design_of_ones_own_takes_other_questions_cells_and_numbers(dataset):
    design = ProbeDesign(questions=("Q33", "Q2"), by=("Q260",), each=3, more_than=0, source_split="full")
    sample = sample_probe(dataset, design)
    # Two questions of two sexes; codes below 0 are no level.
    assert len(sample) == 2 * 2 * 3 and {one.levels for one in sample} == {("Q260 1",), ("Q260 2",)}
    with pytest.raises(DocumentError, match="no cell of continent x Q262 has more than 50"):
        sample_probe(dataset, ProbeDesign(by=("continent", "Q262"), more_than=50))
    with pytest.raises(ValueError, match="'Q42' is no value question"):
        ProbeDesign(questions=("Q42",))
    with pytest.raises(ValueError, match="'party' is none of continent"):
        ProbeDesign(by=("party",))


def test_tables_are_laid_out_as_published_and_equal_when_written_again(dataset, tmp_path):
    splits = published_splits(len(dataset))
    for name in ("a", "b"):
        written = write_tables(dataset, splits, tmp_path / name, ("tsv", "parquet"))
        assert len(written) == 16
    for path in written:
        assert path.read_bytes() == (tmp_path / "a" / path.relative_to(tmp_path / "b")).read_bytes(), path
    with (tmp_path / "a" / "test" / "test_value_qa.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [int(row["D_INTERVIEW"]) for row in rows] == dataset.people[splits["test"]].tolist()
    assert list(rows[0]) == ["D_INTERVIEW", *SCALES]
    expected = plain(FRAME)
    for row in rows:
        person = expected[int(row["D_INTERVIEW"])]
        assert all(row[q] == ("" if person[q] is None else str(person[q])) for q in SCALES)
    for what in ("demographic", "value"):
        text = pd.read_csv(
            tmp_path / "a" / "full" / f"full_{what}_qa.tsv", sep="\t", dtype=str, keep_default_na=False
        )
        parquet = pd.read_parquet(tmp_path / "a" / "full" / f"full_{what}_qa.parquet")
        told = parquet.astype(object).where(parquet.notna(), "")
        told = told.map(lambda value: str(int(value)) if isinstance(value, float) else str(value))
        assert told.equals(text.astype(object)) or (told.values == text.values).all()


def test_texts_with_tabs_and_quotes_survive_the_table(tmp_path):
    frame = look_alike(60)
    path = write_csv(frame, tmp_path / "wvs.csv")
    (tmp_path / "codebook.json").write_text(json.dumps({"Q260": {"choices": {"1": 'a "man"\there', "2": "woman"}}}))
    read = prepare(path, read_metadata(tmp_path / "codebook.json"))
    write_tables(read, {"full": np.arange(len(read))}, tmp_path, ("tsv",))
    with (tmp_path / "full" / "full_demographic_qa.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert {row["Q260"] for row in rows} >= {'a "man"\there', "woman"}


def test_examples_and_samples_are_written_equal_each_time(dataset, tmp_path):
    places = published_splits(len(dataset))["valid"]
    for name in ("a.parquet", "b.parquet", "a.tsv", "b.tsv"):
        write_examples(dataset, places, tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert len(table) == count(dataset, places) == len((tmp_path / "a.tsv").read_text().splitlines()) - 1
    design = ProbeDesign(by=("settlement",))
    write_sample(sample_probe(dataset, design), design, tmp_path / "samples.tsv")
    head, first = (tmp_path / "samples.tsv").read_text().splitlines()[:2]
    assert head == "Question\tQuestion Category\tUrban / Rural\tD_INTERVIEW"
    assert first.startswith("Q1\tSocial Values, Norms, Stereotypes\tUrban\t")
    with pytest.raises(DocumentError, match=r"\.parquet or \.tsv"):
        write_examples(dataset, places, tmp_path / "a.csv")


WHERE = "worldvaluessurvey.org"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.drop(columns=["Q33", "Q275"]), "2 of 282 columns are missing: Q33, Q275"),
        (lambda f: f.drop(columns=["B_COUNTRY", *(f"Q{n}" for n in range(172, 223))]),
         r"52 of 282 columns are missing: B_COUNTRY, Q172-Q222\."),
        (lambda f: f.set_axis([f"V{n}" for n in range(f.shape[1])], axis=1),
         "none of the columns is there; it begins with V0"),
        (lambda f: f.assign(A_WAVE=6), "respondents of wave 6, not 7"),
        (lambda f: f.head(0), "no respondents"),
        (lambda f: f.assign(Q7="yes"), "Q7: row 1 has 'yes', which is no answer"),
        (lambda f: f.assign(D_INTERVIEW="x"), "D_INTERVIEW: row 1 has 'x', which is no number of a respondent"),
    ],
)  # fmt: skip
def test_a_wrong_file_says_what_is_wrong(tmp_path, spoil, message):
    with pytest.raises(DocumentError, match=message):
        prepare(write_csv(spoil(look_alike(20)), tmp_path / "wrong.csv"))


def test_an_unreadable_file_says_why_and_where_to_get_another(tmp_path):
    good = write_csv(look_alike(20), tmp_path / "good.csv").read_bytes()
    files = {
        "torn.csv": (good[:-400], r"torn.csv:21: \d+ values for \d+ columns; the file is torn or cut off there"),
        "pipes.csv": (good.replace(b",", b"|"), "its first line is one column, 'version|doi"),
        "latin.csv": (good.replace(b"XXX", "Åland".encode("latin-1")).replace(b"5-0-0", b"\xe9"), "no UTF-8 text"),
        "utf16.csv": (good.decode().encode("utf-16"), "no UTF-8 text"),
        "empty.csv": (b"", "no table"),
        "wvs.xlsx": (b"PK", "are not read; unpack or choose"),
        "wvs.sav": (b"no sav", "cannot be read as .sav"),
    }
    for name, (body, message) in files.items():
        (tmp_path / name).write_bytes(body)
        with pytest.raises(DocumentError, match=message) as caught:
            prepare(tmp_path / name)
        assert WHERE in str(caught.value) or name == "wvs.xlsx"
    with pytest.raises(DocumentError, match="no such file"):
        prepare(tmp_path / "nowhere.csv")


def test_metadata_of_other_questions_is_refused(tmp_path, folder):
    read = read_metadata(folder)
    assert read.wordings["Q1"].startswith("On a scale of 1 to 4") and read.label("H_URBRURAL", 2) == "Rural"
    other = question_metadata()
    other["Q1"] = {**other["Q1"], "answer_scale_max": 5}
    (tmp_path / "a.json").write_text(json.dumps(other))
    (tmp_path / "b.json").write_text(json.dumps({"Q1": other["Q1"]}))
    (tmp_path / "c.json").write_text("[1]")
    (tmp_path / "d.json").write_text("{")
    (tmp_path / "e.json").write_text('{"Q1": 3}')
    told = {"a.json": "Q1 goes from 1 to 5 there, in WorldValuesBench from 1 to 4", "b.json": "questions are missing",
            "c.json": "expected an object", "d.json": "not valid JSON", "e.json": "neither question_metadata",
            "f.json": "no such file", ".": "holds neither"}  # fmt: skip
    for name, message in told.items():
        with pytest.raises(DocumentError, match=message):
            read_metadata(tmp_path / name)


PUBLISHED = SHARED / "data" / "wvb"
needs_files = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published files are not at hand")


@needs_files
def test_the_published_metadata_words_the_probe_and_labels_the_columns(tmp_path):
    read = read_metadata(PUBLISHED)
    probe = json.loads((PUBLISHED / "value_questions.json").read_text())
    assert {question: read.wordings[question] for question in PROBE} == probe
    assert read.label("B_COUNTRY", 276) == "Germany" and read.label("Q275", 7) == "Master or equivalent (ISCED 7)"
    dataset = prepare(write_csv(look_alike(100), tmp_path / "wvs.csv"), read)
    assert set(texts(dataset, "H_URBRURAL")) <= {"Urban", "Rural", "No answer; Missing", "Not asked", "-1", "-2"}


@needs_files
def test_a_sample_is_written_as_the_published_one_byte_for_byte(tmp_path):
    published = (PUBLISHED / "samples.tsv").read_bytes()
    with (PUBLISHED / "samples.tsv").open(newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    sample = [Sampled(row[0], tuple(row[2:5]), int(row[5])) for row in rows]
    write_sample(sample, ProbeDesign(), tmp_path / "samples.tsv")
    assert (tmp_path / "samples.tsv").read_bytes() == published
    # 36 questions x 46 cells x 5 people, 230 rows a question, 120 of them urban, 4,860 people.
    assert len(sample) == 36 * 46 * 5 == 8280 and len({one.person for one in sample}) == 4860
    for question in PROBE:
        settlements = [one.levels[1] for one in sample if one.question == question]
        assert (settlements.count("Urban"), settlements.count("Rural")) == (120, 110)
