"""The evaluation as it is shown, written and asked for on the command line."""

import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from analysis.worldvaluesbench.commands import app
from analysis.worldvaluesbench.figures import write_figures
from analysis.worldvaluesbench.rules import Rules
from analysis.worldvaluesbench.screen import csv_rows, render
from demoscope.errors import DocumentError
from tests.wvb_scores import found, written


@pytest.fixture
def files(tmp_path):
    """People, their groups and a model's scores."""
    return written(tmp_path)


def test_two_files_of_one_name_are_refused(files, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "model.tsv").write_bytes((files / "model.tsv").read_bytes())
    with pytest.raises(DocumentError, match="Two files are called 'model'"):
        found(files, "model.tsv", "sub/model.tsv")


def test_an_evaluation_is_shown_within_the_width_of_a_terminal(files):
    evaluation = found(files, by=["continent"], rules=Rules(draws=20))
    for width in (80, 140):
        out = io.StringIO()
        render(evaluation, Console(file=out, width=width))
        text = out.getvalue()
        assert max(map(len, text.splitlines())) <= width
        for words in ("Q122", "all questions", "out of range", "Continent", "Asia", "0.05", "model"):
            assert words in text


def test_every_figure_and_table_is_the_same_when_made_again(files):
    evaluation = found(files, by=["continent"])
    for name in ("a.svg", "b.svg"):
        write_figures(evaluation, files / name)
    assert (files / "a.svg").read_bytes() == (files / "b.svg").read_bytes()
    lines = list(csv_rows(evaluation))
    assert {len(line) for line in lines} == {11}
    with pytest.raises(DocumentError, match="figures are written as svg, png, pdf"):
        write_figures(evaluation, files / "a.gif")


def test_the_command_evaluates_breaks_down_and_writes(files):
    arguments = [
        "evaluate",
        files / "model.tsv",
        "--reference",
        files / "people.tsv",
        "--samples",
        files / "samples.tsv",
    ]
    arguments += ["--by", "urban", "--draws", 0, "--csv", files / "out.csv", "--plot", files / "out.svg", "--json"]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    evaluation = json.loads(done.stdout)
    assert evaluation["out_of_range"] == "keep" and evaluation["systems"][0]["out_of_range"] == 1
    assert [one["level"] for one in evaluation["levels"] if one["system"] == "model"] == ["Urban", "Rural"]
    assert (files / "out.csv").read_text().startswith("system,grouping,level,question")
    assert (files / "out.svg").stat().st_size > 1000


def test_the_command_asks_for_a_reference_and_refuses_unknown_rules(files):
    for arguments, message in (([], "Say what the people answered"), (["--reference", str(files / "people.tsv"),
                               "--out-of-range", "round"], "'keep', 'clip' or 'drop'")):  # fmt: skip
        with pytest.raises(DocumentError, match=message):
            CliRunner().invoke(app, ["evaluate", str(files / "model.tsv"), *arguments], catch_exceptions=False)
