"""Trees on Gower's coefficient or on the axes of multiple correspondence analysis."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin

from analysis.errors import InputError
from analysis.typology.dissimilarity import (
    LIMIT,
    Groups,
    Kinds,
    OnPatterns,
    by_column,
    by_size,
    pattern_dissimilarity,
    too_few,
)
from analysis.typology.latent import coding


class MCA(OnPatterns, TransformerMixin, BaseEstimator):
    """Correspondence analysis of the indicator matrix of all answers.

    A missing answer is neutral: its question takes the average answers (the margins), so that a
    unit without any answer lies at the centre. Features of kind ``ratio`` with more than two values
    are cut into thirds.

    Parameters
    ----------
    n_components : axes kept, at most as many as there are.
    kinds : feature -> kind, or kinds in column order; as in `GowerDissimilarity`.

    Attributes
    ----------
    inertias_ : principal inertia (eigenvalue) of every axis, largest first.

    Raises
    ------
    InputError : all units gave the same answers.

    Examples
    --------
    >>> X = np.array([[0.0, 0], [0, 0], [1, 1], [1, 0]])
    >>> MCA().fit(X).inertias_.round(3).tolist()
    [0.789, 0.211]
    """

    def __init__(self, n_components: int = 2, *, kinds: Kinds = None) -> None:
        self.n_components = n_components
        self.kinds = kinds

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: object = None,
        sample_weight: np.ndarray | None = None,
    ) -> MCA:
        """Find the axes of X (units x features)."""
        seen, names = self._collapsed(X, sample_weight, in_order=False)
        self._coding = coding(seen.rows, seen.weights, names, self.kinds)
        self._item = np.repeat(np.arange(len(names)), self._coding.sizes)
        self._width = max(sum(size > 0 for size in self._coding.sizes), 1)
        given = self._coding.indicators(seen.rows)
        sums = seen.weights @ given
        self._shares = sums / np.bincount(self._item, sums)[self._item]
        deviations = self._deviations(seen.rows)
        cross = (deviations * seen.weights[:, None]).T @ deviations / seen.weights.sum()
        inertias, axes = np.linalg.eigh(cross)
        kept = np.flatnonzero(inertias > 1e-10)[::-1]
        if not len(kept):
            raise InputError(
                f"all answers are the same (n_samples = {len(seen.back)})",
                hint="a map needs answers that differ",
            )
        self.inertias_ = inertias[kept]
        axes = axes[:, kept[: self.n_components]]
        self._axes = axes * np.sign(
            axes[np.abs(axes).round(9).argmax(axis=0), range(axes.shape[1])]
        )
        return self

    def _deviations(self, rows: np.ndarray) -> np.ndarray:
        """Each unit's answers less the average ones, in the chi-square metric."""
        given = self._coding.indicators(rows)
        codes = self._coding.codes(rows)
        known = (codes >= 0)[:, self._item]
        return (given - known * self._shares) / np.sqrt(self._shares * self._width)

    def transform(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Principal coordinates of each row, shape (rows, axes)."""
        seen = self._seen(X)
        return (self._deviations(seen.rows) @ self._axes)[seen.back]


LINKAGES = ("average", "complete", "ward")


class HierarchicalTypology(OnPatterns, ClusterMixin, BaseEstimator):
    """Types by cutting a tree of units.

    ``average`` and ``complete`` linkage work on Gower's dissimilarity; ``ward`` needs Euclidean
    distances and works on the coordinates of multiple correspondence analysis, as FactoMineR's
    ``HCPC(consol=FALSE)`` does (Husson, Josse & Pagès 2010; Ward 1963). HCPC's default goes on to
    consolidate the types by k-means, which moves members; that is not done here.

    Parameters
    ----------
    n_types : number of types.
    linkage : ``average``, ``complete`` or ``ward``.
    kinds, groups : as in `GowerDissimilarity` (Ward: groups are ignored).
    n_components : axes used by Ward's method.

    Attributes
    ----------
    labels_ : type of each unit, 0..n_types-1, largest first.
    tree_ : merges as in `scipy.cluster.hierarchy.linkage`, of the units in the order of
        ``order_`` (units sorted by their answers, so that the order of rows changes nothing).

    Raises
    ------
    InputError : more than 10,000 units; fewer different answer patterns than types.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [9.0], [10.0], [10.0]])
    >>> HierarchicalTypology(2).fit(X).labels_.tolist()
    [1, 1, 0, 0, 0]
    """

    def __init__(
        self,
        n_types: int = 2,
        *,
        linkage: Literal["average", "complete", "ward"] = "average",
        kinds: Kinds = None,
        groups: Groups = None,
        n_components: int = 5,
    ) -> None:
        self.n_types = n_types
        self.linkage = linkage
        self.kinds = kinds
        self.groups = groups
        self.n_components = n_components

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> HierarchicalTypology:
        """Find the types of X (units x features)."""
        if self.linkage not in LINKAGES:
            raise InputError(f"there is no linkage {self.linkage!r}", hint=", ".join(LINKAGES))
        seen, names = self._collapsed(X)
        if len(seen.back) > LIMIT:
            raise InputError(
                f"{len(seen.back):,} units are too many for a tree (at most {LIMIT:,})",
                hint="use latent classes, or a sample",
            )
        if refusal := too_few(self.n_types, seen):
            raise refusal
        self.order_ = np.argsort(seen.back, kind="stable")
        at = seen.back[self.order_]
        if len(seen.rows) == 1:
            between = np.zeros((1, 1))
        elif self.linkage == "ward":
            axes = MCA(self.n_components, kinds=by_column(self.kinds, names, "ratio"))
            axes.fit(seen.rows, sample_weight=seen.weights)
            between = squareform(pdist(axes.transform(seen.rows)))
        else:
            between = pattern_dissimilarity(seen, names, self.kinds, self.groups)
        # patterns that no answer tells apart stay apart a little, so that like units join first
        between = np.maximum(between.round(10), (1 - np.eye(len(between))) * 1e-10)
        distance = squareform(between[np.ix_(at, at)], checks=False)
        self.tree_ = linkage(distance, self.linkage) if len(at) > 1 else np.empty((0, 4))
        found = cut(self.tree_, self.n_types)
        self.labels_ = np.empty(len(at), dtype=int)
        self.labels_[self.order_] = np.argsort(by_size(found, np.ones(len(at))))[found]
        return self


def cut(tree: np.ndarray, k: int) -> np.ndarray:
    """Exactly k clusters of a tree: all its merges but the last k - 1.

    (`scipy.cluster.hierarchy.fcluster` gives fewer where merges tie.)

    Examples
    --------
    >>> cut(linkage([1.0, 1.0, 1.0], "average"), 2).tolist()
    [0, 0, 1]
    """
    n = len(tree) + 1
    leaf = np.arange(n + len(tree))  # a leaf below each node
    for node, merge in enumerate(tree, start=n):
        leaf[node] = leaf[int(merge[0])]
    joined = leaf[tree[: n - k, :2].astype(int)].T
    edges = coo_array((np.ones(n - k), tuple(joined)), shape=(n, n))
    return connected_components(edges, directed=False)[1]


def weighted_tree(
    distance: np.ndarray, weights: np.ndarray, method: Literal["average", "ward"]
) -> np.ndarray:
    """The tree of all units from the distances among their patterns, by nearest-neighbour chains.

    `scipy.cluster.hierarchy.linkage` knows no weights. Identical units join at height 0 before all
    others, so a pattern may stand for them from the start (Müllner 2011, arXiv:1109.2378; the
    updates are those of Lance & Williams 1967).

    Parameters
    ----------
    distance : patterns x patterns, symmetric (Ward: Euclidean).
    weights : units of each pattern.

    Returns
    -------
    Merges of patterns in the form of `linkage`; the last column counts units.

    Examples
    --------
    >>> x = np.array([0.0, 1, 5])
    >>> D = np.abs(np.subtract.outer(x, x))
    >>> weighted_tree(D, np.array([1.0, 1, 2]), "average").tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 4.0]]
    """
    m, size = len(distance), np.array(weights, dtype=float)
    between = np.array(distance, dtype=float)
    if method == "ward":
        between = between**2 * 2 * np.outer(size, size) / np.add.outer(size, size)
    np.fill_diagonal(between, np.inf)
    merges, chain, gone = np.empty((m - 1, 3)), list[int](), np.zeros(m, dtype=bool)
    for step in range(m - 1):
        chain = chain or [int(np.argmin(gone))]
        while True:
            x = chain[-1]
            y = int(between[x].argmin())
            if len(chain) > 1 and between[x, chain[-2]] <= between[x, y]:
                y = chain[-2]
                break
            chain.append(y)
        del chain[-2:]
        height, a, b = between[x, y], size[x], size[y]
        if method == "ward":
            both = (a + size) * between[x] + (b + size) * between[y] - size * height
            row = both / (a + b + size)
        else:
            row = (a * between[x] + b * between[y]) / (a + b)
        between[x, :] = between[:, x] = np.inf
        between[y, :] = between[:, y] = row
        between[y, y], size[y], gone[x] = np.inf, a + b, True
        merges[step] = x, y, height
    if method == "ward":
        merges[:, 2] = np.sqrt(merges[:, 2])
    return _numbered(merges, np.asarray(weights, dtype=float))


def _numbered(merges: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Merges by height, each joined group under the number that `linkage` would give it."""
    m = len(weights)
    above, size = np.arange(2 * m - 1), np.append(weights, np.zeros(m - 1))
    tree = np.empty((m - 1, 4))

    def top(node: int) -> int:
        while above[node] != node:
            node = int(above[node])
        return node

    order = np.argsort(merges[:, 2].round(10), kind="stable")
    for number, (x, y, height) in enumerate(merges[order], start=m):
        left, right = sorted((top(int(x)), top(int(y))))
        above[left] = above[right] = number
        size[number] = size[left] + size[right]
        tree[number - m] = left, right, height, size[number]
    return tree
