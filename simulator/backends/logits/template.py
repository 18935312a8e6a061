"""Conversations as prompts: the chat template of the GGUF, in a sandbox, with what people wrote kept as text."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from demoscope.errors import BackendError
from simulator.backends.logits.vocabulary import Vocabulary
from simulator.protocols.interface import Message

SENTINELS = tuple(chr(code) for code in range(0xE000, 0xF8FF))
"""Private-use characters, one of which stands for what must not be read as markup."""


class _GenerationTag(Extension):
    """Lets Hugging Face's ``{% generation %}`` block through; it marks training targets only."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@dataclass(frozen=True, eq=False)
class ChatTemplate:
    """How one model wants a conversation written; without a template the texts are joined by line ends."""

    vocabulary: Vocabulary
    """Tokens of the model."""
    source: str | None
    """Jinja template from the GGUF, if it has one."""

    def __post_init__(self) -> None:
        """Read the template, so that one that cannot be read shows when the model is opened: a BackendError."""
        _ = self._compiled

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """Prompt for these messages; a last assistant turn is left open, to be continued.

        The template's own markup becomes control tokens; the same characters inside a message stay text.
        Otherwise the tokens are those of the rendered text as a whole.

        Raises
        ------
        ValueError
            If the template refuses the conversation.
        """
        text, hidden, sentinel = self._render(messages)
        vocabulary = self.vocabulary
        tokens = vocabulary.plain(text) if self.source is None else self._unhide(text, hidden, sentinel)
        if vocabulary.wants_bos and vocabulary.bos >= 0 and tokens[:1] != [vocabulary.bos]:
            tokens.insert(0, vocabulary.bos)
        return tokens

    def _render(self, messages: Sequence[Message]) -> tuple[str, list[str], str]:
        """Prompt with markup inside messages replaced by numbers between sentinels; that markup; the sentinel."""
        texts = [message.text for message in messages]
        if self.source is None:
            return "\n".join(texts), [], SENTINELS[0]
        sentinel = next(mark for mark in SENTINELS if not any(mark in text for text in texts))
        hidden: list[str] = []

        def hide(match: re.Match[str]) -> str:
            hidden.append(match.group())
            return f"{sentinel}{len(hidden) - 1}{sentinel}"

        turns = [{"role": m.role, "content": self.vocabulary.control_pattern.sub(hide, m.text)} for m in messages]
        if not (turns and turns[-1]["role"] == "assistant"):
            return self._apply(turns, generation_prompt=True), hidden, sentinel
        written = turns[-1]["content"]
        end = f"{sentinel}{sentinel}"
        turns[-1] = {"role": "assistant", "content": written + end}
        rendered, found, _ = self._apply(turns, generation_prompt=False).rpartition(end)
        if found:
            return rendered, hidden, sentinel
        return self._apply(turns[:-1], generation_prompt=True) + written, hidden, sentinel

    def _apply(self, turns: list[dict[str, str]], *, generation_prompt: bool) -> str:
        """Render; a template that knows no system turn gets its text at the head of the first user turn."""
        attempts = [turns]
        if len(turns) > 1 and turns[0]["role"] == "system" and turns[1]["role"] == "user":
            merged = {"role": "user", "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
            attempts.append([merged, *turns[2:]])
        reason = ""
        for attempt in attempts:
            try:
                return self._rendered(attempt, generation_prompt)
            except Exception as error:  # whatever a template written by others comes to
                reason = reason or str(error)
        raise ValueError(f"The model's chat template refuses this conversation: {reason}")

    def _rendered(self, turns: list[dict[str, str]], generation_prompt: bool) -> str:
        vocabulary = self.vocabulary
        return self._compiled.render(
            messages=turns,
            add_generation_prompt=generation_prompt,
            bos_token=vocabulary.text_of(vocabulary.bos),
            eos_token=vocabulary.text_of(vocabulary.eos),
            raise_exception=_raise,
            tools=None,
        )

    @cached_property
    def _compiled(self) -> jinja2.Template:
        """The template; it is given no clock, so the same conversation is the same prompt on every day."""
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols]
        )
        environment.filters["tojson"] = _to_json
        try:
            return environment.from_string(self.source or "")
        except jinja2.TemplateError as error:
            raise BackendError(
                f"The chat template inside the GGUF cannot be read: {error}. Use another conversion of this model."
            ) from None
        except (RecursionError, SyntaxError, MemoryError):
            raise BackendError(
                "The chat template inside the GGUF cannot be read: it is nested too deeply. Use another conversion "
                "of this model."
            ) from None

    def _unhide(self, text: str, hidden: list[str], sentinel: str) -> list[int]:
        """Tokens of the rendered text; hidden texts come back only after its own markup was recognised."""
        vocabulary = self.vocabulary
        if not hidden:
            return vocabulary.marked_up(text)
        restore = re.compile(f"{sentinel}(\\d+){sentinel}")
        return vocabulary.marked_up(text, lambda part: restore.sub(lambda m: hidden[int(m.group(1))], part))


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
