"""What a terminal shows while a wave runs, and what a log gets instead."""

import io
from pathlib import Path

from rich.console import Console

from simulator.progress import ModelProgress, Progress
from simulator.progress_screen import EVERY_S, progress_shown
from simulator.records import Records
from surveys import Questionnaire
from tests.hostile import HOSTILE
from tests.test_run import run

OPTIONS = [{"code": 1, "label": "too little"}, {"code": 2, "label": "too much"}]
PARKS = {"id": "parks", "text": "Parks?", "options": OPTIONS}
ASKED = Questionnaire.model_validate({"id": "tiny", "title": "T", "questions": [PARKS]})
MODELS = (ModelProgress("one", total=10, saved=0, currency="USD"), ModelProgress("two", total=10, saved=4))
START = Progress(total=20, saved=4, resumed=4, models=MODELS)


def batch(*answers: tuple[int, str, str | None], cost: float | None = None) -> Records:
    """Answers as (respondent, status, reason), each with a call of this cost."""
    records = Records()
    for respondent, status, reason in answers:
        records.answers.append((respondent, 1, "text", 0, status, None, None, reason, "{}", "[]"))
        records.attempts.append((1, respondent, "answer", 1, 1, *[None] * 13, cost))
        if status == "answered":
            records.answer_options.append((respondent, 1, "text", 0, 2, None, None))
    return records


def test_it_counts_by_model_what_was_understood_and_what_it_cost():
    state = START.after("one", 2, batch((1, "answered", None), (2, "invalid", "no option"), cost=0.5), ASKED)
    state = state.after("two", 2, batch((3, "skipped", None), (4, "answered", None)), ASKED)
    one, two = state.models
    assert (one.saved, one.asked, one.understood, one.cost) == (2, 2, 1, 1.0)
    assert (two.saved, two.asked, two.understood) == (6, 1, 1)  # what routing skipped was never asked
    assert (state.saved, state.understood, state.costs) == (8, 2 / 3, {"USD": 1.0})
    assert [(a.respondent, a.said) for a in state.latest] == [
        (1, "too much"),
        (2, "no option"),
        (3, ""),
        (4, "too much"),
    ]


def test_a_terminal_shows_each_model_rate_understood_cost_and_the_latest_answers():
    screen = io.StringIO()
    with progress_shown(
        "wave", Path("w.sqlite"), console=Console(file=screen, force_terminal=True, width=140)
    ) as shown:
        shown(START)
        shown(START.after("one", 6, batch(*[(n, "answered", None) for n in range(1, 7)], cost=0.25), ASKED))
    last = screen.getvalue().rpartition("wave")[2]
    for part in ("10/20", "answers saved", "100% understood", "1.5000 USD", "one", "6/10", "two", "4/10", "too much"):
        assert part in last, part
    assert "continuing after 4 saved answers" in screen.getvalue()


def test_names_and_answers_are_text_on_the_screen():
    screen = io.StringIO()
    models = tuple(ModelProgress(name, 9, 0) for name in HOSTILE)
    with progress_shown("[red]{x}", Path("w"), console=Console(file=screen, force_terminal=True, width=200)) as shown:
        for name in HOSTILE:
            state = Progress(9, 0, 0, (name,), models).after(name, 1, batch((1, "invalid", name * 9)), ASKED)
            shown(state)
    assert "[red]{x}" in screen.getvalue()
    assert "\x1b[31mred" not in screen.getvalue()
    assert "\u202e" not in screen.getvalue()


def test_a_log_gets_a_line_from_time_to_time_and_one_at_the_end():
    log, time = io.StringIO(), [0.0]
    with progress_shown("wave", Path("w"), console=Console(file=log, width=40), clock=lambda: time[0]) as shown:
        for n in range(1, 5):
            time[0] = n * EVERY_S / 2
            shown(Progress(total=20, saved=n * 3, resumed=0, models=MODELS))
    first, second, last = log.getvalue().splitlines()
    assert first == "wave: 6 of 20 answers saved, 0.2/s, 0.0000 USD"  # 6 in 30 s
    assert second == last == "wave: 12 of 20 answers saved, 0.2/s, 0.0000 USD"


def test_a_wave_tells_where_each_model_stands_to_its_end(wave_file, tmp_path):
    second = "\n  - name: modal\n    backend: scripted\n    settings: {public: modal}\nconditions:"
    path = wave_file(("\nconditions:", second))
    told: list[Progress] = []
    done = run(path, tmp_path / "a.sqlite", progress=told.append)
    assert [(model.name, model.saved, model.total) for model in done.models] == [
        ("uniform", 18, 18),
        ("modal", 18, 18),
    ]
    assert done.understood == 1.0
    assert len(done.latest) == 4
    assert all(state.saved == sum(model.saved for model in state.models) for state in told)
