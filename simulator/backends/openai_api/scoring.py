"""Log-probabilities of a continuation, from what an endpoint tells of the tokens of its prompt."""

from collections.abc import Mapping
from typing import Any

from simulator.backends.openai_api.abilities import Score
from simulator.backends.openai_api.replies import Failure
from simulator.backends.openai_api.tokens import read_logprob


def continuation_logprobs(
    content: Mapping[str, Any], way: Score, prompt: str | None, continuation: str
) -> tuple[float, ...]:
    """Natural log-probability of each token of the continuation with which a prompt ended.

    Parameters
    ----------
    content : mapping
        The reply, one choice long.
    way : str
        How the endpoint tells them.
    prompt : str or None
        The prompt without the continuation, where it was sent as one text.
    continuation : str
        What stood at the prompt's end.

    Raises
    ------
    Failure
        Of kind ``malformed``, if they are not there; ``rejected``, if a token spans prompt and continuation, so that
        the continuation has no probability of its own.
    """
    tokens = _echoed(content, prompt, continuation) if way == "echo" else _prompted(content)
    found: list[float] = []
    text = ""
    for token, logprob in reversed(tokens):
        if text == continuation:
            break
        if len(text) > len(continuation) or logprob is None:
            break
        text, found = token + text, [logprob, *found]
    if text == continuation:
        return tuple(found)
    if text.endswith(continuation):
        raise Failure("rejected", f"the model's tokens do not separate the prompt from {continuation!r}")
    raise Failure("malformed", f"the log-probabilities told are those of {text[-80:]!r}, not of {continuation!r}")


def _echoed(content: Mapping[str, Any], prompt: str | None, continuation: str) -> list[tuple[str, float | None]]:
    """Tokens of an echoed prompt; the reply's own tokens, which follow it, are left out."""
    choice = content["choices"][0]
    told = choice.get("logprobs")
    try:
        names, values = told["tokens"], told["token_logprobs"]
        pairs = list(zip(names, (_logprob(value) for value in values), strict=True))
    except (TypeError, KeyError, ValueError):
        raise Failure("malformed", "the prompt's log-probabilities did not come back") from None
    kept, length = [], 0
    whole = (prompt or "") + continuation
    for token, logprob in pairs:
        if length >= len(whole):
            break
        kept.append((token, logprob))
        length += len(token)
    return kept


def _prompted(content: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    told = content.get("prompt_logprobs") or content["choices"][0].get("prompt_logprobs")
    try:
        firsts: list[dict[str, Any]] = [next(iter(entry.values())) if entry else {} for entry in told]
        return [(one.get("decoded_token") or "", _logprob(one.get("logprob"))) for one in firsts]
    except (TypeError, KeyError, ValueError, AttributeError):
        raise Failure("malformed", "the prompt's log-probabilities did not come back") from None


def _logprob(value: Any) -> float | None:
    return None if value is None else read_logprob(value)
