"""Drawings without a scale: prefectures as tiles of one size, and the chart of an organisation.

A map of tiles needs no borders and hides no small prefecture.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch, Rectangle

from analysis.figures.gallery import PALETTE, SMALL
from analysis.figures.plots import COLUMN, MIDDLE, ink, legend_above, stack_bars, wrap_labels
from analysis.text import Language, label, labels
from analysis.yaml_file import packaged

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# one hue from light to dark: read in grey and with every colour vision
STEPS = ("#eaf1f5", "#b9d3e0", "#7fb0c9", "#3f7fa3", "#173f5f")
MISSING, OUTLINE = "#ffffff", "#6b7580"


def places() -> dict[str, tuple[int, int]]:
    """Column and row of each prefecture's tile, by the two digits of its code.

    >>> len(places()), places()["01"]
    (47, (11, 0))
    """
    rows = [line.split() for line in packaged("diagrams.yml")["tiles"]]
    return {c: (x, y) for y, row in enumerate(rows) for x, c in enumerate(row) if c != ".."}


def prefectures(
    frame: pd.DataFrame, *, codes: Mapping[str, str], language: Language = "ja"
) -> Axes:
    """A map of tiles: how large a share of the municipalities of each prefecture answered so.

    Parameters
    ----------
    frame : columns prefecture, share (0 to 1; missing where nobody was asked).
    codes : the two digits of each prefecture's code.
    """
    steps_of = np.digitize(frame["share"].astype(float), EDGES[1:-1])
    shades = np.where(frame["share"].isna(), MISSING, np.array(STEPS)[steps_of])
    grounds = dict(zip(frame["prefecture"].map(codes), shades, strict=True))
    steps = [f"{100 * low:.0f}–{100 * high:.0f}%" for low, high in itertools.pairwise(EDGES)]
    return _map(grounds, dict(zip(steps, STEPS, strict=True)), "share_of_municipalities", language)


def respondents(frame: pd.DataFrame, *, language: Language = "ja") -> Axes:
    """A map of tiles that marks where the respondents are: columns code (two digits), count."""
    homes = dict.fromkeys(frame["code"], STEPS[3])
    grounds = dict.fromkeys(places(), MISSING) | homes
    return _map(grounds, {label("figure.here", language): STEPS[3]}, "", language)


def _map(
    grounds: Mapping[str, str], legend: Mapping[str, str], title: str, language: Language
) -> Axes:
    """Tiles of these colours by code, with a legend of the colours."""
    figure, ax = plt.subplots(figsize=(COLUMN, 1.04 * COLUMN + 0.5))
    names, at = labels("prefecture_short", language), places()
    for code, ground in grounds.items():
        x, y = at[code]
        ax.add_patch(Rectangle((x, y), 0.94, 0.94, facecolor=ground, edgecolor=OUTLINE, lw=0.4))
        ax.text(x + 0.47, y + 0.47, names[code], color=ink(ground), **MIDDLE)
    ax.set(xlim=(-0.05, 12), ylim=(12, -0.05), aspect="equal", xticks=[], yticks=[])
    ax.set_axis_off()
    patches = [Patch(facecolor=c, edgecolor=OUTLINE, label=text) for text, c in legend.items()]
    look: dict[str, Any] = {"frameon": False, "title_fontsize": "medium", "alignment": "left"}
    look["title"] = label(f"figure.{title}", language) if title else None
    figure.legend(handles=patches, loc="outside lower left", ncols=3, **look)
    return ax


# --- an organisation ------------------------------------------------------------------------------

WIDTH = 3.7  # inches: half the width of A4, with its letters
HEIGHT = 0.72


def organisation(boxes: pd.DataFrame, staff: pd.DataFrame, *, language: Language = "ja") -> Figure:
    """A chart of boxes over stacked bars.

    Parameters
    ----------
    boxes : columns box (of `BOXES`), name, state, there.
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
    present: dict[str, Any] = {"facecolor": "#dce6ec", "edgecolor": PALETTE[0], "linestyle": "-"}
    absent: dict[str, Any] = {"facecolor": "white", "edgecolor": "#858585", "linestyle": "--"}
    for id, name, state, there in boxes[["box", "name", "state", "there"]].to_numpy():
        left, bottom, width = packaged("diagrams.yml")["boxes"][id]
        corner, look = (left + 0.04, bottom + 0.04), present if there else absent
        box = FancyBboxPatch(corner, width - 0.08, HEIGHT - 0.08, boxstyle="round,pad=0.04", **look)
        ax.add_patch(box)
        text = "\n".join(wrap_labels([name, state], 8.5 * width))
        colour = "black" if there else "#595959"
        ax.text(left + width / 2, bottom + HEIGHT / 2, text, color=colour, **MIDDLE)
    ax.set(xlim=(-0.02, 3.22), ylim=(-0.04, 1.0 + HEIGHT + 0.04), xticks=[], yticks=[])
    ax.set_axis_off()


def _bars(ax: Axes, staff: pd.DataFrame, language: Language) -> None:
    rows, widest = staff.iloc[::-1], float(staff.sum(axis=1).max())
    persons = rows.fillna(0.0)
    texts = persons.map("{:g}".format).where(persons > 0.06 * widest, "")
    looks = {
        kind: {"height": 0.5, "color": to_hex(colour), "label": kind}
        for kind, colour in zip(rows, sns.color_palette("colorblind"), strict=False)
    }
    stack_bars(ax, np.arange(len(rows)), persons, looks, texts)
    between = label("answers.separator", language)
    # over the bars, so that they take no width from the chart
    for place, (group, line) in enumerate(rows.iterrows()):
        listed = between.join(line.index[line.isna()])
        unknown = label("organisation_figure.no_value", language, kinds=listed) if listed else ""
        ax.text(0, place + 0.3, f"{group}　{unknown}".strip(), va="bottom", fontsize=SMALL)
    ax.set(yticks=[], ylim=(-0.4, len(rows) - 0.25), xlim=(0, max(widest, 1.0) * 1.02))
    ax.set_xlabel(label("organisation_figure.persons", language))
    sns.despine(ax=ax, left=True)
    legend_above(ax)
