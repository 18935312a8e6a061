"""Protocols and backends by name, ours and those that other packages bring."""

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from demoscope.errors import DocumentError


@cache
def find_plugin(what: str, name: str) -> Any:
    """What the entry point ``name`` of the group ``demoscope.<what>s`` names; ``what`` is protocol or backend.

    Raises
    ------
    DocumentError
        If there is none; the message lists those that are installed.
    """
    found = {point.name: point for point in entry_points(group=f"demoscope.{what}s")}
    if name not in found:
        raise DocumentError(f"There is no {what} {name!r}; installed are {', '.join(sorted(found))}.")
    return found[name].load()
