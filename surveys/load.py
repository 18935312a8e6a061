"""Find questionnaires and references by library name or by path."""

from pathlib import Path
from typing import TYPE_CHECKING

from demoscope.documents import find, read, read_document
from demoscope.errors import DocumentError
from surveys.questionnaire import Questionnaire
from surveys.reference import ReferenceCounts, read_reference
from surveys.reference_mapping import ReferenceMapping

if TYPE_CHECKING:
    from surveys.reference_counting import SurveyFile

LIBRARY = Path(__file__).parent / "library"


def load_questionnaire(name: str, beside: Path | None = None) -> Questionnaire:
    """Questionnaire of the library (``gss_spending``) or of a YAML file, relative to the folder ``beside``."""
    return read(Questionnaire, find(name, LIBRARY, beside, "questionnaire"))


def load_reference(
    name: str, beside: Path | None = None, questionnaire: Questionnaire | None = None
) -> ReferenceCounts:
    """Reference of the library (``gss_spending_2018``) or of a YAML file, relative to ``beside``.

    A document that maps a survey's own file (it has ``data`` in place of ``table``) needs the questionnaire; the
    people are counted now.

    Raises
    ------
    DocumentError
        If something is missing or malformed, or a value of the survey's file fits nothing.
    """
    path = find(name, LIBRARY, beside, "reference")
    if not is_mapping(path):
        return read_reference(path)
    if questionnaire is None:
        raise DocumentError(f"{path}: it maps a survey's file to questions; load it with its questionnaire.")
    from surveys.reference_counting import SurveyFile

    return SurveyFile.read(read(ReferenceMapping, path), questionnaire, path.parent).counts()


def is_mapping(path: Path) -> bool:
    """Whether a reference document maps a survey's own file."""
    return "data" in read_document(path)[0]


def load_mapping(path: Path, questionnaire: str | None = None, data: Path | None = None) -> "SurveyFile":
    """The survey's file that a mapping names, to look at what matches.

    Parameters
    ----------
    questionnaire : str, optional
        Name in the library or path; looked for by its id in the library and beside the mapping when absent.
    data : Path, optional
        The survey's file, when it is not the one that the mapping names.

    Raises
    ------
    DocumentError
        If something is missing or malformed, or the document holds counts already.
    """
    from surveys.reference_counting import SurveyFile

    if not is_mapping(path):
        raise DocumentError(
            f"{path}: it has no `data`, so it maps no survey's file. Where it has a `table` of counts, "
            "`demoscope plan` checks those."
        )
    mapping = read(ReferenceMapping, path)
    if data is not None:
        mapping = mapping.model_copy(update={"data": str(data.absolute())})
    asked = load_questionnaire(questionnaire or _beside(mapping.questionnaire, path.parent))
    return SurveyFile.read(mapping, asked, path.parent)


def _beside(questionnaire: str, folder: Path) -> str:
    """The file in a folder that holds a questionnaire; its id when there is none, for the library."""
    for path in sorted(folder.glob("*.yaml")):
        content = read_document(path)[0]
        if content.get("id") == questionnaire and "questions" in content:
            return str(path)
    return questionnaire
