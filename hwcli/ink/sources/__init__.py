"""Readers of other people's ink: IAM-OnDB, InkML, Xournal++, reMarkable, SVG, UNIPEN, stroke-3."""
