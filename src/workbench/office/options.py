"""The words of a draft (data/draft.yml), and the options and scales that words of answers make."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from analysis.cleaning.own_words import tick
from analysis.intake.headings import normalise
from analysis.intake.tools.core import is_other
from analysis.yaml_file import packaged

Drafted = dict[str, Any]
DRAFTING = packaged("draft.yml", "workbench")
TELLING = {name: re.compile("|".join(words), re.I) for name, words in DRAFTING["words"].items()}
MISSING: dict[str, dict[str, Any]] = DRAFTING["missing"]
KIND_OF = {token: kind for kind, marker in MISSING.items() for token in marker["tokens"]}
TRANSLATE = "(to translate)"
JAPANESE = re.compile(
    "[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
)  # kana, kanji and their signs


def tells(what: str, text: str) -> bool:
    """Whether a text has one of the words of data/draft.yml that tell this."""
    return TELLING[what].search(text) is not None


def plain(text: str) -> str:
    """A text in one width, on one line, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def is_chosen(text: str) -> bool:
    """Whether what stands in the column of an option says that it was chosen.

    >>> [is_chosen(text) for text in ("○", "X", "0", "", "要約")]
    [True, True, False, False, True]
    """
    return bool(text) and (tick(plain(text)) is not False or plain(text) in {"x", "X"})


def alike(text: str) -> str:
    """An answer without accents and case, each tick as the same: slips of one word are equal."""
    letters = unicodedata.normalize("NFD", plain(text).casefold())
    return "1" if tick(plain(text)) else re.sub(r"[\u0300-\u036f]", "", letters)


def both(text: str) -> dict[str, str]:
    """A label in the language it is in, and marked where it is to be translated.

    >>> both("Educación"), both("教育")["ja"]
    ({'ja': 'Educación (to translate)', 'en': 'Educación'}, '教育')
    """
    if JAPANESE.search(text) is None:
        return {"ja": f"{text} {TRANSLATE}", "en": text}
    return {"ja": text, "en": f"{text} {TRANSLATE}"}


def open_option(code: int, source: str = "") -> dict[str, Any]:
    """An option whose words the file does not tell."""
    option = {"code": code, "ja": f"選択肢{code}", "en": f"option {code} (to fill in)"}
    return option | ({"source": [source]} if source else {})


def other_option(code: int) -> dict[str, Any]:
    """The option beside which words of one's own are written."""
    return {"code": code, "ja": "その他", "en": "other", "other": True}


def with_other(question: Drafted, code: int | None, *, alone: bool) -> bool:
    """Mark the option whose words stand in a column of their own; add it where there is none.

    Of several such columns, none of which is `alone`, only that of "other" is one.
    """
    options, missing = question["options"], question.get("missing_tokens", [])
    if code is not None and str(code) in missing:
        missing.remove(str(code))
        if not missing:
            del question["missing_tokens"]
    for option in options:
        named = is_other(option["ja"]) or is_other(option["en"]) or option.get("other")
        if (option["code"] == code or named) if alone else (option["code"] == code and named):
            option["other"] = True
            return True
    if alone:
        options.append(other_option(code or max((o["code"] for o in options), default=0) + 1))
    return alone


def worded(words: Sequence[str]) -> list[dict[str, Any]]:
    """Options numbered from 1, that of "other" with its mark; No and no are one option.

    Where one of them is a number alone, each has the number that it begins with.

    >>> [option["code"] for option in worded(["2", "3", "4 or more"])]
    [2, 3, 4]
    """
    different = [*reversed({normalise(word): word for word in reversed(words)}.values())]
    begun = [int(n[0]) for word in different if (n := re.match(r"[0-9]{1,3}(?![0-9])", word))]
    own = any(map(is_whole, different)) and len({*begun}) == len(different)
    codes = begun if own else range(1, len(different) + 1)
    return [
        {"code": code, **both(word)} | ({"other": True} if is_other(word) else {})
        for code, word in zip(codes, different, strict=True)
    ]


def is_whole(text: str) -> bool:
    """Whether a text is a whole number that Python reads, and that somebody may have meant."""
    return text.isdecimal() and len(text) <= 15


# --- scales: which answers are points of one, in words, in numbers or as classes of numbers ------


SCALES = [
    (points, {normalise(point[language]) for point in points})
    for points in DRAFTING["scales"]
    for language in ("ja", "en")
]


def scale(words: Collection[str]) -> list[dict[str, Any]] | None:
    """The known scale that these words are part of, from its first point, as they are written.

    >>> [option["ja"] for option in scale({"不満", "満足", "やや不満"})]
    ['満足', 'やや満足', 'やや不満', '不満']
    >>> scale({"済", "予定"}) is None
    True
    """
    by_word = {normalise(word): word for word in sorted(words)}
    fitting = [points for points, known in SCALES if len(by_word) > 1 and by_word.keys() <= known]
    shortest = min(fitting, key=len, default=())
    own = [{of: by_word.get(normalise(text), text) for of, text in p.items()} for p in shortest]
    return [{"code": n, **point} for n, point in enumerate(own, start=1)] or None


DEGREES = {"weak": 1, "nearly": 2.5, "extreme": 4, "strong": 3}


def in_order(texts: Sequence[str]) -> list[str]:
    """The different answers, from the best to the worst where their words tell, else by number.

    >>> in_order(["不満", "やや不満", "不満", "満足", "どちらともいえない"])
    ['満足', 'どちらともいえない', 'やや不満', '不満']
    >>> in_order(["予定", "済", "済"])
    ['済', '予定']
    """
    words = sorted((word for word, _ in Counter(texts).most_common()), key=is_other)
    aside = [word for word in words if tells("not_given", word)]  # no point of a scale
    points = [word for word in words if word not in aside]
    return [*(_ranked(points) or points), *aside]


def _ranked(words: Collection[str]) -> list[str] | None:
    """Words from the best to the worst, where each tells a degree of its own."""

    def rank(word: str) -> float:
        degree = next((n for kind, n in DEGREES.items() if tells(kind, word)), 2)
        return degree * (0 if tells("neutral", word) else 1 if tells("negative", word) else -1)

    ranks = {word: rank(word) for word in words}
    return sorted(words, key=ranks.__getitem__) if len({*ranks.values()}) == len(words) else None


def graded(words: Collection[str]) -> list[dict[str, Any]] | None:
    """The options of a scale in words, known or ordered by its words; None where it is none.

    A scale has words of an opinion, such as 満足, or of degree, such as やや, and a lower half.
    """
    if (known := scale(words)) or len(words) < 3 or any(map(is_other, words)):
        return known
    lower = sum(tells("negative", word) for word in words)
    is_scale = any(tells(kind, word) for kind in ("graded", *DEGREES) for word in words)
    ranked = _ranked(words) if is_scale and 0 < lower < len(words) else None
    return worded(ranked) if ranked else None


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
    words = [word for word in counts if not is_whole(word)]
    named = {int(point[1]): (word, point[2]) for word in words if (point := POINT.fullmatch(word))}
    codes = {*named, *(int(word) for word in counts if is_whole(word))}
    if not named or len(named) < len(words) or len(codes) < 2 or max(codes) > 10:
        return None
    often = all(counts[word] > 1 for word, _ in named.values())
    ends = {*named} == {min(codes), max(codes)}
    if not (often or ends) or any(is_other(words) for _, words in named.values()):
        return None
    bearing = {code: both(text) | {"source": [whole]} for code, (whole, text) in named.items()}
    every = range(min(1, *codes), max(codes) + 1)
    return [open_option(code) | bearing.get(code, {}) for code in every]


END_TOLD = re.compile(r"(?<![\d.])(\d{1,2})\s*(?:[=:(]| - )\s*([^\d\s=:(),;][^\d=(),;]{0,39})")
RANGE_TOLD = re.compile(r"(?<![\d.-])([01])\s?(?:[-–~〜]|から|to)\s?(10|[4-7])(?![\d.%])")


def told_points(heading: str) -> list[dict[str, Any]]:
    """The points of a scale of which a heading names the ends, also with their words.

    >>> [point["en"] for point in told_points("Summary (5 = good, 1 = poor)")][::4]
    ['poor', 'good']
    >>> [point["code"] for point in told_points("満足度を1〜4でお答えください")]
    [1, 2, 3, 4]
    """
    ends = {int(n): words.strip(" ~〜-") for n, words in END_TOLD.findall(plain(heading))}
    if len(ends) < 2 and tells("rated", heading) and (span := RANGE_TOLD.search(plain(heading))):
        ends = dict.fromkeys(map(int, span.groups()), "")
    if len(ends) < 2 or min(ends) > 1 or not 2 < max(ends) < 11:
        return []
    points = range(min(ends), max(ends) + 1)
    return [open_option(n) | (both(ends[n]) if ends.get(n) else {}) for n in points]


BAND = re.compile(
    r"(?:<|>|under|over|less than|more than|up to|above|below|age|unter|über|bis zu|moins de"
    r"|plus de|menos de|más de)?\s*+[$€£¥]?\s*+"
    r"(\d[\d,.]*)(万|千|億)?"
    r"[^\d]{0,8}?(?:(?:[-–~〜～]|to|bis|à|から|以上|超)[^\d]{0,4}(\d[\d,.]*)(万|千|億)?)?[^\d]{0,12}",
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
    spans = {word: b.groups() for word in sorted(words) if (b := BAND.fullmatch(word))}
    backward = any(re.fullmatch(r"\d+-\d+", w) and int(b[0]) > int(b[2]) for w, b in spans.items())
    ranged = any(
        b[2] or w.endswith("代") or tells("most", w) or tells("least", w) for w, b in spans.items()
    )
    if len(spans) < max(2, len({*words})) or not ranged or backward:
        return None

    def low(word: str) -> tuple[float, int]:
        start, unit, end, of_both = spans[word]  # 1～5万: the unit is that of both
        plain_start = re.sub(r"[,.](?=\d{3}(?!\d))|[,.]$", "", start).replace(",", "")
        number = float(plain_start) * MANY.get(unit or of_both, 1)
        return number, 0 if end else -1 if tells("least", word) else int(tells("most", word))

    return sorted(spans, key=low)
