"""The baselines of collective critique and self-voting: a draft or a list, its critique, a rewrite, a vote."""

import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from simulator.answer import Answer
from simulator.constraint import AnyConstraint, Constraint
from simulator.decoding import Decoding
from simulator.parsing import Reading
from simulator.protocols import ccsv_prompts, def_prompts
from simulator.protocols.ccsv_replies import answer_of, array_of, entries_of, readings
from simulator.protocols.ccsv_settings import ListSettings, SingleSettings
from simulator.protocols.def_screens import ANSWER, Shown, draw_key, screens, show
from simulator.protocols.def_settings import ResolvedDef
from simulator.protocols.diversity_enhanced import DiversityEnhanced, given
from simulator.protocols.interface import FURTHER, Completion, Message, Protocol, Request, Understood
from simulator.respondent import Respondent
from surveys import Course, Questionnaire, Skipped
from surveys.course import with_settings
from surveys.presentation_rules import PresentationRules

_NUMBER = re.compile(r"-?\d+")

MOST_TOKENS = {"critique": 120, "vote": 16}
"""Longest replies of the steps that are not answers, in tokens: two sentences, and a number."""

Exchange = tuple[str, int]
"""Step and ordinal."""


@dataclass(frozen=True)
class _Talk:
    """What all exchanges of one interview share."""

    respondent: Respondent
    settings: ResolvedDef
    seed: int

    def ask(
        self,
        step: str,
        ordinal: int,
        question: str,
        messages: tuple[Message, ...],
        *,
        constraint: AnyConstraint | None = None,
        sampled: bool = False,
    ) -> Generator[Request | Understood, Completion | None, Completion]:
        """One exchange."""
        persona = self.respondent.persona.number
        key = (self.respondent.cell, self.respondent.population, persona, question, step, ordinal)
        lead = (Message("assistant", ANSWER),) if self.settings.base_model and step in ("draft", "rewrite") else ()
        completion = yield Request(
            step,
            ordinal,
            (*messages, *lead),
            self._decoding(step, sampled),
            seeds.number(self.seed, "sampling", *key),
            constraint=constraint,
            stop=() if constraint else ("\nRequest:",),
            question=question,
            conversation=f"{self.respondent.cell}/{self.respondent.population}/{persona}/{question}",
        )
        assert completion is not None
        return completion

    def _decoding(self, step: str, sampled: bool) -> Decoding:
        decoding = self.respondent.decoding
        longest = min(decoding.max_tokens, MOST_TOKENS.get(step, decoding.max_tokens))
        return replace(decoding, do_sample=sampled or decoding.do_sample, max_tokens=longest)


class CritiqueSingle(DiversityEnhanced):
    """CCSV with one response: each question is drafted, criticised for its lack of diversity, rewritten, voted on.

    References
    ----------
    Lahoti et al. (2023). Improving Diversity of Demographic Representation in Large Language Models via Collective-
    Critiques and Self-Voting. EMNLP.
    """

    name = "ccsv-single"
    settings_model: type[Document] = SingleSettings

    def interview(self, respondent: Respondent, questionnaire: Questionnaire, settings: Any, seed: int) -> Protocol:
        """One answer for each question that is put to models: that of the reply which was voted for."""
        resolved = settings.resolved()
        talk = _Talk(respondent, resolved, seed)
        course = _course(respondent, questionnaire.spoken_in(resolved.language), resolved.presentation, seed)
        for screen in screens(course, resolved.presentation):
            if isinstance(screen, Skipped):
                answer = Answer(screen.question.id, "skipped", reason=screen.reason, presentation="{}")
                yield Understood(answer, ())
                continue
            shown = _shown(screen, resolved, respondent, seed)
            text, source, reason = yield from _single(talk, shown, settings)
            understood = readings(text, shown, resolved, reason)
            for position, (step, reading) in enumerate(zip(screen.steps, understood, strict=True)):
                answer = answer_of(
                    step.question.id, reading, with_settings(shown.presentations[position].as_json(), step)
                )
                yield Understood(answer, (source,), position)
                course.hear(step.question.id, given(answer))


class CritiqueList(DiversityEnhanced):
    """CCSV with a list: the model answers for many people at once, criticises, rewrites, and votes for a list.

    Entries of the chosen list are replicates from 0; one that the list lacks is ``invalid`` and says so.

    References
    ----------
    Lahoti et al. (2023), as for :class:`CritiqueSingle`.
    """

    name = "ccsv-list"
    settings_model: type[Document] = ListSettings

    def answers_expected(self, settings: Any, questionnaire: Questionnaire) -> int:
        """As many answers as a list has entries, for each question."""
        if questionnaire.skippable.by_answers:
            raise DocumentError(
                f"ccsv-list answers each question for {settings.entries} people at once, and {questionnaire.id!r} "
                "goes on by what one person answered; use ccsv-single, or a questionnaire without such routing."
            )
        return len(questionnaire.asked) * int(settings.entries)

    def interview(self, respondent: Respondent, questionnaire: Questionnaire, settings: Any, seed: int) -> Protocol:
        """A list of answers for each question."""
        resolved = settings.resolved()
        talk = _Talk(respondent, resolved, seed)
        course = _course(respondent, questionnaire.spoken_in(resolved.language), resolved.presentation, seed)
        for screen in screens(course, resolved.presentation.model_copy(update={"battery": "one_by_one"})):
            if isinstance(screen, Skipped):
                for replicate in range(settings.entries):
                    answer = Answer(
                        screen.question.id, "skipped", reason=screen.reason, replicate=replicate, presentation="{}"
                    )
                    yield Understood(answer, ())
                continue
            shown = _shown(screen, resolved, respondent, seed)
            text, source, reason = yield from _list(talk, shown, settings)
            presentation = with_settings(shown.presentations[0].as_json(), screen.first)
            understood = entries_of(text, shown, resolved, settings.entries, reason)
            for replicate, reading in enumerate(understood):
                answer = answer_of(screen.question.id, reading, presentation, replicate)
                yield Understood(answer, (source,), replicate)


def _course(respondent: Respondent, questionnaire: Questionnaire, rules: PresentationRules, seed: int) -> Course:
    key = (respondent.population, respondent.persona.number)
    return Course(
        questionnaire,
        lambda what, name: seeds.generator(seed, what, *key, name),
        respondent.persona.attributes,
        respondent.words,
        respondent.assigned,
        rules,
    )


def _shown(screen: Any, resolved: ResolvedDef, respondent: Respondent, seed: int) -> Shown:
    key = (respondent.population, respondent.persona.number)
    drawing = draw_key(screen.question, resolved.presentation, key, 0)
    return show(screen, resolved, partial(seeds.generator, seed, *drawing))


def _single(
    talk: _Talk, shown: Shown, settings: SingleSettings
) -> Generator[Request | Understood, Completion | None, tuple[str | None, Exchange, str | None]]:
    """The reply that counts, the exchange it came in, and what went wrong."""
    place, question, language = shown.screen.first.place, shown.screen.question, talk.settings.language
    style = talk.settings.presentation.labels
    portrait = talk.respondent.portrait
    head = Message("system", def_prompts.head(portrait, language, style=style, average=1))
    request = Message("user", shown.text)
    constraint = shown.constraint(talk.settings.explanation_tokens, talk.settings.base_model)
    country = portrait.rstrip(".。")
    draft = yield from talk.ask("draft", place, question.id, (head, request), constraint=constraint)
    if draft.text is None:
        return None, ("draft", place), _went_wrong("draft", draft)
    critical = Message("user", ccsv_prompts.CRITIQUE[language].format(country=country))
    talked = (head, request, Message("assistant", draft.text), critical)
    critique = yield from talk.ask("critique", place, question.id, talked)
    if critique.text is None:
        return None, ("critique", place), _went_wrong("critique", critique)
    rewriting = (*talked, Message("assistant", critique.text), Message("user", ccsv_prompts.REWRITE[language]))
    candidates: list[tuple[str, Exchange]] = [] if settings.rewrites > 1 else [(draft.text, ("draft", place))]
    for n in range(settings.rewrites):
        exchange = ("rewrite", FURTHER * place + n)
        rewrite = yield from talk.ask(
            *exchange, question.id, rewriting, constraint=constraint, sampled=settings.rewrites > 1
        )
        if rewrite.text is None:
            return None, exchange, _went_wrong("rewrite", rewrite)
        candidates.append((rewrite.text, exchange))
    chosen = candidates[-1]
    if settings.votes:
        number = yield from _voted(talk, shown, tuple(text for text, _ in candidates), country)
        chosen = candidates[number] if number is not None else chosen
    return *chosen, None


def _list(
    talk: _Talk, shown: Shown, settings: ListSettings
) -> Generator[Request | Understood, Completion | None, tuple[str | None, Exchange, str | None]]:
    """The list that counts, the exchange it came in, and what went wrong."""
    place, question, language = shown.screen.first.place, shown.screen.question, talk.settings.language
    n, country = settings.entries, talk.respondent.portrait.rstrip(".。")
    constraint = array_of(shown, n)
    array = ccsv_prompts.AS_ARRAY[language].format(n=n) if constraint else ""
    head = Message("system", ccsv_prompts.LIST[language].format(n=n, country=country) + array)
    request = Message("user", shown.text)
    first = yield from talk.ask("list", place, question.id, (head, request), constraint=constraint)
    if first.text is None:
        return None, ("list", place), _went_wrong("list", first)
    critical = Message("user", ccsv_prompts.CRITIQUE[language].format(country=country))
    talked = (head, request, Message("assistant", first.text), critical)
    critique = yield from talk.ask("critique", place, question.id, talked)
    if critique.text is None:
        return None, ("critique", place), _went_wrong("critique", critique)
    again = Message("user", ccsv_prompts.REWRITE_LIST[language].format(n=n) + array)
    rewriting = (*talked, Message("assistant", critique.text), again)
    candidates: list[tuple[str, Exchange]] = []
    for number in range(settings.rewrites):
        exchange = ("rewrite", FURTHER * place + number)
        rewrite = yield from talk.ask(
            *exchange, question.id, rewriting, constraint=constraint, sampled=settings.rewrites > 1
        )
        if rewrite.text is None:
            return None, exchange, _went_wrong("rewrite", rewrite)
        candidates.append((rewrite.text, exchange))
    if len(candidates) == 1:
        return *candidates[0], None
    chosen = yield from _voted(talk, shown, tuple(text for text, _ in candidates), country)
    if chosen is None:  # the model named none of them: the one with the most different answers
        different = [
            len({r.codes or r.number or r.text for r in _valid(text, shown, talk, n)}) for text, _ in candidates
        ]
        chosen = different.index(max(different))
    return *candidates[chosen], None


def _voted(
    talk: _Talk, shown: Shown, candidates: tuple[str, ...], country: str
) -> Generator[Request | Understood, Completion | None, int | None]:
    """Place of the candidate that the model votes for, from 0; ``None`` when it names none of them."""
    place, question = shown.screen.first.place, shown.screen.question
    turn = ccsv_prompts.vote(shown.text, candidates, country, talk.settings.language)
    constraint = Constraint(minimum=1, maximum=len(candidates)) if shown.constrained else None
    vote = yield from talk.ask("vote", place, question.id, (Message("user", turn),), constraint=constraint)
    number = _NUMBER.search(vote.text or "")
    return int(number[0]) - 1 if number and 1 <= int(number[0]) <= len(candidates) else None


def _went_wrong(step: str, completion: Completion) -> str:
    return f"no reply came to the {step}: {completion.last.error or 'nothing is known of why'}"


def _valid(text: str, shown: Shown, talk: _Talk, n: int) -> list[Reading]:
    return [reading for reading in entries_of(text, shown, talk.settings, n, None) if reading.status == "answered"]


SINGLE = CritiqueSingle()
LIST = CritiqueList()
