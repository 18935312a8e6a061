"""Population documents written for a test, with their tables."""

import json
from pathlib import Path

import pytest

from demoscope.errors import DocumentError
from personas import Population

SEX = {"levels": {"female": "woman", "male": "man"}}
AGE = {"kind": "numeric", "unit": "years", "bands": {"young": [18, 39], "old": [40, 90]}}
JOB = {"levels": {"none": "no job", "paid": "paid work", "own": "own business"}}
CLASS = {"levels": {"low": "low", "high": "high"}}


def write(folder: Path, sources: list, tables: dict[str, str] | None = None, **parts: object) -> Path:
    """A document with the attributes that its sources give, from those above."""
    known = {"sex": SEX, "age": AGE, "job": JOB, "class": CLASS}
    used = {name for source in sources for name in source["attributes"]}
    document = {
        "id": "town",
        "title": "A town",
        "source": "Written for this test",
        "attributes": {name: known[name] for name in known if name in used},
        "sources": sources,
        **parts,
    }
    (folder / "town.yaml").write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    for name, table in (tables or {}).items():
        (folder / name).write_text(table, encoding="utf-8")
    return folder / "town.yaml"


def town(folder: Path, sources: list, tables: dict[str, str] | None = None, **parts: object) -> Population:
    return Population.load(write(folder, sources, tables, **parts))


def refusal(folder: Path, sources: list, tables: dict[str, str] | None = None, **parts: object) -> str:
    with pytest.raises(DocumentError) as caught:
        town(folder, sources, tables, **parts)
    return str(caught.value)
