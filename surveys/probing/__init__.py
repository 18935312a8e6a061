"""Probing: how a question is put to find out which options a model leans to, and how that is read off."""
