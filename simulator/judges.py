"""Who judges, and how: the document of a judge, or a model of the store that is judged."""

from pathlib import Path

from demoscope.errors import DocumentError
from simulator.protocols.judge import JudgeSettings
from simulator.raters import RaterDocument, chosen_rater, read_rater


class JudgeDocument(RaterDocument):
    """Who judges, and how: what `demoscope judge STORE JUDGE.yaml` reads."""

    settings: JudgeSettings = JudgeSettings()
    """What is judged. Without a `name` the judge is called after the model."""

    @property
    def named(self) -> JudgeSettings:
        """The settings, with the judge's name."""
        return JudgeSettings.model_validate({**self.settings.model_dump(), "name": self.name_in(self.settings)})

    @property
    def cell(self) -> str:
        """Name of the judge's cell; no cell of a wave can be called so."""
        return f"judge:{self.named.name}"


def read_judge(path: Path) -> JudgeDocument:
    """Read the document of a judge; errors as :func:`simulator.raters.read_rater`."""
    return read_rater(path, JudgeDocument)


def chosen_judge(store: Path, document: Path | None, model: str | None, share: float | None) -> JudgeDocument:
    """The judge that somebody asked for: a document, or a model of the store; ``share`` overrides what it says.

    Raises
    ------
    StoreError, DocumentError
        If neither or both are named, the share is impossible, or the document or the model is.
    """
    found = chosen_rater(store, document, model, JudgeDocument, "judges", "JUDGE.yaml")
    if share is None:
        return found
    if not 0 < share <= 1:
        raise DocumentError(f"--share is a part of the replies, above 0 and up to 1, got {share:g}.")
    settings = JudgeSettings.model_validate({**found.settings.model_dump(exclude_unset=True), "share": share})
    return found.model_copy(update={"settings": settings})
