"""What a wave asks of a model beyond a plain reply, in the words of the wave file."""

from simulator.backends.scripted import ScriptedBackend
from simulator.decoding import Decoding
from simulator.lookahead import dry_requests
from simulator.people import persona_respondents
from simulator.protocols.interface import Request
from simulator.wave import LoadedWave

PEOPLE = 8
"""First respondents whose interviews are run dry to find out."""


def demands(request: Request) -> frozenset[str]:
    """What one request asks for.

    >>> from simulator.protocols.interface import Message
    >>> decoding = Decoding(temperature=0.7, num_beams=4)
    >>> sorted(demands(Request("answer", 0, (Message("user", "Hi."),), decoding, 1)))
    ['num_beams', 'seed', 'temperature']
    """
    if request.ability == "score":
        return frozenset({"score"})
    found = {"logprobs"} if request.ability == "label_logprobs" else _decoding(request.decoding)
    if request.constraint is not None:
        found.add("constrained replies")
    if request.messages[-1].role == "assistant":
        found.add("continued replies")
    return frozenset(found)


def _decoding(wished: Decoding) -> set[str]:
    sampled = not wished.greedy
    asked = {
        "temperature": wished.greedy or wished.temperature != 1 or wished.top_p != 1,
        "seed": sampled,
        "top_k": sampled and wished.top_k is not None,
        "min_p": sampled and wished.min_p is not None,
        "repetition_penalty": wished.repetition_penalty not in (None, 1),
        "num_beams": wished.num_beams > 1,
        "best_of": wished.num_beams == 1 and wished.width > 1,
    }
    return {name for name, there in asked.items() if there}


def demands_of(loaded: LoadedWave, model: str) -> frozenset[str]:
    """What a wave asks of one of its models, from dry interviews of its first respondents; nothing is sent."""
    stand_in = ScriptedBackend("dry-run", public="uniform")
    numbers = {cell.name: n for n, cell in enumerate(loaded.cells, start=1)}
    found: set[str] = set()
    for cell, _, _, respondent in persona_respondents(loaded, numbers, 0, min(PEOPLE, loaded.wave.respondents)):
        if cell.model.name == model:
            interview = cell.protocol.interview(respondent, loaded.questionnaire, cell.settings, loaded.wave.seed)
            found.update(*map(demands, dry_requests(interview, stand_in.reply).values()))
            found |= demands_in(cell.model.settings)
    return frozenset(found)


def demands_in(settings: dict[str, object]) -> frozenset[str]:
    """What the settings of a model ask for by themselves."""
    return frozenset({"logprobs"} if settings.get("logprobs") else ())
