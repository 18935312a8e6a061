"""The next tokens of many rows at once, each with decoding of its own, on the device where the logits are.

The rules are those of :mod:`simulator.backends.logits`, to the same draws from the same generators; they are written
twice because a hundred thousand logits a row are not to travel to the processor for every token. Replies under a
constraint are chosen there all the same: only few tokens of them are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.backends.logits.beams import Extension, Way, alternatives, best, position
from simulator.backends.logits.sampling import Chance
from simulator.backends.transformers.library import torch
from simulator.decoding import Decoding


@dataclass(frozen=True, slots=True)
class Pick:
    """A row whose next token is chosen by itself."""

    decoding: Decoding
    seen: Sequence[int]
    """Tokens so far, for a penalty; none without one."""
    chance: Chance
    """Advanced by one number, unless the decoding is greedy."""


@dataclass(frozen=True, slots=True)
class Search:
    """Neighbouring rows that are the beams of one search."""

    beams: Sequence[Extension]
    decoding: Decoding
    chance: Chance
    """Used when sampling only."""

    @property
    def wanted(self) -> int:
        """Ways on that it looks at."""
        return alternatives(self.beams[0].reply.ends) * self.decoding.num_beams


def pick(logits: Any, wishes: Sequence[Pick]) -> list[tuple[int, float]]:
    """The next token of each row, and its natural log-probability before decoding changes it.

    Parameters
    ----------
    logits : torch.Tensor, shape (n, n_vocab)
        What the model says.
    wishes : sequence of Pick
        One for each row.
    """
    values = _penalised(logits, [(wish.decoding.repetition_penalty, wish.seen) for wish in wishes])
    tokens = values.argmax(-1)
    drawn = [n for n, wish in enumerate(wishes) if not wish.decoding.greedy]
    if drawn:
        weights = _weights(values[drawn], [wishes[n].decoding for n in drawn])
        uniforms = [wishes[n].chance.random() for n in drawn]
        tokens[drawn] = _drawn(weights.cumsum(-1), uniforms)
    logprobs = logits.gather(1, tokens[:, None])[:, 0] - logits.logsumexp(-1)
    return list(zip(tokens.tolist(), logprobs.tolist(), strict=True))


def ways(logits: Any, searches: Sequence[Search]) -> list[list[Way]]:
    """The ways on that each search looks at, the best first, or as they were drawn.

    Parameters
    ----------
    logits : torch.Tensor, shape (n, n_vocab)
        What the model says after each beam, those of the first search first.
    searches : sequence of Search
        Their beams are as many as there are rows.
    """
    logprobs = logits.log_softmax(-1)
    of_rows = [(one.decoding.repetition_penalty, beam.reply.seen.tolist()) for one in searches for beam in one.beams]
    values = _penalised(logprobs, of_rows)
    starts = [0]
    for one in searches:
        starts.append(starts[-1] + len(one.beams))
    found: list[list[tuple[int, int, float]]] = [[] for _ in searches]
    for greedy in (True, False):
        some = [n for n, one in enumerate(searches) if one.decoding.greedy == greedy]
        if not some:
            continue
        rows = [row for n in some for row in range(starts[n], starts[n + 1])]
        chosen = _likeliest if greedy else _draws
        for n, candidates in zip(some, chosen(values[rows], [searches[n] for n in some]), strict=True):
            found[n] = candidates
    flat = [(starts[n] + beam, token) for n, some in enumerate(found) for beam, token, _ in some]
    if not flat:
        return [[] for _ in searches]
    at, tokens = zip(*flat, strict=True)
    of_tokens = iter(logprobs[list(at), list(tokens)].tolist())
    return [
        [Way(beam, token, next(of_tokens), one.beams[beam].score + value) for beam, token, value in some]
        for one, some in zip(searches, found, strict=True)
    ]


def _likeliest(values: Any, searches: Sequence[Search]) -> list[list[tuple[int, int, float]]]:
    """Beam, token and value of the highest sums of score and value, of each search."""
    most = max(one.wanted for one in searches)
    top = values.topk(min(most, values.shape[1]), dim=-1)
    numbers, tokens = top.values.cpu().numpy(), top.indices.tolist()
    found, row = [], 0
    for one in searches:
        mine = slice(row, row := row + len(one.beams))
        chosen = best([beam.score for beam in one.beams], numbers[mine], one.wanted)
        found.append([(beam, tokens[mine][beam][at], float(numbers[mine][beam][at])) for beam, at in chosen])
    return found


def _draws(values: Any, searches: Sequence[Search]) -> list[list[tuple[int, int, float]]]:
    """Beam, token and value of what each search draws without replacement, one draw of all searches at a time."""
    decodings = [one.decoding for one in searches for _ in one.beams]
    heat = values.new_tensor([one.temperature for one in decodings])[:, None]
    kept = _weights(values, decodings, fewest=alternatives(searches[0].beams[0].reply.ends)) > 0
    values = torch().where(kept, values / heat, values.new_tensor(-torch().inf))
    owners = [n for n, one in enumerate(searches) for _ in one.beams]
    first = [owners.index(n) for n in range(len(searches))]
    scores = values.new_tensor([beam.score for one in searches for beam in one.beams], dtype=torch().float64)
    reach = (values.amax(-1).double() + scores).tolist()
    tops = [max(reach[n] for n, owner in enumerate(owners) if owner == one) for one in range(len(searches))]
    shift = scores - scores.new_tensor([tops[owner] for owner in owners])
    weights = (values.double() + shift[:, None]).exp()
    cumulated = weights.cumsum(-1)
    totals = cumulated[:, -1].tolist()
    found: list[list[tuple[int, int]]] = [[] for _ in searches]
    open_ones = list(range(len(searches)))
    while open_ones:
        rows, uniforms = [], []
        for n in open_ones:
            masses = np.cumsum(totals[first[n] : first[n] + len(searches[n].beams)])
            rows.append(first[n] + position(masses, searches[n].chance))
            uniforms.append(searches[n].chance.random())
        for n, row, token in zip(open_ones, rows, _drawn(cumulated[rows], uniforms).tolist(), strict=True):
            if (row - first[n], token) not in found[n]:
                found[n].append((row - first[n], token))
                continue
            weights[row, [at for beam, at in found[n] if beam == row - first[n]]] = 0  # drawn before: never again
            cumulated[row] = weights[row].cumsum(-1)
            totals[row] = float(cumulated[row, -1])
        open_ones = [
            n
            for n in open_ones
            if len(found[n]) < searches[n].wanted and sum(totals[first[n] : first[n] + len(searches[n].beams)]) > 0
        ]
    return [
        [(beam, token, float(values[first[n] + beam, token])) for beam, token in some] for n, some in enumerate(found)
    ]


def _penalised(values: Any, penalties: Sequence[tuple[float | None, Sequence[int]]]) -> Any:
    """Values in which tokens that occurred are made less likely, row by row."""
    if all(penalty in (None, 1) for penalty, _ in penalties):
        return values
    values = values.clone()
    for row, (penalty, seen) in enumerate(penalties):
        if penalty not in (None, 1) and len(seen):
            tokens = torch().tensor(sorted(set(map(int, seen))), device=values.device)
            of_seen = values[row, tokens]
            values[row, tokens] = torch().where(of_seen > 0, of_seen / penalty, of_seen * penalty)
    return values


def _weights(values: Any, decodings: Sequence[Decoding], fewest: int = 1) -> Any:
    """Weights by which tokens are drawn, in float64: temperature, top-k, top-p and min-p applied, 0 where dropped."""
    heat = torch().tensor([one.temperature for one in decodings], dtype=torch().float64, device=values.device)
    scaled = (values.double() - values.amax(-1, keepdim=True).double()) / heat[:, None]
    weights = scaled.exp()
    rows = [n for n, one in enumerate(decodings) if one.truncates]
    if not rows:
        return weights
    limits = [decodings[n] for n in rows]
    count = values.shape[1]

    def column(numbers: list[float]) -> Any:
        return torch().tensor(numbers, dtype=torch().float64, device=values.device)[:, None]

    order = scaled[rows].argsort(dim=-1, descending=True, stable=True)
    rank = torch().arange(count, device=values.device)[None]
    ordered = weights[rows].gather(1, order)
    ordered = ordered * (rank < column([max(fewest, one.top_k or count) for one in limits]))
    ordered = ordered / ordered.sum(-1, keepdim=True)
    before = ordered.cumsum(-1).roll(1, dims=1)
    before[:, 0] = 0
    top_p = column([one.top_p for one in limits])
    ordered = ordered * ((before < top_p) | (top_p >= 1) | (rank < fewest))
    enough = ordered[:, fewest - 1 : fewest] if count >= fewest else ordered[:, -1:]
    least = column([one.min_p or 0.0 for one in limits]) * ordered[:, :1]
    ordered = ordered * (ordered >= torch().minimum(enough, least))
    weights[rows] = torch().zeros_like(ordered).scatter(1, order, ordered)
    return weights


def _drawn(cumulated: Any, uniforms: Sequence[float]) -> Any:
    """Places drawn by the steps of cumulated weights, one of each row."""
    targets = cumulated.new_tensor(uniforms)[:, None] * cumulated[:, -1:]
    below = torch().nextafter(cumulated[:, -1:], torch().zeros_like(targets))  # the last step with any weight
    return torch().searchsorted(cumulated, torch().minimum(targets, below), right=True)[:, 0]
