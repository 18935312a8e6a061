"""Documents people write: YAML read safely into frozen models, with mistakes named by file and line."""

import difflib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Self, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, ValidationError

from demoscope.errors import DocumentError

LARGEST = 5_000_000
"""Bytes of YAML that are read; a longer document is refused before it is parsed."""

DEEPEST = 50
"""Levels of nesting that are read."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"

Loc = tuple[int | str, ...]


class Document(BaseModel):
    """Base of everything that people describe in documents: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed; it forgets what the original had worked out and kept."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], path: Path) -> Model:
    """Read a YAML document into ``model``.

    Raises
    ------
    DocumentError
        If the file is missing, unreadable, no YAML, or describes something impossible; the message names
        the file, the line and what would have been right.
    """
    content, lines = read_document(path)
    return build(model, content, str(path), lines)


def read_document(path: Path) -> tuple[dict[str, Any], dict[Loc, int]]:
    """Content of a YAML document as plain data, and the line (from 1) on which each part stands."""
    content, lines = read_yaml(path)
    if not isinstance(content, dict):
        raise DocumentError(f"{path}: expected `key: value` lines at the top, found {_kind(content)}.")
    return content, lines


def build(model: type[Model], content: dict[str, Any], where: str, lines: dict[Loc, int] | None = None) -> Model:
    """Build ``model`` from plain data; mistakes become one :class:`DocumentError` that names ``where``."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise DocumentError("\n".join(_explain(error, model, where, lines or {}))) from None


def read_yaml(path: Path) -> tuple[Any, dict[Loc, int]]:
    """Content of a YAML file as plain data, and the line (from 1) on which each part stands.

    Aliases, repeated keys and tags that build objects are refused: documents are data.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DocumentError(
                f"{path}: larger than {LARGEST:,} bytes; documents describe, tables lie beside them as CSV."
            )
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file. Check the path, or start from one in examples/.") from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(f"{str(path)!r}: cannot be read ({why}).") from None
    loader = _Loader(text)
    try:
        return _Reading(loader, str(path)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark is not None else ""
        raise DocumentError(f"{path}{line}: not valid YAML: {error.problem or error.context}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentError(f"{path}: not valid YAML: {error}.") from None
    finally:
        loader.dispose()


class _Reading:
    """Builds plain data from a document's events in one pass, noting lines and refusing what no document needs.

    Aliases can multiply without end, tags build objects, and nesting needs no end; none of them is data.
    """

    def __init__(self, loader: Any, path: str) -> None:
        self._loader = loader
        self._path = path
        self._lines: dict[Loc, int] = {}
        self._words: dict[str, Any] = {}  # what plain words stand for, each found out once

    def document(self) -> tuple[Any, dict[Loc, int]]:
        """The one document of the file."""
        self._loader.get_event()  # the stream begins
        if isinstance(self._loader.peek_event(), yaml.StreamEndEvent):
            raise DocumentError(f"{self._path}: the file is empty. Start from one in examples/.")
        self._loader.get_event()  # the document begins
        content = self._value(self._loader.get_event(), (), 0)
        self._loader.get_event()  # the document ends
        after = self._loader.get_event()
        if not isinstance(after, yaml.StreamEndEvent):
            raise DocumentError(
                f"{self._path}:{after.start_mark.line + 1}: not valid YAML: a second document begins; keep one."
            )
        return content, self._lines

    def _value(self, event: Any, loc: Loc, depth: int) -> Any:
        line = event.start_mark.line + 1
        self._lines.setdefault(loc, line)
        if isinstance(event, yaml.AliasEvent):
            raise DocumentError(
                f"{self._path}:{line}: YAML aliases (*{event.anchor}) are not read; write the part out."
            )
        if event.tag not in (None, "!"):
            raise DocumentError(
                f"{self._path}:{line}: YAML tags ({event.tag}) are not read; write the value plainly."
            )
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if depth == DEEPEST:
            raise DocumentError(
                f"{self._path}:{line}: nested more than {DEEPEST} levels deep; no document needs that."
            )
        return (self._mapping if isinstance(event, yaml.MappingStartEvent) else self._sequence)(loc, depth + 1)

    def _mapping(self, loc: Loc, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        seen: dict[str, int] = {}
        get = self._loader.get_event
        while not isinstance(event := get(), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                if isinstance(event, yaml.AliasEvent) or event.tag not in (None, "!"):
                    self._value(event, loc, depth)
                kind = "a list" if isinstance(event, yaml.SequenceStartEvent) else "a mapping"
                raise DocumentError(f"{self._path}:{line}: a key is a plain word here, not {kind}.")
            key = event.value
            if key in seen:
                raise DocumentError(
                    f"{self._path}:{line}: {key!r} stands here a second time (first on line {seen[key]}); keep one."
                )
            seen[key] = self._lines[*loc, key] = line
            word = self._value(event, (*loc, key), depth)
            found[word] = self._value(get(), (*loc, key), depth)
        return found

    def _sequence(self, loc: Loc, depth: int) -> list[Any]:
        found: list[Any] = []
        get = self._loader.get_event
        while not isinstance(event := get(), yaml.SequenceEndEvent):
            found.append(self._value(event, (*loc, len(found)), depth))
        return found

    def _scalar(self, event: Any) -> Any:
        """A text in quotes is one; a plain word may stand for a number, a date, yes or no, or nothing."""
        text = event.value
        if not event.implicit[0]:
            return text
        if text not in self._words:
            tag = self._loader.resolve(yaml.ScalarNode, text, event.implicit)
            node = yaml.ScalarNode(tag, text, event.start_mark, event.end_mark)
            self._words[text] = text if tag == _TEXT else self._loader.construct_object(node)
        return self._words[text]


def _explain(error: ValidationError, model: type[BaseModel], where: str, lines: dict[Loc, int]) -> Iterator[str]:
    errors = error.errors()
    inside = {item["loc"][:n] for item in errors for n in range(len(item["loc"]))}
    # A list whose only entries are wrong is not too short.
    for item in [item for item in errors if item["type"] != "too_short" or item["loc"] not in inside][:8]:
        loc: Loc = tuple(item["loc"])
        line = _line(loc, lines)
        place = f"{where}:{line}" if line else where
        name = ".".join(str(part) for part in loc)
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = f"unknown key{_suggest(str(loc[-1]), _fields(model, loc[:-1]))}"
        elif item["type"] == "string_type" and isinstance(item["input"], bool | int | float | date):
            message = f"YAML reads this as {item['input']!r}; put it in quotes to make it text"
        elif item["type"] == "string_type":
            message = f"expected a text, found {_kind(item['input'])}"
        elif item["type"] == "too_short" and "min_length" in (limits := item.get("ctx", {})):
            least = limits["min_length"]
            message = f"needs {least} {'entry' if least == 1 else 'entries'} at least, has {limits['actual_length']}"
        elif item["type"] == "string_too_short" and not item["input"]:
            message = "is empty; write it"
        elif item["type"] == "missing":
            message = "is missing and has no default"
        yield f"{place}: {name + ': ' if name else ''}{message.rstrip('.')}{'' if message.endswith('?') else '.'}"


def _line(loc: Loc, lines: dict[Loc, int]) -> int | None:
    """Line of the innermost part that the document has; names of kinds, which a union adds, are passed over."""
    place: Loc = ()
    for part in loc:
        if (*place, part) in lines:
            place = (*place, part)
    return lines.get(place)


def _fields(model: Any, loc: Loc) -> list[str]:
    """Names that would have been right at ``loc``, followed through nested models and unions by ``kind``."""
    models, union = [model], [model]
    for part in loc:
        if len(models) > 1 and (one_kind := [one for one in models if _is_kind(one, part)]):
            union, models = models, one_kind
            continue
        inner = [info.annotation for one in models for name, info in _named_fields(one) if name == part]
        if inner:  # a field named before its model is a union that holds itself
            models = [one for annotation in inner for one in _models(annotation)] or union
    return sorted({name for one in models for name, _ in _named_fields(one)})


def _is_kind(model: Any, part: int | str) -> bool:
    """Whether a union calls a model so: by its ``kind``, or by its name."""
    kind = model.model_fields.get("kind")
    return model.__name__.casefold() == part or (kind is not None and part in get_args(kind.annotation))


def _named_fields(model: Any) -> Iterator[tuple[str, Any]]:
    """Fields by the names that documents use."""
    yield from ((info.alias or name, info) for name, info in model.model_fields.items())


def _models(annotation: Any) -> Iterator[Any]:
    """Every model that an annotation names; those of a union tell themselves apart by their ``kind``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from _models(part)


def _suggest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known here: {', '.join(sorted(known))}" if known else ""


def _kind(content: Any) -> str:
    return {list: "a list", str: "a text", type(None): "nothing"}.get(type(content), type(content).__name__)


def find(name: str, library: Path, beside: Path | None, what: str) -> Path:
    """Path of a document that is named by its library name or by a ``.yaml`` path relative to ``beside``.

    Raises
    ------
    DocumentError
        If a bare name is not in the library; the message lists what is.
    """
    if Path(name).suffix in (".yaml", ".yml"):
        return (beside or Path()) / name
    known = sorted(path.stem for path in library.glob("*.yaml"))
    if name in known:
        return library / f"{name}.yaml"
    raise DocumentError(
        f"There is no {what} {name[:80]!r} in the library{_suggest(name, known)}; "
        "a file of yours is named by its path, ending in .yaml."
    )


def by_kind(usual: str, what: str, kinds: str) -> Discriminator:
    """Chooses among the documents of a union, each tagged, by their key ``kind``.

    Parameters
    ----------
    usual : str
        Kind of a document that names none.
    what, kinds : str
        What the documents are and which kinds there are, for the error about an unknown one.
    """

    def kind_of(content: Any) -> str:
        kind = content.get("kind", usual) if isinstance(content, dict) else getattr(content, "kind", usual)
        return kind if isinstance(kind, str) else usual

    return Discriminator(
        kind_of,
        custom_error_type="unknown_kind",
        custom_error_message=f"there is no such kind of {what}; there are {kinds}",
    )
