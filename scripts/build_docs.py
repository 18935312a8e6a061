"""Write docs/waves.md from the models that read a wave, so that the page and the program agree.

usage: python scripts/build_docs.py
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from demoscope.documents import Document
from simulator.backends.interface import find_backend
from simulator.protocols.registry import find_protocol
from simulator.wave import Condition, Execution, ModelSpec, Wave

PAGE = Path(__file__).resolve().parents[1] / "docs" / "waves.md"

OPENING = """\
# Waves

A wave is one YAML file; `examples/quickstart.yaml` is one with comments. Unknown keys are refused with the line
they stand on. This page is written by `scripts/build_docs.py` from the models that read the file.

A store continues a wave that is equal or has grown: more respondents, models, conditions, or questions at the
end. Anything else that decides answers is refused with what changed; `execution`, `store`, `durability` and
`min_valid` may change freely.
"""


PROFILES = """
A `null` above means "what the profile says". `demoscope` draws 1 to 5 beams, sampling on or off, a memory of 0 to
15 that keeps its order, and names the city; `paper` draws the same but keeps no order in memory; `code` does what the
published code does: 1 to 4 beams, sampling on, memory of 0 to 14 drawn with replacement, the state alone (and none at
all when everything is on), ten repeats. The resolved settings are in the store, in `cells.settings`. Beams take
time: a search of five costs up to four times a single reply (docs/local_engine.md).
"""


def table(title: str, model: type[Document]) -> str:
    """One section: every key with its type, its default and what it means."""
    lines = [f"\n## {title}\n", "| key | default | meaning |", "|---|---|---|"]
    for name, info in model.model_fields.items():
        if info.is_required():
            default = "required"
        else:
            value = info.get_default(call_default_factory=True)
            default = "as below" if isinstance(value, Document) else f"`{_yaml(value)}`"
        meaning = " ".join((info.description or "").replace("``", "`").split()).replace("|", "\\|")
        values = list(dict.fromkeys(_values(info.annotation)))
        if values:
            meaning += f" One of {', '.join(f'`{value}`' for value in values)}."
        lines.append(f"| `{name}` | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _values(annotation: object) -> Iterator[str]:
    """The words that a key may take, when it takes words."""
    if get_origin(annotation) is Literal:
        yield from (repr(value) if str(value).isspace() else str(value) for value in get_args(annotation))
    else:
        for part in get_args(annotation):
            yield from _values(part)


def _yaml(value: object) -> str:
    plain = {None: "null", True: "true", False: "false", (): "[]"}
    if isinstance(value, bool | None | tuple) and value in plain:
        return plain[value]
    return "{}" if value == {} else str(value) if value != "" else "''"


def page() -> str:
    """The whole page."""
    sections = [
        table("The wave", Wave),
        table("`models`: one entry a model", ModelSpec),
        table("`conditions`: one entry a condition", Condition),
        table("`execution`", Execution),
        table("`settings` of the protocol `def`", find_protocol("def").settings_model),
        PROFILES,
        table("`settings` of the backend `llama_cpp`", find_backend("llama_cpp").settings_model),
        table("`settings` of the backend `scripted`", find_backend("scripted").settings_model),
    ]
    return OPENING + "".join(sections)


if __name__ == "__main__":
    PAGE.write_text(page())
