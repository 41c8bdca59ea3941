"""The ledger: where every cell of every file ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.codebook import STATUSES
from analysis.intake import RawTable
from analysis.text import Language, labels

PLACES = (*STATUSES, "superseded")  # of the cells in the block of answers, by their number


@dataclass(frozen=True)
class Ledger:
    """Counts of cells by file, sheet and where they ended, beside the number received.

    `counts`: one row a file, sheet and place (``file, sheet, place, cells``). `received`: cells in
    the block of answers (empty ones too, since an empty cell is an answer of a kind) plus every
    filled cell outside it, counted from the files and not from `counts`.
    """

    counts: pd.DataFrame
    received: int

    @classmethod
    def count(cls, raw: RawTable, category: np.ndarray) -> Ledger:
        """Count the cells of a cleaned table; `category` holds the place of each cell."""
        there = (np.broadcast_to(raw.row, category.shape) > 0) & (
            np.broadcast_to(raw.col, category.shape) > 0
        )
        files = pd.Categorical([f"{f}\0{s}" for f, s in zip(raw.file, raw.sheet, strict=True)])
        parts = []
        for place, name in enumerate(PLACES):
            per_record = ((category == place) & there).sum(axis=1)
            per_file = np.bincount(files.codes, weights=per_record, minlength=len(files.categories))
            for where, cells in zip(files.categories, per_file, strict=True):
                file, _, sheet = str(where).partition("\0")
                parts.append((file, sheet, name, int(cells)))
        for (file, sheet, reason), group in raw.outside.groupby(["file", "sheet", "reason"]):
            parts.append((str(file), str(sheet), str(reason), len(group)))
        counts = pd.DataFrame(parts, columns=["file", "sheet", "place", "cells"])
        counts = counts[counts["cells"] > 0].reset_index(drop=True)
        return cls(counts, int(there.sum()) + len(raw.outside))

    def without_files(self) -> Ledger:
        """The same counts without the names of files and sheets, which may name who sent them."""
        counts = self.counts.groupby("place", as_index=False)["cells"].sum()
        return Ledger(counts.assign(file="", sheet="")[list(self.counts)], self.received)

    def without_kinds(self) -> Ledger:
        """The same counts with all kinds of missing answers together."""
        counts = self.counts.replace({"place": dict.fromkeys(STATUSES[1:], "no_value")})
        counts = counts.groupby(["file", "sheet", "place"], as_index=False).sum()
        return Ledger(counts, self.received)

    def check(self) -> None:
        """The sum must be right.

        Raises
        ------
        AssertionError : a cell is lost or counted twice; a fault of the workbench, not of the data.
        """
        total = int(self.counts["cells"].sum())
        if total != self.received:
            raise AssertionError(
                f"the ledger does not add up: {self.received} cells received, {total} accounted for"
            )

    def table(self, language: Language = "ja") -> pd.DataFrame:
        """The ledger to read: a row a place, with the total at the end."""
        words = labels("ledger", language)
        sums = self.counts.groupby("place")["cells"].sum()
        rows = [(words[place], int(sums[place])) for place in words if place in sums]
        rows += [(words["sum"], int(sums.sum())), (words["received"], self.received)]
        return pd.DataFrame(rows, columns=[words["where"], words["cells"]])
