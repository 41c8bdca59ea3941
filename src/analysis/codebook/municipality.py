"""Which municipality is meant: codes, names with their variants, size class by date.

Codes are those of the 全国地方公共団体コード (JIS X 0401/0402 with the ministry's check digit). A
name alone never decides between places of the same name, and every reading that is not literal says
so.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from operator import attrgetter
from typing import Any, Literal, get_args

import pandas as pd

from analysis.errors import refusal
from analysis.normal import normal
from analysis.text import LANGUAGES, Language, Text, label

SizeClass = Literal[  # largest first
    "designated_city", "core_city", "special_city", "special_ward", "other_city", "town_village"
]  # fmt: skip
SIZE_CLASSES = {
    name: Text(**{k: label(f"size_classes.{name}", k) for k in LANGUAGES})
    for name in get_args(SizeClass)
}
CLASSES_KNOWN = "2019-04-01"  # from when on the classes of cities are
How = Literal[
    "exact", "variant", "renamed", "shortened", "ambiguous", "ward", "body", "several", "unknown"
]
# letters of a name and what stands beside it; the patterns below would be slow on more
LONGEST = 300
_SUFFIX = re.compile(r"((市役所|区役所|町役場|村役場|役所|役場)(様|殿|御中)?|様|殿|御中)$")
# behind a name: the day on which it replied, such as (令和6年5月10日現在)
_DAY = re.compile(
    r"[(,、]?(?:記入日|回答日|作成日)?:?(?:令和|平成|r|h)?\.?(?:元|\d{1,4})[年./-]\d{1,2}[月./-]\d{1,2}日?"
    r"(?:現在|時点|付け?|記入|回答)?\)?$",
    re.I,
)
_SHAPED = re.compile(r"\S{1,12}([市区]|[市区]役所|[町村]|[町村]役場)")
# kinds and groups of municipalities: 中核市, 町村, 市区町村
_KIND = re.compile(r".*(都市|中核市|特例市|一般市|特別区|市区|市?区?町村|市町)")
_WITH_CODE = re.compile(r"\W*(\d{4,6})[\W_]*(\D*[市区町村])|(\D+)[(（](\d{4,6})[)）]")
_BRACKETED = re.compile(r"(.+)\((.+)\)")
# behind the name of its municipality, and no sentence: 図書館課, (総務課), /DX推進課, まちづくり課
_SECTION = re.compile(r"[(/・]?(?![のはがをでもと]|にお)[\w・]+[課室係部局]\)?")
# a body of its own, which may have replied for its municipality: つくば市立図書館, 町田市民病院
_BODY = re.compile(
    r"[(/・]?\w*(?:図書館|公民館|博物館|美術館|教育委員会|病院|議会|消防本部|消防署|保健所|センター|学校)\)?"
)


@dataclass(frozen=True)
class Match:
    """What a name was read as; `code` is empty where it was not decided.

    `options` then holds the codes that it could be.
    """

    code: str
    name: str
    how: How
    options: tuple[str, ...] = ()


def size_labels(there: Iterable[str], language: Language) -> dict[str, str]:
    """Each size class with its label, largest first; those of a register of one's own follow.

    >>> list(size_labels(["Grupo 1"], "en"))[-2:]
    ['town_village', 'Grupo 1']
    """
    labels = {name: text[language] for name, text in SIZE_CLASSES.items()}
    return labels | {name: name for name in sorted(set(there) - {"", *labels})}


@cache
def register() -> pd.DataFrame:
    """The 1,741 municipalities: index ``code``; columns ``prefecture``, ``name``.

    >>> len(register()), register().loc["282014", "name"]
    (1741, '姫路市')
    """
    return packaged_table("municipalities.csv").set_index("code")


def check_digit(code5: str) -> str:
    """The sixth digit of a code: weights 6 to 2, modulus 11, last digit of what is left.

    >>> [check_digit(c) for c in ("01100", "08220", "01213", "14150")]
    ['2', '1', '1', '0']
    """
    total = sum(int(digit) * weight for digit, weight in zip(code5, (6, 5, 4, 3, 2), strict=True))
    return str((11 - total % 11) % 10)


def parse_code(text: str) -> tuple[str, How]:
    """A code as written -> the 6-digit code and how it was read.

    Five digits may be a code without its check digit or a 6-digit code that lost its zero; only a
    reading that exists is taken, and where both do the answer is ``ambiguous`` and empty.

    >>> parse_code("282014"), parse_code("28201"), parse_code("11002")
    (('282014', 'exact'), ('282014', 'shortened'), ('011002', 'shortened'))
    >>> parse_code("282015"), parse_code("12203")
    (('', 'unknown'), ('', 'ambiguous'))
    """
    readings = _readings(text)
    if readings and len(_digits(text)) == 6:
        return readings[0], "exact"
    known = code_readings(text)
    if len(known) == 1:
        return known[0], "shortened"
    return "", "ambiguous" if known else "unknown"


def code_readings(text: str) -> tuple[str, ...]:
    """The codes in force that 4 or 5 digits may be short for; where there is none, former codes.

    >>> code_readings("12203"), [register().at[c, "name"] for c in code_readings("12203")]
    (('012203', '122033'), ['士別市', '市川市'])
    >>> code_readings("33201")  # of 岡山市 before its wards
    ('332011',)
    """
    readings = sorted({*_readings(text)}) if len(_digits(text)) < 6 else []
    known = tuple(code for code in readings if code in _today() or code.startswith("99"))
    return known or tuple(code for code in readings if code in _by_code())


def city_of_ward(text: str) -> str:
    """The designated city of whose ward a text is the code; empty where it is none.

    The codes of wards follow that of their city; a leading zero or the check digit may lack.

    >>> [register().at[city_of_ward(text), "name"] for text in ("011011", "11011", "27102")]
    ['札幌市', '札幌市', '大阪市']
    >>> city_of_ward("131016")
    ''
    """
    for code in _readings(text):
        before = [c for c in _today() if c[:3] == code[:3] and c < code]
        if before and code not in _today() and code[2] == "1" and not code.startswith("13"):
            return max(before)
    return ""


def _digits(text: str) -> str:
    """The digits of a code without spaces and hyphens; empty where something else stands there."""
    digits = re.sub(r"[\s\-‐－]", "", normal(text, "width")).removesuffix(".0")
    return digits if re.fullmatch("[0-9]{4,6}", digits) else ""


def _readings(text: str) -> list[str]:
    """The codes with a right check digit that a text may be: it may lack its zero or that digit."""
    digits = _digits(text)
    five = digits.zfill(5)
    codes = [digits.zfill(6), *([five + check_digit(five)] if len(digits) < 6 else [])]
    return [code for code in codes if digits and check_digit(code[:5]) == code[5]]


@lru_cache(4096)
def fold(name: str) -> str:
    """A name without what never tells two places apart: width, spaces, variant characters.

    >>> fold("塩竈市") == fold("塩釜市"), fold("龍ケ崎市") == fold("竜ヶ崎 市"), fold("⻑野市")
    (True, True, '長野市')
    """
    return normal(name, "radicals", "width", "spaces", "variants")


def resolve(name: str, prefecture: str | None = None, on: dt.date | None = None) -> Match:
    """The municipality that a name means on a date.

    Prefecture, 郡 and 役所 around the name, a missing 市町村区 and variant characters are read
    through; a name that several places bear is ``ambiguous`` until the prefecture is given.

    >>> resolve("兵庫県姫路市役所").code, resolve("姫路").how
    ('282014', 'shortened')
    >>> resolve("府中市").how, resolve("府中市", "広島県").code
    ('ambiguous', '342084')
    >>> resolve("篠山市", on=dt.date(2019, 4, 1)).code
    '282219'
    >>> resolve("342084 府中市").name, resolve("姫路市(282014)").how, resolve("121002 姫路市").how
    ('府中市', 'variant', 'unknown')
    >>> resolve("札幌市 図書館課").name, resolve("札幌市（令和6年5月10日現在）").how
    ('札幌市', 'variant')
    """
    if len(name) > LONGEST:
        return Match("", "", "unknown")
    if both := _WITH_CODE.fullmatch(fold(name)):
        code, match = parse_code(both[1] or both[4])[0], resolve(both[2] or both[3], prefecture, on)
        if code and code in (match.code, *match.options):  # the code and the name say the same
            return _match([code], name, "variant", on)
    text, area = _apart(name, prefecture)
    candidates = [text]  # of 大和郡山 the whole, of 生駒郡三郷 what follows the 郡
    if "郡" in text[1:]:
        candidates.append(text[text.index("郡", 1) + 1 :])
    former_ones = (_former(one, area, on) for one in candidates)
    once, in_force = next((pair for pair in former_ones if pair[0]), ([], False))
    for candidate in candidates:
        codes = [c for c in _names().get(candidate, ()) if area in ("", _today()[c][0])]
        if codes:  # and who bore the name on that date
            codes += [c for c in once if in_force and c not in codes]
            return _match(codes, name, "exact" if candidate == name else "variant", on)
    if once:
        return _match(once, name, "exact" if in_force else "renamed", on)
    if part := _part_of(text, name, area, on):
        return part
    stems = ([c for end in "市区町村" for c in _names().get(one + end, ())] for one in candidates)
    bearers = [c for c in next(filter(None, stems), []) if area in ("", _today()[c][0])]
    return _match(bearers, name, "shortened") if bearers else Match("", "", "unknown")


def _apart(name: str, prefecture: str | None) -> tuple[str, str]:
    """A folded name without the prefecture before or behind it, and that prefecture if any."""
    text = _SUFFIX.sub(lambda m: m[0][0] if m[0][0] in "市区町村" else "", _DAY.sub("", fold(name)))
    area = _prefecture_of(fold(prefecture)) if prefecture else ""
    if bracket := _BRACKETED.fullmatch(text):  # 姫路市（兵庫県）
        full = _prefecture_of(bracket[2])
        if full in _prefectures():
            text, area = bracket[1], area or full
    if text.startswith(_prefectures()) and text not in _prefectures():
        full = next(full for full in _prefectures() if text.startswith(full))
        text, area = text.removeprefix(full), area or full
    return text, area


def _part_of(text: str, name: str, area: str, on: dt.date | None) -> Match | None:
    """What a name means that goes on behind that of a municipality: its ward, section or body."""
    city = text[: text.find("市") + 1]
    if text.endswith("区") and len(text) > len(city) + 1 and city in _names():
        return Match("", "", "ward", tuple(_names()[city]))
    unsure = ("unknown", "shortened")
    for end in (at for at in range(len(text), 0, -1) if text[at - 1] in "市区町村"):
        section, body = _SECTION.fullmatch(text, end), _BODY.fullmatch(text, end)
        if not (section or body):
            continue
        whose = resolve(text[:end], area, on)
        if section:
            behind = resolve(text[end:].strip("(/・)"))
            if (whose.how in unsure, behind.how in unsure) == (False, True):  # no second one
                return whose if whose.how != "exact" else _match([whose.code], name, "variant", on)
        if body and whose.how not in unsure:
            return Match("", "", "body", whose.options or (whose.code,))
    return None


def named_in(text: str, *, known: bool = False) -> str:
    """The municipality that a whole cell names: its code, or its folded name where that is unclear.

    Empty where the cell names none.

    Parameters
    ----------
    text : a code, or a name in any of the ways that `resolve` reads.
    known : leave out what only looks like a name: shortened names, places of no register.

    >>> [named_in(text) for text in ("282014", "兵庫県姫路市役所", "府中市", "架空市", "町村")]
    ['282014', '282014', '府中市', '架空市', '']
    >>> named_in("架空市", known=True), named_in("姫路", known=True)
    ('', '')
    """
    code, how = parse_code(text)
    if code:
        return "" if known and how != "exact" else code
    key = fold(text)
    if len(key) > 40:
        return ""
    match = resolve(key)
    if match.how != "unknown" and not (known and match.how == "shortened"):
        return match.code or key
    return key if not known and _SHAPED.fullmatch(key) and not _KIND.fullmatch(key) else ""


def align(names: Sequence[str]) -> list[str]:
    """Codes of a table whose columns are all municipalities in the order of their codes.

    Joining by name would be wrong (25 names stand for 57 places), so the position decides and the
    name is checked; the first difference is an error.
    """
    table = register()
    if len(names) != len(table):
        raise refusal("register.not_all", n=len(names), registered=len(table))
    for at, (name, official) in enumerate(zip(names, table["name"], strict=True)):
        if fold(name) != fold(official):
            raise refusal("register.order", at=at + 1, given=name, official=official)
    return list(table.index)


def size_class(code: str, on: dt.date) -> str | None:
    """The class of a municipality on a date; None for fictional codes.

    Nor of cities before April 2019: what they were then no table here says.

    >>> size_class("272051", dt.date(2019, 10, 3)), size_class("272051", dt.date(2020, 4, 1))
    ('special_city', 'core_city')
    >>> size_class("121002", dt.date(2019, 10, 3)), size_class("131016", dt.date(2019, 10, 3))
    ('designated_city', 'special_ward')
    """
    day, city = on.isoformat(), code[2] in "12" and not code.startswith("131")
    if code.startswith("99") or (city and day < CLASSES_KNOWN):
        return None
    for row in _classes().get(code, ()):
        if row.valid_from <= day <= (row.valid_to or day):
            return str(row.size_class)
    if code[2] == "1":
        return "special_ward" if code.startswith("13") else "designated_city"
    return "other_city" if code[2] == "2" else "town_village"


def size_classes(on: dt.date) -> pd.Series:
    """How many municipalities are in each size class on a date.

    >>> size_classes(dt.date(2019, 10, 3)).to_dict()["core_city"]
    58
    """
    classes = pd.Series([size_class(code, on) for code in register().index])
    return classes.value_counts().reindex(list(SIZE_CLASSES), fill_value=0)


# --- the tables ------------------------------------------------------------------------------


def packaged_table(name: str) -> pd.DataFrame:
    """A table that comes with the package, all its columns as text."""
    with (files("analysis") / "data" / name).open(encoding="utf-8") as handle:
        return pd.read_csv(handle, dtype=str, keep_default_na=False)


def _by(rows: Iterable[Any], key: Callable[[Any], str]) -> dict[str, list[Any]]:
    """Rows by a key, in their order."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


@cache
def _names() -> dict[str, list[str]]:
    """Folded name -> the codes of those that bear it."""
    return _by(_today(), lambda code: fold(_today()[code][1]))


@cache
def _prefectures() -> tuple[str, ...]:
    return tuple(register()["prefecture"].unique())


def prefecture_named(text: str) -> str:
    """The prefecture that a cell names, such as 兵庫 or 兵庫県; empty where it names none.

    >>> prefecture_named("兵庫"), prefecture_named("不明")
    ('兵庫県', '')
    """
    full = _prefecture_of(fold(text)) if text else ""
    return full if full in _prefectures() else ""


def _prefecture_of(text: str) -> str:
    return next((full for full in _prefectures() if text in (full, full[:-1])), text)


@cache
def _today() -> dict[str, tuple[str, str]]:
    """Code -> prefecture and name."""
    table = register()
    return dict(zip(table.index, zip(table["prefecture"], table["name"], strict=True), strict=True))


@cache
def former() -> pd.DataFrame:
    """Municipalities of 1970 to 2024 that have another name or code today, a row a name.

    Columns: code, prefecture, name, until (the last day of it, ISO), today (the codes of today, two
    of one that was divided), merged (``yes`` where others became the same municipality).
    """
    return packaged_table("former.csv")


def place(code: str, on: dt.date | None = None) -> tuple[str, str] | None:
    """Prefecture and name of a code that is in force today or was on a date; None of others.

    >>> place("092037"), place("093670"), place("093670", dt.date(2013, 4, 1))
    (('栃木県', '栃木市'), None, ('栃木県', '岩舟町'))
    """
    if code in _today():
        return _today()[code]
    for row in _by_code().get(code, ()):
        if on is not None and row.merged == "yes" and row.until >= on.isoformat():
            return row.prefecture, row.name
    return None


def current(code: str, on: dt.date | None = None) -> str:
    """The code of today of one that is no more; itself where it was in force on the date.

    A town that became a city has its code of today in every wave, so that waves compare; one that
    became part of another has its own until that day.

    >>> current("233048", dt.date(2011, 4, 1)), current("093670")
    ('232386', '092037')
    >>> current("093670", dt.date(2013, 4, 1))
    '093670'
    """
    if place(code, on) is None and code in _by_code():
        today: str = _by_code()[code][0].today
        return "" if " " in today else today
    return code


@cache
def _by_code() -> dict[str, list[Any]]:
    """Code -> its rows of `former`, the latest first."""
    latest_first = former().sort_values("until", ascending=False)
    return _by(latest_first.itertuples(), attrgetter("code"))


@cache
def _by_former_name() -> dict[str, list[Any]]:
    """Folded name -> the rows of `former` that have it."""
    return _by(former().itertuples(), lambda row: fold(row.name))


@cache
def _classes() -> dict[str, list[Any]]:
    """Code -> the size classes that it had by a decision, with their days (ISO, empty: open)."""
    return _by(packaged_table("size_classes.csv").itertuples(), attrgetter("code"))


def _former(text: str, area: str, on: dt.date | None) -> tuple[list[str], bool]:
    """The codes of places once called so, and whether that was their name on the date."""
    if text not in _by_former_name():
        return [], False
    rows = [row for row in _by_former_name()[text] if area in ("", row.prefecture)]
    there = [row for row in rows if on is not None and row.until >= on.isoformat()]
    codes = [row.code if row.merged == "yes" else row.today for row in there]
    codes = codes or [code for row in rows for code in row.today.split()]
    return list(dict.fromkeys(codes)), bool(there)


def _match(codes: Sequence[str], text: str, how: How, on: dt.date | None = None) -> Match:
    if len(codes) > 1:
        return Match("", "", "ambiguous", tuple(codes))
    name = (place(codes[0], on) or ("", ""))[1]
    if how == "exact" and name != text and fold(name) == fold(text):
        how = "variant"
    return Match(codes[0], name, how)
