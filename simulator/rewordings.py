"""Paraphrases and translations that an earlier wave wrote, read from its store, kept as documents, used by waves."""

from pathlib import Path
from typing import Any

from demoscope.documents import read
from surveys.paraphrases import Paraphrases
from surveys.perturbations import Paraphrase


def with_texts(perturbation: Any, beside: Path) -> Any:
    """A paraphrase with its texts read from where it says, relative to the folder ``beside``; others as they are."""
    if not isinstance(perturbation, Paraphrase) or not isinstance(perturbation.texts, str):
        return perturbation
    return perturbation.model_copy(update={"texts": read(Paraphrases, beside / perturbation.texts).texts})
