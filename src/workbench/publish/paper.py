"""The pages of a run for paper: as PDF, through an installed Chromium, or as one Word document.

The Word document, for who comments on paper or in Word, is made from the published pages, so it
holds what these hold and nothing else: headings, paragraphs, lists, tables, and figures with their
text alternatives. Numbers to download, code and the first rows of frames stay on the pages. How it
looks is set in ``templates/report.docx``, with Word: paper, margins, fonts, and the styles that are
named here.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import io
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml import etree, html

from analysis import paths, show
from analysis.errors import refusal
from analysis.text import Language, labels
from workbench import temporary

BROWSERS = (
    *("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "msedge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
SECONDS = 120  # for one page
TEMPLATE = files("workbench") / "templates" / "report.docx"  # its paper, margins, styles, fonts
EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip can hold: the same pages give the same bytes
TALLEST = Mm(200)  # a figure
LANGUAGE = {"ja": "ja-JP", "en": "en-GB"}
LEFT_OUT = {"details", "nav", "script", "style", "form", "button"}


# --- PDF -----------------------------------------------------------------------------------------


def browser() -> str:
    """The Chromium that prints."""
    path = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    if path is None:
        raise refusal("pdf.no_browser")
    return path


def print_page(page: Path, target: Path, *, date: str) -> None:
    """Print a page; `date` (YYYY-MM-DD) stands in the file in place of the clock."""
    program = browser()
    with tempfile.TemporaryDirectory(dir=temporary.folder()) as folder:
        given, printed = Path(folder, "page.html"), Path(folder, "page.pdf")
        given.write_text(_without_files(page), encoding="utf-8")
        command = [program, "--headless", "--disable-gpu", "--no-first-run", "--disable-sync"]
        command += ["--disable-background-networking", "--disable-component-update"]
        command += [f"--user-data-dir={folder}", "--no-pdf-header-footer"]
        command += ["--generate-pdf-document-outline"]  # a bookmark a heading
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses its sandbox to root
        command += [f"--print-to-pdf={printed}", given.resolve().as_uri()]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        content = printed.read_bytes() if printed.is_file() else b""
    if not content:
        raise refusal("pdf.not_printed", file=page)
    paths.write_atomic(target, _dated(content, date))


def _without_files(page: Path) -> str:
    """A page without links to other files: printed, they would name the folders of this machine."""
    root = html.document_fromstring(page.read_text(encoding="utf-8"))
    for link in root.xpath("//a[@href]"):
        if not re.match("#|https?:|mailto:", link.get("href")):
            del link.attrib["href"]
    return str(html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>"))


def print_whole(pages: Sequence[Path], target: Path, *, date: str) -> None:
    """Print several pages as one file, numbered through, with the headings as bookmarks."""
    joined = target.with_suffix(".part.html")
    joined.write_text(whole(pages), encoding="utf-8")
    try:
        print_page(joined, target, date=date)
    finally:
        joined.unlink()


def whole(pages: Sequence[Path]) -> str:
    """Pages one after another as one page; links between them lead to their places in it."""
    first, *others = (_chapter(page, [other.name for other in pages]) for page in pages)
    for root in others:
        for part in root.xpath("//body/header | //body/main"):
            if part.tag == "header":
                part.set("style", "break-before:page")
            first.body.append(part)
    for footer in first.xpath("//body/footer"):  # what the run was stands once, at the end
        first.body.append(footer)
    return str(html.tostring(first, encoding="unicode", doctype="<!DOCTYPE html>"))


def _chapter(page: Path, names: Sequence[str]) -> html.HtmlElement:
    """A page whose places have its name before theirs, and whose links know those of the others."""
    root = html.document_fromstring(page.read_text(encoding="utf-8"))
    for part in root.xpath("//nav | //details | //a[@class='skip']"):
        part.drop_tree()
    for part in root.xpath("//*[@id]"):
        part.set("id", f"{page.name}-{part.get('id')}")
    for heading in root.xpath("//h1"):
        heading.set("id", page.name)
    for link in root.xpath("//a[@href]"):
        name, mark, place = link.get("href").partition("#")
        name = name or page.name
        if name in names:
            link.set("href", f"#{name}-{place}" if mark else f"#{name}")
    return root


def _dated(content: bytes, date: str) -> bytes:
    """The same file with this date as the time it was made: as many bytes, so all stays in place.

    >>> _dated(b"/CreationDate (D:20261125071640+00'00')", "2026-01-02")
    b"/CreationDate (D:20260102000000+00'00')"
    """
    digits = f"{date.replace('-', '')}000000".encode("ascii")
    return re.sub(rb"(Date \(D:)\d{14}", lambda match: match[1] + digits, content)


# --- Word ----------------------------------------------------------------------------------------


def document(pages: Sequence[Path], about: Mapping[str, Any]) -> bytes:
    """A Word document with a title page, contents and a chapter a page.

    Parameters
    ----------
    pages : published pages in their order.
    about : what they state of the run, see `workbench.publish.page.page_context`; its date stands
        in the file in place of the clock.
    """
    language: Language = about["language"]
    title, publisher = str(about["wave_title"]), str(about["publisher"][language])
    words, doc = labels("docx", language), docx.Document(io.BytesIO(TEMPLATE.read_bytes()))
    tag = _element("lang", val=LANGUAGE[language], eastAsia="ja-JP")
    doc.styles["Normal"].element.get_or_add_rPr().append(tag)
    core = doc.core_properties
    core.title, core.author, core.language = title, publisher, LANGUAGE[language]
    core.created = core.modified = dt.datetime.fromisoformat(about["date"][:10])
    core.last_modified_by, core.comments = "", ""
    warned = [about["audience_label"], about["words"]["invented_short"] * bool(about["invented"])]
    warned = [*filter(None, warned)]
    foot = doc.sections[0].footer.paragraphs[0]  # who may see it, and the number of the page
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run("　".join([*warned, ""]))
    _field(foot, "PAGE", "1")
    doc.add_paragraph(title, style="Title")
    for line in (f"{publisher}　{about['as_of']}", *warned):
        doc.add_paragraph(line)
    doc.add_paragraph(words["contents"], style="Contents Heading")
    writer = _Writer(doc, words)
    for page in pages:
        writer.page(html.fromstring(page.read_text(encoding="utf-8")))
    _contents(writer.headings)
    _footnotes(doc, writer.notes)
    saved, buffer = io.BytesIO(), io.BytesIO()
    doc.save(saved)
    with zipfile.ZipFile(saved) as held, zipfile.ZipFile(buffer, "w") as out:
        for part in held.infolist():
            part.date_time = EARLIEST
            out.writestr(part, held.read(part))
    return buffer.getvalue()


class _Writer:
    """Puts the content of pages into a document, numbering figures and tables through."""

    def __init__(self, doc: Document, words: Mapping[str, str]) -> None:
        self.doc, self.words = doc, words
        page: Any = doc.sections[0]
        self.width = page.page_width - page.left_margin - page.right_margin  # of the text
        self.counts = {"figure": 0, "table": 0}
        self.headings: list[tuple[Paragraph, int]] = []  # and their level, in order
        self.notes: list[str] = []  # footnotes, in order
        self.captioned: Paragraph | None = None  # the caption of the table that notes may follow

    def page(self, root: html.HtmlElement) -> None:
        """A chapter: the page's heading, then what stands in its main part."""
        self.heading("".join(map(_text, root.xpath("(//h1)[1]"))), 1)
        for part in root.xpath("//main/*"):
            self.block(part)

    def block(self, part: html.HtmlElement) -> None:
        """One element of a page, with all that is in it."""
        tag = part.tag if isinstance(part.tag, str) else ""
        if tag in LEFT_OUT or "downloads" in part.get("class", ""):
            return
        if re.fullmatch("h[1-4]", tag):
            self.heading(_text(part), min(3, int(tag[1])))
        elif tag == "figure":
            self.figure(part)
        elif tag == "table":
            self.table(part)
        elif tag in ("ul", "ol"):
            style = "List Bullet" if tag == "ul" else "List Number"
            for item in part.iterfind("li"):
                self.text(item, style)
        elif tag == "pre":
            self.doc.add_paragraph(part.text_content())
        elif part.get("class") == "notes" and self.captioned is not None:
            self.note(self.captioned, _text(part))
        elif tag in ("p", "dt", "dd", "blockquote"):
            style = "Answer" if part.get("class") == "answer" else "Normal"
            self.text(part, style)
        else:
            for inner in part:
                self.block(inner)

    def note(self, paragraph: Paragraph, text: str) -> None:
        """A footnote, referred to at the end of a paragraph."""
        self.notes.append(text)
        # apart from the n before it: copied as text, n = 15 with note 1 would be n = 151
        run = paragraph.add_run(", " if paragraph.runs[-1].font.superscript else " ")
        run.font.superscript = True
        run._r.append(_element("footnoteReference", id=str(len(self.notes))))

    def heading(self, text: str, level: int) -> None:
        """A heading that the contents can lead to."""
        self.captioned = None
        paragraph, at = self.doc.add_heading(text, level), str(len(self.headings))
        paragraph._p.append(_element("bookmarkStart", id=at, name=f"_Toc{at}"))
        paragraph._p.append(_element("bookmarkEnd", id=at))
        self.headings.append((paragraph, level))

    def text(self, part: html.HtmlElement, style: str) -> None:
        """A paragraph; one without letters is left out."""
        if _text(part):
            # of an answer the sentence stands out, and what follows it does not
            _runs(self.doc.add_paragraph(style=style), part, bold=style == "Answer")

    def caption(self, kind: str, title: str, more: str) -> Paragraph:
        """A numbered caption, which Word can list and refer to."""
        self.counts[kind] += 1
        paragraph = self.doc.add_paragraph(style="Caption")
        paragraph.paragraph_format.keep_with_next = True
        paragraph.add_run(f"{self.words[kind]} ").bold = True
        _field(paragraph, f"SEQ {self.words[kind]} \\* ARABIC", str(self.counts[kind]))
        paragraph.add_run(f"　{title}").bold = True
        paragraph.add_run(f"　{more}" if more else "")
        return paragraph

    def figure(self, part: html.HtmlElement) -> None:
        """A picture under its caption, with its text alternative."""
        picture = part.find(".//img")
        kind, _, png = ("" if picture is None else picture.get("src", "")).partition(",")
        if kind != "data:image/png;base64":
            return
        for caption in part.iterfind("figcaption"):
            for link in caption.findall("a"):
                caption.remove(link)
            title = "".join(map(_text, caption.iterfind("strong")))
            self.caption("figure", title, _text(caption).removeprefix(title).strip())
        paragraph = self.doc.add_paragraph()
        shape = paragraph.add_run().add_picture(io.BytesIO(base64.b64decode(png)))
        scale = min(1.0, self.width / shape.width, TALLEST / shape.height)
        shape.width, shape.height = Emu(int(shape.width * scale)), Emu(int(shape.height * scale))
        shape._inline.docPr.set("descr", picture.get("alt", ""))

    def table(self, part: html.HtmlElement) -> None:
        """A table whose head is repeated on every sheet; cells that span stay joined."""
        caption = part.find("caption")
        if caption is not None and caption.text:
            more = "".join(map(_text, caption.iterfind("small")))
            self.captioned = self.caption("table", caption.text.strip(), more)
        rows = [row for row in part.iter("tr") if len(row)]
        width = max((sum(_span(cell, "col") for cell in row) for row in rows), default=0)
        if not width:
            return
        table = self.doc.add_table(rows=len(rows), cols=width, style="Table Grid")
        for line, row in zip(table.rows, rows, strict=True):
            marks = line._tr.get_or_add_trPr()
            marks.append(_element("cantSplit"))
            if row.getparent().tag == "thead":
                marks.append(_element("tblHeader"))
        _fill(table, rows, Pt(9 if width <= 5 else 8 if width <= 8 else 7))
        _widths(table, rows, width, self.width)
        self.doc.add_paragraph(style="Footnote")


def _fill(table: Table, rows: Sequence[html.HtmlElement], size: Pt) -> None:
    """Write the cells of a table into the grid, past those that reach down from above."""
    filled: set[tuple[int, int]] = set()
    for at, row in enumerate(rows):
        column = 0
        for cell in row:
            while (at, column) in filled:
                column += 1
            right = column + _span(cell, "col") - 1
            below = min(at + _span(cell, "row") - 1, len(rows) - 1)
            filled |= {(i, j) for i in range(at, below + 1) for j in range(column, right + 1)}
            target = table.cell(at, column).merge(table.cell(below, right))
            paragraph = target.paragraphs[0]
            paragraph.style = "Table Text"
            head = cell.tag == "th" and row.getparent().tag == "thead"
            _runs(paragraph, cell, size=size, bold=head)
            if cell.get("class") == "n":
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            column = right + 1


def _widths(table: Table, rows: Sequence[html.HtmlElement], columns: int, width: int) -> None:
    """Columns as wide as their longest text needs, within the `width` of the page."""
    needs = [4.0] * columns
    for row in rows:
        for at, cell in enumerate(row if len(row) == columns else ()):
            needs[at] = max(needs[at], min(30 if at else 18, show.width(_text(cell))))
    table.autofit = False
    for column, need in zip(table.columns, needs, strict=True):
        own = Emu(int(width * need / sum(needs)))
        column.width = own
        for cell in column.cells:
            cell.width = own


def _span(cell: html.HtmlElement, kind: str) -> int:
    return int(cell.get(f"{kind}span") or 1)


def _text(part: html.HtmlElement) -> str:
    return " ".join(part.text_content().split())


def _runs(
    paragraph: Paragraph, part: html.HtmlElement, *, size: Pt | None = None, bold: bool = False
) -> None:
    """The text of an element with what is bold in it, links to the web as links."""
    for text, strong, link in _pieces(part, bold, ""):
        words = re.sub(r"\s+", " ", text)
        if not words.strip() and not paragraph.runs:
            continue
        if link:
            words = f"{words} ({link})" if words.strip() != link else words
        run = paragraph.add_run(words if paragraph.runs else words.lstrip())
        run.bold = strong or None
        if size is not None:
            run.font.size = size


def _pieces(part: html.HtmlElement, bold: bool, link: str) -> Iterator[tuple[str, bool, str]]:
    """Text, whether it is bold, and the address that it leads to outside the document."""
    if part.text:
        yield part.text, bold, link
    for inner in part:
        tag = inner.tag if isinstance(inner.tag, str) else ""
        if tag == "br":
            yield "\n", bold, link
        elif tag not in LEFT_OUT and not inner.get("download"):
            address = inner.get("href", "") if tag == "a" else ""
            own = address if address.startswith("https://") else link
            strong = (bold and tag != "span") or tag in ("strong", "b", "th")
            yield from _pieces(inner, strong, own)
        if inner.tail:
            yield inner.tail, bold, link


# --- the document itself -------------------------------------------------------------------------


def _contents(headings: Sequence[tuple[Paragraph, int]]) -> None:
    """Contents before the first heading; Word gives them page numbers when they are updated."""
    lines = []
    for at, (heading, level) in enumerate(headings):
        if level <= 2:
            lines.append(headings[0][0].insert_paragraph_before(style=f"Contents {level}"))
            if len(lines) == 1:
                _field(lines[0], 'TOC \\o "1-2" \\h \\z \\u')
            link = _element("hyperlink", anchor=f"_Toc{at}")
            link.append(lines[-1].add_run(heading.text)._r)
            lines[-1]._p.append(link)
    if lines:
        _mark(lines[-1], "end")


def _footnotes(doc: Document, notes: Sequence[str]) -> None:
    """Add the footnotes to the part of the template that holds them."""
    part = doc.part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES)
    root = etree.fromstring(part.blob)  # with the two lines that separate footnotes from text
    for at, text in enumerate(notes, 1):
        note, paragraph = _element("footnote", id=str(at)), doc.add_paragraph(style="Footnote")
        mark = paragraph.add_run()
        mark.font.superscript = True
        mark._r.append(_element("footnoteRef"))
        paragraph.add_run(f" {text}")
        note.append(paragraph._p)  # out of the body
        root.append(note)
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _field(paragraph: Paragraph, code: str, result: str = "") -> None:
    """Begin a field of Word; end it after what it shows until it is updated, if that is given."""
    _mark(paragraph, "begin")
    paragraph.add_run()._r.append(_element("instrText"))
    paragraph.runs[-1]._r[-1].text = code
    _mark(paragraph, "separate")
    if result:
        paragraph.add_run(result)
        _mark(paragraph, "end")


def _mark(paragraph: Paragraph, kind: str) -> None:
    paragraph.add_run()._r.append(_element("fldChar", fldCharType=kind))


def _element(kind: str, **attributes: str) -> Any:
    """An element of the format, with attributes of its own name space."""
    element = OxmlElement(f"w:{kind}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element
