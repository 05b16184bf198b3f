"""Readers of other people's ink: IAM-OnDB, InkML, Xournal++, SVG, UNIPEN, stroke-3."""
