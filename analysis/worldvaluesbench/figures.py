"""The figures of the paper for any models: on how many questions they come near to people, and how near on each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.worldvaluesbench.evaluation import TOLD
from analysis.worldvaluesbench.findings import Evaluation, SystemFinding
from analysis.worldvaluesbench.thresholds import PUBLISHED, shares
from demoscope.errors import DocumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")
MARKS = "osD^vP*X"

Looks = Mapping[str, tuple[str, str]]
"""Name of a model or baseline -> its colour and mark."""


def write_figures(evaluation: Evaluation, path: Path) -> None:
    """Draw an evaluation into a file; its ending says how.

    Raises
    ------
    DocumentError
        If the ending is none of :data:`FORMATS`, or the file cannot be written.
    """
    ending = path.suffix.removeprefix(".").lower()
    check_format(path)
    import matplotlib as mpl

    figure = draw(evaluation)
    try:
        with mpl.rc_context({"svg.hashsalt": "worldvaluesbench"}):  # equal evaluations make equal files
            figure.savefig(path, format=ending, metadata={"Date": None} if ending == "svg" else None)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None


def check_format(path: Path) -> None:
    """Refuse a file whose ending is none of :data:`FORMATS`.

    Raises
    ------
    DocumentError
        If it is.
    """
    if path.suffix.removeprefix(".").lower() not in FORMATS:
        raise DocumentError(f"{path}: figures are written as {', '.join(FORMATS)}; end the name with one of these.")


def draw(evaluation: Evaluation) -> "Figure":
    """Threshold curves of the models, those that were told attributes beside those that were not, and each question.

    Baselines stand in every panel; whatever is drawn twice looks the same in both places. A model
    counts as told when its name ends as in :data:`TOLD`.
    """
    from matplotlib.figure import Figure

    told = [one for one in evaluation.systems if one.name.endswith(TOLD)]
    plain = [one for one in evaluation.systems if not one.name.endswith(TOLD)]
    panels = [(title, some) for title, some in (("without attributes", plain), ("with attributes", told)) if some]
    if not told:
        panels = [("", plain)]
    questions = [one.question for one in evaluation.systems[0].questions if one.distance is not None]
    drawn = (*evaluation.baselines[:2], *evaluation.systems)
    looks = {one.name: (f"C{n % 10}", MARKS[n % len(MARKS)]) for n, one in enumerate(drawn)}
    figure = Figure(figsize=(5.5 * max(len(panels), 2), 9), layout="constrained")
    grid = figure.add_gridspec(2, len(panels))
    for place, (title, systems) in enumerate(panels):
        axes = figure.add_subplot(grid[0, place])
        _curves(axes, [*evaluation.baselines[:2], *systems], title, looks)
    _by_question(figure.add_subplot(grid[1, :]), drawn, questions, looks)
    return figure


def _curves(axes: "Axes", systems: Sequence[SystemFinding], title: str, looks: Looks) -> None:
    for system in systems:
        color, mark = looks[system.name]
        values = [one.distance for one in system.questions if one.distance is not None]
        axes.plot(PUBLISHED, 100 * shares(values), color=color, marker=mark, label=system.name)
    axes.set(xlabel="Wasserstein-1 distance at most", ylabel="questions (%)", ylim=(-2, 102), title=title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)


def _by_question(axes: "Axes", systems: Sequence[SystemFinding], questions: Sequence[str], looks: Looks) -> None:
    rows = np.arange(len(questions))
    for system in systems:
        color, mark = looks[system.name]
        found = {one.question: one.distance for one in system.questions}
        values = np.array([found.get(question) for question in questions], np.float64)  # None becomes NaN
        axes.plot(rows, values, mark, color=color, ms=4, alpha=0.8, label=system.name)
    if len(questions) <= 60:
        axes.set_xticks(rows, questions, rotation=90, fontsize=7)
    axes.set(ylabel="Wasserstein-1 distance", xlabel="question")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False, ncols=4)
