"""SurveyMonkey: the questions in one row, in the next their options, items or ``Response``.

The words of a question stand over its first column alone. Who tidied an export may have left the
first row only; the second is one of replies where it has the id of a respondent.
"""

from __future__ import annotations

import re
from dataclasses import replace

from analysis.intake.headings import is_personal
from analysis.intake.tools.core import (
    Column,
    Export,
    Head,
    beside_other,
    is_other,
    key,
    keys,
    noted,
)

RECORDS = keys(
    "RespondentID", "Respondent ID", "CollectorID", "Collector ID", "回答者ID", "コレクターID",
    "Start Date", "StartDate", "開始日", "開始日時", "Custom Data 1", "カスタムデータ1",
    "カスタムデータ",
)  # fmt: skip
SENT = ("EndDate", "End Date", "Date Modified", "終了日", "終了日時", "変更日")
CERTAIN = keys("RespondentID", "Respondent ID", "回答者ID")
ANSWER = keys(
    "Response", "Open-Ended Response", "回答", "自由回答", "自由記述", "自由記述形式の回答"
)


def read(head: Head) -> Export | None:
    """Recognised by the id of the respondent, which the second row of headings has not."""
    if len(head) < 2 or key(head[0][0]) not in CERTAIN:
        return None
    heads = 1 if head[1][0] else 2
    columns, over = [], ""
    for words, below in zip(head[0], head[1] if heads == 2 else [""] * len(head[0]), strict=True):
        over = words or over
        heading = " / ".join(dict.fromkeys(filter(None, (words, below))))
        plain = not below or key(below) in ANSWER
        columns.append(Column(heading, text=over, part="" if plain else below))
    columns = [
        replace(column, part="", kind="other") if _asks_which(column.part) else column
        for column in beside_other(columns)
    ]
    sent = [key(text) for text in SENT]
    return Export("surveymonkey", heads, noted(_contacts(columns), RECORDS, sent), joined=True)


CONTACT = keys("Email Address", "Phone Number", "メールアドレス", "電話番号")


def _contacts(columns: list[Column]) -> list[Column]:
    """A block of contact details: the parts that tell of a person are personal."""
    parts: dict[str, set[str]] = {}
    for column in columns:
        parts.setdefault(column.text, set()).add(key(column.part))
    return [
        replace(column, kind="personal")
        if len(CONTACT & parts[column.text]) == 2
        and (is_personal(column.part) or key(column.part) == "name")
        else column
        for column in columns
    ]


def _asks_which(part: str) -> bool:
    """Whether an option is the field for the words beside "other"."""
    return is_other(part) and re.search(r"please specify|具体的に|ご記入", part, re.I) is not None
