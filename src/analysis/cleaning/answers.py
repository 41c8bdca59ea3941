"""One text as written in a cell becomes a value, a kind of missing, or a refusal.

Each step that read it otherwise than written is named by a rule (`cleaning.rules`), so that the
office can be asked. Numbers, dates, ticks and options are read as offices write them.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from analysis.codebook.model import Codebook, Option, Question
from analysis.intake.workbook import CellKind
from analysis.text import Text

_MINUS = str.maketrans("−‐", "--")


@dataclass(frozen=True)
class Parsed:
    """A value with the state of the answer and the rules that led to it.

    `value`: int, float, bool, date, str, or a frozenset of codes (multi); None without a value.
    `more`: what else the sentence of a finding needs, a Text where the languages differ.
    `other`: the words beside the option "other", an answer of their own.
    """

    state: str
    value: Any = None
    rules: tuple[str, ...] = ()
    more: str | Text = ""
    other: str = ""


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
CLOCK = re.compile(  # as form tools write it, and a date cell saved as CSV
    r"[\sT](?:(?:午前|午後|[AP]M)\s*)?(\d{1,2})(?::|時)(\d{2})(?:分|:(\d{2})(?:\.\d+)?|分(\d{2})秒)?"
    r"\s*(午前|午後|[AP]M)?\s*(?:Z|(?:GMT|UTC)?[+-]\d{1,2}(?::?\d{2})?|JST)?$",
    re.I,
)
AFTERNOON = re.compile(r"午後|pm", re.I)
HALVES = re.compile(r"午前|午後|[ap]m", re.I)
WEEKDAY = re.compile(r"\(([月火水木金土日])(曜日?)?\)$")
WESTERN = re.compile(r"([12]\d{3})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月?)")
DIGITS = re.compile(r"([12]\d{3})([01]\d)([0-3]\d)")  # 20230401
DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]([12]\d{3}|\d{2})")  # 4/30/2023, 30.4.2023
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
    if re.fullmatch(r"[1-9]\d{4}(\.\d+)?", plain):  # the fraction is the time of the day
        day = SERIAL_ZERO + dt.timedelta(days=int(float(plain)))
        return _dated(day.year, day.month, day.day, question, "serial-date")
    weekday = WEEKDAY.search(plain)
    read = _written(WEEKDAY.sub("", plain), question, digits)
    if weekday and read.value is not None and "月火水木金土日"[read.value.weekday()] != weekday[1]:
        return refused("weekday")
    return read


def clock(text: str) -> float | None:
    """The time of the day as a fraction of it, as a form tool writes it beside a date.

    >>> clock("2024/06/03 6:00:00 午後 GMT+9"), clock("45446.75"), clock("2024年06月03日 18時00分")
    (0.75, 0.75, 0.75)
    >>> clock("2024/06/03") is None
    True
    """
    plain = tidy(text)
    if re.fullmatch(r"[1-9]\d{4}\.\d+", plain):
        return float(plain) % 1
    found = CLOCK.search(plain)
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2])
    if HALVES.search(found[0]):
        hour = hour % 12 + (12 if AFTERNOON.search(found[0]) else 0)
    return (hour * 3600 + minute * 60 + int(found[3] or found[4] or 0)) / 86400


def _in_order(plain: str, question: Question) -> tuple[int, int, int] | None:
    """Year, month and day of a date that begins with month or day: in the order of the question.

    Without one only where a number above 12 can be no month, and the year has four digits.
    """
    found = DAY_FIRST.fullmatch(plain)
    if found is None:
        return None
    first, second, year = (int(part) for part in found.groups())
    order = question.dates
    if order == "ymd" and len(found[3]) == 4 and (first > 12) != (second > 12):
        order = "dmy" if first > 12 else "mdy"
    if order == "ymd":
        return None
    month, day = (second, first) if order == "dmy" else (first, second)
    return (year if year > 99 else 2000 + year), month, day


def _written(plain: str, question: Question, digits: tuple[str, ...]) -> Parsed:
    if parts := _in_order(plain, question):
        return _dated(*parts, question, *digits)
    found = WESTERN.fullmatch(plain) or DIGITS.fullmatch(plain)
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
    return replace(read, rules=("impossible-era", *read.rules[1:]))


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
BLANKS = frozenset("☐□")
TICK_WORDS = {  # as form tools write them
    **dict.fromkeys(("y", "yes", "はい", "有", "あり", "選択", "checked", "selected"), True),
    **dict.fromkeys(("n", "no", "いいえ", "無", "なし"), False),
    **dict.fromkeys(("未選択", "unchecked", "not selected"), False),
}
DASHES = frozenset("-ー―—–")
CROSSES = frozenset({"×", "x"})
CIRCLED = re.compile(r"[①-⑳]")
CIRCLED_ONLY = re.compile(r"[①-⑳、，,､・･\s]+")
DATED = re.compile(
    r"\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?([ T]\d{1,2}:.*)?|\d{1,2}月\d{1,2}日"
    r"|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}"
)
LONGEST = 2000  # no answer of options is longer; the patterns below would be slow on one
LINES = r"\s*[；;|｜\n]\s*"  # no words of an option have these, so that commas need not part
LISTED = r"\s*[、，,､；;|｜\n]\s*"
SEPARATORS = r"[、，,､・･；;|｜/／\s+＋&＆]+"


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
                option = question.option(int(variable.rpartition("_")[2]))
                return ticked(text, question, option)
            case "multi":
                return choices(text, kind, question)
        return Parsed("answered", text.strip())


def choice(text: str, kind: int, question: Question) -> Parsed:
    """One option by its code or its words, or what stands beside the option "other"."""
    if kind == CellKind.DATE:
        return refused("excel-date")
    if (named := _explained(text, question)) is not None:
        return named
    code, rules = _option(text, question)
    if code is not None:
        return Parsed("answered", code, rules)
    parts = _parts(text)
    if len(parts) > 1 and all(_option(part, question)[0] is not None for part in parts):
        return refused("several")
    return _other(text, question) or refused("no-such-option")


def choices(text: str, kind: int, question: Question) -> Parsed:
    """Several options in one cell: 1、3、5, ①③, or words; never a number made by a spreadsheet.

    Words of an option that hold a comma are known as a whole; where the cell could also be several
    options, none is taken.
    """
    if kind == CellKind.DATE:
        return refused("excel-date")
    if (named := _explained(text, question)) is not None:
        return replace(named, value=frozenset({named.value}))
    whole, how = _option(text, question)
    plain = tidy(text)
    one_number = re.fullmatch(r"\d+(\.\d+)?", plain) and not CIRCLED.search(text)
    if one_number and (whole is None or _glued(plain.removesuffix(".0"), question)):
        return refused("excel-number")
    if any(_explained(part, question) for part in _parts(text, LISTED)):
        return _beside_other(_parts(text, LISTED), question) or refused("no-such-option")
    parts = _parts(text, LINES)
    readings = _readings(parts, question) if len(parts) > 1 or re.search(LINES, text) else {}
    if not readings:
        readings = _readings(_parts(text, LISTED), question, _long(question))
    if len(readings) > 1:
        return refused("two-readings")
    if not readings and whole is not None:
        return judged({whole}, how, question)
    readings = readings or _readings(_parts(text), question)
    for codes, rules in readings.items():
        return judged(set(codes), rules, question)
    return _beside_other(_parts(text, LISTED), question) or refused("no-such-option")


def _long(question: Question) -> dict[str, int]:
    """The words of options that a comma would part, folded, and in how many parts."""
    words = (text for option in question.options for text in said(option))
    return {_folded(text): n for text in words if (n := len(_parts(text, LISTED))) > 1}


def _readings(
    parts: list[str], question: Question, long: Mapping[str, int] | None = None
) -> dict[frozenset[int], tuple[str, ...]]:
    """Every way to read the parts of a cell as options: their codes, and the rules that apply.

    `long`: words of options that take several parts; a comma between them is theirs.
    """
    found: list[dict[frozenset[int], tuple[str, ...]]] = [{frozenset(): ()}]
    long = long or {}
    for end in range(1, len(parts) + 1):
        here: dict[frozenset[int], tuple[str, ...]] = {}
        for size in {1, *long.values()}:
            if size > end or not found[end - size]:
                continue
            own = parts[end - size : end]
            text = own[0] if size == 1 else _as_known(own, question)
            code, rules = _option(text, question)
            if code is None or not (size > 1 or _agree(own, parts, end, question)):
                continue
            for codes, earlier in found[end - size].items():
                both = dict.fromkeys((*earlier, *rules))
                here.setdefault(codes | {code}, tuple(both))
        found.append(here)
    return {codes: rules for codes, rules in found[-1].items() if codes}


def _as_known(parts: list[str], question: Question) -> str:
    """The words of the option that these parts are together, as the codebook writes them."""
    own = [_folded(part) for part in parts]
    for option in question.options:
        for text in said(option):
            if [_folded(part) for part in _parts(text, LISTED)] == own:
                return text
    return ""


def _agree(own: list[str], parts: list[str], end: int, question: Question) -> bool:
    """Whether a part and the bare number before it say the same; 1 採用 does not, if 採用 is 2."""
    before = tidy(parts[end - 2]) if end > 1 else ""
    if not before.isdigit() or re.match(r"\(?\d", tidy(own[0])):
        return True
    return _option(before, question)[0] == _option(own[0], question)[0]


def said(option: Option) -> tuple[str, ...]:
    """The words of an option: its labels, and how the files write it."""
    return (option.ja, option.en, *option.source)


# --- the option "other" -------------------------------------------------------------------------

OTHER = re.compile(r"\s*(?:[:：、,.．)）／/-]|\s)\s*|(?=[(（])")  # between "other" and its words


def _explained(text: str, question: Question) -> Parsed | None:
    """The option "other" with its words behind it: その他: 広報, その他（広報）, 9：広報."""
    for option in (o for o in question.options if o.other):
        bare = (re.sub(r"\s*[(（][^()（）]*[)）]$", "", words) for words in said(option))
        for words in sorted({*said(option), *bare, str(option.code)}, key=len, reverse=True):
            begun = re.match(rf"\s*[(（]?{re.escape(words)}", text, re.I)
            found = begun and OTHER.match(text, begun.end())
            rest = text[found.end() :].strip() if found else ""
            if inner := re.fullmatch(r"[(（](.*)[)）]", rest, re.S):
                rest = inner[1].strip()
            if rest and re.search(r"[^\W\d]", rest) and not _every_option(rest, question):
                return Parsed("answered", option.code, (), other=_without_name(rest, option))
    return None


def _without_name(text: str, option: Option) -> str:
    """The words alone of その他：広報, which stand behind the code 9 in 9（その他：広報）."""
    for words in said(option):
        if (begun := re.match(re.escape(words) + r"\s*[:：]\s*(?=.)", text, re.I)) is not None:
            return text[begun.end() :]
    return text


def _every_option(text: str, question: Question) -> bool:
    """Whether a text names nothing but options: その他、研修 explains nothing."""
    parts = _parts(text, LISTED)
    return any(_option(part, question)[0] is not None for part in parts)


def _other(text: str, question: Question) -> Parsed | None:
    """A text that is no option, where "other" may be answered in words of one's own.

    What looks like the words of an option is to be confirmed; a number is no explanation.
    """
    option = next((o for o in question.options if o.other), None)
    if option is None or not re.search(r"[^\W\d]", text) or re.match(r"[(（]?\d", tidy(text)):
        return None
    own = _folded(text)
    known = {_folded(words) for o in question.options if not o.other for words in said(o)}
    near = any(own in words or words in own for words in known)
    rule = "other-like-an-option" if near else "other-words"
    return Parsed("answered", option.code, (rule,), other=text.strip())


def _beside_other(parts: list[str], question: Question) -> Parsed | None:
    """Options in one cell of which some parts are the words beside "other"."""
    codes: set[Any] = set()
    rules: dict[str, None] = {}
    words: list[str] = []
    first = last = -1
    at, long = 0, _long(question)
    while at < len(parts):
        for size in sorted({1, *long.values()}, reverse=True):  # the longest first
            own = parts[at : at + size]
            named = _explained(own[0], question) if size == 1 else None
            code, how = _option(own[0] if size == 1 else _as_known(own, question), question)
            if named is not None or (code is not None and len(own) == size):
                break
        else:
            named, size = _other(parts[at], question), 1
            if named is None:
                return None
        if named is not None:
            rules |= dict.fromkeys(named.rules)
            words.append(named.other)
            first, last, code, how = (at if first < 0 else first), at, named.value, ()
        codes |= {code} - {None}
        rules |= dict.fromkeys(how)
        at += size
    if last - first >= len(words):  # options between words: they may be words, too
        rules["other-like-an-option"] = None
    read = judged(codes, tuple(rules), question)
    return read if read.state == "unreadable" else replace(read, other="、".join(words))


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


def ticked(text: str, question: Question, option: Option | None = None) -> Parsed:
    """A column of its own for one option: ticks, and what stands for none.

    Besides 1, ○ and ✓ the words of form tools (Yes, Checked, 選択), the option's own words, and
    what the question lists under ``ticks``; beside the option "other" its words.
    """
    plain, digits = tidy(text), widths(text.strip())
    if digits is None:
        return refused("not-a-tick")
    folded = plain.casefold().removesuffix(".0")
    for written, chosen in question.ticks.items():
        if tidy(written).casefold() == plain.casefold():
            return Parsed("answered", chosen)
    if folded in {"1", "true"}:
        return Parsed("answered", True, digits)
    if folded in {"0", "false"} or plain in CROSSES | BLANKS:
        return Parsed("answered", False, digits)
    if option and text.strip() in said(option):
        return Parsed("answered", True)
    if folded in TICK_WORDS:
        return Parsed("answered", TICK_WORDS[folded])
    if plain in TICKS:
        return Parsed("answered", True, ("tick",))
    if plain in DASHES:  # beside a tick: not chosen
        return Parsed("not_applicable")
    read = _own_words(text, question, option) if option else None
    if read is not None:
        return read
    if remark := re.fullmatch(r"([^()\s]+)\s*\([^()]*\)", plain):
        read = ticked(remark[1], question, option)
        if read.value is not None and not read.other:
            return replace(read, rules=(*read.rules, "remark"))
    if option and option.other and (named := _other(text, question)) is not None:
        return replace(named, value=True, rules=())
    return refused("not-a-tick")


def _own_words(text: str, question: Question, option: Option) -> Parsed | None:
    """A tick by the words of the option itself; those of another are none."""
    named = _explained(text, question)
    if named is not None and named.value == option.code:
        return replace(named, value=True)
    if not re.search(r"[^\W\d]", tidy(text)):
        return None
    code, rules = _option(text, question)
    if code is None:
        return None
    return Parsed("answered", True, rules) if code == option.code else refused("not-a-tick")


def binary(text: str, question: Question) -> Parsed:
    """Yes or no: by the question's own options, as in a column of ticks, or by the usual words."""
    words = {tidy(o.ja): o.code for o in question.options}
    words |= {tidy(o.en).casefold(): o.code for o in question.options}
    words |= {tidy(s): o.code for o in question.options for s in o.source}
    plain = tidy(text)
    code = words.get(plain, words.get(plain.casefold()))
    if code is not None:
        return Parsed("answered", bool(code))
    usual = TICK_WORDS.get(plain.casefold())
    if usual is not None:
        return Parsed("answered", usual, ("label",))
    code, rules = _option(text, question)
    if code is not None and rules:  # plain 1 and 0 are read below
        return Parsed("answered", bool(code), rules)
    read = ticked(text, question)
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
        if raw in said(option):  # written as in the codebook
            return option.code, ()
    for option in question.options:
        known = [*said(option)]
        if option.ja.startswith("その他"):  # その他（具体的に）
            known.append(re.sub(r"[(（][^()（）]*[)）]$", "", option.ja))
        for words in known:
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
