"""Query sheets that came back: each answer in them takes the place of the one it is about.

``workbench queries WAVE --returned`` keeps them in the folder ``corrections`` of the wave, named by
the day on which they came; the answer that was there before stays in the ledger as corrected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.intake.cells import REASONS, Piece, Remark
from analysis.intake.entries import ARROWS, answer_in
from analysis.intake.files import is_table, read_file
from analysis.intake.headings import Headings, normalise
from analysis.intake.sheet import Sheet, place_of
from analysis.text import LANGUAGES, label

FOLDER = "corrections"
MARK = "workbench queries"  # heads the hidden columns: file, sheet and cell of each answer
YES = {"はい", "yes"}
CONFIRMED = re.compile(  # that an answer stays as it is
    r"(?:内容|回答|記載|数値)?(?:に|は|の)?(?:変更|修正|訂正|間違い?|誤り|相違|異[同存])(?:点|箇所)?(?:は|も)?"
    r"(?:なし|無し?|ない|無い|あり?ません|有りません|ござい?ません)(?:です)?"
    r"|(?:この|その|今の|現在の|記載の|回答の|左記の)?(?:まま|とお?り|通り)(?:で(?:よい|良い|いい|結構|す|お願い|問題).*|です)?"
    r"|(?:こ[れの].*で)?(?:正しい|合ってい(?:る|ます)|問題(?:ない|なし|ありません)|確認(?:済み?|しました))(?:です)?"
    r"|はい|ok|yes|correct|confirmed|unchanged|nochanges?|asis|(?:it)?staysasitis"
)
BEFORE = re.compile(
    rf".*[{ARROWS}]\s*|^(?:正しくは|正|修正(?:後|値)?|訂正(?:後)?)[:：は、]?\s*", re.S
)
TAIL = re.compile(
    r"(?:に|へ)?(?:修正|訂正|変更)(?:します|願います|お?願.*|してください|下さい)?[。.]?$|(?:が正しい|です|でした)[。.]?$"
)


class Correction(NamedTuple):
    """A reply on a query sheet: what it says, where, and the place of the answer it corrects."""

    sheet: Sheet
    row: int
    column: int
    text: str
    answer: tuple[str, str, str]  # file, sheet and cell

    @property
    def cell(self) -> str:
        """The name of the cell of the reply."""
        return self.sheet.address(self.row, self.column)

    @property
    def place(self) -> str:
        """Its file, whose name begins with the day on which it came, sheet and cell."""
        return f"{self.sheet.file} {self.sheet.sheet} {self.cell}"


def waves_of(sheets: Iterable[Sheet]) -> set[str]:
    """The waves whose query sheets these are."""
    return {sheet.text.iat[row, column + 1] for sheet in sheets for row, column in _marks(sheet)}


def replies(sheet: Sheet) -> list[Correction]:
    """What a municipality wrote into a query sheet; that all may stay as it is corrects nothing."""
    as_is = {normalise(label("queries.as_is", language)) for language in LANGUAGES}
    none = {label("queries.none", language) for language in LANGUAGES}
    found = []
    for head, column in _marks(sheet):
        for row in range(head + 1, sheet.shape[0]):
            text = sheet.text.iat[row, column - 1].strip()
            key, nothing = (
                normalise(text).rstrip("。.!"),
                column > 2 and sheet.text.iat[row, column - 3] in none,
            )
            stays = key in as_is or CONFIRMED.fullmatch(key)
            if text and (not stays or (nothing and key in YES)):  # an answer
                file, page, cell = sheet.text.iloc[row, column : column + 3]
                found.append(Correction(sheet, row, column - 1, text, (file, page, cell)))
    return found


def meant(text: str, old: str, variable: str, headings: Headings) -> str:
    """The answer that a reply gives: 13 of →13, of 12→13 or of 正しくは13です.

    Empty where it is none, and would take the place of one.
    """
    book = headings.book
    question = book.question_of.get(variable)
    if question is None or question.type == "text" or any(o.other for o in question.options):
        return text
    if question.type == "multi" and variable != question.id:
        return text  # a tick
    if normalise(text) in map(normalise, book.tokens | {*question.missing_codes}):
        return text
    bare = BEFORE.sub("", text).strip()
    for own in (TAIL.sub("", bare).strip(), bare):
        if answer_in(own, question, headings):
            return own
    return "" if answer_in(old, question, headings) else text


def _marks(sheet: Sheet) -> list[list[int]]:
    """The cell that heads the hidden columns of a query sheet; none in other sheets."""
    found = np.argwhere(sheet.text.to_numpy(object) == MARK).tolist()
    return [place for place in found if 0 < place[1] < sheet.shape[1] - 2]


def returned(folder: Path) -> tuple[list[Piece], list[Correction]]:
    """All cells of the query sheets that came back for a wave, and the replies in them by day."""
    pieces, found = [], []
    for path in sorted(p for p in (folder / FOLDER).glob("*.xlsx") if is_table(p.name)):
        for sheet in read_file(path, name=f"{FOLDER}/{path.name}"):
            mark = np.full(sheet.shape, REASONS.index("note"), np.uint8)
            for head, column in _marks(sheet):  # what stands in a column that an office added
                added = np.flatnonzero(sheet.text.iloc[head] == "")
                mark[head + 1 :, added[added != column + 2]] = REASONS.index("unmatched")
            pieces.append(Piece(sheet, mark))
            found += replies(sheet)
    return pieces, found


def apply(
    cells: pd.DataFrame, corrections: Iterable[Correction], headings: Headings
) -> list[Remark]:
    """Put replies in the place of the answers that they correct, in `cells` itself.

    One that is about no answer, or none itself where one is, is left as a cell of no question,
    which is a finding.
    """
    remarks, now = [], dict[tuple[str, str, str], int]()  # where an answer stands, once corrected
    for one in corrections:
        (own,) = _index(cells, (one.sheet.file, one.sheet.sheet, one.cell))
        there = [now[one.answer]] if one.answer in now else _index(cells, one.answer)
        there = [i for i in there if cells.at[i, "record"] >= 0]
        if len(there) != 1:
            cells.at[own, "reason"] = "unmatched"
            continue
        (old,) = there
        record, variable = int(cells.at[old, "record"]), str(cells.at[old, "variable"])
        text = meant(one.text, str(cells.at[old, "text"]), variable, headings)
        if not text:
            cells.at[own, "reason"] = "unmatched"
            continue
        if text != one.text:
            known = cells["stands_for"].cat
            cells["stands_for"] = known.set_categories(known.categories.union([text], sort=False))
            cells.at[own, "stands_for"] = text
        now[one.answer] = own
        remarks.append(Remark(
            "corrected", *one.answer, str(cells.at[old, "text"]), one.text, one.place,
            record, variable,
        ))  # fmt: skip
        for i, to, of, why in ((own, record, variable, None), (old, -1, None, "corrected")):
            cells.at[i, "record"] = to
            cells.at[i, "variable"], cells.at[i, "reason"] = of, why
    return remarks


def of_an_answer(cells: pd.DataFrame, one: Correction, headings: Headings) -> bool:
    """Whether a reply corrects one answer of a wave, be it as received or corrected before."""
    there = cells.loc[_index(cells, one.answer)]
    there = there[(there["record"] >= 0) | (there["reason"] == "corrected")]
    if len(there) != 1:
        return False
    old, variable = str(there["text"].iat[0]), str(there["variable"].iat[0])
    return meant(one.text, old, variable, headings) != ""


def _index(cells: pd.DataFrame, place: tuple[str, str, str]) -> list[int]:
    """The rows of `cells` at a place in the files."""
    if (at := place_of(place[2])) is None:
        return []
    same = (cells["file"] == place[0]) & (cells["sheet"] == place[1])
    same &= (cells["row"] == at[0] + 1) & (cells["column"] == at[1] + 1)
    return cells.index[same].tolist()
