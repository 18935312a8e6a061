"""Options that a user turn lists line by line under labels, as probes do, and how a scripted public leans to them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

_LIST = re.compile(r"(?:Options|选项)[:：]\n((?:(?:[A-Za-z]|\d+)\. .+\n)+)")
_LINE = re.compile(r"([A-Za-z]|\d+)\. (.+)\n")
PERCENT = re.compile(r"in percent|百分比")


@dataclass(frozen=True, slots=True)
class Listed:
    """One option as it is listed."""

    label: str
    """What stands before it."""
    wording: str
    """What it says."""

    @property
    def line(self) -> str:
        """The whole line."""
        return f"{self.label}. {self.wording}"


@lru_cache(maxsize=4096)
def listed(turn: str) -> tuple[Listed, ...]:
    """The options that a turn lists last; none when it lists none line by line.

    >>> [one.label for one in listed("Question: Tea?\\nOptions:\\nB. No\\nA. Yes\\nAnswer:")]
    ['B', 'A']
    """
    lists = _LIST.findall(turn)
    return tuple(Listed(*found) for found in _LINE.findall(lists[-1])) if lists else ()


def leaning(
    shares: Sequence[float], options: Sequence[Listed], places: Sequence[float], labels: Mapping[str, float]
) -> list[float]:
    """Shares of listed options under a bias: log-odds added by place shown, and by label.

    Parameters
    ----------
    shares : sequence of float, shape (n_options,)
        Shares without bias, in the order listed.
    places : sequence of float
        Log-odds of the first place, the second, ...; 0 for those further on.
    labels : mapping
        Label -> log-odds; 0 for others.

    >>> [round(share, 3) for share in leaning([0.5, 0.5], listed("Options:\\nA. No\\nB. Yes\\n"), [math.log(3)], {})]
    [0.75, 0.25]
    """
    odds = [
        share * math.exp((places[place] if place < len(places) else 0.0) + labels.get(option.label, 0.0))
        for place, (share, option) in enumerate(zip(shares, options, strict=True))
    ]
    return [one / sum(odds) for one in odds]
