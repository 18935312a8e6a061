"""Every installed package with its version, as a file that pip installs again."""

import platform
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions

NOT_A_NAME = re.compile(r"[-_.]+")


def requirements(ran_with: Mapping[str, str], found: Iterable[Distribution] | None = None) -> str:
    """The lines of a ``requirements.txt``.

    Packages that came from no index but from a folder, an archive or a repository (PEP 610), as Demoscope in a
    checkout, are told in a comment, since their version alone installs nothing.

    Parameters
    ----------
    ran_with : mapping of str to str
        Name -> version of what the wave ran with; where something else is installed now, a comment says so.
    found : iterable of Distribution, optional
        All that are installed here when absent.
    """
    packages: dict[str, tuple[str, str, bool]] = {}
    for each in distributions() if found is None else found:
        name = each.metadata["Name"]
        if name:  # a torn installation has none
            of_an_index = each.read_text("direct_url.json") is None
            packages.setdefault(_plain(name), (name, each.version, of_an_index))
    ran = {_plain(name): version for name, version in ran_with.items()}
    told = [
        f"# Every package that was installed where this bundle was written, with Python {platform.python_version()}.",
        "# The wave itself ran with what versions.txt says.",
    ]
    lines = []
    for plain, (name, version, of_an_index) in sorted(packages.items()):
        lines.append(f"{name}=={version}" if of_an_index else f"# {name}=={version}, installed from its source")
        if ran.get(plain, version) != version:
            told.append(f"# The wave ran with {name} {ran[plain]}, not with the {version} below.")
    return "\n".join([*told, *lines]) + "\n"


def _plain(name: str) -> str:
    """The name of a package as indexes compare it (PEP 503).

    >>> _plain("Jinja2"), _plain("ruamel.yaml_clib")
    ('jinja2', 'ruamel-yaml-clib')
    """
    return NOT_A_NAME.sub("-", name).lower()
