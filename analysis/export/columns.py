"""Columns of an export: values that many rows point to, and texts of every row."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


class Column:
    """Values of a small table, one of which stands in each row of a large one.

    Numbers stay numbers when all values are; everything else becomes a dictionary of texts, each text once.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = list(values)

    @cached_property
    def is_number(self) -> bool:
        """Whether all known values are numbers."""
        known = [value for value in self._values if value is not None]
        return bool(known) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known)

    def at(self, places: NDArray[np.int64]) -> "pa.Array":
        """The values at places; -1 is null."""
        import pyarrow as pa

        if self.is_number:
            return self._numbers.take(pa.array(places, mask=places < 0))
        indices = self._codes[places]
        return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), self._dictionary)

    @cached_property
    def _numbers(self) -> "pa.Array":
        import pyarrow as pa

        whole = all(isinstance(value, int) for value in self._values if value is not None)
        return pa.array(self._values, pa.int64() if whole else pa.float64())

    @cached_property
    def _texts(self) -> list[str | None]:
        return [value if value is None or isinstance(value, str) else json.dumps(value) for value in self._values]

    @cached_property
    def _dictionary(self) -> "pa.Array":
        return texts(list(dict.fromkeys(text for text in self._texts if text is not None)))

    @cached_property
    def _codes(self) -> NDArray[np.int32]:
        """Place in the dictionary of each value, and -1 for the place -1."""
        number: dict[str | None, int] = {}
        for text in self._texts:
            if text is not None:
                number.setdefault(text, len(number))
        return np.array([*(number.get(text, -1) for text in self._texts), -1], dtype=np.int32)


def texts(values: Sequence[str | None]) -> "pa.Array":
    """Texts of every row; halves of characters, which no file in UTF-8 can hold, become ``?``."""
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        sound = [None if value is None else value.encode("utf-8", "replace").decode() for value in values]
        return pa.array(sound, pa.string())
