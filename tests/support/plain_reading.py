"""A second opinion on files that are given out: read with openpyxl and csv alone.

It shares no code with `workbench audit`. Each function yields what is wrong, as a sentence.
"""

import csv
import io
import re
from datetime import date, datetime

import openpyxl

UNIT = re.compile(
    r"[（(][^（(]+[）)]$|数$|割合$|番号$|差（|コード$|code$|no\.$|%|％|^percent$|number of"
    r"|^(年|year)$"
)
QUOTED = re.compile("「[^」]*」|“[^”]*”")
TWO = re.compile(
    r"^\d+\s*/\s*\d+$|^\d[\d,.]*\s*%?\s*[(（].*\d.*[)）]$|^\d+([、,]\s*\d+)+$|\(n ?= ?\d"
)
NUMBER_AS_TEXT = re.compile(r"^[-−△▲]?\d[\d,]*(\.\d+)?\s*(人|名|件|円|%|％|年|台)?$")
ERA = re.compile(r"(明治|大正|昭和|平成|令和)\s?(元|\d+)")
CIRCLED = re.compile("[①-⓿㈠-㋿㌀-㏿Ⅰ-ⅿ]")
CODE = re.compile(r"^\d{5,6}$")


def table(rows, codes=frozenset(), text_file=False):
    """Faults of one table: rows of values, None for a blank. `codes`: explained elsewhere."""
    heads, body = rows[0], rows[1:]
    names = [str(head or "").strip() for head in heads]
    if not all(names) or len(set(names)) < len(names):
        yield f"headings: {names}"
    if any(len(name) == 1 and name.isascii() for name in names):
        yield f"a heading of one letter: {names}"
    for at, row in enumerate(body, 2):
        if len(row) != len(heads):
            yield f"row {at} has {len(row)} cells"
        if not any(cell not in (None, "") for cell in row):
            yield f"row {at} is blank"
        for cell in row:
            if isinstance(cell, str):
                yield from (f"row {at}: {what}: {cell!r}" for what in text(cell, text_file))
    for name, cells in zip(names, zip(*body, strict=False), strict=False):
        there = [cell for cell in cells if cell not in (None, "")]
        numbers = [cell for cell in there if number(cell, text_file)]
        if len(numbers) not in (0, len(there)) and len(numbers) > len(there) / 2:
            yield f"{name}: numbers and texts in one column"
        whole = there and len(numbers) == len(there) and not all(CODE.match(str(c)) for c in there)
        stated = any(re.match("単位|unit", other) for other in names)
        if whole and name not in codes and not (stated or UNIT.search(name)):
            yield f"{name}: numbers without a unit"


def number(cell, text_file):
    if isinstance(cell, str):
        return text_file and bool(re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell))
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def text(cell, text_file):
    """What is wrong with the text of one cell, the words of others in quotation marks apart."""
    own = QUOTED.sub("「」", cell)
    if cell != cell.strip() or "\n" in cell or "\r" in cell:
        yield "space or line break"
    if TWO.search(own):
        yield "two data"
    if NUMBER_AS_TEXT.match(own) and not (text_file and number(own, True)) and not CODE.match(own):
        yield "a number as text"
    if ERA.search(own) and not re.search("(19|20)[0-9]{2}", own):
        yield "a year of an era"
    if CIRCLED.search(own):
        yield "a character of one system"


def csv_file(content, codes=frozenset()):
    """Faults of the bytes of a CSV file: with a mark, without line breaks in values."""
    if not content.startswith(b"\xef\xbb\xbf"):
        yield "no byte order mark"
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    if content.count(b"\n") != len(rows):
        yield "a record over several lines"
    yield from table(rows, codes, text_file=True)


def workbook(file):
    """Faults of a workbook: of its sheets as tables, and of what a screen reader needs."""
    book = openpyxl.load_workbook(file)
    if not book.properties.title:
        yield "no title in the properties of the document"
    if book.active is not book.worksheets[0]:
        yield "opened at another sheet than the first"
    for sheet in book:
        if sheet.sheet_state != "visible" or sheet.merged_cells.ranges or sheet.freeze_panes:
            yield f"{sheet.title}: hidden, merged or frozen"
        hidden = (*sheet.column_dimensions.values(), *sheet.row_dimensions.values())
        if any(dimension.hidden for dimension in hidden):
            yield f"{sheet.title}: hidden rows or columns"
        if len(sheet.tables) != 1 or next(iter(sheet.tables.values())).ref != sheet.dimensions:
            yield f"{sheet.title}: not one marked table"
        selection = sheet.sheet_view.selection
        if any(one.activeCell not in (None, "A1") for one in selection):
            yield f"{sheet.title}: the cursor is elsewhere than in A1"
        if sheet._images or sheet._charts:
            yield f"{sheet.title}: pictures"
        if any(cell.data_type == "f" for row in sheet for cell in row):
            yield f"{sheet.title}: a formula"
    for sheet in book:
        rows = [
            [c.isoformat() if isinstance(c, date | datetime) else c for c in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        yield from (f"{sheet.title}: {fault}" for fault in table(rows, {"符号", "code"}))
