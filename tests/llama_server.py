"""llama-cpp-python's own OpenAI-compatible server with the embedded model, as a child process on loopback."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.backends.llama_cpp.settings import LlamaCppSettings
from simulator.backends.llama_cpp.weights import prepare
from tests.ports import free_port

_GUARDED = """
import llama_cpp.llama_cpp as library
plain = library.llama_model_default_params
def guarded():
    params = plain()
    params.use_extra_bufts = False  # AMX buffers crash on many virtual machines, see simulator/backends/llama_cpp
    return params
library.llama_model_default_params = guarded
from llama_cpp.server.__main__ import main
main()
"""
PATIENCE_S = 300


@contextmanager
def llama_server(log: Path, *, context: int = 2048) -> Iterator[str]:
    """Base address of a running server; it is gone afterwards. What it prints goes to ``log``."""
    port = free_port()
    options = {
        "model": prepare(LlamaCppSettings(quantization="Q8_0")),
        "model_alias": "smollm2",
        "host": "127.0.0.1",
        "port": port,
        "n_ctx": context,
        "n_threads": 1,
        "n_threads_batch": 1,
        "logits_all": "true",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", _GUARDED, *arguments], stdout=output, stderr=output)
        try:
            _wait(f"http://127.0.0.1:{port}/v1", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(timeout=120)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5).read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")
