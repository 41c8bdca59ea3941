"""Level and approach apart: how much of a survey's structure is one gradient of adoption.

Municipalities differ in *how much* they do and in *which way* they do it. If nearly all structure
lies on one axis, types are slices of it and a ranking would say the same. The axis is measured, and
taken out (or the size class is) so that the way becomes visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.errors import refusal
from analysis.stats.tabulate import align
from analysis.stats.thresholds import ONE_SIDED
from analysis.typology.dissimilarity import Groups, Kinds, feature_weights, source

CUBIC_FROM = 60  # rows from which a curve, not only a line, is taken out
SHUFFLED = 50  # surveys of independent features that say what chance gives
RESAMPLES = 200  # for the interval of the share


@dataclass(frozen=True)
class Gradient:
    """The first axis of a survey and its weight.

    Attributes
    ----------
    score : level of each unit on the axis, mean 0 and deviation 1; more is "does more".
    share : share of the structure beyond chance that lies on this axis (0 to 1; 0 when no axis
        carries more than chance).
    loadings : correlation of each column with the score (nominal features by category).
    """

    score: pd.Series
    share: float
    loadings: pd.Series

    @property
    def adoption(self) -> bool:
        """Whether all features rise together along the axis: a level, not a contrast."""
        weight = self.loadings**2
        return bool(weight[self.loadings > 0].sum() >= ONE_SIDED * weight.sum() > 0)


def numeric(frame: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
    """Numbers to calculate with: a nominal feature becomes one 0/1 column per category.

    >>> numeric(pd.DataFrame({"a": [1.0, 2.0]}), {"a": "nominal"})
       a=1  a=2
    0  1.0  0.0
    1  0.0  1.0
    """
    if "nominal" not in {kinds[name] for name in frame}:
        return frame.astype(float)
    parts: dict[str, pd.Series] = {}
    for name, column in frame.astype(float).items():
        if kinds[str(name)] != "nominal":
            parts[str(name)] = column
            continue
        for code in sorted(column.dropna().unique()):
            parts[f"{name}={code:g}"] = (column == code).astype(float).where(column.notna())
    return pd.DataFrame(parts, index=frame.index)


def gradient(
    frame: pd.DataFrame,
    kinds: Kinds,
    groups: Groups = None,
    *,
    n_null: int = SHUFFLED,
    seed: int = 0,
) -> Gradient:
    """The first principal axis, weighed against chance by parallel analysis (Horn 1965).

    Eigenvalues of the (group-weighted) correlation matrix count as structure as far as they are
    above their mean after each feature has been permuted by itself. For all-binary data the axes
    are those of multiple correspondence analysis. A missing value is the column's mean.

    >>> level = np.repeat(np.arange(6.0), 5)
    >>> frame = pd.DataFrame({f"x{j}": (level > j).astype(float) for j in range(5)})
    >>> found = gradient(frame, dict.fromkeys(frame, "binary"))
    >>> round(found.share, 2), bool(found.score.corr(pd.Series(level)) > 0.99)
    (1.0, True)
    """
    scaled, weights = standardise(frame, kinds, groups)
    if scaled.empty:
        return Gradient(pd.Series(0.0, frame.index), 0.0, pd.Series(dtype=float))
    X = scaled.to_numpy() * np.sqrt(weights)
    values, vectors = np.linalg.eigh(X.T @ X / len(X))
    score = X @ vectors[:, -1]
    score = (score - score.mean()) / max(score.std(), 1e-12)
    loadings = (scaled.to_numpy() * score[:, None]).mean(axis=0)
    turn = -1.0 if loadings.sum() < 0 else 1.0
    return Gradient(
        pd.Series(turn * score, frame.index),
        _share(values[::-1], _chance_eigenvalues(scaled, weights, n_null, seed)),
        pd.Series(turn * loadings, scaled.columns),
    )


def share_interval(
    frame: pd.DataFrame, kinds: Kinds, groups: Groups = None, *, seed: int = 0
) -> tuple[float, float]:
    """A 95 % interval for `Gradient.share`, of units drawn again.

    Each end is the outer one of the percentile and of the basic bootstrap interval (Davison &
    Hinkley 1997), because the share is biased upwards where two axes are alike and stops at 1.
    Coverage was measured, see docs/method.md.

    >>> level = np.repeat(np.arange(6.0), 5)
    >>> frame = pd.DataFrame({f"x{j}": (level > j).astype(float) for j in range(5)})
    >>> low, high = share_interval(frame, dict.fromkeys(frame, "binary"))
    >>> low > 0.8, high
    (True, 1.0)
    """
    scaled, weights = standardise(frame, kinds, groups)
    if scaled.empty:
        return 0.0, 1.0
    Z, chance = scaled.to_numpy(), _chance_eigenvalues(scaled, weights, SHUFFLED, seed)
    rng, shares = np.random.default_rng(seed), []

    def share(survey: np.ndarray) -> float:
        X = survey * np.sqrt(weights)
        return _share(np.linalg.eigvalsh(X.T @ X / len(X))[::-1], chance)

    for _ in range(RESAMPLES):
        again = Z[rng.integers(0, len(Z), len(Z))]
        spread = again.std(axis=0)
        shares.append(share((again - again.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)))
    own, (low, high) = share(Z), np.quantile(shares, [0.025, 0.975])
    low, high = min(low, 2 * own - high), max(high, 2 * own - low)
    return float(max(low, 0.0)), float(min(high, 1.0))


def _share(values: np.ndarray, chance: np.ndarray) -> float:
    """Share of the first eigenvalue in what exceeds chance; 0 where no eigenvalue does."""
    beyond = np.where(values < 1e-12, 0.0, np.clip(values - chance, 0.0, None))
    return float(beyond[0] / beyond.sum()) if beyond.sum() > 0 else 0.0


def standardise(
    frame: pd.DataFrame, kinds: Kinds, groups: Groups
) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns that vary, mean 0 and deviation 1, missing ones 0; and their weights."""
    columns = numeric(frame, kinds)
    values = columns.to_numpy(float)
    there = ~np.isnan(values)
    known = np.where(there, values, 0.0)
    n = np.maximum(there.sum(axis=0), 1)
    centred = np.where(there, values - known.sum(axis=0) / n, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / n)
    varies = spread > 1e-12 * np.maximum(np.abs(known).max(axis=0), 1e-300)
    scaled = pd.DataFrame(centred[:, varies] / spread[varies], frame.index, columns.columns[varies])
    return scaled, feature_weights(map(str, scaled.columns), groups)


def _chance_eigenvalues(
    scaled: pd.DataFrame, weights: np.ndarray, n_null: int, seed: int
) -> np.ndarray:
    """Mean eigenvalues, largest first, after each feature was shuffled by itself."""
    X, rng = scaled.to_numpy() * np.sqrt(weights), np.random.default_rng(seed)
    owner = np.array([source(column) for column in scaled])
    total = np.zeros(X.shape[1])
    for _ in range(n_null):
        shuffled = X.copy()
        for name in np.unique(owner):
            shuffled[:, owner == name] = X[rng.permutation(len(X))][:, owner == name]
        total += np.linalg.eigvalsh(shuffled.T @ shuffled / len(X))[::-1]
    return total / n_null


class LevelAxes(NamedTuple):
    """``units`` and ``categories`` on two axes (axis1, axis2); ``inertia``: shares of variance."""

    units: pd.DataFrame
    categories: pd.DataFrame
    inertia: tuple[float, float]


def map_axes(
    frame: pd.DataFrame, kinds: Kinds, texts: Mapping[str, str], groups: Groups = None
) -> LevelAxes:
    """Places for a map: each unit, and the direction in which each feature rises.

    The axes are the principal axes of `gradient`; for 0/1 features without groups the directions
    are those of the "yes" answers in multiple correspondence analysis. The longest is drawn as long
    as the farthest unit. Raises InputError: fewer than two features vary.
    """
    scaled, weights = standardise(frame, kinds, groups)
    if scaled.shape[1] < 2:
        raise refusal("gradient.few_indicators")
    left, values, right = np.linalg.svd(scaled.to_numpy() * np.sqrt(weights), full_matrices=False)
    turn = np.where(right[:2].sum(axis=1) < 0, -1.0, 1.0)
    units = left[:, :2] * values[:2] * turn
    rise = scaled.to_numpy().T @ left[:, :2] * turn  # correlations with the axes
    rise *= np.linalg.norm(units, axis=1).max() / max(np.linalg.norm(rise, axis=1).max(), 1e-12)
    own = {c: source(c) for c in map(str, scaled.columns)}
    names = [texts.get(c) or texts.get(name, name) + c[len(name) :] for c, name in own.items()]
    first, second = (values[:2] ** 2 / (values**2).sum()).tolist()
    axes = ["axis1", "axis2"]
    return LevelAxes(
        pd.DataFrame(units, frame.index, axes), pd.DataFrame(rise, names, axes), (first, second)
    )


def without_gradient(frame: pd.DataFrame, kinds: Kinds, score: pd.Series) -> pd.DataFrame:
    """Each feature less its expectation at this level; all that is left is "ratio".

    The expectation is a line in the score, from `CUBIC_FROM` rows a cubic, so that the bend of an
    adoption curve does not return as a second axis.
    """
    columns = numeric(frame, kinds)
    degree = 3 if len(frame) >= CUBIC_FROM else 1
    powers = np.linalg.qr(np.vander(score.to_numpy(float), degree + 1))[0]
    values = columns.to_numpy(float)
    there = (~np.isnan(values)).astype(float)
    square = np.einsum("ni,nj,nc->cij", powers, powers, there)
    product = np.einsum("ni,nc->ci", powers, np.nan_to_num(values))
    fitted = np.linalg.pinv(square, rcond=1e-10, hermitian=True) @ product[:, :, None]
    rest = np.round(values - powers @ fitted[:, :, 0].T, 12)
    return pd.DataFrame(rest, index=frame.index, columns=columns.columns)


def without_strata(frame: pd.DataFrame, kinds: Kinds, strata: pd.Series) -> pd.DataFrame:
    """Each feature less its mean in the unit's own stratum, such as its size class.

    All that is left is "ratio". A unit alone in its stratum becomes 0: nobody compares with it.

    >>> frame = pd.DataFrame({"x": [1.0, 3.0, 10.0, 14.0]}, index=list("abcd"))
    >>> size = pd.Series(["town", "town", "city", "city"], index=list("abcd"))
    >>> without_strata(frame, {"x": "ratio"}, size)["x"].tolist()
    [-1.0, 1.0, -2.0, 2.0]
    """
    stratum = align(strata, frame.index, "adjust")
    if (none := stratum.isna()).any():
        raise refusal(
            "gradient.no_stratum", n=int(none.sum()), missing=list(map(str, frame.index[none][:5]))
        )
    columns = numeric(frame, kinds)
    values = columns.to_numpy(float)
    code, levels = pd.factorize(stratum)
    own = np.eye(len(levels))[code]
    count = own.T @ ~np.isnan(values)
    mean = own.T @ np.nan_to_num(values) / np.maximum(count, 1)
    rest = np.round(values - own @ mean, 12)
    return pd.DataFrame(rest, index=frame.index, columns=columns.columns)
