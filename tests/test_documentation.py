"""The pages for people: all can be found, links lead somewhere, commands exist, quoted messages are the program's."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

import run_simulation
from surveys import Questionnaire

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
GUIDES = [
    page
    for page in PAGES
    if page.stem.startswith(("tutorial_", "howto_"))
    or page.stem in ("references", "notebook", "errors", "limits", "coding")
]
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


def fenced(page: Path, language: str) -> list[str]:
    """Code of one language on a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)


def test_the_index_leads_to_every_page():
    linked = set(LINK.findall((DOCS / "README.md").read_text(encoding="utf-8")))
    there = {page.name for page in PAGES if page.name != "README.md"} | {page.name for page in DOCS.glob("*.ipynb")}
    assert there - linked == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_to_a_file(page):
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_every_command_of_a_guide_exists_with_its_options(page):
    top = typer.main.get_command(run_simulation.app)
    for block in fenced(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if not words:
                continue
            assert words[0] == "demoscope", line
            command, rest = top, words[1:]
            while hasattr(command, "commands"):
                command, rest = command.commands[rest[0]], rest[1:]
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            options = {word for word in rest if re.match(r"--?[a-z]", word)}
            assert options <= known | {"--help"}, line


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_yaml_of_a_guide_can_be_read(page):
    for block in fenced(page, "yaml"):
        content = yaml.safe_load(block)
        if "questions" in content and "title" in content and "data" not in content:
            assert Questionnaire.model_validate(content).questions


def texts_of_the_program() -> str:
    """Every fixed text in the program, one a line."""
    found = []
    for room in ("demoscope", "surveys", "personas", "simulator", "analysis"):
        for path in (ROOT / room).rglob("*.py"):
            found += [
                node.value
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
    return "\n".join([*found, (ROOT / "run_simulation.py").read_text(encoding="utf-8")])


def test_messages_that_the_page_of_errors_quotes_are_the_programs():
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    quoted = [text for line in re.findall(r"\*\*(`.*?`)\*\*", page, re.S) for text in [line.strip("`")]]
    assert len(quoted) > 15
    program = texts_of_the_program()
    missing = [text for text in quoted if any(part not in program for part in re.split(r"\{\w+\}", text))]
    assert missing == []
