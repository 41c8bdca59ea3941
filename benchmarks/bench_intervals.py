"""How often 95 % intervals hold the true value, how wide they are, and whether test agrees.

``python benchmarks/bench_intervals.py`` (2,000 surveys a row, some minutes) prints the table of
docs/method.md: Cliff's delta of a five-point scale, Kendall's tau-b of rounded normal answers, and
the difference of shares within two size classes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from analysis.stats import inference
from analysis.stats.inference import ALPHA, Effect

CUTS = np.array([-0.84, -0.25, 0.25, 0.84])  # five steps, a fifth of the reference group each
GROUPS = ((6, 9), (5, 10), (8, 7), (3, 12))
DELTAS = (0.75, 0.49, 0.0)
TAUS = (0.0, 0.3, 0.6)
Draw = Callable[[np.random.Generator], tuple[Effect, float]]


def delta_of(shift: float) -> float:
    """Cliff's delta of the five-point scale of two normal groups `shift` apart."""
    a, b = (np.diff(stats.norm.cdf(np.r_[-np.inf, CUTS - by, np.inf])) for by in (shift, 0.0))
    return float((a[:, None] * b[None, :] * np.sign(np.subtract.outer(range(5), range(5)))).sum())


def scale(delta: float, sizes: tuple[int, int]) -> Draw:
    """Two groups with this Cliff's delta."""
    shift = brentq(lambda s: delta_of(s) - delta, 0.0, 5.0) if delta else 0.0
    group = np.arange(sum(sizes)) < sizes[0]

    def draw(rng: np.random.Generator) -> tuple[Effect, float]:
        values = np.searchsorted(CUTS, rng.standard_normal(len(group)) + shift * group)
        return inference.dominance(values.astype(float), group), delta

    return draw


def rounded(rho: float, n: int, step: float) -> tuple[Callable[..., np.ndarray], float]:
    """Pairs of normal answers rounded to steps, and their tau-b (of 4,000 drawn ones)."""

    def pairs(rng: np.random.Generator, size: int = n) -> np.ndarray:
        xy = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size)
        return np.round(xy / step) if step else xy

    x, y = pairs(np.random.default_rng(1), 4_000).T
    return pairs, float(stats.kendalltau(x, y).statistic)


def going_together(tau: float, n: int, step: float) -> Draw:
    """Two values with about this tau."""
    pairs, truth = rounded(float(np.sin(np.pi * tau / 2)), n, step)

    def draw(rng: np.random.Generator) -> tuple[Effect, float]:
        x, y = pairs(rng).T
        return inference.association(x, y), truth

    return draw


def shares(difference: float) -> Draw:
    """8 against 5 in two size classes of unequal level, the same difference in both."""
    group = np.array([1] * 6 + [0] * 2 + [1] * 2 + [0] * 3, bool)
    strata = np.repeat(["city", "town"], [8, 5])
    level = np.where(strata == "city", 0.35, 0.15)

    def draw(rng: np.random.Generator) -> tuple[Effect, float]:
        has = rng.random(len(group)) < level + difference * group
        return inference.difference_within(has, group, strata), difference

    return draw


def rows() -> Iterator[tuple[str, Draw]]:
    """Every row of the table."""
    for delta in DELTAS:
        for sizes in GROUPS:
            yield f"delta {delta}, {sizes[0]} v {sizes[1]}", scale(delta, sizes)
    for tau in TAUS:
        for n in (8, 15):
            for step, how in ((0.0, "no ties"), (1.0, "five or so steps")):
                yield f"tau {tau}, n = {n}, {how}", going_together(tau, n, step)
    for difference in (0.0, 0.3, 0.6):
        yield f"shares +{100 * difference:.0f} points in 2 classes, 8 v 5", shares(difference)


def measure(draw: Draw, surveys: int, seed: int = 0) -> dict[str, float]:
    """Coverage, mean width, share of zero width, and of intervals that contradict their test."""
    rng = np.random.default_rng(seed)
    found = [(e, truth) for e, truth in (draw(rng) for _ in range(surveys)) if e.low == e.low]
    low, high, p, truth = (
        np.array([[e.low, e.high, e.p, t] for e, t in found]).T
    )  # fmt: skip
    return {
        "held": float(((low <= truth) & (truth <= high)).mean()),
        "width": float((high - low).mean()),
        "zero": float((high - low <= 0).mean()),
        "contradicts": float(((p <= ALPHA) != ((low > 0) | (high < 0))).mean()),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--surveys", type=int, default=2_000)
    surveys = parser.parse_args().surveys
    print(
        "| truth | held | mean width | zero width | contradicts its test |\n|---|---|---|---|---|"
    )
    for name, draw in rows():
        m = measure(draw, surveys)
        print(
            f"| {name} | {m['held']:.1%} | {m['width']:.2f} | {m['zero']:.1%} | "
            f"{m['contradicts']:.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
