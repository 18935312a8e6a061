"""The scripts in benchmarks/ are rarely run, so that nobody would notice when one has gone stale."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
PARTS = {"def_interviews", "fuzz_targets", "line", "peers", "random_model"}
"""What scripts share; these are none themselves."""
OURS = {"demoscope", "surveys", "personas", "simulator", "analysis", "tests", "benchmarks"}


@pytest.fixture(autouse=True)
def scripts_find_the_project(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])  # each puts the project's folder at its front


def read(name):
    return ast.parse((FOLDER / f"{name}.py").read_text())


SCRIPTS = sorted({path.stem for path in FOLDER.glob("*.py")} - PARTS)


def calls(tree, *, of):
    """Calls of a function or method of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and of in (getattr(node.func, "id", None), getattr(node.func, "attr", None)):
            yield node


@pytest.mark.parametrize("name", [*SCRIPTS, *sorted(PARTS)])
def test_whatever_a_script_imports_of_ours_is_there_within_functions_too(name):
    importlib.import_module(f"benchmarks.{name}")
    missing = []
    for node in filter(is_import, ast.walk(read(name))):
        wanted = [(alias.name, None) for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            wanted = [(node.module, alias.name) for alias in node.names]
        for module, inside in wanted:
            if module.split(".")[0] in OURS and not there(module, inside):
                missing.append(f"{module}.{inside}")
    assert not missing


def is_import(node):
    return isinstance(node, ast.Import | ast.ImportFrom)


def there(module, name):
    if name is None or hasattr(importlib.import_module(module), name):
        return True
    try:
        return bool(importlib.import_module(f"{module}.{name}"))  # a module of a package
    except ImportError:
        return False


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_prints_its_usage_and_can_be_run_quickly(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as end:
        importlib.import_module(f"benchmarks.{name}").main()
    assert end.value.code == 0
    usage = capsys.readouterr().out
    assert usage.startswith(f"usage: {name}.py")
    assert "--quick" in usage


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_ends_in_its_one_line(name):
    """The last thing that `main` prints is `line("name of the script", ...)`."""
    main = next(node for node in read(name).body if isinstance(node, ast.FunctionDef) and node.name == "main")
    *_, last = sorted(calls(main, of="print"), key=lambda call: call.lineno)
    [line] = last.args
    assert isinstance(line, ast.Call)
    assert ast.unparse(line.func) == "line"
    assert isinstance(line.args[0], ast.Constant)
    assert line.args[0].value == name


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_option_that_a_script_has_is_one_that_it_looks_at(name):
    tree = read(name)
    named = [call.args[-1] for call in calls(tree, of="add_argument")]
    options = {one.value.lstrip("-").replace("-", "_") for one in named if isinstance(one, ast.Constant)}
    trees = [tree, *map(read, PARTS)]
    looked_at = {node.attr for one in trees for node in ast.walk(one) if isinstance(node, ast.Attribute)}
    assert options <= looked_at
