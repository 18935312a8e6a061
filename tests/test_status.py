"""Where a wave stands, and a store in the browser."""

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from analysis.serving import QUERIES, command, metadata
from analysis.status import read_status
from analysis.status_screen import status_lines
from demoscope.errors import DocumentError, StoreError
from tests.hostile import SCRIPT, hostile_store
from tests.large_store import write_large_store
from tests.launched import until
from tests.ports import free_port, listening
from tests.results import MadeUp, split_public
from tests.test_cli import demoscope


def test_it_counts_who_was_interviewed_and_what_was_understood(tmp_path):
    status = read_status(split_public(tmp_path / "m.sqlite").path)
    (cell,) = status.cells
    assert (cell.respondents, cell.interviewed, cell.answers) == (20, 20, 20)
    assert cell.understood == 18 / 20
    assert status.finished is None
    assert [answer.respondent for answer in status.latest] == [20, 19, 18, 17, 16]
    assert status.latest[2].said == "Don't know"
    assert status.latest[0].said == "names no option"  # why, where there is neither option, number nor text


def test_large_stores_are_estimated_and_say_so(tmp_path):
    made = write_large_store(tmp_path / "l.sqlite", people=900, questions=2, cells=1)
    (cell,) = read_status(made.path).cells
    assert (cell.interviewed, cell.looked_at, cell.answers) == (900, 400, 1800)
    assert any("~1,800" in line for line in status_lines(read_status(made.path)))


def test_lines_fit_and_carry_no_codes(tmp_path):
    made = hostile_store(tmp_path / "h.sqlite")
    lines = status_lines(read_status(made.path), 80)
    assert not any("\x1b" in line or "\u202e" in line for line in lines)
    assert max(map(len, lines[:5])) <= 110


def test_the_command_shows_it_as_text_and_json(tmp_path):
    store = split_public(tmp_path / "m.sqlite").path
    assert "20 of 20" in demoscope("status", store).stdout
    assert json.loads(demoscope("status", store, "--json").stdout)["cells"][0]["interviewed"] == 20


def test_an_empty_store_has_a_status_and_a_missing_one_is_told(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite")
    made.cell()
    assert read_status(made.path).cells[0].understood is None
    assert status_lines(read_status(made.path))
    with pytest.raises(StoreError, match="no such store"):
        read_status(tmp_path / "absent.sqlite")


def test_looking_loads_nothing_heavy():
    code = (
        "import sys; import analysis.status, analysis.status_screen; "
        "print([m for m in ('numpy', 'pydantic', 'pandas', 'rich', 'surveys') if m in sys.modules])"
    )
    import sys

    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"


def test_prepared_queries_run_on_a_store(tmp_path):
    from analysis.reading import open_results

    values = {"question": "q1", "attribute": "sex", "respondent": 1}
    with open_results(split_public(tmp_path / "m.sqlite").path) as results:
        for _, sql in QUERIES.values():
            results._connection.execute(sql, values).fetchall()
        shares = results._connection.execute(QUERIES["shares"][1], values).fetchall()
    assert ("def x model", 3, "Yes", 15, 83.3) in shares


def test_serving_without_datasette_or_report_is_told(tmp_path, monkeypatch):
    store = split_public(tmp_path / "m.sqlite").path
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DocumentError, match=r"demoscope\[explore\]"):
        command(store, tmp_path, 8001, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(DocumentError, match="no such report"):
        command(store, tmp_path, 8001, tmp_path / "absent.html")
    assert "not of people" in metadata(store, None)["description_html"]
    told = metadata(store, tmp_path / '"><script>1<.html')["description_html"]
    assert "<script>" not in told
    assert "%22%3E%3Cscript%3E1%3C.html" in told


@pytest.mark.real
def test_datasette_serves_a_store_read_only_and_its_texts_stay_text(tmp_path):
    pytest.importorskip("datasette", reason="needs the package datasette: pip install -e '.[explore]'")
    store = hostile_store(tmp_path / "h.sqlite").path
    report = tmp_path / "r.html"
    report.write_text("<!doctype html>the report")
    port = free_port()
    served = tmp_path / "served"
    served.mkdir()
    with subprocess.Popen(
        command(store, served, port, report), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            base = f"http://127.0.0.1:{port}"
            until(lambda: server.poll() is not None or listening(port), what="a server")
            assert "not of people" in urllib.request.urlopen(base).read().decode()
            assert urllib.request.urlopen(f"{base}/files/r.html").read() == report.read_bytes()
            shown = urllib.request.urlopen(f"{base}/h/responses?_size=5").read().decode()
            assert SCRIPT not in shown
            shares = json.load(urllib.request.urlopen(f"{base}/h/shares.json?question=q1&_shape=array"))
            assert {row["answers"] for row in shares} == {8}
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(f"{base}/h.json?sql=delete+from+answers")
        finally:
            server.terminate()
            server.wait()
