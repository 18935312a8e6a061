"""Protocols and backends by name, ours and those that other packages bring."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from demoscope.errors import DocumentError

OURS = {
    "protocol": {
        "def": "simulator.protocols.diversity_enhanced:PROTOCOL",
        "cao": "simulator.protocols.average_person:PROTOCOL",
        "ccsv-single": "simulator.protocols.collective_critique:SINGLE",
        "ccsv-list": "simulator.protocols.collective_critique:LIST",
        "backstory": "simulator.protocols.backstory:PROTOCOL",
        "paraphrase": "simulator.protocols.rewording:PARAPHRASE",
        "translate": "simulator.protocols.rewording:TRANSLATE",
        "wvb": "simulator.protocols.wvb:PROTOCOL",
        "judge": "simulator.protocols.judge:PROTOCOL",
        "coder": "simulator.protocols.coder:PROTOCOL",
        "contamination": "simulator.protocols.contamination:PROTOCOL",
        "ivc": "simulator.protocols.ivc:PROTOCOL",
        "probe": "simulator.protocols.probe:PROTOCOL",
        "rate": "simulator.protocols.rate:PROTOCOL",
        "scenes": "simulator.protocols.scenes:PROTOCOL",
    },
    "backend": {
        "scripted": "simulator.backends.scripted:ScriptedBackend",
        "llama_cpp": "simulator.backends.llama_cpp:LlamaCppBackend",
        "openai_api": "simulator.backends.openai_api:OpenAIBackend",
        "transformers": "simulator.backends.transformers:TransformersBackend",
        "vllm": "simulator.backends.vllm:VllmBackend",
    },
}
"""What comes with the project, named here so that it is found where the code was shipped but not installed."""


@cache
def find_plugin(what: str, name: str) -> Any:
    """The protocol or backend (``what``) of this name: ours, or an entry point of the group ``demoscope.<what>s``.

    Raises
    ------
    DocumentError
        If there is none; the message lists those that are installed.
    """
    group = f"demoscope.{what}s"
    found = {point.name: point for point in entry_points(group=group)}
    found |= {ours: EntryPoint(ours, value, group) for ours, value in OURS[what].items()}
    if name not in found:
        raise DocumentError(f"There is no {what} {name!r}; installed are {', '.join(sorted(found))}.")
    return found[name].load()
