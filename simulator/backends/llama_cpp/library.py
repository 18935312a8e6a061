"""The C library behind llama-cpp-python: loaded on first use, silenced, and guarded against its known crashes."""

import ctypes
import functools
import importlib
import os
from typing import Any

from demoscope.errors import BackendError

_kept_alive: list[Any] = []  # C callbacks must outlive every call into the library


@functools.cache
def library() -> Any:
    """The module ``llama_cpp``, with its log silenced and its backends started.

    Raises
    ------
    BackendError
        If llama-cpp-python is not installed or its shared library cannot be loaded.
    """
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # an assertion must not start a debugger
    try:
        module = importlib.import_module("llama_cpp")
    except ImportError:
        raise BackendError(
            "llama-cpp-python is not installed, so local models cannot run. "
            "Install it with `pip install 'demoscope[local]'` (it compiles and needs a C++ compiler)."
        ) from None
    except (OSError, RuntimeError) as error:
        raise BackendError(
            f"llama-cpp-python is installed but its library cannot be loaded: {error}. "
            "Rebuild it with `pip install --force-reinstall --no-binary :all: llama-cpp-python`."
        ) from None
    silent = module.llama_log_callback(lambda level, text, data: None)
    _kept_alive.append(silent)
    module.llama_log_set(silent, ctypes.c_void_p(0))
    module.llama_backend_init()
    return module


@functools.cache
def amx_guard() -> bool:
    """Whether weights must be kept out of AMX buffers: on many virtual machines the first decode crashes there.

    See ggml-org/llama.cpp issue 20824. The guard costs no speed; it is part of a model's card.
    """
    return b"AMX_INT8 = 1" in library().llama_print_system_info()


def multiplies_bf16() -> bool:
    """Whether llama.cpp was built for a processor that multiplies numbers of type BF16 by itself."""
    return b"AVX512_BF16 = 1" in library().llama_print_system_info()
