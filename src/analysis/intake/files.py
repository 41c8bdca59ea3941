"""A file as received becomes sheets; its content decides what it is, not its name."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
import zlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from analysis.errors import InputError, Message
from analysis.fingerprints import OF_PROGRAMS
from analysis.intake import labelled
from analysis.intake.sheet import MAX_CELLS, CellKind, Sheet, check_archive, check_size

SUFFIXES = {
    "workbook": {".xlsx", ".xlsm"},
    "text": {".csv", ".tsv", ".txt"},
    "sav": {".sav", ".zsav"},
    "dta": {".dta"},
}
ARE = {
    "workbook": "an Excel workbook",
    "text": "a text file",
    "sav": "an SPSS file",
    "dta": "a Stata file",
}
# what a file manager leaves in a folder
JUNK = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
MAX_BYTES = 1 << 30
BOM = "\ufeff"  # the byte order mark
BOMS = {BOM.encode(code): code for code in ("utf-8", "utf-16-le", "utf-16-be")}


def is_table(name: str) -> bool:
    """Whether a file of a folder or an archive may be a table, and nothing of the system's own.

    >>> [is_table(name) for name in ("a.xlsx", "Thumbs.db", "~$a.xlsx", "x/.DS_Store")]
    [True, False, False, False]
    """
    parts = name.split("/")
    return parts[-1].lower() not in JUNK and not any(p.startswith(OF_PROGRAMS) for p in parts)


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

    Raises
    ------
    InputError : the file is missing, empty, damaged, protected, too large, or not what its name
        says.
    """
    name = name or path.name
    packed = content is not None
    content = _bytes_of(path, name) if content is None else content
    kind, suffix = sniff(content, name), Path(name).suffix.lower()
    if suffix not in SUFFIXES[kind]:
        raise InputError(
            "the file is called {suffix} but is {is_a}",
            file=name,
            hint="rename it to {right}, or save it again in the format of its name",
            reason="misnamed",
            suffix=suffix or Message("without an extension"),
            is_a=Message(ARE[kind]),
            right=sorted(SUFFIXES[kind]),
        )
    if kind == "workbook":
        from analysis.intake.workbook import read_workbook

        return read_workbook(content, name)
    if kind == "text":
        return [read_text(content, name, encoding)]
    if packed:
        raise InputError("this SPSS file lies in an archive", file=name, hint="unpack the archive")
    return [labelled.sheet(path, name)]


def _bytes_of(path: Path, name: str) -> bytes:
    if Path(name).name.startswith("~$"):
        raise InputError(
            "this is no table but the mark that Excel has the file open",
            file=name,
            hint="close it in Excel and give {name}",
            reason="open_in_excel",
            name=Path(name).name.removeprefix("~$"),
        )
    try:
        size = path.stat().st_size
        if not (path.is_file() or path.is_dir()):
            raise InputError("this is a pipe or a device, no file", file=name, hint="save it first")
        if size > MAX_BYTES:
            raise InputError(
                "the file has {size:,.0f} MB, above 1,024 MB", file=name, size=size / 2**20
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file", file=name, hint="check the path") from None
    except OSError as error:
        raise InputError(
            "the file cannot be opened ({strerror})", file=name, strerror=error.strerror
        ) from None


# --- archives -----------------------------------------------------------------------------------


class Packed(NamedTuple):
    """A file in an archive."""

    name: str
    content: bytes


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive, by its name and its content."""
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "xl/workbook.xml" not in archive.namelist()


def unpacked(path: Path, file: str) -> list[Packed]:
    """The files of a zip archive by name; names that are not UTF-8 are those of cp932.

    Raises
    ------
    InputError : the archive is damaged, protected by a password, or unpacks to more than 512 MiB.
    """
    try:
        with zipfile.ZipFile(path, metadata_encoding="cp932") as archive:
            wanted = [info for info in archive.infolist() if not info.is_dir()]
            check_archive(wanted, file, "unpack it and give the files that are wanted")
            found = [Packed(i.filename.replace("\\", "/"), archive.read(i)) for i in wanted]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        raise InputError(
            "the archive is damaged", file=file, hint="ask the sender for a new copy"
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            "the names in the archive are neither UTF-8 nor cp932", file=file, hint="unpack it"
        ) from None
    return sorted(found)


def sniff(content: bytes, file: str) -> str:
    """``workbook``, ``text``, ``sav`` or ``dta``; everything else is refused with what it is."""
    if not content.strip():
        raise InputError(
            "the file is empty", file=file, hint="ask the sender for the file again", reason="empty"
        )
    if content.startswith((b"$FL2", b"$FL3")):
        return "sav"
    if content.startswith(b"<stata_dta>") or re.match(rb"[\x69-\x73][\x01\x02]\x01", content):
        return "dta"
    zipped = content.startswith((b"PK\x03\x04", b"PK\x05\x06"))
    if zipped and b"xl/workbook.xml" in content:
        return "workbook"
    for one in _foreign():
        if zipped and "holds" in one:
            known = one["holds"].encode() in content
        else:
            known = "starts" in one and bool(re.match(one["starts"].encode("latin-1"), content))
        if known:
            what = "this is {subject}" if zipped else "this is {subject}, not a table"
            hint = "save it from Excel as .xlsx" if zipped else "save it as .xlsx"
            raise InputError(
                one.get("what", what),
                file=file,
                hint=one.get("hint", hint),
                reason=one["reason"],
                subject=Message(one.get("subject", "")),
            )
    return "text"


@cache
def _foreign() -> list[dict[str, str]]:
    """The files that are no tables, as data/foreign_files.yml lists them."""
    text = files("analysis").joinpath("data/foreign_files.yml").read_text(encoding="utf-8")
    listed: list[dict[str, str]] = yaml.safe_load(text)
    return listed


# --- text files ---------------------------------------------------------------------------------


def read_text(content: bytes, file: str, encoding: str | None = None) -> Sheet:
    """A CSV or TSV file; every cell is text, positions count from the first line."""
    text = decode(content, file, encoding)
    if "\0" in text:
        raise InputError(
            "the file holds NUL characters and is not a text file", file=file, hint="save it as CSV"
        )
    sign = separator(text[:100_000])
    width = _width(text, sign, file)
    lines = text.count("\n") + text.count("\r") + 1
    check_size(min(lines, len(text)), width, file, 4 * MAX_CELLS)
    try:
        frame = pd.read_csv(
            io.BytesIO(text.encode()),
            sep=sign,
            header=None,
            names=range(width),
            dtype="str",
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
            on_bad_lines="error",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise InputError(
            "the file is no regular table ({fault})",
            file=file,
            hint="a quotation mark may be missing; open it in Excel and save it again",
            fault=" ".join(str(error).split())[:120],
        ) from None
    if '="' in text:  # ="011002", which keeps the zero where Excel opens the file
        frame = frame.replace(r'^="([^"]*)"$', r"\1", regex=True)
    kind = np.empty(frame.shape, np.uint8, order="F")
    for column in range(width):
        kind[:, column] = np.where(frame[column] != "", CellKind.TEXT, CellKind.EMPTY)
    return Sheet(file=file, sheet="", text=frame, kind=kind)


def separator(head: str) -> str:
    """The sign that most lines hold; commas in one long answer do not make it a comma."""
    lines = re.split(r"\r\n|\r|\n", head)
    return max(
        (",", "\t", ";", "|"), key=lambda sign: (sum(sign in x for x in lines), head.count(sign))
    )


def _width(text: str, separator: str, file: str) -> int:
    """The largest number of fields in a line."""
    if '"' not in text:
        return max(line.count(separator) for line in re.split(r"\r\n|\r|\n", text)) + 1
    limit = csv.field_size_limit(len(text) + 1)
    try:
        return max(map(len, csv.reader(io.StringIO(text, newline=""), delimiter=separator)))
    except csv.Error as error:
        raise InputError("the file is no regular table ({fault})", file=file, fault=error) from None
    finally:
        csv.field_size_limit(limit)


def decode(content: bytes, file: str, encoding: str | None = None) -> str:
    """The text of a file: by its byte order mark, else UTF-8, UTF-16, EUC-JP or cp932.

    >>> decode("髙崎市①".encode("cp932"), "a.csv")
    '髙崎市①'
    """
    marked = next((code for mark, code in BOMS.items() if content.startswith(mark)), None)
    if encoding is not None:
        encoding = _given(content, encoding, marked, file)
    return _strict(content, encoding or marked or _fitting(content, file), file).removeprefix(BOM)


def _fitting(content: bytes, file: str) -> str:
    """The encoding in which bytes without a mark make sense."""
    low, high = content[::2].count(0), content[1::2].count(0)  # a zero beside each ASCII letter
    if max(low, high) > len(content) // 8:
        return "utf-16-le" if high > low else "utf-16-be"
    if b"\x1b$" in content and _or_none(content, "iso2022_jp_ext") is not None:
        return "iso2022_jp_ext"
    if _or_none(content, "utf-8") is not None:
        return "utf-8"
    euc, cp932 = _or_none(content, "euc_jp"), _or_none(content, "cp932")
    doubtful = cp932 is None or _looks_wrong(cp932)
    if doubtful and euc is not None and not _looks_wrong(euc):
        return "euc_jp"
    if doubtful and cp932 is not None:
        raise InputError(
            "the encoding of the file is not clear (neither UTF-8 nor plainly cp932)",
            file=file,
            hint="state it in wave.yml, such as encoding: euc_jp, or save the file as UTF-8",
            reason="encoding",
        )
    return "cp932"


def _given(content: bytes, encoding: str, marked: str | None, file: str) -> str:
    """The encoding that ``wave.yml`` gives, where the bytes do not tell of another."""
    try:
        wanted = codecs.lookup(encoding).name
    except LookupError:
        raise InputError(
            "there is no encoding {encoding!r}",
            file=file,
            hint="use utf-8, cp932 or utf-16",
            encoding=encoding,
        ) from None
    if wanted == "shift_jis":
        wanted = "cp932"  # what Excel writes under that name, with ①, ㈱ and 髙
    what = None
    if wanted == "cp932" and not content.isascii() and _or_none(content, "utf-8") is not None:
        what = Message("the wave says {encoding} but the file is UTF-8", encoding=encoding)
    elif wanted.startswith("utf-16") and b"\0" not in content:
        what = Message("the file is not {encoding}", encoding=encoding)
    if what:
        raise InputError(what, file=file, hint="correct wave.yml")
    return marked if marked and wanted.startswith("utf") else wanted


def _or_none(content: bytes, encoding: str) -> str | None:
    """The text, or None where the bytes are of another encoding."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _strict(content: bytes, encoding: str, file: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeError as error:
        what, hint = Message("the file is not {encoding}", encoding=encoding), "save it as UTF-8"
        if isinstance(error, UnicodeDecodeError):
            hint = "state its encoding in wave.yml, or save it as UTF-8"
            what = Message(
                "the file is not {encoding}: byte {byte:#04x} in line {line} has no meaning there",
                encoding=encoding,
                byte=content[error.start],
                line=content[: error.start].count(b"\n") + 1,
            )
        raise InputError(what, file=file, hint=hint, reason="encoding") from None


def _looks_wrong(text: str) -> bool:
    """Whether text read as cp932 holds what nobody types: unassigned bytes, or half-width kana in
    plenty, as EUC-JP would give."""
    if re.search("[\x80\xa0\uf8f0-\uf8f3]", text):
        return True
    kana = len(re.findall("[\uff61-\uff9f]", text))
    wide = sum(unicodedata.east_asian_width(letter) == "W" for letter in text) if kana > 20 else 0
    return kana > 20 and kana > wide
