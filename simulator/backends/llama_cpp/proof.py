"""Proof that a local model runs on this machine: one decode, meant for a child process.

``python -m simulator.backends.llama_cpp.proof`` loads the embedded model as a wave would, finishes one prompt and
prints one JSON line; with ``-1`` behind it all layers lie on a GPU. A crash of the C library then ends this process,
and whoever started it sees how.
"""

import asyncio
import json
import sys

from demoscope.errors import DemoscopeError
from simulator.backends.llama_cpp.backend import LlamaCppBackend
from simulator.backends.llama_cpp.devices import find_devices, spread
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request


async def prove(n_gpu_layers: int) -> dict[str, object]:
    """Four greedy tokens of the embedded model, and what it ran as."""
    backend = LlamaCppBackend("embedded", context=256, sequences=1, n_gpu_layers=n_gpu_layers)
    question = Message("user", "Say hello.")
    request = Request("answer", 0, (question,), Decoding(do_sample=False, max_tokens=4), seed=0)
    try:
        reply = (await backend.complete(request)).last
        return {"text": reply.text, "error": reply.error, "file": backend.card().settings["file"]}
    finally:
        await backend.close()


def main() -> None:
    """Print the proof, or the error, as one JSON line, with the GPUs that layers are meant for."""
    layers = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    devices: list[str] = []
    try:
        devices = [str(one) for one in spread(find_devices())] if layers else []
        proof = asyncio.run(prove(layers))
    except DemoscopeError as error:
        proof = {"text": None, "error": str(error), "file": None}
    print(json.dumps({**proof, "devices": devices}))


if __name__ == "__main__":
    main()
