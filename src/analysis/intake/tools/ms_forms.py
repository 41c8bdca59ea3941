"""Microsoft Forms: one row of headings, five or six columns of its own before the questions.

A quiz has columns of points and remarks (``Points - Q``) behind each question.
"""

from __future__ import annotations

import re
from dataclasses import replace

from analysis.intake.tools.core import Column, Export, Head, key, keys, noted

STARTED = keys("開始時刻", "Start time")
SENT = ("完了時刻", "Completion time")
MODIFIED = keys(
    *("最終変更時刻", "Last modified time", "言語", "Language", "合計点", "Total points"),
    *("クイズのフィードバック", "Quiz feedback", "成績投稿時刻", "Grade posted time"),
)
MARKS = re.compile(r"^(?:Points|Feedback|点数|ポイント|フィードバック)\s*[-–:：]\s*(.+)$")
NAMES = keys("名前", "Name")


def read(head: Head) -> Export | None:
    """Recognised by ID, start and completion before everything else."""
    first = [key(text) for text in head[0][:3]]
    if len(first) < 3 or first[0] != "id" or first[1] not in STARTED or first[2] not in keys(*SENT):
        return None
    marked = {text for text in head[0] if (of := MARKS.match(text)) and of[1] in head[0]}
    records = {"id", *STARTED, *MODIFIED, *keys(*marked)}
    own = noted((Column(text, text=text) for text in head[0]), records, [*keys(*SENT)])
    columns = [  # the name of whoever filled it in stands beside the mail address
        replace(column, kind="personal") if i == 4 and key(column.heading) in NAMES else column
        for i, column in enumerate(own)
    ]
    return Export("ms-forms", 1, tuple(columns), joined=True)
