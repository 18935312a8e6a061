"""A public whose every word follows from who is asked what: so any stored answer can be checked against its prompt.

The reply of a model to a persona, a question and a seed is computed, never drawn: the option by its share among the
options offered (whatever their order), the explanation as a mark that no other persona, question or seed has.
"""

import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any

PERSONA = re.compile(r"citizen from (.*?) Answer each request", re.DOTALL)
QUESTION = re.compile(r"Request: (.*) - (.*)", re.DOTALL)
OPTION = re.compile(r"(?:\A|, )(-?\d+): (.*?)(?=, -?\d+: |\Z)", re.DOTALL)
SCALE = re.compile(r"scale of (-?\d+) to (-?\d+)")
TOKEN = re.compile(r"\s*\d|\s*[^\W\d]+|\s*[^\w\s]|\s+")
OUTSIDE = 0.02
"""Probability that an answer's token leaves to everything that is no option."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the last question of a conversation asks of whom."""

    persona: str
    """The portrait as the system turn tells it, or the whole system turn."""
    question: str
    """Wording without the options, or the whole user turn."""
    options: dict[str, str]
    """Label shown -> wording, in the order shown; a point of a scale is its own wording."""

    @property
    def is_interview(self) -> bool:
        """Whether a person is asked a question with options, as in a wave."""
        return bool(self.options)


def asked(messages: list[dict[str, Any]]) -> Asked:
    """Read a conversation as its last question: earlier ones are memory and change nothing."""
    system = next((m["content"] for m in messages if m["role"] == "system"), "")
    users = [m["content"] for m in messages if m["role"] == "user"]
    requests = [found[0] for text in users if (found := re.search(r"(?ms)^Request: .*", text))]
    last = requests[-1] if requests else users[-1] if users else ""
    found = PERSONA.search(system)
    persona = found[1] if found else system
    parts = QUESTION.match(last)
    if parts is None:
        return Asked(persona, last, {})
    scale = SCALE.search(parts[2])
    if scale:
        points = range(int(scale[1]), int(scale[2]) + 1)
        return Asked(persona, parts[1], {str(point): str(point) for point in points})
    return Asked(persona, parts[1], dict(OPTION.findall(parts[2])))


def turns_of(prompt: str) -> list[dict[str, Any]]:
    """A conversation that was written out as one text: what stands before the first request, and the last request."""
    head, *requests = re.split(r"(?m)(?=Request: )", prompt)
    last = re.split(r"\n|<", requests[-1])[0] if requests else prompt
    opened = [{"role": "assistant", "content": "Answer: "}] if prompt.rstrip().endswith("Answer:") else []
    return [{"role": "system", "content": head}, {"role": "user", "content": last}, *opened]


def _chance(*key: object) -> float:
    """A number in (0, 1) that belongs to this key."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "little") + 0.5) / 2**64


def shares(persona: str, question: str, wordings: list[str]) -> dict[str, float]:
    """How likely each option is for this persona, by wording; sums to one whatever their order."""
    weights = {wording: 0.1 + _chance("share", persona, question, wording) for wording in wordings}
    total = sum(weights.values())
    return {wording: weight / total for wording, weight in weights.items()}


def chosen(persona: str, question: str, wordings: list[str], seed: int | None, greedy: bool = False) -> str:
    """The wording that this persona chooses with this seed."""
    found = shares(persona, question, wordings)
    if greedy:
        return max(sorted(found), key=lambda wording: found[wording])
    draw, total = _chance("draw", persona, question, seed), 0.0
    for wording in sorted(found):
        total += found[wording]
        if draw < total:
            return wording
    return max(found)


def mark(persona: str, question: str, seed: int | None) -> str:
    """Words that only this persona says to this question with this seed."""
    digest = hashlib.blake2b(repr((persona, question, seed)).encode(), digest_size=9).hexdigest()
    return f"because of reason {digest}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply with what a model would tell of its tokens."""

    text: str
    finish_reason: str
    tokens: tuple[str, ...]
    """Pieces that the text is made of."""
    top: tuple[dict[str, float], ...]
    """For every token: alternatives and their natural log-probabilities, the chosen one among them."""

    @property
    def logprobs(self) -> tuple[float, ...]:
        """Natural log-probability of every token."""
        return tuple(top[token] for token, top in zip(self.tokens, self.top, strict=True))


def reply(body: dict[str, Any]) -> Reply:
    """What the model says to a chat request's body; a greedy reply has no chance in it, whatever its seed."""
    who = asked(body["messages"])
    greedy = body.get("temperature") == 0 or body.get("top_k") == 1 or body.get("min_p") == 1
    seed = None if greedy else body.get("seed")
    most = body.get("max_tokens") or body.get("max_completion_tokens") or 512
    label = _label(who, seed, greedy)
    text = _constrained(body, who, label, seed)
    if text is None:
        text = _free(body, who, label, seed, most)
    for stop in _stops(body):
        text = text.partition(stop)[0]
    tokens = TOKEN.findall(text)
    finish = "length" if len(tokens) > most else "stop"
    tokens = tokens[:most]
    return Reply("".join(tokens), finish, tuple(tokens), _tops(who, tokens, label))


def _label(who: Asked, seed: int | None, greedy: bool) -> str | None:
    if not who.options:
        return None
    wording = chosen(who.persona, who.question, list(who.options.values()), seed, greedy)
    return next(label for label, said in who.options.items() if said == wording)


def _free(body: dict[str, Any], who: Asked, label: str | None, seed: int | None, most: int) -> str:
    if label is None:
        return f"I would say so {mark(who.persona, who.question, seed)}."
    wording = who.options[label]
    answer = label if wording == label else f"{label}: {wording}"
    if most == 1:
        return label  # asked for the first token of the answer
    begun = body["messages"][-1]["role"] == "assistant"
    return f"{'' if begun else 'Answer: '}{answer}\nExplanation: {mark(who.persona, who.question, seed)}"


def _constrained(body: dict[str, Any], who: Asked, label: str | None, seed: int | None) -> str | None:
    """Text in the form that the body prescribes; ``None`` when it prescribes none."""
    choices = body.get("guided_choice") or (body.get("structured_outputs") or {}).get("choice")
    if choices:
        return _pick(choices, who, label, seed)
    form = body.get("response_format") or {}
    if form.get("type") != "json_schema":
        return None
    properties = form["json_schema"]["schema"].get("properties", {})
    return json.dumps({name: _value(rule, who, label, seed) for name, rule in properties.items()})


def _value(rule: dict[str, Any], who: Asked, label: str | None, seed: int | None) -> Any:
    if "anyOf" in rule:
        return _value(rule["anyOf"][0], who, label, seed)
    if "const" in rule:
        return rule["const"]
    if "enum" in rule:
        return _pick(rule["enum"], who, label, seed)
    if rule.get("type") == "array":
        return [_value(rule["items"], who, label, seed)]
    if rule.get("type") in ("integer", "number"):
        low, high = rule.get("minimum", 0), rule.get("maximum", 100)
        return int(label) if label else low + int(_chance(who, seed) * (high - low + 1))
    return mark(who.persona, who.question, seed)


def _pick(choices: list[Any], who: Asked, label: str | None, seed: int | None) -> Any:
    """The choice that begins with the chosen label, or any of them when none does."""
    fits = [one for one in choices if label and re.match(rf"\D*{re.escape(label)}(?!\d)", str(one))]
    return fits[0] if fits else choices[int(_chance(who.persona, who.question, seed) * len(choices))]


def _stops(body: dict[str, Any]) -> list[str]:
    stop = body.get("stop") or []
    return [stop] if isinstance(stop, str) else list(stop)


def _tops(who: Asked, tokens: list[str], label: str | None) -> tuple[dict[str, float], ...]:
    """Alternatives of every token; where the answer is chosen, the options by their shares."""
    found = shares(who.persona, who.question, list(who.options.values())) if who.options else {}
    tops: list[dict[str, float]] = []
    waiting = label is not None and len(label) == 1
    for token in tokens:
        if waiting and token.strip() == label:
            space = token[: len(token) - len(token.lstrip())]
            top = {space + shown: math.log(found[said] * (1 - OUTSIDE)) for shown, said in who.options.items()}
            top |= {space + "I": math.log(OUTSIDE / 2)}
            waiting = False
        else:
            top = {token: math.log(0.5 + _chance("token", token) / 2.5), token + "~": math.log(0.05)}
        tops.append(top)
    return tuple(tops)
