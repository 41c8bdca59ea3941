"""What in one sheet keeps a program from reading it: each breach of a rule with its cell.

The rules are those of data/readability.yml; `audit` gathers their breaches over files.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np

from analysis.codebook.municipality import check_digit
from analysis.intake.headings import IDENTITY, normalise
from analysis.intake.sheet import CellKind, Place, Sheet, address, column_letters
from analysis.intake.tables import TOTAL
from analysis.yaml_file import packaged
from workbench.office.columns import data_start

D = "0-9０-９"
N = rf"[{D}][{D},，.．]*"
SCALE = "(?:十|百|千|万|百万|千万|億|十億|百億|兆)?"
MEASURE = f"(?:{'|'.join(packaged('readability.yml', 'workbench')['measures'])})"
UNITS = f"(?:{SCALE}{MEASURE}(?:[/／・]{SCALE}{MEASURE})?)"
WORD = rf"[^\s、，,;；:：()（）¥￥+＋△▲{D}-]"
NTH = rf"[{D}]{{1,2}}[.．:：\s][^、，,;；\n{D}]{{1,20}}"
SEVERAL = re.compile(
    rf"^[{D}]{{1,2}}(\s*[、,，・/／;；\s]\s*[{D}]{{1,2}})+$|^[①-⑳]([、,，・\s]*[①-⑳])+$"
    # 45（うち女性3）, but not 2019（令和元）
    rf"|^(?!(19|20)[0-9]{{2}}年?度?[(（]){N}\s*{UNITS}?\s*[(（][^)）]+[)）]$"
    # 正規3、非正規2
    rf"|^{WORD}{{1,8}}\s*[:：]?\s*{N}{UNITS}?"
    rf"(\s*([、;；・\s]|[,，](?=\D))\s*({WORD}{{1,8}}\s*[:：]?\s*)?{N}{UNITS}?)+$"
    # 1 業務改革、3 研修
    rf"|^{NTH}([、，,;；\n]\s*{NTH})+$"
    # 50384, 69565（63683） and 373（平成27年度）、434（平成28年度）
    rf"|^{N}{UNITS}?([(（][^)）]*[)）])?\s*([、;；]\s*|[,，]\s+){N}"
)
DECORATED = re.compile(
    rf"^(約|およそ|計|[¥￥])?\s*[-－−△▲+＋]?{N}\s*(([千万億兆]|{UNITS})([{D}]+{UNITS}?)?)?\s*"
    rf"(程度|以上|以下|未満|余り?|弱|強|前後|くらい|ぐらい|[~〜～－-]\s*[{D}.]+{UNITS}?)*$"
)
# 150 000, (50000) and 0(a
TYPESET = re.compile(
    rf"^[-－−△▲]?\s*[{D}]{{1,3}}([ 　][{D}]{{3}})+$|^[(（]{N}[)）]$|^{N}\s*([*＊※†]|[(（][a-z])"
)
# codes, dates and addresses
NO_QUANTITY = re.compile(
    r"0[0-9]+$|0[0-9]*-|(19|20)[0-9]{2}([-/.][0-9]|年)|[0-9]{3}-[0-9]{4}$|[0-9]+-[0-9]+-[0-9]+"
    r"|[0-9]{1,2}[月年]([0-9]{1,2}日)?$|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}$"
)
DITTO = re.compile(
    r"""^([〃″”々"仝↓↑]|''|((以下|上に|上記[にと]?|左に|前に)?同(上|左|前|じ|様)?)|\.{3,}|…+|・{2,})$"""
)
# 架 空 市, but not n = 2
SPACED = re.compile(
    r"^\s|\s$|[\r\n]|[ 　]{2,}|^[^\x00-\x7f]([ 　]+[^\x00-\x7f]){2,}$|^[一-龠][ 　]+[一-龠]$"
)
QUOTED = re.compile(
    "「[^」]{0,500}」|“[^”]{0,500}”"
)  # the words of others, given as they were written
YEAR = f"(元|[{D}]{{1,2}})"
ERA = re.compile(
    rf"(明治|大正|昭和|平成|令和)\s*{YEAR}\s*([年.．/]|$)"
    rf"|^[MTSHRＭＴＳＨＲ]\s?{YEAR}(\s*[.．/年]|[-－][{D}]+[-－])|^[HRＨＲ]{YEAR}(年?度)?([(（].*)?$"
    r"|^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}$"
)
BARE = re.compile(r"[HRＨＲ][0-9０-９]{1,2}")  # without 年
COMMON_ERA = re.compile(r"(19|20)[0-9]{2}|(１９|２０)[０-９]{2}")
SIGN = re.compile(r"^[-－ー―‐*＊×xXχＸｘ…・･.]+$")
LEGEND = re.compile(r"凡例|(^|[\s、，。（(※「])[-－―‐*＊×xXχＸｘ…][」』]?\s*[はを:：=＝]")
STATED = re.compile(r"単位\s*[:：は]|[(（［\[]単位")  # once for the whole table
UNIT_STATED = re.compile(
    rf"[(（［\[](単位\s*+([:：]\s*+)?)?({UNITS}|[A-Za-z%/ ][A-Za-z%]*+)"
    r"([、，,・;；/／\s:：][^)）\]］]{0,500})?[)）\]］]"
    # what counts says its unit, and some numbers have none
    "|[%％]|率|割合|単位|(人|件|台|回|日|時間|年|月|校|冊|戸|団体|市町村|箇所|世帯|枚|点|室|館|施設|回線)数"
    r"|\bnumber of\b|^year$|指数|係数|偏差値|順位|比$|(^|[^\d])年度?$|年月日?$|西暦"
    r"|コード|番号|通番|連番|№|code|\bid\b|\bno\b|電話|連絡先|〒",
    re.I | re.M,
)
AMOUNT = re.compile(r"(数|額|費|料|量|人口|面積|時間|年齢|給与|残高|経費|予算)\s*([(（]|$)", re.M)
CODED = re.compile(r"コード|番号|電話|連絡先|〒|所在地|住所|code|\bno\b|\bid\b", re.I)
SAME_EVERYWHERE = set("～〜－−‖∥―—–‘’“”￠￡￢\n\r\t\u3000\u00a0")
LONGEST = 200  # a longer text is prose
REMARK = re.compile(
    r"^\s*([(（]?(※|＊|\*|注記?\s*[0-9０-９:：)）　 ]|注$)"
    r"|(出典|資料|出所|作成者?|作成日|最終更新日?|更新日?|担当者?|問い?合わ?せ先?|備考)\s*[:：]"
    r"|(source|note|author|contact|last updated)s?\s*:)",
    re.I,
)
EMPTY_NAME = re.compile(
    r"^((?!(19|20)\d\d$)\d{1,4}|[a-z]|(列|項目|column|field|f) ?\d+|列|unnamed.*|[-－―…*＊?？]+)$",
    re.I,
)
OTHER = re.compile(
    r"^\s*([0-9０-９①-⑳]{1,2}\s*+[.．:：)）]?\s*+)?(その他|other)\s*([:：]|[(（])\s*[^\s)）]", re.I
)
LIST_SIGN = re.compile(r"[、，,;；/／・|\n]")
CLAUSE = re.compile("[がはを].|[くりてし、]$|[。0-9]$")
YEARS = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)年?度?|(令和|平成|昭和|[RHS])\s?(元|\d{1,2})\s?年度?")
PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
CODE_TABLE = re.compile(r"コード(表|一覧|リスト)|符号表|code.?(book|list|table)|^codes\b", re.I)
UNIT_HEAD = re.compile(r"単位|unit", re.I)  # the column of a code table with the units
RULE = re.compile(r"[<>=\[]")  # of a condition, such as Q08 >= 1
OF_DATA = {"one_datum", "numbers", "other_detail"}  # checks that a heading passes
FEW = 12  # at most so many different answers make a column one of choices

Breach = tuple[str, str, str]  # check, cell, text of the cell


class CheckedTable:
    """One sheet as a table: where its header stands, what its columns are called and hold.

    Attributes
    ----------
    grid, filled : the text of each cell, and whether it belongs to the table and is not empty.
    outside : the places of notes beside and below the table.
    top, start : the first row of the header, and of the data.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.grid = sheet, sheet.text.to_numpy(object)
        self.filled = sheet.kind != CellKind.EMPTY
        self.blank = not self.filled.any()
        self.top, self.start = data_start(sheet, self.filled)
        self.outside = self._outside()
        for place in self.outside:
            self.filled[place] = False

    def _outside(self) -> list[Place]:
        """Notes: marked as such, or in a sparse column without a heading."""
        sheet, grid, filled, start = self.sheet, self.grid, self.filled, self.start
        remarks = set()
        for row in range(self.top, len(grid)):
            places = np.flatnonzero(filled[row]).tolist()
            notes = [c for c in places if REMARK.match(grid[row, c])]
            if notes and row >= start and len(places) <= 2 and notes[0] == places[0]:
                notes = places  # the sign of a note, and the note beside it
            remarks |= {(row, c) for c in notes if row >= start or not filled[start:, c].any()}
        data = filled[start:]
        for column in range(1, grid.shape[1]):
            texts = (sheet.kind[start:, column] == CellKind.TEXT)[data[:, column]]
            headed = filled[self.top : start, column].any() or any(
                r0 < start and c0 <= column <= c1 for r0, c0, _, c1 in sheet.merged
            )
            if not headed and len(texts) and texts.all() and 2 * len(texts) <= len(data):
                remarks |= {(start + int(row), column) for row in np.flatnonzero(data[:, column])}
        return sorted(remarks)

    @cached_property
    def heads(self) -> list[str]:
        """The heading of each column, its rows joined; a merged one stands over each column."""
        header = self.grid[: self.start].copy()
        for r0, c0, _, c1 in self.sheet.merged_here:
            if r0 < self.start:
                header[r0, c0 : c1 + 1] = self.grid[r0, c0]
        return ["\n".join(dict.fromkeys(t for t in column if t)) for column in header.T]

    @cached_property
    def numeric(self) -> list[list[float]]:
        """The numbers of each column that holds mostly numbers, else nothing."""
        columns = []
        for column in range(self.grid.shape[1]):
            texts = self.grid[self.start :, column][self.filled[self.start :, column]]
            known = [value for text in texts if (value := _value(text.strip())) is not None]
            columns.append(known if len(known) >= 3 and len(known) >= 0.6 * len(texts) else [])
        return columns

    def coded(self, column: int) -> bool:
        """Whether a column of numbers holds codes of answers, and counts nothing."""
        known, head = self.numeric[column], self.heads[column]
        small = all(value == int(value) and 0 <= value <= 20 for value in known)
        plain = not (AMOUNT.search(head) or UNIT_STATED.search(head))
        return bool(known) and small and (plain or bool(re.search(r"コード|code", head, re.I)))

    def has_number(self, rows: slice) -> bool:
        """Whether one of these rows holds a number, in a text file one written as text."""
        cells = self.grid[rows][self.filled[rows]]
        kinds = np.isin(self.sheet.kind[rows], (CellKind.NUMBER, CellKind.DATE)).any()
        return bool(kinds) or (not self.sheet.sheet and any(_value(c) is not None for c in cells))

    def texts(self, column: int) -> dict[int, str]:
        """Row -> text of the data cells of a column that hold a text."""
        own = self.filled[:, column] & (self.sheet.kind[:, column] == CellKind.TEXT)
        rows = np.flatnonzero(own[self.start :]) + self.start
        return {row: self.grid[row, column] for row in rows.tolist()}

    def cell(self, check: str, row: int, column: int) -> Breach:
        """A breach in one cell."""
        return check, address(row, column), self.grid[row, column]

    def heading(self, check: str, column: int) -> Breach:
        """A breach in the heading of a column."""
        return check, address(self.start - 1, column), self.heads[column]


def breaches(table: CheckedTable) -> Iterator[Breach]:
    """Every breach of a check in one sheet, of those that look at the sheet alone."""
    yield from _layout(table.sheet)
    if table.blank:
        return
    yield from (table.cell("outside", *place) for place in table.outside)
    for check in (_texts, _numbers, _codes, _headings, _labels, _choices, _blocks):
        yield from check(table)


def _layout(sheet: Sheet) -> Iterator[Breach]:
    """Merged cells, formulas, and what is hidden."""
    for top, left, bottom, right in sheet.merged:
        inside = top < sheet.shape[0] and left < sheet.shape[1]
        raw = str(sheet.text.iat[top, left]) if inside else ""
        yield "merged", f"{address(top, left)}:{address(bottom, right)}", raw
    yield from (("formulas", address(*place), text) for place, text in sheet.formulas.items())
    hidden = [str(row + 1) for row in sorted(sheet.hidden_rows)]
    hidden += map(column_letters, sorted(sheet.hidden_columns))
    yield from (("hidden", f"{name}:{name}", "") for name in hidden)
    if sheet.hidden:
        yield "hidden", "A1", sheet.sheet


def _texts(table: CheckedTable) -> Iterator[Breach]:
    """The breaches that a text shows by itself, in whatever cell it stands."""
    mask = table.filled & (table.sheet.kind == CellKind.TEXT)
    verdicts = {text: [*_text_breaches(text)] for text in set(table.grid[mask])}
    coded = [bool(CODED.search(head)) for head in table.heads]
    dated = [bool(re.search("[年月日時期]|date|year", head, re.I)) for head in table.heads]
    for row, column in np.argwhere(mask).tolist():
        text, in_data = table.grid[row, column], row >= table.start
        excused = {
            **dict.fromkeys(OF_DATA, not in_data or coded[column]),
            # among numbers … is a sign
            "omitted": in_data and table.numeric[column] and SIGN.match(text.strip()),
            # H1 may be a name or a cell
            "years": in_data and not dated[column] and BARE.fullmatch(text),
        }
        if not table.sheet.sheet and PLAIN_NUMBER.fullmatch(text):
            excused["numbers"] = True  # a text file has no number cells
        for check in verdicts[text]:
            if not excused.get(check):
                yield table.cell(check, row, column)


def _text_breaches(text: str) -> Iterator[str]:
    if SPACED.search(text) and not TYPESET.match(text.strip()):
        yield "spacing"
    text = QUOTED.sub("「」", text)
    brief = text.strip() if len(text) <= LONGEST and not RULE.search(text) else ""
    if SEVERAL.match(brief):
        yield "one_datum"
    elif TYPESET.match(brief) or (DECORATED.match(brief) and not NO_QUANTITY.match(brief)):
        yield "numbers"
    if OTHER.match(text):
        yield "other_detail"
    if DITTO.match(text.strip()):
        yield "omitted"
    # outside JIS X 0208, such as ①, ㈱, Ⅳ or 髙; é and – are none
    odd = {c for c in text if not c.isascii()} - SAME_EVERYWHERE
    if any(not "\u00c0" <= c <= "\u024f" and not c.encode("shift_jis", "ignore") for c in odd):
        yield "characters"
    if ERA.search(text) and not COMMON_ERA.search(text):
        yield "years"


def _numbers(table: CheckedTable) -> Iterator[Breach]:
    """Errors and signs among numbers without a legend, and numbers without a unit."""
    sheet = table.sheet
    texts = set(table.grid[sheet.kind != CellKind.EMPTY])
    legend = any(map(LEGEND.search, texts))
    stated = any(map(STATED.search, texts)) or any(map(UNIT_HEAD.match, table.heads))
    errors = map(tuple, np.argwhere(sheet.kind == CellKind.ERROR).tolist())
    yield from (table.cell("numbers", *at) for at in errors if at not in sheet.formulas)
    for column, known in enumerate(table.numeric):
        if not known:
            continue
        for row, text in table.texts(column).items() if not legend else ():
            if SIGN.match(text.strip()):
                yield "symbols", address(row, column), text.strip()
        if table.coded(column):
            yield table.heading("code_table", column)
        elif not (stated or all(map(_is_code, known)) or UNIT_STATED.search(table.heads[column])):
            yield table.heading("units", column)


def _is_code(value: float) -> bool:
    """Whether a number is a municipality's code, whatever the heading says."""
    six = f"{value:06.0f}"
    whole = value >= 0 and value == int(value) and len(six) == 6
    return whole and check_digit(six[:5]) == six[5]


def _codes(table: CheckedTable) -> Iterator[Breach]:
    """Codes of municipalities that lost their leading zero as numbers."""
    known = {normalise(text) for text in IDENTITY["code"]} - {"コード", "code"}
    for column, head in enumerate(table.heads):
        if known.isdisjoint(map(normalise, head.split("\n"))):
            continue
        codes = enumerate(map(str.strip, table.grid[table.start :, column]), table.start)
        short = {row: code for row, code in codes if re.fullmatch(r"[1-9]\d{3,4}", code)}
        # five digits may also be a code without its check digit
        if all(len(code) == 4 or _is_code(float(code)) for code in short.values()):
            yield from (("areas", address(row, column), code) for row, code in short.items())


def _value(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if np.isfinite(value) else None  # "nan" and "inf" are words


def _headings(table: CheckedTable) -> Iterator[Breach]:
    """Where the header stands, and whether each column is called by a name of its own."""
    start, grid, data = table.start, table.grid, table.filled[table.start :]
    if not data.any():
        return
    if table.top or start > 1:
        yield "header_row", f"1:{start}", ""
    merged = [r for r in table.sheet.merged_here if r[0] < start and r[3] > r[1]]
    yield from (table.cell("unique", r0, c0) for r0, c0, _, _ in merged)
    names: set[str] = set()
    years = defaultdict(set)  # the rest of a heading -> the years it has
    for column in np.flatnonzero(data.any(axis=0)).tolist():
        name, cell = str(grid[start - 1, column]).strip(), address(start - 1, column)
        head = unicodedata.normalize("NFKC", table.heads[column])
        if name and name in names and not any(c0 < column <= c1 for _, c0, _, c1 in merged):
            yield "unique", cell, name
        names.add(name)
        if EMPTY_NAME.match(head.strip()):
            yield "headings", cell, name
        if year := YEARS.search(head):
            years[YEARS.sub("", head)].add((year[0], cell))
    for same in years.values():
        if len({year for year, _ in same}) >= 2:
            yield from (("long_form", cell, year) for year, cell in sorted(same))


def _labels(table: CheckedTable) -> Iterator[Breach]:
    """Columns without a heading, rows without a label, a table without municipalities."""
    sheet, grid, start = table.sheet, table.grid, table.start
    data, covered = table.filled[start:], table.filled.copy()
    for r0, c0, r1, c1 in sheet.merged:
        covered[r0 : r1 + 1, c0 : c1 + 1] = True
    if not data.any():
        return
    unnamed = data.any(axis=0) & ~covered[table.top : start].any(axis=0)
    for column in np.flatnonzero(unnamed).tolist():
        yield "headings", address(start - 1, column), ""
    first = int(table.filled.any(axis=0).argmax())
    own = table.texts(first)
    labels = len(own) > 0.5 * data[:, first].sum() and start in own
    nameless = (data.sum(axis=1) >= 2) & ~covered[start:, first]
    for row in (np.flatnonzero(nameless) + start).tolist() if labels else ():
        if not any(TOTAL.match(normalise(text)) for text in grid[row, first : first + 3]):
            yield "omitted", address(row, first), ""
    rest = [_value(text) for text in grid[start + 1 :, first]]
    serial = len(rest) > 1 and rest == list(range(2, len(rest) + 2))
    if serial and _value(own.get(start, "1")) is None:  # the label, and then mere numbers
        yield from (table.cell("omitted", row, first) for row in range(start + 1, len(grid)))
    known = {normalise(text) for texts in IDENTITY.values() for text in texts}
    named = {normalise(text) for text in set(grid[table.filled])}
    places = sum(bool(re.fullmatch(r".{1,6}[都道府県市区町村]|\d{5,6}", text)) for text in named)
    if (
        not (CODE_TABLE.search(sheet.sheet) or CODE_TABLE.search(sheet.file))
        and not labels  # rows of which nothing says whose they are
        and not named & known
        and places < 3
        and not any(re.search(r"団体|市区?町村|自治体|都道府県", text) for text in named)
    ):
        yield "areas", address(start - 1, first), ""


def _choices(table: CheckedTable) -> Iterator[Breach]:
    """Columns that list several words in a cell, or write one choice in more than one way."""
    for column in range(table.grid.shape[1]):
        texts = {row: text for row, text in table.texts(column).items() if len(text) <= LONGEST}
        lists = {row: text for row, text in texts.items() if _is_list(text)}
        most = 3 * len(lists) >= 2 * len(texts)
        if 2 * len(lists) >= len(texts) and _are_lists([*lists.values()], most):
            yield from (table.cell("one_datum", row, column) for row in lists)
            continue
        ways: dict[str, Counter[str]] = defaultdict(Counter)
        for text in texts.values():
            if _value(text) is None and not RULE.search(text):
                ways[_choice(text)][text.strip()] += 1
        written_ways = sum(map(len, ways.values()))
        if len(ways) > min(FEW, len(texts) / 2) or written_ways > 2 / 3 * len(texts):
            continue  # names, remarks: hardly anything repeats
        rare = {
            text
            for choice, ways_of in ways.items()
            for text, _ in ways_of.most_common()[1:]
            if len(choice) >= 2
        }
        for row, text in texts.items():
            if text.strip() in rare and not (OTHER.match(text) or SEVERAL.match(text.strip())):
                yield table.cell("choices", row, column)


def _words(text: str) -> list[str]:
    return [word.strip() for word in LIST_SIGN.split(text.strip(" ;；,，、\n"))]


def _is_list(text: str) -> bool:
    """Whether a text is a list of short words, such as 窓口・電話・メール; a clause is none."""
    words = _words(text)
    return len(words) > 1 and all(0 < len(w) <= 12 and not CLAUSE.search(w) for w in words)


def _are_lists(lists: list[str], most: bool) -> bool:
    """Whether the lists of a column are answers, and not the names of a few things (高い・多い).

    Where not `most` of the cells are lists, a word of theirs must come again.
    """
    different = set(lists)
    words = Counter(word for text in different for word in set(_words(text)))
    # which join the parts of a name, or answers that are counted together, as well
    joined = all(re.search("[・／]| / ", text) for text in different)
    more = most and 2 * len(different) > len(lists) and not joined
    return len(lists) >= 2 and (more or max(words.values()) > 1)


def _choice(text: str) -> str:
    """What a choice says, whatever its number, remark and okurigana.

    >>> {_choice(t) for t in ("1. 取組済", "取り組み済み", "取組済（R8以降）")}
    {'取組済'}
    >>> _choice("必要である") == _choice("必要でない")
    False
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"^\s*\d{1,2}\s*[.:)、]?\s*(?=\D)|\s*\([^)]*\)?\s*$|\s+", "", text)
    return re.sub(r"(?<=[一-龠])[ぁ-ん](?=[一-龠]|$)", "", re.sub(r"(である|です)$", "", text))


def _blocks(table: CheckedTable) -> Iterator[Breach]:
    """Blank rows and columns inside the data, and a second table below or beside the first."""
    sheet, filled, start = table.sheet, table.filled, table.start
    count = filled.sum(axis=1)
    for before, after in pairwise(np.flatnonzero(count >= 2).tolist()):
        gap = count[before + 1 : after]
        if before < start or not (gap == 0).any():
            continue
        texts = sheet.kind[after][filled[after]] == CellKind.TEXT
        words = len(texts) >= 2 and texts.all() and not table.has_number(slice(after, after + 1))
        numbers = slice(before, before + 1), slice(after + 1, after + 3)
        if words and all(map(table.has_number, numbers)):
            yield "tables", address(after, int(filled[after].argmax())), ""
        else:
            blank = before + 2 + int((gap == 0).argmax())
            yield "split", f"{blank}:{blank}", ""
    heading = sheet.text.iloc[start - 1].to_numpy(object)
    for left, right in pairwise(np.flatnonzero(filled[start - 1 :].any(axis=0)).tolist()):
        if right - left == 1:
            continue
        if {*heading[: left + 1]} & {*heading[right:]} - {""}:
            yield "tables", address(start - 1, right), ""
        else:
            letters = column_letters(left + 1)
            yield "split", f"{letters}:{letters}", ""
