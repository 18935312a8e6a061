"""Derived replies in the JSON that OpenAI-compatible servers speak."""

import hashlib
import itertools
import math
from typing import Any

from tests.derived_reply import TOKEN, Reply, reply, turns_of

_numbers = itertools.count(1)


def usage(prompt: int, completion: int) -> dict[str, Any]:
    """What was used, with a quarter of the prompt out of a cache."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": prompt // 4},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def chat_reply(body: dict[str, Any], said: Reply, model: str, *, logprobs: bool = True) -> dict[str, Any]:
    """A ``chat.completion``; log-probabilities when the body asks for them and the server knows how."""
    told = None
    if body.get("logprobs") and logprobs:
        most = body.get("top_logprobs") or 0
        told = {"content": [_token(t, top, most) for t, top in zip(said.tokens, said.top, strict=True)]}
    prompt = sum(len(TOKEN.findall(str(m["content"]))) + 4 for m in body["messages"])
    message = {"role": "assistant", "content": said.text, "refusal": None}
    return {
        "id": f"chatcmpl-{next(_numbers)}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "system_fingerprint": "fp_derived",
        "choices": [{"index": 0, "message": message, "finish_reason": said.finish_reason, "logprobs": told}],
        "usage": usage(prompt, len(said.tokens)),
    }


def _token(token: str, top: dict[str, float], most: int) -> dict[str, Any]:
    ranked = sorted(top.items(), key=lambda item: -item[1])[:most]
    return _one(token, top[token]) | {"top_logprobs": [_one(other, value) for other, value in ranked]}


def _one(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def token_logprob(token: str, before: str) -> float:
    """Log-probability of a token after a text; copying is likely, as in every language model.

    A token that stood earlier in the text after the same token is nearly certain.
    """
    last = TOKEN.findall(before)[-1:]
    if last and (last[0] + token) in before:
        return math.log(0.95)
    digest = hashlib.blake2b(f"{before}|{token}".encode(), digest_size=4).digest()
    return -3.0 - int.from_bytes(digest, "little") / 2**31


def _text_logprobs(text: str) -> tuple[list[str], list[float | None]]:
    """Tokens of a text and their log-probabilities; the first has none."""
    tokens = TOKEN.findall(text)
    offsets = [sum(map(len, tokens[:n])) for n in range(len(tokens))]
    return tokens, [token_logprob(t, text[:o]) if o else None for t, o in zip(tokens, offsets, strict=True)]


def completion_reply(body: dict[str, Any], echo: bool) -> dict[str, Any]:
    """A ``text_completion``; with ``echo`` the prompt's own log-probabilities, each at its own token."""
    prompt = body["prompt"]
    said = reply({**body, "messages": turns_of(prompt)})
    if body.get("max_tokens") == 0:
        said = Reply("", "length", (), ())
    tokens: list[str] = list(said.tokens)
    values: list[float | None] = list(said.logprobs)
    tops: list[dict[str, float] | None] = list(said.top)
    repeats = bool(body.get("echo")) and echo
    if repeats:
        old, told_before = _text_logprobs(prompt)
        tops = [None if v is None else {t: v} for t, v in zip(old, told_before, strict=True)] + tops
        tokens, values = old + tokens, told_before + values
    told = None
    if body.get("logprobs") is not None:
        told = {
            "tokens": tokens,
            "token_logprobs": values,
            "top_logprobs": [top and dict(sorted(top.items(), key=lambda one: -one[1])[:20]) for top in tops],
            "text_offset": [sum(map(len, tokens[:n])) for n in range(len(tokens))],
        }
    text = prompt + said.text if repeats else said.text
    choice = {"index": 0, "text": text, "finish_reason": said.finish_reason, "logprobs": told}
    if body.get("prompt_logprobs") is not None and echo:
        choice["prompt_logprobs"] = prompt_logprobs(prompt)
    return {
        "id": f"cmpl-{next(_numbers)}",
        "object": "text_completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": usage(len(TOKEN.findall(prompt)), len(said.tokens)),
    }


def prompt_logprobs(prompt: str) -> list[dict[str, Any] | None]:
    """Log-probabilities of a prompt as vLLM gives them: a dictionary by token id for every token but the first."""
    tokens, values = _text_logprobs(prompt)
    return [
        None if v is None else {str(n): {"logprob": v, "rank": 1, "decoded_token": t}}
        for n, (t, v) in enumerate(zip(tokens, values, strict=True))
    ]


def vllm_extras(body: dict[str, Any]) -> dict[str, Any]:
    """``prompt_logprobs`` beside the choices, when they are asked for."""
    if body.get("prompt_logprobs") is None:
        return {}
    return {"prompt_logprobs": prompt_logprobs("".join(f"<{m['role']}>{m['content']}" for m in body["messages"]))}
