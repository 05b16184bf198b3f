"""What a model is: its configuration, the presets, its file."""

from hwcli.model.config import Config
from hwcli.model.file import Model

__all__ = ["Config", "Model"]
