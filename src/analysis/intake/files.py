"""A file as received becomes sheets; its content decides what it is, not its name."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook.waves import SUFFIXES
from analysis.errors import InputError, Message, refusal
from analysis.intake import spss_stata
from analysis.intake.sheet import MAX_CELLS, CellKind, Sheet, check_archive, check_size
from analysis.spreadsheet import decode, separator
from analysis.yaml_file import packaged

ARE = {
    "workbook": "an Excel workbook",
    "text": "a text file",
    "sav": "an SPSS file",
    "dta": "a Stata file",
}
MAX_BYTES = 1 << 30
UNMERGED = re.compile(r"(?m)^(<{7}|>{7}) \S")  # around two versions that git could not merge


def read_file(
    path: Path,
    *,
    name: str | None = None,
    encoding: str | None = None,
    content: bytes | None = None,
) -> list[Sheet]:
    """All sheets of a workbook, or the one sheet of a text or SPSS file.

    Parameters
    ----------
    path : the file; it is only read.
    name : what the file is called in addresses and messages, default its own name.
    encoding : of a text file; default UTF-8, UTF-16, cp932 or EUC-JP, whichever fits its bytes.
    content : the bytes of a file that lies in the archive `path`.

    Raises InputError: the file is missing, empty, damaged, protected, too large, or not what its
    name says.
    """
    name = name or path.name
    packed = content is not None
    content = _bytes_of(path, name) if content is None else content
    kind, suffix = sniff(content, name), Path(name).suffix.lower()
    if suffix not in SUFFIXES[kind]:
        about: dict[str, Any] = {"is_a": Message(ARE[kind]), "right": sorted(SUFFIXES[kind])}
        about["suffix"] = suffix or Message("without an extension")
        raise refusal("file.misnamed", file=name, reason="misnamed", **about)
    if kind == "workbook":
        from analysis.intake.workbook import read_workbook

        return read_workbook(content, name)
    if kind == "text":
        return [read_text(content, name, encoding)]
    if packed:
        raise refusal("archive.spss", file=name)
    return [spss_stata.sheet(path, name)]


def _bytes_of(path: Path, name: str) -> bytes:
    if Path(name).name.startswith("~$"):
        own = Path(name).name.removeprefix("~$")
        raise refusal("file.open_in_excel", file=name, reason="open_in_excel", name=own)
    try:
        size = path.stat().st_size
        if not (path.is_file() or path.is_dir()):
            raise refusal("file.device", file=name)
        if size > MAX_BYTES:
            raise refusal("file.too_large", file=name, size=size / 2**20)
        return path.read_bytes()
    except FileNotFoundError:
        raise refusal("file.missing", file=name) from None
    except OSError as error:
        raise refusal("file.not_opened", file=name, strerror=error.strerror) from None


# --- archives -----------------------------------------------------------------------------------


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive, by its name and its content."""
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" not in archive.namelist()


def unpacked(path: Path, file: str) -> dict[str, bytes]:
    """The files of a zip archive by name; names that are not UTF-8 are those of cp932.

    Raises InputError: the archive is damaged, protected by a password, or unpacks to more than 512
    MiB.
    """
    try:
        with zipfile.ZipFile(path, metadata_encoding="cp932") as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            check_archive(entries, file, "archive.large")
            contents = {i.filename.replace("\\", "/"): archive.read(i) for i in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        raise refusal("archive.damaged", file=file) from None
    except UnicodeDecodeError:
        raise refusal("archive.names", file=file) from None
    return dict(sorted(contents.items()))


def sniff(content: bytes, file: str) -> str:
    """``workbook``, ``text``, ``sav`` or ``dta``; everything else is refused with what it is."""
    if not content.strip():
        raise refusal("file.empty", file=file, reason="empty")
    if content.startswith((b"$FL2", b"$FL3")):
        return "sav"
    if content.startswith(b"<stata_dta>") or re.match(rb"[\x69-\x73][\x01\x02]\x01", content):
        return "dta"
    zipped = content.startswith((b"PK\x03\x04", b"PK\x05\x06"))
    if zipped and b"xl/workbook.xml" in content:
        return "workbook"
    for one in packaged("foreign_files.yml"):
        known = zipped and "holds" in one and one["holds"].encode() in content
        if not (zipped and "holds" in one) and "starts" in one:
            known = re.match(one["starts"].encode("latin-1"), content) is not None
        if known:
            what = "this is {subject}" if zipped else "this is {subject}, not a table"
            hint = "save it from Excel as .xlsx" if zipped else "save it as .xlsx"
            what, hint = one.get("what", what), one.get("hint", hint)
            subject = Message(one.get("subject", ""))
            raise InputError(what, file=file, hint=hint, reason=one["reason"], subject=subject)
    return "text"


# --- text files ---------------------------------------------------------------------------------


def read_text(content: bytes, file: str, encoding: str | None = None) -> Sheet:
    """A CSV or TSV file; every cell is text, positions count from the first line."""
    text = decode(content, file, encoding)
    if "\0" in text:
        raise refusal("file.no_text", file=file)
    if (mark := UNMERGED.search(text)) and UNMERGED.search(text, mark.end()):
        raise refusal("file.unmerged", file=file, line=text.count("\n", 0, mark.start()) + 1)
    sign = separator(text[:100_000])
    width = _width(text, sign, file)
    lines = text.count("\n") + text.count("\r") + 1
    check_size((min(lines, len(text)), width), file, 4 * MAX_CELLS)
    try:
        frame = pd.read_csv(
            io.BytesIO(text.encode()),
            sep=sign,
            header=None,
            names=range(width),
            dtype="str",
            na_filter=False,
            skip_blank_lines=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        fault = " ".join(str(error).split())[:120]
        raise refusal("file.irregular_quotes", file=file, fault=fault) from None
    if '="' in text:  # ="011002", which keeps the zero where Excel opens the file
        frame = frame.replace(r'^="([^"]*)"$', r"\1", regex=True)
    kind = np.asfortranarray((frame != "").to_numpy(np.uint8) * np.uint8(CellKind.TEXT))
    return Sheet(file=file, sheet="", text=frame, kind=kind)


THOUSANDS = re.compile(r"(?:^|,)[1-9]\d{0,2}(?:,\d{3})+(?:,|$)")


def _width(text: str, separator: str, file: str) -> int:
    """The largest number of fields in a line.

    Raises InputError: a line is longer than the others, by the comma of a number as it seems.
    """
    limit = csv.field_size_limit(len(text) + 1)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        if '"' in text:
            widths = [*map(len, lines)]
        else:
            widths = [line.count(separator) + 1 for line in re.split(r"\r\n|\r|\n", text)]
        if separator == ",":
            _refuse_shifted(text, widths, file)
    except csv.Error as error:  # a cell with words behind its closing mark may hold other lines
        fault = f"line {lines.line_num}: {error}"
        raise refusal("file.irregular_quotes", file=file, fault=fault) from None
    finally:
        csv.field_size_limit(limit)
    return max(widths)


def _refuse_shifted(text: str, widths: list[int], file: str) -> None:
    """Refuse a table of which a row has a number such as 1,150 without quotation marks.

    It is longer than most rows, or all rows that may have one are longer than all others.
    """
    if len({*widths} - {1}) < 2:
        return
    longest, parted = 1, dict[int, int]()  # of the rows without such a number; row with one -> n
    for row, fields in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
        n = max((at for at, field in enumerate(fields, start=1) if field), default=0)
        if THOUSANDS.search(",".join(fields[:n])):
            parted[row] = n
        else:
            longest = max(longest, len(fields))
    usual, often = Counter(widths).most_common(1)[0]
    if 1 < longest < min(parted.values(), default=0):
        usual = longest
    elif usual == 1 or often < max(3, 0.8 * (len(widths) - widths.count(1))):
        return
    if row := next((row for row, n in parted.items() if n > usual), 0):
        raise refusal("file.shifted", file=file, row=row, n=parted[row], usual=usual)
