"""Figures of the typology, each readable at A4 width, in grey print and by colour-blind readers.

Types are told apart by marker, hatch and lightness together, never by hue alone. Every function
takes ``language`` and draws into ``ax`` where it is one drawing; panels return their Figure. Call
`analysis.figures.use_style(language)` first: it sets the fonts.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from analysis.figures import PALETTE
from analysis.plots import wrapped
from analysis.tables import aligned

if TYPE_CHECKING:
    from analysis.typology.study import Typology

A4 = 6.7  # inches between the margins of an A4 page
NAMED_UP_TO = 40  # units up to which each has its own line in a figure
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "xxx", "|||", "\\\\\\", "++", "ooo")

_TEXTS = {
    "type": {"ja": "類型{0}", "en": "Type {0}"},
    "unplaced": {"ja": "未分類", "en": "Unplaced"},
    "members": {"ja": "{0}団体", "en": "n={0}"},
    "silhouette": {"ja": "シルエット幅", "en": "Silhouette width"},
    "average": {"ja": "平均 {0:.2f}", "en": "average {0:.2f}"},
    "coassignment": {
        "ja": "同じ類型になった割合",
        "en": "Share of runs in the same type",
    },
    "unit": {"ja": "団体", "en": "Municipality"},
    "share_in_class": {"ja": "規模区分内の割合（％）", "en": "Share within the size class (%)"},
}


def say(key: str, language: str, *values: object) -> str:
    """A text of these figures."""
    return _TEXTS[key][language].format(*values)


_BREAKS = re.compile(r"(?<=[、（])|(?<=[ぁ-ん・])(?=[^ぁ-んー、。）・])(?!型$)")


def wrap(text: str, language: str, width: int) -> str:
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


def _head(kind: int, language: str) -> str:
    return say("type", language, kind) if kind else say("unplaced", language)


def type_label(typology: Typology, kind: int, language: str, *, width: int = 18) -> str:
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
    language: str = "ja",
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
            f"{_head(kind, language)} ({say('members', language, len(at))})",
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
        say("average", language, mean),
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
    ax.set_xlabel(say("silhouette", language))
    ax.set_ylabel(say("unit", language))
    ax.grid(False, axis="y")
    _legend(ax, data, language, above=0.045 if few else 0.035)
    return ax


def plot_coassignment(
    data: Typology,
    *,
    together: pd.DataFrame | None = None,
    names: Mapping[str, str] | None = None,
    language: str = "ja",
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
    ax.set_ylabel(say("unit", language))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, label=say("coassignment", language), shrink=0.7)
    return ax


def plot_size_classes(
    data: Typology,
    *,
    size_class: pd.Series,
    language: str = "ja",
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
    names = [f"{c} ({say('members', language, int(row.sum()))})" for c, row in counts.iterrows()]
    ax.set_yticks(range(len(counts)), names, fontsize=9)
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel(say("share_in_class", language))
    ax.grid(False)
    _legend(ax, data, language)
    return ax


def _legend(ax: Axes, typology: Typology, language: str, *, above: float = 0.0) -> None:
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
