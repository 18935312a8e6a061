"""Find questionnaires and references by library name or by path."""

from pathlib import Path

from demoscope.documents import find, read
from surveys.questionnaire import Questionnaire
from surveys.reference import ReferenceCounts, read_reference

LIBRARY = Path(__file__).parent / "library"


def load_questionnaire(name: str, beside: Path | None = None) -> Questionnaire:
    """Questionnaire of the library (``gss_spending``) or of a YAML file, relative to the folder ``beside``."""
    return read(Questionnaire, find(name, LIBRARY, beside, "questionnaire"))


def load_reference(name: str, beside: Path | None = None) -> ReferenceCounts:
    """Reference of the library (``gss_spending_2018``) or of a YAML file, relative to ``beside``."""
    return read_reference(find(name, LIBRARY, beside, "reference"))
