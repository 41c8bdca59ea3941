"""An Excel workbook as received -> `Sheet` objects, without trusting the file.

Values come from calamine, which is fast; what it does not tell (hidden rows, error cells, formulas
without a value, number formats that change the meaning) is read from the XML beside it. calamine
takes the sizes that a workbook declares at their word and ends the whole process when they do not
fit into memory, so every part is unpacked under a limit and handed over in a new archive.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from analysis.errors import InputError
from analysis.sheet import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, CellKind, Sheet, address, typed

MAX_UNPACKED = 512 * 2**20
SKIPPED_PARTS = re.compile(r"(?i)(/media/|/embeddings/|vbaproject|/drawings/|/printersettings/)")
COUNTS = re.compile(rb"(<(?:\w+:)?(?:sst|mergeCells|cellXfs|numFmts)\b)[^>]*?(/?>)")
ROW = re.compile(rb"""<(?:\w+:)?row\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
COL = re.compile(rb"""<(?:\w+:)?col\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)(\d+)["']""")
LETTERS = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+)\d""")
NUMBERS = re.compile(rb"""\sr\s*=\s*["'][A-Za-z]*(\d+)""")
FILLED = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*\s)?r\s*=\s*["']([A-Za-z]+)(\d+)["'][^>]*(?<!/)>""")
ERROR = re.compile(rb"""<(?:\w+:)?c\s([^>]*\bt\s*=\s*["']e["'][^>]*)>(.*?)</(?:\w+:)?c>""", re.S)
FORMULA = re.compile(
    rb"<(?:\w+:)?c\s([^>]*(?<!/))>\s*<(?:\w+:)?f\b([^>]*)>(.*?)</(?:\w+:)?c>", re.S
)
VALUE = re.compile(rb"<(?:\w+:)?v[^>/]*>([^<]+)<")
BROKEN = "the workbook is damaged and cannot be read"
REPAIR = "open it in Excel, save it again as .xlsx, or ask the sender for a new copy"


def read_workbook(content: bytes, file: str) -> list[Sheet]:
    """All worksheets of an xlsx or xlsm file, in workbook order.

    Raises
    ------
    InputError
        The archive or a sheet is damaged, unpacks to more than 512 MiB, or spans more cells than a
        table can have.
    """
    parts = unpack(content, file)
    paths = _sheet_parts(parts, file)
    styles = _telling_formats(parts.get("xl/styles.xml", b""))
    for name, path in paths.items():
        _refuse_vast(parts.get(path, b""), file, name)
    sheets = []
    try:
        with CalamineWorkbook.from_filelike(_repack(parts)) as book:
            for about in book.sheets_metadata:
                if about.typ is not SheetTypeEnum.WorkSheet:
                    continue
                values = book.get_sheet_by_name(about.name)
                rows = values.to_python(skip_empty_area=False)
                xml = parts.get(paths.get(about.name, ""), b"")
                merged = tuple((*a, *b) for a, b in values.merged_cell_ranges or ())
                hidden = about.visible is not SheetVisibleEnum.Visible
                sheets.append(_sheet(file, about.name, rows, xml, styles, merged, hidden))
    except InputError:
        raise
    except CalamineError as error:
        raise InputError(f"{BROKEN} ({_brief(error)})", file=file, hint=REPAIR) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's panic, no Exception
            raise
        raise InputError(BROKEN, file=file, hint=REPAIR) from None
    return sheets


# --- the archive --------------------------------------------------------------------------------


def unpack(content: bytes, file: str) -> dict[str, bytes]:
    """The parts of the archive, refused before reading where they declare too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [i for i in archive.infolist() if not SKIPPED_PARTS.search(i.filename)]
            total = sum(info.file_size for info in wanted)
            if total > MAX_UNPACKED or len(wanted) > 10_000:
                raise InputError(
                    f"the workbook unpacks to {total / 2**20:,.0f} MB from {len(content):,} bytes, "
                    f"above the limit of {MAX_UNPACKED // 2**20} MB",
                    file=file,
                    hint="if it is genuine, save the data sheet alone as CSV",
                )
            parts = {}
            for info in wanted:
                if info.flag_bits & 1:
                    raise InputError(
                        "the archive is protected by a password",
                        file=file,
                        hint="save it without a password",
                    )
                with archive.open(info) as part:  # never gives more than info.file_size
                    parts[info.filename.replace("\\", "/").lstrip("/")] = part.read()
            return parts
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{BROKEN} ({_brief(error)})", file=file, hint=REPAIR) from None
    except (NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{BROKEN} ({_brief(error)})", file=file, hint=REPAIR) from None


def _repack(parts: dict[str, bytes]) -> io.BytesIO:
    """The same parts stored plainly, without the counts that calamine would reserve room for."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            if name.endswith(".xml") and (b"count" in data or b"Count" in data):
                data = COUNTS.sub(_bare, data)
            archive.writestr(zipfile.ZipInfo(name), data)
    out.seek(0)
    return out


def _bare(match: re.Match[bytes]) -> bytes:
    """A container's start tag with its namespaces alone."""
    spaces = re.findall(rb"""\sxmlns(?::\w+)?\s*=\s*(?:"[^"]*"|'[^']*')""", match[0])
    return match[1] + b"".join(spaces) + match[2]


def _sheet_parts(parts: dict[str, bytes], file: str) -> dict[str, str]:
    """Sheet name -> the part that holds it, through the relations of the workbook."""
    book = parts.get("xl/workbook.xml")
    if book is None:
        raise InputError(
            "this is a zip archive but not an Excel workbook",
            file=file,
            hint="save it from Excel as .xlsx",
        )
    targets = {
        _attribute(tag, "Id"): _attribute(tag, "Target")
        for tag in re.findall(
            rb"<(?:\w+:)?Relationship\s([^>]*)>", parts.get("xl/_rels/workbook.xml.rels", b"")
        )
    }
    found = {}
    for tag in re.findall(rb"<(?:\w+:)?sheet\s([^>]*)>", book):
        target = targets.get(_attribute(tag, r"\w+:id"), "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        found[_attribute(tag, "name")] = posixpath.normpath(path)
    return found


def _refuse_vast(xml: bytes, file: str, sheet: str) -> None:
    """Refuse a sheet whose used range is larger than a table can be."""
    rows = max(map(int, set(NUMBERS.findall(xml))), default=0)
    columns = max((_column(letters) for letters in set(LETTERS.findall(xml))), default=0)
    rows = max(rows, xml.count(b"<row") if rows == 0 else 0)
    if rows <= MAX_ROWS and columns <= MAX_COLUMNS and rows * columns <= MAX_CELLS:
        return
    # cells that only carry a format do not count; look at those with content
    places = [(_column(letters), int(number)) for letters, number in FILLED.findall(xml)]
    columns = max((column for column, _ in places), default=0)
    rows = max((row for _, row in places), default=0)
    if columns > MAX_COLUMNS:
        raise InputError(
            f"the sheet has {columns:,} columns; a table has at most {MAX_COLUMNS:,}",
            file=file,
            sheet=sheet,
            hint="remove what stands far to the right, or check the layout in wave.yml",
        )
    if rows > MAX_ROWS or rows * columns > MAX_CELLS:
        last = max(places, key=lambda place: place[0] * place[1])
        raise InputError(
            f"the sheet spans {rows:,} rows and {columns:,} columns, more than can be read",
            file=file,
            sheet=sheet,
            cell=address(last[1] - 1, last[0] - 1) if last[0] <= 18_278 else None,
            hint="remove the cells far below or far to the right of the table",
        )


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
    recovered = dict(_lost_cells(xml))
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
        number_format=_formats(xml, styles),
        merged=merged,
        hidden_rows=frozenset(_number(tag, "r") - 1 for tag in ROW.findall(xml)),
        hidden_columns=frozenset(_hidden_columns(xml, width)),
        hidden=hidden,
        formulas=dict(_formulas(xml)),
    )


def _lost_cells(xml: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """Cells that calamine gives as empty: errors, and formulas without a stored value."""
    if b'"e"' in xml or b"'e'" in xml:
        for tag, inner in ERROR.findall(xml):
            value = VALUE.search(inner)
            if (place := _place(tag)) is not None:
                yield place, value[1].decode("utf-8", "replace") if value else "#ERROR"
    for place, formula, valued in _all_formulas(xml):
        if not valued:
            yield place, formula


def _formulas(xml: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for place, formula, _ in _all_formulas(xml):
        yield place, formula


def _all_formulas(xml: bytes) -> Iterator[tuple[tuple[int, int], str, bool]]:
    if b"<f" not in xml and b":f" not in xml:
        return
    for tag, attributes, inner in FORMULA.findall(xml):
        place = _place(tag)
        if place is None:
            continue
        text = b"" if attributes.endswith(b"/") else inner.partition(b"<")[0]
        # a formula that yields "" stores an empty text and is an empty cell
        valued = bool(VALUE.search(inner)) or b'"str"' in tag
        yield place, "=" + html.unescape(text.decode("utf-8", "replace")), valued


def _hidden_columns(xml: bytes, width: int) -> Iterator[int]:
    for tag in COL.findall(xml):
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
        _attribute(tag, "numFmtId"): _attribute(tag, "formatCode")
        for tag in re.findall(rb"<(?:\w+:)?numFmt\s([^>]*)>", xml)
    }
    custom |= {"9": "0%", "10": "0.00%"}
    block = re.search(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", xml, re.S)
    styles = re.findall(rb"<(?:\w+:)?xf\s([^>]*)>", block[0]) if block else []
    found = {}
    for number, tag in enumerate(styles):
        code = custom.get(_attribute(tag, "numFmtId"), "")
        if re.search(r'^0{2,}|%|["]|,(?:$|;)|\\', code) and not re.search(
            r"(?i)[ymdhsge]", re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", code).replace("General", "")
        ):
            found[str(number).encode()] = code
    return found


# --- small readers of tags ----------------------------------------------------------------------


def _attribute(tag: bytes, name: str) -> str:
    found = re.search(rf"""(?<![\w:]){name}\s*=\s*(?:"([^"]*)"|'([^']*)')""".encode(), tag)
    return html.unescape((found[1] or found[2] or b"").decode("utf-8", "replace")) if found else ""


def _number(tag: bytes, name: str) -> int:
    value = _attribute(tag, name)
    return int(value) if value.isdecimal() else 0


def _place(tag: bytes) -> tuple[int, int] | None:
    found = PLACE.search(tag)
    return (int(found[2]) - 1, _column(found[1]) - 1) if found else None


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
