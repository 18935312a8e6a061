"""A real headless Chromium, for tests of the page; a test that asks for it is skipped where it is absent."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 300
"""Seconds after which a script in the page, such as axe-core's, will never end."""


def chromium(width: int = 1400, height: int = 1000) -> Any:
    """A browser that writes down its console and everything that it asks for."""
    pytest.importorskip("selenium", reason="needs the package selenium: pip install -e '.[dev]'")
    programs = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in programs:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(programs[0])
    for argument in (
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
        f"--window-size={width},{height}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Chrome(options=options, service=Service(str(programs[1])))
    browser.set_script_timeout(PATIENCE_S)
    return browser


def axe() -> str:
    """The script of axe-core, which finds faults of accessibility."""
    pytest.importorskip("axe_core_python", reason="needs the package axe-core-python: pip install -e '.[dev]'")
    return files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def asked_for(browser: Any) -> list[str]:
    """Addresses of every request of the pages so far."""
    import json

    told = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [event["params"]["request"]["url"] for event in told if event["method"] == "Network.requestWillBeSent"]


def open_page(browser: Any, path: Path) -> None:
    """Open a file."""
    browser.get(path.resolve().as_uri())
