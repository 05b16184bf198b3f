#!/usr/bin/env python3
"""Write the model whose weights are the mean of those of others, which training led to from the same one.

    python3 examples/average_models.py after-20.h5 after-22.h5 -o compact.h5

Late in training the weights go to and fro around a point that is better than most of those that they pass
(Polyak and Juditsky 1992; Izmailov et al. 2018, for networks).  The models have one shape, one scale and one
form of ink; all else is taken from the last.  What hw eval measures of the mean is not in it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from hwcli import stdio
from hwcli.errors import HwError
from hwcli.model.file import Model, Weights, read_model, write_model


def form_of(model: Model) -> tuple[object, ...]:
    """Return what models have to have in common."""
    return model.config.network, model.config.data, model.scale, model.height


def mean_of(models: list[Model], names: list[str]) -> Model:
    """Return the mean of ``models``, called ``names``; raises HwError where they do not belong together."""
    last = models[-1]
    for model, name in zip(models, names, strict=True):
        if form_of(model) != form_of(last):
            raise HwError(f"{name}: of another network, form of ink or scale than {names[-1]}")
        if model.licence != last.licence:
            raise HwError(f"{name}: under other terms than {names[-1]}")
    weights: Weights = {
        name: np.stack([model.weights[name] for model in models]).mean(0, np.float64).astype(np.float32)
        for name in last.weights
    }
    return replace(last, weights=weights, history=[], made=[*last.made, f"the mean of {', '.join(names)}"])


def failed(reason: str) -> int:
    """Say why, and return the exit code."""
    print(f"average_models.py: {reason}", file=sys.stderr)
    return 1


def main() -> int:
    """Write what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--half", action="store_true", help="store 16-bit numbers")
    given = parser.parse_args()
    try:
        models = []
        for path in given.models:
            with path.open("rb") as file:
                models.append(read_model(file, str(path)))
        mean = mean_of(models, [path.name for path in given.models])
        with stdio.open_output(given.output, binary=True) as file:
            write_model(file, mean, "float16" if given.half else "float32")
    except HwError as error:
        return failed(str(error))
    except OSError as error:
        return failed(f"{error.filename}: {stdio.explain(error)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
