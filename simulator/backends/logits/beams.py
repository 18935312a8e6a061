"""Several replies to one prompt that grow side by side, of which one is taken: beam search and best-of-n.

Each is a generator over any next-token function. It yields which replies go on with which tokens, and receives the
logits after each of them; it knows nothing of contexts or places.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.backends.logits.generation import Generation
from simulator.backends.logits.sampling import (
    Chance,
    Floats,
    Ids,
    Logits,
    likeliest,
    normalised,
    penalised,
    truncated,
)
from simulator.decoding import Decoding

LENGTH_PENALTY = 1.0
"""Power of the length by which the score of a finished beam is divided."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One reply going on."""

    of: int
    """Which reply of the step before it continues; 0, the prompt, at first."""
    tokens: list[int]
    """Tokens that come next; none at first where the reply has no given opening."""
    reply: Generation
    """The reply, those tokens among its own."""
    score: float = 0.0
    """In a beam search, the sum of the log-probabilities of its choices, as decoding changed them."""


Search = Generator[list[Extension], list[Any], Generation]
"""Yields the extensions of a step, first the opening after the prompt; returns the reply that is taken.

It receives, for each extension, the logits after it, or what an engine has already read off those."""


@dataclass(frozen=True, slots=True)
class Beam:
    """A reply in a beam search."""

    reply: Generation
    score: float
    """Sum of the log-probabilities of its choices, as decoding changed them."""

    @property
    def normalised(self) -> float:
        """Score as complete replies are compared."""
        return self.score / float(self.reply.length**LENGTH_PENALTY)


@dataclass(frozen=True, slots=True)
class Way:
    """One way on of one beam."""

    beam: int
    """Which beam goes on."""
    token: int
    """With what."""
    logprob: float
    """Natural log-probability of the token, before decoding changes it."""
    score: float
    """Score of the beam with it."""


WaysOn = Callable[[Sequence[Beam], Sequence[Any], Decoding, Chance], Sequence[Way]]
"""The ways on that a search looks at, the best first or as they were drawn, from what it received."""


def beam_search(start: Generation, decoding: Decoding, rng: Chance, looked_at: WaysOn | None = None) -> Search:
    """Search as ``generate`` of transformers does, with ``length_penalty=1`` and ``early_stopping=False`` [1]_.

    At each step the likeliest of all ways on are looked at, :func:`alternatives` for each of ``num_beams``. When
    sampling, as many are drawn without replacement from the joint distribution, after temperature, top-k, top-p and
    min-p were applied to the log-probabilities of each beam. Those among the first ``num_beams`` that are complete
    are kept, the best ``num_beams`` of the others go on. The search ends when ``num_beams`` complete replies score
    no less than the best of the others does so far.

    Under a grammar a step is a choice: text that must come follows it at once and neither counts nor scores, and a
    constrained answer is one choice in length, so that no option gains by being spelt in more tokens.

    Parameters
    ----------
    start : Generation
        The reply before its first token.
    decoding : Decoding
        How to search; ``num_beams`` at least 1.
    rng : Chance
        Used when sampling only.
    looked_at : callable, optional
        Finds the ways on; by default :func:`ways_on`, from the logits after each beam.

    References
    ----------
    .. [1] https://huggingface.co/docs/transformers/main_classes/text_generation
    """
    going, complete = [Beam(start, 0.0)], list[Beam]()
    extensions = [Extension(0, start.opening, start)]
    ways = looked_at or ways_on
    while True:
        rows = yield extensions
        grown: list[tuple[Beam, Extension]] = []
        for rank, way in enumerate(ways(going, rows, decoding, rng)):
            reply = going[way.beam].reply.fork()
            following = reply.take(way.token, way.logprob)
            if following:
                grown.append((Beam(reply, way.score), Extension(way.beam, following, reply, way.score)))
            elif rank < decoding.num_beams:
                complete.append(Beam(reply, way.score))
        complete = sorted(complete, key=lambda beam: -beam.normalised)[: decoding.num_beams]
        grown = sorted(grown, key=lambda pair: -pair[0].score)[: decoding.num_beams]
        going, extensions = [beam for beam, _ in grown], [extension for _, extension in grown]
        full = len(complete) == decoding.num_beams
        if not going or (full and max(beam.normalised for beam in going) <= complete[-1].normalised):
            return complete[0].reply


def alternatives(ends: int) -> int:
    """Ways on for each beam that a step looks at, and that sampling keeps at least, as in ``generate``.

    One more than there are tokens that end a reply, so that whatever ends, every beam can go on; at least two.

    >>> alternatives(1), alternatives(3)
    (2, 4)
    """
    return max(2, 1 + ends)


def ways_on(beams: Sequence[Beam], rows: Sequence[Logits], decoding: Decoding, rng: Chance) -> list[Way]:
    """The ways on from the logits after each beam: the likeliest, the best first, or those drawn, as drawn."""
    wanted = alternatives(beams[0].reply.ends) * decoding.num_beams
    options = [_options(beam, row, decoding) for beam, row in zip(beams, rows, strict=True)]
    values = [one.values for one in options]
    scores = [beam.score for beam in beams]
    chosen = best(scores, values, wanted) if decoding.greedy else _drawn(scores, values, wanted, rng)
    ways = []
    for number, at in chosen:
        option = options[number]
        token = int(option.tokens[at])
        ways.append(Way(number, token, float(option.logprobs[token]), scores[number] + float(option.values[at])))
    return ways


@dataclass(frozen=True, slots=True)
class _Options:
    """What one beam may go on with."""

    logprobs: NDArray[np.float32]
    """Of all tokens, before decoding."""
    tokens: Ids
    """Those that may come."""
    values: NDArray[np.float32]
    """Their log-probabilities as decoding changes them."""


def _options(beam: Beam, row: Logits, decoding: Decoding) -> _Options:
    shifted, total = normalised(row)
    logprobs = shifted - np.float32(total)
    values = penalised(logprobs, decoding.repetition_penalty, beam.reply.seen)
    allowed = beam.reply.allowed
    tokens = np.arange(len(values)) if allowed is None else allowed
    values = values if allowed is None else values[allowed]
    if not decoding.greedy:
        if decoding.truncates:
            kept = truncated(values.astype(np.float64), decoding, fewest=alternatives(beam.reply.ends))[0]
            tokens, values = tokens[kept], values[kept]
        values = (values / decoding.temperature).astype(np.float32)
    return _Options(logprobs, tokens, values)


def best(scores: Sequence[float], values: Sequence[Logits], wanted: int) -> list[tuple[int, int]]:
    """Beams and positions of the highest sums of score and value, the highest first."""
    pool = [
        (scores[number] + float(of_beam[at]), number, int(at))
        for number, of_beam in enumerate(values)
        for at in likeliest(of_beam, wanted)
    ]
    return [(number, at) for _, number, at in sorted(pool, key=lambda way: -way[0])[:wanted]]


def _drawn(scores: Sequence[float], values: Sequence[Logits], wanted: int, rng: Chance) -> list[tuple[int, int]]:
    """Beams and positions drawn one after another, without replacement, by the softmax of score and value."""
    top = max(score + float(of_beam.max()) for score, of_beam in zip(scores, values, strict=True))
    weights = [np.exp(of_beam + np.float32(score - top)) for score, of_beam in zip(scores, values, strict=True)]
    cumulated = [of_beam.cumsum(dtype=np.float64) for of_beam in weights]
    found: list[tuple[int, int]] = []
    while len(found) < wanted:
        masses = np.cumsum([of_beam[-1] for of_beam in cumulated])
        if not masses[-1] > 0:
            break
        number = position(masses, rng)
        at = position(cumulated[number], rng)
        if (number, at) not in found:
            found.append((number, at))
        else:  # drawn before: from now on that cannot happen again
            weights[number][[taken for of, taken in found if of == number]] = 0
            cumulated[number] = weights[number].cumsum(dtype=np.float64)
    return found


def position(cumulated: Floats, rng: Chance) -> int:
    """A position drawn by the steps of cumulated weights."""
    return min(int(cumulated.searchsorted(rng.random() * cumulated[-1], side="right")), len(cumulated) - 1)


GoOn = Callable[[Generation, Any], list[int]]
"""Takes a reply one choice further; the tokens to evaluate, none when it is complete."""


def best_of(start: Generation, rngs: Sequence[Chance], go_on: GoOn = Generation.advance) -> Search:
    """Draw a reply with each generator and take the one of the highest mean log-probability.

    Parameters
    ----------
    start : Generation
        The reply before its first token.
    rngs : sequence of Chance
        One for each reply, at least one.
    go_on : callable
        Goes on with a reply, given what was received for it; by default draws from the logits after it.
    """
    (row,) = yield [Extension(0, start.opening, start)]
    replies = [start.fork(rng) for rng in rngs]
    going = [(0, reply, row) for reply in replies]
    while going:
        following = [(of, reply, go_on(reply, row)) for of, reply, row in going]
        open_ones = [(of, reply, tokens) for of, reply, tokens in following if tokens]
        if not open_ones:
            break
        rows = yield [Extension(of, tokens, reply) for of, reply, tokens in open_ones]
        going = [(n, reply, row) for n, ((_, reply, _), row) in enumerate(zip(open_ones, rows, strict=True))]
    return max(replies, key=lambda reply: reply.mean_logprob)
