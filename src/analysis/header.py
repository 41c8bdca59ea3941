"""The header of a table, found by what its cells say: one row or several, merged or not."""

from __future__ import annotations

import re

import numpy as np

from analysis.codebook import Codebook
from analysis.headings import OVERRIDE, Headings, Meaning, normalise
from analysis.sheet import Sheet

UNIT = re.compile(r"^[(\[【].*[)\]】]$|^(人|名|円|千円|%|件|年|月|日|団体)$")


def find_header(
    sheet: Sheet, head: np.ndarray, headings: Headings
) -> tuple[int, int, dict[tuple[int, int], Meaning]]:
    """First and last row of the header, and the meaning of its cells."""
    meanings = {
        (row, column): meaning
        for row, column in zip(*np.nonzero(head != ""), strict=True)
        if (meaning := headings.meaning(head[row, column])) is not None
    }
    score = np.zeros(len(head), int)
    for row in range(len(head)):
        score[row] = len({m.target for (r, _), m in meanings.items() if r == row})
    if not score.any():
        layout = "one column" if sheet.transposed else "one row"
        raise sheet.error(
            f"no heading of the codebook {headings.book.id} was found (read as {layout} per "
            "municipality)",
            hint="check sheet, layout and header in wave.yml, and the codebook",
        )
    key = int(score.argmax())
    top = key
    while top and (score[top - 1] or (head[top - 1] != "").sum() >= 2):  # sections, no title
        top -= 1
    bottom = key
    spans = _spans(head[key], {c: m for (r, c), m in meanings.items() if r == key}, headings.book)
    while bottom + 1 < len(head) and _continues(head[bottom + 1], bottom + 1, meanings, spans,
                                                headings):  # fmt: skip
        bottom += 1
    return top, max(bottom, sheet.heads - 1), meanings


def _spans(row: np.ndarray, meanings: dict[int, Meaning], book: Codebook) -> dict[int, str]:
    """Column -> the question with options or items whose heading stands in it or to its left."""
    spans, current = {}, None
    for column, text in enumerate(row):
        if text != "":
            meaning = meanings.get(column)
            target = meaning.target if meaning else ""
            many = target in book and book[target].type in {"multi", "battery"}
            current = target if many else None
        if current:
            spans[column] = current
    return spans


def _continues(
    row: np.ndarray,
    number: int,
    meanings: dict[tuple[int, int], Meaning],
    spans: dict[int, str],
    headings: Headings,
) -> bool:
    """Whether the row below the questions still belongs to the header: options, ids or units."""
    filled = np.flatnonzero(row != "")
    known = 0
    for column in filled:
        key = normalise(row[column])
        question = spans.get(int(column))
        named = (
            question is not None
            and not key.strip("()").isdecimal()
            and headings.choice(headings.book[question], row[column])
        )
        known += bool((number, int(column)) in meanings or named or UNIT.match(key))
    if len(filled) and known >= 0.6 * len(filled):
        return True
    under = len(filled) >= 2 and all(int(column) in spans for column in filled)
    if under and all(re.search(r"[^\W\d_]", row[column]) for column in filled):
        return True  # options of which the codebook knows few or none; who replied is not told
    # option numbers alone (1, 2, 3 ...) look like answers: only where nothing else is filled
    return bool(
        len(filled) >= 2
        and all(
            int(column) in spans and headings.choice(headings.book[spans[int(column)]], row[column])
            for column in filled
        )
        and len({row[c] for c in filled}) > 1
        and _distinct_choices(row, filled, spans, headings)
    )


def _distinct_choices(
    row: np.ndarray, filled: np.ndarray, spans: dict[int, str], headings: Headings
) -> bool:
    chosen = [headings.choice(headings.book[spans[int(c)]], row[c]) for c in filled]
    return len(set(chosen)) == len(chosen)


def find_columns(
    sheet: Sheet,
    header: np.ndarray,
    top: int,
    meanings: dict[tuple[int, int], Meaning],
    headings: Headings,
) -> dict[str, int]:
    """Question id or variable -> column; the deepest heading that means something decides."""
    found: dict[str, tuple[int, int, int]] = {}  # target -> rank, row, column
    spans = [
        _spans(
            header[r], {c: m for (row, c), m in meanings.items() if row == top + r}, headings.book
        )
        for r in range(len(header))
    ]
    for column in range(header.shape[1]):
        choice = _column_meaning(header, top, column, meanings, spans, headings, sheet)
        if choice is None:
            continue
        meaning, row = choice
        rival = found.get(meaning.target)
        if rival and rival[0] == meaning.rank:
            raise sheet.error(
                f"two columns are headed {meaning.target} "
                f"({sheet.address(rival[1], rival[2])} and {sheet.address(row, column)})",
                at=(row, column),
                hint=f"give the cell of the right one in wave.yml, such as "
                f"header: {{{meaning.target}: [{sheet.address(rival[1], rival[2])}]}}",
            )
        if rival is None or rival[0] < meaning.rank:
            found[meaning.target] = (meaning.rank, row, column)
    return {target: column for target, (_, _, column) in found.items()}


def _column_meaning(
    header: np.ndarray,
    top: int,
    column: int,
    meanings: dict[tuple[int, int], Meaning],
    spans: list[dict[int, str]],
    headings: Headings,
    sheet: Sheet,
) -> tuple[Meaning, int] | None:
    for depth in reversed(range(len(header))):
        text, row = header[depth, column], top + depth
        if text == "":
            continue
        for target, texts in (headings.header or {}).items():
            if sheet.address(row, column) in texts:
                return Meaning(target, OVERRIDE), row
        for above in reversed(range(depth)):
            question = spans[above].get(column)
            variable = headings.choice(headings.book[question], text) if question else None
            if variable:
                return Meaning(variable, 3), row
        if (row, column) in meanings:
            meaning, below = meanings[row, column], header[depth + 1 :, column : column + 2]
            if spans[depth].get(column + 1) == meaning.target and (below != "").any(axis=0).all():
                return None  # a heading over several columns, of which this one means nothing
            return meaning, row
    return None
