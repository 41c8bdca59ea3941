"""Columns of a file that are parts of one question: a tick each (multi), or a line of a battery."""

from __future__ import annotations

import re
import unicodedata
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
    question = {"id": id, "section": "A", "type": _kind([texts]), "role": "describe", "ja": text,
                "en": f"{text} (to translate)", "source": [name]}  # fmt: skip
    if question["type"] == "multi":
        options = [{"code": n} | line for n, line in zip(numbers, lines, strict=True)]
        return question | {"options": options}
    given = {*map(_plain, texts)}
    codes = sorted({int(text) for text in given - CODES if text.isdecimal()})
    if given & CODES:
        question["missing_tokens"] = sorted(given & CODES)
    items = [{"id": f"{id}_{n}"} | line for n, line in zip(numbers, lines, strict=True)]
    return question | {"options": [open_option(code) for code in codes], "items": items}


def open_option(code: int) -> dict[str, Any]:
    """An option whose words the file does not tell."""
    return {"code": code, "ja": f"選択肢{code}", "en": f"option {code} (to fill in)"}


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
    return "battery" if len(points) > 2 and several and points <= scale else ""
