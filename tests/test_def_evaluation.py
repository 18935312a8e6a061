"""The examples of docs/def_evaluation.md do what the page says."""

import doctest
from pathlib import Path


def test_the_examples_of_the_page_hold():
    path = Path(__file__).resolve().parents[1] / "docs" / "def_evaluation.md"
    failed, tried = doctest.testfile(str(path), module_relative=False, encoding="utf-8")
    assert tried > 25
    assert failed == 0
