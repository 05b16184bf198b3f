"""Handwriting from a person: which lines to ask for, a page to write them on, and the file that keeps them."""
