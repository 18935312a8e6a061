"""A reproducibility bundle: one zip with the store, the documents of its wave, the versions, and a guide to them."""

import hashlib
import json
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

from analysis.coded import CodedAnswers, CodedResults
from analysis.export.installed import requirements
from analysis.export.provenance import Provenance
from analysis.export.repeating import documents
from analysis.export.withholding import hashed
from analysis.reading import Results
from demoscope.errors import DocumentError

DATED = (2020, 1, 1, 0, 0, 0)
"""Date of every file within, so that equal stores make equal bundles."""

WITHHELD = (
    """UPDATE personas SET attributes = json_object('hash', keyed(attributes)), country = keyed(id || country),
    state = keyed(id || state), city = keyed(id || city), source_row = keyed(source_row)""",
    "UPDATE respondents SET portrait = keyed(portrait)",
    "UPDATE exchanges SET prompt = keyed_prompt(prompt)",
    "UPDATE texts SET id = keyed(id), body = keyed(body)",
    "UPDATE demonstrations SET statement = keyed(statement)",
    "UPDATE known_answers SET code = keyed(persona_id || '/' || question_id || '/' || code)",
    "UPDATE waves SET population = json_object('hash', keyed(population))",
    "DELETE FROM reference_counts",
)
"""What replaces everything in a store that tells of restricted people; the hashes of prompts are keyed too, since a
prompt that is guessed could be told by its plain hash."""


def write_bundle(results: Results, provenance: Provenance, key: bytes | None, path: Path) -> None:
    """Write the bundle.

    Parameters
    ----------
    key : bytes, optional
        With it, what tells of restricted people is replaced by hashes in the store, and the documents that hold rows
        of a restricted source are left out.

    Raises
    ------
    StoreError
        If the store is damaged.
    DocumentError
        If the file cannot be written.
    """
    half = path.with_name(f".{path.name}.part")
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "store.sqlite"
            _copy(results, key, copy)
            made = documents(results)
            kept = {name: text for name, text in made.items() if key is None or name in OPEN}
            versions = json.loads(results.rows("SELECT versions FROM waves")[0][0])
            kept["versions.txt"] = "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
            kept["requirements.txt"] = requirements(versions)
            coded = results.coded if isinstance(results, CodedResults) else ()
            kept |= {f"{one.codebook.id}.codes.json": one.model_dump_json(indent=1) + "\n" for one in coded}
            kept["README.txt"] = _readme(provenance, key is not None)
            kept["README.txt"] += "".join(_told(one) for one in coded)
            files: dict[str, bytes | Path] = {name: text.encode("utf-8", "replace") for name, text in kept.items()}
            files[copy.name] = copy
            sums = "".join(f"{_sha256(content)}  {name}\n" for name, content in files.items())
            with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as bundle:
                _add(bundle, "SHA256SUMS", sums.encode())
                for name, content in files.items():
                    _add(bundle, name, content)
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise DocumentError(f"{path}: the bundle cannot be written ({error.strerror}).") from None


OPEN = ("wave.yaml", "questionnaire.yaml")
"""Documents without rows of anybody."""


def _copy(results: Results, key: bytes | None, path: Path) -> None:
    """The store as one file, as it was when the reading began."""
    with closing(sqlite3.connect(path)) as copy:
        results.copy_into(copy)
        if key is not None:
            _withhold(copy, key)


def _withhold(copy: sqlite3.Connection, key: bytes) -> None:
    def known(value: Any) -> str | None:
        return None if value is None else hashed(value.hex() if isinstance(value, bytes) else str(value), key)

    def prompt(text: str) -> str:
        return json.dumps([[role, hashed(text_id, key)] for role, text_id in json.loads(text)])

    copy.create_function("keyed", 1, known, deterministic=True)
    copy.create_function("keyed_prompt", 1, prompt, deterministic=True)
    copy.execute("PRAGMA journal_mode = DELETE")  # one file, in which nothing of what was deleted stays
    copy.execute("PRAGMA secure_delete = ON")
    with copy:
        for statement in WITHHELD:
            copy.execute(statement)
    copy.execute("VACUUM")


def _add(bundle: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    info = zipfile.ZipInfo(name, DATED)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with bundle.open(info, "w", force_zip64=True) as target:
        if isinstance(content, bytes):
            target.write(content)
        else:
            with content.open("rb") as source:
                while block := source.read(1 << 20):
                    target.write(block)


def _sha256(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _told(coded: CodedAnswers) -> str:
    name = f"{coded.codebook.id}.codes.json"
    return f"""
{name} holds the answers to {coded.codebook.question} in codes, by {" and ".join(coded.coders)}:
`demoscope report store.sqlite --codes {name}` counts them.
"""


def _readme(provenance: Provenance, withheld: bool) -> str:
    told = f"""{provenance.sentence}

store.sqlite        every prompt, reply and answer; `demoscope report store.sqlite -o report.html` reports them
wave.yaml           the wave with all settings resolved
questionnaire.yaml  as it was asked
versions.txt        what it ran with
requirements.txt    every package that was installed where this bundle was written, for `pip install -r`
SHA256SUMS          `sha256sum -c SHA256SUMS` finds what was changed
"""
    if withheld:
        return f"""{told}
The wave uses a restricted source. What tells of its people (personas, portraits, prompts, demonstrations, known
answers) is replaced by keyed hashes, and its tables and human counts are left out. Who has the source and the
key can find the rows again.
"""
    return f"""{told.rstrip()}
(population).yaml   whom people were drawn from, with tables of counts; the store has places and microdata
reference.yaml      human answers that it is compared with, where there are any

To repeat the wave: install Demoscope and requirements.txt, keep these files in one folder, and run
`demoscope run wave.yaml`.
Model files are told by their digests in the table `models` of the store.
"""
