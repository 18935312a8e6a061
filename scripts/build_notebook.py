"""Write docs/notebook.ipynb: the example notebook, executed.

usage: python scripts/build_notebook.py
"""

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"

CELLS: tuple[tuple[str, str], ...] = (
    (
        "markdown",
        """# A wave in a notebook

Load, draw, run, get frames, plot: ten lines. Run it from `docs/`, or change the path of the wave.

The public here is *scripted*: it answers by chance, which takes no model and no minute. So what follows shows the
machinery and says nothing about any model or any people. Leave out `models=` to ask the small language model that
ships with Demoscope, or name your own. Leave out `execution=` to run on Ray. Both work where an event loop is
running already, as in a notebook.""",
    ),
    (
        "code",
        """import analysis
import simulator

example, anyone = "../examples/quickstart.yaml", [{"name": "anyone", "backend": "scripted"}]
wave = simulator.load_wave(example, respondents=100, models=anyone, execution={"executor": "local"})
wave""",
    ),
    ("markdown", "What is asked, and of whom. Every text comes from files, so every text is escaped."),
    ("code", "wave.questionnaire"),
    ("code", "wave.population"),
    ("markdown", "People are drawn as a pandas frame; these are the first of the wave's own respondents."),
    ("code", "wave.population.draw(5, seed=wave.wave.seed)"),
    ("markdown", "Run it. Launching again continues where it was interrupted, and asks nothing twice."),
    ("code", 'store = simulator.launch(wave, "notebook.sqlite")'),
    ("markdown", "Answers as frames: tidy, a row an answer, or wide, a row a respondent."),
    (
        "code",
        """results = analysis.open_results(store)
results.frame()[["respondent", "question", "status", "label", "person_age", "state"]].head()""",
    ),
    ("code", 'results.frame(wide=True)[["natenvir", "natheal", "natroad"]].head()'),
    ("markdown", "How far from people, and how far random people, a coin and the usual answer would be."),
    (
        "code",
        """summary = analysis.summarise(results)
summary.distances().query("distance == 'w1'")[["question", "simulated", "people_high", "uniform"]].round(3).head()""",
    ),
    ("markdown", 'A figure with its data: `.save("natenvir.svg")` writes it, `.data` is the frame behind it.'),
    ("code", 'analysis.plot(summary, ["natenvir", "natroad"])'),
)


def notebook() -> Any:
    """The notebook, not executed yet."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [make[kind](source, id=f"cell-{n}") for n, (kind, source) in enumerate(CELLS, start=1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def executed(folder: Path) -> Any:
    """The notebook with its outputs; what it writes goes into a folder.

    Parameters
    ----------
    folder : Path
        An empty folder; it is given the example that the notebook reads.
    """
    beside = folder / "examples"
    beside.mkdir()
    (beside / "quickstart.yaml").write_bytes((ROOT / "examples" / "quickstart.yaml").read_bytes())
    (folder / "docs").mkdir()
    found = notebook()
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    client = NotebookClient(
        found,
        timeout=300,
        record_timing=False,
        resources={"metadata": {"path": str(folder / "docs")}},
        config=Config(KernelManager={"transport": "ipc", "ip": str(folder / "kernel")}),  # sockets, not ports
    )
    client.execute(env={**os.environ, "PYTHONPATH": path})
    return found


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        nbformat.write(executed(Path(made)), NOTEBOOK)
    print(f"Written: {NOTEBOOK}")
