"""The facts that WorldValuesBench is made of agree with the specification and, where they lie at hand, its files."""

import csv
import json
from collections import Counter

import pytest

from surveys.formats.wvs.continents import continent_of
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, ORDINAL_DEMOGRAPHICS, PROBE, RECODES, SCALES, education_levels
from tests.conftest import SHARED

WVB = SHARED / "data" / "wvb"
needs_files = pytest.mark.skipif(not WVB.is_dir(), reason="the published files are not at hand")


def published(name):
    return json.loads((WVB / name).read_text(encoding="utf-8"))


def test_there_are_239_value_and_42_demographic_questions():
    # SPEC 1.1: (1,4)x91, (1,10)x50, (1,2)x36, (1,5)x21, (1,3)x20, (0,2)x19, (1,7)x1, (1,8)x1.
    kinds = Counter((scale.minimum, scale.maximum) for scale in SCALES.values())
    assert kinds == {(1, 4): 91, (1, 10): 50, (1, 2): 36, (1, 5): 21, (1, 3): 20, (0, 2): 19, (1, 7): 1, (1, 8): 1}
    assert (len(SCALES), len(DEMOGRAPHICS), len(PROBE)) == (239, 42, 36)
    absent = {"Q42", "Q105", "Q223"} | {f"Q{n}" for n in (*range(82, 94), *range(152, 158))}
    assert {f"Q{n}" for n in range(1, 260)} - absent | {"Q234A"} == set(SCALES)


@needs_files
def test_ids_ranges_categories_and_their_order_are_those_of_the_published_metadata():
    metadata = published("question_metadata.json")
    values = {name: about for name, about in metadata.items() if about["use_case"] == "value"}
    assert list(SCALES) == list(values)
    for name, scale in SCALES.items():
        about = values[name]
        assert tuple(scale) == (about["answer_scale_min"], about["answer_scale_max"], about["category"])
    rest = [name for name, about in metadata.items() if about["use_case"] == "demographic"]
    assert list(DEMOGRAPHICS) == [name for name in rest if name != "D_INTERVIEW"]
    ordinal = {name for name in DEMOGRAPHICS if metadata[name]["answer_data_type"] == "ordinal"}
    assert set(ORDINAL_DEMOGRAPHICS) == ordinal
    assert list(PROBE) == list(published("value_questions.json"))


@needs_files
def test_recodes_are_those_of_the_published_adjustment():
    written = {
        question: {str(old): "" if new is None else str(new) for old, new in recode.items()}
        for question, recode in RECODES.items()
    }
    assert written == published("answer_adjustment.json")


@needs_files
def test_education_levels_are_those_of_the_published_table_but_for_the_one_it_misspells():
    codebook = published("codebook.json")["Q275"]["choices"]
    with (WVB / "education2level.csv").open(encoding="utf-8") as file:
        table = {row["Education"]: row["Level"] for row in csv.DictReader(file)}
    joined = {code: table.get(codebook[str(code)]) for code in range(9)}
    assert joined.pop(7) is None
    assert joined == dict(education_levels("code"))
    assert education_levels()[7] == "Tertiary"


@needs_files
def test_continents_are_those_of_the_published_table():
    codebook = published("codebook.json")["B_COUNTRY"]["choices"]
    with (WVB / "country2continent.csv").open(encoding="utf-8") as file:
        table = {row["Country"]: row["Continent"] for row in csv.DictReader(file)}
    for code, name in codebook.items():
        if name in table:
            assert continent_of(int(code)) == table[name], name


@needs_files
def test_the_people_of_the_published_probe_live_on_the_continents_that_their_ids_say():
    # An identifier is the country's number, the wave (07) and a serial number.
    with (WVB / "samples.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            assert continent_of(int(row["D_INTERVIEW"][:-6])) == row["Continent"]


def test_a_number_that_is_no_country_has_no_continent():
    assert continent_of(-4) is None and continent_of(999) is None
