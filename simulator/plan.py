"""What a wave is going to do, without doing it: who is asked what, how many calls, tokens and hours."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from demoscope.documents import Document
from simulator.backends.interface import find_backend
from simulator.backends.scripted import ScriptedBackend
from simulator.drivers import drive
from simulator.estimates import SHORTEST_REPLY, Money, Pilot, Range, money, prompt_tokens, read_pilots
from simulator.protocols.interface import Completion, Message, Request, Understood
from simulator.registration import persona_respondents
from simulator.subgroups import WANTED, Subgroup, subgroups
from simulator.wave import LoadedWave, ModelSpec

SAMPLE = 8
"""Respondents of each cell whose interviews are run dry."""

CHARACTERS_PER_TOKEN = 4.0
"""Rule of thumb for English text and the vocabularies of today's models; Chinese is nearer to 1.5."""


class CellPlan(Document):
    """What one cell will take; token counts are estimates from a dry run."""

    cell: str
    respondents: int
    answers: int
    calls: int
    prompt_tokens: int
    """Tokens of all prompts, whether evaluated anew or kept from the question before."""
    completion_tokens: int
    hours: float | None
    """Rough time on one cohort, from the backend's typical speed; ``None`` when nothing is known of it."""
    prompt_range: Range
    """Prompt tokens, from the least that is likely to the most."""
    completion_range: Range
    """Reply tokens, reasoning included, from the least that is likely to the most."""
    counted_by: Literal["thumb", "tokenizer", "pilot"]
    """Whether the ranges come from the endpoint's counts of earlier calls in the store, from dry interviews and a
    tokenizer, or from dry interviews and a rule of thumb."""
    cost: Money | None
    """Money at the prices of the wave file; ``None`` without prices."""
    max_cost: float | None
    """Money before which the wave pauses; ``None`` without a bound."""


class Plan(Document):
    """What a wave is going to do."""

    wave: str
    respondents: int
    questions: tuple[str, ...]
    """Ids of the questions, in order; everybody is asked all of them."""
    cells: tuple[CellPlan, ...]
    people: tuple[str, ...]
    """How the first respondents are introduced to the model."""
    prompts: tuple[tuple[tuple[str, str], ...], ...]
    """The first prompts of the first respondent in full, as (role, text) turns; replies are a stand-in's."""
    decoding: dict[str, object]
    """Decoding of the first respondent."""
    wanted_margin: float = WANTED
    """Margin of error that subgroups should have, as a share."""
    subgroups: tuple[Subgroup, ...] = ()
    """What the report will compare, and whether there are enough people for it; none without a reference."""


@dataclass
class _Tally:
    """Counts what a dry run would cost."""

    answers: int = 0
    calls: int = 0
    prompt: float = 0
    fresh: float = 0
    completion: float = 0
    written: float = 0
    """Tokens of all beams and samples, whichever is taken."""
    count: Callable[[Sequence[Message]], int] | None = None
    """Counts a prompt's tokens, where a tokenizer is at hand."""
    least: float = 0
    most: float = 0
    prompts: list[tuple[Message, ...]] = field(default_factory=list)
    _last: tuple[Message, ...] = ()

    def exchange(self, request: Request, completion: Completion) -> None:
        self.calls += 1
        self.prompt += _tokens(request.messages)
        if self.count:
            tokens = self.count(request.messages)
            likely = Range(low=tokens, high=tokens)
        else:
            likely = prompt_tokens([message.text for message in request.messages])
        self.least += likely.low
        self.most += likely.high
        kept = 0
        for before, after in zip(self._last, request.messages, strict=False):
            if before.text_id != after.text_id:
                break
            kept += 1
        self.fresh += _tokens(request.messages[kept:])
        self._last = request.messages
        constraint = request.constraint
        limit = constraint.likely_tokens if constraint else request.decoding.max_tokens
        self.completion += limit
        self.written += limit * request.decoding.width
        if len(self.prompts) < 2:
            self.prompts.append(request.messages)

    def answer(self, understood: Understood) -> None:
        self.answers += 1


def _counter(model: ModelSpec) -> Callable[[Sequence[Message]], int] | None:
    """What counts tokens as this model would, when the wave names a tokenizer."""
    path = model.settings.get("tokenizer")
    if path is None:
        return None
    from simulator.backends.llama_cpp.counting import token_counter

    return token_counter(Path(path))


def _tokens(messages: tuple[Message, ...]) -> float:
    return sum(len(message.text) / CHARACTERS_PER_TOKEN + 5 for message in messages)


def make_plan(loaded: LoadedWave, wanted_margin: float = WANTED) -> Plan:
    """Plan of a wave, from dry interviews of its first respondents; no model is loaded.

    Parameters
    ----------
    wanted_margin : float
        Half width of the 95 % interval that the shares of every subgroup should have, in (0, 1).
    """
    return asyncio.run(_plan(loaded, wanted_margin))


async def _plan(loaded: LoadedWave, wanted_margin: float) -> Plan:
    stand_in = ScriptedBackend("dry-run", public="uniform")
    sampled = min(SAMPLE, loaded.wave.respondents)
    tallies = {cell.name: _Tally(count=_counter(cell.model)) for cell in loaded.cells}
    numbers = {cell.name: n for n, cell in enumerate(loaded.cells, start=1)}
    people = []
    first = None
    for cell, _, persona, respondent in persona_respondents(loaded, numbers, 0, sampled):
        first = first or respondent
        if cell is loaded.cells[0]:
            people.append(respondent.portrait)
        asked = loaded.asked(persona.number)
        if asked is not None:
            interview = cell.protocol.interview(respondent, asked, cell.settings, loaded.wave.seed)
            await drive(interview, stand_in.complete, tallies[cell.name])
    assert first is not None
    n = loaded.wave.respondents
    pilots = read_pilots(loaded.store_path)
    cells = []
    for cell in loaded.cells:
        tally = tallies[cell.name]
        speed = find_backend(cell.model.backend).tokens_per_second
        answers = loaded.answers_of(cell)
        times = answers / tally.answers if loaded.assignments and tally.answers else n / sampled
        seconds = (tally.fresh / speed[0] + tally.written / speed[1]) * times if speed else None
        cells.append(
            CellPlan(
                cell=cell.name,
                respondents=n,
                answers=answers,
                calls=round(tally.calls * times),
                prompt_tokens=round(tally.prompt * times),
                completion_tokens=round(tally.completion * times),
                hours=seconds / 3600 if seconds is not None else None,
                **_costs(cell.model, tally, times, pilots.get(cell.name)),
            )
        )
    return Plan(
        wave=loaded.wave.name,
        respondents=n,
        questions=tuple(question.id for question in loaded.questionnaire.questions),
        cells=tuple(cells),
        people=tuple(people),
        prompts=tuple(
            tuple((message.role, message.text) for message in prompt)
            for prompt in tallies[loaded.cells[0].name].prompts
        ),
        decoding=first.decoding.as_dict(),
        wanted_margin=wanted_margin,
        subgroups=subgroups(loaded, wanted_margin),
    )


def _costs(model: ModelSpec, tally: _Tally, times: float, pilot: Pilot | None) -> dict[str, Any]:
    """Ranges of tokens and money of one cell."""
    settings = model.settings
    calls = tally.calls * times
    if pilot is not None:
        prompt, reply, cached = pilot.prompt.times(calls), pilot.reply.times(calls), pilot.cached
    else:
        thoughts = tally.calls * (settings.get("reasoning") or {}).get("budget", 0)
        shortest = min(tally.calls * SHORTEST_REPLY, tally.completion)
        prompt = Range(low=tally.least, high=tally.most).times(times)
        reply, cached = Range(low=shortest, high=tally.completion + thoughts).times(times), 0.0
    return {
        "prompt_range": prompt,
        "completion_range": reply,
        "counted_by": "pilot" if pilot else "tokenizer" if tally.count else "thumb",
        "cost": money(settings.get("prices"), prompt, reply, cached),
        "max_cost": settings.get("max_cost"),
    }
