"""Comments in the cells of a workbook; the parts that do not hold them stay as received.

openpyxl is not used: it reads a workbook into its own model and writes that, and what the model
does not have is lost (shapes, form controls, furigana, parts of charts and of conditional
formats). An office would get back a form that looks otherwise than the one it sent.
"""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from itertools import count

from lxml import etree

from analysis.intake.sheet import Place, address
from analysis.intake.workbook import BOOK_PARTS, as_utf8, relations, sheet_parts, tags

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
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # which XML cannot hold
Notes = Mapping[Place, str]


def with_notes(content: bytes, notes: Mapping[str, Notes]) -> bytes:
    """The workbook with these comments, by sheet; a cell's own comment stays in front."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = _Parts(archive)
        for sheet, own in notes.items():
            if own:
                parts.annotate(parts.sheets[sheet], own)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
            for info in archive.infolist():
                if info.filename in parts.changed:
                    copy.writestr(info.filename, parts.changed.pop(info.filename))
                    continue
                with archive.open(info) as source, copy.open(info.filename, "w") as target:
                    shutil.copyfileobj(source, target)
            for name, xml in parts.changed.items():
                copy.writestr(name, xml)
    return out.getvalue()


class _Parts:
    """The parts of an archive, those changed in place of those received."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = set(archive.namelist())
        self.changed: dict[str, bytes] = {}
        self.sheets = sheet_parts({name: self.read(name) for name in BOOK_PARTS})

    def read(self, name: str, default: str = "") -> bytes:
        if name in self.changed:
            return self.changed[name]
        return as_utf8(self.archive.read(name)) if name in self.names else default.encode()

    def tree(self, name: str, default: str = "") -> etree._Element:
        """The XML of a part; `write` keeps what is changed in it."""
        reader = etree.XMLParser(resolve_entities=False, huge_tree=True)
        return etree.fromstring(self.read(name, default), reader)

    def write(self, name: str, root: etree._Element) -> None:
        self.changed[name] = etree.tostring(
            root.getroottree(), xml_declaration=True, encoding="UTF-8", standalone=True
        )

    def new(self, pattern: str) -> str:
        """A name that no part has."""
        taken = self.names | {*self.changed}
        return next(name for n in count(1) if (name := pattern.format(n)) not in taken)

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
        shown = sheet.find("{*}legacyDrawing")
        drawing = targets.get(shown.get(f"{{{space}}}id", ""), "") if shown is not None else ""
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
        taken = {link.get("Id") for link in root}
        id = next(name for n in count(1) if (name := f"rIdNote{n}") not in taken)
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
        cell, said = address(*place), CONTROL.sub("", note)
        text = texts.get(cell)
        if text is None:
            new.append(place)
            text = _inside(_inside(listed, "comment", ref=cell, authorId=author), "text")
        else:
            said = f"\n{said}"
        run = _inside(text, "r")
        written = _inside(run, "t")
        written.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        written.text = said
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
