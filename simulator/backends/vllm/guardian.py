"""Ends the processes of an engine whose own process died: run as a script, with their numbers and times of birth.

A cohort that is killed cannot end the processes that vLLM started for it. They would go on holding the GPU, and the
cohort that takes its place would find none free. So this waits at the end of a pipe: a line says that all ended well;
its end without one, that nobody is left to say so.
"""

import sys
from contextlib import suppress


def born(process: int) -> float | None:
    """When a process was started, in seconds since 1970; ``None`` of one that is gone."""
    import psutil

    with suppress(psutil.Error):
        return float(psutil.Process(process).create_time())
    return None


def guard(charges: dict[int, float]) -> None:
    """Wait for word; without any, kill those processes that are still the ones they were."""
    import psutil

    if sys.stdin.readline():
        return
    for process, birth in charges.items():
        if born(process) == birth:
            with suppress(psutil.Error):
                psutil.Process(process).kill()


if __name__ == "__main__":
    pairs = (one.split(":") for one in sys.argv[1:])
    guard({int(process): float(birth) for process, birth in pairs})
