"""Who judges or codes: a document that names a model, or a model of the store whose replies it is about."""

import json
from pathlib import Path
from typing import TypeVar

from demoscope.documents import Document, build, read_document
from demoscope.errors import DocumentError
from demoscope.store_file import read_only
from simulator.loading import checked_model
from simulator.protocols.rater import RaterSettings
from simulator.wave import Execution, ModelSpec


class RaterDocument(Document):
    """A model that is asked about replies; kinds of it add their ``settings``."""

    model: ModelSpec
    """The model, as a wave names its models; limits, prices and a budget are part of its settings."""
    execution: Execution = Execution()
    """Where the work is done."""

    def name_in(self, settings: RaterSettings) -> str:
        """What the results call it: the ``name`` of its settings, or else of the model."""
        return settings.name if "name" in settings.model_fields_set else self.model.name


Rater = TypeVar("Rater", bound=RaterDocument)


def read_rater(path: Path, kind: type[Rater]) -> Rater:
    """Read the document of a judge or coder.

    Raises
    ------
    DocumentError
        If something in it is missing, unknown or impossible; the message names file and line.
    """
    content, lines = read_document(path)
    found = build(kind, content, str(path), lines)
    inner = {loc[2:]: line for loc, line in lines.items() if loc[:2] == ("model", "settings")}
    model = checked_model(found.model, f"{path}:{lines['model',]}", path, inner)
    return found.model_copy(update={"model": model})


def model_of_store(store: Path, model: str, file: str) -> ModelSpec:
    """A model that the store knows by this name; ``file`` is what would name another.

    Raises
    ------
    StoreError, DocumentError
        If the store cannot be read, or has no such model.
    """
    with read_only(store) as connection:
        rows = connection.execute("SELECT name, backend, config FROM models ORDER BY id").fetchall()
    known = {
        name: ModelSpec(name=name, backend=backend, settings=json.loads(config)) for name, backend, config in rows
    }
    if model not in known:
        raise DocumentError(
            f"{store} has no model {model!r}; it has {', '.join(known) or 'none'}. For another model, write a "
            f"{file} with `model:` and its backend and settings, as in a wave."
        )
    return known[model]


def chosen_rater(
    store: Path, document: Path | None, model: str | None, kind: type[Rater], does: str, file: str
) -> Rater:
    """Whom somebody asked for: a document, or a model of the store.

    Parameters
    ----------
    does : str
        What it does, as messages say it, such as ``judges``.
    file : str
        What messages call the document, such as ``JUDGE.yaml``.

    Raises
    ------
    StoreError, DocumentError
        If neither or both are named, or what is named cannot be read or is impossible.
    """
    if (document is None) == (model is None):
        raise DocumentError(
            f"Say who {does}: a {file} with `model:`, or --model with the name of one of the store's models"
            f"{'' if model is None else '; not both'}."
        )
    if document is not None:
        return read_rater(document, kind)
    return kind(model=model_of_store(store, model or "", file))
