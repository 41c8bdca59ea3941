"""Figures of scales: diverging bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from analysis.figures import PALETTE
from analysis.plots import axes_for, legend_above, lightness, without_frame, wrapped
from analysis.text import Language


def plot_likert(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Diverging bars: a row an item, a column a point of the scale from low to high, counts.

    Shares of those who answered the item; the middle of the scale stands on zero, so that a bar's
    place shows which side prevails.
    """
    shown = data.iloc[::-1]
    ax = axes_for(ax, len(shown) * 1.5, 1.3)
    totals = shown.sum(axis=1).to_numpy(float)
    shares = shown.to_numpy(float) / np.where(totals > 0, totals, 1.0)[:, None] * 100
    middle = shares.shape[1] / 2
    below = shares[:, : int(middle)].sum(axis=1)
    left = -(below + (shares[:, int(middle)] / 2 if middle % 1 else 0.0))
    colours = _scale_colours(shares.shape[1])
    places = np.arange(len(shown))
    for at, name in enumerate(shown.columns):
        width = shares[:, at]
        ax.barh(places, width, left=left, color=colours[at], edgecolor="white", label=str(name))
        ink = "white" if lightness(colours[at]) < 0.25 else "#1b1f23"
        for place, start, share in zip(places, left, width, strict=True):
            if share >= 6:
                ax.text(
                    start + share / 2,
                    float(place),
                    f"{share:.0f}",
                    ha="center",
                    va="center",
                    fontsize="small",
                    color=ink,
                )
        left = left + width
    for place, total in zip(places, totals, strict=True):
        ax.text(103, float(place), f"n={int(total):,}", va="center", fontsize="small")
    ax.axvline(0, color="#6b7580", linewidth=0.8, zorder=0)
    ax.set_yticks(places, wrapped(shown.index, 22 if language == "ja" else 36))
    ax.set_xlim(-100, 100)
    ax.set_xticks([-100, -50, 0, 50, 100], ["100", "50", "0", "50", "100"])
    ax.set_xlabel(
        "各項目に回答した団体に占める割合（％）"
        if language == "ja"
        else "Share of those answering the item (%)"
    )
    legend_above(ax)
    return without_frame(ax)


def _scale_colours(points: int) -> list[str]:
    """From the low to the high end of a scale; dark at both ends, light in the middle."""
    scale = sns.blend_palette([PALETTE[3], "#eeb9a4", "#e4e4e4", "#a5cfe0", PALETTE[0]], points)
    return [to_hex(colour) for colour in scale]
