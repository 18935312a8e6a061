"""DEF, family 3: a map of cultures, models among them, from their mean answers in each value dimension.

A subject is anyone with a distribution of answers: the people of a country, or a model interviewed as that country.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from analysis.choices import Floats, Scales, mean_code
from analysis.def_rules import DefRules
from analysis.preference import dimension_means


@dataclass(frozen=True)
class CultureMap:
    """Two components of the subjects' dimension scores, with signs that do not depend on chance."""

    coordinates: Floats
    """(n_subjects, 2) places on the map."""
    loadings: Floats
    """(2, n_dimensions) unit vectors; the entry of largest size of each is positive."""
    explained: Floats
    """(2,) share of the variance (of the trace, for the printed algebra) that each axis carries."""
    centre: Floats
    """(n_dimensions,) what is subtracted from scores before they are projected; zeros for the printed algebra."""

    def place(self, scores: ArrayLike) -> Floats:
        """Coordinates (..., 2) of other scores (..., n_dimensions) on the same axes."""
        return np.asarray((np.asarray(scores, dtype=np.float64) - self.centre) @ self.loadings.T)


@dataclass(frozen=True)
class Ellipse:
    """A region of the map that holds a given share of a two-dimensional normal distribution."""

    x: float
    y: float
    width: float
    """Full length of the longer axis."""
    height: float
    """Full length of the shorter axis."""
    angle: float
    """Degrees from the first map axis to the longer axis, counter-clockwise, in (-90, 90]."""


def dimension_scores(
    counts: ArrayLike,
    codes: ArrayLike,
    dimension: Sequence[str | None],
    rules: DefRules,
    *,
    invalid: ArrayLike | None = None,
) -> tuple[tuple[str, ...], Floats]:
    """Mean code of each subject's answers in each value dimension.

    The score of a question is the mean of the chosen codes; that of a dimension the mean over its questions. There is
    no flip of polarity. Questions that a subject did not answer are left out of its mean. Leave multiple choices out
    by the dimension ``None``, as the published code does.

    Parameters
    ----------
    counts : array_like, shape (..., n_subjects, n_questions, n_options)
        Answers per option.
    codes : array_like, shape (n_questions, n_options)
        Code of each option, NaN in columns that a question lacks.
    dimension : sequence of str or None, length n_questions
        Value dimension of each question.
    rules : DefRules
        ``rescaled`` puts codes on [0, 1] question by question first; ``invalid_in_scores`` divides by all answers.
    invalid : array_like, shape (..., n_subjects, n_questions), optional
        Answers that could not be read; needed for ``invalid_in_scores``.

    Returns
    -------
    names : tuple of str
        Dimensions in alphabetical order.
    scores : numpy.ndarray, shape (..., n_subjects, n_dimensions)
        In units of codes, or in [0, 1] when rescaled; NaN for a dimension without answers.

    Raises
    ------
    ValueError
        If ``invalid`` is needed and absent.

    References
    ----------
    .. [1] Diversity-Enhanced Framework, cultural variation map (SPEC 2.5).

    >>> from analysis.def_rules import def_rules
    >>> names, scores = dimension_scores([[[1, 3], [2, 0]]], [[1, 2], [1, 2]], ["IDV", "IDV"], def_rules())
    >>> scores.tolist()  # (1 * 1 + 3 * 2) / 4 = 1.75, and 1
    [[1.375]]
    """
    table, values = np.asarray(counts, dtype=np.float64), np.asarray(codes, dtype=np.float64)
    values = Scales(values).unit if rules.rescaled else values
    total = None
    if rules.invalid_in_scores:
        if invalid is None:
            raise ValueError("These rules divide by all answers; give the unreadable ones as `invalid`.")
        total = table.sum(axis=-1) + np.asarray(invalid, dtype=np.float64)
    return dimension_means(mean_code(table, values, total), dimension)


def culture_map(scores: ArrayLike, rules: DefRules) -> CultureMap:
    """Two principal components of the subjects' dimension scores.

    ``rules.components`` is ``"centred"`` for principal components as scikit-learn computes them (columns centred,
    then a singular value decomposition), or ``"printed"`` for the paper's algebra taken literally: one grand mean is
    subtracted, the centred matrix is multiplied with the uncentred one, the two leading eigenvectors of this
    asymmetric product are taken by their real parts, and the uncentred scores are projected on them.

    Parameters
    ----------
    scores : array_like, shape (n_subjects, n_dimensions)
        From :func:`dimension_scores`; at least two subjects and two dimensions, no NaN.
    rules : DefRules
        Which components.

    Returns
    -------
    CultureMap
        In the units of the scores.

    Raises
    ------
    ValueError
        If there are too few subjects or dimensions, or a score is missing.

    References
    ----------
    .. [1] Pearson (1901). On Lines and Planes of Closest Fit to Systems of Points in Space. Phil. Mag. 2.

    >>> from analysis.def_rules import def_rules
    >>> culture_map([[0, 0], [2, 1], [4, 2]], def_rules()).explained.round(6).tolist()
    [1.0, 0.0]
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(f"A map needs two subjects and two dimensions at least, got the shape {table.shape}.")
    if not np.isfinite(table).all():
        subject, dimension = np.argwhere(~np.isfinite(table))[0]
        raise ValueError(
            f"Subject {subject} has no score in dimension {dimension}: nothing in it was answered. "
            "Leave one of them out."
        )
    if rules.components == "printed":
        return _printed(table)
    centre = table.mean(axis=0)
    _, sizes, axes = np.linalg.svd(table - centre, full_matrices=False)
    loadings = _signed(axes[:2])
    variance = float((sizes**2).sum())
    explained = sizes[:2] ** 2 / variance if variance > 0 else np.zeros(2)
    return CultureMap((table - centre) @ loadings.T, loadings, explained, centre)


def ellipse(points: ArrayLike, level: float = 0.95) -> Ellipse:
    """Ellipse that would hold ``level`` of a normal distribution with the mean and covariance of some points.

    Project the scores of many resamples of a subject's respondents by :meth:`CultureMap.place`, axes kept, and the
    ellipse says how far other respondents of the same model could have moved it.

    Parameters
    ----------
    points : array_like, shape (n_points, 2)
        Such as one subject's place in each resample; at least three.
    level : float
        In (0, 1).

    Returns
    -------
    Ellipse
        In the units of the map.

    Raises
    ------
    ValueError
        If there are fewer than three points or the level is impossible.

    >>> round(ellipse([[-1, 0], [1, 0], [0, 0]]).width, 3)  # variance 1 along x: 2 sqrt(5.991)
    4.895
    """
    cloud = np.asarray(points, dtype=np.float64)
    if cloud.ndim != 2 or cloud.shape[1] != 2 or len(cloud) < 3:
        raise ValueError(f"An ellipse needs three points of a plane at least, got the shape {cloud.shape}.")
    if not 0 < level < 1:
        raise ValueError(f"The level of an ellipse lies between 0 and 1, got {level}.")
    x, y = cloud.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(cloud.T))
    height, width = 2 * np.sqrt(np.maximum(variances, 0.0) * chi2.ppf(level, 2))
    angle = float(np.degrees(np.arctan2(directions[1, 1], directions[0, 1])))
    angle = angle - 180 if angle > 90 else angle + 180 if angle <= -90 else angle
    return Ellipse(float(x), float(y), float(width), float(height), angle)


def _printed(table: Floats) -> CultureMap:
    """The paper's algebra with dimensions as rows: C = (S - mean) S' / n, Y = P S."""
    rows = table.T
    product = (rows - rows.mean()) @ rows.T / len(rows)
    values, vectors = np.linalg.eig(product)
    leading = np.argsort(-values.real, kind="stable")[:2]
    directions = vectors[:, leading].real.T
    loadings = _signed(directions / np.linalg.norm(directions, axis=1, keepdims=True))
    explained = values.real[leading] / np.trace(product)
    return CultureMap(table @ loadings.T, loadings, explained, np.zeros(table.shape[1]))


def _signed(axes: Floats) -> Floats:
    """The same directions, the entry of largest size positive (the first, where several are as large)."""
    size = np.abs(axes)
    largest = np.argmax(size >= size.max(axis=1, keepdims=True) * (1 - 1e-9), axis=1)
    signs = np.sign(np.take_along_axis(axes, largest[:, None], axis=1))
    return np.asarray(axes * np.where(signs == 0, 1.0, signs))
