"""Hierarchical types: the two most alike groups are joined, again and again."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

from analysis.errors import InputError
from analysis.typology.gower import LIMIT, Groups, Kinds, pattern_dissimilarity
from analysis.typology.mca import MCA
from analysis.typology.patterns import by_column, by_size, collapse, column_names, too_few

LINKAGES = ("average", "complete", "ward")


class HierarchicalTypology(ClusterMixin, BaseEstimator):
    """Types by cutting a tree of units.

    ``average`` and ``complete`` linkage work on Gower's dissimilarity; ``ward`` needs Euclidean
    distances and works on the coordinates of multiple correspondence analysis, as HCPC does
    (Husson, Josse & Pagès 2010; Ward 1963).

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
    InputError : more than 20,000 units; fewer different answer patterns than types.

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

    def __sklearn_tags__(self) -> object:
        """Missing answers are part of both measures."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> HierarchicalTypology:
        """Find the types of X (units x features)."""
        values = validate_data(self, X, dtype="float64", ensure_all_finite="allow-nan")
        if self.linkage not in LINKAGES:
            raise InputError(f"there is no linkage {self.linkage!r}", hint=", ".join(LINKAGES))
        if len(values) > LIMIT:
            raise InputError(
                f"{len(values):,} units are too many for a tree (at most {LIMIT:,})",
                hint="use latent classes, or a sample",
            )
        seen = collapse(values)
        if refusal := too_few(self.n_types, seen):
            raise refusal
        names = column_names(self, values.shape[1])
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
        distance = squareform(between[np.ix_(at, at)].round(10), checks=False)
        self.tree_ = linkage(distance, self.linkage) if len(at) > 1 else np.empty((0, 4))
        found = np.empty(len(at), dtype=int)
        found[self.order_] = cut(self.tree_, self.n_types)
        self.labels_ = np.argsort(by_size(found, np.ones(len(at))))[found]
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
