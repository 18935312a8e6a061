"""The figures of the paper for any models: on how many questions they come near to people, and how near on each."""

from collections.abc import Sequence
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


def write_figures(evaluation: Evaluation, path: Path) -> None:
    """Draw an evaluation into a file; its ending says how.

    Raises
    ------
    DocumentError
        If the ending is none of :data:`FORMATS`, or the file cannot be written.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise DocumentError(f"{path}: figures are written as {', '.join(FORMATS)}; end the name with one of these.")
    import matplotlib as mpl

    figure = draw(evaluation)
    try:
        with mpl.rc_context({"svg.hashsalt": "worldvaluesbench"}):  # equal evaluations make equal files
            figure.savefig(path, format=ending, metadata={"Date": None} if ending == "svg" else None)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror or error}).") from None


def draw(evaluation: Evaluation) -> "Figure":
    """Threshold curves of the models, those that were told attributes beside those that were not, and each question.

    Baselines stand in every panel. A model counts as told when its name ends as in :data:`TOLD`.
    """
    from matplotlib.figure import Figure

    told = [one for one in evaluation.systems if one.name.endswith(TOLD)]
    plain = [one for one in evaluation.systems if not one.name.endswith(TOLD)]
    panels = [(title, some) for title, some in (("without attributes", plain), ("with attributes", told)) if some]
    if not told:
        panels = [("", plain)]
    questions = [one.question for one in evaluation.systems[0].questions if one.distance is not None]
    figure = Figure(figsize=(5.5 * max(len(panels), 2), 9), layout="constrained")
    grid = figure.add_gridspec(2, len(panels))
    for place, (title, systems) in enumerate(panels):
        axes = figure.add_subplot(grid[0, place])
        _curves(axes, [*evaluation.baselines[:2], *systems], title)
    _by_question(figure.add_subplot(grid[1, :]), evaluation, questions)
    return figure


def _curves(axes: "Axes", systems: Sequence[SystemFinding], title: str) -> None:
    for place, system in enumerate(systems):
        values = [one.distance for one in system.questions if one.distance is not None]
        axes.plot(PUBLISHED, 100 * shares(values), marker=MARKS[place % len(MARKS)], label=system.name)
    axes.set(xlabel="Wasserstein-1 distance at most", ylabel="questions (%)", ylim=(-2, 102), title=title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)


def _by_question(axes: "Axes", evaluation: Evaluation, questions: Sequence[str]) -> None:
    rows = np.arange(len(questions))
    for place, system in enumerate((*evaluation.baselines[:2], *evaluation.systems)):
        found = {one.question: one.distance for one in system.questions}
        values = np.array([found.get(question) for question in questions], np.float64)  # None becomes NaN
        axes.plot(rows, values, MARKS[place % len(MARKS)], ms=4, alpha=0.8, label=system.name)
    if len(questions) <= 60:
        axes.set_xticks(rows, questions, rotation=90, fontsize=7)
    axes.set(ylabel="Wasserstein-1 distance", xlabel="question")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False, ncols=4)
