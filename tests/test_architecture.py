"""The arrows between the rooms: who may import whom."""

import ast
from pathlib import Path

import pytest

from simulator.backends.interface import BackendKind
from simulator.plugins import OURS, find_plugin
from simulator.protocols.registry import ProtocolKind

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "demoscope": set(),
    "surveys": {"demoscope"},
    "personas": {"demoscope"},
    "simulator": {"demoscope", "surveys", "personas"},
    "analysis": {"demoscope", "surveys", "personas"},
}
PURE = ("surveys", "personas")
IMPURE_MODULES = {"asyncio", "sqlite3", "socket", "urllib", "http", "openai", "ray", "llama_cpp"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.split(".")[0] for name in found}


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_before_it(room):
    for path in sources(room):
        assert imports(path) & set(ROOMS) <= ROOMS[room] | {room}, path


@pytest.mark.parametrize("room", PURE)
def test_surveys_and_personas_know_no_network_no_database_and_no_event_loop(room):
    for path in sources(room):
        assert not imports(path) & IMPURE_MODULES, path


def test_only_the_actors_import_ray():
    users = [path for room in ROOMS for path in sources(room) if "ray" in imports(path)]
    assert users == [ROOT / "simulator" / "actors.py"]


def test_no_file_has_a_name_that_says_nothing():
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "core"}
    assert [path for room in ROOMS for path in sources(room) if path.stem in empty] == []


@pytest.mark.parametrize(("family", "interface"), [("protocol", ProtocolKind), ("backend", BackendKind)])
def test_all_of_ours_have_what_their_interface_asks_for(family: str, interface: type) -> None:
    wanted = {name for name in interface.__annotations__ | vars(interface) if not name.startswith("_")}
    for name in OURS[family]:
        found = find_plugin(family, name)
        assert not {member for member in wanted if not hasattr(found, member)}, name
