"""Rows of real people: CSV, Parquet, SPSS and Stata files read into levels, numbers and weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from demoscope.errors import DocumentError
from demoscope.tables import LARGEST_AMOUNT
from personas.attributes import OLDEST, Attribute
from personas.chance import Floats
from personas.counts import nearest
from personas.sources import Microdata, Variable
from personas.units import NO_NUMBER, UNKNOWN, Units

if TYPE_CHECKING:
    import pandas as pd

Texts = NDArray[np.object_]
"""Values as text; None where there is none."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that are kept, each value a level code, a band name or a number as text."""

    values: Mapping[str, Texts]
    """Attribute -> (n_rows,) text; None where it is not known."""
    weights: Floats
    """(n_rows,) survey weights, positive."""
    names: Texts
    """(n_rows,) identifier of each row."""

    def as_plain(self) -> dict[str, Any]:
        """Plain data, for :meth:`of_plain`."""
        return {
            "values": {name: values.tolist() for name, values in sorted(self.values.items())},
            "weights": self.weights.tolist(),
            "rows": self.names.tolist(),
        }

    @classmethod
    def of_plain(cls, content: Mapping[str, Any]) -> "Rows":
        """Rows that :meth:`as_plain` wrote."""
        return cls(
            {name: _texts(values) for name, values in content["values"].items()},
            np.array(content["weights"], np.float64),
            _texts(content["rows"]),
        )


def read_rows(source: Microdata, folder: Path) -> Rows:
    """Rows of a file of microdata, relative to ``folder``.

    Raises
    ------
    DocumentError
        If the file cannot be read, lacks a column, holds a weight that is negative or not finite, or a value is
        missing that the document does not say what to do with; the message names file, column and row.
    """
    path = folder / Path(source.file).expanduser()
    return keep(source, _frame(source, path), str(path))


def keep(source: Microdata, frame: "pd.DataFrame", where: str) -> Rows:
    """Rows of a frame that the document keeps, with its codes applied."""
    for column in _columns(source):
        if column not in frame.columns:
            near = nearest(column, [str(name) for name in frame.columns]).replace("levels", "columns")
            raise DocumentError(f"{where}: there is no column {column!r}{near}")
    kept = np.ones(len(frame), bool)
    for column, wanted in source.only.items():
        kept &= np.isin(texts_of(frame[column]).astype(str), wanted)
    weights = np.ones(len(frame)) if source.weight is None else _weights(frame[source.weight], kept, where)
    kept &= weights > 0
    values: dict[str, Texts] = {}
    for name, variable in source.attributes.items():
        values[name] = texts = _coded(texts_of(frame[variable.column]), variable)
        if variable.missing == "drop":
            kept &= ~_empty(texts)
        elif variable.missing == "level":
            texts[_empty(texts)] = variable.missing_level
    for name, variable in source.attributes.items():
        missing = _empty(values[name]) & kept
        if missing.any() and variable.missing == "refuse":
            raise DocumentError(
                f"{where}: row {int(missing.argmax()) + 1} has no value in {variable.column!r} ({name}), as "
                f"{int(missing.sum()):,} of {int(kept.sum()):,} rows. Say what becomes of them: `missing: drop`, "
                "`level` or `unknown`."
            )
    if not kept.any():
        raise DocumentError(
            f"{where}: no row is left of {len(frame):,}; `only`, weights of 0 and missing values left out all."
        )
    names = (
        np.arange(1, len(frame) + 1).astype(str).astype(object) if source.row is None else texts_of(frame[source.row])
    )
    return Rows({name: texts[kept] for name, texts in values.items()}, weights[kept], names[kept])


def units_of(source: Microdata, rows: Rows, attributes: Mapping[str, Attribute], where: str) -> Units:
    """Rows as units: the level of each attribute, and the number where one is known.

    Raises
    ------
    DocumentError
        If a value is no level, band or number of its attribute; the message names row and value.
    """
    names = tuple(sorted(rows.values))
    columns = [_leveled(name, source.attributes[name], rows, attributes[name], where) for name in names]
    units = Units(
        names,
        np.column_stack([column.positions for column in columns]).astype(np.int32),
        rows.weights,
        {name: column.numbers for name, column in zip(names, columns, strict=True) if column.numbers is not None},
        np.arange(len(rows.weights)),
        tuple(rows.names.tolist()),
    )
    inside = np.all([column.inside for column in columns], axis=0)
    if not inside.any():
        raise DocumentError(f"{where}: every row lies outside the bands of a numeric attribute.")
    return units.take(inside)


class _Level(NamedTuple):
    """One attribute of all rows."""

    positions: NDArray[np.int32]
    numbers: NDArray[np.int64] | None
    inside: NDArray[np.bool_]
    """Rows that are kept."""


def _leveled(name: str, variable: Variable, rows: Rows, attribute: Attribute, where: str) -> _Level:
    """Positions and numbers of one attribute; each distinct text is looked at once."""
    order = {code: position for position, code in enumerate(attribute.sorted_codes)}
    texts = rows.values[name]
    distinct = {text: number for number, text in enumerate(dict.fromkeys(texts.tolist()))}
    positions = np.full(len(distinct), UNKNOWN, np.int32)
    numbers = np.full(len(distinct), NO_NUMBER, np.int64)
    inside = np.ones(len(distinct), bool)
    for text, n in distinct.items():
        if text is None:
            continue
        if text in order:
            positions[n] = order[text]
            continue
        told = f"{where}: row {rows.names[texts.tolist().index(text)]}"
        if attribute.kind == "categorical":
            raise DocumentError(f"{told}: {name!r} has no level {text!r}{nearest(text, attribute.codes)}")
        numbers[n] = _number(text, name, attribute, told)
        band = attribute.band_of(int(numbers[n]))
        if band is None and variable.outside == "refuse":
            raise DocumentError(
                f"{told}: {name!r} is {text}, which lies in no band ({', '.join(attribute.bands)}); add a band, or "
                "leave such rows out with `outside: drop`."
            )
        inside[n] = band is not None
        positions[n] = UNKNOWN if band is None else order[band]
    index = np.fromiter((distinct[text] for text in texts.tolist()), np.intp, len(texts))
    return _Level(positions[index], numbers[index] if attribute.kind == "numeric" else None, inside[index])


def _number(text: str, name: str, attribute: Attribute, told: str) -> int:
    try:
        value = float(text)
        whole = int(value) if value == int(value) else None
    except (ValueError, OverflowError):
        whole = None
    if whole is None or abs(whole) > LARGEST_AMOUNT:
        raise DocumentError(
            f"{told}: {name!r} is {text!r}, neither a whole number nor a band ({', '.join(attribute.bands)}); "
            "name it among the `codes` of the column."
        )
    if attribute.unit == "years" and not 0 <= whole <= OLDEST:
        raise DocumentError(f"{told}: {name!r} is {whole} years; ages lie between 0 and {OLDEST}.")
    return whole


def _columns(source: Microdata) -> list[str]:
    columns = [variable.column for variable in source.attributes.values()]
    columns += [column for column in (source.weight, source.row) if column is not None]
    return list(dict.fromkeys([*columns, *source.only]))


def _frame(source: Microdata, path: Path) -> "pd.DataFrame":
    """The file as a frame, columns as they stand in it; with value labels where wanted and there."""
    import pandas as pd

    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if suffix in (".parquet", ".pq"):
            return pd.read_parquet(path)
        if suffix in (".sav", ".zsav", ".dta"):
            import pyreadstat

            read = pyreadstat.read_dta if suffix == ".dta" else pyreadstat.read_sav
            frame, meta = read(path, disable_datetime_conversion=True)
            for column, labels in (meta.variable_value_labels if source.labels else {}).items():
                frame[column] = [labels.get(value, value) for value in frame[column].tolist()]
            return pd.DataFrame(frame)
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file; `file` is relative to the folder of the document.") from None
    except ImportError as error:
        raise DocumentError(f"{path}: reading it needs the package {error.name}; install it.") from None
    except Exception as error:  # each reader has errors of its own
        raise DocumentError(f"{path}: cannot be read as {suffix} ({error}).") from None
    raise DocumentError(f"{path}: microdata are .csv, .parquet, .sav, .zsav or .dta files.")


def texts_of(column: "pd.Series[Any]") -> Texts:
    """Values as text, whole numbers without a point; None where empty. Each distinct value is written once."""
    import pandas as pd

    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    written = [_written(value) for value in distinct]
    return np.array([*written, None], dtype=object)[codes]


def _written(value: Any) -> str | None:
    if isinstance(value, float | np.floating) and value == np.floor(value) and np.isfinite(value):
        value = int(value)
    return str(value).strip() or None


def _coded(texts: Texts, variable: Variable) -> Texts:
    """Texts as codes, bands or numbers; None for what counts as missing."""
    away = set(variable.missing_values)
    codes = {text: None if text in away else variable.codes.get(text, text) for text in set(texts.tolist()) - {None}}
    return _texts([codes.get(text) for text in texts.tolist()])


def _empty(texts: Texts) -> NDArray[np.bool_]:
    return np.fromiter((text is None for text in texts.tolist()), bool, len(texts))


def _weights(column: "pd.Series[Any]", kept: NDArray[np.bool_], where: str) -> Floats:
    import pandas as pd

    weights = np.asarray(pd.to_numeric(column, errors="coerce"), np.float64)
    wrong = ~(np.isfinite(weights) & (weights >= 0) & (weights <= LARGEST_AMOUNT)) & kept
    if wrong.any():
        row = int(wrong.argmax())
        raise DocumentError(
            f"{where}: row {row + 1} has the weight {str(column.iloc[row])!r} in {column.name!r}; weights are finite "
            "numbers of at least 0."
        )
    return np.where(kept, weights, 0.0)


def _texts(values: Sequence[Any]) -> Texts:
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts
