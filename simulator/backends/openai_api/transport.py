"""HTTP for the openai package: aiohttp underneath, whole bodies, and no connection that says more than it was asked.

A server that sends a reply twice would have its second copy taken for the reply to whatever is asked next on that
connection, and every later reply with it. So a connection rests for a moment before it is used again, and one on
which anything came unasked is closed. Where replies do not tell themselves apart, each has a connection of its own.
"""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2

REST = 0.002
"""Seconds that a connection lies idle before it carries another request; a new one is opened meanwhile."""
LONG_REST = 0.25
"""The same where replies have no ids by which a copy could be told."""
KEEP = 15.0
"""Seconds after which an idle connection is closed."""
SHORTEST_KEY = 8
"""Characters from which a key is cut out of responses; local servers are given keys such as ``x`` or ``EMPTY``."""


class RestedConnector(aiohttp.TCPConnector):
    """Hands out idle connections that have rested and kept silent; without limit on their number."""

    def __init__(self, rest_s: float, **settings: Any) -> None:
        super().__init__(limit=0, keepalive_timeout=KEEP, **settings)
        self._rest_s = rest_s

    async def _get(self, key: Any, traces: Any) -> Any:
        """An idle connection, the longest rested first, or ``None`` when a new one is to be opened."""
        idle = self._conns.get(key)
        if idle:
            for protocol, since in idle:
                if protocol.should_close:
                    protocol.close()  # what is closed here is passed over by aiohttp itself
                elif time.monotonic() - since < self._rest_s:
                    return None
                else:
                    break
        return await super()._get(key, traces)


class Transport(httpx2.AsyncBaseTransport):
    """Sends what the openai package has put together and reads the whole response."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        heard: Callable[[Mapping[str, str]], None],
        key: str | None = None,
    ) -> None:
        """Nothing is connected yet.

        Parameters
        ----------
        url : str
            Base URL of everything that will be sent.
        headers : mapping
            What the wave sets. Nothing else is sent but what HTTP needs: the openai package would add headers of its
            own and of its environment, ``OPENAI_ORG_ID`` among them.
        heard : callable
            Told the headers of every response.
        key : str, optional
            What is cut out of every response, before anybody reads or shortens it. One that may be a word of the
            language stays, since it would be cut out of answers as well.
        """
        self._secrets = _spellings(key) if key and len(key) >= SHORTEST_KEY and not key.isalpha() else ()
        self._heard = heard
        self._allowed = frozenset(name.lower() for name in headers) | _HTTP
        parts = urlsplit(url)
        tls = {"ssl": httpx2.create_ssl_context()} if parts.scheme == "https" else {}
        # aiohttp would look for a proxy in the environment anew, in a thread, for every request.
        self._proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
        self._tls = tls
        self._rest_s = REST
        self._session = self._opened()
        self._read: set[aiohttp.StreamReader] = set()

    def _opened(self) -> aiohttp.ClientSession:
        connector = RestedConnector(self._rest_s, **self._tls)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange; time limits are its caller's affair."""
        headers = {name: value for name, value in request.headers.items() if name.lower() in self._allowed}
        content = await request.aread() or None
        with _as_httpx(self._proxy):
            async with self._session.request(
                request.method,
                str(request.url),
                headers=headers,
                data=content,
                allow_redirects=False,
                timeout=_NO_LIMIT,
                proxy=self._proxy,
            ) as response:
                self._read.add(response.content)
                try:
                    said = await response.read()
                finally:
                    self._read.discard(response.content)
        for secret in self._secrets:
            said = said.replace(secret, b"[key]")
        self._heard(response.headers)
        kept = [pair for pair in response.raw_headers if pair[0].lower() not in _TRANSFER]
        return httpx2.Response(response.status, headers=kept, content=said, request=request)

    async def reconnect(self) -> None:
        """Close every connection and go on with new ones; requests under way break off."""
        old, self._session = self._session, self._opened()
        for body in self._read:  # aiohttp would let them wait for the rest for ever
            body.set_exception(aiohttp.ClientConnectionError("connections were opened anew"))
        await old.close()

    async def rest_longer(self) -> None:
        """Use a connection again only after :data:`LONG_REST` from now on."""
        if self._rest_s < LONG_REST:
            self._rest_s = LONG_REST
            await self.reconnect()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()


def _spellings(key: str) -> tuple[bytes, ...]:
    """A key as it may stand in a response: plain, and as JSON writes it."""
    quoted = json.dumps(key)[1:-1]
    return tuple(dict.fromkeys(text.encode() for text in (key, quoted, quoted.replace("/", "\\/"))))


_NO_LIMIT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_TRANSFER = (b"content-encoding", b"content-length", b"transfer-encoding")
"""Headers that told how the body travelled; it is whole and plain now."""


_HTTP = frozenset({"accept", "content-type", "user-agent"})
"""Headers that are sent to everybody."""


_CLOSED = "Connection closed."
"""What aiohttp says, without a class for it, of a body whose connection was closed after its headers."""


@contextlib.contextmanager
def _as_httpx(proxy: str | None) -> Any:
    """What aiohttp raises, in the words that the openai package understands; a proxy's password is in none."""
    try:
        yield
    except aiohttp.ClientHttpProxyError as error:
        place = urlsplit(proxy or "").netloc.rpartition("@")[2]
        raise httpx2.ConnectError(f"the proxy {place} refused: {error.status} {error.message}") from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx2.UnsupportedProtocol(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx2.ReadError(str(error) or type(error).__name__) from error
    except RuntimeError as error:
        if str(error) != _CLOSED:
            raise
        raise httpx2.ReadError(str(error)) from error
