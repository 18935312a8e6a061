"""A pandas frame as a population: what its columns hold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from personas.attributes import Attribute
from personas.microdata import texts_of
from personas.sources import Microdata

if TYPE_CHECKING:
    import pandas as pd

FRAME = "frame"
"""What stands for the file name of microdata that came as a frame."""

Missing = Literal["refuse", "drop", "unknown"]


def framed(
    frame: "pd.DataFrame",
    id: str,
    attributes: Mapping[str, Attribute] | None,
    weight: str | None,
    row: str | None,
    missing: Missing,
    source: str,
) -> tuple[dict[str, Any], Microdata]:
    """Content of the population document that a frame makes, and its one source."""
    apart = {weight, row}
    known = attributes or {str(name): _attribute(frame[name]) for name in frame.columns if name not in apart}
    microdata = Microdata.model_validate(
        {
            "kind": "microdata",
            "file": FRAME,
            "attributes": {name: {"column": name, "missing": missing} for name in known},
            "weight": weight,
            "row": row,
        }
    )
    content = {
        "id": id,
        "title": f"People of a frame of {len(frame):,} rows",
        "source": source,
        "attributes": dict(known),
        "sources": [microdata],
    }
    return content, microdata


def _attribute(column: "pd.Series[Any]") -> Attribute:
    """Numeric with one band for whole numbers; categorical, with its distinct values as levels, for anything else."""
    import pandas as pd

    if pd.api.types.is_integer_dtype(column) and column.notna().any():
        low, high = int(column.min()), int(column.max())
        return Attribute(kind="numeric", bands={f"{low}-{high}": (low, high)})
    codes = (
        [str(code) for code in column.cat.categories]
        if isinstance(column.dtype, pd.CategoricalDtype)
        else sorted({text for text in texts_of(column).tolist() if text is not None})
    )
    return Attribute(levels={code: code for code in codes})
