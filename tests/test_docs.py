from scripts.build_docs import PAGE, page


def test_the_page_on_waves_agrees_with_the_models_that_read_them():
    assert PAGE.read_text() == page(), "run `python scripts/build_docs.py`"
