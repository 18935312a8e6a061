"""Reasoning about one person: from statements known of them to those they would agree with (IndieValueCatalog)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from demoscope import seeds
from demoscope.documents import Document
from demoscope.errors import DocumentError
from personas.persona import Persona
from personas.population import Population
from personas.styles import stated
from personas.styles import statements as told_as_statements
from simulator.answer import Answer, Share, Status
from simulator.constraint import AnyConstraint, Constraint, JsonConstraint
from simulator.protocols.interface import FURTHER, Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.ivc_reading import choices_as_published, choices_in, option_as_published, option_in
from simulator.protocols.ivc_settings import ASSIGNED, IvcSettings
from simulator.protocols.registry import CellDescription
from simulator.refusal import is_declining, is_self_aware
from simulator.respondent import Respondent
from simulator.scores import per_token
from surveys import Question, Questionnaire
from surveys.presentation import Presentation
from surveys.statements.conversion import categories_in, is_of_statements
from surveys.statements.prompts import ONE_MORE, group_name, known_part, option, single_part, together_part
from surveys.statements.sets import target_id

RATIONALE = 200
"""Characters of a rationale in a constrained reply."""


class IndividualValues:
    """What a person is known to agree with is shown, and what else they agree with is asked; no memory."""

    name = "ivc"
    settings_model: type[Document] = IvcSettings

    def check(self, settings: IvcSettings, population: Population, where: str) -> None:
        """Refuse attributes that cannot be told as statements."""
        if not settings.demographics:
            return
        told = _told(settings, population)
        try:
            if not told:
                raise DocumentError(f"{population.id!r} has no attribute that a statement or a phrase tells.")
            told_as_statements(population.people(0, 1, seed=0)[0], population, told)
        except DocumentError as error:
            raise DocumentError(f"{where}: demographics: {error}") from None

    def describe(self, settings: IvcSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        told = _told(settings, population)
        resolved = settings.model_dump(mode="json") | {
            "demonstrations": list(settings.range),
            "categories": list(settings.categories) or None,
            "attributes": list(told),
            "reading": settings.resolved_reading,
            "max_tokens": settings.longest,
            "fallbacks": settings.fallbacks,
        }
        return CellDescription(settings.profile, "en", None, resolved, told)

    def answers_expected(self, settings: IvcSettings, questionnaire: Questionnaire) -> int:
        """One for each target."""
        return len(_targets(settings, questionnaire))

    def abilities_needed(self, settings: IvcSettings) -> frozenset[Ability]:
        """Replies, or ratings of statements."""
        return frozenset({"score" if settings.answer_format == "scored" else "generate"})

    def respondent(
        self, persona: Persona, population: Population, settings: IvcSettings, seed: int, cell: str
    ) -> Respondent:
        """The person; the portrait is one demographic statement a line, and empty when none is told."""
        told = _told(settings, population)
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait="\n".join(told_as_statements(persona, population, told)),
            decoding=settings.decoding(),
            memory_length=0,
            told=told,
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: IvcSettings, seed: int
    ) -> Protocol:
        """Ask for every target, all at once or one by one; one answer for each, always."""
        targets = _targets(settings, questionnaire)
        if settings.setup == ASSIGNED:
            targets = tuple(one for one in targets if one.id in (respondent.assigned or ()))
        person = _Person(respondent, questionnaire, settings, seed)
        if settings.asked == "together":
            yield from _ask(0, targets, person, person.demonstrations(targets), first=True)
            return
        shared = person.demonstrations(targets) if settings.exclude == "setup" else None
        for place, target in enumerate(targets):
            shown = person.demonstrations((target,)) if shared is None else shared
            yield from _ask(place, (target,), person, shown, first=shared is None or place == 0)


@dataclass(frozen=True)
class _Person:
    """Somebody who is asked about, and the draws that belong to them."""

    respondent: Respondent
    questionnaire: Questionnaire
    settings: IvcSettings
    seed: int

    @property
    def key(self) -> tuple[str, int]:
        return self.respondent.population, self.respondent.persona.number

    @cached_property
    def _order(self) -> list[str]:
        """The survey's questions in the order in which this person's answers are shown; equal in all cells."""
        categories = categories_in(self.questionnaire)
        questions = [question for some in categories.values() for question in some]
        rng = seeds.generator(self.seed, "demonstrations", *self.key, self.settings.setup)
        kept = {question for name in self.settings.categories or categories for question in categories[name]}
        return [questions[at] for at in rng.permutation(len(questions)).tolist() if questions[at] in kept]

    @cached_property
    def _number(self) -> int:
        """How many demonstrations this person gets, as far as there are so many."""
        low, high = self.settings.range
        rng = seeds.generator(self.seed, "number of demonstrations", *self.key, self.settings.setup)
        return int(rng.integers(low, high + 1))

    def demonstrations(self, targets: Sequence[Question]) -> tuple[tuple[str, str], ...]:
        """Question id and statement of what is shown beside these targets; fewer demonstrations begin the same."""
        form, known = self.settings.demonstration_form, self.respondent.known
        held = {target.id.removesuffix(f"_{self.settings.target_form}") for target in targets}
        shown = (target_id(question, form) for question in self._order if question not in held)
        found = [(name, self.questionnaire[name]) for name in shown if name in known][: self._number]
        return tuple((name, _statements(question)[known[name] - 1]) for name, question in found)


def _ask(
    ordinal: int,
    targets: Sequence[Question],
    person: _Person,
    shown: tuple[tuple[str, str], ...],
    *,
    first: bool,
) -> Protocol:
    """Ask for these targets in one request, and again while some are not read; an answer for each."""
    if person.settings.answer_format == "scored":
        yield from _rate(ordinal, targets[0], person, shown, on_record=first)
        return
    read: dict[int, tuple[int, tuple[str, int]]] = {}
    exchange, unread, last, choices = ("answer", ordinal), dict[int, str](), None, dict[int, int | str]()
    for tried in range(person.settings.ask_again + 1):
        if tried:
            exchange = ("again", FURTHER * ordinal + tried - 1)
        completion = yield _request(exchange, targets, person, shown, on_record=first and not tried)
        assert completion is not None
        last = completion
        choices = _read(completion, targets, person.settings)
        for place in range(len(targets)):
            choice = choices.get(place, "nothing is said about this group")
            if place not in read and isinstance(choice, int):
                read[place] = (choice, exchange)
            elif place not in read:
                unread[place] = str(choice)
        if len(read) == len(targets):
            break
    assert last is not None
    for place, target in enumerate(targets):
        presentation = Presentation(tuple(option.code for option in target.options)).as_json()
        if place in read:
            number, source = read[place]
            answer = Answer(target.id, "answered", (number,), presentation=presentation)
        else:
            status, reason = _ended(
                last, unread[place], declining=not any(isinstance(one, int) for one in choices.values())
            )
            answer, source = Answer(target.id, status, reason=reason, presentation=presentation), exchange
        yield Understood(answer, (source,), place)


def _rate(
    ordinal: int, target: Question, person: _Person, shown: tuple[tuple[str, str], ...], *, on_record: bool
) -> Protocol:
    """Have the statements of a target rated; the likeliest per token is the answer, ties go to the first."""
    exchange = ("answer", ordinal)
    completion = yield _request(exchange, (target,), person, shown, on_record=on_record)
    assert completion is not None
    presentation = Presentation(tuple(one.code for one in target.options)).as_json()
    if completion.logprobs is None:
        status, reason = _ended(completion, "the statements were not rated", declining=False)
        answer = Answer(target.id, status, reason=reason, method="sequence", presentation=presentation)
    else:
        raw = {one.code: completion.logprobs[one.label] for one in target.options}
        weights = {code: math.exp(per_token(logprobs)) for code, logprobs in raw.items()}
        total = sum(weights.values())
        shares = tuple(
            Share(one.code, weights[one.code] / total, {one.label: raw[one.code]}) for one in target.options
        )
        code = max(weights, key=weights.__getitem__)
        answer = Answer(target.id, "answered", (code,), method="sequence", presentation=presentation, shares=shares)
    yield Understood(answer, (exchange,))


def _request(
    exchange: tuple[str, int],
    targets: Sequence[Question],
    person: _Person,
    shown: tuple[tuple[str, str], ...],
    *,
    on_record: bool,
) -> Request:
    """The request for these targets; on record stands what is shown with the first one whose system turn it is."""
    settings, respondent = person.settings, person.respondent
    known = [*respondent.portrait.splitlines(), *(statement for _, statement in shown)]
    scored = settings.answer_format == "scored"
    if scored:
        ask = ONE_MORE
    elif settings.asked == "together":
        ask = together_part([_statements(target) for target in targets])
    else:
        ask = single_part(_statements(targets[0]), option_alone=not settings.trained)
    return Request(
        *exchange,
        (Message("system", known_part(known)), Message("user", ask)),
        settings.decoding(again=exchange[0] == "again"),
        seeds.number(person.seed, "sampling", respondent.cell, *person.key, targets[0].id, *exchange),
        constraint=_constraint(targets, settings) if settings.answer_format == "constrained" else None,
        question=targets[0].id if settings.asked == "singly" else None,
        conversation="/".join(map(str, (respondent.cell, *person.key))),
        ability="score" if scored else "generate",
        labels=tuple(_statements(targets[0])) if scored else (),
        certain=exchange[0] == "answer",
        demonstrations=shown if on_record else (),
    )


def _constraint(targets: Sequence[Question], settings: IvcSettings) -> AnyConstraint:
    if settings.asked == "singly":
        texts = enumerate(_statements(targets[0]), start=1)
        return Constraint(tuple(option(n, text) if settings.trained else f"Option {n}" for n, text in texts))
    groups = {}
    for place, target in enumerate(targets, start=1):
        names = [f"{group_name(place)}_s{one.code}" for one in target.options]
        parts = {"rationale": {"type": "string", "maxLength": RATIONALE}, "choice": {"enum": names}}
        groups[group_name(place)] = {"type": "object", "properties": parts, "required": list(parts)}
    return JsonConstraint.of({"type": "object", "properties": groups, "required": list(groups)})


def _read(completion: Completion, targets: Sequence[Question], settings: IvcSettings) -> dict[int, int | str]:
    """Place of a target -> number of the statement that a reply chooses, or why none; empty when it says nothing."""
    reply = completion.text
    if reply is None:
        return {}
    careful = settings.resolved_reading == "careful"
    if settings.asked == "singly":
        read = option_in if careful else option_as_published
        return {0: read(reply, _statements(targets[0]))}
    groups = [_statements(target) for target in targets]
    return choices_in(reply, groups) if careful else choices_as_published(reply, groups) or {}


def _ended(completion: Completion, reason: str, *, declining: bool) -> tuple[Status, str]:
    """How a target that was not read ended, by the last reply; whether one may decline in which nothing was read."""
    reply, last = completion.text, completion.last
    if reply is None:
        declined = last.error_kind in ("filtered", "refusal")
        return ("refused" if declined else "failed"), last.error or "no reply came"
    if declining and (is_self_aware(reply) or is_declining(reply)):
        return "refused", "the reply declines to choose"
    return "invalid", reason


def _statements(question: Question) -> list[str]:
    return [one.label for one in question.options]


def _targets(settings: IvcSettings, questionnaire: Questionnaire) -> tuple[Question, ...]:
    """The targets; of an assigned setup all questions in the form, from which each person gets some."""
    if not is_of_statements(questionnaire):
        raise DocumentError(
            "the protocol ivc asks about statements that a person is known to agree with; name the table of real "
            "people's answers as the wave's `known_answers`."
        )
    if settings.setup == ASSIGNED:
        return tuple(one for one in questionnaire.questions if one.section == settings.target_form)
    categories = categories_in(questionnaire)
    settings.check_categories(categories)
    names = (target_id(question, settings.target_form) for question in settings.targets(categories))
    return tuple(questionnaire[name] for name in names)


def _told(settings: IvcSettings, population: Population) -> tuple[str, ...]:
    """Attributes that are told, in order."""
    if not settings.demographics:
        return ()
    return stated(population) if settings.attributes is None else settings.attributes


PROTOCOL = IndividualValues()
