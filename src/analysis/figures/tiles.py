"""Prefectures as tiles of one size: a map that needs no borders and hides no small prefecture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from analysis.figures.plots import WIDTH
from analysis.text import Language, label, labels

# neighbours stay neighbours; by the two digits of the prefecture's code
PLACES = """
.. .. .. .. .. .. .. .. .. .. .. 01
.. .. .. .. .. .. .. .. .. .. .. 02
.. .. .. .. .. .. .. .. .. .. 05 03
.. .. .. .. .. .. .. .. .. .. 06 04
.. .. .. .. .. .. .. 17 16 15 07 ..
.. .. .. .. .. .. 18 21 20 10 09 08
.. .. 32 31 28 26 25 23 19 11 12 ..
.. 35 34 33 27 29 24 .. 22 13 .. ..
41 40 44 .. 30 .. .. .. .. 14 .. ..
42 43 45 .. 38 37 .. .. .. .. .. ..
.. 46 .. .. 39 36 .. .. .. .. .. ..
47 .. .. .. .. .. .. .. .. .. .. ..
"""
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# one hue from light to dark: read in grey and with every colour vision
STEPS = ("#eaf1f5", "#b9d3e0", "#7fb0c9", "#3f7fa3", "#173f5f")
MISSING, BORDER = "#ffffff", "#6b7580"


def places() -> dict[str, tuple[int, int]]:
    """Column and row of each prefecture's tile, by the two digits of its code.

    >>> len(places()), places()["01"]
    (47, (11, 0))
    """
    rows = [line.split() for line in PLACES.strip().splitlines()]
    return {c: (x, y) for y, row in enumerate(rows) for x, c in enumerate(row) if c != ".."}


def prefectures(
    frame: pd.DataFrame, *, codes: Mapping[str, str], language: Language = "ja"
) -> Figure:
    """A map of tiles for each question: how large a share of the municipalities answered so.

    Parameters
    ----------
    frame : columns question (as it is called), prefecture, share (0 to 1; missing where nobody
        was asked).
    codes : the two digits of each prefecture's code.
    """
    questions = list(dict.fromkeys(frame["question"]))
    across = 2
    down = max(1, -(-len(questions) // across))
    figure, axes = plt.subplots(down, across, figsize=(WIDTH, 3.5 * down + 0.5), squeeze=False)
    norm, shades = BoundaryNorm(EDGES, len(STEPS)), ListedColormap(STEPS)
    names = labels("prefecture_short", language)
    at = places()
    for ax, question in zip(axes.flat, questions, strict=False):
        shares = frame[frame["question"] == question].set_index("prefecture")["share"]
        for prefecture, share in shares.astype(float).items():
            x, y = at[codes[str(prefecture)]]
            known = not np.isnan(share)
            colour = shades(norm(min(share, 0.9999))) if known else MISSING
            ax.add_patch(
                Rectangle((x, y), 0.94, 0.94, facecolor=colour, edgecolor="#6b7580", lw=0.4)
            )
            dark = known and share >= EDGES[3]
            ax.text(
                *(x + 0.47, y + 0.47, names[codes[str(prefecture)]]),
                **{"ha": "center", "va": "center"},
                fontsize=8,
                color="white" if dark else "black",
            )
        ax.set_title(question, loc="left", fontsize="medium")
        ax.set_xlim(-0.1, 12.1)
        ax.set_ylim(12.1, -0.1)
        ax.set_aspect("equal")
    for ax in axes.flat:
        ax.set_axis_off()
    steps = [f"{100 * low:.0f}–{100 * high:.0f}%" for low, high in itertools.pairwise(EDGES)]
    patches = [
        Patch(facecolor=colour, edgecolor=BORDER, label=step)
        for colour, step in zip(STEPS, steps, strict=True)
    ]
    figure.legend(
        handles=patches,
        ncols=len(STEPS),
        loc="outside lower left",
        frameon=False,
        title_fontsize="medium",
        title=label("figure.share_of_municipalities", language),
    )
    return figure
