"""Figures of a typology: profile, silhouettes, pairs, criteria, multiverse, map, size classes.

Each takes a tidy frame of `analysis.results` and gives the axes, to be changed before the gallery
checks them. `types` are the types by number with name and members, a row each. An empty frame
leaves the axes empty.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from analysis.figures.gallery import NAMED_UP_TO, PALETTE, ems
from analysis.figures.plots import COLUMN, canvas, heat, legend_above, stack_bars, wrap_labels
from analysis.text import Language, label

A4 = 6.7  # inches between the margins of an A4 page
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "xxx", "|||", "\\\\\\", "++", "ooo")
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}  # behind a number on a bar
LINE = "#404040"
with mpl.rc_context({"text.parse_math": True}):
    UNKNOWN = MarkerStyle("$?$")  # of a municipality without a type
_BREAKS = re.compile(r"(?<=[、（])|(?<=[ぁ-ん・])(?=[^ぁ-んー、。）・])(?!型$)")


def wrap(text: str, width: float) -> str:
    """Break a label into lines of about `width` font sizes, Japanese after a particle or a comma.

    >>> print(wrap("内部専門性が低い型", 7))
    内部専門性が
    低い型
    """
    lines = [""]
    for part in _BREAKS.split(text):
        if lines[-1] and ems(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(wrap_labels(lines, width))


def style(kind: int) -> dict[str, Any]:
    """Fill and hatch of a type; white for the unplaced (0)."""
    at = (kind - 1) % len(PALETTE)
    fill = {"facecolor": PALETTE[at], "hatch": HATCHES[at]} if kind else {"facecolor": "#ffffff"}
    return fill | {"edgecolor": LINE}


def in_order(kinds: pd.Series | np.ndarray) -> list[int]:
    """Types in order, the unplaced last."""
    return sorted({int(kind) for kind in kinds}, key=lambda kind: (kind == 0, kind))


def head(kind: int, language: Language) -> str:
    """The number of a type as a figure writes it."""
    return label(f"typology_figure.{'type' if kind else 'unplaced'}", language, kind=kind)


def heads(types: pd.DataFrame, language: Language, width: float) -> dict[int, str]:
    """Number and name of each type, broken into lines; of the unplaced (0) no name."""
    names = {
        int(kind): f"{head(int(kind), language)}\n{wrap(name, width)}"
        for kind, name in zip(types["type"], types["name"], strict=True)
    }
    return names | {0: head(0, language)}


WRITTEN = {"share": "{:.0f}%", "points": "{:+z.0f}pt", "mean": "{:.2f}", "deviation": "{:+z.2f}"}
TRIANGLES = {"higher": "▲", "lower": "▼"}


def profile(data: pd.DataFrame, *, types: pd.DataFrame, language: Language = "ja") -> Axes:
    """Heatmap of what sets each type apart: indicators down, types across.

    Parameters
    ----------
    data : type, indicator, unit, mean, effect, direction and, where tested, p_holm. Without means
        the marks alone are drawn. After an adjustment a mean is a difference from 0.
    """
    if data.empty:
        return canvas(2.0)
    numbered, tested = data["mean"].notna().any(), data["p_holm"].notna().any()
    directions = data["direction"].map({"higher": 0.5, "lower": -0.5}).astype(float).fillna(0.0)
    means = np.where(data["unit"].isin(["share", "points"]), 100 * data["mean"], data["mean"])
    values = [
        "" if pd.isna(mean) else WRITTEN[unit].format(mean)
        for mean, unit in zip(means, data["unit"], strict=True)
    ]
    marks = data["direction"].map(TRIANGLES).fillna("").astype(str)
    data = data.assign(
        shade=data["effect"].astype(float).fillna(directions),
        text=marks + values + np.where(data["p_holm"].astype(float) < 0.05, "*", ""),
    )
    table = data.pivot(index="indicator", columns="type", values=["shade", "text"])
    table = table.loc[list(dict.fromkeys(data["indicator"]))]
    kinds = [int(kind) for kind in table["shade"]]
    count, names = types.set_index("type")["members"], heads(types, language, 99)
    sizes = [label("typology_figure.members", language, n=count[kind]) for kind in kinds]
    tops = [f"{head(kind, language)}\n{size}" for kind, size in zip(kinds, sizes, strict=True)]
    kind = "adjusted" if data["unit"].isin(["points", "deviation"]).any() else "note"
    note = label(f"type_profile.{kind if numbered else 'marks'}", language)
    note += label("type_profile.star", language) if tested else ""
    note += label("type_profile.shade", language) if numbered else ""
    notes = [*(names[kind].replace("\n", " ") for kind in kinds), note]
    look: dict[str, Any] = {"colours": "PuOr_r", "ends": (-1, 1), "notes": notes}
    return heat(table["shade"], table["text"], tops, **look)


def composition(data: pd.DataFrame, *, types: pd.DataFrame, language: Language = "ja") -> Axes:
    """Which types each size class is made of, a bar a class: columns size, type, n."""
    counts = data.pivot(index="size", columns="type", values="n")
    ax = canvas(1.1 + 0.32 * len(types) + 0.45 * len(counts))
    if data.empty:
        return ax
    kinds = in_order(data["type"])
    shares = 100 * counts.div(counts.sum(axis=1), axis=0)
    texts = counts.astype(str).where(shares >= 6, "")
    looks = {kind: {"height": 0.7, "lw": 0.6, **style(kind)} for kind in kinds}
    stack_bars(ax, np.arange(len(shares)), shares[kinds], looks, texts, bbox=WHITE)
    sizes = [label("typology_figure.members", language, n=int(n)) for n in counts.sum(axis=1)]
    names = [f"{size}\n({n})" for size, n in zip(counts.index, sizes, strict=True)]
    ax.set_yticks(range(len(counts)), names)
    ax.invert_yaxis()
    about = wrap_labels([label("typology_figure.share_in_class", language)], 16)[0]
    ax.set(xlim=(0, 100), xlabel=about)
    titles = heads(types, language, 22)
    legend_above(ax, [Patch(**style(kind), label=titles[kind]) for kind in kinds])
    return ax


def silhouettes(
    data: pd.DataFrame,
    *,
    types: pd.DataFrame,
    language: Language = "ja",
    own_register: bool = False,
) -> Axes:
    """Silhouette width of every unit, by type: columns type, name, silhouette.

    Below 0 a unit is nearer to another type.
    """
    few = len(data) <= NAMED_UP_TO
    ax = canvas(0.8 + (0.18 * len(data) if few else 3.0))
    if data["silhouette"].isna().all():  # of one type alone nobody has any
        return ax
    last = data["type"].replace(0, len(types) + 1)
    data = data.assign(last=last).sort_values(["last", "silhouette"], ascending=[False, True])
    widths, at = data["silhouette"].to_numpy(float), np.arange(len(data))
    members = data["type"].to_numpy(int)
    bars: dict[str, Any] = {"height": 0.8, "linewidth": 0.5}
    if not few:
        bars = {"height": 1.0, "linewidth": 0.0, "edgecolor": "none", "hatch": ""}
    beside, over = ax.get_yaxis_transform(), ax.get_xaxis_transform()
    for kind in in_order(data["type"]):
        mine = at[members == kind]
        ax.barh(mine, np.nan_to_num(widths[mine]), **{**style(kind), **bars})
        text = head(kind, language)
        ax.text(1.02, float(mine.mean()), text, transform=beside, va="center", fontsize=8)
        if mine[0] > 0:
            ax.axhline(mine[0] - 0.5, color=LINE, linewidth=0.6)
    mean = float(np.nanmean(widths))
    ax.axvline(mean, color="black", linestyle="--", linewidth=1)
    average = label("typology_figure.average", language, mean=mean)
    ax.text(mean, 1.01, average, transform=over, ha="center", va="bottom", fontsize=8)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(at if few else [], data["name"] if few else [])
    ax.set_ylim(-0.6, len(data) - 0.4)
    ax.set_xlim(min(0.0, np.nanmin(widths)) - 0.03, max(np.nanmax(widths), 0.3) + 0.03)
    ax.set_xlabel(label("typology_figure.silhouette", language))
    ax.set_ylabel("" if few else label("typology_figure.unit", language, own_register))
    return ax


def together(data: pd.DataFrame, *, members: pd.DataFrame, language: Language = "ja") -> Axes:
    """How often two units are of one type, a square; dark is always.

    `data` : see `analysis.results.certainty.pairs`; the shares of types are written into the cells.
    `members` : name and type of each code.
    """
    single = "code" in data
    if data.empty:
        return canvas(2.0)
    ax = canvas(1.1 + 0.15 * len(data)) if single else canvas(0.6 + 0.4 * len(data))
    if single:
        about = members.set_index("code").loc[data["code"]]
        kinds, names = about["type"].to_numpy(int), list(about["name"])
    else:
        kinds = data["type"].to_numpy(int)
        names = [head(kind, language) for kind in kinds]
    title = label("typology_figure.coassignment", language)
    bar = {"label": title, "location": "bottom", "format": "{x:.0%}"}
    look: dict[str, Any] = {"cmap": "Greys", "vmin": 0, "vmax": 1}
    shares = data.iloc[:, 1:].rename_axis(columns="")
    sns.heatmap(shares, annot=not single, fmt=".0%", cbar=single, cbar_kws=bar, ax=ax, **look)
    # seaborn's own choice is hard to read on some greys
    for text, share in zip(ax.texts, shares.to_numpy().ravel(), strict=False):
        text.set_color("white" if share > 0.5 else "black")
    for edge in map(float, np.flatnonzero(np.diff(kinds)) + 1):
        ax.axhline(edge, color=PALETTE[3], linewidth=1.2)
        ax.axvline(edge, color=PALETTE[3], linewidth=1.2)
    middles, tops = [], []
    for kind in in_order(kinds):
        middles.append(float(np.flatnonzero(kinds == kind).mean()) + 0.5)
        name, room = head(kind, language), 23 * float((kinds == kind).mean())  # in ems
        tops.append(name if ems(name) < room else str(kind or ""))
    ax.set_xticks(middles, tops)
    ax.set_yticks(np.arange(len(names)) + 0.5, names, rotation=0)
    ax.xaxis.tick_top()
    ax.tick_params(length=0, axis="both", labelrotation=0)
    ax.set(ylabel="", **({} if single else {"xlabel": title}))
    return ax


CRITERIA = ("silhouette", "bic_above", "bic", "gap", "stability")  # in the order shown


def criteria(data: pd.DataFrame, *, language: Language = "ja") -> Figure:
    """The criteria by number of types (k), a panel each, with the number that was chosen."""
    there = [name for name in CRITERIA if name in data and data[name].notna().any()]
    rows = max(1, -(-len(there) // 2))
    size = (COLUMN, 0.4 + 1.55 * rows)
    figure, axes = plt.subplots(rows, 2, figsize=size, squeeze=False)
    for ax in axes.flat[len(there) :]:
        ax.set_axis_off()
    if not there:
        return figure
    k = int(data.loc[data["chosen"], "k"].iloc[0])
    for ax, name in zip(axes.flat, there, strict=False):
        values = data.set_index("k")[name].dropna()
        ax.plot(values.index, values, color=PALETTE[0], marker="o", markersize=4)
        ax.plot(k, values.get(k, np.nan), "s", color=PALETTE[3], markersize=8)
        lines = wrap_labels(label(f"criterion.{name}", language).split("\n"), 12)
        ax.set_ylabel("\n".join(lines), fontsize=8)
        ax.set_xlabel(label("typology_figure.n_types", language), fontsize=8)
        ax.set_xticks(list(data["k"]))
    about = label("typology_figure.chosen", language, k=k)
    figure.supxlabel(about, fontsize=8, color=PALETTE[3])
    return figure


FILL = dict(zip(("core", "between", "borderline", "unplaced"), (*PALETTE[:3], "w"), strict=True))


def multiverse(
    firmness: pd.DataFrame,
    agreement: pd.DataFrame,
    choices: pd.DataFrame,
    *,
    language: Language = "ja",
) -> Figure:
    """What all analyses say: how firm units are, how far analyses agree, and which choice matters.

    Parameters
    ----------
    firmness, agreement, choices : see the functions of `analysis.results.certainty`. A line each
        where units have names (how often with its own type, and with the next one), else bars of
        how many.
    """
    single = bool(firmness["name"].notna().any())
    kinds = len(firmness) if single else firmness["type"].nunique()
    heights = (0.9 + (0.17 if single else 0.35) * kinds, 1.7, 0.7 + 0.18 * len(choices))
    figure = plt.figure(figsize=(COLUMN, sum(heights)))
    above, middle, below = figure.subplots(3, height_ratios=heights)
    for ax, name in zip((above, middle, below), ("firm", "agreement", "matters"), strict=True):
        if name != "firm" or len(firmness):
            title = wrap_labels([label(f"typology_figure.{name}", language)], 15)[0]
            ax.set_title(title, fontsize=9)
    if len(firmness):
        (_lines if single else _bars)(above, firmness, language)
        legend_above(above)
    ari = agreement["ari"]  # adjusted Rand index of each analysis with the types shown
    middle.hist(ari, bins=list(np.arange(-0.2, 1.01, 0.1)), color=PALETTE[1], ec="black")
    middle.set_xlabel(label("typology_figure.ari", language), fontsize=8)
    middle.set_ylabel(label("typology_figure.analyses", language, n=len(ari)), fontsize=8)
    names = [label(f"choice.{choice}", language) for choice in choices["choice"]]
    bars = below.barh(names[::-1], 100 * choices["share"].iloc[::-1], color=PALETTE[0])
    below.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    below.set_xlim(0, max(10.0, 118 * choices["share"].max()) if len(choices) else 100)
    below.set_xlabel(label("typology_figure.variation", language), fontsize=8)
    return figure


def _lines(ax: Axes, data: pd.DataFrame, language: Language) -> None:
    at, inside, outside = np.arange(len(data)), 100 * data["inside"], 100 * data["outside"]
    ax.hlines(at, outside, inside, color="#909090", linewidth=1)
    ax.plot(inside, at, "o", color=PALETTE[0], label=label("typology_figure.inside", language))
    ax.plot(outside, at, "x", color=PALETTE[3], label=label("typology_figure.outside", language))
    status = data["member"].map(lambda member: label(f"member.{member}", language))
    names = [
        label("typology_figure.with_status", language, name=name, status=known)
        for name, known in zip(data["name"], status, strict=True)
    ]
    ax.set_yticks(at, names)
    ax.invert_yaxis()
    for edge in np.flatnonzero(np.diff(data["type"])) + 0.5:
        ax.axhline(edge, color=LINE, linewidth=0.6)
    ax.set_xlim(-3, 103)
    ax.set_xlabel(label("typology_figure.share_of_runs", language), fontsize=8)


def _bars(ax: Axes, data: pd.DataFrame, language: Language) -> None:
    kinds = in_order(data["type"])[::-1]
    counts = data.pivot(index="type", columns="member", values="n").fillna(0).astype(int)
    counts = counts.loc[kinds, [member for member in FILL if member in counts]]
    texts = counts.astype(str).where(counts > 0.05 * data["n"].sum(), "")
    names = {member: label(f"member.{member}", language) for member in counts}
    looks = {m: {"color": FILL[m], "ec": "black", "label": name} for m, name in names.items()}
    stack_bars(ax, np.arange(len(counts)), counts, looks, texts, bbox=WHITE)
    ax.set_yticks(range(len(kinds)), [head(kind, language) for kind in kinds])
    ax.set_xlabel(label("typology_figure.units", language), fontsize=8)


def places(
    data: pd.DataFrame,
    *,
    types: pd.DataFrame,
    shares: Sequence[float] = (),
    titles: Sequence[str] = (),
    language: Language = "ja",
) -> Axes:
    """Map of municipalities and indicators on two axes.

    Parameters
    ----------
    data : axis1, axis2, name; type and code of the municipalities, none of the indicators.
    shares : of the variation (0 to 1) that each axis carries, written on it; or `titles` of both.
    """
    units, answers = data[data["code"].notna()], data[data["code"].isna()]
    ax = canvas(5.6 if len(answers) else 4.2, A4)
    if data.empty:
        return ax
    few = len(units) <= NAMED_UP_TO
    names = heads(types, language, 14)
    handles = []
    # units of one answer lie on one spot: where there are many, its area counts them
    edge: dict[str, Any] = {"mew": 0.5 if few else 0.3, "alpha": 1.0 if few else 0.75}
    for kind in in_order(units["type"]):
        marker = MARKERS[(kind - 1) % len(MARKERS)] if kind else UNKNOWN
        look = {"color": style(kind)["facecolor"], "marker": marker, "markeredgecolor": "black"}
        spots = units.loc[units["type"] == kind, ["axis1", "axis2"]].value_counts().sort_index()
        for count, alike in spots.groupby(spots):
            size = 7 if few else 2.2 * np.sqrt(count)
            ax.plot(*zip(*alike.index, strict=True), ls="", markersize=size, **edge, **look)
        handles.append(Line2D([], [], linestyle="", label=names[kind], **look))
    ax.plot(answers["axis1"], answers["axis2"], "+", color=PALETTE[3], ms=8, mew=1.5)
    ax.axhline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
    ax.axvline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
    percent = list(titles) or [
        label("typology_figure.axis", language, number=at, share=100 * share)
        for at, share in enumerate(shares, start=1)
    ]
    below = "" if few else "\n" + label("typology_figure.area", language)
    ax.set(xlabel=percent[0] + below, ylabel=percent[1])
    ax.margins(0.12)
    legend_above(ax, handles)
    red = {"color": PALETTE[3], "bbox": {**WHITE, "alpha": 0.8}}
    points = pd.concat([answers, units]) if few else answers
    looks = [red] * len(answers) + [{"fontsize": 8}] * (len(points) - len(answers))
    place_labels(ax, points[["axis1", "axis2"]].to_numpy(float), list(points["name"]), looks)
    return ax


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

    >>> import matplotlib.pyplot as plt
    >>> ax = plt.figure().add_subplot(xlim=(0, 1), ylim=(0, 1))
    >>> placed = place_labels(ax, np.array([[0.5, 0.5], [0.5, 0.5]]), ["one", "two"])
    >>> boxes = [text.get_window_extent() for text in placed]
    >>> bool(boxes[0].overlaps(boxes[1]))
    False
    >>> plt.close()
    """
    whole = ax.get_figure(root=True)
    assert whole is not None
    whole.draw_without_rendering()
    scale, frame = whole.dpi / 72, ax.get_window_extent()
    pixels = ax.transData.transform(np.asarray(points, dtype=float))
    occupied = [Bbox.from_bounds(x, y, 0, 0).padded(4.5 * scale) for x, y in pixels]
    order = np.argsort(-np.hypot(*(pixels - np.median(pixels, axis=0)).T), kind="stable")
    notes: dict[int, Annotation] = {}
    middle: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center"}
    for i in map(int, order):
        look = {"fontsize": 8, **(looks[i] if looks else {})}
        notes[i] = ax.annotate(texts[i], points[i], xytext=(0, 0), **middle, **look)
        box = notes[i].get_window_extent()
        steps = [
            (dx * (reach * scale + box.width / 2), dy * (reach * scale + box.height / 2))
            for reach, (dx, dy) in itertools.product(_REACH, _DIRECTIONS)
        ]
        boxes = [box.translated(*step) for step in steps]
        outside = [not (frame.contains(*b.min) and frame.contains(*b.max)) for b in boxes]
        covers = [b.count_overlaps(occupied) for b in boxes]
        best = int(np.argmin(np.add(covers, np.multiply(1000, outside))))
        occupied.append(boxes[best])
        step = steps[best]
        offset = (step[0] / scale, step[1] / scale)
        notes[i].set_position(offset)
        if max(abs(step[0]) - box.width / 2, abs(step[1]) - box.height / 2) > 9 * scale:
            line = {"arrowstyle": "-", "linewidth": 0.5, "color": "#606060", "relpos": (0.5, 0.5)}
            arrow = ax.annotate("", points[i], offset, arrowprops=line, **middle)
            arrow.set_zorder(0)
    return [notes[i] for i in sorted(notes)]
