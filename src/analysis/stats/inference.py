"""Exact tests and effect sizes with intervals, for samples as small as fifteen.

Permutation tests make no assumption on distributions and are exact at any n. An interval is given
beside every estimate, because at n = 15 the p-value alone says little. Interval and p-value of one
effect always agree: zero lies outside the 95 % interval just where p is at most 0.05.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial, prod, sqrt
from typing import Literal

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from analysis.stats.thresholds import ALPHA

ENUMERATE = 200_000  # arrangements up to which all are counted
DRAWS = 20_000  # else drawn at random, seeded
MANY = 1_000  # units, of two groups in each, from which the normal limit takes the place of draws
Z = stats.norm.ppf(0.975)


@dataclass(frozen=True)
class Effect:
    """An estimate with its 95 % interval and, where a test belongs to it, the p-value.

    `least` is the smallest p-value that the number of arrangements allows, whatever the answers.
    All but `n`, the units of both groups or of all, is NaN where nothing can be compared.
    """

    n: tuple[int, ...]
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")
    least: float = float("nan")


def _consistent(estimate: float, low: float, high: float, p: float) -> tuple[float, float]:
    """The interval; an end that contradicts the exact test is the test-based one (Miettinen 1976).

    Approximate intervals disagree with an exact p-value now and then, where it is near 0.05.
    """
    if np.isnan(p) or not estimate or (p <= ALPHA) == (low > 0 or high < 0):
        return low, high
    part = 1 - Z / max(float(stats.norm.isf(p / 2)), 1e-3)
    part = max(part, 1e-9) if p <= ALPHA else part  # at p = 0.05 the end would be zero itself
    end = float(np.clip(estimate * part, -1.0, 1.0))
    return (end, high) if estimate > 0 else (low, end)


def wilson(count: int, n: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927).

    >>> [round(x, 3) for x in wilson(5, 15)]
    [0.152, 0.583]
    """
    if n == 0:
        return float("nan"), float("nan")
    interval = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def difference_within(
    has: np.ndarray, group: np.ndarray, strata: np.ndarray | None = None
) -> Effect:
    """Share of the group minus share of the rest, within strata (Mantel & Haenszel 1959).

    The p-value is the exact conditional one of `permutation_p`; the interval joins those of the
    strata (Zou & Donner 2008), which are Newcombe's (1998, method 10). NaN where no stratum holds
    both groups.

    >>> has, group = np.array([1, 0, 1, 1], bool), np.array([1, 0, 1, 0], bool)
    >>> difference_within(has, group, np.array(["a", "a", "b", "b"])).estimate
    0.5
    """

    def compare(mine: np.ndarray, rest: np.ndarray) -> Part:
        m, n = len(mine), len(rest)
        p, q = mine.mean(), rest.mean()
        (low_p, high_p), (low_q, high_q) = wilson(int(mine.sum()), m), wilson(int(rest.sum()), n)
        low = p - q - sqrt((p - low_p) ** 2 + (high_q - q) ** 2)
        high = p - q + sqrt((high_p - p) ** 2 + (q - low_q) ** 2)
        return p - q, low, high, m * n / (m + n)

    return _stratified(compare, np.asarray(has, float), group, strata)


Part = tuple[float, float, float, float]  # of a stratum: estimate, ends of its interval, weight


def _stratified(
    compare: Callable[[np.ndarray, np.ndarray], Part],
    values: np.ndarray,
    group: np.ndarray,
    strata: np.ndarray | None,
    seed: int = 0,
) -> Effect:
    """Weighted mean of the effects of separate strata, with an interval from theirs.

    The distances of the ends add up in squares (method of variance estimates recovery, Zou & Donner
    2008). The p-value is that of `permutation_p` of the values.
    """
    group = np.asarray(group, bool)
    sizes = (int(group.sum()), int((~group).sum()))
    halves = ((values[b][group[b]], values[b][~group[b]]) for b in _blocks(strata, len(values)))
    parts = [compare(mine, rest) for mine, rest in halves if len(mine) and len(rest)]
    if not parts:
        return Effect(sizes)
    estimate, low, high, weight = np.array(parts).T
    share = weight / weight.sum()
    d = float(share @ estimate)
    below, above = (sqrt(share**2 @ (end - estimate) ** 2) for end in (low, high))
    p = permutation_p(values, group, strata=strata, seed=seed)
    ends = _consistent(d, d - below, d + above, p)
    return Effect(sizes, d, *ends, p, _least(arrangements(group, strata)))


def arrangements(group: np.ndarray, strata: np.ndarray | None = None) -> int:
    """In how many ways the labels of a group can lie, exchanged only within strata.

    >>> arrangements(np.array([1, 1, 0, 0, 0], bool)), arrangements(np.array([1, 0]), ["a", "b"])
    (10, 1)
    """
    group = np.asarray(group, bool)
    blocks = _blocks(strata, len(group))
    return prod(comb(len(block), int(group[block].sum())) for block in blocks)


def _least(ways: int) -> float:
    return 1 / (ways if ways <= ENUMERATE else DRAWS + 1)


def permutation_p(
    values: np.ndarray, group: np.ndarray, *, strata: np.ndarray | None = None, seed: int = 0
) -> float:
    """Two-sided permutation p-value of the difference of two groups.

    Of two values it is Fisher's exact test and, with `strata`, the exact conditional test of Mantel
    and Haenszel (R: ``mantelhaen.test(exact = TRUE)``). Of other values an arrangement counts where
    the sum of the first group is as far from its expectation as the sum seen (R: coin's
    ``independence_test``). All are counted where there are at most 200,000, else 20,000 are drawn
    and (b + 1) / (m + 1) is given (Phipson & Smyth 2010); of two groups of at least `MANY` it is
    the normal limit of those draws (Hájek 1960). With `strata`, such as size classes, labels are
    exchanged only within a stratum. `group`: True for the first of the two.

    >>> permutation_p(np.array([1.0, 2, 3, 4]), np.array([True, True, False, False]))
    0.3333333333333333
    """
    values, group = np.asarray(values, float), np.asarray(group, bool)
    if not group.any() or group.all():
        return float("nan")
    blocks = _blocks(strata, len(values))
    if len(np.unique(values)) <= 2:
        return _two_valued_p(values == values.max(), group, blocks)
    parts = [(values[block], int(group[block].sum())) for block in blocks]
    expected = sum(v.mean() * m for v, m in parts)
    observed = abs(values[group].sum() - expected)
    variance = sum(m * (len(v) - m) / max(len(v) - 1, 1) * float(v.var()) for v, m in parts)
    if variance > 0 and min(group.sum(), (~group).sum()) >= MANY:
        return _normal_p(observed / sqrt(variance), DRAWS)
    parts = [(np.sort(v), m) for v, m in parts]  # the draws are the same whatever the units' order
    every = arrangements(group, strata) <= ENUMERATE
    sums = _all_sums(parts) if every else _drawn_sums(parts, np.random.default_rng(seed))
    hits = int((np.abs(sums - expected) >= observed - 1e-9 * max(1.0, observed)).sum())
    return hits / len(sums) if every else (hits + 1) / (len(sums) + 1)


def _normal_p(distance: float, draws: int) -> float:
    """Two-sided p-value of a normal deviate, not below the least that so many draws can give."""
    return max(2 * float(stats.norm.sf(distance)), 1 / (draws + 1))


def _blocks(strata: np.ndarray | None, n: int) -> list[np.ndarray]:
    """Positions of the members of each stratum."""
    labels = np.zeros(n, int) if strata is None else np.asarray(strata).astype(str)
    return [np.flatnonzero(labels == stratum) for stratum in np.unique(labels)]


def _two_valued_p(has: np.ndarray, group: np.ndarray, blocks: list[np.ndarray]) -> float:
    """Sum of the chances of all counts (of hypergeometrics) at most as likely as the one seen."""
    chances, low = np.ones(1), 0
    for block in blocks:
        counts, part = hypergeometric(len(block), int(has[block].sum()), int(group[block].sum()))
        chances = np.convolve(chances, part)
        low += int(counts[0])
    at = int(has[group].sum()) - low
    own = chances[at] if 0 <= at < len(chances) else 0.0
    p = float(chances[chances <= own * (1 + 1e-7)].sum())  # as R: ties by rounding
    return min(1.0, float(f"{p:.12g}"))  # 3 arrangements in 60 are 0.05, not 0.05000000000000001


def hypergeometric(size: int, yes: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """How many of `draws` of `size` units can be among the `yes` ones, and the chance of each.

    From the likeliest count outwards each chance is a ratio of the one beside it, until it is below
    what a number can be; scipy's takes for each count a time that grows with the size.

    >>> [found.round(3).tolist() for found in hypergeometric(6, 3, 2)]
    [[0, 1, 2], [0.2, 0.6, 0.2]]
    """
    counts = np.arange(max(0, yes + draws - size), min(yes, draws) + 1)
    k = counts[:-1].astype(float)
    ratios = (yes - k) * (draws - k) / ((k + 1) * (size - yes - draws + k + 1))  # they only fall
    likeliest = int((ratios > 1).sum())
    below = np.cumprod(1 / ratios[:likeliest][::-1])[::-1]
    chances = np.concatenate([below, [1.0], np.cumprod(ratios[likeliest:])])
    return counts[chances > 0], chances[chances > 0] / chances.sum()


Parts = list[tuple[np.ndarray, int]]  # the values of each stratum, how many are of the first group


def _all_sums(parts: Parts) -> np.ndarray:
    """Sum of the first group in every arrangement."""
    sums = np.zeros(1)
    for part, size in parts:
        every = [sum(members) for members in combinations(part.tolist(), size)]
        sums = np.add.outer(sums, every).ravel()
    return sums


def _drawn_sums(parts: Parts, rng: np.random.Generator) -> np.ndarray:
    """Sum of the first group in `DRAWS` arrangements."""
    sums = np.zeros(DRAWS)
    for part, size in parts:
        if size in {0, len(part)}:
            sums += part.sum() if size else 0.0
            continue
        step = max(1, min(1_000, 4_000_000 // len(part)))  # so that memory stays small
        for start in range(0, DRAWS, step):
            keys = rng.random((min(step, DRAWS - start), len(part)))
            members = np.argpartition(keys, size, axis=1)[:, :size]
            sums[start : start + step] += part[members].sum(axis=1)
    return sums


def difference(values: np.ndarray, group: np.ndarray, *, seed: int = 0) -> Effect:
    """Hodges-Lehmann shift between two groups with its exact interval, and the rank-sum test.

    The interval inverts the exact rank-sum distribution (Hodges & Lehmann 1963; Bauer 1972), which
    knows no ties; with ties its end towards zero is where the exact test with ties puts it. All NaN
    but `p` where the groups differ and yet most pairs are equal: no shift describes that.

    >>> e = difference(np.array([5.0, 6, 7, 1, 2, 3]), np.array([1, 1, 1, 0, 0, 0], bool))
    >>> e.estimate, e.p
    (4.0, 0.1)
    """
    values, group = np.asarray(values, float), np.asarray(group, bool)
    known = ~np.isnan(values)
    values, group = values[known], group[known]
    m, n = int(group.sum()), int((~group).sum())
    if not m or not n:
        return Effect((m, n))
    gaps, k = _Gaps(values[group], values[~group]), _rank_sum_quantile(m, n)
    low, high = (gaps.at(k), gaps.at(m * n - k - 1)) if k >= 0 else (-np.inf, np.inf)
    p = permutation_p(_row_sums(values), group, seed=seed)
    shift = (gaps.at((m * n - 1) // 2) + gaps.at(m * n // 2)) / 2
    if p > ALPHA:
        low, high = min(low, 0.0), max(high, 0.0)
    elif shift > 0:
        low = max(low, gaps.at(gaps.up_to(0.0)))
    elif shift < 0:
        high = min(high, gaps.at(gaps.up_to(0.0, "right") - 1))
    else:
        shift = low = high = float("nan")
    return Effect((m, n), shift, low, high, p, _least(arrangements(group)))


class _Gaps:
    """All differences of a value of one group and a value of the other, without a table of them."""

    def __init__(self, a: np.ndarray, b: np.ndarray) -> None:
        self.x, self.of_x = np.unique(a, return_counts=True)
        self.y, of_y = np.unique(b, return_counts=True)
        self.over = np.append(of_y[::-1].cumsum()[::-1], 0)  # values at least each of y, and none

    def up_to(self, gap: float, side: Literal["left", "right"] = "left") -> int:
        """The number of differences of at most `gap`; with "right" of those below it."""
        return int(self.of_x @ self.over[np.searchsorted(self.y, self.x - gap, side)])

    def at(self, rank: int) -> float:
        """The difference at this place, from 0, in ascending order."""
        least = 1e-14 * (abs(np.append(self.x, self.y)).max() or 1.0)  # that of rounding
        low, high = self.x[0] - self.y[-1] - least, self.x[-1] - self.y[0] + least
        while high - low > 2 * least:
            middle = (low + high) / 2
            low, high = (low, middle) if self.up_to(middle) > rank else (middle, high)
        first, behind = (np.searchsorted(self.y, self.x - end) for end in (high, low))
        near = np.flatnonzero(first < behind)  # of these, which rounding alone may tell apart
        gaps = self.x[near] - self.y[first[near]]
        times = (self.of_x * (self.over[first] - self.over[behind]))[near]
        order = np.argsort(gaps, kind="stable")
        at = np.searchsorted(times[order].cumsum(), rank - self.up_to(low), side="right")
        return float(gaps[order[at]])


def _rank_sum_quantile(m: int, n: int) -> int:
    """Gaps to leave out at each end for a 95 % interval; -1 where n is too small for one."""
    if m * n > 400:
        spread = sqrt(m * n * (m + n + 1) / 12)
        return int(max(0, np.floor(m * n / 2 - Z * spread - 0.5)))
    counts = _ways(np.arange(m + n), m)[m * (m - 1) // 2 :][: m * n + 1]  # of Mann and Whitney's U
    below = np.cumsum(counts) / counts.sum()
    return int(np.searchsorted(below, 0.025, side="right")) - 1


def _ways(scores: np.ndarray, m: int) -> np.ndarray:
    """In how many ways m of the units have each sum of their scores (whole numbers)."""
    ways = np.zeros((m + 1, int(scores.sum()) + 1))
    ways[0, 0] = 1.0
    for value in scores:
        ways[1:, value:] += ways[:-1, : ways.shape[1] - value].copy()
    return ways[m]


def rank_sum_p(mine: np.ndarray, rest: np.ndarray) -> float:
    """Two-sided exact p-value of the rank-sum test, with ties, of all arrangements.

    `scipy.stats.mannwhitneyu` is exact without ties only.

    >>> rank_sum_p(np.array([1.0, 2.0, 2.0]), np.array([3.0, 4.0]))
    0.1
    """
    m, doubled = len(mine), np.rint(2 * stats.rankdata(np.concatenate([mine, rest]))).astype(int)
    counts, centre = _ways(doubled, m), m * doubled.mean()
    far = np.abs(np.arange(counts.size) - centre) >= abs(doubled[:m].sum() - centre) - 1e-9
    return float(min(1.0, counts[far].sum() / counts.sum()))


def association(x: np.ndarray, y: np.ndarray, *, seed: int = 0) -> Effect:
    """Kendall's tau-b with a permutation p-value (4,999 draws) and a score interval.

    The interval holds the values t with (tau - t)^2 <= z^2 v (1 - t^2), where v is tau's variance
    over all permutations, with ties (Kendall 1970): Wilson's interval for the share of concordant
    pairs (1 + t) / 2 that 1/v independent pairs would give.

    >>> e = association(np.arange(6.0), np.array([1.0, 2, 2, 3, 5, 4]))
    >>> round(e.estimate, 2), round(e.low, 2), round(e.high, 2), e.p < 0.05
    (0.83, 0.13, 0.98, True)
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    known = ~(np.isnan(x) | np.isnan(y))
    order = np.lexsort((y[known], x[known]))  # the draws are the same whatever the units' order
    x, y = x[known][order], y[known][order]
    n, draws = len(x), 4_999
    if n < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Effect((n,))
    ties = (np.unique(v, return_counts=True)[1] for v in (x, y))
    scale = sqrt(prod(n**2 - int(t @ t) for t in ties))  # of ordered pairs that differ
    k = float(Z**2 * _tau_variance(x, y) * (n * (n - 1) / scale) ** 2)
    least = max(1 / (draws + 1), 1 / factorial(min(n, 20)))
    if n >= MANY:
        tau = float(stats.kendalltau(x, y).statistic)
        p = _normal_p(abs(tau) * Z / sqrt(k), draws)
    else:
        tau, p = _drawn_tau(x, y, scale, draws, seed)
    half = sqrt(k * (1 + k - tau**2))
    low, high = _consistent(tau, (tau - half) / (1 + k), (tau + half) / (1 + k), p)
    return Effect((n,), tau, max(low, -1.0), min(high, 1.0), p, least)


def _drawn_tau(
    x: np.ndarray, y: np.ndarray, scale: float, draws: int, seed: int
) -> tuple[float, float]:
    """Kendall's tau-b, and how often it is as far from 0 where one value is put in other orders."""
    n, rng = len(x), np.random.default_rng(seed)
    signs_x, signs_y = (np.sign(v[:, None] - v[None, :]) for v in (x, y))
    tau = float((signs_x * signs_y).sum() / scale)
    orders = np.array([rng.permutation(n) for _ in range(draws)])
    parts = np.array_split(orders, -(-draws * n * n // 2_000_000))  # so that memory stays small
    sums = np.concatenate(
        [signs_y[o[:, :, None], o[:, None]].reshape(len(o), -1) @ signs_x.ravel() for o in parts]
    )
    return tau, (int((np.abs(sums / scale) >= abs(tau) - 1e-12).sum()) + 1) / (draws + 1)


def _tau_variance(x: np.ndarray, y: np.ndarray) -> float:
    """Variance over all permutations of Kendall's tau-a of tied values (Kendall 1970, ch. 4)."""
    n = len(x)
    t, u = (np.unique(v, return_counts=True)[1].astype(float) for v in (x, y))
    spread = n * (n - 1) * (2 * n + 5.0)
    spread -= sum(float((c * (c - 1) * (2 * c + 5)).sum()) for c in (t, u))
    pairs, triples = (
        float((t * f(t)).sum() * (u * f(u)).sum())
        for f in (lambda c: c - 1, lambda c: (c - 1) * (c - 2))
    )
    score = spread / 18 + triples / (9 * n * (n - 1) * (n - 2)) + pairs / (2 * n * (n - 1))
    return score / comb(n, 2) ** 2


def dominance(
    values: np.ndarray, group: np.ndarray, *, strata: np.ndarray | None = None, seed: int = 0
) -> Effect:
    """Cliff's delta with the exact rank-sum test and a score interval.

    The share of pairs in which the first group is higher minus the share in which it is lower
    (Cliff 1993). The interval is Newcombe's (2006, method 5). With `strata` only pairs within a
    stratum are compared, labels are exchanged only within it, and the intervals of the strata are
    joined (Zou & Donner 2008).

    >>> e = dominance(np.array([3.0, 4, 5, 1, 2, 2]), np.array([1, 1, 1, 0, 0, 0], bool))
    >>> e.estimate, round(e.low, 2), e.high, e.p
    (1.0, -0.19, 1.0, 0.1)
    """

    def compare(mine: np.ndarray, rest: np.ndarray) -> Part:
        m, n = len(mine), len(rest)
        delta = float(mine.sum() / (m * n))
        return delta, *_score_interval(delta, m, n), float(m * n)

    return _stratified(compare, _row_sums(np.asarray(values, float), strata), group, strata, seed)


def _row_sums(values: np.ndarray, strata: np.ndarray | None = None) -> np.ndarray:
    """For each value, how many of its stratum it exceeds minus how many exceed it.

    Summed over the first group (within which pairs cancel) it is Cliff's delta times its pairs.
    """
    sums = np.zeros(len(values))
    for block in _blocks(strata, len(values)):
        sums[block] = 2 * stats.rankdata(values[block]) - len(block) - 1
    return sums


def _score_interval(delta: float, m: int, n: int) -> tuple[float, float]:
    """95 % interval of Cliff's delta (Newcombe 2006, method 5).

    Of the probability t that a member of the first group is the higher one; Hanley & McNeil's
    (1982) variance at t itself, with (m + n) / 2 in the place of both sizes.
    """
    own, size = (1 + delta) / 2, (m + n) / 2 - 1

    def outside(t: float) -> float:
        variance = t * (1 - t) * (1 + size * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)
        return float((own - t) ** 2 - Z**2 * variance)

    low = brentq(outside, 0.0, own - 1e-9) if own > 1e-9 else 0.0
    high = brentq(outside, own + 1e-9, 1.0) if own < 1 - 1e-9 else 1.0
    return float(2 * low - 1), float(2 * high - 1)


def uneven_draw_p(counts: np.ndarray, everyone: np.ndarray) -> float:
    """How often a simple random draw is spread at least as unevenly over classes as this one.

    Chi-square statistic, 9,999 draws without replacement. `counts`: drawn of each class;
    `everyone`: how many there are of each.

    >>> uneven_draw_p(np.array([10, 0]), np.array([20, 80])) < 0.01
    True
    """
    n, draws = counts.sum(), 9_999
    expected = n * everyone / everyone.sum()
    samples = np.random.default_rng(0).multivariate_hypergeometric(everyone, n, size=draws)
    own, far = (
        ((x - expected) ** 2 / np.maximum(expected, 1e-12)).sum(axis=-1) for x in (counts, samples)
    )
    return (1 + int((far >= own - 1e-9).sum())) / (draws + 1)


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down adjustment; NaN stays NaN and does not count as a test.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]  # NaN comes last
    steps = p[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
