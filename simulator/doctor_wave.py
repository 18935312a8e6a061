"""What the models of a wave can do, by opening each as the wave would; what is doubtful of its reservations."""

import asyncio

from demoscope.errors import DemoscopeError, WavePaused
from simulator.accelerators import doubtful_accelerators
from simulator.backends.interface import find_backend
from simulator.backends.openai_api import OpenAIBackend
from simulator.doctor import Check
from simulator.wave import LoadedWave, ModelSpec


def examine_models(loaded: LoadedWave) -> list[Check]:
    """One check for every model: what it has proved, and what is missing.

    A model that the wave loads is loaded, one after another; on a cluster it would be loaded there, so it is not.
    And a remark on every kind of accelerator that nodes do not have by themselves.
    """
    models = {cell.model.name: cell.model for cell in loaded.cells}
    elsewhere = loaded.wave.execution.address is not None
    checks = []
    for name, model in models.items():
        if find_backend(model.backend) is OpenAIBackend:
            checks.append(asyncio.run(_examined(name, OpenAIBackend(name, **model.settings))))
        elif elsewhere:
            checks.append(Check(f"Model {name}", True, f"{model.backend}: loaded on the cluster, so not tried here"))
        else:
            checks.append(asyncio.run(_loaded(name, model)))
    return checks + [
        Check(f"Model {name}", True, doubt, "Run the wave when such a node is there, or mend the name.")
        for name, doubt in doubtful_accelerators(loaded).items()
    ]


async def _loaded(name: str, model: ModelSpec) -> Check:
    kind, backend = find_backend(model.backend), None
    try:
        backend = kind(name, **model.settings)
        await backend.open()
    except DemoscopeError as error:
        return Check(f"Model {name}", False, str(error), "Mend what the message names, then run doctor again.")
    finally:
        if backend is not None:
            await backend.close()
    left_out = f"; not there: {', '.join(sorted(kind.never))}" if kind.never else ""
    found = f"{', '.join(sorted(backend.abilities))} by {model.backend}; {backend.concurrency:,} requests at once"
    return Check(f"Model {name}", True, found + left_out)


async def _examined(name: str, backend: OpenAIBackend) -> Check:
    try:
        await backend.open()
        absent = backend.card().settings["absent"]
    except WavePaused as error:
        return Check(
            f"Model {name}",
            False,
            str(error),
            "An endpoint that is down is no mistake of the wave: start it or wait, then run doctor again.",
        )
    except DemoscopeError as error:
        return Check(f"Model {name}", False, str(error), "Mend what the message names, then run doctor again.")
    finally:
        await backend.close()
    proven = backend.proven
    found = f"{', '.join(sorted(proven.names))} by {proven.api}; proved {', '.join(sorted(proven.abilities))}"
    if proven.structured:
        found += f", constrained replies by {proven.structured}"
    if proven.missing:
        found += f"; not there: {', '.join(proven.missing)}"
    if absent:
        found += f". Left out, since the others do all: {' '.join(absent)}"
    return Check(f"Model {name}", True, found)
