"""A sheet with one record per row -> which cells are answers, and what all the others are.

A sheet with one record per column is the same sheet transposed. Every cell gets exactly one mark,
so that nothing can be in two places or in none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from analysis.codebook import Codebook
from analysis.errors import InputError
from analysis.headings import OVERRIDE, Headings, Meaning, normalise
from analysis.sheet import CellKind, Sheet

REASONS = ("unmatched", "title", "header", "total", "note", "example", "hidden", "sheet")
ANSWER = 255
SEARCHED_ROWS = 100
TOTAL = re.compile(
    r"^[(（]?(合計|総合計|計|総計|小計|平均|平均値|中央値|総数|全国|全国計|全体|最大|最大値|最小|最小値"
    r"|標準偏差|構成比|割合|回答数|total|subtotal|sum|average|mean|median|max|min"
    r"|.{1,5}[都道府県郡]計|市計|区計|町計|村計|町村計|市町村計|市区町村計|\d+団体)[)）]?$"
)
NOTE = re.compile(r"^(※|\*|注|備考|出典|資料|以上|\(注|\[注|<注|note|source)")
EXAMPLE = re.compile(r"^[(\[【]?(記入|記載|回答|入力)?例[)\]】]?$|^[(\[]?example[)\]]?$")
UNIT = re.compile(r"^[(\[【].*[)\]】]$|^(人|名|円|千円|%|件|年|月|日|団体)$")


@dataclass(frozen=True)
class Table:
    """Where the answers of one sheet stand."""

    sheet: Sheet
    rows: np.ndarray  # positions of the records
    columns: dict[str, int]  # question id or variable -> position
    mark: np.ndarray  # per cell: ANSWER, or the position of its reason in REASONS


def read_rows(sheet: Sheet, headings: Headings, *, ordered: bool = False) -> Table:
    """Find the header, the records and what else stands in the sheet.

    Parameters
    ----------
    sheet : one record per row; give ``sheet.T`` for one per column.
    headings : what the codebook and ``wave.yml`` call the columns.
    ordered : whether names without a heading stand in the order of the register.

    Raises
    ------
    InputError
        There is no header, two columns claim one question, or a question has no column.
    """
    mark = np.zeros(sheet.shape, np.uint8)
    head = sheet.text.iloc[:SEARCHED_ROWS].to_numpy(object)
    top, bottom, meanings = _header(sheet, head, headings)
    columns = _columns(sheet, head[top : bottom + 1], top, meanings, headings)
    filled = sheet.kind != CellKind.EMPTY
    if ordered and "@name" not in columns:
        _add_unnamed_column(columns, filled, bottom, sheet)
    check_questions(columns, headings, sheet)
    mark[:top] = REASONS.index("title")
    mark[top : bottom + 1] = REASONS.index("header")
    hidden = [c for c in sheet.hidden_columns if c not in set(columns.values())]
    mark[bottom + 1 :, hidden] = REASONS.index("hidden")
    kinds = _row_kinds(sheet, filled, bottom + 1, columns, headings.book)
    for reason in ("header", "total", "note", "example"):
        mark[kinds == reason] = REASONS.index(reason)
    rows = np.flatnonzero(kinds == "record")
    if not len(rows):
        raise InputError(
            "there is no reply below the header",
            file=sheet.file,
            sheet=sheet.sheet,
            cell=sheet.address(bottom, min(columns.values())),
            hint="check sheet and layout in wave.yml",
        )
    mark[np.ix_(rows, list(columns.values()))] = ANSWER
    return Table(sheet, rows, columns, mark)


# --- the header ---------------------------------------------------------------------------------


def _header(
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
        raise InputError(
            f"no heading of the codebook {headings.book.id} was found (read as {layout} per "
            "municipality)",
            file=sheet.file,
            sheet=sheet.sheet,
            hint="check sheet, layout and header in wave.yml, and the codebook",
        )
    key = int(score.argmax())
    top = key
    while top and _belongs_above(sheet, head, top - 1, score):
        top -= 1
    bottom = key
    spans = _spans(head[key], {c: m for (r, c), m in meanings.items() if r == key}, headings.book)
    while bottom + 1 < len(head) and _continues(head[bottom + 1], bottom + 1, meanings, spans,
                                                headings):  # fmt: skip
        bottom += 1
    for r0, _, r1, _ in sheet.merged:  # a heading merged downwards ends the header where it ends
        if top <= r0 <= bottom < r1 < len(head) and not (head[bottom + 1 : r1 + 1] != "").any():
            bottom = r1
    return top, bottom, meanings


def _belongs_above(sheet: Sheet, head: np.ndarray, row: int, score: np.ndarray) -> bool:
    """Whether a row above the questions is a header row (sections) and no title."""
    if score[row]:
        return True
    across = any(r0 <= row <= r1 and c1 > c0 for r0, c0, r1, c1 in sheet.merged)
    return int((head[row] != "").sum()) >= (1 if across and score[row : row + 2].any() else 2) and (
        int((head[row] != "").sum()) >= 2
    )


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
            and not key.isdecimal()
            and headings.choice(headings.book[question], row[column])
        )
        known += bool((number, int(column)) in meanings or named or UNIT.match(key))
    if len(filled) and known >= 0.6 * len(filled):
        return True
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


def _columns(
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
            raise InputError(
                f"two columns are headed {meaning.target} "
                f"({sheet.address(rival[1], rival[2])} and {sheet.address(row, column)})",
                file=sheet.file,
                sheet=sheet.sheet,
                cell=sheet.address(row, column),
                hint=f"give the cell of the right one in wave.yml, such as "
                f"header: {{{meaning.target}: [{sheet.address(row, column)}]}}",
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
            return meanings[row, column], row
    return None


def _add_unnamed_column(
    columns: dict[str, int], filled: np.ndarray, bottom: int, sheet: Sheet
) -> None:
    """The names of a table in register order stand before the first question, without heading."""
    for column in range(min(columns.values())):
        if filled[bottom + 1 :, column].mean() > 0.5:
            columns["@name"] = column
            return
    raise InputError(
        "the names of the municipalities were not found beside the answers",
        file=sheet.file,
        sheet=sheet.sheet,
        hint="codes: order needs a row or column of names",
    )


def check_questions(columns: dict[str, int], headings: Headings, sheet: Sheet) -> None:
    """Refuse a sheet that lacks a question, unless ``wave.yml`` says that it was not asked."""
    header = headings.header or {}
    for question in headings.book:
        if question.id in columns or header.get(question.id) == ():
            continue
        lacking = [v for v in question.variables if v not in columns and header.get(v) != ()]
        if not lacking:
            continue
        part = "" if lacking[0] == question.id or len(lacking) == len(question.variables) else (
            f" for {lacking[0]}「{headings.book.label(lacking[0]).ja}」"
        )  # fmt: skip
        raise InputError(
            f"question {question.id} of the codebook {headings.book.id} "
            f"(「{question.label.ja}」) has no column{part}",
            file=sheet.file,
            sheet=sheet.sheet,
            hint="give its heading in wave.yml under header, or an empty list where it was "
            f"not asked, such as header: {{{question.id}: []}}",
        )


# --- the rows below -----------------------------------------------------------------------------


def _row_kinds(
    sheet: Sheet, filled: np.ndarray, start: int, columns: dict[str, int], book: Codebook
) -> np.ndarray:
    """Per row of the sheet: ``record``, ``total``, ``note``, ``example``, ``header`` or ``""``."""
    kinds = np.full(sheet.shape[0], "", dtype="U7")
    count = filled.sum(axis=1)
    kinds[start:][count[start:] > 0] = "record"
    identity = {
        what: columns[name]
        for what in ("code", "name", "prefecture")
        if (name := q.id if (q := book.identity(what)) else f"@{what}") in columns
    }
    answers = [c for name, c in columns.items() if c not in identity.values()]
    answered = filled[:, answers].sum(axis=1)
    suspicious = (kinds == "record") & ~_plain_codes(sheet, identity.get("code"))
    if "code" not in identity:
        suspicious = kinds == "record"
    labels = sheet.text.iloc[:, sorted({0, 1, *identity.values()} & set(range(sheet.shape[1])))]
    for row in np.flatnonzero(suspicious):
        texts = [normalise(text) for text in labels.iloc[row] if text.strip()]
        kinds[row] = _row_kind(sheet, row, texts, identity, int(count[row]), int(answered[row]))
    return kinds


def _plain_codes(sheet: Sheet, column: int | None) -> np.ndarray:
    """Rows that carry a municipality code: records beyond doubt."""
    if column is None:
        return np.zeros(sheet.shape[0], bool)
    return sheet.text[column].str.fullmatch(r"\d{4,6}").to_numpy(bool)


def _row_kind(
    sheet: Sheet, row: int, texts: list[str], identity: dict[str, int], count: int, answered: int
) -> str:
    own = {what: normalise(sheet.text.iat[row, column]) for what, column in identity.items()}
    if any(TOTAL.match(text) for text in texts):
        return "total"
    if any(EXAMPLE.match(text) for text in texts):
        return "example"
    if count <= 2 and any(NOTE.match(text) for text in texts):
        return "note"
    named = bool(own.get("name")) or any(c.isdigit() for c in own.get("code", ""))
    if not named and count <= 1:
        return "note"
    if not named and answered == 0 and "name" in identity:
        return "note"
    return "record"
