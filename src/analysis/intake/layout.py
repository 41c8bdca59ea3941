"""Which sheet of a file holds the replies, in which layout, of which issue, by what is in it.

A layout is never chosen because another one raised an error.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.codebook import municipality
from analysis.codebook.model import Codebook, Issue
from analysis.codebook.wave import WaveFile
from analysis.errors import Message, refusal
from analysis.intake.cells import Received, addresses
from analysis.intake.headings import Headings, normalise
from analysis.intake.sheet import MAX_COLUMNS, Sheet
from analysis.intake.tables import SEARCHED_ROWS, corner, refuse_long

READ_AS = {"rows": Message("rows"), "columns": Message("columns"), "form": Message("form")}


class Layout(NamedTuple):
    """How files are to be read: a layout of ``wave.yml``, and where it is known who replied.

    `codes`: ``column``, or ``order`` where the municipalities have no heading and there are as many
    as in the register.
    """

    layout: str
    codes: str = "column"


def layout_of(sheets: Sequence[Sheet], headings: Headings, wanted: str | None = None) -> Layout:
    """The layout that is `wanted`, else the one that the visible sheets show.

    Raises InputError: no heading of the codebook is found, or two layouts fit.
    """
    visible = [sheet for sheet in sheets if not sheet.hidden] or list(sheets)
    for sheet in visible if wanted != "rows" else ():  # which `read_rows` does, unless of an export
        refuse_long(sheet, headings)
    targets = [_labels(sheet, headings) for sheet in visible]
    if headings.own is None and not headings.who & set().union(*targets):
        every = len(municipality.register())
        for axis, layout in enumerate(("rows", "columns")):
            if any(sheet.shape[axis] > every for sheet in visible):
                return Layout(layout, "order")
    if wanted == "form":
        return Layout(wanted)
    turned = [way["columns"] for way in map(ways, visible) if "columns" in way]
    # municipalities below a heading that names them, and beside one
    bare = not any(asked_in(sheet, headings) for sheet in visible)
    rows, columns = (
        sum(len(repliers(s, headings, bare=bare)) for s in of) for of in (visible, turned)
    )
    if wanted:
        right, n = ("rows", rows) if rows > columns else ("columns", columns)
        if wanted != right and min(rows, columns) < 2 <= n:
            raise refusal("layout.other", n=n, right=right)
        return Layout(wanted)
    if min(rows, columns) >= 2:
        raise refusal("layout.rows_or_columns", rows=rows, columns=columns)
    if max(rows, columns) >= 2:
        return Layout("rows" if rows >= 2 else "columns")
    # the most headings of the codebook in one row, in one column, and anywhere in one sheet
    across, down = (max((_headed(s, headings) for s in of), default=0) for of in (visible, turned))
    labels = max(map(len, targets), default=0)
    if across == down and labels > 1:
        raise refusal("layout.rows_or_form", across=across, labels=labels)
    return Layout("rows" if across > down and across >= 0.8 * labels else "form")


def ways(sheet: Sheet) -> dict[str, Sheet]:
    """A sheet as it is read in each layout of a table: with a row or a column a municipality.

    Nobody asks so many questions that one of more rows than a sheet has columns has the latter.
    """
    return {"rows": sheet} | ({"columns": sheet.turned} if sheet.shape[0] <= MAX_COLUMNS else {})


def _targets(sheet: Sheet, headings: Headings) -> list[tuple[int, int, str]]:
    """Row, column and target of each heading in the first rows of a sheet, in their order."""
    head = sheet.text.iloc[:SEARCHED_ROWS].to_numpy(object)
    codes, texts = pd.factorize(head.ravel())
    targets = [meaning.target if (meaning := headings.meaning(text)) else "" for text in texts]
    at = np.flatnonzero(np.array([*map(bool, targets)], bool)[codes]).tolist()
    return [(*divmod(i, head.shape[1]), targets[codes[i]]) for i in at]


def _labels(sheet: Sheet, headings: Headings) -> set[str]:
    """The questions and variables whose headings are anywhere in a sheet."""
    return {target for _, column, target in _targets(sheet, headings) if column < SEARCHED_ROWS}


def asked_in(sheet: Sheet, headings: Headings, *, who: bool = False) -> set[str]:
    """The questions that have a heading in a sheet, those that say who replied only with `who`."""
    book, labels = headings.book, _labels(sheet, headings)
    ids = {book.question_of[name].id if name in book.question_of else name for name in labels}
    return {id for id in ids if id in book and (who or book[id].identity is None)}


def choose(sheets: list[Sheet], file: WaveFile, headings: Headings) -> Sheet:
    """The sheet that ``wave.yml`` names, else the one visible sheet that has a header.

    Raises InputError: there is no such sheet, or there are several tables and ``wave.yml`` does not
    say which.
    """
    if file.sheet is not None:
        if own := next((sheet for sheet in sheets if sheet.sheet == file.sheet), None):
            return own
        there = "、".join(sheet.sheet for sheet in sheets if sheet.sheet) or "none (a text file)"
        about = {"sheet_name": file.sheet, "there": there}
        raise refusal("sheet.no_such", file=sheets[0].file, **about)
    if not sheets:
        raise refusal("sheet.none", file=file.path)
    visible = [sheet for sheet in sheets if not sheet.hidden] or sheets
    if len(visible) == 1:
        return visible[0]
    counts = [_headed(sheet.turned if file.layout == "columns" else sheet, headings)
             for sheet in visible]  # fmt: skip
    best = max(counts)
    rivals = [s for s, n in zip(visible, counts, strict=True) if best >= 2 and 2 * n > best]
    if len(rivals) > 1:
        names = [sheet.sheet for sheet in rivals]
        raise refusal("sheet.several", file=rivals[0].file, n=len(rivals), rivals=names)
    return visible[counts.index(best)]


def _headed(sheet: Sheet, headings: Headings) -> int:
    """How many headings stand in one row, which a list of the questions does not have."""
    pairs = {(row, target) for row, _, target in _targets(sheet, headings)}
    return max(Counter(row for row, _ in pairs).values(), default=0)


def repliers(sheet: Sheet, headings: Headings, *, bare: bool = False) -> set[str]:
    """The replies of a table: what stands below a heading that names municipalities.

    Empty where the sheet is no table with a row for each. It is one where two municipalities or
    more stand below, and the heading of a question above them; or where most questions are in the
    line of that heading, whatever stands below it. For columns give ``sheet.turned``: a form with
    the answers beside their labels looks like one column, so that only the first of these counts.
    `bare`: also a table above whose replies no heading of a question is known.
    """
    owner, heads = headings.book.question_of, _targets(sheet, headings)
    heads += filter(None, [corner(sheet, headings, heads)])
    questions = [
        (row, owner[target].id if target in owner else target)
        for row, _, target in heads
        if target not in headings.who and not target.startswith("@")
    ]
    best: set[str] = set()
    for row, column in ((row, column) for row, column, target in heads if target in headings.who):
        below = [
            (at, headings.named_in(text), text)
            for at, text in enumerate(sheet.text[column].iloc[row + 1 :], row + 1)
            if text != "" and at not in sheet.hidden_rows and headings.meaning(text) is None
        ]
        if sheet.transposed:  # in a form another label may stand behind the answer
            below = list(itertools.takewhile(lambda cell: cell[1], below))
        keys = {key for _, key, _ in below if key}
        first = next((at for at, key, _ in below if key), 0)
        beside = {question for at, question in questions if at == row}
        most = 2 * len(beside) > len({question for _, question in questions})
        if len(keys) >= 2 and (bare or any(at < first for at, _ in questions)):
            best = max(best, keys, key=len)
        elif most and not sheet.transposed and (keys or len(below) >= 2):
            best = max(best, {text for *_, text in below}, key=len)
    return best


def refuse_other(sheet: Sheet, headings: Headings, layout: str) -> None:
    """Refuse to read in one layout a sheet that shows another.

    That is a table of two municipalities or more, or the labels of a form below each other.
    """
    refuse_long(sheet, headings)
    turned = ways(sheet)
    there = {name: repliers(own, headings) for name, own in turned.items()}
    if layout == "form" and len(there.get("columns", ())) > 1:
        # the names of a joint reply may stand side by side
        there["columns"] &= _answered(turned["columns"], headings)
    right = max(there, key=lambda name: len(there[name]))
    if layout != right and len(there[right]) >= 2 > len(there.get(layout, ())):
        raise sheet.refusal(
            "layout.other_table",
            n=len(there[right]),
            such=[*sorted(there[right])[:3], *["…"] * (len(there[right]) > 3)],
            right=READ_AS[right],
            wrong=READ_AS[layout],
            layout=right,
        )
    if layout == "rows" and not there[layout]:
        across, *down = (_headed(own, headings) for own in turned.values())
        if (n := max(down, default=0)) > max(across, 1):
            raise sheet.refusal("layout.form", n=n, layout="form")


def _answered(sheet: Sheet, headings: Headings) -> set[str]:
    """The municipalities in whose row something else stands than who they are."""
    keys: set[str] = set()
    for texts in sheet.text.to_numpy(object):
        named = [headings.named_in(text) for text in texts if text != ""]
        keys |= {*named} if not all(named) else set()
    return keys


def who_beside(received: Received, headings: Headings, layout: str) -> tuple[str, str] | None:
    """The column that names more than half of the replies: names or codes, and its heading.

    Such as ``@name`` and A1: the heading by its cell, as ``header`` of wave.yml takes it.
    """
    cells = received.cells.astype({"file": "str", "sheet": "str", "text": "str"})
    across, down = ("row", "column") if layout == "columns" else ("column", "row")
    aside = cells["reason"].isin(["unmatched", "record", "ignored"])
    loose = cells[aside | (cells["variable"] == "@prefecture")]
    loose = loose[loose["text"].map(headings.named_in) != ""]
    groups = [own for _, own in loose.groupby(["file", "sheet", across])]
    column = max(groups, key=len, default=loose)
    if 2 * len(column) <= received.n:
        return None
    heads = cells[(cells["reason"] == "header") & cells["sheet"].isin(column["sheet"])]
    cell = column.iloc[[0]].assign(**{down: heads[down].max()})
    return headings.who_of(column["text"]), addresses(cell)[0]


# --- the issues of a yearly publication: its columns change, its titles name the year ----------

TITLED = 5  # rows in which a title stands


def issue_of(sheets: Sequence[Sheet], book: Codebook) -> Issue | None:
    """The issue that the titles of a file name; None of a codebook without issues.

    Raises InputError: no title, or those of several issues, are in the file, or it lacks the sheet.
    """
    if not book.issues:
        return None
    heads = [sheet.text.iloc[:TITLED].to_numpy(object).ravel() for sheet in sheets]
    texts = [str(text) for head in heads for text in head if text != ""]
    there = [
        issue
        for issue in book.issues
        if any(normalise(title) in normalise(text) for title in issue.titles for text in texts)
    ]
    if len(there) != 1:
        raise refusal(
            "issue.several" if there else "issue.none",
            file=sheets[0].file if sheets else None,
            book=book.id,
            first=texts[0][:60] if texts else "",
            there=[one.id for one in there],
            known=[f"{issue.id}（{issue.titles[0]}）" for issue in book.issues],
        )
    issue = there[0]
    if issue.sheet is not None and issue.sheet not in [sheet.sheet for sheet in sheets]:
        names = [sheet.sheet for sheet in sheets] or Message("none")
        about = {"issue": issue.id, "wanted": issue.sheet, "there": names}
        raise refusal("issue.no_sheet", file=sheets[0].file, **about)
    return issue


def check_issue(sheets: Sequence[Sheet], book: Codebook, wanted: str | None) -> None:
    """Refuse a file of another issue than wave.yml gives."""
    issue = issue_of(sheets, book)
    if issue is not None and issue.id != wanted:
        own = {"found": issue.id, "as_of": str(issue.as_of), "wanted": str(wanted)}
        raise refusal("issue.other", file=sheets[0].file, **own)
