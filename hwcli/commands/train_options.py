"""The options of ``hw train`` that no other command has, in the order of its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwcli.commands import fine_tuning, training_setup as setup

# Not by hwcli.model.config, which would load NumPy for each --help.
PRESETS = sorted(path.stem for path in (Path(__file__).parents[1] / "model" / "presets").glob("*.toml"))


def _preset_names(incomplete: str) -> list[str]:
    return [name for name in PRESETS if name.startswith(incomplete)]


def _ways_to_distribute(incomplete: str) -> list[str]:
    return [way for way in setup.WAYS if way.startswith(incomplete)]


Strokes = Annotated[
    str, typer.Argument(metavar="[STROKES]", help="The stroke file, from hw ingest; - is stdin.")
]
ModelOutput = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The model, the best by validation so far; its checkpoint stands beside it.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        autocompletion=_preset_names,
        help=f"The network and its training: {', '.join(PRESETS[:-1])} or {PRESETS[-1]}.",
    ),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="TOML laid over the preset.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="A value laid over both; repeatable."),
]
DumpConfig = Annotated[
    bool, typer.Option("--dump-config", help="Write the whole configuration as TOML to stdout and end.")
]
Valid = Annotated[
    str | None,
    typer.Option(
        "--valid",
        metavar="FILE|FRACTION",
        help="Validate on a share of the lines (0.05; one hand: 0.15), listed ids or a strokes file; 0: none.",
    ),
]
StartFrom = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MODEL",
        help="Begin with this model's weights, network and form of ink; bundled: the one that comes along.",
    ),
]
FineTune = Annotated[
    bool | None,
    typer.Option(
        "--fine-tune/--no-fine-tune",
        show_default=False,
        help=f"Take on one hand of few lines; as it is up to {fine_tuning.FEW_LINES} --from a model.",
    ),
]
Small = Annotated[
    bool, typer.Option("--small", help="Fine-tune little: a hand of some KB beside the bundled model.")
]
Preview = Annotated[
    Path | None,
    typer.Option("--preview", metavar="DIR", help="Draw what the model of --from writes before and after."),
]
BpttStride = Annotated[
    int | None,
    typer.Option("--bptt-stride", min=0, metavar="K1", help="Go back every K1 points; 0: once a line."),
]
BpttLength = Annotated[
    int | None,
    typer.Option("--bptt-length", min=0, metavar="K2", help="Go back over K2 points; 0: to the start."),
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Passes over the lines.")]
Patience = Annotated[
    int | None,
    typer.Option("--patience", min=0, metavar="N", help="Stop after N validations with no gain; 0: never."),
]
MaxTime = Annotated[
    str | None, typer.Option("--max-time", metavar="TIME", help="Stop after this long: 90s, 40m, 1h30m.")
]
MaxBatches = Annotated[
    int | None,
    typer.Option("--max-batches", min=0, metavar="N", help="Stop after N batches in all."),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on from the checkpoint, exactly where it stopped."),
]
SaveEvery = Annotated[
    str, typer.Option("--save-every", metavar="TIME", help="How often the checkpoint is written.")
]
Log = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="Append the run's figures here, as JSON lines.")
]
TensorBoard = Annotated[
    Path | None, typer.Option("--tensorboard", metavar="DIR", help="Write the figures for TensorBoard too.")
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, metavar="N", help="Cores to use; all when absent.")
]
Distribute = Annotated[
    str,
    typer.Option(
        "--distribute",
        metavar="HOW",
        autocompletion=_ways_to_distribute,
        help="Over several GPUs (mirrored) or machines (multiworker); auto: what there is; or none.",
    ),
]
Half = Annotated[
    bool, typer.Option("--half", help="Store the model's weights as 16-bit numbers, if these hold them.")
]
Licence = Annotated[
    str | None,
    typer.Option("--licence", metavar="TEXT", help="Terms of the data, kept in the model."),
]
