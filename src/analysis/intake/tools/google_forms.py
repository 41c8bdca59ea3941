"""Google Forms: one row of headings, a time stamp first; a grid has its rows in brackets.

The columns of points and remarks of a test, ``Q [Score]``, are the tool's own.
"""

from __future__ import annotations

from dataclasses import replace

from analysis.intake.tools.core import Export, Head, bracketed, key, keys, noted

STAMPS = keys(
    "タイムスタンプ", "Timestamp", "Marca temporal", "Carimbo de data/hora", "Horodateur",
    "Zeitstempel", "타임스탬프", "时间戳记", "時間戳記",
)  # fmt: skip
MARKED = keys("Score", "Feedback", "スコア", "フィードバック")


def read(head: Head) -> Export | None:
    """Recognised by the heading of its time stamps."""
    if key(head[0][0]) not in STAMPS:
        return None
    own = [
        replace(column, kind="record") if key(column.part) in MARKED else column
        for column in map(bracketed, head[0])
    ]
    columns = noted(own, keys("スコア", "Score", "合計点"), tuple(STAMPS))
    return Export("google-forms", 1, columns, joined=True)
