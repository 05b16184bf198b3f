"""Truncated back-propagation through time: how a line is cut into blocks.

Every k1 points the loss of those points is propagated back over the k2 points before their end (Williams and
Peng 1990, BPTT(h; h'); Sutskever 2013, section 2.8.6).  Each point's loss counts once.  The state is carried
from block to block, the gradient is not.

- k1 = k2: blocks lie side by side, the style of TensorFlow's static graphs.
- k1 < k2: blocks overlap; the points that they share are run again with the present weights.
- k2 = the line: the gradient reaches back to the first point.
"""

from __future__ import annotations

from typing import NamedTuple


class Block(NamedTuple):
    """Steps ``start`` to ``stop`` of a line; the loss of those from ``counted`` on is propagated."""

    start: int
    stop: int
    counted: int
    advance: int
    """The next block begins with the state after this many steps of this one."""


def cut_blocks(steps: int, stride: int, length: int) -> list[Block]:
    """Cut ``steps`` predictions into blocks of ``length`` (k2) points, one each ``stride`` (k1) points.

    A stride or length of 0 stands for the whole line.
    """
    stride = min(stride or steps, steps)
    length = length or steps + stride
    blocks = []
    for counted in range(0, steps, stride):
        stop = min(counted + stride, steps)
        start = max(0, counted + stride - length)
        next_start = max(0, counted + 2 * stride - length)
        blocks.append(Block(start, stop, counted, min(next_start, stop) - start))
    return blocks
