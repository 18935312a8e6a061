"""Tests of models of Hugging Face run where its packages are installed, and else say what brings them."""

import pytest


def needs(*packages: str) -> None:
    """Skip a test, or at the head of a module all its tests, unless these can be imported."""
    for package in packages:
        pytest.importorskip(package, reason=f"needs {package}: run `make hf`, or pip install 'demoscope[hf]'")
