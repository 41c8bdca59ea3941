"""Qualtrics: the names of the questions, their words, and in the third row the ids of the import.

``Q2_1`` is an option of several or an item of a matrix, its words stand behind the last hyphen of
the second row; ``Q2_6_TEXT`` holds the words beside option 6. The export of older versions has no
third row and begins with V1 to V10.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from analysis.intake.tools.core import Column, Export, Head, key, keys, noted

SENT = ("EndDate", "RecordedDate", "終了日", "記録された日付")
RECORDS = keys(
    "StartDate", "Status", "Progress", "Duration (in seconds)", "Finished", "ResponseId",
    "ResponseSet", "ExternalReference", "ExternalDataReference", "DistributionChannel",
    "UserLanguage", "開始日", "回答タイプ", "進行状況", "回答ID", "配信チャネル", "ユーザーの言語",
)  # fmt: skip
NAMES = keys("Name", "RecipientName")
# in which order options were shown, the class of a recommendation, a score
NOTED = re.compile(r".+_DO(_\w+)?|.+_NPS_GROUP|SC\d+")
BLOCKS = (  # how long a page took, the browser, a file that was sent: four columns each
    ("First Click", "Last Click", "Page Submit", "Click Count"),
    ("Browser", "Version", "Operating System", "Resolution"),
    ("Id", "Name", "Size", "Type"),
)
PART = re.compile(r"(.+?)_(\d+|x\d+)")
CHOSEN = re.compile(r"\s+-\s+(?:Selected Choice|選択した選択肢|選択された選択肢)")
WORDS = re.compile(r"\s+-\s+(?:Text|テキスト)$")


def read(head: Head) -> Export | None:
    """Recognised by the ids of its third row, or by the names of its older version."""
    if len(head) > 2 and any(re.match(r'\{"ImportId"', text) for text in head[2]):
        heads = 3
    elif len(head) > 1 and head[0][0] == "V1" and key(head[1][0]) == key("ResponseID"):
        heads = 2
    else:
        return None
    stems = Counter(found[1] for name in head[0] if (found := PART.fullmatch(name)))
    columns = [_column(name, text, stems) for name, text in zip(head[0], head[1], strict=True)]
    if heads == 2:  # V1 to V10 are the records' own, their words say what they note
        columns = [
            Column(c.heading, text=c.text) if re.fullmatch(r"V\d+", c.name) else c for c in columns
        ]
    own = [
        replace(column, kind="record") if _is_noted(name, head[0]) else column
        for name, column in zip(head[0], _noted(columns), strict=True)
    ]
    return Export("qualtrics", heads, tuple(own), joined=True)


def _is_noted(name: str, names: Sequence[str]) -> bool:
    """Whether a column is one that Qualtrics writes beside the answers to a question."""
    stem, _, last = name.rpartition("_")
    block = next((block for block in BLOCKS if last in block), ())
    return NOTED.fullmatch(name) is not None or bool(
        block and all(f"{stem}_{other}" in names for other in block)
    )


def _noted(columns: list[Column]) -> tuple[Column, ...]:
    """Columns with their kind; the records' own are known by name or by words."""
    by_words = noted(
        (Column(c.text, text=c.text, kind=c.kind) for c in columns), RECORDS, [*keys(*SENT)]
    )
    by_name = noted(columns, RECORDS, [key(text) for text in SENT])
    sent = any(column.kind == "received" for column in by_name)
    found = []
    for own, words in zip(by_name, by_words, strict=True):
        kind = own.kind if own.kind != "answer" else words.kind
        if kind == "received" and sent and own.kind != "received":
            kind = "record"
        if key(own.text) in NAMES and key(own.heading).startswith("v"):
            kind = "personal"
        found.append(Column(own.heading, own.name, own.text, own.part, own.part_name, kind))
    return tuple(found)


def _column(name: str, words: str, stems: Counter[str]) -> Column:
    """One column by its name and its words."""
    heading = " / ".join(dict.fromkeys(filter(None, (name, words))))
    if name.endswith("_TEXT"):
        stem = PART.fullmatch(name.removesuffix("_TEXT"))
        text = WORDS.sub("", CHOSEN.sub("", words)).rpartition(" - ")[0]
        own, part = stem.groups() if stem else (name.removesuffix("_TEXT"), "")
        return Column(heading, own, text, part_name=part, kind="other")
    found = PART.fullmatch(name)
    if found is None or stems[found[1]] < 2:
        return Column(heading, name, CHOSEN.sub("", words))
    text, _, part = CHOSEN.sub("", words).rpartition(" - ")
    return Column(heading, found[1], text, part, found[2].removeprefix("x"))
