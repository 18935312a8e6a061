"""Short requests to one endpoint before and beside the wave, and what their failures prove."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_args

from demoscope.errors import BackendError, WavePaused
from simulator.backends.openai_api.abilities import Api, Limit
from simulator.backends.openai_api.bodies import CHAT, COMPLETIONS, prompt_text
from simulator.backends.openai_api.endpoint import Endpoint
from simulator.backends.openai_api.pacing import LONGEST_HOLD, Pace
from simulator.backends.openai_api.replies import Failure, Reply, read_reply, read_usage
from simulator.backends.openai_api.retrying import Retrying
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.backends.openai_api.spending import Purse, most_tokens, paid
from simulator.protocols.interface import ErrorKind, Message

REFUSING = frozenset({400, 404, 405, 415, 422, 501})
"""Statuses by which an endpoint says that it does not do what it was asked for."""
DOWN = frozenset({"network", "timeout", "rate_limit", "server"})
"""Failures by which an endpoint that was never heard of is not there just now."""
SILENT = frozenset({"network", "timeout", "rate_limit"})
"""Failures that never say anything of what was asked for."""
PATIENCE = 4
"""Times that a failure of one kind is tried again, or fewer where ``tries`` says so; 429s as often as that says."""
GREETINGS = 7
"""Replies among which the model's name is looked for, when the first two name different models."""
AGREEING = 5
"""How many of them must agree."""

T = TypeVar("T")
Found = tuple[Reply, dict[str, Any]]
"""A reply, and the JSON it was read from."""


class Probe:
    """Asks one endpoint what is no part of the wave; every request waits its turn and is paid for like others."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: OpenAISettings,
        retrying: Retrying,
        pace: Pace,
        purse: Purse,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.endpoint = endpoint
        """Where it answers."""
        self.model = endpoint.settings.model or settings.model or ""
        """What the model is called there."""
        self.about = ""
        """What the endpoint says of the model, as JSON."""
        self.api: Api = "chat"
        """The interface that is used."""
        self.limit: Limit = "max_tokens"
        """Name of the field that limits a reply."""
        self.names: frozenset[str] = frozenset()
        """Names by which its replies may call the model; empty until they are known."""
        self.unique_ids = False
        """Whether replies have ids that differ."""
        self._settings = settings
        self._retrying = retrying
        self._pace = pace
        self._purse = purse
        self._sleep = sleep
        self._room = settings.reasoning.budget

    async def greet(self) -> None:
        """Find the model, the interface, and the name by which replies call the model.

        Raises
        ------
        BackendError
            If the endpoint lets nobody in, does not have the model, or answers as several.
        WavePaused
            If it is not there just now.
        """
        await self._describe()
        first = await self._hello()
        second = await self._say_hello()
        self.unique_ids = None not in (first.id, second.id) and first.id != second.id
        if not self.unique_ids:
            await self.endpoint.rest_longer()
        wanted, replies = frozenset(self._settings.answers_as), [first, second]
        needed = len(replies)
        while True:
            counts = Counter(reply.model for reply in replies)
            names = wanted or frozenset([counts.most_common(1)[0][0]])
            if sum(counts[name] for name in names) >= needed:
                self.names = names
                return
            if len(replies) >= GREETINGS:
                told = ", ".join(f"{name!r} ({n} of {len(replies)} replies)" for name, n in counts.most_common())
                raise BackendError(
                    f"{self.endpoint.settings.url} answers as {told}; it was asked for the model {self.model!r}. "
                    "Answers of two models are not mixed: name those that are the same model to you under "
                    "`answers_as`, or ask for a model by a name that means one only."
                )
            needed = AGREEING
            replies.append(await self._say_hello())

    @property
    def thinks(self) -> bool:
        """Whether replies may begin with thoughts, so that a reply's first place is not the answer's."""
        return self._settings.reasoning.thinks

    async def answers(self) -> bool:
        """Whether it still answers what it answered at first."""
        return not isinstance(await self._try(self._body("Say hello.", 8)), Failure)

    async def say(self, text: str, tokens: int, **fields: Any) -> Reply | None:
        """The reply to a text; ``None`` when the endpoint does not do this with these fields."""
        found = await self.ask(self._body(text, tokens) | fields)
        return None if found is None else found[0]

    async def ask(self, body: dict[str, Any], path: str | None = None) -> Found | None:
        """The reply to a body, at the interface's own path or another; ``None`` when the endpoint does not do this.

        That is so when it says so, or when this fails again and again while a greeting is answered.

        Raises
        ------
        WavePaused
            If the endpoint does not answer any more.
        """
        found = await self._try(body, path)
        if not isinstance(found, Failure):
            return found
        if found.status in REFUSING:
            return None
        if found.kind in SILENT or not await self.answers():
            raise self._paused(found)
        return None

    def prompt(self, *messages: Message) -> dict[str, Any]:
        """The part of a body that holds a conversation."""
        body: dict[str, Any] = dict(self._settings.extra_body)
        if self._settings.reasoning.effort:
            body["reasoning_effort"] = self._settings.reasoning.effort
        if self.api == "completions":
            return body | {"prompt": prompt_text(messages)}
        return body | {"messages": [{"role": m.role, "content": m.text} for m in messages]}

    async def _describe(self) -> None:
        models: list[dict[str, Any]] = []
        listed = await self._repeated(self.endpoint.models)
        if isinstance(listed, Failure):
            found = f"does not list any ({listed.reason})"
            if not self.model and listed.kind in DOWN:
                raise self._paused(listed)
        else:
            found, models = "lists none", _models(listed)
        names = [one["id"] for one in models]
        if not self.model:
            if len(names) != 1:
                found = f"lists {', '.join(names[:12])}" if names else found
                raise BackendError(
                    f"The wave names no model for {self.endpoint.settings.url}, which {found}. Set `model` to one "
                    "of them."
                )
            self.model = names[0]
        about = next((one for one in models if one["id"] == self.model), {})
        kept = {name: about[name] for name in ("root", "meta") if about.get(name) is not None}
        if is_path(kept.get("root")):
            del kept["root"]  # where a server keeps the model says nothing of it
        self.about = json.dumps(kept, sort_keys=True)

    async def _hello(self) -> Reply:
        """Find the interface and the name of the limit by which a first word is to be had."""
        wanted = self._settings.api
        refusals: dict[str, None] = {}
        apis: tuple[Api, ...] = ("chat", "completions") if wanted == "auto" else (wanted,)
        for api, limit in [(api, limit) for api in apis for limit in get_args(Limit)]:
            self.api, self.limit = api, limit
            found = await self._try(self._body("Say hello.", 8))
            if not isinstance(found, Failure):
                return found[0]
            if found.kind in DOWN:
                raise self._paused(found)
            refusals.setdefault(found.reason, None)
            if found.kind == "denied" and found.status not in REFUSING:
                break
        raise BackendError(
            f"{self.endpoint.settings.url} does not let itself be asked as the model {self.model!r}: "
            f"{'; '.join(refusals)}. Check the URL (it ends with /v1 or the like), the key and the model's name."
        )

    async def _say_hello(self) -> Reply:
        found = await self._try(self._body("Say hello.", 8))
        if isinstance(found, Failure):
            raise self._paused(found)
        return found[0]

    def _body(self, text: str, tokens: int) -> dict[str, Any]:
        return {self.limit: tokens + self._room, **self.prompt(Message("user", text))}

    async def _try(self, body: dict[str, Any], path: str | None = None) -> Found | Failure:
        """Send a body until a reply comes, and if none does return the last failure."""
        path = path or (CHAT if self.api == "chat" else COMPLETIONS)
        return await self._repeated(lambda: self._send({"model": self.model, **body}, path))

    async def _repeated(self, work: Callable[[], Awaitable[T]]) -> T | Failure:
        kinds: list[ErrorKind] = []
        while True:
            try:
                return await work()
            except Failure as failure:
                kinds.append(failure.kind)
                spent = failure.kind != "rate_limit" and kinds.count(failure.kind) > PATIENCE
                long = (failure.retry_after or 0.0) > LONGEST_HOLD
                if failure.status in REFUSING or spent or long or not self._retrying.again(kinds):
                    return failure
                await self._sleep(self._retrying.wait_s(len(kinds), failure.retry_after, len(kinds)))

    async def _send(self, body: dict[str, Any], path: str) -> Found:
        prompt, reply = most_tokens(body), max(body.get(limit, 0) for limit in get_args(Limit))
        async with (
            paid(self._purse, self._settings.prices, prompt, reply) as bill,
            self._pace.turn(prompt, reply, self.endpoint.name) as turn,
        ):
            content = await self.endpoint.send(path, body)
            bill.usage = read_usage(content)
            turn.spent(bill.usage.input, bill.usage.output)
        try:
            found = read_reply(content, self._settings.reasoning.tags)
        except Failure as failure:
            raise failure.told(self.endpoint.told) from None
        if self.names and found.model not in self.names:
            wanted = " or ".join(sorted(self.names))
            strange = Failure("malformed", f"the reply is from the model {found.model!r}, not from {wanted}")
            raise strange.told(self.endpoint.told)
        assert isinstance(content, dict)
        return found, content

    def _paused(self, failure: Failure) -> WavePaused:
        return WavePaused(
            f"{self.endpoint.settings.url} does not answer ({failure.reason}). Run the same command again when it is "
            "up, or check the URL."
        )


def is_path(root: Any) -> bool:
    """Whether what a server calls its model's root is a place on its disk.

    >>> is_path("/models/llama"), is_path("meta-llama/Llama-3.1-8B")
    (True, False)
    """
    return isinstance(root, str) and bool(re.match(r"[/~.]|[A-Za-z]:[\\/]", root))


def _models(listed: object) -> list[dict[str, Any]]:
    """The models of a list, as far as they have names."""
    models = listed.get("data") if isinstance(listed, dict) else None
    return [one for one in models or () if isinstance(one, dict) and isinstance(one.get("id"), str)]
