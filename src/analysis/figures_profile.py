"""The heatmap of what sets the types apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from analysis.figures_typology import canvas, say, type_label, wrap

if TYPE_CHECKING:
    from analysis.typology.study import Typology

NOTABLE = 0.33  # Cliff's delta from which a cell is marked
_TEXTS = {
    "effect": {
        "ja": "他の団体との差（Cliffのデルタ）",
        "en": "Difference from all others (Cliff's delta)",
    },
    "note": {
        "ja": "数値は類型内の平均（0/1の項目は割合）。▲▼は差が0.33以上",
        "en": "Numbers: mean in the type (share for 0/1 items). ▲▼ difference of 0.33 or more",
    },
    "marks": {
        "ja": "▲▼は他の団体との差（Cliffのデルタ）が0.33以上。"
        "個々の回答を逆算できないよう、数値は載せない",
        "en": "▲▼ difference from all others (Cliff's delta) of 0.33 or more; no numbers, so that "
        "single answers cannot be derived",
    },
    "adjusted": {
        "ja": "数値は調整後の類型内の平均（0は同じ水準・区分の団体の平均、ptは割合の差）。"
        "▲▼は差が0.33以上",
        "en": "Numbers: mean in the type after the adjustment (0: the average of its equals; pt: "
        "percentage points). ▲▼ difference of 0.33 or more",
    },
    "star": {"ja": "、＊はHolm補正後p<0.05", "en": ", * p<0.05 after Holm"},
}


def plot_profile(
    data: Typology,
    *,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    percent: Sequence[str] = (),
    language: str = "ja",
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
    note = _TEXTS[("adjusted" if adjusted else "note") if numbered else "marks"][language]
    note += _TEXTS["star"][language] if tested else ""
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
        f"({say('members', language, int((data.fitted == t).sum()))})"
        for t in effect.columns
    ]
    ax.set_xticks(range(len(across)), across, fontsize=size)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    if numbered:
        ax.figure.colorbar(image, ax=ax, label=_TEXTS["effect"][language], shrink=0.6, aspect=25)
    text = wrap(note, language, 60 if language == "ja" else 88)
    ax.set_xlabel(text, fontsize=7.5, loc="left")
    return ax


def _number(mean: float, *, share: bool, adjusted: bool) -> str:
    """A mean as written in its cell; after an adjustment what counts is the difference from 0."""
    if adjusted:
        mean = mean if abs(mean) >= 0.005 else 0.0
        return f"{100 * mean:+.0f}pt" if share else f"{mean:+.2f}"
    return f"{100 * mean:.0f}%" if share else f"{mean:.2f}"
