"""A figure of questions for a notebook: simulated beside real shares, with the data that it shows."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.def_figures import PEOPLE
from analysis.findings import CellSummary, OptionShares, Summary
from analysis.reading import Results, open_results
from analysis.report.publication import fonts
from analysis.report.svg import fitted, lines
from analysis.summary import summarise
from demoscope.errors import DocumentError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_QUESTIONS = 12
"""Questions drawn when none are named, the first ones."""

MOST_CELLS = 8
"""Cells that can be told apart in one figure."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#882255", "#44aa99")
"""Of the cells; the first seven can be told apart by the colour-blind (Okabe and Ito)."""


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure and its data; a notebook shows it."""

    figure: "Figure"
    data: "pd.DataFrame"
    """The shares that are drawn, as :func:`analysis.frames.shares_frame` gives them."""

    def save(self, path: str | Path) -> None:
        """Write the figure as .svg, .pdf or .png, whichever the name ends with.

        Raises
        ------
        DocumentError
            If the name ends otherwise, or the file cannot be written.
        """
        ending = Path(path).suffix.lower().lstrip(".")
        if ending not in ("svg", "pdf", "png"):
            raise DocumentError(f"{path}: figures end in .svg, .pdf or .png; end the name with one of these.")
        try:
            Path(path).write_bytes(_drawn(self.figure, ending, 300))
        except OSError as error:
            raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None

    def __repr__(self) -> str:
        return f"Plot of {', '.join(dict.fromkeys(self.data['question']))}"

    def _repr_png_(self) -> bytes:
        return _drawn(self.figure, "png", 80)


def plot(what: Results | Summary | str | Path, questions: str | Sequence[str] | None = None) -> Plot:
    """Draw the answers of simulated people, cell by cell, beside those of real people where they are known.

    Shares carry their 95 % intervals. Answers that were not understood and those without substance are in none.

    Parameters
    ----------
    what : Results, Summary, str or Path
        An open store, its summary, or the path of a store.
    questions : str or sequence of str, optional
        Ids of the questions; the first :data:`MOST_QUESTIONS` with answers when absent.

    Raises
    ------
    StoreError
        If there is no such store.
    DocumentError
        If there is no such question or nothing to draw of it, or there are more cells than can be told apart.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    summary = _summary(what)
    if len(summary.cells) > MOST_CELLS:
        raise DocumentError(
            f"{len(summary.cells)} cells cannot be told apart in one figure, {MOST_CELLS} can; draw from "
            "`summary.shares()` what you need."
        )
    shown = _chosen(summary, [questions] if isinstance(questions, str) else questions)
    options = [_options(summary.cells, question) for question in shown]
    rows = 1 + len(summary.cells)
    heights = [0.6 + 0.12 * rows * max(len(each[0]), 2) for each in options]
    with mpl.rc_context({"font.family": fonts(), "font.size": 8, "text.parse_math": False}):
        figure = Figure(figsize=(6.5, sum(heights) + 0.5), layout="constrained")
        grid = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)
        for (axes,), question, each in zip(grid, shown, options, strict=True):
            _bars(axes, summary.cells, each)
            text = next(q.text for c in summary.cells for q in c.questions if q.id == question)
            axes.set_title("\n".join(lines(f"{question}  {text}", 640)), loc="left", fontsize=8)
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", frameon=False, ncols=2)
    data = summary.shares()
    return Plot(figure, data[data["question"].isin(shown)].reset_index(drop=True))


def _summary(what: Results | Summary | str | Path) -> Summary:
    if isinstance(what, Summary):
        return what
    if isinstance(what, Results):
        return summarise(what)
    with open_results(what) as results:
        return summarise(results)


def _chosen(summary: Summary, wanted: Sequence[str] | None) -> list[str]:
    """Ids of the questions to draw."""
    drawable = dict.fromkeys(q.id for c in summary.cells for q in c.questions if q.shares and q.n_simulated)
    if wanted is None:
        if not drawable:
            raise DocumentError("There is nothing to draw: no question with options has an answer yet.")
        return list(drawable)[:MOST_QUESTIONS]
    known = dict.fromkeys(q.id for c in summary.cells for q in c.questions)
    for name in wanted:
        if name not in known:
            raise DocumentError(f"There is no question {name!r} in {summary.wave!r}; there are {', '.join(known)}.")
        if name not in drawable:
            raise DocumentError(f"There is nothing to draw of {name!r}: it has no options, or no answer to them yet.")
    if not wanted:
        raise DocumentError("Name a question to draw, or leave `questions` out for the first ones.")
    return list(dict.fromkeys(wanted))


def _options(cells: Sequence[CellSummary], question: str) -> list[tuple[OptionShares, ...]]:
    """Shares of the options of a question in each cell."""
    return [next(q.shares for q in cell.questions if q.id == question) for cell in cells]


def _bars(axes: "Axes", cells: Sequence[CellSummary], options: Sequence[tuple[OptionShares, ...]]) -> None:
    """Bars of one question: the options from top to bottom, in each the cells and then the people."""
    series: list[tuple[str, str, list[Any]]] = [
        (cell.name, colour, [(o.simulated, o.low, o.high) for o in each])
        for cell, colour, each in zip(cells, COLOURS, options, strict=False)
    ]
    series += _people(cells, options)
    height = 0.8 / len(series)
    for number, (name, colour, found) in enumerate(series):
        move = height * (number + 0.5) - 0.4
        known = [(place + move, *one) for place, one in enumerate(found) if one[0] is not None]
        axes.barh([one[0] for one in known], [one[1] for one in known], height * 0.95, color=colour, label=name)
        for place, _, low, high in known:
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color="0.2", lw=0.8)
    axes.set_yticks(range(len(options[0])), labels=[fitted(option.label, 190) for option in options[0]])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")


def _people(
    cells: Sequence[CellSummary], options: Sequence[tuple[OptionShares, ...]]
) -> list[tuple[str, str, list[Any]]]:
    """Real people whom cells are compared with; several publics where cells are compared with different ones."""
    publics: dict[tuple[Any, ...], str] = {}
    for cell, each in zip(cells, options, strict=True):
        shares = tuple((o.human, o.human_low, o.human_high) for o in each)
        if any(share is not None for share, _, _ in shares):
            publics.setdefault(shares, cell.name)
    one = len(publics) == 1
    return [("people" if one else f"people ({name})", PEOPLE, list(shares)) for shares, name in publics.items()]


def _drawn(figure: "Figure", ending: str, dpi: int) -> bytes:
    """The figure as a file; letters that no font has are boxes."""
    import matplotlib as mpl

    dated: dict[str, None] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
    out = io.BytesIO()
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": "demoscope", "pdf.fonttype": 42}):
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(out, format=ending, dpi=dpi, metadata=dated)
    return out.getvalue()
