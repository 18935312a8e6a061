"""Formats by name: ours and those that other packages bring as entry points of the group ``demoscope.formats``."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from demoscope.errors import DocumentError
from surveys.formats.interface import Format

GROUP = "demoscope.formats"

OURS = {
    "yaml": "surveys.formats.own_yaml:FORMAT",
    "csv": "surveys.formats.own_csv:FORMAT",
    "surveyjs": "surveys.formats.surveyjs:FORMAT",
    "limesurvey": "surveys.formats.limesurvey.lss:FORMAT",
    "limesurvey_tsv": "surveys.formats.limesurvey.tsv:FORMAT",
    "ddi": "surveys.formats.ddi:FORMAT",
    "columns": "surveys.formats.columns:FORMAT",
    "def": "surveys.formats.def_text:FORMAT",
    "spss": "surveys.formats.spss:FORMAT",
    "stata": "surveys.formats.stata:FORMAT",
    "qualtrics": "surveys.formats.qualtrics:FORMAT",
    "xlsform": "surveys.formats.xlsform:FORMAT",
}
"""What comes with the project, named here so that it is found where the code was shipped but not installed."""


@cache
def formats() -> dict[str, Format]:
    """Every format by name, in the order of names."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    points |= {name: EntryPoint(name, value, GROUP) for name, value in OURS.items()}
    return {name: points[name].load() for name in sorted(points)}


def find_format(name: str) -> Format:
    """The format of this name.

    Raises
    ------
    DocumentError
        If there is none; the message lists those that are installed.
    """
    found = formats().get(name)
    if found is None:
        raise DocumentError(f"There is no format {name[:80]!r}; installed are {', '.join(formats())}.")
    return found
