"""Questionnaires as the conditions of a wave ask them: perturbed, and their answers led back to canonical codes."""

import dataclasses
import json
from typing import Any

from demoscope.errors import DocumentError
from simulator.protocols.interface import Protocol, Understood
from simulator.protocols.registry import ProtocolKind
from simulator.respondent import Respondent
from surveys import Questionnaire
from surveys.perturbations import Perturbation, Perturbed, perturb
from surveys.presentation_rules import PresentationRules

Perturbations = tuple[Perturbation, ...]


def varied(
    questionnaire: Questionnaire, perturbations: Perturbations, settings: Any, seed: int, where: str = ""
) -> Perturbed:
    """The questionnaire as a condition asks it: in the language of its settings, perturbed.

    Raises
    ------
    DocumentError
        If a perturbation cannot be made; the message begins with ``where``.
    """
    try:
        language = getattr(settings, "language", questionnaire.language)
        return perturb(questionnaire, perturbations, seed, language)
    except ValueError as error:
        raise DocumentError(f"{where}: perturbations: {error}.") from None


def check_shown(questionnaire: Questionnaire, settings: Any, where: str) -> None:
    """Refuse rules under which an option could be read two ways, or that ask for a wording which no question has.

    Raises
    ------
    DocumentError
        With what is wrong; the message begins with ``where``.
    """
    resolved = settings.resolved() if hasattr(settings, "resolved") else settings
    rules = getattr(resolved, "presentation", None)
    if isinstance(rules, PresentationRules):
        rules = rules.over(questionnaire.presentation)
        variants = sorted({name for question in questionnaire.questions for name in question.wordings})
        if rules.wording is not None and rules.wording not in variants:
            known = f"there are {', '.join(variants)}" if variants else "none has `wordings`"
            raise DocumentError(f"{where}: presentation: no question has a wording {rules.wording!r}; {known}.")
        for question in questionnaire.questions:
            try:
                rules.check(question)
            except ValueError as error:
                raise DocumentError(f"{where}: presentation: {error}.") from None


def begin(protocol: ProtocolKind, respondent: Respondent, asked: Perturbed, settings: Any, seed: int) -> Protocol:
    """An interview with the questionnaire as it is asked; its answers are in canonical codes."""
    steps = protocol.interview(respondent, asked.questionnaire, settings, seed)
    touched = any(way.records for way in asked.back.values())
    return _led_back(steps, asked) if touched else steps


def as_variant(perturbations: Perturbations) -> str | None:
    """What ``cells.variant`` says of a condition: its perturbations as JSON, without the texts they insert."""
    if not perturbations:
        return None
    written = []
    for perturbation in perturbations:
        content = perturbation.model_dump(mode="json", exclude_defaults=True)
        written.append({name: value for name, value in content.items() if name != "texts"})
    return json.dumps(written, ensure_ascii=False, separators=(",", ":"))


def _led_back(steps: Protocol, asked: Perturbed) -> Protocol:
    completion = None
    while True:
        try:
            step = steps.send(completion)
        except StopIteration:
            return
        completion = yield (_canonical(step, asked) if isinstance(step, Understood) else step)


def _canonical(understood: Understood, asked: Perturbed) -> Understood:
    answer, way = understood.answer, asked.back[understood.answer.question]
    codes, number = tuple(way.code(code) for code in answer.codes), answer.number
    shares = tuple(dataclasses.replace(share, code=way.code(share.code)) for share in answer.shares)
    if way.scores and way.scores.keys() >= set(answer.codes):  # points of another scale have a score and no code
        codes, number, shares = (), way.scores[answer.codes[0]] if answer.codes else number, ()
    written = way.presentation(answer.presentation)
    return dataclasses.replace(
        understood,
        answer=dataclasses.replace(answer, codes=codes, number=number, presentation=written, shares=shares),
    )
