"""SPSS and Stata files as pyreadstat sees them: variables are read from the header, the answers are not."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demoscope.errors import DocumentError
from surveys.formats.draft import Draft
from surveys.formats.interface import Reading
from surveys.formats.output import write_bytes
from surveys.formats.variables import MOST, Code, Variable, question_of

if TYPE_CHECKING:
    import pandas as pd

_PROCESS = Path(__file__).with_name("header_process.py")
_PATIENCE = 120
_STATA_MISSING = frozenset("abcdefghijklmnopqrstuvwxyz")
_DATES = ("DATE", "TIME", "QYR", "MOYR", "WKYR", "WKDAY", "MONTH", "%t", "%d", "YMDHMS")


@dataclass(frozen=True)
class Header:
    """What a data file says of itself, without its answers."""

    variables: tuple[Variable, ...]
    """Its variables, in order."""
    title: str
    """Label of the file."""
    rows: int
    """Rows of answers."""
    notes: tuple[str, ...]
    """What people noted in it."""
    sets: Mapping[str, Mapping[str, Any]]
    """Sets of variables that belong together, as SPSS has them, by name."""


def header(path: Path) -> Header:
    """What a file says of its variables.

    It is read by a process of its own, which a damaged file may end without ending this one.

    Raises
    ------
    DocumentError
        If the package is missing or the file cannot be read.
    """
    if not path.is_file():
        raise DocumentError(f"{path}: no such file. Check the path.")
    stata = path.suffix.lower() == ".dta"
    tool = "stata" if stata else "spss"
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(_PROCESS), str(path), tool],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DocumentError(f"{path}: cannot be read in {_PATIENCE} seconds.") from None
    except (OSError, ValueError) as error:
        raise DocumentError(f"{str(path)!r}: cannot be read ({error}).") from None
    if done.returncode == 3:
        raise DocumentError(f"{path}: reading it needs the package pyreadstat; install demoscope[spss].")
    if done.returncode != 0:
        why = (
            done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] if done.returncode == 2 else ["damaged"]
        )
        name = "Stata" if stata else "SPSS"
        raise DocumentError(f"{path}: cannot be read as a {name} file ({why[0] if why else 'damaged'}).")
    found = json.loads(done.stdout)
    if len(found["names"]) > MOST:
        raise DocumentError(f"{path}: {len(found['names']):,} variables; at most {MOST:,} are read.")
    made = tuple(_variables(found, stata))
    return Header(made, found["title"], found["rows"], tuple(found["notes"]), found["sets"])


def _variables(found: Mapping[str, Any], stata: bool) -> Iterator[Variable]:
    for place, name in enumerate(found["names"]):
        labels: dict[Code, str] = {code: str(label) for code, label in found["values"][place]}
        ranges = [(low, high) for low, high in found["missing"][place]]
        text = found["text"][place]
        if stata and not text:
            ranges += [(code, code) for code in labels if code in _STATA_MISSING]
        dated = any(word in found["formats"][place] for word in _DATES)
        yield Variable(
            name=name,
            label=found["labels"][place],
            type="string" if text else "date" if dated else "numeric",
            labels=labels,
            missing=tuple(ranges),
            graded=_few_are_labelled(labels) if stata else found["measures"][place] == "scale",
        )


def _few_are_labelled(labels: Mapping[Code, str]) -> bool:
    """Whether fewer than half of the points between the lowest and the highest have words, and none is negative.

    Stata does not say what measures something by degrees; SPSS does.
    """
    codes = [code for code in labels if not isinstance(code, str)]
    return len(codes) > 1 and min(codes) >= 0 and max(codes) - min(codes) + 1 > 2 * len(codes)


def reading(path: Path) -> Reading:
    """The questions that the variables of a file are answers to."""
    found = header(path)
    draft = Draft(path)
    labels = {variable.name: variable.label for variable in found.variables}
    sets = _dichotomies(found, labels)
    members = {name: key for key, one in sets.items() for name in one["variable_list"]}
    entries = []
    for variable in found.variables:
        key = members.get(variable.name)
        if key is None:
            content = question_of(variable, draft)
        elif sets[key]["variable_list"][0] == variable.name:
            content = _multiple(key, sets[key], labels, draft)
        else:
            continue
        if content is not None:
            entries.append(content)
    _leave_out_the_rest(found, draft)
    return draft.reading(path.stem, draft.label(found.title, "the file") or path.stem, entries)


def _dichotomies(found: Header, labels: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """Sets of variables that are options of one question, by the name of the set; no variable is in two."""
    kept: dict[str, Mapping[str, Any]] = {}
    taken: set[str] = set()
    for key, one in found.sets.items():
        names = set(one["variable_list"])
        if one["is_dichotomy"] and len(names) > 1 and not taken & names and names <= set(labels):
            kept[key] = one
            taken |= names
    return kept


def _multiple(key: str, one: Mapping[str, Any], labels: Mapping[str, str], draft: Draft) -> dict[str, Any] | None:
    where = f"set {key}"
    options = [
        {"code": code, "label": draft.label(labels[name] or name, where)}
        for code, name in enumerate(one["variable_list"], start=1)
    ]
    draft.leave_out(
        where,
        f"the variables {', '.join(one['variable_list'])}",
        f"they are the options 1 to {len(options)} of {key}",
    )
    text = draft.text(one["label"] or key, where)
    return draft.question(key, where, {"id": draft.new_id(key), "text": text, "kind": "multiple", "options": options})


def _leave_out_the_rest(found: Header, draft: Draft) -> None:
    if found.rows:
        draft.leave_out("the file", f"{found.rows:,} rows of answers", "a questionnaire is what was asked")
    for note in found.notes:
        draft.leave_out("the file", f"the note {note!r}", "a questionnaire has a source only")
    for key, one in found.sets.items():
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
