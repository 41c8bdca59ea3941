"""A table as received, of whatever kind of file: text and kind of every cell, and its place."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import chain
from typing import Any, NamedTuple
from zipfile import ZipInfo

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from analysis.errors import InputError, refusal

MAX_COLUMNS = 16_384  # Excel's own limit
MAX_ROWS = 1_048_576
MAX_CELLS = 24_000_000
MAX_UNPACKED = 512 * 2**20  # bytes of a workbook or an archive
MAX_PARTS = 10_000
Place = tuple[int, int]  # 0-based row and column
Look = tuple[str, ...]  # how a cell looks: its bold face, colour, line through it, filling
address, column_letters = xl_rowcol_to_cell, xl_col_to_name  # (11, 2) -> C12; 27 -> AB


class CellKind(IntEnum):
    """What a cell holds in the file; a CSV file knows only texts."""

    EMPTY = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    BOOL = 4
    ERROR = 5
    UNSEEN = 6  # a form tool says that the question was shown and not answered
    PRINTED = 7  # of a form: the cell of an answer, with nothing in it but what is printed there
    UNCLEAR = 8  # of a form: a cell of which nobody knows whether it is the answer
    STRUCK = 9  # the cell of an answer that is struck out, wholly or in part


class Beside(NamedTuple):
    """Something that an office may have put beside its answers, such as a comment or a ring."""

    rule: str  # of its finding
    cell: str
    text: str
    within: str = ""  # where in the cell it is drawn


KINDS: dict[type, int] = {str: CellKind.TEXT, bool: CellKind.BOOL}
KINDS |= dict.fromkeys((float, int), CellKind.NUMBER)
KINDS |= dict.fromkeys((dt.date, dt.datetime, dt.time, dt.timedelta), CellKind.DATE)


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, or a text file, as received.

    All positions are 0-based (row, column) places in `text`. Numbers are canonical texts (``13``,
    ``0.62``), dates ISO. `number_format` lists only formats that change what a number means:
    leading zeros (``000000``), percent, units. `merged` ranges are (top, left, bottom, right),
    inclusive. A transposed sheet (one column per municipality) gives its addresses as in the file.
    A form on several sheets is one sheet of several `pages`: the first row of each, and its name.
    """

    file: str
    sheet: str
    text: pd.DataFrame
    kind: np.ndarray
    number_format: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    transposed: bool = False
    heads: int = 0  # rows that are a header whatever they say, as in an SPSS file
    pages: tuple[tuple[int, str], ...] = ()
    labels: dict[int, dict[str, str]] = field(default_factory=dict)  # column -> code -> its words
    missing: dict[int, list[str]] = field(default_factory=dict)  # column -> codes of no answer
    drawn: tuple[Beside, ...] = ()  # what is drawn and may be an answer
    struck: frozenset[Place] = frozenset()  # cells of which a part or all is struck out
    comments: dict[str, str] = field(default_factory=dict)  # cell -> the comment on it
    looks: dict[Place, Look] = field(default_factory=dict)  # not of plain cells, nor large sheets

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.kind.shape[0], self.kind.shape[1]

    @property
    def merged_here(self) -> list[tuple[int, int, int, int]]:
        """The merged ranges that begin in the table; others lie beside all that is filled."""
        height, width = self.shape
        return [own for own in self.merged if own[0] < height and own[1] < width]

    def address(self, row: int, column: int) -> str:
        """The cell's name in the file, of several pages in the page it stands on."""
        row -= self.page(row)[0]
        return address(column, row) if self.transposed else address(row, column)

    def page(self, row: int) -> tuple[int, str]:
        """The first row and the name of the page on which a row stands."""
        before = [page for page in self.pages if page[0] <= row]
        return before[-1] if before else (0, self.sheet)

    def refusal(
        self, id: str, /, *, at: tuple[int, int] | None = None, **values: Any
    ) -> InputError:
        """What is wrong in this sheet, or in the cell `at`; `id`: see `analysis.errors.refusal`."""
        name = self.page(at[0])[1] if at else self.sheet
        cell = self.address(*at) if at else None
        return refusal(id, file=self.file, sheet=name, cell=cell, **values)

    @property
    def turned(self) -> Sheet:
        """Rows and columns exchanged."""
        return replace(
            self,
            text=text_frame(self.text.to_numpy(object).T),
            kind=np.ascontiguousarray(self.kind.T),
            number_format={(c, r): code for (r, c), code in self.number_format.items()},
            merged=tuple((c0, r0, c1, r1) for r0, c0, r1, c1 in self.merged),
            hidden_rows=self.hidden_columns,
            hidden_columns=self.hidden_rows,
            formulas={(c, r): text for (r, c), text in self.formulas.items()},
            struck=frozenset((c, r) for r, c in self.struck),
            looks={(c, r): look for (r, c), look in self.looks.items()},
            transposed=not self.transposed,
            heads=0,
            pages=(),
        )


def check_archive(parts: Sequence[ZipInfo], file: str, too_large: str) -> None:
    """Refuse an archive that unpacks to more than can be read, or has a password.

    `too_large`: the id of the first refusal, which says what to give instead.
    """
    total = sum(part.file_size for part in parts)
    if total > MAX_UNPACKED or len(parts) > MAX_PARTS:
        size: dict[str, Any] = {"total": total / 2**20, "n": len(parts), "most": MAX_PARTS}
        size["max_mb"] = MAX_UNPACKED // 2**20
        raise refusal(too_large, file=file, reason="too_large_unpacked", **size)
    if any(part.flag_bits & 1 for part in parts):
        raise refusal("archive.password", file=file, reason="password")


def check_size(
    size: Place, file: str, most: int = MAX_CELLS, sheet: str | None = None, cell: str | None = None
) -> None:
    """Refuse a table of more than `most` cells, or wider than Excel's."""
    if size[1] > MAX_COLUMNS or size[0] * size[1] > most:
        reason = "too_wide" if size[1] > MAX_COLUMNS else "too_large"
        about = {"sheet": sheet, "cell": cell, "height": size[0], "width": size[1]}
        raise refusal("sheet.too_large", file=file, reason=reason, **about)


def stacked(sheets: Sequence[Sheet]) -> Sheet:
    """The pages of one form below each other, as one sheet."""
    width = max(sheet.shape[1] for sheet in sheets)
    *starts, height = np.cumsum([0, *(sheet.shape[0] for sheet in sheets)]).tolist()
    kind = np.zeros((height, width), sheets[0].kind.dtype)
    text = np.full((height, width), "", object)
    pages = [*zip(starts, sheets, strict=True)]
    for start, sheet in pages:
        own = slice(start, start + sheet.shape[0]), slice(0, sheet.shape[1])
        kind[own], text[own] = sheet.kind, sheet.text.to_numpy(object)
    return Sheet(
        file=sheets[0].file,
        sheet=sheets[0].sheet,
        text=text_frame(text),
        kind=kind,
        number_format={(r + at, c): f for at, s in pages for (r, c), f in s.number_format.items()},
        merged=tuple((t + at, c0, b + at, c1) for at, s in pages for t, c0, b, c1 in s.merged),
        hidden_rows=frozenset(row + at for at, s in pages for row in s.hidden_rows),
        formulas={(r + at, c): f for at, s in pages for (r, c), f in s.formulas.items()},
        pages=tuple((start, sheet.sheet) for start, sheet in pages),
        looks={(r + at, c): look for at, s in pages for (r, c), look in s.looks.items()},
        struck=frozenset((r + at, c) for at, s in pages for r, c in s.struck),
    )


def column_number(letters: str) -> int:
    """The 0-based column of its letters.

    >>> column_number("A"), column_number("AB")
    (0, 27)
    """
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1


def place_of(cell: str) -> Place | None:
    """The 0-based place of a cell's name, None where it is none.

    >>> place_of("C12"), place_of("C")
    ((11, 2), None)
    """
    match = re.fullmatch("([A-Za-z]+)([0-9]+)", cell)
    return (int(match[2]) - 1, column_number(match[1])) if match else None


def text_frame(text: np.ndarray) -> pd.DataFrame:
    """A table of texts, of which each different one is converted once: answers are repeated."""
    at, different = pd.factorize(text.ravel())
    return _frame(at.reshape(text.shape), different)


def _frame(at: np.ndarray, texts: np.ndarray) -> pd.DataFrame:
    """A table of the texts that stand at these positions in a list."""
    columns = map(pd.array(texts, dtype="str").take, at.T)
    size = {"index": range(at.shape[0]), "columns": range(at.shape[1])}
    return pd.DataFrame(dict(enumerate(columns)), copy=False, **size)


def typed(rows: list[list[Any]]) -> tuple[pd.DataFrame, np.ndarray]:
    """Canonical text and kind of every cell of rows of Python values, empty cells as ''.

    Each different value is converted once.

    >>> text, kind = typed([[1.0, True, ""], ["1", dt.date(2019, 8, 1), 0.5]])
    >>> text.to_numpy().tolist(), kind.tolist()
    ([['1', 'TRUE', ''], ['1', '2019-08-01', '0.5']], [[2, 4, 0], [1, 3, 2]])
    """
    size = len(rows), len(rows[0]) if rows else 0
    flat = np.fromiter(chain.from_iterable(rows), object, size[0] * size[1])
    at, values = pd.factorize(flat, use_na_sentinel=False)  # True and 1 are one value there
    kinds = np.fromiter(map(KINDS.__getitem__, map(type, values)), np.uint8, len(values))
    kinds[values == ""] = CellKind.EMPTY
    kinds[kinds == CellKind.BOOL] = CellKind.NUMBER
    texts, dates = np.append(values, ["FALSE", "TRUE"]), np.flatnonzero(kinds == CellKind.DATE)
    texts[dates] = [_date_text(value) for value in values[dates]]
    numbers = np.flatnonzero(kinds == CellKind.NUMBER)
    amounts = values[numbers].astype(float)
    texts[numbers] = _number_texts(amounts)
    kind = kinds[at]
    either = np.flatnonzero(np.isin(at, numbers[np.isin(amounts, (0, 1))]))
    truths = either[[type(value) is bool for value in flat[either]]]
    at[truths], kind[truths] = flat[truths].astype(int) + len(values), CellKind.BOOL
    return _frame(at.reshape(size), texts), kind.reshape(size)


def _number_texts(values: np.ndarray) -> np.ndarray:
    """Numbers as Excel holds them: 15 digits, no trailing zeros.

    >>> _number_texts(np.array([13.0, 0.62, 0.1 + 0.2, 1e21])).tolist()
    ['13', '0.62', '0.3', '1e+21']
    """
    texts = np.array([format(value, ".15g") for value in values], object)
    whole = (np.abs(values) < 1e15) & (values == np.floor(values))
    texts[whole] = values[whole].astype(np.int64).astype(str)
    return texts


def _date_text(value: dt.date | dt.time | dt.timedelta) -> str:
    if isinstance(value, dt.timedelta):
        return str(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat()
