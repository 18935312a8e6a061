"""What engines that see logits give back: a reply that was written, texts that were rated, or a failure."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.backends.logits import requests, scoring
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.scoring import Path
from simulator.protocols.interface import Attempt, Completion, ErrorKind, Request


def written(
    request: Request,
    text: str,
    *,
    finish_reason: str | None,
    prompt_tokens: int,
    completion_tokens: int,
    logprob: float | None,
    applied: dict[str, Any],
    latency_s: float,
    endpoint: str,
) -> Completion:
    """A reply; one that does not obey the request's constraint is an error of kind ``malformed`` and no text."""
    obeyed = request.constraint is None or request.constraint.matches(text)
    attempt = Attempt(
        text=text if obeyed else None,
        error=None if obeyed else f"The reply does not obey its constraint: {text!r}.",
        error_kind=None if obeyed else "malformed",
        finish_reason=finish_reason,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        latency_s=latency_s,
        applied=applied,
        endpoint=endpoint,
        logprob=logprob,
    )
    return Completion((attempt,))


def replied(
    request: Request, reply: Generation, *, prompt: Sequence[int], latency_s: float, endpoint: str
) -> Completion:
    """A reply that was grown token by token after the tokens of a prompt; see :func:`written`."""
    return written(
        request,
        reply.text,
        finish_reason=reply.finish_reason,
        prompt_tokens=len(prompt),
        completion_tokens=len(reply.tokens),
        logprob=reply.logprob,
        applied=requests.applied(request.decoding),
        latency_s=latency_s,
        endpoint=endpoint,
    )


def steps_of(request: Request, paths: Mapping[str, Path], spaces: frozenset[int]) -> set[Path]:
    """Steps whose log-probabilities a rating needs: of labels or of whole continuations."""
    if request.ability == "label_logprobs":
        return scoring.label_steps(paths.values(), spaces)
    return scoring.score_steps(paths.values())


def rated(
    request: Request,
    paths: Mapping[str, Path],
    spaces: frozenset[int],
    logprobs: Mapping[Path, float],
    *,
    prompt_tokens: int,
    latency_s: float,
    endpoint: str,
) -> Completion:
    """The rating of labels or continuations from the log-probabilities of all :func:`steps_of` them."""
    applied: dict[str, Any] = {}
    outside: float | None = None
    if request.ability == "label_logprobs":
        found, outside = scoring.label_logprobs(paths, spaces, logprobs)
    else:
        found = scoring.score(paths, logprobs)
        applied = {"end_of_turn": request.end_of_turn}
    attempt = Attempt(
        text="",
        finish_reason="stop",
        prompt_tokens=prompt_tokens,
        completion_tokens=sum(map(len, paths.values())),
        latency_s=latency_s,
        applied=applied,
        endpoint=endpoint,
    )
    return Completion((attempt,), found, outside)


def failed(kind: ErrorKind, reason: str, latency_s: float) -> Completion:
    """A request that came to nothing."""
    return Completion((Attempt(error=reason, error_kind=kind, latency_s=latency_s),))
