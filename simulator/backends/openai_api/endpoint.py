"""One endpoint: sends one body with the openai package and returns the JSON, or raises a typed failure."""

import asyncio
import email.utils
import json
import logging
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from demoscope.errors import BackendError
from simulator.backends.openai_api.pacing import duration_s
from simulator.backends.openai_api.replies import Failure, whole
from simulator.backends.openai_api.settings import EndpointSettings
from simulator.backends.openai_api.transport import Transport
from simulator.protocols.interface import ErrorKind

LONGEST_REASON = 300
"""Characters of an endpoint's own words that go into an error."""
LONGEST_WAIT = 86_400.0
"""Seconds of ``Retry-After`` that are believed."""
_CONTEXT = ("context_length", "context length", "context window", "maximum context", "context size", "n_ctx")
_FILTER = ("content_filter", "content_policy", "content management policy")
_QUOTA = ("billing", "exceeded your current quota")
"""Words of a 429 for credit that is used up, unless it says when to come back: then a minute's quota is meant."""
_WAIT = re.compile(
    r"retrydelay\W+([\d.]+s)\b|\b(?:retry|again) (?:in|after) ((?:[\d.]+ ?(?:ms|[smh])(?![a-z]))+|[\d.]+ ?seconds?)"
)
"""Seconds to wait as an error's own words tell them, in small letters: Gemini's, OpenAI's, Azure's."""


class Endpoint:
    """Talks to one endpoint; every failure is a :class:`Failure`, and none of them holds the key."""

    def __init__(
        self,
        settings: EndpointSettings,
        *,
        timeout_s: float,
        heard: Callable[[Mapping[str, str], str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Find the key; nothing is sent yet.

        Parameters
        ----------
        heard : callable
            Told the headers of every response, and this endpoint's name.

        Raises
        ------
        BackendError
            If the environment variable or the file with the key is missing.
        """
        self.settings = settings
        """What the wave file says."""
        parts = urlsplit(settings.url)
        self.name = f"{parts.netloc}{parts.path}".removesuffix("/v1")
        """What the store calls it: host, port and path."""
        self._timeout_s = timeout_s
        self._key = find_key(settings, environ)
        self._headers = self._set_headers()
        self._transport = Transport(settings.url, self._headers, lambda headers: heard(headers, self.name), self._key)
        self.client = self._connected()
        """The openai package's client."""

    def _set_headers(self) -> dict[str, str]:
        """Every header that the wave sets, the key's among them."""
        settings = self.settings
        headers = dict(settings.headers)
        if settings.organisation:
            headers["OpenAI-Organization"] = settings.organisation
        if settings.project:
            headers["OpenAI-Project"] = settings.project
        if self._key is not None:
            as_bearer = settings.key_header == "Authorization"
            headers[settings.key_header] = f"Bearer {self._key}" if as_bearer else self._key
        return headers

    def _connected(self) -> openai.AsyncOpenAI:
        logging.getLogger("openai").setLevel(logging.WARNING)  # at DEBUG it would write down every prompt
        return openai.AsyncOpenAI(
            base_url=self.settings.url,
            api_key=self._key or "none",
            default_headers=self._headers,
            max_retries=0,
            timeout=None,
            http_client=httpx2.AsyncClient(transport=self._transport, timeout=None, trust_env=False),
        )

    async def send(self, path: str, body: dict[str, Any]) -> object:
        """Post one body and return what came back, parsed."""
        # A whole URL and a written body save the package its slowest steps, a tenth of its time.
        url, content = self.settings.url + path, json.dumps(body).encode()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self.client.post(url, content=content, cast_to=object)
        except Exception as error:
            raise self._failure(error) from None

    async def models(self) -> object:
        """What the endpoint says of its models."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self.client.get("/models", cast_to=object)
        except Exception as error:
            raise self._failure(error) from None

    async def reconnect(self) -> None:
        """Drop every connection; requests under way fail with ``network`` and are tried again."""
        await self._transport.reconnect()

    async def rest_longer(self) -> None:
        """Let connections lie idle for longer from now on: where replies have no ids, nothing else tells a copy."""
        await self._transport.rest_longer()

    async def close(self) -> None:
        """Close every connection; idempotent."""
        await self.client.close()

    def _failure(self, error: Exception) -> Failure:
        if isinstance(error, TimeoutError | openai.APITimeoutError):
            return Failure("timeout", f"no reply within {self._timeout_s:g} s")
        if isinstance(error, openai.APIStatusError):
            content = error.response.text if error.body is None else error.body
            return self.refused(error.status_code, content, error.response.headers)
        if isinstance(error, openai.APIConnectionError):
            return Failure("network", self.told(str(error.__cause__ or error)) or "the connection broke")
        if isinstance(error, RecursionError):
            return Failure("malformed", "what came back is nested too deeply")
        if isinstance(error, ValueError | openai.OpenAIError):
            return Failure("malformed", f"what came back is no JSON ({self.told(str(error))})")
        raise error

    def refused(self, status: int, content: object, headers: Mapping[str, str] | None = None) -> Failure:
        """What an HTTP status that is no success means, with the content that came with it."""
        said = self.told(_message(content))
        words = json.dumps(content, default=str).casefold()
        wait = retry_after(headers or {}, time.time())
        if wait is None and (status == 429 or status >= 500):
            wait = wait_told(words)
        return Failure(
            _kind(status, words, comes_back=wait is not None),
            f"HTTP {status}{': ' if said else ''}{said}",
            retry_after=wait,
            status=status,
        )

    def told(self, text: str) -> str:
        """An endpoint's words, short, on one line, and without the key should it have repeated that."""
        if self._key:
            text = text.replace(self._key, "[key]")
        text = " ".join(whole(text).split())
        return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 3] + "..."


_OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""Rights of a file that its group or everybody has."""


def find_key(settings: EndpointSettings, environ: Mapping[str, str]) -> str | None:
    """The key, from where the wave file says; ``None`` when it names no place.

    Raises
    ------
    BackendError
        If the place holds no key; the message names the place alone.
    """
    if settings.key_env:
        key = environ.get(settings.key_env, "").strip()
        place = f"the environment variable {settings.key_env}"
        advice = f"Set it where cohorts run, as in `export {settings.key_env}=...`."
    elif settings.key_file:
        place, advice = f"the file {settings.key_file}", "Put the key there, alone on its line."
        try:
            path = Path(settings.key_file).expanduser()
            if os.name == "posix" and path.stat().st_mode & _OTHERS:
                raise BackendError(
                    f"The key for {settings.url}: others may read {place}. Let nobody but yourself read it: "
                    f"`chmod 600 {settings.key_file}`."
                )
            key = path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise BackendError(f"The key for {settings.url} cannot be read from {place} ({why}). {advice}") from None
    else:
        return None
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        what = "holds no key" if not key else "does not hold one key"
        raise BackendError(f"The key for {settings.url}: {place} {what}. {advice}")
    return key


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait as ``Retry-After`` (seconds or a date) or ``retry-after-ms`` says; ``None`` without either.

    >>> retry_after({"retry-after": "2.5"}, now=0.0)
    2.5
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:09 GMT"}, now=4.0)
    5.0
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        said = headers.get(name)
        if said is None:
            continue
        try:
            wait = float(said) * unit
        except ValueError:
            try:
                wait = email.utils.parsedate_to_datetime(said).timestamp() - now
            except ValueError:
                continue
        if wait == wait:
            return min(max(wait, 0.0), LONGEST_WAIT)
    return None


def wait_told(said: str) -> float | None:
    """Seconds to wait as an error's own words say, in small letters; ``None`` when they do not.

    >>> wait_told("rate limit reached. please try again in 1m2.5s."), wait_told('{"retrydelay": "17s"}')
    (62.5, 17.0)
    >>> wait_told("please try again")
    """
    found = _WAIT.search(said)
    if found is None:
        return None
    told = (found[1] or found[2]).replace(" ", "")
    return min(duration_s(re.sub(r"seconds?$", "s", told)), LONGEST_WAIT) or None


def _kind(status: int, said: str, *, comes_back: bool) -> ErrorKind:
    """What an HTTP status means, with the words that came with it, and whether these say when to come back."""
    if status == 408:
        return "timeout"
    if status == 429:
        used_up = "insufficient_quota" in said or (not comes_back and any(mark in said for mark in _QUOTA))
        return "denied" if used_up else "rate_limit"
    if status >= 500 or status in (409, 425):
        return "server"
    if any(mark in said for mark in _FILTER):
        return "filtered"
    if any(mark in said for mark in _CONTEXT):
        return "context"
    if status in (401, 402, 403, 404, 405, 407) or status < 400:
        return "denied"
    return "rejected"


def _message(content: object) -> str:
    """The endpoint's own words, from wherever its dialect puts them."""
    if isinstance(content, list) and len(content) == 1:
        [content] = content  # so does Gemini
    inner = content.get("error", content) if isinstance(content, dict) else content
    for part in (inner, content):
        if isinstance(part, dict) and (found := part.get("message") or part.get("detail")):
            return found if isinstance(found, str) else json.dumps(found, default=str)
    return inner if isinstance(inner, str) else json.dumps(content, default=str)
