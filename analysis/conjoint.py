"""What the attributes of vignettes and conjoint tasks do: average marginal component effects.

The levels were drawn at random, so the effect of a level is a difference of means; no model of choice is needed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.position import p_value
from analysis.presentations import answers_as_shown
from analysis.reading import Results
from analysis.records import Cell
from analysis.tallies import option_scores
from demoscope.documents import Document
from surveys import Question, Questionnaire
from surveys.factors import Factors

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of the levels of one attribute against its first level."""

    estimates: Floats
    """(n_levels,) differences of means; 0 for the first level, NaN where a level or the first never came."""
    errors: Floats
    """(n_levels,) standard errors, clustered by respondent; NaN with fewer than two respondents."""
    clusters: int
    """Respondents."""

    def interval(self, level: int, confidence: float = 0.95) -> tuple[float, float]:
        """Ends of the confidence interval of one level's effect, by Student's t with clusters - 1."""
        reach = float(stats.t.ppf((1 + confidence) / 2, max(self.clusters - 1, 1))) * float(self.errors[level])
        return float(self.estimates[level]) - reach, float(self.estimates[level]) + reach


def amce(outcomes: ArrayLike, levels: ArrayLike, clusters: ArrayLike, n_levels: int) -> Effects:
    """Average marginal component effects of the levels of one attribute.

    The difference of the mean outcome at each level and at the first one, with standard errors that allow for the
    outcomes of one respondent hanging together (sandwich estimator with the correction G/(G-1) (N-1)/(N-K)).
    The same as a linear regression of the outcome on dummies of the levels.

    Parameters
    ----------
    outcomes : array_like, shape (n_profiles,)
        What became of each profile: 1 chosen and 0 not, or a rating.
    levels : array_like of int, shape (n_profiles,)
        Level of the attribute in each profile, from 0.
    clusters : array_like of int, shape (n_profiles,)
        Respondent who saw the profile.
    n_levels : int
        Levels that the attribute has.

    Returns
    -------
    Effects
        In units of the outcome.

    Raises
    ------
    ValueError
        If shapes differ or there is no profile.

    References
    ----------
    .. [1] Hainmueller, Hopkins and Yamamoto (2014). Causal Inference in Conjoint Analysis. Political Analysis 22.
    .. [2] Liang and Zeger (1986). Longitudinal data analysis using generalized linear models. Biometrika 73.

    >>> amce([1, 0, 1, 0], [1, 0, 1, 0], [1, 1, 2, 2], 2).estimates.tolist()
    [0.0, 1.0]
    """
    y, z = np.asarray(outcomes, float), np.asarray(levels, int)
    _, who = np.unique(np.asarray(clusters), return_inverse=True)
    if y.shape != z.shape or y.shape != who.shape or y.ndim != 1 or not y.size:
        raise ValueError(f"Need equal 1-D arrays of at least one profile, got {y.shape}, {z.shape} and {who.shape}.")
    counts = np.bincount(z, minlength=n_levels).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.bincount(z, weights=y, minlength=n_levels) / counts
        # What each respondent adds to the mean of each level beyond what the level has on average.
        scores = np.zeros((int(who.max()) + 1, n_levels))
        np.add.at(scores, (who, z), y - means[z])
        scores /= counts
    groups, seen = len(scores), int((counts > 0).sum())
    room = (groups - 1) * (len(y) - seen)
    correction = groups * (len(y) - 1) / room if room > 0 else np.nan
    contrast = scores - scores[:, :1]
    errors = np.sqrt(correction * (contrast**2).sum(axis=0))
    estimates = means - means[0]
    errors[np.isnan(estimates)] = np.nan
    errors[0] = 0.0 if groups > 1 else np.nan
    return Effects(estimates, errors, groups)


class LevelEffect(Document):
    """What one level of an attribute does, against the attribute's first level."""

    experiment: str
    """Vignette or conjoint."""
    question: str | None
    """Question about a vignette; absent for the choices of a conjoint, which are taken together."""
    attribute: str
    level: str
    baseline: str
    """The level it is compared with."""
    profiles: int
    """Profiles with this level whose outcome is known."""
    respondents: int
    """Respondents with known outcomes."""
    effect: float | None
    """Difference in the share chosen (conjoint) or in the mean score (vignette); absent where nothing is known."""
    low: float | None
    """Lower end of the 95 % interval over respondents; absent with fewer than two."""
    high: float | None
    """Upper end of the same."""
    p: float | None
    """Two-sided p-value of no effect, not adjusted; absent where the interval is, or has no width."""


@dataclass(frozen=True, slots=True)
class _Rated:
    """Profiles that were seen, with what became of them."""

    profiles: Sequence[Mapping[str, str]]
    others: Sequence[Sequence[Mapping[str, str]]]
    """The other profiles of each one's task."""
    outcomes: Sequence[float]
    respondents: Sequence[int]
    answers: int
    """Answers that they rest on."""


@dataclass(frozen=True, slots=True)
class LevelEffects:
    """Effects of the levels of all vignettes and conjoint tasks of a cell."""

    effects: tuple[LevelEffect, ...]
    """By experiment and attribute, in the order of the document."""
    questions: tuple[str, ...]
    """Questions that they are about."""
    answers: int
    """Answers that they rest on."""
    not_rated: tuple[tuple[str, str], ...]
    """Questions about vignettes whose answers are no number, and why."""


def level_effects(results: Results, cell: Cell) -> tuple[LevelEffect, ...]:
    """Effects of every level in every vignette and conjoint of a cell; see :func:`levels_of`."""
    return levels_of(results, cell).effects


def levels_of(results: Results, cell: Cell) -> LevelEffects:
    """Effects of every level in every vignette and conjoint of a cell, by attribute, in the order of the document.

    A profile of a conjoint counts 1 when it was chosen and 0 when another or none was. A question about a vignette
    counts with the score of the option chosen (its place where not all options have scores), the point of a scale or
    the number; answers that chose a "don't know" are left out, and so are questions whose answers are no number.
    Where combinations of levels were excluded, or profiles of a task had to differ, two levels are compared among
    those profiles alone that might have been shown with either.
    """
    questionnaire = results.questionnaire
    found: list[LevelEffect] = []
    asked: list[str] = []
    not_rated: list[tuple[str, str]] = []
    answers = 0
    experiments: dict[tuple[str, str | None], list[str]] = {}
    for question in questionnaire.asked:
        if question.experiment is None or question.factors is None:
            continue
        many = question.factors.profiles > 1
        if not many and (why := _not_a_number(question)) is not None:
            not_rated.append((question.id, why))
            continue
        experiments.setdefault((question.experiment, None if many else question.id), []).append(question.id)
    for (experiment, about), names in experiments.items():
        factors = questionnaire[names[0]].factors
        assert factors is not None
        rated = _rated(results, cell, questionnaire, names)
        asked += names
        answers += rated.answers
        for attribute in factors.attributes:
            found.extend(_of_attribute(experiment, about, factors, attribute, rated))
    return LevelEffects(tuple(found), tuple(asked), answers, tuple(not_rated))


def _not_a_number(question: Question) -> str | None:
    """Why the answers to a question about a vignette have no mean; ``None`` when they have."""
    if question.kind in ("scale", "number") or (question.kind == "single" and question.ordinal):
        return None
    if question.kind == "single":
        return "its options have no order, so there is no mean score"
    return f"it is of the kind {question.kind}, which has no score"


def _of_attribute(
    experiment: str, about: str | None, factors: Factors, attribute: str, rated: _Rated
) -> Iterator[LevelEffect]:
    levels = factors.attributes[attribute]
    for level in levels[1:]:
        both = [
            place
            for place, profile in enumerate(rated.profiles)
            if profile.get(attribute) in (levels[0], level)
            and all(
                factors.may_be_shown({**profile, attribute: one}, rated.others[place]) for one in (levels[0], level)
            )
        ]
        at = [int(rated.profiles[place][attribute] == level) for place in both]
        effects = None
        if 0 < sum(at) < len(at):
            effects = amce(
                [rated.outcomes[place] for place in both], at, [rated.respondents[place] for place in both], 2
            )
        known = effects is not None and bool(np.isfinite(effects.errors[1]))
        low, high = effects.interval(1) if effects is not None and known else (None, None)
        yield LevelEffect(
            experiment=experiment,
            question=about,
            attribute=attribute,
            level=level,
            baseline=levels[0],
            profiles=sum(at),
            respondents=len({rated.respondents[place] for place in both}),
            effect=float(effects.estimates[1]) if effects is not None else None,
            low=low,
            high=high,
            p=p_value(float(effects.estimates[1]), float(effects.errors[1]), effects.clusters) if effects else None,
        )


def _rated(results: Results, cell: Cell, questionnaire: Questionnaire, names: Sequence[str]) -> _Rated:
    """Profiles of some questions whose outcome is known."""
    profiles: list[Mapping[str, str]] = []
    others: list[Sequence[Mapping[str, str]]] = []
    outcomes: list[float] = []
    respondents: list[int] = []
    answers = 0
    scores = {asked.name: option_scores(asked) for asked in results.questions if asked.name in names}
    for respondent, name, presentation, code, number in answers_as_shown(results, cell, names):
        shown = json.loads(presentation).get("profiles", [])
        option = questionnaire[name].option(int(code)) if code is not None else None
        if len(shown) > 1:
            if option is None or option.kind == "nonresponse":
                continue
            outcome = [float(place == code) for place in range(1, len(shown) + 1)]
        else:
            value = number if code is None else scores[name].get(int(code))
            if value is None:
                continue
            outcome = [float(value)]
        answers += 1
        profiles.extend(shown)
        others.extend([*shown[:place], *shown[place + 1 :]] for place in range(len(shown)))
        outcomes.extend(outcome[: len(shown)])
        respondents.extend([respondent] * len(shown))
    return _Rated(profiles, others, outcomes, respondents, answers)
