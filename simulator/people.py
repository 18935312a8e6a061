"""The people of a wave: who is asked in which cell, and their rows in its store.

A new store numbers respondents in one order: chunk by chunk, population by population, person by person, cell by
cell. A store that grows goes on behind what it holds. A shard's store holds its own people only, under the numbers
that a new store of everybody would give them, so that shards can be put together.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from demoscope.errors import StoreError
from personas import Persona
from simulator.records import Row
from simulator.respondent import Respondent
from simulator.shards import Shard
from simulator.wave import Cell, LoadedWave

CHUNK = 5_000
"""People drawn at a time."""

BLOCK = 100_000_000
"""Persona ids kept for each population: person ``n`` of the ``k``-th, both from 0, is ``k * BLOCK + n + 1``."""


def number_of(persona_id: int) -> int:
    """Number of a person in its population, from 0, by its id in the store.

    >>> number_of(17), number_of(200_000_017)
    (16, 16)
    """
    return (persona_id - 1) % BLOCK


def persona_respondents(
    loaded: LoadedWave, cells: dict[str, int], start: int, stop: int
) -> Iterator[tuple[Cell, int, Persona, Respondent]]:
    """Every respondent of the people ``start`` to ``stop - 1``: cell, cell id, persona, respondent."""
    for cell, cell_id, persona in _asked(loaded, cells, start, stop):
        yield cell, cell_id, persona, make_respondent(loaded, cell, persona)


def _asked(
    loaded: LoadedWave, cells: Mapping[str, int], start: int, stop: int
) -> Iterator[tuple[Cell, int, Persona]]:
    """Who is asked in which cell, in the order in which a new store numbers them."""
    for name, population in loaded.populations.items():
        asked = [cell for cell in loaded.cells if cell.population.id == name]
        last = min(stop, max((cell.respondents for cell in asked), default=0))
        if start >= last:
            continue
        for persona in population.people(start, last, loaded.wave.seed):
            for cell in asked:
                if persona.number < cell.respondents:
                    yield cell, cells[cell.name], persona


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


def write_people(connection: sqlite3.Connection, loaded: LoadedWave, cells: dict[str, int], shard: Shard) -> None:
    """Write the people of a shard who are not in the store yet.

    Raises
    ------
    StoreError
        If the store holds a share of the people and would have to number them anew.
    """
    if all(_own(connection, cells[cell.name], shard) >= shard.size(cell.respondents) for cell in loaded.cells):
        return
    rows, last = connection.execute("SELECT count(*), coalesce(max(id), 0) FROM respondents").fetchone()
    without_gaps = rows == last  # then it holds everybody so far
    if without_gaps and (rows or shard.whole):
        _write_everybody(connection, loaded, cells)
    else:
        _write_share(connection, loaded, cells, shard)


def _own(connection: sqlite3.Connection, cell_id: int, shard: Shard) -> int:
    """Respondents of a cell that are in the store and belong to the shard."""
    return int(
        connection.execute(
            "SELECT count(*) FROM respondents WHERE cell_id = ? AND (persona_id - 1) % ? % ? = ?",
            (cell_id, BLOCK, shard.of, shard.number - 1),
        ).fetchone()[0]
    )


def _write_share(connection: sqlite3.Connection, loaded: LoadedWave, cells: dict[str, int], shard: Shard) -> None:
    """Number everybody as a new store would, and write who of the shard is missing."""
    firsts = {name: block * BLOCK + 1 for block, name in enumerate(loaded.populations)}
    next_id = 1
    for start in range(0, max(cell.respondents for cell in loaded.cells), CHUNK):
        there = {
            (cells[cell.name], persona_id): respondent_id
            for cell in loaded.cells
            for persona_id, respondent_id in connection.execute(
                "SELECT persona_id, id FROM respondents WHERE cell_id = ? AND persona_id BETWEEN ? AND ?",
                (
                    cells[cell.name],
                    firsts[cell.population.id] + start,
                    firsts[cell.population.id] + start + CHUNK - 1,
                ),
            )
        }
        personas: dict[int, Row] = {}
        respondents: list[Row] = []
        for cell, cell_id, persona in _asked(loaded, cells, start, start + CHUNK):
            if shard.has(persona.number):
                persona_id = firsts[cell.population.id] + persona.number
                known = there.get((cell_id, persona_id))
                if known not in (None, next_id):
                    raise _renumbered()
                if known is None:
                    personas[persona_id] = _persona_row(persona_id, persona)
                    row = _respondent_row(make_respondent(loaded, cell, persona))
                    respondents.append((next_id, cell_id, persona_id, *row))
            next_id += 1
        try:
            _insert(connection, loaded, personas, respondents)
        except sqlite3.IntegrityError:
            raise _renumbered() from None


def _renumbered() -> StoreError:
    return StoreError(
        "The store holds a share of the people, whom the wave as it is now would number anew. Take the change back, "
        "finish the shares, `merge` them and run the merged store once; it can grow then."
    )


def _write_everybody(connection: sqlite3.Connection, loaded: LoadedWave, cells: dict[str, int]) -> None:
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
        _insert(connection, loaded, personas, respondents)


def _insert(
    connection: sqlite3.Connection, loaded: LoadedWave, personas: Mapping[int, Row], respondents: list[Row]
) -> None:
    """Write people and what is known of them; a person may be there already, asked in another cell."""
    unless_there = "ON CONFLICT DO NOTHING"
    people = list(personas.values())
    connection.executemany(f"INSERT INTO personas VALUES (?, ?, ?, ?, ?, ?, ?) {unless_there}", people)
    connection.executemany("INSERT INTO respondents VALUES (?, ?, ?, ?, ?, ?)", respondents)
    if loaded.known is not None:
        rows = ((persona_id, row[-1]) for persona_id, row in personas.items())
        connection.executemany(
            f"INSERT INTO known_answers VALUES (?, ?, ?) {unless_there}", _known_rows(loaded, rows)
        )


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


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
