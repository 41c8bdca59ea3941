"""Where to write a text beside each point of a crowded figure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

_DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]
_REACH = (7, 14, 22, 34, 48, 66, 90)  # points away from the point, tried from near to far


def place_labels(
    ax: Axes,
    points: np.ndarray,
    texts: Sequence[str],
    looks: Sequence[Mapping[str, Any]] | None = None,
) -> list[Annotation]:
    """Write a text beside each point, nearest free place first, with a line where it is not near.

    Points at the edge of the crowd are served first. Set the axes' limits and the figure's size
    before: places are found in pixels. A place is free when it covers no other text and no point
    and lies within the axes; where all are taken, one that covers fewest is used.

    Parameters
    ----------
    points : (n, 2) in data coordinates. texts : one per point.
    looks : properties of each text, such as ``{"color": "black"}``.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> ax = plt.figure().add_subplot(xlim=(0, 1), ylim=(0, 1))
    >>> placed = place_labels(ax, np.array([[0.5, 0.5], [0.5, 0.5]]), ["one", "two"])
    >>> boxes = [text.get_window_extent() for text in placed]
    >>> bool(boxes[0].overlaps(boxes[1]))
    False
    >>> plt.close()
    """
    ax.figure.canvas.draw()
    scale, frame = ax.figure.dpi / 72, ax.get_window_extent()
    pixels = ax.transData.transform(np.asarray(points, dtype=float))
    taken = [Bbox.from_bounds(x, y, 0, 0).padded(4.5 * scale) for x, y in pixels]
    order = np.argsort(-np.hypot(*(pixels - np.median(pixels, axis=0)).T), kind="stable")
    placed: dict[int, Annotation] = {}
    middle: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center"}
    for i in map(int, order):
        look = {"fontsize": 8, **(looks[i] if looks else {})}
        placed[i] = ax.annotate(texts[i], points[i], xytext=(0, 0), **middle, **look)
        box = placed[i].get_window_extent()
        steps = [
            (dx * (reach * scale + box.width / 2), dy * (reach * scale + box.height / 2))
            for reach, (dx, dy) in itertools.product(_REACH, _DIRECTIONS)
        ]
        step = min(steps, key=lambda step: _cost(box.translated(*step), taken, frame))
        taken.append(box.translated(*step))
        offset = (step[0] / scale, step[1] / scale)
        placed[i].set_position(offset)
        if max(abs(step[0]) - box.width / 2, abs(step[1]) - box.height / 2) > 9 * scale:
            line = {"arrowstyle": "-", "linewidth": 0.5, "color": "#606060", "relpos": (0.5, 0.5)}
            arrow = ax.annotate("", points[i], offset, arrowprops=line, **middle)
            arrow.set_zorder(0)
    return [placed[i] for i in sorted(placed)]


def _cost(box: Bbox, taken: Sequence[Bbox], frame: Bbox) -> int:
    """How many texts and points a place covers; more than all where it leaves the axes."""
    within = frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)
    return int(box.count_overlaps(taken)) + (0 if within else 1000)
