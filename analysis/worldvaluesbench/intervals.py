"""How much a distance would change with other rows: resampling within each question.

Rows are drawn anew, each with the model's score and the person's answer; the questions stay. A resampled distance
tends to lie above the distance itself, since a sample differs from its own resamples, so intervals are shifted until
their middle is the distance. They say how much it varies, not how far chance alone lifts it above 0: that is what the
baseline ``split_half`` says.
"""

import numpy as np

from analysis.worldvaluesbench.distances import Floats, Grid, Ints, distance
from analysis.yardsticks import DRAWS
from surveys.formats.wvs.wave7 import Scale


def resampled(
    model: Ints, human: Ints, scale: Scale, rng: np.random.Generator, *, paired: bool = True, draws: int = DRAWS
) -> Floats:
    """Distances of one question in resamples of its rows.

    Parameters
    ----------
    model, human : numpy.ndarray, shape (n_rows,)
        Whole answers of both sides; ``MISSING`` where there is none.
    paired : bool
        Whether row i of both sides is the same person; when not, the sides are resampled independently.
    draws : int
        Number of resamples.

    Returns
    -------
    numpy.ndarray, shape (draws,)
        Distances; NaN in a resample that leaves a side with nobody.

    References
    ----------
    .. [1] Efron and Tibshirani (1993). An Introduction to the Bootstrap. Chapman & Hall.
    """
    grid = Grid.of(scale, model, human)
    width = len(grid.values) + 1
    mine, theirs = grid.positions(model), grid.positions(human)
    if paired:
        cells = np.bincount(mine * width + theirs, minlength=width * width)
        drawn = rng.multinomial(len(mine), cells / cells.sum(), size=draws).reshape(draws, width, width)
        of_model, of_people = drawn.sum(axis=2), drawn.sum(axis=1)
    else:
        sides = [np.bincount(side, minlength=width) for side in (mine, theirs)]
        of_model, of_people = (rng.multinomial(side.sum(), side / side.sum(), size=draws) for side in sides)
    return distance(of_model[:, :-1], of_people[:, :-1], grid.places)
