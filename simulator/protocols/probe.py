"""The protocol ``probe``: each question by itself, in one style and one variation, by up to four methods.

The prompt of a question is the same for ``token``, ``sequence`` and ``text``, and all prompts of a respondent begin
alike and belong to one conversation; so a backend that keeps what it evaluated works through what is new alone.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace

from demoscope import seeds
from demoscope.documents import Document
from personas.persona import Persona
from personas.population import Population
from simulator.answer import Answer, Method
from simulator.decoding import Decoding
from simulator.protocols.imagined import check_imagined, imagined, told_attributes
from simulator.protocols.interface import Ability, Completion, Message, Protocol, Request, Understood
from simulator.protocols.probe_reading import (
    both_or_one,
    fractional,
    labels_of,
    passed_by,
    read_sequence,
    read_text,
    read_token,
    read_verbalized,
)
from simulator.protocols.probe_settings import ProbeSettings
from simulator.protocols.registry import CellDescription
from simulator.respondent import Respondent
from surveys import Question, Questionnaire
from surveys.presentation import Presentation
from surveys.probing.shares import Space
from surveys.probing.styles import stated
from surveys.probing.variations import why_not_probed, wordings

NEEDED: dict[Method, Ability] = {
    "token": "label_logprobs",
    "sequence": "score",
    "text": "generate",
    "verbalized": "generate",
}
"""What each method asks of a backend."""
RATED: tuple[Method, ...] = ("token", "sequence", "verbalized")
"""Methods that take one exchange, in the order of their ordinals; the samples of ``text`` follow."""
LINES = 16
"""Tokens that a stated percentage may take, for each option."""

Asking = Generator[Request | Understood, Completion | None, None]


class Probe:
    """One distribution over the options for each question and method."""

    name = "probe"
    settings_model: type[Document] = ProbeSettings

    def check(self, settings: ProbeSettings, population: Population, where: str) -> None:
        """Refuse to tell of people what the population has no words for."""
        check_imagined(settings, population, settings.language, where)

    def describe(self, settings: ProbeSettings, population: Population) -> CellDescription:
        """What the store records of a cell with these settings."""
        told = told_attributes(settings, population)
        resolved = settings.model_dump(mode="json") | {
            "style": settings.resolved_style.model_dump(mode="json"),
            "variation": settings.resolved_variation.model_dump(mode="json"),
            **settings.resolved().model_dump(mode="json"),
            "attributes": list(told),
            "fallbacks": settings.fallbacks,
        }
        return CellDescription(settings.profile, settings.language, None, resolved, told)

    def answers_expected(self, settings: ProbeSettings, questionnaire: Questionnaire) -> int:
        """One for each question and method, and one more for each further sample of ``text``."""
        each = sum(settings.samples if method == "text" else 1 for method in settings.methods)
        return len(questionnaire.asked) * each

    def abilities_needed(self, settings: ProbeSettings) -> frozenset[Ability]:
        """What the methods read answers off."""
        return frozenset(NEEDED[method] for method in settings.methods)

    def respondent(
        self, persona: Persona, population: Population, settings: ProbeSettings, seed: int, cell: str
    ) -> Respondent:
        """The person that the model is to imagine it is, or nobody: then the portrait is empty."""
        return Respondent(
            cell=cell,
            population=population.id,
            persona=persona,
            portrait=imagined(persona, population, settings, settings.language),
            decoding=Decoding(temperature=settings.temperature, max_tokens=settings.max_tokens),
            memory_length=0,
            language=settings.language,
            told=told_attributes(settings, population),
        )

    def interview(
        self, respondent: Respondent, questionnaire: Questionnaire, settings: ProbeSettings, seed: int
    ) -> Protocol:
        """Probe question by question; every question and method ends in its answers, always."""
        spoken = questionnaire.spoken_in(settings.language)
        for place, question in enumerate(spoken.asked):
            if respondent.assigned is not None and question.id not in respondent.assigned:
                continue
            reason = why_not_probed(question, spoken)
            for method in settings.methods:
                if reason is not None:
                    for replicate in range(settings.samples if method == "text" else 1):
                        yield Understood(passed_by(question, method, replicate, reason), ())
                else:
                    yield from _Question(question, place, respondent, settings, seed).probed_by(method)


class _Question:
    """One question of one respondent, as it is put."""

    def __init__(
        self, question: Question, place: int, respondent: Respondent, settings: ProbeSettings, seed: int
    ) -> None:
        self._question, self._respondent, self._settings, self._seed = question, respondent, settings, seed
        self._rules = settings.resolved()
        self._first = place * (len(RATED) + settings.samples)
        self._shown: Presentation = settings.resolved_variation.show(question)

    def probed_by(self, method: Method) -> Asking:
        """Everything that one method asks and reads."""
        if method == "text":
            yield from self._sampled()
            return
        ordinal = self._first + RATED.index(method)
        question, shown, space = self._question, self._shown, self._rules.space
        if method == "token":
            forms = both_or_one(labels_of(question, shown), "both" if space == "code" else space)
            completion = yield self._request(ordinal, "label_logprobs", labels=_flat(forms))
            assert completion is not None
            answer = read_token(completion, question, shown, forms, space)
        elif method == "sequence":
            forms = both_or_one(self._scored(), self._sequence_space)
            completion = yield self._request(ordinal, "score", labels=_flat(forms))
            assert completion is not None
            answer = read_sequence(completion, question, shown, forms, self._sequence_space)
        else:
            completion = yield self._request(ordinal, "generate", percentages=True)
            assert completion is not None
            answer = read_verbalized(completion, question, shown)
        yield Understood(answer, (("answer", ordinal),))

    @property
    def _sequence_space(self) -> Space:
        """The published code rates options with a leading space only where they continue a turn."""
        if self._rules.space == "code":
            return "only" if self._settings.resolved_style.assistant else "none"
        return self._rules.space

    def _scored(self) -> dict[int, str]:
        """Code -> the text whose perplexity counts."""
        if self._settings.scored == "label":
            return labels_of(self._question, self._shown)
        said = wordings(self._question)
        if self._settings.scored == "wording":
            return dict(said)
        lines = dict(zip(self._shown.codes, self._shown.lines, strict=True))
        return {code: lines[code] for code in said}

    def _sampled(self) -> Asking:
        """Replies one after the other; the first answer carries the distribution of all, so it is told last."""
        answers: list[Answer] = []
        for replicate in range(self._settings.samples):
            completion = yield self._request(self._first + len(RATED) + replicate, "generate")
            assert completion is not None
            answers.append(read_text(completion, self._question, self._shown, self._rules.parser, replicate))
        answers[0] = replace(answers[0], shares=fractional(answers, self._question))
        for replicate, answer in enumerate(answers):
            yield Understood(answer, (("answer", self._first + len(RATED) + replicate),))

    def _request(
        self, ordinal: int, ability: Ability, labels: tuple[str, ...] = (), percentages: bool = False
    ) -> Request:
        respondent, settings, question = self._respondent, self._settings, self._question
        style, decoding = settings.resolved_style, respondent.decoding
        turns = style.percentages if percentages and style.percentages else style
        if percentages:
            decoding = Decoding(temperature=0, max_tokens=LINES * (len(self._shown.codes) + 1))
        key = (respondent.cell, respondent.population, respondent.persona.number)
        written = turns.written(stated(question), self._shown.lines, respondent.portrait)
        return Request(
            "answer",
            ordinal,
            tuple(Message(role, text) for role, text in written),
            decoding,
            seeds.number(self._seed, "sampling", *key, question.id, "answer", ordinal),
            ability=ability,
            labels=labels,
            end_of_turn=ability == "score" and self._rules.include_eot,
            question=question.id,
            conversation="/".join(map(str, key)),
        )


def _flat(forms: Mapping[int, tuple[str, ...]]) -> tuple[str, ...]:
    """Forms without a leading space first, each once."""
    texts = [text for several in forms.values() for text in several]
    return tuple(dict.fromkeys(sorted(texts, key=lambda text: text.startswith(" "))))


PROTOCOL = Probe()
