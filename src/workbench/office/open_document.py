"""An OpenDocument spreadsheet (.ods) as the audit reads it: cells, marks, looks and objects.

The rules of 2026 have the format beside Excel and CSV. Waves do not take it in: an office saves it
as .xlsx. One pass of expat, under the limits of `analysis.intake.workbook`.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import pandas as pd

from analysis.intake import workbook
from analysis.intake.sheet import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Place, Sheet, address, typed
from workbench.office.file_checks import Look

SUFFIX, CONTENT = ".ods", "content.xml"
MOST = 2_000_000  # filled cells
CELLS = {"table-cell", "covered-table-cell"}
DRAWN = {"frame", "custom-shape", "rect", "line", "ellipse", "polygon", "path", "g"}
ASIDE = {"annotation", *DRAWN}  # their words are not those of the cell
PLAIN = {"normal", "none", "transparent", "#000000", "false"}  # values of a look that is none
LOOKS = {"font-weight", "font-style", "color", "background-color", "text-underline-style"}


class Page(NamedTuple):
    """A sheet, the look of its cells that do not look plain, and the cells with objects."""

    sheet: Sheet
    looks: Mapping[Place, Look] = {}
    objects: Sequence[str] = ()


def is_open_document(file: Path) -> bool:
    """Whether a file is an OpenDocument spreadsheet with contents, by its name and its parts."""
    if file.suffix.lower() != SUFFIX or not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return CONTENT in archive.namelist()


def read(file: Path) -> list[Page]:
    """The sheets of an OpenDocument spreadsheet.

    Raises
    ------
    InputError
        It is damaged, protected by a password, or larger than a table can be.
    """
    parts = workbook.unpack(file.read_bytes(), file.name)
    reader = _Reader()
    try:
        reader.parser.Parse(parts[CONTENT], True)
    except (expat.ExpatError, KeyError, ValueError, OverflowError) as error:
        raise workbook.broken(file.name, error) from None
    return [table.page(file.name, reader.styles) for table in reader.tables]


class _Cell(NamedTuple):
    value: Any
    style: str


class _Table:
    """A sheet while it is read: its filled cells by their place."""

    def __init__(self, name: str, hidden: bool) -> None:
        self.name, self.hidden = name, hidden
        self.cells: dict[Place, _Cell] = {}
        self.styled: list[tuple[range, str]] = []  # columns -> the style of cells without their own
        self.merged: list[tuple[int, int, int, int]] = []
        self.hidden_rows: list[range] = []
        self.hidden_columns: list[range] = []
        self.formulas: dict[Place, str] = {}
        self.objects: list[str] = []
        self.row = self.rows = self.column = self.columns = 0

    def page(self, file: str, styles: dict[str, Look]) -> Page:
        """The sheet as the audit takes it."""
        height = 1 + max((row for row, _ in self.cells), default=-1)
        width = 1 + max((column for _, column in self.cells), default=-1)
        if height * width > MAX_CELLS:
            raise workbook.broken(file)
        rows: list[list[Any]] = [[""] * width for _ in range(height)]
        for (row, column), cell in self.cells.items():
            rows[row][column] = cell.value
        text, kind = typed(rows, height, width)
        sheet = Sheet(
            file=file,
            sheet=self.name,
            text=pd.DataFrame(text, dtype="str"),
            kind=kind,
            merged=tuple(self.merged),
            hidden_rows=_within(self.hidden_rows, height),
            hidden_columns=_within(self.hidden_columns, width),
            hidden=self.hidden,
            formulas=self.formulas,
        )
        looks = {
            at: look for at, cell in self.cells.items() if (look := styles.get(cell.style, ()))
        }
        return Page(sheet, looks, self.objects)


class _Reader:
    """The handlers of one pass over content.xml."""

    def __init__(self) -> None:
        self.tables: list[_Table] = []
        self.styles: dict[str, Look] = {}
        self.hidden_tables: set[str] = set()
        self.style, self.above = "", list[str]()
        self.attributes: dict[str, str] = {}
        self.lines: list[str] = []
        self.parser = workbook.parser()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler = self._text

    def _start(self, name: str, given: dict[str, str]) -> None:
        own, attributes = workbook.bare(name), {workbook.bare(k): v for k, v in given.items()}
        self.above.append(own)
        if own == "style":
            self.style = attributes.get("name", "")
        elif own in {"text-properties", "table-cell-properties"} and self.style:
            more = (f"{k} {attributes[k]}" for k in sorted(LOOKS & attributes.keys())
                    if attributes[k] not in PLAIN)  # fmt: skip
            self.styles[self.style] = (*self.styles.get(self.style, ()), *more)
        elif own == "table-properties" and attributes.get("display") == "false":
            self.hidden_tables.add(self.style)
        elif own == "table":
            hidden = attributes.get("style-name", "") in self.hidden_tables
            self.tables.append(_Table(attributes.get("name", ""), hidden))
        elif self.tables:
            self._start_in_table(self.tables[-1], own, attributes)

    def _start_in_table(self, table: _Table, own: str, attributes: dict[str, str]) -> None:
        unseen = attributes.get("visibility") in {"collapse", "filter"}
        if own == "table-column":
            count = _repeated(attributes, "columns", MAX_COLUMNS)
            columns = range(table.columns, table.columns + count)
            table.columns += count
            table.styled.append((columns, attributes.get("default-cell-style-name", "")))
            table.hidden_columns += [columns] if unseen else []
        elif own == "table-row":
            table.row, table.column = table.rows, 0
            table.rows += _repeated(attributes, "rows", MAX_ROWS)
            table.hidden_rows += [range(table.row, table.rows)] if unseen else []
        elif own in CELLS:
            self.attributes, self.lines = attributes, []
        elif own == "p" and not ASIDE & {*self.above}:
            self.lines.append("")
        elif own in {"tab", "s", "line-break"} and self.lines:
            self.lines[-1] += "\n" if own == "line-break" else " "
        elif own in DRAWN and not ASIDE & {*self.above[:-1]}:
            table.objects.append(
                address(table.row, table.column) if "table-cell" in self.above else ""
            )

    def _text(self, text: str) -> None:
        if self.lines and "p" in self.above and not ASIDE & {*self.above}:
            self.lines[-1] += text

    def _end(self, name: str) -> None:
        own = self.above.pop()
        if own == "style":
            self.style = ""
        elif own in CELLS and self.tables:
            self._end_of_cell(self.tables[-1], self.attributes)

    def _end_of_cell(self, table: _Table, attributes: dict[str, str]) -> None:
        count = _repeated(attributes, "columns", MAX_COLUMNS)
        value = _value(attributes, "\n".join(self.lines))
        if value != "":
            for column in range(table.column, table.column + count):
                style = attributes.get("style-name") or next(_default(table, column), "")
                for row in range(table.row, table.rows):
                    table.cells[row, column] = _Cell(value, style)
                    if len(table.cells) > MOST:
                        raise ValueError("too many cells")
        row, column = table.row, table.column
        if formula := attributes.get("formula"):
            table.formulas[row, column] = formula.partition(":")[2] or formula
        down, right = (int(attributes.get(f"number-{k}-spanned", 1)) for k in ("rows", "columns"))
        if down > 1 or right > 1:
            table.merged.append((row, column, row + down - 1, column + right - 1))
        table.column += count


def _within(hidden: list[range], size: int) -> frozenset[int]:
    """The hidden rows or columns that are in the table."""
    return frozenset(at for part in hidden for at in range(part.start, min(part.stop, size)))


def _default(table: _Table, column: int) -> Iterator[str]:
    """The style that a column gives its cells."""
    return (style for columns, style in table.styled if column in columns)


def _repeated(attributes: dict[str, str], what: str, most: int) -> int:
    return min(most, max(1, int(attributes.get(f"number-{what}-repeated", 1))))


def _value(attributes: dict[str, str], text: str) -> Any:
    """What a cell holds: a number, a day, true or false, or text."""
    kind = attributes.get("value-type", "string")
    if kind in {"float", "percentage", "currency"}:
        return float(attributes["value"])
    if kind == "boolean":
        return attributes.get("boolean-value") == "true"
    if kind == "date":
        day = dt.datetime.fromisoformat(attributes["date-value"])
        return day if day.time() != dt.time() else day.date()
    return text
