"""Scenes of everyday life in waves: read for those that rate them, and kept as documents where a wave wrote them."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from demoscope.documents import build
from demoscope.errors import DocumentError, StoreError
from demoscope.store_file import open_for_reading
from simulator.wave import Cell, Condition
from surveys import Questionnaire
from surveys.scenes import SceneSet, load_scenes

RATING = "rate"
"""Protocol that rates the actions of scenes."""
KEY = "scenes"
"""Its setting that names them."""


def with_scenes(condition: Condition, questionnaire: Questionnaire, beside: Path, where: str) -> Condition:
    """A condition that rates scenes, with these read from where it says, relative to ``beside``; others as they are.

    Raises
    ------
    DocumentError
        If they cannot be read, or belong to another questionnaire; the message begins with ``where``.
    """
    named = condition.settings.get(KEY)
    if condition.protocol != RATING or not isinstance(named, str):
        return condition
    try:
        scenes = load_scenes(named, beside)
    except DocumentError as error:
        raise DocumentError(f"{where}: {KEY}: {error}") from None
    scenes.check(questionnaire, where)
    settings = {**condition.settings, KEY: scenes.model_dump(mode="json")}
    return condition.model_copy(update={"settings": settings})


def scenes_of(cells: Iterable[Cell], where: str) -> SceneSet | None:
    """The scenes that the cells of a wave rate; ``None`` when they rate none.

    Raises
    ------
    DocumentError
        If they are not the same everywhere: answers name scenes by their number.
    """
    found: SceneSet | None = None
    for cell in cells:
        scenes = getattr(cell.settings, KEY, None)
        if isinstance(scenes, SceneSet):
            if found is not None and scenes != found:
                raise DocumentError(
                    f"{where}: its conditions rate two sets of scenes, {found.id!r} and {scenes.id!r}; give each set "
                    "a wave of its own."
                )
            found = scenes
    return found


def write_scenes(store: Path, out: Path) -> str:
    """Write the scenes that a wave wrote and checked as a document to be read and corrected; says what it is.

    Raises
    ------
    StoreError
        If the file is no store, or holds no scenes that were kept.
    DocumentError
        If the document exists already, has no name of YAML, or cannot be written.
    """
    if out.suffix not in (".yaml", ".yml"):
        raise DocumentError(f"{str(out)!r}: documents are YAML; give a name that ends in .yaml.")
    if out.exists():
        raise DocumentError(f"{str(out)!r} is there already; give another name, so that nothing corrected is lost.")
    scenes = written_scenes(store)
    content = scenes.model_dump(mode="json", exclude={"translations"})
    try:
        out.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100), encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"{str(out)!r}: cannot be written ({error.strerror}).") from None
    return f"{len(scenes.scenes)} scenes of {len(scenes.by_question)} questions"


def written_scenes(store: Path) -> SceneSet:
    """Scenes of a store that passed all checks, those of each question in the order of their writers.

    A situation that was written twice is kept once.

    Raises
    ------
    StoreError
        If the file is no store, or holds none.
    """
    connection = open_for_reading(store)
    try:
        wave = connection.execute("SELECT name, questionnaire ->> '$.id' FROM waves").fetchone()
        rows = connection.execute(
            """SELECT m.name, q.name, a.text
            FROM answers a JOIN respondents r ON r.id = a.respondent_id JOIN cells c ON c.id = r.cell_id
            JOIN models m ON m.id = c.model_id JOIN questions q ON q.id = a.question_id
            WHERE c.protocol = 'scenes' AND a.status = 'answered' ORDER BY q.id, c.id, r.id, a.replicate"""
        ).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{store} cannot be read ({error}); the file may be damaged.") from None
    finally:
        connection.close()
    if not rows:
        raise StoreError(f"{store} holds no scenes that were kept; a condition with `protocol: scenes` writes them.")
    kept: dict[str, dict[str, Any]] = {}
    for _, question, text in rows:
        scene: dict[str, Any] = json.loads(text)
        kept.setdefault(scene["text"], {"question": question, **scene})
    models = ", ".join(dict.fromkeys(model for model, _, _ in rows))
    content = {
        "id": f"{wave[1]}_scenes",
        "questionnaire": wave[1],
        "source": f"Written and checked by {models} in the wave {wave[0]}; not reviewed by anybody.",
        "scenes": list(kept.values()),
    }
    return build(SceneSet, content, str(store))
