"""What a configuration must not have where something is to be learned with it.

Earlier versions wrote such values, and their files are read all the same: only a run that trains asks for this.
"""

from __future__ import annotations

from hwcli.model.config import Config, ConfigError, Optimiser, Tuning

ABOVE_ZERO = {"optimiser.epsilon", "optimiser.damping"}
AT_MOST = {"tuning.lead": 10**9}


def check_trainable(config: Config) -> None:
    """Raise ConfigError where nothing can be learned with ``config``; says which setting mends it."""
    key = "epsilon" if config.optimiser.kind == "adam" else "damping"  # the other is idle
    if not getattr(config.optimiser, key):
        usual = getattr(Optimiser, key)
        raise ConfigError(f"optimiser.{key}: 0.0 is not above 0; the usual is --set optimiser.{key}={usual:g}")
    if config.data.max_points == 1:
        raise ConfigError(
            "data.max_points: after 1 point there is none to predict; --set data.max_points=0 cuts no line"
        )
    lead, most = config.tuning.lead, AT_MOST["tuning.lead"]
    if lead > most:
        raise ConfigError(
            f"tuning.lead: {lead} is above {most:g}; the usual is --set tuning.lead={Tuning.lead}"
        )
