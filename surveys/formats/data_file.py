"""SPSS and Stata files as pyreadstat sees them: variables are read from the header, the answers are not."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demoscope.errors import DocumentError
from surveys.formats.draft import Draft
from surveys.formats.interface import Reading
from surveys.formats.output import write_bytes
from surveys.formats.variables import MOST, Code, Variable, question_of

if TYPE_CHECKING:
    import pandas as pd

_STATA_MISSING = frozenset("abcdefghijklmnopqrstuvwxyz")
_DATES = ("DATE", "TIME", "QYR", "MOYR", "WKYR", "WKDAY", "MONTH", "%t", "%d", "YMDHMS")


def header(path: Path) -> Any:
    """What a file says of its variables, without its answers.

    Raises
    ------
    DocumentError
        If the package is missing or the file cannot be read.
    """
    try:
        import pyreadstat
    except ImportError:
        raise DocumentError(f"{path}: reading it needs the package pyreadstat; install demoscope[spss].") from None
    if not path.is_file():
        raise DocumentError(f"{path}: no such file. Check the path.")
    stata = path.suffix.lower() == ".dta"
    read = pyreadstat.read_dta if stata else pyreadstat.read_sav
    try:
        found = read(path, metadataonly=True, user_missing=True)[1]
    except Exception as error:  # pyreadstat has errors of its own, and raises what pandas raises
        why = " ".join(str(error).split())[:200]
        raise DocumentError(f"{path}: cannot be read as a {'Stata' if stata else 'SPSS'} file ({why}).") from None
    if len(found.column_names) > MOST:
        raise DocumentError(f"{path}: {len(found.column_names):,} variables; at most {MOST:,} are read.")
    return found


def variables(path: Path, meta: Any) -> list[Variable]:
    """The variables of a file, in its order."""
    stata = path.suffix.lower() == ".dta"
    made = []
    labelled = dict(zip(meta.column_names, meta.column_labels, strict=True))
    for name in meta.column_names:
        labels: dict[Code, str] = {
            code: str(label) for code, label in meta.variable_value_labels.get(name, {}).items()
        }
        ranges = [(one["lo"], one["hi"]) for one in meta.missing_ranges.get(name, ())]
        text = meta.readstat_variable_types.get(name) == "string"
        if stata and not text:
            ranges += [(code, code) for code in labels if code in _STATA_MISSING]
        dated = any(word in str(meta.original_variable_types.get(name, "")) for word in _DATES)
        made.append(
            Variable(
                name=name,
                label=labelled[name] or "",
                type="string" if text else "date" if dated else "numeric",
                labels=labels,
                missing=tuple(ranges),
                graded=_few_are_labelled(labels) if stata else meta.variable_measure.get(name) == "scale",
            )
        )
    return made


def _few_are_labelled(labels: Mapping[Code, str]) -> bool:
    """Whether fewer than half of the points between the lowest and the highest have words, and none is negative.

    Stata does not say what measures something by degrees; SPSS does.
    """
    codes = [code for code in labels if not isinstance(code, str)]
    return len(codes) > 1 and min(codes) >= 0 and max(codes) - min(codes) + 1 > 2 * len(codes)


def reading(path: Path) -> Reading:
    """The questions that the variables of a file are answers to."""
    meta = header(path)
    draft = Draft(path)
    sets = _dichotomies(meta)
    members = {name: key for key, one in sets.items() for name in one["variable_list"]}
    entries = []
    for variable in variables(path, meta):
        key = members.get(variable.name)
        if key is None:
            content = question_of(variable, draft)
        elif sets[key]["variable_list"][0] == variable.name:
            content = _multiple(key, sets[key], dict(zip(meta.column_names, meta.column_labels, strict=True)), draft)
        else:
            continue
        if content is not None:
            entries.append(content)
    _leave_out_the_rest(meta, draft)
    return draft.reading(path.stem, meta.file_label or path.stem, entries)


def _dichotomies(meta: Any) -> dict[str, Mapping[str, Any]]:
    """Sets of variables that are options of one question, by the name of the set; no variable is in two."""
    found: dict[str, Mapping[str, Any]] = {}
    taken: set[str] = set()
    for key, one in (getattr(meta, "mr_sets", None) or {}).items():
        names = one["variable_list"]
        if one["is_dichotomy"] and len(names) > 1 and not taken & set(names) and set(names) <= set(meta.column_names):
            found[key] = one
            taken |= set(names)
    return found


def _multiple(
    key: str, one: Mapping[str, Any], labels: Mapping[str, str | None], draft: Draft
) -> dict[str, Any] | None:
    where = f"set {key}"
    options = [
        {"code": code, "label": draft.label(labels.get(name) or name, where)}
        for code, name in enumerate(one["variable_list"], start=1)
    ]
    draft.leave_out(
        where,
        f"the variables {', '.join(one['variable_list'])}",
        f"they are the options 1 to {len(options)} of {key}",
    )
    text = draft.text(one["label"] or key, where)
    return draft.question(key, where, {"id": draft.new_id(key), "text": text, "kind": "multiple", "options": options})


def _leave_out_the_rest(meta: Any, draft: Draft) -> None:
    if meta.number_rows:
        draft.leave_out("the file", f"{meta.number_rows:,} rows of answers", "a questionnaire is what was asked")
    for note in meta.notes or ():
        draft.leave_out("the file", f"the note {str(note).strip()!r}", "a questionnaire has a source only")
    for key, one in (getattr(meta, "mr_sets", None) or {}).items():
        if not one["is_dichotomy"]:
            draft.leave_out(
                f"set {key}", f"that {', '.join(one['variable_list'])} belong together", "they stand alone"
            )


def empty_frame(made: list[Variable]) -> "pd.DataFrame":
    """A data set without rows that has these variables."""
    import pandas as pd

    return pd.DataFrame(
        {variable.name: pd.Series([], dtype=object if variable.type == "string" else float) for variable in made}
    )


def write_whole(path: Path, write: Any) -> None:
    """Let ``write`` make a file elsewhere, then put it in its place."""
    import tempfile

    try:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / f"made{path.suffix}"
            write(made)
            content = made.read_bytes()
    except DocumentError:
        raise
    except Exception as error:  # of pyreadstat, about what the file cannot hold
        raise DocumentError(f"{path}: cannot be written ({' '.join(str(error).split())[:200]}).") from None
    write_bytes(path, content)


def need_pyreadstat(path: Path) -> Any:
    """The package that writes these files."""
    try:
        import pyreadstat
    except ImportError:
        raise DocumentError(f"{path}: writing it needs the package pyreadstat; install demoscope[spss].") from None
    return pyreadstat
