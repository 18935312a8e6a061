"""The part of JSON Schema that a reply can be held to: read, and refused where it says more.

Every object names all its properties, in their order; every string and every array has a greatest length, so that
every reply ends by itself. Whatever lies outside is refused when the schema is read, not when a model answers.
"""

import math
from collections.abc import Mapping
from typing import Any

from demoscope.errors import DocumentError
from simulator.json_values import (
    DECIMALS,
    LONGEST_NUMBER,
    TYPES,
    JsonAnyOf,
    JsonArray,
    JsonEnum,
    JsonNumber,
    JsonObject,
    JsonString,
    Node,
    is_text,
    written,
)

LEVELS = 16
"""How deep objects and arrays may lie in each other."""
KEYWORDS = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "boolean": (),
    "null": (),
}
"""Keywords by type. ``title``, ``description`` and ``$schema`` are read over wherever they stand, and not sent."""
SUPPORTED = (
    "Supported are: object with `properties`, all of them in `required`, and `additionalProperties: false`; `enum` "
    "and `const` of strings, whole numbers, booleans and null; string with `maxLength` (and `minLength`); "
    "integer and number with `minimum` and `maximum`; boolean; null; array with `items` and `maxItems` (and "
    "`minItems`, and `uniqueItems` where `items` is an `enum`); `anyOf` of these."
)
_READ_OVER = {"title", "description", "$schema"}


class UnsupportedSchema(DocumentError):
    """A schema that a reply cannot be held to."""


def read(schema: Mapping[str, Any]) -> JsonObject:
    """What a JSON schema says.

    Raises
    ------
    UnsupportedSchema
        If it is no object, or says what a reply cannot be held to.

    >>> read({"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]})
    JsonObject(properties=(('sure', JsonEnum(values=(True, False))),))
    """
    node = _node(schema, "", 1)
    if not isinstance(node, JsonObject):
        raise _refusal("", "A reply in JSON is an object, so `type: object` stands outermost.")
    return node


def _node(schema: Any, where: str, level: int) -> Node:
    if not isinstance(schema, Mapping):
        raise _refusal(where, f"A schema is a mapping, not {schema!r}.")
    if level > LEVELS:
        raise _refusal(where, f"More than {LEVELS} levels lie in each other.")
    keywords = {str(name): value for name, value in schema.items() if name not in _READ_OVER}
    if "anyOf" in keywords:
        return _any_of(keywords, where, level)
    kind = keywords.pop("type", None)
    if "enum" in keywords or "const" in keywords:
        return _enum(keywords, kind, where)
    if not isinstance(kind, str) or kind not in KEYWORDS:
        raise _refusal(
            where, f"Its `type` is {kind!r}." if kind is not None else "It has no `type`, `enum` or `const`."
        )
    _only(keywords, KEYWORDS[kind], where)
    match kind:
        case "object":
            return _object(keywords, where, level)
        case "array":
            return _array(keywords, where, level)
        case "string":
            return JsonString(*_lengths(keywords, "minLength", "maxLength", where))
        case "boolean":
            return JsonEnum((True, False))
        case "null":
            return JsonEnum((None,))
    return _number(keywords, kind == "integer", where)


def _object(keywords: Mapping[str, Any], where: str, level: int) -> JsonObject:
    properties, required = keywords.get("properties"), keywords.get("required", ())
    if not isinstance(properties, Mapping) or not properties:
        raise _refusal(where, "An object needs `properties`, at least one.")
    if any(not isinstance(name, str) or not is_text(name) for name in properties):
        raise _refusal(where, "Names of properties are texts that UTF-8 can carry.")
    if not isinstance(required, list | tuple) or sorted(map(str, required)) != sorted(properties):
        raise _refusal(where, f"`required` is to name {list(properties)}, all that there is; it names {required!r}.")
    if keywords.get("additionalProperties", False) is not False:
        raise _refusal(where, "`additionalProperties` can only be false.")
    dotted = where + "." if where else ""
    return JsonObject(tuple((name, _node(held, dotted + name, level + 1)) for name, held in properties.items()))


def _array(keywords: Mapping[str, Any], where: str, level: int) -> JsonArray:
    fewest, most = _lengths(keywords, "minItems", "maxItems", where)
    items, different = _node(keywords.get("items"), f"{where}[]", level + 1), keywords.get("uniqueItems", False)
    if not isinstance(different, bool):
        raise _refusal(where, f"`uniqueItems` is true or false, not {different!r}.")
    if different and (not isinstance(items, JsonEnum) or most > len(items.values)):
        raise _refusal(where, "`uniqueItems` goes with `items` that are an `enum` of `maxItems` values or more.")
    return JsonArray(items, fewest, most, different)


def _any_of(keywords: Mapping[str, Any], where: str, level: int) -> JsonAnyOf:
    _only(keywords, ("anyOf",), where)
    kinds = keywords["anyOf"]
    if not isinstance(kinds, list | tuple) or not kinds:
        raise _refusal(where, "`anyOf` is a list of at least one schema.")
    return JsonAnyOf(tuple(_node(kind, where, level + 1) for kind in kinds))


def _enum(keywords: Mapping[str, Any], kind: Any, where: str) -> JsonEnum:
    _only(keywords, ("enum",) if "enum" in keywords else ("const",), where)
    values = keywords["enum"] if "enum" in keywords else [keywords["const"]]
    if not isinstance(values, list | tuple) or not values:
        raise _refusal(where, "`enum` is a list of at least one value.")
    for value in values:
        if type(value) not in TYPES or (isinstance(value, str) and not is_text(value)):
            raise _refusal(where, f"{value!r} cannot be a value of `enum` or `const`.")
        if kind not in (None, TYPES[type(value)], "number" if type(value) is int else None):
            raise _refusal(where, f"{value!r} is not of the type {kind!r}.")
    if len({written(value) for value in values}) < len(values):
        raise _refusal(where, "`enum` names a value twice.")
    return JsonEnum(tuple(values))


def _number(keywords: Mapping[str, Any], whole: bool, where: str) -> JsonNumber:
    ends = keywords.get("minimum"), keywords.get("maximum")
    for end in ends:
        if end is not None and (type(end) not in (int, float) or not math.isfinite(end)):
            raise _refusal(where, f"{end!r} is no end of a range.")
    number = JsonNumber(*ends, whole)
    low, high = number.ends
    if low > high:
        kind = "whole number" if whole else f"number of at most {DECIMALS} decimals"
        raise _refusal(where, f"No {kind} of at most {LONGEST_NUMBER} digits lies from {ends[0]} to {ends[1]}.")
    return number


def _lengths(keywords: Mapping[str, Any], least: str, greatest: str, where: str) -> tuple[int, int]:
    if greatest not in keywords:
        raise _refusal(where, f"It needs `{greatest}`, so that every reply ends.")
    low, high = keywords.get(least, 0), keywords[greatest]
    if type(low) is not int or type(high) is not int or not 0 <= low <= high:
        raise _refusal(where, f"`{least}` {low!r} and `{greatest}` {high!r} are no range of lengths.")
    return low, high


def _only(keywords: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [name for name in keywords if name not in known]
    if unknown:
        raise _refusal(where, f"`{unknown[0]}` is not supported there.")


def _refusal(where: str, reason: str) -> UnsupportedSchema:
    place = f"at {where!r}" if where else "as a whole"
    return UnsupportedSchema(f"No reply can be held to this JSON schema {place}: {reason} {SUPPORTED}")
