"""The command ``demoscope ivc train``: teach a model, or an adapter, from exported conversations."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from demoscope.errors import DocumentError


def train(
    data: Annotated[
        Path, typer.Argument(metavar="TRAIN.jsonl", help="Chat JSONL, as `ivc export-training` writes it.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of this run; the same command again continues it.")],
    settings: Annotated[
        Path | None, typer.Option(help="YAML with the settings of docs/training.md; options below override it.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Folder, hub id on this machine, GGUF file or `embedded`.")
    ] = None,
    lora: Annotated[bool, typer.Option("--lora", help="Train an adapter instead of all weights.")] = False,
    epochs: Annotated[float | None, typer.Option(help="Passes over the examples.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Train a model on conversations; interrupted, the same command goes on from the last checkpoint."""
    from demoscope.documents import build, read_document
    from simulator.training.run import train as run
    from simulator.training.settings import TrainingSettings

    content, lines = read_document(settings) if settings else ({}, {})
    named = {"model": model, "epochs": epochs, "learning_rate": learning_rate}
    content |= {key: value for key, value in named.items() if value is not None}
    if lora:
        content.setdefault("lora", {})
    if "model" not in content:
        raise DocumentError("Which model? Name it by --model, or as `model` in the settings.")
    wanted = build(TrainingSettings, content, str(settings or "the options"), lines)

    def tell(step: int, steps: int, loss: float) -> None:
        if not as_json:
            print(f"step {step:,} of {steps:,}: loss {loss:.4f}", flush=True)

    made = run(data, out, wanted, tell)
    if as_json:
        print(json.dumps(dataclasses.asdict(made) | {"folder": str(made.folder)}))
        return
    left = f", {made.too_long:,} longer ones left out" if made.too_long else ""
    again = f", {made.resumed:,} of them by an earlier run" if made.resumed else ""
    print(
        f"{len(made.losses):,} steps{again} over {made.examples:,} examples{left}; "
        f"loss {made.losses[-1]:.4f} at the end."
    )
    print(f"In a wave: {{name: trained, backend: transformers, settings: {{path: {made.folder}}}}}")
