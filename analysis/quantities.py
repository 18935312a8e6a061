"""Numbers, ranks and points: answers that are more than a choice, and what they come to."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analysis.bootstrap import limits, resampled_counts
from analysis.choices import columns_of
from analysis.findings import Mean, NumberSummary
from analysis.reading import Results
from analysis.records import NO_CODE, Cell, Respondents
from demoscope.seeds import generator

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AT_ONCE = 500
"""Options whose resamples are held in memory at a time."""


@dataclass(frozen=True)
class Quantities:
    """Numbers, ranks or points that respondents gave in answer to one question, a row each.

    Of a scale only the scores of answers that were given on other points than its own, and so have no code.
    """

    respondent: Integers
    """Position of the respondent in the cell."""
    replicate: Integers
    code: Integers
    """Option that has the rank or points; :data:`~analysis.records.NO_CODE` for a number."""
    value: Floats

    def among(self, respondents: NDArray[np.bool_]) -> "Quantities":
        """Those of some respondents alone (one truth value for each respondent of the cell)."""
        return self._kept(respondents[self.respondent])

    def of_options(self, codes: Integers) -> "Quantities":
        """Those of some options, whose places stand in ``code`` afterwards."""
        columns, known = columns_of(self.code, codes)
        return replace(self._kept(known), code=columns)

    def _kept(self, rows: NDArray[np.bool_]) -> "Quantities":
        return Quantities(self.respondent[rows], self.replicate[rows], self.code[rows], self.value[rows])


@dataclass(frozen=True)
class Chance:
    """How means are resampled: the seed, the names of what is drawn, and how often."""

    seed: int
    names: tuple[str, ...]
    draws: int


def read_quantities(results: Results, cell: Cell, respondents: Respondents) -> dict[int, Quantities]:
    """Numbers, ranks and points of a cell's understood answers by question id, all replicates of ``text``.

    Scales are there with the scores of what was answered on other points (perturbation ``scale_points``).
    """
    rows = results.rows(
        f"""SELECT a.respondent_id, a.question_id, a.replicate, coalesce(o.code, {NO_CODE}),
        CASE q.kind WHEN 'number' THEN a.value WHEN 'scale' THEN iif(o.code IS NULL, a.value, NULL)
        WHEN 'ranking' THEN o.rank ELSE o.amount END AS said
        FROM respondents r JOIN answers a ON a.respondent_id = r.id JOIN questions q ON q.id = a.question_id
        LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate)
        WHERE r.cell_id = ? AND a.method = 'text' AND a.status = 'answered'
        AND q.kind IN ('number', 'scale', 'ranking', 'allocation') AND said IS NOT NULL""",
        (cell.id,),
    )
    by_question: dict[int, list[tuple[int, int, int, float]]] = {}
    for respondent, question, *given in rows:
        by_question.setdefault(question, []).append((respondent, *given))
    return {
        question: Quantities(
            np.searchsorted(respondents.ids, np.array([row[0] for row in given], dtype=np.int64)),
            np.array([row[1] for row in given], dtype=np.int64),
            np.array([row[2] for row in given], dtype=np.int64),
            np.array([row[3] for row in given], dtype=np.float64),
        )
        for question, given in by_question.items()
    }


def number(found: Quantities, weights: Floats, chance: Chance) -> NumberSummary | None:
    """What open numbers come to; ``None`` when nobody gave one."""
    if not len(found.value):
        return None
    (mean,) = means(replace(found, code=np.zeros_like(found.code)), 1, weights, chance)
    assert mean is not None
    return NumberSummary(
        mean=mean,
        median=weighted_median(found.value, weights[found.respondent]),
        least=float(found.value.min()),
        most=float(found.value.max()),
    )


def means(
    found: Quantities, options: int, weights: Floats, chance: Chance, *, everybody: bool = False
) -> tuple[Mean | None, ...]:
    """Weighted mean of each option with a bootstrap interval over respondents.

    Parameters
    ----------
    found : Quantities
        With places of options in ``code``.
    options : int
        How many options there are.
    weights : numpy.ndarray, shape (n_respondents,)
        How many people each respondent of the cell stands for.
    chance : Chance
        How to resample.
    everybody : bool
        Whether an answer that does not name an option gives it 0, as with points; it is left out otherwise.
    """
    heard, who = np.unique(found.respondent, return_inverse=True)
    if not len(heard):
        return (None,) * options
    shape = (options, len(heard))
    totals = csr_matrix((found.value, (found.code, who)), shape=shape)
    if everybody:
        answers = np.unique(np.stack([who, found.replicate]), axis=1)[0]
        each = np.bincount(answers, minlength=len(heard)).astype(np.float64)
        counts = csr_matrix(np.tile(each, (options, 1)))
    else:
        counts = csr_matrix((np.ones(len(who)), (found.code, who)), shape=shape)
    parts: list[Mean | None] = []
    for start in range(0, options, AT_ONCE):
        block = slice(start, start + AT_ONCE)
        parts += _means(totals[block], counts[block], weights[heard], chance)
    return tuple(parts)


def _means(totals: csr_matrix, counts: csr_matrix, weights: Floats, chance: Chance) -> list[Mean | None]:
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (totals @ weights) / (counts @ weights)
        low = high = np.full(len(middle), np.nan)
        if len(weights) > 1:
            rng = generator(chance.seed, "bootstrap", "means", *chance.names)
            above = resampled_counts(totals, weights, rng, chance.draws)
            rng = generator(chance.seed, "bootstrap", "means", *chance.names)  # the same resamples
            low, high = limits(above / resampled_counts(counts, weights, rng, chance.draws))
    return [
        None
        if np.isnan(m)
        else Mean(mean=float(m), low=None if np.isnan(lo) else float(lo), high=None if np.isnan(hi) else float(hi))
        for m, lo, hi in zip(middle, low, high, strict=True)
    ]


def weighted_median(values: Floats, weights: Floats) -> float:
    """The value with half of the weight on either side; between two such values, their middle.

    >>> weighted_median(np.array([3.0, 1.0, 2.0, 10.0]), np.ones(4))
    2.5
    """
    order = np.argsort(values, kind="stable")
    ordered, below = values[order], np.cumsum(weights[order])
    place = int(np.searchsorted(below, below[-1] / 2))
    if np.isclose(below[place], below[-1] / 2) and place + 1 < len(ordered):
        return float((ordered[place] + ordered[place + 1]) / 2)
    return float(ordered[place])
