"""Exports of form tools: found by their header, and read by what all have in common (`core`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.errors import InputError
from analysis.intake.sheet import Sheet
from analysis.intake.tools.core import Export, head_of
from analysis.intake.tools.readers import READERS

__all__ = ["READERS", "Export", "choose", "find"]


def find(sheet: Sheet, tool: str | None = None) -> Export | None:
    """The header of an export as its tool writes it; None where no tool is known by it.

    Parameters
    ----------
    tool : one of `READERS`, where it is known which tool wrote the file.

    Raises
    ------
    InputError : the header is not that of `tool`, or a record takes several rows.
    """
    head = head_of(sheet)
    if not head or not any(head[0]):
        return None
    readers = READERS.values() if tool is None else [READERS[tool]]
    export = next(filter(None, (read(head) for read in readers)), None)
    if export is not None:
        _refuse_split_records(sheet, export)
    elif tool is not None:
        raise sheet.error(
            "the header is not that of an export of {tool}",
            hint="leave out the tool, or export the replies again without changing the header",
            tool=tool,
        )
    return export


def _refuse_split_records(sheet: Sheet, export: Export) -> None:
    """Refuse records over several rows: the latest row would stand for all."""
    body = sheet.text.iloc[export.heads :]
    if export.opens is None:
        ids = body.iloc[:, 0]
        again = ids.duplicated() & ids.ne("") & export.repeats
    else:
        opened = body.iloc[:, export.opens].ne("")
        ids, again = opened.cumsum(), ~opened & body.ne("").any(axis=1)
    if (twice := np.flatnonzero(again.to_numpy())).size:
        raise sheet.error(
            "the record {id} has several rows, one for each event, instance of a form or line of a "
            "table",
            at=(export.heads + int(twice[0]), export.opens or 0),
            hint="export one event or one form at a time, and no table within the form, so that "
            "each record is one row",
            id=ids.iloc[twice[0]],
        )


def choose(sheets: Sequence[Sheet], tool: str | None = None) -> tuple[Sheet, Export] | None:
    """The sheet of a workbook that is an export, with its header.

    Raises
    ------
    InputError : the file is said to be of a tool and no sheet is.
    """
    refusals = []
    for sheet in (sheet for sheet in sheets if not sheet.hidden):
        try:
            if (export := find(sheet, tool)) is not None:
                return sheet, export
        except InputError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
    return None
