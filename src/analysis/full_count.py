"""Hypotheses where all municipalities are known: the size of a difference, and nothing tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis import hypotheses
from analysis.codebook import Codebook, Hypothesis
from analysis.expression import Expression

SIZES = (0.147, 0.33, 0.474)  # small, medium, large from here (Romano et al. 2006)


@dataclass(frozen=True)
class Described:
    """A hypothesis with the effects that the answers of all municipalities show.

    Effects are Cliff's delta (two groups) or Kendall's tau-b (two values), -1 to 1: `overall` among
    all pairs, `same_size` among pairs of one size class, `same_home` among those of one size class
    and prefecture; NaN where there is no such pair. `icc`: intraclass correlation of the value
    within prefectures, size classes taken out; `design`: its design effect.
    """

    hypothesis: Hypothesis
    overall: float
    same_size: float
    same_home: float
    icc: float
    design: float
    n: tuple[int, ...]

    @property
    def effect(self) -> float:
        """The effect that is put into words: among municipalities of one size where there is."""
        return self.overall if np.isnan(self.same_size) else self.same_size

    @property
    def word(self) -> hypotheses.Word:
        """How large the difference is, in the direction that was expected or the other."""
        if np.isnan(self.effect) or min(self.n) < hypotheses.FEWEST:
            return "not testable"
        towards = self.effect * self.hypothesis.expected
        small, medium, large = SIZES
        if abs(towards) < small:
            return "negligible"
        if towards < 0:
            return "reverse"
        return "small" if towards < medium else "medium" if towards < large else "large"

    @property
    def turns(self) -> bool:
        """Whether an effect has another sign within size classes or prefectures than overall."""
        known = [e for e in (self.overall, self.same_size, self.same_home) if not np.isnan(e)]
        return min(known) < 0 < max(known) if known else False


def describe(
    codebook: Codebook, responses: pd.DataFrame, size_class: pd.Series, prefecture: pd.Series
) -> list[Described]:
    """Each hypothesis of a codebook in the answers of all municipalities (index: their codes)."""
    hypotheses.check_topics(codebook)
    size = size_class.reindex(responses.index).astype("str").to_numpy(object)
    home = prefecture.reindex(responses.index).fillna("").astype("str").to_numpy(object)
    both = np.array([f"{a} {b}" if b else "" for a, b in zip(size, home, strict=True)], object)
    return [_describe(h, responses, size, home, both) for h in codebook.hypotheses]


def _describe(
    h: Hypothesis, responses: pd.DataFrame, size: np.ndarray, home: np.ndarray, both: np.ndarray
) -> Described:
    y = hypotheses.numbers(h.value, responses)
    if h.x is not None:
        x = hypotheses.numbers(h.x, responses)
    else:
        assert h.group is not None
        belongs = Expression(h.group).evaluate(responses).astype("boolean")
        x = belongs.astype("Float64").to_numpy(float, na_value=np.nan)
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    n = (len(x),) if h.x is not None else (int(x.sum()), int((1 - x).sum()))
    overall, same_size, same_home = (
        effect(x, y, strata, two_groups=h.x is None) for strata in (None, size[known], both[known])
    )
    icc = design = float("nan")
    if (home[known] != "").all():
        means = pd.Series(y).groupby(size[known]).transform("mean").to_numpy(float)
        icc, design = intraclass(y - means, home[known])
    else:
        same_home = float("nan")
    return Described(h, overall, same_size, same_home, icc, design, n)


def effect(
    x: np.ndarray, y: np.ndarray, strata: np.ndarray | None = None, *, two_groups: bool
) -> float:
    """Cliff's delta of `y` between two groups (`x` 1 and 0), or Kendall's tau-b of `x` and `y`.

    With `strata` of pairs within a stratum alone. NaN where there is no pair that differs in `x`
    (for tau-b: and in `y`).

    Examples
    --------
    >>> group, y = np.array([1.0, 1, 0, 0]), np.array([3.0, 2, 2, 1])
    >>> effect(group, y, two_groups=True)
    0.75
    >>> effect(group, y, np.array(["a", "b", "a", "b"]), two_groups=True)
    1.0
    """
    labels = np.zeros(len(x), int) if strata is None else np.unique(strata, return_inverse=True)[1]
    agree = in_x = in_y = 0
    for stratum in range(labels.max(initial=-1) + 1):
        part = labels == stratum
        a, b = (np.sign(v[part][:, None] - v[part]).astype(np.int8) for v in (x, y))
        agree, in_x, in_y = (
            agree + int((a * b).sum(dtype=np.int64)),
            in_x + int(np.abs(a).sum(dtype=np.int64)),
            in_y + int(np.abs(b).sum(dtype=np.int64)),
        )
    below = float(in_x) if two_groups else float(np.sqrt(in_x * in_y))
    return agree / below if below else float("nan")


def intraclass(y: np.ndarray, groups: Any) -> tuple[float, float]:
    """Intraclass correlation of `y` in `groups` (one-way analysis of variance), design effect.

    The design effect is 1 + (m - 1) ICC with the mean size m of a group (Donner 1986; Kish 1965).
    NaN where there is one group, or no group of two.

    Examples
    --------
    >>> [round(x, 3) for x in intraclass(np.array([1.0, 2, 5, 6]), list("aabb"))]
    [0.939, 1.939]
    """
    parts = pd.Series(np.asarray(y, float)).groupby(np.asarray(groups, object))
    sizes = parts.size().to_numpy(float)
    n, k = sizes.sum(), len(sizes)
    if not 1 < k < n:
        return float("nan"), float("nan")
    means = parts.mean().to_numpy(float)
    between = float((sizes * (means - np.mean(y)) ** 2).sum() / (k - 1))
    within = float(((np.asarray(y) - parts.transform("mean")) ** 2).sum() / (n - k))
    size = (n - (sizes**2).sum() / n) / (k - 1)
    below = between + (size - 1) * within
    icc = float((between - within) / below) if below else float("nan")
    return icc, float(1 + (n / k - 1) * icc)
