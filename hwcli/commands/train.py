"""``hw train``: strokes in, a model out."""

from __future__ import annotations

from hwcli import stdio
from hwcli.commands import fine_tuning, train_options, training_setup as setup
from hwcli.commands.given import open_strokes, read_model
from hwcli.errors import UsageError
from hwcli.options import Force, Quiet, Seed, Verbose, settled_seed
from hwcli.threads import one_core_a_product

VALIDATED = "0.05"
"""The share of the lines that is validated on, where nothing else is said."""


def run(
    strokes: train_options.Strokes = stdio.STREAM,
    output: train_options.ModelOutput = None,
    preset: train_options.Preset = None,
    config: train_options.ConfigFile = None,
    settings: train_options.Settings = None,
    dump_config: train_options.DumpConfig = False,
    valid: train_options.Valid = None,
    start_from: train_options.StartFrom = None,
    fine_tune: train_options.FineTune = None,
    small: train_options.Small = False,
    preview: train_options.Preview = None,
    bptt_stride: train_options.BpttStride = None,
    bptt_length: train_options.BpttLength = None,
    epochs: train_options.Epochs = None,
    patience: train_options.Patience = None,
    max_time: train_options.MaxTime = None,
    max_batches: train_options.MaxBatches = None,
    resume: train_options.Resume = False,
    save_every: train_options.SaveEvery = "5m",
    log: train_options.Log = None,
    tensorboard: train_options.TensorBoard = None,
    threads: train_options.Threads = None,
    distribute: train_options.Distribute = "auto",
    half: train_options.Half = False,
    licence: train_options.Licence = None,
    seed: Seed = None,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train a network on a strokes file.

    It learns to predict each next point, by truncated back-propagation through time. Ctrl-C saves; --resume
    goes on from there. --from a model with a few lines by one hand it takes on that hand in minutes.
    """
    asked = fine_tuning.Asked(fine_tune, small, preview)
    shorthands = {
        "bptt.stride": bptt_stride,
        "bptt.length": bptt_length,
        "training.epochs": epochs,
        "training.patience": patience,
    }
    changes = setup.Changes.of(preset, config, settings, shorthands)
    if resume and (preset or config or start_from or seed is not None):
        raise UsageError("--resume goes on with the checkpoint's network and seed; only --set can change how")
    if output is None and (resume or not dump_config):
        raise UsageError("name the model to write with -o")
    asked.check(start_from, resume, force)
    one_core_a_product()
    begun = setup.read_beginning(start_from, output if resume else None)
    chosen = changes.over(begun, asked if asked.is_sure else None)
    if dump_config or output is None:
        setup.write_config(chosen)
        return
    how_long = setup.HowLong.of(max_time, save_every, max_batches)
    cores, devices = setup.prepare_tensorflow(threads, distribute, tensorboard)

    from hwcli.commands.training_files import files_of
    from hwcli.commands.training_output import follow

    files = files_of(devices.is_chief, output, log, tensorboard, resume, force)
    files.refuse_shared(strokes, valid, start_from)
    with files.kept(resume, force), open_strokes(strokes) as reader:
        if resume:  # again: until its files were kept from them, another run may have gone on with it
            begun = setup.read_beginning(None, output)
            chosen = changes.over(begun, None)
        tunes = asked.decide(len(reader), begun.model is not None and not changes.are_any)
        if tunes:
            chosen, files = changes.over(begun, asked), files.of_fine_tuning(begun.model if small else None)
        yours = fine_tuning.first_lines(reader) if preview is not None else []
        seed = devices.agreed(0 if resume or not devices.is_chief else settled_seed(seed))
        terms = begun.terms(reader.history, licence, half)
        held_out = valid or (fine_tuning.HELD_BACK if tunes else VALIDATED)
        with setup.opened_run(reader, held_out, chosen, begun, seed, cores, terms, devices) as training_run:
            caught = follow(training_run, how_long, files)
    if preview is not None and begun.model and caught.signal is None and devices.is_chief:
        fine_tuning.write_preview(preview, yours, begun.model, read_model(output), seed, force)
    caught.end_as_it_asked()
