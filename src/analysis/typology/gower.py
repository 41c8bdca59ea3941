"""Gower's coefficient for answers of different kinds.

Gower (1971), "A general coefficient of similarity and some of its properties", Biometrics 27.
Weights by group of indicators, so that a question with nine options does not outweigh the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from analysis.errors import InputError

LIMIT = 20_000  # distinct rows; the matrix of that many takes 3.2 GB
KINDS = ("nominal", "binary", "asymmetric", "ordinal", "ratio")


class GowerDissimilarity(TransformerMixin, BaseEstimator):
    """Dissimilarity (0 to 1) of rows to the rows it was fitted on.

    Per feature: nominal and symmetric binary 0 if equal else 1; asymmetric binary the same but two
    zeros say nothing (weight 0); ordinal and ratio the absolute difference over the range seen in
    fitting (ordinal on ranks, ties sharing their mean rank; values beyond the range count as its
    end). A pair is compared by the features both have answered. A pair with nothing in common gets
    the mean of all other dissimilarities, since it says nothing either way.

    Parameters
    ----------
    kinds : feature -> kind (a missing one is ``ratio``); a sequence in column order for arrays.
    groups : feature -> group. Each group has the same total weight, shared by its features.

    Attributes
    ----------
    weights_ : weight of each feature, summing to 1. range_ : range of each feature.

    Raises
    ------
    InputError : more than 20,000 distinct rows; told before anything is allocated.

    Examples
    --------
    >>> frame = pd.DataFrame({"ai": [1, 0, 1], "staff": [2.0, 4.0, np.nan]})
    >>> GowerDissimilarity({"ai": "binary", "staff": "ratio"}).fit_transform(frame).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        kinds: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        self.kinds = kinds
        self.groups = groups

    def __sklearn_tags__(self) -> object:
        """Missing answers are part of the method."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: pd.DataFrame, y: object = None) -> GowerDissimilarity:
        """Learn ranges, ranks and weights from X (units x features)."""
        values = validate_data(self, X, dtype="float64", ensure_all_finite="allow-nan")
        names = [str(name) for name in getattr(self, "feature_names_in_", range(values.shape[1]))]
        kinds = dict(self.kinds or {})
        unknown = set(kinds.values()) - set(KINDS)
        if unknown:
            raise InputError(f"there is no kind {sorted(unknown)[0]!r}", hint=", ".join(KINDS))
        self.kinds_ = np.array([kinds.get(name, "ratio") for name in names])
        owner = [(self.groups or {}).get(name, f"\0{name}") for name in names]
        sizes = {group: owner.count(group) for group in owner}
        self.weights_ = np.array([1.0 / sizes[group] for group in owner]) / len(sizes)
        self.ranks_ = [
            np.unique(column[~np.isnan(column)]) if kind == "ordinal" else None
            for column, kind in zip(values.T, self.kinds_, strict=True)
        ]
        self.counts_ = [
            None if seen is None else np.unique(column[~np.isnan(column)], return_counts=True)[1]
            for column, seen in zip(values.T, self.ranks_, strict=True)
        ]
        scaled = self._ranked(values)
        self.low_ = _reduce(np.nanmin, scaled)
        self.range_ = _reduce(np.nanmax, scaled) - self.low_
        self.fitted_ = scaled
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Dissimilarity of each row of X to each fitted row, shape (rows of X, fitted rows)."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype="float64", ensure_all_finite="allow-nan", reset=False)
        return self._between(self._ranked(values), self.fitted_)

    def fit_transform(self, X: pd.DataFrame, y: object = None) -> np.ndarray:
        """Dissimilarity among the rows of X, symmetric with a zero diagonal."""
        self.fit(X)
        distance = self._between(self.fitted_, self.fitted_)
        np.fill_diagonal(distance, 0.0)
        return distance

    def _ranked(self, values: np.ndarray) -> np.ndarray:
        result = values.copy()
        for j, (seen, counts) in enumerate(zip(self.ranks_, self.counts_, strict=True)):
            if seen is not None and len(seen):
                mean_rank = np.cumsum(counts) - (counts - 1) / 2.0
                result[:, j] = np.interp(values[:, j], seen, mean_rank)
                result[np.isnan(values[:, j]), j] = np.nan
        return result

    def _between(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        rows_a, back_a = np.unique(a, axis=0, return_inverse=True)
        rows_b, back_b = np.unique(b, axis=0, return_inverse=True)
        if max(len(rows_a), len(rows_b)) > LIMIT:
            raise InputError(
                f"{max(len(rows_a), len(rows_b)):,} distinct rows are too many for a dissimilarity "
                f"matrix (at most {LIMIT:,})",
                hint="use latent classes, or a sample",
            )
        total = np.zeros((len(rows_a), len(rows_b)))
        weight = np.zeros_like(total)
        for j, (kind, w) in enumerate(zip(self.kinds_, self.weights_, strict=True)):
            d, known = self._feature(rows_a[:, j], rows_b[:, j], str(kind), j)
            total += w * np.where(known, d, 0.0)
            weight += w * known
        with np.errstate(invalid="ignore"):
            distance = total / weight
        unknown = np.isnan(distance)
        if unknown.any():
            counts = np.bincount(back_a)[:, None] * np.bincount(back_b)[None, :]
            known_sum = counts[~unknown].sum()
            mean = (distance * counts)[~unknown].sum() / known_sum if known_sum else 0.0
            distance[unknown] = mean
        return distance[np.ix_(back_a, back_b)]

    def _feature(
        self, a: np.ndarray, b: np.ndarray, kind: str, j: int
    ) -> tuple[np.ndarray, np.ndarray]:
        known = ~np.isnan(a)[:, None] & ~np.isnan(b)[None, :]
        if kind in ("nominal", "binary", "asymmetric"):
            d = (a[:, None] != b[None, :]).astype(float)
            if kind == "asymmetric":
                known &= ~((a == 0)[:, None] & (b == 0)[None, :])
            return d, known
        span = self.range_[j] if self.range_[j] > 0 else 1.0
        high = self.low_[j] + self.range_[j]
        gap = np.clip(a, self.low_[j], high)[:, None] - np.clip(b, self.low_[j], high)[None, :]
        return np.abs(gap) / span, known


def _reduce(function: object, values: np.ndarray) -> np.ndarray:
    """A nan-aware reduction that gives 0 for a column without any answer."""
    empty = np.isnan(values).all(axis=0)
    result = np.zeros(values.shape[1])
    if (~empty).any():
        result[~empty] = function(values[:, ~empty], axis=0)  # type: ignore[operator]
    return result
