"""What every request needs of an engine of transformers."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.backends.logits.grammar import Grammars
from simulator.backends.logits.requests import must_fit
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.logits.vocabulary import Vocabulary


@dataclass(frozen=True)
class Tools:
    """The model as requests see it."""

    vocabulary: Vocabulary
    template: ChatTemplate
    """How it wants conversations written."""
    grammars: Grammars
    size: int
    """Tokens of prompt and reply that it holds; or of each of them where an encoder reads the prompt."""
    encodes: bool
    """Whether an encoder reads the prompt."""
    around: tuple[list[int], list[int]]
    """What an encoder sees before and after every prompt."""
    endpoint: str
    """Name of the model in the wave."""
    clock: Callable[[], float]
    """Seconds, for latencies."""

    def must_fit(self, prompt: int, reply: int) -> None:
        """Refuse what does not fit: prompt and reply together, or each alone where an encoder reads the prompt."""
        if self.encodes:
            must_fit(prompt, 0, self.size)
        must_fit(0 if self.encodes else prompt, reply, self.size)
