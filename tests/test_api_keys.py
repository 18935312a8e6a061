"""Keys and other secrets reach the endpoint and nothing else."""

import asyncio
import os
from typing import Any

import pytest
from aiohttp import web

from demoscope.errors import BackendError, WavePaused
from simulator.backends.conformance import request
from simulator.backends.openai_api import OpenAIBackend, retrying
from simulator.protocols.interface import Completion
from tests.endpoints import FREE, application, backend, proven, said, using
from tests.fault_server import Plan, serving

SECRET_HEADERS = ("x-api-key", "apikey", "X-ApiKey", "X-Auth", "x-goog-apikey", "X-Access-Pass")


def test_a_key_reaches_the_endpoint_and_nothing_else(monkeypatch, tmp_path):
    key = "sk-very-secret-0123456789"
    monkeypatch.setenv("TEST_KEY", key)
    file = tmp_path / "key"
    file.write_text(key + "\n")
    file.chmod(0o600)
    with serving(Plan(key=key)) as server:
        for place in ({"key_env": "TEST_KEY"}, {"key_file": str(file)}):
            made = OpenAIBackend("m", model="mock", endpoints=[{"url": server.url, **place}])
            reply = using(made, lambda opened: opened.complete(request(**FREE)))
            assert reply.last.error is None
            assert key not in repr(made.settings) + repr(made.card()) + repr(reply)
        with pytest.raises(BackendError) as caught:
            using(backend(server.url), proven)
    assert "401" in str(caught.value)


def test_a_key_that_an_endpoint_repeats_is_cut_out_of_its_error(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-parrot-42")

    async def parrot(request: web.Request, _: Any) -> web.Response:
        return web.json_response({"error": {"message": f"Bad {request.headers['Authorization']}"}}, status=401)

    with application(parrot) as url:
        made = OpenAIBackend("m", model="mock", endpoints=[{"url": url, "key_env": "TEST_KEY"}])
        with pytest.raises(BackendError) as caught:
            using(made, proven)
    assert "[key]" in str(caught.value)
    assert "parrot-42" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://user:password@host/v1"},
        {"url": "https://host/v1?key=abc"},
        {"url": "host/v1"},
        {"url": "http://host/v1", "headers": {"Authorization": "Bearer sk-1"}},
        *({"url": "http://host/v1", "headers": {name: "sk-1"}} for name in SECRET_HEADERS),
        {"url": "http://host/v1", "key_env": "sk-1234-5678"},
        {"url": "http://host/v1", "key_file": "keys/mine"},
        {"url": "http://host/v1", "key_env": "A", "key_file": "/b"},
    ],
)
def test_an_endpoint_that_would_write_a_secret_down_is_refused_without_repeating_it(wrong):
    with pytest.raises(BackendError) as caught:
        OpenAIBackend("m", endpoints=[wrong])
    assert "sk-1" not in str(caught.value)
    assert "password@" not in str(caught.value)


def test_a_missing_key_is_named_by_its_place(monkeypatch, tmp_path):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    for place, words in (
        ({"key_env": "NO_SUCH_KEY"}, "environment variable NO_SUCH_KEY holds no key"),
        ({"key_file": str(tmp_path / "none")}, "cannot be read"),
    ):
        made = OpenAIBackend("m", model="mock", endpoints=[{"url": "http://127.0.0.1:9/v1", **place}])
        with pytest.raises(BackendError, match=words):
            using(made, proven)


@pytest.mark.skipif(os.name != "posix", reason="other systems keep rights elsewhere")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_not_used(tmp_path, mode):
    file = tmp_path / "key"
    file.write_text("sk-open-to-all-0123456789")
    file.chmod(mode)
    made = OpenAIBackend("m", model="mock", endpoints=[{"url": "http://127.0.0.1:9/v1", "key_file": str(file)}])
    with pytest.raises(BackendError, match="chmod 600") as caught:
        using(made, proven)
    assert "sk-open" not in str(caught.value)


def test_a_key_in_an_error_that_comes_with_status_200_is_cut_out(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-parrot-42")

    async def parrot(request: web.Request, body: dict[str, Any]) -> web.Response:
        if body["messages"][-1]["content"] == "leak":
            return web.json_response({"error": {"message": f"Bad {request.headers['Authorization']}"}})
        return web.json_response(said())

    with application(parrot) as url:
        made = OpenAIBackend(
            "m", model="mock", endpoints=[{"url": url, "key_env": "TEST_KEY"}], tries={"malformed": 0}
        )
        reply = using(made, lambda opened: opened.complete(request("leak", **FREE)))
    assert "[key]" in str(reply.last.error)
    assert "parrot-42" not in repr(reply)


def test_a_key_that_a_reply_repeats_is_stored_nowhere(monkeypatch):
    key = "sk-proj-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2
    monkeypatch.setenv("TEST_KEY", key)
    forms = {  # the last three would be shortened, which leaves a part of the key that no replacement finds
        "text": said(f"The headers were Bearer {key}."),
        "thoughts": said("Hello.", reasoning_content=f"The key is {key}."),
        "refusal": said("", refusal="y" * 250 + key),
        "model": said(model=f"routed-for-{key}"),
        "error": {"detail": "x" * 100 + key},
    }

    async def parrot(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(forms.get(body["messages"][-1]["content"], said()))

    with application(parrot) as url:
        endpoint = {"url": url, "key_env": "TEST_KEY"}
        made = OpenAIBackend("m", model="mock", endpoints=[endpoint], tries={"malformed": 0})

        async def ask(opened: OpenAIBackend) -> dict[str, Completion]:
            return {name: await opened.complete(request(name, **FREE)) for name in forms}

        replies = using(made, ask)
    assert replies["text"].text == "The headers were Bearer [key]."
    for name, reply in replies.items():
        assert "[key]" in repr(reply), name
        assert "sk-proj" not in repr(reply), name


def test_a_key_that_may_be_a_word_is_left_in_replies(monkeypatch):
    # Local servers are given keys that are none; they would be cut out of answers.
    async def answer(_: web.Request, body: dict[str, Any]) -> web.Response:
        return web.json_response(said("Anything is better than none."))

    with application(answer) as url:
        for key in ("none", "Anything"):
            monkeypatch.setenv("TEST_KEY", key)
            made = OpenAIBackend("m", model="mock", endpoints=[{"url": url, "key_env": "TEST_KEY"}])
            reply = using(made, lambda opened: opened.complete(request(**FREE)))
            assert reply.text == "Anything is better than none."


def test_a_proxys_password_is_in_no_error(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_S", 0.01)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://user:hush-hush@127.0.0.1:{port}")
        made = backend("https://model.example/v1", tries={"network": 0})
        try:
            with pytest.raises(WavePaused) as caught:
                await made.open()
        finally:
            server.close()
            await server.wait_closed()
        assert "407" in str(caught.value)
        assert "hush" not in str(caught.value)

    asyncio.run(run())


@pytest.mark.parametrize(
    "body",
    [
        *({"api_key": "sk-1"}, {"extra": {"apiKey": "sk-1"}}, {"tools": [{"authorization": "sk-1"}]}),
        *({"hf_token": "sk-1"}, {"metadata": {"user-token": "sk-1"}}, {"pwd": "sk-1"}, {"x": {"Bearer": "sk-1"}}),
        {"max_tokens": 9},
    ],
)
def test_a_body_that_would_hold_a_secret_or_overrule_the_wave_is_refused(body):
    with pytest.raises(BackendError) as caught:
        backend("http://host/v1", extra_body=body)
    assert "sk-1" not in str(caught.value)
    harmless = {
        "prompt_cache_key": "a",
        "truncate_prompt_tokens": 1,
        "eos_token": "</s>",
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert backend("http://host/v1", extra_body=harmless).settings.extra_body == harmless


def test_only_headers_that_the_wave_sets_are_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-another")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: mine")
    seen: set[str] = set()

    async def listen(request: web.Request, _: dict[str, Any]) -> web.Response:
        seen.update(request.headers)
        return web.json_response(said())

    with application(listen) as url:
        using(OpenAIBackend("m", model="mock", endpoints=[{"url": url, "headers": {"X-Ours": "1"}}]), proven)
    assert "X-Ours" in seen or "x-ours" in seen
    assert {name.lower() for name in seen} <= {
        *(
            "host",
            "accept",
            "accept-encoding",
            "content-type",
            "content-length",
            "connection",
            "user-agent",
            "x-ours",
        ),
    }
