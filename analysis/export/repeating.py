"""A stored wave as the documents that launch it again: the wave, its questionnaire, its population, its reference."""

import json
from collections.abc import Iterable
from typing import Any

import yaml

from analysis.export.spreadsheet_text import csv_text
from analysis.reading import Results
from personas.population import LIBRARY

KEPT = ("name", "seed", "salt", "respondents", "store_prompts", "min_valid")
"""What a wave says of itself in its own words."""


def wave_document(config: dict[str, Any], population: dict[str, Any], *, has_reference: bool) -> dict[str, Any]:
    """The wave as a document beside ``questionnaire.yaml``, ``reference.yaml`` and the file of its population, where
    the library does not have it.

    Parameters
    ----------
    config : dict
        ``waves.config`` of the store.
    population : dict
        ``waves.population`` of the store.
    has_reference : bool
        Whether it is compared with people.
    """
    kept: dict[str, Any] = {name: config[name] for name in KEPT if name in config}
    beside = {"questionnaire": "questionnaire.yaml", "population": _named(population)}
    beside |= {"reference": "reference.yaml"} if has_reference else {}
    conditions = []
    for name, condition in config.get("conditions", {}).items():
        settings = {key: value for key, value in condition.get("settings", {}).items() if value is not None}
        written = {"name": name, **condition, "settings": settings}
        if isinstance(written.get("population"), dict):
            written["population"] = _named(written["population"])
        conditions.append(written)
    return {**kept, **beside, "models": list(config.get("models", {}).values()), "conditions": conditions}


def documents(results: Results) -> dict[str, str]:
    """Everything that launches the wave of a store again, by file name.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    config, questionnaire, population, reference = (
        json.loads(text or "null")
        for text in results.rows("SELECT config, questionnaire, population, reference FROM waves")[0]
    )
    made = {
        "wave.yaml": _yaml(wave_document(config, population, has_reference=reference is not None)),
        "questionnaire.yaml": _yaml(questionnaire),
    }
    name = _named(population)
    made[name if name.endswith(".yaml") else f"{name}.yaml"] = _yaml(population.get("document", population))
    for name, rows in (population.get("tables") or {}).items():
        made[name] = _table(rows)
    if reference is not None:
        made["reference.yaml"] = _yaml({**reference, "table": "reference.csv"})
        made["reference.csv"] = csv_text(*_counts(results, list(reference.get("groups", {}))))
    return made


def _named(population: dict[str, Any]) -> str:
    """What a wave calls a population: its name in the library, or a file."""
    name = str(population.get("document", {}).get("id", ""))
    return name if name and (LIBRARY / f"{name}.yaml").is_file() else f"{name or 'population'}.yaml"


def _counts(results: Results, groups: list[str]) -> tuple[list[str], Iterable[tuple[object, ...]]]:
    rows = results.rows(
        """SELECT q.name, c.groups, c.code, c.count FROM reference_counts c JOIN questions q ON q.id = c.question_id
        ORDER BY c.rowid"""
    )
    told = (
        (name, *(json.loads(known).get(group, "") for group in groups), "" if code is None else code, count)
        for name, known, code, count in rows
    )
    return ["question", *groups, "code", "count"], told


def _table(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return csv_text(names, ([row.get(name) for name in names] for row in rows))


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)
