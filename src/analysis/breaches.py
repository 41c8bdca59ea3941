"""The checks of one sheet against the rules of machine readability (see `readability`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from analysis import patterns as p
from analysis.headings import IDENTITY, normalise
from analysis.layout import TOTAL
from analysis.municipality import check_digit
from analysis.sheet import CellKind, Sheet, address, column_letters

NUMBER_LIKE = re.compile(r"^[-△▲]?[0-9０-９](?![0-9０-９]{0,1}[.．:：)）\s]\s*[^\s0-9０-９])")
LONGEST = 200  # a longer text is prose
Breach = tuple[str, str, str]  # rule, cell, text of the cell


def breaches(sheet: Sheet) -> Iterator[Breach]:
    """Every breach of a rule in one sheet."""
    grid = sheet.text.to_numpy(object)
    filled = sheet.kind != CellKind.EMPTY
    yield from _layout(sheet)
    if not filled.any():
        return
    top, start = data_start(sheet, filled)
    header = grid[:start].copy()
    for r0, c0, _, c1 in sheet.merged:  # a heading over several columns stands over each
        if r0 < start:
            header[r0, c0 : c1 + 1] = grid[r0, c0]
    heads = ["\n".join(dict.fromkeys(t for t in column if t)) for column in header.T]
    numeric = [_numbers_of(grid, filled, start, column) for column in range(grid.shape[1])]
    yield from _texts(sheet, grid, filled, start, heads, numeric)
    yield from _numbers(sheet, grid, filled, start, heads, numeric)
    yield from _codes(grid, start, heads)
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
    # "1 研修" in a second row of headings is an option and no answer
    has_number = numeric | sheet.text.map(lambda t: bool(NUMBER_LIKE.match(t))).to_numpy(bool)
    rows = np.flatnonzero(has_number[bottom + 1 :].any(axis=1) & (count[bottom + 1 :] > 1))
    return top, min(bottom + 1 + (int(rows[0]) if len(rows) and rows[0] < 3 else 0), len(count))


def _texts(
    sheet: Sheet,
    grid: np.ndarray,
    filled: np.ndarray,
    start: int,
    heads: list[str],
    numeric: list[list[float]],
) -> Iterator[Breach]:
    """What a text says by itself, wherever it stands; texts that repeat are looked at once."""
    coded = [bool(p.CODED.search(head)) for head in heads]
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
            if rule == "1-6" and in_data and numeric[column] and p.SIGN.match(text.strip()):
                continue  # among numbers … is a sign (1-13)
            if rule == "1-3" and not sheet.sheet and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
                continue  # a text file has no number cells
            yield rule, address(row, column), text


def _text_breaches(text: str) -> Iterator[str]:
    brief = text.strip() if len(text) <= LONGEST else ""
    if p.SEVERAL.match(brief):
        yield "1-2"
    elif p.DECORATED.match(brief) and not p.NO_QUANTITY.match(brief):
        yield "1-3"
    if p.SPACED.search(text):
        yield "1-5"
    if p.DITTO.match(text.strip()):
        yield "1-6"
    if any(_dependent(letter) for letter in text):
        yield "1-10"
    if p.ERA.search(text) and not p.COMMON_ERA.search(text):
        yield "1-11"


def _dependent(letter: str) -> bool:
    """Whether a character is outside JIS X 0208, such as ①, ㈱, Ⅳ or 髙."""
    if letter.isascii() or letter in p.SAME_EVERYWHERE:
        return False
    try:
        letter.encode("shift_jis")
    except UnicodeEncodeError:
        return True
    return False


def _numbers_of(grid: np.ndarray, filled: np.ndarray, start: int, column: int) -> list[float]:
    """The numbers of a column that holds mostly numbers, else nothing."""
    texts = grid[start:, column][filled[start:, column]]
    known = [value for text in texts if (value := _value(text.strip())) is not None]
    return known if len(known) >= 3 and len(known) >= 0.6 * len(texts) else []


def _numbers(
    sheet: Sheet,
    grid: np.ndarray,
    filled: np.ndarray,
    start: int,
    heads: list[str],
    numeric: list[list[float]],
) -> Iterator[Breach]:
    """Errors and signs among numbers without a legend, and numbers without a unit."""
    told = set(grid[filled])
    legend = any(p.LEGEND.search(text) for text in told)
    stated = any(p.STATED.search(text) for text in told)
    rows, columns = np.nonzero(sheet.kind == CellKind.ERROR)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if (row, column) not in sheet.formulas:
            yield "1-3", address(row, column), grid[row, column]
    for column, known in enumerate(numeric):
        if not known:
            continue
        for row in (np.flatnonzero(filled[start:, column]) + start).tolist() if not legend else ():
            if p.SIGN.match(grid[row, column].strip()):
                yield "1-13", address(row, column), grid[row, column].strip()
        head = heads[column]
        coded = all(value == int(value) and 0 <= value <= 20 for value in known)
        coded = (coded and not p.COUNTED.search(head)) or all(map(_is_code, known))
        if stated or coded or p.UNIT.search(head):
            continue
        yield "1-9", address(max(start - 1, 0), column), head


def _is_code(value: float) -> bool:
    """Whether a number is a municipality's code, whatever the heading says."""
    six = f"{value:06.0f}"
    whole = value >= 0 and value == int(value) and len(six) == 6
    return whole and check_digit(six[:5]) == six[5]


def _codes(grid: np.ndarray, start: int, heads: list[str]) -> Iterator[Breach]:
    """Codes of municipalities that lost their leading zero as numbers."""
    known = {normalise(text) for text in IDENTITY["code"]} - {"コード", "code"}
    for column, head in enumerate(heads):
        if not known & {normalise(part) for part in head.split("\n")}:
            continue
        codes = {row: grid[row, column].strip() for row in range(start, len(grid))}
        short = {row: code for row, code in codes.items() if re.fullmatch(r"[1-9]\d{3,4}", code)}
        # five digits may also be a code without its check digit
        five = [f"0{code}" for code in short.values() if len(code) == 5]
        if all(check_digit(code[:5]) == code[5] for code in five):
            for row, code in short.items():
                yield "1-12", address(row, column), code


def _value(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if np.isfinite(value) else None  # "nan" and "inf" are words


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
        total = any(TOTAL.match(normalise(text)) for text in grid[row, first : first + 3])
        if not filled[row, first] and not covered[row, first] and not total:
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
            heading = sheet.text.iloc[max(start - 1, 0)].to_numpy(object)
            once_more = {*heading[: left + 1]} & {*heading[right:]} - {""}
            if start and once_more:  # a table beside the first
                yield "2-2", address(start - 1, int(right)), ""
                continue
            letters = column_letters(int(left) + 1)
            yield "2-1", f"{letters}:{letters}", ""
