"""A search over the places it was given: which reply is evaluated where, and what is copied before.

A reply that forks is copied to another place, keys and values as they are, so every number is the one that a place
of its own from the beginning would have led to. With fewer places than replies they take turns, kept in ordinary
memory in between: slower, to the same last bit.
"""

from collections.abc import Callable, Generator
from collections.abc import Sequence as Many

from simulator.backends.llama_cpp.sequence import Saved, Sequence
from simulator.backends.llama_cpp.wishes import Piece, Step, Wish
from simulator.backends.logits.beams import Extension, Search, best_of
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.sampling import Chance, Logits

Evaluating = Generator[Wish, list[Logits], list[Logits]]


def grow(
    search: Search, prompt: list[int], places: Many[Sequence], must_fit: Callable[[int], None]
) -> Generator[Wish, list[Logits], Generation]:
    """Carry a search out.

    Parameters
    ----------
    search : Search
        What is to grow.
    prompt : list of int
        Its tokens; it is evaluated once, on the first place.
    places : sequence of Sequence
        At least one, and all of them the search's own until it ends.
    must_fit : callable
        Told the number of tokens of each reply before they are evaluated; raises if they do not fit.
    """
    (opening,) = next(search)
    rows = yield Piece(places[0], places[0].rewind([*prompt, *opening.tokens]))
    holders: list[Sequence | Saved] = [places[0]]
    while True:
        try:
            extensions = search.send(rows)
        except StopIteration as done:
            reply: Generation = done.value
            return reply
        for one in extensions:
            must_fit(len(holders[one.of].tokens) + len(one.tokens) - len(prompt))
        if len(extensions) <= len(places):
            seats = _seats(extensions, holders, places)
            rows = yield from _evaluate(extensions, seats)
            holders = list(seats)
        else:
            rows, holders = yield from _take_turns(extensions, holders, places)


def sample(
    start: Generation,
    rngs: Many[Chance],
    prompt: list[int],
    places: Many[Sequence],
    must_fit: Callable[[int], None],
) -> Generator[Wish, list[Logits], Generation]:
    """Best-of-n, as many replies at once as there are places; so none of them is ever kept elsewhere.

    Parameters
    ----------
    start : Generation
        The reply before its first token.
    rngs : sequence of Chance
        One for each reply, at least one.
    prompt, places, must_fit
        As for :func:`grow`.
    """
    found = []
    for first in range(0, len(rngs), len(places)):
        search = best_of(start, rngs[first : first + len(places)])
        found.append((yield from grow(search, prompt, places, must_fit)))
    return max(found, key=lambda reply: reply.mean_logprob)


def _seats(extensions: Many[Extension], holders: Many[Sequence | Saved], places: Many[Sequence]) -> list[Sequence]:
    """A place for each extension that holds the reply it continues; the first of each reply stays where that is."""
    seats: dict[int, Sequence] = {}
    for n, one in enumerate(extensions):
        holder = holders[one.of]
        if isinstance(holder, Sequence) and holder not in seats.values():
            seats[n] = holder
    empty = [place for place in places if place not in seats.values()]
    for n, one in enumerate(extensions):
        if n not in seats:
            holder = holders[one.of]
            seats[n] = empty.pop(0)
            if isinstance(holder, Sequence):
                seats[n].become(holder)
            else:
                seats[n].restore(holder)
    return [seats[n] for n in range(len(extensions))]


def _evaluate(extensions: Many[Extension], seats: Many[Sequence]) -> Evaluating:
    """Evaluate the extensions where they sit; the logits after each."""
    rows: dict[int, Logits] = {}
    single = []
    for n, (one, seat) in enumerate(zip(extensions, seats, strict=True)):
        if len(one.tokens) == 1:
            single.append(n)
        else:
            (row,) = yield Piece(seat, one.tokens)
            rows[n] = row.copy()
    if single:
        found = yield Step(tuple((seats[n], extensions[n].tokens[0]) for n in single))
        rows.update(zip(single, found, strict=True))
    return [rows[n] for n in range(len(extensions))]


def _take_turns(
    extensions: Many[Extension], holders: Many[Sequence | Saved], places: Many[Sequence]
) -> Generator[Wish, list[Logits], tuple[list[Logits], list[Sequence | Saved]]]:
    """Evaluate more extensions than there are places; the logits after each, and what holds them now."""
    needed = {one.of for one in extensions}
    saved: list[Sequence | Saved] = [
        holder.save() if isinstance(holder, Sequence) and n in needed else holder for n, holder in enumerate(holders)
    ]
    rows: list[Logits] = []
    after: list[Sequence | Saved] = []
    for start in range(0, len(extensions), len(places)):
        turn = extensions[start : start + len(places)]
        seats = _seats(turn, saved, places)
        rows += [row.copy() for row in (yield from _evaluate(turn, seats))]
        after += [seat.save() for seat in seats]
    return rows, after
