"""Figures of the national context: published totals over years, respondents beside the nation."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import PALETTE
from analysis.plots import WIDTH, axes_for, legend_above, without_frame, wrapped
from analysis.text import Language

COLUMNS = 2


def plot_totals(data: pd.DataFrame, *, language: Language = "ja") -> Figure:
    """Shares by year, a panel an item: columns label, when, share, count, series, current.

    Lines join points of one series only. Where one ends before the next begins, a dotted vertical
    marks the break; points that a later edition replaced are hollow.
    """
    items = list(dict.fromkeys(data["label"]))
    rows = -(-len(items) // COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(WIDTH, 1.75 * rows + 0.4), sharex=True, sharey=True, squeeze=False
    )
    for ax, item in zip(axes.flat, items, strict=False):
        _panel(ax, data[data["label"] == item], language)
        ax.set_title(item, loc="left", fontsize="medium")
    for ax in axes.flat[len(items) :]:
        ax.set_axis_off()
    for ax in axes[:, 0]:
        ax.set_ylabel("割合（％）" if language == "ja" else "Share (%)")
    for ax in axes[-1]:
        ax.set_xlabel("年" if language == "ja" else "Year")
    first, last = int(data["when"].min()), int(np.ceil(data["when"].max()))
    axes[0, 0].set_xticks(range(first, last + 1, 2))
    axes[0, 0].set_xlim(first - 0.3, last + 0.9)
    axes[0, 0].set_ylim(0, 112)
    axes[0, 0].set_yticks([0, 50, 100])
    sns.despine(figure)
    return figure


def _panel(ax: Axes, points: pd.DataFrame, language: Language) -> None:
    ends = []
    for _, part in points.groupby("series", sort=True):
        shown = part.sort_values("when")
        replaced = not shown["current"].iloc[-1]
        colour = "#858585" if replaced else PALETTE[0]
        ax.plot(
            shown["when"], shown["share"] * 100, linestyle=":" if replaced else "-", color=colour
        )
        for row in shown.itertuples():
            face = PALETTE[1] if row.current else "white"
            ax.plot(row.when, row.share * 100, "o", color=colour, mfc=face, markersize=5)
        ends.append((shown["when"].min(), shown["when"].max()))
    breaks = [(a[1], b[0]) for a, b in itertools.pairwise(ends) if b[0] > a[1]]
    for end, start in breaks:
        ax.axvline((end + start) / 2, color="#a63a24", linestyle=":")
        said = "定義が異なる可能性" if language == "ja" else "other definition?"
        ax.text((end + start) / 2 + 0.1, 4, said, fontsize="small", color="#a63a24")
    last = points[points["current"]].sort_values("when").iloc[-1]
    ax.annotate(
        f"{last['share']:.0%}",
        (last["when"], last["share"] * 100),
        xytext=(5, 3),
        textcoords="offset points",
        fontsize="small",
    )


def plot_beside(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Two distributions: a row a group, columns ``here`` and ``nation`` (shares, 0 to 1)."""
    shown = data.iloc[::-1]
    ax = axes_for(ax, len(shown) * 1.7)
    places = np.arange(len(shown))
    labels = (
        ("回答団体", "全国") if language == "ja" else ("those that replied", "all municipalities")
    )
    parts = ((0.2, "here", PALETTE[0]), (-0.2, "nation", "#c8d0d8"))
    for (offset, column, colour), label in zip(parts, labels, strict=True):
        values = shown[column] * 100
        ax.barh(places + offset, values, height=0.36, color=colour, label=label)
        for place, value in zip(places, values, strict=True):
            ax.text(value + 0.8, place + offset, f"{value:.0f}", va="center", fontsize="small")
    ax.set_yticks(places, wrapped(shown.index, 20))
    ax.set_xlabel("割合（％）" if language == "ja" else "Share (%)")
    legend_above(ax)
    return without_frame(ax)
