"""The packages behind this backend, loaded on first use and silenced; and which device a model runs on."""

import contextlib
import functools
import importlib
import os
import warnings
from collections.abc import Iterator
from typing import Any

from demoscope.errors import BackendError
from simulator.backends.transformers.settings import Device

INSTALL = "Install them with `pip install 'demoscope[hf]'`; docs/gpu.md says which torch fits which GPU."


@functools.cache
def torch() -> Any:
    """The module ``torch``.

    Raises
    ------
    BackendError
        If it is not installed or its libraries cannot be loaded.
    """
    return _loaded("torch")


@functools.cache
def transformers() -> Any:
    """The module ``transformers``, which from now on says errors only and sends no telemetry.

    Raises
    ------
    BackendError
        If it is not installed.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    torch()
    module = _loaded("transformers")
    module.utils.logging.set_verbosity_error()
    module.utils.logging.disable_progress_bar()
    return module


def peft() -> Any:
    """The module ``peft``, which puts adapters on models.

    Raises
    ------
    BackendError
        If it is not installed.
    """
    return _loaded("peft")


@contextlib.contextmanager
def among_themselves() -> Iterator[None]:
    """Keep back what these packages say to each other of names that will change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def device_of(wish: Device) -> str:
    """The device that a wish comes to on this machine.

    Raises
    ------
    BackendError
        If it names a device that is not there.
    """
    backends = {"cuda": torch().cuda.is_available(), "mps": torch().backends.mps.is_available(), "cpu": True}
    if wish == "auto":
        return next(name for name, there in backends.items() if there)
    if not backends[wish]:
        raise BackendError(
            f"`device: {wish}`, but torch {torch().__version__} finds none here. Run `doctor`, which says what is "
            "missing, or set `device: cpu`."
        )
    return wish


def is_short_of_memory(error: BaseException) -> bool:
    """Whether an exception of torch says that memory ran out."""
    text = str(error).lower()
    return isinstance(error, (MemoryError, torch().OutOfMemoryError)) or (
        isinstance(error, RuntimeError)
        and ("out of memory" in text or "can't allocate memory" in text or "not enough memory" in text)
    )


def _loaded(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BackendError(
            f"{name} is needed for models of Hugging Face and cannot be loaded: {error}. {INSTALL}"
        ) from None
    except (OSError, RuntimeError) as error:
        raise BackendError(f"{name} is installed but its libraries cannot be loaded: {error}. {INSTALL}") from None
