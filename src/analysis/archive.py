"""The parts of an Excel workbook, unpacked under a limit.

calamine takes the sizes that a workbook declares at their word and ends the whole process when they
do not fit into memory. So every part is unpacked here, at most as far as the archive declares, and
handed over in a new archive without those sizes.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from analysis.errors import InputError

MAX_UNPACKED = 512 * 2**20
SKIPPED_PARTS = re.compile(r"(?i)(/media/|/embeddings/|vbaproject|/drawings/|/printersettings/)")
COUNTS = re.compile(rb"(<(?:\w+:)?(?:sst|mergeCells|cellXfs|numFmts)\b)[^>]*?(/?>)")
BROKEN = "the workbook is damaged and cannot be read"
REPAIR = "open it in Excel, save it again as .xlsx, or ask the sender for a new copy"


def unpack(content: bytes, file: str) -> dict[str, bytes]:
    """The parts of the archive, refused before reading where they declare too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wanted = [i for i in archive.infolist() if not SKIPPED_PARTS.search(i.filename)]
            total = sum(info.file_size for info in wanted)
            if total > MAX_UNPACKED or len(wanted) > 10_000:
                raise InputError(
                    f"the workbook unpacks to {total / 2**20:,.0f} MB from {len(content):,} bytes, "
                    f"above the limit of {MAX_UNPACKED // 2**20} MB",
                    file=file,
                    hint="if it is genuine, save the data sheet alone as CSV",
                )
            parts = {}
            for info in wanted:
                if info.flag_bits & 1:
                    raise InputError(
                        "the archive is protected by a password",
                        file=file,
                        hint="save it without a password",
                    )
                with archive.open(info) as part:  # never gives more than info.file_size
                    parts[info.filename.replace("\\", "/").lstrip("/")] = part.read()
            return parts
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{BROKEN} ({brief(error)})", file=file, hint=REPAIR) from None
    except (NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{BROKEN} ({brief(error)})", file=file, hint=REPAIR) from None


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


def brief(error: BaseException) -> str:
    """The first words of a foreign error message."""
    return " ".join(str(error).split())[:120] or type(error).__name__
