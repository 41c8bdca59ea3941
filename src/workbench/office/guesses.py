"""What the answers in a column say of its question: type, options, unit, codes of no answer.

Everything here is a proposal from texts as they stand; a draft says what was seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from analysis.cleaning.own_words import tick
from analysis.cleaning.texts import ENGLISH, outside_brackets
from analysis.intake.tools.core import is_other
from workbench.office.options import (
    DRAFTING,
    KIND_OF,
    TELLING,
    Drafted,
    alike,
    bands,
    both,
    ends_named,
    graded,
    in_order,
    is_whole,
    open_option,
    other_option,
    plain,
    scale,
    tells,
    told_points,
    worded,
)

CODES = {"9", "99", "999", "9999", "-1", "-9", "-99", "-77", "-88"}  # likely no answers
SCALE = 7  # points of the answers of a battery, at most
MAX_OPTIONS = 12
MAX_CHOICES = 40  # options of a question with several answers
CODED = re.compile(r"[A-Z]{1,3}\d{1,3}")  # the code of a form tool for an option


def recurring(columns: Sequence[Collection[str]]) -> list[str]:
    """The markers of no answer that stand in many columns, such as ``#n.a.`` and ``-99``."""
    marker = TELLING["recurring"].fullmatch
    there = Counter(text for column in columns for text in {*column} if marker(text))
    return sorted(text for text, n in there.items() if n >= max(3, 0.2 * len(columns)))


def not_chosen(columns: Sequence[Collection[str]], markers: Collection[str]) -> list[str]:
    """Those of the markers that say of an option that it was not chosen.

    They begin with # and stand in columns in which nothing else is but one answer and other
    markers; in a table of which other columns have no such marker.

    >>> columns = [{"#n.s.", "cloud"}, {"#n.s.", "#n.a.", "paper"}, {"#n.a.", "12", "30"}]
    >>> not_chosen(columns, ["#n.a.", "#n.s."])
    ['#n.s.']
    """

    def of_options(marker: str) -> bool:
        answers = [len({*map(alike, {*own} - {*markers})}) for own in columns if marker in own]
        return len(answers) < len(columns) and sum(n < 2 for n in answers) >= 0.9 * len(answers)

    return [marker for marker in markers if marker.startswith("#") and of_options(marker)]


# --- several columns ----------------------------------------------------------------------------

MOSTLY = 0.75  # of the cells of a group that are ticks; the others are slips


def several(
    columns: Sequence[Sequence[str]],
    labels: Sequence[str],
    parted: bool = False,
    sure: bool = False,
) -> str:
    """What columns of one question are: ``multi``, ``battery``, or nothing of the kind.

    `labels`: the option or item of each. Its own words are a tick; beside "other" any are.
    `parted`: whether their headings say that they are parts of one question; then the same few
    words are enough, and little is where it is `sure`, as a form tool says so.
    """

    def ticked(value: str, label: str) -> bool:
        return value == label or tick(value) is not None

    values = [{*map(plain, column)} for column in columns]
    labels = [plain(label) for label in labels]
    cells = Counter[tuple[str, str]]()
    for column, label in zip(columns, labels, strict=True):
        for text, n in Counter(column).items():
            if not is_other(label) or tick(plain(text)) is not None:
                cells[plain(text), label] += n
    ticks, n_cells = sum(n for cell, n in cells.items() if ticked(*cell)), cells.total()
    each = all(
        not own or is_other(label) or any(ticked(value, label) for value in own)
        for own, label in zip(values, labels, strict=True)
    )
    if cells and ticks >= MOSTLY * n_cells and each:
        return "multi"
    own = [value - {""} for value, label in zip(values, labels, strict=True) if not is_other(label)]
    if len(own) > 1 and own == [{str(n)} for n, _ in enumerate(own, start=1)]:
        return "multi"  # each option by its number
    if {0, 1} <= {sum(map(is_whole, own)) / len(own) for own in values if own}:
        return ""  # numbers in one, words in another
    points = {value for value, _ in cells} - CODES
    few = parted and 1 < len(points) <= MAX_OPTIONS and len(points) < n_cells
    few &= not any(is_whole(point) and int(point) > 10 for point in points)  # amounts
    sure |= 2 * len(points) <= n_cells and not any(point[:1].isdecimal() for point in points)
    return "battery" if (few and sure) or _alike(values, n_cells) else ""


def _alike(values: Sequence[set[str]], cells: int) -> bool:
    """Whether all columns are answered on one scale, in numbers or in the same few words."""
    points = set[str]().union(*values) - CODES
    if scale(points) or not all(len(own) > 1 for own in values):
        return scale(points) is not None
    numbers = points <= {str(point) for point in range(1, SCALE + 1)}
    words = not any(point[:1].isdecimal() or tick(point) is not None for point in points)
    shared = all(sum(point in own for own in values) > 1 for point in points)
    enough = len(points) <= SCALE and cells >= 3 * len(points)
    return len(points) > 2 and (numbers or (words and shared and enough))


def battery(texts: Sequence[str]) -> Drafted:
    """Options and codes of no answer of a battery, from the answers of all its columns."""
    answers = [plain(text) for text in texts]
    last = max((int(text) for text in {*answers} - CODES if is_whole(text)), default=0)
    missing = {code for code in CODES.intersection(answers) if not 0 < int(code) <= last + 1}
    if not missing and (named := ends_named(answers)):
        return {"options": named}
    words = [word for word in answers if word not in missing]
    if numbers := {int(word) for word in words if is_whole(word)}:
        whole = range(min(1, *numbers), max(numbers) + 1)
        options = [open_option(code) for code in (whole if max(numbers) <= 10 else sorted(numbers))]
        beside = in_order(
            [word for word in words if not is_whole(word)]
        )  # わからない beside 1 to 5
        options += [{"code": max(numbers) + n, **both(word)} for n, word in enumerate(beside, 1)]
    elif all(map(CODED.fullmatch, words)):
        options = _by_code({*words})
    else:
        options = scale({*words}) or worded(in_order(words))
    plain_ones = [{k: v for k, v in option.items() if k != "other"} for option in options]
    return _with({}, missing) | {"options": plain_ones}  # a battery keeps no words of "other"


def _by_code(codes: Collection[str]) -> list[dict[str, Any]]:
    """Options that the file names by a code of the tool, such as A1."""
    return [open_option(n, code) for n, code in enumerate(sorted(codes), start=1)]


# --- several answers in one cell ----------------------------------------------------------------

ENDED = re.compile(r".*[;；]\s*$", re.S)
COMMAS = r"(?<!\d),|,(?!\d)|[、，]"
LOOSE = (r"[/／]", "・", r"\s+")  # which may be of an option's words


def by_space(texts: Sequence[str]) -> Drafted | None:
    """The options of answers that stand in one cell by their names, with spaces between them."""
    cells = _together([text.split() for text in texts if text not in KIND_OF])
    counts = Counter(name for cell in cells for name in cell)
    names = all(re.fullmatch(r"[\w.-]+", name) for name in counts)
    many = any(len(cell) > 1 for cell in cells) and all(len({*c}) == len(c) for c in cells)
    words = 2 * len(counts) > sum(counts.values())  # a text in words
    if not names or not many or words or not 1 < len(counts) <= MAX_CHOICES:
        return None
    if all(name.isdecimal() for name in counts):
        return {"type": "multi", "options": [open_option(n) for n in sorted(map(int, counts))]}
    return {"type": "multi", "options": worded([*counts])}


def joined(texts: Sequence[str], heading: str) -> Drafted | None:
    """The options of answers that stand in one cell in words; None where one answer stands in each.

    A combination is never an option. Words that always stand together are the words of one option
    that holds a comma; words of one reply alone, at the end of its cell, are those of "other".
    """
    answers = [text for text in texts if text not in KIND_OF]
    different = {*answers}
    firm = any(re.search(r"[;；|\n]", text) for text in different)
    # Google parts with comma and space; 、 and a bare comma then belong to the words
    spaced = any(", " in text for text in different) and not any(
        re.search(r"(?<!\d),(?! )|,(?![ \d])", text) for text in different
    )
    cells = _cells(answers, r"[;；|\n]" if firm else r", " if spaced else COMMAS)
    if tells("choose", heading) and not any(len(cell) > 1 for cell in cells):
        tried = (_cells(answers, sign) for sign in LOOSE)
        cells = next((own for own in tried if 1 < len({*chain(*own)}) < len(different)), cells)
    parts = {part for cell in cells for part in cell}
    listed = [{p for p in part.split("、") if not is_other(p)} for part in parts if "、" in part]
    if spaced and any(own and own <= parts for own in listed):  # 、 parts answers, too
        cells = _cells(answers, COMMAS)
    multiple = tells("choose", heading) or sum(map(bool, map(ENDED.match, answers))) > 1
    if not cells or (not any(len(cell) > 1 for cell in cells) and not multiple):
        return None
    cells = cells if firm else _together(cells)
    counts = Counter(part for cell in cells for part in cell)
    whole = len({*map(tuple, cells)})
    single = len(cells) == sum(map(len, cells)) or (2 * whole <= len(cells) and whole < len(counts))
    if single and not multiple:
        return None  # one answer of few, in some of which a comma stands
    repeated = {part for part, n in counts.items() if n > 1}
    lasts = {cell[-1] for cell in cells if cell}
    inner = {part for cell in cells for part in cell[:-1]}
    options = [p for p in counts if p in repeated or p in inner or p not in lasts]
    words = [part for part in options if not is_other(part)]
    covered = sum(part in repeated for cell in cells for part in cell) / sum(map(len, cells))
    alone = any(len(cell) == 1 and cell[0] in repeated for cell in cells)
    alone |= len({*map(len, cells)}) > 2  # of three that were to be chosen nobody chose one
    long = max(map(len, words), default=0) > 40 and not firm and covered < 1
    sentences = covered < 0.8 or not alone or long
    if not 1 < len(words) <= MAX_CHOICES or (sentences and not multiple):
        return None
    own = worded(words)
    if len(words) < len(counts):
        own.append(other_option(99 if len(words) > 8 else 9))
    return {"type": "multi", "options": own}


def _cells(texts: Sequence[str], signs: str) -> list[list[str]]:
    """The parts of each cell between signs outside of brackets."""
    parts = {text: outside_brackets(text.strip(), signs) for text in {*texts}}
    of = {text: [part.strip() for part in own if part.strip()] for text, own in parts.items()}
    return [of[text] for text in texts]


def _together(cells: list[list[str]]) -> list[list[str]]:
    """Cells in which parts that always follow each other are one again."""
    counts = Counter(part for cell in cells for part in cell)
    pairs = Counter(pair for cell in cells for pair in pairwise(cell))
    bound = {pair for pair, n in pairs.items() if n > 1 and n == counts[pair[0]] == counts[pair[1]]}
    wholes = []
    for cell in cells:
        whole = cell[:1]
        for pair in pairwise(cell):
            if pair in bound:
                whole[-1] += f", {pair[1]}"
            else:
                whole.append(pair[1])
        wholes.append(whole)
    return wholes


# --- one column ---------------------------------------------------------------------------------

UNIT_OF: dict[str, str] = DRAFTING["units"]
NUMBER = re.compile(
    r"^(?:約|[-△▲])?[0-9][0-9,]*(?:\.[0-9]+)?\s?(?:[千万億百]*?"
    rf"({'|'.join(map(re.escape, sorted(UNIT_OF, key=len, reverse=True)))})?|[千万億百]+)(?:程度)?$"
)
DATE = re.compile(
    r"^(19|20)\d\d[-/.年]\d|^(令和|平成|昭和|R|H|S)\s*(元|\d+)[年.]|^\d{1,2}[/.]\d{1,2}[/.](20)?\d\d\b"
    rf"|^{ENGLISH.pattern}",
    re.I,
)
SLASHED = re.compile(r"^(\d{1,2})[/.](\d{1,2})[/.](?:20)?\d\d\b")
MONTH = re.compile(r"\d{4}([-/.]\d{1,2}|年\d{1,2}月)")
# years alone are no dates, those of an era no numbers; nor are these, times and links options
NO_OPTION = re.compile(
    r"^((19|20)\d\d|(令和|平成|昭和|R|H|S)\s*(元|\d+))(年度?)?$|^\d{1,2}:\d\d(:\d\d)?$|^https?://"
)
SEVERAL = re.compile(r"^\d{1,2}([、,・/; ]\d{1,2})+$")
WITH_POINT, WITHOUT_DECIMALS = re.compile(r"-?\d+\.\d+"), re.compile(r"^(-?\d+)\.0+$")  # 3.5, 3.0
EXPLAINED = re.compile(r"^(\d{1,2})\s*\([^()]*\)$")  # 9（その他：…） is option 9


def of_value_labels(labels: Mapping[str, str], missing: Sequence[str]) -> Drafted | None:
    """The options that a statistics package knows by label."""
    numbered = all(re.fullmatch(r"-?\d+", code) for code in labels)
    answers = {code: text for code, text in labels.items() if code not in missing}
    options = [
        {"code": int(code) if numbered else i, **both(text)}
        | ({} if numbered else {"source": [code]})
        for i, (code, text) in enumerate(labels.items(), start=1) if code in answers
    ]  # fmt: skip
    if not options or len({option["ja"] for option in options}) < len(options):
        return None
    yes_no = {*answers} == {"0", "1"}
    given = [text for text in answers.values() if not tells("not_given", text)]
    rated = graded(given) or bands(given)
    kind = "binary" if yes_no else "ordinal" if rated else "single"
    # the codes of no answer, apart by kind where their labels tell it
    kinds = {code: KIND_OF.get(labels.get(code, "").strip(), "no_answer") for code in missing}
    return _with({"type": kind, "options": options}, kinds)


def of_column(
    texts: Sequence[str],
    heading: str,
    kind: str,
    labels: Mapping[str, str],
    declared: Sequence[str],
    several_in_cell: bool,
) -> Drafted:
    """Type, options and missing codes from what stands in a column.

    `kind`: ``share`` or ``count`` where the heading says that the answers are such. `labels`,
    `declared`: the value labels and codes of no answer of a statistics package.
    `several_in_cell`: whether one cell may hold several answers in words.
    """
    answers = [text for text in texts if text not in KIND_OF]
    if rated := ends_named([plain(text) for text in answers]):
        return {"type": "ordinal", "options": rated}
    values = _plain_answers(answers)
    never = DRAFTING["never_an_answer"]
    declared = [*declared, *(c for c, text in labels.items() if text.strip() in never)]
    outlying = _outlying({*values}) - ({"9", "99"} if kind == "share" else set())  # 99 % is one
    outlying -= {code[1] for text in texts if (code := EXPLAINED.match(plain(text)))}
    missing = sorted({*declared, *outlying} - ({*labels} - {*declared}))
    if labels and sum(value in labels for value in values) < 0.5 * len(values):
        # a number of which the labels name the ends
        missing = sorted({*missing, *(c for c, text in labels.items() if tells("not_given", text))})
        declared, labels = missing, {}
    if labels and (question := of_value_labels(labels, missing)):
        return question
    counts = Counter(values)  # with the codes of no answer
    if is_other(heading) and "0" in counts and not any(map(NUMBER.match, {*counts} - {"0"})):
        return _with({"free": True}, {"0": "not_applicable"})  # words, or 0 where it is not chosen
    values = [value for value in values if value not in declared]
    if not values:
        return _with({}, missing)
    days = [value for value in values if DATE.match(value) and not NO_OPTION.match(value)]
    if len(days) > 0.5 * len(values):
        return _date(values)
    pointed = [*filter(WITH_POINT.fullmatch, counts)]
    if pointed and all(map(WITHOUT_DECIMALS.match, pointed)):
        values = [WITHOUT_DECIMALS.sub(r"\1", value) for value in values]
        counts = Counter(values)
    if all(map(NO_OPTION.match, values)) and not all(map(is_whole, values)):
        return {}
    choices = {*counts} - {*missing, *CODES}
    alone = len(choices) == 1 and tells("yes_no", min(choices)) and not kind
    if alone or (len(choices) == 2 and {*map(tick, choices)} == {True, False}):
        return _with({"type": "binary"}, sorted({*counts} - choices))
    if number := _number(counts, len(values), missing, heading, kind):
        return number
    lines = ["\n".join(filter(None, map(plain, text.splitlines()))) for text in texts]
    lines = [text for text in lines if plain(text) not in {*declared, *KIND_OF, *CODES}]
    return _words(values, counts, heading, lines if several_in_cell else ())


def _plain_answers(texts: Sequence[str]) -> list[str]:
    """Answers in one width, ①② apart; of 9 (その他：…) the number, unless options are worded so."""
    values = [plain(re.sub("(?<=[①-⑳])(?=[①-⑳])", "、", text)) for text in texts]
    numbered = any(map(is_whole, values)) or len({*values}) == len(values)  # else as 3 (UG)
    return [EXPLAINED.sub(r"\1", value) for value in values] if numbered else values


def _date(values: Sequence[str]) -> Drafted:
    """A date, with the order of day and month where a day after the twelfth tells it."""
    if all(map(MONTH.fullmatch, values)):
        return {"type": "date", "precision": "month"}
    days = [day.groups() for value in values if (day := SLASHED.match(value))]
    first, second = (any(int(day[at]) > 12 for day in days) for at in (0, 1))
    return {"type": "date"} | ({"dates": "dmy" if first else "mdy"} if first != second else {})


def _number(
    counts: Counter[str], n: int, missing: Sequence[str], heading: str, kind: str
) -> Drafted | None:
    """Numbers: codes of options, one or several in a cell, or quantities; of `n` answers."""
    listed = sum(times for value, times in counts.items() if SEVERAL.match(value)) / n
    numbers = sum(times for value, times in counts.items() if NUMBER.match(value)) / n
    lengths = {len(re.findall(r"\d+", v)) for v in counts if SEVERAL.match(v) or NUMBER.match(v)}
    if listed > 0.1 and listed + numbers > 0.8 and (len(lengths) > 1 or tells("choose", heading)):
        texts = {code for value in counts for code in re.findall(r"\d+", value) if is_whole(code)}
        options = [open_option(code) for code in sorted({*map(int, texts - {*missing})})]
        return _with({"type": "multi", "options": options}, missing)
    if numbers <= 0.8 or (n >= 2 * len(counts) and bands({*counts} - {*missing})):
        return None
    padded = sum(times for value, times in counts.items() if re.fullmatch(r"0\d{3,}", value))
    if padded > 0.2 * n:  # of a telephone, or another number with which nobody reckons
        return {}
    codes = {int(value) for value in {*counts} - {*missing} if is_whole(value.removeprefix("-"))}
    few = 0 < len(codes) <= MAX_OPTIONS and n >= 2 * len(codes)
    told = told_points(heading)
    if codes and codes <= {point["code"] for point in told}:
        return _with({"type": "ordinal", "options": told}, missing)
    answered = n - sum(counts[value] for value in missing)
    coded = sum(counts[str(code)] for code in codes) > 0.8 * answered
    if few and coded and kind != "count" and all(0 <= code <= 20 for code in codes):
        last = next((top for top in (4, 5, 7, 10) if max(codes) <= top), 0)
        rated = min(codes) > 0 and max(codes) > 3 and last and tells("rated", heading)
        first, top = min(1, *codes), max(codes)  # with those nobody chose
        every = range(1, max(last, 5) + 1) if rated else range(first, top + 1)
        options = [*map(open_option, every if top <= SCALE or rated else sorted(codes))]
        return _with({"type": "ordinal" if rated else "single", "options": options}, missing)
    share_like = any("." in value or "%" in value for value in counts)
    return _with({"type": "ratio" if share_like else "integer"} | _unit(counts), missing)


def _unit(values: Collection[str]) -> Drafted:
    """The unit that stands behind numbers, where no two differ.

    >>> _unit(["1,000件", "20"]), _unit(["3日", "4時間"])
    ({'unit': {'ja': '件', 'en': 'cases'}}, {})
    """
    units = {number[1] for value in values if (number := NUMBER.match(value))} - {None}
    unit = units.pop() if len(units) == 1 else ""
    return {"unit": {"ja": unit, "en": UNIT_OF[unit]}} if unit else {}


def _words(
    values: Sequence[str], counts: Counter[str], heading: str, several: Sequence[str]
) -> Drafted:
    """Words: one of a few, a point of a scale, several in a cell, or a text of one's own.

    `several`: the answers on the lines of their cells, where one may hold several.
    """
    answers = [value for value in values if value not in CODES]
    missing = sorted({*counts} - {*answers})
    aside = {word for word in answers if tells("not_given", word)}
    none = dict.fromkeys(missing, "no_answer") | dict.fromkeys(aside, "dont_know")
    zero = [word for word in dict.fromkeys(answers) if tells("zero", word)][:1]  # the lowest
    if classes := bands({*answers} - aside - {*zero}):
        return _with({"type": "ordinal", "options": worded([*zero, *classes])}, none)
    if question := joined(several, heading):
        return question
    coded = {value for value in answers if CODED.fullmatch(value)}
    few = len(coded) <= MAX_OPTIONS or len(coded) < 0.8 * len(answers)  # else of the person
    if (
        coded and few and {*answers} - coded <= {"-oth-"}
    ):  # the codes of a form tool, without their words
        options = _by_code(coded)
        if "-oth-" in answers:
            options.append(other_option(len(options) + 1) | {"source": ["-oth-"]})
        return _with({"type": "single", "options": options}, missing)
    if rated := graded([word for word in dict.fromkeys(answers) if word not in aside]):
        return _with({"type": "ordinal", "options": rated}, none)
    enough = len(values) >= 2 * len(counts)
    few = len(counts) < len(values) < 8 and max(map(len, counts)) <= 20
    if len(counts) <= MAX_OPTIONS and (enough or few):
        return _with({"type": "single", "options": worded(in_order(answers))}, missing)
    often = [value for value, n in counts.items() if n > 1 and value in answers]
    if 1 < len(often) <= MAX_OPTIONS and sum(counts[v] for v in often) >= 0.6 * len(answers):
        options = worded([v for v in in_order(answers) if v in often and not is_other(v)])
        options.append(other_option(len(options) + 1))
        return _with({"type": "single", "options": options}, missing)
    return {"free": True} if np.mean([len(value) for value in values]) > 20 else {}


def _outlying(values: set[str]) -> set[str]:
    """Codes such as 9, 99 or -1 that lie far from all other numbers of the column."""
    whole = {value for value in values if is_whole(value.removeprefix("-"))}
    others = [abs(int(value)) for value in whole - CODES]
    return {v for v in whole & CODES if others and (int(v) < 0 or int(v) > 1.8 * max(others))}


def _with(guess: Drafted, missing: Collection[str]) -> Drafted:
    """A guess with what stands for no answer; a mapping tells the kind of each."""
    kinds = missing if isinstance(missing, Mapping) else {}
    by_kind: dict[str, list[str]] = {}
    for token in sorted(missing):
        by_kind.setdefault(kinds.get(token, "no_answer"), []).append(token)
    tokens = sorted(missing) if by_kind.keys() <= {"no_answer"} else by_kind
    return guess | ({"missing_tokens": tokens} if missing else {})
