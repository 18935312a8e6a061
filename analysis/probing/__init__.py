"""Probing: whether a model's answers hold however one asks, and whether they mean anything (SPEC chapter 4)."""
