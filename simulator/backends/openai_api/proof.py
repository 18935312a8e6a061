"""Abilities by proof: what an endpoint does is tried out, and what comes back is judged by its values.

An endpoint that ignores a field answers as if it knew it, and one that shifts log-probabilities by a token gives
numbers all the same. So every check compares replies that must differ with replies that must not.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, get_args

from demoscope.errors import BackendError, WavePaused
from simulator.backends.openai_api.abilities import Api, Limit, Proven, Score, Structured
from simulator.backends.openai_api.bodies import CHAT, COMPLETIONS, prompt_text
from simulator.backends.openai_api.endpoint import Endpoint
from simulator.backends.openai_api.forms import form_fields, plain_text
from simulator.backends.openai_api.pacing import Pace
from simulator.backends.openai_api.replies import Failure, Reply, read_reply, read_tokens, read_usage
from simulator.backends.openai_api.retrying import Retrying
from simulator.backends.openai_api.scoring import continuation_logprobs
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.openai_api.spending import Purse, most_tokens, paid
from simulator.constraint import Constraint
from simulator.protocols.interface import ErrorKind, Message

REFUSALS = 3
"""Times that a check must fail before the ability counts as missing; one failure may be an accident."""
SILENCE = frozenset({"network", "timeout", "rate_limit"})
"""Failures that say nothing of an ability."""
STORY = "Write one sentence about something that nobody has ever written about."
UNLIKELY = Constraint(("7431: quokka", "8520: zeppelin"), prefix="Answer: ")
"""What no model says unless it must."""
ROUND = "red green blue red green blue red green blue red green blue red green"
"""Goes on with `` blue`` in every language model, and with hardly anything else."""


class Prover:
    """Tries one endpoint out."""

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        settings: OpenAISettings,
        retrying: Retrying,
        pace: Pace,
        purse: Purse,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.endpoint = endpoint
        """Where it answers."""
        self.model = model
        """What the model is called there."""
        self._settings = settings
        self._retrying = retrying
        self._pace = pace
        self._purse = purse
        self._sleep = sleep
        self._proven = Proven()
        self._room = settings.reasoning.budget
        self._refusal = ""

    async def prove(self) -> Proven:
        """Everything that the endpoint can do.

        Raises
        ------
        BackendError
            If it lets nobody in, or does not have the model.
        WavePaused
            If it does not answer at all.
        """
        first = await self._hello()
        second = await self.say("Say hello.", 8)
        unique = first.id is not None and second is not None and second.id not in (None, first.id)
        names = {first.model} | ({second.model} if second else set())
        self._proven = replace(self._proven, unique_ids=unique, names=frozenset(names))
        self._proven = replace(self._proven, top_logprobs=await self._top_logprobs())
        await self._sampling()
        self._proven = replace(self._proven, structured=await self._structured())
        if self._proven.api == "chat":
            self._proven = replace(self._proven, continues=await self._continues())
        else:
            self._proven = replace(self._proven, continues=True)
        self._proven = replace(self._proven, score=await self._score())
        return self._proven

    async def answers(self) -> bool:
        """Whether it still answers what it answered at first."""
        body = {self._proven.limit: 8 + self._room, **self._prompt((Message("user", "Say hello."),))}
        path = CHAT if self._proven.api == "chat" else COMPLETIONS
        try:
            read_reply(await self._send(path, {"model": self.model, **body}))
        except Failure:
            return False
        return True

    async def say(self, text: str, tokens: int, **fields: Any) -> Reply | None:
        """The reply to a text; ``None`` when the endpoint refuses these fields."""
        body = {self._proven.limit: tokens + self._room, **self._prompt((Message("user", text),)), **fields}
        found = await self._ask(body)
        return None if found is None else found[0]

    async def _hello(self) -> Reply:
        """Find the interface and the name of the limit by which a first word is to be had."""
        wanted = self._settings.api
        refusals: dict[str, None] = {}
        apis: tuple[Api, ...] = ("chat", "completions") if wanted == "auto" else (wanted,)
        for api in apis:
            for limit in get_args(Limit):
                self._proven = replace(self._proven, api=api, limit=limit)
                found = await self.say("Say hello.", 8)
                if found is not None:
                    return found
                refusals.setdefault(self._refusal, None)
        raise BackendError(
            f"{self.endpoint.settings.url} does not let itself be asked as the model {self.model!r}: "
            f"{'; '.join(refusals)}. Check the URL (it ends with /v1 or the like), the key and the model's name."
        )

    def _prompt(self, messages: tuple[Message, ...]) -> dict[str, Any]:
        body: dict[str, Any] = dict(self._settings.extra_body)
        if self._settings.reasoning.effort:
            body["reasoning_effort"] = self._settings.reasoning.effort
        if self._proven.api == "completions":
            return body | {"prompt": prompt_text(messages)}
        return body | {"messages": [{"role": m.role, "content": m.text} for m in messages]}

    async def _send(self, path: str, body: dict[str, Any]) -> object:
        """Send a body when it may go; it is paid for like every other."""
        texts = [message["content"] for message in body.get("messages", ())] or [str(body.get("prompt"))]
        prompt, reply = most_tokens(texts), max(body.get(limit, 0) for limit in get_args(Limit))
        async with paid(self._purse, self._settings.prices, prompt, reply) as bill:
            async with self._pace.turn(prompt, reply, self.endpoint.name) as turn:
                content = await self.endpoint.send(path, body)
                bill.usage = read_usage(content)
                turn.spent(bill.usage.input, bill.usage.output)
            return content

    async def _ask(self, body: dict[str, Any], path: str | None = None) -> tuple[Reply, dict[str, Any]] | None:
        """Reply and JSON; ``None`` after the endpoint refused it several times."""
        path = path or (CHAT if self._proven.api == "chat" else COMPLETIONS)
        kinds: list[ErrorKind] = []
        while True:
            try:
                content = await self._send(path, {"model": self.model, **body})
                reply = read_reply(content, self._settings.reasoning.tags)
                assert isinstance(content, dict)
                return reply, content
            except Failure as failure:
                kinds.append(failure.kind)
                self._refusal = failure.reason
                silences = sum(kind in SILENCE for kind in kinds)
                if (failure.kind in SILENCE and not self._retrying.again(kinds)) or kinds.count("network") > REFUSALS:
                    raise WavePaused(
                        f"{self.endpoint.settings.url} does not answer ({failure.reason}). Run the same command "
                        "again when it is up, or check the URL."
                    ) from None
                if len(kinds) - silences >= REFUSALS:
                    return None
                await self._sleep(self._retrying.wait_s(len(kinds), failure.retry_after, len(kinds)))

    async def _top_logprobs(self) -> int:
        """How many likeliest tokens come along, their values being log-probabilities with the chosen one on top."""
        for n in (20, 5):
            fields: dict[str, Any] = {"logprobs": True, "top_logprobs": n}
            if self._proven.api == "completions":
                fields = {"logprobs": n}
            reply = await self.say("Answer with one letter, A or B.", 1, temperature=0, **fields)
            if reply is None:
                reply = await self.say("Answer with one letter, A or B.", 1, **fields)
            try:
                tokens = read_tokens(reply.raw) if reply else None
            except Failure:
                tokens = None
            if tokens and _are_probabilities(tokens[0].logprob, [value for _, value in tokens[0].top]):
                return n
        return 0

    async def _sampling(self) -> None:
        """Temperature, seed, top_k, min_p and the penalty, each by what it must change and what it must not."""
        warm = {"temperature": 1.3, "top_p": 1}
        if await self.say("Say hello.", 4, **warm) is None:
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
        plain = await self.say(f"Continue: {ROUND}", 24, temperature=0)
        for name in ("repetition_penalty", "repeat_penalty"):
            other = await self.say(f"Continue: {ROUND}", 24, temperature=0, **{name: 1.9})
            if plain and other and plain.text and other.text != plain.text:
                self._proven = replace(self._proven, penalty=name)
                return

    async def _text(self, **fields: Any) -> str | None:
        reply = await self.say(STORY, 16, **fields)
        return None if reply is None else reply.text or reply.reasoning

    async def _structured(self) -> Structured | None:
        """The first way to prescribe a form that makes the endpoint say what nobody would say."""
        for way in get_args(Structured):
            if way == "json_schema" and self._proven.api == "completions":
                continue
            reply = await self.say("How are you today?", 40, **form_fields(UNLIKELY, way))
            if reply is not None:
                text = plain_text(UNLIKELY, reply.text) if way == "json_schema" else reply.text
                if text is not None and UNLIKELY.matches(text):
                    found: Structured = way
                    return found
        return None

    async def _continues(self) -> bool:
        """Whether a word that was begun is finished."""
        messages = (
            Message("user", "Repeat exactly: alpha bravo charlie delta echo foxtrot golf hotel"),
            Message("assistant", "alpha bravo charlie delta echo fox"),
        )
        body = self._prompt(messages) | {self._proven.limit: 8, "temperature": 0}
        found = await self._ask(body | {"add_generation_prompt": False, "continue_final_message": True})
        return found is not None and found[0].text.startswith("trot")

    async def _score(self) -> Score | None:
        """The way that tells log-probabilities of a given text at the right places.

        After a text that goes round, the expected word must be likely and another one unlikely, each at its first
        token: numbers that are shifted by a token are the same for both.
        """
        for way in get_args(Score):
            if way == "echo" and self._proven.api == "chat":
                continue
            values = [await self._first_logprob(way, word) for word in (" blue", " violet")]
            likely, unlikely = values
            if likely is not None and unlikely is not None and likely > -1.5 and likely - unlikely > 1:
                found: Score = way
                return found
        return None

    async def _first_logprob(self, way: Score, word: str) -> float | None:
        fields = {"echo": True, "logprobs": 1} if way == "echo" else {"prompt_logprobs": 0}
        messages: tuple[Message, ...] = (Message("user", ROUND + word),)
        if self._proven.api == "chat":
            messages = (Message("user", f"Continue: {ROUND}"), Message("assistant", ROUND + word))
            fields |= {"add_generation_prompt": False, "continue_final_message": True}
        found = await self._ask({self._proven.limit: 1, "temperature": 0, **self._prompt(messages), **fields})
        if found is None:
            return None
        try:
            prompt = None if self._proven.api == "chat" else ROUND
            return continuation_logprobs(found[1], way, prompt, word)[0]
        except Failure:
            return None


def _are_probabilities(chosen: float, top: list[float]) -> bool:
    """Whether numbers can be the log-probabilities of a greedy token and of the likeliest ones."""
    total = sum(math.exp(value) for value in top)
    return len(top) > 1 and 0 < total <= 1.01 and abs(max(top) - chosen) < 0.5


async def describe(endpoint: Endpoint, wanted: str | None) -> tuple[str, str]:
    """Name of the model at an endpoint, and what the endpoint says of it as JSON.

    Raises
    ------
    BackendError
        If the name is not given and the endpoint does not have exactly one model.
    """
    models: list[dict[str, Any]] = []
    found = "lists none"
    try:
        models = _models(await endpoint.models())
    except Failure as failure:
        found = f"does not list any ({failure.reason})"
    names = [one["id"] for one in models]
    if wanted is None:
        if len(names) != 1:
            found = f"lists {', '.join(names[:12])}" if names else found
            raise BackendError(
                f"The wave names no model for {endpoint.settings.url}, which {found}. Set `model` to one of them."
            )
        wanted = names[0]
    about = next((one for one in models if one["id"] == wanted), {})
    kept = {name: about[name] for name in ("root", "meta", "owned_by") if about.get(name) is not None}
    return wanted, json.dumps(kept, sort_keys=True)


def _models(listed: object) -> list[dict[str, Any]]:
    """The models of a list, as far as they have names."""
    models = listed.get("data") if isinstance(listed, dict) else None
    return [one for one in models or () if isinstance(one, dict) and isinstance(one.get("id"), str)]
