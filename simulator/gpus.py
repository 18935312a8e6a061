"""The GPUs of this machine as their drivers tell them, without loading a library for models."""

import functools
import platform
import shutil
import subprocess
from dataclasses import dataclass

ASKED = ["nvidia-smi", "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader,nounits"]


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU."""

    name: str
    total: float
    """Bytes of memory."""
    free: float
    """Bytes that nobody uses just now."""
    driver: str = ""
    """Version of its driver."""


@functools.cache
def find_gpus() -> tuple[Gpu, ...]:
    """GPUs of NVIDIA; none where there is no driver that answers."""
    if shutil.which(ASKED[0]) is None:
        return ()
    try:
        told = subprocess.run(ASKED, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return read_gpus(told.stdout) if told.returncode == 0 else ()


def count_gpus() -> int:
    """How many there are."""
    return len(find_gpus())


def has_metal() -> bool:
    """Whether this is a computer of Apple whose GPU torch and llama.cpp can use."""
    return platform.system() == "Darwin" and platform.machine() == "arm64"


def read_gpus(told: str) -> tuple[Gpu, ...]:
    """What nvidia-smi says, a line each: name, MiB in all, MiB free, version of the driver.

    >>> read_gpus("NVIDIA H100 80GB HBM3, 81559, 81079, 550.90.07")[0].total / 2**30
    79.6474609375
    """
    found = []
    for line in told.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 4 and parts[1].isdigit() and parts[2].isdigit():
            found.append(Gpu(parts[0], int(parts[1]) * 2.0**20, int(parts[2]) * 2.0**20, parts[3]))
    return tuple(found)
