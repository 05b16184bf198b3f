"""What ink is: drawings of pen strokes, their cleaning, their formats and the readers of other people's."""

from hwcli.ink.drawing import Drawing

__all__ = ["Drawing"]
