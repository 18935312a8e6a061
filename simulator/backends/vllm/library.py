"""The package vllm, loaded on first use and quiet unless somebody wants to hear it."""

import functools
import os
from typing import Any

from demoscope.errors import BackendError


@functools.cache
def vllm() -> Any:
    """The module ``vllm``, which from now on logs errors only, and to stderr: stdout is for results.

    Raises
    ------
    BackendError
        If it is not installed or cannot be loaded.
    """
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    try:
        import vllm as module  # type: ignore[import-not-found]
    except ImportError as error:
        raise BackendError(
            f"`backend: vllm` needs the package vllm, which cannot be loaded: {error}. Install it on a Linux machine "
            "with a GPU (`pip install 'demoscope[vllm]'`), talk to a server of it (docs/gpu.md), or use "
            "`backend: transformers`."
        ) from None
    return module
