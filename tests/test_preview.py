"""The preview: margins, precision, people, figures and files; and the plan's word on subgroups."""

import io
import json

import pytest
import yaml
from rich.console import Console

import run_simulation
from demoscope.errors import DocumentError
from personas import Population
from personas.precision import design_effect, effective_sample_size, margin_of_error, people_needed
from personas.preview import languages_of, make_preview
from personas.preview_figures import draw_figures, write_figures
from personas.preview_files import write_people
from personas.preview_screen import render_preview
from simulator.loading import load_wave
from simulator.plan import make_plan
from simulator.plan_screen import render_plan
from simulator.subgroups import too_small

TOWN = {
    "id": "town",
    "title": "A town",
    "year": 2021,
    "source": "Written for this test",
    "attributes": {
        "sex": {"levels": {"male": {"en": "man", "zh": "男性"}, "female": {"en": "woman", "zh": "女性"}}},
        "age": {"kind": "numeric", "unit": "years", "bands": {"young": [18, 39], "old": [40, 89]}},
        "job": {"levels": {"none": "no job", "some": "a job"}},
    },
    "sources": [
        {"kind": "margin", "table": "sex_age.csv", "attributes": ["sex", "age"]},
        {"kind": "conditional", "table": "job.csv", "attributes": ["job"], "given": ["sex"]},
    ],
    "phrases": [
        {"tells": ["age", "sex"], "text": {"en": "you are {{ age | a }}-year-old {{ sex }}"}},
        {"tells": ["job"], "text": {"en": "you have {{ job }}"}},
    ],
    "places": {"country": "Utopia", "states": "states.csv", "source": "A map"},
}
SEX_AGE = "sex,age,count\nmale,young,10\nmale,old,30\nfemale,young,20\nfemale,old,40\n"
JOB = "sex,job,share\nmale,none,0.5\nmale,some,0.5\nfemale,none,0.2\nfemale,some,0.8\n"
STATES = "code,name,population\nN,North,3\nS,South,1\n"


@pytest.fixture
def town(tmp_path):
    def write(**changes):
        (tmp_path / "town.yaml").write_text(yaml.safe_dump({**TOWN, **changes}, allow_unicode=True, sort_keys=False))
        (tmp_path / "sex_age.csv").write_text(SEX_AGE)
        (tmp_path / "job.csv").write_text(JOB)
        (tmp_path / "states.csv").write_text(STATES)
        return Population.load(tmp_path / "town.yaml")

    return write


def seen(population, n=400, **options):
    sized = population.sized(n)
    people = sized.columns(0, n, 5)
    return make_preview(sized, people, seed=5, **options), sized, people


def test_targets_are_those_of_the_tables_and_achieved_those_of_the_people(town):
    preview, _, people = seen(town())
    margins = {margin.name: {level.level: level for level in margin.levels} for margin in preview.margins}
    # 40 of 100 are men, 30 young; of 40 men half and of 60 women a fifth have no job: (20 + 12) / 100 = 0.32.
    assert margins["sex"]["male"].target == pytest.approx(0.4)
    assert margins["age"]["young"].target == pytest.approx(0.3)
    assert margins["job"]["none"].target == pytest.approx(0.32)
    assert margins["sex x age"]["male x young"].target == pytest.approx(0.1)
    assert margins["state"]["North"].target == pytest.approx(0.75)
    frame = people.frame()
    assert margins["sex"]["male"].achieved == pytest.approx((frame["sex"] == "male").mean())
    assert margins["age"]["young"].achieved == pytest.approx((frame["age"] < 40).mean())
    assert margins["state"]["North"].achieved == pytest.approx((frame["place_state"] == "North").mean())
    for margin in preview.margins:
        assert sum(level.target for level in margin.levels) == pytest.approx(1)
        assert sum(level.achieved for level in margin.levels) == pytest.approx(1)
        assert abs(margin.widest.gap) == max(abs(level.gap) for level in margin.levels)
    assert {margin.name for margin in preview.margins if margin.raked} == {"sex x age", "state"}


def test_people_of_whom_something_is_not_known_are_shown_as_such(tmp_path):
    import pandas as pd

    # Of four rows one has no job.
    frame = pd.DataFrame({"sex": ["m", "f", "m", "f"], "job": ["clerk", None, "baker", "clerk"]})
    preview, population, people = seen(Population.from_frame(frame, "rows", missing="unknown"), n=2000)
    job = {level.level: level for level in next(m for m in preview.margins if m.name == "job").levels}
    assert job["(not known)"].target == pytest.approx(0.25)
    assert job["(not known)"].achieved == pytest.approx(0.25, abs=0.05)
    assert sum(level.achieved for level in job.values()) == pytest.approx(1)
    write_figures(preview, population, people, tmp_path / "rows.svg")


def test_precision_is_that_of_the_weights(town):
    # Two people of each sex x age: 1/10, 3/10, 2/10 and 4/10 of the people, so weights 0.4, 1.2, 0.8 and 1.6, twice
    # each, and Kish's effect 8 * 2 * (0.16 + 1.44 + 0.64 + 2.56) / 8 ** 2 = 1.2.
    design = {"kind": "stratified", "by": ["sex", "age"], "each": 2}
    preview, _, _ = seen(town(design=design), n=8)
    assert preview.design_effect == pytest.approx(1.2)
    assert preview.effective_sample_size == pytest.approx(8 / 1.2)
    assert preview.margin_of_error == pytest.approx(1.959964 * (1.2 * 0.25 / 8) ** 0.5)
    assert preview.margins[0].widest.gap == pytest.approx(0)
    equal, _, _ = seen(town(), n=50)
    assert equal.design_effect == 1


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (design_effect, ([],)),
        (design_effect, ([1, 0],)),
        (effective_sample_size, ([1, float("inf")],)),
        (margin_of_error, (0,)),
        (margin_of_error, (10, 0.5)),
        (people_needed, (0,)),
        (people_needed, (0.1, 1.0, 0.0)),
    ],
)
def test_impossible_samples_have_no_precision(function, arguments):
    with pytest.raises(ValueError, match="Need"):
        function(*arguments)


def test_ten_people_are_introduced_as_the_model_is_told_of_them(town):
    preview, population, _ = seen(town(), languages=("en",))
    assert len(preview.introductions["en"]) == 10
    first = population.people(0, 1, 5)[0]
    assert preview.introductions["en"][0].startswith(
        f"Act as a citizen from Utopia living in {first.place.state}. You are a"
    )
    both, _, _ = seen(Population.load("us_adults_2018"), languages=("en", "zh"))
    assert both.introductions["zh"][0].startswith("我希望你扮演一位公民，来自美国、居住在")


def test_a_language_that_a_population_does_not_speak_is_told(town):
    with pytest.raises(DocumentError, match="has no text in 'zh'"):
        seen(town(), languages=("zh",))
    with pytest.raises(DocumentError, match="not in 'fr'"):
        languages_of(["en", "fr"])
    assert languages_of(["zh", "en", "zh"]) == ("en", "zh")


def test_the_screen_shows_every_margin_with_its_widest_gap(town):
    preview, _, _ = seen(town())
    console = Console(width=100, record=True, file=io.StringIO())
    render_preview(preview, console)
    text = console.export_text()
    for words in (
        "A town, 2021",
        "Written for this test",
        "A map",
        "400 people drawn",
        "Design effect 1.000",
        "75.0%",
    ):
        assert words in text
    for margin in preview.margins:
        assert margin.name in text
        assert f"{100 * margin.widest.gap:+.1f}" in text


@pytest.mark.parametrize("ending", ["html", "svg", "png", "pdf"])
def test_figures_are_written_in_every_format(town, tmp_path, ending):
    preview, population, people = seen(town())
    path = tmp_path / f"figures.{ending}"
    write_figures(preview, population, people, path)
    head = path.read_bytes()[:300]
    assert {"html": b"<!doctype html>", "svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending] in head
    if ending == "html":
        assert "<svg" in path.read_text(encoding="utf-8")
        again = tmp_path / "again.html"
        write_figures(preview, population, people, again)
        assert again.read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_figures_show_margins_pyramid_and_places(town):
    preview, population, people = seen(town())
    titles = [axes.get_title(loc="left") for axes in draw_figures(preview, population, people).axes]
    assert titles == ["sex", "age", "job", "age by sex", "state"]


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("cn_adults_2020", "province"),
        ("wvb_probe", "country: the 51"),
        ("country:BR", "city: the 51"),
        ("def_us", "state"),
    ],
)
def test_figures_end_with_the_places_of_the_population(name, last):
    axes = draw_figures(*seen(Population.load(name), n=240)).axes
    assert axes[-1].get_title(loc="left").startswith(last)


def test_figures_and_people_that_cannot_be_written_are_told(town, tmp_path):
    preview, population, people = seen(town())
    with pytest.raises(DocumentError, match="figures are written as html, svg, png, pdf"):
        write_figures(preview, population, people, tmp_path / "figures.docx")
    with pytest.raises(DocumentError, match="cannot be written"):
        write_figures(preview, population, people, tmp_path / "nowhere" / "figures.svg")
    with pytest.raises(DocumentError, match="cannot be written"):
        write_people(people, tmp_path / "nowhere" / "people.csv", "csv")


def test_the_command_previews_plots_and_writes_people(town, tmp_path, capsys, monkeypatch):
    import pandas as pd

    town()
    files = {name: tmp_path / name for name in ("page.html", "people.csv", "people.parquet")}
    arguments = ["preview", str(tmp_path / "town.yaml"), "-n", "30", "--seed", "5", "--plot", str(files["page.html"])]
    arguments += ["--csv", str(files["people.csv"]), "--parquet", str(files["people.parquet"]), "--json"]
    monkeypatch.setattr("sys.argv", ["demoscope", *arguments])
    with pytest.raises(SystemExit) as end:
        run_simulation.main()
    assert end.value.code in (0, None)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["population"], shown["n"]) == ("town", 30)
    expected = Population.load(tmp_path / "town.yaml").draw(30, seed=5)
    assert pd.read_csv(files["people.csv"])["age"].tolist() == expected["age"].tolist()
    columns = pd.read_parquet(files["people.parquet"])
    assert columns.columns.tolist() == expected.columns.tolist()
    for name in ("person", "sex", "age", "job", "place_state", "weight"):
        assert columns[name].tolist() == expected[name].tolist()


def test_a_design_of_fixed_size_is_previewed_whole(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["demoscope", "preview", "wvb_probe", "--json"])
    with pytest.raises(SystemExit):
        run_simulation.main()
    assert json.loads(capsys.readouterr().out)["n"] == 240


REFERENCE = """\
id: humans
title: Humans
year: 2020
source: Written for this test
questionnaire: tiny
table: humans.csv
groups: {sex: {attribute: sex}}
"""


@pytest.fixture
def compared(wave_file, tmp_path):
    """A wave of so many respondents with a reference by sex."""

    def write(n):
        (tmp_path / "humans.yaml").write_text(REFERENCE)
        (tmp_path / "humans.csv").write_text("question,sex,code,count\nparks,male,1,5\nparks,female,1,5\n")
        return load_wave(
            wave_file(("respondents: 6", f"respondents: {n}\nreference: humans.yaml"), ("survey.yaml", "survey.yaml"))
        )

    return write


def test_a_plan_says_how_many_people_the_subgroups_need(compared):
    plan = make_plan(compared(100), wanted_margin=0.05)
    assert [(one.grouping, one.level) for one in plan.subgroups] == [("sex", "female"), ("sex", "male")]
    assert sum(one.people for one in plan.subgroups) == 100
    for one in plan.subgroups:
        # ± 1.96 sqrt(0.25 / n); half of the people are of each sex, so 385 of them need about twice as many in all.
        assert one.margin_of_error == pytest.approx(1.959964 * (0.25 / one.people) ** 0.5)
        assert one.needed == pytest.approx(2 * 385, rel=0.06)
    assert len(too_small(plan.subgroups, 0.05)) == 2
    assert not too_small(make_plan(compared(900), wanted_margin=0.05).subgroups, 0.05)


def test_a_plan_warns_only_when_there_are_too_few(compared, wave_file):
    def screen(plan):
        console = Console(width=100, record=True, file=io.StringIO())
        render_plan(plan, console)
        return console.export_text()

    few = screen(make_plan(compared(20)))
    assert "Too few people in 2 of the 2 subgroups" in few
    assert "± 10 points" in few
    assert "Too few people" not in screen(make_plan(compared(500)))
    assert "Too few people" not in screen(make_plan(load_wave(wave_file())))
