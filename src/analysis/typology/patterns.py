"""Distinct answer patterns and how many units gave each.

1,733 municipalities gave 350 different answers to ten yes/no questions. Whatever depends on answers
alone (a dissimilarity, a likelihood, a resample) is calculated once per pattern and weighed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
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
