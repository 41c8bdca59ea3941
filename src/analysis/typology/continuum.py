"""A survey without types but with the same margins and the same correlations.

A gradient cut into pieces gives neat, stable "types" too. The fair rival of a typology is therefore
not only noise but a continuum: units spread smoothly over the same correlated features. Its surveys
are drawn from a Gaussian copula with the survey's own margins, the parametric bootstrap of
homogeneity against clustering of Hennig & Lin (2015) (cf. Liu, Hayes, Nobel & Marron 2008).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.typology.gradient import gradient

STEPS = (1.0, 1.0, 0.5, 0.33, 0.25, 0.2)  # of the calibration: smaller ones average noise out
ROWS = 1500  # rows drawn per step, in surveys of the original size, at least three


class Continuum:
    """Draw type-free surveys that look like `frame` feature by feature and pair by pair.

    Ties, rounding and skips weaken correlations, so the latent correlations are tuned until drawn
    surveys show on average the correlations that were observed. Nominal categories are ordered
    along the survey's first axis. Missing cells stay where they are.

    Parameters
    ----------
    frame : units x features, NaN where missing.
    kinds : kind of each feature.
    seed : of the calibration; the draws take a generator of their own.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=200)
    >>> frame = pd.DataFrame({"a": x, "b": x + rng.normal(size=200)})
    >>> drawn = Continuum(frame, dict.fromkeys(frame, "ratio")).sample(rng)
    >>> bool((np.sort(drawn["a"]) == np.sort(frame["a"])).all())
    True
    >>> bool(abs(drawn.corr().loc["a", "b"] - frame.corr().loc["a", "b"]) < 0.15)
    True
    """

    def __init__(self, frame: pd.DataFrame, kinds: Mapping[str, str], *, seed: int = 0) -> None:
        self.frame = frame
        level = gradient(frame, kinds, n_null=1, seed=seed).score
        table = np.empty(frame.shape)
        self._codes: dict[int, np.ndarray] = {}
        for j, name in enumerate(frame.columns):
            column = frame[name].astype(float)
            if kinds[name] == "nominal":
                order = level.groupby(column).mean().sort_values(kind="stable").index
                self._codes[j] = np.asarray(order, dtype=float)
                column = column.map({code: float(rank) for rank, code in enumerate(order)})
            table[:, j] = column.to_numpy(float)
        self._table = table
        self._seen = [np.flatnonzero(~np.isnan(column)) for column in table.T]
        self._sorted = [np.sort(table[at, j]) for j, at in enumerate(self._seen)]
        self._root = self._calibrate(np.random.default_rng(seed))

    def _calibrate(self, rng: np.random.Generator) -> np.ndarray:
        target = _correlations(self._table)
        latent = target.copy()
        draws = max(3, ROWS // max(len(self._table), 1))
        for step in STEPS:
            root = _root(latent)
            got = np.mean([_correlations(self._draw(rng, root)) for _ in range(draws)], axis=0)
            latent = np.clip(latent + step * (target - got), -0.999, 0.999)
            np.fill_diagonal(latent, 1.0)
        return _root(latent)

    def _draw(self, rng: np.random.Generator, root: np.ndarray) -> np.ndarray:
        normal = rng.standard_normal(self._table.shape) @ root.T
        drawn = np.full(self._table.shape, np.nan)
        for j, (at, values) in enumerate(zip(self._seen, self._sorted, strict=True)):
            drawn[at[normal[at, j].argsort(kind="stable")], j] = values
        return drawn

    def sample(self, rng: np.random.Generator) -> pd.DataFrame:
        """One type-free survey, with the index and columns of the original."""
        drawn = self._draw(rng, self._root)
        for j, codes in self._codes.items():
            at = self._seen[j]
            drawn[at, j] = codes[drawn[at, j].astype(int)]
        return pd.DataFrame(drawn, index=self.frame.index, columns=self.frame.columns)


def _correlations(table: np.ndarray) -> np.ndarray:
    """Pearson correlations over pairwise complete rows; 0 where one does not vary."""
    seen = ~np.isnan(table)
    if seen.all():
        centred = table - table.mean(axis=0)
        cross = centred.T @ centred
        scale = np.sqrt(np.diag(cross))
        scale[scale < 1e-12] = np.inf
        found = cross / np.outer(scale, scale)
    else:
        found = pd.DataFrame(table).corr(min_periods=3).to_numpy(copy=True)
    found[~np.isfinite(found)] = 0.0
    np.fill_diagonal(found, 1.0)
    return found


def _root(matrix: np.ndarray) -> np.ndarray:
    """A square root of the nearest correlation matrix (eigenvalues clipped, diagonal restored)."""
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.clip(values, 1e-6, None))
    return root / np.linalg.norm(root, axis=1, keepdims=True)
