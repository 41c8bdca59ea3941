"""ODK and KoboToolbox: one row of headings, groups before the name, options of several behind it.

``work``, ``grp-work`` or ``grp/work`` is a question, ``grp/work/summaries`` one of its options; the
column of the question itself may be left out. Headings may be labels in the place of names. A
second row may hold tags, each with ``#`` before it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from analysis.intake.tools.core import Column, Export, Head, beside_other, key, keys, noted

SENT = ("SubmissionDate", "_submission_time", "end")
RECORDS = keys(
    "KEY", "meta-instanceID", "meta/instanceID", "instanceID", "instanceName", "meta-instanceName",
    "start", "today", "deviceid", "SubmitterID", "SubmitterName", "AttachmentsPresent", "Status",
    "AttachmentsExpected", "ReviewState", "DeviceID", "Edits", "FormVersion", "_id", "_uuid",
    "_validation_status", "_notes", "_status", "_submitted_by", "__version__", "_tags", "_index",
    "formhub/uuid",
)  # fmt: skip


def read(head: Head) -> Export | None:
    """Recognised by the key of the submission."""
    found = {key(text) for text in head[0]}
    if not keys("KEY", "_uuid", "meta/instanceID") & found or not keys(*SENT[:2]) & found:
        return None
    tagged = len(head) > 1 and all(re.fullmatch(r"(#\S+)?", text) for text in head[1])
    heads = 2 if tagged and any(head[1]) else 1
    names = [text for text in head[0] if key(text) not in RECORDS]
    above = Counter(text.rpartition("/")[0] for text in names)
    ticked = _ticked(head, heads)
    columns = []
    for text in head[0]:
        before, _, last = text.rpartition("/")
        # the question has a column of its own, too, or has ticks alone
        if before and above[before] > 1 and (before in names or before in ticked):
            columns.append(_column(text, before, last))
        elif key(text) in RECORDS:
            columns.append(Column(text, text))
        else:
            columns.append(_column(text, text))
    split = {c.question for c in columns if c.has_part}
    kept = [
        replace(c, kind="record") if c.question in split and not c.has_part else c for c in columns
    ]
    own = noted(beside_other(kept), RECORDS, [key(text) for text in SENT])
    return Export("odk", heads, own, joined=True)


def _ticked(head: Head, heads: int) -> set[str]:
    """What stands before the last ``/`` where all columns below it hold 1 and 0 alone."""
    found: dict[str, set[str]] = {}
    for position, text in enumerate(head[0]):
        before, _, _ = text.rpartition("/")
        found.setdefault(before, set()).update(row[position] for row in head[heads:])
    ticks = {"", "0", "1", "True", "False", "TRUE", "FALSE"}
    return {name for name, values in found.items() if values - {""} and values <= ticks}


def _column(heading: str, question: str, part: str = "") -> Column:
    """A column by its name without the groups before it, or by its label."""
    if re.fullmatch(r"[\w/.-]+", question, re.ASCII):
        return Column(heading, name=re.split(r"[/-]", question)[-1], part_name=part)
    return Column(heading, text=question, part=part)
