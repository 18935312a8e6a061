"""Paraphrases and translations that an earlier wave wrote, read from its store, kept as documents, used by waves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from demoscope.documents import build, read
from demoscope.errors import DocumentError, StoreError
from demoscope.store_file import read_only
from surveys import Questionnaire
from surveys.paraphrases import Paraphrases
from surveys.perturbations import Paraphrase
from surveys.rewording import Part, as_words

PROTOCOLS = ("paraphrase", "translate")


@dataclass(frozen=True, slots=True)
class Written:
    """What one writer made of one question."""

    protocol: str
    language: str
    """Language that was translated into; empty for paraphrases."""
    model: str
    question: str
    parts: tuple[tuple[Part, str], ...]
    """What was rewritten, and how."""


def with_texts(perturbation: Any, beside: Path) -> Any:
    """A paraphrase with its texts read from where it says, relative to the folder ``beside``; others as they are."""
    if not isinstance(perturbation, Paraphrase) or not isinstance(perturbation.texts, str):
        return perturbation
    path = beside / perturbation.texts
    found = read(Paraphrases, path) if path.suffix in (".yaml", ".yml") else paraphrases_of(path)
    return perturbation.model_copy(update={"texts": found.texts})


def paraphrases_of(store: Path) -> Paraphrases:
    """Paraphrases of a store, those of each question in the order of their writers.

    Raises
    ------
    StoreError
        If the file is no store, or holds no paraphrases.
    """
    name, questionnaire, written = _read(store)
    found: dict[str, list[dict[str, Any]]] = {}
    models = dict.fromkeys(one.model for one in written if one.protocol == "paraphrase")
    for one in written:
        if one.protocol == "paraphrase":
            found.setdefault(one.question, []).append(as_words(one.parts)[one.question])
    if not found:
        raise StoreError(f"{store} holds no paraphrases; a condition with `protocol: paraphrase` writes them.")
    content = {
        "questionnaire": questionnaire.id,
        "language": questionnaire.language,
        "source": f"Written by {', '.join(models)} in the wave {name}; not reviewed where no reviewer is named.",
        "texts": found,
    }
    return build(Paraphrases, content, str(store))


def translated(store: Path) -> Questionnaire:
    """The questionnaire of a store with the translations that its wave wrote; what it had already stays.

    Raises
    ------
    StoreError
        If the file is no store, or holds no translations.
    """
    _, questionnaire, written = _read(store)
    content = questionnaire.model_dump(mode="json", exclude_defaults=True)
    translations: dict[str, Any] = content.setdefault("translations", {})
    taken: set[tuple[str, str]] = set()
    for one in written:
        if one.protocol != "translate" or (one.language, one.question) in taken:
            continue
        taken.add((one.language, one.question))
        translation = translations.setdefault(one.language, {})
        for entry, words in as_words(one.parts).items():
            place = translation if entry is None else translation.setdefault("words", {}).setdefault(entry, {})
            _lay_under(place, words)
    if not taken:
        raise StoreError(f"{store} holds no translations; a condition with `protocol: translate` writes them.")
    return build(Questionnaire, content, str(store))


def write_document(store: Path, out: Path) -> str:
    """Write what a wave rewrote as a document to be read, corrected and reviewed; says what it is.

    A document of paraphrases that is there already keeps those that name a reviewer.

    Raises
    ------
    DocumentError
        If the file exists and is no such document, or cannot be written.
    """
    if out.suffix not in (".yaml", ".yml"):
        raise DocumentError(f"{str(out)!r}: documents are YAML; give a name that ends in .yaml.")
    protocols = {one.protocol for one in _read(store)[2]}
    document: Paraphrases | Questionnaire
    if "translate" in protocols:
        if out.exists():
            raise DocumentError(
                f"{str(out)!r} is there already; give another name, so that nothing reviewed is lost."
            )
        document = translated(store)
        what = f"the questionnaire {document.id!r} in {', '.join(document.languages)}"
    else:
        document = paraphrases_of(store)
        if out.exists():
            document = _reviewed_kept(read(Paraphrases, out), document)
        what = f"{sum(map(len, document.texts.values()))} paraphrases of {len(document.texts)} questions"
    content = document.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    try:
        out.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100), encoding="utf-8")
    except OSError as error:
        raise DocumentError(f"{str(out)!r}: cannot be written ({error.strerror}).") from None
    return what


def _reviewed_kept(before: Paraphrases, after: Paraphrases) -> Paraphrases:
    """The newer document, with every reviewed paraphrase of the older one in its place."""
    texts = {question: list(found) for question, found in after.texts.items()}
    for question, found in before.texts.items():
        for place, wording in enumerate(found):
            if wording.reviewer is not None:
                here = texts.setdefault(question, [])
                here[place : place + 1] = [wording]
    return after.model_copy(update={"texts": {question: tuple(found) for question, found in texts.items()}})


def _lay_under(known: dict[str, Any], new: dict[str, Any]) -> None:
    """Put in what is not there yet."""
    for key, value in new.items():
        if isinstance(value, dict):
            _lay_under(known.setdefault(key, {}), value)
        else:
            known.setdefault(key, value)


def _read(store: Path) -> tuple[str, Questionnaire, tuple[Written, ...]]:
    """Name of the wave, its questionnaire, and what was accepted."""
    with read_only(store) as connection:
        wave = connection.execute("SELECT name, questionnaire FROM waves").fetchone()
        rows = connection.execute(
            """SELECT c.protocol, c.settings ->> '$.to', m.name, q.name, a.text
            FROM answers a JOIN respondents r ON r.id = a.respondent_id JOIN cells c ON c.id = r.cell_id
            JOIN models m ON m.id = c.model_id JOIN questions q ON q.id = a.question_id
            WHERE c.protocol IN (?, ?) AND a.status = 'answered' ORDER BY q.id, c.id, r.id""",
            PROTOCOLS,
        ).fetchall()
    if wave is None:
        raise StoreError(f"{store} holds no wave yet; launch one into it with `demoscope run`.")
    questionnaire = build(Questionnaire, json.loads(wave[1]), str(store))
    return (
        wave[0],
        questionnaire,
        tuple(
            Written(protocol, language or "", model, question, tuple(_parts(text)))
            for protocol, language, model, question, text in rows
        ),
    )


def _parts(text: str) -> Iterator[tuple[Part, str]]:
    for entry, slot, said in json.loads(text):
        yield Part(entry, tuple(slot), ""), said
