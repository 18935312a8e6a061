"""The figures of the paper on probing for any models, one file each with its data beside it."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from analysis.choices import Floats
from analysis.probing.findings import Estimate, ModelReport, ProbeReport, Source, named_apart
from demoscope.errors import DocumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"token": "#2a6f97", "sequence": "#e07a1f", "text": "#4f8a4b", "verbalized": "#8a4f7d"}

Rows = list[tuple[str | float, ...]]


def write_probe_figures(found: ProbeReport, folder: Path) -> list[Path]:
    """Draw as many figures as there are data for, as SVG, each with a CSV of what it shows.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    DocumentError
        If there is nothing to draw, or a file cannot be written.
    """
    made: list[tuple[str, Figure, Rows]] = []
    for name, source in (("figure_2_prompt_robustness", "prompt"), ("figure_3_selection_bias", "selection")):
        part = robustness_figure(found.models, "prompt" if source == "prompt" else "selection")
        made += [(name, *part)] if part else []
    for name, part in (
        ("figure_4_demographic_prompting", improvement_figure(found.models)),
        ("figure_5_values_and_actions", action_figure(found.models)),
        ("preference_for_places", place_figure(found.models)),
    ):
        made += [(name, *part)] if part else []
    if not made:
        raise DocumentError("There is nothing to draw: probe two styles or two variations at least.")
    import matplotlib as mpl

    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure, rows in made:
            with mpl.rc_context({"svg.hashsalt": "demoscope", "svg.fonttype": "none"}):
                figure.savefig(folder / f"{name}.svg", format="svg", metadata={"Date": None})
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(rows)
            written += [folder / f"{name}.svg", folder / f"{name}.csv"]
    except OSError as error:
        raise DocumentError(f"{folder}: the figures cannot be written ({error.strerror}).") from None
    return written


def robustness_figure(models: Sequence[ModelReport], source: Source) -> tuple["Figure", Rows] | None:
    """Mismatch above Jensen-Shannon distance, a line a method over the models (figures 2 and 3)."""
    rows: Rows = [("model", "method", "mismatch", "mismatch_low", "mismatch_high", "js", "js_low", "js_high")]
    for model in models:
        for method in model.methods:
            for each in method.robustness:
                if each.source == source:
                    rows.append((named_apart(model, models), method.method, *_three(each.mismatch), *_three(each.js)))
    if len(rows) == 1:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(5.0, 1.2 * len(models) + 3), 6), layout="constrained")
    for axes, column, label in zip(figure.subplots(2, 1), (2, 5), ("Mismatch", "JS distance"), strict=True):
        _points(axes, rows[1:], column, label)
    return figure, rows


def improvement_figure(models: Sequence[ModelReport]) -> tuple["Figure", Rows] | None:
    """What telling a person gains, bars of methods by model, mean over countries or groups (figure 4)."""
    rows: Rows = [("model", "context", "method", "raw_improvement", "low", "high", "improvement", "low", "high")]
    for model in models:
        for each in model.gains:
            if each.improvement is not None and each.raw_improvement is not None:
                figures = (*_three(each.raw_improvement), *_three(each.improvement))
                rows.append((named_apart(model, models), each.context, each.method, *figures))
    if len(rows) == 1:
        return None
    several = {row[0] for row in rows[1:] if row[1] == "all"}
    shown = [(row[0], *row[2:]) for row in rows[1:] if row[1] == "all" or row[0] not in several]
    return _bars(shown, "Alignment improvement in EMD"), rows


def action_figure(models: Sequence[ModelReport]) -> tuple["Figure", Rows] | None:
    """Correlations of values with actions, Pearson's and Spearman's (figure 5); a star where p > 0.05, as printed."""
    rows: Rows = [("model", "method", "metric", "r", "low", "high", "naive_p", "questions")]
    for model in models:
        for each in model.actions:
            name = named_apart(model, models)
            for metric in ("pearson", "spearman"):
                one = getattr(each.found, metric)
                between = (one.low if one.low is not None else "", one.high if one.high is not None else "")
                rows.append((name, each.method, metric, one.r, *between, one.naive_p, each.found.questions))
    if len(rows) == 1:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(8.0, 2.0 * len(models) + 4), 4), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 2, sharey=True), ("pearson", "spearman"), strict=True):
        own = [row for row in rows[1:] if row[2] == metric]
        _grouped(axes, [(row[0], row[1], *row[3:6]) for row in own], [float(row[6]) > 0.05 for row in own])
        axes.set_title(f"{metric.capitalize()} correlation", fontsize=10)
    return figure, rows


def place_figure(models: Sequence[ModelReport]) -> tuple["Figure", Rows] | None:
    """How options that mean nothing would be chosen by place, a panel a model and number of options."""
    rows: Rows = [("model", "method", "kind", "labels", "options", "place", "share", "effect", "low", "high")]
    panels: dict[tuple[str, int], list[tuple[str, tuple[float, ...]]]] = {}
    for model in models:
        name = named_apart(model, models)
        for method in model.methods:
            for each in method.places:
                low, high = each.low or (np.nan,) * each.options, each.high or (np.nan,) * each.options
                for n in range(each.options):
                    place = (each.kind, each.alphabet, each.options, n + 1)
                    figures = (each.shares[n], each.values[n], low[n], high[n])
                    rows.append((name, method.method, *place, *figures))
                if each.kind == "place" and each.alphabet == "letters":
                    panels.setdefault((name, each.options), []).append((method.method, each.shares))
    if not panels:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 2.6 * len(panels)), layout="constrained")
    all_axes = np.atleast_1d(np.array(figure.subplots(len(panels), 1)))
    for axes, ((name, options), lines) in zip(all_axes, panels.items(), strict=True):
        for label, shares in lines:
            axes.plot(range(1, options + 1), shares, marker="o", color=COLOURS.get(label), label=label)
        axes.axhline(1 / options, color="black", linewidth=0.8, linestyle="--")
        axes.set_xticks(range(1, options + 1))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("place")
        axes.set_title(f"{name}, {options} options", loc="left", fontsize=10)
        axes.legend(frameon=False, fontsize=8)
    return figure, rows


def _three(found: Estimate) -> tuple[float, float, float]:
    return found.value, np.nan if found.low is None else found.low, np.nan if found.high is None else found.high


def _points(axes: "Axes", rows: Sequence[Sequence[str | float]], column: int, label: str) -> None:
    models = list(dict.fromkeys(str(row[0]) for row in rows))
    for method in dict.fromkeys(str(row[1]) for row in rows):
        own = [row for row in rows if row[1] == method]
        x = [models.index(str(row[0])) for row in own]
        value = np.array([row[column : column + 3] for row in own], dtype=np.float64)
        axes.errorbar(
            x, value[:, 0], yerr=_reach(value), marker="o", capsize=3, color=COLOURS.get(method), label=method
        )
    axes.set_xticks(range(len(models)), labels=models, rotation=15, ha="right")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)


def _bars(rows: Sequence[tuple[str | float, ...]], label: str) -> "Figure":
    from matplotlib.figure import Figure

    models = len({row[0] for row in rows})
    figure = Figure(figsize=(max(5.0, 1.6 * models + 3), 4), layout="constrained")
    axes = figure.subplots()
    _grouped(axes, [row[:5] for row in rows], [False] * len(rows))
    axes.set_ylabel(label)
    return figure


def _grouped(axes: "Axes", rows: Sequence[tuple[str | float, ...]], starred: Sequence[bool]) -> None:
    """Bars of (model, method, value, low, high), methods side by side; rows of one bar are averaged."""
    models = list(dict.fromkeys(str(row[0]) for row in rows))
    methods = list(dict.fromkeys(str(row[1]) for row in rows))
    width = 0.8 / len(methods)
    for number, method in enumerate(methods):
        for place, model in enumerate(models):
            own = [n for n, row in enumerate(rows) if row[0] == model and row[1] == method]
            if not own:
                continue
            value = np.array(
                [[cell if cell != "" else np.nan for cell in rows[n][2:5]] for n in own], dtype=np.float64
            )
            mean = value.mean(axis=0, keepdims=True)
            x = place - 0.4 + width * (number + 0.5)
            label = method if place == 0 else None
            reach = _reach(mean) if len(own) == 1 else None
            axes.bar(x, mean[0, 0], width, yerr=reach, capsize=3, color=COLOURS.get(method), label=label)
            if any(starred[n] for n in own):
                axes.text(x, mean[0, 0], "*", ha="center", va="bottom")
    axes.axhline(0, color="black", linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(models)), labels=models, rotation=15, ha="right")
    axes.legend(frameon=False, fontsize=8)


def _reach(value: ArrayLike) -> Floats:
    """Distances of (value, low, high) from the value, as error bars want them; none where limits are unknown."""
    table = np.asarray(value, dtype=np.float64)
    reach = np.array([table[:, 0] - table[:, 1], table[:, 2] - table[:, 0]])
    return np.asarray(np.nan_to_num(np.maximum(reach, 0.0)))
