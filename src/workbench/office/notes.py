"""Comments in the cells of a workbook, every other part of it as received, byte for byte.

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
from bisect import bisect
from collections.abc import Collection, Mapping
from html import escape
from itertools import count
from typing import NamedTuple

from analysis.intake.sheet import address
from analysis.intake.workbook import as_utf8, bare, parser, relations, sheet_parts, tags

AUTHOR = "workbench"
TYPES = "[Content_Types].xml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/"
MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", f"{STRICT}spreadsheetml/main")
LINKS = ("http://schemas.openxmlformats.org/officeDocument/2006/relationships",
         f"{STRICT}officeDocument/relationships")  # fmt: skip
COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
VML = "application/vnd.openxmlformats-officedocument.vmlDrawing"
VML_SPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
# what the format puts behind the line that names the drawing of the comments
BEHIND = {"legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems",
          "tableParts", "extLst", "AlternateContent"}  # fmt: skip
SHAPE_TYPE = (
    f'<v:shapetype {VML_SPACES} id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
SHAPE = (
    '<v:shape {spaces} id="_x0000_s{id}" type="#_x0000_t202" style="position:absolute;'
    "margin-left:59.25pt;margin-top:1.5pt;width:320px;height:{height}px;z-index:1;"
    'visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
    '<v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column>"
    "</x:ClientData></v:shape>"
)
Notes = Mapping[tuple[int, int], str]  # 0-based row and column -> text


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
        book = ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        self.sheets = sheet_parts({name: self.read(name) for name in book})

    def read(self, name: str, default: str = "") -> bytes:
        if name in self.changed:
            return self.changed[name]
        return as_utf8(self.archive.read(name)) if name in self.names else default.encode()

    def new(self, pattern: str) -> str:
        """A name that no part has."""
        taken = self.names | {*self.changed}
        return next(name for n in count(1) if (name := pattern.format(n)) not in taken)

    def annotate(self, path: str, notes: Notes) -> None:
        """Put comments into one sheet: its part, the comments, and the drawing of their boxes."""
        folder, _, own = path.rpartition("/")
        sheet, links = self.read(path), f"{folder}/_rels/{own}.rels"
        strict = STRICT.encode() in sheet[:4096]
        targets = relations(self.read(links), folder)
        kinds = {tag.get("Id"): tag.get("Type", "") for tag in self._links(links)}
        comments = next((to for id, to in targets.items() if kinds[id].endswith("/comments")), "")
        if not comments:
            comments = self.new("xl/comments_workbench{}.xml")
            self._link(links, folder, f"{LINKS[strict]}/comments", comments)
            self._declare(f'<Override PartName="/{comments}" ContentType="{COMMENTS}"/>')
        shown = [tag.get("id", "") for _, tag in tags(sheet, {"legacyDrawing"})]
        drawing = targets.get(shown[0], "") if shown else ""
        if not drawing:
            drawing = self.new("xl/drawings/vmlDrawing_workbench{}.vml")
            id = self._link(links, folder, f"{LINKS[strict]}/vmlDrawing", drawing)
            extensions = [tag.get("Extension") for _, tag in tags(self.read(TYPES), {"Default"})]
            if "vml" not in {str(extension).lower() for extension in extensions}:
                self._declare(f'<Default Extension="vml" ContentType="{VML}"/>')
            line = f'legacyDrawing xmlns:r="{LINKS[strict]}" r:id="{id}"/>'
            self.changed[path] = _put_in_order(sheet, line)
        self.changed[comments], new = _commented(self.read(comments, _empty(strict)), notes)
        self.changed[drawing] = _drawn(self.read(drawing, f"<xml {VML_SPACES}></xml>"), notes, new)

    def _links(self, links: str) -> list[dict[str, str]]:
        return [tag for _, tag in tags(self.read(links), {"Relationship"})]

    def _link(self, links: str, folder: str, kind: str, part: str) -> str:
        taken = {tag.get("Id") for tag in self._links(links)}
        id = next(name for n in count(1) if (name := f"rIdNote{n}") not in taken)
        line = (
            f'<Relationship xmlns="{PACKAGE}" Id="{id}" Type="{kind}" '
            f'Target="{posixpath.relpath(part, folder)}"/>'
        )
        xml = self.read(links, f'<Relationships xmlns="{PACKAGE}"></Relationships>')
        self.changed[links] = _appended(xml, "Relationships", line)
        return id

    def _declare(self, line: str) -> None:
        space = PACKAGE.replace("relationships", "content-types")
        spaced = line.replace(" ", f' xmlns="{space}" ', 1)
        self.changed[TYPES] = _appended(self.read(TYPES), "Types", spaced)


# --- where something is put into XML ------------------------------------------------------------


class Span(NamedTuple):
    """Where an element stands in the bytes: its start tag, its end tag, and what is behind it.

    `inside` is where its content ends; of an empty element (``<a/>``) it is `end`.
    """

    name: str
    attributes: dict[str, str]
    depth: int
    start: int
    inside: int
    end: int


def spans(xml: bytes, wanted: Collection[str] = ()) -> list[Span]:
    """The wanted elements in the order of their ends, without names all children of the root too.

    >>> [(s.name, s.start, s.inside, s.end) for s in spans(b"<a><b>1</b><c/></a>", {"b", "c"})]
    [('b', 3, 7, 11), ('c', 11, 15, 15)]
    """
    found: list[Span] = []
    above: list[tuple[dict[str, str], int]] = []
    bare_tag = False  # whether nothing has come since the last start tag
    reader = parser()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal bare_tag
        bare_tag = True
        above.append((attributes, reader.CurrentByteIndex))

    def text(_: str) -> None:
        nonlocal bare_tag
        bare_tag = False

    def end(name: str) -> None:
        nonlocal bare_tag
        attributes, at = above.pop()
        own, inside = bare(name), reader.CurrentByteIndex
        if own in wanted or (not wanted and len(above) <= 1):
            empty = bare_tag and xml[inside - 2 : inside] == b"/>"
            behind = inside if empty else xml.index(b">", inside) + 1
            found.append(Span(name, attributes, len(above), at, inside, behind))
        bare_tag = False

    reader.StartElementHandler, reader.EndElementHandler = start, end
    reader.CharacterDataHandler = text
    reader.Parse(xml, True)
    return found


def _spliced(xml: bytes, pieces: list[tuple[int, str]]) -> bytes:
    """The bytes with texts put in at these places."""
    out, last = [], 0
    for at, text in sorted(pieces, key=lambda piece: piece[0]):
        out += [xml[last:at], text.encode()]
        last = at
    return b"".join([*out, xml[last:]])


def _opened(xml: bytes, *names: str) -> bytes:
    """The same XML in which these elements have an end tag of their own."""
    for span in reversed(spans(xml, names)):
        if span.inside == span.end:
            xml = xml[: span.end - 2] + f"></{span.name}>".encode() + xml[span.end :]
    return xml


def _appended(xml: bytes, element: str, line: str) -> bytes:
    """Put a line at the end of an element."""
    xml = _opened(xml, element)
    return _spliced(xml, [(spans(xml, {element})[-1].inside, line)])


def _put_in_order(sheet: bytes, line: str) -> bytes:
    """The sheet's XML with the line where the format wants it."""
    *children, root = spans(sheet)
    cells = max(span.end for span in children if bare(span.name) == "sheetData")
    behind = [s.start for s in children if s.start >= cells and bare(s.name) in BEHIND]
    prefix = root.name.removesuffix("worksheet")
    return _spliced(sheet, [(min([root.inside, *behind]), f"<{prefix}{line}")])


def _empty(strict: bool) -> str:
    lists = "<authors></authors><commentList></commentList>"
    return f'<comments xmlns="{MAIN[strict]}">{lists}</comments>'


def _commented(xml: bytes, notes: Notes) -> tuple[bytes, list[tuple[int, int]]]:
    """The part with the comments, and the cells that had none before."""
    xml = _opened(xml, "authors", "commentList", "text")
    all_of_it = spans(xml, {"authors", "author", "commentList", "comment", "text", "rPh",
                            "phoneticPr", "comments"})  # fmt: skip
    by_name: dict[str, list[Span]] = {}
    for span in all_of_it:
        by_name.setdefault(bare(span.name), []).append(span)
    prefix = by_name["comments"][-1].name.removesuffix("comments")
    run = f'<{prefix}r><{prefix}t xml:space="preserve">{{}}</{prefix}t></{prefix}r>'
    author = len(by_name.get("author", []))
    pieces = [(by_name["authors"][-1].inside, f"<{prefix}author>{AUTHOR}</{prefix}author>")]
    ends = _ends_of_texts(by_name)
    new = []
    for place, said in notes.items():
        cell = address(*place)
        if cell in ends:
            pieces.append((ends[cell], run.format("\n" + _escaped(said))))
        else:
            new.append(place)
            pieces.append((
                by_name["commentList"][-1].inside,
                f'<{prefix}comment ref="{cell}" authorId="{author}"><{prefix}text>'
                f"{run.format(_escaped(said))}</{prefix}text></{prefix}comment>",
            ))  # fmt: skip
    return _spliced(xml, pieces), new


def _ends_of_texts(by_name: Mapping[str, list[Span]]) -> dict[str, int]:
    """Cell -> where the text of its comment ends, in front of what tells its pronunciation."""
    guides = sorted(s.start for name in ("rPh", "phoneticPr") for s in by_name.get(name, []))
    texts = {span.start: span.inside for span in by_name.get("text", [])}
    starts, found = sorted(texts), {}
    for comment in by_name.get("comment", []):
        at = bisect(starts, comment.start)
        own = starts[at : at + 1]
        if own and own[0] < comment.end:
            at = bisect(guides, own[0])
            ends = [texts[own[0]], *guides[at : at + 1]]
            found[comment.attributes.get("ref", "")] = min(ends)
    return found


def _escaped(text: str) -> str:
    """Text for XML, without the control characters that it cannot hold."""
    return escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text), quote=False)


def _drawn(xml: bytes, notes: Notes, cells: list[tuple[int, int]]) -> bytes:
    """The drawing with a box for each new comment; nobody writes it as well-formed XML."""
    first = 1 + max([1024, *map(int, re.findall(rb"_x0000_s(\d+)", xml))])
    shapes = [] if b"_x0000_t202" in xml else [SHAPE_TYPE]
    for id, (row, column) in enumerate(cells, first):
        height = 40 + 40 * (1 + notes[row, column].count("\n"))
        shapes.append(SHAPE.format(spaces=VML_SPACES, id=id, height=height, row=row, column=column))
    end = xml.rstrip().rfind(b"</xml>")
    return xml[:end] + "".join(shapes).encode() + xml[end:]
