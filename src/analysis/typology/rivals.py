"""How often surveys without types look as good: the two p-values of a typology.

A survey without types goes through every step that the survey went through: it is drawn from the
answers as given, then adjusted, measured and cut into each number of types. Residuals must not be
shuffled: those of a yes/no item still carry the stratum or the level that was taken out, and a
shuffle would break a dependence that is no type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from analysis.stats.thresholds import SURELY_MORE
from analysis.typology.continuum import SHAPES, Continuum, Keep, Shape
from analysis.typology.dissimilarity import Gower, collapse
from analysis.typology.partition import medoids_for, silhouette_widths
from analysis.typology.prepare import Given

UNITS = 400  # units compared; a larger survey is thinned, at random, to this many
FEW = 100  # units up to which looking for equal answers costs more than it saves
BATCH = 5  # surveys drawn before it is asked whether more could change the answer; fixed


@dataclass(frozen=True)
class Rivals:
    """The survey beside surveys without types.

    Attributes
    ----------
    null_p : how often surveys look as good that have nothing but the margins (within strata), or,
        where the gradient was taken out, nothing but one gradient.
    continuum_p : how often smooth surveys with the same correlations look as good; the greatest
        over several shapes of the distribution along the axes.
    drawn : surveys drawn for each of the two (of each shape).
    gap : by number of types the average silhouette less its mean over the surveys of ``null_p``.
    """

    null_p: float
    continuum_p: float
    drawn: tuple[int, int]
    gap: pd.Series


def rivals(
    given: Given,
    counts: Sequence[int],
    *,
    more: Sequence[int] = (),
    n_null: int = 99,
    seed: int = 0,
    jobs: int = 1,
) -> Rivals:
    """Compare the survey with invented ones that have no types.

    The statistic is the greatest average silhouette of k-medoids over `counts` (of those that
    leave no unit alone, as the number of types is chosen), so that trying several numbers is paid
    for; it measures the survey, whatever method then makes the types. `more` numbers have a gap
    only: they were tried because of these answers. ``(1 + as good) / (1 + drawn)``; drawing stops
    early once the p-value is sure to end above `SURELY_MORE` (sequential Monte Carlo, Besag &
    Clifford 1991), which changes no decision at any level below it.

    Examples
    --------
    >>> from analysis.typology.power import known_types
    >>> frame, _ = known_types(30, 4.0, rng=np.random.default_rng(0))
    >>> given = Given(frame, dict.fromkeys(frame, "ratio"), {c: c for c in frame})
    >>> found = rivals(given, [2, 3, 4], n_null=19)
    >>> found.null_p, found.continuum_p, int(found.gap.idxmax())
    (0.05, 0.05, 3)
    """
    less: Keep = "gradient" if given.basis == "gradient" else "margins"
    null = beside(given, counts, less, more=more, n_null=n_null, seed=seed, jobs=jobs)
    smooth = beside(given, counts, "correlations", n_null=n_null, seed=seed, jobs=jobs)
    return Rivals(null.p, smooth.p, (null.drawn, smooth.drawn), null.gap)


@dataclass(frozen=True)
class Beside:
    """P-value, surveys ``drawn`` (of the shape that gave it), and lead over their mean by count."""

    p: float
    drawn: int
    gap: pd.Series


def beside(
    given: Given,
    counts: Sequence[int],
    keep: Keep,
    *,
    more: Sequence[int] = (),
    n_null: int,
    surely_more: float = SURELY_MORE,
    seed: int,
    jobs: int = 1,
) -> Beside:
    """Compare the survey with surveys that `keep` something; of several shapes the greatest p.

    Once a shape has shown that p is above `surely_more`, the next is not tried.
    """
    frame = given.frame[sorted(given.frame)]  # so that the order of columns changes no draw
    thin = np.sort(np.random.default_rng(seed).permutation(len(frame))[:UNITS])
    strata = None if given.strata is None else given.strata.iloc[thin]
    given = replace(given, frame=frame.iloc[thin], strata=strata)
    source = Continuum(
        given.frame, given.kinds, keep=keep, strata=strata, groups=given.groups, seed=seed
    )
    own = _separation(given, counts, more)
    workers = jobs if len(thin) > 100 else 1  # smaller tasks end sooner than workers start
    worst = Beside(0.0, 0, pd.Series(dtype=float))
    for j, shape in enumerate(SHAPES if keep != "margins" else SHAPES[:1]):
        drawn: list[list[float]] = []
        hits = 0
        while len(drawn) < n_null and hits < surely_more * (n_null + 1):
            size = min(BATCH, n_null - len(drawn))
            tasks = (
                delayed(_drawn)(
                    given, source, shape, [seed, len(keep), j, len(drawn) + b], counts, more
                )
                for b in range(size)
            )
            drawn += Parallel(n_jobs=workers)(tasks)
            hits = sum(found[0] >= own[0] - 1e-12 for found in drawn)
        p = (1 + hits) / (1 + len(drawn))
        if p > worst.p:
            gap = np.subtract(own[1:], np.mean(drawn, axis=0)[1:])
            worst = Beside(p, len(drawn), pd.Series(gap, index=[*counts, *more]))
        if p > surely_more:
            break
    return worst


def _drawn(
    given: Given,
    source: Continuum,
    shape: Shape,
    seed: list[int],
    counts: Sequence[int],
    more: Sequence[int],
) -> list[float]:
    frame = source.sample(np.random.default_rng(seed), shape)
    return _separation(replace(given, frame=frame), counts, more)


def _separation(given: Given, counts: Sequence[int], more: Sequence[int]) -> list[float]:
    """The statistic, and the average silhouette for each number of types."""
    left = given.adjusted()
    if left.frame.empty:
        return [-1.0] * (1 + len(counts) + len(more))
    measure = Gower.of(left.frame, left.kinds, left.groups)
    if len(left.frame) > FEW:
        patterns = collapse(left.frame.to_numpy(float)).by_unit()
        measure = Gower(patterns, list(left.frame), left.kinds, left.groups)
    distance, units = measure.among(), measure.patterns.weights
    widths, whole = [], []
    for k, found in medoids_for(distance, [*counts, *more], units, n_init=1).items():
        apart = found.labels.max() > 0
        mean = silhouette_widths(distance, found.labels, units) @ units / units.sum()
        widths.append(float(mean) if apart else -1.0)
        if k in counts and np.bincount(found.labels, units).min() > 1:
            whole.append(widths[-1])
    return [max(whole or widths[: len(counts)]), *widths]
