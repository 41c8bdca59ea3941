"""One answer as it stands in a cell -> a value, or why it has none.

Each distinct text of a column is read once (`analysis.clean` spreads the result over the rows), so
these functions may be careful rather than fast. Nothing is guessed in silence: whatever is not
literal names the rules that were applied.
"""

from __future__ import annotations

import itertools
import re

from analysis.codebook import Codebook, Question
from analysis.dates import date
from analysis.parsed import Parsed, refused, tidy, widths
from analysis.quantity import number
from analysis.sheet import CellKind

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
        return refused("exclusive", f"{alone[0].ja}\0{alone[0].en}")
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
