"""Municipalities that changed type, beside how many change when only the sample is drawn again."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

UNPLACED = 0


@dataclass(frozen=True)
class Mover:
    """One municipality; types as each run calls them, `membership` in its type before."""

    name: str
    before: int
    after: int
    membership: float


@dataclass(frozen=True)
class Movers:
    """Who changed type among the `n` municipalities that have one in both runs.

    `moved` lists also those that came into a type or left theirs for none. `matched`: type after of
    each type before, by greatest overlap. `expected`: how many would change if only the sample were
    drawn again, from the strengths of membership before; `most`: the upper end of its 95% interval.
    None where the run before did not keep them.
    """

    moved: list[Mover]
    n: int
    matched: dict[int, int]
    expected: float | None
    most: float | None

    @property
    def changed(self) -> list[Mover]:
        """Those that went from one type to another."""
        return [one for one in self.moved if UNPLACED not in (one.before, one.after)]

    @property
    def exceeds(self) -> bool | None:
        """Whether more changed than the typology's own instability explains."""
        return None if self.most is None else len(self.changed) > self.most


def movers(before: str, after: str) -> Movers:
    """Compare the types in the plotted numbers of two silhouette figures.

    Types are numbered by size, so their numbers mean nothing across runs: each type before is
    matched to one after so that the most municipalities stay (Kuhn 1955, the assignment problem).
    The strength of membership is the share of resamples that leave a municipality with its type
    (Hennig 2007), so ``1 - membership`` of them would move; the interval treats them as
    independent.

    Parameters
    ----------
    before, after : CSV with the columns ``code, name, type`` and, before, ``membership``.

    Examples
    --------
    >>> csv = "code,name,type,membership\\n1,a,1,0.9\\n2,b,1,0.9\\n3,c,2,0.8\\n4,d,2,0.8\\n"
    >>> same = movers(csv, csv.replace(",1,", ",9,").replace(",2,0", ",1,0").replace(",9,", ",2,"))
    >>> same.moved, same.matched, round(same.expected, 1)
    ([], {0: 0, 1: 2, 2: 1}, 0.6)
    """
    a, b = _read(before), _read(after)
    both = a.index[a.index.isin(b.index)]
    old, new = a.loc[both, "type"].astype(int), b.loc[both, "type"].astype(int)
    matched = _matched(old.to_numpy(), new.to_numpy())
    stay = new.to_numpy() == old.map(matched).to_numpy()
    placed = (old.to_numpy() != UNPLACED) & (new.to_numpy() != UNPLACED)
    member = pd.to_numeric(a.loc[both, "membership"]) if "membership" in a else None
    expected = most = None
    if member is not None:
        sure = member.to_numpy(float)[placed].clip(0, 1)
        expected = float((1 - sure).sum())
        most = expected + 1.96 * math.sqrt(float((sure * (1 - sure)).sum()))
    moved = [
        Mover(
            name=str(a.at[code, "name"]),
            before=int(old[code]),
            after=int(new[code]),
            membership=float("nan") if member is None else float(member[code]),
        )
        for code in both[~stay]
    ]
    moved.sort(key=lambda m: -m.membership if m.membership == m.membership else 0.0)
    return Movers(moved, int(placed.sum()), matched, expected, most)


def _read(csv: str) -> pd.DataFrame:
    frame = pd.read_csv(io.StringIO(csv.lstrip("﻿")), dtype=str, keep_default_na=False)
    return frame.set_index("code" if "code" in frame else "name")


def _matched(old: np.ndarray, new: np.ndarray) -> dict[int, int]:
    """Type after of each type before; -1: it has no counterpart. The unplaced are no type."""
    from scipy.optimize import linear_sum_assignment  # half a second that few comparisons need

    rows = sorted(set(old.tolist()) - {UNPLACED})
    columns = sorted(set(new.tolist()) - {UNPLACED})
    overlap = np.array([[int(((old == r) & (new == c)).sum()) for c in columns] for r in rows])
    matched = {UNPLACED: UNPLACED, **dict.fromkeys(rows, -1)}
    if rows and columns:
        for i, j in zip(*linear_sum_assignment(-overlap), strict=True):
            matched[rows[i]] = columns[j]
    return matched
