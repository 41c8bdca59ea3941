"""Tables of spreadsheet programs: the texts of CSV as they save it; CSV and workbooks for them, in
which nothing is run as a formula."""

from __future__ import annotations

import codecs
import datetime as dt
import math
import re
import unicodedata
from typing import Any

import pandas as pd

from analysis.errors import refusal

EPOCH = dt.datetime(2019, 1, 1)  # a fixed date of making: the same answers give the same bytes
LOOKS_LIKE_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")  # Excel turns a typed ＝ into =, too
BOM = "\ufeff"  # the byte order mark
BOMS = {BOM.encode(code): code for code in ("utf-8", "utf-16-le", "utf-16-be")}
LINE = 16  # points
WRAP = {"text_wrap": True, "valign": "top", "border": 1}


def to_csv(frame: pd.DataFrame, *, index: bool = False) -> bytes:
    """CSV that Excel opens: UTF-8 with a mark, and no text that it would run as a formula.

    >>> print(to_csv(pd.DataFrame({"a": ["＝1", "-1"]}, index=["=x", " @y"]), index=True).decode())
    \ufeffindex,a
    '=x,'＝1
    ' @y,-1
    <BLANKLINE>
    """
    # copied, since pandas warns where it adds a column to a frame that was made of single ones
    safe = (frame.copy().reset_index() if index else frame).rename(columns=_inert)
    for at, kind in enumerate(safe.dtypes):
        column = safe.iloc[:, at]
        if isinstance(kind, pd.StringDtype):
            if column.str.match(LOOKS_LIKE_FORMULA).any():
                safe.isetitem(at, column.map(_inert))
        elif pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.CategoricalDtype):
            safe.isetitem(at, column.map(_inert))
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def quoted(texts: pd.Series) -> pd.Series:
    """The words of others in 「 」, each in one line, with their own marks as 『 』; blanks stay.

    They may hold what the rules of machine readability forbid (①, line breaks), and stay theirs.

    >>> quoted(pd.Series(["①と\\n「②」", ""])).tolist()
    ['「①と 『②』」', '']
    """
    marks = str.maketrans("「」", "『』")
    known = texts.notna() & (texts != "")
    words = texts[known].astype(str).map(lambda text: " ".join(text.split()).translate(marks))
    return texts.astype(object).where(~known, "「" + words.reindex(texts.index) + "」")


def is_number(text: str) -> bool:
    """Whether a text is a number as figures and tables write it."""
    try:
        float(text.replace("−", "-").replace(",", "").rstrip("%％"))
    except ValueError:
        return False
    return True


def _inert(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula, with an apostrophe before it."""
    risky = isinstance(value, str) and LOOKS_LIKE_FORMULA.match(value)
    return f"'{value}" if risky and not is_number(value) else value


def plain(cell: str) -> str:
    """The text of a cell of such a CSV, without the apostrophe that keeps it from being run.

    >>> plain("'=1+1"), plain("'98")
    ('=1+1', "'98")
    """
    return cell[1:] if cell.startswith("'") and LOOKS_LIKE_FORMULA.match(cell[1:]) else cell


# --- workbooks (xlsxwriter) ----------------------------------------------------------------------


def write_text(sheet: Any, row: int, column: int, value: str, style: Any, quoted: Any) -> None:
    """Text that stays text, also where it begins like a formula."""
    sheet.write_string(row, column, value, quoted if LOOKS_LIKE_FORMULA.match(value) else style)


def height(text: str, width: int) -> int:
    """The points that a wrapped text takes in a column so many letters wide; a kanji is two wide.

    Excel makes a row as high by itself when it opens the file, other programs do not.
    """
    wide = unicodedata.east_asian_width
    letters = [sum(1 + (wide(c) in "WFA") for c in line) for line in text.split("\n")]
    return LINE * sum(max(1, math.ceil(1.1 * n / width)) for n in letters)


def on_a4(sheet: Any) -> None:
    """Print landscape, as wide as a page."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def sheet_name(code: str, name: str) -> str:
    """Unique by the code; Excel allows 31 characters and not all."""
    return re.sub(r"[\[\]:*?/\\']", "_", f"{code} {name}")[:31]


# --- CSV as programs save it ----------------------------------------------------------------------


def decode(content: bytes, file: str, encoding: str | None = None) -> str:
    """The text of a file: by its byte order mark, else UTF-8, UTF-16, EUC-JP or cp932.

    >>> decode("髙崎市①".encode("cp932"), "a.csv")
    '髙崎市①'
    """
    by_mark = next((code for mark, code in BOMS.items() if content.startswith(mark)), None)
    if encoding is not None:
        encoding = _checked_encoding(content, encoding, by_mark, file)
    return _strict(content, encoding or by_mark or _fitting(content, file), file).removeprefix(BOM)


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
        raise refusal("file.encoding_unclear", file=file, reason="encoding")
    return "cp932"


def _checked_encoding(content: bytes, encoding: str, by_mark: str | None, file: str) -> str:
    """The encoding that ``wave.yml`` gives, where the bytes do not tell of another."""
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise refusal("file.no_encoding", file=file, encoding=encoding) from None
    if codec == "shift_jis":
        codec = "cp932"  # what Excel writes under that name, with ①, ㈱ and 髙
    if codec == "cp932" and not content.isascii() and _or_none(content, "utf-8") is not None:
        raise refusal("file.is_utf8", file=file, encoding=encoding)
    if codec.startswith("utf-16") and b"\0" not in content:
        raise refusal("file.other_encoding", file=file, encoding=encoding)
    return by_mark if by_mark and codec.startswith("utf") else codec


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
        about: dict[str, Any] = {"file": file, "reason": "encoding", "encoding": encoding}
        if not isinstance(error, UnicodeDecodeError):
            raise refusal("file.not_encoded", **about) from None
        line = content[: error.start].count(b"\n") + 1
        raise refusal("file.bad_byte", **about, byte=content[error.start], line=line) from None


def _looks_wrong(text: str) -> bool:
    """Whether text read as cp932 holds what nobody types: unassigned bytes, or half-width kana in
    plenty, as EUC-JP would give."""
    if re.search("[\x80\xa0\uf8f0-\uf8f3]", text):
        return True
    kana = len(re.findall("[\uff61-\uff9f]", text))
    wide = sum(unicodedata.east_asian_width(letter) == "W" for letter in text) if kana > 20 else 0
    return kana > 20 and kana > wide


def separator(head: str) -> str:
    """The sign that most lines hold; commas in one long answer do not make it a comma."""
    lines = re.split(r"\r\n|\r|\n", head)
    return max(
        (",", "\t", ";", "|"), key=lambda sign: (sum(sign in x for x in lines), head.count(sign))
    )
