"""By what results are broken down: the groups of the published sample, or any demographic column of the survey."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from analysis.worldvaluesbench.scores import columns_of
from analysis.worldvaluesbench.subgroups import Demographics, Grouping
from demoscope.columns import read_header, whole_number
from demoscope.errors import DocumentError
from surveys.formats.wvs import exporting
from surveys.formats.wvs.wave7 import PERSON

NAMES = {"continent": "Continent", "urban": "Urban / Rural", "rural": "Urban / Rural", "education": "Education"}
"""Short name -> column of the sample of the probe."""

FILES = ("full/full_demographic_qa.parquet", "full/full_demographic_qa.tsv")
"""Where a folder of ``wvb prepare`` holds demographic columns."""

SAMPLE = "probe/samples.tsv"
"""Where it holds the sample of the probe."""

AWAY = (
    *("don't know", "dont know", "no answer", "no second answer", "not asked", "not delivered", "not applicable"),
    *("missing", "other missing", "item not included", "refused", "inap:", "inap;"),
)
"""How the labels of negative codes begin, which say that nothing is known."""


def read_demographics(by: Sequence[str], samples: Path | None, reference: Path | None) -> Demographics:
    """What is known of persons, by the columns that are wanted.

    Parameters
    ----------
    by : sequence of str
        ``continent``, ``urban``, ``education``, a column of the sample, or a demographic column such as ``Q260``.
    samples : Path, optional
        Table of the probe's sample with D_INTERVIEW; that of the folder ``reference`` when absent.
    reference : Path, optional
        Folder that ``wvb prepare`` wrote.

    Raises
    ------
    DocumentError
        If a column is nowhere to be found; the message says what there is.
    """
    folder = reference if reference is not None and reference.is_dir() else None
    if samples is None and folder is not None and (folder / SAMPLE).exists():
        samples = folder / SAMPLE
    full = next((folder / name for name in FILES if (folder / name).exists()), None) if folder else None
    found = [path for path in (full, samples) if path is not None]
    if not found:
        raise DocumentError(
            "To break results down, say who the persons are: `--samples samples.tsv` (the sample of the probe), or a "
            "folder of `demoscope wvb prepare` as `--reference`."
        )
    columns = {path: [name for name in read_header(path).names if name != PERSON] for path in found}
    chosen: dict[str, Path] = {}
    for name in by:
        wanted = NAMES.get(name.lower(), name)
        path = next((path for path in found if wanted in columns[path]), None)
        if path is None:
            known = ", ".join(dict.fromkeys([*NAMES, *(column for path in found for column in columns[path])]))
            raise DocumentError(f"There is no {name!r} to break results down by; there are {known}.")
        chosen[wanted] = path
    away = {path: _away(folder) if path == full and folder else {} for path in found}
    parts = [_of_file(path, [name for name in chosen if chosen[name] == path], away[path]) for path in found]
    people = np.unique(np.concatenate([part.people for part in parts if part.groupings]))
    groupings = {grouping.name: grouping for part in parts for grouping in part.of(people)}
    return Demographics(people, tuple(groupings[name] for name in chosen))


def _away(folder: Path) -> Mapping[str, Sequence[str]]:
    """Texts by column that say that nothing is known, as the preparation told them; empty where it did not."""
    path = folder / exporting.AWAY
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise DocumentError(f"{path}: cannot be read ({error}); prepare the folder anew.") from None


def _of_file(path: Path, names: Sequence[str], away: Mapping[str, Sequence[str]]) -> Demographics:
    """The columns of one file; a person who stands there often counts by the first row."""
    columns = columns_of(path, [PERSON, *names])
    ids = columns[PERSON].read(whole_number, f"{path}, {PERSON}", "number of a person")
    people, first = np.unique(np.array(ids, np.int64)[columns[PERSON].positions], return_index=True)
    groupings = []
    for name in names:
        says_nothing = {"", *away[name]}.__contains__ if name in away else _says_nothing
        texts = [None if says_nothing(level) else level for level in columns[name].texts]
        groupings.append(Grouping.of(name, [texts[place] for place in columns[name].positions[first].tolist()]))
    return Demographics(people, tuple(groupings))


def _says_nothing(level: str) -> bool:
    text = level.lower().replace("´", "'").replace("’", "'")
    negative = text.removesuffix(".0").startswith("-") and text.removesuffix(".0")[1:].isdigit()
    return not text or negative or text.startswith(AWAY)
