"""ODK and KoboToolbox: one row of headings, groups before the name, options of several behind it.

``work``, ``grp-work`` or ``grp/work`` is a question, ``grp/work/summaries`` one of its options.
"""

from __future__ import annotations

import re
from collections import Counter

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
    names = [text for text in head[0] if key(text) not in RECORDS]
    above = Counter(text.rpartition("/")[0] for text in names)
    columns = []
    for text in head[0]:
        before, _, last = text.rpartition("/")
        if before in names and above[before] > 1:  # the question has a column of its own, too
            columns.append(Column(text, _own(before), part_name=last))
        elif key(text) in RECORDS:
            columns.append(Column(text, text))
        else:
            columns.append(Column(text, _own(text)))
    split = {c.name for c in columns if c.part_name}
    kept = [
        Column(c.heading, c.name, kind="record") if c.name in split and not c.part_name else c
        for c in columns
    ]
    return Export("odk", 1, noted(beside_other(kept), RECORDS, [key(text) for text in SENT]))


def _own(name: str) -> str:
    """A name without the groups before it."""
    return re.split(r"[/-]", name)[-1]
