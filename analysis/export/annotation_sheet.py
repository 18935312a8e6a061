"""The sheet on which people judge replies, as `export --annotation` and `annotate` write it."""

from pathlib import Path

from analysis.annotation import drawn_for_annotation, write_sheet
from analysis.export.provenance import read_provenance
from analysis.reading import open_results
from demoscope.errors import DocumentError


def export_annotation_sheet(store: Path, out: Path, share: float, *, with_restricted: bool = False) -> str:
    """Write a sheet of replies for people to judge; `report --annotation` reads it back.

    Parameters
    ----------
    out : Path
        A ``.csv`` that is not there yet, since it might hold somebody's work.
    share : float
        Part of the replies on it, in (0, 1].
    with_restricted : bool
        Show questions as they were read even where the wave draws on a restricted source, of whose people a prompt
        may tell; otherwise they stand there as the questionnaire words them.

    Returns
    -------
    str
        What was written, for people.

    Raises
    ------
    StoreError
        If the store is missing, no store, damaged, or was written by a newer version.
    DocumentError
        If the share is impossible or came to no reply, or the file is there already or cannot be written.
    """
    if out.suffix.lower() != ".csv":
        raise DocumentError(f"{out}: a sheet for annotation is a CSV; end its name with .csv.")
    with open_results(store) as results:
        provenance = read_provenance(results)
        worded = provenance.restricted and not with_restricted
        replies = drawn_for_annotation(results.rows, results.wave.seed, share, worded=worded)
    write_sheet(out, replies, provenance.mark)
    told = "; questions stand there without what prompts tell of restricted people" if worded else ""
    return f"{out}: {len(replies):,} replies{told}. Read it back: demoscope report {store} --annotation {out}"
