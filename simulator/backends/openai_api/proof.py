"""Abilities by proof: what an endpoint does is tried out, and what comes back is judged by its values.

An endpoint that ignores a field answers as if it knew it, and one that shifts log-probabilities by a token gives
numbers all the same. So every check compares replies that must differ with replies that must not.
"""

import math
from dataclasses import replace
from typing import Any, get_args

from simulator.backends.logits.scoring import Path
from simulator.backends.openai_api.abilities import Proven, Score, Structured
from simulator.backends.openai_api.bodies import COMPLETIONS
from simulator.backends.openai_api.forms import form_fields, plain_text
from simulator.backends.openai_api.probe import Probe
from simulator.backends.openai_api.replies import Failure
from simulator.backends.openai_api.scoring import continuation_logprobs
from simulator.backends.openai_api.token_ids import after, cut_body, next_body, next_fields, read_next, read_prompt
from simulator.backends.openai_api.tokens import read_tokens
from simulator.constraint import Constraint
from simulator.protocols.interface import Message

STORY = "Write one sentence about something that nobody has ever written about."
UNLIKELY = Constraint(("7431: quokka", "8520: zeppelin"), prefix="Answer: ")
"""What no model says unless it must."""
ROUND = "red green blue red green blue red green blue red green blue red green"
"""Goes on with `` blue`` in every language model, and with hardly anything else."""
WORDS = (" blue", " violet")
"""What comes next, and what does not."""
SAME = 0.25
"""Nats by which a log-probability may differ between two requests; batches of 16-bit numbers round."""
CONTINUED = {"add_generation_prompt": False, "continue_final_message": True}
"""Fields by which vLLM and SGLang continue a last turn of the model's."""


class Prover:
    """Tries out an endpoint that has been greeted."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._proven = Proven(
            api=probe.api, limit=probe.limit, unique_ids=probe.unique_ids, names=probe.names, about=probe.about
        )

    async def prove(self) -> Proven:
        """Everything that the endpoint can do.

        Raises
        ------
        WavePaused
            If it does not answer any more.
        """
        self._proven = replace(self._proven, top_logprobs=await self._top_logprobs())
        await self._sampling()
        self._proven = replace(self._proven, schema=await self._obeys("json_schema"))
        self._proven = replace(self._proven, structured=await self._structured())
        if self._proven.api == "chat":
            self._proven = replace(self._proven, continues=await self._continues())
        else:
            self._proven = replace(self._proven, continues=True)
        self._proven = replace(self._proven, score=await self._score())
        return self._proven

    async def _top_logprobs(self) -> int:
        """How many likeliest tokens come along, their values being log-probabilities with the chosen one on top."""
        for n in (20, 5):
            fields: dict[str, Any] = {"logprobs": True, "top_logprobs": n}
            if self._proven.api == "completions":
                fields = {"logprobs": n}
            reply = await self._probe.say("Answer with one letter, A or B.", 1, temperature=0, **fields)
            if reply is None:
                reply = await self._probe.say("Answer with one letter, A or B.", 1, **fields)
            try:
                tokens = read_tokens(reply) if reply else None
            except Failure:
                tokens = None
            if tokens and _are_probabilities(tokens[0].logprob, [value for _, value in tokens[0].top]):
                return min(n, len(tokens[0].top))
        return 0

    async def _sampling(self) -> None:
        """Temperature, seed, top_k, min_p and the penalty, each by what it must change and what it must not."""
        warm = {"temperature": 1.3, "top_p": 1}
        if await self._probe.say("Say hello.", 4, **warm) is None:
            self._proven = replace(self._proven, sampling=False)
            warm = {}
        draws = [await self._text(**warm, seed=seed) for seed in (1, 2, 3)]
        varied = len(set(draws)) > 1 and None not in draws
        if varied:
            again = [await self._text(**warm, seed=seed) for seed in (1, 2)]
            self._proven = replace(self._proven, seed=again == draws[:2])
        if varied and self._proven.sampling:
            seeds: list[dict[str, Any]] = [{"seed": seed} if self._proven.seed else {} for seed in (4, 5, 6)]
            heeded = []
            for fields in ({"top_k": 1}, {"min_p": 1.0}):
                alike = [await self._text(**warm, **seed, **fields) for seed in seeds]
                heeded.append(None not in alike and len(set(alike)) == 1)
            self._proven = replace(self._proven, top_k=heeded[0], min_p=heeded[1])
            await self._penalty()

    async def _penalty(self) -> None:
        plain = await self._probe.say(f"Continue: {ROUND}", 24, temperature=0)
        for name in ("repetition_penalty", "repeat_penalty"):
            other = await self._probe.say(f"Continue: {ROUND}", 24, temperature=0, **{name: 1.9})
            if plain and other and plain.text and other.text != plain.text:
                self._proven = replace(self._proven, penalty=name)
                return

    async def _text(self, **fields: Any) -> str | None:
        reply = await self._probe.say(STORY, 16, **fields)
        return None if reply is None else reply.text or reply.reasoning

    async def _structured(self) -> Structured | None:
        """The first way to prescribe a form that makes the endpoint say what nobody would say."""
        for way in get_args(Structured):
            if way == "json_schema":
                return way if self._proven.schema else None
            if await self._obeys(way):
                found: Structured = way
                return found
        return None

    async def _obeys(self, way: Structured) -> bool:
        if way == "json_schema" and self._proven.api == "completions":
            return False
        likeliest = {"temperature": 0} if self._proven.sampling else {}  # at random it may fill a schema with blanks
        reply = await self._probe.say("How are you today?", 64, **likeliest, **form_fields(UNLIKELY, way))
        text = None if reply is None else plain_text(UNLIKELY, reply.text) if way == "json_schema" else reply.text
        return text is not None and UNLIKELY.matches(text)

    async def _continues(self) -> bool:
        """Whether a word that was begun is finished; or, as weak models cannot, whether what goes round goes on.

        There the blank before the next word tells a reply that was continued from one that begins.
        """
        spelt = "alpha bravo charlie delta echo foxtrot golf hotel"
        for told, begun, then in (
            (f"Repeat exactly: {spelt}", "alpha bravo charlie delta echo fox", "trot"),
            (f"Continue: {ROUND}", ROUND, " blue red"),
        ):
            body = self._probe.prompt(Message("user", told), Message("assistant", begun))
            found = await self._probe.ask(body | CONTINUED | {self._proven.limit: 8, "temperature": 0})
            if found is None:
                return False
            if found[0].text.startswith(then):
                return True
        return False

    async def _score(self) -> Score | None:
        """The way that tells log-probabilities of a given text at the right places.

        After a text that goes round, the expected word must be likely and another one unlikely, each at its first
        token: numbers that are shifted by a token are the same for both.
        """
        for way in get_args(Score):
            if way == "token_ids":
                if self._probe.thinks or not await self._names_tokens():
                    continue
                return "token_ids"
            if way == "echo" and self._proven.api == "chat":
                continue
            likely, unlikely = [await self._first_logprob(way, word) for word in WORDS]
            if likely is not None and unlikely is not None and _differ(likely, unlikely):
                found: Score = way
                return found
        return None

    async def _names_tokens(self) -> bool:
        """Whether log-probabilities of tokens named by their ids are told, after messages and after ids alike."""
        cuts: list[Path] = []
        try:
            for text in ("", *WORDS):
                cut = await self._probe.ask(cut_body(text), COMPLETIONS)
                if cut is None:
                    return False
                cuts.append(read_prompt(cut[1]))
            firsts = [after(cuts[0], cut, word)[0] for cut, word in zip(cuts[1:], WORDS, strict=True)]
            body = self._going_round() | next_fields(self._proven.api, firsts)
            told = await self._probe.ask(body | {self._proven.limit: 1, "return_token_ids": True})
            if told is None:
                return False
            prompt, here = read_prompt(told[1]), read_next(told[1], firsts)
            again = await self._probe.ask(next_body(prompt, firsts), COMPLETIONS)
            there = read_next(again[1], firsts) if again else {}
        except Failure:
            return False
        likely, unlikely = firsts
        same = all(abs(here[token] - there.get(token, -math.inf)) < SAME for token in firsts)
        return same and likely != unlikely and _differ(here[likely], here[unlikely])

    def _going_round(self, word: str = "") -> dict[str, Any]:
        """The part of a body that holds a text that goes round, to be continued."""
        if self._proven.api == "completions":
            return self._probe.prompt(Message("user", ROUND + word))
        return (
            self._probe.prompt(Message("user", f"Continue: {ROUND}"), Message("assistant", ROUND + word)) | CONTINUED
        )

    async def _first_logprob(self, way: Score, word: str) -> float | None:
        fields = {"echo": True, "logprobs": 1} if way == "echo" else {"prompt_logprobs": 0}
        body = {self._proven.limit: 1, "temperature": 0, **self._going_round(word), **fields}
        found = await self._probe.ask(body)
        if found is None:
            return None
        try:
            prompt = None if self._proven.api == "chat" else ROUND
            return continuation_logprobs(found[1], way, prompt, word)[0]
        except Failure:
            return None


def _differ(likely: float, unlikely: float) -> bool:
    """Whether the word that goes on what goes round is likely, and another one is not."""
    return likely > -1.5 and likely - unlikely > 1


def _are_probabilities(chosen: float, top: list[float]) -> bool:
    """Whether numbers can be the log-probabilities of a greedy token and of the likeliest ones."""
    total = sum(math.exp(value) for value in top)
    return len(top) > 1 and 0 < total <= 1.01 and abs(max(top) - chosen) < 0.5
