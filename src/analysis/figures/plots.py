"""Figures of answers: shares, breakdowns, numbers, scales, and the national totals beside them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.codebook.questions import STATUSES, Question
from analysis.figures.gallery import HIDDEN, NAMED_UP_TO, PALETTE, SMALL, break_lines, ems
from analysis.text import Language, label, labels

WIDTH = 7.1  # inches: the text width of A4
COLUMN = 3.1  # inches: half of it, and the width of a telephone
NAMES = 26  # font sizes a line of the names beside a chart of all questions
LINE = 0.26  # inches a bar
ROW = 0.152  # inches a line of text
SKEWED = 20  # greatest value by the median: from here on a scale of logarithms
CELLS = 1.85  # inches of a column beside labels
LABELS = 148.0  # percent of a bar's length: the room for labels that stand before the bars
TRACK = "#e9edf0"
MIDDLE: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL}  # of a text
BREAK = "#a63a24"  # where what comes after cannot be compared with what was before


def canvas(height: float, width: float = COLUMN) -> Axes:
    """Axes of one drawing, so many inches high; as wide as a column by default."""
    return plt.subplots(figsize=(width, height))[1]


def axes_for(bars: float, extra: float = 1.0) -> Axes:
    """Axes as wide as a page, high enough for so many bars."""
    return canvas(max(1.8, bars * LINE + extra), WIDTH)


def wrap_labels(labels: Sequence[object], width: float, most: int = 0) -> list[str]:
    """Labels broken into lines of at most about `width` font sizes, even in length.

    `most`: of how many lines; what is longer ends with an ellipsis. Default: any number.

    >>> wrap_labels(["情報を計画に位置づけている", "short"], 12)
    ['情報を計画に位\\n置づけている', 'short']
    >>> wrap_labels(["情報を計画に位置づけている"], 5, most=1)
    ['情報を計…']
    """
    texts = []
    for text in map(str, labels):
        if most and ems(text) > most * width:
            ends = itertools.accumulate(map(ems, text))
            text = text[: sum(end <= most * width - 1 for end in ends)] + "…"
        count = max(1, math.ceil(ems(text) / width))
        rooms = itertools.count(ems(text) / count, 0.5)
        lines = next(x for room in rooms if (x := break_lines(text, room)).count("\n") < count)
        texts.append(lines or " ")
    return texts


def legend_above(ax: Axes, handles: Sequence[Artist] | None = None) -> int:
    """A legend over the drawing, as wide as the figure; the number of its lines."""
    entries: list[Any] = list(handles) if handles is not None else ax.get_legend_handles_labels()[0]
    texts = [str(handle.get_label()) for handle in entries]
    wide = [max(map(ems, text.split("\n"))) + 3.4 for text in texts]
    canvas = ax.get_figure(root=True)
    assert canvas is not None
    room = canvas.get_figwidth() * 72 / plt.rcParams["legend.fontsize"]
    columns = len(entries) if sum(wide) <= room else max(1, int(room / max(wide)))
    across = [at for first in range(columns) for at in range(first, len(entries), columns)]
    handles, texts = [entries[at] for at in across], [texts[at] for at in across]  # read in lines
    look: dict[str, Any] = {"frameon": False, "handlelength": 1.2, "columnspacing": 1.2}
    canvas.legend(handles, texts, loc="outside upper center", ncols=columns, **look)
    return -(-len(entries) // columns)


def stack_bars(
    ax: Axes,
    places: np.ndarray,
    parts: pd.DataFrame,
    looks: Mapping[Any, Mapping[str, Any]],
    texts: pd.DataFrame | None = None,
    start: np.ndarray | float = 0.0,
    **behind: Any,
) -> None:
    """A bar a row, from its `start`, a part of it a column with its look and texts in its middle.

    `behind`: a box (``bbox``) behind a text, which else has the colour that its part lets read.
    """
    for part, look in looks.items():
        bars = ax.barh(places, parts[part], left=start, **look)
        start = start + parts[part].to_numpy(float)
        if texts is not None:
            on = behind or {"color": ink(look["color"])}
            ax.bar_label(bars, list(texts[part]), label_type="center", fontsize=SMALL, **on)


def status(data: pd.DataFrame, *, language: Language = "ja", own_register: bool = False) -> Axes:
    """Stacked bars of who answered: a column question, then a column of counts for each status."""
    counts = data.set_index("question").iloc[::-1]
    counts = counts.loc[:, counts.sum() > 0]
    words = labels("column", language) | labels("status", language)
    names = wrap_labels(counts.index, NAMES, most=2)
    lines = max(name.count("\n") for name in names)
    ax = axes_for(len(counts) * (0.85 + 0.3 * lines))
    bar = {"ec": "white", "lw": 0.4, "height": 0.78}
    hatches = ("", "", "//", "..", "xx", "\\\\")
    looks = {
        name: {**bar, "color": colour, "hatch": hatch, "label": words.get(str(name), str(name))}
        for name, colour, hatch in zip(counts, ("#c8d0d8", *PALETTE[1:]), hatches, strict=False)
    }
    places = np.arange(len(counts))
    stack_bars(ax, places, counts, looks)
    ax.set_yticks(places, names)
    ax.set_xlabel(label("figure.municipalities", language, own_register))
    ax.set_xlim(0, counts.sum(axis=1).max())
    ax.margins(y=0.01)
    legend_above(ax)
    sns.despine(ax=ax, left=True)
    ax.tick_params(axis="y", length=0)
    return ax


def rows(
    labels: Sequence[object], *, extra: float = 0.0, mark: float = 1.05
) -> tuple[Axes, np.ndarray]:
    """Axes of a narrow chart, with each label over its mark, and the places of the marks.

    `extra`: inches for a legend or an axis. `mark`: height of a mark with the gap under it, in
    lines of text.
    """
    texts = wrap_labels(labels, 23)
    lines = np.array([1 + text.count("\n") for text in texts], dtype=float)
    ends = np.cumsum(lines + mark)
    total = float(ends[-1]) if len(ends) else 1.0
    return _column(texts, ends - lines - mark, "top", total, extra), ends - 0.57 * mark


def _column(
    texts: Sequence[str], places: np.ndarray, va: str, total: float, extra: float = 0.0
) -> Axes:
    """Bare axes of a narrow chart, `total` lines of text high, with labels at these places."""
    ax = canvas(total * ROW + extra + 0.08)
    for text, place in zip(texts, places, strict=True):
        ax.text(0, place, text, va=va, linespacing=1.1, transform=ax.get_yaxis_transform())
    ax.set(ylim=(total, 0), xticks=[], yticks=[])
    sns.despine(ax=ax, left=True, bottom=True)
    return ax


def _share_rows(labels: Sequence[object]) -> tuple[Axes, np.ndarray, float]:
    """Rows of shares: axes, places, and the room for labels in percent of the bars' length.

    Short labels stand before their marks, on half the height; long ones over them, without room.
    """
    texts = wrap_labels(labels, 11)
    lines = np.array([max(1.35, 0.2 + 1.1 * (1 + text.count("\n"))) for text in texts])
    over = sum(2.05 + text.count("\n") for text in wrap_labels(labels, 23))
    if not texts or lines.sum() > over:
        return *rows(labels), 0.0
    places = np.cumsum(lines) - lines / 2
    return _column(texts, places, "center", float(lines.sum())), places, LABELS


def shares(data: pd.DataFrame, *, dots: bool = False, language: Language = "ja") -> Axes:
    """Shares with their counts, a bar each: columns answer, count, share (0 to 1).

    With columns low and high the interval of each share is drawn. A share of NA is written as
    withheld. `dots` in the place of bars, for answers of several questions.
    """
    ax, places, left = _share_rows(list(data["answer"]))
    percent = data["share"].astype("Float64").to_numpy(float, na_value=np.nan) * 100
    ax.barh(places, 100, color=TRACK, height=0.12 if dots else 0.6)
    if dots:
        ax.plot(percent, places, "o", color=PALETTE[0], markersize=8)
    else:
        ax.barh(places, np.nan_to_num(percent), color=PALETTE[1], height=0.6)
    if {"low", "high"} <= set(data):
        ends = data[["low", "high"]].astype("Float64").to_numpy(float, na_value=np.nan) * 100
        ax.hlines(places, *ends.T, color=PALETTE[0], linewidth=1.6)
    hidden = label("figure.hidden", language)
    for place, count, share in zip(places, data["count"], data["share"], strict=True):
        text = hidden if pd.isna(count) else f"{share:.0%} ({int(count):,})"
        ax.text(102.5 + left / 33, float(place), text, va="center")
    wide = (38 if data["count"].max() >= 1000 else 31) * (1 + left / 110)
    ax.set_xlim(-left, 100 + wide)
    return ax


def heat(
    shades: pd.DataFrame,
    texts: pd.DataFrame,
    heads: Sequence[str],
    *,
    colours: str,
    ends: tuple[float, float],
    notes: Sequence[str],
) -> Axes:
    """Shaded cells with their texts: a row for each label of the index, a column for each head.

    Labels stand before their cells, or over them where there are many columns. As wide as the
    column, wider where even that has no room. `colours`: a colour map, whose ends are the numbers
    `ends`; what is missing is grey. `notes`: a paragraph each under the cells.
    """
    words = [ems(word) for head in heads for word in head.split()]
    words += [1.2 * ems(text) for text in map(str, texts.to_numpy().flat)]
    cells = max(1, len(heads)) * 0.8 * max([4.2, *words]) * SMALL / 72  # inches
    before = cells <= CELLS
    names = wrap_labels(shades.index, 11 if before else 23)
    lines = np.array([1 + text.count("\n") for text in names])
    tall = np.maximum(1.15, 0.8 * lines + 0.3) if before else lines + 1.2
    below = np.cumsum(tall)
    over = 1 + max((head.count("\n") for head in heads), default=0)
    note = "\n".join(wrap_labels(notes, 29))
    under = 0.2 + 0.12 * (1 + note.count("\n"))
    ax = canvas((below[-1] + over) * ROW + under, max(COLUMN, cells))
    left = len(heads) * (1 - COLUMN / CELLS) if before else 0.0
    table = shades.to_numpy(float)
    grounds = plt.get_cmap(colours)((table - ends[0]) / (ends[1] - ends[0]))
    for row, (text, end, height) in enumerate(zip(names, below, tall, strict=True)):
        place, thick = (end - height / 2, height - 0.12) if before else (end - 0.65, 1.0)
        top = place if before else end - height
        ax.text(left, top, text, va="center" if before else "top", linespacing=1.05, fontsize=SMALL)
        for at, cell in enumerate(texts.iloc[row]):
            ground = TRACK if np.isnan(table[row, at]) else to_hex(grounds[row, at])
            ax.barh(place, 1, left=at, height=thick, color=ground, ec="white")
            ax.text(at + 0.5, place, cell, color=ink(ground), **MIDDLE)
    ax.set(xlim=(left, len(heads)), ylim=(below[-1], 0), yticks=[])
    ax.set_xticks(np.arange(len(heads)) + 0.5, heads)
    ax.xaxis.tick_top()
    ax.set_xlabel(note, fontsize=SMALL, loc="left")
    ax.tick_params(length=0)
    sns.despine(ax=ax, left=True, bottom=True)
    return ax


def cross_table(data: pd.DataFrame, *, language: Language = "ja") -> Axes:
    """Heatmap of a breakdown, answers down, groups across, the share written in each cell.

    Columns: answer, group, share (0 to 1), n (of the group).
    """
    n = data.drop_duplicates("group").set_index("group")["n"]
    order = list(dict.fromkeys(data["answer"]))
    table = data.pivot(index="answer", columns="group", values="share").loc[order, n.index]
    numbers = table.astype(float) * 100
    texts = numbers.map(lambda share: f"{share:.0f}", na_action="ignore").fillna(HIDDEN)
    room = max(4.0, 16 / max(1, len(n)))
    heads = [
        f"{name}\nn={size:,}" for name, size in zip(wrap_labels(n.index, room), n, strict=True)
    ]
    note = [label("figure.share_of_column", language)]
    return heat(numbers, texts, heads, colours="Blues", ends=(0, 100), notes=note)


def parts(data: pd.DataFrame, *, language: Language = "ja") -> Axes:
    """Bars of the shares of parts: columns part, count, n, share (0 to 1) and, known, low, high."""
    if data.empty:
        return axes_for(1)
    names = [f"{part} (n={n:,})" for part, n in data[["part", "n"]].to_numpy()]
    bars = data.assign(answer=names).dropna(axis="columns", how="all")
    if "low" in bars:  # an interval of one or two municipalities spans nearly all
        bars[["low", "high"]] = bars[["low", "high"]].where(bars["n"] > 2, np.nan)
    return shares(bars, language=language)


def plot_numbers(
    data: pd.DataFrame, *, label: str, language: Language = "ja", own_register: bool = False
) -> Axes:
    """How numbers are distributed, with the median: columns ``value`` and, optionally, ``group``.

    A dot each where there are few, a histogram where there are many; in both the height counts
    municipalities. By group the middle half of each, and where there are few all values.
    """
    if "group" in data:
        return _by_group(data, label, language)
    words, values = labels("figure", language, own_register), data["value"].to_numpy(float)
    few, median = len(values) <= NAMED_UP_TO, float(np.median(values))
    figure, ax = plt.subplots(figsize=(COLUMN, 0.95 if few else 1.6))
    if skewed := bool(values.min() > 0 and values.max() > SKEWED * median):
        ax.set_xscale("log")
    edges = _edges(values, 34 if few else 24, skewed=skewed)
    heights = np.histogram(values, edges)[0]
    middle = np.sqrt(edges[1:] * edges[:-1]) if skewed else (edges[1:] + edges[:-1]) / 2
    if few:
        at, up = np.repeat(middle, heights), np.concatenate([np.arange(n) + 0.5 for n in heights])
        ax.plot(at, up, "o", color=PALETTE[1], markeredgecolor=PALETTE[0], markersize=5.5)
        ax.set_yticks([])
        sns.despine(ax=ax, left=True)
    else:
        ax.bar(edges[:-1], heights, np.diff(edges), align="edge", color=PALETTE[1], ec="white")
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_ylabel(words["municipalities"])
    ax.axvline(median, color=PALETTE[3], linewidth=2)
    side, gap = ("right", -4) if median > edges[len(edges) // 2] else ("left", 4)
    look: dict[str, Any] = {"ha": side, "va": "bottom", "color": PALETTE[3]}
    where = (median, 1.0), (gap, 0), ax.get_xaxis_transform(), "offset points"
    ax.annotate(words["median"].format(median=f"{median:,.6g}"), *where, **look)
    ax.set_ylim(0, max(5.0, heights.max() * 1.05) if few else heights.max() * 1.08)
    ax.xaxis.set_major_formatter("{x:,.6g}")
    if not skewed:
        ax.xaxis.set_major_locator(MaxNLocator(4))
    kind = words["each_dot" if few else "histogram"] + (words["logarithmic"] if skewed else "")
    about = wrap_labels([label + words["between"] + kind], 25 if few else 21)[0]
    ax.set_xlabel(about)
    figure.set_figheight(figure.get_figheight() + ROW * about.count("\n"))
    return ax


def _edges(values: np.ndarray, most: int, *, skewed: bool) -> np.ndarray:
    """Edges of bins: of few whole numbers one each, of a skewed distribution by logarithms."""
    low, high = float(values.min()), float(values.max())
    if skewed:
        return np.geomspace(low, high, most + 1)
    if high - low <= most and np.array_equal(values, values.round()):
        return np.arange(low - 0.5, max(high, low + 4) + 1)
    return np.linspace(low, high if high > low else low + 1, most + 1)


def _by_group(data: pd.DataFrame, name: str, language: Language) -> Axes:
    """A row a group: the middle half of its values, its median, and of few all values."""
    groups = list(dict.fromkeys(data["group"]))
    ax, places = rows(groups, extra=0.5)
    for place, group in zip(places, groups, strict=True):
        values = data.loc[data["group"] == group, "value"].astype(float)
        low, median, high = values.quantile([0.25, 0.5, 0.75])
        ax.hlines(place, low, high, color="#c8d0d8", linewidth=9)
        if len(values) <= NAMED_UP_TO:
            ax.plot(values, np.full(len(values), place), "o", color=PALETTE[1], alpha=0.7)
        ax.vlines(median, place - 0.45, place + 0.45, color=PALETTE[3], linewidth=2.4)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter("{x:,.6g}")
    ax.set_xlabel("\n".join([*wrap_labels([name], 24), label("figure.with_median", language)]))
    sns.despine(ax=ax, left=True)
    return ax


def intervals(data: pd.DataFrame, *, label: str, breaks: Sequence[str] = ()) -> Axes:
    """Estimates around zero, a row each: columns label, effect and, where known, low, high.

    `breaks`: rows of what has no estimate since it cannot be compared, a broken line each.
    """
    ax, every = rows([*data["label"], *breaks], extra=0.5)
    places, across = every[: len(data)], ax.get_yaxis_transform()
    for place in every[len(data) :]:
        for ends in ((0, 0.46), (0.54, 1)):
            ax.plot(ends, (place, place), color=BREAK, linewidth=1.6, transform=across)
        ax.text(0.5, place, "//", ha="center", va="center", color=BREAK, transform=across)
    for place in places:
        ax.vlines(0, place - 0.5, place + 0.5, color="#7a7a7a", linewidth=1, linestyle="--")
    if {"low", "high"} <= set(data):
        ax.hlines(places, data["low"], data["high"], color=PALETTE[0], linewidth=1.6)
    ax.plot(data["effect"], places, "o", color=PALETTE[3], markersize=6)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel(wrap_labels([label], 26)[0])
    sns.despine(ax=ax, left=True)
    return ax


def places(data: pd.DataFrame, *, label: str) -> Axes:
    """One municipality against others: columns indicator, value, low, median, high."""
    frame = data.iloc[::-1]
    ax = axes_for(len(frame) * 0.9)
    places = np.arange(len(frame))
    ax.hlines(places, frame["low"], frame["high"], color="#c8d0d8", linewidth=9)
    ax.plot(frame["median"], places, "|", color=PALETTE[0], markersize=13, markeredgewidth=2)
    ax.plot(frame["value"], places, "o", color=PALETTE[3], markersize=7)
    ax.set_yticks(places, wrap_labels(frame["indicator"], 18))
    ax.set(ylim=(-0.7, len(frame) - 0.3), xlabel=label)
    sns.despine(ax=ax, left=True)
    ax.tick_params(axis="y", length=0)
    return ax


def means(data: pd.DataFrame, *, question: Question, language: Language = "ja") -> Axes:
    """Mean of each battery item on its scale: columns item and mean, a row an item."""
    ax, places = rows(list(data["item"]), extra=0.4)
    codes = [option.code for option in question.options]
    ax.hlines(places, min(codes), max(codes), color=TRACK, linewidth=5)
    ax.plot(data["mean"], places, "o", color=PALETTE[0], markersize=7)
    for place, mean in zip(places, data["mean"], strict=True):
        ax.text(max(codes) + 0.2, place, f"{mean:.1f}", va="center")
    ends = [f"{at(codes)}: {question.option(at(codes)).text[language]}" for at in (min, max)]
    ax.set(xlim=(min(codes) - 0.15, max(codes) + 0.7), xticks=codes, xlabel="\n".join(ends))
    return ax


def ink(ground: str) -> str:
    """The colour of letters on this ground, by its relative luminance (WCAG 2.2).

    >>> ink("#173f5f"), ink("#f5bf4f")
    ('white', '#1b1f23')
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(ground)]
    return "white" if np.dot(linear, (0.2126, 0.7152, 0.0722)) < 0.25 else "#1b1f23"


def missing(data: pd.DataFrame, *, language: Language = "ja") -> Axes:
    """Matrix of the status of each answer: a row a question, a column a municipality."""
    marks = dict(zip(STATUSES, ("", "×", "−", "?", "○", "!"), strict=True))
    colours = dict(zip(STATUSES, ("#e9edf0", *PALETTE[1:]), strict=False))
    codes = data.map(list(STATUSES).index).to_numpy(int)
    names = wrap_labels(data.index, NAMES, most=2)
    edges = np.cumsum([0, *(1 + 0.6 * name.count("\n") for name in names)])
    places = (edges[1:] + edges[:-1]) / 2
    ax = axes_for(edges[-1] * 0.5, 1.7)
    map_of = ListedColormap(list(colours.values()))
    look: dict[str, Any] = {"edgecolors": "white", "linewidth": 0.8}
    columns = np.arange(data.shape[1] + 1)
    ax.pcolormesh(columns, edges, codes, cmap=map_of, vmin=-0.5, vmax=len(marks) - 0.5, **look)
    words, handles = labels("status", language), []
    for at, kind in enumerate(marks):
        there = np.argwhere(codes == at)
        if len(there):
            name = f"{words[kind]} {marks[kind]}".strip()
            handles.append(Patch(color=colours[kind], label=name))
        for y, x in there if at else ():
            ax.text(x + 0.5, places[y], marks[kind], color=ink(colours[kind]), **MIDDLE)
    legend_above(ax, handles)
    ax.set_yticks(places, names)
    ax.set_xticks(np.arange(data.shape[1]) + 0.5, [str(x) for x in data.columns], rotation=90)
    if all(str(x).isdigit() for x in data.columns):  # places whose names nobody gave
        ax.set_xlabel(label("identity.code", language))
    ax.set_ylim(edges[-1], 0)
    ax.tick_params(length=0)
    sns.despine(ax=ax, left=True, bottom=True)
    return ax


def likert(data: pd.DataFrame, *, language: Language = "ja") -> Axes:
    """Diverging bars, a row an item: columns item, answer (points from low to high), count.

    Shares of those who answered the item; the middle of the scale stands on the line, so that a
    bar's place shows which side prevails. An item that fewer answered than others has its n.
    """
    items, points = (list(dict.fromkeys(data[column])) for column in ("item", "answer"))
    counts = data.pivot(index="item", columns="answer", values="count").loc[items, points]
    totals = counts.sum(axis=1).to_numpy(float)
    shares = 100 * counts.astype(float).div(np.where(totals > 0, totals, 1.0), axis=0)
    alike = len(set(totals)) == 1
    names = [i if alike else f"{i} (n={int(n):,})" for i, n in zip(items, totals, strict=True)]
    ax, places = rows(names, extra=0.75)
    half, odd = divmod(len(points), 2)
    left = -(shares.iloc[:, :half].sum(axis=1) + (shares.iloc[:, half] / 2 if odd else 0.0))
    ends = (left.min() - 1, (left + shares.sum(axis=1)).max() + 1)
    texts = shares.map("{:.0f}".format).where(shares >= 0.07 * (ends[1] - ends[0]), "")
    scale = [PALETTE[3], "#eeb9a4", "#e4e4e4", "#a5cfe0", PALETTE[0]]  # dark at both ends
    colours = map(to_hex, sns.blend_palette(scale, len(points)))
    looks = {
        point: {"color": colour, "ec": "white", "height": 0.8, "label": str(point)}
        for point, colour in zip(points, colours, strict=True)
    }
    stack_bars(ax, places, shares, looks, texts, left)
    for place in places:
        ax.vlines(0, place - 0.52, place + 0.52, color="#1b1f23", linewidth=1, zorder=0)
    ax.set(xlim=ends, xlabel=label("figure.share_of_item", language))
    more = max(0, legend_above(ax) - 2)  # lines of the legend for which `rows` left no room
    canvas = ax.get_figure(root=True)
    assert canvas is not None
    canvas.set_figheight(canvas.get_figheight() + 1.5 * more * ROW)
    return ax


def totals(data: pd.DataFrame, *, language: Language = "ja") -> Figure:
    """Shares by year, a panel a total: columns total, when, percent, series, current.

    Lines join points of one series only. Where one ends before the next begins, a dotted vertical
    marks the break; points that a later edition replaced are hollow.
    """
    items = list(dict.fromkeys(data["total"]))
    rows = -(-len(items) // 2) or 1
    size = (WIDTH, 1.75 * rows + 0.4)
    figure, axes = plt.subplots(rows, 2, figsize=size, sharex=True, sharey=True, squeeze=False)
    if not items:
        return figure
    for ax, item in zip(axes.flat, items, strict=False):
        _panel(ax, data[data["total"] == item], language)
        ax.set_title(labels("total", language)[item], loc="left", fontsize="medium")
    for ax in axes.flat[len(items) :]:
        ax.set_axis_off()
    for ax in axes[:, 0]:
        ax.set_ylabel(label("figure.share", language))
    for ax in axes[-1]:
        ax.set_xlabel(label("figure.year", language))
    first, last = int(data["when"].min()), int(np.ceil(data["when"].max()))
    axes[0, 0].set(xticks=range(first, last + 1, 2), xlim=(first - 0.3, last + 0.9))
    axes[0, 0].set(ylim=(0, 112), yticks=[0, 50, 100])
    sns.despine(figure)
    return figure


def _panel(ax: Axes, points: pd.DataFrame, language: Language) -> None:
    ends = []
    for _, part in points.groupby("series", sort=True):
        line = part.sort_values("when")
        replaced = not line["current"].iloc[-1]
        colour = "#858585" if replaced else PALETTE[0]
        ax.plot(line["when"], line["percent"], linestyle=":" if replaced else "-", color=colour)
        for row in line.itertuples():
            face = PALETTE[1] if row.current else "white"
            ax.plot(row.when, row.percent, "o", color=colour, mfc=face, markersize=5)
        ends.append((line["when"].min(), line["when"].max()))
    look: dict[str, Any] = {"fontsize": SMALL}
    for (_, end), (start, _) in itertools.pairwise(ends):
        if start > end:
            ax.axvline((end + start) / 2, color=BREAK, linestyle=":")
            text = label("figure.other_definition", language)
            ax.text((end + start) / 2 + 0.1, 4, text, color=BREAK, **look)
    when, share = points[points["current"]].sort_values("when").iloc[-1][["when", "percent"]]
    ax.annotate(f"{share:.0f}%", (when, share), (5, 3), textcoords="offset points", **look)


def representation(data: pd.DataFrame, words: Mapping[str, str]) -> Axes:
    """Two distributions: columns size_class, here and nation (shares, 0 to 1), a row a class.

    `words`: the labels of the section ``figure``.
    """
    names = list(data["size_class"])
    ax, places = rows(names, extra=0.6, mark=1.6)
    if data.empty:
        return ax
    for offset, column, colour in ((-0.4, "here", PALETTE[0]), (0.4, "nation", "#c8d0d8")):
        values = data[column] * 100
        ax.barh(places + offset, values, height=0.75, color=colour, label=words[column])
        for place, value in zip(places, values, strict=True):
            ax.text(value + 0.8, place + offset, f"{value:.0f}", va="center", fontsize=SMALL)
    ax.set_xlim(0, 108 * max(data[["here", "nation"]].max(axis=None), 0.01))
    ax.set_xlabel(words["share"])
    legend_above(ax)
    return ax
