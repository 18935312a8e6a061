"""What models that judge replies and models that code them have in common: settings, subject, and asking again."""

from collections.abc import Callable, Generator

from pydantic import Field

from demoscope import seeds
from demoscope.documents import Document
from demoscope.replies import Reply
from personas.persona import Persona
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion, Message, Request
from simulator.respondent import Respondent

SEVERAL = "mul"
"""ISO 639-2 for several languages: that of the instructions and those of the replies."""

MOST_TRIES = 20
"""Ordinals kept for the tries of one reply."""


class RaterSettings(Document):
    """How a model is asked about replies."""

    name: str = Field(default="judge", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """What the results call it; after the model when absent."""
    tries: int = Field(default=3, ge=1, le=MOST_TRIES)
    """Times that it is asked at most, until its reply can be read."""
    temperature: float = Field(default=0.0, ge=0, le=10)
    """Softmax temperature; 0 takes the likeliest word each time, and the next try is then drawn at 1."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability."""
    max_tokens: int = Field(default=200, ge=1, le=10_000_000)
    """Longest reply, in tokens."""

    def decoding(self, temperature: float) -> Decoding:
        """How a reply is drawn at a temperature."""
        return Decoding(
            temperature=temperature, top_p=self.top_p, do_sample=temperature > 0, max_tokens=self.max_tokens
        )


def judged(cell: str, person: int, settings: RaterSettings, replies: tuple[Reply, ...]) -> Respondent:
    """A respondent as the subject of a rater: replies, and the rater's decoding."""
    return Respondent(
        cell=cell,
        population="",
        persona=Persona(number=person),
        portrait="",
        decoding=settings.decoding(settings.temperature),
        memory_length=0,
        language=SEVERAL,
        replies=replies,
    )


def until_read(
    respondent: Respondent,
    reply: Reply,
    settings: RaterSettings,
    seed: int,
    *,
    place: int,
    turns: tuple[str, str],
    again: str,
    read: Callable[[str], str | None],
    constraint: Constraint | None,
) -> Generator[Request, Completion | None, tuple[str | None, str | None]]:
    """Ask about one reply until what comes can be read or the tries are up.

    Parameters
    ----------
    place : int
        Ordinal of the first try.
    turns : (str, str)
        System turn and user turn.
    again : str
        User turn after a reply that could not be read.
    read : callable
        What a reply says; ``None`` when it cannot be read.

    Returns
    -------
    (str or None, str or None)
        What was read, and all that was said last.
    """
    first = (Message("system", turns[0]), Message("user", turns[1]))
    messages: tuple[Message, ...] = first
    said, found = None, None
    for number in range(settings.tries):
        key = (respondent.cell, reply.key.cell, reply.key.persona, reply.key.question, place + number)
        completion = yield Request(
            "judge",
            place + number,
            messages,
            # the likeliest reply to the same turns would be the same again
            respondent.decoding if number == 0 else settings.decoding(settings.temperature or 1.0),
            seeds.number(seed, "sampling", *key),
            constraint=constraint,
            question=reply.key.question,
            conversation=f"{respondent.cell}/{reply.key.respondent}/{place}",
            certain=number == 0,
        )
        assert completion is not None
        if completion.text is None:
            messages = first
            continue
        said = completion.text
        found = read(said)
        if found is not None:
            break
        messages = (*first, Message("assistant", said), Message("user", again))
    return found, said
