"""Who judges, and how: the document of a judge, or a model of the store that is judged."""

import json
import sqlite3
from pathlib import Path

from demoscope.documents import Document, build, read_document
from demoscope.errors import DocumentError, StoreError
from demoscope.store_file import open_for_reading
from simulator.loading import checked_model
from simulator.protocols.judge import JudgeSettings
from simulator.wave import Execution, ModelSpec


class JudgeDocument(Document):
    """Who judges, and how: what `demoscope judge STORE JUDGE.yaml` reads."""

    model: ModelSpec
    """The model that judges, as a wave names its models; limits, prices and a budget are part of its settings."""
    settings: JudgeSettings = JudgeSettings()
    """What is judged. Without a `name` the judge is called after the model."""
    execution: Execution = Execution()
    """Where the work is done."""

    @property
    def named(self) -> JudgeSettings:
        """The settings, with the judge's name."""
        if "name" in self.settings.model_fields_set:
            return self.settings
        return JudgeSettings.model_validate({**self.settings.model_dump(), "name": self.model.name})

    @property
    def cell(self) -> str:
        """Name of the judge's cell; no cell of a wave can be called so."""
        return f"judge:{self.named.name}"


def read_judge(path: Path) -> JudgeDocument:
    """Read the document of a judge.

    Raises
    ------
    DocumentError
        If something in it is missing, unknown or impossible; the message names file and line.
    """
    content, lines = read_document(path)
    found = build(JudgeDocument, content, str(path), lines)
    inner = {loc[2:]: line for loc, line in lines.items() if loc[:2] == ("model", "settings")}
    model = checked_model(found.model, f"{path}:{lines['model',]}", path, inner)
    return found.model_copy(update={"model": model})


def judge_of_store(store: Path, model: str) -> JudgeDocument:
    """A model of the store as the judge.

    Raises
    ------
    StoreError, DocumentError
        If the store cannot be read, or has no such model.
    """
    connection = open_for_reading(store)
    try:
        rows = connection.execute("SELECT name, backend, config FROM models ORDER BY id").fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{store} cannot be read ({error}); the file may be damaged.") from None
    finally:
        connection.close()
    known = {
        name: ModelSpec(name=name, backend=backend, settings=json.loads(config)) for name, backend, config in rows
    }
    if model not in known:
        raise DocumentError(
            f"{store} has no model {model!r}; it has {', '.join(known) or 'none'}. For another model, write a "
            "JUDGE.yaml with `model:` and its backend and settings, as in a wave."
        )
    return JudgeDocument(model=known[model])


def chosen_judge(store: Path, document: Path | None, model: str | None, share: float | None) -> JudgeDocument:
    """The judge that somebody asked for: a document, or a model of the store; ``share`` overrides what it says.

    Raises
    ------
    DocumentError
        If neither or both are named, the share is impossible, or the document or the model is.
    """
    if (document is None) == (model is None):
        raise DocumentError(
            "Say who judges: a JUDGE.yaml with `model:`, or --model with the name of one of the store's models"
            f"{'' if model is None else '; not both'}."
        )
    found = read_judge(document) if document is not None else judge_of_store(store, model or "")
    if share is None:
        return found
    if not 0 < share <= 1:
        raise DocumentError(f"--share is a part of the replies, above 0 and up to 1, got {share:g}.")
    settings = JudgeSettings.model_validate({**found.settings.model_dump(exclude_unset=True), "share": share})
    return found.model_copy(update={"settings": settings})
