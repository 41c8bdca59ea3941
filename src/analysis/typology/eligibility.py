"""Which units a typology is made from, and which are set aside and placed afterwards.

Pairwise comparison gives a unit with few answers small dissimilarities, so that it would become the
medoid that decides everybody's type; one unit far from all others takes a type of its own and
leaves the rest undivided. The rules are fixed beforehand and look at no typology.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.typology.dissimilarity import (
    ENOUGH,
    Groups,
    Kinds,
    Measure,
    answered,
    by_column,
    collapse,
)
from analysis.typology.verdict import SMALLEST_TYPE

FAR_FENCE = 3.0  # interquartile ranges above the upper quartile: "far out" (Tukey 1977)
FAR_PAIR = 1.5  # times the mean dissimilarity of two units that an outlying one is from the others
REASONS = ("sparse", "outlying", "empty")


@dataclass(frozen=True)
class Eligibility:
    """``fit``: whether each unit takes part. ``aside``: why not (of `REASONS`), by unit."""

    fit: np.ndarray
    aside: pd.Series


def taking_part(frame: pd.DataFrame, kinds: Kinds = None, groups: Groups = None) -> Eligibility:
    """Decide who takes part in the fit.

    Set aside are units without any answer (``empty``), units that answered less than half of the
    features, groups weighing the same (``sparse``), and, among the rest, the ``outlying``: their
    Gower dissimilarity to the second-nearest other unit is above Tukey's far fence (upper quartile
    plus three interquartile ranges of all units') and above one and a half times the mean
    dissimilarity of two units. A member of a group of three has two near ones, so that no type that
    may be named is set aside.

    Parameters
    ----------
    frame : units x features, NaN where missing. kinds, groups : as in `GowerDissimilarity`.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [0, 1, 2, 8, 9, 10, 99.0], "b": [0, 0, 1, 5, 6, 5, 99.0]})
    >>> taking_part(frame).aside.to_dict()
    {6: 'outlying'}
    """
    values, names = frame.to_numpy(float), list(map(str, frame))
    share = answered(values, by_column(groups, names, None))
    fit = share >= ENOUGH
    why = pd.Series(np.where(share > 0, "sparse", "empty"), frame.index, dtype=object)
    if fit.any():
        far = np.flatnonzero(fit)[_far_out(values[fit], names, kinds, groups)]
        fit[far] = False
        why.iloc[far] = "outlying"
    return Eligibility(fit, why[~fit])


def _far_out(values: np.ndarray, names: list[str], kinds: Kinds, groups: Groups) -> np.ndarray:
    """Whether each unit is farther from its nearest others than Tukey's far fence."""
    patterns = collapse(values, names=names)
    counts, n = patterns.weights, len(values)
    if len(counts) < SMALLEST_TYPE:
        return np.zeros(n, dtype=bool)
    distance = Measure(patterns, names, kinds, groups).between(patterns.rows, patterns.rows)
    np.fill_diagonal(distance, 0.0)
    mean = float(counts @ distance @ counts) / (n * (n - 1))
    np.fill_diagonal(distance, np.inf)
    near = np.argpartition(distance, SMALLEST_TYPE - 2, axis=1)[:, : SMALLEST_TYPE - 1]
    apart = np.take_along_axis(distance, near, axis=1)
    order = np.argsort(apart, axis=1, kind="stable")
    apart = np.take_along_axis(apart, order, axis=1)
    others = np.take_along_axis(counts[near], order, axis=1).cumsum(axis=1) + counts[:, None] - 1
    missing = (others < SMALLEST_TYPE - 1).sum(axis=1)  # place of the second-nearest other unit
    alike = counts > SMALLEST_TYPE - 1
    place = np.minimum(missing, SMALLEST_TYPE - 2)[:, None]
    reach = np.where(alike, 0.0, np.take_along_axis(apart, place, axis=1)[:, 0])[patterns.back]
    low, high = np.quantile(reach, [0.25, 0.75])
    return reach > max(high + FAR_FENCE * (high - low), FAR_PAIR * mean) + 1e-9
