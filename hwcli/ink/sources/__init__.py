"""Readers of other people's ink: IAM-OnDB, InkML, stroke-3."""
