"""k-medoids on answer patterns, how well its types separate, and how they hold when drawn again.

Kaufman & Rousseeuw (1990), Finding Groups in Data, chapter 2; the search is FasterPAM (Schubert &
Rousseeuw 2021, Information Systems 101). Stability is Hennig's (2007, Computational Statistics &
Data Analysis 52): units are drawn again and patterns clustered, so that a resample costs what its
distinct patterns cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import kmedoids
import numpy as np
import pandas as pd
from kmedoids.kmedoids import _fasterpam_f64, _rand_fasterpam_f64

from analysis.stats.thresholds import UNPLACED

STARTS = 5  # from BUILD alone the national table's two types are worse than PAM's
ROUNDS = 100  # of the search through all candidates; it ends by itself after a few
CHUNK = 10  # resamples that share a seed


@dataclass(frozen=True)
class Medoids:
    """``medoids`` (rows of the matrix) and ``labels`` 0..k-1 per row."""

    medoids: np.ndarray
    labels: np.ndarray


def k_medoids(distance: np.ndarray, k: int, weights: np.ndarray | None = None) -> Medoids:
    """The k medoids with the least weighted sum of dissimilarities; at most one per row.

    The library knows no weights, but (for k > 1) reads its matrix by rows of units and columns of
    medoids, so that rows multiplied by their weights make its objective that of all units, exactly.
    Rows are searched in an order that depends on the dissimilarities alone. The first start is
    PAM's BUILD, the others are random. Types are numbered heaviest first, ties by the first row. A
    pattern of weight 0 takes no part: its label is -1.

    >>> D = np.abs(np.subtract.outer([0.0, 1, 9], [0.0, 1, 9]))
    >>> k_medoids(D, 1, np.array([1.0, 1, 5])).medoids.tolist()
    [2]
    """
    return medoids_for(distance, [k], weights)[k]


def medoids_for(
    distance: np.ndarray,
    counts: Sequence[int],
    weights: np.ndarray | None = None,
    *,
    n_init: int = STARTS,
) -> dict[int, Medoids]:
    """`k_medoids` for several k. BUILD is greedy, so the largest k's contains all the others'."""
    weights = np.ones(len(distance)) if weights is None else weights
    there = np.flatnonzero(weights)
    order = there[np.lexsort((-weights[there], (distance @ weights)[there].round(9)))]
    weighted = distance.take(order, 0).take(order, 1)
    weighted *= weights[order]
    weighted = weighted.T  # columns of candidates, which the library goes down, lie in one piece
    start, n = np.arange(min(max(counts), len(order))), len(order)
    if 1 < len(start) < n:  # where BUILD sees no gain it ends: the rows that come next
        best = kmedoids.pam_build(weighted, len(start)).medoids.astype(int)
        start = np.append(best, np.setdiff1d(np.arange(n), best))[: len(start)]
    medoids = {}
    for k in counts:
        best = _search(weighted, start[:k], n_init) if 1 < k < n else np.arange(min(k, n))
        medoids[k] = _number(distance, order[best], weights)
    return medoids


def _search(weighted: np.ndarray, start: np.ndarray, n_init: int) -> np.ndarray:
    """The best medoids from all starts."""
    loss, _, best, *_ = _fasterpam_f64(weighted, start.astype(np.uintp), ROUNDS)
    for drawn, seed in _random_starts(len(weighted), len(start), n_init - 1):
        other, _, again, *_ = _rand_fasterpam_f64(weighted, drawn, ROUNDS, seed)
        if other < loss - 1e-9:
            loss, best = other, again
    return np.sort(best.astype(int))


@cache
def _random_starts(n: int, k: int, number: int) -> list[tuple[np.ndarray, int]]:
    """Medoids to begin with, and the seed of the order in which others are tried; always the same.

    `kmedoids.fasterpam` draws them likewise, but each time, from a generator that takes longer to
    make than a search among the replies of a small survey.
    """
    random = np.random.RandomState(0)
    return [
        (random.choice(n, k, replace=False).astype(np.uintp), random.randint(0, 2**31 - 1))
        for _ in range(number)
    ]


def _number(distance: np.ndarray, medoids: np.ndarray, weights: np.ndarray) -> Medoids:
    """Each pattern with its nearest medoid; the heaviest type first, ties by the first pattern."""
    nearest = distance[:, medoids].argmin(axis=1)
    nearest[medoids] = np.arange(len(medoids))
    there = np.flatnonzero(weights > 0)
    sizes = np.bincount(nearest[there], weights[there])
    first = np.unique(nearest[there], return_index=True)[1]
    rank = np.lexsort((first, -sizes.round(9)))
    labels = np.where(weights > 0, np.argsort(rank)[nearest], -1)
    return Medoids(medoids[rank], labels)


def silhouette_widths(
    distance: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Silhouette width of each unit (Rousseeuw 1987); 0 of one alone in its type, or of one type.

    (`sklearn.metrics.silhouette_samples` knows no weights.)

    >>> D = np.abs(np.subtract.outer([0.0, 1, 9, 10], [0.0, 1, 9, 10]))
    >>> silhouette_widths(D, np.array([1, 1, 2, 2])).round(2).tolist()
    [0.89, 0.88, 0.88, 0.89]
    """
    weights = np.ones(len(labels)) if weights is None else weights
    members = labels[:, None] == np.unique(labels)
    if members.shape[1] < 2:
        return np.zeros(len(labels))
    sizes = weights @ members
    total = distance @ (members * weights[:, None])
    size = sizes[members.argmax(axis=1)]
    own = total[members] / np.maximum(size - 1, 1)
    other = np.where(members, np.inf, total / sizes).min(axis=1)
    widths = (other - own) / np.maximum(np.maximum(own, other), 1e-12)
    return np.where(size > 1, widths, 0.0)


def separation(
    distance: np.ndarray, partitions: Sequence[np.ndarray], weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Average silhouette of each partition (-1: one group), and units of its smallest group."""
    widths = [silhouette_widths(distance, types, weights) @ weights for types in partitions]
    several = [types.max() > 0 for types in partitions]
    smallest = [np.bincount(types, weights).min() for types in partitions]
    return np.where(several, np.array(widths) / weights.sum(), -1.0), np.array(smallest)


# --- stability ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stability:
    """How each type and each answer pattern holds when units are drawn again.

    Attributes
    ----------
    types : per type ``n`` (units), ``jaccard_bootstrap`` (0 to 1; NaN: no resample has a member)
        and ``jaccard_se``, its Monte Carlo error. Below 0.6 unstable, 0.6 to 0.75 doubtful, above
        stable.
    together : patterns x patterns, share of the resamples with both that put them into one type.
    membership : patterns x types, mean share of being together with the type's members, rows sum
        to 1: the strength of membership of each unit of the pattern.
    second : strongest type other than its own, per pattern (0: there is none).
    """

    types: pd.DataFrame
    together: np.ndarray
    membership: pd.DataFrame
    second: np.ndarray


def stability(
    distance: np.ndarray,
    k: int,
    types: np.ndarray,
    counts: np.ndarray,
    *,
    n_bootstrap: int = 100,
    seed: int = 0,
    known: Sequence[np.ndarray] = (),
) -> Stability:
    """Draw units with replacement and make k types again, by k-medoids.

    Per type the greatest Jaccard coefficient with any cluster of a resample among the distinct
    units drawn, averaged over the resamples that have a member of the type. `known`: the labels
    that `least_stable` gave for the first resamples.

    >>> x = np.array([0.0, 1, 2, 10, 11, 12])
    >>> D = np.abs(np.subtract.outer(x, x))
    >>> types = np.array([1, 1, 1, 2, 2, 2])
    >>> stability(D, 2, types, np.full(6, 5)).types.round(2).values.tolist()
    [[15.0, 1.0, 0.0], [15.0, 1.0, 0.0]]
    """
    numbers = np.array([t for t in np.unique(types) if t != UNPLACED])
    mine = types[:, None] == numbers
    scores, clusters = [], [np.empty((len(types), 0))]
    for b, (weights, distinct) in enumerate(_resamples(counts, n_bootstrap, seed)):
        labels = known[b] if b < len(known) else k_medoids(distance, k, weights).labels
        clusters.append(_members(labels))
        scores.append(_jaccard(mine, distinct, clusters[-1]))
    every = np.hstack(clusters)  # one product in place of one a resample
    there = np.column_stack([of.sum(axis=1) for of in clusters])
    both = there @ there.T
    together = np.divide(every @ every.T, both, out=np.zeros(distance.shape), where=both > 0)
    np.fill_diagonal(together, 1.0)
    jaccard = pd.DataFrame(np.reshape(scores, (-1, len(numbers))), columns=numbers)
    units = counts.round().astype(int) @ mine
    about = {"n": units, "jaccard_bootstrap": jaccard.mean(), "jaccard_se": jaccard.sem()}
    of_types = pd.DataFrame(about, pd.Index(numbers, name="type"))
    share = with_type(together, types, counts, numbers)
    total = share.sum(axis=1, keepdims=True)
    even = np.full_like(share, 1.0 / max(len(numbers), 1))
    membership = np.divide(share, total, out=even, where=total > 1e-12)
    second = np.full(len(types), UNPLACED)
    if len(numbers):
        others = np.where(mine, -1.0, membership.round(12))
        second = np.where(others.max(axis=1) >= 0, numbers[others.argmax(axis=1)], UNPLACED)
    return Stability(of_types, together, pd.DataFrame(membership, columns=numbers), second)


def least_stable(
    distance: np.ndarray,
    types: Mapping[int, np.ndarray],
    counts: np.ndarray,
    *,
    n_bootstrap: int,
    seed: int = 0,
) -> tuple[dict[int, float], dict[int, list[np.ndarray]]]:
    """By number of types the ``jaccard_bootstrap`` of the least stable one, and all labels.

    ``types``: type of each pattern for each number of types, as k-medoids found them.
    """
    scores, labels = ({k: list[np.ndarray]() for k in types} for _ in range(2))
    for weights, distinct in _resamples(counts, n_bootstrap, seed):
        for k, again in medoids_for(distance, list(types), weights).items():
            labels[k].append(again.labels.astype(np.int8))
            scores[k].append(_jaccard(_members(types[k]), distinct, _members(again.labels)))
    return {k: float(pd.DataFrame(of_k).mean().min()) for k, of_k in scores.items()}, labels


def _resamples(
    counts: np.ndarray, n_bootstrap: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each pattern the units drawn with replacement, and how many of them are distinct."""
    m = len(counts)
    unit = np.repeat(np.arange(m), np.asarray(counts).round().astype(int))
    seeds = np.random.SeedSequence(seed).spawn(-(-n_bootstrap // CHUNK))
    generators = [np.random.default_rng(one) for one in seeds]
    for b in range(n_bootstrap):
        sample = generators[b // CHUNK].integers(0, len(unit), len(unit))
        times = np.bincount(sample, minlength=len(unit))
        yield np.bincount(unit, times, minlength=m), np.bincount(unit, times > 0, minlength=m)


def _members(labels: np.ndarray) -> np.ndarray:
    """Patterns x clusters, 1 for a member; of those that were not drawn (-1) all 0."""
    return (labels[:, None] == np.arange(labels.max() + 1)).astype(float)


def _jaccard(mine: np.ndarray, distinct: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Greatest Jaccard coefficient of each type with any cluster; NaN where nobody was drawn.

    ``mine``, ``theirs``: patterns x types or clusters. ``distinct``: units of each pattern.
    """
    own = distinct @ mine
    common = (mine * distinct[:, None]).T @ theirs
    either = own[:, None] + distinct @ theirs - common
    return np.where(own > 0, (common / np.maximum(either, 1)).max(axis=1), np.nan)


def with_type(
    together: np.ndarray, types: np.ndarray, counts: np.ndarray, numbers: np.ndarray
) -> np.ndarray:
    """Mean of ``together`` (of patterns) over the members of each type but the unit itself."""
    mine = types[:, None] == numbers
    others = (mine * counts[:, None]).sum(axis=0) - mine
    return (together @ (mine * counts[:, None]) - mine) / np.maximum(others, 1)
