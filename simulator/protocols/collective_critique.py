"""The baselines of collective critique and self-voting: a draft or a list, its critique, a rewrite, a vote."""

import json
import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from simulator.answer import Answer, Status
from simulator.constraint import AnyConstraint, Constraint, JsonConstraint
from simulator.decoding import Decoding
from simulator.parsing import Reading
from simulator.protocols import ccsv_prompts, def_prompts
from simulator.protocols.ccsv_settings import ListSettings, SingleSettings
from simulator.protocols.def_screens import ANSWER, Shown, answer_schema, draw_key, screens, show
from simulator.protocols.def_settings import ResolvedDef
from simulator.protocols.diversity_enhanced import DiversityEnhanced, given
from simulator.protocols.interface import FURTHER, Completion, Message, Protocol, Request, Understood
from simulator.respondent import Respondent
from surveys import Course, Questionnaire, Skipped
from surveys.course import with_settings
from surveys.presentation_rules import PresentationRules

_ENTRY = re.compile(r"^[ \t>*_\-•]*(\d{1,4})[ \t*_]*[.)、:：][ \t*_]*(\S.*)$", re.MULTILINE)
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
            readings = _readings(text, shown, resolved, reason)
            for position, (step, reading) in enumerate(zip(screen.steps, readings, strict=True)):
                answer = _answer(
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
            readings = _entries(text, shown, resolved, settings.entries, reason)
            for replicate, reading in enumerate(readings):
                answer = _answer(screen.question.id, reading, presentation, replicate)
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
    constraint = _array(shown, n)
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


def _array(shown: Shown, n: int) -> AnyConstraint | None:
    """A JSON array of offered answers; ``None`` for free replies and for kinds that are not one choice."""
    question = shown.screen.question
    if not shown.constrained or question.kind not in ("single", "scale"):
        return None
    items = answer_schema(question, shown.presentations[0])
    entries = {"type": "array", "items": items, "minItems": n, "maxItems": n}
    return JsonConstraint.of({"type": "object", "properties": {"answers": entries}, "required": ["answers"]})


def _readings(text: str | None, shown: Shown, settings: ResolvedDef, reason: str | None) -> list[Reading]:
    if text is None:
        return [Reading("failed", reason=reason)] * len(shown.screen.steps)
    if not text.strip():
        return [Reading("invalid", reason="the reply is empty")] * len(shown.screen.steps)
    said = shown.said(ANSWER + text if settings.base_model else text)
    return shown.read(said, settings.parsing_rules, cut=False)


def _valid(text: str, shown: Shown, talk: _Talk, n: int) -> list[Reading]:
    return [reading for reading in _entries(text, shown, talk.settings, n, None) if reading.status == "answered"]


def _entries(text: str | None, shown: Shown, settings: ResolvedDef, n: int, reason: str | None) -> list[Reading]:
    """What was understood of each entry of a list."""
    if text is None:
        return [Reading("failed", reason=reason)] * n
    said = _listed(text)
    readings = []
    for number in range(1, n + 1):
        entry = said.get(number)
        if entry is None:
            found = f"the list has no entry {number}; it has {len(said)} of {n}"
            readings.append(Reading("invalid", reason=found))
        else:
            readings.append(shown.read(ANSWER + entry, settings.parsing_rules, cut=False)[0])
    return readings


def _listed(text: str) -> dict[int, str]:
    """Entries of a list by their number, the first of each counting.

    >>> _listed("1. yes\\n2) no")
    {1: 'yes', 2: 'no'}
    """
    try:
        answers = json.loads(text.strip())["answers"]
        return {number: str(answer) for number, answer in enumerate(answers, start=1)}
    except (ValueError, KeyError, TypeError, RecursionError):
        found: dict[int, str] = {}
        for entry in _ENTRY.finditer(text):
            found.setdefault(int(entry[1]), entry[2].strip())
        return found


def _answer(question: str, reading: Reading, presentation: str, replicate: int = 0) -> Answer:
    status: Status = reading.status
    return Answer(
        question,
        status,
        reading.codes,
        reading.number,
        reading.text,
        reading.reason,
        replicate=replicate,
        presentation=presentation,
        amounts=reading.amounts,
    )


SINGLE = CritiqueSingle()
LIST = CritiqueList()
