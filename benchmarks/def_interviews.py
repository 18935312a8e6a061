"""Interviews as the protocol ``def`` conducts them, put to any model; benchmarks of models share them.

People of ``def_us`` are asked questions of ``values_core``, memory up to 15, decoding drawn for each person. What a
random model writes is no answer, so people remember one of usual length instead. The first 15 questions are answered
that way without the model: what is measured begins with memories that are full, as they are in a questionnaire of 577
questions.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from simulator.drivers import drive
from simulator.loading import load_wave
from simulator.protocols.interface import Attempt, Completion, Request
from simulator.respondent import Respondent

MEMORY = 15
"""Questions until every memory is full."""
REPLY = (
    "Answer: 1\nExplanation: I grew up in a small town where people helped one another, my parents worked hard all "
    "their lives, and that is why this has always mattered to me more than most other things that people talk about."
)
"""What people remember in place of a random model's words."""
WAVE = """\
name: interviews
seed: 1
questionnaire: values_core
population: def_us
respondents: {people}
models: [{{name: random, backend: scripted, settings: {{}}}}]
conditions:
  - name: us
    protocol: def
    settings: {{language: en, culture: US, max_tokens: {tokens}, ask_again: 0{further}}}
"""
Asked = list[tuple[Request, int]]
"""Every request that the model got, with the tokens of its reply."""


class Nobody:
    """Listens to no interview."""

    def exchange(self, request: Request, completion: Completion) -> None: ...

    def answer(self, understood: Any) -> None: ...


async def conducted(
    complete: Callable[[Request], Awaitable[Completion]], people: int, questions: int, tokens: int, further: str = ""
) -> Asked:
    """Interview everybody at once.

    Parameters
    ----------
    complete : callable
        Asks the model.
    people : int
        Respondents.
    questions : int
        Questions to each, after those that fill memories; at most 25.
    tokens : int
        New tokens an answer.
    further : str
        Further settings of the protocol, such as ``, top_k: 50``.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wave.yaml"
        path.write_text(WAVE.format(people=people, tokens=tokens, further=further))
        loaded = load_wave(path)
    [cell] = loaded.cells
    drawn = loaded.population.people(0, people, 1)
    respondents = [cell.protocol.respondent(one, loaded.population, cell.settings, 1, cell.name) for one in drawn]
    remembered = Completion((Attempt(text=REPLY, finish_reason="stop"),))
    asked: Asked = []

    async def interview(respondent: Respondent) -> None:
        count = 0

        async def answered(request: Request) -> Completion:
            nonlocal count
            count += 1
            if MEMORY < count <= MEMORY + questions:
                found = (await complete(request)).last
                if found.error is not None:
                    raise SystemExit(f"a request failed: {found.error}")
                asked.append((request, found.completion_tokens or 0))
            return remembered

        await drive(cell.protocol.interview(respondent, loaded.questionnaire, cell.settings, 1), answered, Nobody())

    await asyncio.gather(*map(interview, respondents))
    return sorted(asked, key=lambda one: one[0].seed)
