"""A made-up survey of two countries with known truth: from its file to what `compare` says of each culture."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

import run_simulation
from analysis.compare import compare_stores
from analysis.def_data import cell_data, people_by_group
from analysis.def_rules import def_rules
from analysis.reading import open_results
from analysis.summary import summarise
from demoscope.errors import DocumentError
from simulator.loading import load_wave
from simulator.run import run_wave
from simulator.store import Store
from surveys import load_questionnaire, load_reference
from surveys.load import load_mapping
from surveys.reference_writing import write_reference

PEOPLE, ASKED = 4000, 150
SHARES = {
    "USA": {"q1": (0.1, 0.2, 0.3, 0.4), "q2": (0.4, 0.3, 0.2, 0.1)},
    "CHN": {"q1": (0.4, 0.4, 0.1, 0.1), "q2": (0.25, 0.25, 0.25, 0.25)},
}
"""What is true of each country; both models draw from the first country's, whatever they are asked as."""
MAPPING = {
    **{"id": "people", "title": "Made up", "year": 2020, "source": "Made for this test", "questionnaire": "two"},
    **{"data": "survey.csv", "missing": {"ranges": [[-9, -1]]}, "questions": {"q1": "Q1", "q2": "Q2"}},
    "groups": {
        "country": {"attribute": "country", "column": "B_COUNTRY_ALPHA"},
        "sex": {"attribute": "sex", "column": "Q260", "codes": {1: "male", 2: "female"}},
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The survey's file as the World Values Survey has it, a questionnaire, and the mapping of one to the other."""
    folder = tmp_path_factory.mktemp("two")
    rng = np.random.default_rng(1)
    lines = ["B_COUNTRY_ALPHA,Q260,Q1,Q2"]
    for country, shares in SHARES.items():
        answers = np.column_stack([rng.choice([1, 2, 3, 4], PEOPLE, p=shares[q]) for q in ("q1", "q2")])
        answers[:40] = -1  # "don't know"
        sexes = rng.integers(1, 3, PEOPLE)
        lines += [f"{country},{sex},{a},{b}" for sex, (a, b) in zip(sexes.tolist(), answers.tolist(), strict=True)]
    (folder / "survey.csv").write_text("\n".join(lines) + "\n")
    options = [{"code": code, "label": label} for code, label in enumerate(("never", "rarely", "often", "always"), 1)]
    questions = [
        {"id": name, "text": text, "dimension": dimension, "options": [*map(dict, options)]}
        for name, text, dimension in (("q1", "Do you help?", "IDV"), ("q2", "Do you save?", "LTO"))
    ]
    (folder / "two.yaml").write_text(yaml.safe_dump({"id": "two", "title": "Two", "questions": questions}))
    (folder / "mapping.yaml").write_text(yaml.safe_dump(MAPPING))
    return folder


def command(*arguments: object) -> Result:
    return CliRunner().invoke(run_simulation.app, ["reference", *map(str, arguments)])


def counted(folder: Path) -> dict[tuple[str, str, int | None], float]:
    found: dict[tuple[str, str, int | None], float] = {}
    for each in load_reference("people.yaml", folder).counts:
        key = (dict(each.groups)["country"], each.question, each.code)
        found[key] = found.get(key, 0) + each.count
    return found


def test_a_surveys_file_becomes_a_reference_and_each_culture_is_compared_with_its_own_people(folder):
    made = command("count", folder / "mapping.yaml", "-o", folder / "people.yaml")
    assert made.exit_code == 0, made.output
    assert "2 questions, 8,000 people" in made.output
    found = counted(folder)
    assert sum(found.values()) == 2 * 2 * PEOPLE
    assert found["USA", "q1", None] == 40
    for country, shares in SHARES.items():
        for name in ("q1", "q2"):
            counts = np.array([found[country, name, code] for code in (1, 2, 3, 4)])
            assert counts / counts.sum() == pytest.approx(shares[name], abs=0.03)
    mapped = load_reference("mapping.yaml", folder, load_questionnaire("two.yaml", folder))
    assert load_reference("people.yaml", folder).digest == mapped.digest  # a wave may name either
    compared(folder)


def planted(places: dict[str, str]) -> dict[str, object]:
    """A scripted model that answers in each place with the truth of a country."""
    shares = [
        {"question": name, "when": place, "shares": dict(zip((1, 2, 3, 4), SHARES[country][name], strict=True))}
        for place, country in places.items()
        for name in ("q1", "q2")
    ]
    return {"public": "planted", "planted": shares}


def compared(folder: Path) -> None:
    """A model that knows both countries is near each; one that knows one is as far from the other as it is true."""
    wave = {
        **{"name": "w", "seed": 4, "questionnaire": "two.yaml", "population": "us_adults_2018"},
        **{"reference": "people.yaml", "respondents": ASKED, "execution": {"executor": "local"}},
        "models": [
            {"name": name, "backend": "scripted", "settings": planted(places)}
            for name, places in (
                ("both", {"United States": "USA", "China": "CHN"}),
                ("one", {"United States": "USA", "China": "USA"}),
            )
        ],
        "conditions": [
            {"name": "us", "settings": {"culture": "USA", "memory": False}},
            {"name": "cn", "population": "cn_adults_2020", "settings": {"culture": "CHN", "memory": False}},
        ],
    }
    (folder / "w.yaml").write_text(yaml.safe_dump(wave))
    with Store(folder / "w.sqlite") as store:
        run_wave(load_wave(folder / "w.yaml"), store, now=lambda: "now")
    found = {row.name: row for row in compare_stores([folder / "w.sqlite"], def_rules(), draws=100).rows}
    for name in ("us/both", "cn/both", "us/one"):
        kl, js = found[name].kl, found[name].js_debiased
        assert kl is not None
        assert kl.value < 0.05
        assert js is not None
        assert (js.low or 0) <= 0.02
    p, q = (np.array([SHARES[country][name] for name in ("q1", "q2")]) for country in ("USA", "CHN"))
    far = found["cn/one"].kl
    assert far is not None
    assert far.value == pytest.approx(float((p * np.log(p / q)).sum(axis=1).mean()), abs=0.12)
    assert list(found["us/both"].dimensions) == ["IDV", "LTO"]
    with open_results(folder / "w.sqlite") as results:
        summary = summarise(results, draws=20)
        data = cell_data(results, results.cells[-1])
        _, by_sex = people_by_group(results, data, "sex")
    assert data.human is not None
    assert by_sex.sum(axis=0).tolist() == data.human.tolist()  # of the cell's country alone
    for cell in summary.cells:
        assert [grouping.name for grouping in cell.groupings] == ["sex"]
        assert cell.averages is not None


def test_weights_count_and_are_told(folder, tmp_path):
    (tmp_path / "few.csv").write_text("B_COUNTRY_ALPHA,Q260,Q1,Q2,W\nUSA,1.0,2,3,0.5\nUSA,2,2,-2,1.25\nCHN,,9,4,1\n")
    mapping = {**MAPPING, "data": "few.csv", "weight": "W", "restricted": True}
    mapping["questions"] = {"q1": {"column": "Q1", "missing": {"values": [9]}}, "q2": "Q2"}
    (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(mapping))
    made = command(
        *("count", tmp_path / "mapping.yaml", "-o", tmp_path / "people.yaml"),
        *("--questionnaire", folder / "two.yaml"),
    )
    assert made.exit_code == 0, made.output
    assert "The source is restricted" in made.output
    assert counted(tmp_path) == {
        ("USA", "q1", 2): 1.75,
        ("CHN", "q1", None): 1,
        ("USA", "q2", 3): 0.5,
        ("USA", "q2", None): 1.25,
        ("CHN", "q2", 4): 1,
    }
    reference = load_reference("people.yaml", tmp_path).reference
    assert reference.weighted
    assert reference.restricted
    assert reference.culture == "country"


@pytest.mark.parametrize("name", ["people.yaml", "people.csv"])
def test_nothing_is_written_over(folder, tmp_path, name):
    (tmp_path / name).write_text("mine\n")
    counted = load_mapping(folder / "mapping.yaml").counts()
    with pytest.raises(DocumentError, match="is there already"):
        write_reference(counted, tmp_path / "people.yaml")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with pytest.raises(DocumentError, match=r"ends in \.yaml"):
        write_reference(counted, tmp_path / "people.csv")
