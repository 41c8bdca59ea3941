"""One answer as it stands in a cell -> a value, or why it has none.

Each distinct text of a column is read once (`analysis.clean` spreads the result over the rows), so
these functions may be careful rather than fast. Nothing is guessed in silence: whatever is not
literal names the rules that were applied.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from analysis.codebook import Codebook, Question
from analysis.sheet import CellKind

ERAS = {"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019}
ERA_LETTERS = {"M": "明治", "T": "大正", "S": "昭和", "H": "平成", "R": "令和"}
ERA_ENDS = {
    "大正": dt.date(1926, 12, 24),
    "昭和": dt.date(1989, 1, 7),
    "平成": dt.date(2019, 4, 30),
}
BIG_UNITS = {"千": 1_000, "万": 10_000, "百万": 1_000_000, "億": 100_000_000}
TICKS = frozenset("○●◯〇レ✓✔☑■1")
SEPARATORS = re.compile(r"[、，,・；;/／\s+&]+")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?|[-+]?\.\d+")
APPROXIMATE = re.compile(
    r"^(?:約|およそ|おおよそ|概ね|ほぼ)|(?:程度|前後|くらい|ぐらい|余り?|弱|強|以上|以下|未満)$"
)


@dataclass(frozen=True)
class Parsed:
    """A value with the state of the answer and the rules that led to it.

    `value`: int, float, bool, date, str, or a frozenset of codes (multi); None without a value.
    """

    state: str
    value: Any = None
    rules: tuple[str, ...] = ()
    more: str = ""


def refused(rule: str, more: str = "") -> Parsed:
    """No value; the finding keeps the text."""
    return Parsed("unreadable", None, (rule,), more)


def tidy(text: str) -> str:
    """NFKC with the signs that it leaves apart, outer space removed."""
    return unicodedata.normalize("NFKC", text).replace("−", "-").replace("‐", "-").strip()


class Reader:
    """Reads the answers to the questions of one codebook."""

    def __init__(self, codebook: Codebook) -> None:
        self.tokens: dict[str, str] = {}
        for kind, missing in codebook.missing.items():
            for token in missing.tokens:
                self.tokens.setdefault(tidy(token).casefold(), kind)

    def read(self, text: str, kind: int, question: Question, variable: str) -> Parsed:
        """One cell of a column that holds the question or one of its variables."""
        if not text.strip():
            return Parsed("empty")
        if kind == CellKind.ERROR:
            return refused("error-value")
        plain = tidy(text)
        if plain.casefold() in {tidy(t).casefold() for t in question.missing_tokens}:
            return Parsed("no_answer")
        own_column = question.type == "multi" and variable != question.id
        crossed = own_column and plain == "×"
        if plain.casefold() in self.tokens and kind != CellKind.NUMBER and not crossed:
            return Parsed(self.tokens[plain.casefold()])
        match question.type:
            case "integer" | "ratio":
                return number(text, question)
            case "date":
                return date(text, kind, question)
            case "single" | "ordinal" | "battery":
                return choice(text, kind, question)
            case "binary":
                return binary(text, question)
            case "multi" if variable != question.id:
                return ticked(text)
            case "multi":
                return choices(text, kind, question)
        return Parsed("answered", text.strip())


def number(text: str, question: Question) -> Parsed:
    """Digits of any width with separators, units, 約 and △; ranges are refused."""
    rules: list[str] = []
    plain = tidy(text)
    if plain != text.strip() and not text.strip().isascii() and re.search(r"[０-９]", text):
        rules.append("full-width")
    body = plain.replace(" ", "")
    if re.search(r"\d\s*[~〜～ー-]\s*\d", body):
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
    percent = "%" in body
    found = re.fullmatch(rf"({NUMBER.pattern})(百万|億|万|千)?\s*(\D*)", body)
    if found is None:
        return refused("not-a-number")
    value = float(found[1])
    if found[2]:
        value, rules = value * BIG_UNITS[found[2]], [*rules, "big-unit"]
    tail = found[3].strip()
    if tail:
        if re.search(r"[^\s\w%()（）/・]", tail) or len(tail) > 8:
            return refused("not-a-number")
        if not (percent and tail == "%"):
            rules.append("unit")
    unit = question.unit.en if question.unit else ""
    if unit == "percent" and not percent and 0 < value <= 1 and "." in body:
        value, rules = round(value * 100, 10), [*rules, "fraction"]
    if question.type == "integer":
        if value != round(value):
            rules.append("not-whole")
        value = round(value)
    low, high = (float(end) for end in question.range or (-math.inf, math.inf))
    if value < 0 <= low:  # no head count, cost or share is negative: a sign of something else
        return refused("negative")
    more = ""
    if not low <= value <= high:
        rules.append("outside-range")
        more = f"{low:,.10g}–{high:,.10g}"
    if "approximate" in rules:
        rules = [r for r in rules if r in {"approximate", "outside-range"}]
    return Parsed("answered", value, tuple(rules), more)


def date(text: str, kind: int, question: Question) -> Parsed:
    """Western and Japanese dates, and Excel serials; a month where the question asks for one."""
    plain = tidy(text).replace(" ", "")
    month_only = question.precision == "month"
    if kind == CellKind.DATE:
        found = re.match(r"(\d{4})-(\d{2})-(\d{2})", plain)
        if not found:
            return refused("not-a-date")
        return _dated(int(found[1]), int(found[2]), int(found[3]), question)
    if re.fullmatch(r"\d{5}(\.0)?", plain):
        day = dt.date(1899, 12, 30) + dt.timedelta(days=int(float(plain)))
        return _dated(day.year, day.month, day.day, question, "serial-date")
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月?)", plain)
    if found and (found[3] or month_only):
        return _dated(int(found[1]), int(found[2]), int(found[3] or 1), question)
    found = re.fullmatch(
        r"(明治|大正|昭和|平成|令和|[MTSHRmtshr])\.?(元|\d{1,2})[年./-](\d{1,2})(?:[月./-](\d{1,2})日?|月?)",
        plain,
    )
    if not found or not (found[4] or month_only):
        return refused("not-a-date")
    era = ERA_LETTERS.get(found[1].upper(), found[1])
    year = ERAS[era] + (1 if found[2] == "元" else int(found[2])) - 1
    result = _dated(year, int(found[3]), int(found[4] or 1), question, "wareki")
    if result.value is not None and era in ERA_ENDS and result.value > ERA_ENDS[era]:
        return Parsed("answered", result.value, ("impossible-era",), result.more)
    return result


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


def choice(text: str, kind: int, question: Question) -> Parsed:
    """One option by its code or its words."""
    if kind == CellKind.DATE:
        return refused("excel-date")
    code, rules = _option(text, question)
    if code is not None:
        return Parsed("answered", code, rules)
    parts = [part for part in SEPARATORS.split(tidy(text)) if part]
    if len(parts) > 1 and all(_option(part, question)[0] is not None for part in parts):
        return refused("several")
    return refused("no-such-option")


def choices(text: str, kind: int, question: Question) -> Parsed:
    """Several options in one cell: 1、3、5, ①③, or words; never a number made by a spreadsheet."""
    if kind == CellKind.DATE:
        return refused("excel-date")
    plain = tidy(text)
    if kind == CellKind.NUMBER or re.fullmatch(r"\d+(\.\d+)?", plain):
        code, how = _option(text, question)
        if code is not None:
            return _chosen({code}, how, text, question)
        if not re.search(r"[①-⑳]", text):
            return refused("excel-number")
    rules: list[str] = []
    parts = [part for part in SEPARATORS.split(plain) if part]
    if re.fullmatch(r"[①-⑳、，,・\s]+", text):
        parts = [tidy(sign) for sign in text if re.match(r"[①-⑳]", sign)]
        rules.append("circled")
    codes: set[int] = set()
    whole, how = _option(text, question)
    if whole is not None:
        return _chosen({whole}, how, text, question)
    for part in parts:
        code, more = _option(part, question)
        if code is None:
            return refused("no-such-option")
        codes.add(code)
        rules += [rule for rule in more if rule not in rules]
    if not codes:
        return refused("no-such-option")
    return _chosen(codes, tuple(rules), text, question)


def _chosen(codes: set[int], rules: tuple[str, ...], text: str, question: Question) -> Parsed:
    alone = [option for option in question.options if option.exclusive and option.code in codes]
    if alone and len(codes) > 1:
        return refused("exclusive", alone[0].ja)
    if question.max_choices and len(codes) > question.max_choices:
        return Parsed("answered", frozenset(codes), (*rules, "too-many"), str(question.max_choices))
    return Parsed("answered", frozenset(codes), rules)


def ticked(text: str) -> Parsed:
    """A column of its own for one option: 1, ○, ✓ are ticks, 0 and × none."""
    plain = tidy(text)
    if plain in {"1", "1.0", "True", "TRUE"}:
        return Parsed("answered", True)
    if plain in {"0", "0.0", "False", "FALSE", "×", "x"}:
        return Parsed("answered", False)
    if plain in TICKS:
        return Parsed("answered", True, ("tick",))
    return refused("no-such-option")


def binary(text: str, question: Question) -> Parsed:
    """Yes or no by the question's own options, else by the usual words."""
    words = {tidy(o.ja): o.code for o in question.options}
    words |= {tidy(o.en).casefold(): o.code for o in question.options}
    words |= {tidy(s): o.code for o in question.options for s in o.source}
    usual = {"はい": 1, "いいえ": 0, "有": 1, "無": 0, "あり": 1, "なし": 0, "yes": 1, "no": 0}
    usual |= {"1": 1, "0": 0, "1.0": 1, "0.0": 0, "true": 1, "false": 0, "○": 1, "×": 0}
    plain = tidy(text)
    code = words.get(plain, words.get(plain.casefold(), usual.get(plain.casefold())))
    return refused("no-such-option") if code is None else Parsed("answered", bool(code))


def _option(text: str, question: Question) -> tuple[int | None, tuple[str, ...]]:
    """The option that a text names: its code (1, 1., (1), ①, 1 指定都市) or its words."""
    plain = tidy(text).removesuffix(".0")
    codes = {option.code for option in question.options}
    if plain.isdigit():
        rules = ("circled",) if re.search(r"[①-⑳]", text) else ()
        rules = ("full-width",) if re.search(r"[０-９]", text) else rules
        return (int(plain), rules) if int(plain) in codes else (None, ())
    folded = re.sub(r"\s", "", plain).casefold()
    for option in question.options:
        for words in (option.ja, option.en, *option.source):
            if folded == re.sub(r"\s", "", tidy(words)).casefold():
                return option.code, ("label",)
    found = re.fullmatch(r"\(?(\d+)[).:、 ]\s*(.+)", plain)
    if found and int(found[1]) in codes:
        words = re.sub(r"\s", "", found[2]).casefold()
        option = question.option(int(found[1]))
        if words and re.sub(r"\s", "", tidy(option.ja)).casefold().startswith(words[:6]):
            return option.code, ("label",)
    return None, ()
