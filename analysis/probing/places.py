"""What place and label add in one model's answers, and its answers without that, from arrays to documents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.choices import NOTHING, Floats, Integers, Truths
from analysis.multiplicity import holm
from analysis.probing.calibration import calibrated
from analysis.probing.data import Probed
from analysis.probing.expressiveness import alignment
from analysis.probing.findings import Debiased, Debiasing, PlaceEffects
from analysis.probing.place_bias import PlaceBias, place_bias
from analysis.probing.robustness import mean_shares, question_mean, selection_changes
from analysis.probing.rules import ProbeRules
from analysis.probing.ways import BASELINE


@dataclass(frozen=True)
class Places:
    """Bias of one method, for every number of options and kind of labels that can be told."""

    found: tuple[tuple[int, str, PlaceBias], ...]
    """Number of options, kind of labels, and the bias."""
    freed: Floats
    """(styles, variations, questions, options) calibrated distributions; NaN where the bias cannot be told."""


def places_of(probed: Probed, method: str) -> Places:
    """Estimate the bias of one method and take it out."""
    base = probed.base[probed.methods.index(method)]
    freed = np.full(base.shape, np.nan)
    found = []
    for size, alphabet, rows, used in _alike(probed):
        at, rank = (table[:, :, rows, :size] for table in (probed.positions, probed.labels))
        shown = used[:, :, None] & (at != NOTHING).all(axis=-1)
        mine = np.where(shown[..., None], base[:, :, rows, :size], np.nan)
        units = [_by_unit(table) for table in (mine, at, rank)]
        clusters = np.tile(np.arange(len(rows)), len(probed.styles))
        bias = place_bias(units[0], units[1], units[2], clusters)
        if bias is None:
            continue
        found.append((size, alphabet, bias))
        part = calibrated(mine, bias.added(np.maximum(at, 0), np.maximum(rank, 0)))
        whole = freed[:, :, rows, :size]
        freed[:, :, rows, :size] = np.where(np.isnan(part), whole, part)
    return Places(tuple(found), freed)


def _alike(probed: Probed) -> Iterator[tuple[int, str, Integers, Truths]]:
    """Questions with one number of options, and the ways of asking them with one kind of labels."""
    alphabets = np.array(probed.alphabets, dtype=object)
    for size in np.unique(probed.scales.sizes).tolist():
        rows = np.flatnonzero(probed.scales.sizes == size)
        for alphabet in dict.fromkeys(alphabets[alphabets != ""].tolist()):
            yield size, alphabet, rows, alphabets == alphabet


def _by_unit(table: Floats | Integers) -> Floats | Integers:
    """(styles, variations, questions, options) as (styles x questions, variations, options)."""
    return table.swapaxes(1, 2).reshape(-1, table.shape[1], table.shape[3])


def effects_of(found: Sequence[Places]) -> list[tuple[PlaceEffects, ...]]:
    """Documents of several methods' effects, their p-values adjusted for all of them."""
    tested = [e.p for places in found for _, _, bias in places.found for e in bias.effects if e.p is not None]
    adjusted = iter(holm(tested).tolist())
    return [
        tuple(
            PlaceEffects(
                kind=each.kind,
                options=size,
                alphabet=alphabet,
                questions=bias.questions,
                values=tuple(each.values.tolist()),
                low=None if np.isnan(each.low).any() else tuple(each.low.tolist()),
                high=None if np.isnan(each.high).any() else tuple(each.high.tolist()),
                shares=tuple(each.shares.tolist()),
                complete=each.complete,
                always=each.always,
                p=each.p,
                adjusted_p=None if each.p is None else next(adjusted),
            )
            for size, alphabet, bias in places.found
            for each in bias.effects
        )
        for places in found
    ]


def debiasing_of(
    probed: Probed, method: str, places: Places, people: Floats | None, rules: ProbeRules
) -> Debiasing | None:
    """Raw, averaged and calibrated distributions beside one another; ``None`` where no bias can be told.

    ``people`` is (n_questions, n_options) of everybody.
    """
    base = probed.base[probed.methods.index(method)]
    freed = places.freed
    known: Truths = np.asarray(~np.isnan(freed).all(axis=(0, 1, 3)))
    if not known.any():
        return None
    same = np.where(np.isnan(freed), np.nan, base)  # the ways that the bias was taken out of
    first = probed.variations.index(BASELINE) if BASELINE in probed.variations else 0
    raw, averaged, free = mean_shares(base[:, first]), _over_ways(same), _over_ways(freed)
    ordinal = np.array([question.ordinal for question in probed.questions], dtype=np.bool_) & known
    aligned: list[float | None] = [None] * 3
    if people is not None and ordinal.any():
        means = [alignment(table[ordinal], people[ordinal]) for table in (raw, averaged, free)]
        aligned = [None if np.isnan(mean).all() else float(np.nanmean(mean)) for mean in means]
    sizes = probed.scales.sizes
    return Debiasing(
        questions=int(known.sum()),
        between_raw=_between(same, rules),
        between_calibrated=_between(freed, rules),
        alignment_raw=aligned[0],
        alignment_averaged=aligned[1],
        alignment_calibrated=aligned[2],
        distributions=tuple(
            Debiased(
                question=name,
                codes=tuple(probed.scales.codes[n, : sizes[n]].astype(np.int64).tolist()),
                raw=_listed(raw[n, : sizes[n]]),
                averaged=_listed(averaged[n, : sizes[n]]),
                calibrated=_listed(free[n, : sizes[n]]),
            )
            for n, name in enumerate(probed.names)
            if known[n] and not np.isnan(raw[n]).all()
        ),
    )


def _over_ways(table: Floats) -> Floats:
    """Mean over styles and variations, every way counting alike."""
    return mean_shares(table.reshape(-1, *table.shape[2:]))


def _between(table: Floats, rules: ProbeRules) -> float:
    """Mean Jensen-Shannon distance between layouts, averaged over styles first; 0 where there is one."""
    if table.shape[1] < 2:
        return 0.0
    return float(question_mean(selection_changes(table, rules.js_base, rules.squared).js))


def _listed(shares: Floats) -> tuple[float, ...]:
    return tuple(shares.tolist())
