"""How unlike two municipalities are: Gower's coefficient on distinct answer patterns.

Answers of different kinds are compared feature by feature (Gower 1971), groups of features weigh
the same. Equal rows are calculated once, with their number as weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from analysis.errors import InputError

MOST_CODES = 2**62  # pattern numbers are kept in 64 bits


class OnPatterns:
    """For estimators that work on distinct answer patterns, of which missing answers are a part."""

    def _collapsed(
        self,
        X: pd.DataFrame | np.ndarray,
        sample_weight: np.ndarray | None = None,
        *,
        in_order: bool = True,
    ) -> tuple[Patterns, list[str]]:
        """The patterns to be fitted and the names of the columns; sorted by them if `in_order`."""
        values = validate_data(self, X, dtype="float64", ensure_all_finite="allow-nan")
        given = getattr(self, "feature_names_in_", range(values.shape[1]))
        names = [str(name) for name in given]
        return collapse(values, sample_weight, names if in_order else None), names

    def _seen(self, X: pd.DataFrame | np.ndarray) -> Patterns:
        """The patterns of other units, for what was fitted."""
        check_is_fitted(self)
        return collapse(
            validate_data(self, X, dtype="float64", ensure_all_finite="allow-nan", reset=False)
        )

    def __sklearn_tags__(self) -> Any:
        """scikit-learn's tags, NaN allowed."""
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.allow_nan = True
        return tags


@dataclass(frozen=True)
class Patterns:
    """``rows`` (patterns x features, sorted), ``weights`` of each, ``back``: pattern of each unit.

    Units of weight 0 have ``back`` -1: they are as if they were not there.
    """

    rows: np.ndarray
    weights: np.ndarray
    back: np.ndarray

    def by_unit(self) -> Patterns:
        """The same in the order of their first units, whatever the answers are called.

        Examples
        --------
        >>> found = collapse(np.array([[2.0], [1.0], [2.0]])).by_unit()
        >>> found.rows.tolist(), found.weights.tolist(), found.back.tolist()
        ([[2.0], [1.0]], [2.0, 1.0], [0, 1, 0])
        """
        order = pd.unique(self.back[self.back >= 0])
        place = np.append(np.argsort(order), -1)
        return Patterns(self.rows[order], self.weights[order], place[self.back])


def collapse(
    values: np.ndarray,
    sample_weight: np.ndarray | None = None,
    names: Sequence[str] | None = None,
) -> Patterns:
    """Find the distinct rows; two missing answers are equal.

    Cost grows with units x features; no row is ever compared with another.

    Parameters
    ----------
    values : units x features, NaN where missing.
    sample_weight : weight of each unit (default 1), not negative.
    names : of the columns; patterns are sorted by the columns in the order of their names, so that
        ties are settled in the same way whatever the order of the columns.

    Examples
    --------
    >>> found = collapse(np.array([[1.0, np.nan], [0.0, 1.0], [1.0, np.nan]]))
    >>> found.rows.tolist(), found.weights.tolist(), found.back.tolist()
    ([[0.0, 1.0], [1.0, nan]], [1.0, 2.0], [1, 0, 1])
    """
    n = len(values)
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise InputError("a weight is needed for each unit, none of them negative")
    kept = np.flatnonzero(weights > 0)
    if not len(kept):
        raise InputError("no unit has a weight above zero")
    number, size = np.zeros(len(kept), dtype=np.int64), 1
    columns = range(values.shape[1])
    for j in columns if names is None else np.argsort(np.array(names), kind="stable"):
        column = values[:, j]
        codes, seen = pd.factorize(column[kept], sort=True)
        if size * (len(seen) + 1) > MOST_CODES:
            number, taken = pd.factorize(number, sort=True)
            size = len(taken)
        number = number * (len(seen) + 1) + codes + 1
        size *= len(seen) + 1
    _, first, pattern = np.unique(number, return_index=True, return_inverse=True)
    back = np.full(n, -1)
    back[kept] = pattern
    return Patterns(values[kept[first]], np.bincount(pattern, weights[kept]), back)


def by_column(
    given: Mapping[str, Any] | Sequence[Any] | None, names: Sequence[str], default: Any
) -> list[Any]:
    """What is said of each column, by its name or in order; `default` where nothing is said."""
    if given is None:
        return [default] * len(names)
    if isinstance(given, Mapping):
        return [given.get(name, default) for name in names]
    if len(given) != len(names):
        raise InputError(f"{len(given)} kinds or groups were given for {len(names)} features")
    return list(given)


def too_few(n_types: int, patterns: Patterns, usable: int | None = None) -> InputError | None:
    """The refusal of more types than there are different answers (that are usable)."""
    usable = len(patterns.rows) if usable is None else usable
    if n_types < 1:
        return InputError(f"{n_types} types cannot be made", hint="ask for 1 or more")
    if n_types <= usable:
        return None
    return InputError(
        f"{n_types} types need {n_types} different answer patterns, here are "
        f"{usable} (n_samples = {int((patterns.back >= 0).sum())})",
        hint="ask for fewer types",
    )


def by_size(labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The old number of each type in its new order: heaviest first, ties by the first pattern."""
    sizes = np.bincount(labels, weights)
    first = np.full(len(sizes), len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    return np.lexsort((first, -sizes.round(9)))


LIMIT = 10_000  # different rows; k-medoids of that many takes 4 GB
KINDS = ("nominal", "binary", "asymmetric", "ordinal", "ratio")
ENOUGH = 0.5  # share of the weighted features that a unit of a fit, or a placement, must answer
DIGITS = 12  # kept, so that sums in another order give the same ties

Kinds = Mapping[str, str] | Sequence[str] | None
Groups = Mapping[str, str] | Sequence[str] | None


def feature_shares(groups: Sequence[object]) -> np.ndarray:
    """Weight of each feature, sum 1: groups weigh the same; None is a group of its own."""
    owner = [(j, None) if group is None else str(group) for j, group in enumerate(groups)]
    sizes = Counter(owner)
    return np.array([1.0 / sizes[group] for group in owner]) / len(sizes)


def answered(values: np.ndarray, groups: Sequence[object]) -> np.ndarray:
    """Share of the features that each row answered, groups weighing the same.

    Examples
    --------
    >>> rows = np.array([[1, 1, np.nan], [np.nan, np.nan, 1]])
    >>> answered(rows, ["g", "g", "h"]).tolist()
    [0.5, 0.5]
    """
    return ((~np.isnan(values)) @ feature_shares(groups)).round(DIGITS)


class Measure:
    """Gower's dissimilarity with what it learns from a survey: ranges, ranks, weights.

    Parameters
    ----------
    patterns : the survey. names : of its columns. kinds, groups : as in `GowerDissimilarity`.
    """

    def __init__(self, patterns: Patterns, names: list[str], kinds: Kinds, groups: Groups) -> None:
        self.kinds = by_column(kinds, names, "ratio")
        unknown = set(self.kinds) - set(KINDS)
        if unknown:
            raise InputError(f"there is no kind {min(map(str, unknown))!r}", hint=", ".join(KINDS))
        self.weights = feature_shares(by_column(groups, names, None))
        self._ranks = [
            _mean_ranks(column, patterns.weights) if kind == "ordinal" else None
            for column, kind in zip(patterns.rows.T, self.kinds, strict=True)
        ]
        scaled = self._ranked(patterns.rows)
        self.low, self.high = _extremes(scaled)
        self._learned = patterns.weights, self._placed(scaled)

    def _ranked(self, values: np.ndarray) -> np.ndarray:
        result = np.array(values, dtype=float)
        for j, ranks in enumerate(self._ranks):
            if ranks is not None and len(ranks[0]):
                known = ~np.isnan(result[:, j])
                result[known, j] = np.interp(result[known, j], *ranks)
        return result

    def _placed(self, scaled: np.ndarray) -> np.ndarray:
        """Numbers from 0 to 1 within the range; categories as they are."""
        span = np.where(self.high > self.low, self.high - self.low, 1.0)
        number = np.isin(self.kinds, ("ordinal", "ratio"))
        placed = (np.clip(scaled, self.low, self.high) - self.low) / span
        return np.where(number, placed, scaled)

    def between(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Dissimilarity of each row of a to each row of b."""
        if len(a) * len(b) > LIMIT**2:
            raise InputError(
                f"{max(len(a), len(b)):,} rows are too many for a dissimilarity matrix "
                f"(at most {LIMIT:,} by {LIMIT:,})",
                hint="use latent classes, or a sample",
            )
        a, b = self._placed(self._ranked(a)), self._placed(self._ranked(b))
        known_a, known_b = ~np.isnan(a), ~np.isnan(b)
        weight = (known_a * self.weights) @ known_b.T.astype(float)
        total = np.zeros_like(weight)
        number = np.isin(self.kinds, ("ordinal", "ratio"))
        whole = number & known_a.all(axis=0) & known_b.all(axis=0)
        if whole.any():
            w = self.weights[whole]
            total += cdist(a[:, whole] * w, b[:, whole] * w, "cityblock")
        for j in np.flatnonzero(number & ~whole):
            apart = np.abs(a[:, j, None] - b[None, :, j])
            total += self.weights[j] * np.nan_to_num(apart)
        if not number.all():
            total += self._unequal(a, b, known_a, known_b, np.flatnonzero(~number))
        if (one_sided := np.array(self.kinds) == "asymmetric").any():
            zero_a, zero_b = a[:, one_sided] == 0, b[:, one_sided] == 0
            weight -= (zero_a * self.weights[one_sided]) @ zero_b.T.astype(float)
        known = weight > 1e-9
        unknown = 0.0 if known.all() else self._expected(*self._learned)
        distance = np.divide(total, weight, out=np.full_like(total, unknown), where=known)
        np.round(distance, DIGITS, out=distance)
        return np.abs(distance, out=distance)  # no negative zeros

    def _unequal(
        self,
        a: np.ndarray,
        b: np.ndarray,
        known_a: np.ndarray,
        known_b: np.ndarray,
        categories: np.ndarray,
    ) -> np.ndarray:
        """Weight of the features of which both are known and differ: all known less the equal."""
        w = self.weights[categories]
        result = (known_a[:, categories] * w) @ known_b[:, categories].T.astype(float)
        codes = [(j, code) for j in categories for code in np.unique(a[known_a[:, j], j])]
        if not codes:
            return result
        mine = np.column_stack([self.weights[j] * (a[:, j] == code) for j, code in codes])
        other = np.column_stack([b[:, j] == code for j, code in codes]).astype(float)
        result -= mine @ other.T
        return result

    def _expected(self, counts: np.ndarray, placed: np.ndarray) -> float:
        """Dissimilarity expected of two units whose answers are not known."""
        total = weight = 0.0
        for j, kind in enumerate(self.kinds):
            known = ~np.isnan(placed[:, j])
            if not known.any():
                continue
            values, at = np.unique(placed[known, j], return_inverse=True)
            share = np.bincount(at, counts[known])
            share = share / share.sum()
            if kind in ("ordinal", "ratio"):
                below = np.cumsum(share)[:-1]
                apart, compared = 2 * (below * (1 - below) * np.diff(values)).sum(), 1.0
            else:
                apart = 1 - (share**2).sum()
                compared = 1 - (share[values == 0] ** 2).sum() if kind == "asymmetric" else 1.0
            total += self.weights[j] * apart
            weight += self.weights[j] * compared
        return float(total / weight) if weight > 1e-9 else 0.0


class GowerDissimilarity(OnPatterns, TransformerMixin, BaseEstimator):
    """Dissimilarity (0 to 1) of rows to the rows it was fitted on.

    Per feature: nominal and symmetric binary 0 if equal else 1; asymmetric binary the same but two
    zeros say nothing (weight 0); ordinal and ratio the absolute difference over the range seen in
    fitting (ordinal on ranks, ties sharing their mean rank; values beyond the range count as its
    end). A multiple-choice question is one asymmetric or binary feature per option, all in one
    group. A pair is compared by the features both have answered, so missing answers have weight 0.
    A pair with nothing in common gets the dissimilarity expected of two units drawn at random.

    Parameters
    ----------
    kinds : feature -> kind (a missing one is ``ratio``), or the kinds in column order.
    groups : feature -> group, or the groups in column order. Each group has the same total weight,
        shared by its features; a feature without group is its own.

    Attributes
    ----------
    weights_ : weight of each feature, summing to 1.

    Raises
    ------
    InputError : more than 10,000 x 10,000 entries; told before anything is allocated.

    Examples
    --------
    >>> frame = pd.DataFrame({"ai": [1, 0, 1], "staff": [2.0, 4.0, np.nan]})
    >>> GowerDissimilarity({"ai": "binary", "staff": "ratio"}).fit_transform(frame).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """

    def __init__(self, kinds: Kinds = None, groups: Groups = None) -> None:
        self.kinds = kinds
        self.groups = groups

    def fit(self, X: pd.DataFrame | np.ndarray, y: object = None) -> GowerDissimilarity:
        """Learn ranges, ranks and weights from X (units x features)."""
        self._patterns, names = self._collapsed(X, in_order=False)
        self._measure = Measure(self._patterns, names, self.kinds, self.groups)
        self.weights_ = self._measure.weights
        return self

    def transform(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Dissimilarity of each row of X to each fitted row, shape (rows of X, fitted rows)."""
        return self._expanded(self._seen(X))

    def fit_transform(self, X: pd.DataFrame | np.ndarray, y: object = None) -> np.ndarray:
        """Dissimilarity among the rows of X, symmetric with a zero diagonal."""
        distance = self.fit(X)._expanded(self._patterns)
        np.fill_diagonal(distance, 0.0)
        return distance

    def _expanded(self, seen: Patterns) -> np.ndarray:
        fitted = self._patterns
        if len(seen.back) * len(fitted.back) > LIMIT**2:
            raise InputError(
                f"{max(len(seen.back), len(fitted.back)):,} rows are too many for a dissimilarity "
                f"matrix (at most {LIMIT:,} by {LIMIT:,})",
                hint="use latent classes, or a sample",
            )
        distance = self._measure.between(seen.rows, fitted.rows)
        return distance[np.ix_(seen.back, fitted.back)]


def pattern_dissimilarity(
    patterns: Patterns, names: list[str], kinds: Kinds, groups: Groups
) -> np.ndarray:
    """Gower's dissimilarity among patterns, symmetric with a zero diagonal."""
    distance = Measure(patterns, names, kinds, groups).between(patterns.rows, patterns.rows)
    distance = np.minimum(distance, distance.T)
    np.fill_diagonal(distance, 0.0)
    return distance


def _mean_ranks(column: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of a column and the mean rank of the units that share each."""
    known = ~np.isnan(column)
    values, at = np.unique(column[known], return_inverse=True)
    counts = np.bincount(at, weights[known], minlength=len(values))
    return values, np.cumsum(counts) - (counts - 1) / 2.0


def _extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest value of each column; 0 for a column without any answer."""
    empty = np.isnan(values).all(axis=0)
    low = np.where(empty, 0.0, np.where(np.isnan(values), np.inf, values).min(axis=0))
    high = np.where(empty, 0.0, np.where(np.isnan(values), -np.inf, values).max(axis=0))
    return low, high
