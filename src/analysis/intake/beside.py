"""What offices put beside answers: comments on cells, rings, other sheets, words over examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from analysis.intake.cells import REASONS, Piece, Remark
from analysis.intake.evidence import COPIES, filled_cells
from analysis.intake.headings import Headings
from analysis.intake.sheet import Sheet, address, place_of

Books = Sequence[Sequence[Sheet]]
SHARES = {"comment": 2, "drawn": 1, "sheet": 2}  # of n replies so many have what is printed: n / 2
QUOTED = 200  # characters of a finding on several cells


def on_sheets(books: Books, n: int, others: Collection[Sheet], sent: Books) -> Iterator[Remark]:
    """What stands on the sheets of `n` replies and is not of the form, as it was `sent`.

    Else of the form is what three replies or more have at one place: a ring all of them, a comment
    or a cell of the `others`, which are not read, half of them. What an office wrote into those is
    one finding a sheet: `unmatched` where it is known what the form has there, else `unsure`.
    """
    unread = {id(sheet) for sheet in (*others, *chain(*sent))}
    every = [(sheet, _things(sheet, id(sheet) in unread)) for sheet in chain(*books)]
    # of a single workbook each sheet may be a copy
    pages = {id(sheet): sheet.sheet if len(books) > 1 else "" for sheet, _ in every}
    there = Counter((pages[id(sheet)], thing) for sheet, things in every for thing in things)
    blank = {thing for sheet in chain(*sent) for thing in _things(sheet, True)}
    for sheet, things in every:
        counts = {thing: there[pages[id(sheet)], thing] for thing in things if thing not in blank}
        own = [one for one, m in counts.items() if m < max(COPIES, n / SHARES[one[0]])]
        for rule, cell, text in (one for one in own if one[0] != "sheet"):
            yield Remark(rule, sheet.file, sheet.sheet, cell, text)
        if cells := {cell: text for rule, cell, text in own if rule == "sheet"}:
            known = "unmatched" if sent or len(books) >= COPIES else "unsure"
            places = np.array([place_of(cell) for cell in cells])
            ends = (address(*map(int, end)) for end in (places.min(axis=0), places.max(axis=0)))
            place = ":".join(dict.fromkeys(ends))
            yield Remark(known, sheet.file, sheet.sheet, place, quoted(cells.values()))


def _things(sheet: Sheet, unread: bool) -> list[tuple[str, str, str]]:
    """The comments, rings and cells of an unread sheet: one of SHARES, the cell, the text."""
    cells = filled_cells(sheet) if unread else ()
    return [
        *(("comment", cell, text) for cell, text in sheet.comments.items()),
        *(("drawn", cell, cell) for cell in sheet.rings),
        *(("sheet", sheet.address(row, column), text) for row, column, text in cells),
    ]


def quoted(texts: Collection[str]) -> str:
    """The texts of several cells, or the beginning of them."""
    text = " / ".join(texts)
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def over_examples(pieces: Sequence[Piece], headings: Headings) -> Iterator[Remark]:
    """The examples of tables that may be replies, since an office wrote over them.

    As one that names a municipality without a reply of its own, or says what the one reply of its
    sheet lacks. What three sheets have at one place is print.
    """
    shown = [
        (piece, row, piece.sheet.text.iloc[row].tolist())
        for piece in pieces
        for row in np.flatnonzero((piece.mark == REASONS.index("example")).any(axis=1)).tolist()
    ]
    there = Counter(cell for _, _, texts in shown for cell in enumerate(texts))
    repliers = {
        headings.named_in(name) for piece in pieces if shown for name in _who(piece, headings)
    }
    for piece, row, texts in shown:
        columns = {name: int(across[0]) for name, (_, across) in piece.answers.items()}
        who = [columns.pop(name) for name in headings.who if name in columns]
        named = {headings.named_in(texts[column], known=True) for column in who} - repliers - {""}
        replies = piece.sheet.text.iloc[next(iter(piece.answers.values()))[0]]
        lacks = [*columns.values()] if named else []
        if len(replies) == 1:
            lacks += [column for column in columns.values() if replies[column].iloc[0] == ""]
        own = [c for c in sorted({*lacks}) if texts[c] and there[c, texts[c]] < COPIES]
        if own:
            cells = dict.fromkeys(piece.sheet.address(row, c) for c in (own[0], own[-1]))
            raw = quoted([texts[column] for column in own])
            yield Remark("example-row", piece.sheet.file, piece.sheet.sheet, ":".join(cells), raw)


def _who(piece: Piece, headings: Headings) -> Iterator[str]:
    """What the replies of a table say of who sent them."""
    for name in headings.who & {*piece.answers}:
        down, across = piece.answers[name]
        yield from piece.sheet.text[int(across[0])].iloc[down]


def placed(remarks: Sequence[Remark], cells: pd.DataFrame) -> Iterator[Remark]:
    """The same with whose answer a comment is at, or in whose row; none at personal details."""
    near = cells[cells["file"].isin({remark.file for remark in remarks})] if remarks else cells
    for remark in remarks:
        row, column = place_of(remark.cell.partition(":")[0]) or (0, 0)
        line = near[(near["row"] == row + 1) & (near["file"] == remark.file)]
        line = line[line["sheet"] == remark.sheet]
        own = line[line["column"] == column + 1]
        if remark.rule != "comment":
            yield remark
        elif not (own["reason"] == "personal").any():
            told = own if (own["record"] >= 0).any() else line.assign(variable="")
            told = told[told["record"] >= 0].drop_duplicates("record")
            whose = told[["record", "variable"]].to_dict("records") if len(told) == 1 else [{}]
            yield remark._replace(**whose[0])
