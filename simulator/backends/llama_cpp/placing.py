"""Which place a request gets, so that as little as possible is evaluated again. Rules only; nothing is evaluated."""

from collections.abc import Collection, Sequence

from simulator.backends.llama_cpp.sequence import FRESH
from simulator.backends.llama_cpp.sequence import Sequence as Place
from simulator.backends.llama_cpp.work import Work

WORTH_COPYING = 64
"""Shared tokens from which copying another conversation's beginning is cheaper than evaluating it."""


def place(work: Work, places: Sequence[Place], awaited: Collection[str]) -> tuple[Place, Place | None]:
    """Place for a request, and another whose content is to be copied there first.

    A conversation returns to its own place. Another takes an empty place, or else the one that was used least
    recently, if possible of a conversation that no waiting request belongs to.

    Parameters
    ----------
    work : Work
        The request, with its prompt.
    places : sequence of Sequence
        All of them, at least one idle.
    awaited : collection of str
        Conversations of the requests that wait.
    """
    idle = [one for one in places if not one.busy]
    own = [one for one in idle if work.conversation and one.conversation == work.conversation]
    if own:
        return max(own, key=lambda one: one.shared(work.prompt)), None
    target = oldest(idle, awaited)
    best = max(places, key=lambda one: (one.shared(work.prompt), not one.busy))
    found = best.shared(work.prompt)
    whole = 0 < found == len(work.prompt) - FRESH  # as after another rating of the same question
    if not whole and found - target.shared(work.prompt) < WORTH_COPYING:
        return target, None
    if best is target or (best in idle and not best.conversation):
        return best, None
    return target, best


def oldest(idle: Sequence[Place], awaited: Collection[str]) -> Place:
    """The idle place whose content will be missed least."""
    return min(idle, key=lambda one: (bool(one.tokens), one.conversation in awaited, one.used, one.number))


PATIENCE = 256
"""How many others may go before a request because their conversation has its place still."""


def next_in_line(waiting: Sequence[Work], places: Sequence[Place], passed: int) -> int:
    """Position of the waiting request that goes next.

    Conversations that are held already go first, so interviews end one after another instead of displacing each
    other with every question; nobody waits for ever.
    """
    if passed < PATIENCE:
        held = {one.conversation for one in places if not one.busy and one.conversation}
        return next((n for n, work in enumerate(waiting) if work.conversation in held), 0)
    return 0
