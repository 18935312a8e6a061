"""Answers of the World Values Survey's respondents, from the user's own file of wave 7, as statements."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demoscope.columns import Column, whole_number
from demoscope.errors import DocumentError
from surveys.formats.wvs.continents import continent_of
from surveys.formats.wvs.reading import read_survey
from surveys.formats.wvs.wave7 import COUNTRY, PERSON
from surveys.statements.known import KnownAnswers, known_answers
from surveys.statements.published import DemographicQuestion
from surveys.statements.sets import StatementSets

CONTINENT = "B_COUNTRY_to_continent"
"""What the published metadata call the continent of a respondent's country."""

RELIGION = "Q289"


def read_wvs_answers(
    path: Path,
    sets: StatementSets,
    demographics: Sequence[DemographicQuestion] = (),
    *,
    duplicates: Literal["keep_first", "drop_all"] = "keep_first",
) -> KnownAnswers:
    """Respondents of the survey's file (CSV, SPSS or Stata) and their answers.

    Parameters
    ----------
    sets : StatementSets
        Statements whose questions are called as the columns of the file, such as the published ones.
    demographics : sequence of DemographicQuestion
        Demographic questions to keep; the attributes of the result are called as these.
    duplicates : {"keep_first", "drop_all"}
        What becomes of an identifier that stands on several rows: IndieValueCatalog keeps the first.

    Raises
    ------
    DocumentError
        If it is another file, or an answer is no number.
    """
    columns = tuple(dict.fromkeys(one.column for one in demographics))
    raw = read_survey(path, tuple(dict.fromkeys((PERSON, COUNTRY, *columns, *sets.questions))))
    ids = raw.columns[PERSON].read(whole_number, f"{raw.source}, {PERSON}", "number of a respondent")
    people = np.array(ids, np.int64)[raw.columns[PERSON].positions]
    _, first, rows = np.unique(people, return_index=True, return_counts=True)
    kept = np.sort(first if duplicates == "keep_first" else first[rows == 1])
    left = len(people) - len(kept)
    notes = [f"{left:,} rows were left out: their identifiers stand on several."] if left else []
    if not len(kept):
        raise DocumentError(f"{path}: nobody is left; every identifier stands on several rows.")
    texts = {
        one.id: _continents(raw.columns[COUNTRY]) if one.id == CONTINENT else raw.columns[one.column]
        for one in demographics
    }
    return known_answers(
        str(path),
        [str(person) for person in people[kept].tolist()],
        sets,
        {question: _taken(raw.columns[question], kept) for question in sets.questions},
        {name: _taken(column, kept) for name, column in texts.items()},
        notes,
    )


def valid_demographics(known: KnownAnswers, demographics: Sequence[DemographicQuestion]) -> NDArray[np.int64]:
    """(n_people,) number of these demographic questions whose answer is known and listed."""
    counts = np.zeros(len(known), np.int64)
    for one in demographics:
        column = known.attributes[one.id]
        listed = [_listed(text, one) for text in column.texts]
        counts += np.array(listed, np.int64)[column.positions]
    return counts


def _listed(text: str, question: DemographicQuestion) -> bool:
    if question.id == CONTINENT:
        return bool(text)
    return text.lstrip("-").isdigit() and int(text) in question.answers


def _continents(countries: Column) -> Column:
    names = [(continent_of(int(text)) or "") if text.isdigit() else "" for text in countries.texts]
    return Column.of(names, countries.positions)


def _taken(column: Column, rows: NDArray[np.int64]) -> Column:
    return Column.of(column.texts, column.positions[rows])
