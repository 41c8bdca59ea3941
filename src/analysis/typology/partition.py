"""k-medoids: each type is known by its most typical member.

Kaufman & Rousseeuw (1990), Finding Groups in Data, chapter 2; the search is FasterPAM (Schubert &
Rousseeuw 2021, "Fast and eager k-medoids clustering", Information Systems 101) on distinct answer
patterns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import kmedoids
import numpy as np

STARTS = 5  # from BUILD alone the national table's two types are worse than PAM's


@dataclass(frozen=True)
class Medoids:
    """``medoids`` (rows of the matrix), ``labels`` 0..k-1 per row, ``objective``: weighted sum of
    dissimilarities to the nearest medoid."""

    medoids: np.ndarray
    labels: np.ndarray
    objective: float


def k_medoids(
    distance: np.ndarray,
    k: int,
    weights: np.ndarray | None = None,
    *,
    n_init: int = STARTS,
) -> Medoids:
    """The k medoids with the least weighted sum of dissimilarities.

    The library knows no weights, but (for k > 1) reads its matrix by rows of units and columns of
    medoids, so that rows multiplied by their weights make its objective that of all units, exactly.
    Rows are searched in an order that depends on the dissimilarities alone, not on how they came.
    The first start is PAM's BUILD, the others are random. At most as many medoids are found as
    there are rows. Types are numbered heaviest first.

    Parameters
    ----------
    distance : patterns x patterns, symmetric, zero diagonal.
    weights : units that each pattern stands for (default 1; 0: it is not there, its label is -1).

    Examples
    --------
    >>> D = np.abs(np.subtract.outer([0.0, 1, 9], [0.0, 1, 9]))
    >>> found = k_medoids(D, 1, np.array([1.0, 1, 5]))
    >>> found.medoids.tolist(), found.objective
    ([2], 17.0)
    """
    return medoids_for(distance, [k], weights, n_init=n_init)[k]


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
    total = (distance @ weights)[there].round(9)
    order = there[np.lexsort((-weights[there], total))]
    weighted = distance[np.ix_(order, order)]
    weighted *= weights[order][:, None]
    built = _build(weighted, min(max(counts), len(order)))
    found = {}
    for k in counts:
        best, least = np.arange(min(k, len(order))), 0.0
        if k == 1:
            least = float(total.min())
        elif k < len(order):
            best, least = _search(weighted, built[:k], n_init)
        found[k] = _numbered(distance, order[best], weights, least)
    return found


def _build(weighted: np.ndarray, k: int) -> np.ndarray:
    """PAM's BUILD; where no more can be gained, the rows that come next."""
    if not 1 < k < len(weighted):
        return np.arange(k)
    built = kmedoids.pam_build(weighted, k).medoids.astype(int)
    rest = np.setdiff1d(np.arange(k + len(built)), built)
    return np.append(built, rest[: k - len(built)])


def _search(weighted: np.ndarray, start: np.ndarray, n_init: int) -> tuple[np.ndarray, float]:
    """The best medoids from all starts, and their objective."""
    first = kmedoids.fasterpam(weighted, start.astype(np.uintp), n_cpu=1)
    best, least = first.medoids, float(first.loss)
    random = np.random.RandomState(0)
    for _ in range(n_init - 1):
        again = kmedoids.fasterpam(weighted, len(start), random_state=random, n_cpu=1)
        if again.loss < least - 1e-9:
            best, least = again.medoids, float(again.loss)
    return np.sort(best.astype(int)), least


def _numbered(
    distance: np.ndarray, medoids: np.ndarray, weights: np.ndarray, objective: float
) -> Medoids:
    """Each pattern with its nearest medoid; the heaviest type first, ties by the first pattern."""
    nearest = distance[:, medoids].argmin(axis=1)
    nearest[medoids] = np.arange(len(medoids))
    there = np.flatnonzero(weights > 0)
    sizes = np.bincount(nearest[there], weights[there])
    first = np.unique(nearest[there], return_index=True)[1]
    rank = np.lexsort((first, -sizes.round(9)))
    labels = np.where(weights > 0, np.argsort(rank)[nearest], -1)
    return Medoids(medoids[rank], labels, objective)


def silhouette_widths(
    distance: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Silhouette width of each unit (Rousseeuw 1987); 0 for a unit alone in its type.

    With weights a row stands for that many identical units; all have the same width. With one type
    only there is no other to compare with: all widths are 0. (`sklearn.metrics.silhouette_samples`
    knows no weights.)

    Examples
    --------
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
    distance: np.ndarray, found: Mapping[int, Medoids], weights: np.ndarray
) -> dict[int, tuple[float, int]]:
    """How well each number of types separates, and the units of its smallest group.

    The first is the average silhouette width; -1 where all are in one group.
    """
    apart = {}
    for k, labels in ((k, medoids.labels) for k, medoids in found.items()):
        mean = silhouette_widths(distance, labels, weights) @ weights / weights.sum()
        smallest = int(np.bincount(labels, weights).min())
        apart[k] = (float(mean) if labels.max() > 0 else -1.0, smallest)
    return apart
