"""Several replies to one prompt that grow side by side, of which one is taken: beam search and best-of-n.

Each is a generator over any next-token function. It yields which replies go on with which tokens, and receives the
logits after each of them; it knows nothing of contexts or places.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.backends.llama_cpp.context import Logits
from simulator.backends.llama_cpp.generation import Generation
from simulator.backends.llama_cpp.sampling import Floats, Ids, likeliest, log_softmax, penalised, truncated
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


Search = Generator[list[Extension], list[Logits], Generation]
"""Yields the extensions of a step, first the opening after the prompt; returns the reply that is taken."""


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
class _Candidate:
    """One way on of one beam."""

    beam: int
    token: int
    logprob: float
    score: float


def beam_search(start: Generation, decoding: Decoding, rng: np.random.Generator) -> Search:
    """Search as ``generate`` of transformers does, with ``length_penalty=1`` and ``early_stopping=False`` [1]_.

    At each step the ``2 * num_beams`` likeliest of all ways on are looked at. When sampling, as many are drawn
    without replacement from the joint distribution, after temperature, top-k, top-p and min-p were applied to the
    log-probabilities of each beam. Those among the first ``num_beams`` that are complete are kept, the best
    ``num_beams`` of the others go on. The search ends when ``num_beams`` complete replies score no less than the
    best of the others does so far.

    Under a grammar a step is a choice: text that must come follows it at once and neither counts nor scores, and a
    constrained answer is one choice in length, so that no option gains by being spelt in more tokens.

    Parameters
    ----------
    start : Generation
        The reply before its first token.
    decoding : Decoding
        How to search; ``num_beams`` at least 1.
    rng : numpy.random.Generator
        Used when sampling only.

    References
    ----------
    .. [1] https://huggingface.co/docs/transformers/main_classes/text_generation
    """
    going, complete = [Beam(start, 0.0)], list[Beam]()
    extensions = [Extension(0, start.opening)]
    while True:
        rows = yield extensions
        grown: list[tuple[Beam, Extension]] = []
        for rank, way in enumerate(_ways_on(going, rows, decoding, rng)):
            reply = going[way.beam].reply.fork()
            following = reply.take(way.token, way.logprob)
            if following:
                grown.append((Beam(reply, way.score), Extension(way.beam, following)))
            elif rank < decoding.num_beams:
                complete.append(Beam(reply, way.score))
        complete = sorted(complete, key=lambda beam: -beam.normalised)[: decoding.num_beams]
        grown = sorted(grown, key=lambda pair: -pair[0].score)[: decoding.num_beams]
        going, extensions = [beam for beam, _ in grown], [extension for _, extension in grown]
        full = len(complete) == decoding.num_beams
        if not going or (full and max(beam.normalised for beam in going) <= complete[-1].normalised):
            return complete[0].reply


def _ways_on(
    beams: Sequence[Beam], rows: Sequence[Logits], decoding: Decoding, rng: np.random.Generator
) -> list[_Candidate]:
    """The ways on that are looked at: the likeliest, the best first, or those drawn, as they were drawn."""
    wanted = 2 * decoding.num_beams
    found: list[tuple[Floats, Ids, Floats]] = []
    for beam, row in zip(beams, rows, strict=True):
        logprobs = log_softmax(row)
        values = penalised(logprobs, decoding.repetition_penalty, beam.reply.seen)
        allowed = beam.reply.allowed
        tokens = np.arange(len(values)) if allowed is None else allowed
        values = values[tokens] if allowed is not None else values
        if decoding.greedy:
            kept = likeliest(values, wanted)
            tokens, values = tokens[kept], values[kept]
        else:
            if decoding.truncates:
                kept = truncated(values, decoding, fewest=2)[0]
                tokens, values = tokens[kept], values[kept]
            values = values / decoding.temperature
        found.append((logprobs, tokens, beam.score + values))
    scores = np.concatenate([one for _, _, one in found])
    keys = scores if decoding.greedy else scores - np.log(rng.standard_exponential(len(scores)))  # Gumbel noise
    ends = np.cumsum([len(tokens) for _, tokens, _ in found])
    ways = []
    for at in likeliest(keys, wanted).tolist():
        number = int(np.searchsorted(ends, at, side="right"))
        logprobs, tokens, _ = found[number]
        token = int(tokens[at - ends[number]])  # counted from the end of its beam
        ways.append(_Candidate(number, token, float(logprobs[token]), float(scores[at])))
    return ways


def best_of(start: Generation, rngs: Sequence[np.random.Generator]) -> Search:
    """Draw a reply with each generator and take the one of the highest mean log-probability.

    Parameters
    ----------
    start : Generation
        The reply before its first token.
    rngs : sequence of numpy.random.Generator
        One for each reply, at least one.
    """
    (row,) = yield [Extension(0, start.opening)]
    replies = [start.fork(rng) for rng in rngs]
    going = [(0, reply, row) for reply in replies]
    while going:
        following = [(of, reply, reply.advance(row)) for of, reply, row in going]
        open_ones = [(of, reply, tokens) for of, reply, tokens in following if tokens]
        if not open_ones:
            break
        rows = yield [Extension(of, tokens) for of, _, tokens in open_ones]
        going = [(n, reply, row) for n, ((_, reply, _), row) in enumerate(zip(open_ones, rows, strict=True))]
    return max(replies, key=lambda reply: reply.logprob / reply.length)
