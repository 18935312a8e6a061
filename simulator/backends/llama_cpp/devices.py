"""Devices that llama.cpp can put layers on: graphics cards, and whatever else a driver offers as one."""

import ctypes
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demoscope.errors import BackendError
from simulator.backends.llama_cpp.library import library

GPU, INTEGRATED = 1, 2
"""Numbers that ggml gives to the kinds of devices with layers: cards, and units that share the machine's memory."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device, as llama.cpp sees it."""

    name: str
    """What llama.cpp calls it, such as ``CUDA0``."""
    description: str
    """What its driver calls it."""
    integrated: bool
    """Whether it shares the memory of the machine."""
    handle: int = 0
    """Where ggml keeps it."""

    @property
    def backend(self) -> str:
        """The part of llama.cpp that computes on it.

        >>> Device("Vulkan12", "a card", integrated=False).backend
        'Vulkan'
        """
        return self.name.rstrip("0123456789")

    def free(self) -> int:
        """Bytes of its memory that nobody uses just now, as far as its driver knows."""
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        _ggml().ggml_backend_dev_memory(self.handle, ctypes.byref(free), ctypes.byref(total))
        return free.value

    def __str__(self) -> str:
        return f"{self.name}: {self.description}"


def find_devices() -> tuple[Device, ...]:
    """Devices of this machine that the installed llama.cpp was built for; none where it knows the processor alone."""
    if not library().llama_supports_gpu_offload():
        return ()
    ggml = _ggml()
    handles = [ggml.ggml_backend_dev_get(n) for n in range(ggml.ggml_backend_dev_count())]
    kinds = {one: ggml.ggml_backend_dev_type(one) for one in handles}
    return tuple(
        Device(
            ggml.ggml_backend_dev_name(one).decode("utf-8", "replace"),
            ggml.ggml_backend_dev_description(one).decode("utf-8", "replace"),
            kinds[one] == INTEGRATED,
            one,
        )
        for one in handles
        if kinds[one] in (GPU, INTEGRATED)
    )


def spread(found: Sequence[Device]) -> tuple[Device, ...]:
    """Those of some devices that a model's layers are spread over: cards if there are any, all of one backend.

    A build for two backends sees the same card twice.

    >>> card, again = Device("CUDA0", "H100", integrated=False), Device("Vulkan0", "H100", integrated=False)
    >>> [one.name for one in spread([Device("Vulkan1", "Iris", integrated=True), card, again])]
    ['CUDA0']
    """
    cards = [one for one in found if not one.integrated] or list(found)
    return tuple(one for one in cards if one.backend == cards[0].backend)


def devices_for(n_gpu_layers: int) -> tuple[Device, ...]:
    """Devices of a model with so many layers on them; none for none, even where there are some.

    Raises
    ------
    BackendError
        If there is no device for layers that are to lie on one: llama.cpp would silently take the processor.
    """
    if n_gpu_layers == 0:
        return ()
    found = spread(find_devices())
    if not found:
        raise BackendError(
            f"n_gpu_layers is {n_gpu_layers}, and llama.cpp finds no GPU. Either this llama-cpp-python was built for "
            "the processor alone, or no driver shows it a GPU: `demoscope doctor` tells which, docs/gpu.md how to "
            "build it. Leave `n_gpu_layers` out to run on the processor."
        )
    return found


def told(devices: Sequence[Device]) -> str:
    """Devices and their free memory, as an error says them."""
    return ", ".join(f"{one.name} ({one.description}, {one.free() / 1e9:.1f} GB free)" for one in devices)


def _ggml() -> Any:
    """The library of ggml that belongs to llama.cpp, with the types of what is called here."""
    library()
    ggml: Any = importlib.import_module("llama_cpp._ggml").libggml
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.argtypes, ggml.ggml_backend_dev_get.restype = [ctypes.c_size_t], ctypes.c_void_p
    for name in ("name", "description"):
        told = getattr(ggml, f"ggml_backend_dev_{name}")
        told.argtypes, told.restype = [ctypes.c_void_p], ctypes.c_char_p
    ggml.ggml_backend_dev_type.argtypes, ggml.ggml_backend_dev_type.restype = [ctypes.c_void_p], ctypes.c_int
    size = ctypes.POINTER(ctypes.c_size_t)
    ggml.ggml_backend_dev_memory.argtypes, ggml.ggml_backend_dev_memory.restype = [ctypes.c_void_p, size, size], None
    return ggml
