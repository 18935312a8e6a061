"""What a wave is going to do, without doing it: who is asked what, how many calls, tokens and hours."""

import asyncio
from functools import partial
from typing import Any, Literal

from demoscope import seeds
from demoscope.documents import Document
from simulator.accelerators import doubtful_accelerators
from simulator.backends.interface import find_backend
from simulator.demands import demands_in
from simulator.dry_runs import SAMPLE, Tally, dry_run
from simulator.estimates import SHORTEST_REPLY, Money, Pilot, Range, money, read_pilots
from simulator.footprints import WEIGHED, Footprint, footprint
from simulator.model_cards import read_missing
from simulator.subgroups import WANTED, Subgroup, subgroups
from simulator.wave import LoadedWave, ModelSpec
from surveys.lint import Limits, Pretest, pretest
from surveys.reaching import find_unreached

INVENTED = 400
"""People whose answers are invented to find questions that nobody reaches."""


class CellPlan(Document):
    """What one cell will take; token counts are estimates from a dry run."""

    cell: str
    respondents: int
    answers: int
    """Answers, those of questions that will be skipped included: every question ends in one."""
    calls: int
    """Model calls; where questions hang on conditions, as often as in the dry interviews."""
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


class ModelPlan(Document):
    """What a wave asks of one model that not every model does, in the words of the wave file."""

    model: str
    lacks: tuple[str, ...]
    """Asked for, and not done by it: as it proved in the store, or as no model of its kind does."""
    tried_out: tuple[str, ...]
    """Asked for, and tried out when the wave starts; empty once the store holds the proof, which is then compared."""
    proved: bool
    """Whether the store holds a proof of an earlier start."""


class Plan(Document):
    """What a wave is going to do."""

    wave: str
    respondents: int
    questions: tuple[str, ...]
    """Ids of the questions that are put to models, in order; everybody is asked them, or those assigned."""
    cells: tuple[CellPlan, ...]
    models: tuple[ModelPlan, ...]
    """Models of which only trying out shows what they do; the others do all there is."""
    people: tuple[str, ...]
    """How the first respondents are introduced to the model."""
    prompts: tuple[tuple[tuple[str, str], ...], ...]
    """The first prompts of the first respondent in full, as (role, text) turns; replies are a stand-in's."""
    decoding: dict[str, object]
    """Decoding of the first respondent."""
    wanted_margin: float = WANTED
    """Margin of error that subgroups should have, as a share."""
    conditional: tuple[str, ...] = ()
    """Ids of those that may be skipped, for what was answered before or for who the person is."""
    unreached: tuple[str, ...] = ()
    """Ids of those that nobody was asked whose answers were invented: their conditions may contradict each other."""
    subgroups: tuple[Subgroup, ...] = ()
    """What the report will compare, and whether there are enough people for it; none without a reference."""
    footprints: tuple[Footprint, ...] = ()
    """Memory and speed of models that this machine loads, where their files say something of it."""
    unweighed: tuple[str, ...] = ()
    """Models whose memory could be told, were their files on this machine."""
    accelerators: tuple[str, ...] = ()
    """What is to be known of models that ask for a kind of accelerator which nodes do not have by themselves."""
    pretest: Pretest | None = None
    """What the rules of the pre-test say about the questionnaire, where that was asked for."""


def make_plan(loaded: LoadedWave, wanted_margin: float = WANTED, lint: bool = False) -> Plan:
    """Plan of a wave, from dry interviews of its first respondents; no model is loaded.

    Parameters
    ----------
    wanted_margin : float
        Half width of the 95 % interval that the shares of every subgroup should have, in (0, 1).
    lint : bool
        Whether the questionnaire is pre-tested; options must then fit into the shortest reply of any condition.
    """
    plan = asyncio.run(_plan(loaded, wanted_margin))
    if not lint:
        return plan
    replies = [cell.settings.max_tokens for cell in loaded.cells if hasattr(cell.settings, "max_tokens")]
    limits = Limits(option_tokens=min(replies)) if replies else Limits()
    return plan.model_copy(update={"pretest": pretest(loaded.questionnaire, limits)})


async def _plan(loaded: LoadedWave, wanted_margin: float) -> Plan:
    people, tallies = await dry_run(loaded)
    pilots = read_pilots(loaded.store_path)
    cells = []
    footprints = _footprints(loaded, tallies)
    for cell in loaded.cells:
        tally, n, sampled = tallies[cell.name], cell.respondents, min(SAMPLE, cell.respondents)
        found = footprints.get(cell.model.name)
        kind = find_backend(cell.model.backend)
        speed = None if kind.resources(cell.model.settings).gpus else kind.tokens_per_second  # that of a processor
        if found and found.prompt_speed and found.reply_speed:
            speed = found.prompt_speed, found.reply_speed
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
        respondents=loaded.wave.respondents,
        questions=tuple(question.id for question in loaded.questionnaire.asked),
        conditional=_conditional(loaded),
        unreached=_unreached(loaded),
        cells=tuple(cells),
        models=_models(loaded, tallies),
        footprints=tuple(footprints.values()),
        unweighed=tuple(
            sorted({c.model.name for c in loaded.cells if c.model.backend in WEIGHED} - footprints.keys())
        ),
        people=tuple(one.portrait or "(nobody is told)" for one in people),
        prompts=tuple(
            tuple((message.role, message.text) for message in prompt)
            for prompt in tallies[loaded.cells[0].name].prompts
        ),
        decoding=people[0].decoding.as_dict(),
        wanted_margin=wanted_margin,
        subgroups=subgroups(loaded, wanted_margin),
        accelerators=tuple(f"{model} {doubt}." for model, doubt in doubtful_accelerators(loaded).items()),
    )


def _footprints(loaded: LoadedWave, tallies: dict[str, Tally]) -> dict[str, Footprint]:
    """What is known of each model before it is loaded, with rows as long as its calls are on average."""
    found: dict[str, Footprint] = {}
    for name, model in {cell.model.name: cell.model for cell in loaded.cells}.items():
        mine = [tallies[cell.name] for cell in loaded.cells if cell.model.name == name]
        lengths = [(tally.prompt + tally.completion) / tally.calls for tally in mine if tally.calls]
        one = footprint(model, round(max(lengths, default=0)))
        if one is not None:
            found[name] = one
    return found


def _conditional(loaded: LoadedWave) -> tuple[str, ...]:
    skippable = loaded.questionnaire.skippable
    either = skippable.by_answers | skippable.by_person
    return tuple(question.id for question in loaded.questionnaire.asked if question.id in either)


def _unreached(loaded: LoadedWave) -> tuple[str, ...]:
    if not _conditional(loaded):
        return ()
    people = loaded.population.people(0, min(INVENTED, loaded.wave.respondents), loaded.wave.seed)
    known = [persona.attributes for persona in people]
    several = [known[number % len(known)] for number in range(INVENTED)]  # few people answer in many ways
    return find_unreached(loaded.questionnaire, several, partial(seeds.generator, loaded.wave.seed, "reaching"))


def _models(loaded: LoadedWave, tallies: dict[str, Tally]) -> tuple[ModelPlan, ...]:
    """What each model is asked for that it lacks, or that is going to be tried out."""
    asked: dict[str, set[str]] = {}
    models = {cell.model.name: cell.model for cell in loaded.cells}
    for cell in loaded.cells:
        asked.setdefault(cell.model.name, set()).update(tallies[cell.name].demands, demands_in(cell.model.settings))
    known = read_missing(loaded.store_path)
    found = []
    for name, model in models.items():
        kind = find_backend(model.backend)
        if kind.tried_out or kind.never:
            proved = name in known
            missing = kind.never | set(known.get(name, ()))
            untried = frozenset() if proved else kind.tried_out
            found.append(
                ModelPlan(
                    model=name,
                    lacks=tuple(sorted(asked[name] & missing)),
                    tried_out=tuple(sorted(asked[name] & untried)),
                    proved=proved,
                )
            )
    return tuple(found)


def _costs(model: ModelSpec, tally: Tally, times: float, pilot: Pilot | None) -> dict[str, Any]:
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
