"""Figures on the choices behind a typology: number of types, the multiverse, the map of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import PALETTE
from analysis.figures_labels import place_labels
from analysis.figures_typology import A4, MARKERS, NAMED_UP_TO, fill, type_label, types_of

if TYPE_CHECKING:
    from analysis.typology.multiverse import Multiverse
    from analysis.typology.study import Typology

_TEXTS = {
    "n_types": {"ja": "類型の数", "en": "Number of types"},
    "chosen": {"ja": "採用：{0}", "en": "chosen: {0}"},
    "matters": {"ja": "どの選択が結果を変えるか", "en": "Which choice changes the result"},
    "variation": {"ja": "結果の違いに占める割合（％）", "en": "Share of variation (%)"},
    "firm": {"ja": "分析を変えても同じ類型か", "en": "With its type in other analyses?"},
    "share_of_runs": {"ja": "全分析に占める割合（％）", "en": "Share of analyses (%)"},
    "inside": {"ja": "自分の類型と同じ", "en": "with its own type"},
    "outside": {"ja": "次に近い類型と同じ", "en": "with the next type"},
    "agreement": {"ja": "採用した類型との一致", "en": "Agreement with the types shown"},
    "ari": {"ja": "調整ランド指数（1＝同じ）", "en": "Adjusted Rand index (1 = same)"},
    "analyses": {"ja": "分析の数（計{0}通り）", "en": "Analyses ({0} in all)"},
    "units": {"ja": "団体数", "en": "Respondents"},
    "area": {"ja": "点の面積は団体数に比例", "en": "area of a point: respondents"},
    "axis": {"ja": "第{0}軸（{1:.0f}％）", "en": "Axis {0} ({1:.0f} %)"},
}
CHOICES = {
    "indicators": {"ja": "使う指標", "en": "Indicators"},
    "missing": {"ja": "無回答の扱い", "en": "Missing answers"},
    "dissimilarity": {"ja": "違いの測り方", "en": "Dissimilarity"},
    "method": {"ja": "分類の手法", "en": "Method"},
    "n_types": {"ja": "類型の数", "en": "Number of types"},
    "combinations": {"ja": "選択の組合せ", "en": "Combinations"},
}
_STATUS = {
    "core": {"ja": "中核", "en": "core"},
    "between": {"ja": "中間", "en": "between"},
    "borderline": {"ja": "境界", "en": "borderline"},
    "unplaced": {"ja": "未分類", "en": "unplaced"},
}
_STATUS_FILL = dict(zip(_STATUS, (*PALETTE[:3], "w"), strict=True))
CRITERIA = {
    "silhouette": {
        "ja": "平均シルエット\n（大きいほど良い）",
        "en": "Average silhouette\n(higher is better)",
    },
    "bic_above": {
        "ja": "潜在クラスのBIC\n（最小との差、小さいほど良い）",
        "en": "BIC of latent classes\n(above the least; lower is better)",
    },
    "bic": {
        "ja": "潜在クラスのBIC\n（小さいほど良い）",
        "en": "BIC of latent classes\n(lower is better)",
    },
    "gap": {"ja": "偶然との差\n（大きいほど良い）", "en": "Gap beyond chance\n(higher is better)"},
    "stability": {
        "ja": "最も不安定な類型のJaccard係数\n（大きいほど良い）",
        "en": "Least stable type (Jaccard)\n(higher is better)",
    },
}


def _say(key: str, language: str, *values: object) -> str:
    return _TEXTS[key][language].format(*values)


def plot_choice(data: Typology, *, language: str = "ja") -> Figure:
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
        ax.set_ylabel(CRITERIA[name][language], fontsize=8)
        ax.set_xticks(list(table.index))
        ax.set_xlabel(_say("n_types", language), fontsize=8)
        ax.tick_params(labelsize=8)
        left = chosen > table.index.to_numpy().mean()
        high = values.get(chosen, values.mean()) > (values.min() + values.max()) / 2
        ax.annotate(
            _say("chosen", language, chosen),
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
    language: str = "ja",
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
    left.set_title(_say("firm", language), fontsize=9)
    agreement = figure.add_subplot(grid[0, 1])
    agreement.hist(
        data.runs["ari"], bins=list(np.arange(-0.2, 1.01, 0.1)), color=PALETTE[1], ec="black"
    )
    agreement.set_title(_say("agreement", language), fontsize=9)
    agreement.set_xlabel(_say("ari", language), fontsize=8)
    agreement.set_ylabel(_say("analyses", language, data.n), fontsize=8)
    matters = figure.add_subplot(grid[1, 1])
    share = 100 * data.choices["share"].iloc[::-1]
    bars = matters.barh([CHOICES[c][language] for c in share.index], share, color=PALETTE[0])
    matters.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    matters.set_xlim(0, max(10.0, float(share.max()) * 1.18))
    matters.set_title(_say("matters", language), fontsize=9)
    matters.set_xlabel(_say("variation", language), fontsize=8)
    for ax in (left, agreement, matters):
        ax.tick_params(labelsize=8)
    return figure


def _firmness(ax: Axes, units: pd.DataFrame, names: Mapping[str, str], language: str) -> None:
    """One line a unit: how often with its own type, and how often with the next one."""
    table = units.assign(last=units["type"] == 0).sort_values(
        ["last", "type", "inside"], ascending=[False, False, True], kind="stable"
    )
    at = np.arange(len(table))
    ax.hlines(at, 100 * table["outside"], 100 * table["inside"], color="#909090", linewidth=1)
    for column, marker, colour in (("inside", "o", PALETTE[0]), ("outside", "x", PALETTE[3])):
        label = _say(column, language)
        ax.plot(100 * table[column], at, marker, color=colour, label=label, markersize=5)
    shown = [
        f"{names.get(code, code)}（{_STATUS[row.status][language]}）"
        if language == "ja"
        else f"{names.get(code, code)} ({_STATUS[row.status][language]})"
        for code, row in table.iterrows()
    ]
    ax.set_yticks(at, shown)
    for edge in np.flatnonzero(np.diff(table["type"])) + 0.5:
        ax.axhline(edge, color="#404040", linewidth=0.6)
    ax.set_xlim(-3, 103)
    ax.set_xlabel(_say("share_of_runs", language), fontsize=8)
    ax.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.4, 1.05), ncols=2, frameon=False)


def _firmness_counts(ax: Axes, units: pd.DataFrame, language: str) -> None:
    """Too many units for a line each: counts of core, between and borderline by type."""
    counts = pd.crosstab(units["type"], units["status"])
    kinds = sorted(counts.index, key=lambda t: (t == 0, t))[::-1]
    left = np.zeros(len(kinds))
    for status in (s for s in _STATUS if s in counts):
        width = counts.loc[kinds, status].to_numpy(float)
        label = _STATUS[status][language]
        bars = ax.barh(
            range(len(kinds)), width, left=left, color=_STATUS_FILL[status], ec="black", label=label
        )
        written = [f"{w:.0f}" if w > 0.05 * len(units) else "" for w in width]
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        ax.bar_label(bars, written, label_type="center", fontsize=8, bbox=box)
        left += width
    word = {"ja": "類型{0}", "en": "Type {0}"}[language]
    ax.set_yticks(
        range(len(kinds)), [word.format(t) if t else _STATUS["unplaced"][language] for t in kinds]
    )
    ax.set_xlabel(_say("units", language), fontsize=8)
    ax.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.4, 1.05), ncols=3, frameon=False)


def plot_map(
    data: Typology,
    *,
    units: pd.DataFrame,
    categories: pd.DataFrame,
    inertia: tuple[float, float],
    names: Mapping[str, str] | None = None,
    language: str = "ja",
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
    below = "" if few else "\n" + _say("area", language)
    ax.set_xlabel(_say("axis", language, 1, 100 * inertia[0]) + below)
    ax.set_ylabel(_say("axis", language, 2, 100 * inertia[1]))
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
