"""A deterministic public in the place of a model: for tests, dry runs and planted truths."""

import asyncio
import itertools
import json
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from demoscope import seeds
from demoscope.documents import Document, build
from demoscope.errors import BackendError, DocumentError
from simulator.backends.interface import ModelCard, Resources
from simulator.backends.listed import PERCENT, Listed, leaning, listed
from simulator.backends.offered import (
    ITEMS,
    POINTS,
    SEVERAL,
    bounds,
    coded,
    declines,
    divided,
    first_number,
    form,
    groups,
    label,
    numbers,
    numbers_or,
    offered,
    some_from,
)
from simulator.backends.scripted_settings import FAULTS, ScriptedSettings
from simulator.constraint import JsonConstraint
from simulator.json_values import JsonNumber
from simulator.protocols.interface import Ability, Attempt, Completion, Request

OUTSIDE = 0.05
"""Probability mass that the public leaves outside the labels."""
SPREAD = 0.01
"""Share of a distribution that is spread evenly, so that every log-probability is finite."""
GOLDEN = 0.6180339887498949
"""Step between the chances of several draws from one, which spreads them evenly over [0, 1)."""
LEAST = 1e-12
"""The least share of a listed option, for the same reason."""
EXPLANATIONS = (
    "That is how I have always seen it.",
    "People around me feel the same way.",
    "I came to think so over the years.",
    "It matters to my family and me.",
)


class ScriptedBackend:
    """Answers what was offered, in the constraint or in the last user turn, drawn from the request's seed.

    >>> public = ScriptedBackend("sample", public="modal")
    >>> sorted(public.abilities)
    ['generate', 'label_logprobs', 'score']
    """

    settings_model: type[Document] = ScriptedSettings
    tokens_per_second: tuple[float, float] | None = None
    tried_out: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    abilities: frozenset[Ability] = frozenset(("generate", "label_logprobs", "score"))

    def __init__(self, name: str, **settings: Any) -> None:
        try:
            self._settings = build(ScriptedSettings, settings, f"model {name!r}")
        except DocumentError as error:
            raise BackendError(str(error)) from None
        self._name = name
        self._faults = tuple(itertools.accumulate(self._settings.fault_shares))
        self.concurrency = self._settings.concurrency

    def card(self) -> ModelCard:
        """What the store records of the public."""
        return ModelCard(self._name, "scripted", settings=self._settings.model_dump(mode="json"))

    @staticmethod
    def resources(settings: Mapping[str, Any]) -> Resources:
        """One core."""
        return Resources()

    async def open(self) -> None:
        """Nothing is to be connected."""

    async def close(self) -> None:
        """Nothing is held."""

    async def complete(self, request: Request) -> Completion:
        """One reply, the same for the same request."""
        if self._settings.latency_s:
            await asyncio.sleep(self._settings.latency_s)
        return self.reply(request)

    def reply(self, request: Request) -> Completion:
        """What :meth:`complete` gives, at once."""
        prompt = sum(message.text.count(" ") + 1 for message in request.messages)
        limit = self._settings.context
        if limit is not None and prompt > limit:
            error = f"the prompt has {prompt} words and the context holds {limit}"
            return Completion((Attempt(error=error, error_kind="context", prompt_tokens=prompt),))
        if request.ability == "generate":
            return self._text(request, prompt)
        return self._logprobs(request, prompt)

    def _text(self, request: Request, prompt: int) -> Completion:
        greedy = self._settings.obey_greedy and request.decoding.greedy
        words = seeds.digest(self._settings.seed, "scripted", -1 if greedy else request.seed)
        choice = int.from_bytes(words[:7], "little") * 2.0**-56
        chance = int.from_bytes(words[8:15], "little") * 2.0**-56
        text = self._answer(request, choice, words[15])
        reason = "stop"
        if chance < self._faults[-1]:
            fault = next(name for name, top in zip(FAULTS, self._faults, strict=True) if chance < top)
            if fault == "errors":
                return Completion((Attempt(error="scripted fault", error_kind="server", prompt_tokens=prompt),))
            if fault == "truncated":
                text, reason = text[: len("Answer: ")], "length"
            else:
                text = {"refusals": "As an AI language model, I have no opinions.", "empty": ""}.get(
                    fault, "Answer: It depends on the day.\nExplanation: Who can tell."
                )
        for stop in request.stop:
            text = text.partition(stop)[0]
        spoken = text.count(" ") + 1
        if spoken > request.decoding.max_tokens and request.constraint is None:
            text, reason = " ".join(text.split(" ")[: request.decoding.max_tokens]), "length"
        return Completion(
            (
                Attempt(
                    text,
                    finish_reason=reason,
                    prompt_tokens=prompt,
                    completion_tokens=min(spoken, request.decoding.max_tokens),
                    applied={"seed": request.seed},
                    endpoint="scripted",
                ),
            )
        )

    def _answer(self, request: Request, choice: float, spare: int) -> str:
        constraint = request.constraint
        turn = _turn(request)
        if constraint is None and listed(turn):
            return self._of_list(request, listed(turn), choice)
        if isinstance(constraint, JsonConstraint):
            total = first_number(POINTS, turn)
            properties = dict(constraint.root.properties)
            names = [name for name, held in properties.items() if isinstance(held, JsonNumber)]
            points = dict.fromkeys(properties, 0) | divided(names, total, choice) if total is not None else None
            return constraint.example(choice) if points is None else json.dumps(points)
        explanation = EXPLANATIONS[spare % len(EXPLANATIONS)]
        several = groups(turn) if constraint is None else ()
        if several:
            return self._chosen(request, several, choice, explanation)
        if constraint is None:
            answer = self._said(request, turn, choice)
            keys = form(turn)
            if keys is not None:
                return json.dumps(dict(zip(keys, (explanation, answer), strict=True)), ensure_ascii=False)
            return f"{'Answer: ' if _asks(request) else ''}{answer}\nExplanation: {explanation}"
        if constraint.choices:
            answer = self._choose(request, coded(constraint.choices), choice)
            if constraint.most > 1:
                together = [one for one in constraint.choices if one not in constraint.alone]
                if answer in together:
                    size = constraint.least + spare % (constraint.most - constraint.least + 1)
                    answer = constraint.separator.join(some_from(together, answer, size))
        else:
            low, high = bounds(constraint.minimum, constraint.maximum)
            answer = self._choose(request, numbers_or(low, high, constraint.alone), choice)
        if not constraint.free_tokens:
            return f"{constraint.prefix}{answer}"
        free = " ".join(explanation.split()[: constraint.free_tokens])
        return f"{constraint.prefix}{answer}{constraint.suffix}{free}"

    def _of_list(self, request: Request, options: tuple[Listed, ...], choice: float) -> str:
        """One line of a list, or a percentage for each where percentages are asked for."""
        shares = self._listed_shares(request, options)
        if PERCENT.search(request.messages[0].text):
            return "\n".join(f"{one.label}: {100 * share:.2f}%" for one, share in zip(options, shares, strict=True))
        if self._settings.obey_greedy and request.decoding.greedy:
            return options[shares.index(max(shares))].line
        tops = itertools.accumulate(shares)
        return next((one.line for one, top in zip(options, tops, strict=True) if choice < top), options[-1].line)

    def _listed_shares(self, request: Request, options: tuple[Listed, ...]) -> list[float]:
        """The public's distribution over listed options, in the order listed."""
        places = tuple(range(1, len(options) + 1))
        shares = self._shares(request, places, {place: one.wording for place, one in enumerate(options, start=1)})
        return leaning(shares, options, self._settings.place_bias, self._settings.label_bias)

    def _said(self, request: Request, turn: str, choice: float) -> str:
        """What is answered to a user turn that prescribes no form; to several items, a line each."""
        items = ITEMS.findall(turn)
        if items:
            shared = ITEMS.sub("", turn)
            said = (self._said(request, shared, (choice + place / len(items)) % 1) for place in range(len(items)))
            return "\n".join(("", *(f"{name}: {one}" for name, one in zip(items, said, strict=True))))
        options = offered(turn)
        answer = self._choose(request, options, choice)
        texts = [text for _, text in options]
        total, several = first_number(POINTS, turn), first_number(SEVERAL, turn)
        if total is not None and texts:
            if declines(answer):
                return f"{label(answer)} = {total}"
            points = divided([label(text) for text in texts if not declines(text) or text == answer], total, choice)
            return ", ".join(f"{code} = {amount}" for code, amount in points.items())
        return ", ".join(some_from(texts, answer, several)) if several and answer in texts else answer

    def _chosen(self, request: Request, listed: tuple[tuple[str, int], ...], choice: float, why: str) -> str:
        """An object with a statement of every group, each drawn anew from the same chance."""
        said = {}
        for place, (name, statements) in enumerate(listed):
            share = (choice + place * GOLDEN) % 1
            said[name] = {
                "rationale": why,
                "choice": f"{name}_s{self._choose(request, numbers(1, statements), share)}",
            }
        return json.dumps(said, ensure_ascii=False)

    def _choose(self, request: Request, offered: tuple[tuple[int, str], ...], choice: float) -> str:
        """Text of the option whose part of [0, 1) the draw falls into; options in the order of their codes."""
        if not offered:
            return "I would leave things as they are."
        if self._settings.public in ("uniform", "faulty"):
            greedy = self._settings.obey_greedy and request.decoding.greedy
            return offered[0 if greedy else int(choice * len(offered))][1]
        shares = self._shares(request, tuple(code for code, _ in offered), dict(offered))
        if self._settings.obey_greedy and request.decoding.greedy:
            return offered[shares.index(max(shares))][1]
        for (_, text), top in zip(offered, itertools.accumulate(shares), strict=True):
            if choice < top:
                return text
        return offered[max(place for place, share in enumerate(shares) if share > 0)][1]

    def _shares(
        self, request: Request, codes: tuple[int, ...], wordings: Mapping[int, str] = MappingProxyType({})
    ) -> list[float]:
        """The public's distribution over these codes, or the wordings behind them, for this request."""
        public, n = self._settings.public, len(codes)
        if public == "modal":
            return [1.0] + [0.0] * (n - 1)
        system = request.messages[0].text if request.messages[0].role == "system" else ""
        if public == "persona":
            words = seeds.digest(self._settings.seed, "persona", system, request.question or "")
            favourite = int.from_bytes(words[:6], "little") % n
            return [float(place == favourite) for place in range(n)]
        for planted in self._settings.planted:
            if planted.question in (None, request.question) and planted.when in system:
                by_code = planted.shares if planted.shares or not wordings else {}
                shares = [
                    by_code.get(code, 0.0) + planted.wordings.get(wordings.get(code, ""), 0.0) for code in codes
                ]
                total = sum(shares)
                if total > 0:
                    return [share / total for share in shares]
        return [1 / n] * n

    def _logprobs(self, request: Request, prompt: int) -> Completion:
        """Log-probabilities of labels or continuations from the same distribution that is drawn from."""
        if not request.labels or len(set(request.labels)) < len(request.labels):
            error = "labels must be given, each once"
            return Completion((Attempt(error=error, error_kind="rejected", prompt_tokens=prompt),))
        options = listed(_turn(request))
        texts = {text for one in options for text in (one.label, one.line)}
        if {label.strip() for label in request.labels} <= texts:
            return self._of_labels(request, options, prompt)
        numbered = [re.match(r"\s*(-?\d+)(?:\s*:|\s*\Z)", label) for label in request.labels]
        codes = [int(m[1]) if m else None for m in numbered]
        known = [code for code in codes if code is not None]
        if len(set(known)) < len(request.labels):
            known = list(range(1, len(request.labels) + 1))
            codes = list(known)
        ordered = sorted(known)
        shares = dict(zip(ordered, self._shares(request, tuple(ordered)), strict=True))
        mass, n = 1 - OUTSIDE, len(request.labels)
        logprobs: dict[str, tuple[float, ...]] = {}
        for said, code in zip(request.labels, codes, strict=True):
            assert code is not None
            total = math.log(mass * ((1 - SPREAD) * shares[code] + SPREAD / n))
            tokens = max(len(said.split()), 1) + request.end_of_turn if request.ability == "score" else 1
            logprobs[said] = (total / tokens,) * tokens
        attempt = Attempt("", finish_reason="stop", prompt_tokens=prompt, completion_tokens=0, endpoint="scripted")
        return Completion((attempt,), logprobs, OUTSIDE if request.ability == "label_logprobs" else None)

    def _of_labels(self, request: Request, options: tuple[Listed, ...], prompt: int) -> Completion:
        """Log-probabilities of listed labels, equal parts for their forms; of lines, the same for each token."""
        shares = dict(zip(options, self._listed_shares(request, options), strict=True))
        by_text = {text: share for one, share in shares.items() for text in (one.label, one.line)}
        texts = [name.strip() for name in request.labels]
        logprobs: dict[str, tuple[float, ...]] = {}
        for name, text in zip(request.labels, texts, strict=True):
            tokens = len(text.split()) + request.end_of_turn if request.ability == "score" else 1
            logprobs[name] = (math.log((1 - OUTSIDE) * max(by_text[text], LEAST) / texts.count(text)),) * tokens
        attempt = Attempt("", finish_reason="stop", prompt_tokens=prompt, completion_tokens=0, endpoint="scripted")
        return Completion((attempt,), logprobs, OUTSIDE if request.ability == "label_logprobs" else None)


def _turn(request: Request) -> str:
    """The last user turn."""
    return request.messages[-1 if _asks(request) else -2].text


def _asks(request: Request) -> bool:
    """Whether the last turn is the question, and not the beginning of the reply."""
    return request.messages[-1].role != "assistant"
