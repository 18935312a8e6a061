"""The report as a reader has it: in a real browser, by mouse, keyboard, phone and printer."""

import base64
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from analysis.def_rules import def_rules
from analysis.report.report import write_report
from tests.browser import asked_for, axe, chromium, open_page
from tests.hostile import hostile_store
from tests.large_store import write_large_store
from tests.launched import until

pytestmark = pytest.mark.real

KEPT = Path(__file__).with_name("report_screenshot.txt")
"""Ink of the report's first screen, 30 x 40 fields, from Debian's Chromium."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = chromium()
    yield found
    found.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of an ordinary store in both languages, and of a hostile one."""
    folder = tmp_path_factory.mktemp("pages")
    write_large_store(folder / "large.sqlite", people=40, questions=6, cells=2)
    hostile_store(folder / "hostile.sqlite")
    pages = {}
    for store, language in (("large", "en"), ("large", "zh"), ("hostile", "en")):
        path = folder / f"{store}_{language}.html"
        how = {"version": "0", "now": "2026-01-01", "draws": 50}
        write_report([folder / f"{store}.sqlite"], path, None, def_rules(), language=language, **how)
        pages[path.stem] = path
    return pages


@pytest.mark.parametrize("name", ["large_en", "large_zh", "hostile_en"])
def test_no_error_no_request_nothing_runs_nothing_overflows(browser, pages, name):
    asked_for(browser)
    open_page(browser, pages[name])
    browser.execute_script("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert browser.get_log("browser") == []
    assert asked_for(browser) == [pages[name].resolve().as_uri()]
    assert browser.execute_script("return window.hacked") is None
    wide, room = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room


@pytest.mark.parametrize(("name", "theme"), [("large_en", "light"), ("large_en", "dark"), ("hostile_en", "light")])
def test_axe_finds_no_serious_fault(browser, pages, name, theme):
    open_page(browser, pages[name])
    browser.execute_script(
        """document.documentElement.dataset.theme = arguments[0];
        for (const fold of document.querySelectorAll('details')) fold.open = true""",
        theme,
    )
    browser.execute_script(axe())
    found = browser.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")
    serious = [
        (fault["id"], fault["impact"], [node["html"][:150] for node in fault["nodes"][:3]])
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []


def shown(browser: Any, query: str) -> list[str]:
    """Texts of what can be seen."""
    return [part.text for part in browser.find_elements("css selector", query) if part.is_displayed()]


def test_questions_are_searched_filtered_and_ordered(browser, pages):
    open_page(browser, pages["large_en"])
    find = browser.find_element("css selector", "[data-find]")
    find.send_keys("statement 3")
    assert len(shown(browser, ".card")) == 1
    assert shown(browser, ".controls output") == ["1 of 6 questions shown"]
    find.clear()
    find.send_keys(" ")
    browser.find_element("css selector", "[data-filter] [value=worse]").click()
    cards = [card for card in browser.find_elements("css selector", ".card") if card.is_displayed()]
    assert 0 < len(cards) <= 6
    assert all("worse" in str(card.get_attribute("data-marks")) for card in cards)
    browser.find_element("css selector", "[data-filter] [value=all]").click()
    browser.find_element("css selector", "[data-order] [value='1']").click()
    far = browser.execute_script(
        "return [...document.querySelectorAll('.card')].map((card) => Number(card.dataset.sorts.split(' ')[1]))"
    )
    assert far == sorted(far, reverse=True)


def test_tables_are_sorted_by_keyboard(browser, pages):
    from selenium.webdriver.common.keys import Keys

    open_page(browser, pages["large_en"])
    heading = browser.find_elements("css selector", "#glance th button")[2]
    for order in ("ascending", "descending"):
        heading.send_keys(Keys.ENTER)
        values = browser.execute_script(
            "return [...document.querySelectorAll('#glance tbody tr')].map((row) => Number(row.cells[2].dataset.v))"
        )
        assert values == sorted(values, reverse=order == "descending")
        assert browser.find_elements("css selector", f"#glance th[aria-sort={order}]")


def test_a_condition_is_hidden_everywhere(browser, pages):
    open_page(browser, pages["large_en"])
    before = len(shown(browser, "svg [data-subject='2']"))
    browser.find_element("css selector", "[data-hides='2']").click()
    assert before > 0
    assert shown(browser, "[data-subject='2']") == []
    assert shown(browser, "svg [data-subject='1']")


def test_figures_and_tables_are_saved(browser, pages, tmp_path):
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    open_page(browser, pages["large_en"])
    for kind in ("svg", "png", "csv"):
        browser.execute_script(f"document.querySelector('#answer [data-save={kind}]').click()")
    wanted = {".svg", ".png", ".csv"}
    until(lambda: {path.suffix for path in tmp_path.iterdir()} == wanted, what="three files")
    files = {path.suffix: path for path in tmp_path.iterdir()}
    assert files[".png"].read_bytes().startswith(b"\x89PNG")
    assert files[".svg"].read_text().startswith("<svg")
    assert "var(--" not in files[".svg"].read_text()
    assert files[".csv"].read_text("utf-8-sig").startswith('"Condition"')
    assert browser.get_log("browser") == []


def test_a_phone_needs_no_sideways_scrolling_and_print_makes_pages(browser, pages):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    open_page(browser, pages["large_en"])
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    column = browser.execute_script("return document.querySelector('.card svg').getBoundingClientRect().width")
    assert column > 300
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")


def test_the_layout_is_the_one_that_was_looked_at(browser, pages):
    # Contents on the left of the report, tiles and figures within it, cards side by side.
    open_page(browser, pages["large_en"])
    boxes = browser.execute_script(
        """return ['.side', 'main', '#answer svg', '.card:nth-child(1)', '.card:nth-child(2)'].map((query) => {
        const box = document.querySelector(query).getBoundingClientRect();
        return [box.left, box.right, box.top, box.bottom]})"""
    )
    side, main, figure, first, second = boxes
    assert side[1] < main[0]
    assert main[0] <= figure[0] < figure[1] <= main[1]
    assert first[1] < second[0]
    assert abs(first[2] - second[2]) < 2


def ink(png: bytes, rows: int = 30, columns: int = 40) -> np.ndarray:
    """How dark each of a grid's fields is in a picture, in [0, 1]."""
    picture = imread(io.BytesIO(png))[..., :3].mean(axis=2)
    bands = [np.array_split(band, columns, axis=1) for band in np.array_split(picture, rows)]
    return np.array([[1 - float(field.mean()) for field in band] for band in bands])


def test_a_screenshot_shows_ink_where_the_kept_one_has_it(browser, pages):
    # The grid of a screenshot that was looked at; other fonts move letters, not columns, tiles and figures.
    # Written anew by DEMOSCOPE_KEEP_SCREENSHOT=1 pytest tests/test_report_browser.py -k screenshot
    open_page(browser, pages["large_en"])
    browser.execute_script("document.documentElement.dataset.theme = 'light'")
    found = ink(browser.get_screenshot_as_png())
    if os.environ.get("DEMOSCOPE_KEEP_SCREENSHOT"):
        np.savetxt(KEPT, found, fmt="%.3f")
    kept = np.loadtxt(KEPT)
    assert np.corrcoef(found.ravel(), kept.ravel())[0, 1] > 0.8
    assert np.corrcoef(np.roll(found, 5, axis=1).ravel(), kept.ravel())[0, 1] < 0.6  # a shift is seen
