"""By what people are grouped: attributes of a wave's people, or columns of a file, as dimensions of inequity."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.individual.inequity import Dimension
from demoscope.errors import DocumentError

MOST_VALUES = 12
"""Values of a number that are levels by themselves; more need bands."""

PUBLISHED: Mapping[str, str] = {
    "B_COUNTRY": "Country",
    "B_COUNTRY_to_continent": "Continent",
    "Q260": "Sex",
    "X003R": "Age",
    "Q263": "Immigration Status",
    "Q266": "Birth Country",
    "Q269": "Citizenship",
    "Q273": "Marital Status",
    "Q275": "Education",
    "Q279": "Employment Status",
    "Q281": "Occupation",
    "Q284": "Employment Sector",
    "Q286": "Family Saving",
    "Q287": "Social Class",
    "Q288R": "Income",
    "Q289": "Religion",
}
"""The 16 dimensions of the published tables: column of the survey -> name. (The paper's text says 13.)"""

Bands = Mapping[str, Mapping[str, tuple[float, float]]]
People = Mapping[str, Mapping[str, Any]]


class Grouping:
    """Attributes of people, ready to be made dimensions of any of them."""

    def __init__(self, people: People, bands: Bands | None = None, by: Sequence[str] = ()) -> None:
        """Choose attributes.

        Parameters
        ----------
        people : mapping
            Person -> attribute -> value.
        bands : mapping, optional
            Numeric attribute -> label -> lowest and highest value.
        by : sequence of str
            Attributes to group by; when there are none, all whose values can be levels.

        Raises
        ------
        DocumentError
            If nobody has an attribute, or a number needs bands and has none.
        """
        self._people, self._bands = people, bands or {}
        there = sorted({name for known in people.values() for name in known})
        unknown = [name for name in by if name not in there]
        if unknown:
            raise DocumentError(
                f"Nobody has {unknown[0]!r}; people can be grouped by {', '.join(there) or 'nothing'}."
            )
        numbers = [name for name in by or there if name not in self._bands and self._is_number(name)]
        if by and numbers:
            raise DocumentError(
                f"{numbers[0]!r} is a number of many values; give it `bands` in the population, or leave it out."
            )
        self.names = tuple(name for name in by or there if name not in numbers and self._levels(name) > 1)
        self.notes = tuple(f"People are not grouped by {name!r}: a number without bands." for name in numbers)

    def of(self, people: Sequence[str]) -> tuple[Dimension, ...]:
        """The dimensions of these people; somebody of whom nothing is known belongs to no level.

        >>> bands = {"age": {"young": (0.0, 39.0), "old": (40.0, 99.0)}}
        >>> grouping = Grouping({"ann": {"age": 30}, "bob": {"age": 60}}, bands)
        >>> [(one.name, one.levels, one.position.tolist()) for one in grouping.of(["bob", "ann", "eve"])]
        [('age', ('young', 'old'), [1, 0, -1])]
        """
        return tuple(self._dimension(name, people) for name in self.names)

    def _dimension(self, name: str, people: Sequence[str]) -> Dimension:
        values = [self._level(name, self._people.get(person, {}).get(name)) for person in people]
        made = Dimension.of(name, values)
        return made.ordered(tuple(self._bands[name])) if name in self._bands else made

    def _level(self, name: str, value: Any) -> str | None:
        if value is None or value == "":
            return None
        if name in self._bands and isinstance(value, int | float):
            return next((label for label, (low, high) in self._bands[name].items() if low <= value <= high), None)
        return str(value)

    def _is_number(self, name: str) -> bool:
        values = {known.get(name) for known in self._people.values()} - {None}
        return len(values) > MOST_VALUES and all(isinstance(value, int | float) for value in values)

    def _levels(self, name: str) -> int:
        return len({self._level(name, known.get(name)) for known in self._people.values()} - {None})
