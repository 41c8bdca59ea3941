"""One text as written in a cell becomes a value, a kind of missing, or a refusal.

Each step that read it otherwise than written is named by a rule (`cleaning.findings`), so that the
office can be asked. Options are read as offices and form tools write them: by code or words, in one
cell or by ticks; the words beside an option "other" are an answer of their own (`Parsed.other`).
Numbers and days are read by `texts`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.cleaning.own_words import (
    CROSSES,
    ELSEWHERE,
    TICK_SIGNS,
    explains,
    folded,
    is_like,
    names_number,
    tick,
)
from analysis.cleaning.texts import Parsed, date, number, outside_brackets, refused, tidy, widths
from analysis.codebook.model import Codebook
from analysis.codebook.questions import AMOUNTS, Option, Question, tick_words
from analysis.intake.forms import marks
from analysis.intake.forms.marks import CIRCLED, SIGNED, signs_in
from analysis.intake.sheet import CellKind
from analysis.normal import GAP, as_code

DASHES = frozenset("-ー―—–")
WITH_NUMBER = re.compile(r"\(?(\d+)([).:、番 ]*)(.*)")  # 1. 採用
COUNTED_FIRST = re.compile("[年月日回週人名件時分割台社円%か]")
CIRCLED_ONLY = re.compile(r"[①-⑳、，,､・･\s]+")
LINES = rf"{GAP}[；;|｜\n]\s*"  # no words of an option have these, so that commas need not part
LIST_SIGNS = r"\s*[、，,､；;|｜\n]\s*"
# where these make it clear
ALSO = rf"{LIST_SIGNS}|\s*(?:[/／＆&]|及び|並びに)\s*|\s+and\s+|(?<=\d)\s*と\s*(?=\d)"
SEPARATORS = r"[、，,､・･；;|｜/／\s+＋&＆]+"


def choice(text: str, kind: int, question: Question) -> Parsed:
    """Read one option: its code, its words, or the words beside the option "other"."""
    if kind == CellKind.DATE:
        return refused("excel-date")
    if (by_mark := _one_marked(text, question)) is not None:
        return by_mark
    if (other := _explained(text, question)) is not None:
        return other
    code, rules = _option(text, question)
    if code is not None or rules:
        return refused(*rules) if code is None else Parsed("answered", code, rules)
    parts = _parts(text)
    if len(parts) > 1 and all(_option(part, question)[0] is not None for part in parts):
        return refused("several")
    answer = _other(text, question) or refused("no-such-option")
    return refused("option-or-other") if "other-like-an-option" in answer.rules else answer


def choices(text: str, kind: int, question: Question) -> Parsed:
    """Several options in one cell: 1、3、5, ①③, or words; never a number made by a spreadsheet.

    Words of an option that hold a comma are known as a whole; where the cell could also be several
    options, none is taken.
    """
    if kind == CellKind.DATE:
        return refused("excel-date")
    if re.fullmatch(r'\s*\[".*"\]\s*', text):  # as Microsoft Forms gives several to a flow
        text = re.sub(r'"\s*,\s*"', "\n", text.strip()[2:-2]) + "\n"
    if (by_mark := _marked(text, question)) is not None:
        if not by_mark:
            return Parsed("no_answer")
        answer = judged(by_mark, ("marked",), question)
        words = marks.list_and_words(text, question)[1]
        return replace(answer, other=words) if answer.value is not None else answer
    if (other := _explained(text, question)) is not None:
        return other if other.value is None else replace(other, value=frozenset({other.value}))
    whole, how = _option(text, question)
    if whole is None and how:
        return refused(*how)
    one_number = re.fullmatch(r"\d+(\.\d+)?", tidy(text)) and not CIRCLED.search(text)
    if one_number and (whole is None or _glued(_without_zero(text), question)):
        return refused("excel-number")
    if (beside := _explained_in(_parts(text, LIST_SIGNS), question)) is not None:
        return beside
    by_lines = re.search(LINES, text) is not None
    readings = _readings(_parts(text, LINES), question, {}) if by_lines else {}
    readings = readings or _readings(_parts(text, LIST_SIGNS), question, _long(question))
    if not readings:
        if whole is not None:
            return judged({whole}, how, question)
        for signs in (ALSO, SEPARATORS):  # 採用/その他（広報）
            if (beside := _explained_in(_parts(text, signs), question)) is not None:
                twofold = signs == SEPARATORS and _numbered_otherwise(text, question)
                return refused("two-readings") if twofold else beside
        readings = _readings(_parts(text), question, _long(question, SEPARATORS))
    if len(readings) > 1:  # 1.採用 2.研修、広報, where 広報 is an option, too
        return refused("two-readings")
    for codes, rules in readings.items():
        return judged(set(codes), rules, question)
    ways = (LINES, LIST_SIGNS, ALSO) if by_lines else (LIST_SIGNS, ALSO)  # 広報, 印刷;研修
    tried = [_beside_other(_parts(text, signs), question) for signs in ways]
    doubts = {"other-like-an-option", "option-or-other"}
    clear = (one for one in tried if one and doubts.isdisjoint(one.rules))
    none = "two-readings" if _numbered_otherwise(text, question) else "no-such-option"
    return next(clear, tried[0]) or refused(none)


def _marked(text: str, question: Question) -> set[int] | None:
    """The options with a mark in front of them, in a cell in which the form lists its options.

    None where the cell is no such list: two options at least, and nothing but marks, numbers and
    what parts them between the options. Of ☑ある □ない the first is chosen, of ○1.ある 2.ない too.
    """
    # in a text without a sign a search for the words of all options would be slow
    signs = signs_in(text, question) if SIGNED.search(text) else None
    if signs is None or not any(signs.values()):
        return None
    codes = {*marks.read_signs(signs, circles=question.type != "multi")[0]}
    explained = {option.code for option in question.options if option.other} & codes
    return codes if explained or not marks.list_and_words(text, question)[1] else None


def _one_marked(text: str, question: Question) -> Parsed | None:
    """The one option that is marked in a cell in which the form lists its options."""
    if (codes := _marked(text, question)) is None:
        return None
    if len(codes) != 1:
        return refused("several") if codes else Parsed("no_answer")
    words = marks.list_and_words(text, question)[1]
    return Parsed("answered", min(codes), ("marked",), other=words)


Long = Mapping[tuple[str, ...], str]  # parts, folded -> the words of an option that they are


def _long(question: Question, signs: str = LIST_SIGNS) -> Long:
    """The words of options that a comma, or another of these signs, would part."""
    words = [text for option in question.options for text in words_of(option)]
    by_parts = {tuple(map(folded, _parts(text, signs))): text for text in reversed(words)}
    return {parts: text for parts, text in by_parts.items() if len(parts) > 1}


def _as_one(parts: list[str], long: Long) -> str:
    """A single part itself, or several joined to the words of one option; else empty."""
    if len(parts) == 1:
        return parts[0]
    first, *rest = map(folded, parts)
    return long.get((first, *rest), long.get((re.sub(r"^\(?\d+[).:、番]+", "", first), *rest), ""))


def _readings(
    parts: list[str], question: Question, long: Long
) -> dict[frozenset[int], tuple[str, ...]]:
    """Every way to read the parts of a cell as options: their codes, and the rules that apply.

    `long`: words of options that take several parts; a comma between them is theirs.
    """
    ways: list[dict[frozenset[int], tuple[str, ...]]] = [{frozenset(): ()}]
    for end in range(1, len(parts) + 1):
        here: dict[frozenset[int], tuple[str, ...]] = {}
        for size in {1, *map(len, long)}:
            if size > end or not ways[end - size]:
                continue
            own = parts[end - size : end]
            code, rules = _option(_as_one(own, long), question)
            if code is None or not (size > 1 or _agree(own, parts, end, question)):
                continue
            for codes, earlier in ways[end - size].items():
                here.setdefault(codes | {code}, tuple(dict.fromkeys((*earlier, *rules))))
        ways.append(here)
    return {codes: rules for codes, rules in ways[-1].items() if codes}


def _agree(own: list[str], parts: list[str], end: int, question: Question) -> bool:
    """Whether a part and the bare number before it say the same; 1 採用 does not, if 採用 is 2."""
    before = tidy(parts[end - 2]) if end > 1 else ""
    if not before.isdigit() or re.match(r"\(?\d", tidy(own[0])):
        return True
    return _option(before, question)[0] == _option(own[0], question)[0]


def _numbered_otherwise(text: str, question: Question) -> bool:
    """Whether an option's number stands in a list before words that are not its own: 1 広報、②.

    Words of "other" say nothing of the number before them: ① その他（印刷）.
    """
    codes = {str(option.code) for option in question.options}
    parts = re.split(r"[、,・;|/+&\n]+|\s(?=\(?\d)", tidy(text))
    for own in filter(None, map(WITH_NUMBER.fullmatch, parts if len(parts) > 1 else ())):
        worded = own[1] in codes and re.search(r"[^\W\d]", own[3])
        if worded and _option(own[0], question)[0] is _explained(own[3], question) is None:
            return True
    return False


def words_of(option: Option) -> tuple[str, ...]:
    """The words of an option: its labels, and how the files write it; LimeSurvey -oth- of other."""
    return (*option.words, *(["-oth-"] if option.other else []))


# --- the option "other" -------------------------------------------------------------------------

OTHER = re.compile(r"\s*(?:[:：、,.．)）／/-]|\s)\s*|(?=[(（])")  # between "other" and its words
INNER = r"[(（]((?:[^()（）]|[(（][^()（）]*[)）])*)[)）]"


def _explained(text: str, question: Question) -> Parsed | None:
    """The option "other" with its words behind it: その他: 広報, その他（広報）, 9：広報.

    Words like those of another option are flagged where a colon or a bracket parts them from it.
    What is written as an option of its own is called (その他（国）, 3-5人) is that option.
    """
    for option in (o for o in question.options if o.other):
        code = "".join(f"[{digit}{chr(0xFEE0 + ord(digit))}]" for digit in str(option.code))
        number = rf"(?:(?:{code}|{chr(0x245F + option.code)})[\s.．:：]*)?"  # ③その他, ４　その他
        bare = (re.sub(rf"{GAP}[(（][^()（）]*[)）]$", "", words) for words in words_of(option))
        called = sorted({*words_of(option), *bare}, key=len, reverse=True)
        for words in (*map(re.escape, called), rf"(?:{code}|{chr(0x245F + option.code)})番?"):
            begun = re.match(rf"\s*[(（]?{number}{words}", text, re.I)
            sign = begun and OTHER.match(text, begun.end())
            if not sign:
                continue
            rest = text[sign.end() :].strip()
            inner = re.fullmatch(INNER, rest)  # of one bracket, not of （国）、その他（県）
            rest = inner[1].strip() if inner else rest
            parts = _parts(rest, LIST_SIGNS)
            every = {*parts, *_parts(rest)}  # その他/研修/採用, too
            names_option = any(_option(part, question)[0] is not None for part in every)
            bounded = inner or re.search("[:：]", sign[0])
            clear = bounded and len(parts) == 1
            words_behind = re.search(r"[^\W\d]", rest) and (clear or not names_option)
            others = {str(o.code) for o in question.options if o is not option}
            if _called(text, question):  # その他（国）, 3-5人, where an option is called so
                continue
            own = [] if names_option else [*map(folded, parts)]
            like = any(is_like(part, known) for part in own for known in _known(question))
            if (names_number(rest, others) and (bounded or own)) or (like and not clear):
                return refused("option-or-other")  # その他（1と2）, その他、4予定, その他、職員研修
            if rest and tick_words().get(folded(rest), True) is not True:  # その他：なし
                return refused("option-or-other")
            if words_behind:  # not その他、研修
                rules = ("other-like-an-option",) if names_option else ()
                return Parsed("answered", option.code, rules, other=_without_name(rest, option))
    return None


def _without_name(text: str, option: Option) -> str:
    """The words alone of その他：広報, which stand behind the code 9 in 9（その他：広報）."""
    for words in words_of(option):
        if (begun := re.match(re.escape(words) + r"\s*[:：]\s*(?=.)", text, re.I)) is not None:
            return text[begun.end() :]
    return text


def _other(text: str, question: Question) -> Parsed | None:
    """A text that is no option, where "other" may be answered in words of one's own.

    Words like those of an option are flagged; with an option's number they may be that option.
    """
    option = question.other_option
    if option is None or not explains(text):
        return None
    own = folded(text)
    codes = {
        str(o.code) for o in question.options if not own.startswith(str(o.code)) or not o.other
    }
    if names_number(text, codes):
        return refused("option-or-other")
    called = [folded(words) for words in words_of(option)]
    if any(
        own.startswith(words) and not re.search(r"[^\W\d]", own[len(words) :]) for words in called
    ):
        return refused("option-or-other")  # その他:×
    near = any(is_like(own, words) for words in _known(question))
    if near and SIGNED.search(text):  # a list of which one is marked, in a way not read here
        return refused("option-or-other")
    rule = "other-like-an-option" if near else "other-words"
    return Parsed("answered", option.code, (rule,), other=text.strip())


def _known(question: Question) -> set[str]:
    """The words of the options but for "other", `folded`."""
    return {folded(words) for o in question.options if not o.other for words in words_of(o)}


def _explained_in(parts: list[str], question: Question) -> Parsed | None:
    """Read several options in a cell where a part explains "other"; None where none does."""
    if not any(_explained(part, question) for part in parts):
        return None
    return _beside_other(parts, question) or refused("no-such-option")


def _beside_other(parts: list[str], question: Question) -> Parsed | None:
    """Read several options in a cell, some parts of which explain "other"; None without parts."""
    if not parts:
        return None
    codes: set[Any] = set()
    rules: dict[str, None] = {}
    words: dict[int, str] = {}  # by the place of the part
    at, long = 0, _long(question)
    while at < len(parts):
        size, answer = _first(parts[at:], question, long)
        if answer is None or answer.value is None:
            return answer
        codes.add(answer.value)
        rules |= dict.fromkeys(answer.rules)
        words |= {at: answer.other} if answer.other else {}
        at += size
    if words and max(words) - min(words) >= len(words):  # options between words may be words, too
        rules["other-like-an-option"] = None
    if len(codes) == 1 and "other-like-an-option" in rules:  # no other choice would be lost
        return refused("option-or-other")
    whole = judged(codes, tuple(rules), question)
    return whole if whole.state == "unreadable" else replace(whole, other="、".join(words.values()))


def _first(parts: list[str], question: Question, long: Long) -> tuple[int, Parsed | None]:
    """How many parts the first answer takes, the longest option first, and what it says."""
    for size in sorted({1, *map(len, long)}, reverse=True):
        own = parts[:size]
        if size == 1 and (other := _explained(own[0], question)) is not None:
            return 1, other
        code, how = _option(_as_one(own, long), question)
        if len(own) == size and (code is not None or how):
            return size, refused(*how) if code is None else Parsed("answered", code, how)
    return 1, _other(parts[0], question)


def _parts(text: str, signs: str = SEPARATORS) -> list[str]:
    """The answers in one cell; a remark in brackets is not taken apart."""
    if CIRCLED_ONLY.fullmatch(text):
        return CIRCLED.findall(text)
    balanced = len(re.findall("[(（]", text)) == len(re.findall("[)）]", text))
    parts = outside_brackets(text, signs) if balanced else re.split(signs, text)
    return [part for part in parts if part]


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
    text = re.sub(r"^[(（【]\s*+(\S?)\s*[)）】]$|\ufe0f", r"\1", text.strip())
    plain, digits = tidy(text), widths(text.strip())
    if not plain:
        return Parsed("empty")
    for words, value in question.ticks.items():
        if tidy(words).casefold() == plain.casefold():
            return Parsed("answered", value)
    if option and text.strip() in words_of(option):
        return Parsed("answered", True)
    if digits is None:
        return refused("not-a-tick")
    if (sign := tick(plain)) is not None:
        return Parsed("answered", sign, ("tick",) if plain in TICK_SIGNS else digits)
    if plain in DASHES:  # beside a tick: not chosen
        return Parsed("not_applicable")
    if option and (own := _own_words(text, question, option)) is not None:
        return own
    if remark := re.fullmatch(r"([^()\s]+)\s*\([^()]*\)", plain):
        answer = ticked(remark[1], question, option)
        if answer.value is not None and not answer.other:
            return replace(answer, rules=(*answer.rules, "remark"))
    if option and option.other and explains(text):
        return Parsed("answered", True, other=text.strip())
    return refused("not-a-tick")


def _own_words(text: str, question: Question, option: Option) -> Parsed | None:
    """A tick by the words of the option itself; those of another are none."""
    other = _explained(text, question)
    if other is not None and other.value == option.code:
        return replace(other, value=True)
    code, rules = _option(text, question)
    if code is None or not re.search(r"[^\W\d]", tidy(text)):
        return None
    return Parsed("answered", True, rules) if code == option.code else refused("not-a-tick")


def binary(text: str, question: Question) -> Parsed:
    """Yes or no: by the question's own options, as in a column of ticks, or by the usual words."""
    if (by_mark := _one_marked(text, question)) is not None:
        return by_mark if by_mark.value is None else replace(by_mark, value=bool(by_mark.value))
    code, rules = _option(text, question)
    if code is not None:
        return Parsed("answered", bool(code), rules)
    if (usual := tick_words().get(folded(text))) is not None:
        return Parsed("answered", usual, ("label",) if question.options else ())
    answer = ticked(text, question)
    return refused("no-such-option") if answer.value is None else answer


def _option(text: str, question: Question) -> tuple[int | None, tuple[str, ...]]:
    """The option that a text names: its code (1, 1., (1), ①, 1 指定都市) or its words."""
    raw = text.strip()
    plain = _without_zero(text)
    codes = {option.code for option in question.options}
    if plain.isdecimal():  # ❶ is a digit, too, and no number
        by_source = {option.code for option in question.options if raw in option.source}
        worded = {o.code for o in question.options if plain in map(_without_zero, words_of(o))}
        hits = by_source or worded | ({int(plain)} & codes if worded else set())
        digits = ("circled",) if CIRCLED.fullmatch(raw) else widths(raw)
        if hits:  # not the code of one and the words of another, but what the codebook says wins
            own = () if raw in words_of(question.option(min(hits))) else digits or ()
            return (min(hits), own) if len(hits) == 1 else (None, ("two-readings",))
        return (int(plain), digits) if digits is not None and int(plain) in codes else (None, ())
    words = folded(plain)
    if written := [o.code for o in question.options if raw in words_of(o)]:  # as in the codebook
        return written[0], ()
    for option in question.options:
        spellings = [*words_of(option)]
        if option.ja.startswith("その他"):  # その他（具体的に）
            spellings.append(re.sub(r"[(（][^()（）]*[)）]$", "", option.ja))
        if words in map(folded, spellings):
            return option.code, ("label",)
    match = WITH_NUMBER.fullmatch(plain)
    if match and int(match[1]) in codes:
        rest, option = folded(match[3]), question.option(int(match[1]))
        begins = any(folded(own).startswith(rest) for own in words_of(option))
        whole = rest in map(folded, words_of(option))
        others = (o for o in question.options if o is not option)
        shared = any(folded(own).startswith(rest) for o in others for own in words_of(o))
        counted = not match[2] and COUNTED_FIRST.match(rest)  # 4年1回, 3人
        if rest and begins and ((shared and not whole) or counted):
            return None, ("two-readings",)
        if (begins or "、" not in match[2]) and _called(rest, question) - {option.code}:
            return None, ("two-readings",)  # 1 検討中, where 2 is 検討中; 1、検討中 may be both
        if not rest or (re.search(r"[^\W\d]", rest) and begins):
            return int(match[1]), ("label",)
    if remark := re.fullmatch(r"(\(\d+\)|[^()]*[^()\s])\s*\((?!\d+\))([^()]*)\)[。.]?", plain):
        code, rules = _option(remark[1], question)
        beside = _option(remark[2], question)[0]
        if code is None or beside not in {code, None}:  # 2 (the words of option 1)
            return None, () if code is None else ("two-readings",)
        # "other" is meant to be explained; elsewhere the remark may matter
        clear = beside == code or question.option(code).ja.startswith("その他")
        return code, (*rules, *([] if clear else ["remark"])) or ("label",)
    return None, ()


def _without_zero(text: str) -> str:
    """A whole number without the zero behind the point that workbooks give it: 2 of 2.0."""
    return tidy(text).removesuffix(".0")


def _called(text: str, question: Question) -> set[int]:
    """The codes of the options called so, but for width, space, case and a number before it."""
    own = folded(text)
    names = {own, re.sub(r"^\(?\d+[).:番]*", "", own)} - {""}
    return {o.code for o in question.options if not names.isdisjoint(map(folded, words_of(o)))}


DATED = re.compile(
    r"\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?([ T]\d{1,2}:.*)?|\d{1,2}月\d{1,2}日"
    r"|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}"
)
FAULT = re.compile(  # what a formula that fails leaves in a CSV, of Excel and of LibreOffice
    r"#(?:NAME\?|REF!|DIV/0!|VALUE!|NUM!|NULL!|N/A|SPILL!|CALC!|FIELD!|BLOCKED!)|Err:\d{3}"
)
NOTHING = {*DASHES, "なし", "無し", "無", "ない", "無い", "いいえ", "no", "none"}
NONE_OF_IT = re.compile(r"な[しい]|無し|\bnone\b|\bno\b", re.I)
LONGEST = 2000  # no answer of options is longer; the patterns above would be slow on one


def _offered(lower: str, question: Question, variable: str) -> bool:
    """Whether an option is so called, of a column of its own the option that it holds."""
    parts = question.parts if question.type == "multi" else {}
    options = [parts[variable]] if variable in parts else question.options
    return any(tidy(word).casefold() == lower for option in options for word in option.words)


class Reader:
    """Reads the answers to the questions of one codebook."""

    def __init__(self, codebook: Codebook) -> None:
        self.tokens: dict[str, str] = {}
        for kind, missing in codebook.missing.items():
            for token in missing.tokens:
                self.tokens.setdefault(as_code(tidy(token).casefold()), kind)
        # question or variable -> a sign and what it means in its columns, None where unclear
        self.signs: dict[str, dict[str, bool | None]] = {}
        self.codes: dict[str, dict[str, str]] = {}  # question -> code of its own -> kind
        for question in codebook:
            own = self.codes.setdefault(question.id, {})
            for token, missing_kind in question.missing_codes.items():
                own.setdefault(as_code(tidy(token).casefold()), missing_kind)

    def see_ticks(self, question: Question, cells: Mapping[str, np.ndarray]) -> np.ndarray:
        """Note what a sign means where only all columns of the options, a cell a reply, tell it.

        A sign alone beside blanks is a tick: X, ◎, the number of the option. But × alone may say
        that an option does not apply, and X that the answer is no. Where every option has ● or ○,
        ○ is an empty circle. Given back are the replies in which ○ beside ● may be one or not, and
        those with × or X beside blanks alone where others write another sign.
        """
        other = {f"{question.id}_{option.code}" for option in question.options if option.other}
        cells = {name: texts for name, texts in cells.items() if name not in other}
        by_column = {name: {tidy(text).casefold() for text in pd.unique(texts)}
                 for name, texts in cells.items()}  # fmt: skip
        every = set[str]().union(*by_column.values())
        signs = self.signs.setdefault(question.id, {})
        for sign in every - {""} if len(every) == 2 and "" in every else ():
            if question.type == "multi" and sign in CROSSES | {"◎", "◉"}:
                signs[sign] = None if sign in CROSSES - {"x"} else True
            elif sign == "x":
                signs[sign] = None
        unclear = np.zeros(max(map(len, cells.values()), default=0), bool)
        grid = np.column_stack([*cells.values()]) if every & {"●", *CROSSES} else np.empty((0, 0))
        blank = grid == ""
        if question.type == "binary" and every == {"●", "○"}:
            signs["○"] = None
        elif {"●", "○"} <= every:
            whole = blank.all(axis=1) == blank.any(axis=1)
            if whole.all() and len(cells) > 1 and every <= {"●", "○", ""}:
                signs["○"] = False
            else:
                unclear = (grid == "●").any(axis=1) & (grid == "○").any(axis=1)
        if len(every) > 2 and every & CROSSES:
            crossed = np.isin(grid, [*CROSSES])
            alone = (crossed | blank).all(axis=1) & crossed.any(axis=1)
            unclear |= alone & blank.any(axis=1)
        for name, own in by_column.items():
            code = name.rpartition("_")[2]
            words = " ".join(question.parts[name].words) if name in question.parts else ""
            if NONE_OF_IT.search(words):  # なし may say that it is so, where no other column has it
                elsewhere = set[str]().union(*(by_column[n] for n in by_column if n != name))
                self.signs[name] = dict.fromkeys((own & NOTHING) - elsewhere)
            if own - {""} == {code} != {"1"}:
                self.signs[name] = {code: True}
        return unclear

    def read(self, text: str, kind: int, question: Question, variable: str) -> Parsed:
        """One cell of a column that holds the question or one of its variables."""
        if kind == CellKind.UNCLEAR:  # of an empty one its colour may be the answer
            return refused("unclear-place" if text.strip() else "colour-alone")
        if not (plain := tidy(text)):
            return Parsed("empty")
        if kind in {CellKind.STRUCK, CellKind.ERROR}:
            return refused("struck" if kind == CellKind.STRUCK else "error-value")
        lower, code = plain.casefold(), as_code(plain.casefold())
        own_column = question.type == "multi" and variable != question.id
        state = self.codes[question.id].get(code)
        if own_column and kind == CellKind.UNSEEN and state in {None, "no_answer"}:
            return Parsed("empty")  # beside a tick it was not chosen
        if state:
            return Parsed(state)
        signs = self.signs.get(question.id, {}) | self.signs.get(variable, {})
        if lower in signs:
            value = signs[lower]
            return refused("not-a-tick") if value is None else Parsed("answered", value, ("tick",))
        crossed = (own_column or question.type == "binary") and plain in CROSSES
        if code in self.tokens and not crossed and not _offered(lower, question, variable):
            return Parsed(self.tokens[code])
        if FAULT.fullmatch(plain):
            return refused("error-value")
        if question.type != "text" and marks.is_placeholder(text):
            return Parsed("empty")
        low = question.range[0] if question.range and question.type in AMOUNTS else 0
        if kind == CellKind.UNSEEN and float(low) > float(plain):
            return Parsed("empty", None, ("seen-unanswered",))
        if kind != CellKind.DATE and DATED.fullmatch(plain):  # as a CSV holds such a cell
            kind = CellKind.DATE if question.type != "date" else kind
        match question.type:
            case "integer" | "ratio":
                return refused("not-a-number") if kind == CellKind.DATE else number(text, question)
            case "date":
                return date(text, kind, question)
            case "single" | "ordinal" | "battery" | "binary" | "multi" if len(text) > LONGEST:
                return refused("no-such-option")
            case "single" | "ordinal" | "battery":
                return choice(text, kind, question)
            case "binary":
                return binary(text, question)
            case "multi" if own_column:
                return ticked(text, question, question.option(int(variable.rpartition("_")[2])))
            case "multi":
                return choices(text, kind, question)
        points = question.identity is None and ELSEWHERE.fullmatch(folded(text)) is not None
        return Parsed("answered", text.strip(), ("elsewhere",) if points else ())
