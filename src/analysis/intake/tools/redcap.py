"""REDCap: one row of headings, as names or as labels.

``work___2`` or ``Work (choice=summaries)`` is the column of one option.
"""

from __future__ import annotations

import re

from analysis.intake.tools.core import Column, Export, Head, beside_other, key, keys, noted

RECORDS = keys(
    "record_id", "Record ID", "redcap_data_access_group", "redcap_survey_identifier",
    "Survey Identifier", "Complete?",
)  # fmt: skip
ENTRIES = keys(
    "redcap_event_name", "Event Name", "redcap_repeat_instrument", "Repeat Instrument",
    "redcap_repeat_instance", "Repeat Instance",
)  # fmt: skip
NAMED = re.compile(r"(\w+?)___(\w+)")
LABELLED = re.compile(r"(.*\S)\s*\(choice=(.*)\)", re.S)


def read(head: Head) -> Export | None:
    """Recognised by columns of options, the id of the record, and what says that a form is done.

    The id may have any name (``participant_id``); two of the three are enough, and so is one with
    the column of an event, or a column that REDCap names after itself.
    """
    own = any(NAMED.fullmatch(text) or LABELLED.fullmatch(text) for text in head[0])
    complete = any(text.endswith("_complete") or text == "Complete?" for text in head[0])
    known = key(head[0][0]) in keys("record_id", "Record ID", "study_id")
    event = any(key(text) in ENTRIES for text in head[0])
    named = any(text.startswith("redcap_") for text in head[0])
    if own + complete + known + event + named < 2:
        return None
    columns = beside_other([_column(text) for text in head[0]])
    stamps = [key(text) for text in head[0] if text.endswith("_timestamp")]
    done = keys(head[0][0], *(text for text in head[0] if text.endswith("_complete")))
    records = {*RECORDS, *ENTRIES, *done}
    found = noted(columns, records, [*stamps, key("Survey Timestamp")])
    return Export("redcap", 1, found, repeats=event)


def _column(heading: str) -> Column:
    if found := NAMED.fullmatch(heading):
        return Column(heading, found[1], part_name=found[2])
    if found := LABELLED.fullmatch(heading):
        return Column(heading, text=found[1], part=found[2])
    named = re.fullmatch(r"[a-z][a-z0-9_]*", heading) is not None
    return Column(heading, name=heading if named else "", text="" if named else heading)
