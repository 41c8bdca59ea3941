"""Google Forms: one row of headings, a time stamp first; a grid has its rows in brackets."""

from __future__ import annotations

from analysis.intake.tools.core import Export, Head, bracketed, key, keys, noted

STAMPS = keys("タイムスタンプ", "Timestamp")


def read(head: Head) -> Export | None:
    """Recognised by the heading of its time stamps."""
    if key(head[0][0]) not in STAMPS:
        return None
    columns = noted(map(bracketed, head[0]), keys("スコア", "Score"), tuple(STAMPS))
    return Export("google-forms", 1, columns, joined=True)
