"""What in one sheet keeps a program from reading it: each breach of a rule with its cell.

The rules are those of data/readability.yml; `audit` gathers their breaches over files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from analysis.codebook.municipality import check_digit
from analysis.intake.headings import IDENTITY, normalise
from analysis.intake.tables import TOTAL
from analysis.intake.workbook import CellKind, Sheet, address, column_letters

D = "0-9０-９"
N = rf"[{D}][{D},，.．]*"
SCALE = "(?:十|百|千|万|百万|千万|億|十億|百億|兆)?"
MEASURE = (
    "(?:人|名|円|件|台|回|日|時間|分|秒|年|か月|ヶ月|カ月|ヵ月|月|週|歳|才|個|箇所|か所|ヶ所|団体|市町村|自治体"
    "|世帯|戸|校|冊|枚|部|組|社|者|本|床|点|倍|頁|ページ|ポイント|席|室|館|施設|種類|回線|人日|人月"
    "|[%％]|[kcm]?m[2²]?|㎡|km2|ha|k?g|t|[KMGT]B)"
)
UNITS = f"(?:{SCALE}{MEASURE}(?:[/／・]{SCALE}{MEASURE})?)"
WORD = rf"[^\s、，,;；:：()（）¥￥+＋△▲{D}-]"
NUMBERED = rf"[{D}]{{1,2}}[.．:：\s][^、，,;；\n{D}]{{1,20}}"
SEVERAL = re.compile(
    rf"^[{D}]{{1,2}}(\s*[、,，・/／;；\s]\s*[{D}]{{1,2}})+$|^[①-⑳]([、,，・\s]*[①-⑳])+$"
    # 45（うち女性3）, but not 2019（令和元）
    rf"|^(?!(19|20)[0-9]{{2}}年?度?[(（]){N}\s*{UNITS}?\s*[(（][^)）]+[)）]$"
    # 正規3、非正規2
    rf"|^{WORD}{{1,8}}\s*[:：]?\s*{N}{UNITS}?"
    rf"(\s*([、;；・\s]|[,，](?=\D))\s*({WORD}{{1,8}}\s*[:：]?\s*)?{N}{UNITS}?)+$"
    # 1 業務改革、3 研修
    rf"|^{NUMBERED}([、，,;；\n]\s*{NUMBERED})+$"
)
DECORATED = re.compile(
    rf"^(約|およそ|計|[¥￥])?\s*[-－−△▲+＋]?{N}\s*(([千万億兆]|{UNITS})([{D}]+{UNITS}?)?)?\s*"
    rf"(程度|以上|以下|未満|余り?|弱|強|前後|くらい|ぐらい|[~〜～－-]\s*[{D}.]+{UNITS}?)*$"
)
# codes, dates and addresses
NO_QUANTITY = re.compile(
    r"0[0-9]+$|0[0-9]*-|(19|20)[0-9]{2}([-/.][0-9]|年)|[0-9]{3}-[0-9]{4}$|[0-9]+-[0-9]+-[0-9]+"
    r"|[0-9]{1,2}[月年]([0-9]{1,2}日)?$|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}$"
)
DITTO = re.compile(
    r"""^([〃″”々"仝↓↑]|''|((以下|上に|上記[にと]?|左に|前に)?同(上|左|前|じ|様)?)|\.{3,}|…+|・{2,})$"""
)
SPACED = re.compile(r"^\s|\s$|[\r\n]|[ 　]{2,}|^\S([ 　]+\S){2,}$|^[一-龠][ 　]+[一-龠]$")
YEAR = f"(元|[{D}]{{1,2}})"
ERA = re.compile(
    rf"(明治|大正|昭和|平成|令和)\s*{YEAR}\s*([年.．/]|$)"
    rf"|^[MTSHRＭＴＳＨＲ]\s?{YEAR}(\s*[.．/年]|[-－][{D}]+[-－])|^[HRＨＲ]{YEAR}(年?度)?([(（].*)?$"
    r"|^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}$"
)
COMMON_ERA = re.compile(r"(19|20)[0-9]{2}|(１９|２０)[０-９]{2}")
SIGN = re.compile(r"^[-－ー―‐*＊×xXχＸｘ…・･.]+$")
LEGEND = re.compile(r"凡例|(^|[\s、，。（(※「])[-－―‐*＊×xXχＸｘ…][」』]?\s*[はを:：=＝]")
STATED = re.compile(r"単位\s*[:：は]|[(（［\[]単位")  # once for the whole table
UNIT = re.compile(
    rf"[(（［\[](単位\s*[:：]?\s*)?({UNITS}|[A-Za-z%/ ]+)"
    r"([、，,・;；/／\s:：][^)）\]］]*)?[)）\]］]"
    # what counts says its unit, and some numbers have none
    "|[%％]|率|割合|単位|(人|件|台|回|日|時間|年|月|校|冊|戸|団体|市町村|箇所|世帯|枚|点|室|館|施設|回線)数"
    r"|指数|係数|偏差値|順位|比$|(^|[^\d])年度?$|年月日?$|西暦"
    r"|コード|番号|通番|連番|№|code|\bid\b|\bno\b|電話|連絡先|〒",
    re.I | re.M,
)
COUNTED = re.compile(r"(数|額|費|料|量|人口|面積|時間|年齢|給与|残高|経費|予算)\s*([(（]|$)", re.M)
CODED = re.compile(r"コード|番号|電話|連絡先|〒|所在地|住所|code|\bno\b|\bid\b", re.I)
SAME_EVERYWHERE = set("～〜－−‖∥―—￠￡￢\n\r\t\u3000")


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
    coded = [bool(CODED.search(head)) for head in heads]
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
            if rule == "1-6" and in_data and numeric[column] and SIGN.match(text.strip()):
                continue  # among numbers … is a sign (1-13)
            if rule == "1-3" and not sheet.sheet and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
                continue  # a text file has no number cells
            yield rule, address(row, column), text


def _text_breaches(text: str) -> Iterator[str]:
    brief = text.strip() if len(text) <= LONGEST else ""
    if SEVERAL.match(brief):
        yield "1-2"
    elif DECORATED.match(brief) and not NO_QUANTITY.match(brief):
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
    legend = any(LEGEND.search(text) for text in told)
    stated = any(STATED.search(text) for text in told)
    rows, columns = np.nonzero(sheet.kind == CellKind.ERROR)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if (row, column) not in sheet.formulas:
            yield "1-3", address(row, column), grid[row, column]
    for column, known in enumerate(numeric):
        if not known:
            continue
        for row in (np.flatnonzero(filled[start:, column]) + start).tolist() if not legend else ():
            if SIGN.match(grid[row, column].strip()):
                yield "1-13", address(row, column), grid[row, column].strip()
        head = heads[column]
        coded = all(value == int(value) and 0 <= value <= 20 for value in known)
        coded = (coded and not COUNTED.search(head)) or all(map(_is_code, known))
        if stated or coded or UNIT.search(head):
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
