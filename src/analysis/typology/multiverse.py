"""Every defensible way to make the typology, run once, and what all of them agree on.

A typology depends on choices that could have been made otherwise: how unlike two answers are, which
method, how many types, what to do with missing answers, which indicators. Steegen, Tuerlinckx,
Gelman & Vanpaemel (2016) call the set of all combinations a multiverse. It shows which members
belong together whatever is chosen, who sits on a border, and which choice matters most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import kmedoids
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics.pairwise import nan_euclidean_distances

from analysis.errors import InputError
from analysis.typology.gower import GowerDissimilarity
from analysis.typology.gradient import feature_weights, numeric
from analysis.typology.profile import UNPLACED

LIMIT = 4000  # units; the shares of pairs are a square table
SERIAL_UP_TO = 150  # units below which starting workers costs more than it saves
CORE, LEAD = 2 / 3, 1 / 3  # share with its own type, and lead over the next, of a core member
BORDER = 0.15  # own type ahead of the next by less than this share of the universes
CHOICES = ("indicators", "missing", "dissimilarity", "method", "n_types")


@dataclass(frozen=True)
class Multiverse:
    """All universes and what they agree on.

    Attributes
    ----------
    runs : one row per universe: the choice made for each of `CHOICES`, ``smallest`` (members of the
        smallest type) and ``ari`` (adjusted Rand index with the reference typology).
    together : unit x unit, share of the universes in which two units are of the same type.
    units : per unit its reference ``type``, ``inside`` (mean share with its own type), ``outside``
        and ``next`` (mean share with the nearest other type, and which), ``status``
        (``core`` | ``between`` | ``borderline`` | ``unplaced``).
    choices : per choice ``options`` and ``share``: of the variation between universes (measured by
        1 - ARI), the part that this choice alone accounts for; ``combinations`` is the rest.
    """

    runs: pd.DataFrame
    together: pd.DataFrame
    units: pd.DataFrame
    choices: pd.DataFrame

    @property
    def n(self) -> int:
        """Number of universes."""
        return len(self.runs)

    @property
    def core_share(self) -> float:
        """Share of all units that are core members of their type."""
        return float((self.units["status"] == "core").mean())

    @property
    def matters_most(self) -> str:
        """The choice that changes the typology most."""
        return str(self.choices.drop("combinations")["share"].idxmax())


def multiverse(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None,
    reference: pd.Series,
    *,
    jobs: int = 1,
) -> Multiverse:
    """Run the multiverse; nothing in it is random, and the number of jobs changes nothing.

    Parameters
    ----------
    frame, kinds, groups : the features of the typology.
    reference : the typology to look at, a type per unit (0: unplaced).
    jobs : worker processes.

    Raises
    ------
    InputError : fewer than 6 units (no two types of 3) or more than `LIMIT`.

    Examples
    --------
    >>> x = np.repeat([0.0, 10.0], 4) + np.arange(8) / 10
    >>> frame = pd.DataFrame({"a": x, "b": x[::-1]}, index=list("abcdefgh"))
    >>> types = pd.Series([1] * 4 + [2] * 4, index=frame.index)
    >>> found = multiverse(frame, {"a": "ratio", "b": "ratio"}, None, types)
    >>> found.core_share, float(found.together.loc["a", "h"])
    (1.0, 0.0)
    """
    if not 6 <= len(frame) <= LIMIT:
        raise InputError(
            f"a multiverse needs 6 to {LIMIT} units, here are {len(frame)}",
            hint="two types of three are the least that can be compared; take a sample of a "
            "larger survey",
        )
    ordered = frame.sort_index(kind="stable")
    sets = _indicator_sets(ordered, groups)
    treatments = ["pairwise", "typical"] if ordered.isna().to_numpy().any() else ["none missing"]
    grouped = groups is not None and len({groups.get(c, c) for c in frame}) < frame.shape[1]
    measures = [d for d, make in DISSIMILARITIES.items() if grouped or make is not _gower_flat]
    tasks = [(s, m, d) for s in sets for m in treatments for d in measures]
    run = delayed(_universes)
    workers = jobs if len(frame) > SERIAL_UP_TO else 1
    blocks = Parallel(n_jobs=workers)(
        run(ordered[sets[s]], kinds, groups, s, m, d) for s, m, d in tasks
    )
    rows = [row for found, _ in blocks for row in found]
    labels = np.concatenate([found for _, found in blocks])
    types = reference.reindex(ordered.index).to_numpy(int)
    members, owner = _members(labels)
    together = members @ members.T / len(labels)
    against = _adjusted_rand(*_members(types[None, :]), members, owner)[0]
    runs = pd.DataFrame(rows, columns=[*CHOICES, "smallest"]).assign(ari=against)
    shares = pd.DataFrame(together, index=ordered.index, columns=ordered.index)
    return Multiverse(
        runs,
        shares.loc[frame.index, frame.index],
        _units(together, types, ordered.index).loc[frame.index],
        _variation(runs, 1.0 - _adjusted_rand(members, owner, members, owner)),
    )


def _indicator_sets(frame: pd.DataFrame, groups: Mapping[str, str] | None) -> dict[str, list[str]]:
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


Maker = Callable[[pd.DataFrame, Mapping[str, str], Mapping[str, str] | None], np.ndarray]


def _gower(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Mapping[str, str] | None
) -> np.ndarray:
    return GowerDissimilarity(kinds, groups).fit_transform(frame)


def _gower_flat(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Mapping[str, str] | None
) -> np.ndarray:
    return _gower(frame, kinds, None)


def _standardised(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Mapping[str, str] | None
) -> np.ndarray:
    table = _scaled(frame, kinds, groups)
    if np.isnan(table).any():
        return np.nan_to_num(nan_euclidean_distances(table), nan=float(np.nanmax(table)))
    return squareform(pdist(table))


def _axes(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Mapping[str, str] | None
) -> np.ndarray:
    """Distances on the main axes only: those above average, at least two."""
    table = np.nan_to_num(_scaled(frame, kinds, groups))
    left, values, _ = np.linalg.svd(table, full_matrices=False)
    keep = max(2, int((values**2 > (values**2).mean()).sum()))
    return squareform(pdist(left[:, :keep] * values[:keep]))


def _scaled(
    frame: pd.DataFrame, kinds: Mapping[str, str], groups: Mapping[str, str] | None
) -> np.ndarray:
    columns = numeric(frame, kinds)
    spread = columns.std(ddof=0)
    columns = columns.loc[:, spread > 0]
    scaled = (columns - columns.mean()) / columns.std(ddof=0)
    return scaled.to_numpy(float) * np.sqrt(feature_weights(columns.columns, groups))


DISSIMILARITIES: dict[str, Maker] = {
    "Gower, groups weighted equally": _gower,
    "Gower, questions weighted equally": _gower_flat,
    "standardised Euclidean": _standardised,
    "main axes only": _axes,
}


def _universes(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None,
    indicators: str,
    missing: str,
    dissimilarity: str,
) -> tuple[list[tuple[object, ...]], np.ndarray]:
    """The partitions of one dissimilarity: every method, every number of types."""
    given = _typical(frame, kinds) if missing == "typical" else frame
    distance = np.round(DISSIMILARITIES[dissimilarity](given, kinds, groups), 10)
    rows, labels = [], []
    euclidean = np.sqrt(distance) if dissimilarity.startswith("Gower") else distance
    for method, k, found in _partitions(distance, euclidean):
        smallest = int(np.bincount(found).min())
        rows.append((indicators, missing, dissimilarity, method, k, smallest))
        labels.append(found)
    return rows, np.array(labels)


def _partitions(
    distance: np.ndarray, euclidean: np.ndarray
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Ward's method needs Euclidean distances, which the root of Gower's coefficient gives."""
    counts = range(2, min(5, len(distance) // 3) + 1)
    for k in counts:
        found = kmedoids.fasterpam(distance, k, init="build", n_cpu=1)
        yield "k-medoids", k, found.labels.astype(int)
    trees = {
        "average linkage": linkage(squareform(distance, checks=False), "average"),
        "Ward": linkage(squareform(euclidean, checks=False), "ward"),
    }
    for name, tree in trees.items():
        for k in counts:
            yield name, k, _cut(tree, k)


def _cut(tree: np.ndarray, k: int) -> np.ndarray:
    """Exactly k clusters: all merges of a tree but the last k - 1."""
    n = len(tree) + 1
    leaf = np.arange(n + len(tree))  # a leaf below each node
    for node, merge in enumerate(tree, start=n):
        leaf[node] = leaf[int(merge[0])]
    joined = leaf[tree[: n - k, :2].astype(int)].T
    edges = coo_array((np.ones(n - k), tuple(joined)), shape=(n, n))
    return connected_components(edges, directed=False)[1]


def _members(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units x (types of all partitions), 1 for a member; and the partition of each column."""
    columns, owner = [], []
    for number, found in enumerate(labels):
        for kind in np.unique(found):
            columns.append(found == kind)
            owner.append(number)
    return np.array(columns, dtype=float).T, np.array(owner)


def _adjusted_rand(
    mine: np.ndarray, my_owner: np.ndarray, other: np.ndarray, other_owner: np.ndarray
) -> np.ndarray:
    """Adjusted Rand index of each partition of one list with each of another."""

    def pairs(counts: np.ndarray) -> np.ndarray:
        return counts * (counts - 1) / 2

    def per_partition(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, np.flatnonzero(np.diff(owner, prepend=-1)), axis=0)

    both = per_partition(per_partition(pairs(mine.T @ other), my_owner).T, other_owner).T
    a = per_partition(pairs(mine.sum(axis=0)), my_owner)[:, None]
    b = per_partition(pairs(other.sum(axis=0)), other_owner)[None, :]
    expected = a * b / pairs(np.float64(len(mine)))
    room = (a + b) / 2 - expected
    return np.where(room > 1e-12, (both - expected) / np.where(room > 1e-12, room, 1.0), 1.0)


def _units(together: np.ndarray, types: np.ndarray, index: pd.Index) -> pd.DataFrame:
    """How firmly each unit stays with its type."""
    named = [t for t in np.unique(types) if t != UNPLACED]
    inside, outside = np.full(len(types), np.nan), np.full(len(types), np.nan)
    nearest = np.zeros(len(types), dtype=int)
    for i, own in enumerate(types):
        for kind in named:
            others = (types == kind) & (np.arange(len(types)) != i)
            share = together[i, others].mean() if others.any() else 0.0
            if kind == own:
                inside[i] = share
            elif not share <= outside[i]:
                outside[i], nearest[i] = share, kind
    outside = np.nan_to_num(outside)
    status = np.select(
        [
            types == UNPLACED,
            (inside >= CORE) & (inside - outside >= LEAD),
            inside - outside < BORDER,
        ],
        ["unplaced", "core", "borderline"],
        "between",
    )
    columns = {"type": types, "inside": inside, "outside": outside, "next": nearest}
    return pd.DataFrame({**columns, "status": status}, index=index)


def _variation(runs: pd.DataFrame, unlike: np.ndarray) -> pd.DataFrame:
    """Split the variation between universes by choice, as in Anderson (2001)."""
    total = unlike.sum() / (2 * len(runs))
    rows = {}
    for choice in CHOICES:
        within = 0.0
        for at in runs.groupby(choice).indices.values():
            within += unlike[np.ix_(at, at)].sum() / (2 * len(at))
        share = (total - within) / total if total > 0 else 0.0
        rows[choice] = {"options": runs[choice].nunique(), "share": max(0.0, share)}
    rest = max(0.0, 1.0 - sum(row["share"] for row in rows.values())) if total > 0 else 0.0
    rows["combinations"] = {"options": len(runs), "share": rest}
    return pd.DataFrame(rows).T.astype({"options": int})
