"""Where a table stands in a sheet: its heading rows, its columns, and what each cell is.

Every cell is marked as title, heading, total, note, example or answer; none is passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook.model import Codebook
from analysis.codebook.questions import tick_words
from analysis.errors import Message
from analysis.intake.cells import ANSWER, REASONS
from analysis.intake.headings import OVERRIDE, PREFIX, QUESTIONS, Headings, Meaning, normalise
from analysis.intake.sheet import CellKind, Place, Sheet
from analysis.intake.tools.core import Export, Kind, apart, headed_twice, targets

SEARCHED_ROWS = 100
TOTAL = re.compile(
    r"^[(（]?(合計|総合計|計|総計|小計|平均|平均値|中央値|総数|全国|全国計|全体|最大|最大値|最小|最小値"
    r"|標準偏差|構成比|割合|回答数|total|subtotal|sum|average|mean|median|max|min"
    r"|.{0,5}[都道府県郡](計|合計|平均)|(全国|県内|管内|市|区|町|村|町村|市町|市町村|市区町村)(計|合計|平均)"
    r"|\d+(団体|市町村?|市区町村|町村)計?)([(\[【].*)?[)）]?$"
)
PLACE_NAME = re.compile(r".*[市町村区]$")
NOTE = re.compile(r"^(※|\*|注|備考|出典|資料|以上|\(注|\[注|<注|note|source)")
EXAMPLE = re.compile(
    r"^[(\[【<](記入|記載|回答|入力)?例[)\]】>]|^(記入|記載|回答|入力)?例(\(?\d{1,2}\)?)?$|^[(\[]?example[)\]]?$"
)
Target = tuple[int, int, str]  # row and column of a heading, and what it means
UNIT = re.compile(r"^[(\[【].*[)\]】]$|^(人|名|円|千円|%|件|年|月|日|団体)$")


class _Header:
    """The heading rows of a table: from where to where they go, and what their cells mean.

    Raises InputError: no heading of the codebook is found.
    """

    def __init__(self, sheet: Sheet, headings: Headings) -> None:
        self.sheet, self.headings, self.book = sheet, headings, headings.book
        self.text = head = sheet.text.iloc[:SEARCHED_ROWS].to_numpy(object)
        below = headings.below(head)
        self.meanings = {
            (row, column): meaning
            for row, column in np.argwhere(head != "").tolist()
            if (meaning := headings.meaning(head[row, column])) is not None
        } | below
        if not self.meanings:
            layout = Message("one column" if sheet.transposed else "one row")
            raise sheet.refusal("replies.no_heading", id=self.book.id, layout=layout)
        heads = [(row, column, self.meanings[row, column].target) for row, column in self.meanings]
        if who := corner(sheet, headings, heads):
            self.meanings[who[:2]] = Meaning(who[2], PREFIX)
        # questions whose heading may stand over several columns
        self.many = {q.id for q in self.book if q.type in {"multi", "battery"}}
        self.spans = [*map(self._spans, range(len(head)))]
        once = {(row, meaning.target) for (row, _), meaning in self.meanings.items()}
        score = np.bincount([row for row, _ in once], minlength=len(head))
        key = top = bottom = int(score.argmax())
        while top and (score[top - 1] or (head[top - 1] != "").sum() >= 2):  # sections, no title
            top -= 1
        while bottom + 1 < len(head) and self._continues(bottom + 1, key):
            bottom += 1
        while below and bottom + 1 < len(head) and not self._names_any(bottom + 1):
            bottom += 1  # what the columns under a heading are called, down to the first name
        self.top, self.bottom = top, max(bottom, sheet.heads - 1)

    def _names_any(self, row: int) -> bool:
        """Whether a cell of a row names a municipality."""
        return any(map(self.headings.named_in, self.text[row : row + 1].ravel()))

    def _spans(self, row: int) -> dict[int, str]:
        """Column -> the question with options or items whose heading is in it or to its left."""
        spans, current = {}, None
        for column, text in enumerate(self.text[row]):
            if text != "":
                meaning = self.meanings.get((row, column))
                current = meaning.target if meaning and meaning.target in self.many else None
            if current:
                spans[column] = current
        return spans

    def _continues(self, row: int, key: int) -> bool:
        """Whether a row below the questions (`key`) is of the header: options, ids or units."""
        texts = {c: self.text[row, c] for c in np.flatnonzero(self.text[row] != "").tolist()}
        over = dict(self.spans[key])
        for column in texts:  # Q2_1 over the words of an option
            meaning = self.meanings.get((key, column))
            owner = self.book.question_of.get(meaning.target) if meaning else None
            if owner is not None and owner.id in self.many:
                over[column] = owner.id
        picks = {c: self.headings.choice(self.book[over[c]], texts[c]) for c in texts if c in over}
        count = 0
        for column, text in texts.items():
            plain = normalise(text)
            words = picks.get(column) and not plain.strip("()").isdecimal()
            count += bool((row, column) in self.meanings or words or UNIT.match(plain))
        if texts and count >= 0.6 * len(texts):
            return True
        there = {self.meanings[row, c].target for c in texts if (row, c) in self.meanings}
        above = {meaning.target for (r, _), meaning in self.meanings.items() if r == key}
        if self.headings.who & (there - above) and not self._names_any(row):
            return True  # the questions stand above, who replied and the parts are named here
        if len(texts) < 2 or picks.keys() != texts.keys():
            return False
        if all(re.search(r"[^\W\d_]", text) for text in texts.values()):
            return True  # options of which the codebook knows few or none
        # option numbers alone (1, 2, 3 ...) look like answers: only where nothing else is filled
        once = len({*picks.values()}) == len(picks) and len({*texts.values()}) > 1
        return once and all(picks.values())

    def _refuse_apart(self) -> None:
        """Refuse one choice of which each option has a column, also one row below the header."""
        places: dict[str, dict[str, Place]] = {}  # question -> option as written -> its heading
        last = self.bottom + (1 if self._names_any(self.bottom + 1) else 2)
        for row, column in np.argwhere(self.text[self.top : last] != "").tolist():
            row += self.top
            below = row > self.bottom and (self.text[self.top : row, column] != "").any()
            means = {meaning.target for r in range(self.top, self.bottom + 1)
                     if (meaning := self.meanings.get((r, column)))}  # fmt: skip
            spanned = any(self.spans[r].get(column) for r in range(self.top, row + 1))
            if spanned or (below and not means):
                continue
            for id in self.headings.of_one_choice(self.text[row, column]):
                if means <= {id}:
                    places.setdefault(id, {})[self.text[row, column]] = row, column
        for id, options in places.items():
            if len(options) > 1:
                raise apart(self.sheet, id, *list(options.values())[:2])

    def columns(self) -> dict[str, int]:
        """Question id or variable -> column; the deepest heading that means something decides."""
        self._refuse_apart()
        places: dict[str, tuple[int, int, int]] = {}  # target -> rank, row, column
        apart = self.headings.apart(self.text[self.top : self.bottom + 1])
        by_setting = {c: (Meaning(target, OVERRIDE), self.bottom) for c, target in apart.items()}
        for column in range(self.text.shape[1]):
            if (heading := by_setting.get(column) or self._meaning(column)) is None:
                continue
            meaning, row = heading
            target, rival = meaning.target, places.get(meaning.target)
            if rival and rival[0] == meaning.rank:
                raise headed_twice(self.sheet, self.headings, target, rival[1:], (row, column))
            if rival is None or rival[0] < meaning.rank:
                places[target] = (meaning.rank, row, column)
        # a question over its options or items is in the column of the first, whose own heading
        # means nothing to the codebook
        return {
            target: column
            for target, (_, _, column) in places.items()
            if target not in self.many
            or (self.book[target].type == "multi"
                and not {*self.book[target].variables} & places.keys())
        }  # fmt: skip

    def _meaning(self, column: int) -> tuple[Meaning, int] | None:
        """What a column is, and the row of the heading that says so."""
        headings = self.headings
        for row in range(self.bottom, self.top - 1, -1):
            text, meaning = self.text[row, column], self.meanings.get((row, column))
            cell = self.sheet.address(row, column)
            if target := headings.given("", cell):  # of an empty cell, too
                return Meaning(target, OVERRIDE), row
            if text == "" and meaning is None:
                continue
            if headings.set_aside(text, cell) == "ignored":
                return None
            if normalise(text) not in headings.known and (variable := headings.by_source(text)):
                return Meaning(variable, OVERRIDE - 1), row
            for above in range(row - 1, self.top - 1, -1):
                question = self.spans[above].get(column)
                if question and (variable := headings.choice(self.book[question], text)):
                    return Meaning(variable, 3), row
            if meaning is not None:
                below = self.text[row + 1 : self.bottom + 1, column : column + 2]
                beside = self.spans[row].get(column + 1) == meaning.target
                if beside and (below != "").any(axis=0).all():
                    return None  # a heading over several columns, of which this means nothing
                return meaning, row
        return None


@dataclass(frozen=True)
class AnswerBlock:
    """Where the answers of one sheet stand."""

    rows: np.ndarray  # positions of the records
    columns: dict[str, int]  # question id or variable -> position
    mark: np.ndarray  # per cell: ANSWER, or the position of its reason in REASONS
    unfinished: dict[int, Place]  # record -> the cell that says that it was not completed


def read_rows(
    sheet: Sheet, headings: Headings, *, export: Export | None = None, left_out: bool = False
) -> AnswerBlock:
    """Find the header, the records and what else stands in the sheet.

    Parameters
    ----------
    sheet : one record per row; give ``sheet.turned`` for one per column.
    headings : what the codebook and ``wave.yml`` call the columns.
    export : the header as a form tool writes it, where one wrote the file.
    left_out : whether replies that the tool says were not completed are left out.

    Raises InputError: there is no header, two columns claim one question, or a question has no
    column.
    """
    if left_out and (export is None or export.finished is None):
        raise sheet.refusal("replies.nothing_unfinished")
    if export is None:
        refuse_long(sheet, headings)
        header = _Header(sheet, headings)
        top, bottom, columns, heads = header.top, header.bottom, header.columns(), header.meanings
    else:
        top, bottom, columns, heads = 0, export.heads - 1, targets(export, sheet, headings), {}
    full = sheet.kind != CellKind.EMPTY
    loose = {  # the headings of no question, by their cells
        sheet.address(row, column): str(sheet.text.iat[row, column])
        for row, column in np.argwhere(full[: bottom + 1]).tolist()
        if row >= top and column not in columns.values() and (row, column) not in heads
    }
    check_questions(columns, headings, sheet, loose)
    _check_labels(columns, headings, sheet)
    by_program = export is not None or sheet.heads > 0  # then no row is a note
    kinds = _row_kinds(sheet, full, bottom + 1, columns, headings.book, by_program=by_program)
    if by_program:
        kinds[np.isin(kinds, ("note", "unmatched")) & full.any(axis=1)] = "record"
    if export is None:
        kinds[_headers_below(sheet, bottom, kinds, columns, headings)] = "header"
    _check_lost(sheet, kinds, full, columns, headings)
    ends = {place[0]: place for place in (export.unfinished(sheet) if export else ())}
    if left_out:
        kinds[[*ends]] = np.where(kinds[[*ends]] == "record", "unfinished", kinds[[*ends]])
    rows = np.flatnonzero(kinds == "record")
    if not len(rows):
        raise sheet.refusal("replies.no_reply", at=(bottom, min(columns.values())))
    head, free = range(top, bottom + 1), sorted({*range(sheet.shape[1])} - {*columns.values()})
    aside = {column: _aside(sheet, head, column, headings, export) for column in free}
    unfinished = {i: ends[row] for i, row in enumerate(rows.tolist()) if row in ends}
    return AnswerBlock(rows, columns, _mark(sheet, head, columns, kinds, aside), unfinished)


def _mark(
    sheet: Sheet, head: range, columns: Mapping[str, int], kinds: np.ndarray, why: Mapping[int, str]
) -> np.ndarray:
    """What each cell is: an answer, or why it is none, by its row or by its column."""
    mark = np.zeros(sheet.shape, np.uint8)
    mark[: head.start] = REASONS.index("title")
    mark[head.start : head.stop] = REASONS.index("header")
    for column, reason in why.items():
        mark[head.stop :, column] = REASONS.index(reason) if reason else 0
    for reason in ("header", "total", "note", "example", "unfinished"):
        mark[kinds == reason] = REASONS.index(reason)
    mark[np.ix_(kinds == "record", np.array(list(columns.values())))] = ANSWER
    return mark


def refuse_long(sheet: Sheet, headings: Headings) -> None:
    """Refuse a table with a row an answer: a column names the questions, again and again."""
    head = sheet.text.iloc[: 3 * SEARCHED_ROWS]
    for column in head:
        targets = {row: meaning.target for row, text in head[column].items()
                 if text and (meaning := headings.meaning(text))}  # fmt: skip
        often = Counter(targets.values())
        if len(often) < 2 or {*often} & headings.who:
            continue
        row, first = next(iter(targets.items()))
        # a question whose answers are called as other questions has its own heading first, and once
        most = len(targets) >= max(2 * len(often), 0.8 * (head[column] != "").sum())
        if most and often[first] > 1:
            raise sheet.refusal("replies.row_an_answer", at=(row, column))


def _check_labels(columns: Mapping[str, int], headings: Headings, sheet: Sheet) -> None:
    """Refuse codes of which SPSS or Stata says that they are another answer, or none."""
    for variable, column in columns.items():
        question = headings.book.question_of.get(variable)
        if question is None:
            continue
        none = {*question.missing_codes} | headings.book.tokens
        unknown = {*sheet.missing.get(column, ())} - none
        for code in sorted(unknown & {*sheet.text[column]}) if unknown else ():
            raise sheet.refusal(
                "replies.missing_code", at=(0, column), code=f"'{code}'", variable=variable
            )
        for code, words in sheet.labels.get(column, {}).items():
            by_words = None if question.type == "multi" else headings.option(question, words)
            unticked = code == "1" and question.type in {"multi", "binary"}
            if by_words is None and unticked and tick_words().get(normalise(words)) is False:
                by_words = 0
            by_code = int(code) if code.isdecimal() else headings.option(question, code)
            if None not in (by_words, by_code) and by_words != by_code:
                more = {"code": code, "variable": variable, "words": words}
                raise sheet.refusal("replies.other_code", at=(0, column), **more)


# of what a form tool writes beside the answers
BY_TOOL: dict[Kind, str] = {"received": "record", "record": "record", "personal": "personal"}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|(?:\d{1,3}\.){3}\d{1,3}")


def are_addresses(texts: Collection[str]) -> bool:
    """Whether most texts are mail or IP addresses: personal, whatever their heading says.

    >>> are_addresses(["a@example.jp", "b@example.jp"]), are_addresses(["a@example.jp", "なし"])
    (True, False)
    """
    return sum(bool(ADDRESS.fullmatch(text.strip())) for text in texts) > 0.8 * len(texts)


def _aside(
    sheet: Sheet, head: range, column: int, headings: Headings, export: Export | None
) -> str:
    """Why a column is no question: ignored, personal, of the tool, or hidden; else empty."""
    below = sheet.text[column].iloc[head.stop :]
    if below.str.contains("[@.]").any() and are_addresses(below[below != ""].tolist()):
        return "personal"
    heads = [
        (str(sheet.text.iat[row, column]), sheet.address(row, column)) for row in reversed(head)
    ]
    by_tool = BY_TOOL.get(export.columns[column].kind, "") if export else ""
    unseen = "hidden" if column in sheet.hidden_columns else ""
    return next(filter(None, (headings.set_aside(*one) for one in heads)), by_tool or unseen)


def corner(sheet: Sheet, headings: Headings, heads: Sequence[Target]) -> Target | None:
    """The cell above those who replied, where it is blank or says that questions are beside it.

    None where one of the `heads` says who replied, or something else than municipalities is below.
    """
    rows = Counter(row for row, _, _ in heads)
    if not rows or headings.who & {target for *_, target in heads}:
        return None
    row = rows.most_common(1)[0][0]
    for column in range(min(column for at, column, _ in heads if at == row)):
        if normalise(str(sheet.text.iat[row, column])) not in QUESTIONS:
            continue
        below = {*sheet.text[column].iloc[row + 1 :]} - {""}
        names = [text for text in below if not TOTAL.match(normalise(text))]
        keys = {headings.named_in(text, known=True) for text in names}
        if len(keys) > 1 and "" not in keys:
            return row, column, headings.who_of(names)
    return None


def check_questions(
    columns: dict[str, int],
    headings: Headings,
    sheet: Sheet,
    loose: Mapping[str, str] | None = None,
) -> None:
    """Refuse a sheet that lacks a question, unless ``wave.yml`` says that it was not asked.

    An option alone is never lacking: beside the others it would count as not chosen.

    `loose`: the headings of no question by their cells; the closest is proposed.
    """
    header, loose = headings.header or {}, loose or {}
    for question in headings.book:
        whole = question.id in columns and question.type != "battery"
        partly = question.lacking(columns)
        if whole or question.other_of or (header.get(question.id) == () and not partly):
            continue  # the words beside "other" may stand in the cell of the answer itself
        if question.identity in {"code", "name", "prefecture"}:
            if headings.who & columns.keys():
                continue  # a name or a code is enough
            raise sheet.refusal("replies.nobody", target=question.id)
        absent = (v for v in question.variables if v not in columns and header.get(v) != ())
        lacking = partly or [*absent]
        if not lacking:
            continue
        all_of_it, first = len(lacking) == len(question.variables), lacking[0]
        part = Message("")
        if first != question.id and not all_of_it:
            label = headings.book.label(first).ja
            part = Message(" for {variable}「{label}」", variable=first, label=label)
        target = question.id if all_of_it else first
        near = headings.closest(target, [*loose.values()])
        heading = "" if near is None else [*loose][near]
        names: dict[str, Any] = {"label": question.label.ja, "heading": heading, "part": part}
        names |= {"id": question.id, "book": headings.book.id, "target": target}
        said = () in (header.get(target), header.get(question.id))  # that it was not asked
        if near is not None and not said:
            raise sheet.refusal("replies.near", **names)
        raise sheet.refusal("replies.no_option" if partly else "replies.no_column", **names)


def _headers_below(
    sheet: Sheet, bottom: int, kinds: np.ndarray, columns: dict[str, int], headings: Headings
) -> list[int]:
    """Rows that repeat the header, as on printed pages; another header below is another table."""
    who = {q.id for q in headings.book if q.identity is not None}
    own = [c for name, c in columns.items() if name.startswith("@") or name in who]
    heads = set()
    for column in own or sorted(columns.values())[:3]:  # not of every text of every answer
        codes, texts = pd.factorize(sheet.text[column])
        heading = np.array([headings.meaning(text) is not None for text in texts.tolist()], bool)
        heads |= set(np.flatnonzero(heading[codes]).tolist())
    rows = []
    for row in sorted(row for row in heads if row > bottom and kinds[row] != ""):
        texts = sheet.text.iloc[row].tolist()
        pairs = [(m.target, c) for c, text in enumerate(texts) if (m := headings.meaning(text))]
        if len({target for target, _ in pairs}) < 2:
            continue
        for target, column in pairs:
            if columns.get(target, column) != column:
                raise sheet.refusal("replies.second", at=(row, column), others=target)
        rows.append(row)
    return rows


# --- the rows below -----------------------------------------------------------------------------


def _row_kinds(
    sheet: Sheet,
    full: np.ndarray,
    start: int,
    columns: dict[str, int],
    book: Codebook,
    *,
    by_program: bool,
) -> np.ndarray:
    """Per row of the sheet: ``record``, ``total``, ``note``, ``example``, ``unmatched`` or ``""``.

    A cell alone is a note beside the answers; below a question it may be the answer of nobody.
    """
    count = full.sum(axis=1)
    ids = (book.identifying(what)[0] for what in ("code", "name", "prefecture"))
    code, name, prefecture = ({columns[id]} if id in columns else set[int]() for id in ids)
    own = code | name | prefecture
    answers = [column for column in columns.values() if column not in own]
    first = {0, 1} & {*range(sheet.shape[1])}
    texts = cache(lambda column: pd.factorize(sheet.text[column].map(normalise).to_numpy(object)))

    def begin(places: set[int], pattern: str | re.Pattern[str]) -> np.ndarray:
        """The rows in which a text of one of these columns begins with a pattern."""
        hits, match = np.zeros(len(full), bool), re.compile(pattern).match
        for column in places:
            codes, known = texts(column)
            hits |= np.array([match(text) is not None for text in known], bool)[codes]
        return hits

    names_one = begin(code, r".*\d") | begin(name, ".")
    # beside the name of a municipality 全体 or ※ is an answer
    place = names_one if by_program else begin(name, PLACE_NAME)
    total, note = (begin(own, p) | (begin(first - own, p) & ~place) for p in (TOTAL, NOTE))
    # an example may have the code and name of a municipality
    example, coded = begin(own | (first - {*answers}), EXAMPLE), begin(code, r"\d{4,6}$")
    unnamed = (count <= 1) | (~full[:, answers].any(axis=1) & bool(name))
    lonely = ~names_one & unnamed
    answer = full[:, [column for column in answers if column > 1]].any(axis=1)
    answer &= ~begin({*answers}, NOTE)
    kinds = np.select(
        [count == 0, example, coded, total, note & (count <= 2), lonely & answer, lonely],
        ["", "example", "record", "total", "note", "unmatched", "note"],
        "record",
    ).astype(object)
    kinds[:start] = ""
    return kinds


def _check_lost(
    sheet: Sheet, kinds: np.ndarray, full: np.ndarray, columns: dict[str, int], headings: Headings
) -> None:
    """Refuse a sheet in which a row that names a municipality, or most rows, would be no reply."""
    line = Message("column" if sheet.transposed else "row")
    who = sorted(columns[target] for target in headings.who & columns.keys())
    rest = np.flatnonzero((kinds != "record") & (kinds != "example") & (full.sum(axis=1) >= 2))
    aside = full & np.isin(kinds, ("note", "total", "unmatched"))[:, None]
    suspects = [(row, c, "replies.note_of_one") for row, c in np.argwhere(aside).tolist()]
    suspects += [(row, c, "replies.not_read") for row in rest.tolist() for c in who]
    for row, column, id in suspects:
        text = str(sheet.text.iat[row, column])
        if id == "replies.note_of_one" and text.isdecimal():
            continue  # a sum may be the number of a municipality
        if headings.named_in(text, known=True):
            kind = Message(
                kinds[row].replace("unmatched", "note")
                or "part of the header or what stands above it"
            )
            raise sheet.refusal(id, at=(row, column), line=line, text=text, kinds=kind)
    notes = np.union1d(rest[kinds[rest] == "note"], np.flatnonzero(kinds == "unmatched"))
    records = int((kinds == "record").sum())
    if len(notes) > max(records, 3):
        at, numbers = (int(notes[0]), 0), {"records": records, "notes": len(notes)}
        raise sheet.refusal("replies.many_name_nobody", at=at, line=line, **numbers)
