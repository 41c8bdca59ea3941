"""Figures of a typology: silhouettes, profile, choice of the number, multiverse, map."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from analysis.figures.gallery import PALETTE
from analysis.figures.plots import wrapped
from analysis.stats.tabulate import aligned
from analysis.text import Language, label

if TYPE_CHECKING:
    from analysis.typology.multiverse import Multiverse
    from analysis.typology.study import Typology


A4 = 6.7  # inches between the margins of an A4 page
NAMED_UP_TO = 40  # units up to which each has its own line in a figure
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "xxx", "|||", "\\\\\\", "++", "ooo")


_BREAKS = re.compile(r"(?<=[、（])|(?<=[ぁ-ん・])(?=[^ぁ-んー、。）・])(?!型$)")


def wrap(text: str, language: Language, width: int) -> str:
    """Break a label: English at words, Japanese after a particle or a comma.

    Examples
    --------
    >>> print(wrap("内部専門性が低い型", "ja", 7))
    内部専門性が
    低い型
    """
    if language == "en":
        return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    lines = [""]
    for part in _BREAKS.split(text):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(wrapped(lines, width))


def _style(kind: int) -> dict[str, Any]:
    """Fill and hatch of a type; white for the unplaced."""
    at = (kind - 1) % len(PALETTE)
    look = {"facecolor": PALETTE[at], "hatch": HATCHES[at]}
    return {**(look if kind else {"facecolor": "#ffffff", "hatch": ""}), "edgecolor": "#404040"}


def fill(kind: int) -> str:
    """The colour of a type, white for the unplaced."""
    return str(_style(kind)["facecolor"])


def _head(kind: int, language: Language) -> str:
    return (
        label("typology_figure.type", language, kind=kind)
        if kind
        else label("typology_figure.unplaced", language)
    )


def type_label(typology: Typology, kind: int, language: Language, *, width: int = 18) -> str:
    """The name of a type with its number, broken into lines for a figure."""
    name = f"\n{wrap(typology.names[kind][language], language, width)}" if kind else ""
    return f"{_head(kind, language)}{name}"


def canvas(ax: Axes | None, height: float) -> Axes:
    """The axes given, or new ones as wide as an A4 page's text."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(A4, height), layout="constrained")[1]


def types_of(labels: pd.Series) -> list[int]:
    """Types in order, the unplaced last."""
    return sorted((int(t) for t in labels.unique()), key=lambda t: (t == 0, t))


def _in_order(typology: Typology) -> list[str]:
    """Units of the fit by type, and within a type from the most to the least typical."""
    table = typology.fitted.rename("type").to_frame().assign(width=typology.silhouette)
    table["type"] = table["type"].replace(0, 999)
    table = table.sort_index(kind="stable").sort_values(
        ["type", "width"], ascending=[True, False], kind="stable"
    )
    return list(table.index)


def plot_silhouette(
    data: Typology,
    *,
    names: Mapping[str, str] | None = None,
    language: Language = "ja",
    ax: Axes | None = None,
) -> Axes:
    """Silhouette width of every unit, by type; below 0 a unit is nearer to another type."""
    order = _in_order(data)[::-1]
    few = len(order) <= NAMED_UP_TO
    ax = canvas(ax, 1.2 + (0.24 * len(order) if few else 4.5))
    widths = data.silhouette.reindex(order).to_numpy(float)
    types = data.labels.reindex(order).to_numpy(int)
    for kind in types_of(data.fitted):
        at = np.flatnonzero(types == kind)
        style = _style(kind) if few else {**_style(kind), "edgecolor": "none", "hatch": ""}
        bars: dict[str, Any] = {"height": 0.8 if few else 1.0, "linewidth": 0.5 if few else 0.0}
        ax.barh(at, np.nan_to_num(widths[at]), **style, **bars)
        ax.annotate(
            f"{_head(kind, language)} ({label('typology_figure.members', language, n=len(at))})",
            (1.02, at.mean()),
            xycoords=ax.get_yaxis_transform(),
            va="center",
            fontsize=8,
            annotation_clip=False,
        )
        if at[0] > 0:
            ax.axhline(at[0] - 0.5, color="#404040", linewidth=0.6)
    mean = float(np.nanmean(widths))
    ax.axvline(mean, color="black", linestyle="--", linewidth=1)
    ax.annotate(
        label("typology_figure.average", language, mean=mean),
        (mean, 1.0),
        xycoords=ax.get_xaxis_transform(),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        fontsize=8,
    )
    ax.axvline(0, color="black", linewidth=0.8)
    shown = [(names or {}).get(code, code) for code in order] if few else []
    ax.set_yticks(range(len(order)) if few else [], shown, fontsize=8)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.set_xlim(
        min(0.0, float(np.nanmin(widths))) - 0.03, max(float(np.nanmax(widths)), 0.3) + 0.03
    )
    ax.set_xlabel(label("typology_figure.silhouette", language))
    ax.set_ylabel(label("typology_figure.unit", language))
    ax.grid(False, axis="y")
    _legend(ax, data, language, above=0.045 if few else 0.035)
    return ax


def plot_coassignment(
    data: Typology,
    *,
    together: pd.DataFrame | None = None,
    names: Mapping[str, str] | None = None,
    language: Language = "ja",
    ax: Axes | None = None,
) -> Axes:
    """How often each pair of units is of the same type, ordered by type; dark is always.

    `together` shows another such matrix, such as `Multiverse.together`, in the same order.
    """
    order = _in_order(data)
    shares = (data.coassignment if together is None else together).loc[order, order]
    ax = canvas(ax, 5.8)
    image = ax.imshow(shares.to_numpy(float), cmap="Greys", vmin=0, vmax=1, interpolation="auto")
    types = data.labels.reindex(order).to_numpy(int)
    for edge in np.flatnonzero(np.diff(types)) + 0.5:
        ax.axhline(edge, color=PALETTE[3], linewidth=1.2)
        ax.axvline(edge, color=PALETTE[3], linewidth=1.2)
    for kind in types_of(data.fitted):
        middle = float(np.flatnonzero(types == kind).mean())
        ax.annotate(
            _head(kind, language),
            (middle, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    few = len(order) <= NAMED_UP_TO
    shown = [(names or {}).get(code, code) for code in order] if few else []
    ax.set_yticks(range(len(order)) if few else [], shown, fontsize=8)
    ax.set_ylabel(label("typology_figure.unit", language))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.figure.colorbar(
        image, ax=ax, label=label("typology_figure.coassignment", language), shrink=0.7
    )
    return ax


def plot_size_classes(
    data: Typology,
    *,
    size_class: pd.Series,
    language: Language = "ja",
    ax: Axes | None = None,
) -> Axes:
    """Which types each size class is made of: one bar a class, with its units of the fit.

    Parameters
    ----------
    size_class : class of each unit; categories keep their order, other values are sorted.
    """
    given = aligned(size_class, data.fitted.index, "size_class")
    known = list(given.cat.categories) if hasattr(given, "cat") else sorted(given.dropna().unique())
    counts = pd.crosstab(given, data.fitted).reindex(known).dropna(how="all")
    types = types_of(data.fitted)
    ax = canvas(ax, 1.6 + 0.5 * len(counts))
    shares = 100 * counts.div(counts.sum(axis=1), axis=0)
    left = np.zeros(len(counts))
    for kind in types:
        width = shares[kind].to_numpy(float)
        style = _style(kind)
        ax.barh(range(len(counts)), width, left=left, height=0.7, linewidth=0.6, **style)
        for i, (start, share) in enumerate(zip(left, width, strict=True)):
            if share >= 6:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
                number = f"{counts[kind].iloc[i]:.0f}"
                middle = start + share / 2
                ax.text(middle, i, number, ha="center", va="center", fontsize=8, bbox=box)
        left += width
    names = [
        f"{c} ({label('typology_figure.members', language, n=int(row.sum()))})"
        for c, row in counts.iterrows()
    ]
    ax.set_yticks(range(len(counts)), names, fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel(label("typology_figure.share_in_class", language))
    ax.grid(False)
    _legend(ax, data, language)
    return ax


def _legend(ax: Axes, typology: Typology, language: Language, *, above: float = 0.0) -> None:
    """Names of the types over the axes, `above` them by a share of their height."""
    kinds = types_of(typology.fitted)
    wide = 14 if language == "ja" else 24
    names = [type_label(typology, kind, language, width=wide) for kind in kinds]
    handles = [Patch(**_style(kind), label=name) for kind, name in zip(kinds, names, strict=True)]
    ax.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.45, 1.01 + above),
        ncols=min(3, len(handles)),
        fontsize=8,
        frameon=False,
    )


NOTABLE = 0.33  # Cliff's delta from which a cell is marked


def plot_profile(
    data: Typology,
    *,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    percent: Sequence[str] = (),
    language: Language = "ja",
    ax: Axes | None = None,
) -> Axes:
    """Heatmap of what sets each type apart: features down, types across.

    Parameters
    ----------
    data : the typology; a `profile` without means is drawn as marks alone, one without ``p_holm``
        (where nothing is tested) without stars.
    labels : label of each feature; its id where there is none.
    percent : features whose mean is a share, shown in percent.
    """
    adjusted = data.params["adjust"] != "none"
    numbered = "mean" in data.profile  # an edition may show the marks alone
    tested = numbered and "p_holm" in data.profile
    kind = ("adjusted" if adjusted else "note") if numbered else "marks"
    note = label(f"type_profile.{kind}", language)
    note += label("type_profile.star", language) if tested else ""
    effect = data.profile.pivot(index="feature", columns="type", values="effect")
    features = list(dict.fromkeys(data.profile["feature"]))
    effect = effect.loc[features]
    ax = canvas(ax, 1.9 + 0.3 * len(features))
    image = ax.imshow(effect.to_numpy(float), cmap="PuOr_r", vmin=-1, vmax=1, aspect="auto")
    place = {feature: i for i, feature in enumerate(features)}
    column = {kind: j for j, kind in enumerate(effect.columns)}
    for row in data.profile.itertuples():
        mark = "▲" if row.effect >= NOTABLE else "▼" if row.effect <= -NOTABLE else ""
        number = star = ""
        if numbered:
            if np.isnan(row.mean):
                continue
            number = _number(row.mean, share=row.feature in percent, adjusted=adjusted)
            star = "*" if tested and row.p_holm < 0.05 else ""
        ink = "white" if abs(row.effect) > 0.65 else "black"
        ax.text(
            column[row.type],
            place[row.feature],
            f"{mark}{number}{star}",
            ha="center",
            va="center",
            color=ink,
            fontsize=8,
        )
    texts = [labels[f][language] if labels and f in labels else f for f in features]
    wide = 16 if language == "ja" else 30
    ax.set_yticks(range(len(features)), [wrap(t, language, wide) for t in texts], fontsize=8)
    size = 8 if len(effect.columns) < 5 else 7
    room = 3.4 / len(effect.columns) * 72 / size  # ems in a column
    width = max(5, int(room if language == "ja" else room / 0.52))
    across = [
        f"{type_label(data, int(t), language, width=width)}\n"
        f"({label('typology_figure.members', language, n=int((data.fitted == t).sum()))})"
        for t in effect.columns
    ]
    ax.set_xticks(range(len(across)), across, fontsize=size)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    if numbered:
        ax.figure.colorbar(
            image, ax=ax, label=label("type_profile.effect", language), shrink=0.6, aspect=25
        )
    text = wrap(note, language, 60 if language == "ja" else 88)
    ax.set_xlabel(text, fontsize=7.5, loc="left")
    return ax


def _number(mean: float, *, share: bool, adjusted: bool) -> str:
    """A mean as written in its cell; after an adjustment what counts is the difference from 0."""
    if adjusted:
        mean = mean if abs(mean) >= 0.005 else 0.0
        return f"{100 * mean:+.0f}pt" if share else f"{mean:+.2f}"
    return f"{100 * mean:.0f}%" if share else f"{mean:.2f}"


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


CRITERIA = ("silhouette", "bic_above", "bic", "gap", "stability")  # in the order shown
_STATUS = ("core", "between", "borderline", "unplaced")
_STATUS_FILL = dict(zip(_STATUS, (*PALETTE[:3], "w"), strict=True))


def plot_choice(data: Typology, *, language: Language = "ja") -> Figure:
    """The criteria by number of types, side by side, with the number that was chosen."""
    table = data.choice
    shown = [c for c in CRITERIA if c in table and table[c].notna().any()]
    columns = 2
    lines = -(-len(shown) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(A4, 0.3 + 2.1 * lines), layout="constrained", squeeze=False
    )
    chosen = int(data.params["n_types"])
    for ax, name in zip(axes.flat, shown, strict=False):
        values = table[name].dropna()
        ax.plot(values.index, values, color=PALETTE[0], marker="o", markersize=4)
        ax.axvline(chosen, color=PALETTE[3], linestyle="--", linewidth=1.2)
        if chosen in values.index:
            ax.plot(chosen, values[chosen], "s", color=PALETTE[3], markersize=8)
        ax.set_ylabel(label(f"criterion.{name}", language), fontsize=8)
        ax.set_xticks(list(table.index))
        ax.set_xlabel(label("typology_figure.n_types", language), fontsize=8)
        ax.tick_params(labelsize=8)
        left = chosen > table.index.to_numpy().mean()
        high = values.get(chosen, values.mean()) > (values.min() + values.max()) / 2
        ax.annotate(
            label("typology_figure.chosen", language, k=chosen),
            (chosen, 0.03 if high else 0.97),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-5 if left else 5, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="bottom" if high else "top",
            color=PALETTE[3],
            fontsize=7.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    for ax in list(axes.flat)[len(shown) :]:
        ax.set_axis_off()
    return figure


def plot_multiverse(
    data: Multiverse,
    *,
    names: Mapping[str, str] | None = None,
    language: Language = "ja",
    one_by_one: bool = True,
) -> Figure:
    """What all analyses agree on: firmness of each unit, agreement, and what changes the result.

    `one_by_one`: units are drawn each by itself, where they are few.
    """
    few = one_by_one and len(data.units) <= NAMED_UP_TO
    height = max(4.6, 1.2 + 0.27 * len(data.units)) if few else 4.6
    figure = plt.figure(figsize=(A4, height), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.25, 1))
    left = figure.add_subplot(grid[:, 0])
    if few:
        _firmness(left, data.units, names or {}, language)
    else:
        _firmness_counts(left, data.units, language)
    left.set_title(label("typology_figure.firm", language), fontsize=9)
    agreement = figure.add_subplot(grid[0, 1])
    agreement.hist(
        data.runs["ari"], bins=list(np.arange(-0.2, 1.01, 0.1)), color=PALETTE[1], ec="black"
    )
    agreement.set_title(label("typology_figure.agreement", language), fontsize=9)
    agreement.set_xlabel(label("typology_figure.ari", language), fontsize=8)
    agreement.set_ylabel(label("typology_figure.analyses", language, n=data.n), fontsize=8)
    matters = figure.add_subplot(grid[1, 1])
    share = 100 * data.choices["share"].iloc[::-1]
    bars = matters.barh(
        [label(f"choice.{c}", language) for c in share.index], share, color=PALETTE[0]
    )
    matters.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    matters.set_xlim(0, max(10.0, float(share.max()) * 1.18))
    matters.set_title(label("typology_figure.matters", language), fontsize=9)
    matters.set_xlabel(label("typology_figure.variation", language), fontsize=8)
    for ax in (left, agreement, matters):
        ax.tick_params(labelsize=8)
    return figure


def _firmness(ax: Axes, units: pd.DataFrame, names: Mapping[str, str], language: Language) -> None:
    """One line a unit: how often with its own type, and how often with the next one."""
    table = units.assign(last=units["type"] == 0).sort_values(
        ["last", "type", "inside"], ascending=[False, False, True], kind="stable"
    )
    at = np.arange(len(table))
    ax.hlines(at, 100 * table["outside"], 100 * table["inside"], color="#909090", linewidth=1)
    for column, marker, colour in (("inside", "o", PALETTE[0]), ("outside", "x", PALETTE[3])):
        name = label(f"typology_figure.{column}", language)
        ax.plot(100 * table[column], at, marker, color=colour, label=name, markersize=5)
    shown = [
        f"{names.get(code, code)}（{label(f'member.{row.status}', language)}）"
        if language == "ja"
        else f"{names.get(code, code)} ({label(f'member.{row.status}', language)})"
        for code, row in table.iterrows()
    ]
    ax.set_yticks(at, shown)
    for edge in np.flatnonzero(np.diff(table["type"])) + 0.5:
        ax.axhline(edge, color="#404040", linewidth=0.6)
    ax.set_xlim(-3, 103)
    ax.set_xlabel(label("typology_figure.share_of_runs", language), fontsize=8)
    ax.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.4, 1.05), ncols=2, frameon=False)


def _firmness_counts(ax: Axes, units: pd.DataFrame, language: Language) -> None:
    """Too many units for a line each: counts of core, between and borderline by type."""
    counts = pd.crosstab(units["type"], units["status"])
    kinds = sorted(counts.index, key=lambda t: (t == 0, t))[::-1]
    left = np.zeros(len(kinds))
    for status in (s for s in _STATUS if s in counts):
        width = counts.loc[kinds, status].to_numpy(float)
        name = label(f"member.{status}", language)
        bars = ax.barh(
            range(len(kinds)), width, left=left, color=_STATUS_FILL[status], ec="black", label=name
        )
        written = [f"{w:.0f}" if w > 0.05 * len(units) else "" for w in width]
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        ax.bar_label(bars, written, label_type="center", fontsize=8, bbox=box)
        left += width
    ax.set_yticks(
        range(len(kinds)),
        [
            label("typology_figure.type", language, kind=t)
            if t
            else label("member.unplaced", language)
            for t in kinds
        ],
    )
    ax.set_xlabel(label("typology_figure.units", language), fontsize=8)
    ax.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.4, 1.05), ncols=3, frameon=False)


def plot_map(
    data: Typology,
    *,
    units: pd.DataFrame,
    categories: pd.DataFrame,
    inertia: tuple[float, float],
    names: Mapping[str, str] | None = None,
    language: Language = "ja",
    ax: Axes | None = None,
) -> Axes:
    """Map of units and answers on the first two axes (of MCA, for yes/no answers).

    Parameters
    ----------
    data : the typology, for the types of the units.
    units : per unit its place on two axes (the first two columns).
    categories : per answer its place; the index holds the texts written beside it.
    inertia : shares (0 to 1) of the two axes, written on them.
    names : unit -> name, written beside the unit where there are at most 40.
    """
    if ax is None:
        ax = plt.subplots(figsize=(A4, 5.6), layout="constrained")[1]
    places, answers = units.to_numpy(float)[:, :2], categories.to_numpy(float)[:, :2]
    shown = data.labels.reindex(units.index)
    labels = shown.to_numpy(int)
    few = len(units) <= NAMED_UP_TO
    handles = []
    for kind in types_of(shown):
        at = labels == kind
        marker = MARKERS[(kind - 1) % len(MARKERS)] if kind else "$?$"
        look: dict[str, Any] = {"color": fill(kind), "markeredgecolor": "black", "marker": marker}
        spots, counts = np.unique(places[at].round(6), axis=0, return_counts=True)
        for count in np.unique(counts):  # units of one answer lie on one spot: its area counts them
            size = 7 if few else 2.2 * np.sqrt(count)
            ax.plot(
                *spots[counts == count].T,
                linestyle="",
                markersize=size,
                markeredgewidth=0.5 if few else 0.3,
                alpha=1.0 if few else 0.75,
                **look,
            )
        text = type_label(data, kind, language, width=14 if language == "ja" else 24)
        handles.append(Line2D([], [], linestyle="", label=text, **look))
    ax.plot(*answers.T, "+", color=PALETTE[3], markersize=8, markeredgewidth=1.5)
    ax.axhline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
    ax.axvline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
    below = "" if few else "\n" + label("typology_figure.area", language)
    ax.set_xlabel(label("typology_figure.axis", language, number=1, share=100 * inertia[0]) + below)
    ax.set_ylabel(label("typology_figure.axis", language, number=2, share=100 * inertia[1]))
    ax.margins(0.12)
    ax.grid(False)
    ax.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.01),
        ncols=min(3, len(handles)),
        fontsize=8,
        frameon=False,
    )
    texts = list(map(str, categories.index))
    looks: list[dict[str, Any]] = [
        {"color": PALETTE[3], "bbox": {"facecolor": "white", "alpha": 0.8, "pad": 1, "lw": 0}}
    ]
    looks *= len(texts)
    if few:
        answers = np.vstack([answers, places])
        texts += [str((names or {}).get(code, code)) for code in units.index]
        looks += [{"fontsize": 7.5}] * len(units)
    place_labels(ax, answers, texts, looks)
    return ax
