"""Which units a typology is made from, and which are set aside and placed afterwards.

Pairwise comparison gives a unit with few answers small dissimilarities, so that it would become the
medoid that decides everybody's type; one unit far from all others takes a type of its own and
leaves the rest undivided. The rules are fixed beforehand and look at no typology.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.thresholds import ENOUGH_ANSWERED, FAR_FENCE, FAR_PAIR, SMALLEST_TYPE
from analysis.typology.dissimilarity import Gower, Groups, answered, collapse

REASONS = ("sparse", "outlying", "empty")


@dataclass(frozen=True)
class Eligibility:
    """``fit``: whether each unit takes part. ``aside``: why not (of `REASONS`), by unit."""

    fit: np.ndarray
    aside: pd.Series


def taking_part(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups = None
) -> Eligibility:
    """Decide who takes part in the fit.

    Set aside are units without any answer (``empty``), units that answered less than half of the
    features, groups weighing the same (``sparse``), and, among the rest, the ``outlying``: their
    Gower dissimilarity to the second-nearest other unit is above Tukey's far fence (upper quartile
    plus three interquartile ranges of all units') and above one and a half times the mean
    dissimilarity of two units. A member of a group of three has two near ones, so that no type that
    may be named is set aside.

    Parameters
    ----------
    frame : units x features, NaN where missing. kinds, groups : as in `dissimilarity.Gower`.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [0, 1, 2, 8, 9, 10, 99.0], "b": [0, 0, 1, 5, 6, 5, 99.0]})
    >>> taking_part(frame, {"a": "ratio", "b": "ratio"}).aside.to_dict()
    {6: 'outlying'}
    """
    share = answered(frame, groups)
    fit = share >= ENOUGH_ANSWERED
    why = pd.Series(np.where(share > 0, "sparse", "empty"), frame.index, dtype=object)
    if fit.any():
        far = np.flatnonzero(fit)[_far_out(frame[fit], kinds, groups)]
        fit[far] = False
        why.iloc[far] = "outlying"
    return Eligibility(fit, why[~fit])


def _far_out(frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups) -> np.ndarray:
    """Whether each unit is farther from its nearest others than Tukey's far fence."""
    names = list(map(str, frame))
    patterns = collapse(frame.to_numpy(float), names)
    counts, n, others = patterns.weights, len(frame), SMALLEST_TYPE - 1
    if len(counts) < SMALLEST_TYPE:
        return np.zeros(n, dtype=bool)
    distance = Gower(patterns, names, kinds, groups).among()
    mean = float(counts @ distance @ counts) / (n * (n - 1))
    np.fill_diagonal(distance, np.inf)
    # nearest patterns, and how many other units are as near or nearer: those of the same answers,
    # then the patterns in turn
    near = np.argpartition(distance, others - 1, axis=1)[:, :others]
    apart = np.take_along_axis(distance, near, axis=1)
    order = np.argsort(apart, axis=1, kind="stable")
    apart = np.take_along_axis(apart, order, axis=1)
    within = np.take_along_axis(counts[near], order, axis=1).cumsum(axis=1) + counts[:, None] - 1
    place = np.minimum((within < others).sum(axis=1), others - 1)[:, None]
    reach = np.where(counts > others, 0.0, np.take_along_axis(apart, place, axis=1)[:, 0])
    low, high = np.quantile(reach[patterns.back], [0.25, 0.75])
    fence = max(high + FAR_FENCE * (high - low), FAR_PAIR * mean)
    return reach[patterns.back] > fence + 1e-9
