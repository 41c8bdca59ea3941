"""Municipalities that changed type between two runs, read from the results that each run wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.stats import changes
from workbench.compare.runs import TYPES


@dataclass(frozen=True)
class Types:
    """The types of a run; see `analysis.stats.changes.Placed`.

    `names`: of the municipalities. `called`: the number and name of each type.
    """

    labels: pd.Series
    membership: pd.DataFrame
    names: pd.Series
    called: dict[int, str]

    @classmethod
    def read(cls, folder: Path) -> Types | None:
        """Those of a run folder; None where it has none."""
        file = folder / TYPES
        if not file.is_file():
            return None
        text = {"code": str, "name": str}
        frame = pd.read_csv(file, dtype=text, encoding="utf-8-sig").set_index("code")
        kinds = frame["type"].astype(int)
        called = frame["type_name"] if "type_name" in frame else kinds.astype(str)
        names = {k: str(name) for k, name in zip(kinds, called, strict=True) if k}
        inside = frame.filter(regex="^in_").rename(columns=lambda name: int(name[3:]))
        return cls(kinds, inside, frame["name"], names)


@dataclass(frozen=True)
class Mover:
    """One municipality; types as each run calls them, empty for none; `membership` in its type
    before, or NaN."""

    name: str
    before: str
    after: str
    membership: float


@dataclass(frozen=True)
class Movers:
    """What `changes.movers` found, and each one that moved, the firmest members first."""

    found: changes.Movers
    moved: list[Mover]


def movers(before: Types, after: Types) -> Movers:
    """Compare the types of two runs; those who came into a type or left theirs are listed, too."""
    found = changes.movers(before, after)
    rows = pd.concat([found.types[found.types["moved"]], found.crossed])
    inside = before.membership.reindex(rows.index)
    moved = [
        Mover(
            name=str(before.names[code]),
            before=before.called.get(row.before, ""),
            after=after.called.get(row.after, ""),
            membership=float(inside.at[code, row.before]) if row.before in inside else float("nan"),
        )
        for code, row in zip(rows.index, rows.itertuples(), strict=True)
    ]
    moved.sort(key=lambda m: -m.membership if m.membership == m.membership else 0.0)
    return Movers(found, moved)
