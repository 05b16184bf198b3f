"""The configuration of a network and of its training: sections of named values, read from TOML.

A preset is a TOML file in ``hwcli/model/presets`` that says only what differs from the defaults below.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from hwcli.errors import HwError
from hwcli.ink.preparation import Preparation
from hwcli.model.toml import as_toml, parsed, value_of


class ConfigError(HwError):
    """A configuration that cannot be: an unknown key, a value of the wrong type or out of range."""


PRINTABLE = "".join(map(chr, range(32, 127)))
"""The printable characters of ASCII."""


@dataclass(frozen=True)
class Network:
    """The layers and what they predict."""

    kind: str = "mixture"
    """"mixture": Gaussians and a Bernoulli (Graves 2013, section 4); "regression": the point itself."""
    layers: int = 3
    """LSTM layers, one upon the other."""
    units: int = 400
    """Memory cells of each LSTM layer."""
    skip: bool = True
    """Input to every layer and every layer to the output (Graves 2013, section 2)."""
    peepholes: bool = False
    """Diagonal weights from the cells to the gates (Graves 2013, equations 7 to 11)."""
    mixtures: int = 20
    """Gaussians of the mixture that a point is drawn from (Graves 2013, section 4.1)."""
    window: int = 0
    """Gaussians of the soft window over the text (Graves 2013, section 5.1); 0: the network reads no text."""
    characters: str = PRINTABLE
    """What a text may consist of, in the order of the one-hot vectors; of no meaning without a window.  The
    default is the 95 printable characters of ASCII."""

    @property
    def alphabet(self) -> int:
        """The width of the window vector: the number of characters, 0 without a window."""
        return len(self.characters) if self.window else 0

    @property
    def outputs(self) -> int:
        """The number of output units: 6 a Gaussian and 1 for the pen, or dx, dy and the pen."""
        return 6 * self.mixtures + 1 if self.kind == "mixture" else 3


@dataclass(frozen=True)
class Data:
    """How the ink is brought to the network's scale, and how much of it is used."""

    scale: str = "axis"
    """"axis": a mean and a standard deviation for x and for y; "common": one of both for both axes; "spread":
    one standard deviation for both and no mean, so that stretching and turning commute with it."""
    level: bool = False
    """Turn each line so that the regression line through its points runs level."""
    height: bool = False
    """Bring each line to one height: its y to a standard deviation of 1."""
    step: float = 0.0
    """Resample strokes to equal steps, in the unit that the ink has by then; 0: leave the points."""
    max_points: int = 0
    """Longer lines are cut to this many points, 2 at least; 0: never."""
    max_lines: int = 0
    """Use this many lines, drawn by chance; 0: all."""
    plain_texts: bool = False
    """A text with characters that the network lacks is read in those that look like them (é as e, ж as x), if
    each has one; false: it is unknown."""
    rare_times: int = 1
    """A line with a character that fewer than one line in a hundred has is learned from up to so many times a
    pass, as often as brings that character to one in a hundred."""
    lines_before: int = 0
    """In training a line is read after so many of those before it on its page at most, and learned from with
    them: so a network learns to keep to a hand.  One goes alone, the next after one line, and so on in turn."""

    @property
    def preparation(self) -> Preparation:
        """What is done to each line before its offsets are scaled."""
        return Preparation(self.level, self.height, self.step)


@dataclass(frozen=True)
class Loss:
    """The loss of a point."""

    pen_up_weight: float = 1.0
    """Weight of the log-loss of the pen where the stroke does end."""


@dataclass(frozen=True)
class Noise:
    """What keeps the network from learning its lines by heart."""

    dropout_layers: float = 0.0
    """Share of the values dropped between LSTM layers."""
    dropout_output: float = 0.0
    """Share of the values dropped before the output layer."""
    dropout_recurrent: float = 0.0
    """Share of the candidates that are not added to the cells, at each step by chance (recurrent dropout)."""
    input_probability: float = 0.0
    """Probability that an input point's offset gets noise."""
    input_sd: float = 1.0
    """Standard deviation of that noise, in scaled units."""
    stretch: float = 0.0
    """Each line's x and y are each multiplied by a chance number within 1 ± this."""
    slant: float = 0.0
    """Each line is slanted by a chance number within ± this, x moved a unit of y."""
    turn: float = 0.0
    """Each line is turned by a chance angle within ± this, in radians."""
    untexted: float = 0.0
    """Share of the lines whose text is taken away, so that the network can also write without one."""
    weight_sd: float = 0.0
    """Standard deviation of the noise on every weight, drawn anew for each batch (Graves 2013, section 3.1)."""
    adaptive: bool = False
    """Adaptive weight noise: a standard deviation for each weight is learned with it, by description length
    (Graves 2011); best begun from trained weights, with hw train --from."""
    adaptive_sd: float = 0.075
    """The standard deviation that every weight begins with when the noise is adaptive."""
    adaptive_rate: float = 0.01
    """Learning rate of the logarithms of those standard deviations; it rises and falls as ``optimiser.rate``
    does over the run."""


@dataclass(frozen=True)
class Bptt:
    """Truncated back-propagation through time: every ``stride`` points, back ``length`` points."""

    stride: int = 100
    """k1 of Sutskever's thesis (2013, section 2.8.6); 0: the whole line."""
    length: int = 100
    """k2; 0: the whole line."""
    update: str = "block"
    """Change the weights after each "block" or once a "line" (a batch of lines)."""


@dataclass(frozen=True)
class Optimiser:
    """How a gradient changes the weights."""

    kind: str = "adam"
    """"adam" (Kingma and Ba 2015) or "rmsprop" (with both moments: Graves 2013, equations 38 to 45)."""
    rate: float = 1e-3
    """Learning rate."""
    beta1: float = 0.9
    """Adam: decay of the gradient's mean."""
    beta2: float = 0.999
    """Adam: decay of the mean of its square."""
    epsilon: float = 1e-8
    """Adam: added to the root of that, so that nothing is divided by 0."""
    decay: float = 0.95
    """RMSProp: decay of both moments."""
    momentum: float = 0.9
    """RMSProp: decay of the change itself."""
    damping: float = 1e-4
    """RMSProp: added inside the root, so that nothing is divided by 0."""
    gradient: str = "point"
    """The gradient is that of the mean loss of a "point" or of the mean summed loss of a "line"."""
    clip_norm: float = 0.0
    """Largest norm of the whole gradient; 0: no limit."""
    clip_outputs: float = 0.0
    """Largest derivative of a line's loss at an output unit (Graves: 100); 0: no limit."""
    clip_cells: float = 0.0
    """Largest derivative of a line's loss at an LSTM cell's pre-activations (Graves: 10); 0: no limit."""
    schedule: str = "constant"
    """The rate over the epochs: "constant", or "cosine" down to ``final_rate``."""
    final_rate: float = 0.03
    """Share of ``rate`` that is left at the end of a cosine schedule."""
    warmup: int = 0
    """Batches over which the rate rises from 0."""


@dataclass(frozen=True)
class Training:
    """The course of a training run."""

    batch: int = 32
    """Lines a batch."""
    epochs: int = 20
    """Passes over the training lines."""
    validate_every: int = 0
    """Batches between two validations; 0: once an epoch."""
    patience: int = 0
    """Validations without a better result after which to stop; 0: never."""
    validate_first: bool = False
    """Validate before the first batch too, so that what is kept is never worse than what it began with."""
    precision: str = "auto"
    """Of the matrix products: "float32", "bfloat16", or "auto": bfloat16 where the processor is made for it."""


@dataclass(frozen=True)
class Tuning:
    """How a trained model takes on one hand, of which there are few lines (hw train --fine-tune)."""

    rehearsal: float = 0.0
    """For every line that is learned from, so many that the model wrote before it learned anything.  A run with
    such lines cannot be resumed."""
    lines: int = 96
    """Of such lines so many are written."""
    lead: int = 100
    """Points at the beginning of such a line that are read only: the network rehearses how to go on in any
    hand, and learns to begin in the one hand."""
    average: float = 0.0
    """What is validated and written is a mean of the weights, in which those before a batch count this share;
    0: the weights themselves."""
    rank: int = 0
    """Learn of each matrix a change of this rank only, and the biases (Hu et al. 2022); 0: all weights."""


@dataclass(frozen=True)
class Config:
    """All of it; each section is a table of the TOML file."""

    network: Network = field(default_factory=Network)
    data: Data = field(default_factory=Data)
    loss: Loss = field(default_factory=Loss)
    noise: Noise = field(default_factory=Noise)
    bptt: Bptt = field(default_factory=Bptt)
    optimiser: Optimiser = field(default_factory=Optimiser)
    training: Training = field(default_factory=Training)
    tuning: Tuning = field(default_factory=Tuning)

    def __post_init__(self) -> None:
        """Check every value; raises ConfigError."""
        _check_ranges(self)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the sections as plain dictionaries."""
        return dataclasses.asdict(self)

    def updated(self, changes: Mapping[str, Any]) -> Config:
        """Return the configuration with the sections of ``changes`` laid over it; raises ConfigError."""
        sections = {f.name for f in dataclasses.fields(self)}
        parts = {}
        for name, values in changes.items():
            if name not in sections:
                raise ConfigError(f"unknown section [{name}]; there are {_listed(sections)}")
            if not isinstance(values, Mapping):
                raise ConfigError(f"{name} is a section; write {name}.KEY = VALUE")
            parts[name] = _section_updated(name, getattr(self, name), values)
        return dataclasses.replace(self, **parts)


CHOICES = {
    "network.kind": ("mixture", "regression"),
    "data.scale": ("axis", "common", "spread"),
    "bptt.update": ("block", "line"),
    "optimiser.kind": ("adam", "rmsprop"),
    "optimiser.gradient": ("point", "line"),
    "optimiser.schedule": ("constant", "cosine"),
    "training.precision": ("auto", "float32", "bfloat16"),
}
AT_LEAST_ONE = {
    "network.layers", "network.units", "network.mixtures", "training.batch", "training.epochs", "tuning.lines",
    "data.rare_times",
}  # fmt: skip
ABOVE_ZERO = {"noise.adaptive_sd"}
BELOW_ONE = {
    "noise.stretch", "noise.dropout_layers", "noise.dropout_output", "noise.dropout_recurrent",
    "optimiser.beta1", "optimiser.beta2", "optimiser.decay", "optimiser.momentum", "tuning.average",
}  # fmt: skip
MOST_CHARACTERS = 4096
LARGEST = 10**12
"""Of any number of a configuration: more has no use, and overflows somewhere."""
AT_MOST = {
    "noise.input_probability": 1, "noise.untexted": 1,
    "network.layers": 64, "network.units": 65536, "network.mixtures": 4096, "network.window": 1024,
    "data.rare_times": 1000, "tuning.rehearsal": 100, "tuning.lines": 65536, "tuning.rank": 1024,
}  # fmt: skip


def _section_updated(section: str, current: Any, values: Mapping[str, Any]) -> Any:
    types = {f.name: type(getattr(current, f.name)) for f in dataclasses.fields(current)}
    changes = {}
    for key, value in values.items():
        if key not in types:
            raise ConfigError(f"unknown key {section}.{key}; [{section}] has {_listed(types)}")
        wanted = types[key]
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ConfigError(f"{section}.{key}: its absolute value is above {LARGEST:g}")
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted:
            raise ConfigError(f"{section}.{key}: {value!r:.60} is not {_TYPE_NAMES[wanted]}")
        changes[key] = value
    return dataclasses.replace(current, **changes)


_TYPE_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}


def _check_ranges(config: Config) -> None:
    for section, values in config.to_dict().items():
        for key, value in values.items():
            name = f"{section}.{key}"
            if name == "network.characters":
                _check_characters(value)
            elif isinstance(value, str):
                if value not in CHOICES[name]:
                    raise ConfigError(f"{name}: {value!r} is not one of {_listed(CHOICES[name])}")
            elif not isinstance(value, bool):
                _check_number(name, value)
    _check_bptt(config.bptt)
    if config.noise.adaptive and config.noise.weight_sd:
        raise ConfigError("noise.weight_sd and noise.adaptive: weights have noise of one kind")


def _check_number(name: str, value: float) -> None:
    least = 1 if name in AT_LEAST_ONE else 0
    if not value >= least:
        raise ConfigError(f"{name}: {value} is below {least}")
    if name in ABOVE_ZERO and not value:
        raise ConfigError(f"{name}: {value} is not above 0")
    if name in BELOW_ONE and value >= 1:
        raise ConfigError(f"{name}: {value} is not below 1")
    most = AT_MOST.get(name, LARGEST)
    if value > most:
        raise ConfigError(f"{name}: {value} is above {most:g}")


def _check_characters(characters: str) -> None:
    if not characters or len(set(characters)) != len(characters):
        raise ConfigError("network.characters: at least one character, and each of them once")
    if any("\ud800" <= character <= "\udfff" for character in characters):
        raise ConfigError("network.characters: not Unicode text")
    if len(characters) > MOST_CHARACTERS:
        raise ConfigError(f"network.characters: more than {MOST_CHARACTERS}")


def _check_bptt(bptt: Bptt) -> None:
    if bptt.length and (bptt.stride > bptt.length or not bptt.stride):
        raise ConfigError(
            f"bptt.stride {bptt.stride} is longer than bptt.length {bptt.length}: points would be left out"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def preset_names() -> list[str]:
    """Return the names of the presets that come with the program."""
    folder = resources.files("hwcli.model") / "presets"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def preset_text(name: str) -> str:
    """Return the TOML text of the preset ``name``; raises ConfigError when there is none."""
    if name not in preset_names():
        raise ConfigError(f"no preset {name!r}; there are {_listed(preset_names())}")
    return (resources.files("hwcli.model") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


def read_config(text: str, source: str, base: Config | None = None) -> Config:
    """Return ``base`` (default: the defaults) with the TOML ``text`` laid over it.

    ``source`` is what messages call the text.  Raises ConfigError.
    """
    try:
        return (base or Config()).updated(parsed(text))
    except (ValueError, ConfigError) as error:
        raise ConfigError(f"{source}: {error}") from error


def setting(assignment: str) -> dict[str, dict[str, Any]]:
    """Return the change that ``SECTION.KEY=VALUE`` stands for, VALUE as in TOML or a bare word.

    Raises ConfigError when it has another form.
    """
    name, equals, value = assignment.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot and section and key):
        raise ConfigError(f"--set {assignment}: write SECTION.KEY=VALUE, for example bptt.length=200")
    return {section: {key: value_of(value.strip())}}


def config_text(config: Config) -> str:
    """Return ``config`` as TOML, every value of it."""
    lines = []
    for section, values in config.to_dict().items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {as_toml(value)}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)
