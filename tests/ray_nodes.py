"""Real Ray nodes on this machine, with a token of their own; in network namespaces where root is at hand."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from tests.launched import until
from tests.ports import free_port

RAY = str(Path(sys.executable).parent / "ray")

FAST = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}
"""Notices a frozen or cut-off node after some nine seconds in place of a minute; docs/clusters.md recommends it."""

_COUNT = """
import sys
from ray._raylet import GcsClient
found = GcsClient(address=sys.argv[1]).get_all_node_info()
print(sum(node.state == 0 for node in found.values()))  # 0 is alive
"""


class Nodes:
    """A head and its workers; all processes end with the ``with`` block of :func:`cluster`."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        token = folder / "token"
        token.write_text("a-token-that-only-this-cluster-knows-0123456789")
        self.env = {
            **os.environ,
            **settings,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self._mark = f"RAY_AUTH_TOKEN_PATH={token}"
        self._temporary = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # its sockets need short paths
        self.address = ""
        self.client_address = ""

    def head(self, host: str = "127.0.0.1", cores: int = 2, within: tuple[str, ...] = ()) -> None:
        """Start the head node."""
        port, client = free_port(), free_port()
        self.address, self.client_address = f"{host}:{port}", f"ray://{host}:{client}"
        self._start(
            [
                *(*within, RAY, "start", "--head", f"--port={port}", f"--node-ip-address={host}"),
                *([f"--ray-client-server-port={client}"] if find_spec("grpc") else []),
                *(f"--num-cpus={cores}", "--include-dashboard=false", f"--temp-dir={self._temporary}"),
            ]
        )

    def worker(self, host: str | None = None, cores: int = 2, within: tuple[str, ...] = (), *more: str) -> list[int]:
        """Start a worker node; returns its processes, the raylet among them."""
        before = set(self.processes())
        named = [f"--node-ip-address={host}"] if host else []
        self._start([*within, RAY, "start", f"--address={self.address}", f"--num-cpus={cores}", *named, *more])
        return [pid for pid in self.processes() if pid not in before]

    def _start(self, command: list[str]) -> None:
        done = subprocess.run([*command, "--disable-usage-stats"], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)

    def processes(self, name: str = "") -> list[int]:
        """Living processes of this cluster whose command line has the name in it."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    continue
                if self._mark in (folder / "environ").read_text() and name in (folder / "cmdline").read_text():
                    found.append(int(folder.name))
        return sorted(pid for pid in found if pid != os.getpid())

    def actors(self) -> list[int]:
        """Processes of cohorts."""
        return self.processes("ray::CohortActor")

    def raylet(self, node: list[int]) -> int:
        """The raylet of a worker that :meth:`worker` returned."""
        for pid in node:
            with suppress(OSError):
                if (Path("/proc") / str(pid) / "cmdline").read_text().split("\0")[0].endswith("/raylet"):
                    return pid
        raise AssertionError("the node has no raylet")

    def living(self, within: tuple[str, ...] = ()) -> int:
        """Nodes that the head takes for alive."""
        command = [*within, sys.executable, "-c", _COUNT, self.address]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True)
        return int(done.stdout) if done.returncode == 0 else 0

    def below(self, raylet: int) -> list[int]:
        """Cohorts that a raylet hosts."""
        return [pid for pid in self.actors() if _parent(pid) == raylet]

    def end(self) -> None:
        """Kill what is left; `ray stop` would end everybody's Ray on this machine."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(AssertionError):
            until(lambda: not self.processes(), 10)
        shutil.rmtree(self._temporary, ignore_errors=True)


def _parent(pid: int) -> int:
    try:
        return int((Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


@contextmanager
def cluster(folder: Path, settings: Mapping[str, str] = FAST) -> Iterator[Nodes]:
    """A cluster without nodes yet."""
    nodes = Nodes(folder, settings)
    try:
        yield nodes
    finally:
        nodes.end()


class Network:
    """Network namespaces that a bridge joins: ``hosts`` machines at 10.244.n.1, 10.244.n.2, ..."""

    def __init__(self, hosts: int) -> None:
        self._tag = f"d{os.getpid() % 100_000}"
        self._net = f"10.244.{os.getpid() % 250}"
        self.hosts = [f"{self._net}.{n}" for n in range(1, hosts + 1)]

    def within(self, host: int) -> tuple[str, ...]:
        """What a command begins with to run on a host."""
        return ("ip", "netns", "exec", f"{self._tag}n{host}")

    def cut(self, host: int) -> None:
        """Take a host's cable out."""
        _ip("link", "set", f"{self._tag}v{host}", "down")

    def heal(self, host: int) -> None:
        """Put it in again."""
        _ip("link", "set", f"{self._tag}v{host}", "up")

    def build(self) -> None:
        """Make bridge, namespaces and cables; ``RuntimeError`` where that is not allowed."""
        _ip("link", "add", f"{self._tag}b", "type", "bridge")
        _ip("link", "set", f"{self._tag}b", "up")
        for n, host in enumerate(self.hosts):
            space, outer, inner = f"{self._tag}n{n}", f"{self._tag}v{n}", f"{self._tag}i{n}"
            _ip("netns", "add", space)
            _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
            _ip("link", "set", inner, "netns", space)
            _ip("link", "set", outer, "master", f"{self._tag}b")
            _ip("link", "set", outer, "up")
            _ip("-n", space, "addr", "add", f"{host}/24", "dev", inner)
            _ip("-n", space, "link", "set", inner, "up")
            _ip("-n", space, "link", "set", "lo", "up")

    def remove(self) -> None:
        """Take everything away again."""
        for n in range(len(self.hosts)):
            with suppress(RuntimeError):
                _ip("netns", "del", f"{self._tag}n{n}")
        with suppress(RuntimeError):
            _ip("link", "del", f"{self._tag}b")


def _ip(*words: str) -> None:
    try:
        done = subprocess.run(["ip", *words], capture_output=True, text=True)
    except OSError as error:
        raise RuntimeError(str(error)) from None
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def network(hosts: int) -> Iterator[Network]:
    """Hosts of their own addresses; ``RuntimeError`` where that is not allowed."""
    made = Network(hosts)
    try:
        made.build()
        yield made
    finally:
        made.remove()
