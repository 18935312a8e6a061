"""Wordings and labels of the questions, read from the files that WorldValuesBench publishes (the user's copies)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError
from surveys.formats.wvs.wave7 import DEMOGRAPHICS, SCALES

QUESTIONS, CODEBOOK = "question_metadata.json", "codebook.json"
PUBLISHED = "https://github.com/Demon702/WorldValuesBench (dataset_construction)"


@dataclass(frozen=True)
class Metadata:
    """What can be said of questions in words; empty where nothing was given."""

    wordings: Mapping[str, str] = field(default_factory=dict)
    """Question or demographic column -> its wording."""
    labels: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Column -> code -> what the code means."""

    def label(self, column: str, code: int) -> str | None:
        """What a code of a column means; ``None`` when that is not known.

        >>> Metadata(labels={"Q260": {1: "Male"}}).label("Q260", 1)
        'Male'
        """
        return self.labels.get(column, {}).get(code)

    def with_labels(self, labels: Mapping[str, Mapping[int, str]]) -> "Metadata":
        """The same with labels for those columns that have none, such as those of an SPSS or Stata file."""
        return Metadata(self.wordings, {**labels, **self.labels})


def read_metadata(path: Path) -> Metadata:
    """Wordings and labels from ``question_metadata.json``, ``codebook.json``, or a folder that holds either.

    Raises
    ------
    DocumentError
        If there is neither, a file cannot be read, or it describes other questions than the benchmark's.
    """
    files = [path / name for name in (QUESTIONS, CODEBOOK) if (path / name).exists()] if path.is_dir() else [path]
    if not files:
        raise DocumentError(f"{path} holds neither {QUESTIONS} nor {CODEBOOK}; they are published at {PUBLISHED}.")
    wordings: dict[str, str] = {}
    labels: dict[str, Mapping[int, str]] = {}
    for file in files:
        content = _read(file)
        try:
            if all("choices" in about for about in content.values()):
                labels = {column: _labels(about["choices"]) for column, about in content.items()}
            else:
                _check(content, file)
                wordings = {name: str(about["question"]) for name, about in content.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DocumentError(
                f"{file}: neither {QUESTIONS} nor {CODEBOOK} of WorldValuesBench ({error!r}); they are published at "
                f"{PUBLISHED}."
            ) from None
    return Metadata(wordings, labels)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file; it is published at {PUBLISHED}.") from None
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except ValueError as error:
        raise DocumentError(f"{path}: not valid JSON ({error}).") from None
    if not isinstance(content, dict) or not content:
        raise DocumentError(f"{path}: expected an object with an entry for each question.")
    return content


def _labels(choices: Mapping[str, Any]) -> dict[int, str]:
    """Labels by code; codes that are no whole numbers, which no recoded answer has, are left out."""
    return {int(code): str(text) for code, text in choices.items() if code.removeprefix("-").isdigit()}


def _check(content: Mapping[str, Any], path: Path) -> None:
    """Refuse metadata of other questions or scales than the ones the benchmark is made of."""
    missing = [name for name in (*SCALES, *DEMOGRAPHICS) if name not in content]
    if missing:
        raise DocumentError(
            f"{path}: {len(missing)} questions are missing, the first is {missing[0]}; see {PUBLISHED}."
        )
    for name, scale in SCALES.items():
        told = (content[name]["answer_scale_min"], content[name]["answer_scale_max"])
        if told != (scale.minimum, scale.maximum):
            raise DocumentError(
                f"{path}: {name} goes from {told[0]} to {told[1]} there, in WorldValuesBench from {scale.minimum} to "
                f"{scale.maximum}; see {PUBLISHED}."
            )
