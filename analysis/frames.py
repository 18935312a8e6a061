"""What a store holds and what a summary says, as pandas frames."""

from typing import TYPE_CHECKING, Any

from analysis.export.provenance import Provenance, read_provenance
from analysis.export.tidy import tidy_batches
from analysis.export.wide import wide_table
from analysis.export.writing import frame_of_wide
from analysis.findings import Summary
from analysis.reading import Results

if TYPE_CHECKING:
    import pandas as pd

SHARES = ("cell", "question", "text", "code", "label", "simulated", "low", "high", "human", "human_low", "human_high")
DISTANCES = (
    *("cell", "question", "distance", "simulated", "low", "high", "uniform", "majority"),
    *("people_low", "people_median", "people_high"),
)


def tidy_frame(results: Results) -> "pd.DataFrame":
    """One row an answer and chosen option, as :func:`analysis.export.tidy.tidy_batches` tells; texts that repeat are
    categories."""
    import pyarrow as pa

    provenance = read_provenance(results)
    frame: pd.DataFrame = pa.Table.from_batches(tidy_batches(results, provenance, None)).to_pandas()
    return _marked(frame, provenance)


def wide_frame(results: Results) -> "pd.DataFrame":
    """One row a respondent, one column a question; what is missing for any reason is empty."""
    provenance = read_provenance(results)
    frame: pd.DataFrame = frame_of_wide(wide_table(results, provenance, None), provenance, safe=False)
    return _marked(frame, provenance)


def _marked(frame: "pd.DataFrame", provenance: Provenance) -> "pd.DataFrame":
    frame.attrs = {"synthetic": provenance.sentence, "restricted": provenance.restricted}
    return frame


def shares_frame(summary: Summary) -> "pd.DataFrame":
    """One row an option of a question in a cell: shares of simulated and real people, with their 95 % intervals."""
    rows: list[tuple[Any, ...]] = [
        (c.name, q.id, q.text, o.code, o.label, o.simulated, o.low, o.high, o.human, o.human_low, o.human_high)
        for c in summary.cells
        for q in c.questions
        for o in q.shares
    ]
    return _numbers(rows, SHARES, after=5)


def distances_frame(summary: Summary) -> "pd.DataFrame":
    """One row a distance (``w1``, ``kl``, ``js``) of a question in a cell that could be compared with people."""
    rows: list[tuple[Any, ...]] = [
        (
            *(c.name, q.id, name, m.simulated, m.low, m.high, m.uniform, m.majority),
            *(m.sample.low, m.sample.median, m.sample.high),
        )
        for c in summary.cells
        for q in c.questions
        for name, m in (("w1", q.w1), ("kl", q.kl), ("js", q.js))
        if m is not None
    ]
    return _numbers(rows, DISTANCES, after=3)


def _numbers(rows: list[tuple[Any, ...]], columns: tuple[str, ...], after: int) -> "pd.DataFrame":
    """A frame whose columns from place ``after`` on are numbers, not a number where nothing is known."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns)).astype(dict.fromkeys(columns[after:], "float64"))
