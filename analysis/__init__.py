"""What came out: metrics and reports over a store, read-only.

From a notebook or a script: ``analysis.open_results`` opens a store, ``analysis.summarise`` compares it with people,
``analysis.plot`` draws it; ``differences`` (of two waves), ``drift`` (of a series) and ``worths`` do what the
commands ``differences`` and ``worth`` do.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.plotting import plot
    from analysis.reading import open_results
    from analysis.summary import summarise
    from analysis.wave_differences import wave_differences as differences
    from analysis.wave_drift import wave_drift as drift
    from analysis.worth import worths

__all__ = ["differences", "drift", "open_results", "plot", "summarise", "worths"]

_WHERE = {
    "differences": ("analysis.wave_differences", "wave_differences"),
    "drift": ("analysis.wave_drift", "wave_drift"),
    "open_results": ("analysis.reading", "open_results"),
    "plot": ("analysis.plotting", "plot"),
    "summarise": ("analysis.summary", "summarise"),
    "worths": ("analysis.worth", "worths"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, found = _WHERE[name]
    return getattr(import_module(module), found)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
