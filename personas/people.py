"""Many people at once, column by column: drawn without an object for each, and turned into frames or personas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personas.attributes import Attribute
from personas.chance import Floats
from personas.persona import Persona, Place, Value
from personas.units import NO_NUMBER

if TYPE_CHECKING:
    import pandas as pd


COLUMNS = ("person", "place_country", "place_state", "place_city", "weight", "source_row")
"""Columns of a frame beside the attributes; no attribute is called like one of them."""

_GIVEN = {"number", "attributes", "place", "weight", "source_row"}
"""Fields that every drawn persona is given."""


@dataclass(frozen=True, eq=False)
class People:
    """People of a population in the order of their numbers."""

    first: int
    """Number of the first."""
    attributes: Mapping[str, Attribute]
    """What is known of them, in the order of the document."""
    levels: Mapping[str, NDArray[np.int32]]
    """Attribute -> (n_people,) place among its ``sorted_codes``; -1 where it is not known."""
    numbers: Mapping[str, NDArray[np.int64]]
    """Numeric attribute -> (n_people,) value; :data:`NO_NUMBER` where it is not known."""
    texts: Mapping[str, NDArray[np.object_]]
    """(n_people,) attributes that are written out, such as names."""
    weights: Floats
    """(n_people,) how many people each stands for, relative to the others."""
    rows: NDArray[np.object_] | None
    """(n_people,) row of the microdata that each was taken from."""
    places: list[Place] | None
    """(n_people,) where each lives; equal places are one object."""

    def __len__(self) -> int:
        return len(self.weights)

    def sample(self, n: int, rng: np.random.Generator) -> "People":
        """``n`` of these people by lot, in their order; everybody when there are no more. They are numbered anew."""
        if n >= len(self):
            return self
        rows = np.sort(rng.choice(len(self), n, replace=False))
        return replace(
            self,
            levels={name: levels[rows] for name, levels in self.levels.items()},
            numbers={name: numbers[rows] for name, numbers in self.numbers.items()},
            texts={name: texts[rows] for name, texts in self.texts.items()},
            weights=self.weights[rows],
            rows=None if self.rows is None else self.rows[rows],
            places=None if self.places is None else [self.places[row] for row in rows.tolist()],
        )

    def personas(self) -> list[Persona]:
        """One object a person."""
        columns = [self._values(name) for name in sorted(self.attributes)]
        names = sorted(self.attributes)
        whole = all((levels >= 0).all() for levels in self.levels.values())
        places: Sequence[Place | None] = self.places or [None] * len(self)
        rows = [None] * len(self) if self.rows is None else self.rows.tolist()
        people = zip(*columns, strict=True) if columns else [()] * len(self)
        return [
            Persona.model_construct(
                _GIVEN,
                number=number,
                attributes={
                    name: value for name, value in zip(names, values, strict=True) if whole or value is not None
                },
                place=place,
                weight=weight,
                source_row=row,
            )
            for number, (values, place, weight, row) in enumerate(
                zip(people, places, self.weights.tolist(), rows, strict=True), start=self.first
            )
        ]

    def _values(self, name: str) -> list[Value | None]:
        """Code or number of everybody; None where it is not known."""
        if name in self.texts:
            return list(self.texts[name].tolist())
        if name in self.numbers:
            numbers = self.numbers[name]
            if (numbers != NO_NUMBER).all():
                return list(numbers.tolist())
            return [None if number == NO_NUMBER else number for number in numbers.tolist()]
        codes = (*self.attributes[name].sorted_codes, None)
        return [codes[level] for level in self.levels[name].tolist()]

    def frame(self) -> "pd.DataFrame":
        """One row a person: attributes and, as far as there are any, the other :data:`COLUMNS`.

        Categorical attributes are pandas categoricals of level codes, in the order of the document.
        """
        import pandas as pd

        columns: dict[str, object] = {"person": np.arange(self.first, self.first + len(self))}
        for name, attribute in self.attributes.items():
            if name in self.texts:
                columns[name] = self.texts[name]
                continue
            if name in self.numbers:
                numbers = self.numbers[name]
                unknown = numbers == NO_NUMBER
                columns[name] = (
                    pd.arrays.IntegerArray(np.where(unknown, 0, numbers), unknown) if unknown.any() else numbers
                )
                continue
            order = np.array([*map(attribute.codes.index, attribute.sorted_codes), -1], np.int32)
            columns[name] = pd.Categorical.from_codes(order[self.levels[name]], categories=pd.Index(attribute.codes))
        if self.places is not None:
            columns.update(_places(self.places))
        columns["weight"] = self.weights
        if self.rows is not None:
            columns["source_row"] = self.rows
        return pd.DataFrame(columns)


def _places(places: list[Place]) -> dict[str, object]:
    """Country, state and city as categoricals."""
    import pandas as pd

    _, first, index = np.unique(
        np.fromiter(map(id, places), np.int64, len(places)), return_index=True, return_inverse=True
    )
    distinct = [places[person] for person in first.tolist()]
    columns: dict[str, object] = {}
    for unit in ("country", "state", "city"):
        names = [getattr(place, unit) for place in distinct]
        known = sorted({name for name in names if name is not None})
        order = {name: position for position, name in enumerate(known)}
        codes = np.array([order.get(name, -1) for name in names], np.int32)
        columns[f"place_{unit}"] = pd.Categorical.from_codes(codes[index], categories=pd.Index(known, dtype=object))
    return columns
