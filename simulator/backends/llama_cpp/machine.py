"""What this process may use of the machine: cores and memory, as the scheduler of the system and its limits say."""

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux says what groups of processes may use."""
OWN_GROUP = Path("/proc/self/cgroup")
"""Where Linux says which group this process belongs to."""


def cores() -> int:
    """Cores that this process may run on, at least one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Bytes of memory of this machine, or of the limit that a container or a job manager set, where that is lower."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([whole, *limits(CGROUPS, OWN_GROUP)])


def limits(root: Path, own: Path) -> list[int]:
    """Bytes that this process's control group and those around it may use; none where nothing is limited.

    Parameters
    ----------
    root : Path
        Where control groups are mounted, of version 2 or 1.
    own : Path
        File that names the group of this process, in lines such as ``0::/user.slice``.
    """
    try:
        group = next(line for line in own.read_text().splitlines() if line.startswith("0::"))[3:].strip("/")
    except (OSError, StopIteration):
        group = ""
    inner = root / group
    files = [folder / "memory.max" for folder in (inner, *inner.parents) if folder.is_relative_to(root)]
    found = []
    for file in (*files, root / "memory" / "memory.limit_in_bytes"):
        try:
            said = file.read_text().strip()
        except OSError:
            continue
        found += [int(said)] if said.isdigit() else []
    return found
