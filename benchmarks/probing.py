"""How much faster probes are than one forward pass for each option and method, with equal results.

usage: python benchmarks/probing.py [--questions 20] [--passes 40] [--space none both] [--quick]

Prints one JSON line. Questions of four options are probed by the token and the sequence method in 9 formats (3 styles
x 3 variations) and 7 contexts (nobody and people from 6 countries), on the embedded model, by one single-threaded
engine: by the protocol, as a wave does it, whose prompts share what they begin with; and, in the same run, by full
forward passes over prompt and option, one for each rated text and method, for some of these prompts, in all formats
and contexts by turns. Both are extrapolated to 206 questions. Evaluated tokens are counted, times are CPU seconds.

``--space none`` rates one form of every option by each method, so that the other side is one forward pass for each
option and method; with ``both``, the protocol's default, twice as many texts are rated on both sides.
"""

import argparse
import asyncio
import itertools
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.line import Number, line, number
from personas import Population
from personas.nationals import PREFIX, PUBLISHED
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.sequence import FRESH, Sequence, pieces
from simulator.backends.logits.sampling import Logits
from simulator.backends.logits.scoring import logprobs_of
from simulator.drivers import drive
from simulator.protocols.interface import Completion, Judged, Request, Understood
from simulator.protocols.probe import PROTOCOL
from simulator.protocols.probe_settings import ProbeSettings
from simulator.respondent import Respondent
from surveys import Question, Questionnaire

ALL = 206
"""Questions of the paper."""
STYLES = ("default", "prefixed", "one_shot")
VARIATIONS = ("baseline", "reversed_labels", "numbers")
SEED = 7
TOPICS = (
    *("family", "friends", "leisure time", "politics", "work", "religion", "the environment", "the armed forces"),
    *("the press", "television", "labour unions", "the police", "the courts", "the government", "political parties"),
    *("parliament", "universities", "elections", "major companies", "banks", "charitable organisations", "science"),
    *("immigration", "taxes", "health care", "schools"),
)
STEMS = {
    "How important is {} in your life?": (
        *("Very important", "Rather important", "Not very important", "Not at all important"),
    ),
    "How much confidence do you have in {}?": ("A great deal", "Quite a lot", "Not very much", "None at all"),
    "How often do you discuss {} with the people around you?": ("Often", "Sometimes", "Rarely", "Never"),
    "How far do you agree that more should be heard about {} in public?": (
        *("Strongly agree", "Agree", "Disagree", "Strongly disagree"),
    ),
    "How interested would you say you are in news about {}?": (
        *("Very interested", "Somewhat interested", "Not very interested", "Not at all interested"),
    ),
    "How worried are you about the future of {} in this country?": (
        *("Very much", "A good deal", "Not much", "Not at all"),
    ),
    "Would you say that {} has become more or less of a concern to people in recent years?": (
        *("Much more", "A little more", "A little less", "Much less"),
    ),
    "How well do you think {} is treated by those who decide over public money?": (
        *("Very well", "Fairly well", "Fairly badly", "Very badly"),
    ),
}


def questions(n: int) -> Questionnaire:
    """``n`` questions of four options each, no two alike."""
    made = []
    for place, (topic, (stem, labels)) in enumerate(itertools.product(TOPICS, STEMS.items())):
        options = [{"code": code, "label": label} for code, label in enumerate(labels, start=1)]
        made.append(Question.model_validate({"id": f"q{place}", "text": stem.format(topic), "options": options}))
    return Questionnaire(id="four_options", title="Questions of four options", questions=made[:n])


@dataclass
class Kept:
    """What interviews asked and got."""

    asked: list[tuple[Request, Completion]] = field(default_factory=list)
    answers: int = 0

    def exchange(self, request: Request, completion: Completion) -> None:
        """One more exchange."""
        self.asked.append((request, completion))

    def answer(self, understood: Understood | Judged) -> None:
        """One more answer."""
        assert isinstance(understood, Understood)
        assert understood.answer.status == "answered", understood.answer.reason
        self.answers += 1


def interviews(space: str) -> list[tuple[Respondent, ProbeSettings]]:
    """Everybody in every format: person by person, as a wave goes through its respondents."""
    people = Population.load(PREFIX + ",".join(PUBLISHED))
    found = []
    for person in (-1, *range(len(PUBLISHED))):
        for style, variation in itertools.product(STYLES, VARIATIONS):
            settings = ProbeSettings.model_validate(
                {"style": style, "variation": variation, "space": space, "person": person >= 0}
            )
            persona = people.people(max(person, 0), max(person, 0) + 1, SEED)[0]
            cell = f"{style}-{variation}{'-person' if person >= 0 else ''}/embedded"
            found.append((PROTOCOL.respondent(persona, people, settings, SEED, cell), settings))
    return found


async def probed(
    backend: LlamaCppBackend, asked: Questionnaire, everybody: list[tuple[Respondent, ProbeSettings]]
) -> Kept:
    """All interviews, as many at once as the engine takes."""
    kept, places = Kept(), asyncio.Semaphore(backend.concurrency)

    async def one(respondent: Respondent, settings: ProbeSettings) -> None:
        async with places:
            await drive(PROTOCOL.interview(respondent, asked, settings, SEED), backend.complete, kept)

    await asyncio.gather(*(one(*pair) for pair in everybody))
    return kept


def full_pass(lone: Sequence, prompt: list[int], path: tuple[int, ...]) -> list[float]:
    """One forward pass over prompt and option from nothing; the log-probability of each token of the option.

    Two rows of logits are asked for at least, as the engine does. The last layer and the output see only rows with
    logits, and one row alone takes other kernels there: a pass for a label of one token would otherwise be compared
    in sums of another order, which in BF16 differ by up to 0.0007 nats.
    """
    lone.forget()
    tokens, wanted = [*prompt, *path[:-1]], max(FRESH, len(path))
    rows: list[Logits] = []
    for start, stop in pieces(len(tokens)):
        here = min(stop - start, max(0, wanted - (len(tokens) - stop)))
        rows += [row.copy() for row in lone.feed(tokens[start:stop], max(here, FRESH) if here else 0)[-here:]]
    return [logprobs_of(row, [token])[0] for row, token in zip(rows[-len(path) :], path, strict=True)]


def by_full_passes(backend: LlamaCppBackend, kept: Kept, prompts: int) -> dict[str, Any]:
    """Full passes for some prompts, chosen so that formats, contexts and questions take turns."""
    by_prompt: dict[tuple[str, str | None], list[tuple[Request, Completion]]] = {}
    for request, completion in kept.asked:
        by_prompt.setdefault((request.conversation, request.question), []).append((request, completion))
    places = np.random.default_rng(SEED).permutation(len(by_prompt))[:prompts]
    every = list(by_prompt.values())
    lone, vocabulary = Sequence(backend.context, 0), backend.model.vocabulary
    cpu, evaluated, passes, worst = 0.0, 0, 0, 0.0
    for place in places:
        for request, completion in every[place]:
            assert completion.logprobs is not None
            prompt = backend.model.template.tokens(request.messages)
            for text in request.labels:
                path = tuple(vocabulary.continuation(text.encode()))
                before, begun = backend.context.evaluated, time.process_time()
                found = full_pass(lone, prompt, path)
                cpu += time.process_time() - begun
                evaluated += backend.context.evaluated - before
                passes += 1
                ours = completion.logprobs[text]
                worst = max(worst, *(abs(a - b) for a, b in zip(ours, found[: len(ours)], strict=True)))
    lone.forget()
    return {"prompts": len(places), "passes": passes, "cpu": cpu, "evaluated": evaluated, "worst": worst}


def compared(questionnaire: Questionnaire, space: str, passes: int) -> list[Number]:
    """Both sides with one rule for leading spaces, on an engine of their own."""
    backend = LlamaCppBackend("embedded", sequences=16, context=1024)
    cpu_begun, begun = time.process_time(), time.perf_counter()
    everybody = interviews(space)
    kept = asyncio.run(probed(backend, questionnaire, everybody))
    cpu, wall = time.process_time() - cpu_begun, time.perf_counter() - begun
    evaluated = backend.context.evaluated
    asked = len(questionnaire.questions)
    prompts = len(everybody) * asked
    lengths = [len(backend.model.template.tokens(request.messages)) for request, _ in kept.asked]
    full = by_full_passes(backend, kept, passes)
    asyncio.run(backend.close())
    each_cpu, each_tokens = full["cpu"] / full["prompts"], full["evaluated"] / full["prompts"]
    name, hours = f"space {space}", ALL / asked / 3600
    target = ">= 6" if space == "none" else None
    return [
        number(f"{name}: prompts, each by both methods", prompts),
        number(f"{name}: full passes for a prompt", full["passes"] / full["prompts"]),
        number(f"{name}: tokens of a prompt", sum(lengths) / len(lengths), "tokens"),
        number(f"{name}: tokens evaluated", evaluated, "tokens"),
        number(f"{name}: tokens evaluated for a prompt", evaluated / prompts, "tokens"),
        number(f"{name}: tokens evaluated for a prompt by full passes", each_tokens, "tokens"),
        number(f"{name}: largest difference of a log-probability", full["worst"], "nats", "<= 0.0001"),
        number(f"{name}: CPU for a prompt", 1000 * cpu / prompts, "ms"),
        number(f"{name}: CPU for a prompt by full passes", 1000 * each_cpu, "ms"),
        number(f"{name}: CPU of full passes to CPU of probes_ratio", each_cpu / (cpu / prompts), "", target),
        number(f"{name}: the same in tokens_ratio", each_tokens / (evaluated / prompts)),
        number(f"{name}: time of the probes", wall, "s"),
        number(f"{name}: {ALL} questions, CPU", cpu * hours, "h"),
        number(f"{name}: {ALL} questions, CPU by full passes", each_cpu * prompts * hours, "h"),
        number(f"{name}: {ALL} questions, tokens", evaluated / asked * ALL, "tokens"),
        number(f"{name}: {ALL} questions, tokens by full passes", each_tokens * prompts / asked * ALL, "tokens"),
    ]


def main() -> None:
    """Run both sides and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--questions", type=int, default=20, help="probed in all formats and contexts")
    parser.add_argument("--passes", type=int, default=40, help="prompts that full passes go through")
    parser.add_argument("--space", nargs="+", choices=["none", "both"], default=["none", "both"], help="which forms")
    parser.add_argument("--quick", action="store_true", help="2 questions, full passes for 6 prompts, one form")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.questions, wanted.passes, wanted.space = 2, 6, ["none"]
    numbers = [each for space in wanted.space for each in compared(questions(wanted.questions), space, wanted.passes)]
    print(line("probing", numbers, model="embedded", questions=wanted.questions, full_passes_for=wanted.passes))


if __name__ == "__main__":
    main()
