"""What each request is told of the logits after its replies, chosen on the device where those are."""

from collections.abc import Sequence
from typing import Any

from simulator.backends.transformers import choosing
from simulator.backends.transformers.writing import Writing


def told(logits: Any, works: Sequence[tuple[int, Writing]]) -> list[list[Any]]:
    """What each request is told of the logits after its replies.

    Parameters
    ----------
    logits : torch.Tensor, shape (rows, n_vocab)
    works : sequence of (int, Writing)
        First row of each request, and the request.
    """
    if logits.device.type == "mps":  # which has no float64
        logits = logits.cpu()
    picks: list[tuple[int, int, int]] = []  # request, line, row
    searches, found = list[int](), list[list[Any]]()
    for n, (start, work) in enumerate(works):
        found.append([None] * len(work.lines))
        free = [line.reply.allowed is None for line in work.lines]
        if work.searches and all(free):
            searches.append(n)
            continue
        for at in range(len(work.lines)):
            if work.searches or not free[at]:
                found[n][at] = logits[start + at].cpu().numpy()
            else:
                picks.append((n, at, start + at))
    if picks:
        wishes = [_pick(works[n][1], at) for n, at, _ in picks]
        chosen = choosing.pick(logits[[row for _, _, row in picks]], wishes)
        for (n, at, _), one in zip(picks, chosen, strict=True):
            found[n][at] = one
    if searches:
        rows = [works[n][0] + at for n in searches for at in range(len(works[n][1].lines))]
        wanted = [
            choosing.Search(works[n][1].lines, works[n][1].request.decoding, works[n][1].chances[0]) for n in searches
        ]
        for n, ways in zip(searches, choosing.ways(logits[rows], wanted), strict=True):
            found[n] = list(ways)
    return found


def _pick(work: Writing, at: int) -> choosing.Pick:
    reply = work.lines[at].reply
    return choosing.Pick(work.request.decoding, reply.seen.tolist(), reply.rng)
