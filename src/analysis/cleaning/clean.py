"""Raw cells become responses, with a finding for whatever was changed, refused or doubted.

Work goes column by column: each distinct text of a column is read once and spread over its rows.
Every cell ends in exactly one place, which the ledger counts.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.cleaning.answers import Reader, judged
from analysis.cleaning.findings import Note, as_findings, counted
from analysis.cleaning.own_words import CROSSES
from analysis.cleaning.respondents import Identified, identify, register_of, sizes_of_answers
from analysis.cleaning.scaled import as_the_sheet_shows, doubt_one, stated_otherwise
from analysis.cleaning.texts import Parsed, clock, refused
from analysis.codebook.model import Codebook
from analysis.codebook.questions import STATUSES, Question
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.errors import refusal
from analysis.intake.cells import REASONS, Received, Remark, addresses, excerpt
from analysis.intake.sheet import CellKind
from analysis.text import Language, label, labels


def value_text(value: Any, question: Question | None = None) -> str:
    """A value as a finding tells it: codes, not True and False.

    >>> value_text(frozenset({3, 1})), value_text(np.True_), value_text(62.0)
    ('1、3', '1', '62')
    >>> value_text(pd.Timestamp("2021-05-01"))
    '2021-05-01'
    """
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, frozenset):
        return "、".join(str(code) for code in sorted(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dt.date):
        month = question is not None and question.precision == "month"
        return value.isoformat()[: 7 if month else 10]
    return "" if value is None else str(value)


EMPTY = -1
STATES = {**{name: number for number, name in enumerate(STATUSES)}, "empty": EMPTY}
ANSWERED, NO_ANSWER, NOT_APPLICABLE, DONT_KNOW, NOT_SURVEYED, UNREADABLE = range(len(STATUSES))
SUPERSEDED = len(STATUSES)  # a place of the ledger that is no state of an answer
CellKeys = dict[tuple[int, str], None]  # by record and column, in their order
PLACES = (*STATUSES, "superseded")  # where the cells of answers end


@dataclass(frozen=True)
class Ledger:
    """Counts of cells by file, sheet and where they ended, beside the number received.

    `counts`: one row a file, sheet and place (``file, sheet, place, cells``). `received`: cells in
    the block of answers (empty ones too, since an empty cell is an answer of a kind) plus every
    filled cell outside it, counted from the files and not from `counts`.
    """

    counts: pd.DataFrame
    received: int

    @classmethod
    def count(cls, received: Received, place: np.ndarray) -> Ledger:
        """Count the cells of a wave; `place`: where each cell of an answer ended, in `PLACES`."""
        cells, names = received.cells, [*PLACES, *REASONS]
        reasons = cells["reason"].cat.codes.to_numpy() + np.int8(len(PLACES))
        ended = np.where(cells["record"] >= 0, place, reasons)
        files, sheets = cells["file"].cat, cells["sheet"].cat
        shape = len(files.categories), len(sheets.categories), len(names)
        known = ended >= 0  # a lost cell is in no place
        # as np.ravel_multi_index, which takes 8 bytes a cell and three times as long
        ids = np.zeros(known.sum(), np.min_scalar_type(-math.prod(shape)))
        for codes, size in zip((files.codes, sheets.codes, ended), shape, strict=True):
            ids *= size
            ids += codes[known]
        counts = pd.Series(ids).value_counts().sort_index()
        file, sheet, at = np.unravel_index(counts.index, shape)
        table = {"file": files.categories[file], "sheet": sheets.categories[sheet],
                 "place": pd.array(names, "str").take(at), "cells": counts.to_numpy()}  # fmt: skip
        return cls(pd.DataFrame(table), len(cells))

    def without_files(self) -> Ledger:
        """The same counts without the names of files and sheets, which may name who sent them."""
        counts = self.counts.groupby("place", as_index=False)["cells"].sum()
        return Ledger(counts.assign(file="", sheet="")[list(self.counts)], self.received)

    def without_kinds(self) -> Ledger:
        """The same counts with all cells of answers together, filled or not."""
        sums = self.counts.replace({"place": dict.fromkeys(STATUSES, "any_value")})
        return Ledger(sums.groupby(["file", "sheet", "place"], as_index=False).sum(), self.received)

    def check(self) -> None:
        """The sum must be right.

        Raises AssertionError: a cell is lost or counted twice; a fault of the workbench, not of the
        data.
        """
        total = int(self.counts["cells"].sum())
        if total != self.received:
            sums = f"{self.received} cells received, {total} accounted for"
            raise AssertionError(f"the ledger does not add up: {sums}")

    def table(self) -> pd.DataFrame:
        """The sums by place (an id), the total last: columns ledger and cells."""
        sums = self.counts.groupby("place")["cells"].sum()
        rows = [(place, int(sums[place])) for place in labels("ledger", "en") if place in sums]
        rows += [("sum", int(sums.sum())), ("received", self.received)]
        return pd.DataFrame(rows, columns=["ledger", "cells"])


@dataclass(frozen=True)
class Cleaned:
    """A wave after cleaning; see the working words in the package's documentation."""

    responses: pd.DataFrame
    status: pd.DataFrame
    register: pd.DataFrame
    findings: pd.DataFrame
    outside: pd.DataFrame
    ledger: Ledger

    def describe(self, language: Language = "ja", invited: int | None = None) -> str:
        """The ledger and the findings in a few lines for the terminal.

        `invited`: how many were asked, where that is known.
        """
        replied = (self.register["replied"] & self.register["invited"]).sum()
        replies = f"{len(self.responses)}" if invited is None else f"{replied} / {invited}"
        ledger = self.ledger.table().replace({"ledger": labels("ledger", language)})
        ledger = ledger.rename(columns=labels("column", language)).to_string(index=False)
        findings = counted(self.findings, language)
        return f"{label('survey.replies', language)} {replies}\n{ledger}\n{findings}"


def clean(received: Received, wave: Wave, codebook: Codebook) -> Cleaned:
    """Read every cell of a wave; nothing is lost and nothing guessed in silence."""
    pa.default_memory_pool().release_unused()  # the texts of sheets that are frames of cells now
    work = _Cleaning(received, wave, codebook)
    work.read_columns()
    who = identify(received, wave, codebook, *work.arrived(), holds_answers(received, codebook))
    work.check_corrections(who)
    work.note_identity(who)
    work.apply_skip_rules()
    work.place_cells(who)
    work.note_empty()
    work.check_answers()
    work.remarks += stated_otherwise(received, codebook)
    return work.finish(who)


def holds_answers(received: Received, codebook: Codebook) -> np.ndarray:
    """Which records hold anything but the municipality and when it replied.

    A date alone may be that of the list of all that were asked, and answers nothing.
    """
    who = codebook.identifying("code", "name", "prefecture", "size_class", "received")
    names = (name for name in received.variables if name not in who)
    nothing = (CellKind.EMPTY, CellKind.PRINTED)
    columns = [~np.isin(received.kinds(name), nothing) for name in names]
    holds = np.any([*columns, np.zeros(received.n, bool)], axis=0)
    cells = received.cells
    holds[cells.loc[(cells["covered"] != "") & (cells["record"] >= 0), "record"]] = True
    # a form with an answer in no known place is answered all the same
    loose = cells.loc[cells["reason"] == "unmatched", ["file", "sheet"]].drop_duplicates()
    if loose.empty:
        return holds
    sources = received.sources[["file", "sheet"]]
    alone = ~sources.duplicated(keep=False).to_numpy()
    return holds | (alone & pd.MultiIndex.from_frame(sources).isin(pd.MultiIndex.from_frame(loose)))


class _Cleaning:
    """The state of one cleaning.

    Attributes
    ----------
    values, state : by variable of the codebook, one entry a record; a state is a position in
        STATUSES, or EMPTY. A value is missing but where the state is ANSWERED.
    column : variable -> the variable of the files whose cells hold it, itself but for a multi in
        one column.
    there, filled : by variable of the files, the records that have such a cell, and those in which
        it holds something.
    end : by variable of the files, where each cell ends, a position in PLACES; set by
        `apply_skip_rules` where it gives no value whatever the rules say, else by `place_cells`.
    counts : the records that count; set by `note_identity`.
    words : question -> what stands beside its option "other", one text a record.
    notes, remarks : the findings, of an answer and of more than one.
    """

    def __init__(self, received: Received, wave: Wave, codebook: Codebook) -> None:
        self.received, self.wave, self.codebook = received, wave, codebook
        self.n = received.n
        self.reader = Reader(codebook)
        self.values: dict[str, Any] = {}
        self.state: dict[str, np.ndarray] = {}
        self.column: dict[str, str] = {}
        self.words: dict[str, np.ndarray] = {}
        self.notes: list[Note] = []
        self.remarks: list[Remark] = []
        self.there = {name: at >= 0 for name, at in received.positions.items()}
        self.end = {name: np.full(self.n, EMPTY, np.int8) for name in self.there}
        self.filled = {name: received.kinds(name) != CellKind.EMPTY for name in self.there}

    def check_corrections(self, who: Identified) -> None:
        """Refuse one whose place has another answer now: the file was replaced or sorted anew."""
        those = [remark for remark in self.received.remarks if remark.rule == "corrected"]
        renamed = {one.record for one in those if one.variable in who.variables}
        for one in those:
            asked, here = map(self.codebook.by_name.get, (one.whose[1], one.variable))
            moved = one.whose[0] not in ("", who.codes[one.record]) and one.record not in renamed
            if moved or (asked and asked is not here):
                place = " ".join(filter(None, (one.file, one.sheet, one.cell)))
                raise refusal("wave.answer_moved", file=one.more, place=place, code=one.whose[0])

    # --- reading ---------------------------------------------------------------------------

    def read_columns(self) -> None:
        """Every question of the codebook from the columns that hold it."""
        for question in self.codebook:
            whole = question.id in self.there and question.type != "battery"
            columns = (question.id,) if whole else question.variables
            apart = question.type == "multi" and not whole
            unclear = None
            there = [column for column in columns if column in self.there]
            if (apart or question.type == "binary") and there:
                texts = {column: self.received.texts(column) for column in there}
                unclear = self.reader.see_ticks(question, texts)
            for column in columns:
                if column in self.there:
                    self._read(question, column, unclear)
                else:
                    self.values[column] = pd.array([None] * self.n, question.dtype)
                    self.state[column] = np.full(self.n, EMPTY, np.int8)
            if apart:
                self.complete_ticks(question)
            if question.other_of is not None:
                self._take_words(question.id, self.codebook[question.other_of])

    def _read(self, question: Question, column: str, unclear: np.ndarray | None = None) -> None:
        """Each distinct cell of a column once, and what it says in every record.

        `unclear`: in which replies ○ may be a tick or an empty circle, so that it is neither.
        """
        texts, kinds = self.received.texts(column), self.received.kinds(column)
        as_the_sheet_shows(self.received, question, column, texts, kinds)
        numbers, distinct = pd.factorize(texts)
        codes, pairs = pd.factorize(numbers * len(CellKind) + kinds)
        of_text, of_kind = np.divmod(pairs, len(CellKind))
        cells = [*zip(distinct[of_text], of_kind.tolist(), strict=True)]
        answers = [self.reader.read(text, kind, question, column) for text, kind in cells]
        doubt_one([text for text, _ in cells], answers)
        if unclear is not None:
            codes[unclear & np.isin(texts, ["○", *CROSSES])] = len(answers)
            answers.append(refused("not-a-tick"))
        states = np.array([STATES[parsed.state] for parsed in answers], np.int8)[codes]
        whole = question.type == "multi" and column == question.id
        for name in question.variables if whole else (column,):
            values = [parsed.value for parsed in answers]
            if whole:
                option = int(name.rpartition("_")[2])
                values = [None if picks is None else option in picks for picks in values]
            typed = pd.Series(values, dtype="object").astype(question.dtype)
            self.values[name] = typed.array.take(codes)
            self.state[name] = states.copy()
            self.column[name] = column
        if any(parsed.other for parsed in answers):
            self.words[question.id] = np.array([parsed.other for parsed in answers], object)[codes]
        noted = np.array([bool(parsed.rules) for parsed in answers])[codes]
        for i in np.flatnonzero(noted).tolist():
            self.note(i, column, answers[codes[i]], question)

    def _take_words(self, name: str, owner: Question) -> None:
        """The words beside an option "other", which may also stand alone, without the answer."""
        if owner.id in self.words:
            words = self.words[owner.id]
            here = (self.state[name] == EMPTY) & (words != "")
            self.values[name][here] = words[here]
            self.state[name][here] = ANSWERED
        unsaid = np.all([self.state[part] == EMPTY for part in owner.variables], axis=0)
        alone = unsaid & (self.state[name] == ANSWERED)
        assert owner.other_option is not None  # of which the words are
        other = owner.other_option.code
        for part in owner.variables if alone.any() else ():
            ticked = part == f"{owner.id}_{other}"
            self.values[part][alone] = ticked if owner.type == "multi" else other
            self.state[part][alone] = ANSWERED
        for i in np.flatnonzero(alone).tolist():
            self.notes.append(Note(i, name, "other-words", str(self.values[name][i])))

    def note(self, i: int, column: str, answer: Parsed, question: Question) -> None:
        """The findings of one cell."""
        value = value_text(answer.value, question)
        self.notes += [Note(i, column, rule, value, answer.more) for rule in answer.rules]

    def arrived(self) -> tuple[np.ndarray, np.ndarray]:
        """The date of each reply, NaT where it is not known, and the time as a part of the day."""
        question = self.codebook.identity("received")
        if question is None:
            return np.full(self.n, "NaT", "datetime64[s]"), np.full(self.n, np.nan)
        days = pd.to_datetime(self.values[question.id], errors="coerce", format="ISO8601")
        days = days.to_numpy("datetime64[s]")
        if question.id not in self.there:
            return days, np.full(self.n, np.nan)
        codes, distinct = pd.factorize(self.received.texts(question.id))
        return days, np.array([clock(text) for text in distinct], float)[codes]

    # --- ticks -----------------------------------------------------------------------------

    def complete_ticks(self, question: Question) -> None:
        """Options in columns of their own become one answer: all of one state in each reply.

        What `answers` asks of options in one cell is asked of them. An answer is refused whole.
        """
        names, exclusive = question.variables, [option.exclusive for option in question.options]
        states, ticks = np.column_stack([self.state[n] for n in names]), self._ticked(names)
        unread = (states == UNREADABLE).any(axis=1)
        answered = (states == ANSWERED).any(axis=1) & ~unread
        if any(exclusive):
            # "none of these" was offered and not ticked either: zeros alone are no answer
            silent = answered & ~ticks.any(axis=1)
            answered &= ~silent
            states[silent] = EMPTY
        first = states[np.arange(self.n), (states != EMPTY).argmax(axis=1)]  # such as 非該当
        whole = np.where(answered, ANSWERED, np.where(unread, UNREADABLE, first)).astype(np.int8)
        for name, own in zip(names, states.T, strict=True):
            unticked = answered & (own != ANSWERED)
            for i in np.flatnonzero(unticked & (own != EMPTY)).tolist():
                rule = "not-ticked" if own[i] == NOT_APPLICABLE else "unsure-tick"
                self.notes.append(Note(i, name, rule, "0"))
            self.values[name][unticked] = False
            self.values[name][~answered] = None
            self.state[name] = whole.copy()
        count, alone = ticks.sum(axis=1), ticks[:, exclusive].any(axis=1)
        broken = (alone & (count > 1)) | (count > (question.max_choices or len(names)))
        for i in np.flatnonzero(unread | (answered & broken)).tolist():
            codes = {o.code for o, on in zip(question.options, ticks[i], strict=True) if on}
            answer = refused("beside-refused") if unread[i] else judged(codes, (), question)
            if answer.state == "answered":  # too many: one question to the office, at a tick
                self.note(i, names[ticks[i].argmax()], answer, question)
                continue
            for name, own in zip(names, states[i], strict=True):
                if own != UNREADABLE and name in self.filled and self.filled[name][i]:
                    self.note(i, name, answer, question)
                self.values[name][i], self.state[name][i] = None, UNREADABLE
        self.notes = [  # without the notes on how a tick was read that is refused now
            note
            for note in self.notes
            if not (note.value and note.variable in names)
            or self.state[note.variable][note.record] != UNREADABLE
        ]

    def _ticked(self, names: tuple[str, ...]) -> np.ndarray:
        """Which of these variables are true, a row a record."""
        if self.codebook.question_of[names[0]].type != "multi":
            return np.ones((self.n, 1), bool)
        return np.column_stack([self.values[name].to_numpy(bool, na_value=False) for name in names])

    # --- identity --------------------------------------------------------------------------

    def note_identity(self, who: Identified) -> None:
        """Note replies of unknown municipalities, and answers that a later reply replaced."""
        dropped = {*who.unidentified, *who.superseded}
        self.notes = [note for note in self.notes if note.record not in dropped]
        self.notes += who.notes  # of replaced replies, too: their municipality may be wrong
        self.counts = np.isin(np.arange(self.n), who.counting)
        noted = {note[:2] for note in self.notes}
        for i in who.unidentified:
            names = [n for n, filled in self.filled.items() if filled[i] and (i, n) not in noted]
            if names:
                self.remarks.append(self._nobodys(i, names))
        replied = set(who.codes[who.counting])
        for i in (i for i in who.blank if who.codes[i] not in replied):
            first = next(name for name in who.variables if self.filled[name][i])
            self.notes.append(Note(i, first, "blank"))
        blanked = dict[tuple[int, str], Note]()  # asked about where it is lacking, and once
        held = dict[str, list[str]]()  # column -> the variables that it holds
        for variable, column in self.column.items():
            held.setdefault(column, []).append(variable)
        for i, later in who.superseded.items():
            names = [name for name, filled in self.filled.items() if filled[i]]
            identity = next((name for name in who.variables if name in names), None)
            if identity and who.dissolved[i] != who.dissolved[later]:
                self.notes.append(Note(i, identity, "dissolved", self.received.place(later)))
                continue  # of another municipality as it seems: nothing was changed
            for name in names:
                own, new = self.received.text(name, i), self.received.text(name, later)
                if name == identity:
                    rule = "same-date" if i in who.same_date else "superseded"
                    self.notes.append(Note(i, name, rule, self.received.place(later)))
                elif new == own or self._as_before(held.get(name, []), i, later):
                    continue
                elif new.strip() or self._unticked(name, later):
                    self.notes.append(Note(i, name, "changed", new if new.strip() else "0"))
                else:
                    at = later if self.there[name][later] else i
                    blanked[at, name] = Note(at, name, "blanked", more=own)
        self.notes += blanked.values()

    def _as_before(self, own: list[str], i: int, later: int) -> bool:
        """Whether the variables of a column are as in the reply that was replaced: 費用 and 1."""
        question = self.codebook.question_of.get(own[0]) if own else None
        words = self.words.get(question.id) if question else None
        return (
            bool(own)
            and (words is None or words[i] == words[later])
            and all(
                self.state[variable][i] == self.state[variable][later] == ANSWERED
                and self.values[variable][i] == self.values[variable][later]
                for variable in own
            )
        )

    def _unticked(self, name: str, i: int) -> bool:
        """Whether a column is of one option, beside which others are chosen."""
        question = self.codebook.question_of.get(name)
        return question is not None and question.type == "multi" and self.state[name][i] == ANSWERED

    def _nobodys(self, i: int, names: list[str]) -> Remark:
        """One finding for all answers of a reply whose municipality is unknown, first to last cell.

        Once the office says who it was, all of them are settled.
        """
        at = np.array([self.received.positions[name][i] for name in names])
        cells = self.received.cells.iloc[at].sort_values(["row", "column"], kind="stable")
        place = ":".join(dict.fromkeys(addresses(cells.iloc[[0, -1]])))
        file, sheet = self.received.sources.loc[i]
        return Remark("who", file, sheet, place, excerpt([*cells["text"]]), record=i)

    # --- logic -----------------------------------------------------------------------------

    def apply_skip_rules(self) -> None:
        """Give empty cells their kind of missing; drop answers to questions that were skipped."""
        for name, column in self.column.items():
            self.end[column][self.filled[column] & (self.state[name] == UNREADABLE)] = UNREADABLE
        left_out: CellKeys = {}
        for question in self.codebook:
            out = np.zeros(self.n, bool)
            if question.ask_if is not None:
                rule = Expression(question.ask_if)
                applies = rule.evaluate(self._frame(rule.names)).astype("boolean")
                out = (~applies).fillna(self._behind(rule.names)).to_numpy(bool)
                left_out |= self._leave_out(question, out, applies.isna().to_numpy(bool))
                self._claimed(question, applies.fillna(False).to_numpy(bool))
            there = self._there(question)
            for name in question.variables:
                empty = self.state[name] == EMPTY
                kinds = np.where(out, NOT_APPLICABLE, np.where(there, NO_ANSWER, NOT_SURVEYED))
                self.state[name][empty] = kinds[empty]
        self.notes = [note for note in self.notes if note[:2] not in left_out]
        self.notes += [Note(i, column, "left-out") for i, column in left_out]

    def _behind(self, names: set[str]) -> pd.Series:
        """Where nothing but a question that was itself left out keeps a rule from being decided."""
        states = np.column_stack([self.state[name] for name in self._used(names)])
        known = np.isin(states, (ANSWERED, NOT_APPLICABLE)).all(axis=1)
        return pd.Series(known & (states == NOT_APPLICABLE).any(axis=1))

    def _there(self, question: Question) -> np.ndarray:
        """Which records come from files that ask this question."""
        names = question.variables
        if question.other_of:  # it may stand beside that question
            names = (*names, *self.codebook[question.other_of].variables)
        columns = {self.column[name] for name in names if name in self.column}
        return np.any([self.there[name] for name in columns] or [np.zeros(self.n, bool)], axis=0)

    def _leave_out(self, question: Question, out: np.ndarray, unknown: np.ndarray) -> CellKeys:
        """Drop what was answered to a question that did not apply; the cells that said something.

        Form tools write 0 for each option of a question that was skipped, so that zeros alone say
        nothing, either, where it is `unknown` whether it applied.
        """
        ticked = self._ticked(question.variables).any(axis=1)
        real, zeros = self.counts & ticked, unknown & ~ticked
        noted: CellKeys = {}
        for name in (name for name in question.variables if name in self.column):
            state, column = self.state[name], self.column[name]
            hit = out & (state != EMPTY) & (state != NOT_APPLICABLE) | zeros & (state == ANSWERED)
            here = hit & real & (state == ANSWERED) & self.filled[column]
            noted |= dict.fromkeys((i, column) for i in np.flatnonzero(here).tolist())
            self.values[name][hit] = None
            state[hit] = np.where(out, NOT_APPLICABLE, EMPTY)[hit]
        return noted

    def _claimed(self, question: Question, applies: np.ndarray) -> None:
        """'Not applicable' given where earlier answers make the question apply."""
        noted: dict[Any, Note] = {}  # one answer, one finding
        for name in (name for name in question.variables if name in self.column):
            column = self.column[name]
            claims = applies & self.filled[column] & self.counts
            for i in np.flatnonzero(claims & (self.state[name] == NOT_APPLICABLE)).tolist():
                answer = i if question.type == "multi" else (i, name)
                noted.setdefault(answer, Note(i, column, "not-applicable"))
        self.notes += noted.values()

    def place_cells(self, who: Identified) -> None:
        """Where each cell of an answer ends: by its state, refused, or with a reply replaced."""
        for name in who.variables:  # those that are no questions of the codebook
            self.end[name] = np.where(self.filled[name], np.int8(ANSWERED), np.int8(NO_ANSWER))
        for name, column in self.column.items():
            state, refused = self.state[name], self.end[column] == UNREADABLE
            unsaid = (state == UNREADABLE) & ~self.filled[column]
            state = np.where(unsaid, np.int8(NO_ANSWER), state)
            self.end[column] = np.where(refused, np.int8(UNREADABLE), state)
        for name, end in self.end.items():
            for dropped, place in ((who.unidentified, UNREADABLE), (who.superseded, SUPERSEDED)):
                records = np.array([*dropped], int)
                end[records[self.filled[name][records]]] = place

    def note_empty(self) -> None:
        """Empty cells where somebody may have answered: by a colour, or in a merged range."""
        cells = self.received.cells[["record", "variable", "covered"]]
        cells = cells[(cells["covered"] != "") & (cells["record"] >= 0)]  # not a corrected one
        cells = cells[~cells["variable"].isin(self.codebook.identifying("prefecture"))]
        found = {at: Note(*at, "coloured") for at in self.received.coloured}
        merged = cells.itertuples(index=False, name=None)
        found |= {(i, name): Note(i, name, "merged", more=answer) for i, name, answer in merged}
        for (i, column), note in found.items():
            if self.end[column][i] in (ANSWERED, NO_ANSWER) and self.counts[i]:
                self.notes.append(note)

    def check_answers(self) -> None:
        """Rules between answers; breaking one is doubtful and changes nothing."""
        for question in self.codebook:
            if (column := self.column.get(question.variables[0])) is None:
                continue
            for check in question.checks:
                rule = Expression(check.rule)
                holds = rule.holds(self._frame(rule.names), unknown=True)
                broken = ~holds & self.counts & self.there[column]
                self.notes += [
                    Note(i, column, "check", self._own(i, question), check.text)
                    for i in np.flatnonzero(broken).tolist()
                ]

    def _own(self, i: int, question: Question) -> str:
        """An answer as it was kept, for a finding that doubts it."""
        own = [self.values[name][i : i + 1].astype(object)[0] for name in question.variables]
        if question.type != "multi":
            return "" if pd.isna(own[0]) else value_text(own[0], question)
        codes = (o.code for o, on in zip(question.options, own, strict=True) if on is True)
        return value_text(frozenset(codes))

    def _used(self, names: set[str]) -> list[str]:
        """The variables that a rule with these names asks for."""
        owners = self.codebook.using(names)
        return [name for q in owners for name in q.variables if not names.isdisjoint({name, q.id})]

    def _frame(self, names: set[str]) -> pd.DataFrame:
        """Their answers."""
        return pd.DataFrame({name: self.values[name] for name in self._used(names)}, range(self.n))

    # --- the result ------------------------------------------------------------------------

    def finish(self, who: Identified) -> Cleaned:
        """Typed frames in the order of codes, findings in the order of the files, the ledger."""
        received, invited = self.received, self.wave.invited
        place = np.full(len(received.cells), EMPTY, np.int8)
        for name, at in received.positions.items():
            place[at[self.there[name]]] = self.end[name][self.there[name]]
        ledger = Ledger.count(received, place)
        records = np.array(who.counting, dtype=int)
        order = records[np.argsort(who.codes[records].astype(str), kind="stable")]
        index = pd.Index(who.codes[order].astype(str), name="code", dtype="str")
        variables = list(self.codebook.variables)
        own_sizes: list[str | None] = [None] * self.n
        if (sizes := self.codebook.identity("size_class")) is not None:
            own_sizes = sizes_of_answers(sizes, self.values[sizes.id])
        register = register_of(self.wave, who, order, own_sizes)
        answers = {name: self.values.pop(name).take(order) for name in variables}  # no second time
        codes = {name: self.state.pop(name)[order] for name in variables}
        states = {name: pd.Categorical.from_codes(own, STATUSES) for name, own in codes.items()}
        if isinstance(invited, int) and len(order) > invited:
            more = Remark("more-replies", "wave.yml", "", "", str(invited), str(len(order)))
            self.remarks.append(more)
        return Cleaned(
            responses=pd.DataFrame(answers, index, copy=False),
            status=pd.DataFrame(states, index, copy=False),
            register=register,
            findings=as_findings(
                *(self.notes, received, who.codes, register["name"], self.remarks),
                own_register=self.wave.own is not None,
            ),
            outside=received.outside,
            ledger=ledger,
        )
