"""Comments put into a workbook while every other part of it stays as it is, byte for byte.

A library that reads a workbook and writes it again drops what it does not know: text boxes,
buttons, parts of a text in another colour, the results of formulas. Here only the comments, the
drawing that shows them and the lines that point to both are added to the archive.
"""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import zipfile
from collections.abc import Mapping
from html import escape
from itertools import count

from analysis.archive import attribute, relations, sheet_parts
from analysis.sheet import address

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
TAG = re.compile(r"""<(/?)(?:\w+:)?(\w+)\b(?:[^<>"']|"[^"]*"|'[^']*')*?(/?)>""")
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
            for name, text in parts.changed.items():
                copy.writestr(name, text)
    return out.getvalue()


def has_notes(content: bytes) -> bool:
    """Whether a workbook is a copy that this module has made."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            named = [name for name in archive.namelist() if "comments" in name]
            return any(f">{AUTHOR}</".encode() in archive.read(name) for name in named)
    except (zipfile.BadZipFile, OSError):
        return False


class _Parts:
    """The parts of an archive, those changed in place of those received."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = set(archive.namelist())
        self.changed: dict[str, str] = {}
        book = ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        self.sheets = sheet_parts({name: archive.read(name) for name in book})

    def read(self, name: str, default: str = "") -> str:
        if name in self.changed:
            return self.changed[name]
        return self.archive.read(name).decode("utf-8-sig") if name in self.names else default

    def new(self, pattern: str) -> str:
        """A name that no part has."""
        taken = self.names | {*self.changed}
        return next(name for n in count(1) if (name := pattern.format(n)) not in taken)

    def annotate(self, path: str, notes: Notes) -> None:
        folder, _, own = path.rpartition("/")
        sheet, links = self.read(path), f"{folder}/_rels/{own}.rels"
        strict = STRICT in sheet[:4096]
        targets = relations(self.read(links).encode(), folder)
        kinds = dict(self._kinds(links))
        comments = next((targets[i] for i, k in kinds.items() if k.endswith("/comments")), "")
        if not comments:
            comments = self.new("xl/comments_workbench{}.xml")
            self._link(links, folder, f"{LINKS[strict]}/comments", comments)
            self._declare(f'<Override PartName="/{comments}" ContentType="{COMMENTS}"/>')
        shown = re.search(r"<(?:\w+:)?legacyDrawing\s[^>]*>", sheet)
        drawing = targets.get(attribute(shown[0].encode(), r"\w+:id"), "") if shown else ""
        if not drawing:
            drawing = self.new("xl/drawings/vmlDrawing_workbench{}.vml")
            id = self._link(links, folder, f"{LINKS[strict]}/vmlDrawing", drawing)
            if not re.search(r'Extension\s*=\s*["\'](?i:vml)["\']', self.read(TYPES)):
                self._declare(f'<Default Extension="vml" ContentType="{VML}"/>')
            line = f'legacyDrawing xmlns:r="{LINKS[strict]}" r:id="{id}"/>'
            self.changed[path] = _put_in_order(sheet, line)
        text, new = _commented(self.read(comments, _empty(strict)), notes)
        self.changed[comments] = text
        self.changed[drawing] = _drawn(self.read(drawing, f"<xml {VML_SPACES}></xml>"), notes, new)

    def _kinds(self, links: str) -> list[tuple[str, str]]:
        tags = re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", self.read(links))
        return [(attribute(t.encode(), "Id"), attribute(t.encode(), "Type")) for t in tags]

    def _link(self, links: str, folder: str, kind: str, part: str) -> str:
        text = self.read(links, f'<Relationships xmlns="{PACKAGE}"></Relationships>')
        text = re.sub(r"<((?:\w+:)?Relationships\b[^>]*?)/>\s*$", r"<\1></Relationships>", text)
        taken = {id for id, _ in self._kinds(links)}
        id = next(name for n in count(1) if (name := f"rIdNote{n}") not in taken)
        line = (
            f'<Relationship xmlns="{PACKAGE}" Id="{id}" Type="{kind}" '
            f'Target="{posixpath.relpath(part, folder)}"/>'
        )
        self.changed[links] = _before_end(text, "Relationships", line)
        return id

    def _declare(self, line: str) -> None:
        spaced = line.replace(" ", f' xmlns="{PACKAGE.replace("relationships", "content-types")}" ',
                              1)  # fmt: skip
        self.changed[TYPES] = _before_end(self.read(TYPES), "Types", spaced)


def _before_end(text: str, element: str, line: str) -> str:
    """Put a line before the last closing tag of an element."""
    end = [m.start() for m in re.finditer(rf"</(?:\w+:)?{element}\s*>", text)]
    return text[: end[-1]] + line + text[end[-1] :]


def _put_in_order(sheet: str, line: str) -> str:
    """The sheet's XML with the line where the format wants it."""
    root = re.search(r"<((?:\w+:)?)worksheet\b", sheet)
    prefix = root[1] if root else ""
    cells = [m.end() for m in re.finditer(r"</(?:\w+:)?sheetData\s*>|<(?:\w+:)?sheetData\s*/>",
                                          sheet)]  # fmt: skip
    depth, place = 0, len(sheet)
    for tag in TAG.finditer(sheet, cells[-1]):
        if depth == 0 and (tag[1] or tag[2] in BEHIND):
            place = tag.start()
            break
        depth += -1 if tag[1] else 0 if tag[3] else 1
    return f"{sheet[:place]}<{prefix}{line}{sheet[place:]}"


def _empty(strict: bool) -> str:
    lists = "<authors></authors><commentList></commentList>"
    return f'<comments xmlns="{MAIN[strict]}">{lists}</comments>'


def _commented(text: str, notes: Notes) -> tuple[str, list[tuple[int, int]]]:
    """The part with the comments, and the cells that had none before."""
    root = re.search(r"<((?:\w+:)?)comments\b", text)
    p = root[1] if root else ""
    for name in ("authors", "commentList"):
        text = re.sub(rf"<{p}{name}\s*/>", f"<{p}{name}></{p}{name}>", text)
    author = len(re.findall(rf"<{p}author\b", text))
    text = _before_end(text, "authors", f"<{p}author>{AUTHOR}</{p}author>")
    own = re.compile(rf"<{p}comment\s[^>]*>.*?</{p}comment\s*>", re.S)
    by_cell = {attribute(m[0].encode(), "ref"): m[0] for m in own.finditer(text)}
    grown, added, new = dict[str, str](), [], []
    for (row, column), said in notes.items():
        cell = address(row, column)
        run = f'<{p}r><{p}t xml:space="preserve">{{}}</{p}t></{p}r>'
        if cell in by_cell:
            old = re.sub(rf"<{p}text\s*/>", f"<{p}text></{p}text>", by_cell[cell])
            end = re.search(rf"<{p}(?:rPh|phoneticPr)\b|</{p}text\s*>", old)
            at = end.start() if end else len(old)
            grown[by_cell[cell]] = old[:at] + run.format("\n" + _escaped(said)) + old[at:]
        else:
            new.append((row, column))
            added.append(f'<{p}comment ref="{cell}" authorId="{author}"><{p}text>'
                         f"{run.format(_escaped(said))}</{p}text></{p}comment>")  # fmt: skip
    text = own.sub(lambda m: grown.get(m[0], m[0]), text)
    return _before_end(text, "commentList", "".join(added)), new


def _escaped(text: str) -> str:
    """Text for XML, without the control characters that it cannot hold."""
    return escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text), quote=False)


def _drawn(text: str, notes: Notes, cells: list[tuple[int, int]]) -> str:
    """The drawing with a box for each new comment."""
    first = 1 + max([1024, *map(int, re.findall(r"_x0000_s(\d+)", text))])
    shapes = [] if "_x0000_t202" in text else [SHAPE_TYPE]
    for id, (row, column) in enumerate(cells, first):
        height = 40 + 40 * (1 + notes[row, column].count("\n"))
        shapes.append(SHAPE.format(spaces=VML_SPACES, id=id, height=height, row=row, column=column))
    end = text.rstrip().rfind("</xml>")
    return text[:end] + "".join(shapes) + text[end:]
