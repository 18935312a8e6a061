"""From a request to the body that is sent: only what the endpoint has proved to heed goes into it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulator.backends.openai_api.abilities import Api, Proven
from simulator.backends.openai_api.forms import form_fields, room
from simulator.backends.openai_api.settings import OpenAISettings
from simulator.constraint import Constraint
from simulator.protocols.interface import Message, Request

CHAT = "/chat/completions"
COMPLETIONS = "/completions"
BEGUN = ("structured_outputs", "guided_regex", "regex")
"""Forms to which servers hold a model token by token. Words that are forced come out letter by letter, as the model
has never read them; so those before the answer are sent as the beginning of the reply."""


class Unanswerable(Exception):
    """A request that this model can never answer; says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """One body on its way, and what it was made of."""

    path: str
    """Path after the base URL."""
    body: dict[str, Any]
    """Everything but the model's name, which each endpoint has its own of."""
    applied: dict[str, Any]
    """Decoding as applied, for the store."""
    output_tokens: int
    """The most tokens that the reply can have, thoughts included."""
    begun: str = ""
    """Fixed beginning of the reply that was sent with the prompt, so that what comes back goes on from it."""


def text_call(request: Request, seed: int, settings: OpenAISettings, proven: Proven) -> Call:
    """Body for ``generate``.

    Parameters
    ----------
    seed : int
        Seed of this try.

    Raises
    ------
    Unanswerable
        If the conversation ends with a turn of the model's that it cannot continue.
    """
    decoding, constraint = request.decoding, request.constraint
    messages, form = request.messages, proven.form(constraint) if constraint else None
    begun = ""
    if isinstance(constraint, Constraint) and form in BEGUN and proven.continues and not settings.reasoning.thinks:
        begun = constraint.prefix.rstrip()
    if isinstance(constraint, Constraint) and begun:
        messages = continued(messages, begun, proven.api)
        constraint = replace(constraint, prefix=constraint.prefix[len(begun) :])
    body, applied = prompt_fields(messages, settings, proven)
    most = decoding.max_tokens
    if constraint and form:
        most = room(constraint, form)
        body.update(form_fields(constraint, form))
        applied["form"] = form
    if begun:
        applied["begun"] = begun
    greedy = decoding.greedy
    if proven.sampling:
        body["temperature"] = applied["temperature"] = 0 if greedy else decoding.temperature
        if not greedy:
            body["top_p"] = applied["top_p"] = decoding.top_p
    if proven.seed:
        body["seed"] = applied["seed"] = seed
    if proven.top_k and decoding.top_k is not None and not greedy:
        body["top_k"] = applied["top_k"] = decoding.top_k
    if proven.min_p and decoding.min_p is not None and not greedy:
        body["min_p"] = applied["min_p"] = decoding.min_p
    if proven.penalty and decoding.repetition_penalty is not None:
        body[proven.penalty] = applied["repetition_penalty"] = decoding.repetition_penalty
    applied["num_beams"] = 1
    if request.stop:
        body["stop"] = list(request.stop)
    if settings.logprobs and proven.top_logprobs:
        body["logprobs"] = True if proven.api == "chat" else 0
    most += settings.reasoning.budget
    applied["max_tokens"] = body[proven.limit] = most
    return replace(_call(body, applied, most, proven), begun=begun)


def labels_call(request: Request, settings: OpenAISettings, proven: Proven) -> Call:
    """Body for ``label_logprobs``: one token, with the likeliest in its place, at temperature 1."""
    body, applied = prompt_fields(request.messages, settings, proven)
    if proven.sampling:
        body["temperature"] = body["top_p"] = applied["temperature"] = applied["top_p"] = 1
    if proven.api == "chat":
        body["logprobs"], body["top_logprobs"] = True, proven.top_logprobs
    else:
        body["logprobs"] = proven.top_logprobs
    applied["top_logprobs"] = proven.top_logprobs
    most = body[proven.limit] = 1 + settings.reasoning.budget
    return _call(body, applied, most, proven)


def score_call(request: Request, continuation: str, settings: OpenAISettings, proven: Proven) -> Call:
    """Body for ``score``: the prompt with one continuation, and the log-probabilities of what stands there."""
    messages = continued(request.messages, continuation, proven.api)
    body, applied = prompt_fields(messages, settings, proven, read_only=True)
    if proven.score == "echo":
        body |= {"echo": True, "logprobs": 1}
    else:
        body["prompt_logprobs"] = 0
    applied["score"] = proven.score
    if proven.sampling:
        body["temperature"] = 0
    body[proven.limit] = 1
    return _call(body, applied, 1, proven)


def prompt_fields(
    messages: Sequence[Message], settings: OpenAISettings, proven: Proven, *, read_only: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of a body that hold a conversation, and what of them is recorded as applied.

    Raises
    ------
    Unanswerable
        If the conversation ends with the beginning of a reply, which the endpoint has not proved to continue; not
        when it is ``read_only``, since what is read then was proved otherwise.
    """
    body: dict[str, Any] = dict(settings.extra_body)
    if settings.reasoning.effort:
        body["reasoning_effort"] = settings.reasoning.effort
    if proven.api == "completions":
        body["prompt"] = prompt_text(messages)
        return body, {}
    body["messages"] = [{"role": message.role, "content": message.text} for message in messages]
    if messages[-1].role == "assistant":
        if not (proven.continues or read_only):
            raise Unanswerable(
                "the prompt ends with the beginning of the reply, and this endpoint does not continue a reply; "
                "set `api: completions`, or use a condition for chat models"
            )
        body |= {"add_generation_prompt": False, "continue_final_message": True}
    return body, {}


def continued(messages: Sequence[Message], text: str, api: Api) -> tuple[Message, ...]:
    """A conversation whose reply has begun with a text.

    >>> continued([Message("user", "1 + 1?")], "It", "chat")[1]
    Message(role='assistant', text='It')
    """
    *before, last = messages
    if last.role == "assistant" or api == "completions":
        return (*before, Message(last.role, last.text + text))
    return (*messages, Message("assistant", text))


def prompt_text(messages: Sequence[Message]) -> str:
    """A conversation as one text for a model that knows no chat: the texts joined by line ends.

    >>> prompt_text([Message("system", "Be brief."), Message("user", "1 + 1 =")])
    'Be brief.\\n1 + 1 ='
    """
    return "\n".join(message.text for message in messages)


def _call(body: dict[str, Any], applied: dict[str, Any], most: int, proven: Proven) -> Call:
    return Call(CHAT if proven.api == "chat" else COMPLETIONS, body, applied, most)
