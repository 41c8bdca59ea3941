"""An Excel workbook as received becomes sheets: text, kind and format of every cell.

Values come from calamine, which is fast. What it does not tell (hidden rows, error cells, formulas
without a value, number formats that change the meaning) is read beside it by one pass of expat, in
time linear in the size of the file, unpacked under a limit: a workbook may declare anything. A
sheet that would need more memory than a table can is refused before calamine sees it.
"""

from __future__ import annotations

import codecs
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.parsers import expat

import pandas as pd
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from analysis.errors import InputError, Message
from analysis.intake.sheet import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_PARTS,
    MAX_ROWS,
    MAX_UNPACKED,
    CellKind,
    Place,
    Sheet,
    address,
    column_number,
    typed,
)

MAX_DRAWING = 2**24
SKIPPED_PARTS = re.compile(r"(?i)(/media/|/embeddings/|vbaproject|/drawings/|/printersettings/)")
COUNTS = re.compile(rb"(<(?:\w+:)?(?:sst|mergeCells|cellXfs|numFmts)\b)[^<>]*?(/?>)")
ENCODING = re.compile(rb"""\sencoding\s*=\s*["'][^"']*["']""")
LONGEST_HEAD = 500  # bytes of an XML declaration
SPACES = re.compile(rb"""\sxmlns(?::\w+)?\s*=\s*(?:"[^"]*"|'[^']*')""")
BOOK_PARTS = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
REPAIR = Message("open it in Excel, save it again as .xlsx, or ask the sender for a new copy")


def unpack(content: bytes, file: str) -> dict[str, bytes]:
    """The parts of the archive, refused before reading where they declare too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [i for i in archive.infolist() if not SKIPPED_PARTS.search(i.filename)]
            total = sum(info.file_size for info in wanted)
            if total > MAX_UNPACKED or len(wanted) > MAX_PARTS:
                raise InputError(
                    "the workbook unpacks to {total:,.0f} MB in {n:,} parts from {size:,} bytes, "
                    "above the limit of {max_unpacked} MB and {max_parts:,} parts",
                    file=file,
                    hint="if it is genuine, save the data sheet alone as CSV",
                    reason="too_large_unpacked",
                    total=total / 2**20,
                    n=len(wanted),
                    size=len(content),
                    max_unpacked=MAX_UNPACKED // 2**20,
                    max_parts=MAX_PARTS,
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
                    parts[name] = as_utf8(part.read())
            return parts
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise broken(file, error) from None
    except (NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise broken(file, error) from None


def as_utf8(data: bytes) -> bytes:
    """The same XML in UTF-8: of UTF-16, which it may be in, calamine reads nothing and says so."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16").encode()
        head, end, rest = data.partition(b"?>")  # where nothing runs back and forth over the rest
        return ENCODING.sub(b"", head[:LONGEST_HEAD], count=1) + head[LONGEST_HEAD:] + end + rest
    return data


def repack(parts: dict[str, bytes]) -> io.BytesIO:
    """The same parts stored plainly, without the counts that calamine would reserve room for."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            if name.endswith(".xml") and (b"count" in data or b"Count" in data):
                data = COUNTS.sub(
                    lambda tag: tag[1] + b"".join(SPACES.findall(tag[0])) + tag[2], data
                )
            archive.writestr(zipfile.ZipInfo(name), data)
    out.seek(0)
    return out


def broken(file: str, error: BaseException | None = None) -> InputError:
    """The refusal of a workbook that cannot be read."""
    return InputError(
        "the workbook is damaged and cannot be read ({fault})"
        if error
        else "the workbook is damaged and cannot be read",
        file=file,
        hint=REPAIR,
        reason="damaged",
        fault=brief(error) if error else "",
    )


def brief(error: BaseException) -> str:
    """The first words of a foreign error message."""
    return " ".join(str(error).split())[:120] or type(error).__name__


# --- the XML of its parts -----------------------------------------------------------------------


def parser() -> expat.XMLParserType:
    """An XML parser that gives names as they are written, and no entities of a document's own."""
    made = expat.ParserCreate()
    made.buffer_text = True

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a document type is declared")

    made.StartDoctypeDeclHandler = refuse
    return made


def bare(name: str) -> str:
    """The name of an element or attribute without its prefix."""
    return name.rpartition(":")[2]


def tags(xml: bytes, wanted: Collection[str]) -> list[tuple[str, dict[str, str]]]:
    """The start tags of the wanted elements in their order, names without prefixes.

    >>> tags(b'<a><x:b x:id="1"/><c/></a>', {"b"})
    [('b', {'id': '1'})]
    """
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if (own := bare(name)) in wanted:
            found.append((own, {bare(key): value for key, value in attributes.items()}))

    reader = parser()
    reader.StartElementHandler = start
    if xml:
        reader.Parse(xml, True)
    return found


def relations(xml: bytes, folder: str) -> dict[str, str]:
    """Relation id -> the part it points to, for a part that lies in `folder`."""
    return {
        tag.get("Id", ""): posixpath.normpath(
            posixpath.join("/", folder, tag.get("Target", ""))
        ).lstrip("/")
        for _, tag in tags(xml, {"Relationship"})
    }


def sheet_parts(parts: dict[str, bytes]) -> dict[str, str]:
    """Sheet name -> the part that holds it, through the relations of the workbook."""
    targets = relations(parts.get("xl/_rels/workbook.xml.rels", b""), "xl")
    sheets = tags(parts.get("xl/workbook.xml", b""), {"sheet"})
    return {tag.get("name", ""): targets.get(tag.get("id", ""), "") for _, tag in sheets}


def part(parts: dict[str, bytes], name: str) -> bytes:
    """A part by its name in any case, as calamine finds it; empty if there is none."""
    return next((data for own, data in parts.items() if own.lower() == name.lower()), b"")


def objects(content: bytes) -> dict[str, list[str]]:
    """Sheet name -> the cells at which pictures, shapes and charts are anchored."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}

        def part(name: str) -> bytes:
            return as_utf8(archive.read(name)) if 0 < sizes.get(name, 0) < MAX_DRAWING else b""

        found: dict[str, list[str]] = {}
        for name, path in sheet_parts({n: part(n) for n in sizes if n in BOOK_PARTS}).items():
            folder, _, own = path.rpartition("/")
            try:
                links = relations(part(f"{folder}/_rels/{own}.rels"), folder)
            except expat.ExpatError:  # calamine does without them
                links = {}
            drawings = (part(link) for link in links.values() if "/drawings/drawing" in link)
            found[name] = [cell for drawing in drawings for cell in _anchors(drawing)]
        return found


def _anchors(drawing: bytes) -> list[str]:
    """The cells at which the objects of a drawing begin."""
    try:
        root = ElementTree.fromstring(drawing or b"<none/>")
    except ElementTree.ParseError:
        return []
    begins = (
        {bare(part.tag.replace("}", ":")): part.text or "" for part in anchor}
        for anchor in root.iterfind(".//{*}from")
    )
    return [
        address(int(begin["row"]), int(begin["col"]))
        for begin in begins
        if begin.get("row", "").isdecimal() and begin.get("col", "").isdecimal()
    ]


# --- what calamine does not tell ----------------------------------------------------------------


@dataclass
class Marks:
    """What the XML of a sheet says beside its values, by 0-based place.

    Attributes
    ----------
    height, width : of the range in which cells have content.
    far : the cell with content that makes that range largest.
    formats : number formats that change what a number means.
    formulas : the text of each formula, such as ``=A1+1``; shared ones may have none.
    errors : cells with an error value or with a formula whose result is not stored.
    """

    height: int = 0
    width: int = 0
    far: Place = (0, 0)
    formats: dict[Place, str] = field(default_factory=dict)
    formulas: dict[Place, str] = field(default_factory=dict)
    errors: dict[Place, str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)


def marks(xml: bytes, styles: dict[str, str]) -> Marks:
    """Read the marks of a sheet in one pass; rows and cells without a place follow the one before.

    `styles`: style number -> its number format, of those that matter (see `telling_formats`).

    >>> found = marks(b'<x><row hidden="1"><c s="3"><v>1</v></c><c><f>A1</f></c></row></x>',
    ...               {"3": "0%"})
    >>> found.formats, found.formulas, found.hidden_rows, (found.height, found.width)
    ({(0, 0): '0%'}, {(0, 1): '=A1'}, {0}, (1, 2))
    """
    found = Marks()
    if _surely_plain(xml, styles):
        return found
    reader = _SheetReader(found, styles)
    reader.parser.Parse(xml, True)
    return found


class _SheetReader:
    """The handlers of the pass: where it is, and what the current cell says."""

    def __init__(self, found: Marks, styles: dict[str, str]) -> None:
        self.found, self.styles = found, styles
        self.row = self.column = -1
        self.cell: dict[str, str] = {}
        self.filled = False
        self.texts: dict[str, str] = {}  # of the formula and the value of the current cell
        self.inside = ""
        self.parser = parser()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = bare(name)
        if name == "c":
            self.cell, self.filled, self.texts = attributes, False, {}
            said = place_of(attributes.get("r", ""))
            self.row, self.column = said or (max(self.row, 0), self.column + 1)
        elif name in ("v", "f", "is"):
            self.filled, self.inside = True, name
            self.texts[name] = ""
        elif name == "row":
            number = attributes.get("r", "")
            self.row = int(number) - 1 if number.isdecimal() else self.row + 1
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.found.hidden_rows.add(self.row)
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            ends = (attributes.get(end, "") for end in ("min", "max"))
            first, last = (int(end) if end.isdecimal() else 0 for end in ends)
            self.found.hidden_columns.append((first - 1, last))

    def text(self, text: str) -> None:
        if self.inside in ("v", "f"):
            self.texts[self.inside] += text

    def end(self, name: str) -> None:
        name = bare(name)
        if name == self.inside:
            self.inside = ""
        elif name == "c" and self.filled:
            self.close()

    def close(self) -> None:
        """Note what the cell that ends here says."""
        place, found = (self.row, self.column), self.found
        found.height, found.width = (
            max(found.height, self.row + 1),
            max(found.width, self.column + 1),
        )
        if (self.row + 1) * (self.column + 1) > (found.far[0] + 1) * (found.far[1] + 1):
            found.far = place
        if self.cell.get("s", "") in self.styles:
            found.formats[place] = self.styles[self.cell["s"]]
        value, kind = self.texts.get("v", ""), self.cell.get("t")
        if "f" in self.texts:
            found.formulas[place] = f"={self.texts['f']}"
            if not value and kind != "str":  # one that yields "" stores an empty text
                found.errors[place] = found.formulas[place]
        if kind == "e":
            found.errors[place] = value or "#ERROR"


def place_of(cell: str) -> Place | None:
    """The 0-based place of a cell's name, None where it is none.

    >>> place_of("C12"), place_of("C")
    ((11, 2), None)
    """
    letters = cell.rstrip("0123456789")
    digits = cell[len(letters) :]
    if not (digits and letters.isascii() and letters.isalpha()):
        return None
    return int(digits) - 1, column_number(letters)


def _surely_plain(xml: bytes, styles: dict[str, str]) -> bool:
    """Whether a sheet surely has no marks and is no larger than a table, as nearly all are."""
    if b":c" in xml or any(mark in xml for mark in (b"<f", b"hidden", b't="e"', b"'e'", b"<!")):
        return False
    if any(b's="%s"' % style.encode() in xml or b"s='" in xml for style in styles):
        return False
    rows = max(map(int, re.findall(rb'<row r="(\d{1,9})"', xml)), default=0)
    digits = len(str(rows))
    if re.search(rb'<c(?! r="[A-Z]{1,3}\d{1,%d}")[\s/>]' % digits, xml):
        return False
    letters = {found.decode() for found in re.findall(rb'<c r="([A-Z]+)', xml)}
    columns = max(map(column_number, letters), default=-1) + 1
    return columns <= MAX_COLUMNS and 10**digits * columns <= MAX_CELLS


def _refuse_vast(found: Marks, file: str, sheet: str) -> None:
    """Refuse a sheet whose used range is larger than a table can be."""
    if found.width > MAX_COLUMNS:
        raise InputError(
            "the sheet has {width:,} columns; a table has at most {max_columns:,}",
            file=file,
            sheet=sheet,
            hint="remove what stands far to the right, or check the layout in wave.yml",
            reason="too_wide",
            width=found.width,
            max_columns=MAX_COLUMNS,
        )
    if found.height > MAX_ROWS or found.height * found.width > MAX_CELLS:
        raise InputError(
            "the sheet spans {height:,} rows and {width:,} columns, more than can be read",
            file=file,
            sheet=sheet,
            cell=address(*found.far),
            hint="remove the cells far below or far to the right of the table",
            reason="too_large",
            height=found.height,
            width=found.width,
        )


def telling_formats(xml: bytes) -> dict[str, str]:
    """Style number -> number format, of those with leading zeros, percent, units or thousands."""
    codes = {"9": "0%", "10": "0.00%"}
    found, number, within = {}, 0, ""
    lists = {"cellStyleXfs", "cellXfs", "cellStyles", "dxfs"}
    for name, tag in tags(xml, {"numFmt", "xf", *lists}):
        if name in lists:
            within = name
        elif name == "numFmt":
            codes[tag.get("numFmtId", "")] = tag.get("formatCode", "")
        elif within == "cellXfs":
            code = codes.get(tag.get("numFmtId", ""), "")
            if re.search(r'^0{2,}|%|["]|,(?:$|;)|\\', code) and not re.search(
                r"(?i)[ymdhsge]",
                re.sub(r'"[^"]*"|\[[^\[\]]*\]|\\.', "", code).replace("General", ""),
            ):
                found[str(number)] = code
            number += 1
    return found


# --- sheets -------------------------------------------------------------------------------------


def read_workbook(content: bytes, file: str) -> list[Sheet]:
    """All worksheets of an xlsx or xlsm file, in workbook order.

    Raises
    ------
    InputError
        The archive or a sheet is damaged, unpacks to more than 512 MiB, or spans more cells than a
        table can have.
    """
    parts = unpack(content, file)
    try:
        paths = sheet_parts(parts)
        if not paths:
            raise InputError(
                "this is a zip archive but not an Excel workbook",
                file=file,
                hint="save it from Excel as .xlsx",
                reason="archive",
            )
        styles = telling_formats(part(parts, "xl/styles.xml"))
        sheet_of = {path.lower(): name for name, path in paths.items()}
        told = {}
        for path, xml in parts.items():  # whatever calamine may come to read as a sheet
            if b"sheetData" in xml:
                told[path.lower()] = marks(xml, styles)
                _refuse_vast(told[path.lower()], file, sheet_of.get(path.lower(), path))
        with CalamineWorkbook.from_filelike(repack(parts)) as book:
            if len(set(book.sheet_names)) < len(
                book.sheet_names
            ):  # it would read one of them twice
                raise InputError("two sheets have the same name", file=file, hint="rename one")
            return [
                _sheet(file, about, book, told.get(paths.get(about.name, "").lower(), Marks()))
                for about in book.sheets_metadata
                if about.typ is SheetTypeEnum.WorkSheet
            ]
    except InputError:
        raise
    except (CalamineError, expat.ExpatError, ValueError) as error:
        raise broken(file, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's panic, no Exception
            raise
        raise broken(file) from None


def _sheet(file: str, about: SheetMetadata, book: CalamineWorkbook, told: Marks) -> Sheet:
    """One sheet: the values of calamine, with what the marks tell."""
    values = book.get_sheet_by_name(about.name)
    rows = values.to_python(skip_empty_area=False)
    height = max([len(rows), *(row + 1 for row, _ in told.errors)])
    width = max([len(rows[0]) if rows else 0, *(column + 1 for _, column in told.errors)])
    text, kind = typed(rows, height, width)
    for place, value in told.errors.items():
        if kind[place] == CellKind.EMPTY:
            text[place], kind[place] = value, CellKind.ERROR
    return Sheet(
        file=file,
        sheet=about.name,
        text=pd.DataFrame(text, dtype="str"),
        kind=kind,
        number_format={  # of a text such as 無回答 it says nothing
            place: code
            for place, code in told.formats.items()
            if place[0] < height and place[1] < width and kind[place] == CellKind.NUMBER
        },
        merged=tuple((*first, *last) for first, last in values.merged_cell_ranges or ()),
        hidden_rows=frozenset(told.hidden_rows),
        hidden_columns=frozenset(
            column
            for first, last in told.hidden_columns
            for column in range(max(first, 0), min(last, width))
        ),
        hidden=about.visible is not SheetVisibleEnum.Visible,
        formulas=told.formulas,
    )
