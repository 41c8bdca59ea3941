"""CSV for a spreadsheet program: nothing in it is run as a formula."""

from __future__ import annotations

from typing import Any

import pandas as pd

RISKY = ("=", "+", "-", "@", "\t", "\r")


def to_csv(frame: pd.DataFrame, *, index: bool = False) -> bytes:
    """CSV that Excel opens: UTF-8 with a mark, and no text that it would run as a formula."""
    safe = frame.rename(columns=_inert)
    for at, kind in enumerate(safe.dtypes):
        column = safe.iloc[:, at]
        if isinstance(kind, pd.StringDtype):
            if column.str.startswith(RISKY).any():
                safe.isetitem(at, column.map(_inert))
        elif pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.CategoricalDtype):
            safe.isetitem(at, column.map(_inert))
    return safe.to_csv(index=index, lineterminator="\n").encode("utf-8-sig")


def is_number(text: str) -> bool:
    """Whether a text is a number as figures and tables write it."""
    try:
        float(text.replace("−", "-").replace(",", "").rstrip("%％"))
    except ValueError:
        return False
    return True


def _inert(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it."""
    risky = isinstance(value, str) and value.startswith(RISKY)
    return f"'{value}" if risky and not is_number(value) else value
