"""From a store to the arrays of probing: every distribution by method, context, style, variation and question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from analysis.choices import NOTHING, Floats, Integers, Scales, Truths
from analysis.def_data import is_closed, scales_of
from analysis.probing.robustness import mean_shares
from analysis.probing.ways import BASELINE, METHODS, Way, alphabet, context_levels, probe_cells
from analysis.reading import Results
from analysis.records import Asked
from surveys.probing.shares import token_shares

FORMS = ("none", "only")
"""Forms of a label: alone, and after a space."""

METHODS_OF_A_CELL = """
SELECT DISTINCT d.method FROM respondents r JOIN distributions d ON d.respondent_id = r.id WHERE r.cell_id = ?"""

DISTRIBUTIONS_OF_A_CELL = """
SELECT r.id, p.weight, d.question_id, d.method, d.code, d.probability, d.logprobs, d.outside
FROM respondents r JOIN personas p ON p.id = r.persona_id JOIN distributions d ON d.respondent_id = r.id
WHERE r.cell_id = ? AND d.replicate = 0 ORDER BY r.id, d.question_id, d.method"""

ANSWERS_OF_A_CELL = """
SELECT a.respondent_id, a.question_id, a.method, a.status, a.presentation
FROM respondents r JOIN answers a ON a.respondent_id = r.id
WHERE r.cell_id = ? AND a.replicate = 0 AND a.status <> 'skipped' ORDER BY 1, 2, 3"""

TEXTS_OF_A_CELL = """
SELECT a.respondent_id, a.question_id, count(*) FROM respondents r JOIN answers a ON a.respondent_id = r.id
WHERE r.cell_id = ? AND a.method = 'text' AND a.status NOT IN ('failed', 'skipped') GROUP BY 1, 2"""


@dataclass(frozen=True)
class Probed:
    """One model in one language. Axes, where there: methods, contexts, styles, variations, questions, options."""

    model: str
    language: str
    questions: tuple[Asked, ...]
    """Those with one choice among two substantive options or more."""
    scales: Scales
    methods: tuple[str, ...]
    contexts: tuple[str | None, ...]
    """``None`` is the generic one, in which nobody is told; the others are groups of the people told."""
    styles: tuple[str, ...]
    variations: tuple[str, ...]
    """Layouts of the options and perturbations, the baseline first where there is one."""
    perturbed: tuple[bool, ...]
    """Which variations perturb the questionnaire."""
    planned: tuple[int, ...]
    """Distributions of each method once the probe is complete."""
    shares: Floats
    """(methods, contexts, styles, variations, questions, options) over the substantive options; NaN without."""
    outside: Floats
    """(methods, contexts, styles, variations, questions) mass outside the options; of texts 1 - valid ratio."""
    sampled: Floats
    """(contexts, styles, variations, questions) texts that were sampled; NaN without."""
    forms: Floats
    """(2, contexts, styles, variations, questions, options) tokens by each of :data:`FORMS`; NaN without."""
    positions: Integers
    labels: Integers
    """(styles, variations, questions, options) where each stood among the substantive options and the rank of its
    label, from 0; :data:`~analysis.choices.NOTHING` where that was not shown."""
    alphabets: tuple[tuple[str, ...], ...]
    """(styles, variations) which labels were used: their kind, such as ``A`` or ``0``."""
    unread: int
    """Distributions left out because no text of them was understood."""
    unranked: int
    """Distributions left out because their labels could not be told apart, or for want of any mass."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the questions."""
        return tuple(question.name for question in self.questions)

    @property
    def base(self) -> Floats:
        """(methods, styles, variations, questions, options) told nobody; the mean over those told where all are."""
        return self._over_contexts(np.moveaxis(self.shares, 1, 0))

    @property
    def base_forms(self) -> Floats:
        """(2, styles, variations, questions, options) of the label forms, as :attr:`base`."""
        return self._over_contexts(np.moveaxis(self.forms, 1, 0))

    def _over_contexts(self, table: Floats) -> Floats:
        return table[self.contexts.index(None)] if None in self.contexts else mean_shares(table)


def probed_models(results: Results, by: str | None = None, keep_unread: bool = False) -> tuple[Probed, ...]:
    """Read every model that a store probes; empty where it probes none.

    Parameters
    ----------
    by : str, optional
        Grouping of the reference, or attribute of the people, that contexts are made of; country where there is one.
    keep_unread : bool
        Count sampled texts of which none was understood as an equal spread over the options, as published.

    Raises
    ------
    StoreError
        If the store is damaged.
    DocumentError
        If nobody has that attribute.
    """
    closed = tuple(question for question in results.questions if is_closed(question))
    ways = probe_cells(results)
    told = tuple(each for each in ways.values() if each.told)
    levels = context_levels(results, by, [cell for cell, each in ways.items() if each.told]) if told else {}
    subjects = dict.fromkeys((each.model, each.language) for each in ways.values())
    return tuple(
        _Gathered(
            results,
            {cell: each for cell, each in ways.items() if (each.model, each.language) == subject},
            closed,
            levels,
            keep_unread,
        ).probed(*subject)
        for subject in subjects
    )


class _Gathered:
    """Reads the cells of one model, distribution by distribution, into its arrays."""

    def __init__(
        self,
        results: Results,
        ways: Mapping[int, Way],
        closed: tuple[Asked, ...],
        levels: Mapping[int, str],
        keep_unread: bool,
    ) -> None:
        self._results, self._ways, self._closed, self._levels = results, ways, closed, levels
        self._keep_unread = keep_unread
        self._scales = scales_of(closed)
        self._row = {question.id: row for row, question in enumerate(closed)}
        found = {method for cell in ways for (method,) in results.rows(METHODS_OF_A_CELL, (cell,))}
        self._methods = tuple(method for method in METHODS if method in found)
        generic: tuple[str | None, ...] = (None,) if any(not way.told for way in ways.values()) else ()
        own = dict.fromkeys(level for cell in ways for level in self._levels_in(cell) if level is not None)
        self._contexts = (*generic, *own)
        self._styles = tuple(dict.fromkeys(way.style for way in ways.values()))
        names = dict.fromkeys(way.variation for way in ways.values())
        self._variations = tuple(sorted(names, key=lambda name: name != BASELINE))
        grid = (len(self._contexts), len(self._styles), len(self._variations), len(closed))
        self._sums = np.zeros((len(self._methods), *grid, self._scales.codes.shape[1]))
        self._weights = np.zeros((len(self._methods), *grid))
        self._outside = np.zeros((len(self._methods), *grid))
        self._sampled = np.full(grid, np.nan)
        self._forms = np.zeros((len(FORMS), *grid, self._scales.codes.shape[1]))
        self._formed = np.zeros(grid)
        self._positions = np.full((*grid[1:], self._scales.codes.shape[1]), NOTHING, dtype=np.int64)
        self._labels = self._positions.copy()
        self._alphabets = np.full(grid[1:3], "", dtype=object)
        self._unread = self._unranked = 0

    def probed(self, model: str, language: str) -> Probed:
        for cell in self._ways:
            self._cell(cell)
        offered = self._scales.offered
        return Probed(
            model=model,
            language=language,
            questions=self._closed,
            scales=self._scales,
            methods=self._methods,
            contexts=self._contexts,
            styles=self._styles,
            variations=self._variations,
            perturbed=tuple(
                any(w.perturbed for w in self._ways.values() if w.variation == v) for v in self._variations
            ),
            planned=tuple(self._planned(method) * len(self._closed) for method in self._methods),
            shares=_averaged(self._sums, self._weights, offered),
            outside=_averaged(self._outside, self._weights),
            sampled=self._sampled,
            forms=_averaged(self._forms, np.broadcast_to(self._formed, (len(FORMS), *self._formed.shape)), offered),
            positions=self._positions,
            labels=self._labels,
            alphabets=tuple(tuple(row) for row in self._alphabets.tolist()),
            unread=self._unread,
            unranked=self._unranked,
        )

    def _planned(self, method: str) -> int:
        """Contexts times the ways in which they are asked."""
        return len(
            {
                (level, way.style, way.variation)
                for cell, way in self._ways.items()
                for level in self._levels_in(cell)
                if method in way.methods and (level is not None or not way.told)
            }
        )

    def _levels_in(self, cell: int) -> list[str | None]:
        if not self._ways[cell].told:
            return [None]
        rows = self._results.rows("SELECT id FROM respondents WHERE cell_id = ? ORDER BY id", (cell,))
        return [self._levels.get(respondent) for (respondent,) in rows]

    def _cell(self, cell: int) -> None:
        way = self._ways[cell]
        at = (self._styles.index(way.style), self._variations.index(way.variation))
        shown = self._shown(cell, at)
        texts = self._texts(cell)
        rows = self._results.rows(DISTRIBUTIONS_OF_A_CELL, (cell,))
        for (respondent, weight, question, method), group in groupby(rows, key=lambda row: row[:4]):
            level = self._levels.get(respondent) if way.told else None
            if question not in self._row or (way.told and level is None):
                continue
            row = self._row[question]
            each = list(group)
            place = (self._contexts.index(level), *at, row)
            self._distribution(method, place, weight, each, (respondent, question, method) in shown)
            if method == "text":
                drawn = texts.get((respondent, question), 0)
                self._sampled[place] = np.nansum([self._sampled[place], drawn])

    def _distribution(
        self, method: str, place: tuple[int, ...], weight: float, rows: Sequence[Any], ranked: bool
    ) -> None:
        """Add one distribution of one respondent, over the substantive options alone."""
        by_code = {code: (probability, logprobs) for *_, code, probability, logprobs, _ in rows}
        outside = rows[0][-1]
        codes = self._scales.codes[place[-1], : self._scales.sizes[place[-1]]].astype(np.int64).tolist()
        shares = np.array([by_code[code][0] if code in by_code else 0.0 for code in codes])
        if not ranked or shares.sum() <= 0:
            self._unranked += 1
            return
        if method == "text" and outside is not None and outside >= 1 - 1e-9 and not self._keep_unread:
            self._unread += 1
            return
        n = self._methods.index(method)
        self._sums[(n, *place)][: len(codes)] += weight * shares / shares.sum()
        self._weights[(n, *place)] += weight
        self._outside[(n, *place)] += weight * (outside or 0.0)
        if method == "token" and all(code in by_code and by_code[code][1] for code in codes):
            rated = [self._results.json(by_code[code][1]) for code in codes]
            both = [form for form in (_by_form(rated, name) for name in FORMS) if form is not None]
            if len(both) == len(FORMS):
                for number, form in enumerate(both):
                    self._forms[(number, *place)][: len(codes)] += weight * form
                self._formed[place] += weight

    def _shown(self, cell: int, at: tuple[int, int]) -> set[tuple[int, int, str]]:
        """Answers that may be ranked; on the way, where options stood, which is the same for everybody in a cell."""
        ranked: set[tuple[int, int, str]] = set()
        for respondent, question, method, status, presentation in self._results.rows(ANSWERS_OF_A_CELL, (cell,)):
            if status == "answered" or method == "text":
                ranked.add((respondent, question, method))
            if question not in self._row or not presentation:
                continue
            row = self._row[question]
            if self._positions[(*at, row, 0)] != NOTHING:
                continue
            self._place(at, row, self._results.json(presentation))
        return ranked

    def _place(self, at: tuple[int, int], row: int, presentation: Mapping[str, Any]) -> None:
        codes = self._scales.codes[row, : self._scales.sizes[row]].astype(np.int64).tolist()
        order, labels = presentation.get("codes"), presentation.get("labels")
        if not order or not labels or not set(codes) <= set(order) or not set(codes) <= set(labels.values()):
            return
        lines = [code for code in order if code in codes]
        ranked = [labels[label] for label in sorted(labels, key=_label_order) if labels[label] in codes]
        self._positions[(*at, row, slice(0, len(codes)))] = [lines.index(code) for code in codes]
        self._labels[(*at, row, slice(0, len(codes)))] = [ranked.index(code) for code in codes]
        self._alphabets[at] = self._alphabets[at] or alphabet(labels)

    def _texts(self, cell: int) -> dict[tuple[int, int], int]:
        return {(respondent, question): n for respondent, question, n in self._results.rows(TEXTS_OF_A_CELL, (cell,))}


def _averaged(sums: Floats, weights: Floats, offered: Truths | None = None) -> Floats:
    """Means by weight; NaN where there is none, and in columns that a question lacks."""
    with np.errstate(invalid="ignore"):
        if offered is None:
            return np.asarray(sums / np.where(weights > 0, weights, np.nan))
        return np.where(offered, sums / np.where(weights > 0, weights, np.nan)[..., None], np.nan)


def _by_form(rated: Sequence[Mapping[str, Any]], form: str) -> Floats | None:
    """Distribution by one form of the labels; ``None`` where that was not rated."""
    spaced = form == "only"
    if not all(any(text.startswith(" ") == spaced for text in one) for one in rated):
        return None
    try:
        return token_shares(rated, "only" if spaced else "none")
    except ValueError:  # no option has a measured one
        return None


def _label_order(label: str) -> tuple[int, str]:
    return (int(label), "") if label.isdecimal() else (0, label)
