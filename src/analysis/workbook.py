"""An Excel workbook as received -> `Sheet` objects, without trusting the file.

Values come from calamine, which is fast; what it does not tell (hidden rows, error cells, formulas
without a value, number formats that change the meaning) is read from the XML beside it. A sheet
that would need more memory than a table can is refused before calamine sees it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from analysis.archive import (
    attribute,
    broken,
    part,
    placed,
    repack,
    sheet_parts,
    unpack,
)
from analysis.errors import InputError
from analysis.sheet import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    CellKind,
    Sheet,
    address,
    column_number,
    typed,
)

ROW = re.compile(rb"""<(?:\w+:)?row\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
COL = re.compile(rb"""<(?:\w+:)?col\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)(\d+)["']""")
FILLED = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*\s)?r\s*=\s*["']([A-Za-z]+)(\d+)["'][^>]*(?<!/)>""")
ROW_NUMBER = re.compile(rb"""<(?:\w+:)?row\s(?:[^>]*\s)?r\s*=\s*["'](\d+)""")
ROW_START = re.compile(rb"<(?:\w+:)?row[\s>/]")
CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")
PLACED = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*\s)?r\s*=\s*["'][A-Za-z]+\d""")
ERROR = re.compile(
    rb"""<(?:\w+:)?c\s([^>]*\bt\s*=\s*["']e["'][^>]*(?<!/))>(.*?)</(?:\w+:)?c>""", re.S
)
FORMULA = re.compile(
    rb"<(?:\w+:)?c\s([^>]*(?<!/))>\s*<(?:\w+:)?f\b([^>]*)>(.*?)</(?:\w+:)?c>", re.S
)
VALUE = re.compile(rb"<(?:\w+:)?v[^>/]*>([^<]+)<")


def read_workbook(content: bytes, file: str) -> list[Sheet]:
    """All worksheets of an xlsx or xlsm file, in workbook order.

    Raises
    ------
    InputError
        The archive or a sheet is damaged, unpacks to more than 512 MiB, or spans more cells than a
        table can have.
    """
    parts = unpack(content, file)
    paths = sheet_parts(parts)
    if not paths:
        raise InputError(
            "this is a zip archive but not an Excel workbook",
            file=file,
            hint="save it from Excel as .xlsx",
            reason="archive",
        )
    styles = _telling_formats(part(parts, "xl/styles.xml"))
    sheet_of = {path: name for name, path in paths.items()}
    for path, xml in parts.items():  # whatever calamine may come to read as a sheet
        if b"sheetData" in xml:
            _refuse_vast(xml, file, sheet_of.get(path, path))
    sheets = []
    try:
        with CalamineWorkbook.from_filelike(repack(parts)) as book:
            if len(set(book.sheet_names)) < len(
                book.sheet_names
            ):  # it would read one of them twice
                raise InputError("two sheets have the same name", file=file, hint="rename one")
            for about in book.sheets_metadata:
                if about.typ is not SheetTypeEnum.WorkSheet:
                    continue
                values = book.get_sheet_by_name(about.name)
                rows = values.to_python(skip_empty_area=False)
                xml = placed(part(parts, paths.get(about.name, "")))
                merged = tuple((*a, *b) for a, b in values.merged_cell_ranges or ())
                hidden = about.visible is not SheetVisibleEnum.Visible
                sheets.append(_sheet(file, about.name, rows, xml, styles, merged, hidden))
    except InputError:
        raise
    except CalamineError as error:
        raise broken(file, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's panic, no Exception
            raise
        raise broken(file) from None
    return sheets


def _refuse_vast(xml: bytes, file: str, sheet: str) -> None:
    """Refuse a sheet whose used range is larger than a table can be."""
    if _surely_small(xml):
        return
    # cells that only carry a format do not count; look at those with content
    places = [
        (int(number), column_number(letters.decode()) + 1)
        for letters, number in FILLED.findall(xml)
    ]
    rows, columns = (
        (max(side, default=0) for side in zip(*places, strict=True)) if places else (0, 0)
    )
    unplaced = 0
    if len(CELL.findall(xml)) > len(PLACED.findall(xml)):
        # such cells follow the one before, in the row that their row names
        unplaced = max(len(CELL.findall(row)) for row in ROW_START.split(xml))
        numbers = (int(number) for number in ROW_NUMBER.findall(xml))
        rows = max(rows, len(ROW_START.findall(xml)), *numbers)
    if columns > MAX_COLUMNS or unplaced > MAX_COLUMNS:
        raise InputError(
            f"the sheet has {max(columns, unplaced):,} columns; a table has at most "
            f"{MAX_COLUMNS:,}",
            file=file,
            sheet=sheet,
            hint="remove what stands far to the right, or check the layout in wave.yml",
            reason="too_wide",
        )
    if rows > MAX_ROWS or rows * (columns + unplaced) > MAX_CELLS:
        row, column = max(places, key=lambda place: place[0] * place[1], default=(1, 1))
        raise InputError(
            f"the sheet spans {rows:,} rows and {columns:,} columns, more than can be read",
            file=file,
            sheet=sheet,
            cell=address(row - 1, column - 1),
            hint="remove the cells far below or far to the right of the table",
            reason="too_large",
        )


def _surely_small(xml: bytes) -> bool:
    """A quick upper bound of the used range, where every cell names its place plainly."""
    rows = max(map(int, re.findall(rb'<row r="(\d+)"', xml)), default=0)
    digits = len(str(rows))
    if b":c" in xml or re.search(rb'<c(?! r="[A-Z]{1,3}\d{1,%d}")[\s/>]' % digits, xml):
        return False
    letters = {found.decode() for found in re.findall(rb'<c r="([A-Z]+)', xml)}
    columns = max(map(column_number, letters), default=-1) + 1
    return columns <= MAX_COLUMNS and 10**digits * columns <= MAX_CELLS


# --- one sheet ----------------------------------------------------------------------------------


def _sheet(
    file: str,
    name: str,
    rows: list[list[Any]],
    xml: bytes,
    styles: dict[bytes, str],
    merged: tuple[tuple[int, int, int, int], ...],
    hidden: bool,
) -> Sheet:
    formulas = list(_formulas(xml))
    recovered = {place: text for place, text, stored in formulas if not stored}
    recovered |= dict(_errors(xml))
    hidden_rows = ROW.findall(xml) if b"hidden" in xml else []
    height = max([len(rows), *(r + 1 for r, _ in recovered)])
    width = max([len(rows[0]) if rows else 0, *(c + 1 for _, c in recovered)])
    text, kind = typed(rows, height, width)
    for (row, column), value in recovered.items():
        if kind[row, column] == CellKind.EMPTY:
            text[row, column], kind[row, column] = value, CellKind.ERROR
    return Sheet(
        file=file,
        sheet=name,
        text=pd.DataFrame(text, dtype="str"),
        kind=kind,
        number_format={  # of a text such as 無回答 it says nothing
            place: code
            for place, code in _formats(xml, styles).items()
            if place[0] < height and place[1] < width and kind[place] == CellKind.NUMBER
        },
        merged=merged,
        hidden_rows=frozenset(_number(tag, "r") - 1 for tag in hidden_rows),
        hidden_columns=frozenset(_hidden_columns(xml, width)),
        hidden=hidden,
        formulas={place: text for place, text, _ in formulas},
    )


def _errors(xml: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """Cells with an error value, which calamine gives as empty."""
    if b't="e"' in xml or b"'e'" in xml:
        for tag, inner in ERROR.findall(xml):
            value = VALUE.search(inner)
            if (place := _place(tag)) is not None:
                yield place, value[1].decode("utf-8", "replace") if value else "#ERROR"


def _formulas(xml: bytes) -> Iterator[tuple[tuple[int, int], str, bool]]:
    """Place, text and whether the result is stored, of every formula."""
    if b"<f" not in xml and b":f" not in xml:
        return
    for tag, attributes, inner in FORMULA.findall(xml):
        if (place := _place(tag)) is None:
            continue
        text = b"" if attributes.endswith(b"/") else inner.partition(b"<")[0]
        # a formula that yields "" stores an empty text and is an empty cell
        stored = bool(VALUE.search(inner)) or b'"str"' in tag
        yield place, "=" + html.unescape(text.decode("utf-8", "replace")), stored


def _hidden_columns(xml: bytes, width: int) -> Iterator[int]:
    for tag in COL.findall(xml) if b"hidden" in xml else ():
        yield from range(_number(tag, "min") - 1, min(_number(tag, "max"), width))


def _formats(xml: bytes, styles: dict[bytes, str]) -> dict[tuple[int, int], str]:
    """The number formats that change what a number means, by cell."""
    found = {}
    for style, code in styles.items():
        pattern = rb"""<(?:\w+:)?c\s([^>]*\bs\s*=\s*["']%s["'][^>]*(?<!/))>""" % style
        for tag in re.findall(pattern, xml):
            if (place := _place(tag)) is not None:
                found[place] = code
    return found


def _telling_formats(xml: bytes) -> dict[bytes, str]:
    """Style number -> number format, for leading zeros, percent, units and thousands."""
    custom = {
        attribute(tag, "numFmtId"): attribute(tag, "formatCode")
        for tag in re.findall(rb"<(?:\w+:)?numFmt\s([^>]*)>", xml)
    }
    custom |= {"9": "0%", "10": "0.00%"}
    block = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", xml, re.S)
    styles = re.findall(rb"<(?:\w+:)?xf\s([^>]*)>", block[0]) if block else []
    found = {}
    for number, tag in enumerate(styles):
        code = custom.get(attribute(tag, "numFmtId"), "")
        if re.search(r'^0{2,}|%|["]|,(?:$|;)|\\', code) and not re.search(
            r"(?i)[ymdhsge]", re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", code).replace("General", "")
        ):
            found[str(number).encode()] = code
    return found


# --- small readers of tags ----------------------------------------------------------------------


def _number(tag: bytes, name: str) -> int:
    value = attribute(tag, name)
    return int(value) if value.isdecimal() else 0


def _place(tag: bytes) -> tuple[int, int] | None:
    found = PLACE.search(tag)
    return (int(found[2]) - 1, column_number(found[1].decode())) if found else None
