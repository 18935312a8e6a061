"""A probe from the command line: the wave that a questionnaire, models, styles, variations and people make."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from demoscope.documents import read_document
from demoscope.errors import DocumentError
from personas import load_population
from personas.nationals import PREFIX, PUBLISHED
from simulator.loading import Unwritten, load_content
from simulator.wave import LoadedWave
from surveys.perturbations import Perturbation

PUBLISHED_LAYOUTS = ("baseline", "reversed_labels", "numbers")
"""Variations of the options in the paper; texts keep their order, so nothing tells an answer from a position."""
NOBODY = "nobody"
"""Population of a probe in which no person is told."""
__all__ = ["PUBLISHED", "PUBLISHED_LAYOUTS", "ProbeRequest", "listed", "load_probe", "probe_wave", "write_wave"]

PATHS = ("questionnaire", "population", "reference", "scenes", "path")
"""Keys of a wave file that may hold a path relative to its folder."""
SUFFIXES = (".yaml", ".yml", ".gguf")
_ANY: TypeAdapter[Any] = TypeAdapter(Perturbation)
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class ProbeRequest:
    """What the command line says."""

    questionnaire: str
    """Name in the library or path."""
    models: tuple[str, ...]
    """``embedded``, the path of a GGUF file, of a YAML file with ``models``, or ``backend:key=value,...``."""
    styles: tuple[str, ...] = ("default", "prefixed", "one_shot")
    """Names, or paths of YAML files with a style."""
    variations: tuple[str, ...] = (*PUBLISHED_LAYOUTS, "reversed_texts")
    """Names, or paths of YAML files with a variation."""
    perturbations: tuple[str, ...] = ()
    """Kinds of perturbations, each a further format beside the unperturbed one; or paths of YAML files."""
    methods: tuple[str, ...] = ("token", "sequence")
    """How answers are read off."""
    countries: tuple[str, ...] = ()
    """Countries whose people the model is to imagine it is, beside nobody."""
    population: str | None = None
    """Population in their place."""
    people: int | None = None
    """How many of that population; all of a design of fixed size."""
    scenes: str | None = None
    """Scenes whose actions are rated too."""
    reference: str | None = None
    """Human answers to compare with."""
    profile: str = "demoscope"
    """demoscope, paper or code."""
    space: str | None = None
    """Which forms of labels count."""
    samples: int = 10
    """Replies that ``text`` samples."""
    language: str = "en"
    """Language of the questions, of the published styles and of the scenes."""
    seed: int = 0
    """Seed of every draw."""
    executor: str = "ray"
    """ray or local."""


def listed(text: str, published: Sequence[str] = ()) -> tuple[str, ...]:
    """What stands between commas; ``published`` stands for what was published.

    >>> listed("default, one_shot"), listed("published", ["China"]), listed("")
    (('default', 'one_shot'), ('China',), ())
    """
    if text.strip() == "published" and published:
        return tuple(published)
    return tuple(part.strip() for part in text.split(",") if part.strip())


def probe_wave(asked: ProbeRequest) -> dict[str, Any]:
    """The wave file of a probe, as plain data.

    >>> made = probe_wave(ProbeRequest("values_core", ("embedded",), countries=("China", "Mexico")))
    >>> len(made["conditions"]), made["population"], made["conditions"][0]["name"]
    (24, 'countries:China,Mexico', 'default-baseline')

    Raises
    ------
    DocumentError
        If a file cannot be read, or what is asked for does not fit together.
    """
    if asked.countries and asked.population:
        raise DocumentError("Give countries or a population, one of the two: both say whom the model is to imagine.")
    if asked.people is not None and not asked.population:
        raise DocumentError("A number of people belongs to a population; name one.")
    told = bool(asked.countries or asked.population)
    population = asked.population or (PREFIX + ",".join(asked.countries) if asked.countries else NOBODY)
    settings = {
        "methods": list(asked.methods),
        "profile": asked.profile,
        **({"space": asked.space} if asked.space else {}),
        **({"samples": asked.samples} if "text" in asked.methods else {}),
        **({"language": asked.language} if asked.language != "en" else {}),
    }
    conditions: list[dict[str, Any]] = []
    for person in (False, True) if told else (False,):
        for style in map(_named_or_read, asked.styles):
            for variation in map(_named_or_read, asked.variations):
                for perturbation in (None, *map(_perturbation, asked.perturbations)):
                    parts = [_name(style), _name(variation), *([perturbation["kind"]] if perturbation else [])]
                    conditions.append(
                        {
                            "name": _clean("-".join(parts) + ("-person" if person else "")),
                            "protocol": "probe",
                            **({} if person else {"respondents": 1}),
                            "settings": {
                                "style": style,
                                "variation": variation,
                                **settings,
                                **({"person": True} if person else {}),
                            },
                            **({"perturbations": [perturbation]} if perturbation else {}),
                        }
                    )
    if asked.scenes:
        rated = {
            "scenes": asked.scenes,
            **({"parser": "code"} if asked.profile == "code" else {}),
            **({"language": asked.language} if asked.language != "en" else {}),
        }
        conditions.append({"name": "rate", "protocol": "rate", "respondents": 1, "settings": rated})
    return {
        "name": _clean(f"probe_{Path(asked.questionnaire).stem}"),
        "seed": asked.seed,
        "questionnaire": asked.questionnaire,
        "population": population,
        **({"reference": asked.reference} if asked.reference else {}),
        "respondents": _people(population, asked.people),
        "models": [model for text in asked.models for model in _models(text)],
        "conditions": conditions,
        "execution": {"executor": asked.executor},
    }


def load_probe(content: Mapping[str, Any]) -> LoadedWave:
    """The wave of a probe, validated; paths are relative to the folder the command runs in.

    Raises
    ------
    DocumentError
        If something that it names is missing or impossible.
    """
    return load_content(dict(content), Unwritten(), Path("probe"))


def write_wave(content: Mapping[str, Any], out: Path) -> None:
    """Write the wave file of a probe, for ``demoscope run``; a file that is there is left alone.

    Raises
    ------
    DocumentError
        If the file exists, or cannot be written.
    """
    written = json.loads(json.dumps(_seen_from(out.parent, content)))  # nothing stands there twice as one object
    try:
        with out.open("x", encoding="utf-8") as file:
            yaml.safe_dump(written, file, allow_unicode=True, sort_keys=False, width=110)
    except FileExistsError:
        raise DocumentError(f"{str(out)!r} is there already; give another name.") from None
    except OSError as error:
        raise DocumentError(f"{str(out)!r}: cannot be written ({error.strerror}).") from None


def _seen_from(folder: Path, content: Any) -> Any:
    """The content with its relative paths as they read from another folder."""
    if isinstance(content, Mapping):
        return {
            key: os.path.relpath(value, folder)
            if key in PATHS
            and isinstance(value, str)
            and Path(value).suffix in SUFFIXES
            and not Path(value).is_absolute()
            else _seen_from(folder, value)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_seen_from(folder, part) for part in content]
    return content


def _is_relative(named: str) -> bool:
    return Path(named).suffix in SUFFIXES and not Path(named).is_absolute()


def _people(population: str, wanted: int | None) -> int:
    """How many people are told: as many as wanted, or all that the design has."""
    if wanted is not None:
        return wanted
    size = 1 if population == NOBODY else load_population(population, Path()).size
    if size is None:
        raise DocumentError(
            f"The population {population!r} has no fixed number of people; say how many, such as --people 20."
        )
    return size


def _named_or_read(text: str) -> Any:
    """A name as it is, or the document of a YAML file."""
    return read_document(Path(text))[0] if Path(text).suffix in (".yaml", ".yml") else text


def _perturbation(text: str) -> dict[str, Any]:
    """One perturbation: a kind with its usual settings, or the document of a YAML file."""
    found = _named_or_read(text)
    made: dict[str, Any] = {"kind": found} if isinstance(found, str) else found
    try:
        _ANY.validate_python(made)
    except ValidationError as error:
        raise DocumentError(f"perturbation {text!r}: {error.errors()[0]['msg']}") from None
    return made


def _name(what: Any) -> str:
    name = what.get("name", "own") if isinstance(what, dict) else what
    return str(name)


def _clean(name: str) -> str:
    """A name with nothing in it that names may not have."""
    return _NO_NAME.sub("_", name).strip("_.-") or "probe"


def _models(text: str) -> Sequence[dict[str, Any]]:
    """The models that one text of the command line names."""
    path = Path(text)
    if path.suffix in (".yaml", ".yml"):
        models = read_document(path)[0].get("models")
        if not isinstance(models, list) or not models:
            raise DocumentError(f"{text}: it has no list of `models`; write them as in a wave file.")
        return models
    if text == "embedded":
        return [{"name": "embedded", "backend": "llama_cpp"}]
    if path.suffix == ".gguf":
        return [{"name": _clean(path.stem), "backend": "llama_cpp", "settings": {"path": text}}]
    backend, colon, written = text.partition(":")
    pairs = [pair.partition("=") for pair in written.split(",")] if written else []
    if (not colon and backend != "scripted") or any(not mark for _, mark, _ in pairs):
        raise DocumentError(
            f"{text!r} is no model: give `embedded`, a .gguf file, a YAML file with `models`, or a backend with its "
            "settings, such as openai_api:model=gpt-4o-mini."
        )
    settings = {key.strip(): _value(value, text) for key, _, value in pairs}
    name = settings.get("model") or settings.get("path") or backend
    return [{"name": _clean(Path(str(name)).name), "backend": backend, "settings": settings}]


def _value(written: str, where: str) -> Any:
    try:
        return yaml.safe_load(written)
    except yaml.YAMLError as error:
        raise DocumentError(f"{where!r}: the value {written!r} cannot be read ({error}).") from None
