"""The report: what its sections say equals what the analysis says, and everything in it is text."""

import csv
import html
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from analysis.compare import compare_stores
from analysis.def_rules import def_rules
from analysis.export.spreadsheet_text import csv_text, neutral
from analysis.opening import ENGLISH
from analysis.reading import open_results
from analysis.report.answer import answer
from analysis.report.blocks import Card, Cards, Fold, Section, Table
from analysis.report.drawings import draw_stacked
from analysis.report.material import Material, read_material
from analysis.report.pages import page
from analysis.report.publication import ENDINGS, write_figures
from analysis.report.report import sections_of, write_report
from analysis.report.telling import mark_of
from analysis.report.words import LANGUAGES, words_in
from analysis.summary import summarise
from demoscope.errors import DemoscopeError, DocumentError
from tests.hostile import HOSTILE, hostile_store
from tests.large_store import write_large_store
from tests.results import MadeUp, split_public
from tests.test_cli import demoscope
from tests.test_compare import replied

GOOD = def_rules()
EN = words_in("en")
DRAWS = 100


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "large.sqlite"
    write_large_store(path, people=40, questions=8, cells=2)
    return path


@pytest.fixture(scope="module")
def material(store: Path) -> Material:
    return read_material([store], GOOD, DRAWS)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Material:
    path = tmp_path_factory.mktemp("hostile") / "h.sqlite"
    hostile_store(path)
    return read_material([path], GOOD, DRAWS)


def tables(sections: tuple[Section, ...]) -> dict[str, Table]:
    """Every table of a report by its caption, folded ones too."""

    def walk(blocks: tuple[Any, ...]) -> Any:
        for block in blocks:
            if isinstance(block, Table):
                yield block
            elif isinstance(block, Fold | Card):
                yield from walk(block.blocks)
            elif isinstance(block, Cards):
                yield from walk(block.cards)

    return {table.caption: table for section in sections for table in walk(section.blocks)}


def test_it_opens_with_the_answer_and_says_how_far_to_trust_it(material):
    first = answer(material, EN)
    told = [block.text for block in first.blocks if block.kind == "paragraph" and block.tone == "answer"]
    assert [text.partition(": ")[2] for text in told] == [s.cell.opening for s in material.subjects]
    (bullets,) = [block for block in first.blocks if block.kind == "bullets"]
    assert any("not people" in item for item in bullets.items)
    assert any("not finished" in item for item in bullets.items)


def test_conditions_of_which_the_same_is_to_be_said_are_named_once(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite", reference=None)
    made.cell()
    made.cell(2, name="other/model")
    made.question(1, ["No", "Yes"])
    made.people([{"sex": "female"}] * 12)
    made.answers([(who, 1, "answered", [1 + who % 2]) for who in range(1, 13)])
    made.insert("respondents", [(100 + n, 2, n, "", "{}", 0) for n in range(1, 13)])
    made.answers([(100 + who, 1, "answered", [1 + who % 2]) for who in range(1, 13)])
    first = answer(read_material([made.path], GOOD, DRAWS), EN)
    (told,) = [block.text for block in first.blocks if block.kind == "paragraph" and block.tone == "answer"]
    assert told.startswith("All 2 conditions: There is no human reference")
    (table,) = [block for block in first.blocks if block.kind == "table"]
    assert [column.label for column in table.columns] == ["Condition", "Heard", "Understood"]


def test_a_store_without_people_says_so_and_claims_no_distance(tmp_path):
    made = MadeUp(tmp_path / "m.sqlite", reference=None)
    made.cell()
    made.question(1, ["No", "Yes"])
    made.people([{"sex": "female"}] * 12)
    made.answers([(who, 1, "answered", [1 + who % 2]) for who in range(1, 13)])
    found = read_material([made.path], GOOD, DRAWS)
    text = page(found, sections_of(found, EN), EN, version="0", date="2026-01-01")
    assert "There is no human reference in this store" in text
    assert "Questions at a glance" not in text
    assert "Not compared with people: there is no human reference." in text


def test_tables_equal_the_summary(store, material):
    with open_results(store) as results:
        summary = summarise(results, DRAWS)
    shown = tables(sections_of(material, EN))
    glance = shown[EN("glance_caption", wave="made up")]
    for row, *questions in zip(glance.rows, *(cell.questions for cell in summary.cells), strict=True):
        assert [value.sort for value in row.values[2:]] == [question.w1.simulated for question in questions]
        assert [value.mark for value in row.values[2:]] == [mark_of(question.w1) for question in questions]
    groups = shown["1 condition1 · sex (told to the model)"]
    levels = summary.cells[0].groupings[0].levels
    assert [row.values[3].sort for row in groups.rows] == [level.averages.w1.simulated for level in levels]
    ended = shown[EN("endings_caption")]
    assert [value.sort for value in ended.rows[0].values[1:7]] == [
        summary.cells[0].statuses.asked,
        *(
            getattr(summary.cells[0].statuses, name)
            for name in ("answered", "refused", "invalid", "failed", "skipped")
        ),
    ]


def test_tables_equal_the_views_of_the_store(store, material):
    with open_results(store) as results:
        rows = results.rows(
            """SELECT question, asked, refused, invalid, failed FROM question_summary
            WHERE cell = 'condition1/model' AND answered < asked"""
        )
        (cost,) = results.rows(
            "SELECT attempts, errors, prompt_tokens FROM cell_costs WHERE cell = 'condition1/model'"
        )
    shown = tables(sections_of(material, EN))
    lost = [r for r in shown[EN("lost_caption")].rows if r.subject == 1]
    assert [(r.values[0].text, *(int(v.sort) for v in r.values[2:6])) for r in lost] == rows
    effort = shown[EN("effort_caption")].rows[0].values
    assert (effort[2].sort, effort[3].sort, effort[4].sort) == cost


def test_tables_equal_the_comparison(store, material):
    found = compare_stores([store], GOOD, DRAWS, details=True)
    shown = tables(sections_of(material, EN))
    kl = shown[EN("dimensions_caption")]
    for row, condition in zip(kl.rows, found.rows, strict=True):
        assert [value.sort for value in row.values[1:-1]] == list(condition.dimensions.values())
        assert row.values[-1].sort == condition.kl.value
    between = shown[EN("between_caption")]
    assert [[value.sort for value in row.values[1:]] for row in between.rows] == [list(row) for row in found.between]
    places = shown[EN("map_caption")]
    assert [(row.values[1].sort, row.values[2].sort) for row in places.rows] == [(p.x, p.y) for p in found.map.points]


def test_shares_have_intervals_that_count_people_and_not_answers(tmp_path):
    # 15 of 17 said yes; Wilson's interval of 15/17 is 0.657 to 0.967.
    found = read_material([split_public(tmp_path / "m.sqlite").path], GOOD, DRAWS)
    yes = found.subjects[0].cell.questions[0].shares[2]
    assert (round(yes.low, 3), round(yes.high, 3)) == (0.657, 0.967)
    # 200 of 400 real people: 0.5 +- 0.049
    assert (round(yes.human_low, 3), round(yes.human_high, 3)) == (0.451, 0.549)


def test_both_languages_say_the_same_with_the_same_values():
    def braces(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)", text))

    english = EN
    for other in (words_in(language) for language in LANGUAGES):
        for ours, theirs in ((english.phrases, other.phrases), (ENGLISH, other.opening)):
            assert ours.keys() == theirs.keys()
            assert {name: braces(text) for name, text in theirs.items()} == {
                name: braces(text) for name, text in ours.items()
            }


def test_chinese_reports_leave_no_phrase_in_english(material):
    zh = words_in("zh")
    text = page(material, sections_of(material, zh), zh, version="0", date="2026-01-01")
    assert '<html lang="zh">' in text
    for phrase in ("Questions at a glance", "Real people", "Mean distance", "How far to trust"):
        assert phrase not in text


class Outline(HTMLParser):
    """Tags, attributes and headings of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id" and value]


def test_hostile_texts_stay_text(hostile):
    text = page(hostile, sections_of(hostile, EN), EN, version="0", date="2026-01-01")
    outline = Outline()
    outline.feed(text)
    assert outline.tags.count("script") == 1
    assert not {"img", "iframe", "object", "base", "link"} & set(outline.tags)
    assert not [name for name, _ in outline.attributes if name.startswith("on") or name == "style"]
    assert all(value and value.startswith("#") for name, value in outline.attributes if name == "href")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt;" in text
    assert "[1,000,032 characters]" in text
    assert len(text) < 1_000_000
    assert len(set(outline.ids)) == len(outline.ids)


def test_figures_stand_with_words_and_the_policy_allows_our_own_script_alone(material):
    text = page(material, sections_of(material, EN), EN, version="0", date="2026-01-01")
    assert "default-src 'none'" in html.unescape(text)
    assert text.count("<svg ") == text.count('role="img"') > 10
    assert "http" not in re.sub(r'xmlns="[^"]*"|createElementNS\("[^"]*"|Content-Security|http-equiv', "", text)


def test_stacked_bars_say_what_their_colours_mean_even_where_a_part_is_empty():
    drawn = draw_stacked(
        [("a wave", None, [0.9, 0.0, 0.1])], [("ok", "Yes"), ("refused", "No"), ("failed", "?")], "alt"
    )
    assert [part in drawn for part in (">Yes<", ">No<", ">?<")] == [True] * 3
    assert drawn.count('class="refused"') == 1  # in the legend alone


def test_replies_that_were_never_asked_for_markers_are_not_faulted(tmp_path):
    shares = {}
    for protocol in ("def", "probe"):
        made = MadeUp(tmp_path / f"{protocol}.sqlite", reference=None)
        made.cell()
        made.question(1, ["No", "Yes"])
        made.people([{"sex": "female"}] * 3)
        made.answers([(who, 1, "answered", [1]) for who in (1, 2, 3)])
        for who in (1, 2, 3):
            replied(made, 1, who, 1, "A", 1)
        made.change("UPDATE cells SET protocol = ?", protocol)
        (subject,) = read_material([made.path], GOOD, DRAWS).subjects
        shares[protocol] = [found.share for found in subject.evaluation.insensitivity]
        assert bool(subject.insensitive) == (protocol == "def")
    assert shares == {"def": [1.0], "probe": []}


def test_the_command_writes_a_page_and_figures(tmp_path):
    store = split_public(tmp_path / "m.sqlite").path
    out, folder = tmp_path / "r.html", tmp_path / "figures"
    done = demoscope("report", store, "-o", out, "--figures", folder, "--language", "zh")
    assert done.returncode == 0, done.stderr
    assert "Written" in done.stderr
    assert out.read_text().startswith("<!doctype html>")
    assert {path.suffix for path in folder.iterdir()} == {f".{ending}" for ending in (*ENDINGS, "csv")}


def test_hostile_texts_make_figures_and_neutral_data(hostile, tmp_path):
    written = write_figures(hostile, EN, tmp_path / "figures")
    answers = next(path for path in written if path.name == "answers_1.csv")
    rows = list(csv.DictReader(io.StringIO(answers.read_text("utf-8-sig"))))
    labels = {row["option"] for row in rows if row["question"] == "q2"}
    assert "'" + HOSTILE[6] in labels
    assert "'" + HOSTILE[7] in labels


def test_figures_are_the_same_bytes_twice(tmp_path):
    material = read_material([split_public(tmp_path / "m.sqlite").path], GOOD, DRAWS)
    first, again = (write_figures(material, EN, tmp_path / name) for name in ("a", "b"))
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.parametrize("text", [*HOSTILE, "-", "\n=1", " =1+1"])
def test_no_cell_of_a_csv_begins_a_formula(text):
    cell = next(csv.reader(io.StringIO(csv_text(["a"], [[text]]).partition("\n")[2])))[0]
    assert not cell.lstrip(" ").startswith(("=", "@", "\t", "\r", "\n"))
    assert not cell.startswith(("+", "-")) or re.fullmatch(r"[+-][\d.]+", cell)


def test_neutral_numbers_stay_numbers():
    assert [neutral(text) for text in ("-1.5", "+2", "1e-3")] == ["-1.5", "+2", "1e-3"]


def test_mistakes_are_told(store, tmp_path):
    how = {"version": "0", "now": "2026-01-01"}
    with pytest.raises(DemoscopeError, match="speaks en and zh"):
        write_report([store], tmp_path / "r.html", None, GOOD, language="fr", **how)
    with pytest.raises(DocumentError, match="create it first"):
        write_report([store], tmp_path / "no" / "r.html", None, GOOD, language="en", **how)
    (tmp_path / "f").mkdir()
    with pytest.raises(DocumentError, match="cannot be written"):
        write_report([store], tmp_path / "f", None, GOOD, language="en", draws=DRAWS, **how)


def test_two_cores_find_what_one_finds(store, material, monkeypatch):
    monkeypatch.setattr("analysis.report.material.LARGE", 0)
    assert read_material([store], GOOD, DRAWS).comparison == material.comparison


def test_two_stores_stand_side_by_side(store, tmp_path):
    other = split_public(tmp_path / "m.sqlite").path
    found = read_material([store, other], GOOD, DRAWS)
    assert [subject.store for subject in found.subjects] == [0, 0, 1]
    text = page(found, sections_of(found, EN), EN, version="0", date="2026-01-01")
    assert 'id="q1-q1"' in text
    assert 'id="q2-q1"' in text
