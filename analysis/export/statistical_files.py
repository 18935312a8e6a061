"""SPSS and Stata files: value and variable labels, missing codes, and the mark of synthetic data."""

import string
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.export.provenance import Provenance
from analysis.export.wide import LONGEST_TEXT, Variable, Wide
from demoscope.terminal import plain
from surveys.formats.data_file import need_pyreadstat, write_whole

if TYPE_CHECKING:
    import pandas as pd

SPSS_LABEL, SPSS_VALUE_LABEL, STATA_LABEL, STATA_VALUE_LABEL = 250, 118, 80, 1000
"""Bytes of labels that the tools hold."""


def write_sav(wide: Wide, provenance: Provenance, path: Path) -> None:
    """Write an SPSS file: missing codes are declared as a range, a single nonresponse code beside it.

    Further nonresponse codes have no room in SPSS and keep their labels alone.

    Raises
    ------
    DocumentError
        If pyreadstat is missing or the file cannot be written.
    """
    pyreadstat = need_pyreadstat(path)
    span = {"lo": min(wide.missing), "hi": max(wide.missing)}
    ranges = {v.name: [span, *v.nonresponse[:1]] for v in wide.variables if v.missing}
    labels = {
        v.name: {float(c): _cut(text, SPSS_VALUE_LABEL) for c, text in (v.labels | v.missing).items()}
        for v in wide.variables
        if v.labels or v.missing
    }
    write_whole(
        path,
        lambda place: pyreadstat.write_sav(
            _frame(wide.variables),
            place,
            file_label=_cut(provenance.mark, 64),
            note=[_cut(line, 80) for line in wrap(plain(provenance.sentence), 40)],
            column_labels=[_cut(v.label, SPSS_LABEL) for v in wide.variables],
            variable_value_labels=labels,
            missing_ranges=ranges,
            variable_measure={v.name: "nominal" if v.is_text or v.labels else "scale" for v in wide.variables},
            variable_format={v.name: "F8.0" for v in wide.variables if not v.is_text and _whole(v)},
        ),
    )


def write_dta(wide: Wide, provenance: Provenance, path: Path) -> None:
    """Write a Stata file: why a value is missing, and nonresponse, are the extended missing values .a, .b, ...

    Raises
    ------
    DocumentError
        If pyreadstat is missing or the file cannot be written.
    """
    pyreadstat = need_pyreadstat(path)
    frame = _frame(wide.variables)
    letters: dict[str, list[str]] = {}
    labels: dict[str, dict[Any, str]] = {}
    for v in wide.variables:
        kept = {code: text for code, text in v.labels.items() if code not in v.nonresponse}
        labels[v.name] = {code: _cut(text, STATA_VALUE_LABEL) for code, text in kept.items()}
        if v.missing:
            away = v.missing | {code: f"{v.labels[code]} (code {code})" for code in v.nonresponse}
            named = dict(zip(away, string.ascii_lowercase, strict=False))
            values = frame[v.name].to_numpy(dtype=object, copy=True)
            for code, letter in named.items():
                values[v.values == code] = letter
            values[[value is not None and value != value for value in values]] = None
            frame[v.name] = values
            letters[v.name] = list(named.values())
            labels[v.name] |= {letter: _cut(away[code], STATA_VALUE_LABEL) for code, letter in named.items()}
    write_whole(
        path,
        lambda place: pyreadstat.write_dta(
            frame,
            place,
            file_label=_cut(provenance.mark, 80),
            column_labels=[_cut(v.label, STATA_LABEL) for v in wide.variables],
            variable_value_labels={name: each for name, each in labels.items() if each},
            missing_user_values=letters,
            version=15,
        ),
    )


def _whole(variable: Variable) -> bool:
    """Whether a number has no fractions, so that SPSS shows codes as 2 and not as 2.00."""
    return not (variable.values[~np.isnan(variable.values)] % 1).any()


def _frame(variables: list[Variable]) -> "pd.DataFrame":
    import pandas as pd

    columns: dict[str, Any] = {}
    for v in variables:
        if v.is_text:
            texts = np.full(len(v.values), "", dtype=object)
            texts[:] = ["" if text is None else _cut(text, LONGEST_TEXT) for text in v.values]
            columns[v.name] = pd.Series(texts, dtype=object)
        else:
            columns[v.name] = v.values
    return pd.DataFrame(columns)


def _cut(text: str, most: int) -> str:
    """A text of at most ``most`` bytes in UTF-8, without control characters."""
    return plain(text).encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
