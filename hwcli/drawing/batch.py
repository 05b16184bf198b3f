"""Many images, one a drawing, by several processes at once.

Drawings go out in batches and the lines of the list come back in their order; only a few batches are under way
at any time, so the memory that it takes does not grow with their number.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from hwcli import stdio
from hwcli.drawing.boxes import boxes
from hwcli.drawing.layout import Layout, lay_out
from hwcli.drawing.sheet import Sheet
from hwcli.drawing.style import Style
from hwcli.errors import HwError
from hwcli.ink.drawing import Drawing

BATCH = 32
WORTH = 4
"""Batches before which no other process is started: it takes as long to start as they take to draw."""


@dataclass(frozen=True)
class Recipe:
    """How the images of a folder are drawn: ``scale`` in millimetres a unit of the ink, None: each its own."""

    folder: str
    kind: str
    layout: Layout
    style: Style
    dpi: float
    scale: float | None


def draw_all(numbered: Iterator[tuple[int, Drawing]], recipe: Recipe, jobs: int) -> Iterator[bytes]:
    """Draw the ``numbered`` drawings into a file each, by ``jobs`` processes; yield the list's lines in order.

    Raises
    ------
    HwError: an image cannot be drawn or written.
    """
    batches = iter(lambda: list(islice(numbered, BATCH)), [])
    few = [] if jobs == 1 else list(islice(batches, WORTH))
    if len(few) < WORTH:
        for batch in itertools.chain(few, batches):
            yield draw_batch(batch, recipe)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _follow_the_first)
    waiting: deque[Future[bytes]] = deque()
    try:
        for batch in itertools.chain(few, batches):
            with _deaf_to_ctrl_c():
                waiting.append(pool.submit(draw_batch, batch, recipe))
            if len(waiting) > 2 * jobs + WORTH:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise HwError("a process that draws images was ended from outside") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Have processes that start meanwhile pass over Ctrl-C from their first moment on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_the_first() -> None:
    """Leave it to the process that started this one when to end, and end with it when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nothing else tells: each process of a pool holds both ends of the pipe that its work comes from.
    threading.Thread(target=_end_after_the_first, daemon=True).start()


def _end_after_the_first() -> None:
    first = parent_process()
    assert first is not None
    first.join()
    os._exit(1)


def draw_batch(batch: list[tuple[int, Drawing]], recipe: Recipe) -> bytes:
    """Draw the numbered drawings of a ``batch`` into files; return their lines of the list.

    Raises
    ------
    HwError: an image cannot be drawn or written.
    """
    return b"".join(_draw(number, drawing, recipe) for number, drawing in batch)


def _draw(number: int, drawing: Drawing, recipe: Recipe) -> bytes:
    name = f"{number:08}.{recipe.kind}"
    sheet = lay_out([drawing], recipe.layout, recipe.scale)
    buffer = io.BytesIO()
    size = _write(sheet, recipe, buffer)
    stdio.write_whole(Path(recipe.folder, name), buffer.getvalue())
    extra = drawing.extra
    record: dict[str, Any] = {
        "file": name,
        "text": drawing.text,
        "id": drawing.id,
        "style": extra.get("style"),
        **({"hand": extra["hand"]} if "hand" in extra else {}),
        "seed": extra.get("seed"),
        **({"writer": drawing.writer} if drawing.writer else {}),
        **size,
        **boxes(sheet, recipe.layout.pen, recipe.dpi if recipe.kind == "png" else None),
    }
    return (json.dumps(record, ensure_ascii=False) + "\n").encode()


def _write(sheet: Sheet, recipe: Recipe, buffer: io.BytesIO) -> dict[str, float]:
    """Write the image of ``sheet``; return its size: in pixels, or in millimetres."""
    if recipe.kind == "png":
        from hwcli.drawing.raster import size_in_pixels, write_png

        write_png(sheet, recipe.style, recipe.dpi, buffer)
        width, height = size_in_pixels(sheet, recipe.dpi)
        return {"width": width, "height": height}
    if recipe.kind == "pdf":
        from hwcli.drawing.raster import write_document

        write_document([sheet], recipe.style, "pdf", buffer)
    else:
        from hwcli.drawing.svg import write_svg

        write_svg(sheet, recipe.style, buffer)
    return {"width_mm": sheet.width, "height_mm": sheet.height}
