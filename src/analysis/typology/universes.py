"""The universes of a multiverse: every defensible combination of choices, each run once.

Answers are clustered by distinct pattern with its number of units, so that 1,741 municipalities
cost what their 400 patterns cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics.pairwise import nan_euclidean_distances

from analysis.typology.eligibility import taking_part
from analysis.typology.gower import pattern_dissimilarity
from analysis.typology.gradient import feature_weights, numeric
from analysis.typology.hierarchy import cut, weighted_tree
from analysis.typology.medoids import k_medoids
from analysis.typology.patterns import Patterns, collapse
from analysis.typology.verdict import SMALLEST_TYPE

MOST_TYPES = 5
ENOUGH_COMPLETE = 2 / 3  # share of complete cases from which they are analysed by themselves
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
    grouped = groups is not None and len({groups.get(c, c) for c in frame}) < frame.shape[1]
    measures = [
        name for name, make in DISSIMILARITIES.items() if grouped or make is not _gower_flat
    ]
    return [
        Setting(s, m, d)
        for s, names in sets.items()
        for m in treatments(frame[names])
        for d in measures
    ], sets


def treatments(frame: pd.DataFrame) -> list[str]:
    """What can be done about missing answers; ``none missing`` where there are none.

    Complete cases are an option where at least `ENOUGH_COMPLETE` of the units are some, and two
    types of three can be made of them.
    """
    complete = frame.notna().all(axis=1)
    if complete.all():
        return ["none missing"]
    enough = complete.mean() >= ENOUGH_COMPLETE and complete.sum() >= 2 * SMALLEST_TYPE
    return ["pairwise", "imputed", *["complete cases"] * bool(enough)]


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
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Groups,
    setting: Setting,
    filled: Sequence[pd.DataFrame] = (),
) -> tuple[list[tuple[object, ...]], np.ndarray]:
    """The partitions of one setting: every method, every number of types.

    Who takes part is decided for these features again (`eligibility.taking_part`); the rest is put
    to the group that is nearest on average.

    Parameters
    ----------
    filled : the survey with its missing answers imputed, several times; a type is then made of
        those who are together in most imputations (average linkage on their co-assignment).

    Returns
    -------
    A row per universe (the choices made, and the members of the smallest type), and the type of
    each unit in each universe (universes x units).
    """
    fit = frame.notna().all(axis=1).to_numpy()
    if setting.missing != "complete cases":
        its_groups = [(groups or {}).get(c, c) for c in frame]
        fit = taking_part(frame, [kinds[c] for c in frame], its_groups).fit
    given = [table[list(frame)] for table in filled] if setting.missing == "imputed" else [frame]
    make = DISSIMILARITIES[setting.dissimilarity]
    root = setting.dissimilarity.startswith("Gower")
    found = [_types(table, fit, make, kinds, groups, root=root) for table in given]
    rows: list[tuple[object, ...]] = []
    labels = []
    for method, k in found[0]:
        together = [one[method, k] for one in found if (method, k) in one]
        types = together[0] if len(given) == 1 else consensus(np.array(together), k)
        smallest = int(np.bincount(types).min())
        rows.append(
            (setting.indicators, setting.missing, setting.dissimilarity, method, k, smallest)
        )
        labels.append(types)
    return rows, np.array(labels, dtype=np.int16).reshape(-1, len(frame))


def _types(
    frame: pd.DataFrame,
    fit: np.ndarray,
    make: Maker,
    kinds: Mapping[str, str],
    groups: Groups,
    *,
    root: bool,
) -> dict[tuple[str, int], np.ndarray]:
    """The type of each unit by method and number of types, made from those of the fit."""
    seen = collapse(frame.to_numpy(float))
    distance = np.round(make(frame, kinds, groups, seen), 10)
    weights = np.bincount(seen.back[fit], minlength=len(seen.rows)).astype(float)
    inside = np.flatnonzero(weights)
    # ties are settled by the dissimilarities, not by the rows
    inside = inside[np.lexsort((-weights[inside], (distance @ weights).round(9)[inside]))]
    weights = weights[inside]
    found = {}
    for method, k, types in _partitions(distance[np.ix_(inside, inside)], weights, root=root):
        of_pattern = np.empty(len(distance), dtype=int)
        if len(inside) < len(distance):
            member = (types[:, None] == np.arange(k)) * weights[:, None]
            of_pattern = (distance[:, inside] @ (member / member.sum(axis=0))).argmin(axis=1)
        of_pattern[inside] = types
        found[method, k] = of_pattern[seen.back]
    return found


def consensus(labels: np.ndarray, k: int) -> np.ndarray:
    """k types of those who are together in most of the partitions (partitions x units)."""
    seen = collapse(labels.T.astype(float))
    together = (seen.rows[:, None] == seen.rows).mean(axis=2)
    return cut(weighted_tree(1 - together, seen.weights, "average"), k)[seen.back]


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
