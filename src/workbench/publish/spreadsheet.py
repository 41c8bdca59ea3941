"""What can be downloaded from the index of a run: tables as a workbook, figures as a zip."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

import pandas as pd
import xlsxwriter

from analysis.show import width
from analysis.spreadsheet import on_a4, plain
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
    taken: set[str] = set()
    named = {_sheet_name(t["name"], taken): (t, *_grid(t["csv"])) for t in tables}
    contents, notes, columns = [], [], []
    for name, (table, heads, rows) in named.items():
        contents.append([name, table["title"], str(table["n"])])
        notes += [[name, note.strip()] for note in (table["caption"], *table["notes"])]
        for at, head in enumerate(heads):
            number = _numeric([row[at] for row in rows])
            unit = UNIT.search(head) if number else None
            kind = words["number" if number else "text"]
            columns.append([name, head, kind, unit[1] if unit else ""])

    def sheet(id: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
        return _write_sheet(book, words[id], [words[head] for head in heads], rows)

    listed = sheet("contents", ("sheet", "name", "n"), contents)
    for at, name in enumerate(named, 1):
        listed.write_url(at, 0, f"internal:'{name}'!A1", string=name)
    sheet("notes", ("sheet", "note"), notes)
    sheet("columns", ("sheet", "column", "kind", "unit"), columns)
    if codes is not None:
        _write_sheet(book, words["codes"], [*codes], codes.astype(str).to_numpy().tolist())
    for name, (_, heads, rows) in named.items():
        _write_sheet(book, name, heads, rows)
    book.close()
    return buffer.getvalue()


def _grid(content: str) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of a CSV file, each row as long as they are."""
    heads, *lines = csv.reader(io.StringIO(content, newline=""))
    return heads, [[*map(plain, line), *[""] * len(heads)][: len(heads)] for line in lines if line]


def _numeric(cells: Sequence[str]) -> bool:
    return any(cells) and all(NUMBER.fullmatch(cell) for cell in cells if cell)


def _write_sheet(book: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """A sheet that is one marked table: headings in row 1, a column of numbers as numbers.

    Long texts are broken into lines, and its print is as wide as a page.
    """
    sheet, bold = book.add_worksheet(name), book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    lines = [1] * (len(rows) + 1)
    for at, (head, cells) in enumerate(zip(heads, columns, strict=True)):
        numeric = _numeric(cells)
        wide = [2 * width(cell) for cell in (head, *cells)]  # in letters
        room = min(60, max(8, max(wide) + 2))
        sheet.set_column(at, at, room, wrapped)
        lines = [max(n, math.ceil(own / (room - 2))) for n, own in zip(lines, wide, strict=True)]
        for row, cell in enumerate(cells, 1):
            if cell and numeric:
                sheet.write_number(row, at, float(cell), wrapped)
            elif cell:
                sheet.write_string(row, at, cell, wrapped)
    shown = [{"header": head, "header_format": bold} for head in heads]
    options = {"style": None, "autofilter": False, "columns": shown}
    sheet.add_table(0, 0, max(1, len(rows)), len(heads) - 1, options)
    for row in (at for at, n in enumerate(lines) if n > 1):
        sheet.set_row(row, 15 * lines[row])
    on_a4(sheet)
    return sheet


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel allows, unlike those that are `taken`; it is one of them from now on."""
    base = re.sub(r"[^\w .-]|[\U00010000-\U0010ffff]", "_", name)[:28] or "table"
    others = (f"{base[:25]}_{number}" for number in count(2))
    chosen = next(own for own in chain([base], others) if own.lower() not in taken)
    taken.add(chosen.lower())
    return chosen


def archive(contents: Mapping[str, bytes]) -> bytes:
    """Files as one zip; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archived:
        for name, content in contents.items():
            archived.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
