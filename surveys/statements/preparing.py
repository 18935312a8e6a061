"""IndieValueCatalog from the user's own files: who is held out, their answers, and a wave that asks about them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from demoscope.errors import DocumentError
from surveys.formats.own_yaml import as_yaml
from surveys.formats.wvs.population import SOURCE, population_of_rows
from surveys.formats.wvs.wave7 import PERSON
from surveys.option import Option
from surveys.question import Question
from surveys.questionnaire import Questionnaire
from surveys.statement_templates import StatementTemplate
from surveys.statements.known import KnownAnswers
from surveys.statements.published import PUBLISHED, DemographicQuestion, read_demographics, read_published
from surveys.statements.sets import MISSING, StatementSets
from surveys.statements.splits import HELD_OUT, balanced_people, probe_setups
from surveys.statements.wvs import CONTINENT, RELIGION, read_wvs_answers, valid_demographics

WAVE = """\
# IndieValueCatalog: from 200 statements of each of these people to the targets of three setups, in both forms.
# Put your own model in the place of the scripted one; docs/individual_values.md tells the rest.
name: ivc
seed: {seed}
questionnaire: questionnaire.yaml
population: population.yaml
known_answers: {{file: people.csv, row: {row}, restricted: true}}
respondents: {people}
models:
  - name: scripted
    backend: scripted
    settings: {{public: uniform}}
conditions:
  - name: ivc
    protocol: ivc
    across: {{target_form: [polar, refined], demonstrations: [200], setup: [1, 2, 3]}}
    settings: {{asked: together}}
"""

EVERYBODY = """\
# Everybody whose answers are known, for `demoscope ivc baselines` and `demoscope ivc export-training`.
published: {metadata}
known_answers: {{file: {survey}, restricted: true}}
"""


class Prepared(NamedTuple):
    """What was written."""

    respondents: int
    """People of the survey's file."""
    held_out: int
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    """What a reader must know."""


def prepare_individual(
    survey: Path, metadata: Path, out: Path, *, people: int = HELD_OUT, seed: int = 0, least_valid: int = 239
) -> Prepared:
    """Write the held-out people, the questionnaire with its statements, and a wave, into a folder.

    Parameters
    ----------
    survey : Path
        The survey's file of wave 7: CSV, SPSS or Stata.
    metadata : Path
        Folder with the published metadata of IndieValueCatalog.
    out : Path
        Folder to write; files of the same names are replaced.
    people : int
        People to hold out, by the published rule.
    seed : int
        Seed of the draws.
    least_valid : int
        Questions whose answers must be known of somebody who is held out.

    Raises
    ------
    DocumentError
        If a file cannot be read or written, or too few people meet the conditions.
    """
    sets, demographics = read_published(metadata), read_demographics(metadata)
    known = read_wvs_answers(survey, sets, demographics)
    probes = [question for targets in probe_setups(sets.categories).values() for question in targets]
    missing = [name for name in (CONTINENT, RELIGION) if name not in known.attributes]
    if missing:
        raise DocumentError(f"{metadata}: there is no demographic record {missing[0]}; see {PUBLISHED}.")
    rows = balanced_people(
        known,
        probes,
        continents=known.attributes[CONTINENT],
        religions=known.attributes[RELIGION],
        demographics=valid_demographics(known, demographics),
        seed=seed,
        size=people,
        least_valid=least_valid,
    )
    held = known.take(rows)
    texts = {
        "questionnaire.yaml": as_yaml(_questionnaire(sets)),
        "population.yaml": _population(held, demographics),
        "wave.yaml": WAVE.format(seed=seed, row=PERSON, people=len(held)),
        "everybody.yaml": EVERYBODY.format(metadata=_path(metadata), survey=_path(survey)),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
        with (out / "people.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(_table(held, demographics))
    except OSError as error:
        raise DocumentError(f"{out}: cannot be written to ({error.strerror or error}).") from None
    files = tuple(out / name for name in (*texts, "people.csv"))
    return Prepared(len(known), len(held), files, known.notes)


def _path(path: Path) -> str:
    return yaml.safe_dump(str(path.resolve()), default_style='"', width=10_000).strip()


def _questionnaire(sets: StatementSets) -> Questionnaire:
    """The survey's questions with the published statements."""
    return Questionnaire(
        id="indievalue",
        title="Value questions of IndieValueCatalog",
        source=SOURCE,
        questions=tuple(_question(sets, question) for question in sets.questions),
        statements=tuple(
            StatementTemplate(
                questions={question: ""},
                refined={_key(one.codes): one.text for one in sets.of(question, "refined").statements},
                polar={_key(one.codes): one.text for one in sets.of(question, "polar").statements},
            )
            for question in sets.questions
        ),
    )


def _key(codes: Sequence[int]) -> str:
    return ", ".join(map(str, codes))


def _question(sets: StatementSets, question: str) -> Question:
    refined = sets.of(question, "refined")
    text, topic = " ".join(refined.wording.split()) or question, refined.category
    codes = [code for one in refined.statements for code in one.codes]
    if len(codes) == len(refined):
        options = tuple(Option(code=one.codes[0], label=one.text) for one in refined.statements)
        return Question(id=question, text=text, topic=topic, options=options)
    return Question(id=question, text=text, topic=topic, kind="scale", minimum=min(codes), maximum=max(codes))


def _population(held: KnownAnswers, demographics: Sequence[DemographicQuestion]) -> str:
    """The held-out people as a population: every row once, attributes named as the survey names its questions."""
    levels = {one.id: _levels(held, one) for one in demographics}
    told = {name: some for name, some in levels.items() if some}
    document = population_of_rows("ivc_people", "Respondents held out for IndieValueCatalog", told)
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def _levels(held: KnownAnswers, question: DemographicQuestion) -> Mapping[str, str]:
    """Codes of a demographic question that somebody has, with their words."""
    column = held.attributes[question.id]
    there = [column.texts[place] for place in np.unique(column.positions).tolist()]
    if question.id == CONTINENT:
        return {text: text for text in there if text}
    codes = sorted({int(text) for text in there if text.lstrip("-").isdigit()} & set(question.answers))
    return {str(code): question.answers[code] for code in codes}


def _table(held: KnownAnswers, demographics: Sequence[DemographicQuestion]) -> list[list[str]]:
    """A row a person: demographic codes that are listed, and a code for the statement of every question."""
    columns = [_demographic(held, one) for one in demographics]
    columns += [_answers(held, question) for question in held.sets.questions]
    head = [PERSON, *(one.id for one in demographics), *held.sets.questions]
    return [head, *(list(row) for row in zip(held.people, *columns, strict=True))]


def _demographic(held: KnownAnswers, question: DemographicQuestion) -> list[str]:
    column, listed = held.attributes[question.id], _levels(held, question)
    words = [str(int(text)) if text.lstrip("-").isdigit() else text for text in column.texts]
    return [words[place] if words[place] in listed else "" for place in column.positions.tolist()]


def _answers(held: KnownAnswers, question: str) -> list[str]:
    """For everybody a code that means the statement in both forms; empty where the answer is not known."""
    at = held.sets.questions.index(question)
    refined, polar = held.sets.of(question, "refined"), held.sets.of(question, "polar")
    codes: dict[tuple[int, int], str] = {(MISSING, MISSING): ""}
    for number, one in enumerate(refined.statements, start=1):
        for code in one.codes:
            codes.setdefault((number, polar.number_of(code) or MISSING), str(code))
    pairs = zip(held.numbers["refined"][:, at].tolist(), held.numbers["polar"][:, at].tolist(), strict=True)
    return [codes[pair] for pair in pairs]
