"""What can be downloaded from the index of a run: tables as a workbook, figures as a zip."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from analysis.spreadsheet import plain
from analysis.text import Language, labels

# a code with its leading zero is no number
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?(e-?\d+)?")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: identical content, identical file


def workbook(tables: Sequence[Mapping[str, Any]], language: Language) -> bytes:
    """Tables as one Excel workbook that a program can read and a screen reader can follow.

    A contents sheet names every table with its n; the notes have a sheet of their own; then a sheet
    a table with the headings in row 1 and one datum a cell, as in its CSV file.

    Parameters
    ----------
    tables : dicts with the fields of `analysis.show.Table`.
    """
    words, buffer = labels("workbook", language), io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"title": words["tables"], "created": dt.datetime(2000, 1, 1)})
    names = sheet_names([table["name"] for table in tables])
    rows = [[name, t["title"], str(t["n"])] for name, t in zip(names, tables, strict=True)]
    contents = _write_sheet(book, words["contents"], [words["sheet"], words["name"], "n"], rows)
    for at, name in enumerate(names, 1):
        contents.write_url(at, 0, f"internal:'{name}'!A1", string=name)
    notes = [
        [name, note]
        for name, table in zip(names, tables, strict=True)
        for note in (table["caption"], *table["notes"])
    ]
    _write_sheet(book, words["notes"], [words["sheet"], words["note"]], notes)
    for name, table in zip(names, tables, strict=True):
        heads, *lines = csv.reader(io.StringIO(table["csv"], newline=""))
        rows = [[*map(plain, line), *[""] * len(heads)][: len(heads)] for line in lines if line]
        _write_sheet(book, name, heads, rows)
    book.close()
    return buffer.getvalue()


def _write_sheet(book: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """A sheet that is one marked table: headings in row 1, a column of numbers as numbers."""
    sheet = book.add_worksheet(name)
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    for at, (head, cells) in enumerate(zip(heads, columns, strict=True)):
        numeric = any(cells) and all(NUMBER.fullmatch(cell) for cell in cells if cell)
        width = max(map(_width, (head, *cells)))
        sheet.set_column(at, at, min(60, max(8, width + 2)))
        for row, cell in enumerate(cells, 1):
            if cell and numeric:
                sheet.write_number(row, at, float(cell))
            elif cell:
                sheet.write_string(row, at, cell)
    sheet.add_table(
        0,
        0,
        max(1, len(rows)),
        len(heads) - 1,
        {"style": None, "autofilter": False, "columns": [{"header": head} for head in heads]},
    )
    return sheet


def _width(text: str) -> int:
    """How wide a text is, in letters; a Japanese one counts twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def sheet_names(names: Sequence[str]) -> list[str]:
    """Names that Excel allows, each once."""
    taken: set[str] = set()
    return [_sheet_name(name, taken) for name in names]


def _sheet_name(name: str, taken: set[str]) -> str:
    base = re.sub(r"[^\w .-]|[\U00010000-\U0010ffff]", "_", name)[:28] or "table"
    chosen, count = base, 1
    while chosen.lower() in taken:
        count += 1
        chosen = f"{base[:25]}_{count}"
    taken.add(chosen.lower())
    return chosen


def archive(files: Sequence[Path]) -> bytes:
    """Files as one zip; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archived:
        for file in files:
            entry = zipfile.ZipInfo(file.name, EPOCH)
            archived.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
