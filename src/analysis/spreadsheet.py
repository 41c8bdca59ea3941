"""Tables for a spreadsheet program: CSV and workbooks in which nothing is run as a formula."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pandas as pd

EPOCH = dt.datetime(2019, 1, 1)  # a fixed date of making: the same answers give the same bytes
LOOKS_LIKE_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")  # Excel turns a typed ＝ into =, too
WRAP = {"text_wrap": True, "valign": "top", "border": 1}


def to_csv(frame: pd.DataFrame, *, index: bool = False) -> bytes:
    """CSV that Excel opens: UTF-8 with a mark, and no text that it would run as a formula.

    >>> print(to_csv(pd.DataFrame({"a": ["＝1", "-1"]}, index=["=x", " @y"]), index=True).decode())
    \ufeffindex,a
    '=x,'＝1
    ' @y,-1
    <BLANKLINE>
    """
    safe = (frame.reset_index() if index else frame).rename(columns=_inert)
    for at, kind in enumerate(safe.dtypes):
        column = safe.iloc[:, at]
        if isinstance(kind, pd.StringDtype):
            if column.str.match(LOOKS_LIKE_FORMULA).any():
                safe.isetitem(at, column.map(_inert))
        elif pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.CategoricalDtype):
            safe.isetitem(at, column.map(_inert))
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def quoted(texts: pd.Series) -> pd.Series:
    """The words of others in 「 」, each in one line, with their own marks as 『 』; blanks stay.

    They may hold what the rules of machine readability forbid (①, line breaks), and stay theirs.

    >>> quoted(pd.Series(["①と\\n「②」", ""])).tolist()
    ['「①と 『②』」', '']
    """
    marks = str.maketrans("「」", "『』")
    known = texts.notna() & (texts != "")
    words = texts[known].astype(str).map(lambda text: " ".join(text.split()).translate(marks))
    return texts.astype(object).where(~known, "「" + words.reindex(texts.index) + "」")


def is_number(text: str) -> bool:
    """Whether a text is a number as figures and tables write it."""
    try:
        float(text.replace("−", "-").replace(",", "").rstrip("%％"))
    except ValueError:
        return False
    return True


def _inert(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it."""
    risky = isinstance(value, str) and LOOKS_LIKE_FORMULA.match(value)
    return f"'{value}" if risky and not is_number(value) else value


def plain(cell: str) -> str:
    """The text of a cell of such a CSV, without the apostrophe that keeps it from being run.

    >>> plain("'=1+1"), plain("'98")
    ('=1+1', "'98")
    """
    return cell[1:] if cell.startswith("'") and LOOKS_LIKE_FORMULA.match(cell[1:]) else cell


# --- workbooks (xlsxwriter) ----------------------------------------------------------------------


def write_text(sheet: Any, row: int, column: int, value: str, style: Any, quoted: Any) -> None:
    """Text that stays text, also where it begins like a formula."""
    sheet.write_string(row, column, value, quoted if LOOKS_LIKE_FORMULA.match(value) else style)


def on_a4(sheet: Any) -> None:
    """Print landscape, as wide as a page."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def sheet_name(code: str, name: str) -> str:
    """Unique by the code; Excel allows 31 characters and not all."""
    return re.sub(r"[\[\]:*?/\\']", "_", f"{code} {name}")[:31]
