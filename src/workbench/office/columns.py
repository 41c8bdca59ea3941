"""The columns of a file from which a codebook is drafted, each with the text of every record."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from analysis.codebook import municipality
from analysis.intake import labelled
from analysis.intake.headings import IDENTITY, NUMBERED, is_personal, is_technical, normalise
from analysis.intake.sheet import CellKind, Sheet
from analysis.intake.tables import EXAMPLE, NOTE, TOTAL, are_addresses, told_apart
from analysis.intake.tools.core import Column, Kind, bracketed, key, keys, parted
from workbench.office.readability import data_start

NUMBER_BEFORE = re.compile(
    r"^\s*(Q|問|設問|質問)\s*[0-9０-９]+([-_ー－の(（][0-9０-９]+[)）]?)?[.:．：、\s　]*"
)
PART = re.compile(r"^[(]?0*(\d{1,2})[).:、]?(?!\d)(.*)$")
RECEIVED = keys(
    *("回答日", "回答年月日", "記入日", "記入年月日", "提出日", "ご回答日", "回答日時", "申請日時"),
    *("送信日時", "タイムスタンプ", "完了時刻", "submitdate", "EndDate", "Timestamp"),
)
# a cell of an array of LimeSurvey: a line and a column of numbers, or a line and one of two scales
CELL = re.compile(
    r"[A-Za-z][^\W_]*(?:\[\w+_\w+\]|\[\w+\](?P<dual>\[[12]\])|_[^\W_]+(?:(?P<r>_[01])|_[^\W_]+))"
    r"(?:\.\s|$)"
)


@dataclass(frozen=True)
class Filled(Column):
    """A column with the text of each record, empty where a cell is.

    `cell`: of one cell of an array of LimeSurvey, what it holds.
    """

    cells: tuple[str, ...] = ()
    cell: Literal["", "number", "point of a scale"] = ""

    @property
    def texts(self) -> list[str]:
        """What stands in the cells that are filled."""
        return [text for text in self.cells if text]

    @property
    def alone(self) -> Filled:
        """An option or item as a question of its own."""
        name = f"{self.name}_{self.part_name}" if self.name and self.part_name else ""
        text = f"{self.text} [{self.part}]" if self.part else self.text
        return replace(self, name=name, text=text, part="", part_name="")


def below(sheet: Sheet, start: int, columns: Sequence[Column]) -> list[Filled]:
    """The records below a header, without totals, notes and examples, and without empty columns."""
    grid = sheet.text.to_numpy(object)
    rows = [
        row
        for row in range(start, len(grid))
        if not any(p.match(normalise(t)) for t in grid[row, :2] for p in (TOTAL, NOTE, EXAMPLE))
    ]
    found = [
        Filled(**vars(column), cells=tuple(grid[row, position].strip() for row in rows))
        for position, column in enumerate(columns)
    ]
    found = [
        replace(own, kind="personal") if own.texts and are_addresses(own.texts) else own
        for own in found
    ]
    many = Counter(own.question for own in found if own.has_part and any(own.cells))
    # an option that nobody chose is one all the same
    return [own for own in found if any(own.cells) or (own.has_part and many[own.question])]


def table(sheet: Sheet, sav: labelled.Labelled | None) -> list[Filled]:
    """The columns of a table that no form tool wrote."""
    filled = sheet.kind != CellKind.EMPTY
    if not filled.any():
        return []
    top, start = (0, 2) if sav else data_start(sheet, filled)
    grid = sheet.text.to_numpy(object)
    header = grid[top:start].copy()
    for r0, c0, _, c1 in sheet.merged:  # a heading over several columns stands over each
        if top <= r0 < start:
            header[r0 - top, c0 : c1 + 1] = grid[r0, c0]
    above = top
    while above and filled[above - 1].sum() > 1:  # a row of groups, no title
        above -= 1
    columns, apart = [], {} if sav else told_apart(grid[above:start])
    for position in range(header.shape[1]):
        parts = [*dict.fromkeys(" ".join(t.split()) for t in header[:, position] if t.strip())]
        parts = apart[position].split(" / ") if position in apart else parts
        if not parts:
            columns.append(Column(sheet.address(start - 1, position), kind="record"))
        elif sav:
            columns.append(Column(" / ".join(parts), name=parts[0], text=parts[-1]))
        else:
            columns.append(_column(parts))
    if sav is None:
        behind = parted([column.heading for column in columns], "_")
        columns = [own if own.has_part or own.kind != "answer" else cut
                   for own, cut in zip(columns, behind, strict=True)]  # fmt: skip
    return [column for column in below(sheet, start, columns) if any(column.cells)]


def _column(parts: list[str]) -> Column:
    """What a heading of one row or several says: its question, and its option or item."""
    heading, last = " / ".join(parts), parts[-1]
    if key(heading) not in RECEIVED and (is_personal(heading) or is_technical(heading)):
        kind: Kind = "personal" if is_personal(heading) else "record"
        return Column(heading, text=heading, kind=kind)
    numbered = NUMBERED.match(normalise(last))
    if numbered and numbered[2]:
        words, number = NUMBER_BEFORE.sub("", last).strip(), str(int(numbered[2]))
        return Column(heading, text=f"問{int(numbered[1])}", part=words, part_name=number)
    if len(parts) == 1:
        return bracketed(heading)
    found = PART.match(unicodedata.normalize("NFKC", last).strip())
    words, number = (found[2].strip(), found[1]) if found else (last, "")
    return Column(heading, text=" / ".join(parts[:-1]), part=words, part_name=number)


def cells_of_arrays(columns: Sequence[Filled]) -> list[Filled]:
    """Columns of LimeSurvey of which those that are one cell of an array are marked.

    An array has lines and columns: ``Q6[SQ001_SQ002]``, ``人数 [本庁][正規]``; that of two scales
    has a line once for each: ``Q5[SQ001][1]``.
    """
    lines = Counter(bracketed(text).text for text in {column.text for column in columns})
    found = []
    for column in columns:
        coded, words = CELL.match(column.heading), bracketed(column.text)
        if coded and (coded["dual"] or coded["r"]):
            column = replace(column, cell="point of a scale")
        elif coded or (words.part and column.has_part and lines[words.text] > 1):
            column = replace(column, cell="number")
        found.append(column)
    return found


def answer_in_heading(names: list[str]) -> str:
    """The code or name of a municipality beside 団体コード or 団体名, as on a form; or nothing."""
    labels = {normalise(text) for what in ("code", "name") for text in IDENTITY[what]}
    for label, beside in pairwise(names):
        if normalise(label) in labels:
            digits = re.fullmatch(r"\d{4,6}", unicodedata.normalize("NFKC", beside))
            if (digits and municipality.parse_code(beside)[0]) or municipality.resolve(beside).code:
                return beside
    return ""
