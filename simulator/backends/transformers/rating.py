"""Requests for log-probabilities, many at once: every prompt is evaluated once, its continuations on copies of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.backends.logits.completions import failed, rated, steps_of
from simulator.backends.logits.requests import paths_of, prompt_of
from simulator.backends.logits.scoring import Path, following, tips
from simulator.backends.transformers.network import Network
from simulator.backends.transformers.rows import begin
from simulator.backends.transformers.tools import Tools
from simulator.protocols.interface import Completion, ErrorKind, Request

LOGITS = 2**28
"""Most logits that one call may give back: 1 GiB of them."""


class Rating:
    """A request for label or continuation log-probabilities."""

    def __init__(self, request: Request, tools: Tools) -> None:
        self.width = 1
        """Rows that its continuations take at most, after :meth:`prepare`."""
        self.prompt: list[int] = []
        """Tokens of the prompt, after :meth:`prepare`."""
        self.asked: dict[Path, list[int]] = {}
        """Beginning of a continuation -> the tokens after it whose log-probabilities are asked for."""
        self._request, self._tools, self._sent = request, tools, tools.clock()

    def prepare(self) -> None:
        """Write the prompt and the continuations.

        Raises
        ------
        Refused
            If the request makes no sense or cannot fit.
        ValueError
            If the template or the vocabulary cannot write it.
        """
        request, tools = self._request, self._tools
        self.prompt = prompt_of(request, tools.template)
        if tools.encodes:
            self.prompt = [*tools.around[0], *self.prompt, *tools.around[1]]
        self._paths = paths_of(request, tools.vocabulary)
        tools.must_fit(len(self.prompt), max(map(len, self._paths.values())))
        self.asked = following(steps_of(request, self._paths, tools.vocabulary.spaces))
        self.width = len(tips(self.asked))

    def completion(self, logprobs: dict[Path, float]) -> Completion:
        """What came of it, from the log-probability of every step."""
        request, tools = self._request, self._tools
        return rated(
            request,
            self._paths,
            tools.vocabulary.spaces,
            logprobs,
            prompt_tokens=len(self.prompt),
            latency_s=tools.clock() - self._sent,
            endpoint=tools.endpoint,
        )

    def failed(self, kind: ErrorKind, reason: str) -> Completion:
        """The completion of a request that came to nothing."""
        return failed(kind, reason, self._tools.clock() - self._sent)


@dataclass(frozen=True, slots=True)
class _Branch:
    """A continuation that is evaluated."""

    of: int
    """Which request's."""
    tip: Path


def rate(network: Network, ratings: Sequence[Rating], most: int) -> list[dict[Path, float]]:
    """Natural log-probability of the last token of every step that each request asks for.

    Parameters
    ----------
    network : Network
        The model.
    ratings : sequence of Rating
        At least one, all of them prepared.
    most : int
        Rows that are evaluated together.
    """
    trunk = begin(network, [one.prompt for one in ratings])
    found: list[dict[Path, float]] = [{} for _ in ratings]
    _read(trunk.logits, [(n, (), one.asked.get((), [])) for n, one in enumerate(ratings)], found)
    branches = [_Branch(n, tip) for n, one in enumerate(ratings) for tip in tips(one.asked) if tip]
    branches.sort(key=lambda branch: (len(branch.tip), branch.of))
    while branches:
        longest = len(branches[min(most, len(branches)) - 1].tip)
        some = branches[: max(1, min(most, LOGITS // (longest * network.n_vocab)))]
        del branches[: len(some)]
        logits = trunk.copy([branch.of for branch in some]).extend([branch.tip for branch in some])
        wanted, places = [], []
        for row, (branch, done) in enumerate((branch, found[branch.of]) for branch in some):
            asked = ratings[branch.of].asked
            for depth in range(1, len(branch.tip) + 1):
                beginning = branch.tip[:depth]
                tokens = asked.get(beginning)
                if tokens and (*beginning, tokens[0]) not in done:
                    wanted.append((branch.of, beginning, tokens))
                    places.append((row, depth - 1))
        rows, depths = ([place[n] for place in places] for n in (0, 1))
        if wanted:
            _read(logits[rows, depths], wanted, found)
    return found


def _read(logits: Any, wanted: Sequence[tuple[int, Path, list[int]]], found: list[dict[Path, float]]) -> None:
    """Note the log-probabilities of the tokens asked for after each beginning, a row of logits each."""
    if not bool(logits.amax(-1).isfinite().all()):
        raise RuntimeError("its logits are not numbers")
    totals = logits.logsumexp(-1)
    at = [(row, token) for row, (_, _, tokens) in enumerate(wanted) for token in tokens]
    if not at:
        return
    rows, columns = ([pair[n] for pair in at] for n in (0, 1))
    values = iter((logits[rows, columns] - totals[rows]).tolist())
    for of, beginning, tokens in wanted:
        found[of] |= {(*beginning, token): min(0.0, next(values)) for token in tokens}
