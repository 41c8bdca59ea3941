"""One number as offices write it, in the unit of its question."""

from __future__ import annotations

import math
import re

from analysis.cleaning.texts import Parsed, refused, tidy, widths
from analysis.codebook.model import Question

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
