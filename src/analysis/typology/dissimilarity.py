"""How unlike two municipalities are: Gower's coefficient on distinct answer patterns.

Answers of different kinds are compared feature by feature (Gower 1971), groups of features weigh
the same. Equal rows are calculated once, with their number as weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from analysis.errors import refusal

LIMIT = 10_000  # different rows; k-medoids of that many takes 4 GB
ORDERED = ("ordinal", "ratio")
DIGITS = 12  # kept, so that sums in another order give the same ties

Kinds = Mapping[str, str]
Groups = Mapping[str, str] | None


@dataclass(frozen=True)
class Patterns:
    """``rows`` (patterns x features), ``weights``: units of each, ``back``: each unit's pattern."""

    rows: np.ndarray
    weights: np.ndarray
    back: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """The first unit of each pattern."""
        return np.unique(self.back, return_index=True)[1]

    def by_unit(self) -> Patterns:
        """The same in the order of their first units."""
        order = pd.unique(self.back)
        return Patterns(self.rows[order], self.weights[order], np.argsort(order)[self.back])


def collapse(values: np.ndarray) -> Patterns:
    """The distinct rows, sorted; two missing answers are equal.

    >>> found = collapse(np.array([[1.0, np.nan], [0.0, 1.0], [1.0, np.nan]]))
    >>> found.rows.tolist(), found.weights.tolist(), found.back.tolist()
    ([[0.0, 1.0], [1.0, nan]], [1.0, 2.0], [1, 0, 1])
    """
    known = np.where(np.isnan(values), -np.inf, values)  # else no two NaN are equal
    _, first, back, counts = np.unique(
        known, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return Patterns(values[first], counts.astype(float), back)


def source(column: str) -> str:
    """The feature that a column of `analysis.typology.gradient.numeric` comes from."""
    return column.split("=")[0]


def feature_weights(columns: Iterable[str], groups: Groups) -> np.ndarray:
    """Weights (sum 1) under which each group counts the same, whatever its number of columns.

    A feature that no group claims is a group of its own.
    """
    known = groups or {}
    owner = [known.get(c, known.get(source(c), source(c))) for c in columns]
    sizes = Counter(owner)
    weight = np.array([1.0 / sizes[group] for group in owner])
    return weight / weight.sum()


def share_answered(frame: pd.DataFrame, groups: Groups) -> np.ndarray:
    """Share of the features that each unit answered, groups weighing the same."""
    return (frame.notna().to_numpy() @ feature_weights(map(str, frame), groups)).round(DIGITS)


class Gower:
    """Gower's dissimilarity (0 to 1) with the ranges, ranks and weights of a survey.

    Per feature: nominal and symmetric binary 0 if equal else 1; asymmetric binary the same, but two
    zeros have weight 0; ordinal and ratio the absolute difference over the range in the survey
    (ordinal on ranks, ties sharing their mean rank; values beyond the range count as its end). A
    multiple-choice question is one asymmetric or binary feature per option, all in one group.
    Missing answers have weight 0. A pair with no feature in common gets the dissimilarity expected
    of two units drawn at random. Groups weigh the same. A missing kind is ``ratio``.

    Raises InputError: more than 10,000 x 10,000 entries, before any is allocated.

    >>> frame = pd.DataFrame({"ai": [1, 0, 1], "staff": [2.0, 4.0, np.nan]})
    >>> kinds = {"ai": "binary", "staff": "ratio"}
    >>> Gower.of(frame, kinds).among().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """

    def __init__(
        self, patterns: Patterns, names: Sequence[str], kinds: Kinds, groups: Groups = None
    ) -> None:
        self.kinds = np.array([kinds.get(name, "ratio") for name in names])
        self.weights = feature_weights(names, groups)
        self.patterns = patterns
        self._number = np.isin(self.kinds, ORDERED)
        self._ranks = {}  # of an ordinal feature its values, and the mean rank of each
        for j in np.flatnonzero(self.kinds == "ordinal"):
            known = ~np.isnan(patterns.rows[:, j])
            values, at = np.unique(patterns.rows[known, j], return_inverse=True)
            counts = np.bincount(at, patterns.weights[known], minlength=len(values))
            self._ranks[j] = values, np.cumsum(counts) - (counts - 1) / 2.0
        ranked = self._rank(patterns.rows)
        self._low, self._high = (np.nan_to_num(f.reduce(ranked)) for f in (np.fmin, np.fmax))

    @classmethod
    def of(cls, frame: pd.DataFrame, kinds: Kinds, groups: Groups = None) -> Gower:
        """Of a frame (units x features), each unit a row of its own."""
        units = np.arange(len(frame))
        alone = Patterns(frame.to_numpy(float), np.ones(len(frame)), units)
        return cls(alone, list(map(str, frame)), kinds, groups)

    def among(self) -> np.ndarray:
        """Dissimilarity among the patterns, symmetric with a zero diagonal."""
        distance = self.between(self.patterns.rows, self.patterns.rows)
        distance = np.minimum(distance, distance.T)
        np.fill_diagonal(distance, 0.0)
        return distance

    def between(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Dissimilarity of each row of a to each row of b."""
        if len(a) * len(b) > LIMIT**2:
            raise refusal("typology.too_many", n=max(len(a), len(b)), limit=LIMIT)
        a, b = self._scale(a), self._scale(b)
        known_a, known_b = ~np.isnan(a), ~np.isnan(b)
        weight = (known_a * self.weights) @ known_b.T.astype(float)
        total = np.zeros_like(weight)
        whole = self._number & known_a.all(axis=0) & known_b.all(axis=0)
        if whole.any():
            total += cdist(*(x[:, whole] * self.weights[whole] for x in (a, b)), "cityblock")
        for j in np.flatnonzero(self._number & ~whole):
            total += self.weights[j] * np.nan_to_num(np.abs(a[:, j, None] - b[None, :, j]))
        if not self._number.all():
            total += self._unequal(a, b, known_a, known_b)
        if (one_sided := self.kinds == "asymmetric").any():
            zero_a, zero_b = a[:, one_sided] == 0, b[:, one_sided] == 0
            weight -= (zero_a * self.weights[one_sided]) @ zero_b.T.astype(float)
        known = weight > 1e-9
        unknown = 0.0 if known.all() else self._expectation()
        distance = np.divide(total, weight, out=np.full_like(total, unknown), where=known)
        np.round(distance, DIGITS, out=distance)
        return np.abs(distance, out=distance)  # no negative zeros

    def _rank(self, values: np.ndarray) -> np.ndarray:
        ranked = np.array(values, dtype=float)
        for j, ranks in self._ranks.items():
            if len(ranks[0]):
                ranked[:, j] = np.interp(ranked[:, j], *ranks)
        return ranked

    def _scale(self, values: np.ndarray) -> np.ndarray:
        """Numbers from 0 to 1 within the range; categories as they are."""
        ranked = self._rank(values)
        span = np.where(self._high > self._low, self._high - self._low, 1.0)
        scaled = (np.clip(ranked, self._low, self._high) - self._low) / span
        return np.where(self._number, scaled, ranked)

    def _unequal(
        self, a: np.ndarray, b: np.ndarray, known_a: np.ndarray, known_b: np.ndarray
    ) -> np.ndarray:
        """Weight of the categories known of both units that differ: all known less equal ones."""
        at = np.flatnonzero(~self._number)
        result = (known_a[:, at] * self.weights[at]) @ known_b[:, at].T.astype(float)
        codes = [(j, code) for j in at for code in np.unique(a[known_a[:, j], j])]
        mine = [self.weights[j] * (a[:, j] == code) for j, code in codes]
        if codes:
            result -= np.transpose(mine) @ np.array([b[:, j] == code for j, code in codes], float)
        return result

    def _expectation(self) -> float:
        """Dissimilarity expected of two units whose answers are not known."""
        total = weight = 0.0
        scaled, counts = self._scale(self.patterns.rows), self.patterns.weights
        for column, kind, w in zip(scaled.T, self.kinds, self.weights, strict=True):
            known = ~np.isnan(column)
            if not known.any():
                continue
            values, at = np.unique(column[known], return_inverse=True)
            share = np.bincount(at, counts[known]) / counts[known].sum()
            apart, compared = 1 - (share**2).sum(), 1.0
            if kind in ORDERED:
                below = np.cumsum(share)[:-1]
                apart = 2 * (below * (1 - below) * np.diff(values)).sum()
            elif kind == "asymmetric":
                compared = 1 - (share[values == 0] ** 2).sum()
            total += w * apart
            weight += w * compared
        return float(total / weight) if weight > 1e-9 else 0.0
