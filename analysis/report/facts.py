"""What a store says about how its wave was made: everything that somebody needs to make it again."""

import json
from dataclasses import dataclass
from typing import Any

from analysis.reading import Results
from demoscope.errors import StoreError


@dataclass(frozen=True)
class ModelFacts:
    """A model with what identifies it."""

    name: str
    backend: str
    digest: str | None
    config: dict[str, Any]
    settings: dict[str, Any]


@dataclass(frozen=True)
class CellFacts:
    """A condition with its resolved settings."""

    name: str
    protocol: str
    profile: str
    culture: str | None
    variant: Any
    settings: dict[str, Any]
    told: tuple[str, ...]


@dataclass(frozen=True)
class QuestionFacts:
    """A question with what surrounds its wording."""

    name: str
    kind: str
    text: str
    topic: str | None
    dimension: str | None
    section: str | None
    show_if: str | None
    excluded: str | None
    options: tuple[tuple[int, str, str], ...]
    """Code, label and kind, in the order of the questionnaire."""


@dataclass(frozen=True)
class WaveFacts:
    """The wave."""

    id: str
    seed: int
    config: dict[str, Any]
    versions: dict[str, Any]
    population: dict[str, Any]
    restricted: bool
    models: tuple[ModelFacts, ...]
    cells: tuple[CellFacts, ...]
    questions: tuple[QuestionFacts, ...]
    prompt: tuple[tuple[str, str], ...]
    """First prompt of the first interview, (role, text); empty when prompts were not kept or nothing was asked."""


def read_facts(results: Results) -> WaveFacts:
    """How the wave of a store was made.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    wave_id, config, versions, population, restricted = results.rows(
        "SELECT id, config, versions, population, restricted FROM waves"
    )[0]
    return WaveFacts(
        id=wave_id,
        seed=results.wave.seed,
        config=_object(results, config),
        versions=_object(results, versions),
        population=_object(results, population),
        restricted=bool(restricted),
        models=tuple(
            ModelFacts(name, backend, digest, _object(results, config), _object(results, settings))
            for name, backend, digest, config, settings in results.rows(
                "SELECT name, backend, digest, config, settings FROM models ORDER BY id"
            )
        ),
        cells=tuple(
            CellFacts(name, protocol, profile, culture, variant, _object(results, settings), tuple(json.loads(told)))
            for name, protocol, profile, culture, variant, settings, told in results.rows(
                "SELECT name, protocol, profile, culture, variant, settings, told FROM cells ORDER BY id"
            )
        ),
        questions=_questions(results),
        prompt=_prompt(results),
    )


def _questions(results: Results) -> tuple[QuestionFacts, ...]:
    options: dict[int, list[tuple[int, str, str]]] = {}
    for question, *option in results.rows("SELECT question_id, code, label, kind FROM options ORDER BY 1, position"):
        options.setdefault(question, []).append((option[0], option[1], option[2]))
    return tuple(
        QuestionFacts(*(*row[1:], tuple(options.get(row[0], ()))))
        for row in results.rows(
            f"""SELECT id, name, kind, text, topic, dimension, {results.column_or_null("questions", "section")},
            {results.column_or_null("questions", "show_if")}, {results.column_or_null("questions", "excluded")}
            FROM questions WHERE kind <> 'note' ORDER BY id"""
        )
    )


def _prompt(results: Results) -> tuple[tuple[str, str], ...]:
    first = results.rows(
        """SELECT prompt FROM exchanges WHERE step IN ('answer', 'draft', 'list')
        ORDER BY cell_id, subject_id, ordinal LIMIT 1"""
    )
    turns = []
    for role, text_id in json.loads(first[0][0]) if first else ():
        text = results.body(text_id)
        if text is None:
            return ()
        turns.append((role, text))
    return tuple(turns)


def _object(results: Results, text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise StoreError(f"{results.path} is damaged (a JSON column: {error}); restore a copy.") from None
    return found if isinstance(found, dict) else {"value": found}
