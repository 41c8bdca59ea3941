"""Exact tests and effect sizes with intervals, for samples as small as fifteen.

Permutation tests make no assumption on distributions and are exact at any n. An interval is given
beside every estimate, because at n = 15 the p-value alone says little.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb, sqrt

import numpy as np
from scipy import stats

from analysis.typology.profile import holm

__all__ = [
    "Effect",
    "association",
    "difference",
    "difference_of_shares",
    "difference_within",
    "dominance",
    "holm",
    "permutation_p",
    "wilson",
]

ENUMERATE = 200_000  # arrangements up to which all are counted
DRAWS = 20_000  # else drawn at random, seeded
Z = stats.norm.ppf(0.975)


@dataclass(frozen=True)
class Effect:
    """An estimate with its 95 % interval and, where a test belongs to it, the p-value."""

    estimate: float
    low: float
    high: float
    p: float
    n: tuple[int, ...]
    method: str


def wilson(count: int, n: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927).

    Examples
    --------
    >>> [round(x, 3) for x in wilson(5, 15)]
    [0.152, 0.583]
    """
    if n == 0:
        return float("nan"), float("nan")
    interval = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def difference_of_shares(a: int, n_a: int, b: int, n_b: int) -> Effect:
    """Share a minus share b, Newcombe's hybrid score interval (1998, method 10), Fisher's test.

    Examples
    --------
    >>> e = difference_of_shares(56, 70, 48, 80)
    >>> round(e.estimate, 4), round(e.low, 4), round(e.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    if not n_a or not n_b:
        return Effect(*(float("nan"),) * 4, (n_a, n_b), "Newcombe")
    p_a, p_b = a / n_a, b / n_b
    (l_a, u_a), (l_b, u_b) = wilson(a, n_a), wilson(b, n_b)
    d = p_a - p_b
    low = d - sqrt((p_a - l_a) ** 2 + (u_b - p_b) ** 2)
    high = d + sqrt((u_a - p_a) ** 2 + (p_b - l_b) ** 2)
    p = float(stats.fisher_exact([[a, n_a - a], [b, n_b - b]]).pvalue)
    return Effect(d, low, high, p, (n_a, n_b), "Fisher, Newcombe")


def difference_within(has: np.ndarray, group: np.ndarray, strata: np.ndarray) -> float:
    """Share of the group minus share of the rest, within strata (Mantel & Haenszel 1959).

    NaN where no stratum holds both.

    Examples
    --------
    >>> has, group = np.array([1, 0, 1, 1], bool), np.array([1, 0, 1, 0], bool)
    >>> difference_within(has, group, np.array(["a", "a", "b", "b"]))
    0.5
    """
    total, weight = 0.0, 0.0
    for name in np.unique(np.asarray(strata).astype(str)):
        there = np.asarray(strata).astype(str) == name
        mine, rest = has[there & group], has[there & ~group]
        if len(mine) and len(rest):
            w = len(mine) * len(rest) / (len(mine) + len(rest))
            total, weight = total + w * (mine.mean() - rest.mean()), weight + w
    return float(total / weight) if weight else float("nan")


def permutation_p(
    values: np.ndarray,
    group: np.ndarray,
    *,
    strata: np.ndarray | None = None,
    seed: int = 0,
) -> float:
    """Two-sided permutation p-value of the difference of the means of two groups.

    Of values 0 and 1 it is exact at any n: the arrangements are counted by the hypergeometric law.
    Of other values all arrangements are counted where there are at most 200,000, else 20,000 are
    drawn and (b + 1) / (m + 1) is given (Phipson & Smyth 2010). With `strata` group labels are
    exchanged only within a stratum, such as a size class.

    Parameters
    ----------
    values : numbers. group : True for the first group. strata : labels, same length.

    Examples
    --------
    >>> permutation_p(np.array([1.0, 2, 3, 4]), np.array([True, True, False, False]))
    0.3333333333333333
    """
    values, group = np.asarray(values, float), np.asarray(group, bool)
    if not group.any() or group.all():
        return float("nan")
    labels = np.zeros(len(values), int) if strata is None else _codes(strata)
    blocks = [np.flatnonzero(labels == s) for s in range(labels.max() + 1)]
    first, total = int(group.sum()), values.sum()
    # group sizes are fixed, so the difference of means is a function of the first group's sum
    observed = values[group].mean() - values[~group].mean()

    def as_far(sums: np.ndarray) -> np.ndarray:
        differences = sums / first - (total - sums) / (len(values) - first)
        return np.abs(differences) >= abs(observed) - 1e-9 * max(1.0, abs(observed))

    if np.isin(values, (0.0, 1.0)).all():
        chances = _chances(values, group, blocks)
        return min(1.0, float(chances[as_far(np.arange(len(chances)))].sum()))
    sums, exact = _sums(values, group, blocks, seed)
    hits = int(as_far(sums).sum())
    return hits / len(sums) if exact else (hits + 1) / (len(sums) + 1)


def _chances(values: np.ndarray, group: np.ndarray, blocks: list[np.ndarray]) -> np.ndarray:
    """Chance of each sum 0, 1, ... of 0/1 values in the first group, over all arrangements.

    Within a stratum the sum is hypergeometric, over the strata the sum of independent ones.
    """
    chances = np.ones(1)
    for block in blocks:
        ones, drawn = int(values[block].sum()), int(group[block].sum())
        support = np.arange(min(ones, drawn) + 1)
        law = stats.hypergeom.pmf(support, len(block), ones, drawn)
        chances = np.convolve(chances, law)
    return chances / chances.sum()


def _sums(
    values: np.ndarray, group: np.ndarray, blocks: list[np.ndarray], seed: int
) -> tuple[np.ndarray, bool]:
    """Sum of the first group in every arrangement, or in drawn ones, and whether in every one."""
    sizes = [int(group[block].sum()) for block in blocks]
    count = 1
    for block, size in zip(blocks, sizes, strict=True):
        count *= comb(len(block), size)
    if count <= ENUMERATE:
        sums = np.zeros(1)
        for block, size in zip(blocks, sizes, strict=True):
            part = np.array([sum(chosen) for chosen in combinations(values[block].tolist(), size)])
            sums = (sums[:, None] + part[None, :]).ravel()
        return sums, True
    rng = np.random.default_rng(seed)
    sums = np.zeros(DRAWS)
    for block, size in zip(blocks, sizes, strict=True):
        if 0 < size < len(block):
            for start in range(0, DRAWS, 1_000):  # in parts, so that memory stays small
                keys = rng.random((1_000, len(block)))
                chosen = np.argpartition(keys, size, axis=1)[:, :size]
                sums[start : start + 1_000] += values[block][chosen].sum(axis=1)
        else:
            sums += values[block].sum() if size else 0.0
    return sums, False


def difference(values: np.ndarray, group: np.ndarray, *, seed: int = 0) -> Effect:
    """Hodges-Lehmann shift between two groups with its exact interval, and a permutation test.

    The interval inverts the exact rank-sum distribution (Hodges & Lehmann 1963; Bauer 1972).

    Examples
    --------
    >>> e = difference(np.array([5.0, 6, 7, 1, 2, 3]), np.array([1, 1, 1, 0, 0, 0], bool))
    >>> e.estimate, e.p
    (4.0, 0.1)
    """
    values, group = np.asarray(values, float), np.asarray(group, bool)
    known = ~np.isnan(values)
    values, group = values[known], group[known]
    a, b = values[group], values[~group]
    sizes = (len(a), len(b))
    if not len(a) or not len(b):
        return Effect(*(float("nan"),) * 4, sizes, "permutation")
    gaps = np.sort((a[:, None] - b[None, :]).ravel())
    k = _rank_sum_quantile(len(a), len(b))
    low, high = (gaps[k], gaps[-k - 1]) if k >= 0 else (-np.inf, np.inf)
    p = permutation_p(values, group, seed=seed)
    return Effect(
        float(np.median(gaps)), float(low), float(high), p, sizes, "permutation, Hodges-Lehmann"
    )


def _rank_sum_quantile(m: int, n: int) -> int:
    """Gaps to leave out at each end for a 95 % interval; -1 where n is too small for one."""
    if m * n > 400:
        spread = sqrt(m * n * (m + n + 1) / 12)
        return int(max(0, np.floor(m * n / 2 - Z * spread - 0.5)))
    counts = _u_counts(m, n)
    below = np.cumsum(counts) / counts.sum()
    return int(np.searchsorted(below, 0.025, side="right")) - 1


def _u_counts(m: int, n: int) -> np.ndarray:
    """How many arrangements give each value of the Mann-Whitney U."""
    table: dict[tuple[int, int], np.ndarray] = {}

    def count(a: int, b: int) -> np.ndarray:
        if a == 0 or b == 0:
            return np.ones(1)
        if (a, b) not in table:
            result = np.zeros(a * b + 1)
            first, second = count(a - 1, b), count(a, b - 1)
            result[b : b + len(first)] += first
            result[: len(second)] += second
            table[(a, b)] = result
        return table[(a, b)]

    return count(m, n)


def association(x: np.ndarray, y: np.ndarray, *, seed: int = 0) -> Effect:
    """Kendall's tau-b with a permutation p-value and a bootstrap interval (2,000 resamples).

    Examples
    --------
    >>> e = association(np.arange(6.0), np.array([1.0, 2, 2, 3, 5, 4]))
    >>> round(e.estimate, 2), e.p < 0.05
    (0.83, True)
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    n = len(x)
    if n < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Effect(*(float("nan"),) * 4, (n,), "Kendall")
    rng = np.random.default_rng(seed)
    signs_x, signs_y = _signs(x), _signs(y)
    scale = sqrt((signs_x**2).sum() * (signs_y**2).sum())
    tau = float((signs_x * signs_y).sum() / scale)
    draws = 4_999
    hits = 0
    for _ in range(draws):
        order = rng.permutation(n)
        hits += abs((signs_x * signs_y[np.ix_(order, order)]).sum() / scale) >= abs(tau) - 1e-12
    boot = []
    for _ in range(2_000):
        rows = rng.integers(0, n, n)
        sx, sy = signs_x[np.ix_(rows, rows)], signs_y[np.ix_(rows, rows)]
        bottom = (sx**2).sum() * (sy**2).sum()
        if bottom:
            boot.append((sx * sy).sum() / sqrt(bottom))
    low, high = np.quantile(boot, [0.025, 0.975])
    return Effect(
        tau, float(low), float(high), float((hits + 1) / (draws + 1)), (n,), "Kendall tau-b"
    )


def _signs(values: np.ndarray) -> np.ndarray:
    return np.sign(values[:, None] - values[None, :])


def dominance(
    values: np.ndarray, group: np.ndarray, *, strata: np.ndarray | None = None, seed: int = 0
) -> Effect:
    """Cliff's delta with a permutation p-value and a bootstrap interval (1,000 resamples).

    The share of pairs in which the first group is higher minus the share in which it is lower
    (Cliff 1993). With `strata` only pairs within a stratum are compared, and labels are exchanged
    only within it.

    Examples
    --------
    >>> e = dominance(np.array([3.0, 4, 5, 1, 2, 2]), np.array([1, 1, 1, 0, 0, 0], bool))
    >>> e.estimate, e.p
    (1.0, 0.1)
    """
    values, group = np.asarray(values, float), np.asarray(group, bool)
    labels = np.zeros(len(values), int) if strata is None else _codes(strata)
    blocks = [np.flatnonzero(labels == s) for s in range(labels.max() + 1)]

    def delta(v: np.ndarray, g: np.ndarray, within: list[np.ndarray]) -> float:
        more, pairs = 0.0, 0
        for block in within:
            a, b = v[block][g[block]], np.sort(v[block][~g[block]])
            below = np.searchsorted(b, a, "left").sum()
            above = (len(b) - np.searchsorted(b, a, "right")).sum()
            more, pairs = more + below - above, pairs + len(a) * len(b)
        return more / pairs if pairs else float("nan")

    estimate = delta(values, group, blocks)
    # a pair's sign is minus that of its mirror, so delta is the sum of the first group's row sums
    sums = np.zeros(len(values))
    for block in blocks:
        lowest, highest = (stats.rankdata(values[block], way) for way in ("min", "max"))
        sums[block] = lowest + highest - len(block) - 1
    p = permutation_p(sums, group, strata=labels, seed=seed)
    rng = np.random.default_rng(seed)
    boot = []
    for _ in range(1_000):
        rows = [
            rng.choice(part, len(part))
            for block in blocks
            for part in (block[group[block]], block[~group[block]])
            if len(part)
        ]
        order = np.concatenate(rows)
        within = [np.flatnonzero(labels[order] == s) for s in range(len(blocks))]
        boot.append(delta(values[order], group[order], within))
    low, high = np.nanquantile(boot, [0.025, 0.975])
    sizes = (int(group.sum()), int((~group).sum()))
    return Effect(float(estimate), float(low), float(high), p, sizes, "Cliff's delta, permutation")


def _codes(labels: np.ndarray) -> np.ndarray:
    return np.unique(np.asarray(labels).astype(str), return_inverse=True)[1]
