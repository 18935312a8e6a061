"""Names for personas: a small list of our own by culture, put together by chance, meant for nobody."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from demoscope.documents import Document
from personas.attributes import Attribute
from personas.phrases import Phrase

LIBRARY = Path(__file__).parent / "library"
NAME = "name"
"""Attribute that holds the name."""

PHRASE = Phrase(
    tells=(NAME,),
    text={"en": "your name is {{ name }}", "zh": "你叫{{ name }}"},
    first={"en": "my name is {{ name }}", "zh": "我叫{{ name }}"},
    asked={"en": "What is your name?", "zh": "您叫什么名字？"},
)
"""How a drawn name is told."""

Culture = Literal["us", "cn", "de", "mx", "in", "ng"]


class Names(Document):
    """Whether people have names, from the list that comes with Demoscope.

    >>> Names(culture="cn").attribute().label("Wang Haiyan", "zh")
    '王海燕'
    """

    culture: Culture
    """Whose names: United States, China, Germany, Mexico, India or Nigeria."""
    sex: str = Field(default="sex", min_length=1)
    """Attribute with the levels ``female`` and ``male``; given names follow it."""

    def check(self, attributes: Mapping[str, Attribute]) -> None:
        """Refuse names where nobody has that sex, or where they already have a name, by a :class:`ValueError`."""
        if NAME in attributes:
            raise ValueError(f"`names` draws the attribute {NAME!r}, which the population declares itself; keep one")
        if self.sex not in attributes or not {"female", "male"} & set(attributes[self.sex].codes):
            raise ValueError(
                f"names follow {self.sex!r}, which is no attribute with the levels female and male; name it as `sex`"
            )

    def attribute(self) -> Attribute:
        """The attribute ``name`` with every name that can be drawn, in every language that writes it otherwise."""
        return _attribute(self.culture)

    def draw(
        self, sexes: Sequence[str], sex: NDArray[np.intp], given: NDArray[np.float64], family: NDArray[np.float64]
    ) -> NDArray[np.object_]:
        """Name of each person: given names of the person's sex and family names, each equally likely.

        Parameters
        ----------
        sexes : sequence of str
            Codes of the levels of sex.
        sex : array of int, shape (n,)
            Level of each person, as its place in ``sexes``; -1 where it is not known.
        given, family : array of float, shape (n,)
            Uniform numbers in [0, 1).
        """
        table = _names(self.culture)
        families = [english for english, _ in table["family"]]
        last = (family * len(families)).astype(np.intp)
        names = np.empty(len(sex), dtype=object)
        for level, code in enumerate([*sexes, ""]):
            firsts = [english for english, _ in table[code]] if code in table else _both(self.culture)
            full = np.array([[_full(self.culture, f, s) for s in families] for f in firsts], dtype=object)
            people = np.flatnonzero(sex == (level if code else -1))
            names[people] = full[(given[people] * len(firsts)).astype(np.intp), last[people]]
        return names


def _full(culture: str, given: str, family: str) -> str:
    return f"{family} {given}" if culture == "cn" else f"{given} {family}"


def _both(culture: str) -> list[str]:
    """Given names of either sex, for people whose sex is neither female nor male."""
    table = _names(culture)
    return [english for part in ("female", "male") for english, _ in table[part]]


@cache
def _names(culture: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Part (female, male, family) -> names as (Latin letters, own script)."""
    with (LIBRARY / "names.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["culture"] == culture]
    return {
        part: tuple((row["name"], row["own"] or row["name"]) for row in rows if row["part"] == part)
        for part in ("female", "male", "family")
    }


@cache
def _attribute(culture: str) -> Attribute:
    table = _names(culture)
    levels: dict[str, str | dict[str, str]] = {}
    for given, own_given in (*table["female"], *table["male"]):
        for family, own_family in table["family"]:
            full = _full(culture, given, family)
            levels[full] = {"en": full, "zh": own_family + own_given} if culture == "cn" else full
    return Attribute(levels=levels)
