"""The small organisation chart of a profile, and its IT staff beside others."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from analysis.figures.gallery import PALETTE, SMALL
from analysis.figures.plots import ink, legend_above, wrapped
from analysis.text import Language, label

WIDTH = 3.7  # inches: half the width of A4, with its letters
PLACES = {  # left, bottom, width; in units of the chart
    "cio": (0.0, 1.0, 1.0),
    "cio_aide": (1.1, 1.0, 1.0),
    "cross_agency_body": (2.2, 1.0, 1.0),
    "policy_section": (0.0, 0.0, 1.55),
    "operations_section": (1.65, 0.0, 1.55),
    "joint": (0.0, 0.0, 3.2),
}
HEIGHT = 0.72
MIDDLE: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL}


def chart(boxes: pd.DataFrame, staff: pd.DataFrame, *, language: Language = "ja") -> Figure:
    """A chart of boxes over stacked bars.

    Parameters
    ----------
    boxes : columns box (of `PLACES`), name, state, there.
    staff : columns who, kind, persons; empty: the chart alone.
    """
    who, kinds = staff["who"].unique(), staff["kind"].unique()
    staff = staff.pivot(index="who", columns="kind", values="persons").loc[who, kinds]
    bars = not staff.empty
    heights = [1.45, 0.22 + 0.38 * len(staff)] if bars else [1.45]
    size = (WIDTH, sum(heights) + 0.6 * bars)
    figure, axes = plt.subplots(len(heights), figsize=size, height_ratios=heights, squeeze=False)
    _chart(axes[0, 0], boxes)
    if bars:
        _bars(axes[1, 0], staff, language)
    return figure


def _chart(ax: Axes, boxes: pd.DataFrame) -> None:
    known: dict[str, Any] = {"facecolor": "#dce6ec", "edgecolor": PALETTE[0], "linestyle": "-"}
    absent: dict[str, Any] = {"facecolor": "white", "edgecolor": "#858585", "linestyle": "--"}
    for id, name, state, there in boxes[["box", "name", "state", "there"]].to_numpy():
        left, bottom, width = PLACES[id]
        corner, look = (left + 0.04, bottom + 0.04), known if there else absent
        box = FancyBboxPatch(corner, width - 0.08, HEIGHT - 0.08, boxstyle="round,pad=0.04", **look)
        ax.add_patch(box)
        written = "\n".join(wrapped([name, state], 8.5 * width))
        colour = "black" if there else "#595959"
        ax.text(left + width / 2, bottom + HEIGHT / 2, written, color=colour, **MIDDLE)
    ax.set(xlim=(-0.02, 3.22), ylim=(-0.04, 1.0 + HEIGHT + 0.04))
    ax.set_axis_off()


def _bars(ax: Axes, staff: pd.DataFrame, language: Language) -> None:
    shown, left = staff.iloc[::-1], pd.Series(0.0, staff.index[::-1])
    widest = float(staff.sum(axis=1).max())
    for kind, colour in zip(shown, sns.color_palette("colorblind"), strict=False):
        values = shown[kind].fillna(0.0)
        ax.barh(range(len(shown)), values, left=left, height=0.5, color=colour, label=kind)
        for place, (value, start) in enumerate(zip(values, left, strict=True)):
            if value > 0.06 * widest:
                written, on = f"{value:g}", ink(to_hex(colour))
                ax.text(start + value / 2, place, written, color=on, **MIDDLE)
        left += values
    between = label("answers.separator", language)
    # over the bars, so that they take no width from the chart
    for place, (group, line) in enumerate(shown.iterrows()):
        listed = between.join(line.index[line.isna()])
        unknown = label("organisation_figure.no_value", language, kinds=listed) if listed else ""
        ax.text(0, place + 0.3, f"{group}　{unknown}".strip(), va="bottom", fontsize=SMALL)
    ax.set(yticks=[], ylim=(-0.4, len(shown) - 0.25), xlim=(0, max(widest, 1.0) * 1.02))
    ax.set_xlabel(label("organisation_figure.persons", language))
    sns.despine(ax=ax, left=True)
    legend_above(ax)
