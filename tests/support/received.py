"""Small surveys and files as they arrive, for the tests of intake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
from project import put_yaml

from analysis.cleaning.clean import Cleaned, clean
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.intake.read import read

BOOK = {
    "id": "tiny",
    "title": {"ja": "小調査", "en": "Tiny survey"},
    "version": "1",
    "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
    "questions": [
        {"id": "Q01", "section": "A", "type": "text", "role": "id", "identity": "code",
         "ja": "団体コードをご記入ください。", "en": "Code",
         "short": {"ja": "団体コード", "en": "Code"}},
        {"id": "Q02", "section": "A", "type": "text", "role": "id", "identity": "name",
         "ja": "団体名をご記入ください。", "en": "Name", "source": ["団体名"]},
        {"id": "Q03", "section": "A", "type": "integer", "role": "context",
         "ja": "職員数をご記入ください。", "en": "Staff", "short": {"ja": "職員数", "en": "Staff"}},
        {"id": "Q04", "section": "A", "type": "multi", "role": "cluster",
         "ja": "取組みをすべてお選びください。", "en": "Measures", "source": ["実施している取組み"],
         "options": [{"code": 1, "ja": "研修", "en": "training"},
                     {"code": 2, "ja": "採用", "en": "hiring"},
                     {"code": 9, "ja": "その他", "en": "other"}]},
        {"id": "Q05", "section": "A", "type": "battery", "role": "factor",
         "ja": "庁内の連携", "en": "Cooperation",
         "items": [{"id": "Q05_1", "ja": "首長の関与", "en": "mayor"},
                   {"id": "Q05_2", "ja": "課間の調整", "en": "sections"}],
         "options": [{"code": 1, "ja": "弱い", "en": "weak"},
                     {"code": 5, "ja": "強い", "en": "strong"}]},
    ],
}  # fmt: skip
HEADINGS = ["団体コード", "団体名", "職員数", "Q04", "Q05_1", "Q05_2"]
ROWS = [
    ["990019", "架空市", 13, "1、2", 1, 5],
    ["990027", "見本町", "１２名", "9", 5, 5],
    ["990035", "例示村", None, "無回答", "弱い", 1],
]


def book(**changes: Any) -> Codebook:
    return Codebook.parse(BOOK | changes)


def wave(folder: Path, *files: dict[str, Any] | str, codebook: str = "tiny") -> Wave:
    """A wave in data/raw/w whose files the test puts there."""
    content = {
        "title": {"ja": "調査", "en": "Survey"},
        "as_of": dt.date(2019, 4, 1),
        "publisher": {"ja": "研究会", "en": "Group"},
        "codebook": codebook,
        "data": "invented",
        "files": [{"path": f} if isinstance(f, str) else f for f in files],
    }
    put_yaml((folder / "wave.yml"), content)
    return Wave.read(folder)


def cleaned_wave(name: str) -> Cleaned:
    """A wave read and cleaned by its own codebook; all cells are accounted for."""
    about = Wave.read(name)
    book = Codebook.read(about.codebook)
    result = clean(read(about, book), about, book)
    result.ledger.check()
    return result


def workbook(path: Path, rows: list[list[Any]], *, sheet: str = "回答", at: str = "A1") -> Any:
    """Write rows to a workbook; the worksheet is returned to be changed and saved again."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    put(page, rows, at)
    book.save(path)
    return book


def workbook_of(path: Path, sheets: dict[str, list[list[Any]]]) -> None:
    """Write a workbook of several sheets, in their order."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        put(book.create_sheet(name), rows)
    book.save(path)


def put(page: Any, rows: list[list[Any]], at: str = "A1") -> None:
    start = page[at]
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if value is not None:
                page.cell(start.row + i, start.column + j, value)


def csv_text(rows: list[list[Any]], separator: str = ",") -> str:
    lines = (separator.join("" if v is None else str(v) for v in row) for row in rows)
    return "\n".join(lines) + "\n"
