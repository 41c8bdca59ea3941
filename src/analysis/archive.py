"""The parts of an Excel workbook, unpacked under a limit.

calamine takes the sizes that a workbook declares at their word and ends the whole process when they
do not fit into memory. So every part is unpacked here, at most as far as the archive declares, and
handed over in a new archive without those sizes.
"""

from __future__ import annotations

import codecs
import html
import io
import posixpath
import re
import zipfile
import zlib

from analysis.errors import InputError
from analysis.sheet import address, column_number

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
