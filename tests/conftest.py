"""Fixtures for all tests, and the switch that forbids outside connections."""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.gates import Gate, gate_in

UNHURRIED = {"deadline": None, "suppress_health_check": (HealthCheck.too_slow,)}
settings.register_profile("steady", derandomize=True, **UNHURRIED)
settings.register_profile("explore", max_examples=1000, **UNHURRIED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""Generated tests draw the same cases every time, so that a run that fails fails for what was changed, and none
fails for being slow; ``HYPOTHESIS_PROFILE=explore`` looks for new ones."""

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Reference material beside the project; absent for users, so that tests which read it skip."""

_connect = socket.socket.connect


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    if host in ("localhost", "", socket.gethostname()):
        return True
    try:
        found = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return found.is_loopback or found.is_private or found.is_link_local


ELSEWHERE = {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ray_address"}
"""Environment variables, in small letters, by which a machine sends connections elsewhere."""
OTHERWISE = {"columns", "lines", "no_color", "force_color", "clicolor_force", "pythonwarnings"}
"""Those by which it has programs write otherwise."""


@pytest.fixture(autouse=True, scope="session")
def plain_environment() -> Iterator[None]:
    """Nothing of the machine's own wishes, here and in processes that tests start; online its proxies stay."""
    unwanted = OTHERWISE if os.environ.get("DEMOSCOPE_TESTS_ONLINE") == "1" else ELSEWHERE | OTHERWISE
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower() in unwanted]:
            patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def no_outside_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections that leave this machine; ``DEMOSCOPE_TESTS_ONLINE=1`` lifts it."""
    if os.environ.get("DEMOSCOPE_TESTS_ONLINE") == "1":
        return

    def connect(self: socket.socket, address: Any) -> None:
        if not _is_local(address):
            raise AssertionError(f"A test tried to connect to {address!r}; tests stay on this machine.")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


SURVEY = """\
id: tiny
title: Three questions
questions:
  - id: parks
    text: Is the country spending too little or too much on parks?
    options:
      - {code: 1, label: too little}
      - {code: 2, label: about right}
      - {code: 3, label: too much}
  - id: roads
    text: And on roads?
    options:
      - {code: 1, label: too little}
      - {code: 2, label: about right}
      - {code: 3, label: too much}
  - id: trust
    text: How far do you trust the press, from 1 to 5?
    kind: scale
    minimum: 1
    maximum: 5
    low_label: not at all
    high_label: fully
"""

WAVE = """\
name: tiny
seed: 7
questionnaire: survey.yaml
population: us_adults_2018
respondents: 6
models:
  - name: uniform
    backend: scripted
    settings: {public: uniform}
conditions:
  - name: def
    protocol: def
    settings: {portrait: [sex, age]}
execution: {executor: local}
"""


@pytest.fixture
def wave_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small wave with its questionnaire; ``replace`` pairs change the wave's text."""

    def write(*replace: tuple[str, str], survey: str = SURVEY) -> Path:
        (tmp_path / "survey.yaml").write_text(survey)
        text = WAVE
        for old, new in replace:
            assert old in text, f"{old!r} is not in the wave"
            text = text.replace(old, new)
        path = tmp_path / "wave.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A gate before a model; see ``tests/gates.py``."""
    return gate_in(tmp_path / "gate", monkeypatch)
