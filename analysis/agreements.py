"""How far the judges of a store agree: people with one another, a judge model with people, rules with either."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from analysis.agreement import agreement_interval, cohen_kappa, krippendorff_alpha
from analysis.annotation import RULES, Annotation, ratings, read_sheets
from analysis.choices import Floats
from analysis.def_rules import DefRules, def_rules
from analysis.evaluated import Agreement
from analysis.reading import Results, open_results
from analysis.responses import judged_as_annotations, rules_as_annotations, stored_responses
from analysis.rule_judge import Rules, usual_rules
from demoscope.errors import DocumentError
from demoscope.replies import APART
from demoscope.seeds import generator
from surveys.judging import DIMENSIONS, Dimension

PEOPLE = "people"
"""What the results call all annotators together."""


def agreements(
    results: Results, people: Sequence[Annotation], rules: DefRules, checks: Rules | None = None, draws: int = 1000
) -> tuple[Agreement, ...]:
    """Agreement of everybody who judged replies of a store, in each dimension.

    Parameters
    ----------
    people : sequence of Annotation
        What people wrote on their sheets; empty without any.
    rules : DefRules
        How a judge's verdict is read.
    checks : Rules, optional
        Which questions belong together, for the rules; the markers that a protocol asks for when absent.
    draws : int
        Resamples of the replies behind each interval.

    Returns
    -------
    tuple of Agreement
        Cohen's kappa of every two raters that judged the same replies, and Krippendorff's alpha of all people where
        there are two or more. Rules are compared on the replies that somebody else judged.

    Raises
    ------
    DocumentError
        If a sheet is about a reply that the store does not have, or an annotator is called as a judge is.
    """
    publics = [cell for cell in results.cells if cell.protocol not in APART]
    judges = [annotation for cell in publics for annotation in judged_as_annotations(results, cell, rules)]
    if not people and not judges:
        return ()  # rules alone have nobody to agree with
    by_rule: list[Annotation] = []
    replied: set[tuple[int, str, int]] = set()
    for cell in publics:
        responses = stored_responses(results, cell)
        replied |= {(r.respondent, r.question.name, r.replicate) for r in responses}
        by_rule += rules_as_annotations(results, responses, checks or usual_rules(cell.protocol))
    _check(results, people, judges, replied)
    seen = {annotation.unit for annotation in (*people, *judges)}
    everybody = (*people, *judges, *(annotation for annotation in by_rule if annotation.unit in seen))
    names = {annotation.annotator for annotation in people}
    found: list[Agreement] = []
    for dimension in DIMENSIONS:
        raters, table = ratings(everybody, dimension)
        found += _of(dimension, raters, table, names, results.wave.seed, draws)
    return tuple(found)


def read_agreements(store: Path, sheets: Sequence[Path]) -> tuple[Agreement, ...]:
    """Agreement on the replies of a store with what people wrote on sheets; see :func:`agreements`.

    Raises
    ------
    DocumentError, StoreError
        If a sheet or the store cannot be read.
    """
    people = read_sheets(sheets)
    with open_results(store) as results:
        return agreements(results, people, def_rules())


def _check(
    results: Results,
    people: Sequence[Annotation],
    judges: Sequence[Annotation],
    replied: set[tuple[int, str, int]],
) -> None:
    for annotation in people:
        if annotation.unit not in replied:
            raise DocumentError(
                f"{annotation.annotator} judged a reply of respondent {annotation.respondent} to "
                f"{annotation.question!r} that {results.path} does not have; is the sheet of another store?"
            )
    both = {annotation.annotator for annotation in people} & {annotation.annotator for annotation in judges}
    if both:
        raise DocumentError(
            f"{min(both)!r} is an annotator on a sheet and a judge in {results.path}; give the annotator another "
            "name."
        )


def _of(
    dimension: Dimension, raters: Sequence[str], table: Floats, people: set[str], seed: int, draws: int
) -> list[Agreement]:
    found = []
    rows = [place for place, rater in enumerate(raters) if rater in people]
    if len(rows) > 1 and (np.isfinite(table[rows]).sum(axis=0) > 1).any():
        rng = generator(seed, "agreement", dimension, PEOPLE)
        judged = table[rows]
        judged = judged[:, np.isfinite(judged).sum(axis=0) > 1]
        limits = agreement_interval(krippendorff_alpha, judged, rng, draws)
        found.append(_agreement(dimension, (PEOPLE,), "alpha", judged, krippendorff_alpha(judged), limits))
    for one, other in combinations(range(len(raters)), 2):
        both = table[[one, other]]
        both = both[:, np.isfinite(both).all(axis=0)]
        if both.shape[1] and {raters[one], raters[other]} != {RULES}:
            rng = generator(seed, "agreement", dimension, raters[one], raters[other])
            limits = agreement_interval(_kappa_of_both, both, rng, draws)
            found.append(_agreement(dimension, (raters[one], raters[other]), "kappa", both, _kappa(both), limits))
    return found


def _kappa(table: Floats) -> float:
    return cohen_kappa(table[0], table[1])


def _kappa_of_both(table: Floats) -> float:
    """Kappa where both raters vary; with one who always says the same it is 0 by construction, whatever is judged."""
    return _kappa(table) if (np.ptp(table, axis=1) > 0).all() else float("nan")


def _agreement(
    dimension: Dimension,
    raters: tuple[str, ...],
    measure: str,
    table: Floats,
    value: float,
    limits: tuple[float, float],
) -> Agreement:
    same = np.nanmax(table, axis=0) == np.nanmin(table, axis=0)
    low, high = limits
    return Agreement(
        dimension=dimension,
        raters=raters,
        measure=measure,
        replies=table.shape[1],
        alike=float(same.mean()),
        value=value if np.isfinite(value) else None,
        low=low if np.isfinite(low) else None,
        high=high if np.isfinite(high) else None,
    )
