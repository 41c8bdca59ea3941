"""Multiple correspondence analysis: a map on which like answers and like units lie together.

Benzécri (1973), L'analyse des données; Greenacre (2017), Correspondence Analysis in Practice.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from analysis.errors import InputError
from analysis.typology.coding import coding
from analysis.typology.gower import Kinds
from analysis.typology.patterns import OnPatterns


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
