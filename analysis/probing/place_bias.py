"""What the place and the label of an option add to its share, apart from what it says.

The same options are shown in several layouts. In each, the logarithm of an option's share is what the option itself
is worth, plus what its place adds, plus what its label adds (a multinomial logit with an own worth of every option
of every question). Taken out of a distribution, the additions leave it calibrated.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.choices import Floats, Integers, Truths

Kind = Literal["position", "label", "place"]
"""Position among the lines, rank of the label, or both together: as shown where labels are in order of position."""

RIDGE = 1e-8
"""Keeps effects finite that the layouts cannot tell, or that a model which always takes one place makes infinite."""

ALWAYS = 10.0
"""Effects above this say that the model practically always takes (or never takes) that place."""

FEWEST = 5
"""Clusters from which on intervals are given."""

ROUNDS = 200


@dataclass(frozen=True)
class Effects:
    """What each position, or each label, adds to the logarithm of an option's share; they sum to 0."""

    kind: Kind
    values: Floats
    """(n_options,) by position from the top, or by rank of the label; 0 for what the layouts cannot tell."""
    low: Floats
    high: Floats
    """(n_options,) 95 %, by what differs between questions; NaN with fewer than :data:`FEWEST` of them."""
    shares: Floats
    """(n_options,) how options that mean nothing would be chosen, if only this were at work."""
    told: int
    """How many of the ``n_options - 1`` contrasts the layouts can tell."""
    p: float | None
    """Of there being no such effect at all; ``None`` where intervals are."""

    @property
    def complete(self) -> bool:
        """Whether the layouts tell every contrast. Reversals alone tell first from last, not ends from middle."""
        return self.told == len(self.values) - 1

    @property
    def always(self) -> bool:
        """Whether one place is practically always, or never, taken."""
        return bool(np.abs(self.values).max() > ALWAYS)


@dataclass(frozen=True)
class PlaceBias:
    """Effects of one number of options; every question shown in several layouts."""

    effects: tuple[Effects, ...]
    """Of both together, then, where these move apart, of position and label each as far as the layouts tell."""
    questions: int
    """Clusters that the intervals rest on."""
    parts: tuple[tuple[Kind, Floats], ...]
    """What is added by each kind that was estimated; only their sum is told in every layout."""

    def added(self, positions: ArrayLike, labels: ArrayLike) -> Floats:
        """What place and label add to the logarithm of each option's share.

        ``positions`` and ``labels`` are (..., n_options), from 0, in the order of the questionnaire.
        """
        at = {"position": np.asarray(positions), "label": np.asarray(labels), "place": np.asarray(positions)}
        found = np.zeros(at["position"].shape)
        for kind, values in self.parts:
            found = found + values[at[kind]]
        return found


def place_bias(
    shares: ArrayLike, positions: ArrayLike, labels: ArrayLike, clusters: ArrayLike, confidence: float = 0.95
) -> PlaceBias | None:
    """Estimate what position and label add, by maximum (quasi-)likelihood.

    Parameters
    ----------
    shares : array_like, shape (n_units, n_layouts, n_options)
        Distributions in the order of the questionnaire; a unit is one question in one style. A layout that is NaN
        was not answered.
    positions, labels : array_like of int, shape (n_units, n_layouts, n_options)
        Where each option stood, and the rank of its label, both from 0.
    clusters : array_like of int, shape (n_units,)
        Which question a unit belongs to; intervals and test treat questions as what was drawn.
    confidence : float
        Coverage of the intervals, in (0, 1).

    Returns
    -------
    PlaceBias or None
        ``None`` when no question was answered in two layouts, or they change nothing for any option.

    Raises
    ------
    ValueError
        If shapes differ or there are fewer than two options.

    References
    ----------
    .. [1] Zheng et al. (2024). Large Language Models Are Not Robust Multiple Choice Selectors. ICLR (PriDe).
    .. [2] Papke and Wooldridge (1996). Econometric methods for fractional response variables. J. Appl. Econom. 11.

    >>> worth, first = np.log([0.6, 0.4]), np.log([3.0, 1.0])  # the first place is taken three times as readily
    >>> as_shown, turned = np.exp(worth + first), np.exp(worth + first[::-1])
    >>> table = [[as_shown / as_shown.sum(), turned / turned.sum()]]
    >>> found = place_bias(table, [[[0, 1], [1, 0]]], [[[0, 1], [1, 0]]], [0])
    >>> found.effects[0].kind, found.effects[0].shares.round(6).tolist()
    ('place', [0.75, 0.25])
    """
    table = np.asarray(shares, dtype=np.float64)
    at, rank = np.asarray(positions, dtype=np.int64), np.asarray(labels, dtype=np.int64)
    owners = np.asarray(clusters, dtype=np.int64)
    if table.ndim != 3 or table.shape != at.shape or table.shape != rank.shape or len(owners) != len(table):
        raise ValueError(
            f"Need shares, positions and labels of one shape and a cluster for each unit, got {table.shape}, "
            f"{at.shape}, {rank.shape} and {owners.shape}."
        )
    if table.shape[2] < 2:
        raise ValueError("A question needs two options to be chosen from.")
    heard: Truths = np.asarray(~np.isnan(table).any(axis=2))
    compared = heard.sum(axis=1) > 1  # a question shown in one layout alone says nothing
    table, at, rank = table[compared], at[compared], rank[compared]
    heard, owners = heard[compared], owners[compared]
    kinds = _kinds(at, rank, heard)
    if not kinds:
        return None
    fit = _Fit.of(np.nan_to_num(table), heard, [rank if kind == "label" else at for kind in kinds])
    return fit.reported(kinds, owners, confidence)


def _kinds(at: Integers, rank: Integers, heard: Truths) -> list[Kind]:
    """Which effects the layouts can tell at all."""
    if (at == rank)[heard].all():
        return ["place"] if _moves(at, heard) else []
    found: list[Kind] = []
    if _moves(at, heard):
        found.append("position")
    if _moves(rank, heard):
        found.append("label")
    return found


def _moves(at: Integers, heard: Truths) -> bool:
    """Whether some option is seen in two places by one unit."""
    low = np.where(heard[..., None], at, at.shape[2]).min(axis=1, initial=at.shape[2])
    high = np.where(heard[..., None], at, -1).max(axis=1, initial=-1)
    return bool((high > low).any())


@dataclass(frozen=True)
class _Fit:
    """The estimate: ``effects`` are those of all kinds one after another, of every option's place one."""

    effects: Floats
    """(n_effects,)"""
    information: Floats
    """(n_effects, n_effects) without what the options' own worth takes of it."""
    scores: Floats
    """(n_units, n_effects) each unit's part of the score."""

    @classmethod
    def of(cls, shares: Floats, heard: Truths, places: list[Integers]) -> "_Fit":
        """Newton's method with halved steps; the objective is concave."""
        k = shares.shape[2]
        design = np.concatenate([np.eye(k)[place] for place in places], axis=-1)  # units, layouts, options, effects
        weights = heard.astype(np.float64)
        chosen = (shares * weights[..., None]).sum(axis=1) > 0  # an option never chosen is worth nothing, exactly
        worth = np.zeros(chosen.shape)
        effects = np.zeros(design.shape[-1])
        best = _objective(shares, weights, design, chosen, worth, effects)
        step = _step(shares, weights, design, chosen, worth, effects)
        for _ in range(ROUNDS):
            length, better = 1.0, False
            while length > 1e-9 and not better:
                moved = worth + length * step.worth, effects + length * step.effects
                reached = _objective(shares, weights, design, chosen, *moved)
                better = reached > best + 1e-15 * abs(best)
                length /= 2
            if not better:
                break
            (worth, effects), best = moved, reached
            step = _step(shares, weights, design, chosen, worth, effects)
        return cls(effects, step.information, step.scores)

    def reported(self, kinds: list[Kind], owners: Integers, confidence: float) -> PlaceBias:
        """Effects with what is known of them, from the spread of the scores between questions."""
        owner = np.unique(owners, return_inverse=True)[1]
        g = int(owner.max()) + 1
        sums = np.zeros((g, len(self.effects)))
        np.add.at(sums, owner, self.scores)
        informed = np.linalg.pinv(self.information, rcond=1e-6, hermitian=True)
        meat = sums.T @ sums * g / max(g - 1, 1)
        covariance = informed @ meat @ informed
        estimable = self.information @ informed  # projects onto what the layouts can tell; the rest is taken to be 0
        values = estimable @ self.effects
        k = len(self.effects) // len(kinds)
        centre = np.eye(k) - 1 / k
        nothing = np.zeros((k, k))
        if len(kinds) == 1:
            wanted: list[tuple[Kind, Floats]] = [(kinds[0], centre)]
        else:
            wanted = [
                ("place", np.hstack([centre, centre])),
                ("position", np.hstack([centre, nothing])),
                ("label", np.hstack([nothing, centre])),
            ]
        effects = []
        for kind, contrasts in wanted:
            told = _told(estimable, contrasts)
            onto = told @ told.T
            spread = onto @ contrasts @ covariance @ contrasts.T @ onto
            effects.append(_effects(kind, onto @ contrasts @ values, spread, told.shape[1], g, confidence))
        parts = [(kind, centre @ values[n * k : (n + 1) * k]) for n, kind in enumerate(kinds)]
        return PlaceBias(tuple(effects), g, tuple(parts))


@dataclass(frozen=True)
class _Step:
    worth: Floats
    effects: Floats
    information: Floats
    scores: Floats


def _step(shares: Floats, weights: Floats, design: Floats, chosen: Truths, worth: Floats, effects: Floats) -> _Step:
    """The Newton step, the options' own worth eliminated unit by unit."""
    p = np.exp(_log_shares(design, chosen, worth, effects))
    left = (shares - p) * weights[..., None]
    k = p.shape[2]
    ridge = RIDGE * np.eye(k)
    # V = diag(p) - p p' of each layout, and V times the design
    spread = weights[..., None, None] * (p[..., :, None] * np.eye(k) - p[..., :, None] * p[..., None, :])
    along = np.einsum("ufij,ufje->ufie", spread, design)
    own = spread.sum(axis=1) + ridge
    cross = along.sum(axis=1)
    solved = np.linalg.solve(own, cross)
    both = np.einsum("ufie,ufid->ed", design, along)
    information = both - np.einsum("uie,uid->ed", cross, solved)
    of_worth = left.sum(axis=1) - RIDGE * worth
    score = np.einsum("ufie,ufi->ue", design, left) - np.einsum("uie,ui->ue", solved, of_worth)
    total = score.sum(axis=0) - RIDGE * effects
    moved = np.linalg.solve(information + RIDGE * np.eye(len(effects)), total)
    shifted = np.linalg.solve(own, (of_worth - cross @ moved)[..., None])[..., 0]
    return _Step(shifted, moved, information, score)


def _log_shares(design: Floats, chosen: Truths, worth: Floats, effects: Floats) -> Floats:
    values = worth[:, None, :] + design @ effects
    values = np.where(chosen[:, None, :], values, -np.inf)
    values = np.where(np.asarray(chosen.any(axis=1))[:, None, None], values, 0.0)
    highest = values.max(axis=2, keepdims=True)
    return np.asarray(values - highest - np.log(np.exp(values - highest).sum(axis=2, keepdims=True)))


def _objective(
    shares: Floats, weights: Floats, design: Floats, chosen: Truths, worth: Floats, effects: Floats
) -> float:
    logs = _log_shares(design, chosen, worth, effects)
    fitted = (np.where(shares > 0, shares * np.where(np.isfinite(logs), logs, 0.0), 0.0) * weights[..., None]).sum()
    return float(fitted - RIDGE / 2 * ((worth**2).sum() + (effects**2).sum()))


def _told(estimable: Floats, contrasts: Floats) -> Floats:
    """Orthonormal directions (n_options, n) in which some contrasts are told by the layouts."""
    k = len(contrasts)
    values, vectors = np.linalg.eigh(np.eye(k) - 1 / k)
    plane = vectors[:, values > 0.5]  # k - 1 directions that sum to 0
    directions = plane.T @ contrasts
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    kept = directions @ estimable @ directions.T
    shares, own = np.linalg.eigh((kept + kept.T) / 2)
    return np.asarray(plane @ own[:, shares > 1 - 1e-4])


def _effects(kind: Kind, values: Floats, covariance: Floats, told: int, g: int, confidence: float) -> Effects:
    unknown = np.full(len(values), np.nan)
    weights = np.exp(values - values.max())
    shares = weights / weights.sum()
    if g < FEWEST or not told:
        return Effects(kind, values, unknown, unknown, shares, told, None)
    half = float(stats.t.ppf((1 + confidence) / 2, g - 1)) * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return Effects(kind, values, values - half, values + half, shares, told, _wald(values, covariance, told, g))


def _wald(values: Floats, covariance: Floats, told: int, g: int) -> float | None:
    """Hotelling's test of all effects at once; with too few questions for it, ``None``."""
    if g <= told:
        return None
    size, vectors = np.linalg.eigh(covariance)
    kept = vectors[:, -told:]
    along = kept.T @ values
    spread = size[-told:]
    if (spread <= 1e-12 * max(1.0, float(spread[-1]))).any():  # the same in every question
        return 0.0 if float(np.abs(along).max()) > 1e-6 else 1.0
    statistic = float((along**2 / spread).sum())
    return float(stats.f.sf(statistic * (g - told) / (told * (g - 1)), told, g - told))
