"""Which tokens may come inside a string of JSON, found once for a vocabulary and not once for a mask.

Inside a string nearly every token fits; only its length in characters, and what follows a closing quotation mark,
depend on where it stands.
"""

import re
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.backends.logits.parts import CHARACTERS, Phase

MASKS = 32
"""Masks that are kept; each holds nearly the whole vocabulary."""
_PLAIN = re.compile(rb"[ !#-\[\]-~]+")


@dataclass(frozen=True, slots=True)
class Fitting:
    """The tokens that begin inside a string, at one place in a character."""

    tokens: NDArray[np.int64]
    """Those that end inside it."""
    characters: NDArray[np.int64]
    """Characters that each of them begins."""
    closing: Mapping[tuple[int, bytes], tuple[int, ...]]
    """Those that close it: by the characters they begin, and their bytes from the quotation mark on."""
    lengths: tuple[int, ...]
    """All counts of characters that these tokens begin, in ascending order."""

    def reach(self, most: int) -> int:
        """The most characters that one of these tokens begins where so many are allowed."""
        place = bisect_right(self.lengths, most)
        return self.lengths[place - 1] if place else 0


class StringTokens:
    """The tokens of a vocabulary inside strings of JSON."""

    def __init__(self, by_piece: Mapping[bytes, tuple[int, ...]]) -> None:
        self._by_piece = by_piece
        self._found: dict[Phase, Fitting] = {}
        self._masks: OrderedDict[tuple[Phase, int, tuple[int, ...]], NDArray[np.int64]] = OrderedDict()

    def mask(self, phase: Phase, most: int, others: tuple[int, ...]) -> NDArray[np.int64]:
        """Tokens that stay inside and begin at most so many characters, and some others, in ascending order."""
        key = phase, most, others
        mask = self._masks.pop(key, None)
        if mask is None:
            fitting = self.at(phase)
            inside = fitting.tokens[fitting.characters <= most]
            mask = np.sort(np.append(inside, np.array(others, dtype=np.int64)), kind="stable")
        self._masks[key] = mask
        if len(self._masks) > MASKS:
            self._masks.popitem(last=False)
        return mask

    def at(self, phase: Phase) -> Fitting:
        """Those that fit at a place in a character."""
        if phase not in self._found:
            self._found[phase] = self._fitting(phase)
        return self._found[phase]

    def _fitting(self, phase: Phase) -> Fitting:
        inside: list[tuple[int, int]] = []
        closing: dict[tuple[int, bytes], tuple[int, ...]] = defaultdict(tuple)
        for piece, tokens in self._by_piece.items():
            read = _read(piece, phase)
            if read is None:
                continue
            characters, rest = read
            if rest:
                closing[characters, rest] += tokens
            else:
                inside += ((token, characters) for token in tokens)
        pairs = np.array(inside, dtype=np.int64).reshape(-1, 2)
        lengths = {*pairs[:, 1].tolist(), *(characters for characters, _ in closing)}
        return Fitting(pairs[:, 0], pairs[:, 1], dict(closing), tuple(sorted(lengths)))


def _read(piece: bytes, phase: Phase) -> tuple[int, bytes] | None:
    """Characters that a piece begins, and what it holds from a closing quotation mark on; ``None``: it does not fit.

    >>> _read(b'so", "', ())
    (2, b'", "')
    """
    if not phase and _PLAIN.fullmatch(piece):
        return len(piece), b""
    characters = 0
    for place, byte in enumerate(piece):
        if phase:
            if byte not in phase[0]:
                return None
            phase = phase[1:]
        elif byte == 0x22:
            return characters, piece[place:]
        elif byte in CHARACTERS:
            phase = CHARACTERS[byte]
            characters += 1
        else:
            return None
    return characters, b""
