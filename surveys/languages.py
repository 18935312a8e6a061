"""Languages side by side: wordings written as ``{en: ..., zh: ...}``, what is missing, and one language at a time."""

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from surveys.option import PRESETS, preset

Slot = tuple[str | int, ...]
"""Where in a :class:`~surveys.translation.Wording` a text stands: ``("text",)`` or ``("options", 2)``."""

Visit = Callable[[str | None, Slot, Any], Any]
"""Gets the id of the entry (``None``: the questionnaire itself), the slot and the text there; returns the text."""

_CODE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
_PLAIN = ("text", "low_label", "high_label", "unit", "instruction")


class Misplaced(ValueError):
    """Something that cannot be, and where in the document it stands."""

    def __init__(self, message: str, loc: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.loc = loc


def is_language(code: object) -> bool:
    """Whether a text is a language tag, such as ``en``, ``zh`` or ``pt-BR``.

    >>> is_language("zh"), is_language("pt-BR"), is_language("English")
    (True, True, False)
    """
    return isinstance(code, str) and bool(_CODE.match(code))


def walk(content: dict[str, Any], visit: Visit, levels: str = "attributes") -> dict[str, Any]:
    """A questionnaire's plain data with every wording passed through ``visit``.

    Levels of factors go where ``levels`` says: in their own place, or under ``shown`` beside the original.
    """
    walked = dict(content)
    if "title" in walked:
        walked["title"] = visit(None, ("title",), walked["title"])
    if isinstance(walked.get("questions"), list | tuple):
        walked["questions"] = [_entry(entry, visit, levels) for entry in walked["questions"]]
    return walked


def _entry(entry: Any, visit: Visit, levels: str) -> Any:
    if not isinstance(entry, dict):
        return entry
    entry, name = dict(entry), str(entry.get("id"))

    def each(key: str, slot: str | None = None) -> None:
        """Visit the texts of a mapping or list under ``key``."""
        texts = entry.get(key)
        if isinstance(texts, dict):
            entry[key] = {part: visit(name, (slot or key, part), text) for part, text in texts.items()}
        elif isinstance(texts, list | tuple):
            entry[key] = [visit(name, (slot or key, place), text) for place, text in enumerate(texts)]

    for key in _PLAIN:
        if entry.get(key) is not None:
            entry[key] = visit(name, (key,), entry[key])
    if entry.get("kind") == "section" and entry.get("title") is not None:
        entry["title"] = visit(name, ("text",), entry["title"])
    if entry.get("kind") == "conjoint" and entry.get("none") is not None:
        entry["none"] = visit(name, ("options", 0), entry["none"])
    each("point_labels")
    each("wordings")
    if entry.get("kind") == "loop":
        each("over")
    if isinstance(entry.get("options"), list | tuple):
        entry["options"] = [_option(option, name, visit) for option in entry["options"]]
    factors = entry.get("factors")
    if isinstance(factors, dict) and isinstance(factors.get("attributes"), dict):
        attributes = {
            attribute: [visit(name, ("factors", attribute, place), word) for place, word in enumerate(words)]
            if isinstance(words, list | tuple)
            else words
            for attribute, words in factors["attributes"].items()
        }
        entry["factors"] = {**factors, levels: attributes}
        if entry.get("kind") == "conjoint":
            called = {attribute: visit(name, ("attributes", attribute), attribute) for attribute in attributes}
            if levels == "shown":
                entry["factors"]["called"] = called
    for inner in ("items", "questions"):
        if isinstance(entry.get(inner), list | tuple):
            entry[inner] = [_entry(part, visit, levels) for part in entry[inner]]
    return entry


def _option(option: Any, name: str, visit: Visit) -> Any:
    if not isinstance(option, dict) or "label" not in option:
        return option
    return {**option, "label": visit(name, ("options", option.get("code", "")), option["label"])}


def side_by_side(content: dict[str, Any]) -> dict[str, Any]:
    """Plain data in which every wording is one text, the other languages moved to ``translations``.

    Raises
    ------
    ValueError
        If a wording lacks the questionnaire's own language.

    >>> side_by_side({"language": "en", "title": {"en": "Tea", "zh": "茶"}, "questions": []})["translations"]
    {'zh': {'title': '茶'}}
    """
    own = str(content.get("language", "en"))
    translations = _copied(content.get("translations"))

    def visit(name: str | None, slot: Slot, text: Any) -> Any:
        if not isinstance(text, dict) or not text or not all(is_language(code) for code in text):
            return text
        if own not in text:
            raise ValueError(f"{name or 'the questionnaire'}: the wording {text} lacks its own language, {own!r}")
        for code, said in text.items():
            if code != own:
                _put(translations.setdefault(code, {}), name, slot, said)
        return text[own]

    split = walk(content, visit)
    return {**split, "translations": translations} if translations else split


def usual_options(content: dict[str, Any]) -> dict[str, Any]:
    """Plain data with the options that are named as a usual set written out, in every language of the document."""
    own = str(content.get("language", "en"))
    further = _copied(content.get("translations"))

    def written(entries: Any, loc: Slot) -> Any:
        if not isinstance(entries, list | tuple):
            return entries
        return [
            one(entry, (*loc, place)) if isinstance(entry, dict) else entry for place, entry in enumerate(entries)
        ]

    def one(entry: dict[str, Any], loc: Slot) -> dict[str, Any]:
        entry = dict(entry)
        if isinstance(named := entry.get("options"), str):
            try:
                entry["options"] = preset(named, own)
            except ValueError as error:
                raise Misplaced(f"{entry.get('id')}: {error}", (*loc, "options")) from None
            for code, words in further.items():
                for option in preset(named, code) if code in PRESETS[named] else ():
                    _put(words, str(entry.get("id")), ("options", option.code), option.label, keep=True)
        if "questions" in entry:
            entry["questions"] = written(entry["questions"], (*loc, "questions"))
        return entry

    written_out = {**content, "questions": written(content.get("questions"), ("questions",))}
    return {**written_out, "translations": further} if further else written_out


def _copied(translations: Any) -> dict[str, Any]:
    """Plain data of translations that may be added to; what is no such data is left to the models to refuse."""
    if not isinstance(translations, dict) or not all(isinstance(words, dict) for words in translations.values()):
        return {}
    return copy.deepcopy(translations)


def _put(words: dict[str, Any], name: str | None, slot: Slot, text: Any, *, keep: bool = False) -> None:
    """Put a text into a translation's plain data; lists grow as they are filled."""
    if name is None:
        words[str(slot[0])] = text
        return
    words["words"] = dict(words.get("words", {}))
    place: dict[Any, Any] = words["words"].setdefault(name, {})
    for part in slot[:-1]:
        place = place.setdefault(part, {})
    if not keep or slot[-1] not in place:
        place[slot[-1]] = text


def texts(content: dict[str, Any]) -> Iterator[tuple[str | None, Slot, str]]:
    """Every wording of a questionnaire's plain data: whose it is, its slot and the text."""
    found: list[tuple[str | None, Slot, str]] = []

    def visit(name: str | None, slot: Slot, text: Any) -> Any:
        found.append((name, slot, text))
        return text

    walk(content, visit)
    yield from found


def described(places: Iterable[tuple[str | None, Slot]]) -> str:
    """Places of wordings for people.

    >>> described([(None, ("title",)), ("trust", ("options", 2))])
    'title; trust: options 2'
    """
    said = [f"{name}: {' '.join(map(str, slot))}" if name else str(slot[0]) for name, slot in places]
    return "; ".join(said[:12]) + (f"; and {len(said) - 12} more" if len(said) > 12 else "")
