"""Labels of points that do not cover each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

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
    looks: Sequence[Mapping[str, object]] | None = None,
) -> list[Annotation]:
    """Write a text beside each point, nearest free place first, with a line where it is not near.

    Points at the edge of the crowd are served first. Set the axes' limits and the figure's size
    before: places are found in pixels. A place is free when it covers no other text and no point
    and lies within the axes; where all are taken, the one that covers least is used.

    Parameters
    ----------
    points : (n, 2) in data coordinates.
    texts : one per point; empty ones are not drawn.
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
    figure = ax.figure
    figure.canvas.draw()
    scale = figure.dpi / 72
    pixels = ax.transData.transform(np.asarray(points, dtype=float))
    frame = ax.get_window_extent()
    taken = [_box(x, y, 9 * scale, 9 * scale, 0, 0) for x, y in pixels]
    middle = np.median(pixels, axis=0)
    order = np.argsort(-np.hypot(*(pixels - middle).T), kind="stable")
    placed: dict[int, Annotation] = {}
    for i in (i for i in order if texts[i]):
        text = ax.annotate(
            texts[i],
            points[i],
            xytext=(0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            **{"fontsize": 8, **(looks[i] if looks else {})},
        )
        size = text.get_window_extent()
        best, offset = np.inf, (0.0, 0.0)
        for reach, (dx, dy) in itertools.product(_REACH, _DIRECTIONS):
            step = (dx * (reach * scale + size.width / 2), dy * (reach * scale + size.height / 2))
            box = _box(pixels[i][0], pixels[i][1], size.width, size.height, step[0], step[1])
            cost = _covered(box, taken) + _outside(box, frame)
            if cost < best - 1e-9:
                best, offset = cost, step
            if best <= 0:
                break
        text.set_position((offset[0] / scale, offset[1] / scale))
        taken.append(
            _box(pixels[i][0], pixels[i][1], size.width, size.height, offset[0], offset[1])
        )
        gap = max(abs(offset[0]) - size.width / 2, abs(offset[1]) - size.height / 2)
        if gap > 9 * scale:
            line = {"arrowstyle": "-", "linewidth": 0.5, "color": "#606060", "relpos": (0.5, 0.5)}
            ax.annotate(
                "", points[i], text.get_position(), textcoords="offset points", arrowprops=line
            ).set_zorder(0)
        placed[int(i)] = text
    return [placed[i] for i in sorted(placed)]


Box = tuple[float, float, float, float]


def _box(x: float, y: float, width: float, height: float, dx: float, dy: float) -> Box:
    """Left, bottom, right, top in pixels."""
    return x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2


def _covered(box: Box, taken: list[Box]) -> float:
    """Area in square pixels that a box shares with those already taken."""
    all_boxes = np.array(taken)
    wide = np.minimum(box[2], all_boxes[:, 2]) - np.maximum(box[0], all_boxes[:, 0])
    high = np.minimum(box[3], all_boxes[:, 3]) - np.maximum(box[1], all_boxes[:, 1])
    return float((np.clip(wide, 0, None) * np.clip(high, 0, None)).sum())


def _outside(box: Box, frame: Bbox) -> float:
    """A penalty for leaving the axes."""
    over = (
        max(0.0, frame.x0 - box[0])
        + max(0.0, box[2] - frame.x1)
        + max(0.0, frame.y0 - box[1])
        + max(0.0, box[3] - frame.y1)
    )
    return 100.0 * over
