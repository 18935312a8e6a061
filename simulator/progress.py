"""Where a run stands, counted from what it saves: how much, how much was understood, what it cost, what came last."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulator.records import Records
from surveys import Questionnaire

LATEST = 4
"""Answers that are kept as the latest."""

LONGEST = 200
"""Characters of an answer that are kept."""


@dataclass(frozen=True, slots=True)
class LatestAnswer:
    """One of the answers that were saved last."""

    respondent: int
    question: str
    status: str
    said: str
    """Labels that were chosen, or the number, text or reason."""


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """Where one model stands."""

    name: str
    total: int
    saved: int
    currency: str = ""
    """Of its prices; empty where nobody knows what calls cost."""
    cost: float = 0.0
    """Of every call that is in the store."""
    asked: int = 0
    """Answers that came in during this run, those that routing skipped left out."""
    understood: int = 0
    """How many of them were understood."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a wave stands, in answers; ``saved`` ones survive the death of any process."""

    total: int
    saved: int
    resumed: int
    """How many of the saved were there when this run began."""
    notices: tuple[str, ...] = ()
    """What there is to say of the models, each said once."""
    models: tuple[ModelProgress, ...] = ()
    latest: tuple[LatestAnswer, ...] = ()
    """The last :data:`LATEST`, the newest at the end."""

    @property
    def asked(self) -> int:
        """Answers of all models that came in during this run, those that routing skipped left out."""
        return sum(model.asked for model in self.models)

    @property
    def understood(self) -> float | None:
        """Share of them that was understood; ``None`` before there are any."""
        return sum(model.understood for model in self.models) / self.asked if self.asked else None

    @property
    def costs(self) -> dict[str, float]:
        """What the calls of all models cost, by currency."""
        found: dict[str, float] = {}
        for model in self.models:
            if model.currency:
                found[model.currency] = found.get(model.currency, 0.0) + model.cost
        return found

    def after(self, model: str, new: int, records: Records, questionnaire: Questionnaire) -> "Progress":
        """The same after a batch of a model with so many new answers was saved."""
        statuses = [row[STATUS] for row in records.answers if row[STATUS] != "skipped"]
        cost = sum(row[-1] or 0.0 for row in records.attempts)
        models = tuple(
            replace(
                each,
                saved=each.saved + new,
                cost=each.cost + cost,
                asked=each.asked + len(statuses),
                understood=each.understood + statuses.count("answered"),
            )
            if each.name == model
            else each
            for each in self.models
        )
        latest = (*self.latest, *_latest(records, questionnaire))[-LATEST:]
        return replace(self, saved=self.saved + new, models=models, latest=latest)


STATUS = 4
"""Place of the status among the columns of an answer."""


def _latest(records: Records, questionnaire: Questionnaire) -> Sequence[LatestAnswer]:
    found = []
    for respondent, number, method, replicate, status, value, text, reason, *_ in records.answers[-LATEST:]:
        question = questionnaire.questions[number - 1]
        labels = {option.code: option.label for option in question.options}
        key = (respondent, number, method, replicate)
        codes = [row[STATUS] for row in records.answer_options if row[:STATUS] == key]
        said = ", ".join(labels.get(code, str(code)) for code in codes)
        said = said or (f"{value:g}" if value is not None else text or reason or "")
        found.append(LatestAnswer(respondent, question.id, status, said[:LONGEST]))
    return found
