"""One text in one width, and what offices and form tools write: a number, a day, a time."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from dataclasses import dataclass, replace
from typing import Any

from analysis.codebook.questions import Question
from analysis.intake.sheet import CellKind
from analysis.normal import normal
from analysis.text import Text
from analysis.yaml_file import packaged


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
    """A text with signs of usual width, without the space around it."""
    return normal(text, "width", "minus", "ends")


def outside_brackets(text: str, signs: str) -> list[str]:
    """The parts of a text between signs (a pattern) after which no bracket closes.

    One pass, however long the text is.

    >>> outside_brackets("研修、採用（中途、新卒）、AI (a, b)", "[、,]")
    ['研修', '採用（中途、新卒）', 'AI (a, b)']
    """
    pieces = [*re.split(r"([()（）])", text), ""]
    for at in range(0, len(pieces), 2):
        if pieces[at + 1] not in {")", "）"}:
            pieces[at] = re.sub(signs, "\0", pieces[at])
    return "".join(pieces).split("\0")


def widths(text: str) -> tuple[str, ...] | None:
    """The rule for the digits of a text: none if ASCII, ``full-width``; None if of another kind.

    A circled ① or a raised ² is a digit to NFKC, but nobody writes a number with it.

    >>> widths("12"), widths("１2"), widths("①"), widths("5²")
    ((), ('full-width',), None, None)
    """
    signs = set(text)
    if any(re.search(r"\d", tidy(sign)) and not re.match("[0-9０-９]", sign) for sign in signs):
        return None
    return ("full-width",) if signs & set("０１２３４５６７８９") else ()


BIG_UNITS = {"百万": 1_000_000, "億": 100_000_000, "万": 10_000, "千": 1_000, "百": 100}
SAME_UNIT: list[set[str]] = [*map(set, packaged("units.yml"))]
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
    if (match := re.fullmatch(rf"({NUMBER})(.*)", body)) is None:
        return refused("not-a-number")
    own = own_units(question)
    if (unit := _unit(match[2], own)) is None:
        other = re.fullmatch(r"[^\W\d_%]{1,8}|%", match[2]) and not any(n in match[2] for n in own)
        unit_of = question.unit if other else None
        return refused("other-unit", unit_of) if unit_of else refused("not-a-number")
    factor, more_rules = unit
    value = round(float(match[1]) * factor, 10)
    if not abs(value) < LARGEST:
        return refused("not-a-number")
    rules += more_rules
    percent = "%" in own and (not match[2] or match[2].startswith("("))
    like_one = question.fractions is None and 0 < value <= 1 and "." in match[1]
    if percent and (question.fractions or like_one):
        value, rules = round(value * 100, 10), [*rules, *(["fraction"] if like_one else [])]
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


ERAS: dict[str, dt.date] = packaged("eras.yml")  # era -> its first day
ERA_LETTERS = dict(zip("MTSHR", ERAS, strict=True))
SERIAL_ZERO = dt.date(1899, 12, 30)
ZONES: dict[str, int] = packaged("zones.yml")  # letters -> hours from UTC
CLOCK = re.compile(  # as form tools write it, and a date cell saved as CSV
    r"(?:,?\s(?:at )?|T|(?<=[日)]))(?:(?:午前|午後|[AP]M)\s*)?"
    r"(\d{1,2})(?::|時)(\d{2})(?:分|:(\d{2})(?:\.\d+)?|分(\d{2})秒)?\s*(午前|午後|[AP]M)?"
    r"\s*(?:(?:GMT|UTC)?([+-]\d{1,2})(?::?(\d{2}))?(?:\s?\([^()]*\))?"
    rf"|({'|'.join(ZONES)}))?$",
    re.I,
)
JAPAN = 9  # hours before UTC
AFTERNOON = re.compile(r"午後|pm", re.I)
HALVES = re.compile(r"午前|午後|[ap]m", re.I)
WEEKDAY = re.compile(r"(?:\(([月火水木金土日])(?:曜日?)?\)|([月火水木金土日])曜日?)$")
WESTERN = re.compile(r"([12]\d{3})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月?)")
DIGITS = re.compile(r"([12]\d{3})([01]\d)([0-3]\d)")  # 20230401
DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]([12]\d{3}|\d{2})")  # 4/30/2023, 30.4.2023
MONTHS, DAYS = calendar.month_name[1:], [*calendar.day_abbr]  # January, Mon
ENGLISH = re.compile(  # Mon Jun 03 2024 (JavaScript), 3 June 2024, 03-Jun-2024, Jun 3, 2024
    rf"(?:({'|'.join(DAYS)}),? )?(?:(\d{{1,2}})[ -])?"
    rf"({'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in MONTHS)})[ -](?:(\d\d?),? )?(\d{{4}})",
    re.I,
)
JAPANESE = re.compile(
    rf"({'|'.join(ERAS)}|[MTSHRmtshr])\.?(元|\d{{1,2}})[年./-](\d{{1,2}})(?:[月./-](\d{{1,2}})日?|月?)"
)


def date(text: str, kind: int, question: Question) -> Parsed:
    """A day, or a month where the question asks for one.

    A stamp with a time zone is the day that it was in Japan: 2024-06-03T23:30:00Z is 4 June.
    """
    answer, at = _day(text, kind, question), _stamp(tidy(text))
    days = math.floor(at[0]) if at and at[1] else 0  # 24:00 is of its own day
    if not days or answer.value is None or question.precision == "month":
        return answer
    day = answer.value + dt.timedelta(days=days)
    rules = [rule for rule in answer.rules if rule != "outside-range"]
    return _dated(day.year, day.month, day.day, question, *rules, "time-zone")


def _day(text: str, kind: int, question: Question) -> Parsed:
    """The day as it is written."""
    digits = widths(text.strip())
    plain = _of_english(CLOCK.sub("", tidy(text)))
    if digits is None or re.search(r"\d\s+\d", plain):  # 3 4 is not 34
        return refused("not-a-date")
    plain = plain.replace(" ", "")
    if kind == CellKind.DATE:
        match = re.match(r"(\d{4})-(\d{2})-(\d{2})", plain)
        if match is None or not _may_be_meant(plain[:10]):
            return refused("not-a-date")
        return _dated(int(match[1]), int(match[2]), int(match[3]), question)
    if re.fullmatch(r"\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", plain):
        return refused("not-a-date")  # 50401 may be 令和5年4月1日
    if re.fullmatch(r"[1-9]\d{4}(\.\d+)?", plain):  # the fraction is the time of the day
        day = SERIAL_ZERO + dt.timedelta(days=int(float(plain)))
        return _dated(day.year, day.month, day.day, question, "serial-date")
    weekday = WEEKDAY.search(plain)
    answer = _written(WEEKDAY.sub("", plain), question, digits)
    letter = (weekday[1] or weekday[2]) if weekday else None
    if letter and answer.value is not None and "月火水木金土日"[answer.value.weekday()] != letter:
        return refused("weekday")
    return answer


def _may_be_meant(day: str) -> bool:
    """Whether a spreadsheet's day is none of those that it makes of a year or month typed as such.

    In a cell for days 6.4 becomes 1900-01-06, 2024 a day of 1905, 202404 one of 2454.
    """
    return "1901" <= day < "2101" and not "1905-02" <= day < "1905-10"


def _of_english(text: str) -> str:
    """A date with an English month as numbers, with its weekday in Japanese; any other as it is."""
    match = ENGLISH.fullmatch(text)
    if match is None or (match[2] is None) == (match[4] is None):
        return text
    month = next(at for at, name in enumerate(MONTHS, 1) if name[:3] == match[3][:3].title())
    day = f"({'月火水木金土日'[DAYS.index(match[1].title())]})" if match[1] else ""
    return f"{match[5]}/{month}/{match[2] or match[4]}{day}"


def clock(text: str) -> float | None:
    """The time of the day in Japan as a fraction of it, as a form tool writes it beside a date.

    >>> clock("2024/06/03 6:00:00 午後 GMT+9"), clock("45446.75"), clock("2024年06月03日 18時00分")
    (0.75, 0.75, 0.75)
    >>> clock("2024-06-03T09:00:00Z"), clock("2024-06-03T22:00:00-0500")
    (0.75, 0.5)
    >>> clock("2024/06/03") is None
    True
    """
    plain = tidy(text)
    if re.fullmatch(r"[1-9]\d{4}\.\d+", plain):
        return float(plain) % 1
    if (at := _stamp(plain)) is None:
        return None
    return at[0] % 1 if at[1] else at[0]


def _stamp(text: str) -> tuple[float, bool] | None:
    """The time of a stamp in days since midnight of its written day in Japan, below 0 or above 1.

    And whether it says its time zone: one that says none is Japan's time.
    """
    if (match := CLOCK.search(text)) is None:
        return None
    hour, minute, letters = int(match[1]), int(match[2]), (match[8] or "").upper()
    zoned = bool(match[6] or letters)
    if HALVES.search(match[0]):
        hour = hour % 12 + (12 if AFTERNOON.search(match[0]) else 0)
    if match[6]:  # an offset, such as +0900 or -3:30
        minute -= int(f"{match[6][0]}1") * (abs(int(match[6])) * 60 + int(match[7] or 0))
    minute -= ZONES.get(letters, 0) * 60
    minute += JAPAN * 60 * zoned
    return (hour * 3600 + minute * 60 + int(match[3] or match[4] or 0)) / 86400, zoned


def _in_order(match: re.Match[str], question: Question, digits: tuple[str, ...]) -> Parsed:
    """A date that begins with its month or its day, where the order is known."""
    first, second, year = (int(part) for part in match.groups())
    order = question.dates
    # without an order of the question: a number above 12 can be no month
    if order == "ymd" and year > 99 and (first > 12) != (second > 12):
        order = "dmy" if first > 12 else "mdy"
    if order == "ymd":
        return refused("day-or-month")
    month, day = (second, first) if order == "dmy" else (first, second)
    return _dated(year if year > 99 else 2000 + year, month, day, question, *digits)


def _written(plain: str, question: Question, digits: tuple[str, ...]) -> Parsed:
    if ordered := DAY_FIRST.fullmatch(plain):
        return _in_order(ordered, question, digits)
    if western := WESTERN.fullmatch(plain) or DIGITS.fullmatch(plain):
        year, month, day = western.groups()
        # 2019.1 may be October: a spreadsheet makes it of 2019.10
        if not day and (question.precision != "month" or plain.endswith(".1")):
            return refused("not-a-date")
        return _dated(int(year), int(month), int(day or 1), question, *digits)
    match = JAPANESE.fullmatch(plain)
    if match is None or not (match[4] or question.precision == "month"):
        return refused("not-a-date")
    era = ERA_LETTERS.get(match[1].upper(), match[1])
    since = 1 if match[2] == "元" else int(match[2])
    year = ERAS[era].year + since - 1
    answer = _dated(year, int(match[3]), int(match[4] or 1), question, "wareki")
    if since == 0 or answer.value is None:
        return refused("not-a-date")
    first = last = dt.date(year, int(match[3]), int(match[4] or 1))
    if not match[4]:  # the era began or ended within the month
        last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    ends = min((start for start in ERAS.values() if start > ERAS[era]), default=dt.date.max)
    if ERAS[era] <= last and first < ends:
        return answer
    return replace(answer, rules=("impossible-era", *answer.rules[1:]))


def _dated(year: int, month: int, day: int, question: Question, *rules: str) -> Parsed:
    try:
        value = dt.date(year, month, day)
    except ValueError:
        return refused("not-a-date")
    value = value.replace(day=1) if question.precision == "month" else value
    if question.range:
        low, high = str(question.range[0]), str(question.range[1])
        text = value.isoformat()
        if not low <= text[: len(low)] or not text[: len(high)] <= high:
            return Parsed("answered", value, (*rules, "outside-range"), f"{low}–{high}")
    return Parsed("answered", value, rules)
