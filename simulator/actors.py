"""Cohorts in Ray actors: the one file that imports Ray. It moves cohorts and holds no rules."""

import math
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
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

HEAD_GONE_S = 60.0
"""Seconds without the head's own process after which Ray ends its drivers, unless this says otherwise:"""
HEAD_GONE = "RAY_gcs_rpc_server_reconnect_timeout_s"

HEAD_LOOK_S = 2.0
"""Seconds between two looks at whether the head is there."""


class CohortActor:
    """One cohort in a process of its own, with the resources it declared. It takes our types and nothing else."""

    def __init__(self, spec: CohortSpec) -> None:
        if not isinstance(spec, CohortSpec):
            raise TypeError(f"a cohort is made of a CohortSpec, not of {type(spec).__name__}")
        self._cohort = Cohort(spec)

    async def work(self, assignments: Sequence[Assignment], lease: Lease | None) -> Batch:
        """See :meth:`simulator.cohort.Cohort.work`."""
        if not all(isinstance(one, Assignment) for one in assignments) or not isinstance(lease, Lease | None):
            raise TypeError("a cohort takes assignments and a lease")
        return await self._cohort.work(assignments, lease)


class RayExecutor:
    """Hosts cohorts as Ray actors on a private Ray, or on a running cluster when ``address`` names one."""

    def __init__(self, execution: Execution) -> None:
        self._ours = not ray.is_initialized()
        if self._ours:
            _connect(execution.address)
        self._head = None if str(execution.address).startswith("ray://") else _Head()
        self._actors: dict[int, Any] = {}
        self._started = 0
        self._calls: dict[Any, int] = {}

    def room(self, resources: Resources) -> int:
        """As many as the machines that are there hold, each by itself."""
        wanted = _reserved(resources)
        if not wanted or (self._head and not self._head.answers(lately=0)):
            return 1  # who is there, only the head knows; without it the question would never be answered
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        held = [min(int(one.get(name, 0) / share + 1e-9) for name, share in wanted.items()) for one in machines]
        if sum(held) < 1:
            _check_kind(resources, machines)
            most = {name: max((one.get(name, 0) for one in machines), default=0) for name in wanted}
            raise BackendError(
                "The machines of the Ray cluster are too small or too few for one cohort: it reserves "
                f"{_told(wanted)} on one machine, and the most that any has is {_told(most)}. Lower num_cpus or "
                "num_gpus under `execution` or under the model's `resources`, or what the model asks for (threads, "
                f"n_gpu_layers).{_uncounted(wanted, most)}"
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
        if self._head and self._head.lost():
            raise WavePaused(
                "The head of the Ray cluster does not answer any more. What was saved is safe; run the same command "
                "again, once there is a head at the address that you gave, if you gave one."
            )
        if not self._calls:
            return []
        try:
            done, _ = ray.wait(list(self._calls), num_returns=1, timeout=timeout)
        except ConnectionError as error:  # of Ray's client, which has lost its server
            raise _lost(error) from None
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
            with suppress(ConnectionError):  # of Ray's client, which has lost its server
                for actor in self._actors.values():
                    ray.kill(actor)
                if self._ours:
                    ray.shutdown()
        self._actors.clear()


class _Head:
    """The head's own process, which Ray can do without for a while: after that it ends the driver itself."""

    def __init__(self) -> None:
        host, _, port = str(ray.get_runtime_context().gcs_address).rpartition(":")
        self._at = host.strip("[]"), int(port)
        wait_s = float(os.environ.get(HEAD_GONE) or HEAD_GONE_S)
        self._there, self._told = False, False
        self._looked, self._seen = -math.inf, time.monotonic()
        self._patience = wait_s / 2  # Ray takes some seconds to leave without it
        if not self.answers():
            self._patience = math.inf  # out of reach from the beginning: no sign of anything

    def answers(self, lately: float = HEAD_LOOK_S) -> bool:
        """Whether it took the last connection that was tried, which was so many seconds ago at most."""
        if time.monotonic() - self._looked >= lately:
            try:
                socket.create_connection(self._at, timeout=1.0).close()
                self._there, self._seen = True, time.monotonic()
            except OSError:
                self._there = False
            self._looked = time.monotonic()
        return self._there or self._patience == math.inf

    def lost(self) -> bool:
        """Whether it has been gone for so long that Ray is about to end this process; told once."""
        if self._told or self.answers() or time.monotonic() - self._seen < self._patience:
            return False
        self._told = True
        return True


def _reserved(resources: Resources) -> dict[str, float]:
    """What a cohort reserves, by the names that Ray gives it; nothing of what it needs none of."""
    named = {"CPU": resources.cpus, "GPU": resources.gpus, **dict(resources.custom)}
    if resources.accelerator_type is not None:
        named[f"accelerator_type:{resources.accelerator_type}"] = ACCELERATOR
    return {name: share for name, share in named.items() if share}


def _told(shares: dict[str, float]) -> str:
    return ", ".join(f"{share:g} {name}" for name, share in shares.items())


def _uncounted(wanted: dict[str, float], most: dict[str, float]) -> str:
    """How a GPU is used that Ray does not count, where it counts none at all."""
    if "GPU" not in wanted or most["GPU"]:
        return ""
    return (
        " Ray counts no GPU. One that is there all the same, such as Apple's or what llama.cpp reaches by Vulkan, is "
        "used with `execution: {num_gpus: 0, cohorts: 1}`: one cohort, because Ray would not keep others off it."
    )


def _check_kind(resources: Resources, machines: Sequence[dict[str, float]]) -> None:
    """Refuse a kind of accelerator that no machine says it has."""
    kind, mark = resources.accelerator_type, "accelerator_type:"
    there = sorted({name.removeprefix(mark) for one in machines for name in one if name.startswith(mark)})
    if kind is not None and kind not in there:
        raise BackendError(
            f"No machine of the Ray cluster says that it has an accelerator of the type {kind!r}, which a model asks "
            f"for under `resources`; there are {', '.join(there) or 'none of any type'}. Mend the name, or start "
            f"such a node with --resources='{{\"{mark}{kind}\": 1}}'."
        )


def accelerator_types() -> frozenset[str]:
    """Kinds of accelerators that Ray has a name for."""
    from ray.util.accelerators import accelerators

    return frozenset(
        kind for name, kind in vars(accelerators).items() if isinstance(kind, str) and not name.startswith("_")
    )


def _result(call: Any) -> Batch | None:
    try:
        batch = ray.get(call)
        if not isinstance(batch, Batch):
            raise WavePaused(
                f"A cohort answered with a {type(batch).__name__} in place of a batch; nothing of it was saved."
            )
        return batch
    except (RayActorError, OutOfMemoryError, NodeDiedError, ObjectLostError):
        return None  # died, or may be unavailable for good: what it had not told is asked again
    except (RayError, ConnectionError) as error:
        raise _lost(error) from None


def _lost(error: Exception) -> WavePaused:
    return WavePaused(f"Ray failed ({error}). What was saved is safe; run the same command again.")


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
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")  # who reserves no GPU sees none
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a wave opens no connection that nobody asked for
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        if address.startswith("ray://") and find_spec("grpc") is None:
            raise BackendError(
                f"The address {address!r} needs Ray's client, which is not installed: `pip install 'ray[client]'` "
                "here and on the head. On a machine that is a node of the cluster, `address: auto` does without."
            )
        _knock(address)
        packages = [str(Path(room.__path__[0])) for room in (demoscope, surveys, personas, simulator)]
        settings |= {"address": address, "runtime_env": {"py_modules": packages}}
    else:
        settings |= {"address": "local", "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(**settings)
    except (ConnectionError, ImportError, RuntimeError, ValueError, RayError) as error:
        where = f"the Ray cluster at {address!r}" if address else "a private Ray"
        raise BackendError(
            f"Cannot start {where}: {error}. Use `executor: local` to run without Ray, or check the address."
        ) from None
