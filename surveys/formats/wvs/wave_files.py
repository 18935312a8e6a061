"""A wave over respondents of the survey: questionnaire, people, who is asked what, and the wave itself, as files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from surveys.formats.wvs.dataset import Dataset
from surveys.formats.wvs.metadata import CODEBOOK, PUBLISHED, QUESTIONS
from surveys.formats.wvs.population import SOURCE, population_of_rows
from surveys.formats.wvs.probe import GROUPS, ProbeDesign, Sampled, group_names
from surveys.formats.wvs.wave7 import COUNTRY, DEMOGRAPHICS, EDUCATION, PERSON, SCALES, SETTLEMENT
from surveys.question import Question
from surveys.questionnaire import Questionnaire

ATTRIBUTES = (COUNTRY, SETTLEMENT, EDUCATION)
"""Columns that the published prompts tell."""

WAVE = """\
# WorldValuesBench: every pair of assignments.csv is asked with and without what is known of the person.
# Put your own model in the place of the scripted one; docs/worldvaluesbench.md tells the rest.
name: wvb
seed: 0
questionnaire: questionnaire.yaml
population: population.yaml
assignments: assignments.csv
respondents: {people}
models:
  - name: scripted
    backend: scripted
    settings: {{public: uniform}}
conditions:
  - name: with_demographics
    protocol: wvb
    settings: {{variant: vicuna}}
  - name: without
    protocol: wvb
    settings: {{variant: vicuna, attributes: []}}
"""


BESIDE = "wave.new.yaml"
"""How the wave is called when another one, which the user has changed, stands in its place."""


def questionnaire_of(dataset: Dataset, questions: Sequence[str]) -> Questionnaire:
    """Value questions as the published metadata word them, each on its scale after recoding.

    Raises
    ------
    DocumentError
        If their wordings were not given.
    """
    unworded = [question for question in questions if question not in dataset.metadata.wordings]
    if unworded:
        raise DocumentError(
            f"The wording of {unworded[0]} is not known; give {QUESTIONS} of WorldValuesBench (`--metadata`), "
            f"published at {PUBLISHED}."
        )
    return Questionnaire(
        id="worldvaluesbench",
        title="Value questions of WorldValuesBench",
        source=SOURCE,
        questions=tuple(
            Question(
                id=question,
                text=dataset.metadata.wordings[question],
                kind="scale",
                minimum=SCALES[question].minimum,
                maximum=SCALES[question].maximum,
                topic=SCALES[question].category,
            )
            for question in questions
        ),
    )


def population_of(
    dataset: Dataset, places: NDArray[np.int64], attributes: Sequence[str], design: ProbeDesign
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Document of a population whose people are respondents, and the columns of its file of rows.

    Parameters
    ----------
    places : numpy.ndarray, shape (n,)
        Places of the respondents in the data set, in the order of the rows.
    attributes : sequence of str
        Demographic columns that prompts may tell.

    Raises
    ------
    DocumentError
        If an attribute is no demographic column, or its labels were not given.
    """
    columns: dict[str, list[str]] = {PERSON: [str(person) for person in dataset.people[places].tolist()]}
    levels: dict[str, dict[str, str]] = {}
    for name in attributes:
        if name not in DEMOGRAPHICS:
            raise DocumentError(f"There is no demographic column {name!r}; there are {', '.join(DEMOGRAPHICS)}.")
        columns[name], levels[name] = _column(dataset, name, places)
    for name in (name for name in design.by if name in GROUPS):
        found = group_names(dataset, name, design.education_map)[places].tolist()
        columns[name] = [one or "" for one in found]
        levels[name] = {one: one for one in dict.fromkeys(found) if one}
    document = population_of_rows("wvs_respondents", "Respondents of the World Values Survey, wave 7", levels)
    phrases = [_phrase(dataset.metadata.wordings, name) for name in attributes]
    return {**document, "phrases": phrases}, columns


def write_wave(
    dataset: Dataset,
    sample: Sequence[Sampled],
    design: ProbeDesign,
    folder: Path,
    attributes: Sequence[str] = ATTRIBUTES,
) -> list[str]:
    """Write ``questionnaire.yaml``, ``population.yaml``, ``people.csv``, ``assignments.csv`` and ``wave.yaml``.

    A ``wave.yaml`` that somebody has changed stays; the new one then stands beside it as :data:`BESIDE`.

    Returns
    -------
    list of str
        What a reader must know: that the wave stayed.

    Raises
    ------
    DocumentError
        If wordings or labels are lacking, or a file cannot be written.
    """
    people = np.array(list(dict.fromkeys(one.person for one in sample)), np.int64)
    order = np.argsort(dataset.people)
    places = order[np.searchsorted(dataset.people[order], people)]
    asked = [question for question in SCALES if question in {one.question for one in sample}]
    questionnaire = questionnaire_of(dataset, asked).model_dump(mode="json", exclude_defaults=True)
    population, columns = population_of(dataset, places, attributes, design)
    pairs = [("QUESTION_ID", "PARTICIPANT_ID"), *((one.question, str(one.person)) for one in sample)]
    rows = [tuple(columns), *zip(*columns.values(), strict=True)]
    texts = {
        "questionnaire.yaml": _yaml(questionnaire),
        "population.yaml": _yaml(population),
        "people.csv": _csv(rows),
        "assignments.csv": _csv(pairs),
    }
    wave, beside = folder / "wave.yaml", folder / BESIDE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        changed = wave.exists() and not _untouched(wave.read_bytes())
        (beside if changed else wave).write_text(WAVE.format(people=len(people)), encoding="utf-8", newline="\n")
        if not changed:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise DocumentError(f"{folder}: cannot be written to ({error.strerror or error}).") from None
    if not changed:
        return []
    return [
        f"{wave} was changed since it was written, and stays as it is; the one for this sample is {beside}. People "
        f"and pairs are those of this sample: set `respondents: {len(people)}`."
    ]


def _untouched(wave: bytes) -> bool:
    """Whether a wave is as it is written here, for however many people."""
    before, _, after = WAVE.partition("{people}")
    pattern = re.escape(before.format()) + "[0-9]+" + re.escape(after.format())
    return re.fullmatch(pattern.encode(), wave.replace(b"\r\n", b"\n")) is not None


def _column(dataset: Dataset, name: str, places: NDArray[np.int64]) -> tuple[list[str], dict[str, str]]:
    """Codes of a demographic column, empty where nothing is known, and the label of each code."""
    raw = dataset.demographics[name]
    codes = ["" if text.startswith("-") else text for text in raw.texts]
    labels = {
        code: (dataset.metadata.label(name, int(code)) if code.isdigit() else None) or code for code in codes if code
    }
    found = [codes[place] for place in raw.positions[places].tolist()]
    if name in ATTRIBUTES and not dataset.metadata.labels.get(name):
        raise DocumentError(
            f"The labels of {name} are not known; give {CODEBOOK} of WorldValuesBench (`--metadata`), published at "
            f"{PUBLISHED}, or take the SPSS or Stata file, which brings them."
        )
    there = dict.fromkeys(sorted(set(found) - {""}, key=lambda code: (len(code), code)))
    return found, {code: labels[code] for code in there}


def _phrase(wordings: Mapping[str, str], name: str) -> dict[str, Any]:
    asked = wordings.get(name, name)
    plain = asked.replace("{", "(").replace("}", ")")
    return {"tells": [name], "text": f"asked {plain!r} you said {{{{ {name} }}}}", "asked": asked}


def _yaml(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    return "".join(",".join(map(_cell, row)) + "\n" for row in rows)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r') else text
