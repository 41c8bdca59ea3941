"""Figures of answers: shares, breakdowns, numbers, scales, and the national totals beside them."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.codebook.model import STATUSES, Question
from analysis.figures.gallery import KEPT, OPENS, PALETTE
from analysis.text import Language, label, labels

WIDTH = 7.1  # inches: the text width of A4
LINE = 0.26  # inches a bar


def axes_for(ax: Axes | None, bars: float, extra: float = 1.0) -> Axes:
    """The given axes, or new ones high enough for so many bars."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(WIDTH, max(1.8, bars * LINE + extra)))[1]


def wrapped(labels: Sequence[object], width: int) -> list[str]:
    """Labels broken into lines of at most about `width` characters, even in length.

    A line does not begin with a mark that Japanese keeps with the word before (kinsoku), nor end
    with an opening bracket.

    Examples
    --------
    >>> wrapped(["情報を計画に位置づけている", "short"], 12)
    ['情報を計画に位\\n置づけている', 'short']
    >>> wrapped(["あいう（えお）か"], 4)
    ['あいう\\n（えお）か']
    """
    return [_broken(str(label), width) or " " for label in labels]


def _broken(text: str, width: int) -> str:
    count = -(-len(text) // width) or 1
    lines = next(
        lines
        for size in range(-(-len(text) // count) or 1, len(text) + width + 1)
        if len(lines := textwrap.wrap(text, size)) <= count
    )
    for at in range(1, len(lines)):
        while len(lines[at]) > 1 and lines[at][0] in KEPT:
            lines[at - 1], lines[at] = lines[at - 1] + lines[at][0], lines[at][1:]
        if len(lines[at - 1]) > 1 and lines[at - 1][-1] in OPENS:
            lines[at - 1], lines[at] = lines[at - 1][:-1], lines[at - 1][-1] + lines[at]
    return "\n".join(lines)


def legend_above(ax: Axes, handles: Sequence[Patch] | None = None) -> None:
    """A legend over the drawing in as many columns as the figure's width can hold."""
    found = list(handles) if handles is not None else ax.get_legend_handles_labels()[0]
    texts = [str(handle.get_label()) for handle in found]
    wide = [sum(1.0 if ord(c) > 0x2000 else 0.6 for c in text) + 4.5 for text in texts]
    canvas = ax.get_figure(root=True)
    assert canvas is not None
    room = canvas.get_figwidth() * 72 / plt.rcParams["legend.fontsize"]
    columns = len(found) if sum(wide) <= room else max(1, int(room / max(wide)))
    canvas.legend(found, texts, loc="outside upper center", ncols=columns, frameon=False)


def without_frame(ax: Axes) -> Axes:
    """Rows that need no line beside them: the axes, for `return`."""
    sns.despine(ax=ax, left=True)
    ax.tick_params(axis="y", length=0)
    return ax


def status(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Stacked bars of who answered: a column question, then a column of counts for each status."""
    words = {**labels("column", language), **labels("status", language)}
    counts = data.set_index("question").iloc[::-1]
    counts = counts.loc[:, counts.sum() > 0].rename(columns=words)
    ax = axes_for(ax, len(counts))
    left = np.zeros(len(counts))
    hatches = ("", "", "//", "..", "xx", "\\\\")
    for at, (name, count) in enumerate(counts.items()):
        ax.barh(
            counts.index.astype(str),
            count,
            left=left,
            color=PALETTE[at % len(PALETTE)] if at else "#c8d0d8",
            hatch=hatches[at % len(hatches)],
            edgecolor="white",
            linewidth=0.4,
            label=str(name),
            height=0.78,
        )
        left += count.to_numpy(float)
    ax.set_xlabel(label("figure.municipalities", language))
    ax.set_xlim(0, left.max())
    ax.margins(y=0.01)
    legend_above(ax)
    return without_frame(ax)


def shares(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Bars of shares with their counts: columns answer, count, share (0 to 1), a row an answer.

    With columns low and high the interval of each share is drawn. A share of NA is written as
    withheld.
    """
    shown = data.iloc[::-1]
    ax = axes_for(ax, len(shown) * 1.25)
    places = np.arange(len(shown))
    shares = shown["share"].astype("Float64").to_numpy(float, na_value=np.nan) * 100
    ax.barh(places, np.nan_to_num(shares), color=PALETTE[1], height=0.66)
    reach = np.nan_to_num(shares)
    if {"low", "high"} <= set(shown):
        ends = shown[["low", "high"]].astype("Float64").to_numpy(float, na_value=np.nan) * 100
        ax.hlines(places, *ends.T, color=PALETTE[0], linewidth=1.2)
        reach = np.fmax(reach, ends[:, 1])  # a share without an interval has NA
    hidden = label("figure.hidden", language)
    for place, x, count, share in zip(places, reach, shown["count"], shown["share"], strict=True):
        written = hidden if pd.isna(count) else f"{share:.0%} ({int(count):,})"
        ax.text(float(x) + 1.2, float(place), written, va="center", fontsize="small")
    ax.set_yticks(places, wrapped(shown["answer"], 26 if language == "ja" else 44))
    ax.set_xlim(0, max(100.0, float(np.max(reach)) + 16))
    ax.set_xticks([0, 25, 50, 75, 100])
    ax.set_xlabel(label("figure.share_count", language))
    return without_frame(ax)


def crossed(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Heatmap of a breakdown, answers down, groups across, the share written in each cell.

    Columns: answer, group, share (0 to 1), n (of the group).
    """
    n = data.drop_duplicates("group").set_index("group")["n"]
    order = list(dict.fromkeys(data["answer"]))
    table = data.pivot(index="answer", columns="group", values="share").loc[order, n.index]
    table.columns = [f"{group} n={size:,}" for group, size in n.items()]
    ax = axes_for(ax, len(table) * 1.5, 1.6)
    numbers = table.astype(float) * 100
    style = {"fmt": ".0f", "cmap": "Blues", "vmin": 0, "vmax": 100, "linewidths": 0.6}
    sns.heatmap(numbers, annot=True, cbar=False, annot_kws={"fontsize": "medium"}, ax=ax, **style)
    ax.set_yticks(np.arange(len(table)) + 0.5, wrapped(table.index, 24 if language == "ja" else 36))
    heads = wrapped(table.columns, 8 if language == "ja" else 14)
    ax.set_xticks(np.arange(table.shape[1]) + 0.5, heads)
    ax.tick_params(axis="y", rotation=0, length=0)
    ax.tick_params(axis="x", rotation=0, length=0)
    ax.set_xlabel(label("figure.share_of_column", language))
    ax.set_ylabel("")
    return ax


def parts(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Bars of the shares of parts: columns part, count, n, share (0 to 1) and, known, low, high."""
    if data.empty:
        return axes_for(ax, 1)
    named = [f"{part} (n={n:,})" for part, n in data[["part", "n"]].to_numpy()]
    shown = data.assign(answer=named).dropna(axis="columns", how="all")
    return shares(shown, language=language, ax=ax)


def rates(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Heatmap of what parts do: columns indicator, part, size (of the part), share (0 to 1)."""
    named = {"indicator": "answer", "part": "group", "size": "n"}
    return crossed(data[[*named, "share"]].rename(columns=named), language=language, ax=ax)


def plot_numbers(
    data: pd.DataFrame, *, label: str, language: Language = "ja", ax: Axes | None = None
) -> Axes:
    """Strip of values by group with the median: columns ``value`` and, optionally, ``group``."""
    grouped = "group" in data
    groups = list(dict.fromkeys(data["group"])) if grouped else [""]
    ax = axes_for(ax, len(groups) * 1.8)
    frame = data.assign(group=data["group"].astype(str) if grouped else "")
    order = [str(group) for group in groups]
    rng = np.random.default_rng(0)  # the jitter is the same in every run
    for at, name in enumerate(order):
        values = frame.loc[frame["group"] == name, "value"].astype(float).dropna()
        ax.plot(
            values,
            at + rng.uniform(-0.16, 0.16, len(values)),
            "o",
            color=PALETTE[1],
            markeredgecolor=PALETTE[0],
            markersize=5,
            alpha=0.8,
        )
        if len(values):
            ax.vlines(values.median(), at - 0.32, at + 0.32, color=PALETTE[3], linewidth=2.2)
    ax.set_yticks(range(len(order)), wrapped(order, 16))
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.xaxis.set_major_formatter("{x:,.6g}")
    ax.set_xlabel(labels("figure", language)["with_median"].format(name=label))
    return without_frame(ax)


def intervals(
    data: pd.DataFrame, *, label: str, language: Language = "ja", ax: Axes | None = None
) -> Axes:
    """Estimates around zero, a row each: columns label, effect and, where known, low, high."""
    shown = data.iloc[::-1]
    ax = axes_for(ax, len(shown) * 1.5)
    places = np.arange(len(shown))
    ax.axvline(0, color="#7a7a7a", linewidth=1, linestyle="--")
    if {"low", "high"} <= set(shown):
        ax.hlines(places, shown["low"], shown["high"], color=PALETTE[0], linewidth=1.6)
    ax.plot(shown["effect"], places, "o", color=PALETTE[3], markersize=6)
    ax.set_yticks(places, wrapped(shown["label"], 26 if language == "ja" else 44))
    ax.set_ylim(-0.6, len(shown) - 0.4)
    ax.set_xlabel(label)
    return without_frame(ax)


def places(
    data: pd.DataFrame, *, label: str, language: Language = "ja", ax: Axes | None = None
) -> Axes:
    """One municipality against others: columns indicator, value, low, median, high."""
    shown = data.iloc[::-1]
    ax = axes_for(ax, len(shown) * 0.9)
    places = np.arange(len(shown))
    ax.hlines(places, shown["low"], shown["high"], color="#c8d0d8", linewidth=9)
    ax.plot(shown["median"], places, "|", color=PALETTE[0], markersize=13, markeredgewidth=2)
    ax.plot(shown["value"], places, "o", color=PALETTE[3], markersize=7)
    ax.set_yticks(places, wrapped(shown["indicator"], 18 if language == "ja" else 30))
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlabel(label)
    return without_frame(ax)


def means(
    data: pd.DataFrame,
    *,
    question: Question,
    language: Language = "ja",
    ax: Axes | None = None,
) -> Axes:
    """Mean of each battery item on its scale: columns item and mean, a row an item."""
    shown = data.iloc[::-1]
    ax = axes_for(ax, len(shown) * 1.6, 1.2)
    places = np.arange(len(shown))
    codes = [option.code for option in question.options]
    ax.hlines(places, min(codes), shown["mean"], color=PALETTE[1], linewidth=5)
    ax.plot(shown["mean"], places, "o", color=PALETTE[0], markersize=7)
    for place, mean in zip(places, shown["mean"], strict=True):
        ax.text(mean + 0.08, place + 0.22, f"{mean:.1f}", fontsize="small")
    ax.set_yticks(places, wrapped(shown["item"], 22 if language == "ja" else 36))
    ax.set_ylim(-0.6, len(shown) - 0.3)
    ends = [question.option(code).text[language] for code in (min(codes), max(codes))]
    ax.set_xlim(min(codes), max(codes) + 0.2)
    ax.set_xticks(codes)
    ax.set_xlabel(f"{min(codes)}＝{ends[0]}　{max(codes)}＝{ends[1]}")
    return without_frame(ax)


def lightness(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), from WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def missing(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Matrix of the status of each answer: a row a question, a column a municipality."""
    kinds, marks = list(STATUSES), ["", "×", "−", "?", "○", "!"]
    codes = data.map(kinds.index).to_numpy(int)
    ax = axes_for(ax, len(data) * 0.8, 1.9)
    colours = ["#e9edf0", *(PALETTE[at % len(PALETTE)] for at in range(1, len(kinds)))]
    ax.pcolormesh(
        codes, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(kinds) - 0.5,
        edgecolors="white", linewidth=0.8,
    )  # fmt: skip
    for at in np.unique(codes[codes > 0]):
        ink = "white" if lightness(colours[at]) < 0.25 else "#1b1f23"
        for y, x in np.argwhere(codes == at):
            ax.text(
                x + 0.5, y + 0.5, marks[at], ha="center", va="center", fontsize="small", color=ink
            )
    words = labels("status", language)
    there = [at for at in range(len(kinds)) if (codes == at).any()]
    handles = [
        Patch(color=colours[at], label=f"{words[kinds[at]]} {marks[at]}".strip()) for at in there
    ]
    legend_above(ax, handles)
    ax.set_yticks(np.arange(len(data)) + 0.5, [str(row) for row in data.index])
    ax.set_xticks(np.arange(data.shape[1]) + 0.5, [str(x) for x in data.columns], rotation=90)
    if all(str(x).isdigit() for x in data.columns):  # places whose names nobody gave
        ax.set_xlabel(label("identity.code", language))
    ax.set_ylim(len(data), 0)
    ax.tick_params(length=0)
    sns.despine(ax=ax, left=True, bottom=True)
    return ax


def likert(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Diverging bars, a row an item: columns item, answer (points from low to high), count.

    Shares of those who answered the item; the middle of the scale stands on zero, so that a bar's
    place shows which side prevails.
    """
    items, points = (list(dict.fromkeys(data[column])) for column in ("item", "answer"))
    wide = data.pivot(index="item", columns="answer", values="count").loc[items, points]
    shown = wide.iloc[::-1]
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
    ax.set_xlabel(label("figure.share_of_item", language))
    legend_above(ax)
    return without_frame(ax)


def _scale_colours(points: int) -> list[str]:
    """From the low to the high end of a scale; dark at both ends, light in the middle."""
    scale = sns.blend_palette([PALETTE[3], "#eeb9a4", "#e4e4e4", "#a5cfe0", PALETTE[0]], points)
    return [to_hex(colour) for colour in scale]


COLUMNS = 2


def totals(data: pd.DataFrame, *, language: Language = "ja") -> Figure:
    """Shares by year, a panel a total: columns total, when, percent, series, current.

    Lines join points of one series only. Where one ends before the next begins, a dotted vertical
    marks the break; points that a later edition replaced are hollow.
    """
    items = list(dict.fromkeys(data["total"]))
    rows = -(-len(items) // COLUMNS) or 1
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(WIDTH, 1.75 * rows + 0.4), sharex=True, sharey=True, squeeze=False
    )
    if not items:
        return figure
    for ax, item in zip(axes.flat, items, strict=False):
        _panel(ax, data[data["total"] == item], language)
        ax.set_title(labels("total", language)[item], loc="left", fontsize="medium")
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
        ax.plot(shown["when"], shown["percent"], linestyle=":" if replaced else "-", color=colour)
        for row in shown.itertuples():
            face = PALETTE[1] if row.current else "white"
            ax.plot(row.when, row.percent, "o", color=colour, mfc=face, markersize=5)
        ends.append((shown["when"].min(), shown["when"].max()))
    breaks = [(a[1], b[0]) for a, b in itertools.pairwise(ends) if b[0] > a[1]]
    for end, start in breaks:
        ax.axvline((end + start) / 2, color="#a63a24", linestyle=":")
        said = "定義が異なる可能性" if language == "ja" else "other definition?"
        ax.text((end + start) / 2 + 0.1, 4, said, fontsize="small", color="#a63a24")
    last = points[points["current"]].sort_values("when").iloc[-1]
    ax.annotate(
        f"{last['percent']:.0f}%",
        (last["when"], last["percent"]),
        xytext=(5, 3),
        textcoords="offset points",
        fontsize="small",
    )


def beside(data: pd.DataFrame, *, language: Language = "ja", ax: Axes | None = None) -> Axes:
    """Two distributions: columns size_class, here and nation (shares, 0 to 1), a row a class."""
    shown = data.iloc[::-1]
    ax = axes_for(ax, len(shown) * 1.7)
    places = np.arange(len(shown))
    for offset, column, colour in ((0.2, "here", PALETTE[0]), (-0.2, "nation", "#c8d0d8")):
        values = shown[column] * 100
        name = label(f"figure.{column}", language)
        ax.barh(places + offset, values, height=0.36, color=colour, label=name)
        for place, value in zip(places, values, strict=True):
            ax.text(value + 0.8, place + offset, f"{value:.0f}", va="center", fontsize="small")
    ax.set_yticks(places, wrapped(shown["size_class"], 20))
    ax.set_xlabel(label("figure.share", language))
    legend_above(ax)
    return without_frame(ax)
