"""The exchanges of one DEF interview: their numbers, seeds and prompts, and asking again with less memory."""

import dataclasses
from collections.abc import Generator

from demoscope import seeds
from simulator.constraint import JsonConstraint
from simulator.memory import Memory
from simulator.protocols import def_prompts
from simulator.protocols.def_screens import ANSWER, Shown
from simulator.protocols.def_settings import ResolvedDef
from simulator.protocols.interface import FURTHER, Completion, Message, Request, Understood
from simulator.respondent import Respondent
from surveys import Question

TRIES = 3
"""Exchanges at most for one question: the first, and two with less memory when the prompt did not fit."""


class Asking:
    """The exchanges of one interview: numbers them, seeds them, and asks again with less memory when need be.

    The first exchange of the n-th question is ``answer`` n; all further ones of it are ``again`` 100 n,
    100 n + 1, and so on. So neither the ordinal nor the seed of a question hangs on what became of those before it.
    """

    def __init__(self, respondent: Respondent, settings: ResolvedDef, seed: int) -> None:
        self._respondent = respondent
        self._settings = settings
        self._seed = seed
        self._heads: dict[int | None, Message] = {}
        self._conversation = f"{respondent.cell}/{respondent.population}/{respondent.persona.number}"
        self.exchange = ("answer", -1)
        """Step and ordinal of the last exchange."""
        self._place = 0
        self._certain = True
        self._bare = False
        self._asked = 0

    def begin(self, place: int, *, certain: bool = True) -> None:
        """Go on to a question; ``place`` is its number in the interview, from 0, whatever was skipped before."""
        self._place = place
        self._certain = certain
        self._asked = 0

    def ask(
        self, shown: Shown, turns: tuple[Message, ...], memory: Memory
    ) -> Generator[Request | Understood, Completion | None, tuple[Memory, Completion]]:
        """Ask what a screen shows; returns the memory that the prompt held in the end, and what came back."""
        question = shown.screen.question
        constraint = shown.constraint(self._settings.explanation_tokens, self._settings.base_model)
        self._bare = isinstance(constraint, JsonConstraint)
        lead = (Message("assistant", ANSWER),) if self._settings.base_model else ()
        tries_left = TRIES
        while True:
            tries_left -= 1
            self.exchange = self._next()
            completion = yield Request(
                *self.exchange,
                (self._head(question), *memory.messages, *turns, *lead),
                self._respondent.decoding,
                self._sampling_seed(question),
                constraint=constraint,
                stop=() if constraint else ("\nRequest:",),
                question=question.id,
                conversation=self._conversation,
                certain=self._certain,
            )
            assert completion is not None
            if completion.last.error_kind != "context" or not memory.items or not tries_left:
                return memory, completion
            memory = memory.without_older_half() if tries_left > 1 else dataclasses.replace(memory, items=())

    def whole(self, text: str | None, shown: Shown) -> str | None:
        """The reply with the ``Answer: `` that was written for a base model before it, or that an object lacks."""
        if text is None:
            return None
        return shown.said(ANSWER + text if self._settings.base_model or self._bare else text)

    def _head(self, question: Question) -> Message:
        n = None
        if self._settings.count_choices:
            n = question.maximum if question.kind == "scale" else len(question.listed) or None
        if n not in self._heads:
            style = self._settings.presentation.labels
            average = self._settings.average
            text = def_prompts.head(self._respondent.portrait, self._respondent.language, n, style, average)
            self._heads[n] = Message("system", text)
        return self._heads[n]

    def _next(self) -> tuple[str, int]:
        """Step and ordinal of the next exchange of this question."""
        self._asked += 1
        return ("answer", self._place) if self._asked == 1 else ("again", FURTHER * self._place + self._asked - 2)

    def _sampling_seed(self, question: Question) -> int:
        persona = self._respondent.persona.number
        key = (self._respondent.cell, self._respondent.population, persona, question.id, *self.exchange)
        return seeds.number(self._seed, "sampling", *key)
