"""The universes of a multiverse: every defensible combination of choices, each run once.

Answers are clustered by distinct pattern with its number of units, so that 1,741 municipalities
cost what their 400 patterns cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics.pairwise import nan_euclidean_distances

from analysis.typology.gower import pattern_dissimilarity
from analysis.typology.gradient import feature_weights, numeric
from analysis.typology.hierarchy import cut, weighted_tree
from analysis.typology.medoids import k_medoids
from analysis.typology.patterns import Patterns, collapse

MOST_TYPES = 5
Groups = Mapping[str, str] | None


@dataclass(frozen=True)
class Setting:
    """One indicator set, one treatment of missing answers, one dissimilarity."""

    indicators: str
    missing: str
    dissimilarity: str


def settings(frame: pd.DataFrame, groups: Groups) -> tuple[list[Setting], dict[str, list[str]]]:
    """All settings, and the features of each indicator set."""
    sets = indicator_sets(frame, groups)
    treatments = ["pairwise", "typical"] if frame.isna().to_numpy().any() else ["none missing"]
    grouped = groups is not None and len({groups.get(c, c) for c in frame}) < frame.shape[1]
    measures = [
        name for name, make in DISSIMILARITIES.items() if grouped or make is not _gower_flat
    ]
    return [Setting(s, m, d) for s in sets for m in treatments for d in measures], sets


def indicator_sets(frame: pd.DataFrame, groups: Groups) -> dict[str, list[str]]:
    """All indicators, and all but one group (but one feature where there are under 3 groups)."""
    names = [str(c) for c in frame.columns]
    owner = {name: (groups or {}).get(name, name) for name in names}
    if len(set(owner.values())) < 3:
        owner = {name: name for name in names}
    sets = {"all": names}
    if len(set(owner.values())) >= 3:
        for left_out in dict.fromkeys(owner.values()):
            sets[f"without {left_out}"] = [c for c in names if owner[c] != left_out]
    return sets


def universes(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups, setting: Setting
) -> tuple[list[tuple[object, ...]], np.ndarray]:
    """The partitions of one setting: every method, every number of types.

    Returns
    -------
    A row per universe (the choices made, and the members of the smallest type), and the type of
    each unit in each universe (universes x units).
    """
    given = _typical(frame, kinds) if setting.missing == "typical" else frame
    seen = collapse(given.to_numpy(float))
    make = DISSIMILARITIES[setting.dissimilarity]
    distance = np.round(make(given, kinds, groups, seen), 10)
    gower = setting.dissimilarity.startswith("Gower")
    order = np.lexsort((-seen.weights, (distance @ seen.weights).round(9)))
    place = np.argsort(order)[seen.back]  # ties are settled by the dissimilarities, not by the rows
    distance, weights = distance[np.ix_(order, order)], seen.weights[order]
    rows: list[tuple[object, ...]] = []
    labels = []
    for method, k, found in _partitions(distance, weights, root=gower):
        smallest = int(np.bincount(found, weights).min())
        rows.append(
            (setting.indicators, setting.missing, setting.dissimilarity, method, k, smallest)
        )
        labels.append(found[place])
    return rows, np.array(labels, dtype=np.int16).reshape(-1, len(frame))


def _partitions(
    distance: np.ndarray, weights: np.ndarray, *, root: bool
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Ward's method needs Euclidean distances, which the root of Gower's coefficient gives."""
    most = min(MOST_TYPES, int(weights.sum()) // 3, len(distance))
    counts = range(2, most + 1)
    for k in counts:
        yield "k-medoids", k, k_medoids(distance, k, weights).labels
    average = weighted_tree(distance, weights, "average")
    ward = weighted_tree(np.sqrt(distance) if root else distance, weights, "ward")
    for name, tree in (("average linkage", average), ("Ward", ward)):
        for k in counts:
            yield name, k, cut(tree, k)


def _typical(frame: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Missing answers replaced by the commonest (nominal, binary) or the median one."""
    filled = {}
    for name in frame:
        seen = frame[name].dropna()
        if seen.empty:
            continue
        counted = kinds[name] in {"nominal", "binary", "asymmetric"}
        filled[name] = frame[name].fillna(seen.mode().iloc[0] if counted else seen.median())
    return pd.DataFrame(filled, index=frame.index)


Maker = Callable[[pd.DataFrame, Mapping[str, str], Groups, Patterns], np.ndarray]


def _gower(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups, seen: Patterns
) -> np.ndarray:
    return pattern_dissimilarity(seen, [str(c) for c in frame.columns], kinds, groups)


def _gower_flat(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups, seen: Patterns
) -> np.ndarray:
    return _gower(frame, kinds, None, seen)


def _standardised(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups, seen: Patterns
) -> np.ndarray:
    table = _scaled(frame, kinds, groups)[_first(seen)]
    if np.isnan(table).any():
        return np.nan_to_num(nan_euclidean_distances(table), nan=float(np.nanmax(table)))
    return squareform(pdist(table))


def _axes(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups, seen: Patterns
) -> np.ndarray:
    """Distances on the main axes only: those above average, at least two."""
    table = np.nan_to_num(_scaled(frame, kinds, groups))
    left, values, _ = np.linalg.svd(table, full_matrices=False)
    keep = max(2, int((values**2 > (values**2).mean()).sum()))
    return squareform(pdist((left[:, :keep] * values[:keep])[_first(seen)]))


def _first(seen: Patterns) -> np.ndarray:
    """A unit of each pattern."""
    return np.unique(seen.back, return_index=True)[1]


def _scaled(frame: pd.DataFrame, kinds: Mapping[str, str], groups: Groups) -> np.ndarray:
    columns = numeric(frame, kinds)
    columns = columns.loc[:, columns.std(ddof=0) > 0]
    scaled = (columns - columns.mean()) / columns.std(ddof=0)
    return scaled.to_numpy(float) * np.sqrt(feature_weights(columns.columns, groups))


DISSIMILARITIES: dict[str, Maker] = {
    "Gower, groups weighted equally": _gower,
    "Gower, questions weighted equally": _gower_flat,
    "standardised Euclidean": _standardised,
    "main axes only": _axes,
}
