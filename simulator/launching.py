"""Launching a wave from Python: a notebook, a script or a test."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from demoscope.command_line import now
from simulator.loading import load_wave
from simulator.progress import Progress
from simulator.run import run_wave
from simulator.store import Store
from simulator.wave import LoadedWave

PAUSE = 1.0
"""Seconds between two lines of progress, so that a notebook keeps few of them."""


def launch(
    wave: LoadedWave | str | Path | Mapping[str, Any],
    store: str | Path | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Path:
    """Run a wave, or continue one, and wait until it has ended; also where an event loop runs, as in notebooks.

    Parameters
    ----------
    wave : LoadedWave, str, Path or mapping
        What :func:`simulator.load_wave` returns or takes.
    store : str or Path, optional
        Where the answers go; where the wave says when absent.
    progress : callable, optional
        Told whenever answers were saved; lines on the error stream when absent.

    Returns
    -------
    Path
        The store, for :func:`analysis.open_results`.

    Raises
    ------
    DocumentError
        If something is wrong with the wave.
    StoreError
        If the store does not belong to it.
    BackendError
        If a backend cannot be built.
    WavePaused
        If a backend, the disk or Ray failed for good; launching again continues.
    """
    loaded = wave if isinstance(wave, LoadedWave) else load_wave(wave)
    path = Path(store) if store is not None else loaded.store_path
    with Store(path, durability=loaded.wave.durability) as opened:
        run_wave(loaded, opened, now=now, progress=progress or _Lines())
    return path


class _Lines:
    """Tells how far a run is, a line at a time, on the error stream."""

    def __init__(self) -> None:
        self._told = 0
        self._next = 0.0

    def __call__(self, state: Progress) -> None:
        """Tell what is new, at most once in a while, and the end in any case."""
        for notice in state.notices[self._told :]:
            print(notice, file=sys.stderr)
        self._told = len(state.notices)
        if state.saved == state.total or time.monotonic() >= self._next:
            print(f"{state.saved:,} of {state.total:,} answers saved", file=sys.stderr)
            self._next = time.monotonic() + PAUSE
