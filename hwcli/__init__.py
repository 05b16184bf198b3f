"""hw: a Unix toolkit for online handwriting (pen strokes as data)."""

__version__ = "0.1.0"
