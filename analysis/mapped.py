"""The cultural map of the conditions of stores and the people that they are compared with."""

from collections.abc import Sequence

import numpy as np

from analysis.bootstrap import Resamples
from analysis.choices import Floats, Integers, Scales, Truths
from analysis.compared import MapFigure, MapPoint
from analysis.culture_map import CultureMap, culture_map, dimension_scores, ellipse
from analysis.def_data import CellData
from analysis.def_rules import DefRules


def mapped(cells: Sequence[tuple[CellData, Resamples]], rules: DefRules) -> MapFigure | None:
    """Place conditions and people on one map.

    Conditions are compared over the questions that all of them have with the same codes and that belong to a value
    dimension, and over the dimensions in which every subject has answers.

    Parameters
    ----------
    cells : sequence of (CellData, Resamples)
        The conditions, each with the resamples of its people.
    rules : DefRules
        Which components, and whether codes are rescaled.

    Returns
    -------
    MapFigure or None
        ``None`` with fewer than two subjects or two shared dimensions.
    """
    if not cells:
        return None
    first = cells[0][0]
    shared = [name for name in _questions(first) if all(_same(first, data, name) for data, _ in cells)]
    if not shared:
        return None
    names, kinds, scores = _subjects(cells, shared, rules)
    dimension = [first.closed[_questions(first)[name]].dimension for name in shared]
    known: Truths = np.asarray(np.isfinite(scores).all(axis=0))
    if len(scores) < 2 or known.sum() < 2 or np.ptp(scores[:, known], axis=0).max() == 0:
        return None
    chart = culture_map(scores[:, known], rules)
    dimensions = sorted({value for value in dimension if value is not None})
    points = []
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        x, y = chart.coordinates[number].tolist()
        point = MapPoint(name=name, kind=kind, x=x, y=y)
        if kind == "simulated":
            point = point.model_copy(update=_region(*cells[number], shared, rules, known, chart))
        points.append(point)
    return MapFigure(
        points=tuple(points),
        dimensions=tuple(value for value, here in zip(dimensions, known, strict=True) if here),
        loadings=tuple(tuple(row) for row in chart.loadings.tolist()),
        explained=tuple(chart.explained.tolist()),
        questions=len(shared),
    )


def _subjects(
    cells: Sequence[tuple[CellData, Resamples]], shared: Sequence[str], rules: DefRules
) -> tuple[list[str], list[str], Floats]:
    """Names, kinds and dimension scores: the conditions first, then every public of real people once."""
    names = [data.cell.name for data, _ in cells]
    scores = [_scores(data, data.counts, shared, rules, data.unread) for data, _ in cells]
    kinds = ["simulated"] * len(cells)
    seen: list[Floats] = []
    for data, _ in cells:
        if data.human is None or not data.human.sum() or any(np.array_equal(data.human, other) for other in seen):
            continue
        seen.append(data.human)
        names.append(f"people, {data.cell.culture}" if data.cell.culture else "people")
        kinds.append("people")
        scores.append(_scores(data, data.human, shared, rules, np.zeros(len(data.closed))))
    return names, kinds, np.stack(scores)


def _scores(
    data: CellData, counts: Floats, shared: Sequence[str], rules: DefRules, unread: Floats | Integers
) -> Floats:
    places = _questions(data)
    rows = [places[name] for name in shared]
    codes = Scales(data.scales.codes[rows])
    dimension = [data.closed[row].dimension for row in rows]
    return dimension_scores(counts[..., rows, :], codes.codes, dimension, rules, invalid=unread[rows])[1]


def _region(
    data: CellData, resamples: Resamples, shared: Sequence[str], rules: DefRules, known: Truths, chart: CultureMap
) -> dict[str, float]:
    """Ellipse of the places that resamples of the respondents have; nothing with too few of them."""
    if len(resamples.times) < 3 or len(data.respondents.ids) < 2:
        return {}
    drawn = _scores(data, data.resampled(resamples), shared, rules, data.unread)[:, known]
    places = chart.place(drawn[np.isfinite(drawn).all(axis=1)])
    if len(places) < 3:
        return {}
    found = ellipse(places)
    return {"width": found.width, "height": found.height, "angle": found.angle}


def _questions(data: CellData) -> dict[str, int]:
    return {question.name: row for row, question in enumerate(data.closed) if question.dimension is not None}


def _same(one: CellData, other: CellData, name: str) -> bool:
    a, b = _questions(one)[name], _questions(other).get(name)
    if b is None or one.closed[a].dimension != other.closed[b].dimension:
        return False
    return np.array_equal(one.scales.codes[a, : one.scales.sizes[a]], other.scales.codes[b, : other.scales.sizes[b]])
