"""The figures of DEF's paper for any models: drawn on axes that are handed in, and as a page of a comparison.

Numbers in the names of functions' notes are those of the published figures.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from analysis.compared import Comparison, MapFigure
from analysis.evaluated import Bias, CellEvaluation
from demoscope.errors import DocumentError
from surveys.judging import DIMENSIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")
SIMULATED, PEOPLE = "#2a6f97", "#e07a1f"


def draw_table(axes: "Axes", values: ArrayLike, rows: Sequence[str], columns: Sequence[str], label: str) -> None:
    """A table of shades with its numbers: values by topic (3), KL by model and dimension (5), matching (8).

    ``values`` is (n_rows, n_columns); NaN stays white.
    """
    table = np.asarray(values, dtype=np.float64)
    image = axes.imshow(np.ma.masked_invalid(table), aspect="auto", cmap="YlGnBu")
    axes.set_xticks(range(len(columns)), labels=columns, rotation=30, ha="right")
    axes.set_yticks(range(len(rows)), labels=rows)
    known = table[np.isfinite(table)]
    middle = (known.min() + known.max()) / 2 if len(known) else 0.0
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            colour = "white" if value > middle else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
    axes.figure.colorbar(image, ax=axes, label=label)


def draw_distributions(axes: "Axes", values: Sequence[ArrayLike], names: Sequence[str], label: str) -> None:
    """Boxes of the figures of all questions, a box a model (6); infinite and missing ones are left out."""
    arrays = [np.asarray(each, dtype=np.float64) for each in values]
    axes.boxplot([each[np.isfinite(each)] for each in arrays], orientation="horizontal", tick_labels=list(names))
    axes.set_xlabel(label)


def draw_bars(axes: "Axes", values: ArrayLike, groups: Sequence[str], names: Sequence[str], label: str) -> None:
    """Bars side by side, such as KL by dimension in several languages (10): ``values`` (n_names, n_groups)."""
    table = np.asarray(values, dtype=np.float64)
    width = 0.8 / max(len(names), 1)
    for number, (row, name) in enumerate(zip(table, names, strict=True)):
        axes.bar(np.arange(len(groups)) - 0.4 + width * (number + 0.5), row, width, label=name)
    axes.set_xticks(range(len(groups)), labels=groups, rotation=30, ha="right")
    axes.set_ylabel(label)
    axes.legend(frameon=False, fontsize=8)


def draw_map(axes: "Axes", found: MapFigure) -> None:
    """The cultural map with its ellipses (7); the axes carry their shares of the variance, no names."""
    from matplotlib.patches import Ellipse

    for point in found.points:
        colour = PEOPLE if point.kind == "people" else SIMULATED
        axes.scatter([point.x], [point.y], color=colour, marker="^" if point.kind == "people" else "o")
        axes.annotate(point.name, (point.x, point.y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        if point.width is not None and point.height is not None and point.angle is not None:
            region = Ellipse(
                (point.x, point.y), point.width, point.height, angle=point.angle, fill=False, color=colour, alpha=0.6
            )
            axes.add_patch(region)
    axes.set_xlabel(f"first component ({found.explained[0]:.0%} of the variance)")
    axes.set_ylabel(f"second component ({found.explained[1]:.0%})")
    axes.autoscale_view()


def draw_radar(axes: "Axes", shares: ArrayLike, names: Sequence[str]) -> None:
    """Failures in the six dimensions of insensitivity (9), on polar axes: ``shares`` (n_names, 6)."""
    angles = np.linspace(0, 2 * np.pi, len(DIMENSIONS), endpoint=False)
    for row, name in zip(np.nan_to_num(np.asarray(shares, dtype=np.float64)), names, strict=True):
        axes.plot(np.append(angles, angles[0]), np.append(row, row[0]), label=name)
    axes.set_xticks(angles, labels=list(DIMENSIONS))
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(-0.3, -0.1))


def draw_group_shares(axes: "Axes", biases: Sequence[Bias], names: Sequence[str]) -> None:
    """Whose answers the models prefer where they match people and where they do not (11, 12), in stacked bars."""
    levels = [level.level for level in biases[0].levels]
    labels = [f"{name}, {what}" for name in names for what in ("match", "mismatch")]
    table = np.array(
        [
            [getattr(level, what) or 0.0 for level in bias.levels]
            for bias in biases
            for what in ("matching", "mismatching")
        ]
    )
    left = np.zeros(len(labels))
    for column, level in enumerate(levels):
        axes.barh(np.arange(len(labels)), table[:, column], left=left, label=level)
        left += table[:, column]
    axes.set_yticks(range(len(labels)), labels=labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"share by {biases[0].grouping}")
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)


def write_def_figures(found: Comparison, path: Path) -> None:
    """Draw a comparison with details into one file, as many of the figures as its stores have data for.

    Raises
    ------
    DocumentError
        If the ending is none of :data:`FORMATS`, there is nothing to draw, or the file cannot be written.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise DocumentError(f"{path}: figures are written as {', '.join(FORMATS)}; end the name with one of these.")
    import matplotlib as mpl

    figure = def_page(found)
    try:
        with mpl.rc_context({"svg.hashsalt": "demoscope", "svg.fonttype": "none"}):  # equal stores make equal files
            figure.savefig(path, format=ending, metadata={"Date": None} if ending == "svg" else None)
    except OSError as error:
        raise DocumentError(f"{path}: the figures cannot be written ({error.strerror}).") from None


def def_page(found: Comparison) -> "Figure":
    """All figures of a comparison below one another."""
    from matplotlib.figure import Figure

    names = [f"{number}  {row.condition} · {row.model}" for number, row in enumerate(found.rows, start=1)]
    parts = _parts(found, names)
    if not parts:
        raise DocumentError("There is nothing to draw: these stores hold no people, value dimensions or judgements.")
    figure = Figure(figsize=(10, 4 * len(parts)), layout="constrained")
    for place, (title, draw, arguments, polar) in enumerate(parts, start=1):
        axes = figure.add_subplot(len(parts), 1, place, projection="polar" if polar else None)
        axes.set_title(title, loc="left", fontsize=10)
        draw(axes, *arguments)
    return figure


def biases_by_grouping(found: Comparison, names: Sequence[str]) -> dict[str, list[tuple[Bias, str]]]:
    """Grouping -> its bias in every condition that has one, with the condition's name."""
    known: dict[str, list[tuple[Bias, str]]] = {}
    for one, name in zip(found.evaluations, names, strict=True):
        for bias in one.biases:
            known.setdefault(bias.grouping, []).append((bias, name))
    return known


def _parts(found: Comparison, names: Sequence[str]) -> list[tuple[str, Any, tuple[Any, ...], bool]]:
    """(title, function, arguments, polar) of every figure that there are data for."""
    parts: list[tuple[str, Any, tuple[Any, ...], bool]] = []
    if found.topics:
        parts.append(("Questions by value dimension and topic", draw_table, _topics(found), False))
    dimensions = sorted({name for row in found.rows for name in row.dimensions})
    if dimensions:
        table = [[row.dimensions.get(name, np.nan) for name in dimensions] for row in found.rows]
        parts.append(("KL by value dimension", draw_table, (table, names, dimensions, "nats"), False))
    measured = [(row, name) for row, name in zip(found.rows, names, strict=True) if row.divergences]
    if measured:
        values = [list(row.divergences.values()) for row, _ in measured]
        labels = [name for _, name in measured]
        parts.append(
            ("KL of every question", draw_distributions, (values, labels, "nats; infinite ones are left out"), False)
        )
    languages = sorted({row.language for row in found.rows if row.dimensions})
    if len(languages) > 1:
        table = [[_mean_kl(found, language, name) for name in dimensions] for language in languages]
        parts.append(
            ("KL by language, mean of its conditions", draw_bars, (table, dimensions, languages, "nats"), False)
        )
    if found.map:
        parts.append(("Cultural map", draw_map, (found.map,), False))
    matched = sorted({name for one in found.evaluations for name in one.matches_by_dimension})
    if matched:
        table = [[one.matches_by_dimension.get(name, np.nan) for name in matched] for one in found.evaluations]
        parts.append(("Preferred options that match people's", draw_table, (table, names, matched, "share"), False))
    for grouping, known in biases_by_grouping(found, names).items():
        parts.append((f"Whose answers: {grouping}", draw_group_shares, tuple(zip(*known, strict=True)), False))
    for judge in dict.fromkeys(each.judge for one in found.evaluations for each in one.insensitivity):
        table = [_failures(one, judge) for one in found.evaluations]
        parts.append((f"Insensitivity as found by {judge}", draw_radar, (table, names), True))
    return parts


def _topics(found: Comparison) -> tuple[Any, ...]:
    """The table of value dimensions and topics, with its names."""
    dimensions = list(dict.fromkeys(each.dimension for each in found.topics))
    topics = list(dict.fromkeys(each.topic for each in found.topics))
    table = np.full((len(dimensions), len(topics)), np.nan)
    for each in found.topics:
        table[dimensions.index(each.dimension), topics.index(each.topic)] = each.questions
    return table, dimensions, topics, "questions"


def _mean_kl(found: Comparison, language: str, dimension: str) -> float:
    values = [
        row.dimensions[dimension] for row in found.rows if row.language == language and dimension in row.dimensions
    ]
    return float(np.mean(values)) if values else float("nan")


def _failures(one: CellEvaluation, judge: str) -> list[float]:
    shares = {each.dimension: each.share for each in one.insensitivity if each.judge == judge}
    return [value if (value := shares.get(dimension)) is not None else 0.0 for dimension in DIMENSIONS]
