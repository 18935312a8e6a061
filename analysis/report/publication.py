"""Figures for publication, each as SVG, PDF and PNG with its data beside it as CSV."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.choices import Floats
from analysis.def_figures import (
    PEOPLE,
    SIMULATED,
    biases_by_grouping,
    draw_group_shares,
    draw_map,
    draw_radar,
    draw_table,
)
from analysis.evaluated import Bias
from analysis.export.spreadsheet_text import csv_text
from analysis.findings import Measure, QuestionSummary
from analysis.report.material import Material, Subject
from analysis.report.svg import fitted
from analysis.report.words import Words
from demoscope.errors import DocumentError
from surveys.judging import DIMENSIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = ("svg", "pdf", "png")

FILES = len(ENDINGS) + 1
"""Files of each figure."""

MOST_QUESTIONS = 60
"""Questions in one figure, the first ones or the furthest from people; the data beside it hold all."""

EAST_ASIAN = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "WenQuanYi Micro Hei", "SimHei", "PingFang SC")
"""Fonts with Chinese letters, the first that is installed."""

ACROSS = 3
"""Questions side by side."""


@dataclass(frozen=True)
class Drawn:
    """One figure to be: its file name, its data, and how it is drawn."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    draw: Callable[["Figure"], None]
    size: tuple[float, float]
    """Width and height in inches."""


def write_figures(material: Material, w: Words, folder: Path) -> tuple[Path, ...]:
    """Write every figure that the stores have data for into a folder, which is made when it is absent.

    Returns
    -------
    tuple of Path
        What was written: three drawings and a table for each figure.

    Raises
    ------
    DocumentError
        If the folder cannot be written, or there is nothing to draw.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = tuple(_figures(material, w))
    if not found:
        raise DocumentError("There is nothing to draw: these stores hold no answers yet.")
    settings: Any = {
        "svg.hashsalt": "demoscope",
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "font.size": 8,
        "text.parse_math": False,
    }
    families = fonts()
    written: list[Path] = []
    try:
        folder.mkdir(exist_ok=True)
        for one in found:
            with (
                warnings.catch_warnings(),
                mpl.rc_context({**settings, "font.family": families, "axes.formatter.useoffset": False}),
            ):
                warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for it; the data have it
                figure = Figure(figsize=one.size, layout="constrained")
                one.draw(figure)
                for ending in ENDINGS:
                    path = folder / f"{one.name}.{ending}"
                    dated = {"Date": None} if ending == "svg" else {"CreationDate": None} if ending == "pdf" else {}
                    figure.savefig(path, format=ending, dpi=300, metadata=dated)
                    figure.set_layout_engine("none")  # all drawings of a figure have the layout of the first
                    written.append(path)
            path = folder / f"{one.name}.csv"
            path.write_text(csv_text(one.columns, one.rows), encoding="utf-8-sig")
            written.append(path)
    except OSError as error:
        raise DocumentError(f"{folder}: the figures cannot be written ({error.strerror}).") from None
    return tuple(written)


def fonts() -> list[str]:
    """Matplotlib's own font and, behind it, one of this machine that has Chinese letters, where there is one."""
    from matplotlib.font_manager import findSystemFonts, fontManager, get_font

    known = {font.name for font in fontManager.ttflist}
    east = next((name for name in EAST_ASIAN if name in known), None)
    if east is None:  # installed since Matplotlib last looked
        for path in findSystemFonts():
            if "Bold" not in path and get_font(path).family_name in EAST_ASIAN:
                fontManager.addfont(path)
                east = get_font(path).family_name
                break
    return ["DejaVu Sans", *([east] if east else [])]


def _figures(material: Material, w: Words) -> Iterable[Drawn]:
    compared = [s for s in material.subjects if s.cell.averages.leading]
    if compared:
        ordered = all(s.cell.averages.w1 for s in compared)
        rows = [(s.label, m) for s in compared if (m := s.cell.averages.w1 if ordered else s.cell.averages.js)]
        yield _standings("distance_by_condition", "", rows, w("axis_w1" if ordered else "axis_js"), w)
    for subject in material.subjects:
        for name, ordered in (("w1", True), ("js", False)):
            found = [(q.id, m) for q in subject.cell.questions if (m := q.leading) and (q.w1 is not None) == ordered]
            if found:
                furthest = sorted(found, key=lambda pair: -pair[1].simulated)
                file = f"distance_by_question_{name}_{subject.number}"
                yield _standings(file, subject.label, furthest, w(f"axis_{name}"), w)
        if any(q.n_simulated and q.shares for q in subject.cell.questions):
            yield _answers(subject, w)
    yield from _families(material)


def _standings(name: str, title: str, rows: Sequence[tuple[str, Measure]], axis: str, w: Words) -> Drawn:
    shown = rows[:MOST_QUESTIONS]

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for place, (_, m) in enumerate(shown):
            band = w("people_same_n") if place == 0 else None
            axes.barh(
                place, m.sample.high - m.sample.low, 0.6, m.sample.low, color=PEOPLE, alpha=0.35, lw=0, label=band
            )
            axes.plot([m.sample.median] * 2, [place - 0.3, place + 0.3], color=PEOPLE)
            if m.low is not None and m.high is not None:
                axes.plot([m.low, m.high], [place, place], color=SIMULATED)
        for values, marker, colour, said in (
            ([m.simulated for _, m in shown], "o", SIMULATED, w("simulated")),
            ([m.uniform for _, m in shown], "D", "none", w("uniform")),
            ([m.majority for _, m in shown], "^", "none", w("majority")),
        ):
            axes.scatter(
                *(values, range(len(shown)), 22, colour),
                marker=marker,
                edgecolors="0.3",
                linewidths=0.7,
                zorder=3,
                label=said,
            )
        axes.set_yticks(range(len(shown)), labels=[fitted(label, 420) for label, _ in shown])
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_xlabel(axis)
        axes.set_title(fitted(title, 500), loc="left", fontsize=8)
        figure.legend(loc="outside lower left", frameon=False, ncols=4)

    columns = (
        "what",
        "simulated",
        "low",
        "high",
        "people_low",
        "people_median",
        "people_high",
        "uniform",
        "majority",
    )
    table = tuple(
        (n, m.simulated, m.low, m.high, m.sample.low, m.sample.median, m.sample.high, m.uniform, m.majority)
        for n, m in rows
    )
    return Drawn(name, columns, table, draw, (7.0, 1.2 + 0.26 * len(shown)))


def _answers(subject: Subject, w: Words) -> Drawn:
    asked = [q for q in subject.cell.questions if q.shares and q.n_simulated]
    shown = asked[:MOST_QUESTIONS]
    down = -(-len(shown) // ACROSS)

    def draw(figure: "Figure") -> None:
        for place, question in enumerate(shown, start=1):
            _bars(figure.add_subplot(down, ACROSS, place), question)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        named = {"simulated": w("simulated"), "people": w("people")}
        figure.legend(handles, [named[label] for label in labels], loc="outside upper left", frameon=False, ncols=2)

    columns = ("question", "code", "option", "simulated", "low", "high", "people", "people_low", "people_high")
    table = tuple(
        (q.id, o.code, o.label, o.simulated, o.low, o.high, o.human, o.human_low, o.human_high)
        for q in asked
        for o in q.shares
    )
    most = max(len(q.shares) for q in shown)
    return Drawn(f"answers_{subject.number}", columns, table, draw, (9.0, 0.6 + down * (0.7 + 0.26 * min(most, 25))))


def _bars(axes: "Axes", question: QuestionSummary) -> None:
    shares = question.shares[:25]
    for move, name, colour, found in (
        (-0.2, "simulated", SIMULATED, [(o.simulated, o.low, o.high) for o in shares]),
        (0.2, "people", PEOPLE, [(o.human, o.human_low, o.human_high) for o in shares]),
    ):
        known = [(place + move, s, lo, hi) for place, (s, lo, hi) in enumerate(found) if s is not None]
        if known:
            places, values, lows, highs = zip(*known, strict=True)
            axes.barh(places, values, 0.38, color=colour, label=name)
            for place, low, high in zip(places, lows, highs, strict=True):
                if low is not None:
                    axes.plot([low, high], [place, place], color="0.2", lw=0.8)
    axes.set_yticks(range(len(shares)), labels=[fitted(option.label, 190) for option in shares])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title(fitted(question.id, 200), loc="left", fontsize=8)


def _families(material: Material) -> Iterable[Drawn]:
    """The figures of DEF's paper that there are data for."""
    found = material.comparison
    names = [fitted(subject.label, 200) for subject in material.subjects]
    tables = (
        ("kl_by_dimension", "nats", [row.dimensions for row in found.rows]),
        ("matches_by_dimension", "share", [one.matches_by_dimension for one in found.evaluations]),
    )
    for name, unit, each in tables:
        dimensions = sorted({dimension for row in each for dimension in row})
        if dimensions:
            yield _shades(name, unit, [[row.get(d) for d in dimensions] for row in each], names, dimensions)
    if found.map:
        points = tuple((p.name, p.kind, p.x, p.y, p.width, p.height, p.angle) for p in found.map.points)
        short = found.map.model_copy(
            update={"points": tuple(p.model_copy(update={"name": fitted(p.name, 160)}) for p in found.map.points)}
        )
        columns = ("name", "kind", "x", "y", "width", "height", "angle")
        yield Drawn("cultural_map", columns, points, lambda figure: draw_map(figure.add_subplot(), short), (6.5, 5.0))
    for grouping, known in biases_by_grouping(found, names).items():
        biases, whose = zip(*((_short_levels(bias), name) for bias, name in known), strict=True)
        rows = tuple(
            (name, level.level, level.matching, level.mismatching, level.overall, level.expected, level.p)
            for bias, name in known
            for level in bias.levels
        )
        columns = ("condition", "level", "matching", "mismatching", "overall", "expected", "p")

        def draw(figure: "Figure", biases: tuple[Bias, ...] = biases, whose: tuple[str, ...] = whose) -> None:
            draw_group_shares(figure.add_subplot(), biases, whose)

        yield Drawn(f"bias_{grouping}", columns, rows, draw, (7.0, 1.6 + 0.5 * len(known)))
    yield from _insensitivity(material, names)


def _short_levels(bias: Bias) -> Bias:
    levels = tuple(level.model_copy(update={"level": fitted(level.level, 120)}) for level in bias.levels)
    return bias.model_copy(update={"levels": levels, "grouping": fitted(bias.grouping, 120)})


def _shades(
    name: str, unit: str, values: Sequence[Sequence[float | None]], rows: Sequence[str], columns: Sequence[str]
) -> Drawn:
    table = np.array([[np.nan if value is None else value for value in row] for row in values], dtype=np.float64)

    def draw(figure: "Figure") -> None:
        draw_table(figure.add_subplot(), np.where(np.isinf(table), np.nan, table), rows, columns, unit)

    data = tuple((row, *each) for row, each in zip(rows, values, strict=True))
    return Drawn(name, ("condition", *columns), data, draw, (2.5 + 0.7 * len(columns), 1.8 + 0.35 * len(rows)))


def _insensitivity(material: Material, names: Sequence[str]) -> Iterable[Drawn]:
    evaluations = material.comparison.evaluations
    for judge in dict.fromkeys(each.judge for one in evaluations for each in one.insensitivity):
        shares = [
            {each.dimension: each.share for each in one.insensitivity if each.judge == judge} for one in evaluations
        ]
        table = np.array([[each.get(d) or 0.0 for d in DIMENSIONS] for each in shares])

        def draw(figure: "Figure", table: Floats = table) -> None:
            draw_radar(figure.add_subplot(projection="polar"), table, names)

        rows = tuple((name, *(each.get(d) for d in DIMENSIONS)) for name, each in zip(names, shares, strict=True))
        safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in judge)
        yield Drawn(f"insensitivity_{safe}", ("condition", *DIMENSIONS), rows, draw, (6.0, 4.5))
