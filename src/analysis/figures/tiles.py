"""Prefectures as tiles of one size: a map that needs no borders and hides no small prefecture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from analysis.figures.gallery import SMALL
from analysis.figures.plots import COLUMN, ink
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
) -> Axes:
    """A map of tiles: how large a share of the municipalities of each prefecture answered so.

    Parameters
    ----------
    frame : columns prefecture, share (0 to 1; missing where nobody was asked).
    codes : the two digits of each prefecture's code.
    """
    steps_of = np.digitize(frame["share"].astype(float), EDGES[1:-1])
    shades = np.where(frame["share"].isna(), MISSING, np.array(STEPS)[steps_of])
    grounds = dict(zip(frame["prefecture"].map(codes), shades, strict=True))
    steps = [f"{100 * low:.0f}–{100 * high:.0f}%" for low, high in itertools.pairwise(EDGES)]
    return _map(grounds, dict(zip(steps, STEPS, strict=True)), "share_of_municipalities", language)


def respondents(frame: pd.DataFrame, *, language: Language = "ja") -> Axes:
    """A map of tiles that marks where the respondents are: columns code (two digits), count."""
    marked = dict.fromkeys(frame["code"], STEPS[3])
    grounds = dict.fromkeys(places(), MISSING) | marked
    return _map(grounds, {label("figure.here", language): STEPS[3]}, "", language)


def _map(
    grounds: Mapping[str, str], legend: Mapping[str, str], title: str, language: Language
) -> Axes:
    """Tiles of these colours by code, with a legend of the colours."""
    figure, ax = plt.subplots(figsize=(COLUMN, 1.04 * COLUMN + 0.5))
    names, at = labels("prefecture_short", language), places()
    middle: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL}
    for code, ground in grounds.items():
        x, y = at[code]
        ax.add_patch(Rectangle((x, y), 0.94, 0.94, facecolor=ground, edgecolor=BORDER, lw=0.4))
        ax.text(x + 0.47, y + 0.47, names[code], color=ink(ground), **middle)
    ax.set(xlim=(-0.05, 12), ylim=(12, -0.05), aspect="equal")
    ax.set_axis_off()
    patches = [Patch(facecolor=c, edgecolor=BORDER, label=said) for said, c in legend.items()]
    look: dict[str, Any] = {"frameon": False, "title_fontsize": "medium", "alignment": "left"}
    look["title"] = label(f"figure.{title}", language) if title else None
    figure.legend(handles=patches, loc="outside lower left", ncols=3, **look)
    return ax
