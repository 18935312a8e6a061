"""What a wave file may say about a model behind OpenAI-compatible endpoints."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from simulator.backends.openai_api.batch import BatchSettings

SECRET = re.compile(r"key|token|secret|auth|pass|cred|cookie", re.IGNORECASE)
"""Names of headers that carry secrets, which have no place in a wave file."""
SECRET_FIELD = re.compile(
    r"(^|[-_])(?<!cache_)(key|secret|auth|cookie|pwd)$|^(?!(bos|eos|pad|unk|sep|stop|end)_token$).*token$"
    r"|(access|api|auth|refresh|session)_?(key|token)|authorization|bearer|passw|passphrase|credential",
    re.IGNORECASE,
)
"""Names of a body's fields that carry secrets; ``max_tokens``, ``prompt_cache_key`` and their like carry none."""
OURS = frozenset(
    {"messages", "prompt", "model", "stream", "n", "best_of", "max_tokens", "max_completion_tokens"}
    | {
        "logprobs",
        "top_logprobs",
        "prompt_logprobs",
        "echo",
        "seed",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "stop",
    }
    | {"response_format", "reasoning_effort"}
)
"""Parts of a request's body that are never the wave file's to set."""


class EndpointSettings(Document):
    """Where the model answers, and how to be let in."""

    url: str
    """Base URL up to and with its version, such as ``https://api.openai.com/v1`` or ``http://127.0.0.1:8000/v1``."""
    model: str | None = None
    """Name of the model at this endpoint, when it differs from the model's ``model``."""
    weight: float = Field(default=1, gt=0, le=1e6)
    """Share of the requests it gets, relative to the other endpoints, while it is healthy."""
    key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)
    """Environment variable that holds the key, wherever cohorts run; the key itself is never written anywhere."""
    key_file: str | None = Field(default=None, min_length=1)
    """File that holds the key, by its absolute path or from ``~``, readable by its owner alone; for keys that no
    environment variable has."""
    key_header: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9-]+$")
    """Header that carries the key: ``Bearer <key>`` in ``Authorization``, the bare key in any other (``api-key``)."""
    organisation: str | None = None
    """Sent as ``OpenAI-Organization``."""
    project: str | None = None
    """Sent as ``OpenAI-Project``."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Further headers; none of them may hold a secret."""

    @field_validator("url")
    @classmethod
    def _url_is_plain(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            port_is_fine = parts.port is None or parts.port > 0
        except ValueError:
            raise ValueError("is no URL; a base URL looks like https://api.openai.com/v1") from None
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("a base URL holds no user, password or query; name the key by key_env or key_file")
        if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
            raise ValueError("is no URL; a base URL looks like https://api.openai.com/v1")
        return url.rstrip("/")

    @field_validator("key_file")
    @classmethod
    def _file_is_absolute(cls, path: str | None) -> str | None:
        if path is not None and not path.startswith(("/", "~")) and not re.match(r"[A-Za-z]:[\\/]", path):
            raise ValueError("must be an absolute path or begin with ~, since cohorts may run in other folders")
        return path

    @field_validator("headers")
    @classmethod
    def _headers_hold_no_secret(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if SECRET.search(name):
                raise ValueError(f"the header {name!r} carries a secret; name the key by key_env or key_file")
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not value.isprintable() or not value.isascii():
                raise ValueError(f"the header {name!r} cannot be sent; it takes ASCII letters, digits and dashes")
        return headers

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.key_env and self.key_file:
            raise ValueError("key_env and key_file are both given; keep one")
        return self


class Limits(Document):
    """What the provider allows for this model, shared by all cohorts of the wave; ``null`` is no limit."""

    requests_per_minute: float | None = Field(default=None, gt=0)
    """Requests in any minute."""
    input_tokens_per_minute: float | None = Field(default=None, gt=0)
    """Prompt tokens in any minute."""
    output_tokens_per_minute: float | None = Field(default=None, gt=0)
    """Reply tokens in any minute, reasoning included."""
    max_in_flight: int | None = Field(default=None, ge=1, le=20_000)
    """Requests under way at once in the whole wave; it adapts to what the endpoint bears when absent."""


class Tries(Document):
    """How often a request is tried again after a failure of each kind; every try is stored."""

    rate_limit: int = Field(default=20, ge=0, le=1000)
    """The endpoint asks to slow down (429)."""
    server: int = Field(default=8, ge=0, le=1000)
    """The endpoint fails (5xx)."""
    network: int = Field(default=8, ge=0, le=1000)
    """No connection, or one that broke."""
    timeout: int = Field(default=4, ge=0, le=1000)
    """No reply within ``timeout_s``."""
    malformed: int = Field(default=6, ge=0, le=1000)
    """What came back is no reply: no JSON, an empty one, another model's, or one that breaks its constraint."""
    denied: int = Field(default=4, ge=0, le=1000)
    """The endpoint does not serve the key, the quota or the name (401, 402, 403, 404)."""
    filtered: int = Field(default=0, ge=0, le=1000)
    """A content filter stepped in; trying again selects among replies, so it is off."""
    refusal: int = Field(default=0, ge=0, le=1000)
    """The model declined; trying again selects among replies, so it is off."""
    truncated: int = Field(default=0, ge=0, le=1000)
    """The reply was cut at ``max_tokens``; trying again selects among replies, so it is off."""


class Prices(Document):
    """What tokens cost, per million."""

    input: float = Field(ge=0)
    """Prompt tokens."""
    output: float = Field(ge=0)
    """Reply tokens."""
    cached_input: float | None = Field(default=None, ge=0)
    """Prompt tokens that the provider had in its cache; as ``input`` when absent."""
    reasoning: float | None = Field(default=None, ge=0)
    """Reasoning tokens; as ``output`` when absent."""
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """ISO 4217 code."""


class Reasoning(Document):
    """How much a reasoning model may think, and how its thoughts are told from its reply."""

    effort: str | None = Field(default=None, pattern=r"^[a-z]+$")
    """Sent as ``reasoning_effort``: ``none``, ``minimal``, ``low``, ``medium``, ``high``, or what the model knows."""
    budget: int = Field(default=0, ge=0, le=10_000_000)
    """Tokens for thinking, on top of the reply's ``max_tokens``."""
    tags: tuple[tuple[str, str], ...] = (("<think>", "</think>"), ("<reasoning>", "</reasoning>"))
    """Opening and closing marks of thoughts that come inside the reply; what stands between them is kept apart."""

    @property
    def thinks(self) -> bool:
        """Whether the wave asks for thoughts before the reply."""
        return self.budget > 0 or self.effort is not None

    @field_validator("tags")
    @classmethod
    def _tags_say_something(cls, tags: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        if not all(opening and closing for opening, closing in tags):
            raise ValueError("a tag is empty; give an opening and a closing mark, such as [<think>, </think>]")
        return tags


class OpenAISettings(Document):
    """Settings of a model behind OpenAI-compatible endpoints."""

    model: str | None = Field(default=None, min_length=1)
    """Name of the model at its endpoints; when absent, the only one that they list."""
    endpoints: tuple[EndpointSettings, ...] = Field(min_length=1)
    """Where it answers; several share the requests and stand in for each other."""
    api: Literal["auto", "chat", "completions"] = "auto"
    """Chat turns or plain text to be continued; chat where the endpoint has it."""
    logprobs: bool = False
    """Whether the log-probability of every reply is asked for and stored."""
    reasoning: Reasoning = Reasoning()
    """Thinking."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every request, such as ``chat_template_kwargs``; they go before what is set here."""
    answers_as: tuple[str, ...] = ()
    """Names by which replies may call the model; when absent, the one by which its first replies do."""
    dedupe: Literal["none", "greedy"] = "none"
    """Whether a greedy request that was made before is answered with that reply, recorded as shared."""
    mode: Literal["live", "batch"] = "live"
    """Requests one by one, or the provider's batch files."""
    batch: BatchSettings = BatchSettings()
    """How batch files are made and awaited."""
    timeout_s: float = Field(default=120, gt=0, le=86_400)
    """Seconds that a request may take in all."""
    limits: Limits = Limits()
    """What the provider allows."""
    tries: Tries = Tries()
    """How often a failed request is tried again."""
    prices: Prices | None = None
    """What tokens cost."""
    tokenizer: str | None = Field(default=None, min_length=1)
    """GGUF file with the model's vocabulary that is on this disk already; the plan counts prompts with it."""
    max_cost: float | None = Field(default=None, gt=0)
    """Money, in the currency of ``prices``, before which the wave pauses; it may be raised later."""

    free: ClassVar[frozenset[str]] = frozenset(
        {"endpoints", "mode", "batch", "timeout_s", "limits", "tries", "prices", "tokenizer", "max_cost"}
    )
    """Settings that decide no answer, so a store may be continued with others."""

    @field_validator("extra_body")
    @classmethod
    def _body_is_ours(cls, body: dict[str, Any]) -> dict[str, Any]:
        taken = sorted(OURS & body.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)} cannot be set here; the wave decides what is asked of which model")
        for name in _names(body):
            if SECRET_FIELD.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)):
                raise ValueError(f"the field {name!r} carries a secret; name the key by key_env or key_file")
        return body

    @model_validator(mode="after")
    def _fits(self) -> Self:
        places = [endpoint.url.partition("://")[2].removesuffix("/v1") for endpoint in self.endpoints]
        if len(set(places)) < len(places):
            raise ValueError("two endpoints have the same url; raise the weight of one instead")
        if self.max_cost is not None and self.prices is None:
            raise ValueError("max_cost needs prices; give input and output per million tokens")
        if self.mode == "batch" and len(self.endpoints) > 1:
            raise ValueError("mode batch needs one endpoint, since a batch lives where it was uploaded")
        return self


def _names(value: Any) -> Iterator[str]:
    """Names of all fields, those of objects in objects too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
