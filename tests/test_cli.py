"""The command line as a person meets it: output, exit codes, and mistakes without tracebacks."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stores import count

ROOT = Path(__file__).resolve().parents[1]


def demoscope(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_simulation.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_help_loads_nothing_heavy():
    code = "import sys; sys.argv = ['demoscope', '--help']; import run_simulation\n"
    code += "try: run_simulation.main()\nexcept SystemExit: pass\n"
    code += "print([m for m in ('ray', 'llama_cpp', 'openai', 'pandas', 'matplotlib', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_run_report_and_show_tell_one_story(wave_file, tmp_path):
    store = tmp_path / "a.sqlite"
    ran = demoscope("run", wave_file(), "--store", store)
    assert ran.returncode == 0, ran.stderr
    reported = demoscope("report", store)
    assert reported.returncode == 0
    assert reported.stdout in ran.stdout
    shown = demoscope("show", store, 1)
    assert shown.returncode == 0
    for words in ("Respondent 1", "parks", "roads", "trust", "remembers", "answered"):
        assert words in shown.stdout


def test_every_command_speaks_json(wave_file, tmp_path):
    store = tmp_path / "a.sqlite"
    path = wave_file()
    for arguments in (("run", path, "--store", store), ("plan", path), ("report", store), ("show", store, 1)):
        done = demoscope(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        assert isinstance(json.loads(done.stdout), dict | list), arguments


def test_the_interview_shows_the_memory_as_it_was(wave_file, tmp_path):
    demoscope("run", wave_file(), "--store", tmp_path / "a.sqlite")
    interview = json.loads(demoscope("show", tmp_path / "a.sqlite", 2, "--json").stdout)
    for turn in interview["turns"]:
        assert turn["prompt"][0][0] == "system"
        # The prompt is the system turn, a pair of turns for each thing remembered, and the question.
        assert len(turn["prompt"]) == 1 + 2 * len(turn["remembered"]) + 1
        assert all(ordinal < turn["ordinal"] for ordinal in turn["remembered"])


def test_too_few_valid_answers_end_in_exit_code_1(wave_file, tmp_path):
    path = wave_file(("public: uniform", "public: faulty"), ("seed: 7", "seed: 7\nmin_valid: 1.0"))
    done = demoscope("run", path, "--store", tmp_path / "a.sqlite")
    assert done.returncode == 1
    assert "min_valid" in done.stderr
    assert count(tmp_path / "a.sqlite", "SELECT count(*) FROM answers") == 18


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "absent.yaml"), "no such file"),
        (("plan", "absent.yaml"), "no such file"),
        (("report", "absent.sqlite"), "absent.sqlite"),
        (("show", "absent.sqlite", 1), "no such store"),
    ],
)
def test_wrong_input_is_told_in_a_line_or_two_with_exit_code_2(tmp_path, arguments, said):
    done = demoscope(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3


def test_a_respondent_that_is_not_there_is_told_with_those_that_are(wave_file, tmp_path):
    demoscope("run", wave_file(), "--store", tmp_path / "a.sqlite")
    done = demoscope("show", tmp_path / "a.sqlite", 99)
    assert (done.returncode, "numbered 1 to 6" in done.stderr) == (2, True)


def test_a_changed_wave_is_refused_by_its_store(wave_file, tmp_path):
    demoscope("run", wave_file(), "--store", tmp_path / "a.sqlite")
    done = demoscope("run", wave_file(("seed: 7", "seed: 8")), "--store", tmp_path / "a.sqlite")
    assert done.returncode == 2
    assert "seed: 7 -> 8" in done.stderr


def test_a_corrupt_model_file_is_told_plainly(wave_file, tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + b"\x00" * 100)
    for name, said in (("absent.gguf", "absent.gguf"), ("broken.gguf", "broken.gguf")):
        model = f"backend: llama_cpp\n    settings: {{path: {name}}}"
        path = wave_file(("backend: scripted\n    settings: {public: uniform}", model))
        done = demoscope("run", path, "--store", tmp_path / f"{name}.sqlite")
        assert done.returncode == 2, done.stderr
        assert said in done.stderr


def test_the_plan_shows_first_prompts_and_loads_no_model():
    done = demoscope("plan", ROOT / "examples" / "quickstart.yaml")
    assert done.returncode == 0, done.stderr
    assert "380" in done.stdout  # 20 people x 19 questions
    assert "Request:" in done.stdout


def test_folders_named_like_our_packages_do_not_get_in_the_way(wave_file, tmp_path):
    store = tmp_path / "a.sqlite"
    assert demoscope("run", wave_file(), "--store", store).returncode == 0
    for name in ("analysis", "surveys", "personas", "simulator"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('this is the user's folder')")
    installed = Path(sys.executable).parent / "demoscope"
    done = subprocess.run([installed, "report", store], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def readme_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_every_command_of_the_readme_exists():
    known = {"make run", "make test", "source .venv/bin/activate"}
    for line in readme_commands():
        if line in known or line.startswith("sqlite-utils quickstart.sqlite"):
            continue
        words = line.split()
        assert words[0] == "demoscope", line
        done = demoscope(words[1], "--help")
        assert done.returncode == 0, line


@pytest.mark.real
def test_the_readme_commands_do_what_it_says(tmp_path):
    """Runs the quickstart with two people instead of twenty, then every command of the README on its store."""
    text = (ROOT / "examples" / "quickstart.yaml").read_text()
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "quickstart.yaml").write_text(text.replace("respondents: 20", "respondents: 2"))
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / "library").symlink_to(ROOT / "surveys" / "library")
    for line in readme_commands():
        words = line.split()
        if words[0] == "demoscope":
            done = demoscope(*words[1:], cwd=tmp_path)
            assert done.returncode == 0, (line, done.stderr)
        elif words[0] == "sqlite-utils":
            tool = Path(sys.executable).parent / "sqlite-utils"
            query = re.findall(r'"(.*)"', line)[0]
            done = subprocess.run([tool, "quickstart.sqlite", query, "--table"], cwd=tmp_path, capture_output=True)
            assert done.returncode == 0, line
    assert count(tmp_path / "quickstart.sqlite", "SELECT count(*) FROM answers WHERE status = 'answered'") == 38
