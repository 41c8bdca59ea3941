"""Columns of a file that are parts of one question: a tick each (multi), or a line of a battery."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import groupby
from typing import Any

from analysis.headings import NUMBERED, normalise

NUMBER_BEFORE = re.compile(
    r"^\s*(Q|問|設問|質問)\s*[0-9０-９]+([-_ー－の(（][0-9０-９]+[)）]?)?[.:．：、\s　]*"
)
TICKED = {"0", "1", "○", "〇", "◯", "×", "●", "✓", "✔", "レ", "TRUE", "FALSE"}
PART = re.compile(r"^[(]?0*(\d{1,2})[).:、]?(?!\d)(.*)$")
CODES = {"9", "99", "999", "9999", "-1", "-9", "-99", "-77", "-88"}  # likely no answers
MOSTLY = 0.75  # of the cells of a group that are ticks; the others are slips
NEUTRAL = re.compile(r"どちらとも|普通|ふつう")
STRONG = re.compile(r"非常|とても|大いに|十分|大変|全く|まったく|全然")
WEAK = re.compile(r"やや|ある程度|おおむね|概ね|少し|まあ|どちらかと|あまり")
NEGATIVE = re.compile(r"不|ない|なし|低|悪")
SCALE = 7  # points of the answers of a battery, at most


def groups_of(names: list[str], columns: list[list[str]]) -> list[tuple[list[int], str]]:
    """The columns of each question and its heading; most have one column."""
    found: list[tuple[list[int], str]] = []
    for whole, run in groupby(range(len(names)), key=lambda i: _whole(names[i])):
        own = list(run)
        labels = {_part(names[i])[1] for i in own}
        if whole and len(own) > 1 and len(labels) == len(own) and _kind([columns[i] for i in own]):
            found.append((own, whole))
        else:
            found += [([i], names[i]) for i in own]
    return found


def joined(id: str, name: str, parts: list[str], texts: list[str]) -> dict[str, Any]:
    """The question whose parts stand in columns of their own."""
    text = NUMBER_BEFORE.sub("", name) or name
    numbers = [number for number, _ in map(_part, parts)]
    if 0 in numbers or len({*numbers}) < len(numbers):
        numbers = list(range(1, len(parts) + 1))
    labels = [label or f"選択肢{number}" for number, (_, label) in
              zip(numbers, map(_part, parts), strict=True)]  # fmt: skip
    lines = [{"ja": label, "en": f"{label} (to translate)"} for label in labels]
    kind = "multi" if _kind([texts]) == "multi" else "battery"
    question = {"id": id, "section": "A", "type": kind, "role": "describe", "ja": text,
                "en": f"{text} (to translate)", "source": [name]}  # fmt: skip
    if question["type"] == "multi":
        options = [{"code": n} | line for n, line in zip(numbers, lines, strict=True)]
        return question | {"options": options}
    given = {*map(_plain, texts)}
    items = [{"id": f"{id}_{n}"} | line for n, line in zip(numbers, lines, strict=True)]
    if not any(text.isdecimal() for text in given - CODES):  # a scale in words
        words = in_order([text for text in map(_plain, texts) if text not in CODES])
        question |= {"missing_tokens": sorted(given & CODES)} if given & CODES else {}
        options = [{"code": code, "ja": word, "en": f"{word} (to translate)"}
                   for code, word in enumerate(words, start=1)]  # fmt: skip
        return question | {"options": options, "items": items}
    codes = sorted({int(text) for text in given - CODES if text.isdecimal()})
    if given & CODES:
        question["missing_tokens"] = sorted(given & CODES)
    return question | {"options": [open_option(code) for code in codes], "items": items}


def open_option(code: int) -> dict[str, Any]:
    """An option whose words the file does not tell."""
    return {"code": code, "ja": f"選択肢{code}", "en": f"option {code} (to fill in)"}


def in_order(texts: list[str]) -> list[str]:
    """The different answers, from the best to the worst where their words tell, else by number.

    >>> in_order(["不満", "やや不満", "不満", "満足", "どちらともいえない"])
    ['満足', 'どちらともいえない', 'やや不満', '不満']
    >>> in_order(["予定", "済", "済"])
    ['済', '予定']
    """
    words = [word for word, _ in Counter(texts).most_common()]
    ranks = {word: _rank(word) for word in words}
    told = len({*ranks.values()}) == len(words)
    return sorted(words, key=ranks.__getitem__) if told else words


def _rank(word: str) -> int:
    if NEUTRAL.search(word):
        return 0
    degree = 3 if STRONG.search(word) else 1 if WEAK.search(word) else 2
    return degree if NEGATIVE.search(word) else -degree


def _whole(name: str) -> str:
    """The heading of the question that a column is a part of, or nothing."""
    above, _, last = name.rpartition(" / ")
    numbered = NUMBERED.match(normalise(last))
    return f"問{int(numbered[1])}" if numbered and numbered[2] else above


def _part(name: str) -> tuple[int, str]:
    """The number (0 where there is none) and the words of a part."""
    last = name.rpartition(" / ")[2]
    numbered = NUMBERED.match(normalise(last))
    if numbered and numbered[2]:
        return int(numbered[2]), NUMBER_BEFORE.sub("", last).strip()
    found = PART.match(unicodedata.normalize("NFKC", last).strip())
    return (int(found[1]), found[2].strip()) if found else (0, last)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _kind(columns: list[list[str]]) -> str:
    """``multi``, ``battery`` or nothing, from what stands in the columns."""
    values = [{*map(_plain, column)} for column in columns]
    every = set[str]().union(*values)
    cells = [value for column in columns for value in map(_plain, column)]
    ticks = sum(cell in TICKED for cell in cells)
    if every and ticks >= MOSTLY * len(cells) and all(own & TICKED for own in values):
        return "multi"
    scale = {str(point) for point in range(1, SCALE + 1)}
    several = all(len(column) > 1 for column in values)
    points = every - CODES
    if len(points) > 2 and several and points <= scale:
        return "battery"
    # the same few words in all columns, none of them in one column alone
    shared = all(sum(point in own for own in values) > 1 for point in points)
    worded = 2 < len(points) <= SCALE and len(cells) >= 3 * len(points) and shared
    words = not any(point[:1].isdecimal() or point in TICKED for point in points)
    return "battery" if several and worded and words else ""
