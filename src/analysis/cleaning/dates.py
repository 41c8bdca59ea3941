"""A day as offices and form tools write it: Western, by era, as a serial number, with its time."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import replace

from analysis.cleaning.texts import Parsed, gapped, refused, tidy, widths
from analysis.codebook.model import Question
from analysis.intake.workbook import CellKind

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
