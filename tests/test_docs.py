"""Pages that are written from the models agree with them."""

import pytest

from scripts.build_docs import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_keys_agrees_with_the_models_that_read_them(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `python scripts/build_docs.py`"
