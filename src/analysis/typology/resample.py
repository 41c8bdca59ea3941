"""How a typology of dissimilarities holds when its units are drawn again."""

from __future__ import annotations

from dataclasses import dataclass

import kmedoids
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from analysis.typology.profile import UNPLACED

CHUNK = 10  # resamples per task; fixed, so that the number of jobs changes nothing


@dataclass(frozen=True)
class Resampled:
    """``stability`` per type, ``membership`` unit x type, ``together`` unit x unit."""

    stability: pd.DataFrame
    membership: pd.DataFrame
    together: pd.DataFrame


def k_medoids(distance: np.ndarray, k: int) -> np.ndarray:
    """Labels 0..k-1 by FasterPAM from PAM's own start (Schubert & Rousseeuw 2021)."""
    return kmedoids.fasterpam(distance, k, init="build", n_cpu=1).labels.astype(int)


def silhouette_widths(distance: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Silhouette width of each unit (Rousseeuw 1987); 0 for a unit alone in its type.

    Examples
    --------
    >>> D = np.abs(np.subtract.outer([0.0, 1, 9, 10], [0.0, 1, 9, 10]))
    >>> silhouette_widths(D, np.array([1, 1, 2, 2])).round(2).tolist()
    [0.89, 0.88, 0.88, 0.89]
    """
    members = labels[:, None] == np.unique(labels)
    sizes = members.sum(axis=0)
    total = distance @ members
    own = total[members] / np.maximum(sizes[members.argmax(axis=1)] - 1, 1)
    other = np.where(members, np.inf, total / sizes).min(axis=1)
    widths = (other - own) / np.maximum(np.maximum(own, other), 1e-12)
    return np.where(sizes[members.argmax(axis=1)] > 1, widths, 0.0)


def resample(
    distance: np.ndarray,
    types: pd.Series,
    k: int,
    n_bootstrap: int,
    *,
    seed: int,
    jobs: int,
    each: bool = True,
) -> Resampled:
    """Cluster bootstrap samples and the survey without each unit, and compare (Hennig 2007).

    Per type: the greatest Jaccard coefficient with any cluster of the resample, among the units
    drawn, averaged over resamples. Two units are together where a resample that has both puts them
    into one cluster; membership in a type is the mean share of being together with its members.
    ``each=False`` skips leaving units out (NaN).
    """
    n = len(types)
    found = types.to_numpy(int)
    named = [t for t in np.unique(found) if t != UNPLACED]
    seeds = np.random.SeedSequence(seed).spawn(-(-n_bootstrap // CHUNK))
    sizes = [min(CHUNK, n_bootstrap - CHUNK * i) for i in range(len(seeds))]
    workers = jobs if n > 200 else 1
    parts = Parallel(n_jobs=workers)(
        delayed(_bootstrap)(distance, found, named, k, size, part)
        for size, part in zip(sizes, seeds, strict=True)
    )
    both = sum(part[1] for part in parts)
    seen = sum(part[2] for part in parts)
    together = np.divide(both, seen, out=np.zeros((n, n)), where=seen > 0)
    np.fill_diagonal(together, 1.0)
    jaccard = np.vstack([part[0] for part in parts])
    columns = {
        "n": [int((found == t).sum()) for t in named],
        "jaccard_bootstrap": [float(np.nanmean(column)) for column in jaccard.T],
        "jaccard_loo": _leave_one_out(distance, found, named, k) if each else np.nan,
    }
    return Resampled(
        pd.DataFrame(columns, index=pd.Index(named, name="type")),
        _membership(together, found, named, types.index),
        pd.DataFrame(together, index=types.index, columns=types.index),
    )


def _bootstrap(
    distance: np.ndarray,
    types: np.ndarray,
    named: list[int],
    k: int,
    size: int,
    seed: np.random.SeedSequence,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = len(types)
    jaccard = np.full((size, len(named)), np.nan)
    both, seen = np.zeros((n, n)), np.zeros((n, n))
    for b in range(size):
        drawn = np.sort(rng.integers(0, n, n))
        cluster = np.full(n, -1)
        cluster[drawn] = k_medoids(distance[np.ix_(drawn, drawn)], min(k, len(np.unique(drawn))))
        at = cluster >= 0
        jaccard[b] = _jaccard(types[at], cluster[at], named)
        member = cluster[:, None] == np.arange(k)
        both += member.astype(float) @ member.T
        seen += np.outer(at, at)
    return jaccard, both, seen


def _jaccard(types: np.ndarray, cluster: np.ndarray, named: list[int]) -> np.ndarray:
    """Greatest Jaccard coefficient of each type with any cluster; NaN where nobody was drawn."""
    mine = types[:, None] == np.array(named)
    theirs = cluster[:, None] == np.unique(cluster)
    common = mine.T.astype(float) @ theirs
    either = mine.sum(axis=0)[:, None] + theirs.sum(axis=0)[None, :] - common
    best = (common / either).max(axis=1)
    return np.where(mine.any(axis=0), best, np.nan)


def _leave_one_out(
    distance: np.ndarray, types: np.ndarray, named: list[int], k: int, most: int = 60
) -> list[float]:
    """The same for the survey without one unit; in larger surveys every (n/60)th is left out."""
    out = np.unique(np.linspace(0, len(types) - 1, min(len(types), most)).astype(int))
    scores = []
    for i in out:
        kept = np.delete(np.arange(len(types)), i)
        cluster = k_medoids(distance[np.ix_(kept, kept)], k)
        scores.append(_jaccard(types[kept], cluster, named))
    return [float(value) for value in np.mean(scores, axis=0)]


def _membership(
    together: np.ndarray, types: np.ndarray, named: list[int], index: pd.Index
) -> pd.DataFrame:
    others = together.copy()
    np.fill_diagonal(others, 0.0)
    share = np.column_stack(
        [
            others[:, types == t].sum(axis=1) / np.maximum((types == t).sum() - (types == t), 1)
            for t in named
        ]
    )
    total = share.sum(axis=1, keepdims=True)
    even = np.full_like(share, 1.0 / max(len(named), 1))
    return pd.DataFrame(np.divide(share, total, out=even, where=total > 0), index, named)
