"""Answers counted by option: who chose what, as simulated and as real people."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analysis.choices import columns_of
from analysis.records import NO_CODE, Answers, Asked, Choice, Respondents

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """The understood answers of one cell, or some of its respondents, to one question: its substantive options."""

    question: Asked
    options: tuple[Choice, ...]
    """The substantive ones, in questionnaire order."""
    respondent: NDArray[np.int64]
    """(n_choices,) position of the respondent of each substantive choice."""
    option: NDArray[np.int64]
    """(n_choices,) position of what was chosen among ``options``."""
    answering: NDArray[np.int64]
    """(n_answers,) position of the respondent of each answer that is more than a "don't know"."""
    declining: NDArray[np.int64]
    """(n_declined,) position of the respondent of each answer that chose a "don't know" on offer."""

    @property
    def single(self) -> bool:
        """Whether exactly one option of a list is chosen, so that a distribution over options exists."""
        return self.question.kind in ("single", "scale") and len(self.options) >= 2

    @property
    def scores(self) -> Floats | None:
        """Places of the options on the scale; ``None`` when not every option has one, or all have the same."""
        given = [option.score for option in self.options if option.score is not None]
        return np.array(given) if len(given) == len(self.options) and len(set(given)) > 1 else None

    def among(self, respondents: NDArray[np.bool_]) -> "Tally":
        """The answers of some respondents alone (one truth value for each respondent of the cell)."""
        kept = respondents[self.respondent]
        return replace(
            self,
            respondent=self.respondent[kept],
            option=self.option[kept],
            answering=self.answering[respondents[self.answering]],
            declining=self.declining[respondents[self.declining]],
        )

    def counts(self, weights: Floats) -> Floats:
        """(n_options,) weighted choices."""
        chosen = np.bincount(self.option, weights=weights[self.respondent], minlength=len(self.options))
        return chosen.astype(np.float64)

    def size(self, weights: Floats) -> int:
        """How many equally weighted people the substantive answers are worth (Kish): n when weights are equal.

        Kish (1965), Survey Sampling: the squared sum of weights over the sum of their squares.
        """
        each = weights[self.respondent]
        return round(float(each.sum() ** 2 / (each**2).sum())) if len(each) else 0

    def people_worth(self, weights: Floats) -> float:
        """How many equally weighted respondents the substantive answers come from (Kish).

        Several answers of one respondent, its repeats, count as one: they say little more about the public.
        """
        answers = np.bincount(self.answering, minlength=len(weights))
        each = weights * answers
        return float(each.sum() ** 2 / (each**2).sum()) if each.any() else 0.0

    def human(self, counts: dict[int | None, float]) -> tuple[Floats, float]:
        """(n_options,) real people per option, and how many are left out."""
        kept = np.array([counts.get(option.code, 0.0) for option in self.options], dtype=np.float64)
        return kept, float(sum(counts.values()) - kept.sum())


def option_scores(question: Asked) -> dict[int, float]:
    """Substantive code -> place on the question's scale: its score, or its place in the list where not all have one.

    >>> from analysis.records import Choice
    >>> two = (Choice(1, "no", None, True), Choice(5, "yes", None, True), Choice(9, "?", None, False))
    >>> option_scores(Asked(1, "q", "?", "single", True, two))
    {1: 1.0, 5: 2.0}
    """
    options = [choice for choice in question.choices if choice.substantive]
    given = {option.code: option.score for option in options if option.score is not None}
    return given if len(given) == len(options) else {option.code: float(n) for n, option in enumerate(options, 1)}


def tally(question: Asked, answers: Answers) -> Tally:
    """Reduce the answers to one question to its substantive options."""
    respondent, replicate, code = answers.of(question.id)
    options = tuple(choice for choice in question.choices if choice.substantive)
    codes = np.array([option.code for option in options], dtype=np.int64)
    option, chosen = columns_of(code, codes)
    said = chosen | (code == NO_CODE)
    each = np.unique(np.stack([respondent[said], replicate[said]]), axis=1)  # a multiple choice is one answer
    declined = np.isin(code, [choice.code for choice in question.choices if not choice.substantive])
    declining = np.unique(np.stack([respondent[declined], replicate[declined]]), axis=1)
    return Tally(question, options, respondent[chosen], option, each[0], declining[0])


def stacked(tallies: list[Tally], respondents: Respondents) -> csr_matrix:
    """How often each respondent chose each option, the options of all questions below one another."""
    starts = np.cumsum([0, *(len(t.options) for t in tallies)])
    rows = np.concatenate([np.zeros(0, np.int64), *(t.option + s for t, s in zip(tallies, starts, strict=False))])
    columns = np.concatenate([np.zeros(0, np.int64), *(t.respondent for t in tallies)])
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(int(starts[-1]), len(respondents.ids)))
