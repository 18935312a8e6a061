"""Scores made of several answers, such as personality traits, and how reliable they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.reading import Results
from analysis.records import NO_CODE, Cell
from surveys import Questionnaire
from surveys.questionnaire import ScoringKey

LEAST = 0.5
"""Share of a score's items that a respondent must have answered."""


@dataclass(frozen=True, slots=True)
class ScaleResult:
    """One score in one cell of a wave."""

    cell: str
    score: str
    items: int
    """Items that the key names."""
    n: int
    """Respondents who answered enough of them."""
    left_out: int
    """Respondents who did not."""
    mean: float | None
    """Weighted mean score; ``None`` when nobody has one."""
    sd: float | None
    """Standard deviation between respondents, ddof 1; ``None`` for fewer than two."""
    alpha: float | None
    """Cronbach's alpha over respondents with every item; ``None`` when it is not defined."""


def keyed(answers: ArrayLike, signs: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.float64]:
    """Answers with reversed items turned round: ``low + high - answer``.

    Parameters
    ----------
    answers : array_like, shape (n_people, n_items)
        Codes or scores; NaN where there is none.
    signs : array_like, shape (n_items,)
        1, or -1 for reversed items.
    low, high : array_like, shape (n_items,)
        Lowest and highest value of each item.

    >>> keyed([[1.0, 1.0]], [1, -1], [1, 1], [5, 5]).tolist()
    [[1.0, 5.0]]
    """
    values, turned = np.asarray(answers, float), np.asarray(signs) < 0
    return np.asarray(np.where(turned, np.asarray(low, float) + np.asarray(high, float) - values, values))


def scale_scores(answers: ArrayLike, method: str = "mean", least: float = LEAST) -> NDArray[np.float64]:
    """Score of each person from keyed answers.

    Parameters
    ----------
    answers : array_like, shape (n_people, n_items)
        Keyed answers, NaN where there is none.
    method : str
        ``mean`` of the answered items, or ``sum``: that mean times the number of items, so that people who left
        one out are not lower for it.
    least : float
        Share of items, in (0, 1], that must be answered; NaN for people with fewer.

    >>> scale_scores([[1.0, 3.0], [2.0, np.nan]]).tolist()
    [2.0, 2.0]
    """
    values = np.asarray(answers, float)
    given = np.isfinite(values)
    counted = given.sum(axis=1)
    enough = counted >= max(1.0, least * values.shape[1])
    sums = np.where(given, values, 0.0).sum(axis=1)
    means = np.divide(sums, counted, out=np.full(len(values), np.nan), where=enough)
    return np.asarray(means * values.shape[1] if method == "sum" else means)


def cronbach_alpha(answers: ArrayLike) -> float:
    """Cronbach's alpha: how consistent the items of a score are.

    Parameters
    ----------
    answers : array_like, shape (n_people, n_items)
        Keyed answers; people with a missing one are left out.

    Returns
    -------
    float
        At most 1; below 0 when items contradict each other; NaN with fewer than two items or people, or when nobody
        differs from anybody.

    References
    ----------
    .. [1] Cronbach (1951). Coefficient alpha and the internal structure of tests. Psychometrika 16.

    >>> cronbach_alpha([[1, 1], [2, 2], [3, 3]])
    1.0
    """
    values = np.asarray(answers, float)
    values = values[np.isfinite(values).all(axis=1)]
    people, items = values.shape
    if people < 2 or items < 2:
        return float("nan")
    total = values.sum(axis=1).var(ddof=1)
    if total <= 0:
        return float("nan")
    return float(items / (items - 1) * (1 - values.var(axis=0, ddof=1).sum() / total))


def scales(results: Results) -> tuple[ScaleResult, ...]:
    """Every score of the scoring keys of a store's questionnaire, in every cell."""
    questionnaire = results.questionnaire
    found = []
    for cell in results.cells:
        respondents = results.respondents(cell)
        for name, key in questionnaire.scoring.items():
            answers = keyed(_table(results, cell, key, len(respondents.ids)), *_ranges(questionnaire, key))
            scores = scale_scores(answers, key.method)
            has = np.isfinite(scores)
            alpha = cronbach_alpha(answers)
            found.append(
                ScaleResult(
                    cell.name,
                    name,
                    len(key.items),
                    int(has.sum()),
                    int((~has).sum()),
                    float(np.average(scores[has], weights=respondents.weights[has])) if has.any() else None,
                    float(scores[has].std(ddof=1)) if has.sum() > 1 else None,
                    None if np.isnan(alpha) else alpha,
                )
            )
    return tuple(found)


def _ranges(questionnaire: Questionnaire, key: ScoringKey) -> tuple[list[int], list[float], list[float]]:
    """Signs, lowest and highest values of a key's items."""
    values = [_values(questionnaire, item).values() for item in key.items]
    return list(key.items.values()), [min(each) for each in values], [max(each) for each in values]


def _values(questionnaire: Questionnaire, item: str) -> dict[int, float]:
    """Value of each substantive code: its score, or the code itself when no option has one."""
    options = [option for option in questionnaire[item].choices if option.kind == "substantive"]
    scored = any(option.score is not None for option in options)
    return {
        option.code: option.score if scored and option.score is not None else option.code
        for option in options
        if not scored or option.score is not None
    }


def _table(results: Results, cell: Cell, key: ScoringKey, people: int) -> NDArray[np.float64]:
    """Values of a key's items, shape (n_people, n_items); NaN without a substantive answer; first replicate."""
    answers = results.answers(cell, results.respondents(cell))
    ids = {question.name: question.id for question in results.questions}
    table = np.full((people, len(key.items)), np.nan)
    for column, item in enumerate(key.items):
        if item not in ids:
            continue
        respondent, replicate, code = answers.of(ids[item])
        values = _values(results.questionnaire, item)
        first = (replicate == 0) & (code != NO_CODE)
        table[respondent[first], column] = [values.get(one, np.nan) for one in code[first].tolist()]
    return table
