"""What the rules of decoding know of a model: its tokens, as bytes, and how it cuts a text into them."""

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property

from simulator.backends.logits.sampling import Ids
from simulator.backends.logits.strings import StringTokens


class Vocabulary(ABC):
    """The tokens of a model; cheap to share, immutable."""

    bos: int
    """Token that begins a text, or -1."""
    eos: int
    """Token that ends a text, or -1."""
    end_of_turn: int
    """Token that ends a turn, or else a text, or -1."""
    wants_bos: bool
    """Whether every prompt is to begin with ``bos``."""

    @property
    @abstractmethod
    def pieces(self) -> list[bytes]:
        """Bytes that each token adds to a text; nothing for control tokens."""

    @property
    @abstractmethod
    def controls(self) -> dict[str, int]:
        """Control tokens by their markup, such as ``<|im_end|>``."""

    @property
    @abstractmethod
    def ends(self) -> Ids:
        """Tokens that end a turn or a text, in ascending order."""

    @abstractmethod
    def plain(self, text: str) -> list[int]:
        """Tokens of a text in which the markup of control tokens is just text."""

    @abstractmethod
    def text_of(self, token: int) -> str:
        """Markup or text of one token, empty when it is none."""

    @abstractmethod
    def swallows(self, token: int) -> tuple[bool, bool]:
        """Whether a control token swallows the white space before it, and after it."""

    @cached_property
    def control_pattern(self) -> re.Pattern[str]:
        """Matches the markup of any control token, the longest first; nothing when there is none."""
        longest_first = sorted(self.controls, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    @cached_property
    def end_set(self) -> frozenset[int]:
        """The tokens that end a turn or a text, as a set."""
        return frozenset(self.ends.tolist())

    @cached_property
    def spaces(self) -> frozenset[int]:
        """Tokens that are nothing but white space."""
        return frozenset(token for token, piece in enumerate(self.pieces) if piece and piece.isspace())

    @cached_property
    def by_piece(self) -> dict[bytes, tuple[int, ...]]:
        """Tokens by the bytes they add."""
        found: dict[bytes, tuple[int, ...]] = {}
        for token, piece in enumerate(self.pieces):
            if piece and token not in self.end_set:
                found[piece] = (*found.get(piece, ()), token)
        return found

    @cached_property
    def beginnings(self) -> frozenset[bytes]:
        """Every beginning of every token's bytes, so that a walk over bytes knows when to give up."""
        return frozenset(piece[:end] for piece in self.by_piece for end in range(1, len(piece) + 1))

    @cached_property
    def string_tokens(self) -> StringTokens:
        """Which tokens may come inside a string of JSON."""
        return StringTokens(self.by_piece)

    def marked_up(self, text: str, restore: Callable[[str], str] = str) -> list[int]:
        """Tokens of a text in which the markup of control tokens means those tokens.

        ``restore`` is applied to the text between them, whose markup is just text.
        """
        tokens: list[int] = []
        start, swallow = 0, False
        for match in [*self.control_pattern.finditer(text), None]:
            between = text[start : match.start() if match else len(text)]
            before, after = self.swallows(self.controls[match.group()]) if match else (False, False)
            between = between.lstrip() if swallow else between
            between = between.rstrip() if before else between
            tokens += self.plain(restore(between)) if between else []
            if match:
                tokens.append(self.controls[match.group()])
                start, swallow = match.end(), after
        return tokens

    def continuation(self, text: bytes) -> list[int]:
        """Tokens that add exactly these bytes to a text, as the tokeniser would cut them.

        Tokenisers that put a space before every text are outwitted by a line end; where even that adds or
        loses something, the longest fitting tokens are taken from the left.
        """
        with contextlib.suppress(UnicodeDecodeError):
            written = text.decode()
            tokens = self.plain(written)
            if self.bytes_of(tokens) == text:
                return tokens
            line_end = self.plain("\n")
            longer = self.plain("\n" + written)
            if longer[: len(line_end)] == line_end and self.bytes_of(longer[len(line_end) :]) == text:
                return longer[len(line_end) :]
        return self._longest_first(text)

    def bytes_of(self, tokens: list[int]) -> bytes:
        """Bytes that these tokens add to a text."""
        return b"".join(self.pieces[token] for token in tokens)

    def starting_with(self, beginning: bytes) -> list[int]:
        """Tokens whose bytes are longer than ``beginning`` and start with it."""
        return [
            token
            for piece, tokens in self.by_piece.items()
            if len(piece) > len(beginning) and piece.startswith(beginning)
            for token in tokens
        ]

    def _longest_first(self, text: bytes) -> list[int]:
        tokens: list[int] = []
        while text:
            fitting = (text[:end] for end in range(min(len(text), 256), 0, -1) if text[:end] in self.by_piece)
            piece = next(fitting, b"")
            if not piece:
                raise ValueError(f"The model's vocabulary cannot write {text!r}.")
            tokens.append(self.by_piece[piece][0])
            text = text[len(piece) :]
        return tokens
