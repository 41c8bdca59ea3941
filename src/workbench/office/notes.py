"""Comments in the cells of a workbook; the parts that do not hold them stay as received.

openpyxl is not used: it reads a workbook into its own model and writes that, and what the model
does not have is lost (shapes, form controls, furigana, parts of charts and of conditional
formats). An office would get back a form that looks otherwise than the one it sent.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Mapping
from importlib.resources import files
from itertools import chain, count
from pathlib import Path
from xml.parsers.expat import ExpatError

import pandas as pd
from lxml import etree

from analysis.errors import refusal
from analysis.intake.files import read_file
from analysis.intake.sheet import Place, Sheet, address, column_number
from analysis.intake.workbook_parts import BOOK_PARTS, brief, relations, sheet_parts, tags
from analysis.text import Language
from workbench import outputs

AUTHOR = "workbench"
TYPES = "[Content_Types].xml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/"
LINK = {"Relationship"}
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_LINKS = f"{STRICT}officeDocument/relationships"
COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
VML = "application/vnd.openxmlformats-officedocument.vmlDrawing"
VML_SPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
# the kind of shape that a comment has, and the box of one
KIND, BOX = files("workbench").joinpath("templates/comment_boxes.vml").read_text().splitlines()
# what the format puts behind the line that names the drawing of the comments
BEHIND = ("legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems",
          "tableParts", "extLst", "AlternateContent")  # fmt: skip
# what reading the parts of a workbook raises where they are not as the format demands
DAMAGED = (KeyError, ValueError, AttributeError, EOFError, zlib.error, ExpatError, etree.LxmlError,
           zipfile.BadZipFile)  # fmt: skip
NO_CELLS = b"<sheetData/>"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # which XML cannot hold
Notes = Mapping[Place, str]


def annotate(file: Path, findings: pd.DataFrame, out: Path, *, language: Language = "ja") -> None:
    """Write a copy of a workbook with a comment in every cell that breaks a rule.

    Raises InputError: the file is no workbook, or `out` is a file that is no earlier copy of this
    kind.
    """
    check_place(file, out)
    pages = {sheet.sheet: sheet for sheet in read_file(file)}  # refuses damaged ones
    visible = next((name for name, page in pages.items() if not page.hidden), "")
    notes: dict[str, dict[Place, list[str]]] = {}
    rows = findings[(findings["file"] == file.name) & (findings["cell"] != "")]
    for name, cell, check, text in rows[["sheet", "cell", "check", language]].to_numpy().tolist():
        # nobody would find it in the hidden sheet
        name = visible if visible and pages[name].hidden and check == "hidden" else name
        place = _place(pages[name], cell)
        line = text if cell in (address(*place), "A1") else f"{cell} {text}"
        notes.setdefault(name, {}).setdefault(place, []).append(line)
    texts = {
        name: {place: "\n".join(dict.fromkeys(lines)) for place, lines in own.items()}
        for name, own in notes.items()
    }
    try:
        content = with_notes(file.read_bytes(), texts)
    except DAMAGED as error:
        raise refusal("audit.not_copied", file=file, fault=brief(error)) from None
    outputs.write({out: content}, "audit")


def check_place(file: Path, out: Path) -> None:
    """Refuse what would harm a file as received, or give a copy that Excel does not open."""
    if out.resolve() == file.resolve():
        raise refusal("audit.copy_over_received", file=out)
    suffix = file.suffix.lower()
    if suffix not in {".xlsx", ".xlsm"}:
        raise refusal("audit.copy_of_no_workbook", file=file)
    if out.suffix.lower() != suffix:
        raise refusal(
            "audit.copy_of_another_kind", file=out, suffix=suffix, name=f"{out.stem}{suffix}"
        )
    outputs.refuse_others([out], "audit")


def _place(page: Sheet, cell: str) -> Place:
    """Where a comment is put: the first cell of a range that can be seen."""
    letters, digits = re.findall("^([A-Z]*)([0-9]*)", cell)[0]
    given = (int(digits or 1) - 1, column_number(letters or "A"))
    row, column = (  # the next one before it, else after it, that is not hidden
        next(i for i in chain(range(at, -1, -1), count(at)) if i not in hidden)
        for at, hidden in zip(given, (page.hidden_rows, page.hidden_columns), strict=True)
    )
    for top, left, bottom, right in page.merged:
        if top <= row <= bottom and left <= column <= right:
            return top, left
    return row, column


def with_notes(content: bytes, notes: Mapping[str, Notes]) -> bytes:
    """The workbook with these comments, by sheet; a cell's own comment stays in front."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as received:
        parts = _Package(received)
        for sheet, own in notes.items():
            if own:
                parts.annotate(parts.sheets[sheet], own)
        with zipfile.ZipFile(out, "w") as copy:
            for name in dict.fromkeys([*received.namelist(), *parts.changed]):
                held = parts.changed.get(name) or received.read(name)
                part = zipfile.ZipInfo(name)  # of the earliest date: the same copy at any time
                copy.writestr(part, held, zipfile.ZIP_DEFLATED)
    return out.getvalue()


class _Package:
    """The parts of an archive, those changed in place of those received."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = set(archive.namelist())
        self.changed: dict[str, bytes] = {}
        self.sheets = sheet_parts({name: self.read(name) for name in BOOK_PARTS})

    def read(self, name: str, default: str = "") -> bytes:
        if name in self.changed:
            return self.changed[name]
        return self.archive.read(name) if name in self.names else default.encode()

    def tree(self, name: str, default: str = "") -> etree._Element:
        """The XML of a part without the cells of a sheet; `write` keeps what is changed in it."""
        reader = etree.XMLParser(resolve_entities=False, huge_tree=True)
        return etree.fromstring(_parted(self.read(name, default))[0], reader)

    def write(self, name: str, root: etree._Element) -> None:
        tree, cells = root.getroottree(), _parted(self.read(name))[1]
        encoding = tree.docinfo.encoding or "UTF-8"
        xml = etree.tostring(tree, xml_declaration=True, encoding=encoding, standalone=True)
        self.changed[name] = xml.replace(NO_CELLS, cells, 1) if cells else xml

    def new(self, pattern: str) -> str:
        """A name that no part has."""
        names = self.names | {*self.changed}
        return next(name for n in count(1) if (name := pattern.format(n)) not in names)

    def annotate(self, path: str, notes: Notes) -> None:
        """Put comments into one sheet: its part, the comments, and the drawing of their boxes."""
        folder, _, own = path.rpartition("/")
        sheet, links = self.tree(path), f"{folder}/_rels/{own}.rels"
        main = etree.QName(sheet).namespace or ""
        space = STRICT_LINKS if main.startswith(STRICT) else LINKS
        targets = relations(self.read(links), folder)
        kinds = {tag.get("Id"): tag.get("Type", "") for _, tag in tags(self.read(links), LINK)}
        comments = next((to for id, to in targets.items() if kinds[id].endswith("/comments")), "")
        if not comments:
            comments = self.new("xl/comments_workbench{}.xml")
            self._link(links, folder, f"{space}/comments", comments)
            self._declare("Override", PartName=f"/{comments}", ContentType=COMMENTS)
        boxes = sheet.find("{*}legacyDrawing")
        drawing = targets.get(boxes.get(f"{{{space}}}id", ""), "") if boxes is not None else ""
        if not drawing:
            drawing = self.new("xl/drawings/vmlDrawing_workbench{}.vml")
            id = self._link(links, folder, f"{space}/vmlDrawing", drawing)
            self._declare("Default", Extension="vml", ContentType=VML)
            line = etree.Element(f"{{{main}}}legacyDrawing", nsmap={"r": space})
            line.set(f"{{{space}}}id", id)
            cells = sheet.find("{*}sheetData")
            behind = next(cells.itersiblings(*(f"{{*}}{name}" for name in BEHIND)), None)
            if behind is None:
                sheet.append(line)
            else:
                behind.addprevious(line)
            self.write(path, sheet)
        lists = self.tree(comments, f'<comments xmlns="{main}"><authors/><commentList/></comments>')
        new = _add_comments(lists, notes)
        self.write(comments, lists)
        self.changed[drawing] = _drawn(self.read(drawing, f"<xml {VML_SPACES}></xml>"), notes, new)

    def _link(self, links: str, folder: str, kind: str, part: str) -> str:
        """The id of a new relation to a part."""
        root = self.tree(links, f'<Relationships xmlns="{PACKAGE}"/>')
        ids = {link.get("Id") for link in root}
        id = next(name for n in count(1) if (name := f"rIdNote{n}") not in ids)
        target = posixpath.relpath(part, folder)
        _inside(root, "Relationship", Id=id, Type=kind, Target=target)
        self.write(links, root)
        return id

    def _declare(self, element: str, **attributes: str) -> None:
        """Say of what kind a part or all of an extension are, where that is not known."""
        root = self.tree(TYPES)
        known = {tag.get("Extension", "").lower() for tag in root.iterfind("{*}Default")}
        if attributes.get("Extension") not in known:
            _inside(root, element, **attributes)
            self.write(TYPES, root)


def _parted(xml: bytes) -> tuple[bytes, bytes]:
    """The XML of a sheet without its cells, and the cells: a tree of a million takes 600 MB."""
    before, tag, rest = xml.partition(b"<sheetData>")
    cells, end, behind = rest.rpartition(b"</sheetData>")
    return (before + NO_CELLS + behind, tag + cells + end) if end else (xml, b"")


def _inside(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    """A new last element of another one, in its name space."""
    return etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, name), attributes)


def _add_comments(lists: etree._Element, notes: Notes) -> list[Place]:
    """Write the comments; the cells that had none before."""
    authors, listed = lists.find("{*}authors"), lists.find("{*}commentList")
    author, new = str(len(authors.findall("{*}author"))), []
    _inside(authors, "author").text = AUTHOR
    texts = {one.get("ref"): one.find("{*}text") for one in listed.iterfind("{*}comment")}
    for place, note in notes.items():
        cell, comment = address(*place), CONTROL.sub("", note)
        text = texts.get(cell)
        if text is None:
            new.append(place)
            text = _inside(_inside(listed, "comment", ref=cell, authorId=author), "text")
        else:
            comment = f"\n{comment}"
        run = _inside(text, "r")
        content = _inside(run, "t")
        content.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        content.text = comment
        # in front of what tells the pronunciation of the text
        for guide in text.iterchildren("{*}rPh", "{*}phoneticPr"):
            guide.addprevious(run)
            break
    return new


def _drawn(xml: bytes, notes: Notes, cells: list[Place]) -> bytes:
    """The drawing with a box for each new comment; nobody writes it as well-formed XML."""
    first = 1 + max([1024, *map(int, re.findall(rb"_x0000_s(\d+)", xml))])
    shapes = [] if b"_x0000_t202" in xml else [KIND]
    for id, (row, column) in enumerate(cells, first):
        height = 40 + 40 * (1 + notes[row, column].count("\n"))
        shapes.append(BOX.format(id=id, height=height, row=row, column=column))
    end = xml.rstrip().rfind(b"</xml>")
    return xml[:end] + "".join(shapes).encode() + xml[end:]
