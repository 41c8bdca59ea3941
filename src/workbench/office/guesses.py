"""What the answers in a column say of its question: type, options, unit, codes of no answer.

Everything here is a proposal from texts as they stand; a draft says what was seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import yaml

from analysis.cleaning.texts import ENGLISH
from analysis.intake.headings import normalise
from analysis.intake.tools.core import is_other

Question = dict[str, Any]
CODES = {"9", "99", "999", "9999", "-1", "-9", "-99", "-77", "-88"}  # likely no answers
SCALE = 7  # points of the answers of a battery, at most
MAX_OPTIONS = 12
MAX_CHOICES = 40  # options of a question with several answers


class Marker(NamedTuple):
    """A kind of missing answer and how files write it."""

    ja: str
    en: str
    tokens: list[str]


MISSING = {
    "no_answer": Marker(
        "無回答", "no answer", ["無回答", "未回答", "未記入", "NA", "N/A", "[not completed]"]
    ),
    "not_applicable": Marker(
        "非該当",
        "not applicable",
        ["非該当", "該当なし", "対象外", "－", "-", "*", "{question_not_shown}"],
    ),
    "dont_know": Marker("不明", "does not know", ["不明", "わからない", "把握していない"]),
}
TOKENS = {token for marker in MISSING.values() for token in marker.tokens}
RECURRING = re.compile(  # what stands for no answer where it is in many columns
    r"#?n\.?\s?[/.]?\s?[as]\.?|-\d{1,3}|[.…‥]+|no answer|missing|null|nan|欠測|記入なし|回答なし",
    re.I,
)
NOT_GIVEN = re.compile(r"無回答|不明|非該当|don.?t know|refused|missing|no answer|not asked", re.I)
NEVER_AN_ANSWER = {"無回答", "未回答", "未記入", "非該当", "対象外"}  # as the label of a code
TRANSLATE = "(to translate)"


def plain(text: str) -> str:
    """A text in one width, on one line, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def both(text: str) -> dict[str, str]:
    """A label in the language it is in, and marked where it is to be translated."""
    if text.isascii():
        return {"ja": f"{text} {TRANSLATE}", "en": text}
    return {"ja": text, "en": f"{text} {TRANSLATE}"}


def open_option(code: int, source: str = "") -> dict[str, Any]:
    """An option whose words the file does not tell."""
    option = {"code": code, "ja": f"選択肢{code}", "en": f"option {code} (to fill in)"}
    return option | ({"source": [source]} if source else {})


def worded(words: Sequence[str]) -> list[dict[str, Any]]:
    """Options numbered from 1, that of "other" with its mark; No and no are one option."""
    different = {normalise(word): word for word in reversed(words)}
    return [
        {"code": code, **both(word)} | ({"other": True} if is_other(word) else {})
        for code, word in enumerate(reversed(different.values()), start=1)
    ]


def recurring(columns: Sequence[Collection[str]]) -> list[str]:
    """The markers of no answer that stand in many columns, such as ``#n.s.`` and ``-99``."""
    there = Counter(text for column in columns for text in {*column} if RECURRING.fullmatch(text))
    return sorted(text for text, n in there.items() if n >= max(3, 0.2 * len(columns)))


# --- scales -------------------------------------------------------------------------------------

NEUTRAL = re.compile(r"どちらとも|普通|ふつう|neither|neutral", re.I)
STRONG = re.compile(
    r"非常|とても|大いに|十分|大変|全く|まったく|全然|very|strongly|extremely", re.I
)
WEAK = re.compile(
    r"やや|ある程度|おおむね|概ね|少し|まあ|どちらかと|あまり|somewhat|rather|slightly", re.I
)
NEGATIVE = re.compile(r"不|ない|なし|低|悪|^dis|[^a-z]dis|^un|[^a-z]un|not |poor|bad", re.I)
GRADED = re.compile(
    r"満足|思[うわ]|感じ|当てはま|重要|agree|satisf|favou?rab|important|likely", re.I
)
RATED = re.compile(r"段階|件法|満足度|重要度|評価|程度|rate|satisf|agree|scale", re.I)


@cache
def _scales() -> tuple[tuple[dict[str, str], ...], ...]:
    content = files("analysis").joinpath("data/scales.yml").read_text(encoding="utf-8")
    return tuple(tuple(scale) for scale in yaml.safe_load(content))


def scale(words: Collection[str]) -> list[dict[str, Any]] | None:
    """The options of the known scale that these words are part of, from its first point.

    >>> [option["ja"] for option in scale({"不満", "満足", "やや不満"})]
    ['満足', 'やや満足', 'やや不満', '不満']
    >>> scale({"済", "予定"}) is None
    True
    """
    given = {normalise(word) for word in words}
    fitting = [
        points
        for points in _scales()
        for language in ("ja", "en")
        if len(given) > 1 and given <= {normalise(point[language]) for point in points}
    ]
    if not fitting:
        return None
    shortest = min(fitting, key=lambda points: len(points))
    return [{"code": n, **point} for n, point in enumerate(shortest, start=1)]


def in_order(texts: Sequence[str]) -> list[str]:
    """The different answers, from the best to the worst where their words tell, else by number.

    >>> in_order(["不満", "やや不満", "不満", "満足", "どちらともいえない"])
    ['満足', 'どちらともいえない', 'やや不満', '不満']
    >>> in_order(["予定", "済", "済"])
    ['済', '予定']
    """
    words = [word for word, _ in Counter(texts).most_common()]
    words.sort(key=is_other)
    ranks = {word: _rank(word) for word in words}
    told = len({*ranks.values()}) == len(words)
    return sorted(words, key=ranks.__getitem__) if told else words


def _rank(word: str) -> int:
    if NEUTRAL.search(word):
        return 0
    degree = 3 if STRONG.search(word) else 1 if WEAK.search(word) else 2
    return degree if NEGATIVE.search(word) else -degree


def graded(words: Sequence[str]) -> list[dict[str, Any]] | None:
    """The options of a scale in words, known or ordered by its words; None where it is none."""
    if known := scale(words):
        return known
    told = len({_rank(word) for word in words}) == len(words)
    both_ways = any(map(NEGATIVE.search, words)) and not all(map(NEGATIVE.search, words))
    if len(words) > 2 and told and both_ways and any(map(GRADED.search, words)):
        return worded(in_order(list(words)))
    return None


POINT = re.compile(r"(\d{1,2})\s*(?:[-–:：.]\s*|\()(\D.*?)\)?")


def ends_named(texts: Sequence[str]) -> list[dict[str, Any]] | None:
    """The points of a scale in numbers that bear words: ``1 (never)``, ``5 - often``.

    A number with one remark behind it is none: each such text stands there twice, or both ends do.

    >>> [o["code"] for o in ends_named(["1 (never)", "2", "4", "2", "5 (always)"])]
    [1, 2, 3, 4, 5]
    >>> ends_named(["1-2", "3-4"]) is None, ends_named(["1 (since May)", "2", "1", "2"]) is None
    (True, True)
    """
    counts = Counter(texts)
    given = [word for word in counts if not _whole(word)]
    named = {int(found[1]): (word, found[2]) for word in given if (found := POINT.fullmatch(word))}
    codes = {*named, *(int(word) for word in counts if _whole(word))}
    if not named or len(named) < len(given) or len(codes) < 2 or max(codes) > 10:
        return None
    often = all(counts[word] > 1 for word, _ in named.values())
    if not (often or {*named} == {min(codes), max(codes)}) or any(
        is_other(words) for _, words in named.values()
    ):
        return None
    return [
        {"code": code, **both(named[code][1]), "source": [named[code][0]]}
        if code in named
        else open_option(code)
        for code in range(min(1, *codes), max(codes) + 1)
    ]


LEAST = re.compile(r"[<＜]|under|less|below|未満|以下|まで|up to", re.I)
MOST = re.compile(r"[>＞+]|over|more|above|以上|超|older", re.I)
BAND = re.compile(
    r"(?:<|>|under|over|less than|more than|up to|above|below|age)?\s*[$€£¥]?\s*"
    r"(\d[\d,.]*)(万|千|億)?"
    r"[^\d]{0,8}?(?:(?:[-–~〜～]|to|から|以上|超)[^\d]{0,4}(\d[\d,.]*)(万|千|億)?)?[^\d]{0,12}",
    re.I,
)
MANY = {"千": 1e3, "万": 1e4, "億": 1e8}


def bands(words: Collection[str]) -> list[str] | None:
    """Classes of numbers from the lowest to the highest: ages, incomes, sizes of population.

    >>> bands({"30-44", "> 60", "18-29", "45-60"})
    ['18-29', '30-44', '45-60', '> 60']
    >>> bands({"5万人以上10万人未満", "1万人未満", "1万人以上5万人未満"})
    ['1万人未満', '1万人以上5万人未満', '5万人以上10万人未満']
    """
    found = {word: BAND.fullmatch(word) for word in words}
    ranged = [word for word, own in found.items() if own and own[3]]
    if len(found) < 2 or not all(found.values()) or not ranged:
        return None

    def low(word: str) -> tuple[float, int]:
        own = found[word]
        assert own is not None
        start = float(own[1].replace(",", "").rstrip(".")) * MANY.get(own[2], 1)
        if own[2] is None and own[4]:  # 1～5万
            start *= MANY[own[4]]
        alone = not own[3]
        return start, -1 if alone and LEAST.search(word) else int(bool(alone and MOST.search(word)))

    return sorted(found, key=low)


def points(codes: Collection[int], heading: str) -> list[int] | None:
    """The points of a scale in numbers, with those that nobody chose; None where it is none."""
    if not codes or min(codes) < 1 or not RATED.search(heading):
        return None
    last = next((top for top in (3, 4, 5, 7, 10) if max(codes) <= top), None)
    return list(range(1, max(last, 5) + 1)) if last and last > 3 else None


# --- several columns ----------------------------------------------------------------------------

TICKED = {
    *("0", "1", "○", "〇", "◯", "×", "●", "✓", "✔", "レ", "TRUE", "FALSE", "True", "False"),
    *("Y", "N", "Yes", "No", "はい", "いいえ", "有", "無", "選択", "未選択", "X", "x"),
    *("■", "□", "☑", "☐", "Checked", "Unchecked", "Selected", "Not Selected"),
}
MOSTLY = 0.75  # of the cells of a group that are ticks; the others are slips


def several(columns: Sequence[Sequence[str]], labels: Sequence[str], sure: bool = False) -> str:
    """What columns of one question are: ``multi``, ``battery``, or nothing of the kind.

    Parameters
    ----------
    labels : the words of the option or item of each. Its own words are a tick; beside "other" any.
    sure : whether a form tool says that they are parts of one question, so that little is enough.
    """
    values = [{*map(plain, column)} for column in columns]
    labels = [plain(label) for label in labels]
    cells = [
        (value, label)
        for column, label in zip(columns, labels, strict=True)
        for value in map(plain, column)
        if not (is_other(label) and value not in TICKED)
    ]
    ticks = sum(value in TICKED or value == label for value, label in cells)
    each = all(
        not own or is_other(label) or own & {*TICKED, label}
        for own, label in zip(values, labels, strict=True)
    )
    if cells and ticks >= MOSTLY * len(cells) and each:
        return "multi"
    points = {value for value, _ in cells} - CODES
    grid = sure and 1 < len(points) <= MAX_OPTIONS and len(points) < len(cells)
    return "battery" if grid or _alike(values, [value for value, _ in cells]) else ""


def _alike(values: Sequence[set[str]], cells: Sequence[str]) -> bool:
    """Whether all columns are answered on one scale, in numbers or in the same few words."""
    points = set[str]().union(*values) - CODES
    if scale(points):
        return True
    if not all(len(own) > 1 for own in values):
        return False
    if len(points) > 2 and points <= {str(point) for point in range(1, SCALE + 1)}:
        return True
    shared = all(sum(point in own for own in values) > 1 for point in points)
    enough = 2 < len(points) <= SCALE and len(cells) >= 3 * len(points)
    words = not any(point[:1].isdecimal() or point in TICKED for point in points)
    return shared and enough and words


def _whole(text: str) -> bool:
    """Whether a text is a whole number that Python reads, and that somebody may have meant."""
    return text.isdecimal() and len(text) <= 15


def battery(texts: Sequence[str]) -> Question:
    """Options and codes of no answer of a battery, from the answers of all its columns."""
    given = {plain(text) for text in texts}
    last = max((int(text) for text in given - CODES if _whole(text)), default=0)
    missing = {code for code in given & CODES if not 0 < int(code) <= last + 1}
    found: Question = {"missing_tokens": sorted(missing)} if missing else {}
    if not missing and (named := ends_named([*map(plain, texts)])):
        return {"options": named}
    numbers = {int(text) for text in given - missing if _whole(text)}
    if numbers:
        whole = range(min(1, *numbers), max(numbers) + 1)
        every = whole if max(numbers) <= 10 else sorted(numbers)
        return found | {"options": [open_option(code) for code in every]}
    words = [word for text in texts if (word := plain(text)) not in missing]
    coded = all(re.fullmatch(r"[A-Z]{1,3}\d{1,3}", word) for word in words)
    if coded:  # the codes of a form tool, without their words
        return found | {"options": _by_code({*words})}
    return found | {"options": scale({*words}) or worded(in_order(words))}


def _by_code(words: Collection[str]) -> list[dict[str, Any]]:
    """Options that the file names by a code of the tool, such as A1."""
    return [open_option(n, word) for n, word in enumerate(sorted(words), start=1)]


# --- several answers in one cell ----------------------------------------------------------------

CHOOSE = re.compile(
    r"複数|すべて|全て|いくつでも|あてはまるもの|当てはまるもの|all that apply", re.I
)
ENDED = re.compile(r".*[;；]\s*$", re.S)


def by_space(texts: Sequence[str]) -> Question | None:
    """The options of answers that stand in one cell by their names, with spaces between them."""
    cells = [text.split() for text in texts if text not in TOKENS]
    counts = Counter(name for cell in cells for name in cell)
    names = all(re.fullmatch(r"[\w.-]+", name) for name in counts)
    several = any(len(cell) > 1 for cell in cells) and all(len({*c}) == len(c) for c in cells)
    if not names or not several or not 1 < len(counts) <= MAX_CHOICES:
        return None
    if 2 * len(counts) > sum(counts.values()):
        return None  # a text in words
    if all(name.isdecimal() for name in counts):
        return {"type": "multi", "options": [open_option(n) for n in sorted(map(int, counts))]}
    return {"type": "multi", "options": worded([*counts])}


def joined(texts: Sequence[str], heading: str) -> Question | None:
    """The options of answers that stand in one cell in words; None where one answer stands in each.

    A combination is never an option. Words that always stand together are the words of one option
    that holds a comma; words of one reply alone, at the end of its cell, are those of "other".
    """
    answers = [text for text in texts if text not in TOKENS]
    firm = any(re.search(r"[;；|\n]", text) for text in answers)
    # Google parts with comma and space; 、 and a bare comma then belong to the words
    spaced = any(", " in text for text in answers) and not any(
        re.search(r"(?<!\d),(?! )|,(?![ \d])", text) for text in answers
    )
    comma = r", " if spaced else r"(?<!\d),|,(?!\d)|[、，]"
    cells = [_cut(text, r"[;；|\n]" if firm else comma) for text in answers]
    asked = CHOOSE.search(heading) is not None or sum(map(bool, map(ENDED.match, answers))) > 1
    if not cells or (not any(len(cell) > 1 for cell in cells) and not asked):
        return None
    if not firm:
        cells = _together(cells)
    counts = Counter(part for cell in cells for part in cell)
    repeated = {part for part, n in counts.items() if n > 1}
    lasts = {cell[-1] for cell in cells if cell}
    inner = {part for cell in cells for part in cell[:-1]}
    options = [p for p in counts if p in repeated or p in inner or p not in lasts]
    words = [part for part in options if not is_other(part)]
    covered = sum(part in repeated for cell in cells for part in cell) / sum(map(len, cells))
    alone = any(len(cell) == 1 and cell[0] in repeated for cell in cells)
    alone |= len({*map(len, cells)}) > 2  # of three that were to be chosen nobody chose one
    if not 1 < len(words) <= MAX_CHOICES:
        return None
    if not asked and (covered < 0.8 or not alone or max(map(len, words)) > 40):
        return None  # sentences with commas
    own = worded(words)
    if len(words) < len(counts):
        own.append({"code": 99 if len(words) > 8 else 9, "ja": "その他", "en": "other",
                    "other": True})  # fmt: skip
    return {"type": "multi", "options": own}


def _cut(text: str, signs: str) -> list[str]:
    """The parts of a cell; a remark in brackets is not taken apart."""
    parts = re.split(rf"\s*(?:{signs})\s*(?![^(（]*[)）])", text.strip())
    return [part for part in parts if part]


def _together(cells: list[list[str]]) -> list[list[str]]:
    """Cells in which parts that always follow each other are one again."""
    counts = Counter(part for cell in cells for part in cell)
    pairs = Counter(pair for cell in cells for pair in pairwise(cell))
    bound = {pair for pair, n in pairs.items() if n > 1 and n == counts[pair[0]] == counts[pair[1]]}
    found = []
    for cell in cells:
        whole: list[str] = []
        for n, part in enumerate(cell):
            if n and (cell[n - 1], part) in bound:
                whole[-1] = f"{whole[-1]}, {part}"
            else:
                whole.append(part)
        found.append(whole)
    return found


# --- one column ---------------------------------------------------------------------------------

NUMBER = re.compile(r"^(約|[-△▲])?[0-9][0-9,]*(\.[0-9]+)?(人|名|円|件|台|%|程度)*$")
DATE = re.compile(
    r"^(19|20)\d\d[-/.年]\d|^(令和|平成|昭和|R|H|S)\s*(元|\d+)[年.]|^\d{1,2}/\d{1,2}/(20)?\d\d\b"
    rf"|^{ENGLISH.pattern}",
    re.I,
)
SLASHED = re.compile(r"^(\d{1,2})/(\d{1,2})/(?:20)?\d\d\b")
YEAR = re.compile(r"^((19|20)\d\d|(令和|平成|昭和|R|H|S)\s*(元|\d+))(年度?)?$")
SEVERAL = re.compile(r"^\d{1,2}([、,・/; ]\d{1,2})+$")
EXPLAINED = re.compile(r"^(\d{1,2})\s*\([^()]*\)$")  # 9（その他：…） is option 9
YES_NO = (
    *({"0", "1"}, {"○", "×"}, {"はい", "いいえ"}, {"有", "無"}, {"あり", "なし"}),
    *({"yes", "no"}, {"Yes", "No"}, {"Y", "N"}, {"TRUE", "FALSE"}, {"True", "False"}),
)


def dated(texts: Sequence[str]) -> Question | None:
    """A date, and the order in which it is written where that begins with month or day."""
    if not texts or sum(bool(DATE.match(plain(text))) for text in texts) <= 0.5 * len(texts):
        return None
    slashed = [found for text in texts if (found := SLASHED.match(plain(text)))]
    if not slashed:
        return {"type": "date"}
    day_first = any(int(found[1]) > 12 for found in slashed)
    return {"type": "date", "dates": "dmy" if day_first else "mdy"}


def labelled(
    labels: dict[str, str], declared: Sequence[str], missing: Sequence[str]
) -> Question | None:
    """The options that a statistics package knows by label."""
    numbered = all(re.fullmatch(r"-?\d+", code) for code in labels)
    options = [
        {"code": int(code) if numbered else i, **both(text)}
        | ({} if numbered else {"source": [code]})
        for i, (code, text) in enumerate(labels.items(), start=1) if code not in missing
    ]  # fmt: skip
    if not options or len({option["ja"] for option in options}) < len(options):
        return None
    yes_no = {option["code"] for option in options} == {0, 1} and numbered
    words = [text for code, text in labels.items() if code not in missing]
    rated = graded([text for text in words if not NOT_GIVEN.search(text)])
    kind = "binary" if yes_no else "ordinal" if rated else "single"
    return _with({"type": kind, "options": options}, _by_kind(list(missing), labels))


def one(
    texts: Sequence[str],
    heading: str,
    kind: str = "",
    labels: dict[str, str] | None = None,
    declared: Sequence[str] = (),
    several_in_cell: bool = True,
) -> Question:
    """Type, options and missing codes from what stands in a column.

    Parameters
    ----------
    kind : ``share`` or ``count`` where the heading says that the answers are such.
    labels, declared : the value labels and codes of no answer of a statistics package.
    several_in_cell : whether one cell may hold several answers in words.
    """
    labels = labels or {}
    if rated := ends_named([plain(text) for text in texts if text not in TOKENS]):
        return {"type": "ordinal", "options": rated}
    spaced = (re.sub("(?<=[①-⑳])(?=[①-⑳])", "、", t) for t in texts if t not in TOKENS)
    values = [EXPLAINED.sub(r"\1", plain(t)) for t in spaced]
    counts = Counter(values)
    whole = {v for v in counts if _whole(v.removeprefix("-"))}
    declared = [*declared, *(c for c, text in labels.items() if text.strip() in NEVER_AN_ANSWER)]
    outlying = _outlying(whole) - ({"9", "99"} if kind == "share" else set())  # 99 % is one
    explained = (EXPLAINED.match(plain(text)) for text in texts)
    outlying -= {found[1] for found in explained if found}
    missing = sorted({*declared, *outlying} - ({*labels} - {*declared}))
    if labels and sum(v in labels for v in values) < 0.5 * len(values):  # a number, ends named
        missing = sorted({*missing, *(c for c, text in labels.items() if NOT_GIVEN.search(text))})
        declared, labels = missing, {}
    if labels and (found := labelled(labels, declared, missing)):
        return found
    values = [value for value in values if value not in declared]
    if not values:
        return _with({}, missing)
    if date := dated(values):
        return date
    values, counts, whole = _without_zeros(values, counts, whole)
    if not {*values} <= whole and all(map(YEAR.match, values)):
        return {}  # years alone are no dates, those of an era no numbers, and neither are options
    given = {*counts} - {*missing, *CODES}
    if len(given) > 1 and any(given <= pair for pair in YES_NO):
        return _with({"type": "binary"}, sorted({*counts} - given))
    if number := _number(values, counts, whole, missing, heading, kind):
        return number
    lines = ["\n".join(filter(None, map(plain, text.splitlines()))) for text in texts]
    several = [text for text in lines if plain(text) not in {*declared, *TOKENS}]
    return _words(values, counts, heading, several if several_in_cell else ())


def _without_zeros(
    values: list[str], counts: Counter[str], whole: set[str]
) -> tuple[list[str], Counter[str], set[str]]:
    """Numbers such as 4.0, where all that have a point end so, without it."""
    pointed = [value for value in counts if re.fullmatch(r"-?\d+\.\d+", value)]
    if not pointed or not all(re.fullmatch(r"-?\d+\.0+", value) for value in pointed):
        return values, counts, whole
    plainer = [re.sub(r"^(-?\d+)\.0+$", r"\1", value) for value in values]
    return plainer, Counter(plainer), {v for v in plainer if re.fullmatch(r"-?\d+", v)}


def _number(
    values: Sequence[str], counts: Counter[str], whole: set[str], missing: list[str], heading: str,
    kind: str,
) -> Question | None:  # fmt: skip
    """Numbers: codes of options, one or several in a cell, or quantities."""
    listed = sum(n for v, n in counts.items() if SEVERAL.match(v)) / len(values)
    numbers = sum(n for v, n in counts.items() if NUMBER.match(v)) / len(values)
    lengths = {len(re.findall(r"\d+", v)) for v in counts if SEVERAL.match(v) or NUMBER.match(v)}
    if listed > 0.1 and listed + numbers > 0.8 and (len(lengths) > 1 or CHOOSE.search(heading)):
        codes = {
            int(c) for v in counts for c in re.findall(r"\d+", v) if _whole(c) and c not in missing
        }
        return _with({"type": "multi", "options": [open_option(c) for c in sorted(codes)]}, missing)
    if numbers <= 0.8:
        return None
    codes = {int(v) for v in whole - set(missing)}
    few = 0 < len(codes) <= MAX_OPTIONS and len(values) >= 2 * len(codes)
    answered = len(values) - sum(counts[v] for v in missing)
    coded = sum(counts[str(v)] for v in codes) > 0.8 * answered
    if few and coded and kind != "count" and all(0 <= code <= 20 for code in codes):
        rated = points(codes, heading)
        options = [open_option(code) for code in rated or sorted(codes)]
        return _with({"type": "ordinal" if rated else "single", "options": options}, missing)
    share_like = any("." in v or "%" in v for v in counts)
    return _with({"type": "ratio" if share_like else "integer"}, missing)


def _words(
    values: Sequence[str], counts: Counter[str], heading: str, several: Sequence[str]
) -> Question:
    """Words: one of a few, a point of a scale, several in a cell, or a text of one's own.

    `several`: the answers on the lines of their cells, where one may hold several.
    """
    answers = [v for v in values if v not in CODES]
    if classes := bands({*answers}):
        missing = sorted({*counts} - {*answers})
        return _with({"type": "ordinal", "options": worded(classes)}, missing)
    if found := joined([text for text in several if plain(text) not in CODES], heading):
        return found
    missing = sorted({*counts} - {*answers})
    coded = {v for v in answers if re.fullmatch(r"[A-Z]{1,3}\d{1,3}", v)}
    if coded and {*answers} - coded <= {"-oth-"}:  # the codes of a form tool, without their words
        options = _by_code(coded)
        if "-oth-" in answers:
            options.append({"code": len(options) + 1, "ja": "その他", "en": "other", "other": True,
                            "source": ["-oth-"]})  # fmt: skip
        return _with({"type": "single", "options": options}, missing)
    if rated := graded([*dict.fromkeys(answers)]):
        return _with({"type": "ordinal", "options": rated}, missing)
    enough = len(values) >= 2 * len(counts)
    few = len(counts) < len(values) < 8 and max(map(len, counts)) <= 20
    if len(counts) <= MAX_OPTIONS and (enough or few):
        return _with({"type": "single", "options": worded(in_order(answers))}, missing)
    often = [v for v, n in counts.items() if n > 1 and v in answers]
    if 1 < len(often) <= MAX_OPTIONS and sum(counts[v] for v in often) >= 0.6 * len(answers):
        options = worded([v for v in in_order(answers) if v in often and not is_other(v)])
        other = {"code": len(options) + 1, "ja": "その他", "en": "other", "other": True}
        return _with({"type": "single", "options": [*options, other]}, missing)
    return {"free": True} if np.mean([len(v) for v in values]) > 20 else {}


def _outlying(whole: set[str]) -> set[str]:
    """Codes such as 9, 99 or -1 that lie far from all other numbers of the column."""
    others = [abs(int(v)) for v in whole - CODES]
    return {v for v in whole & CODES if others and (int(v) < 0 or int(v) > 1.8 * max(others))}


def _with(guess: Question, missing: Any) -> Question:
    return guess | ({"missing_tokens": missing} if missing else {})


def _by_kind(missing: list[str], labels: dict[str, str]) -> list[str] | dict[str, list[str]]:
    """The missing codes, apart by kind where their labels tell it."""
    words = {word: kind for kind, marker in MISSING.items() for word in marker.tokens}
    kinds = [words.get(labels.get(code, "").strip(), "no_answer") for code in missing]
    if set(kinds) <= {"no_answer"}:
        return missing
    return {kind: [c for c, k in zip(missing, kinds, strict=True) if k == kind]
            for kind in MISSING if kind in kinds}  # fmt: skip
