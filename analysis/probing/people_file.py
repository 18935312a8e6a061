"""Human distributions from a file: country, question, code, people, as the published data hold them (SPEC 4.1)."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.choices import Floats
from demoscope.errors import DocumentError

ZERO_BASED = frozenset(f"Q{n}" for n in [*range(94, 106), 119, *range(122, 130)])
"""Questions of the World Values Survey, wave 7, whose codes count from 0; all others count from 1."""

LARGEST_INDEX = 9
"""Options beyond the tenth are no options of these files but codes of missing answers."""

People = Mapping[str, Mapping[str, Mapping[int, float]]]
"""Country or group -> question -> index of the option (from 0) -> people."""


def read_people(path: Path, zero_based: Collection[str] = ZERO_BASED) -> People:
    """Read a file of human distributions.

    Parameters
    ----------
    path : Path
        JSON: ``{"Germany": {"Q1": {"1": 1159, "2": 88, "-1": 3}}}``.
    zero_based : collection of str
        Questions whose codes count from 0.

    Returns
    -------
    mapping
        Codes as indices of options from 0; negative ones (missing answers) and those above 9 are left out.

    Raises
    ------
    DocumentError
        If the file cannot be read or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DocumentError(f"{path}: the human distributions cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise DocumentError(f"{path}: not a JSON document: {error}.") from None
    found: dict[str, dict[str, dict[int, float]]] = {}
    for country, questions in _object(document, str(path)).items():
        found[country] = {}
        for question, counts in _object(questions, f"{path}: {country}").items():
            where = f"{path}: {country}, {question}"
            found[country][question] = _indices(_object(counts, where), 0 if question in zero_based else 1, where)
    if not found:
        raise DocumentError(f"{path}: the file names no country; it needs country -> question -> code -> people.")
    return found


def people_table(counts: Mapping[str, Mapping[int, float]], names: Collection[str], sizes: Collection[int]) -> Floats:
    """People per option of some questions, (n_questions, widest question); zero where nobody was asked.

    Raises
    ------
    DocumentError
        If people chose an option that the question does not have.

    >>> people_table({"q": {0: 5.0, 2: 1.0}}, ["q", "r"], [3, 2]).tolist()
    [[5.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    table = np.zeros((len(names), max(sizes, default=1)))
    for row, (name, size) in enumerate(zip(names, sizes, strict=True)):
        for index, count in counts.get(name, {}).items():
            if index >= size:
                raise DocumentError(
                    f"The human distributions have {count:g} people at option {index + 1} of {name!r}, which has "
                    f"{size} options; check that both are the same question, and where its codes begin."
                )
            table[row, index] = count
    return table


def _indices(counts: Mapping[str, Any], first: int, where: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for code, count in counts.items():
        try:
            index, people = int(code) - first, float(count)
        except (TypeError, ValueError):
            raise DocumentError(f"{where}: code and people must be numbers, got {code!r}: {count!r}.") from None
        if not 0 <= people < np.inf:
            raise DocumentError(f"{where}: people must be a finite number of at least 0, got {count!r}.")
        if 0 <= index <= LARGEST_INDEX and people > 0:
            found[index] = people
    return found


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError(
            f"{where}: expected an object, got {type(value).__name__}; the file is country -> question -> code -> "
            "people."
        )
    return value
