"""How one request rates continuations: the prompt once, then every continuation after it."""

from collections.abc import Collection, Generator

from simulator.backends.llama_cpp.branches import Branches
from simulator.backends.llama_cpp.sequence import FRESH, Sequence
from simulator.backends.llama_cpp.wishes import Piece, Wish
from simulator.backends.logits.sampling import Logits
from simulator.backends.logits.scoring import Path, following, logprobs_of, tips


def rate(
    steps: Collection[Path], prompt: list[int], place: Sequence, branches: Branches
) -> Generator[Wish, list[Logits], dict[Path, float]]:
    """Natural log-probability of the last token of each step, given prompt and the tokens before it.

    Labels of one token need the prompt alone. Otherwise the prompt is evaluated but for its last token, with which
    every branch begins.

    Parameters
    ----------
    steps : collection of tuple of int
        Continuations of the prompt, at least one.
    prompt : list of int
        The prompt, at least one token.
    place : Sequence
        Where it is evaluated, reusing what is there; it holds the prompt afterwards.
    branches : Branches
        Where its continuations are evaluated.
    """
    asked = following(steps)
    ends = tips(asked)
    found: dict[Path, float] = {}

    def read(beginning: Path, logits: Logits) -> None:
        tokens = asked.pop(beginning, [])  # none where another branch has passed here
        for token, value in zip(tokens, logprobs_of(logits, tokens), strict=True):
            found[(*beginning, token)] = value

    if ends == [()]:
        rows = yield Piece(place, place.rewind(prompt), wanted=FRESH)
        read((), rows[-1])
        return found
    if stem := place.rewind_before(prompt):
        yield Piece(place, stem)
    yield from branches.evaluate(place, prompt, ends, read)
    return found
