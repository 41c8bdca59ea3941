"""What sets each type apart: differences with exact tests, and who is typical or not.

The features tested here made the types, so small p-values are expected: they say which features
carry a type, never that the types exist. That is the verdict's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, mannwhitneyu, rankdata

from analysis.inference import holm
from analysis.tables import aligned
from analysis.typology.gradient import numeric

UNPLACED = 0  # label of members of types too small to name
EXACT_UP_TO = 60  # answers up to which the rank-sum distribution is enumerated


def profile(frame: pd.DataFrame, kinds: Mapping[str, str], labels: pd.Series) -> pd.DataFrame:
    """Compare each type with all other units, feature by feature.

    Parameters
    ----------
    frame : units x features, NaN where missing (left out of that feature's comparison).
    kinds : kind of each feature; a nominal one is compared category by category (``f=2``).
    labels : type of each unit; `UNPLACED` ones belong to "all other units".

    Returns
    -------
    One row per type and feature: ``type, feature, n, n_rest`` (answered), ``mean, rest_mean`` (the
    share for 0/1 features), ``effect`` (Cliff's delta, -1 to 1; for 0/1 features the difference of
    the two shares), ``p`` (two-sided; Fisher's exact test for 0/1, else the exact rank-sum test
    with ties, its normal approximation above 60 answers) and ``p_holm`` (Holm 1979 over the table).

    Examples
    --------
    >>> frame = pd.DataFrame({"ai": [1.0, 1, 1, 0, 0, 0]})
    >>> labels = pd.Series([1, 1, 1, 2, 2, 2])
    >>> profile(frame, {"ai": "binary"}, labels)[["effect", "p", "p_holm"]].round(2).values.tolist()
    [[1.0, 0.1, 0.2], [-1.0, 0.1, 0.2]]
    """
    columns = numeric(frame, kinds)
    labels = aligned(labels, frame.index, "labels")
    types = sorted(int(t) for t in labels.unique() if t != UNPLACED)
    rows = []
    for kind in types:
        inside = (labels == kind).to_numpy(bool)
        for name in columns:
            y = columns[name].to_numpy(float)
            mine, rest = y[inside & ~np.isnan(y)], y[~inside & ~np.isnan(y)]
            row = {"type": kind, "feature": name, "n": mine.size, "n_rest": rest.size}
            row["mean"] = mine.mean() if mine.size else np.nan
            row["rest_mean"] = rest.mean() if rest.size else np.nan
            row["effect"], row["p"] = _compare(mine, rest)
            rows.append(row)
    names = ["type", "feature", "n", "n_rest", "mean", "rest_mean", "effect", "p"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def _compare(mine: np.ndarray, rest: np.ndarray) -> tuple[float, float]:
    """Cliff's delta and an exact two-sided p-value."""
    if not mine.size or not rest.size:
        return np.nan, np.nan
    both = np.concatenate([mine, rest])
    ranks = rankdata(both)
    m, n = mine.size, both.size
    delta = (2 * ranks[:m].sum() - m * (n + 1)) / (m * (n - m))
    if np.ptp(both) == 0:
        return 0.0, 1.0
    if set(np.unique(both)) <= {0.0, 1.0}:
        table = [[mine.sum(), m - mine.sum()], [rest.sum(), n - m - rest.sum()]]
        return float(delta), float(fisher_exact(table).pvalue)
    if n <= EXACT_UP_TO:
        return float(delta), _exact_rank_sum(ranks, m)
    return float(delta), float(mannwhitneyu(mine, rest, method="asymptotic").pvalue)


def _exact_rank_sum(ranks: np.ndarray, m: int) -> float:
    """P of a rank sum at least this far from its mean, over all choices of m of the units."""
    doubled = np.rint(2 * ranks).astype(int)  # midranks as whole numbers
    ways = np.zeros((m + 1, doubled.sum() + 1))
    ways[0, 0] = 1.0
    for value in doubled:
        ways[1:, value:] += ways[:-1, : ways.shape[1] - value].copy()
    counts = ways[m]
    centre = m * doubled.sum() / doubled.size
    far = np.abs(np.arange(counts.size) - centre) >= abs(doubled[:m].sum() - centre) - 1e-9
    return float(min(1.0, counts[far].sum() / counts.sum()))


def paragons(dissimilarity: np.ndarray, labels: pd.Series) -> dict[int, str]:
    """The medoid of each type: the member with the least total dissimilarity to the others."""
    return _members(dissimilarity, labels, np.argmin)


def atypical(dissimilarity: np.ndarray, labels: pd.Series) -> dict[int, str]:
    """The member of each type that is least like the others.

    Examples
    --------
    >>> D = np.abs(np.subtract.outer([0, 1, 5], [0, 1, 5]))
    >>> types = pd.Series([1, 1, 1], index=list("abc"))
    >>> paragons(D, types), atypical(D, types)
    ({1: 'b'}, {1: 'c'})
    """
    return _members(dissimilarity, labels, np.argmax)


def _members(
    dissimilarity: np.ndarray, labels: pd.Series, pick: Callable[[np.ndarray], np.intp]
) -> dict[int, str]:
    chosen = {}
    for kind in sorted(int(t) for t in labels.unique() if t != UNPLACED):
        at = np.flatnonzero((labels == kind).to_numpy(bool))
        at = at[np.argsort(labels.index[at], kind="stable")]  # ties: the smallest code
        total = dissimilarity[np.ix_(at, at)].sum(axis=1).round(9)
        chosen[kind] = str(labels.index[at[pick(total)]])
    return chosen
