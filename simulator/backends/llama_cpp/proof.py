"""Proof that a local model runs on this machine: one decode, meant for a child process.

``python -m simulator.backends.llama_cpp.proof`` loads the embedded model as a wave would, finishes one prompt and
prints one JSON line. A crash of the C library then ends this process, and whoever started it sees how.
"""

import asyncio
import json

from demoscope.errors import DemoscopeError
from simulator.backends.llama_cpp.backend import LlamaCppBackend
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request


async def prove() -> dict[str, object]:
    """Four greedy tokens of the embedded model, and what it ran as."""
    backend = LlamaCppBackend("embedded", context=256, sequences=1)
    question = Message("user", "Say hello.")
    request = Request("answer", 0, (question,), Decoding(do_sample=False, max_tokens=4), seed=0)
    try:
        reply = (await backend.complete(request)).last
        return {"text": reply.text, "error": reply.error, "file": backend.card().settings["file"]}
    finally:
        await backend.close()


def main() -> None:
    """Print the proof, or the error, as one JSON line."""
    try:
        print(json.dumps(asyncio.run(prove())))
    except DemoscopeError as error:
        print(json.dumps({"text": None, "error": str(error), "file": None}))


if __name__ == "__main__":
    main()
