"""What rating options costs, and how many constrained or scored answers a second the quickstart questionnaire gets.

usage: python benchmarks/scoring.py [--engines 2] [--questions 12] [--respondents 20] [--interview 19] [--quick]

Prints one JSON line. Part one: a question of four options is put by the token and the sequence method, in one form of
its options and in two, against one full pass over prompt and option for each option, form and method; on the prompts
of the quickstart and on prompts of 600 tokens, none of them seen before. Tokens are counted, times are CPU seconds
and wall seconds. Part two: the interviews of the quickstart without explanations, with its rolling memory and
without, every answer constrained, and every answer scored instead, by one single-threaded engine a core, set up as
the quickstart sets it up.
"""

import argparse
import asyncio
import dataclasses
import multiprocessing
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import Number, line, number
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.sequence import Sequence, pieces
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.drivers import drive
from simulator.loading import load_wave
from simulator.protocols.def_settings import DefSettings
from simulator.protocols.diversity_enhanced import DiversityEnhanced
from simulator.protocols.interface import Ability, Completion, Judged, Message, Request, Understood
from simulator.scores import Space, forms, per_token

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = ("1: Very important", "2: Rather important", "3: Not very important", "4: Not at all important")
LABELS = ("1", "2", "3", "4")
TOPICS = ("family", "friends", "leisure time", "politics", "work", "religion", "health", "science", "the press")
FULL_PASSES = 2
"""Questions that are also rated by full passes; they are slow and alike."""


def ask(topic: str) -> Message:
    """A question as the quickstart words it, with four options."""
    return Message("user", f"Request: How important is {topic} in your life? - {', '.join(OPTIONS)}")


def conversation(head: Message, n: int, least: int, backend: LlamaCppBackend) -> tuple[Message, ...]:
    """The head and one question, with as many remembered ones between as make ``least`` tokens."""
    turns: list[Message] = [head]
    while True:
        whole = (*turns, ask(TOPICS[(n + len(turns) // 2) % len(TOPICS)]))
        if len(backend.model.template.tokens(whole)) >= least:
            return whole
        turns += [whole[-1], Message("assistant", f"Answer: {OPTIONS[len(turns) % 4]}")]


def rated(backend: LlamaCppBackend, heads: list[Message], least: int, space: Space) -> dict[str, Any]:
    """Both methods for one question of each head, and what full passes take for the same numbers."""
    texts: dict[Ability, tuple[str, ...]] = {"label_logprobs": forms(LABELS, space), "score": forms(OPTIONS, space)}
    vocabulary, template = backend.model.vocabulary, backend.model.template
    paths = {one: vocabulary.continuation(one.encode()) for both in texts.values() for one in both}
    longest = max(len(paths[one]) for one in texts["score"])
    lone = Sequence(backend.context, 0)
    prompts, evaluated, allowed, cpu, wall = 0, 0, 0, 0.0, 0.0
    full: dict[str, Any] = {"questions": 0, "evaluated": 0, "cpu": 0.0, "wall": 0.0}
    for n, head in enumerate(heads):
        unseen = Message("system", f"Interview {least}, {space}, {n}. {head.text}")
        turns = conversation(unseen, n, least, backend)
        prompt = template.tokens(turns)
        before, cpu_begun, begun = backend.context.evaluated, time.process_time(), time.perf_counter()
        for ability, labels in texts.items():
            wanted = Request(
                "answer", n, turns, Decoding(), n, ability=ability, labels=labels, conversation=f"{least} {space} {n}"
            )
            assert asyncio.run(backend.complete(wanted)).logprobs
        cpu += time.process_time() - cpu_begun
        wall += time.perf_counter() - begun
        prompts += len(prompt)
        evaluated += backend.context.evaluated - before
        allowed += len(prompt) + len(texts["score"]) * (longest + 1)
        if n < FULL_PASSES:
            before, cpu_begun, begun = backend.context.evaluated, time.process_time(), time.perf_counter()
            for one in (one for both in texts.values() for one in both):
                lone.forget()
                tokens, rows = [*prompt, *paths[one][:-1]], len(paths[one])
                for start, stop in pieces(len(tokens)):
                    lone.feed(tokens[start:stop], min(stop - start, max(0, rows - (len(tokens) - stop))))
            lone.forget()
            full["questions"] += 1
            full["cpu"] += time.process_time() - cpu_begun
            full["wall"] += time.perf_counter() - begun
            full["evaluated"] += backend.context.evaluated - before
    asked, passes = len(heads), full["questions"]
    return {
        "prompt_tokens": round(prompts / asked),
        "evaluated_tokens": round(evaluated / asked, 1),
        "at_most": round(allowed / asked, 1),
        "within": evaluated <= allowed,
        "cpu_ms": round(1000 * cpu / asked),
        "full_passes": 2 * len(texts["score"]),
        "full_evaluated_tokens": round(full["evaluated"] / passes, 1),
        "full_cpu_ms": round(1000 * full["cpu"] / passes),
        "times_faster_cpu": round(full["cpu"] / passes / (cpu / asked), 2),
        "times_faster_wall": round(full["wall"] / passes / (wall / asked), 2),
        "times_fewer_tokens": round(full["evaluated"] / passes / (evaluated / asked), 2),
    }


def told(what: str, found: dict[str, Any], times: int) -> list[Number]:
    """Numbers of one kind of prompt; ``times`` faster is wanted."""
    return [
        number(f"{what}: tokens evaluated, the bound as target", found["evaluated_tokens"],
               "tokens", f"<= {found['at_most']}"),
        number(f"{what}: full passes", found["full_passes"]),
        number(f"{what}: CPU of a full pass for each to CPU of both methods_ratio", found["times_faster_cpu"], "",
               f">= {times}"),
        number(f"{what}: the same by the clock_ratio", found["times_faster_wall"]),
        number(f"{what}: the same in tokens_ratio", found["times_fewer_tokens"]),
    ]  # fmt: skip


class Count:
    """Counts the answers of interviews."""

    def __init__(self) -> None:
        self.answers = 0
        self.understood = 0

    def exchange(self, request: Request, completion: Completion) -> None:
        """Nothing is kept."""

    def answer(self, understood: Understood | Judged) -> None:
        """One more."""
        assert isinstance(understood, Understood)
        self.answers += 1
        self.understood += understood.answer.status == "answered"


def scoring(backend: LlamaCppBackend) -> Callable[[Request], Awaitable[Completion]]:
    """Answer with the option whose tokens are likeliest on average, instead of writing."""

    async def complete(request: Request) -> Completion:
        assert isinstance(request.constraint, Constraint)
        lead = Message("assistant", request.constraint.prefix)
        rating = dataclasses.replace(
            request,
            messages=(*request.messages, lead),
            ability="score",
            labels=request.constraint.choices,
            constraint=None,
        )
        reply = await backend.complete(rating)
        found = reply.logprobs
        assert found is not None, reply.last.error
        best = max(found, key=lambda option: per_token(found[option]))
        return Completion((dataclasses.replace(reply.last, text=lead.text + best),))

    return complete


def interviews(job: tuple[str, bool, int, int, int]) -> dict[str, float]:
    """One engine and its share of the quickstart's respondents, answers constrained or scored."""
    method, remembers, start, stop, questions = job
    loaded = load_wave(ROOT / "examples" / "quickstart.yaml")
    cell, seed = loaded.cells[0], loaded.wave.seed
    assert isinstance(cell.settings, DefSettings)
    settings = cell.settings.model_copy(update={"explanation_tokens": 0, "memory": None if remembers else False})
    protocol = DiversityEnhanced()
    people = loaded.population.people(start, stop, seed=seed)
    asked = [protocol.respondent(one, loaded.population, settings, seed, cell.name) for one in people]
    whole = loaded.questionnaire.in_language(loaded.questionnaire.language)  # its translations are of all questions
    short = whole.model_copy(update={"entries": whole.entries[:questions]})
    model = loaded.wave.models[0]
    backend, count = LlamaCppBackend(model.name, **model.settings), Count()
    complete = scoring(backend) if method == "scored" else backend.complete

    async def wave() -> None:
        await asyncio.gather(
            *(drive(protocol.interview(one, short, settings, seed), complete, count) for one in asked)
        )

    cpu_begun, begun = time.process_time(), time.perf_counter()
    asyncio.run(wave())
    cpu, wall = time.process_time() - cpu_begun, time.perf_counter() - begun
    evaluated = backend.context.evaluated
    asyncio.run(backend.close())
    return {"answers": count.answers, "understood": count.understood, "cpu": cpu, "wall": wall, "tokens": evaluated}


def answered(method: str, remembers: bool, respondents: int, engines: int, questions: int) -> dict[str, Any]:
    """Answers a second of all engines together."""
    share = respondents // engines
    jobs = [(method, remembers, n * share, (n + 1) * share, questions) for n in range(engines)]
    with multiprocessing.get_context("spawn").Pool(engines) as pool:
        done = pool.map(interviews, jobs)
    answers = sum(one["answers"] for one in done)
    return {
        "answers": answers,
        "understood": sum(one["understood"] for one in done),
        "tokens_an_answer": round(sum(one["tokens"] for one in done) / answers, 1),
        "answers_per_s": round(answers / max(one["wall"] for one in done), 2),
        "answers_per_cpu_s": round(answers / sum(one["cpu"] for one in done), 2),
    }


def main() -> None:
    """Run everything and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--questions", type=int, default=12, help="of part one")
    parser.add_argument("--respondents", type=int, default=20, help="of part two")
    parser.add_argument("--interview", type=int, default=19, help="questions asked of each respondent in part two")
    parser.add_argument("--quick", action="store_true", help="2 questions in part one, 8 respondents x 4 in part two")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.questions, wanted.respondents, wanted.interview = 2, 8, 4
    loaded = load_wave(ROOT / "examples" / "quickstart.yaml")
    cell, people = loaded.cells[0], loaded.population.people(0, wanted.questions, seed=loaded.wave.seed)
    assert isinstance(cell.settings, DefSettings)
    protocol = DiversityEnhanced()
    numbers: list[Number] = []
    heads = []
    for one in people:
        respondent = protocol.respondent(one, loaded.population, cell.settings, loaded.wave.seed, cell.name)
        first = next(protocol.interview(respondent, loaded.questionnaire, cell.settings, loaded.wave.seed))
        assert isinstance(first, Request)
        heads.append(first.messages[0])
    backend = LlamaCppBackend("embedded", sequences=4, context=1024)
    spaces: tuple[Space, ...] = ("none", "both")
    for name, least in (("quickstart's prompts", 1), ("prompts of 600 tokens", 600)):
        for space in spaces:
            what = f"{name}, {'one form' if space == 'none' else 'two forms'}"
            numbers += told(what, rated(backend, heads, least, space), times=4 if least == 1 else 8)
    asyncio.run(backend.close())
    for method in ("constrained", "scored"):
        for name, remembers in (("rolling memory", True), ("no memory", False)):
            found = answered(method, remembers, wanted.respondents, wanted.engines, wanted.interview)
            numbers += [
                number(f"{method}, {name}: answers a second", found["answers_per_s"], "1/s", ">= 10"),
                number(f"{method}, {name}: answers by CPU second", found["answers_per_cpu_s"], "1/s"),
                number(f"{method}, {name}: tokens an answer", found["tokens_an_answer"], "tokens"),
                number(f"{method}, {name}: understood", found["understood"] / found["answers"], "share"),
            ]
    print(line("scoring", numbers, engines=wanted.engines))


if __name__ == "__main__":
    main()
