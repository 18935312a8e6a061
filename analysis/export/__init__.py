"""Exports: the answers of a store in the files that other tools read, marked as synthetic."""
