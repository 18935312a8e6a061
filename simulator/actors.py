"""Cohorts in Ray actors: the one file that imports Ray. It moves cohorts and holds no rules."""

import os
import socket
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, RayActorError, RayError

import demoscope
import personas
import simulator
import surveys
from demoscope.errors import BackendError, WavePaused
from simulator.backends.interface import Resources
from simulator.cohort import Assignment, Batch, Cohort, CohortSpec
from simulator.leases import Lease
from simulator.wave import Execution

ACCELERATOR = 0.001
"""Of the mark that Ray gives a node for its type of accelerator: so many cohorts fit that it only says where."""

KNOCK_S = 10.0
"""Seconds that a cluster has to answer at its address."""


class CohortActor:
    """One cohort in a process of its own, with the resources it declared."""

    def __init__(self, spec: CohortSpec) -> None:
        self._cohort = Cohort(spec)

    async def work(self, assignments: Sequence[Assignment], lease: Lease | None) -> Batch:
        """See :meth:`simulator.cohort.Cohort.work`."""
        return await self._cohort.work(assignments, lease)


class RayExecutor:
    """Hosts cohorts as Ray actors on a private Ray, or on a running cluster when ``address`` names one."""

    def __init__(self, execution: Execution) -> None:
        self._ours = not ray.is_initialized()
        if self._ours:
            _connect(execution.address)
        self._actors: dict[int, Any] = {}
        self._started = 0
        self._calls: dict[Any, int] = {}

    def room(self, resources: Resources) -> int:
        """As many as the machines that are there hold, each by itself."""
        wanted = _reserved(resources)
        if not wanted:
            return 1
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        held = [min(int(one.get(name, 0) / share + 1e-9) for name, share in wanted.items()) for one in machines]
        if sum(held) < 1:
            most = {name: max((one.get(name, 0) for one in machines), default=0) for name in wanted}
            raise BackendError(
                "The machines of the Ray cluster are too small or too few for one cohort: it reserves "
                f"{_told(wanted)} on one machine, and the most that any has is {_told(most)}. Lower num_cpus or "
                "num_gpus under `execution` or under the model's `resources`, or what the model asks for (threads, "
                "n_gpu_layers)."
            )
        return sum(held)

    def start(self, spec: CohortSpec) -> int:
        """Start a cohort actor and return its handle."""
        reserved = _reserved(spec.resources)
        options = {"num_cpus": reserved.pop("CPU", 0), "num_gpus": reserved.pop("GPU", 0), "resources": reserved}
        actor = ray.remote(CohortActor).options(max_concurrency=2, **options).remote(spec)
        self._started += 1
        self._actors[self._started] = actor
        return self._started

    def submit(self, handle: int, assignments: Sequence[Assignment], lease: Lease | None) -> None:
        """Hand respondents and a lease to a cohort actor."""
        self._calls[self._actors[handle].work.remote(assignments, lease)] = handle

    def next(self, timeout: float) -> list[tuple[int, Batch | None]]:
        """Batches that came in, by handle; ``None`` for an actor that died."""
        if not self._calls:
            return []
        done, _ = ray.wait(list(self._calls), num_returns=1, timeout=timeout)
        found = [(self._calls.pop(call), _result(call)) for call in done]
        for handle, batch in found:
            if batch is None:  # one that only cannot be reached would go on asking, and keep what it reserved
                self.stop(handle)
        return found

    def stop(self, handle: int) -> None:
        """End a cohort actor."""
        ray.kill(self._actors.pop(handle))

    def close(self) -> None:
        """End all cohort actors, and Ray itself when it was started here."""
        if ray.is_initialized():
            for actor in self._actors.values():
                ray.kill(actor)
            if self._ours:
                ray.shutdown()
        self._actors.clear()


def _reserved(resources: Resources) -> dict[str, float]:
    """What a cohort reserves, by the names that Ray gives it; nothing of what it needs none of."""
    named = {"CPU": resources.cpus, "GPU": resources.gpus, **dict(resources.custom)}
    if resources.accelerator_type is not None:
        named[f"accelerator_type:{resources.accelerator_type}"] = ACCELERATOR
    return {name: share for name, share in named.items() if share}


def _told(shares: dict[str, float]) -> str:
    return ", ".join(f"{share:g} {name}" for name, share in shares.items())


def _result(call: Any) -> Batch | None:
    try:
        batch: Batch = ray.get(call)
        return batch
    except (RayActorError, OutOfMemoryError, NodeDiedError, ObjectLostError):
        return None  # died, or may be unavailable for good: what it had not told is asked again
    except RayError as error:
        raise WavePaused(f"Ray failed ({error}). What was saved is safe; run the same command again.") from None


def _knock(address: str) -> None:
    """Refuse an address where nobody listens; Ray itself would go on trying for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # "auto", which Ray looks up
    try:
        socket.create_connection((host, int(port)), timeout=KNOCK_S).close()
    except (OSError, OverflowError) as error:
        raise BackendError(
            f"Nobody listens at {address!r}, the address of the Ray cluster ({error}). Start it with "
            "`ray start --head`, or leave `address` out to run on this machine."
        ) from None


def _connect(address: str | None) -> None:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a wave opens no connection that nobody asked for
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        _knock(address)
        packages = [demoscope, surveys, personas, simulator]
        settings |= {"address": address, "runtime_env": {"py_modules": packages}}
    else:
        settings |= {"address": "local", "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(**settings)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        where = f"the Ray cluster at {address!r}" if address else "a private Ray"
        raise BackendError(
            f"Cannot start {where}: {error}. Use `executor: local` to run without Ray, or check the address."
        ) from None
