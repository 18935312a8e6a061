"""Prints what an SPSS or Stata file says of its variables, as JSON; run as a process of its own.

The library that reads these files is C, and a damaged file can end the process that reads it.
"""

import contextlib
import json
import sys
from typing import Any

MEMORY = 4_000_000_000
"""Bytes that the process may use."""

SECONDS = 60
"""Seconds of a processor that it may use."""


def main(path: str, stata: bool) -> int:
    """Print the header of a file, or on the error stream why it cannot be read."""
    with contextlib.suppress(ImportError):  # where the system has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import pyreadstat
    except ImportError:
        return 3
    try:
        read = pyreadstat.read_dta if stata else pyreadstat.read_sav
        meta = read(path, metadataonly=True, user_missing=True)[1]
    except Exception as error:  # pyreadstat has errors of its own, and raises what pandas raises
        print(" ".join(str(error).split())[:200], file=sys.stderr)
        return 2
    names = list(meta.column_names)
    missing: dict[str, Any] = dict(meta.missing_ranges)
    found = {
        "title": meta.file_label or "",
        "rows": meta.number_rows or 0,
        "notes": [str(note).strip() for note in meta.notes or ()],
        "names": names,
        "labels": [label or "" for label in meta.column_labels],
        "values": [list(meta.variable_value_labels.get(name, {}).items()) for name in names],
        "missing": [[(one["lo"], one["hi"]) for one in missing.get(name, ())] for name in names],
        "text": [meta.readstat_variable_types.get(name) == "string" for name in names],
        "formats": [str(meta.original_variable_types.get(name, "")) for name in names],
        "measures": [str(meta.variable_measure.get(name, "")) for name in names],
        "sets": getattr(meta, "mr_sets", None) or {},
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] == "stata"))
