"""Answers as categories, for the methods that know nothing else (latent classes, MCA)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.errors import InputError
from analysis.typology.gower import KINDS
from analysis.typology.patterns import by_column


@dataclass(frozen=True)
class Coding:
    """The categories of each column: its values, or for numbers the cuts between thirds.

    Attributes
    ----------
    values : per column its codes in order (None: a number).
    cuts : per column the inner borders of its classes (None: categories).
    """

    values: list[np.ndarray | None]
    cuts: list[np.ndarray | None]

    @property
    def sizes(self) -> list[int]:
        """Number of categories of each column."""
        return [
            (0 if cut is None else len(cut) + 1) if values is None else len(values)
            for values, cut in zip(self.values, self.cuts, strict=True)
        ]

    def codes(self, rows: np.ndarray) -> np.ndarray:
        """Category of each answer from 0; -1 for a missing one or one not seen in fitting."""
        found = np.full(rows.shape, -1)
        for j, (values, cuts) in enumerate(zip(self.values, self.cuts, strict=True)):
            known = ~np.isnan(rows[:, j])
            if cuts is not None:
                found[known, j] = np.searchsorted(cuts, rows[known, j], side="right")
            elif values is not None and len(values):
                at = np.minimum(np.searchsorted(values, rows[:, j]), len(values) - 1)
                same = values[at] == rows[:, j]
                found[same, j] = at[same]
        return found

    def indicators(self, rows: np.ndarray) -> np.ndarray:
        """One 0/1 column per category, all categories of a column in turn; missing: all 0."""
        codes = self.codes(rows)
        parts = [codes[:, [j]] == np.arange(size) for j, size in enumerate(self.sizes)]
        return np.hstack(parts).astype(float)


def coding(
    rows: np.ndarray,
    weights: np.ndarray,
    names: list[str],
    kinds: Mapping[str, str] | Sequence[str] | None,
) -> Coding:
    """Learn the categories. Numbers (kind ``ratio`` with over two values) are cut into thirds.

    Examples
    --------
    >>> rows = np.array([[1.0, 10], [0, 20], [1, 30], [np.nan, 40]])
    >>> found = coding(rows, np.ones(4), ["ai", "staff"], {"ai": "binary"})
    >>> found.codes(rows).tolist()
    [[1, 0], [0, 0], [1, 1], [-1, 2]]
    """
    values: list[np.ndarray | None] = []
    cuts: list[np.ndarray | None] = []
    for column, kind in zip(rows.T, by_column(kinds, names, "ratio"), strict=True):
        if kind not in KINDS:
            raise InputError(f"there is no kind {kind!r}", hint=", ".join(KINDS))
        known = ~np.isnan(column)
        seen, at = np.unique(column[known], return_inverse=True)
        if kind != "ratio" or len(seen) <= 2:
            values.append(seen)
            cuts.append(None)
            continue
        share = np.cumsum(np.bincount(at, weights[known])) / weights[known].sum()
        upper = [int(np.searchsorted(share, part - 1e-9)) for part in (1 / 3, 2 / 3)]
        inner = sorted({float(seen[i + 1]) for i in upper if i + 1 < len(seen)})
        values.append(None)
        cuts.append(np.array(inner))
    return Coding(values, cuts)
