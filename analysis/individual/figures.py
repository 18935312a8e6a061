"""The figures of the paper for any models: shades by category, boxes of people, lines by number of demonstrations.

Numbers in the notes are those of the published figures (Jiang et al. 2024, arXiv:2410.03868).
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.def_figures import draw_table
from analysis.individual.dimensions import Grouping
from analysis.individual.evaluated import Evaluated
from analysis.individual.findings import Evaluation
from analysis.individual.predictions import IN_ORDER, Floats
from analysis.individual.table_files import file_name, influence_file
from analysis.individual.tables import by_number, figure_2, figure_6, figure_7
from demoscope.errors import DocumentError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST_BOXES = 60
"""Groups of a dimension that are drawn: those of the most people."""

COLOURS = ("#2a6f97", "#e07a1f", "#468c5a", "#9c4f96", "#7a6a53", "#c2a83e")


def write_figures(
    evaluation: Evaluation, everybody: Sequence[Evaluated], folder: Path, grouping: Grouping | None = None
) -> list[Path]:
    """Draw every figure that there is something for into a folder, as SVG; returns the files.

    Raises
    ------
    DocumentError
        If the folder cannot be written to.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, size, draw in _figures(evaluation, everybody, grouping):
            figure = Figure(figsize=size, layout="constrained")
            draw(figure.add_subplot())
            path = folder / f"{name}.svg"
            with mpl.rc_context({"svg.hashsalt": "demoscope", "svg.fonttype": "none"}):  # equal input, equal files
                figure.savefig(path, metadata={"Date": None})
            written.append(path)
    except OSError as error:
        raise DocumentError(f"{folder}: the figures cannot be written ({error.strerror or error}).") from None
    return written


Drawing = tuple[str, tuple[float, float], Callable[["Axes"], None]]
"""Name, size in inches, and what is drawn."""


def _figures(evaluation: Evaluation, everybody: Sequence[Evaluated], grouping: Grouping | None) -> list[Drawing]:
    found: list[Drawing] = []
    models = [one for one in everybody if not one.baseline]
    for form in IN_ORDER:
        table = figure_2(evaluation, form)
        if len(table.columns):
            size = 4 + 0.6 * len(table.columns), 2.5 + 0.35 * len(table)
            found.append((f"categories_{form}", size, _shades(table.to_numpy(), [*table.index], [*table.columns])))
        trained = figure_6(evaluation, form)
        if min(trained.shape) > 1:
            size = 4 + 0.6 * len(trained.columns), 2.5 + 0.4 * len(trained)
            drawn = _shades(trained.to_numpy(), [*trained.index], [*trained.columns])
            found.append((f"models_by_demonstrations_{form}", size, drawn))
        some = [one for one in models if one.condition.target_form == form and one.condition.categories is None]
        if some:
            found.append((f"people_{form}", (3 + 0.8 * len(some), 4.5), _boxes_of_systems(some, everybody, form)))
        lines = _lines(evaluation, form)
        if lines["most"].nunique() > 1:
            found.append((f"number_of_demonstrations_{form}", (5.5, 4), partial(draw_lines, table=lines)))
    for one in evaluation.influence:
        size = 4 + 0.6 * len(one.demonstrations), 2.5 + 0.4 * len(one.targets)
        values = np.array(one.accuracy, np.float64)
        found.append((influence_file(one), size, _shades(values, one.targets, one.demonstrations)))
    for sweep in evaluation.sweeps:
        name = f"neighbours_{file_name(sweep.condition)}"
        found.append((name, (5.5, 4), partial(draw_sweep, accuracy=sweep.mean, best=sweep.chosen_on_everybody)))
    if grouping is not None:
        for dimension in grouping.names:
            table = figure_7(evaluation, dimension)
            if 1 < len(table.columns) <= MOST_BOXES and len(table):
                size = 5 + 0.6 * len(table.columns), 2 + 0.35 * len(table)
                drawn = _shades(table.to_numpy(), [*table.index], [*table.columns])
                found.append((f"groups_{file_name(dimension)}", size, drawn))
            for form in IN_ORDER:
                whole = [one for one in models if one.condition.categories is None and one.condition.in_own_form]
                some = [one for one in whole if one.condition.target_form == form]
                if some:
                    drawn_boxes = _boxes_of_groups(some, grouping, dimension)
                    found.append((f"people_by_{file_name(dimension)}_{form}", (10, 4.5), drawn_boxes))
    return found


def _lines(evaluation: Evaluation, form: str) -> "pd.DataFrame":
    """What is drawn by number of demonstrations: models alone."""
    table = by_number(evaluation)
    return table[(table["form"] == form) & ~table["baseline"]]


def draw_boxes(axes: "Axes", groups: Sequence[Sequence[Floats]], labels: Sequence[str], names: Sequence[str]) -> None:
    """Boxes of people's accuracies side by side, with means (4, 5, 9, 11 to 21).

    ``groups`` holds for each of ``names`` the accuracies of the people of each of ``labels``.
    """
    width = 0.8 / max(len(names), 1)
    for number, (values, name) in enumerate(zip(groups, names, strict=True)):
        places = np.arange(len(labels)) - 0.4 + width * (number + 0.5)
        colour = COLOURS[number % len(COLOURS)]
        drawn = axes.boxplot(
            [each[np.isfinite(each)] for each in values],
            positions=places.tolist(),
            widths=0.85 * width,
            patch_artist=True,
            showmeans=True,
            meanline=True,
            flierprops={"marker": ".", "markersize": 3},
            manage_ticks=False,
        )
        for box in drawn["boxes"]:
            box.set(facecolor=colour, alpha=0.6)
        axes.plot([], [], color=colour, label=name, linewidth=6, alpha=0.6)
    axes.set_xticks(range(len(labels)), labels=list(labels), rotation=40, ha="right")
    axes.set_ylabel("accuracy of people (%)")
    axes.grid(axis="y", alpha=0.3)
    if len(names) > 1:
        axes.legend(frameon=False, fontsize=8)


def draw_lines(axes: "Axes", table: "pd.DataFrame") -> None:
    """Accuracy by number of demonstrations, a line a model, with the published intervals (6)."""
    for number, ((model, told), rows) in enumerate(table.groupby(["model", "demographics"], sort=False)):
        rows = rows.sort_values("most")
        colour = COLOURS[number % len(COLOURS)]
        label = f"{model}, demographics" if told else str(model)
        axes.plot(rows["most"], rows["accuracy"], marker="o", color=colour, label=label)
        axes.fill_between(rows["most"], rows["low"], rows["high"], color=colour, alpha=0.2)
    axes.set(xlabel="demonstrations", ylabel="accuracy (%)")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)


def draw_sweep(axes: "Axes", accuracy: Sequence[float | None], best: int) -> None:
    """Accuracy of the nearest N, by N."""
    axes.plot(range(1, len(accuracy) + 1), np.array(accuracy, np.float64), color=COLOURS[0])
    axes.axvline(best, color=COLOURS[1], linewidth=1)
    axes.set(xlabel="neighbours asked", ylabel="accuracy (%)")
    axes.grid(alpha=0.3)


def _shades(values: Floats, rows: Sequence[str], columns: Sequence[str]) -> "Callable[[Axes], None]":
    return lambda axes: draw_table(axes, values, rows, columns, "accuracy (%)")


def _boxes_of_systems(
    some: Sequence[Evaluated], everybody: Sequence[Evaluated], form: str
) -> "Callable[[Axes], None]":
    chance = [one for one in everybody if one.predictions.expected is not None and one.condition.target_form == form]

    def draw(axes: "Axes") -> None:
        draw_boxes(axes, [[one.by_person for one in some]], [one.condition.name for one in some], ["people"])
        if chance:
            axes.axhline(chance[0].scores.mean, color=COLOURS[1], linestyle="--", linewidth=1)

    return draw


def _boxes_of_groups(some: Sequence[Evaluated], grouping: Grouping, dimension: str) -> "Callable[[Axes], None]":
    place = grouping.names.index(dimension)

    def draw(axes: "Axes") -> None:
        dimensions = [grouping.of(one.people)[place] for one in some]
        people: dict[str, int] = {}
        for each in dimensions:
            counts = np.bincount(each.position[each.position >= 0], minlength=len(each.levels))
            for level, count in zip(each.levels, counts.tolist(), strict=True):
                people[level] = max(people.get(level, 0), count)
        kept = sorted(people, key=lambda level: -people[level])[:MOST_BOXES]
        levels = [level for level in people if level in kept]
        groups = [
            [
                one.by_person[each.position == each.levels.index(level)] if level in each.levels else np.empty(0)
                for level in levels
            ]
            for one, each in zip(some, dimensions, strict=True)
        ]
        draw_boxes(axes, groups, levels, [one.condition.name for one in some])
        axes.set_title(dimension, loc="left", fontsize=10)

    return draw
