"""Four people, their groups and a model that answered for them, for tests of the evaluation."""

import pandas as pd

from analysis.worldvaluesbench.demographics import read_demographics
from analysis.worldvaluesbench.evaluation import evaluate
from analysis.worldvaluesbench.people import read_humans
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.scores import read_scores, write_scores

PEOPLE = [101, 102, 103, 104]
PLAIN = Rules(draws=0)
HUMAN = {"Q1": [1, 1, 2, 4], "Q122": [0, 2, 2, None], "Q165": [1, 2, 1, 2]}


def rows(**scores):
    return [(q, str(p), str(s)) for q, values in scores.items() for p, s in zip(PEOPLE, values, strict=True)]


def written(tmp_path):
    """A folder with a reference of four people, a sample that tells their groups, and a model's scores."""
    table = pd.DataFrame({"D_INTERVIEW": PEOPLE, **HUMAN}).astype("Int64")
    table.to_csv(tmp_path / "people.tsv", sep="\t", index=False)
    groups = {
        "Continent": ["Asia", "Asia", "Europe", "Europe"],
        "Urban / Rural": ["Urban", "Rural", "Urban", "Rural"],
    }
    sample = pd.DataFrame({"Question": "Q1", "D_INTERVIEW": PEOPLE, **groups})
    sample.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    write_scores(tmp_path / "model.tsv", rows(Q1=[1, 1, 1, 1], Q122=[3, 0, "", "none"], Q165=["1.0", 2, 1, 2]))
    return tmp_path


def found(files, *names, rules=PLAIN, by=()):
    systems = [read_scores(files / name) for name in names or ("model.tsv",)]
    demographics = read_demographics(by, files / "samples.tsv", None) if by else None
    return evaluate(systems, read_humans(files / "people.tsv"), rules, demographics)
