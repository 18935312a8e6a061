"""What a model behind an API costs beside the model: CPU, rate, stragglers, memory, requests in flight.

``python benchmarks/api.py [--peers FOLDER] [--qstn-python PATH] [--edsl-python PATH] [--quick]`` prints one
JSON line.

Every number is taken against a server of its own in another process, which answers from a hash of the prompt:
``FOLDER/mock_server.py`` when ``--peers`` names the folder with the peers' scripts, else ``tests/fault_server.py``
without faults. ``FOLDER/bench_qstn.py`` and ``FOLDER/bench_edsl.py`` then put their workload to the same server, each
by the Python of the environment that it is installed in. What is not installed is said, not guessed.

Ours asks for constrained replies, since ``mock_server.py`` says bare numbers, and includes the store: from the first
respondent handed out to the last answer saved. Peers are timed from the first request to the last reply, without
writing anything. CPU with Ray is that of the driver and the cohorts; what Ray's own daemons take meanwhile is given
beside it.

The ideal time with stragglers is that of all replies together, divided by the requests in flight. Nobody reaches it:
a slow request among the last ones is waited for while other places are empty. So the time of a client that loses none
between a reply and the next request is given as well, and that of the openai package with nothing around it.
"""

import argparse
import asyncio
import heapq
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.line import line, number
from benchmarks.peers import cpu, edsl, qstn, raw_clients, times

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT.parent / "shared" / "peers"
"""Where the peers' scripts are looked for when ``--peers`` names no other place."""
IN_FLIGHT = 50
LATENCY_S, SLOW_EVERY, SLOW_IN_FLIGHT = 0.05, 25, 10
"""Stragglers: every 25th request takes ten times 50 ms, with as many in flight as QSTN has by itself."""


@contextmanager
def server(peers: Path | None, latency_s: float = 0, slow_every: int = 0) -> Iterator[str]:
    """Base address of a fresh server in a process of its own."""
    if peers is None:
        rate = 1 / slow_every if slow_every else 0
        arguments = ["-m", "tests.fault_server", "--latency-ms", str(latency_s * 1000), "--slow", str(rate)]
    else:
        from tests.ports import free_port

        port = free_port()
        arguments = [str(peers / "mock_server.py"), str(port), str(latency_s * 1000), "--slow-every", str(slow_every)]
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        if peers is None:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
        else:
            url = f"http://127.0.0.1:{port}/v1"
        _wait(url)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5).read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"no server at {url}")


def cpu_by_command() -> dict[str, float]:
    """Seconds of CPU that this process and all its descendants have taken, by what they are."""
    tick = os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    found: dict[int, tuple[str, float]] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            name = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        parents[int(folder.name)] = int(stat[1])
        found[int(folder.name)] = (name, (int(stat[11]) + int(stat[12])) / tick)
    here = os.getpid()
    spent = {"driver": found[here][1], "cohort": 0.0, "daemons": 0.0}
    for pid, (name, seconds) in found.items():
        ancestor = parents.get(pid, 0)
        while ancestor not in (here, 0, 1):
            ancestor = parents.get(ancestor, 0)
        if ancestor == here:
            spent["cohort" if "CohortActor" in name else "daemons"] += seconds
    return spent


def one_run(path: Path, store: Path) -> dict[str, float]:
    """Run a wave in this process; time and CPU count from the first respondents handed out to the last save."""
    from simulator.loading import load_wave
    from simulator.run import executor_of, run_wave
    from simulator.store import Store

    begun: list[tuple[float, dict[str, float]]] = []
    ended: list[tuple[float, dict[str, float]]] = []

    def timed(loaded):  # type: ignore[no-untyped-def]
        executor = executor_of(loaded)
        submit = executor.submit

        def timed_submit(handle, assignments, *more):  # type: ignore[no-untyped-def]
            if assignments and not begun:
                begun.append((time.perf_counter(), cpu_by_command()))
            submit(handle, assignments, *more)

        executor.submit = timed_submit  # type: ignore[method-assign]
        # A process that is gone takes its count of CPU seconds along.
        executor.stop = lambda handle: None  # type: ignore[method-assign]
        return executor

    def saved(state):  # type: ignore[no-untyped-def]
        if state.saved == state.total:
            ended.append((time.perf_counter(), cpu_by_command()))

    with Store(store) as opened:
        state = run_wave(
            load_wave(path), opened, now=lambda: "2026-01-01T00:00:00+00:00", make_executor=timed, progress=saved
        )
        answered = opened.execute("SELECT count(*) FROM answers WHERE status = 'answered'")[0][0]
    (start, before), (end, after) = begun[0], ended[-1]
    return {
        "answers": state.saved,
        "answered": answered,
        "seconds": end - start,
        **{f"cpu_{name}": after[name] - before[name] for name in before},
        "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def ours(url: str, respondents: int, questions: int, *, executor: str = "local", in_flight: int = IN_FLIGHT) -> Any:
    """A wave in a process of its own, so that its memory and CPU are told apart."""
    from tests.faulty_wave import write_wave

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write_wave(
            folder,
            [url],
            respondents=respondents,
            questions=questions,
            executor=executor,
            condition={"memory": 0, "answer_format": "constrained", "explanation_tokens": 0},
            limits={"max_in_flight": in_flight},
        )
        command = [sys.executable, __file__, "--child", str(path), str(folder / "store.sqlite")]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout.splitlines()[-1])


def per_answer(run: dict[str, float], *parts: str) -> float:
    """Milliseconds of CPU for an answer."""
    return 1000 * sum(run[f"cpu_{part}"] for part in parts) / run["answers"]


def floor(url: str, calls: int = 2000, in_flight: int = IN_FLIGHT) -> tuple[float, float]:
    """Milliseconds of CPU for one call by the openai package's fastest way, and seconds for all of them."""
    command = [sys.executable, __file__, "--floor", url, str(calls), str(in_flight)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    milliseconds, seconds = json.loads(done.stdout.splitlines()[-1])
    return milliseconds, seconds


async def _floor(url: str, calls: int, in_flight: int) -> tuple[float, float]:
    from openai import AsyncOpenAI, DefaultAioHttpClient

    head = "Act as a citizen from Ohio. You are a 44 year old woman. Answer each request as this person would."

    async with AsyncOpenAI(base_url=url, api_key="x", max_retries=0, http_client=DefaultAioHttpClient()) as client:

        async def one(n: int, gate: asyncio.Semaphore) -> None:
            turns = [
                {"role": "system", "content": head},
                {"role": "user", "content": f"Request: Tea {n}? - 1: yes, 2: no"},
            ]
            async with gate:
                await client.post("/chat/completions", body={"model": "mock", "messages": turns}, cast_to=object)

        gate = asyncio.Semaphore(in_flight)
        await asyncio.gather(*(one(n, gate) for n in range(200)))
        before, begun = time.process_time(), time.perf_counter()
        await asyncio.gather(*(one(n, gate) for n in range(calls)))
        return 1000 * (time.process_time() - before) / calls, time.perf_counter() - begun


def least_s(calls: int, before: int) -> float:
    """Seconds for calls none of which waits for another's reply, each sent the moment a place is free.

    Parameters
    ----------
    before : int
        Requests that the server had seen already; it counts them to slow every 25th.
    """
    places = [0.0] * SLOW_IN_FLIGHT
    for request in range(before + 1, before + calls + 1):
        free = heapq.heappop(places)
        heapq.heappush(places, free + LATENCY_S * (1 if request % SLOW_EVERY else 10))
    return max(places)


def stragglers(wanted: argparse.Namespace) -> list[tuple[Any, ...]]:
    """How much longer a wave takes than it must when 4 % of the requests are slow, at two sizes."""
    rows: list[tuple[Any, ...]] = []
    for people in (10,) if wanted.quick else (200, 50):
        calls = people * 10
        ideal = calls * LATENCY_S * (1 + 9 / SLOW_EVERY) / SLOW_IN_FLIGHT
        with server(wanted.peers, LATENCY_S, SLOW_EVERY) as url:
            seconds = ours(url, people, 10, in_flight=SLOW_IN_FLIGHT)["seconds"]
            seen = _stats(url)["n"] if wanted.peers else calls
            least = least_s(calls, seen - calls)
        with server(wanted.peers, LATENCY_S, SLOW_EVERY) as url:
            bare = floor(url, calls, SLOW_IN_FLIGHT)[1]
        with server(wanted.peers, LATENCY_S, SLOW_EVERY) as url:
            theirs = qstn(wanted, url, people, (SLOW_IN_FLIGHT,), "--layout", "sequential")
        what = f"4 % stragglers at 50 ms, {calls:,} answers"
        rows += [
            (f"{what}: times the ideal time", seconds / ideal, "", "<= 1.1"),
            (f"{what}: times a client that loses no time", seconds / least),
            (f"{what}: openai package alone, times the ideal time", bare / ideal),
            (f"{what}: QSTN, times the ideal time", theirs.get("wall_s", 0) / ideal or theirs["why"]),
        ]
    return rows


def measure(wanted: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Every number: what, value, unit, target."""
    n, sizes, many = (10, (10, 20), 50) if wanted.quick else (wanted.respondents, (100, 1000), 1000)
    with server(wanted.peers) as url:
        cheapest = floor(url)[0]
        raw = raw_clients(wanted, url, IN_FLIGHT)
        plain = ours(url, n, 10)
        small = ours(url, 50, 10)
        ray = ours(url, n, 10, executor="ray")
        theirs, others = qstn(wanted, url, 50, (10, IN_FLIGHT)), edsl(wanted, url)
        growth = [ours(url, people, 10) for people in sizes]
    with server(wanted.peers, 1.0) as url:
        crowd = ours(url, many, 3, in_flight=many)
        peak = _stats(url)["peak"] if wanted.peers else "not told by this server"
    lean, with_ray = per_answer(plain, "driver"), per_answer(ray, "driver", "cohort")
    rate, small_rate = plain["answers"] / plain["seconds"], small["answers"] / small["seconds"]
    grown = 1024 * (growth[1]["peak_kb"] - growth[0]["peak_kb"]) / (growth[1]["answers"] - growth[0]["answers"])
    to_qstn, to_edsl = times(rate, theirs), times(rate, others)
    together = 3 * 1.0 / crowd["seconds"]
    return [
        ("openai package's fastest way, CPU a call", cheapest, "ms"),
        *((f"raw_clients.py, {name}: CPU a call", cpu(run, 500), "ms") for name, run in raw.items()),
        *((f"raw_clients.py, {name}: calls per second", run["per_s"], "1/s") for name, run in raw.items()),
        ("CPU an answer, store and all, without Ray", lean, "ms", "<= 1.0"),
        ("the same beyond the openai package", lean - cheapest, "ms"),
        ("CPU an answer with Ray, driver and cohorts", with_ray, "ms", "<= 1.5"),
        ("Ray's daemons meanwhile, CPU an answer", per_answer(ray, "daemons"), "ms"),
        ("answers understood", plain["answered"] / plain["answers"], "share", "= 1"),
        ("answers per second at 0 ms without Ray", rate, "1/s"),
        ("the same, 500 answers", small_rate, "1/s"),
        ("the same with Ray", ray["answers"] / ray["seconds"], "1/s"),
        ("answers per second to QSTN's_ratio", to_qstn, "", ">= 1.5"),
        ("the same with Ray_ratio", times(ray["answers"] / ray["seconds"], theirs)),
        ("answers per second to EDSL's_ratio", to_edsl, "", ">= 5"),
        ("QSTN, CPU an answer", cpu(theirs, 500), "ms"),
        ("EDSL, CPU an answer", others.get("cpu_ms_per_answer", others.get("why")), "ms"),
        *stragglers(wanted),
        (f"memory growth an answer, {sizes[0] * 10:,} to {sizes[1] * 10:,} answers", grown, "B", "< 2000"),
        (f"{many:,} in flight at 1 s: share of the ideal rate", together),
        (f"{many:,} in flight: most at once, as the server saw it", peak),
        (f"{many:,} in flight: answers understood", crowd["answered"], f"of {3 * many}", f"= {3 * many}"),
    ]


def _stats(url: str) -> dict[str, Any]:
    """What the mock server says of itself: requests it saw (``n``), most at once (``peak``)."""
    with urllib.request.urlopen(f"{url.removesuffix('/v1')}/stats", timeout=10) as reply:
        return dict(json.load(reply))


def main() -> None:
    """Measure everything and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--respondents", type=int, default=1000, help="of ten questions each, for CPU and rate")
    parser.add_argument(
        "--peers",
        type=Path,
        default=PEERS if PEERS.is_dir() else None,
        help="folder with mock_server.py, bench_qstn.py and bench_edsl.py",
    )
    parser.add_argument("--qstn-python", type=Path, help="Python (3.12 or newer) in which qstn is installed")
    parser.add_argument("--edsl-python", type=Path, help="Python in which edsl is installed")
    parser.add_argument("--quick", action="store_true", help="small sizes throughout")
    parser.add_argument("--only", choices=["stragglers"], help="measure no more than this")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--floor", nargs=3, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child:
        print(json.dumps(one_run(Path(wanted.child[0]), Path(wanted.child[1]))))
    elif wanted.floor:
        print(json.dumps(asyncio.run(_floor(wanted.floor[0], *map(int, wanted.floor[1:])))))
    else:
        rows = stragglers(wanted) if wanted.only else measure(wanted)
        print(line("api", [number(*row) for row in rows], in_flight=IN_FLIGHT))


if __name__ == "__main__":
    main()
