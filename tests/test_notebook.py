"""From a notebook: load, draw, run, get frames, plot; and how things look there."""

import asyncio
import re

import nbformat
import pandas as pd
import pytest

import analysis
import simulator
from demoscope import notebook
from demoscope.errors import DocumentError, StoreError
from personas import Population
from scripts import build_notebook
from surveys import Questionnaire
from tests.hostile import HOSTILE, SCRIPT, hostile_store
from tests.results import split_public, summary_of

TINY = {
    "name": "tiny",
    "seed": 3,
    "questionnaire": "gss_spending",
    "population": "us_adults_2018",
    "reference": "gss_spending_2018",
    "respondents": 4,
    "models": [{"name": "anyone", "backend": "scripted"}],
    "conditions": [{"name": "def"}],
    "execution": {"executor": "local"},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return simulator.launch(TINY, tmp_path_factory.mktemp("tiny") / "tiny.sqlite", progress=lambda _: None)


def test_a_wave_of_a_file_or_of_python_can_be_changed_and_the_mistake_names_the_key(tmp_path):
    (tmp_path / "w.yaml").write_text("\n".join(f"{key}: {value}" for key, value in TINY.items()))
    assert simulator.load_wave(str(tmp_path / "w.yaml")).content == simulator.load_wave(TINY).content
    assert simulator.load_wave(tmp_path / "w.yaml", seed=4).wave.seed == 4
    with pytest.raises(DocumentError, match="respondents"):
        simulator.load_wave(TINY, respondents=0)
    with pytest.raises(DocumentError, match="no_such_key"):
        simulator.load_wave(tmp_path / "w.yaml", no_such_key=1)
    with pytest.raises(DocumentError, match="backend"):
        simulator.load_wave(tmp_path / "w.yaml", models=[{"name": "a", "backend": "nobody"}])


@pytest.mark.parametrize("executor", ["local", pytest.param("ray", marks=pytest.mark.real)])
def test_a_wave_runs_where_an_event_loop_is_running_already(executor, tmp_path, capsys):
    async def as_in_a_cell():
        return simulator.launch({**TINY, "execution": {"executor": executor, "cohorts": 1}}, tmp_path / "a.sqlite")

    path = asyncio.run(as_in_a_cell())
    with analysis.open_results(path) as results:
        assert len(results.frame(wide=True)) == 4
    assert "76 of 76 answers saved" in capsys.readouterr().err  # 4 people and 19 questions
    assert simulator.launch({**TINY, "execution": {"executor": "local"}}, str(path)) == path  # nothing is asked twice
    assert capsys.readouterr().err == "76 of 76 answers saved\n"


def test_a_tidy_frame_has_a_row_an_answer_and_a_wide_one_a_row_a_respondent(store):
    with analysis.open_results(str(store)) as results:
        tidy, wide = results.frame(), results.frame(wide=True)
    assert len(tidy) == 4 * 19
    assert len(wide) == 4
    one = tidy[(tidy["question"] == "natroad") & (tidy["respondent"] == 2)].iloc[0]
    assert wide.loc[1, "natroad"] == one["code"]
    assert "Synthetic" in tidy.attrs["synthetic"]
    assert wide.attrs["restricted"] is False


def test_frames_of_a_summary_say_what_the_summary_says(tmp_path):
    # 15 of 18 understood answers say yes, 2 say no; one is a don't know: 15 / 17. Of the people one half says yes.
    summary = summary_of(split_public(tmp_path / "a.sqlite"))
    shares = summary.shares().set_index("label")
    assert shares.loc["Yes", "simulated"] == pytest.approx(15 / 17)
    assert shares.loc["Yes", "human"] == 0.5
    distances = summary.distances().set_index("distance")
    assert list(distances.index) == ["w1", "kl", "js"]
    assert distances.loc["w1", "simulated"] == summary.cells[0].questions[0].w1.simulated
    assert distances.loc["w1", "people_high"] == summary.cells[0].questions[0].w1.sample.high


def test_frames_without_a_reference_keep_their_columns(tmp_path, store):
    path = simulator.launch({**TINY, "reference": None}, tmp_path / "b.sqlite", progress=lambda _: None)
    with analysis.open_results(path) as results:
        summary = analysis.summarise(results)
    assert summary.distances().empty
    assert {"question", "people_high"} <= set(summary.distances().columns)
    assert summary.shares()["human"].isna().all()
    assert "No human reference" in summary._repr_html_()


def test_a_plot_shows_its_data_and_is_saved(store, tmp_path):
    drawn = analysis.plot(store, "natroad")
    assert set(drawn.data["question"]) == {"natroad"}
    assert drawn._repr_png_().startswith(b"\x89PNG")
    bars = drawn.figure.axes[0].patches
    assert [bar.get_width() for bar in bars] == [*drawn.data["simulated"], *drawn.data["human"]]
    for name in ("a.svg", "a.pdf", "a.png"):
        drawn.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
    with pytest.raises(DocumentError, match=r"\.svg, \.pdf or \.png"):
        drawn.save(tmp_path / "a.gif")
    with pytest.raises(DocumentError, match="cannot be written"):
        drawn.save(tmp_path / "none" / "a.png")


def test_people_are_drawn_once_for_each_public_that_cells_are_compared_with(tmp_path):
    summary = summary_of(split_public(tmp_path / "a.sqlite"))
    [cell] = summary.cells

    def other(name, human):
        [question] = cell.questions
        shares = tuple(one.model_copy(update={"human": human}) for one in question.shares)
        return cell.model_copy(update={"name": name, "questions": (question.model_copy(update={"shares": shares}),)})

    for cells, people in (
        ((other("b", None), cell), ["people"]),  # the first is compared with nobody
        ((cell, other("b", 0.25)), ["people (def x model)", "people (b)"]),
        ((other("b", None),), []),
    ):
        drawn = analysis.plot(summary.model_copy(update={"cells": cells}))
        labels = drawn.figure.axes[0].get_legend_handles_labels()[1]
        assert labels == [*(one.name for one in cells), *people]


def test_what_cannot_be_drawn_is_told(store, tmp_path):
    with pytest.raises(DocumentError, match=r"no question 'nope'.*natroad"):
        analysis.plot(store, ["nope"])
    with pytest.raises(DocumentError, match="Name a question"):
        analysis.plot(store, [])
    with pytest.raises(StoreError):
        analysis.plot(tmp_path / "none.sqlite")


def shown(html: str) -> str:
    """What is left of HTML when the tags that we write are taken out."""
    ours = r'</?(div|p|br|strong|table|thead|tbody|tr|th|td)( (dir="auto"|style="text-align:(left|right)"))*>'
    return re.sub(ours, "", html)


def test_hostile_texts_stay_text(tmp_path):
    made = hostile_store(tmp_path / "a.sqlite")
    summary = summary_of(made)
    with analysis.open_results(made.path) as results:
        pages = [summary._repr_html_(), results._repr_html_()]
    options = [
        {"code": n, "label": text} for n, text in enumerate(HOSTILE) if text.isprintable() and "{{" not in text
    ]
    asked = Questionnaire(id="q", title=SCRIPT, questions=[{"id": "a", "text": SCRIPT, "options": options}])
    pages.append(asked._repr_html_())
    frame = pd.DataFrame({"sex": [SCRIPT, HOSTILE[1]]})
    pages.append(Population.from_frame(frame, "p", source=SCRIPT)._repr_html_())
    for page in pages:
        assert "&lt;script&gt;" in page
        assert "<" not in shown(page)
        page.encode()
    assert analysis.plot(summary)._repr_png_()


def test_everything_that_was_loaded_is_shown_with_its_numbers(store):
    wave = simulator.load_wave(TINY)
    assert "<td" in wave._repr_html_()
    assert ">76<" in wave._repr_html_()
    assert "natroad" in wave.questionnaire._repr_html_()
    assert "51%" in wave.population._repr_html_()  # women
    assert "General Social Survey" in wave.reference._repr_html_()
    with analysis.open_results(store) as results:
        assert ">76<" in results._repr_html_()
        summary = analysis.summarise(results)
    assert "W1" in summary._repr_html_()
    for each in (wave, wave.questionnaire, wave.population, wave.reference, summary):
        assert len(repr(each)) < 200


def test_long_texts_and_tables_are_cut_and_the_rest_is_counted():
    assert notebook.text("x" * 1_000_000) == "x" * 400 + "… (999,600 more)"
    html = notebook.table(("n",), [(n,) for n in range(100)])
    assert html.count("<tr>") == 61
    assert "40 more rows" in html


def test_the_packages_offer_what_they_name_and_nothing_else():
    for room in (simulator, analysis):
        for name in room.__all__:
            assert callable(getattr(room, name))
            assert name in dir(room)
        with pytest.raises(AttributeError, match="nothing_of_this"):
            room.nothing_of_this  # noqa: B018


@pytest.mark.real
def test_the_example_notebook_shows_what_it_shows_when_it_is_run_afresh(tmp_path):
    kept = nbformat.read(build_notebook.NOTEBOOK, 4)
    nbformat.validate(kept)
    fresh = build_notebook.executed(tmp_path)
    assert [cell.source for cell in kept.cells] == [cell.source for cell in fresh.cells]
    assert tables(kept) == tables(fresh)
    assert any("image/png" in out.get("data", {}) for cell in fresh.cells for out in cell.get("outputs", ()))
    lines = [line for cell in kept.cells if cell.cell_type == "code" for line in cell.source.splitlines() if line]
    assert build_notebook.NOTEBOOK.stat().st_size < 100_000
    assert len(lines) <= 15  # ten that load, draw, run, read and plot, and five that only show


def tables(book) -> list[str]:
    """Every table that a notebook shows."""
    return [
        out.data["text/html"]
        for cell in book.cells
        for out in cell.get("outputs", ())
        if "text/html" in out.get("data", {})
    ]
