"""Several continuations of one prompt, evaluated in one call on sequences that are kept for that.

The recipe that leaves the bits of one pass over prompt and continuation: every branch is a copy of the prompt but its
last token; the call takes that token and the branch's own for each of them, filled up to equal length, so llama.cpp
puts all into one pass; what fills up is not read.
"""

from collections.abc import Callable, Generator
from functools import partial

from simulator.backends.llama_cpp.context import Context, Row
from simulator.backends.llama_cpp.sequence import FRESH, Sequence, pieces
from simulator.backends.llama_cpp.wishes import Call, Piece, Wish
from simulator.backends.logits.sampling import Logits
from simulator.backends.logits.scoring import Path

CALL = 12
"""What a call costs beside its tokens, in tokens."""
RATED = 128
"""Most tokens in one call whose logits are wanted; those of one token take 4 bytes for every token there is."""
FILLER = 0
"""The token that fills up."""


class Branches:
    """Sequences of a context that belong to no conversation and are empty between two calls."""

    def __init__(self, context: Context, numbers: range) -> None:
        """Take neighbouring sequences of a context, by their numbers."""
        self._context = context
        self._places = [Sequence(context, number) for number in numbers]

    def evaluate(
        self, trunk: Sequence, prompt: list[int], tips: list[Path], read: Callable[[Path, Logits], None]
    ) -> Generator[Wish, list[Logits], None]:
        """Evaluate each tip after the prompt: side by side, or one by one on the trunk where that costs less.

        Parameters
        ----------
        trunk : Sequence
            Holds the prompt but its last token, or nothing. It ends up as it was, or with the last token too.
        prompt : list of int
            The prompt.
        tips : list of tuple of int
            At least one, none of them empty.
        read : callable
            Told every beginning of every tip, the empty one included, and the logits after it, at once: they are gone
            after the next call.
        """
        held = len(trunk.tokens)
        ordered = sorted(tips, key=len)
        groups = grouped([len(prompt) - held + len(tip) for tip in ordered], max(1, len(self._places)))
        for start, stop in sorted(groups, key=lambda group: group[0] - group[1]):  # the trunk grows in the end only
            if stop - start == 1:
                yield from self._alone(trunk, held, prompt, ordered[start], read)
                continue
            side_by_side = ordered[start:stop]
            found = iter((yield Call(partial(self._together, trunk, prompt[held:], side_by_side))))
            for tip in side_by_side:
                for depth in range(len(tip) + 1):
                    read(tip[:depth], next(found))

    def _alone(
        self, trunk: Sequence, held: int, prompt: list[int], tip: Path, read: Callable[[Path, Logits], None]
    ) -> Generator[Wish, list[Logits], None]:
        trunk.cut(held)
        rest = [*prompt[len(trunk.tokens) :], *tip]
        first = len(rest) - len(tip) - 1  # the last token of the prompt
        for start, stop in pieces(len(rest), len(trunk.tokens), RATED):
            wanted = min(stop - start, max(0, stop - first))
            rows = yield Piece(trunk, rest[start:stop], wanted=max(FRESH, wanted))
            for n in range(stop - wanted, stop):
                read(tip[: n - first], rows[n - stop])
        trunk.cut(len(prompt))

    def _together(self, trunk: Sequence, last: list[int], tips: list[Path]) -> list[Logits]:
        places = self._places[: len(tips)]
        held, length = len(trunk.tokens), len(last) + len(tips[-1])
        rows: list[Row] = []
        try:
            for one, tip in zip(places, tips, strict=True):
                if held:
                    one.become(trunk)
                tokens = [*last, *tip, *[FILLER] * (length - len(last) - len(tip))]
                wanted = range(len(last) - 1, len(last) + len(tip))
                rows += [Row(token, held + n, one.number, n in wanted) for n, token in enumerate(tokens)]
            return self._context.evaluate(rows)
        finally:
            for one in places:
                one.forget()


def grouped(lengths: list[int], most: int) -> list[tuple[int, int]]:
    """Which neighbours to evaluate together, so that calls and filled-up tokens together cost least.

    Parameters
    ----------
    lengths : list of int
        Tokens of each branch, in ascending order.
    most : int
        Branches in one call.

    Returns
    -------
    list of (int, int)
        First branch of each group and the one after its last.

    >>> grouped([3, 3, 4, 4], 8), grouped([3, 3, 60], 8), grouped([3, 3, 3], 2)
    ([(0, 4)], [(0, 2), (2, 3)], [(0, 1), (1, 3)])
    """
    best: list[tuple[int, int]] = [(0, 0)]  # cost of the first n branches, and where their last group begins
    for stop in range(1, len(lengths) + 1):
        longest = lengths[stop - 1]
        starts = [n for n in range(max(0, stop - most), stop) if n == stop - 1 or (stop - n) * longest <= RATED]
        best.append(min((best[n][0] + CALL + (stop - n) * longest, n) for n in starts))
    groups, stop = [], len(lengths)
    while stop:
        groups.append((best[stop][1], stop))
        stop = best[stop][1]
    return groups[::-1]
