"""Exports, opened again with the tools that they are for: pandas, Arrow, pyreadstat, the DDI reader, SQLite."""

import csv
import hashlib
import json
import shutil
import sqlite3
import stat
import subprocess
import zipfile
from contextlib import closing
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest
from packaging.requirements import Requirement

from analysis.export.installed import requirements
from analysis.export.writing import export
from analysis.reading import open_results
from demoscope.errors import DocumentError, StoreError
from surveys.formats.conversion import convert
from tests.hostile import HOSTILE, hostile_store
from tests.results import MadeUp, split_public
from tests.stores import count
from tests.test_cli import demoscope
from tests.test_compare import replied

MISSING = {"a": "refused", "b": "invalid", "c": "failed", "d": "skipped", "e": "not asked"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three people, a question of every kind and every ending."""
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell()
    made.question(1, ["No", "Yes"], nonresponse="Don't know")
    made.question(2, ["Red", "Green", "Blue"], kind="multiple")
    made.question(3, ["Bread", "Salt"], kind="ranking")
    made.question(4, [], kind="number")
    made.question(5, [], kind="text")
    made.people(
        [{"sex": "female", "age": 30}, {"sex": "männlich", "age": 60}, {"sex": "female"}], weights=[1, 1, 2.5]
    )
    made.answers([(1, 1, "answered", [2]), (2, 1, "answered", [99]), (3, 1, "refused", [])], reason="declined")
    made.answers([(1, 2, "answered", [1, 3]), (2, 2, "answered", []), (3, 2, "skipped", [])])
    made.answers([(1, 3, "answered", []), (2, 3, "invalid", []), (3, 3, "failed", [])])
    for code, rank in ((2, 1), (1, 2)):
        made.insert("answer_options", [(1, 3, "text", 0, code, None, rank)])
    made.answers([(1, 4, "answered", []), (2, 4, "answered", []), (1, 5, "answered", []), (2, 5, "answered", [])])
    made.change("UPDATE answers SET value = 12.5 * respondent_id WHERE question_id = 4")
    made.change("UPDATE answers SET text = '=1+1' || respondent_id WHERE question_id = 5")
    replied(made, 1, 1, 1, "Answer: 2", 1)
    made.insert("texts", [("t1", "You are somebody.")])
    made.change("UPDATE exchanges SET prompt = ?", '[["system", "t1"]]')
    return made.path


def test_tidy_rows_are_those_of_the_responses_view(store, tmp_path):
    export(store, tmp_path / "t.parquet")
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    with open_results(store) as results:
        rows = results.rows(
            "SELECT question, respondent_id, status, code, label, rank, value, reason, weight FROM responses"
        )
    names = ["question", "respondent", "status", "code", "label", "rank", "value", "reason", "weight"]
    found = frame[names].astype(object).where(frame[names].notna(), None)
    assert sorted(map(tuple, found.to_numpy().tolist()), key=repr) == sorted(rows, key=repr)
    assert set(frame["synthetic"]) == {"synthetic (demoscope wave made up, w)"}
    assert frame.loc[frame["respondent"] == 2, "person_sex"].unique().tolist() == ["männlich"]
    assert frame["person_age"].dropna().unique().tolist() == [30, 60]


def test_labels_are_dictionary_columns_and_the_file_says_that_it_is_synthetic(store, tmp_path):
    export(store, tmp_path / "t.parquet")
    schema = pq.read_schema(tmp_path / "t.parquet")
    for name in ("cell", "question", "status", "label", "person_sex"):
        assert str(schema.field(name).type).startswith("dictionary"), name
    assert schema.metadata[b"synthetic"] == b"true"
    assert b"not of people" in schema.metadata[b"demoscope"]


def test_csv_says_the_same_and_runs_nothing(store, tmp_path):
    export(store, tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv")
    assert set(frame["open_answer"].dropna()) == {"'=1+11", "'=1+12"}
    assert frame.loc[frame["question"] == "q4", "value"].tolist() == [12.5, 25.0]
    assert len(frame) == len(pq.read_table(_made(store, tmp_path / "t.parquet")))


def _made(store: Path, out: Path, **how: bool) -> Path:
    export(store, out, **how)
    return out


def test_wide_csv_has_a_row_a_respondent_and_nothing_where_nothing_was_answered(store, tmp_path):
    frame = pd.read_csv(_made(store, tmp_path / "w.csv", wide=True))
    assert frame["respondent"].tolist() == [1, 2, 3]
    assert frame["q1"].fillna(-1).tolist() == [2, 99, -1]
    assert frame[["q2_1", "q2_2", "q2_3"]].fillna(-1).to_numpy().tolist() == [[1, 0, 1], [0, 0, 0], [-1, -1, -1]]
    assert frame[["q3_1", "q3_2"]].fillna(-1).to_numpy().tolist() == [[2, 1], [-1, -1], [-1, -1]]
    assert frame["q5"].tolist()[:2] == ["'=1+11", "'=1+12"]
    assert frame["synthetic"].tolist() == [1, 1, 1]
    parquet = pq.read_table(_made(store, tmp_path / "w.parquet", wide=True))
    assert parquet.schema.metadata[b"synthetic"] == b"true"
    assert parquet.to_pandas()["q1"].fillna(-1).tolist() == [2, 99, -1]


def test_spss_keeps_labels_weights_and_why_a_value_is_missing(store, tmp_path):
    path = _made(store, tmp_path / "w.sav")
    valid, about = pyreadstat.read_sav(path)
    assert valid["q1"].fillna(-1).tolist() == [2, -1, -1]  # "don't know" and refused are missing
    assert valid["weight"].tolist() == [1, 1, 2.5]
    every, about = pyreadstat.read_sav(path, user_missing=True)
    labels = about.variable_value_labels["q1"]
    assert [labels[code].partition(":")[0] for code in every["q1"]] == ["Yes", "Don't know", "refused"]
    assert [labels[code].partition(":")[0] for code in every["q3_1"][1:]] == ["invalid", "failed"]
    assert about.column_names_to_labels["q1"] == "What about q1?"
    assert about.column_names_to_labels["q2_1"] == "Red (What about q2?)"
    assert "synthetic" in about.file_label
    assert "not of people" in " ".join(about.notes)
    assert every["person_sex"].tolist()[1] == "männlich"


def test_stata_keeps_labels_and_extended_missing_values(store, tmp_path):
    path = _made(store, tmp_path / "w.dta")
    valid, about = pyreadstat.read_dta(path)
    assert valid["q1"].fillna(-1).tolist() == [2, -1, -1]
    every, about = pyreadstat.read_dta(path, user_missing=True)
    assert every["q1"].tolist() == [2, "f", "a"]
    labels = about.variable_value_labels["q1"]
    assert (labels[2], labels["f"]) == ("Yes", "Don't know (code 99)")
    assert {
        letter: labels[letter].partition(":")[0].partition(" by ")[0].partition(",")[0] for letter in MISSING
    } == MISSING
    assert "synthetic" in about.file_label
    assert pd.read_stata(path, convert_categoricals=False)["q4"].fillna(-1).tolist() == [12.5, 25.0, -1]


HAVEN = """
args <- commandArgs(TRUE)
bare <- function(x) as.vector(unclass(x))
label_of <- function(x, code) names(attr(x, "labels"))[which(bare(attr(x, "labels")) == code)]
tagged <- function(x, tag) names(attr(x, "labels"))[which(haven::na_tag(attr(x, "labels")) == tag)]
same <- function(found, wanted) if (!identical(found, wanted)) stop(deparse(found), " is not ", deparse(wanted))
sav <- haven::read_sav(args[1], user_na = TRUE)
same(bare(sav$q1), c(2, 99, -91))
same(is.na(sav$q1), c(FALSE, TRUE, TRUE))
same(attr(sav$q1, "na_values"), 99)
same(attr(sav$q1, "na_range"), c(-95, -91))
same(label_of(sav$q1, 2), "Yes")
same(label_of(sav$q1, 99), "Don't know")
same(label_of(sav$q1, -91), "refused: the model declined")
same(bare(sav$q2_1), c(1, 0, -94))
same(label_of(sav$q2_1, -94), "skipped by routing")
same(attr(sav$q2_1, "label"), "Red (What about q2?)")
same(bare(sav$q3_1), c(2, -92, -93))
same(bare(sav$q4), c(12.5, 25, -95))
same(bare(sav$weight), c(1, 1, 2.5))
same(attr(sav$q1, "format.spss"), "F8.0")
same(bare(sav$person_sex)[2], "m\\u00e4nnlich")
same(attr(sav, "label"), "synthetic (demoscope wave made up, w)")
same(grepl("not of people", paste(attr(sav, "notes"), collapse = " ")), TRUE)
same(is.na(haven::read_sav(args[1])$q1), c(FALSE, TRUE, TRUE))
dta <- haven::read_dta(args[2])
same(bare(dta$q1)[1], 2)
same(haven::na_tag(dta$q1), c(NA, "f", "a"))
same(label_of(dta$q1, 2), "Yes")
same(tagged(dta$q1, "a"), "refused: the model declined")
same(tagged(dta$q1, "f"), "Don't know (code 99)")
same(haven::na_tag(dta$q2_1), c(NA, NA, "d"))
same(haven::na_tag(dta$q3_1), c(NA, "b", "c"))
same(attr(dta$q1, "label"), "What about q1?")
same(bare(dta$weight), c(1, 1, 2.5))
same(bare(dta$person_sex)[2], "m\\u00e4nnlich")
same(attr(dta, "label"), "synthetic (demoscope wave made up, w)")
"""
"""What R must see of the store above: answers, labels, why values are missing, weights, umlauts, the mark."""


@pytest.mark.real
def test_r_reads_labels_weights_and_missing_codes(store, tmp_path):
    r = shutil.which("Rscript")
    if r is None or subprocess.run([r, "-e", "library(haven)"], capture_output=True).returncode:
        pytest.skip("needs R with the package haven: apt-get install r-base-core r-cran-haven")
    (tmp_path / "haven.R").write_text(HAVEN)
    files = [str(_made(store, tmp_path / name)) for name in ("w.sav", "w.dta")]
    done = subprocess.run([r, str(tmp_path / "haven.R"), *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_missing_codes_are_nobodys_answer(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell()
    made.question(4, [], kind="number")
    made.people([{"sex": "female"}] * 2)
    made.answers([(1, 4, "answered", []), (2, 4, "refused", [])])
    made.change("UPDATE answers SET value = -93 WHERE status = 'answered'")
    frame, _ = pyreadstat.read_sav(_made(made.path, tmp_path / "w.sav"), user_missing=True)
    assert frame["q4"].tolist() == [-93, -191]
    assert pyreadstat.read_sav(tmp_path / "w.sav")[0]["q4"].fillna(0).tolist() == [-93, 0]


def test_chats_are_messages_with_the_reply_last(store, tmp_path):
    (line,) = _made(store, tmp_path / "c.jsonl").read_text().splitlines()
    chat = json.loads(line)
    assert chat["messages"] == [
        {"role": "system", "content": "You are somebody."},
        {"role": "assistant", "content": "Answer: 2"},
    ]
    assert (chat["synthetic"], chat["question"], chat["status"]) == (True, "q1", "answered")


def test_chats_of_hashed_prompts_are_refused_with_a_way_out(store, tmp_path):
    with closing(sqlite3.connect(store)) as db, db:
        db.execute("DELETE FROM texts")
    with pytest.raises(DocumentError, match="store_prompts: hash"):
        export(store, tmp_path / "c.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["m.sqlite"]


def test_the_codebook_is_read_by_the_ddi_reader_and_marks_synthetic_data(store, tmp_path):
    path = _made(store, tmp_path / "c.xml")
    text = path.read_text()
    assert "<dataKind>Synthetic data" in text
    assert 'wgt="wgt"' in text
    read = convert(path, tmp_path / "read.yaml")
    assert read.questions > 5
    assert "Don't know" in (tmp_path / "read.yaml").read_text()


def test_the_bundle_launches_the_same_wave_again(wave_file, tmp_path):
    wave = wave_file(("respondents: 6", "respondents: 2"))
    store = tmp_path / "s.sqlite"
    assert demoscope("run", wave, "--store", store).returncode == 0
    export(store, tmp_path / "b.zip")
    folder = tmp_path / "again"
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        bundle.extractall(folder)
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "synthetic" in (folder / "README.txt").read_text().lower()
    continued = demoscope("run", folder / "wave.yaml", "--store", folder / "store.sqlite")
    assert continued.returncode == 0, continued.stderr
    assert f"continuing after {count(store, 'SELECT count(*) FROM answers')} saved answers" in " ".join(
        continued.stderr.split()
    )
    first = (tmp_path / "b.zip").read_bytes()
    export(store, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == first


def test_the_bundle_locks_every_installed_package(store, tmp_path):
    export(store, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        lines = bundle.read("requirements.txt").decode().splitlines()
    locked = [Requirement(line) for line in lines if not line.startswith("#")]
    told = {line.removeprefix("# ").split("==")[0] for line in lines if line.startswith("#") and "==" in line}
    installed = {each.metadata["Name"]: each.version for each in distributions() if each.metadata["Name"]}
    assert {each.name for each in locked} | told == set(installed)
    assert all(str(each.specifier) == f"=={installed[each.name]}" for each in locked)
    assert f"numpy=={np.__version__}" in lines


def test_a_lock_says_where_it_differs_from_what_the_wave_ran_with(tmp_path):
    for name, files in {"a_b": {}, "mine": {"direct_url.json": '{"url": "file:///somewhere"}'}}.items():
        folder = tmp_path / f"{name}-2.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
        for file, content in files.items():
            (folder / file).write_text(content)
    lines = requirements({"A-b": "1.0", "mine": "2.0"}, distributions(path=[str(tmp_path)])).splitlines()
    assert lines[2:] == [
        "# The wave ran with a_b 1.0, not with the 2.0 below.",
        "a_b==2.0",
        "# mine==2.0, installed from its source",
    ]


@pytest.fixture
def restricted(store: Path) -> Path:
    """The same, with rows of a restricted source."""
    with closing(sqlite3.connect(store)) as db, db:
        db.execute('UPDATE waves SET restricted = 1, population = \'{"rows": ["a whispered row"]}\'')
        db.execute("UPDATE personas SET source_row = 'whispered ' || id, country = 'Secretland'")
        db.execute("UPDATE respondents SET portrait = 'a whispered portrait'")
        db.execute("UPDATE texts SET body = 'a whispered prompt'")
        db.execute("INSERT INTO known_answers VALUES (1, 1, 2)")
        db.execute("INSERT INTO demonstrations VALUES (1, 1, 'answer', 1, 1, 1, 'a whispered statement')")
        db.execute('INSERT INTO reference_counts VALUES (1, \'{"sex": "whispered"}\', 1, 3)')
    return store


SECRETS = (b"whispered", b"Secretland", b"m\xc3\xa4nnlich", "männlich".encode("utf-16-le"))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "w.sav", "w.dta", "c.jsonl", "c.xml", "b.zip"])
def test_restricted_rows_leave_as_hashes_alone(restricted, tmp_path, name):
    told = export(restricted, tmp_path / name)
    assert "restricted rows are hashed" in told
    contents = [(tmp_path / name).read_bytes()]
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name) as bundle:
            contents = [bundle.read(each) for each in bundle.namelist()]
            assert not [each for each in bundle.namelist() if each.startswith(("reference", "population"))]
    for content in contents:
        for secret in SECRETS[:3]:
            assert secret not in content, secret
    export(restricted, tmp_path / name, with_restricted=True)
    if name == "t.csv":
        assert SECRETS[2] in (tmp_path / name).read_bytes()


def test_hashes_are_the_same_every_time_and_the_key_is_the_owners_alone(restricted, tmp_path):
    one, other = (pd.read_csv(_made(restricted, tmp_path / f"{n}.csv"))["person_hash"].tolist() for n in "ab")
    assert one == other
    assert len(set(one)) == 3
    key = Path(f"{restricted}.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    shutil.copy(restricted, tmp_path / "copy.sqlite")
    elsewhere = pd.read_csv(_made(tmp_path / "copy.sqlite", tmp_path / "c.csv"))["person_hash"].tolist()
    assert not set(one) & set(elsewhere)  # another key


def test_hostile_texts_survive_every_export_and_stay_text(tmp_path):
    made = hostile_store(tmp_path / "h.sqlite")
    made.insert("texts", [("t", HOSTILE[9])])
    for name in ("t.csv", "t.parquet", "w.sav", "w.dta", "c.xml", "b.zip"):
        export(made.path, tmp_path / name)
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "+"))]
    labels: Any = pq.read_table(tmp_path / "t.parquet").to_pandas()["label"]
    assert HOSTILE[6] in set(labels.astype(str))  # data for programs stay as they are
    frame, _ = pyreadstat.read_sav(tmp_path / "w.sav", user_missing=True)
    assert len(set(frame.columns)) == len(frame.columns)


def test_repeats_are_rows_of_their_own(tmp_path):
    made = split_public(tmp_path / "m.sqlite")
    made.answers([(1, 1, "answered", [1])], replicate=1)
    frame = pd.read_csv(_made(made.path, tmp_path / "w.csv", wide=True))
    assert frame[frame["respondent"] == 1][["replicate", "q1"]].to_numpy().tolist() == [[0, 3], [1, 1]]
    assert len(frame) == 40
    assert np.isnan(frame[frame["respondent"] == 2]["q1"].tolist()[1])


def test_an_empty_store_has_empty_exports(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    for name in ("t.csv", "t.parquet", "w.csv", "c.jsonl", "c.xml"):
        export(made.path, tmp_path / name)
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 0


def test_mistakes_are_told(store, tmp_path):
    with pytest.raises(DocumentError, match=r"exports end in \.csv, \.dta"):
        export(store, tmp_path / "x.doc")
    with pytest.raises(DocumentError, match="create it first"):
        export(store, tmp_path / "no" / "x.csv")
    with pytest.raises(StoreError, match="no such store"):
        export(tmp_path / "absent.sqlite", tmp_path / "x.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DocumentError, match="cannot be written"):
        export(store, tmp_path / "folder.csv")
    shutil.copy(store, tmp_path / "s.csv")
    with pytest.raises(DocumentError, match="the store itself"):
        export(tmp_path / "s.csv", tmp_path / "s.csv")
    done = demoscope("export", store, "-o", tmp_path / "t.csv")
    assert done.returncode == 0
    assert "tidy rows" in done.stderr
