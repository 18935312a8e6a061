"""Spoiled inputs for every reader and parser: none may crash, hang or fill the memory.

``python benchmarks/fuzz.py [--inputs 80000] [--seconds 600] [--only replies] [--state fuzz.json] [--quick]`` feeds
mutations of good inputs and prints one JSON line. Input n of a target is the same every time, so ``--state`` lets a
later call go on where this one stopped, and a finding is repeated by ``--only TARGET --repeat n``. Every mistake
must be one of the errors that the target declares; everything else is a finding, and so are more than ten seconds of
processor time and more than 4 GiB of memory.

``--engine atheris`` has libFuzzer look for new paths through the parsers instead, where ``atheris`` is installed.
"""

import argparse
import gc
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fuzz_targets import Target, parsers, readers
from benchmarks.line import line, number

LONGEST_S = 10
"""Seconds of processor time for one input."""
MOST_BYTES = 4 * 2**30
"""Address space beyond what the process has when it begins."""
TURN = 200
"""Inputs of one target before the next has its turn."""
SHOWN = 20
"""Findings that are kept of each target."""
LARGEST = 100_000
"""Bytes of an input."""
ROOMS = ("demoscope", "surveys", "personas", "simulator", "analysis")
"""Whose paths libFuzzer is to find."""

TOKENS = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xc0\xaf",
        b"\xed\xa0\xbd",
        b"\r",
        b"\n\n",
        b"\t",
        b'"',
        b"'",
        b"\\",
        b"{{",
        b"}}",
        b"${",
    ),
    *(b"{%", b"${", b"&a *a", b"!!python/object:os.system", b"[[", b"{}", b"[]", b"null", b"NaN", b"-1", b"1e999"),
    *(b"9" * 400, b"0x10", b"=1+1", b"<!ENTITY x SYSTEM 'file:///etc/passwd'>", b"&x;", b"../../../etc/passwd"),
    *("١٢".encode(), "½".encode(), "\u202e".encode(), "答案：".encode(), "\ufeff".encode(), b"Answer:", b"((((((("),
    *(b"not " * 50, b"/dev/zero", b"/dev/stdin", b"; DROP TABLE answers; --", b"%s%n", b"a" * 5_000),
)


class TooLong(BaseException):
    """An input took too much processor time; no ``except Exception`` swallows it."""


def mutated(seeds: tuple[bytes, ...], rng: random.Random) -> bytes:
    """A good input that was spoiled once to six times.

    >>> mutated((b"abc",), random.Random(1)) == mutated((b"abc",), random.Random(1))
    True
    """
    content = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(content) + 1)
        size = min(int(rng.expovariate(0.1)) + 1, len(content) - at)
        match rng.randrange(8):
            case 0 if content:
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            case 1:
                content[at : at + size] = b""
            case 2:
                content[at:at] = content[at : at + size] * rng.choice((1, 2, 50))
            case 3:
                content[at:at] = rng.choice(TOKENS)
            case 4:
                content[at : at + size] = rng.choice(TOKENS)
            case 5:
                other = rng.choice(seeds)
                begin = rng.randrange(len(other) + 1)
                content[at:] = other[begin:]
            case 6:
                content[at : at + size] = rng.randbytes(size)
            case _:
                end = rng.randrange(len(content) + 1)
                content[at : at + size] = content[end : end + size]
    return bytes(content[:LARGEST])


def input_of(name: str, target: Target, n: int) -> bytes:
    """The n-th input of a target."""
    return mutated(target.seeds, random.Random(f"{name} {n}"))


@contextmanager
def bounded() -> Iterator[None]:
    """Memory and processor time in bounds."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, limits[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)


def finding(target: Target, content: bytes) -> str | None:
    """What went wrong with an input; ``None`` when it was read, or refused in so many words."""
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
    try:
        target.read(content)
    except target.told:
        return None
    except TooLong:
        return f"more than {LONGEST_S} s of processor time"
    except Exception:
        return traceback.format_exc(limit=-4)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None


def fuzz(
    targets: dict[str, Target], state: dict[str, Any], inputs: int, seconds: float, save: Path | None = None
) -> None:
    """Feed every target until it had its share of ``inputs`` in all, or the time is up; ``state`` counts in place."""
    until = time.monotonic() + seconds
    wanted = {name: max(1, round(inputs * target.share)) for name, target in targets.items()}
    for name in targets:
        state.setdefault(name, {"inputs": 0, "findings": {}})
    with bounded():
        while time.monotonic() < until:
            waiting = [name for name in targets if state[name]["inputs"] < wanted[name]]
            if not waiting:
                return
            for name in waiting:
                turn = max(1, round(TURN * targets[name].share))
                _turn(name, targets[name], state[name], min(wanted[name], state[name]["inputs"] + turn), until)
            if save is not None:
                save.write_text(json.dumps(state, indent=1))


def _turn(name: str, target: Target, found: dict[str, Any], stop: int, until: float) -> None:
    while found["inputs"] < stop and time.monotonic() < until:
        n = found["inputs"]
        wrong = finding(target, input_of(name, target, n))
        found["inputs"] = n + 1
        if wrong is not None and len(found["findings"]) < SHOWN:
            found["findings"][str(n)] = wrong
            print(f"{name} {n}: {wrong}", file=sys.stderr)


def explore(targets: dict[str, Target], inputs: int, folder: Path) -> None:
    """Have libFuzzer feed one parser, from good inputs on; it ends the process itself."""
    import atheris

    (target,) = targets.values()
    for code in gc.get_objects():  # `instrument_all` would take minutes for pandas and the like
        if isinstance(code, FunctionType) and str(code.__module__).partition(".")[0] in ROOMS:
            atheris.instrument_func(code)

    def one(content: bytes) -> None:
        wrong = finding(target, content)
        if wrong is not None:
            raise RuntimeError(wrong)

    for n, good in enumerate(target.seeds):
        (folder / str(n)).write_bytes(good)
    atheris.Setup([sys.argv[0], f"-runs={inputs}", f"-max_len={LARGEST}", str(folder)], one)
    atheris.Fuzz()


def main() -> None:
    """Feed what is asked for and print the line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=80_000, help="of each parser, those in --state included")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--state", type=Path, help="file to count in, and to go on from")
    parser.add_argument("--only", help="one target")
    parser.add_argument("--repeat", type=int, metavar="N", help="feed the N-th input of --only alone")
    parser.add_argument("--engine", choices=["mutation", "atheris"], default="mutation")
    parser.add_argument("--quick", action="store_true", help="200 inputs of each parser")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        targets = parsers() | readers(Path(folder))
        if wanted.only is not None:
            if wanted.only not in targets:
                parser.error(f"there is no target {wanted.only!r}; there are {', '.join(targets)}")
            targets = {wanted.only: targets[wanted.only]}
        if wanted.engine == "atheris":
            if len(targets) > 1:
                parser.error("name one target with --only")
            (Path(folder) / "seeds").mkdir()
            explore(targets, wanted.inputs, Path(folder) / "seeds")
        if wanted.repeat is not None:
            content = input_of(wanted.only, targets[wanted.only], wanted.repeat)
            print(content, finding(targets[wanted.only], content), sep="\n")
            return
        state = json.loads(wanted.state.read_text()) if wanted.state and wanted.state.exists() else {}
        fuzz(targets, state, 200 if wanted.quick else wanted.inputs, wanted.seconds, wanted.state)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    numbers = [number(f"{name}: inputs", state[name]["inputs"]) for name in targets]
    numbers.append(number("inputs in all", sum(state[name]["inputs"] for name in targets), "", ">= 1000000"))
    numbers.append(number("findings", sum(len(state[name]["findings"]) for name in targets), "", "= 0"))
    numbers.append(number("largest memory", peak, "MiB"))
    print(line("fuzz", numbers))


if __name__ == "__main__":
    main()
