"""The checks of one sheet against the rules of machine readability (see `readability`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from analysis.headings import IDENTITY, normalise
from analysis.sheet import CellKind, Sheet, address, column_letters

Breach = tuple[str, str, str]  # rule, cell, text of the cell

SEVERAL = re.compile(
    r"^[0-9０-９]{1,2}(\s*[、,，・/／;；\s]\s*[0-9０-９]{1,2})+$|^[①-⑳]{2,}$"
    r"|^[0-9０-９.,]+\s*[(（][^)）]*[0-9０-９]+[^)）]*[)）]$"
)
DECORATED = re.compile(
    r"^(約|およそ|計)?[-－−△▲]?[0-9０-９][0-9０-９,，.．]*\s*"
    r"([人名円件台回年月日%％個歳]|千人|万人|千円|億円|ヶ月|か月|箇所|団体|程度|以上|以下|未満|余り?|弱|強"
    r"|[~〜～－-]\s*[0-9０-９.]+)*$"
)
NO_QUANTITY = re.compile(r"0[0-9]|(19|20)[0-9]{2}[-/.年]")  # codes and dates
DITTO = re.compile(r"^([〃″”々]|同上|同左|同じ|同|\.{3,}|…+|・{2,})$")
SPACED = re.compile(r"^\s|\s$|[\r\n]|[ 　]{2,}|^\S([ 　]+\S){2,}$|^[一-龠][ 　]+[一-龠]$")
ERA = re.compile(
    r"(明治|大正|昭和|平成|令和)\s*(元|[0-9０-９]+)\s*年|^[MTSHRＭＴＳＨＲ][0-9０-９]{1,2}[.．/年]"
)
COMMON_ERA = re.compile(r"(19|20)[0-9]{2}|(１９|２０)[０-９]{2}")
SIGN = re.compile(r"^[-－ー―‐*＊×xXχ…・･.]+$|^\*+$")
UNIT = re.compile(
    r"[(（［\[][^)）\]］]*[)）\]］]|[%％]|率|割合|年|日|コード|番号|単位|№|code|\bid\b|\bno\b", re.I
)
SAME_EVERYWHERE = set("～〜－−‖∥―—￠￡￢\n\r\t\u3000")


def breaches(sheet: Sheet) -> Iterator[Breach]:
    """Every breach of a rule in one sheet."""
    grid = sheet.text.to_numpy(object)
    filled = sheet.kind != CellKind.EMPTY
    yield from _layout(sheet)
    if not filled.any():
        return
    top, start = data_start(sheet, filled)
    heads = ["\n".join(t for t in column if t) for column in grid[:start].T]
    yield from _texts(sheet, grid, filled, start, heads)
    yield from _numbers(sheet, grid, filled, start, heads)
    yield from _labels(sheet, grid, filled, top, start)
    yield from _blocks(sheet, filled, start)


def _layout(sheet: Sheet) -> Iterator[Breach]:
    for top, left, bottom, right in sheet.merged:
        raw = (
            str(sheet.text.iat[top, left]) if top < sheet.shape[0] and left < sheet.shape[1] else ""
        )
        yield "1-4", f"{address(top, left)}:{address(bottom, right)}", raw
    for (row, column), formula in sheet.formulas.items():
        yield "1-7", address(row, column), formula
    for row in sorted(sheet.hidden_rows):
        yield "H", f"{row + 1}:{row + 1}", ""
    for column in sorted(sheet.hidden_columns):
        yield "H", f"{column_letters(column)}:{column_letters(column)}", ""
    if sheet.hidden:
        yield "H", "A1", sheet.sheet


def data_start(sheet: Sheet, filled: np.ndarray) -> tuple[int, int]:
    """The header's first row, and the first row of data."""
    count = filled.sum(axis=1)
    wide = np.flatnonzero(count >= max(2, 0.5 * count.max()))
    top = int(wide[0]) if len(wide) else 0
    bottom = max([top, *(b for t, _, b, _ in sheet.merged if t <= top <= b)])
    numeric = np.isin(sheet.kind, (CellKind.NUMBER, CellKind.DATE))
    has_number = numeric | sheet.text.map(lambda t: bool(re.match(r"^[0-9０-９]", t))).to_numpy(
        bool
    )
    rows = np.flatnonzero(has_number[bottom + 1 :].any(axis=1) & (count[bottom + 1 :] > 1))
    return top, min(bottom + 1 + (int(rows[0]) if len(rows) and rows[0] < 3 else 0), len(count))


def _texts(
    sheet: Sheet, grid: np.ndarray, filled: np.ndarray, start: int, heads: list[str]
) -> Iterator[Breach]:
    """What a text says by itself, wherever it stands; texts that repeat are looked at once."""
    coded = [bool(re.search(r"コード|番号|電話|code|\bno\b|id", head, re.I)) for head in heads]
    rows, columns = np.nonzero(filled & (sheet.kind == CellKind.TEXT))
    verdicts: dict[str, list[str]] = {}
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        text = grid[row, column]
        if text not in verdicts:
            verdicts[text] = list(_text_breaches(text))
        for rule in verdicts[text]:
            in_data = row >= start
            if rule in ("1-2", "1-3") and (not in_data or coded[column]):
                continue
            if rule == "1-3" and not sheet.sheet and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
                continue  # a text file has no number cells
            yield rule, address(row, column), text


def _text_breaches(text: str) -> Iterator[str]:
    if SEVERAL.match(text.strip()):
        yield "1-2"
    elif DECORATED.match(text.strip()) and not NO_QUANTITY.match(text):
        yield "1-3"
    if SPACED.search(text):
        yield "1-5"
    if DITTO.match(text.strip()):
        yield "1-6"
    if any(_dependent(letter) for letter in text):
        yield "1-10"
    if ERA.search(text) and not COMMON_ERA.search(text):
        yield "1-11"


def _dependent(letter: str) -> bool:
    """Whether a character is outside JIS X 0208, such as ①, ㈱, Ⅳ or 髙."""
    if letter.isascii() or letter in SAME_EVERYWHERE:
        return False
    try:
        letter.encode("shift_jis")
    except UnicodeEncodeError:
        return True
    return False


def _numbers(
    sheet: Sheet, grid: np.ndarray, filled: np.ndarray, start: int, heads: list[str]
) -> Iterator[Breach]:
    """Signs among numbers without a legend, and numbers without a unit."""
    legend = any(
        re.search(r"凡例|単位|「?[-－×*…]」?\s*[はを:：=＝]", t) for t in set(grid[filled])
    )
    for column in range(grid.shape[1]):
        rows = np.flatnonzero(filled[start:, column]) + start
        texts = [grid[row, column].strip() for row in rows]
        values = [_value(text) for text in texts]
        known = [value for value in values if value is not None]
        if len(known) < 3 or len(known) < 0.6 * len(texts):
            continue
        if not legend:
            for row, text in zip(rows, texts, strict=True):
                if SIGN.match(text):
                    yield "1-13", address(int(row), column), text
        coded = all(value == int(value) and 0 <= value <= 20 for value in known)
        if not coded and not legend and not UNIT.search(heads[column]):
            yield "1-9", address(max(start - 1, 0), column), heads[column]


def _value(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _labels(
    sheet: Sheet, grid: np.ndarray, filled: np.ndarray, top: int, start: int
) -> Iterator[Breach]:
    """Columns without a heading, rows without a label, a table without municipalities."""
    covered = np.zeros(sheet.shape, bool)
    for r0, c0, r1, c1 in sheet.merged:
        covered[r0 : r1 + 1, c0 : c1 + 1] = True
    data = filled[start:]
    if not data.any():
        return
    for column in np.flatnonzero(data.any(axis=0)):
        if not (filled[top:start, column] | covered[top:start, column]).any():
            yield "1-6", address(max(start - 1, 0), int(column)), ""
    first = int(np.flatnonzero(filled.any(axis=0))[0])
    labels = (sheet.kind[start:, first] == CellKind.TEXT).mean() > 0.3
    for row in np.flatnonzero(data.sum(axis=1) >= 2) + start if labels else ():
        if not filled[row, first] and not covered[row, first]:
            yield "1-6", address(int(row), first), ""
    known = {normalise(text) for texts in IDENTITY.values() for text in texts}
    named = {normalise(text) for text in set(grid[filled])}
    places = sum(bool(re.fullmatch(r".{1,6}[都道府県市区町村]|\d{5,6}", text)) for text in named)
    if (
        not named & known
        and places < 3
        and not any(re.search(r"団体|市区?町村|自治体|都道府県", text) for text in named)
    ):
        yield "1-12", address(max(start - 1, 0), first), ""


def _blocks(sheet: Sheet, filled: np.ndarray, start: int) -> Iterator[Breach]:
    """Blank rows and columns inside the data, and a second table below the first."""
    count = filled.sum(axis=1)
    rows = np.flatnonzero(count >= 2)
    for before, after in pairwise(rows.tolist()):
        gap = count[before + 1 : after]
        if before < start or not (gap == 0).any():
            continue
        texts = sheet.kind[after][filled[after]] == CellKind.TEXT
        below = sheet.kind[after + 1 : after + 3]
        new = texts.all() and len(texts) >= 2 and (below == CellKind.NUMBER).any()
        same = not (sheet.kind[before][filled[before]] == CellKind.TEXT).all()
        blank = int(before + 1 + np.flatnonzero(gap == 0)[0])
        if new and same:
            yield "2-2", address(int(after), int(np.flatnonzero(filled[after])[0])), ""
        else:
            yield "2-1", f"{blank + 1}:{blank + 1}", ""
    used = np.flatnonzero(filled[max(start - 1, 0) :].any(axis=0))
    for left, right in pairwise(used.tolist()):
        if right - left > 1:
            letters = column_letters(int(left) + 1)
            yield "2-1", f"{letters}:{letters}", ""
