"""Predictions from the store of a wave that asked by ``protocol: ivc``."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.individual.predictions import UNANSWERED, Condition, Item, Predictions
from analysis.individual.told import Told
from demoscope.errors import DocumentError
from demoscope.store_file import read_only

_CELLS = """
SELECT c.id, c.name, m.name, c.settings, c.profile, c.language, c.culture, c.variant
FROM cells c JOIN models m ON m.id = c.model_id WHERE c.protocol = 'ivc' ORDER BY c.id
"""
_QUESTIONS = """
SELECT q.id, q.name, q.section, coalesce(q.dimension, q.topic, 'other'), count(o.code)
FROM questions q JOIN options o ON o.question_id = q.id GROUP BY q.id
"""
_ANSWERS = """
SELECT r.persona_id, coalesce(p.source_row, p.id), a.question_id, a.status, o.code, k.code, r.id
FROM respondents r
JOIN personas p ON p.id = r.persona_id
JOIN answers a ON a.respondent_id = r.id AND a.replicate = 0 AND a.status <> 'skipped'
LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate)
LEFT JOIN known_answers k ON k.persona_id = r.persona_id AND k.question_id = a.question_id
WHERE r.cell_id = ? ORDER BY a.question_id, r.persona_id
"""
_TOLD = """
SELECT subject_id, NULL, question_id FROM demonstrations WHERE cell_id = ?
"""  # on record with the first request that tells them; they are told with every target of the setup
_TOLD_BY_TARGET = """
SELECT s.respondent_id, s.question_id, d.question_id
FROM answer_sources s JOIN demonstrations d
ON d.cell_id = s.cell_id AND d.subject_id = s.subject_id AND d.step = 'answer'
AND d.ordinal = iif(s.step = 'again', s.ordinal / 100, s.ordinal)
WHERE s.cell_id = ?
"""  # every target has demonstrations of its own; asked again, it has the same
_PEOPLE = "SELECT coalesce(source_row, id), attributes FROM personas ORDER BY id"

OWN = ("setup", "targets", "target_form", "demonstration_form", "demonstrations", "demographics", "categories")
"""Settings of a cell that a condition has fields for; others tell conditions apart where they vary."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What a store holds: predictions, and who the people are."""

    systems: tuple[Predictions, ...]
    attributes: Mapping[str, Mapping[str, Any]]
    """Person -> what the wave knows of them."""
    bands: Mapping[str, Mapping[str, tuple[float, float]]]
    """Numeric attribute -> the bands that its population names."""


@dataclass(frozen=True)
class _Cell:
    id: int
    name: str
    setup: str
    condition: Condition
    extras: tuple[tuple[str, str], ...]


def read_store(path: Path, told: bool = False) -> Asked:
    """Predictions of every model and condition; the setups of a condition are put together.

    Parameters
    ----------
    told : bool
        Whether to read which statements were told of whom, as baselines need it.

    Raises
    ------
    StoreError
        If the file is no store, or is damaged.
    DocumentError
        If nothing in it was asked by ``protocol: ivc``, or nobody's own answers are known.
    """
    with read_only(path) as db:
        cells = [_cell(*row) for row in db.execute(_CELLS)]
        if not cells:
            raise DocumentError(f"{path}: no condition of this wave asked by `protocol: ivc`.")
        questions = {row[0]: row[1:] for row in db.execute(_QUESTIONS)}
        unfinished = db.execute("SELECT count(*) FROM waves WHERE finished IS NULL").fetchone()[0]
        asked = [(cell, _Rows.read(db, cell, questions, told)) for cell in cells]
        attributes = {str(person): json.loads(known) for person, known in db.execute(_PEOPLE)}
        (population,) = db.execute("SELECT population FROM waves").fetchone()
    note = (f"{path.name}: the wave is not finished; run it to the end.",) if unfinished else ()
    systems = tuple(_merged(group, note) for group in _grouped(asked, path))
    if not any(len(one) for one in systems):
        raise DocumentError(f"{path}: no answers to targets whose true statement is known; run the wave first.")
    return Asked(tuple(one for one in systems if len(one)), attributes, _bands(json.loads(population)))


def _cell(id: int, name: str, model: str, settings: str, *others: str | None) -> _Cell:
    told = json.loads(settings)
    extras = {key: told[key] for key in told if key not in OWN and key != "fallbacks"}
    extras |= dict(zip(("profile", "language", "culture", "variant"), others, strict=True))
    categories = told.get("categories")
    return _Cell(
        id,
        name,
        str(told["setup"]),
        Condition(
            model=model,
            target_form=told["target_form"],
            demonstration_form=told["demonstration_form"],
            demonstrations=tuple(told["demonstrations"]),
            demographics=bool(told["demographics"]),
            categories=tuple(categories) if categories else None,
        ),
        tuple((key, value if isinstance(value, str) else json.dumps(value)) for key, value in sorted(extras.items())),
    )


class _Rows:
    """The answers of one cell."""

    def __init__(self) -> None:
        self.people: list[str] = []
        self.questions: list[tuple[str, str, int]] = []
        self.given: list[int] = []
        self.truth: list[int] = []
        self.told: list[frozenset[str]] = []
        self.unanswered: Counter[str] = Counter()
        self.unknown = 0

    @classmethod
    def read(
        cls, db: sqlite3.Connection, cell: "_Cell", questions: Mapping[int, tuple[str, str, str, int]], told: bool
    ) -> "_Rows":
        """Everything that was answered in a cell, with the truth."""
        found = cls()
        source = {id: _source(name, form) for id, (name, form, _, _) in questions.items()}
        shown: dict[tuple[int, int | None], set[str]] = {}
        by_target = dict(cell.extras).get("exclude") == "target"
        if told:
            for respondent, target, question in db.execute(_TOLD_BY_TARGET if by_target else _TOLD, (cell.id,)):
                shown.setdefault((respondent, target), set()).add(source[question])
        sets: dict[frozenset[str], frozenset[str]] = {}
        for _, person, question, status, code, truth, respondent in db.execute(_ANSWERS, (cell.id,)):
            if truth is None:
                found.unknown += 1
                continue
            _, _, category, size = questions[question]
            found.people.append(str(person))
            found.questions.append((source[question], category, size))
            found.given.append(UNANSWERED if code is None else int(code))
            found.truth.append(int(truth))
            known = frozenset(shown.get((respondent, question if by_target else None), ()))
            found.told.append(sets.setdefault(known, known))
            if code is None:
                found.unanswered[status] += 1
        return found


def _source(name: str, form: str | None) -> str:
    """Name of the survey's question that a question of statements was made of."""
    return name.removesuffix(f"_{form}") if form else name


def _grouped(asked: Sequence[tuple[_Cell, _Rows]], path: Path) -> list[list[tuple[_Cell, _Rows]]]:
    """Cells that differ in nothing but their setup, with what tells conditions apart put into their names."""
    values: dict[str, set[str]] = {}
    for cell, _ in asked:
        for key, value in cell.extras:
            values.setdefault(key, set()).add(value)
    groups: dict[tuple[Condition, tuple[tuple[str, str], ...]], list[tuple[_Cell, _Rows]]] = {}
    for cell, rows in asked:
        other = ", ".join(f"{key} {value}" for key, value in cell.extras if len(values[key]) > 1)
        condition = cell.condition.model_copy(update={"other": other})
        groups.setdefault((condition, cell.extras), []).append((replace(cell, condition=condition), rows))
    for group in groups.values():
        setups = [cell.setup for cell, _ in group]
        twice = next((setup for setup in setups if setups.count(setup) > 1), None)
        if twice is not None:
            names = [cell.name for cell, _ in group if cell.setup == twice]
            raise DocumentError(
                f"{path}: the conditions {', '.join(map(repr, names))} are the same in everything that this "
                f"evaluation tells apart, and all ask setup {twice!r}; give them stores of their own."
            )
    return list(groups.values())


def _merged(group: Sequence[tuple[_Cell, _Rows]], notes: tuple[str, ...]) -> Predictions:
    people: dict[str, int] = {}
    items: dict[tuple[str, str, int], int] = {}
    person, setup, item, given, truth = [], [], [], [], []
    unanswered: Counter[str] = Counter()
    for place, (_, rows) in enumerate(group):
        person += [people.setdefault(one, len(people)) for one in rows.people]
        item += [items.setdefault(one, len(items)) for one in rows.questions]
        setup += [place] * len(rows.people)
        given += rows.given
        truth += rows.truth
        unanswered += rows.unanswered
    return Predictions(
        condition=group[0][0].condition,
        people=tuple(people),
        setups=tuple(cell.setup for cell, _ in group),
        items=tuple(Item(*one) for one in items),
        person=np.array(person, np.int64),
        setup=np.array(setup, np.int64),
        item=np.array(item, np.int64),
        given=np.array(given, np.int64),
        truth=np.array(truth, np.int64),
        told=Told.of([known for _, rows in group for known in rows.told]),
        unanswered=dict(unanswered),
        unknown=sum(rows.unknown for _, rows in group),
        notes=notes,
    )


def _bands(population: Mapping[str, Any]) -> dict[str, dict[str, tuple[float, float]]]:
    """Bands of numeric attributes, of the documents that name any."""
    found = {}
    document = population.get("document") or {}
    for name, attribute in (document.get("attributes") or {}).items():
        bands = attribute.get("bands") if isinstance(attribute, dict) else None
        if bands:
            found[name] = {label: (float(low), float(high)) for label, (low, high) in bands.items()}
    return found
