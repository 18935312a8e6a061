"""Cohorts in Ray actors: the one file that imports Ray. It moves cohorts and holds no rules."""

import os
import socket
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

import demoscope
import personas
import simulator
import surveys
from demoscope.errors import BackendError, WavePaused
from simulator.backends.interface import Resources
from simulator.cohort import Assignment, Batch, Cohort, CohortSpec
from simulator.leases import Lease
from simulator.wave import Execution

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
        """One for each share of the cluster's cores (or GPUs) that a cohort reserves."""
        found: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        wanted = {"CPU": resources.cpus, "GPU": resources.gpus}
        rooms = [int(found.get(name, 0) // share) for name, share in wanted.items() if share]
        if not rooms:
            return 1
        if min(rooms) < 1:
            raise BackendError(
                f"The Ray cluster has {found.get('CPU', 0):g} CPUs and {found.get('GPU', 0):g} GPUs, too few for one "
                f"cohort, which reserves {resources.cpus:g} and {resources.gpus:g}. Lower num_cpus or num_gpus under "
                "`execution`, or what the model asks for (threads, n_gpu_layers)."
            )
        return min(rooms)

    def start(self, spec: CohortSpec) -> int:
        """Start a cohort actor and return its handle."""
        options = {"num_cpus": spec.resources.cpus, "num_gpus": spec.resources.gpus}
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
        return [(self._calls.pop(call), _result(call)) for call in done]

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


def _result(call: Any) -> Batch | None:
    try:
        batch: Batch = ray.get(call)
        return batch
    except RayActorError:  # died, or may be unavailable for good: what it had not told is asked again
        return None
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
