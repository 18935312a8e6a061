"""Replies through vLLM. Where anything may come it writes by itself; where a choice is to be made, it is told step by
step what the model says, and the choice is made here, by the rules of every backend that sees logits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from demoscope import seeds
from simulator.backends.logits.beams import Extension, alternatives, beam_search
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.grammar import Grammars
from simulator.backends.logits.requests import Refused
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.backends.vllm.engine import Engine, together
from simulator.backends.vllm.library import vllm
from simulator.constraint import JsonConstraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Request

MOST_KNOWN = 1024
"""Tokens of a step that are asked for one by one, or as the likeliest; beyond it the whole vocabulary is."""
COLDEST, HOTTEST = 0.01, 2.0
"""Temperatures at which vLLM samples."""


@dataclass(frozen=True)
class Writer:
    """Writes replies with an engine."""

    engine: Engine
    vocabulary: Vocabulary
    grammars: Grammars

    async def write(self, request: Request, prompt: list[int]) -> Generation:
        """One reply: of a beam search, or drawn, or the best of several that were."""
        decoding, constraint = request.decoding, request.constraint
        width = 1 if decoding.num_beams > 1 else decoding.width
        form = None
        if isinstance(constraint, JsonConstraint) and decoding.num_beams == 1:  # as long as it takes, as elsewhere
            form = constraint.root.schema()
            decoding = replace(decoding, max_tokens=self.engine.size - len(prompt))
        names = [("sampling",)] if width == 1 else [("sampling", n) for n in range(width)]
        start = Generation(
            self.vocabulary,
            decoding,
            prompt,
            seeds.generator(request.seed, *names[0]),
            stop=request.stop,
            grammar=None if constraint is None or form else self.grammars.of(constraint),
        )
        if start.finish_reason:
            return start
        if decoding.num_beams > 1:
            return await self._searched(start, request, prompt)
        replies = [start.fork(seeds.generator(request.seed, *name)) for name in names]
        draws = [request.seed] if width == 1 else [seeds.number(request.seed, *name) for name in names]
        pairs = zip(replies, draws, strict=True)
        await together(self._drawn(reply, request, prompt, seed, form) for reply, seed in pairs)
        return max(replies, key=lambda reply: reply.mean_logprob)

    async def _searched(self, start: Generation, request: Request, prompt: list[int]) -> Generation:
        search = beam_search(start, request.decoding, start.rng)
        lines = next(search)
        while True:
            rows = await together(self._row(line, request.decoding, prompt) for line in lines)
            try:
                lines = search.send(rows)
            except StopIteration as done:
                reply: Generation = done.value
                return reply

    async def _row(self, line: Extension, decoding: Decoding, prompt: list[int]) -> Any:
        reply = line.reply
        tokens, count = asked_for(reply, decoding)
        return await self.engine.row([*prompt, *reply.tokens], tokens, count)

    async def _drawn(
        self, reply: Generation, request: Request, prompt: list[int], seed: int, form: dict[str, Any] | None
    ) -> None:
        """Go on with a reply to its end."""
        decoding = request.decoding
        while not reply.finish_reason and (allowed := reply.allowed) is not None:
            before = [*prompt, *reply.tokens]
            if decoding.repetition_penalty in (None, 1) and len(allowed) <= MOST_KNOWN:
                reply.advance(await self.engine.row(before, allowed.tolist(), None))
            else:  # a penalty changes logits, and log-probabilities do not tell those
                wishes = sampling(decoding, seeds.number(seed, "token", len(reply.tokens)), [])
                drawn = await self.engine.reply(
                    before, wishes | {"max_tokens": 1, "allowed_token_ids": allowed.tolist()}
                )
                reply.take(drawn.ids[0], drawn.logprobs[0])
        if reply.finish_reason:
            return
        wishes = sampling(decoding, seed, self.vocabulary.ends.tolist())
        wishes |= {"max_tokens": reply.left, "stop": list(reply.stops) or None}
        if form is not None:
            wishes["structured_outputs"] = vllm().sampling_params.StructuredOutputsParams(json=form)
        found = await self.engine.reply([*prompt, *reply.tokens], wishes)
        for token, logprob in zip(found.ids, found.logprobs, strict=True):
            reply.take(token, logprob)
            if reply.finish_reason:
                return
        reply.finish_reason = "stop" if found.stopped else "length"


def asked_for(reply: Generation, decoding: Decoding) -> tuple[list[int] | None, int | None]:
    """What must be known to choose the next token: log-probabilities of certain tokens, or of the likeliest.

    Returns
    -------
    tokens : list of int, optional
        Those that may come, where they are few.
    count : int, optional
        Otherwise, how many of the likeliest decide: few where the step looks at no more, or top-k leaves no more.
        ``None`` where all of the vocabulary has a say, which is slow.
    """
    allowed = reply.allowed
    if allowed is not None:
        return (allowed.tolist(), None) if len(allowed) <= MOST_KNOWN else (None, None)
    if decoding.repetition_penalty not in (None, 1) or not (decoding.greedy or decoding.top_k):
        return None, None
    looked_at = alternatives(reply.ends) * decoding.num_beams
    count = looked_at if decoding.greedy else max(looked_at, decoding.top_k or 0)
    return None, count if count <= MOST_KNOWN else None


def sampling(decoding: Decoding, seed: int, ends: Sequence[int]) -> dict[str, Any]:
    """Arguments of ``SamplingParams`` for text in which anything may come.

    Parameters
    ----------
    ends : sequence of int
        Tokens that end a reply, beside those that the model's own configuration names.

    Raises
    ------
    Refused
        If vLLM would take another temperature.

    >>> sampling(Decoding(do_sample=False, top_p=0.9), 3, [2])
    {'temperature': 0.0, 'seed': 3, 'stop_token_ids': [2]}
    """
    if not decoding.greedy and not COLDEST <= decoding.temperature <= HOTTEST:
        raise Refused(
            "rejected",
            f"vLLM takes temperatures from {COLDEST} to {HOTTEST:g}, or 0; got {decoding.temperature:g}. "
            "`backend: transformers` and `backend: llama_cpp` take any.",
        )
    wishes: dict[str, Any] = {
        "temperature": 0.0 if decoding.greedy else decoding.temperature,
        "seed": seed,
        "stop_token_ids": list(ends),
    }
    if not decoding.greedy:
        wishes |= {"top_p": decoding.top_p, "top_k": decoding.top_k or 0, "min_p": decoding.min_p or 0.0}
    if decoding.repetition_penalty is not None:
        wishes["repetition_penalty"] = decoding.repetition_penalty
    return wishes
