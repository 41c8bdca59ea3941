"""What can be downloaded from the index of a run: tables as a workbook, figures as a zip."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from analysis.text import Language, labels

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: identical content, identical file


def workbook(tables: Sequence[Mapping[str, Any]], language: Language) -> bytes:
    """Tables as one Excel workbook: a contents sheet, then a sheet each; text stays text."""
    words, buffer = labels("workbook", language), io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"created": dt.datetime(2000, 1, 1)})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    contents = book.add_worksheet(words["contents"])
    contents.write_row(0, 0, [words["sheet"], words["name"], "n"], bold)
    contents.set_column(1, 1, 60)
    names: set[str] = set()
    for at, table in enumerate(tables, 1):
        name = _sheet_name(table["name"], names)
        contents.write_url(at, 0, f"internal:'{name}'!A1", string=name)
        contents.write_string(at, 1, table["title"])
        contents.write_number(at, 2, table["n"])
        sheet = book.add_worksheet(name)
        sheet.write_string(0, 0, table["title"], bold)
        sheet.write_string(1, 0, table["caption"])
        for j, column in enumerate(table["columns"]):
            sheet.write_string(2, j, column["label"], bold)
            sheet.set_column(j, j, 12 if column["numeric"] else 30)
        for i, row in enumerate(table["rows"], 3):
            for j, value in enumerate(row):
                _write(sheet, i, j, value, table["columns"][j]["numeric"])
        for k, note in enumerate(table["notes"]):
            sheet.write_string(len(table["rows"]) + 4 + k, 0, note)
        sheet.freeze_panes(3, 1)
    book.close()
    return buffer.getvalue()


def _write(sheet: Any, i: int, j: int, value: str, numeric: bool) -> None:
    plain = value.replace(",", "")
    if numeric and re.fullmatch(r"[-+]?\d+(\.\d+)?", plain):
        sheet.write_number(i, j, float(plain))
    else:
        sheet.write_string(i, j, value)


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
