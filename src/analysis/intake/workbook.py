"""An Excel workbook as received becomes sheets: text, kind and format of every cell.

Values come from calamine; what it does not tell is read beside it by one pass of expat. A workbook
may declare anything: a sheet too large is refused before.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, cached_property
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from analysis.errors import InputError, refusal
from analysis.intake.sheet import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_UNPACKED,
    Beside,
    CellKind,
    Look,
    Place,
    Sheet,
    address,
    check_size,
    column_letters,
    place_of,
    typed,
)
from analysis.intake.shown import is_without_year
from analysis.intake.workbook_parts import (
    WorkbookParts,
    bare,
    broken,
    parser,
    part,
    relations,
    repack,
    sheet_parts,
    tags,
    unpack,
)

MAX_DRAWING = 2**24
MAX_FORM = 2**20  # bytes of a sheet that may be a form
STRUCK, PARTLY = "strike", "a part"  # of a text a part is struck out, or looks otherwise
# calamine reads what no parser of XML takes; then nothing is known of how cells look
UNPARSED = (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError)
ATTRIBUTE = re.compile(r'(?<!\w)(\w+)="([^"]*)"')
# of a cell that has one of some places and styles and says no more than its value, and of a visible
# row of such cells
PLAIN_CELL = (
    r'<c r="(?:%s)"(?: s="(?:%s)"| t="(?:[bdns]|str|inlineStr)"){0,2}'
    r"(?:/>|>(?:<v>[^<]*</v>|<is><t[^<>]*>[^<]*</t></is>)?</c>)"
)
PLAIN_ROW = r'<row(?: (?:[a-gi-z][\w:]*|ht)="[^"<]*"| hidden="(?:0|false)")*(?:/>|>(?:%s)*</row>)'


RINGS = {"ellipse", "donut", "flowChartConnector"}
NOT_SEEN = ".//{*}cNvPr[@hidden='1']"


def _linked(parts: WorkbookParts, path: str) -> dict[str, bytes]:
    """The parts to which a sheet has links, such as its drawings and comments, by name."""
    return {link: data for link in _links(parts, path).values() if (data := part(parts, link))}


def _links(parts: WorkbookParts, path: str) -> dict[str, str]:
    """Relation id -> the part that a sheet has a link to."""
    folder, _, own = path.rpartition("/")
    try:
        return relations(part(parts, f"{folder}/_rels/{own}.rels"), folder)
    except expat.ExpatError:  # calamine does without them
        return {}


def _of_offices(name: str, xml: bytes) -> bytes:
    """The drawings or comments of a sheet, refused where they are too large to be read."""
    if len(xml) <= MAX_DRAWING:
        return xml
    raise refusal("sheet.large_drawings", part=name, mb=len(xml) // 2**20)


def objects(parts: WorkbookParts, paths: Mapping[str, str]) -> dict[str, list[str]]:
    """Sheet name -> the cells at which pictures, shapes and charts are anchored.

    `paths`: of the sheets, see `sheet_parts`.
    """
    return {name: [cell for cell, _ in _anchors(parts, path)] for name, path in paths.items()}


def drawn(parts: WorkbookParts, path: str) -> tuple[Beside, ...]:
    """What is drawn on a sheet and may be an answer.

    Words in a shape, a ring, and a control (a box to tick, a list) that is set.
    """
    found = []
    for cell, anchor in _anchors(parts, path):
        seen = (s for s in anchor.iterfind(".//{*}sp") if s.find(NOT_SEEN) is None)
        texts = ([t.text or "" for t in shape.iterfind(".//{*}t")] for shape in seen)
        words = (" ".join(each).strip() for each in texts)
        said = [Beside("words-drawn", cell, text) for text in words if text]
        within = ",".join(
            anchor.findtext(f"{{*}}from/{{*}}{side}Off", "") for side in ("row", "col")
        )
        kinds = {geometry.get("prst") for geometry in anchor.iterfind(".//{*}prstGeom")}
        found += said or ([Beside("drawn", cell, cell, within)] if kinds & RINGS else [])
    return *found, *(Beside("control", cell, cell) for cell in _set_controls(parts, path))


def _set_controls(parts: WorkbookParts, path: str) -> Iterator[str]:
    """The cells at which controls begin that are ticked or of which something is chosen."""
    _, controls, rest = part(parts, path).partition(b"<controls")
    if not controls:
        return
    links, id, at = _links(parts, path), "", list[int]()
    for control, place in re.findall(
        rb'<control\s[^<>]*?r:id="([^"<>]*)|<(?:\w+:)?(?:col|row)>(\d+)<', rest
    ):
        id, at = (control.decode(), []) if control else (id, [*at, int(place)])
        if len(at) == 2:
            for _, state in tags(part(parts, links.get(id, "")), {"formControlPr"}):
                if state.get("checked") or state.get("sel", "0") != "0":
                    yield address(at[1], at[0])


def comments(parts: WorkbookParts, path: str) -> dict[str, str]:
    """Cell -> the comment on it, without the name that Excel puts before it, of a sheet.

    A thread is there twice: the copy for programs that know none tells how to read it.
    """
    comment_at: dict[str, str] = {}
    linked = (_of_offices(*one) for one in _linked(parts, path).items() if b"omment" in one[1])
    for xml in sorted(linked, key=lambda xml: b"threadedComment" in xml):
        tags(xml, ())  # refuses what is no XML, or declares entities
        root, own = ElementTree.fromstring(xml), dict[str, list[str]]()
        authors = {str(i): one.text for i, one in enumerate(root.iterfind(".//{*}author"))}
        for one in (*root.iterfind(".//{*}comment"), *root.iterfind(".//{*}threadedComment")):
            texts = (*one.iterfind(".//{*}t"), *one.iterfind("{*}text"))
            text = "".join(text.text or "" for text in texts).strip()
            text = text.removeprefix(f"{authors.get(one.get('authorId', ''))}:").strip()
            own.setdefault(one.get("ref", ""), []).append(text)
        comment_at |= {cell: " / ".join(filter(None, texts)) for cell, texts in own.items()}
    return {cell: text for cell, text in comment_at.items() if text and place_of(cell)}


class Formats:
    """How the cells of a workbook look; styles and shared texts are parsed once, when asked for.

    `paths`: of the sheets, see `sheet_parts`.
    """

    def __init__(self, parts: WorkbookParts, paths: Mapping[str, str]) -> None:
        self.sheets = {name: part(parts, path) for name, path in paths.items()}
        names = ("sharedStrings", "styles")
        self._strings, self._font_table = (part(parts, f"xl/{name}.xml") for name in names)

    @cached_property
    def styles(self) -> dict[str, Look]:
        """Style number -> its look, where that is not the one of the first style."""
        root = ElementTree.fromstring(self._font_table)
        fonts = [_look(font, *EMPHASIS) for font in root.iterfind("{*}fonts/{*}font")]
        fills = [_filling(one) for one in root.iterfind("{*}fills/{*}fill")]
        own = [fonts[int(xf.get("fontId", 0))] + fills[int(xf.get("fillId", 0))]
               for xf in root.iterfind("{*}cellXfs/{*}xf")]  # fmt: skip
        return {str(number): look for number, look in enumerate(own) if look != own[0]}

    @cached_property
    def texts(self) -> dict[int, Look]:
        """Number of a shared text -> its look, where a part of it looks otherwise."""
        if b"<rPr" not in self._strings:
            return {}
        tags(self._strings, ())  # refuses a document type
        texts = enumerate(ElementTree.fromstring(self._strings).iterfind("{*}si"))
        return {i: look for i, text in texts if (look := _parted(text))}

    def looks(self, largest: int = MAX_UNPACKED) -> dict[str, dict[Place, Look]]:
        """Sheet name -> the look of each of its cells that does not look plain.

        Of a cell of which a part looks otherwise `STRUCK` or `PARTLY` comes first. `largest`: in
        bytes, sheet by sheet, of those that are looked at.
        """
        looks: dict[str, dict[Place, Look]] = {}
        with suppress(*UNPARSED):
            for name, xml in self.sheets.items():
                if len(xml) > largest or not (self.styles or self.texts or b"<rPr" in xml):
                    continue
                own = ((cell.get("s"), place_of(cell.get("r", ""))) for _, cell in tags(xml, {"c"}))
                there = {at: self.styles[style] for style, at in own if at and style in self.styles}
                plain = rb'<c r="(\w+)"[^<>]*t="s"[^<>]*><v>(\d+)</v>'
                shared = re.findall(plain, xml) if self.texts else ()
                for cell, i in ((cell, int(i)) for cell, i in shared if int(i) in self.texts):
                    if place := place_of(cell.decode()):
                        there[place] = (*self.texts[i], *there.get(place, ()))
                looks_of = ((at, _parted(text)) for at, text in _own_texts(xml))
                there |= {at: (*look, *there.get(at, ())) for at, look in looks_of if look}
                looks[name] = there
        return looks

    def struck(self) -> dict[str, frozenset[Place]]:
        """Sheet name -> the cells of which the text or a part of it is struck out, raised or white.

        A raised or lowered part, such as the number of a footnote, counts if it has digits or
        letters; a white text where its cell has no colour.
        """
        struck: dict[str, frozenset[Place]] = {}
        with suppress(*UNPARSED):
            parted = any(word in self._strings for word in (b"<strike", b"<vertAlign"))
            strings = enumerate(
                ElementTree.fromstring(self._strings).iterfind("{*}si") if parted else ()
            )
            texts = {number for number, text in strings if _is_unsaid(text)}
            own = {
                number for number, look in self.styles.items() if is_struck(look) or is_white(look)
            }
            for name, xml in self.sheets.items():
                struck[name] = frozenset(at for at, text in _own_texts(xml) if _is_unsaid(text))
                if not (texts or own):
                    continue
                cells = re.findall(rb"<c ([^<>]*)>(?:<v>(\d+)</v>)?", xml)
                about = ((dict(ATTRIBUTE.findall(cell.decode())), value) for cell, value in cells)
                struck[name] |= frozenset(
                    place
                    for cell, v in about
                    if cell.get("s", "") in own or (cell.get("t") == "s" and v and int(v) in texts)
                    if (place := place_of(cell.get("r", "")))
                )
        return struck


WHITE = re.compile(r"\[\('(?:theme', '0|indexed', '(?:1|9|64)|rgb', '(?:FF|00)?FFFFFF)'\)\]")
EMPHASIS = ("b", "i", "u", "strike", "color")


def _look(element: ElementTree.Element, *names: str) -> Look:
    """The parts of a font or a filling by which cells are told apart, without those turned off."""
    parts = (part for name in names for part in element.iterfind(f".//{{*}}{name}"))
    seen = (part for part in parts if part.get("val") not in {"0", "false", "none", "baseline"})
    return tuple(f"{part.tag} {sorted(part.attrib.items())}" for part in seen)


def _filling(fill: ElementTree.Element) -> Look:
    """The colour of a filling; a solid one without is black."""
    pattern = next((one.get("patternType") for one in fill.iterfind("{*}patternFill")), None)
    black = ("{}fgColor",) if pattern == "solid" else ()
    return _look(fill, "fgColor") or black if pattern != "none" else ()


def _parted(text: ElementTree.Element) -> Look:
    """The look of a text of which a part looks otherwise: `STRUCK`, or `PARTLY`, all and those."""
    runs = [run for run in text.iterfind("{*}r") if (run.findtext("{*}t") or "").strip()]
    looks = [(run.findtext("{*}t"), _look(run, *EMPHASIS)) for run in runs]
    if any(mark.partition(" ")[0].endswith("strike") for _, look in looks for mark in look):
        return (STRUCK,)
    black = "('theme', '1')"
    seen = [(text, [mark for mark in look if black not in mark]) for text, look in looks]
    texts = (str(text).strip() for text, marks in seen if marks != seen[0][1])
    return (PARTLY, str(looks), *texts) if len({look for _, look in looks}) > 1 else ()


def _is_unsaid(text: ElementTree.Element) -> bool:
    """Whether a part of a text is struck out, or raised or lowered: a footnote, not that of m²."""
    before = ""
    for run in text.iterfind("{*}r"):
        part = run.findtext("{*}t") or ""
        raised = _look(run, "vertAlign") and re.search(r"\w", part) and not before.endswith("m")
        if (part.strip() and is_struck(_look(run, "strike"))) or raised:
            return True
        before = part
    return False


def _own_texts(xml: bytes) -> Iterator[tuple[Place, ElementTree.Element]]:
    """The cells with a text of their own, not a shared one, of parts with fonts, and that text."""
    for cell in xml.split(b"<c ") if b"<is>" in xml and b"<rPr" in xml else ():
        inside = cell.partition(b"<is>")[2].partition(b"</is>")[0]
        named = dict(ATTRIBUTE.findall(cell.partition(b">")[0].decode()))
        if b"<rPr" in inside and (place := place_of(named.get("r", ""))):
            yield place, ElementTree.fromstring(b"<is>" + inside + b"</is>")


@cache
def fill_of(look: Look) -> str:
    """The colour that fills a cell; empty where that is white or there is none."""
    fill = next((part for part in look if "}fgColor" in part), "")
    return "" if WHITE.search(fill) else fill


def is_white(look: Look) -> bool:
    """Whether a cell's text is white where nothing fills the cell."""
    colour = next((part for part in look if "}color " in part), "")
    automatic = "'indexed', '64'" in colour  # black for a text
    return not automatic and WHITE.search(colour) is not None and not fill_of(look)


def is_struck(look: Look) -> bool:
    """Whether a line is through a cell's text, or a part of it."""
    return "strike" in str(look)


def _anchors(parts: WorkbookParts, path: str) -> Iterator[tuple[str, ElementTree.Element]]:
    """The objects of the drawings of a sheet, each with the cell at which it begins.

    That is A1 of one that is placed by its distance from the sheet's corner.
    """
    linked = _linked(parts, path).items()
    for drawing in (_of_offices(*one) for one in linked if "/drawings/drawing" in one[0]):
        try:
            root = ElementTree.fromstring(drawing)
        except (ElementTree.ParseError, LookupError, ValueError):  # damaged, an unknown encoding
            continue
        for anchor in (one for one in root.iter() if one.tag.endswith("Anchor")):
            begin = {bare(part.tag.replace("}", ":")): part.text or ""
                     for part in anchor.iterfind("{*}from/*")}  # fmt: skip
            row, column = begin.get("row", "0"), begin.get("col", "0")
            if row.isdecimal() and column.isdecimal():
                yield address(int(row), int(column)), anchor


# --- what calamine does not tell ----------------------------------------------------------------


class Marks:
    """What the XML of a sheet says beside its values, by 0-based place, read in one pass.

    Rows and cells without a place follow the one before. `styles`: style number -> its number
    format, of those that matter (see `telling_formats`).

    Attributes
    ----------
    height, width : of the range in which cells have content.
    far : the cell with content that makes that range largest.
    formats : number formats that change what a number means.
    formulas : the text of each formula, such as ``=A1+1``; shared ones may have none.
    errors : cells with an error value or with a formula whose result is not stored.

    >>> found = Marks(b'<x><row hidden="1"><c s="3"><v>1</v></c><c><f>A1</f></c></row></x>',
    ...               {"3": "0%"})
    >>> found.formats, found.formulas, found.hidden_rows, (found.height, found.width)
    ({(0, 0): '0%'}, {(0, 1): '=A1'}, {0}, (1, 2))
    """

    def __init__(self, xml: bytes = b"", styles: dict[str, str] | None = None) -> None:
        self.height = self.width = 0
        self.far: Place = (0, 0)
        self.formats: dict[Place, str] = {}
        self.formulas: dict[Place, str] = {}
        self.errors: dict[Place, str] = {}
        self.hidden_rows: set[int] = set()
        self.hidden_columns: list[tuple[int, int]] = []  # the first, and the one behind the last
        self._styles = styles or {}
        if not (xml := _telling(xml, self._styles)):
            return
        self._row = self._column = -1
        self._cell: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # of the formula and the value of the current cell
        self._inside = ""
        reader = parser()
        reader.StartElementHandler, reader.EndElementHandler = self._start, self._end
        reader.CharacterDataHandler = self._text
        reader.Parse(xml, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = bare(name)
        hidden = attributes.get("hidden") in ("1", "true")
        if name == "c":
            self._cell, self._texts = attributes, {}
            there = place_of(attributes.get("r", ""))
            self._row, self._column = there or (max(self._row, 0), self._column + 1)
        elif name in ("v", "f", "is"):
            self._inside, self._texts[name] = name, ""
        elif name == "row":
            number = attributes.get("r", "")
            self._row = int(number) - 1 if number.isdecimal() else self._row + 1
            self._column = -1
            if hidden:
                self.hidden_rows.add(self._row)
        elif name == "col" and hidden:
            ends = (attributes.get(end, "") for end in ("min", "max"))
            first, last = (int(end) if end.isdecimal() else 0 for end in ends)
            self.hidden_columns.append((first - 1, last))

    def _text(self, text: str) -> None:
        if self._inside in ("v", "f"):
            self._texts[self._inside] += text

    def _end(self, name: str) -> None:
        name = bare(name)
        if name == self._inside:
            self._inside = ""
        elif name == "c" and self._texts:
            self._close()

    def _close(self) -> None:
        """Note what the cell that ends here says."""
        place = row, column = self._row, self._column
        self.height, self.width = max(self.height, row + 1), max(self.width, column + 1)
        if (row + 1) * (column + 1) > (self.far[0] + 1) * (self.far[1] + 1):
            self.far = place
        if self._cell.get("s", "") in self._styles:
            self.formats[place] = self._styles[self._cell["s"]]
        value, kind = self._texts.get("v", ""), self._cell.get("t")
        if "f" in self._texts:
            self.formulas[place] = f"={self._texts['f']}"
            if not value and kind != "str":  # one that yields "" stores an empty text
                self.errors[place] = self.formulas[place]
        if kind == "e":
            self.errors[place] = value or "#ERROR"


def _telling(xml: bytes, styles: dict[str, str]) -> bytes:
    """What of a sheet is parsed for marks: not its plain cells, which are most; often nothing.

    All of it, where a row or a cell may lie without a place or further off than a table reaches.
    """
    last = re.compile(rb'<row r="([1-9][0-9]{0,6})"').match(xml, xml.rfind(b"<row "))
    rows = last[1].decode() if last else "1"
    columns = column_letters(min(MAX_CELLS // int(rows), MAX_COLUMNS) - 1)
    place = f"(?:{names_up_to(columns, 'A-Z')})(?:{names_up_to(rows, '0-9')})"
    own = [b's="%s"' % style.encode() for style in styles]
    if _is_plain(xml, PLAIN_CELL % (place, "[0-9]+")) and not any(style in xml for style in own):
        return b""
    others = f'(?!(?:{"|".join(styles or "-")})")[0-9]+'
    rest = re.sub((PLAIN_CELL % (place, others)).encode(), b"", xml)
    elsewhere = rb'<(?:c(?! r="%s")|row(?! r="[0-9]))[\s/>]' % place.encode()
    if b":c" in rest or b"<!" in rest or re.search(elsewhere, rest):
        return xml
    return rest if any(mark in rest for mark in (b"<f", b"hidden", b't="e"', b"'", *own)) else b""


def _is_plain(xml: bytes, cell: str) -> bool:
    """Whether a sheet is nothing but visible rows of such cells, so that it says nothing beside.

    Told by Arrow's engine for regular expressions, which reads a sheet without stopping at a cell.
    """
    start, stop = xml.find(b"<sheetData>"), xml.rfind(b"</sheetData>")
    around = xml[: max(start, 0)] + xml[stop:]
    if not 0 <= start < stop or re.search(rb"hidden|<!|<(?:\w+:)?(?:row|c)[\s/>]", around):
        return False
    ends, whole = np.array([start, stop]), pa.py_buffer(xml)
    rows = pa.Array.from_buffers(pa.large_binary(), 1, [None, pa.py_buffer(ends), whole])
    pattern = rf"\A<sheetData>\s*(?:{PLAIN_ROW % cell}\s*)*\z"
    return bool(pc.match_substring_regex(rows, pattern=pattern)[0].as_py())


def names_up_to(last: str, signs: str) -> str:
    """A pattern of all names of letters or digits up to a last one, as columns and rows have them.

    >>> names_up_to("120", "0-9"), names_up_to("CB", "A-Z")
    ('[0-9]{1,2}|[0-0][0-9]{2}|1[0-1][0-9]{1}|120', '[A-Z]{1,1}|[A-B][A-Z]{1}|C[A-A][A-Z]{0}|CB')
    """
    more, first = len(last) - 1, signs[0]
    shorter = [f"[{signs}]{{1,{more}}}"] if more else []
    before = [
        f"{last[:at]}[{first}-{chr(ord(sign) - 1)}][{signs}]{{{more - at}}}"
        for at, sign in enumerate(last)
        if sign > first
    ]
    return "|".join([*shorter, *before, last])


def telling_formats(xml: bytes) -> dict[str, str]:
    """Style number -> number format, of those with leading zeros, per cent, words or units.

    And of those that show a day without its year.
    """
    codes = {"9": "0%", "10": "0.00%", "16": "d-mmm"}
    formats, number, within = {}, 0, ""
    lists = {"cellStyleXfs", "cellXfs", "cellStyles", "dxfs"}
    for name, tag in tags(xml, {"numFmt", "xf", *lists}):
        if name in lists:
            within = name
        elif name == "numFmt":
            codes[tag.get("numFmtId", "")] = tag.get("formatCode", "")
        elif within == "cellXfs":
            code = codes.get(tag.get("numFmtId", ""), "")
            core = re.sub(r'"[^"]*"|\[[^\[\]]*\]|\\.', "", code).replace("General", "").lower()
            of_number = re.search(r'^0{2,}|%|["¥￥$€]|,(?:$|;)|\\', code)
            if (of_number and not re.search("[ymdhsge]", core)) or is_without_year(core):
                formats[str(number)] = code
            number += 1
    return formats


# --- sheets -------------------------------------------------------------------------------------


def read_workbook(content: bytes, file: str) -> list[Sheet]:
    """All worksheets of an xlsx or xlsm file, in workbook order.

    Raises InputError: the archive or a sheet is damaged, unpacks to more than 512 MiB, or spans
    more cells than a table can have.
    """
    parts = unpack(content, file)
    try:
        paths = sheet_parts(parts)
        if not paths:
            raise refusal("file.zip", file=file, reason="archive")
        styles = telling_formats(part(parts, "xl/styles.xml"))
        sheet_of = {path.lower(): name for name, path in paths.items()}
        marks = {}
        for path, xml in parts.items():
            if b"sheetData" in xml:  # whatever calamine may come to read as a sheet
                sheet = marks[path.lower()] = Marks(xml, styles)
                where, far = sheet_of.get(path.lower(), path), address(*sheet.far)
                check_size((sheet.height, sheet.width), file, sheet=where, cell=far)
        with CalamineWorkbook.from_filelike(repack(parts)) as book:
            if len({*book.sheet_names}) < len(book.sheet_names):  # it would read one of them twice
                raise refusal("sheet.same_name", file=file)
            formats = Formats(parts, paths)
            of_cells, gone = formats.looks(MAX_FORM), formats.struck()
            sheets = [
                _sheet(file, about, book, marks.get(paths.get(about.name, "").lower(), Marks()))
                for about in book.sheets_metadata
                if about.typ is SheetTypeEnum.WorkSheet
            ]
            return [
                replace(
                    sheet,
                    drawn=drawn(parts, paths.get(sheet.sheet, "")),
                    struck=gone.get(sheet.sheet, frozenset()),
                    comments=comments(parts, paths.get(sheet.sheet, "")),
                    looks=of_cells.get(sheet.sheet, {}),
                )
                for sheet in sheets
            ]
    except InputError as error:
        error.file = error.file or file
        raise
    except (CalamineError, expat.ExpatError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise broken(file, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's panic, no Exception
            raise
        raise broken(file) from None


def _sheet(file: str, about: SheetMetadata, book: CalamineWorkbook, marks: Marks) -> Sheet:
    """One sheet: the values of calamine, with what the marks tell."""
    values = book.get_sheet_by_name(about.name)
    rows = values.to_python(skip_empty_area=False)
    height = max([len(rows), *(row + 1 for row, _ in marks.errors)])
    width = max([len(rows[0]) if rows else 0, *(column + 1 for _, column in marks.errors)])
    for row in rows:
        row += [""] * (width - len(row))
    rows += ([""] * width for _ in range(height - len(rows)))
    untold = [(r, c) for r, c in marks.errors if rows[r][c] == ""]
    for r, c in untold:
        rows[r][c] = marks.errors[r, c]
    text, kind = typed(rows)
    for place in untold:
        kind[place] = CellKind.ERROR
    return Sheet(
        file=file,
        sheet=about.name,
        text=text,
        kind=kind,
        number_format={  # of a text such as 無回答 it says nothing
            place: code
            for place, code in marks.formats.items()
            if place[0] < height
            and place[1] < width
            and kind[place] == (CellKind.DATE if is_without_year(code) else CellKind.NUMBER)
        },
        merged=tuple((*first, *last) for first, last in values.merged_cell_ranges or ()),
        hidden_rows=frozenset(marks.hidden_rows),
        hidden_columns=frozenset(
            column
            for first, last in marks.hidden_columns
            for column in range(max(first, 0), min(last, width))
        ),
        hidden=about.visible is not SheetVisibleEnum.Visible,
        formulas=marks.formulas,
    )
