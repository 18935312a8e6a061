"""How they answer: waves, respondents, protocols, backends and the store.

From a notebook or a script: ``simulator.load_wave`` reads a wave, ``simulator.launch`` runs it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.launching import launch
    from simulator.loading import load_wave

__all__ = ["launch", "load_wave"]

_WHERE = {"launch": "simulator.launching", "load_wave": "simulator.loading"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and nothing before."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
