"""Interviews of a wave's first respondents with a stand-in for the model, and what they ask for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulator.backends.scripted import ScriptedBackend
from simulator.demands import demands
from simulator.drivers import drive
from simulator.estimates import Range, prompt_tokens, text_tokens
from simulator.people import persona_respondents
from simulator.protocols.interface import Completion, Judged, Message, Request, Understood
from simulator.respondent import Respondent
from simulator.variants import begin
from simulator.wave import LoadedWave, ModelSpec

SAMPLE = 8
"""Respondents of each cell whose interviews are run dry."""


@dataclass
class Tally:
    """Counts what the dry interviews of a cell ask for."""

    answers: int = 0
    calls: int = 0
    prompt: float = 0
    """Tokens of all prompts."""
    fresh: float = 0
    """Those that were not in the prompt before."""
    completion: float = 0
    """Most tokens of all replies."""
    written: float = 0
    """Tokens of all beams and samples, whichever is taken."""
    one_by_one: bool = False
    """Whether each continuation is rated in a call of its own, with the whole prompt."""
    count: Callable[[Sequence[Message]], int] | None = None
    """Counts a prompt's tokens, where a tokenizer is at hand."""
    least: float = 0
    """Fewest tokens that the prompts are likely to have."""
    most: float = 0
    demands: set[str] = field(default_factory=set)
    """What the model is asked for beyond a plain reply."""
    prompts: list[tuple[Message, ...]] = field(default_factory=list)
    """The first two."""
    _last: tuple[Message, ...] = ()

    def exchange(self, request: Request, completion: Completion) -> None:
        """Count one call."""
        self.calls += 1
        self.demands |= demands(request)
        rated = request.labels if request.ability == "score" else ()
        times = len(rated) if rated and self.one_by_one else 1
        self.prompt += _tokens(request.messages) * times + _text_tokens(rated)
        if self.count:
            tokens = self.count(request.messages) * times + _text_tokens(rated)
            likely = Range(low=tokens, high=tokens)
        else:
            texts = [message.text for message in request.messages]
            likely = prompt_tokens([*texts * times, *rated])
        self.least += likely.low
        self.most += likely.high
        kept = 0
        for before, after in zip(self._last, request.messages, strict=False):
            if before.text_id != after.text_id:
                break
            kept += 1
        self.fresh += _tokens(request.messages[kept:]) + _text_tokens(rated)
        self._last = request.messages
        constraint = request.constraint
        limit = constraint.likely_tokens if constraint else request.decoding.max_tokens
        if request.ability != "generate":
            limit = times  # a token a call, after which the log-probabilities are told
        self.completion += limit
        self.written += limit * request.decoding.width
        if len(self.prompts) < 2:
            self.prompts.append(request.messages)

    def answer(self, understood: Understood | Judged) -> None:
        """Count one answer."""
        self.answers += 1


def _counter(model: ModelSpec) -> Callable[[Sequence[Message]], int] | None:
    """What counts tokens as this model would, when the wave names a tokenizer."""
    path = model.settings.get("tokenizer")
    if path is None:
        return None
    from simulator.backends.llama_cpp.counting import token_counter

    return token_counter(Path(path))


def _tokens(messages: tuple[Message, ...]) -> float:
    return sum(text_tokens(message.text) + 5 for message in messages)


def _text_tokens(texts: Sequence[str]) -> float:
    return sum(map(text_tokens, texts))


async def dry_run(loaded: LoadedWave) -> tuple[list[Respondent], dict[str, Tally]]:
    """The first respondents of the first cell, and what the dry interviews of each cell ask for, by its name."""
    stand_in = ScriptedBackend("dry-run", public="uniform")
    tallies = {
        cell.name: Tally(count=_counter(cell.model), one_by_one=cell.model.backend == "openai_api")
        for cell in loaded.cells
    }
    numbers = {cell.name: n for n, cell in enumerate(loaded.cells, start=1)}
    people = []
    for cell, _, _, respondent in persona_respondents(loaded, numbers, 0, SAMPLE):
        if cell is loaded.cells[0]:
            people.append(respondent)
        if respondent.assigned == frozenset():
            continue
        interview = begin(cell.protocol, respondent, cell.asked, cell.settings, loaded.wave.seed)
        await drive(interview, stand_in.complete, tallies[cell.name])
    return people, tallies
