"""One request for text on its way: the replies that it grows, and what it wants to know about each.

It knows nothing of rows or devices: whoever evaluates tells it, step by step, what was read off the logits. A request
that was interrupted by a lack of memory goes on from its replies as they are, and no draw is made twice.
"""

from collections.abc import Sequence
from typing import Any

from demoscope import seeds
from simulator.backends.logits.beams import Extension, Way, beam_search, best_of, ways_on
from simulator.backends.logits.completions import failed, replied
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.requests import Refused, longest_reply, prompt_of
from simulator.backends.logits.sampling import Chance
from simulator.backends.transformers.tools import Tools
from simulator.protocols.interface import Completion, ErrorKind, Request


class Rewindable:
    """Draws that can be taken back, so that a step which failed half way is made again with the same numbers."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._taken: list[float] = []
        self._again: list[float] = []

    def random(self) -> float:
        """The next uniform number, from 0 to below 1."""
        self._taken.append(self._again.pop(0) if self._again else self._chance.random())
        return self._taken[-1]

    def rewind(self) -> None:
        """Take back what was drawn since the last :meth:`keep`."""
        self._again, self._taken = [*self._taken, *self._again], []

    def keep(self) -> None:
        """Let stand what was drawn."""
        self._taken.clear()


class Writing:
    """A request for text, and the replies that grow for it: one, several samples, or the beams of a search."""

    def __init__(self, request: Request, tools: Tools) -> None:
        self.request = request
        """What is asked for."""
        self.prompt: list[int] = []
        """Tokens of the prompt, after :meth:`prepare`."""
        self.lines: list[Extension] = []
        """The replies that go on, a row each."""
        self.queues: list[list[int]] = []
        """Tokens of each that are not evaluated yet."""
        self.chances: list[Rewindable] = []
        """Where its draws come from."""
        self.width = request.decoding.width
        """Rows that it may come to need."""
        self._tools, self._sent = tools, tools.clock()
        self._taken: Generation | None = None

    def prepare(self) -> None:
        """Write the prompt and what the reply begins with.

        Raises
        ------
        Refused
            If the request makes no sense or cannot fit.
        ValueError
            If the template or the vocabulary cannot write it.
        """
        request, tools = self.request, self._tools
        prompt = prompt_of(request, tools.template)
        if tools.encodes:
            prompt = [*tools.around[0], *prompt, *tools.around[1]]
            if request.constraint and request.decoding.width > 1:
                raise Refused(
                    "rejected",
                    "Beams and best-of-n of an encoder-decoder model cannot be held to a constraint; set num_beams "
                    "to 1 and leave best_of out.",
                )
        self.prompt = prompt
        decoding, seed = request.decoding, request.seed
        rngs = [seeds.generator(seed, "sampling")]
        if decoding.width > 1 and decoding.num_beams == 1:
            rngs = [seeds.generator(seed, "sampling", n) for n in range(decoding.width)]
        self.chances = [Rewindable(rng) for rng in rngs]
        start = Generation(
            tools.vocabulary,
            decoding,
            prompt,
            self.chances[0],
            stop=request.stop,
            grammar=tools.grammars.of(request.constraint) if request.constraint else None,
        )
        self._must_fit(longest_reply(request, len(start.opening)))
        if start.finish_reason:
            self._taken = start
            return
        if decoding.num_beams > 1:
            self._search = beam_search(start, decoding, self.chances[0], _given)
        else:
            self._search = best_of(start, self.chances, _go_on)
        self._set(next(self._search))

    @property
    def done(self) -> bool:
        """Whether the reply is complete."""
        return self._taken is not None

    @property
    def ready(self) -> bool:
        """Whether all its replies are evaluated to their ends, so that it can be told what comes next."""
        return not any(self.queues)

    @property
    def searches(self) -> bool:
        """Whether its replies are beams, of which the next step is one choice."""
        return self.request.decoding.num_beams > 1

    def texts(self) -> list[list[int]]:
        """What each row must hold, from its first token on, once the queues are empty."""
        return [[*self.prompt, *line.reply.tokens] for line in self.lines]

    def begin(self) -> list[list[int]]:
        """What to evaluate for each row before the first step; the rest is queued."""
        if not self._tools.encodes:
            self.queues = [[] for _ in self.lines]
            return self.texts()
        self.queues = [list(line.reply.tokens) for line in self.lines]
        return [self.prompt for _ in self.lines]

    def told(self, found: Sequence[Any]) -> None:
        """Go on with what was read off the logits: tokens and their log-probabilities, or ways on, or logits.

        Raises
        ------
        Refused
            If a reply does not fit any more.
        """
        for chance in self.chances:
            chance.keep()
        try:
            lines = self._search.send(list(found))
        except StopIteration as done:
            self._taken = done.value
            return
        for chance in self.chances:
            chance.keep()
        self._set(lines)

    def completion(self) -> Completion:
        """What came of it."""
        reply, tools = self._taken, self._tools
        assert reply is not None
        return replied(
            self.request,
            reply,
            prompt=self.prompt,
            latency_s=tools.clock() - self._sent,
            endpoint=tools.endpoint,
        )

    def failed(self, kind: ErrorKind, reason: str) -> Completion:
        """The completion of a request that came to nothing."""
        return failed(kind, reason, self._tools.clock() - self._sent)

    def _set(self, lines: list[Extension]) -> None:
        self.lines = lines
        self.queues = [list(line.tokens) for line in lines]
        self._must_fit(max(len(line.reply.tokens) for line in lines))

    def _must_fit(self, reply: int) -> None:
        self._tools.must_fit(len(self.prompt), reply)


def _given(beams: Sequence[Any], found: Sequence[Any], decoding: Any, chance: Chance) -> Sequence[Way]:
    """Ways on that were found already, or that are found now from logits."""
    return found if not found or isinstance(found[0], Way) else ways_on(beams, found, decoding, chance)


def _go_on(reply: Generation, found: Any) -> list[int]:
    """Go on with a token that was chosen already, or that is chosen now from logits."""
    return reply.take(*found) if isinstance(found, tuple) else reply.advance(found)
