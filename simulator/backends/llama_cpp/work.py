"""What one request makes the engine do, as a generator: it yields what it wants evaluated and receives logits.

It awaits nothing and knows of no other request; the scheduler fulfils the wishes of many side by side.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from demoscope import seeds
from simulator.backends.llama_cpp.branches import Branches
from simulator.backends.llama_cpp.growing import grow, sample
from simulator.backends.llama_cpp.model import Model
from simulator.backends.llama_cpp.rating import rate
from simulator.backends.llama_cpp.sequence import Sequence
from simulator.backends.llama_cpp.wishes import Piece, Step, Wish, Wishes
from simulator.backends.logits.beams import beam_search
from simulator.backends.logits.completions import failed, rated, replied, steps_of
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.grammar import Grammars
from simulator.backends.logits.requests import longest_reply, must_fit, paths_of, prompt_of
from simulator.backends.logits.sampling import Logits
from simulator.protocols.interface import Completion, ErrorKind, Request


@dataclass(frozen=True)
class Tools:
    """What every request needs."""

    model: Model
    grammars: Grammars
    branches: Branches
    """Where continuations are rated."""
    spaces: frozenset[int]
    """Tokens that are nothing but white space."""
    size: int
    """Tokens that a sequence holds."""
    places: int
    """Sequences there are."""
    endpoint: str
    """Name of the model in the wave."""
    clock: Callable[[], float]
    """Seconds, for latencies."""


class Work:
    """One request on its way through the engine."""

    def __init__(self, request: Request, tools: Tools) -> None:
        self.conversation = request.conversation
        """Name of the conversation it belongs to, if any."""
        self.prompt: list[int] = []
        """Tokens of the prompt, after :meth:`prepare`."""
        self.width = min(tools.places, request.decoding.width) if request.ability == "generate" else 1
        """Sequences it needs; replies that are more take turns."""
        self._request, self._tools, self._sent = request, tools, tools.clock()

    def prepare(self) -> None:
        """Write the prompt.

        Raises
        ------
        Refused
            If the request makes no sense or cannot fit.
        ValueError
            If the template or the vocabulary cannot write it.
        """
        self.prompt = prompt_of(self._request, self._tools.model.template)

    def run(self, sequences: list[Sequence]) -> Wishes:
        """The request itself, on sequences that are its own until it ends."""
        if self._request.ability == "generate":
            return self._write(sequences)
        return self._rate(sequences[0])

    def failed(self, kind: ErrorKind, reason: str) -> Completion:
        """The completion of a request that came to nothing."""
        return failed(kind, reason, self._tools.clock() - self._sent)

    def _write(self, sequences: list[Sequence]) -> Wishes:
        request, tools = self._request, self._tools
        generation = Generation(
            tools.model.vocabulary,
            request.decoding,
            self.prompt,
            seeds.generator(request.seed, "sampling"),
            stop=request.stop,
            grammar=tools.grammars.of(request.constraint) if request.constraint else None,
        )
        self._must_fit(longest_reply(request, len(generation.opening)))
        if not generation.finish_reason and request.decoding.width > 1:
            generation = yield from self._search(generation, sequences)
        elif not generation.finish_reason:
            yield from self._continue(generation, sequences[0])
        return replied(
            request,
            generation,
            prompt=self.prompt,
            latency_s=tools.clock() - self._sent,
            endpoint=tools.endpoint,
        )

    def _continue(self, generation: Generation, sequence: Sequence) -> Generator[Wish, list[Logits], None]:
        """Write one reply, token by token."""
        (logits,) = yield Piece(sequence, sequence.rewind([*self.prompt, *generation.opening]))
        while following := generation.advance(logits):
            self._must_fit(len(generation.tokens))
            if len(following) == 1:
                (logits,) = yield Step(((sequence, following[0]),))
            else:
                (logits,) = yield Piece(sequence, following)

    def _search(self, start: Generation, sequences: list[Sequence]) -> Generator[Wish, list[Logits], Generation]:
        """Write several replies and take one."""
        decoding, seed = self._request.decoding, self._request.seed
        if decoding.num_beams > 1:
            search = beam_search(start, decoding, seeds.generator(seed, "sampling"))
            return (yield from grow(search, self.prompt, sequences, self._must_fit))
        rngs = [seeds.generator(seed, "sampling", n) for n in range(decoding.width)]
        return (yield from sample(start, rngs, self.prompt, sequences, self._must_fit))

    def _rate(self, place: Sequence) -> Wishes:
        request, tools = self._request, self._tools
        paths = paths_of(request, tools.model.vocabulary)
        self._must_fit(max(map(len, paths.values())))
        logprobs = yield from rate(steps_of(request, paths, tools.spaces), self.prompt, place, tools.branches)
        return rated(
            request,
            paths,
            tools.spaces,
            logprobs,
            prompt_tokens=len(self.prompt),
            latency_s=tools.clock() - self._sent,
            endpoint=tools.endpoint,
        )

    def _must_fit(self, reply: int) -> None:
        must_fit(len(self.prompt), reply, self._tools.size)
