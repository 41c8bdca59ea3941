"""Where a table stands in a sheet: its heading rows, its columns, and what each cell is.

Every cell is marked as title, heading, total, note, example or answer; none is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.codebook.model import Codebook
from analysis.errors import Message
from analysis.intake.cells import ANSWER, REASONS
from analysis.intake.headings import OVERRIDE, Headings, Meaning, normalise
from analysis.intake.sheet import CellKind, Sheet
from analysis.intake.tools.core import Export, Kind, targets

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
    below = headings.below(head)
    meanings |= below
    score = np.zeros(len(head), int)
    for row in range(len(head)):
        score[row] = len({m.target for (r, _), m in meanings.items() if r == row})
    if not score.any():
        layout = Message("one column" if sheet.transposed else "one row")
        raise sheet.error(
            "no heading of the codebook {id} was found (read as {layout} per municipality)",
            hint="check sheet, layout and header in wave.yml, and the codebook",
            id=headings.book.id,
            layout=layout,
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
    while below and bottom + 1 < len(head) and not any(map(headings.named_in, head[bottom + 1])):
        bottom += 1  # what the columns under a heading are called, down to the first municipality
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
    apart = told_apart(header)
    spans = [
        _spans(
            header[r], {c: m for (row, c), m in meanings.items() if row == top + r}, headings.book
        )
        for r in range(len(header))
    ]
    for column in range(header.shape[1]):
        if column in apart and (known := headings.known.get(normalise(apart[column]))):
            found[known.target] = (OVERRIDE, top + len(header) - 1, column)
            continue
        choice = _column_meaning(header, top, column, meanings, spans, headings, sheet)
        if choice is None:
            continue
        meaning, row = choice
        rival = found.get(meaning.target)
        if rival and rival[0] == meaning.rank:
            both = [rival[1:], (row, column)]
            first, second = (sheet.address(*place) for place in both)
            texts = [str(header[place[0] - top, place[1]]) for place in both]
            closer = second if headings.closest(meaning.target, texts) == 1 else first
            raise sheet.error(
                "two columns are headed {target} ({first} and {second})",
                at=(row, column),
                hint="give the cell of the right one in wave.yml, such as header: {{{target}: "
                "[{closer}]}}; the other under ignore if it is none",
                target=meaning.target,
                first=first,
                second=second,
                closer=closer,
            )
        if rival is None or rival[0] < meaning.rank:
            found[meaning.target] = (meaning.rank, row, column)
    return {target: column for target, (_, _, column) in found.items()}


def told_apart(header: np.ndarray) -> dict[int, str]:
    """The headings that stand several times in the last row, each with the one above it.

    A heading stands over the columns to its right, up to the next one.

    >>> told_apart(np.array([["", "国", "", "県", ""], ["名", "計", "率", "計", "率"]], object))
    {1: '国 / 計', 2: '国 / 率', 3: '県 / 計', 4: '県 / 率'}
    """
    *rows, last = header
    twice = pd.Series(last).duplicated(keep=False).to_numpy() & (last != "")
    if not len(rows) or not twice.any():
        return {}
    above = pd.DataFrame(rows).replace("", np.nan).ffill(axis=1).fillna("").to_numpy(object)
    lines = [
        list(
            dict.fromkeys(filter(None, (" ".join(str(t).split()) for t in [*above[:, c], last[c]])))
        )
        for c in range(len(last))
    ]
    return {c: " / ".join(lines[c]) for c in np.flatnonzero(twice).tolist() if len(lines[c]) > 1}


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
        if text == "" and (row, column) not in meanings:
            continue
        if headings.set_aside(text, sheet.address(row, column)) == "ignored":
            return None
        for target, texts in (headings.header or {}).items():
            if sheet.address(row, column) in texts:
                return Meaning(target, OVERRIDE), row
        if normalise(text) not in headings.known and (variable := headings.by_source(text)):
            return Meaning(variable, OVERRIDE - 1), row
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


SEARCHED_ROWS = 100
TOTAL = re.compile(
    r"^[(（]?(合計|総合計|計|総計|小計|平均|平均値|中央値|総数|全国|全国計|全体|最大|最大値|最小|最小値"
    r"|標準偏差|構成比|割合|回答数|total|subtotal|sum|average|mean|median|max|min"
    r"|.{1,5}[都道府県郡]計|市計|区計|町計|村計|町村計|市町村計|市区町村計|\d+団体)([(\[【].*)?[)）]?$"
)
PLACE_NAME = re.compile(r".*[市町村区]$")
NOTE = re.compile(r"^(※|\*|注|備考|出典|資料|以上|\(注|\[注|<注|note|source)")
EXAMPLE = re.compile(
    r"^[(\[【<](記入|記載|回答|入力)?例[)\]】>]|^(記入|記載|回答|入力)?例(\(?\d{1,2}\)?)?$|^[(\[]?example[)\]]?$"
)


@dataclass(frozen=True)
class Table:
    """Where the answers of one sheet stand."""

    sheet: Sheet
    rows: np.ndarray  # positions of the records
    columns: dict[str, int]  # question id or variable -> position
    mark: np.ndarray  # per cell: ANSWER, or the position of its reason in REASONS


def read_rows(
    sheet: Sheet, headings: Headings, *, ordered: bool = False, export: Export | None = None
) -> Table:
    """Find the header, the records and what else stands in the sheet.

    Parameters
    ----------
    sheet : one record per row; give ``sheet.turned`` for one per column.
    headings : what the codebook and ``wave.yml`` call the columns.
    ordered : whether names without a heading stand in the order of the register.
    export : the header as a form tool writes it, where one wrote the file.

    Raises
    ------
    InputError
        There is no header, two columns claim one question, or a question has no column.
    """
    mark = np.zeros(sheet.shape, np.uint8)
    filled = sheet.kind != CellKind.EMPTY
    head = sheet.text.iloc[:SEARCHED_ROWS].to_numpy(object)
    meanings: dict[tuple[int, int], Meaning] = {}
    if export is not None:
        top, bottom, columns = 0, export.heads - 1, targets(export, sheet, headings)
    else:
        top, bottom, meanings = find_header(sheet, head, headings)
        columns = find_columns(sheet, head[top : bottom + 1], top, meanings, headings)
        columns = _without_group_headings(columns, headings.book)
    if ordered and "@name" not in columns:
        _add_unnamed_column(columns, filled, bottom, sheet)
    loose = {
        sheet.address(top + int(row), int(column)): str(head[top + row, column])
        for row, column in np.argwhere(head[top : bottom + 1] != "")
        if column not in columns.values() and (top + row, column) not in meanings
    }
    check_questions(columns, headings, sheet, loose)
    mark[:top] = REASONS.index("title")
    mark[top : bottom + 1] = REASONS.index("header")
    hidden = [c for c in sheet.hidden_columns if c not in set(columns.values())]
    mark[bottom + 1 :, hidden] = REASONS.index("hidden")
    if export is not None:
        free = set(range(sheet.shape[1])) - set(columns.values())
        aside: dict[Kind, str] = {"received": "record", "record": "record", "personal": "personal"}
        for kind, reason in aside.items():
            mark[bottom + 1 :, sorted(free & {*export.of_kind(kind)})] = REASONS.index(reason)
    kinds = _row_kinds(sheet, filled, bottom + 1, columns, headings.book)
    if export is not None or sheet.heads:  # a program wrote it: no row is a note
        kinds[(kinds == "note") & filled.any(axis=1)] = "record"
    for row in () if export else _headers_below(sheet, bottom, kinds, columns, headings):
        kinds[row] = "header"
    _check_lost(sheet, kinds, filled, columns, headings)
    for column, reason in _set_aside(sheet, head[top : bottom + 1], top, columns, headings).items():
        mark[bottom + 1 :, column] = REASONS.index(reason)
    for reason in ("header", "total", "note", "example"):
        mark[kinds == reason] = REASONS.index(reason)
    rows = np.flatnonzero(kinds == "record")
    if not len(rows):
        raise sheet.error(
            "there is no reply below the header",
            at=(bottom, min(columns.values())),
            hint="check sheet and layout in wave.yml",
        )
    mark[np.ix_(rows, np.array(list(columns.values())))] = ANSWER
    return Table(sheet, rows, columns, mark)


ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|(?:\d{1,3}\.){3}\d{1,3}")


def are_addresses(texts: Collection[str]) -> bool:
    """Whether most texts are mail or IP addresses: personal, whatever their heading says.

    >>> are_addresses(["a@example.jp", "b@example.jp"]), are_addresses(["a@example.jp", "なし"])
    (True, False)
    """
    return sum(bool(ADDRESS.fullmatch(text.strip())) for text in texts) > 0.8 * len(texts)


def _set_aside(
    sheet: Sheet, header: np.ndarray, top: int, columns: dict[str, int], headings: Headings
) -> dict[int, str]:
    """The columns that are no questions, with the reason: ignored, personal."""
    found = {}
    for column in set(range(header.shape[1])) - set(columns.values()):
        below = sheet.text[column].iloc[top + len(header) :]
        if below.str.contains("[@.]").any() and are_addresses(below[below != ""].tolist()):
            found[column] = "personal"
            continue
        for depth in range(len(header)):
            text, cell = header[depth, column], sheet.address(top + depth, column)
            if reason := headings.set_aside(text, cell):
                found[column] = reason
    return found


def _without_group_headings(columns: dict[str, int], book: Codebook) -> dict[str, int]:
    """Without the questions whose heading stands over their options or items.

    It is then in the column of the first, whose own heading means nothing to the codebook.
    """
    return {
        target: column
        for target, column in columns.items()
        if target not in book
        or book[target].type not in {"multi", "battery"}
        or (book[target].type == "multi" and not {*book[target].variables} & columns.keys())
    }


def _add_unnamed_column(
    columns: dict[str, int], filled: np.ndarray, bottom: int, sheet: Sheet
) -> None:
    """The names of a table in register order stand before the first question, without heading."""
    for column in range(min(columns.values())):
        below = filled[bottom + 1 :, column]
        if 2 * below.sum() > len(below):
            columns["@name"] = column
            return
    raise sheet.error(
        "the names of the municipalities were not found beside the answers",
        hint="codes: order needs a row or column of names",
    )


def check_questions(
    columns: dict[str, int],
    headings: Headings,
    sheet: Sheet,
    loose: Mapping[str, str] | None = None,
) -> None:
    """Refuse a sheet that lacks a question, unless ``wave.yml`` says that it was not asked.

    `loose`: the headings of no question by their cells; the closest is proposed.
    """
    header = headings.header or {}
    for question in headings.book:
        whole = question.id in columns and question.type != "battery"
        if whole or question.other_of or header.get(question.id) == ():
            continue  # the words beside "other" may stand in the cell of the answer itself
        lacking = [v for v in question.variables if v not in columns and header.get(v) != ()]
        if not lacking:
            continue
        part = Message("")
        if lacking[0] != question.id and len(lacking) < len(question.variables):
            label = headings.book.label(lacking[0]).ja
            part = Message(" for {variable}「{label}」", variable=lacking[0], label=label)
        target = question.id if len(lacking) == len(question.variables) else lacking[0]
        cells = list(loose or {})
        near = headings.closest(target, [*(loose or {}).values()]) if loose else None
        raise sheet.error(
            "question {id} of the codebook {book} (「{label}」) has no column{part}",
            hint="give its heading in wave.yml under header, or an empty list where it was not "
            "asked, such as header: {{{target}: []}}"
            if near is None
            else "give its heading in wave.yml under header, such as header: {{{target}: "
            "[{heading}]}}, or an empty list where it was not asked, such as header: "
            "{{{target}: []}}",
            id=question.id,
            book=headings.book.id,
            label=question.label.ja,
            part=part,
            target=target,
            heading="" if near is None else cells[near],
        )


def _headers_below(
    sheet: Sheet, bottom: int, kinds: np.ndarray, columns: dict[str, int], headings: Headings
) -> list[int]:
    """Rows that repeat the header, as on printed pages; another header below is another table."""
    own = [c for name, c in columns.items() if _is_identity(name, headings.book)]
    heads = set()
    for column in own or sorted(columns.values())[:3]:  # not of every text of every answer
        codes, texts = pd.factorize(sheet.text[column])
        meant = np.array([headings.meaning(text) is not None for text in texts], bool)
        heads |= set(np.flatnonzero(meant[codes]).tolist())
    found = []
    for row in sorted(heads):
        texts = sheet.text.iloc[row].tolist() if row > bottom and kinds[row] != "" else []
        said = [(m.target, c) for c, text in enumerate(texts) if (m := headings.meaning(text))]
        others = [(target, c) for target, c in said if columns.get(target, c) != c]
        if len({target for target, _ in said}) < 2:
            continue
        if others:
            raise sheet.error(
                "a second table with other columns starts here ({others} is in another column "
                "above)",
                at=(row, others[0][1]),
                hint="put it on a sheet of its own, and name both sheets in wave.yml",
                others=others[0][0],
            )
        found.append(row)
    return found


def _is_identity(name: str, book: Codebook) -> bool:
    return name.startswith("@") or (name in book and book[name].identity is not None)


# --- the rows below -----------------------------------------------------------------------------


def _row_kinds(
    sheet: Sheet, filled: np.ndarray, start: int, columns: dict[str, int], book: Codebook
) -> np.ndarray:
    """Per row of the sheet: ``record``, ``total``, ``note``, ``example`` or ``""``."""
    count = filled.sum(axis=1)
    identity = {
        what: columns[name]
        for what in ("code", "name", "prefecture")
        if (name := q.id if (q := book.identity(what)) else f"@{what}") in columns
    }
    answers = [c for name, c in columns.items() if c not in identity.values()]
    texts: dict[int, tuple[np.ndarray, list[str]]] = {}

    def matches(column: int, pattern: re.Pattern[str]) -> np.ndarray:
        """Whether each text of a column, normalised, begins with a pattern; equal texts at once."""
        if column not in texts:
            codes, known = pd.factorize(sheet.text[column])
            texts[column] = codes, [normalise(text) for text in known]
        codes, plain = texts[column]
        return np.array([bool(pattern.match(text)) for text in plain], bool)[codes]

    coded, named = np.zeros(len(count), bool), np.zeros(len(count), bool)
    at = identity.get("name")
    placed = np.zeros_like(coded) if at is None else matches(at, PLACE_NAME)

    def labelled(pattern: re.Pattern[str]) -> np.ndarray:
        """Rows so labelled; beside the name of a municipality 全体 or ※ is an answer."""
        beside = {0, 1} & set(range(sheet.shape[1])) - set(identity.values())
        own = [matches(c, pattern) for c in identity.values()]
        return np.asarray(np.any([*own, *(matches(c, pattern) & ~placed for c in beside)], axis=0))

    total, note = labelled(TOTAL), labelled(NOTE)
    # an example may have the code and name of a municipality
    labels = [*identity.values(), *({0, 1} & set(range(sheet.shape[1])) - set(answers))]
    example = np.any([coded, *(matches(c, EXAMPLE) for c in labels)], axis=0)
    if "code" in identity:
        named |= matches(identity["code"], re.compile(r".*\d"))
        coded = matches(identity["code"], re.compile(r"\d{4,6}$"))
    if "name" in identity:
        named |= matches(identity["name"], re.compile("."))
    lonely = ~named & (count <= 1)
    if "name" in identity:
        lonely |= ~named & ~filled[:, answers].any(axis=1)
    kinds = np.select(
        [count == 0, example, coded, total, (note & (count <= 2)) | lonely],
        ["", "example", "record", "total", "note"],
        "record",
    )
    kinds[:start] = ""
    return kinds


def _check_lost(
    sheet: Sheet, kinds: np.ndarray, filled: np.ndarray, columns: dict[str, int], headings: Headings
) -> None:
    """Refuse a sheet in which a row that names a municipality, or most rows, would be no reply."""
    count, identity = filled.sum(axis=1), [columns[t] for t in headings.who & columns.keys()]
    left = np.flatnonzero((kinds != "record") & (kinds != "example") & (count >= 2))
    line = Message("column" if sheet.transposed else "row")
    for row in np.flatnonzero((kinds == "note") | (kinds == "total")).tolist():
        for column in np.flatnonzero(filled[row]).tolist():
            text = str(sheet.text.iat[row, column])  # a sum may be the number of a municipality
            if not text.isdecimal() and headings.named_in(text, known=True):
                raise sheet.error(
                    "this {line} names a municipality ({text}) but is read as {kinds}",
                    at=(row, column),
                    hint="remove it, or say under header in wave.yml which column says who replied",
                    line=line,
                    text=text,
                    kinds=Message(kinds[row]),
                )
    for row in left.tolist():
        for column in identity:
            if headings.named_in(text := str(sheet.text.iat[row, column]), known=True):
                raise sheet.error(
                    "this {line} names a municipality ({text}) but is read as {kinds}",
                    at=(row, column),
                    hint="remove what makes it look so, or give header and sheet in wave.yml",
                    line=line,
                    text=text,
                    kinds=Message(kinds[row] or "part of the header or what stands above it"),
                )
    notes, records = int((kinds[left] == "note").sum()), int((kinds == "record").sum())
    if notes > max(records, 3):
        first = int(left[kinds[left] == "note"][0])
        raise sheet.error(
            "{records:,} {line}s are replies, but {notes:,} others are filled in that name nobody",
            at=(first, 0),
            hint="check the column that says who replied, under header in wave.yml",
            records=records,
            line=line,
            notes=notes,
        )
