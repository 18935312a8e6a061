"""Any human data by a mapping: what matches is counted with its weight, what does not is told."""

import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

import run_simulation
import simulator
from demoscope.errors import DocumentError
from surveys import load_questionnaire, load_reference
from surveys.load import load_mapping

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NONVOTERS = Path(__file__).resolve().parents[2] / "shared" / "data" / "nonvoters" / "fte_nonvoters_2020_items.csv"

QUESTIONNAIRE = {
    "id": "tiny",
    "title": "Tiny",
    "questions": [
        {"id": "a", "text": "A?", "options": [{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}]},
        {"id": "b", "text": "B?", "kind": "scale", "minimum": 0, "maximum": 2},
        {"id": "c", "text": "C?", "options": [{"code": 1, "label": "No"}, {"code": 2, "label": "Yes"}]},
        {"id": "d", "text": "D?", "kind": "text"},
    ],
}
MAPPING = {
    "id": "made_up",
    "title": "A made-up survey",
    "year": 2020,
    "source": "Invented for this test.",
    "questionnaire": "tiny",
    "data": "people.csv",
    "weight": "w",
    "only": {"wave": [7]},
    "missing": {"ranges": [[-9, -1]]},
    "questions": {"a": {"column": "V1", "codes": {"no": 1, "yes": 2}, "missing": {"values": ["dk"]}}},
    "groups": {
        "sex": {"attribute": "sex", "column": "gender", "codes": {1: "male", 2: "female"}},
        "age_group": {"attribute": "age", "column": "age", "bands": {"young": [18, 39], "old": [40, 99]}},
    },
}
PEOPLE = pd.DataFrame(
    {
        "V1": ["no", "yes", "yes", "dk", "yes", "no"],
        "b": [0, 1, 2, -9, None, 2],
        "gender": [1, 2, 2, 1, 2, 1],
        "age": [20, 30, 50, 60, -1, 70],
        "w": [1.0, 2.0, 0.5, 1.0, 1.5, 0.0],
        "wave": [7, 7, 7, 7, 7, 7],
    }
)


@pytest.fixture
def files(tmp_path):
    def write(people: pd.DataFrame = PEOPLE, **changed: object) -> Path:
        (tmp_path / "questions.yaml").write_text(yaml.safe_dump(QUESTIONNAIRE))
        path = tmp_path / "mapping.yaml"
        path.write_text(yaml.safe_dump({**MAPPING, **changed}, sort_keys=False))
        people.to_csv(tmp_path / "people.csv", index=False)
        return path

    return write


def counts(path: Path) -> dict[tuple[object, ...], float]:
    """Weighted people by question, sex, age group and code."""
    asked = load_questionnaire(str(path.parent / "questions.yaml"))
    found = load_reference(str(path), questionnaire=asked)
    return {(c.question, *dict(c.groups).values(), c.code): c.count for c in found.counts}


def test_people_are_counted_with_their_weights_by_question_group_and_option(files):
    # The sixth has weight 0 and is left out; the fourth said dk; the fifth has no known age and no answer to b.
    assert counts(files()) == {
        ("a", "male", "young", 1): 1.0,
        ("a", "female", "young", 2): 2.0,
        ("a", "female", "old", 2): 0.5,
        ("a", "male", "old", None): 1.0,
        ("a", "female", "", 2): 1.5,
        ("b", "male", "young", 0): 1.0,
        ("b", "female", "young", 1): 2.0,
        ("b", "female", "old", 2): 0.5,
        ("b", "male", "old", None): 1.0,
        ("b", "female", "", None): 1.5,
    }


def test_the_check_tells_matches_missing_weights_and_what_is_not_there(files):
    checked = load_mapping(files()).check()
    assert (checked.rows, checked.counted, checked.weighted) == (6, 5, 6.0)
    assert checked.effective == pytest.approx(36 / (1 + 4 + 0.25 + 1 + 2.25))  # Kish: (sum w)^2 / sum w^2
    a, b = checked.questions
    assert (a.matched, a.missing, a.unmatched) == ({"1 No": 1, "2 Yes": 3}, 1, {})
    assert (b.column, list(b.matched.values()), b.missing) == ("b", [1, 1, 1], 2)
    sex, age = checked.groups
    assert sex.matched == {"male": 2, "female": 3}
    assert (age.matched, age.missing) == ({"young": 2, "old": 2}, 1)
    assert checked.not_in_file == ("c",)
    assert checked.not_countable == ("d",)
    assert checked.clean


@pytest.mark.parametrize(
    ("column", "value", "name"), [("V1", "maybe", "a"), ("b", 7, "b"), ("gender", 3, "sex"), ("age", 17, "age_group")]
)
def test_a_value_that_fits_nothing_is_told_and_never_dropped(files, column, value, name):
    people = PEOPLE.copy()
    people[column] = people[column].astype(object)
    people.loc[1, column] = value
    path = files(people)
    checked = load_mapping(path).check()
    assert not checked.clean
    assert {one.name: one.unmatched for one in (*checked.questions, *checked.groups) if one.unmatched} == {
        name: {str(value): 1}
    }
    with pytest.raises(DocumentError, match=f"'{value}' \\(1 rows\\)"):
        counts(path)
    done = CliRunner().invoke(run_simulation.app, ["reference", "check", str(path)])
    assert done.exit_code == 2
    assert f"! '{value}' 1" in done.output


def test_only_the_rows_that_are_wanted_are_looked_at(files):
    people = PEOPLE.copy()
    people.loc[0, ["wave", "V1"]] = [6, "never heard of"]
    checked = load_mapping(files(people)).check()
    assert checked.counted == 4
    assert checked.clean


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "sav", "dta"])
def test_every_kind_of_file_gives_the_same_counts(files, tmp_path, ending):
    expected = counts(files())
    people = PEOPLE.copy()
    out = tmp_path / f"people.{ending}"
    if ending == "csv":
        people.to_csv(out, index=False)
    elif ending == "tsv":
        people.to_csv(out, index=False, sep="\t")
    elif ending == "parquet":
        people.to_parquet(out)
    else:
        import pyreadstat

        write = pyreadstat.write_sav if ending == "sav" else pyreadstat.write_dta
        write(people, str(out))
    assert counts(files(data=out.name)) == expected


def test_what_spss_declares_as_missing_is_missing(files, tmp_path):
    import pyreadstat

    people = PEOPLE.assign(b=[0.0, 1.0, 2.0, 8.0, 9.0, 2.0])
    pyreadstat.write_sav(people, str(tmp_path / "p.sav"), missing_ranges={"b": [{"lo": 8, "hi": 9}]})
    assert counts(files(data="p.sav")) == counts(files())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"data": "none.csv"}, "no such file"),
        ({"data": "people.xlsx"}, "no such file"),
        ({"weight": "W"}, "did you mean 'w'"),
        ({"questions": {"a": "V9"}}, "no column 'V9'"),
        ({"questions": {"z": "V1"}}, "'z', a question that 'tiny' lacks"),
        ({"questions": {"d": "V1"}}, "no single choice"),
        ({"only": {"wave": [5]}}, "no row is left"),
        ({"weight": "b"}, "weights are numbers of at least 0"),
        ({"missing": {"ranges": [[-1, -9]]}}, "turn it round"),
        ({"questionnaire": "other"}, "other"),
        ({"questions": {"a": {"column": "V1", "codes": {"no": 5}, "missing": {"values": ["dk", "yes"]}}}}, "'no'"),
    ],
)
def test_mistakes_are_told(files, changed, told):
    path = files(**changed)
    with pytest.raises(DocumentError, match=told):
        counts(path)


def test_a_wave_is_compared_with_the_people_of_a_file(files, tmp_path):
    path = files(groups={})
    (tmp_path / "w.yaml").write_text(
        yaml.safe_dump(
            {
                **{"name": "w", "seed": 1, "questionnaire": "questions.yaml", "population": "us_adults_2018"},
                **{"respondents": 6, "reference": path.name, "execution": {"executor": "local"}},
                **{"models": [{"name": "m", "backend": "scripted"}], "conditions": [{"name": "def"}]},
            }
        )
    )
    import analysis

    store = simulator.launch(tmp_path / "w.yaml", tmp_path / "w.sqlite", progress=lambda _: None)
    with analysis.open_results(store) as results:
        summary = analysis.summarise(results)
    yes = summary.shares().query("question == 'a' and label == 'Yes'")["human"].item()
    assert yes == pytest.approx(4.0 / 5.0)  # 2 + 0.5 + 1.5 of these and 1 who said no
    assert summary.reference is not None
    assert summary.reference.weighted


def test_a_document_of_counts_is_no_mapping_and_says_so():
    path = Path(load_mapping.__globals__["LIBRARY"]) / "gss_spending_2018.yaml"
    with pytest.raises(DocumentError, match="maps no survey's file"):
        load_mapping(path)


def test_the_gss_mapping_reads_the_survey_as_the_library_counted_it(tmp_path):
    # The extract in the codes of the survey's own file, with equal weights: the counts of the library come out again.
    from scripts.build_gss import SPENDING, respondents

    frame = pd.DataFrame(respondents())
    survey = pd.DataFrame({name: 2 - frame[name] for name in SPENDING})
    survey["polviews"] = frame["polviews"]
    survey["sex"] = 1 + frame["sex"]
    survey["age"], survey["degree"], survey["wtssall"] = frame["age"], frame["degree"], 1.0
    survey.to_stata(tmp_path / "GSS2018.dta", write_index=False)
    mapping = EXAMPLES / "references" / "gss_2018.yaml"
    found = load_mapping(mapping, data=tmp_path / "GSS2018.dta").counts()
    library = load_reference("gss_spending_2018")

    def by_group(counted):
        total = Counter()
        for count in counted.counts:
            total[count.question, tuple(sorted(count.groups)), count.code] += count.count
        return total

    assert by_group(found) == by_group(library)
    assert found.reference.groups.keys() == library.reference.groups.keys()


@pytest.mark.parametrize("name", ["gss_2018", "anes_2020", "ces_2020", "wvs_wave7"])
def test_ready_mappings_name_questions_and_levels_that_exist(name, tmp_path):
    path = EXAMPLES / "references" / f"{name}.yaml"
    mapping = yaml.safe_load(path.read_text())
    columns = {"polviews": [1], **{f"Q{n}": [1] for n in range(1, 7)}, mapping["weight"]: [1.0]}
    columns |= {column: [values[0]] for column, values in mapping.get("only", {}).items()}
    columns |= {q["column"]: [1] for q in mapping.get("questions", {}).values()}
    columns |= {group["column"]: [40 if "bands" in group else 1] for group in mapping["groups"].values()}
    pd.DataFrame(columns).to_csv(tmp_path / "one.csv", index=False)
    checked = load_mapping(path, data=tmp_path / "one.csv").check()
    assert checked.clean
    assert checked.questions
    population = simulator.load_wave(EXAMPLES / "quickstart.yaml").population
    for group, one in zip(mapping["groups"].values(), checked.groups, strict=True):
        levels = population.attributes[group["attribute"]].levels
        assert "bands" in group or set(one.matched) <= set(levels)


@pytest.mark.skipif(not NONVOTERS.exists(), reason="the survey's file is not here")
def test_the_nonvoters_are_read_from_their_own_file():
    path = EXAMPLES / "nonvoters" / "reference.yaml"
    done = CliRunner().invoke(
        run_simulation.app, ["reference", "check", str(path), "--data", str(NONVOTERS), "--json"]
    )
    assert done.exit_code == 0
    checked = json.loads(done.output)
    assert (checked["rows"], checked["counted"], len(checked["questions"])) == (5836, 5836, 46)
    frame = pd.read_csv(NONVOTERS)
    found = load_mapping(path, data=NONVOTERS).counts()
    mine = Counter()
    for count in found.counts:
        if count.question == "Q5" and dict(count.groups)["sex"] == "female":
            mine[count.code] += count.count
    women = frame[frame["gender"] == "Female"]
    assert mine[1] == pytest.approx(women.loc[women["Q5"] == 1, "weight"].sum())
    assert mine[None] == pytest.approx(women.loc[women["Q5"] == -1, "weight"].sum())
    assert sum(mine.values()) == pytest.approx(women["weight"].sum())
