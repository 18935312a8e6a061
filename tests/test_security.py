"""What the threat model (docs/security.md) says of the code and of what a wave leaves behind."""

import ast
import asyncio
import dataclasses
import os
import re
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import run_simulation
from simulator.interviews import Interviews
from simulator.loading import load_wave
from tests.fault_server import Plan, serving
from tests.faulty_wave import write_wave

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("demoscope", "surveys", "personas", "simulator", "analysis")
PAGE = (ROOT / "docs" / "security.md").read_text()
KEY = "sk-secret-that-nobody-else-may-know-42"
EXPORTS = ("csv", "jsonl", "xml", "zip")

RUNS_CODE = {"eval", "exec", "compile", "__import__"}
SHELLS = {"yaml.load", "os.system", "os.popen"}
READS_OBJECTS = {"pickle", "cPickle", "dill", "shelve", "marshal", "cloudpickle", "joblib"}


def modules():
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))
    yield ROOT / "run_simulation.py"


def test_nothing_runs_text_as_code_or_reads_pickled_objects():
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Name) and called.id in RUNS_CODE:
                    found.append(f"{path}:{node.lineno} {called.id}")
                if isinstance(called, ast.Attribute) and ast.unparse(called) in SHELLS:
                    found.append(f"{path}:{node.lineno} {ast.unparse(called)}")
                if any(word.arg == "shell" for word in node.keywords):
                    found.append(f"{path}:{node.lineno} shell")
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path}:{node.lineno} {name}" for name in names if name.split(".")[0] in READS_OBJECTS]
    assert not found


def test_every_test_that_the_threat_model_names_is_there():
    named = set(re.findall(r"`(test_\w+\.py)`", PAGE))
    assert len(named) > 8
    assert not [name for name in named if not (ROOT / "tests" / name).exists()]


def test_the_lock_file_has_a_hash_for_everything():
    text = (ROOT / "requirements.lock").read_text()
    entries = re.findall(r"^[a-z0-9][\w.-]*==", text, re.MULTILINE | re.IGNORECASE)
    blocks = re.split(r"^(?=[A-Za-z0-9][\w.-]*==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(entries) > 50
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in re.sub(r"^#.*", "", text, flags=re.MULTILINE)  # no address of an index
    assert len(re.findall(r"^[^\s#]", text, re.MULTILINE)) == len(entries)  # and nothing that is not pinned


def locked():
    """Version of each package of the lock file, by its normal name."""
    found = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def test_the_lock_file_holds_what_the_project_asks_for_within_its_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = re.search(r"^EXTRAS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wanted = [*project["dependencies"]]
    wanted += [one for extra in extras[1].split() for one in project["optional-dependencies"][extra]]
    wrong = []
    for one in map(Requirement, wanted):
        version = locked().get(canonicalize_name(one.name))
        if (one.marker is None or one.marker.evaluate()) and (version is None or version not in one.specifier):
            wrong.append(f"{one}: {version}")
    assert len(wanted) > 40
    assert not wrong


@pytest.mark.real
def test_locked_packages_that_are_installed_fit_together():
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if canonicalize_name(line.split(" ")[0]) in locked()]
    assert not said


def test_a_cohort_takes_our_types_and_nothing_else(wave_file):
    pytest.importorskip("ray")
    from simulator.actors import CohortActor

    loaded = load_wave(wave_file())
    [spec] = Interviews(loaded, {cell.name: n for n, cell in enumerate(loaded.cells, 1)}).specs()
    with pytest.raises(TypeError, match="made of a CohortSpec, not of dict"):
        CohortActor(dataclasses.asdict(spec))
    for assignments, lease in ((["nobody"], None), ([], {"until": 0})):
        with pytest.raises(TypeError, match="takes assignments and a lease"):
            asyncio.run(CohortActor(spec).work(assignments, lease))


@pytest.mark.real
def test_a_key_is_in_nothing_that_a_wave_leaves_or_says(tmp_path, monkeypatch, capfd):
    said, store = [], tmp_path / "a.sqlite"
    rates = {"unauthorised": 0.1, "bad_request": 0.1, "html": 0.1}
    with serving(Plan(key=KEY, rates=rates)) as server:
        endpoints = [{"url": server.url, "key_env": "A_KEY"}]
        path = write_wave(tmp_path, [], respondents=5, endpoints=endpoints)
        for command in (
            ["plan", str(path)],
            ["doctor", str(path)],
            ["run", str(path), "--store", str(store)],
            ["report", str(store)],
            ["report", str(store), "--json"],
            ["compare", str(store)],
            ["show", str(store), "1"],
        ):
            done = subprocess.run(
                [sys.executable, str(ROOT / "run_simulation.py"), *command],
                env=os.environ | {"A_KEY": KEY},
                capture_output=True,
                cwd=tmp_path,
            )
            assert done.returncode in (0, 1), done.stderr
            said += [done.stdout, done.stderr]
        assert server.ledger  # the endpoint let the wave in, so the key was sent
    monkeypatch.setenv("A_KEY", KEY)
    for words in (
        ["status", str(store)],
        ["report", str(store), "-o", str(tmp_path / "page.html")],
        *(["export", str(store), "-o", str(tmp_path / f"out.{kind}")] for kind in EXPORTS),
    ):
        run_simulation.app(words, standalone_mode=False)
    said += [part.encode() for part in capfd.readouterr()]
    left = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert len(left) >= 4 + len(EXPORTS)  # questionnaire, wave, store, page
    with zipfile.ZipFile(tmp_path / "out.zip") as bundle:
        left += [bundle.read(name) for name in bundle.namelist()]
    with closing(sqlite3.connect(store)) as db:  # long texts are compressed
        bodies = [body for (body,) in db.execute("SELECT body FROM texts")]
    assert bodies
    left += [zlib.decompress(body) for body in bodies if isinstance(body, bytes)]
    assert not [text for text in said + left if KEY.encode() in text]
