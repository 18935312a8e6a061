"""People with known answers, named by a document: the wave itself, or one with as few keys as this needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, model_validator

from demoscope.documents import Document, build, read_document
from demoscope.errors import DocumentError
from surveys import load_questionnaire
from surveys.statements import (
    KnownAnswers,
    read_demographics,
    read_known_answers,
    read_published,
    read_wvs_answers,
    statement_sets,
)
from surveys.statements.published import DemographicQuestion


class AnswersTable(Document):
    """Where the answers stand: a table with a person a row, or the file of the World Values Survey."""

    file: str
    """CSV, TSV or Parquet (with `published` also SPSS and Stata), relative to the document."""
    row: str | None = None
    """Column that identifies a person; not with `published`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Question -> column, where it is called otherwise."""
    restricted: bool = False
    """Whether the file forbids passing its rows on; only averages are shown here in any case."""


class PeopleDocument(Document):
    """What is read of a document; a wave has further keys, which do not matter here."""

    questionnaire: str | None = None
    """Questionnaire whose answers become statements: a name of the library, or a path."""
    published: str | None = None
    """Folder with the statements that IndieValueCatalog publishes; `known_answers.file` is then the survey's own."""
    known_answers: AnswersTable
    population: str | None = None
    """Population of these people, which says who they are: a name of the library, or a path."""

    @model_validator(mode="after")
    def _one_survey(self) -> "PeopleDocument":
        if (self.questionnaire is None) == (self.published is None):
            raise ValueError("name either a `questionnaire` or a folder of `published` statements")
        if (self.known_answers.row is None) != (self.published is not None):
            raise ValueError("known_answers: a table needs `row`, the survey's own file has its own")
        return self


class People(NamedTuple):
    """Everybody whose answers are known."""

    known: KnownAnswers
    demographics: tuple[DemographicQuestion, ...]
    """Demographic questions of the survey's own file; none of a table."""
    population: str | None
    """Population that says who they are, where the document names one."""


def read_people(path: Path, attributes: Sequence[str] = ()) -> People:
    """People with their answers as statements, from the document that names them.

    Parameters
    ----------
    attributes : sequence of str
        Columns of a table to keep, by which people can be grouped; the survey's own file has its demographic columns.

    Raises
    ------
    DocumentError
        If the document or what it names cannot be read.
    """
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise DocumentError(
            f"{path}: people are named by a YAML document: the wave, or one with `questionnaire` and `known_answers` "
            "(`file`, `row`)."
        )
    content, lines = read_document(path)
    used = {key: content[key] for key in PeopleDocument.model_fields if key in content}
    named = build(PeopleDocument, used, str(path), lines)
    table = named.known_answers
    file = path.parent / Path(table.file).expanduser()
    if named.published is not None:
        folder = path.parent / named.published
        demographics = read_demographics(folder)
        return People(read_wvs_answers(file, read_published(folder), demographics), demographics, named.population)
    sets = statement_sets(load_questionnaire(str(named.questionnaire), path.parent))
    known = read_known_answers(file, sets, row=str(table.row), columns=table.columns, attributes=attributes)
    return People(known, (), named.population)
