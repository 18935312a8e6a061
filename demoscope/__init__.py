"""What every room of Demoscope shares: errors for people, seeds from names, documents with line numbers."""

__version__ = "0.1.0"
