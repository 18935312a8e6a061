"""What the threat model (docs/security.md) says of the code and of what a wave leaves behind."""

import ast
import os
import re
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault_server import Plan, serving
from tests.faulty_wave import write_wave

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("demoscope", "surveys", "personas", "simulator", "analysis")
PAGE = (ROOT / "docs" / "security.md").read_text()
KEY = "sk-secret-that-nobody-else-may-know-42"

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


@pytest.mark.real
def test_a_key_is_in_nothing_that_a_wave_leaves_or_says(tmp_path):
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
    left = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert len(left) >= 3  # questionnaire, wave, store
    with closing(sqlite3.connect(store)) as db:  # long texts are compressed
        bodies = [body for (body,) in db.execute("SELECT body FROM texts")]
    assert bodies
    left += [zlib.decompress(body) for body in bodies if isinstance(body, bytes)]
    assert not [text for text in said + left if KEY.encode() in text]
