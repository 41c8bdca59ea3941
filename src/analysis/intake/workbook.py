"""An Excel workbook as received becomes sheets: text, kind and format of every cell.

Values come from calamine, which is fast. What it does not tell (hidden rows, error cells, formulas
without a value, number formats that change the meaning) is read from the XML beside it, unpacked
under a limit: a workbook may declare anything. A sheet that would need more memory than a table can
is refused before calamine sees it.
"""

from __future__ import annotations

import codecs
import datetime as dt
import html
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from analysis.errors import InputError

MAX_COLUMNS = 16_384  # Excel's own limit
MAX_ROWS = 1_048_576
MAX_CELLS = 24_000_000


class CellKind(IntEnum):
    """What a cell holds in the file; a CSV file knows only texts."""

    EMPTY = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    BOOL = 4
    ERROR = 5


KINDS: dict[type, int] = {
    str: CellKind.TEXT,
    float: CellKind.NUMBER,
    int: CellKind.NUMBER,
    bool: CellKind.BOOL,
    dt.date: CellKind.DATE,
    dt.datetime: CellKind.DATE,
    dt.time: CellKind.DATE,
    dt.timedelta: CellKind.DATE,
}


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, or a text file, as received.

    All positions are 0-based (row, column) places in `text`. Numbers are canonical texts (``13``,
    ``0.62``), dates ISO. `number_format` lists only formats that change what a number means:
    leading zeros (``000000``), percent, units. `merged` ranges are (top, left, bottom, right),
    inclusive. A transposed sheet (one column per municipality) gives its addresses as in the file.
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

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.kind.shape[0], self.kind.shape[1]

    def address(self, row: int, column: int) -> str:
        """The cell's name in the file."""
        return address(column, row) if self.transposed else address(row, column)

    def error(self, what: str, *, hint: str, at: tuple[int, int] | None = None) -> InputError:
        """What is wrong in this sheet, or in the cell `at`."""
        cell = self.address(*at) if at else None
        return InputError(what, file=self.file, sheet=self.sheet, cell=cell, hint=hint)

    @property
    def turned(self) -> Sheet:
        """Rows and columns exchanged."""
        return Sheet(
            file=self.file,
            sheet=self.sheet,
            text=pd.DataFrame(self.text.to_numpy(object).T, dtype="str"),
            kind=np.ascontiguousarray(self.kind.T),
            number_format={(c, r): code for (r, c), code in self.number_format.items()},
            merged=tuple((c0, r0, c1, r1) for r0, c0, r1, c1 in self.merged),
            hidden_rows=self.hidden_columns,
            hidden_columns=self.hidden_rows,
            hidden=self.hidden,
            formulas={(c, r): text for (r, c), text in self.formulas.items()},
            transposed=not self.transposed,
        )


def address(row: int, column: int) -> str:
    """The name of a cell from its 0-based place.

    >>> address(11, 2), address(0, 27)
    ('C12', 'AB1')
    """
    return f"{column_letters(column)}{row + 1}"


def column_letters(column: int) -> str:
    """The letters of a 0-based column."""
    letters, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def column_number(letters: str) -> int:
    """The 0-based column of its letters.

    >>> column_number("A"), column_number("AB")
    (0, 27)
    """
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number - 1


def typed(rows: list[list[Any]], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Canonical text and kind of every cell of rows of Python values, empty cells as ''."""
    text = np.full((height, width), "", dtype=object)
    kind = np.zeros((height, width), np.uint8)
    if not rows or not rows[0]:
        return text, kind
    flat = np.empty(len(rows) * len(rows[0]), dtype=object)
    flat[:] = list(chain.from_iterable(rows))
    kinds = np.fromiter(map(KINDS.__getitem__, map(type, flat)), np.uint8, len(flat))
    kinds[flat == ""] = CellKind.EMPTY
    numbers = kinds == CellKind.NUMBER
    flat[numbers] = _number_texts(flat[numbers].astype(float))
    for other, write in ((CellKind.DATE, _date_text), (CellKind.BOOL, str)):
        at = kinds == other
        flat[at] = [
            write(value).upper() if other == CellKind.BOOL else write(value) for value in flat[at]
        ]
    text[: len(rows), : len(rows[0])] = flat.reshape(len(rows), -1)
    kind[: len(rows), : len(rows[0])] = kinds.reshape(len(rows), -1)
    return text, kind


def _number_texts(values: np.ndarray) -> np.ndarray:
    """Numbers as Excel holds them: 15 digits, no trailing zeros.

    >>> _number_texts(np.array([13.0, 0.62, 0.1 + 0.2, 1e21])).tolist()
    ['13', '0.62', '0.3', '1e+21']
    """
    out = np.empty(len(values), dtype=object)
    whole = (np.abs(values) < 1e15) & (values == np.floor(values))
    out[whole] = values[whole].astype(np.int64).astype(str)
    out[~whole] = [format(value, ".15g") for value in values[~whole]]
    return out


def _date_text(value: dt.date | dt.time | dt.timedelta) -> str:
    if isinstance(value, dt.timedelta):
        return str(value)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat()


MAX_UNPACKED = 512 * 2**20
MAX_PARTS = 10_000
SKIPPED_PARTS = re.compile(r"(?i)(/media/|/embeddings/|vbaproject|/drawings/|/printersettings/)")
COUNTS = re.compile(rb"(<(?:\w+:)?(?:sst|mergeCells|cellXfs|numFmts)\b)[^>]*?(/?>)")
BOOK_PARTS = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
ANCHOR = re.compile(rb"<(?:\w+:)?from>\s*<(?:\w+:)?col>(\d+)<.*?<(?:\w+:)?row>(\d+)<", re.S)
TAGS = re.compile(rb"<((?:\w+:)?(?:row|c))((?:\s[^>]*|/)?>)")
PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d+)["']""")
BROKEN = "the workbook is damaged and cannot be read"
REPAIR = "open it in Excel, save it again as .xlsx, or ask the sender for a new copy"


def unpack(content: bytes, file: str) -> dict[str, bytes]:
    """The parts of the archive, refused before reading where they declare too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [i for i in archive.infolist() if not SKIPPED_PARTS.search(i.filename)]
            total = sum(info.file_size for info in wanted)
            if total > MAX_UNPACKED or len(wanted) > MAX_PARTS:
                raise InputError(
                    f"the workbook unpacks to {total / 2**20:,.0f} MB in {len(wanted):,} parts "
                    f"from {len(content):,} bytes, above the limit of {MAX_UNPACKED // 2**20} MB "
                    f"and {MAX_PARTS:,} parts",
                    file=file,
                    hint="if it is genuine, save the data sheet alone as CSV",
                    reason="too_large_unpacked",
                )
            parts = {}
            for info in wanted:
                if info.flag_bits & 1:
                    raise InputError(
                        "the archive is protected by a password",
                        file=file,
                        hint="save it without a password",
                        reason="password",
                    )
                with archive.open(info) as part:  # never gives more than info.file_size
                    name = info.filename.replace("\\", "/").lstrip("/")
                    parts[name] = _utf8(part.read())
            return parts
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise broken(file, error) from None
    except (NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise broken(file, error) from None


def _utf8(data: bytes) -> bytes:
    """The same XML in UTF-8: of UTF-16, which it may be in, calamine reads nothing and says so."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16").encode()
        return re.sub(rb"""(<\?xml[^>]*?)\s+encoding\s*=\s*["'][^"']*["']""", rb"\1", data, count=1)
    return data


def repack(parts: dict[str, bytes]) -> io.BytesIO:
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


def broken(file: str, error: BaseException | None = None) -> InputError:
    """The refusal of a workbook that cannot be read."""
    what = f"{BROKEN} ({brief(error)})" if error else BROKEN
    return InputError(what, file=file, hint=REPAIR, reason="damaged")


def brief(error: BaseException) -> str:
    """The first words of a foreign error message."""
    return " ".join(str(error).split())[:120] or type(error).__name__


def attribute(tag: bytes, name: str) -> str:
    """The value of an attribute in a start tag, or an empty text."""
    found = re.search(rf"""(?<![\w:]){name}\s*=\s*(?:"([^"]*)"|'([^']*)')""".encode(), tag)
    return html.unescape((found[1] or found[2] or b"").decode("utf-8", "replace")) if found else ""


def relations(xml: bytes, folder: str) -> dict[str, str]:
    """Relation id -> the part it points to, for a part that lies in `folder`."""
    found = {}
    for tag in re.findall(rb"<(?:\w+:)?Relationship\s([^>]*)>", xml):
        path = posixpath.normpath(posixpath.join("/", folder, attribute(tag, "Target")))
        found[attribute(tag, "Id")] = path.lstrip("/")
    return found


def sheet_parts(parts: dict[str, bytes]) -> dict[str, str]:
    """Sheet name -> the part that holds it, through the relations of the workbook."""
    targets = relations(parts.get("xl/_rels/workbook.xml.rels", b""), "xl")
    tags = re.findall(rb"<(?:\w+:)?sheet\s([^>]*)>", parts.get("xl/workbook.xml", b""))
    return {attribute(tag, "name"): targets.get(attribute(tag, r"\w+:id"), "") for tag in tags}


def part(parts: dict[str, bytes], name: str) -> bytes:
    """A part by its name in any case, as calamine finds it; empty if there is none."""
    return next((data for own, data in parts.items() if own.lower() == name.lower()), b"")


def placed(xml: bytes) -> bytes:
    """The same sheet with the place of every row and cell, which are left out where they follow.

    >>> placed(b'<row><c><v>1</v></c><c/></row><row r="5"><c r="C5"/><c/></row>')
    b'<row r="1"><c r="A1"><v>1</v></c><c r="B1"/></row><row r="5"><c r="C5"/><c r="D5"/></row>'
    """
    ends = (b" ", b">", b"/", b"\n", b"\t", b"\r")
    if b":c" not in xml and all(
        xml.count(b'<%s r="' % tag) == sum(xml.count(b"<" + tag + end) for end in ends)
        for tag in (b"c", b"row")
    ):
        return xml  # as nearly all workbooks are
    row = column = 0

    def place(match: re.Match[bytes]) -> bytes:
        nonlocal row, column
        said = PLACE.search(match[2])
        if match[1].endswith(b"row"):
            row, column = int(said[2]) if said else row + 1, -1
            where = str(row)
        else:
            column = column_number(said[1].decode()) if said else column + 1
            where = address(row - 1, column)
        return match[0] if said else b'<%s r="%s"%s' % (match[1], where.encode(), match[2])

    return TAGS.sub(place, xml)


def objects(content: bytes) -> dict[str, list[str]]:
    """Sheet name -> the cells at which pictures, shapes and charts are anchored."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}

        def part(name: str) -> bytes:
            return archive.read(name) if 0 < sizes.get(name, 0) < 2**24 else b""

        found = {}
        for name, path in sheet_parts({n: part(n) for n in sizes if n in BOOK_PARTS}).items():
            folder, _, own = path.rpartition("/")
            links = relations(part(f"{folder}/_rels/{own}.rels"), folder)
            drawings = [part(link) for link in links.values() if "/drawings/drawing" in link]
            found[name] = [
                address(int(row), int(column))
                for drawing in drawings
                for column, row in ANCHOR.findall(drawing)
            ]
        return found


ROW = re.compile(rb"""<(?:\w+:)?row\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
COL = re.compile(rb"""<(?:\w+:)?col\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""")
REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)(\d+)["']""")
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
    found = REFERENCE.search(tag)
    return (int(found[2]) - 1, column_number(found[1].decode())) if found else None
