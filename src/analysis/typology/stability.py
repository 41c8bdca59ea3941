"""How a typology holds when its units are drawn again.

Hennig (2007), "Cluster-wise assessment of cluster stability", Computational Statistics & Data
Analysis 52: a type is stable where resamples of the survey find it again. Units are drawn, answer
patterns are clustered: a resample costs what its distinct patterns cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.stats.thresholds import UNPLACED
from analysis.typology.partition import medoids_for

CHUNK = 10  # resamples that share a seed


@dataclass(frozen=True)
class Stability:
    """What resampling says of each type and each answer pattern.

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
) -> Stability:
    """Draw units with replacement and make k types again, by k-medoids.

    Per type: the greatest Jaccard coefficient with any cluster of the resample among the distinct
    units drawn, averaged over the resamples that have a member of the type.

    Parameters
    ----------
    distance : patterns x patterns.
    types : type of each pattern; `UNPLACED` ones belong to no type.
    counts : units of each pattern, whole numbers.

    Examples
    --------
    >>> x = np.array([0.0, 1, 2, 10, 11, 12])
    >>> D = np.abs(np.subtract.outer(x, x))
    >>> types = np.array([1, 1, 1, 2, 2, 2])
    >>> stability(D, 2, types, np.full(6, 5)).types.round(2).values.tolist()
    [[15.0, 1.0, 0.0], [15.0, 1.0, 0.0]]
    """
    counts = np.asarray(counts).round().astype(int)
    named = np.array([t for t in np.unique(types) if t != UNPLACED])
    parts = _resampled(distance, {k: types}, {k: named}, counts, n_bootstrap, seed)
    both = np.sum([part[1] for part in parts], axis=0)
    seen = np.sum([part[2] for part in parts], axis=0)
    together = np.divide(both, seen, out=np.zeros(distance.shape), where=seen > 0)
    np.fill_diagonal(together, 1.0)
    scores = pd.DataFrame(np.vstack([part[0][k] for part in parts]))
    columns = {
        "n": [int(counts[types == t].sum()) for t in named],
        "jaccard_bootstrap": scores.mean().to_numpy(),
        "jaccard_se": scores.sem().to_numpy(),
    }
    membership = _membership(with_type(together, types, counts, named), named)
    return Stability(
        pd.DataFrame(columns, index=pd.Index(named, name="type")),
        together,
        pd.DataFrame(membership, columns=named),
        _second(membership, types, named),
    )


def least_stable(
    distance: np.ndarray,
    types: Mapping[int, np.ndarray],
    counts: np.ndarray,
    *,
    n_bootstrap: int,
    seed: int = 0,
) -> dict[int, float]:
    """Number of types -> ``jaccard_bootstrap`` of its least stable one, from the same resamples.

    Parameters
    ----------
    types : type of each pattern for each number of types, as k-medoids on `distance` found them.
    """
    named = {k: np.unique(of_k) for k, of_k in types.items()}
    counts = np.asarray(counts).round().astype(int)
    parts = _resampled(distance, types, named, counts, n_bootstrap, seed)
    return {
        k: float(pd.DataFrame(np.vstack([part[0][k] for part in parts])).mean().min())
        for k in types
    }


Scores = dict[int, np.ndarray]  # number of types -> resamples x types


def _resampled(
    distance: np.ndarray,
    types: Mapping[int, np.ndarray],
    named: Mapping[int, np.ndarray],
    counts: np.ndarray,
    n_bootstrap: int,
    seed: int,
) -> list[tuple[Scores, np.ndarray, np.ndarray]]:
    """What `_chunk` gives of each `CHUNK` resamples, with a seed each."""
    seeds = np.random.SeedSequence(seed).spawn(max(1, -(-n_bootstrap // CHUNK)))
    return [
        _chunk(distance, types, named, counts, min(CHUNK, n_bootstrap - CHUNK * i), part)
        for i, part in enumerate(seeds)
    ]


def _chunk(
    distance: np.ndarray,
    types: Mapping[int, np.ndarray],
    named: Mapping[int, np.ndarray],
    counts: np.ndarray,
    size: int,
    seed: np.random.SeedSequence,
) -> tuple[Scores, np.ndarray, np.ndarray]:
    """The Jaccard coefficients of some resamples, and how often two patterns were in one type.

    The pairs, and how often both were drawn, are those of the last number of types.
    """
    rng, m, n = np.random.default_rng(seed), len(counts), counts.sum()
    unit = np.repeat(np.arange(m), counts)
    scores = {k: np.full((size, len(own)), np.nan) for k, own in named.items()}
    both, seen = np.zeros((2, m, m))
    for b in range(size):
        times = np.bincount(rng.integers(0, n, n), minlength=n)
        weights = np.bincount(unit, times, minlength=m)
        distinct = np.bincount(unit, times > 0, minlength=m)
        for k, again in medoids_for(distance, list(types), weights).items():
            cluster = again.labels
            scores[k][b] = _jaccard(types[k], cluster, distinct, named[k])
        member = (cluster[:, None] == np.arange(cluster.max() + 1)).astype(float)
        both += member @ member.T
        seen += np.outer(cluster >= 0, cluster >= 0)
    return scores, both, seen


def _jaccard(
    types: np.ndarray, cluster: np.ndarray, units: np.ndarray, named: np.ndarray
) -> np.ndarray:
    """Greatest Jaccard coefficient of each type with any cluster; NaN where nobody was drawn."""
    mine = (types[:, None] == named) * units[:, None].astype(float)
    theirs = (cluster[:, None] == np.arange(cluster.max() + 1)).astype(float)
    common = mine.T @ theirs
    either = mine.sum(axis=0)[:, None] + (units @ theirs)[None, :] - common
    best = (common / np.maximum(either, 1)).max(axis=1)
    return np.where(mine.any(axis=0), best, np.nan)


def with_type(
    together: np.ndarray, types: np.ndarray, counts: np.ndarray, named: np.ndarray
) -> np.ndarray:
    """Mean of ``together`` (of patterns) over the members of each type but the unit itself."""
    mine = types[:, None] == named
    others = (mine * counts[:, None]).sum(axis=0) - mine
    return (together @ (mine * counts[:, None]) - mine) / np.maximum(others, 1)


def _membership(share: np.ndarray, named: np.ndarray) -> np.ndarray:
    total = share.sum(axis=1, keepdims=True)
    even = np.full_like(share, 1.0 / max(len(named), 1))
    return np.divide(share, total, out=even, where=total > 1e-12)


def _second(membership: np.ndarray, types: np.ndarray, named: np.ndarray) -> np.ndarray:
    """The strongest type that is not the pattern's own."""
    if len(named) == 0:
        return np.full(len(types), UNPLACED)
    others = np.where(types[:, None] == named, -1.0, membership.round(12))
    best = others.argmax(axis=1)
    return np.where(others[np.arange(len(types)), best] >= 0, named[best], UNPLACED)
