"""Two tables cell by cell: rows matched by what they are about, numbers by a tolerance."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

TYPE = {"type", "類型", "second nearest", "次に近い類型"}  # columns that hold types
RELATIVE, ABSOLUTE = 1e-6, 1e-9  # what another processor's arithmetic may change


@dataclass(frozen=True)
class Cell:
    """One cell that changed; `row` says which, empty `before` or `after`: it was not there."""

    row: str
    column: str
    before: str
    after: str

    @property
    def change(self) -> float:
        """Size of the change relative to the larger number; 1 where either is no number."""
        a, b = _number(self.before), _number(self.after)
        if a is None or b is None:
            return 1.0
        return abs(a - b) / max(abs(a), abs(b), ABSOLUTE)


@dataclass(frozen=True)
class Cells:
    """What changed between two tables.

    `changed`: cells of rows and columns that both have. `added`, `removed`: rows of one only.
    `columns`: columns of one only, ``-`` or ``+`` before the name. `total`: cells compared.
    """

    changed: list[Cell]
    added: list[str]
    removed: list[str]
    columns: list[str]
    total: int

    @property
    def count(self) -> int:
        """How many places differ."""
        return len(self.changed) + len(self.added) + len(self.removed) + len(self.columns)

    @property
    def share(self) -> float:
        """The same as a share of what was compared, at most 1."""
        return min(1.0, self.count / max(self.total, 1))


def compare(before: str, after: str, types: Mapping[str, str] | None = None) -> Cells:
    """Compare two tables given as CSV.

    Rows are matched by the fewest leading columns that tell all rows of both tables apart.
    Numbers are the same within 1e-6 of their size. `types`: what the number of each type after is
    before.

    Examples
    --------
    >>> found = compare("who,n,p\\na,1,0.5\\nb,2,0.1\\n", "who,n,p\\na,1,0.50000001\\nb,3,0.1\\n")
    >>> found.changed, found.count
    ([Cell(row='b', column='n', before='2', after='3')], 1)
    """
    if before == after and not types:
        return Cells([], [], [], [], 0)
    a, b = _read(before), _read(after)
    if types:
        for column in TYPE & set(b.columns):
            b[column] = b[column].map(lambda kind: _called(kind, types))
    columns = [f"- {c}" for c in a if c not in b] + [f"+ {c}" for c in b if c not in a]
    common = [c for c in a if c in b]
    if not common:
        return Cells([], [], [], columns, a.size + b.size)
    names = _names(a) | _names(b)
    a, b = _keyed(a[common], b[common])
    both = a.index[a.index.isin(b.index)]
    old, new = a.loc[both].to_numpy(object), b.loc[both].to_numpy(object)
    changed = [
        Cell(_about(both[i], names), str(a.columns[j]), str(old[i, j]), str(new[i, j]))
        for i, j in np.argwhere(old != new)
        if not _same(str(old[i, j]), str(new[i, j]))
    ]
    added = [_about(row, names) for row in b.index[~b.index.isin(a.index)]]
    removed = [_about(row, names) for row in a.index[~a.index.isin(b.index)]]
    return Cells(changed, added, removed, columns, max(a.size, b.size))


def _called(kind: str, types: Mapping[str, str]) -> str:
    """A type, by its number or with its name, under the number of its counterpart before."""
    number, space, name = kind.partition(" ")
    called = types.get(number, f"+{number}") if number.isdigit() else number
    return f"{called}{space}{name}"


def _read(csv: str) -> pd.DataFrame:
    text = csv.lstrip("﻿")
    if not text.strip():
        return pd.DataFrame()  # a table of nothing, such as no findings
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_filter=False)


def _keyed(a: pd.DataFrame, b: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both with an index of tuples that is unique in each."""
    columns = list(a.columns)
    for size in range(1, len(columns) + 1):
        key = columns[:size]
        if not a.duplicated(key).any() and not b.duplicated(key).any():
            return _indexed(a, key), _indexed(b, key)
    # rows that are alike in everything are told apart by their number among their like
    return (
        _indexed(a.assign(**{"": _among(a)}), [*columns, ""]),
        _indexed(b.assign(**{"": _among(b)}), [*columns, ""]),
    )


def _among(frame: pd.DataFrame) -> pd.Series:
    return frame.groupby(list(frame.columns)).cumcount().astype(str)


def _indexed(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    index = pd.Index(list(zip(*(frame[c] for c in key), strict=True)), tupleize_cols=False)
    return frame.drop(columns=key).set_axis(index)


def _names(frame: pd.DataFrame) -> dict[str, str]:
    """Names of municipalities by code, where a table has both."""
    if not {"code", "name"} <= set(frame):
        return {}
    return dict(zip(frame["code"], frame["name"], strict=True))


def _about(row: tuple[str, ...], names: dict[str, str]) -> str:
    """What a row is about, in a reader's words: a municipality by its name."""
    return " · ".join(shown(names.get(part, part)) for part in row if part)


def shown(value: str) -> str:
    """A value without the mark that keeps spreadsheets from running it, and not too precise."""
    number = _number(value)
    if number is not None and len(value) > 8 and not value.isdigit():
        return f"{number:.4g}"
    return value.removeprefix("'") if value[1:2] in set("=+-@") else value


def _number(value: str) -> float | None:
    try:
        number = float(value.replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _same(a: str, b: str) -> bool:
    x, y = _number(a), _number(b)
    if x is None or y is None:
        return False
    return math.isclose(x, y, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
