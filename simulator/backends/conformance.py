"""What any backend must keep to, as requests and what must come back; for built-in backends and for others'.

``problems = await check(backend)`` puts a backend through it; an empty list means that it conforms.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable

from simulator.backends.interface import Backend, ModelCard
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Ability, Completion, Message, Request

ABILITIES: tuple[Ability, ...] = ("generate", "label_logprobs", "score")
OPTIONS = ('1: "very" important', "2: 比较重要", "3: not [at all] important 🙂")
"""Options with what templates, grammars and tokenisers stumble over."""


async def check(backend: Backend, *, deterministic: bool = True, context: int | None = None) -> list[str]:
    """Put a backend through every rule that it declares to keep.

    Parameters
    ----------
    backend : Backend
        Ready to use; it is not closed.
    deterministic : bool
        Whether the same request must give the same reply, and a greedy reply must not depend on the seed.
    context : int, optional
        Tokens the model can hold; when given, a longer prompt must come back as an error of kind ``context``.

    Returns
    -------
    list of str
        What it got wrong, a sentence each.
    """
    rules: list[Callable[[Backend], Awaitable[list[str]]]] = [_declares, _answers_each_once, _refuses_undeclared]
    if "generate" in backend.abilities:
        rules += [_stops, _obeys_constraints]
        rules += [_repeats] if deterministic else []
    if "label_logprobs" in backend.abilities:
        rules.append(_rates_labels)
    if "score" in backend.abilities:
        rules.append(_scores)
    problems = [problem for rule in rules for problem in await rule(backend)]
    if context is not None:
        problems += await _overflows(backend, context)
    return problems


def request(text: str = "How important is work in your life?", **changes: object) -> Request:
    """A plain request, with some fields changed."""
    turns = (Message("system", "Act as a citizen of Reno, Nevada. Choose one option."), Message("user", text))
    fields: dict[str, object] = {
        "step": "answer",
        "ordinal": 0,
        "messages": turns,
        "decoding": Decoding(max_tokens=12),
        "seed": 1,
        "question": "work",
    }
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


async def _declares(backend: Backend) -> list[str]:
    found = []
    if not isinstance(backend, Backend):
        found.append("It lacks a part of the Backend interface.")
    if not isinstance(backend.card(), ModelCard):
        found.append("card() gives no ModelCard.")
    if backend.concurrency < 1:
        found.append(f"concurrency is {backend.concurrency}; at least 1 is needed.")
    if not backend.abilities <= set(ABILITIES):
        found.append(f"It declares abilities that do not exist: {sorted(backend.abilities - set(ABILITIES))}.")
    return found


async def _answers_each_once(backend: Backend) -> list[str]:
    """More requests at once than it asked for: each ends in one completion, and none in another's."""
    if "generate" not in backend.abilities:
        return []
    constraints = [Constraint((f"choice {i}",)) for i in range(min(backend.concurrency, 30) + 2)]
    many = [request(f"Question {i}?", ordinal=i, constraint=only) for i, only in enumerate(constraints)]
    replies = await asyncio.gather(*map(backend.complete, many))
    found = [problem for reply in replies for problem in _well_formed(reply)]
    for reply, only in zip(replies, constraints, strict=True):
        if reply.text is not None and not only.matches(reply.text):
            found.append(f"A request for {only.choices[0]!r} got {reply.text!r}: another's reply, or no constraint.")
    return found


async def _refuses_undeclared(backend: Backend) -> list[str]:
    found = []
    for ability in ABILITIES:
        if ability not in backend.abilities:
            reply = await backend.complete(request(ability=ability, labels=("A", "B")))
            if reply.last.error is None:
                found.append(f"It does not declare {ability} and yet answers it; an error is right.")
    return found


async def _stops(backend: Backend) -> list[str]:
    found = []
    for stop in ("e", "\n", "an"):
        reply = await backend.complete(request(stop=(stop,)))
        found += _well_formed(reply)
        if reply.text is not None and stop in reply.text:
            found.append(f"The stop string {stop!r} is part of the reply {reply.text!r}.")
    return found


async def _obeys_constraints(backend: Backend) -> list[str]:
    found = []
    for constraint in (
        Constraint(OPTIONS),
        Constraint(OPTIONS, prefix="Answer: ", suffix="\nExplanation: ", free_tokens=6),
        Constraint(OPTIONS, most=2),
        Constraint(minimum=18, maximum=99),
        Constraint(minimum=0, maximum=10, alone=("don't know", "拒绝回答")),
        Constraint(minimum=-3, maximum=3, prefix="I say "),
        Constraint(("1", "10", "100")),
    ):
        for seed in range(3):
            reply = await backend.complete(request(constraint=constraint, seed=seed))
            found += _well_formed(reply)
            if reply.text is None or not constraint.matches(reply.text):
                found.append(f"Asked for {constraint}, it gave {reply.text!r} ({reply.last.error}).")
    return found


async def _repeats(backend: Backend) -> list[str]:
    found = []
    first, again = [await backend.complete(request()) for _ in range(2)]
    if first.text != again.text:
        found.append(f"The same request with the same seed gave {first.text!r} and {again.text!r}.")
    greedy = Decoding(do_sample=False, max_tokens=12)
    one, other = [await backend.complete(request(decoding=greedy, seed=seed)) for seed in (1, 2)]
    if one.text != other.text:
        found.append(f"A greedy reply depends on the seed: {one.text!r} and {other.text!r}.")
    return found


async def _rates_labels(backend: Backend) -> list[str]:
    reply = await backend.complete(request(ability="label_logprobs", labels=("A", "B", "1", "10")))
    found = _well_formed(reply)
    known, bounds = reply.logprobs, reply.bounds or {}
    if known is None or sorted((*known, *bounds)) != ["1", "10", "A", "B"]:
        return [*found, f"label_logprobs gave {known} and the bounds {bounds} for the labels A, B, 1 and 10."]
    if reply.outside is None or not 0 <= reply.outside <= 1:
        return [*found, f"The mass outside the labels is {reply.outside}."]
    total = reply.outside + sum(math.exp(sum(values)) for values in known.values())
    if abs(total - 1) > 1e-3:
        found.append(f"Labels and the mass outside them add up to {total:.4f}, not 1.")
    if any(not value <= 0 or math.exp(value) > reply.outside + 1e-3 for value in bounds.values()):
        found.append(f"The bounds {bounds} allow more than the mass {reply.outside} that is left.")
    return found


async def _scores(backend: Backend) -> list[str]:
    wanted = ("A. Strongly agree", "B. Strongly disagree")
    reply = await backend.complete(request(ability="score", labels=wanted))
    found = _well_formed(reply)
    if reply.logprobs is None or set(reply.logprobs) != set(wanted):
        return [*found, f"score gave {reply.logprobs} for {wanted}."]
    for text, values in reply.logprobs.items():
        if not values or not all(math.isfinite(value) and value <= 0 for value in values):
            found.append(f"The log-probabilities of {text!r} are {values}; each token needs one, at most 0.")
    ended = await backend.complete(request(ability="score", labels=wanted, end_of_turn=True))
    longer = {text: len(values) for text, values in (ended.logprobs or {}).items()}
    if ended.last.error_kind != "rejected" and longer != {text: len(v) + 1 for text, v in reply.logprobs.items()}:
        found.append(f"score with the end of the turn gave {longer} values; one more each, or a refusal, is right.")
    return found


async def _overflows(backend: Backend, context: int) -> list[str]:
    reply = await backend.complete(request("so " * context))
    if reply.last.error_kind != "context":
        return [f"A prompt longer than the context gave {reply.last.error_kind!r}, not an error of kind 'context'."]
    return _well_formed(reply)


def _well_formed(reply: Completion) -> list[str]:
    """What holds of every completion."""
    if not reply.attempts:
        return ["A completion has no attempt."]
    last = reply.last
    if last.error is None and last.text is None:
        return ["An attempt has neither a reply nor an error."]
    if last.error is not None and last.error_kind is None:
        return [f"An error has no kind: {last.error!r}."]
    return []
