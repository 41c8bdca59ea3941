"""The parts of an Excel workbook: its archive, unpacked under a limit, and the XML within.

No document type is taken, and no entity of a document's own.
"""

from __future__ import annotations

import codecs
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Collection, Mapping
from functools import cached_property
from xml.parsers import expat

from analysis.errors import InputError, refusal
from analysis.intake.sheet import check_archive

SKIPPED_PARTS = re.compile(r"(?i)(/media/|/embeddings/|vbaproject|\.vml$|/printersettings/)")
COUNTS = re.compile(rb"(<(?:\w+:)?(?:sst|mergeCells|cellXfs|numFmts)\b)[^<>]*?(/?>)")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BOOK_PARTS = {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
SPACES = re.compile(rb"""\sxmlns(?::\w+)?\s*=\s*(?:"[^"]*"|'[^']*')""")


class WorkbookParts(dict[str, bytes]):
    """The parts of an archive by their names."""

    @cached_property
    def in_any_case(self) -> dict[str, bytes]:
        """The same by names in small letters, of two that are one then the first."""
        return {name.lower(): data for name, data in reversed(self.items())}


def unpack(content: bytes, file: str) -> WorkbookParts:
    """The parts of the archive, refused before reading where they declare too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [i for i in archive.infolist() if not SKIPPED_PARTS.search(i.filename)]
            check_archive(members, file, "archive.large_workbook")
            # reading never gives more than the size that is declared
            parts = {info.filename: archive.read(info) for info in members}
            if any(data.startswith(UTF_16) for data in parts.values()):
                raise ValueError("UTF-16")  # of which calamine reads nothing and says so
            return WorkbookParts(
                (n.replace("\\", "/").lstrip("/"), data) for n, data in parts.items()
            )
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise broken(file, error) from None  # a compression that is not known is a RuntimeError


def repack(parts: WorkbookParts) -> io.BytesIO:
    """The same parts stored plainly, without the counts that calamine would reserve room for."""

    def uncounted(tag: re.Match[bytes]) -> bytes:
        return tag[1] + b"".join(SPACES.findall(tag[0])) + tag[2]

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            counted = name.endswith(".xml") and b"ount" in data  # count, uniqueCount
            archive.writestr(
                zipfile.ZipInfo(name), COUNTS.sub(uncounted, data) if counted else data
            )
    out.seek(0)
    return out


def broken(file: str, error: BaseException | None = None) -> InputError:
    """The refusal of a workbook that cannot be read."""
    if error is None:
        return refusal("file.damaged", file=file, reason="damaged")
    return refusal("file.damaged_so", file=file, reason="damaged", fault=brief(error))


def brief(error: BaseException) -> str:
    """The first words of a foreign error message."""
    return " ".join(str(error).split())[:120] or type(error).__name__


# --- the XML of its parts -----------------------------------------------------------------------


def parser() -> expat.XMLParserType:
    """An XML parser that gives names as they are written, and no entities of a document's own."""
    reader = expat.ParserCreate()
    reader.buffer_text = True

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a document type is declared")

    def known(_: str, encoding: str | None, *__: object) -> None:
        try:
            b" ".decode(encoding or "utf-8")
        except LookupError as error:
            raise expat.ExpatError(str(error)) from None

    reader.StartDoctypeDeclHandler, reader.XmlDeclHandler = refuse, known
    return reader


def bare(name: str) -> str:
    """The name of an element or attribute without its prefix."""
    return name.rpartition(":")[2]


def tags(xml: bytes, wanted: Collection[str]) -> list[tuple[str, dict[str, str]]]:
    """The start tags of the wanted elements in their order, names without prefixes.

    >>> tags(b'<a><x:b x:id="1"/><c/></a>', {"b"})
    [('b', {'id': '1'})]
    """
    elements: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if (own := bare(name)) in wanted:
            elements.append((own, {bare(key): value for key, value in attributes.items()}))

    reader = parser()
    reader.StartElementHandler = start
    if xml:
        reader.Parse(xml, True)
    return elements


def relations(xml: bytes, folder: str) -> dict[str, str]:
    """Relation id -> the part it points to, for a part that lies in `folder`."""
    links = [(tag.get("Id", ""), tag.get("Target", "")) for _, tag in tags(xml, {"Relationship"})]
    return {id: posixpath.normpath(posixpath.join("/", folder, to)).lstrip("/") for id, to in links}


def sheet_parts(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Sheet name -> the part that holds it, through the relations of the workbook."""
    targets = relations(parts.get("xl/_rels/workbook.xml.rels", b""), "xl")
    sheets = tags(parts.get("xl/workbook.xml", b""), {"sheet"})
    return {tag.get("name", ""): targets.get(tag.get("id", ""), "") for _, tag in sheets}


def part(parts: WorkbookParts, name: str) -> bytes:
    """A part by its name in any case, as calamine finds it; empty if there is none."""
    return parts.in_any_case.get(name.lower(), b"")
