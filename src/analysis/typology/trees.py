"""Trees of units from the distances among their answer patterns.

`scipy.cluster.hierarchy.linkage` knows no weights. Identical units join at height 0 before all
others, so a pattern may stand for them from the start: the national table has 1,741 units and some
360 patterns.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def weighted_tree(
    distance: np.ndarray, weights: np.ndarray, method: Literal["average", "ward"]
) -> np.ndarray:
    """Which patterns join, lowest first, by nearest-neighbour chains.

    Müllner (2011, arXiv:1109.2378); the distances of what has joined are those of Lance & Williams
    (1967).

    Parameters
    ----------
    distance : patterns x patterns, symmetric (Ward: Euclidean).
    weights : units of each pattern.

    Returns
    -------
    A row per merge: a pattern of the one group, a pattern of the other, and the height.

    Examples
    --------
    >>> x = np.array([0.0, 1, 5])
    >>> D = np.abs(np.subtract.outer(x, x))
    >>> weighted_tree(D, np.array([1.0, 1, 2]), "average").tolist()
    [[1.0, 0.0, 1.0], [2.0, 0.0, 4.5]]
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
    return merges[np.argsort(merges[:, 2].round(10), kind="stable")]


def cut(merges: np.ndarray, k: int) -> np.ndarray:
    """The group of each pattern, exactly k: all merges but the last k - 1.

    (`scipy.cluster.hierarchy.fcluster` gives fewer where merges tie.)

    Examples
    --------
    >>> same = np.zeros((3, 3))
    >>> cut(weighted_tree(same, np.ones(3), "average"), 2).tolist()
    [0, 0, 1]
    """
    m = len(merges) + 1
    joined = merges[: m - k, :2].T.astype(int)
    edges = coo_array((np.ones(m - k), tuple(joined)), shape=(m, m))
    return connected_components(edges, directed=False)[1]
