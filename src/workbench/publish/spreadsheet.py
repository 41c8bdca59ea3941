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

import pandas as pd
import xlsxwriter

from analysis.spreadsheet import plain
from analysis.text import Language, labels

# a code with its leading zero is no number
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?(e-?\d+)?")
UNIT = re.compile(r"[（(]([^（(]*)[）)]$")  # at the end of a heading
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: identical content, identical file


def workbook(
    tables: Sequence[Mapping[str, Any]],
    language: Language,
    *,
    title: str = "",
    codes: pd.DataFrame | None = None,
) -> bytes:
    """Tables as one Excel workbook that a program can read and a screen reader can follow.

    A contents sheet names every table with its n; the notes have a sheet of their own, and so have
    the columns (unit, kind) and the codes of the questionnaire; then a sheet a table with the
    headings in row 1 and one datum a cell, as in its CSV file.

    Parameters
    ----------
    tables : dicts with the fields of `analysis.show.Table`.
    title : of the survey, for the properties of the document.
    codes : the code table, labelled; see `analysis.codebook.code_table`.
    """
    words, buffer = labels("workbook", language), io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    about = " ".join(filter(None, (title, words["tables"])))
    book.set_properties({"title": about, "subject": title, "created": dt.datetime(2000, 1, 1)})
    names = sheet_names([table["name"] for table in tables])
    grids = [_grid(table["csv"]) for table in tables]
    rows = [[name, t["title"], str(t["n"])] for name, t in zip(names, tables, strict=True)]
    contents = _write_sheet(
        book, words["contents"], [words["sheet"], words["name"], words["n"]], rows
    )
    for at, name in enumerate(names, 1):
        contents.write_url(at, 0, f"internal:'{name}'!A1", string=name)
    notes = [
        [name, note.strip()]
        for name, table in zip(names, tables, strict=True)
        for note in (table["caption"], *table["notes"])
    ]
    _write_sheet(book, words["notes"], [words["sheet"], words["note"]], notes)
    columns = [
        [name, head, *_about(head, [row[at] for row in rows], words)]
        for name, (heads, rows) in zip(names, grids, strict=True)
        for at, head in enumerate(heads)
    ]
    heads = [words[key] for key in ("sheet", "column", "kind", "unit")]
    _write_sheet(book, words["columns"], heads, columns)
    if codes is not None:
        _write_sheet(book, words["codes"], [*codes], codes.astype(str).to_numpy().tolist())
    for name, (heads, rows) in zip(names, grids, strict=True):
        _write_sheet(book, name, heads, rows)
    book.close()
    return buffer.getvalue()


def _grid(content: str) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of a CSV file, each row as long as they are."""
    heads, *lines = csv.reader(io.StringIO(content, newline=""))
    return heads, [[*map(plain, line), *[""] * len(heads)][: len(heads)] for line in lines if line]


def _about(head: str, cells: Sequence[str], words: Mapping[str, str]) -> tuple[str, str]:
    """Whether a column holds numbers or text, and the unit that its heading states."""
    if not _numeric(cells):
        return words["text"], ""
    unit = UNIT.search(head)
    return words["number"], unit[1] if unit else ""


def _numeric(cells: Sequence[str]) -> bool:
    return any(cells) and all(NUMBER.fullmatch(cell) for cell in cells if cell)


def _write_sheet(book: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """A sheet that is one marked table: headings in row 1, a column of numbers as numbers."""
    sheet = book.add_worksheet(name)
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    for at, (head, cells) in enumerate(zip(heads, columns, strict=True)):
        numeric = _numeric(cells)
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
