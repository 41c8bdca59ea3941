"""One text as written in a cell becomes a value, a kind of missing, or a refusal.

Each step that read it otherwise than written is named by a rule (`cleaning.rules`), so that the
office can be asked. Numbers, dates, ticks and options are read as offices write them.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import itertools
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from analysis.codebook.model import Codebook, Question
from analysis.intake.workbook import CellKind
from analysis.text import Text

_MINUS = str.maketrans("−‐", "--")


@dataclass(frozen=True)
class Parsed:
    """A value with the state of the answer and the rules that led to it.

    `value`: int, float, bool, date, str, or a frozenset of codes (multi); None without a value.
    `more`: what else the sentence of a finding needs, a Text where the languages differ.
    """

    state: str
    value: Any = None
    rules: tuple[str, ...] = ()
    more: str | Text = ""


def refused(rule: str, more: str | Text = "") -> Parsed:
    """No value; the finding keeps the text."""
    return Parsed("unreadable", None, (rule,), more)


def tidy(text: str) -> str:
    """NFKC with the signs that it leaves apart, outer space removed."""
    return unicodedata.normalize("NFKC", text).translate(_MINUS).strip()


def widths(text: str) -> tuple[str, ...] | None:
    """The rule for the digits of a text: none if ASCII, ``full-width``; None if of another kind.

    A circled ① or a raised ² is a digit to NFKC, but nobody writes a number with it.

    Examples
    --------
    >>> widths("12"), widths("１2"), widths("①"), widths("5²")
    ((), ('full-width',), None, None)
    """
    signs = set(text)
    if any(re.search(r"\d", tidy(sign)) and not re.match("[0-9０-９]", sign) for sign in signs):
        return None
    return ("full-width",) if signs & set("０１２３４５６７８９") else ()


def gapped(text: str) -> bool:
    """Whether a space parts two digits: 3 4 is not 34."""
    return re.search(r"\d\s+\d", text) is not None


BIG_UNITS = {"百万": 1_000_000, "億": 100_000_000, "万": 10_000, "千": 1_000, "百": 100}
SAME_UNIT = (
    {"人", "名", "persons", "person", "people"},
    {"年", "年間", "か年", "ヶ年", "カ年", "箇年", "years", "year"},
    {"月", "か月", "ヶ月", "カ月", "箇月", "months", "month"},
    {"日", "日間", "日分", "days", "day"},
    {"%", "パーセント", "percent"},
)
NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)"
APPROXIMATE = re.compile(
    r"^(?:約|およそ|おおよそ|概ね|ほぼ)|(?<=\d)余り?(?=\D)"
    r"|(?:程度|前後|くらい|ぐらい|ほど|余り?|弱|強)(?=\(|$)"
)
RANGE = re.compile(r"\d[^\d,.()]{0,3}[~〜～ー-]\d|[~〜～]\d|\d\D{0,3}[~〜～]$|(以上|以下|未満|超)$")
LARGEST = 2**53  # beyond it a whole number is no longer exact
# what else an approximate number needs to say
KEPT = {"approximate", "remark", "fraction", "outside-range"}


def number(text: str, question: Question) -> Parsed:
    """One number in the unit of the question; a range, another unit and odd digits are refused."""
    digits = widths(text.strip())
    plain = tidy(text)
    if digits is None or re.search(r"[\d.,]\s+[\d.,]|^[-+]\s", plain):  # 3 4 is not 34
        return refused("not-a-number")
    rules, body = list(digits), plain.replace(" ", "")
    if RANGE.search(re.sub(r"\([^()]*\)", "", body)):
        return refused("range")
    if re.match(r"^[△▲]", body):
        body, rules = "-" + body[1:], [*rules, "triangle"]
    if APPROXIMATE.search(body):
        rules.append("approximate")
        body = APPROXIMATE.sub("", APPROXIMATE.sub("", body))
    if re.search(r"\d,\d{3}(?!\d)", body):
        if not re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?\D*", body):
            return refused("not-a-number")
        body, rules = body.replace(",", ""), [*rules, "thousands"]
    found = re.fullmatch(rf"({NUMBER})(.*)", body)
    if found is None:
        return refused("not-a-number")
    own = own_units(question)
    unit = _unit(found[2], own)
    if unit is None:
        return _not_its_unit(found[2], question, own)
    factor, more_rules = unit
    value = round(float(found[1]) * factor, 10)
    if not abs(value) < LARGEST:
        return refused("not-a-number")
    rules += more_rules
    bare = not found[2] or found[2].startswith("(")
    if "%" in own and bare and 0 < value <= 1 and "." in found[1]:
        value, rules = round(value * 100, 10), [*rules, "fraction"]
    return _within(value, rules, question)


def _within(value: float, rules: list[str], question: Question) -> Parsed:
    """The number against what the question allows: whole, and within its range."""
    if question.type == "integer":
        if value != round(value):
            rules.append("not-whole")
        value = int(math.copysign(math.floor(abs(value) + 0.5), value))  # half up, as Excel does
    low, high = (float(end) for end in question.range or (-math.inf, math.inf))
    if value < 0 <= low:  # no head count, cost or share is negative: a sign of something else
        return refused("negative")
    more = ""
    if not low <= value <= high:
        rules.append("outside-range")
        more = f"{low:,.10g}–{high:,.10g}"
    if "approximate" in rules:
        rules = [rule for rule in rules if rule in KEPT]
    return Parsed("answered", value, tuple(rules), more)


def own_units(question: Question) -> frozenset[str]:
    """How the question's unit may be written behind a number; empty if it has none.

    ``日／人・年`` is also written 日, ``人（常勤換算）`` also 人 or 名.
    """
    if question.unit is None:
        return frozenset()
    words = {tidy(question.unit.ja), tidy(question.unit.en).casefold()}
    words |= {re.split(r"[(/・]", word)[0] for word in words}
    return frozenset(words.union(*(same for same in SAME_UNIT if same & words)))


def _unit(tail: str, own: frozenset[str]) -> tuple[int, list[str]] | None:
    """Factor and rules of what follows the digits; None where it is not the question's unit."""
    if not tail or (tail == "%" and tail in own):
        return 1, []
    if tail.casefold() in own:
        return 1, ["unit"]
    big = next((word for word in BIG_UNITS if tail.startswith(word)), "")
    if big and not any(unit.startswith(tuple(BIG_UNITS)) for unit in own):
        rest = tail.removeprefix(big)
        if not rest or rest in own:
            return BIG_UNITS[big], ["big-unit", *(["unit"] if rest else [])]
    if not own and re.fullmatch(r"[^\W\d_]{1,8}", tail):
        return 1, ["remark"]
    if remark := re.fullmatch(r"([^()]*)\([^()]*\)", tail):
        inner = _unit(remark[1], own)
        return inner and (inner[0], [*inner[1], "remark"])
    return None


def _not_its_unit(tail: str, question: Question, own: frozenset[str]) -> Parsed:
    plain = re.fullmatch(r"[^\W\d_%]{1,8}|%", tail)
    if question.unit is None or not plain or any(unit in tail for unit in own):
        return refused("not-a-number")
    return refused("other-unit", question.unit)


ERAS = {  # era -> its first day
    "明治": dt.date(1868, 1, 25),
    "大正": dt.date(1912, 7, 30),
    "昭和": dt.date(1926, 12, 25),
    "平成": dt.date(1989, 1, 8),
    "令和": dt.date(2019, 5, 1),
}
ERA_LETTERS = dict(zip("MTSHR", ERAS, strict=True))
SERIAL_ZERO = dt.date(1899, 12, 30)
CLOCK = re.compile(r"[\sT]\d{1,2}:\d{2}(:\d{2}(\.0+)?)?$")  # a date cell saved as CSV
WEEKDAY = re.compile(r"\(([月火水木金土日])(曜日?)?\)$")
WESTERN = re.compile(r"([12]\d{3})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月?)")
JAPANESE = re.compile(
    rf"({'|'.join(ERAS)}|[MTSHRmtshr])\.?(元|\d{{1,2}})[年./-](\d{{1,2}})(?:[月./-](\d{{1,2}})日?|月?)"
)


def date(text: str, kind: int, question: Question) -> Parsed:
    """A day, or a month where the question asks for one."""
    digits = widths(text.strip())
    plain = CLOCK.sub("", tidy(text))
    if digits is None or gapped(plain):
        return refused("not-a-date")
    plain = plain.replace(" ", "")
    if kind == CellKind.DATE:
        found = re.match(r"(\d{4})-(\d{2})-(\d{2})", plain)
        if found is None:
            return refused("not-a-date")
        return _dated(int(found[1]), int(found[2]), int(found[3]), question)
    if re.fullmatch(r"[1-9]\d{4}(\.0)?", plain):
        day = SERIAL_ZERO + dt.timedelta(days=int(float(plain)))
        return _dated(day.year, day.month, day.day, question, "serial-date")
    weekday = WEEKDAY.search(plain)
    read = _written(WEEKDAY.sub("", plain), question, digits)
    if weekday and read.value is not None and "月火水木金土日"[read.value.weekday()] != weekday[1]:
        return refused("weekday")
    return read


def _written(plain: str, question: Question, digits: tuple[str, ...]) -> Parsed:
    found = WESTERN.fullmatch(plain)
    japanese = JAPANESE.fullmatch(plain)
    match = found or japanese
    if found and not found[3] and plain.endswith(".1"):
        return refused("not-a-date")  # or October: a spreadsheet makes 2019.1 of 2019.10
    if match is None or not (match.groups()[-1] or question.precision == "month"):
        return refused("not-a-date")
    *_, month, day = match.groups()
    if found:
        return _dated(int(found[1]), int(month), int(day or 1), question, *digits)
    assert japanese is not None
    era = ERA_LETTERS.get(japanese[1].upper(), japanese[1])
    since = 1 if japanese[2] == "元" else int(japanese[2])
    if since == 0:
        return refused("not-a-date")
    year = ERAS[era].year + since - 1
    read = _dated(year, int(month), int(day or 1), question, "wareki")
    if read.value is None or _in_era(era, dt.date(year, int(month), int(day or 1)), bool(day)):
        return read
    return dataclasses.replace(read, rules=("impossible-era", *read.rules[1:]))


def _in_era(era: str, day: dt.date, whole: bool) -> bool:
    """Whether the era was in force on the day or, of a date without a day, within its month."""
    last = day if whole else day.replace(day=calendar.monthrange(day.year, day.month)[1])
    later = [start for start in ERAS.values() if start > ERAS[era]]
    return ERAS[era] <= last and (not later or day < later[0])


def _dated(year: int, month: int, day: int, question: Question, *rules: str) -> Parsed:
    try:
        value = dt.date(year, month, 1 if question.precision == "month" else day)
    except ValueError:
        return refused("not-a-date")
    if question.range:
        low, high = str(question.range[0]), str(question.range[1])
        shown = value.isoformat()
        if not low <= shown[: len(low)] or not shown[: len(high)] <= high:
            return Parsed("answered", value, (*rules, "outside-range"), f"{low}–{high}")
    return Parsed("answered", value, rules)


TICKS = frozenset("○●◯〇レ✓✔☑■")
DASHES = frozenset("-ー―—–")
CROSSES = frozenset({"×", "x"})
CIRCLED = re.compile(r"[①-⑳]")
CIRCLED_ONLY = re.compile(r"[①-⑳、，,､・･\s]+")
DATED = re.compile(
    r"\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?([ T]\d{1,2}:.*)?|\d{1,2}月\d{1,2}日"
    r"|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}"
)
LONGEST = 2000  # no answer of options is longer; the patterns below would be slow on one
LISTED = r"\s*[、，,､；;\n]\s*"
SEPARATORS = r"[、，,､・･；;/／\s+＋&＆]+"
USUAL = {"はい": 1, "いいえ": 0, "有": 1, "無": 0, "あり": 1, "なし": 0, "yes": 1, "no": 0}


class Reader:
    """Reads the answers to the questions of one codebook."""

    def __init__(self, codebook: Codebook) -> None:
        self.tokens: dict[str, str] = {}
        for kind, missing in codebook.missing.items():
            for token in missing.tokens:
                self.tokens.setdefault(tidy(token).casefold(), kind)
        self.codes: dict[str, dict[str, str]] = {}  # question -> code of its own -> kind
        for question in codebook:
            own = self.codes.setdefault(question.id, {})
            for token, missing_kind in question.missing_codes.items():
                own.setdefault(tidy(token).casefold(), missing_kind)

    def read(self, text: str, kind: int, question: Question, variable: str) -> Parsed:
        """One cell of a column that holds the question or one of its variables."""
        if not text.strip():
            return Parsed("empty")
        if kind == CellKind.ERROR:
            return refused("error-value")
        plain = tidy(text)
        folded = plain.casefold()
        if folded in self.codes[question.id]:
            return Parsed(self.codes[question.id][folded])
        own_column = question.type == "multi" and variable != question.id
        crossed = (own_column or question.type == "binary") and plain in CROSSES
        if folded in self.tokens and not crossed:
            return Parsed(self.tokens[folded])
        if kind != CellKind.DATE and DATED.fullmatch(plain):  # as a CSV holds such a cell
            kind = CellKind.DATE if question.type != "date" else kind
        match question.type:
            case "integer" | "ratio":
                dated = kind == CellKind.DATE
                return refused("not-a-number") if dated else number(text, question)
            case "date":
                return date(text, kind, question)
            case "single" | "ordinal" | "battery" | "binary" | "multi" if len(text) > LONGEST:
                return refused("no-such-option")
            case "single" | "ordinal" | "battery":
                return choice(text, kind, question)
            case "binary":
                return binary(text, question)
            case "multi" if variable != question.id:
                return ticked(text)
            case "multi":
                return choices(text, kind, question)
        return Parsed("answered", text.strip())


def choice(text: str, kind: int, question: Question) -> Parsed:
    """One option by its code or its words."""
    if kind == CellKind.DATE:
        return refused("excel-date")
    code, rules = _option(text, question)
    if code is not None:
        return Parsed("answered", code, rules)
    parts = _parts(text)
    if len(parts) > 1 and all(_option(part, question)[0] is not None for part in parts):
        return refused("several")
    return refused("no-such-option")


def choices(text: str, kind: int, question: Question) -> Parsed:
    """Several options in one cell: 1、3、5, ①③, or words; never a number made by a spreadsheet."""
    if kind == CellKind.DATE:
        return refused("excel-date")
    whole, how = _option(text, question)
    plain = tidy(text)
    one_number = re.fullmatch(r"\d+(\.\d+)?", plain) and not CIRCLED.search(text)
    if one_number and (whole is None or _glued(plain.removesuffix(".0"), question)):
        return refused("excel-number")
    if whole is not None:
        return judged({whole}, how, question)
    for signs in (LISTED, SEPARATORS):  # first with the signs that part words, too: 国・県 is one
        parts = _parts(text, signs)
        read = [_option(part, question) for part in parts]
        codes = {code for code, _ in read if code is not None}
        if read and None not in {code for code, _ in read} and _agree(parts, read):
            rules = dict.fromkeys(rule for _, more in read for rule in more)
            return judged(codes, tuple(rules), question)
    return refused("no-such-option")


def _agree(parts: list[str], read: list[tuple[int | None, tuple[str, ...]]]) -> bool:
    """Whether a bare number and the words behind it say the same; 1 採用 does not, if 採用 is 2."""
    said = list(zip(map(tidy, parts), (code for code, _ in read), strict=True))
    return all(
        first == then
        for (number, first), (words, then) in itertools.pairwise(said)
        if number.isdigit() and not re.match(r"\(?\d", words)
    )


def _parts(text: str, signs: str = SEPARATORS) -> list[str]:
    """The answers in one cell; a remark in brackets is not taken apart."""
    if CIRCLED_ONLY.fullmatch(text):
        return CIRCLED.findall(text)
    balanced = len(re.findall("[(（]", text)) == len(re.findall("[)）]", text))
    outside = r"(?![^(（]*[)）])" if balanced else ""
    return [part for part in re.split(signs + outside, text) if part]


def _glued(digits: str, question: Question) -> bool:
    """Whether a number could be several options that a spreadsheet ran together, as 1,2 to 12."""
    codes = {str(option.code) for option in question.options}
    return len(digits) > 1 and len(set(digits)) == len(digits) and set(digits) <= codes


def judged(codes: set[int], rules: tuple[str, ...], question: Question) -> Parsed:
    """Several options against what the question allows: an exclusive one alone, not too many."""
    alone = [option for option in question.options if option.exclusive and option.code in codes]
    if alone and len(codes) > 1:
        return refused("exclusive", alone[0].text)
    if question.max_choices and len(codes) > question.max_choices:
        return Parsed("answered", frozenset(codes), (*rules, "too-many"), str(question.max_choices))
    return Parsed("answered", frozenset(codes), rules)


def ticked(text: str) -> Parsed:
    """A column of its own for one option: 1, ○, ✓ are ticks, 0 and × none."""
    plain, digits = tidy(text), widths(text.strip())
    if digits is None:
        return refused("not-a-tick")
    if plain.removesuffix(".0") in {"1", "TRUE", "True"}:
        return Parsed("answered", True, digits)
    if plain.removesuffix(".0") in {"0", "FALSE", "False"} | CROSSES:
        return Parsed("answered", False, digits)
    if plain in TICKS:
        return Parsed("answered", True, ("tick",))
    if plain in DASHES:  # beside a tick: not chosen
        return Parsed("not_applicable")
    if remark := re.fullmatch(r"([^()\s]+)\s*\([^()]*\)", plain):
        read = ticked(remark[1])
        if read.value is not None:
            return Parsed("answered", read.value, (*read.rules, "remark"))
    return refused("not-a-tick")


def binary(text: str, question: Question) -> Parsed:
    """Yes or no: by the question's own options, as in a column of ticks, or by the usual words."""
    words = {tidy(o.ja): o.code for o in question.options}
    words |= {tidy(o.en).casefold(): o.code for o in question.options}
    words |= {tidy(s): o.code for o in question.options for s in o.source}
    plain = tidy(text)
    code = words.get(plain, words.get(plain.casefold()))
    if code is not None:
        return Parsed("answered", bool(code))
    usual = USUAL.get(plain.casefold())
    if usual is not None:
        return Parsed("answered", bool(usual), ("label",))
    code, rules = _option(text, question)
    if code is not None and rules:  # plain 1 and 0 are read below
        return Parsed("answered", bool(code), rules)
    read = ticked(text)
    return refused("no-such-option") if read.value is None else read


def _option(text: str, question: Question) -> tuple[int | None, tuple[str, ...]]:
    """The option that a text names: its code (1, 1., (1), ①, 1 指定都市) or its words."""
    raw = text.strip()
    plain = tidy(text).removesuffix(".0")
    codes = {option.code for option in question.options}
    if plain.isdecimal():  # ❶ is a digit, too, and no number
        digits = ("circled",) if CIRCLED.fullmatch(raw) else widths(raw)
        return (int(plain), digits) if digits is not None and int(plain) in codes else (None, ())
    folded = _folded(plain)
    for option in question.options:
        said = [option.ja, option.en, *option.source]
        if option.ja.startswith("その他"):  # その他（具体的に）
            said.append(re.sub(r"[(（][^()（）]*[)）]$", "", option.ja))
        for words in said:
            if folded == _folded(words):
                return option.code, ("label",)
    found = re.fullmatch(r"\(?(\d+)[).:、番 ]*(.*)", plain)
    if found and int(found[1]) in codes:
        rest, label = _folded(found[2]), _folded(question.option(int(found[1])).ja)
        if not rest or (re.search(r"[^\W\d]", rest) and label.startswith(rest)):
            return int(found[1]), ("label",)
    if remark := re.fullmatch(r"(\(\d+\)|[^()]+?)\s*\((?!\d+\))([^()]*)\)[。.]?", plain):
        code, rules = _option(remark[1], question)
        named = _option(remark[2], question)[0]
        if code is None or named not in {code, None}:  # 2 (the words of option 1)
            return None, ()
        # "other" is meant to be explained; elsewhere the remark may matter
        clear = named == code or question.option(code).ja.startswith("その他")
        return code, (*rules, *([] if clear else ["remark"])) or ("label",)
    return None, ()


def _folded(text: str) -> str:
    return re.sub(r"\s", "", tidy(text)).casefold()
