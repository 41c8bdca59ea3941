"""Raw cells become responses, with a finding for whatever was changed, refused or doubted.

Work goes column by column: each distinct text of a column is read once and spread over its rows.
Every cell ends in exactly one place, which the ledger counts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.cleaning.answers import Parsed, Reader, judged
from analysis.cleaning.findings import Note, counted, listed
from analysis.cleaning.respondents import Identified, identify, register_of
from analysis.codebook.model import STATUSES, Codebook, Question
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.intake.read import RawTable
from analysis.intake.workbook import CellKind
from analysis.text import Language, labels


def spread(read: list[Parsed], codes: np.ndarray, option: int | None) -> np.ndarray:
    """Values of the distinct texts over the rows; for one option of a multi, whether chosen."""
    distinct = np.empty(len(read), object)
    for u, parsed in enumerate(read):
        value = parsed.value
        if option is not None and value is not None:
            value = option in value
        distinct[u] = value
    return distinct[codes]


def where(condition: np.ndarray, this: Any, that: Any) -> np.ndarray:
    """`np.where` of object arrays."""
    return np.where(condition, this, that)


def typed(values: np.ndarray, question: Question) -> Any:
    """A column of answers with the dtype of its question; None where there is no value."""
    series = pd.Series(values, dtype="object")
    if question.dtype == "datetime64[s]":
        return pd.to_datetime(series).astype("datetime64[s]")
    if question.dtype == "str":
        return series.astype("str").where(series.notna(), None).astype("str")
    return series.astype(question.dtype)


def shown(value: Any, question: Question | None = None) -> str:
    """A value as a finding tells it: codes, not True and False.

    >>> shown(frozenset({3, 1})), shown(True), shown(62.0)
    ('1、3', '1', '62')
    """
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, frozenset):
        return "、".join(str(code) for code in sorted(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dt.date):
        month = question is not None and question.precision == "month"
        return value.isoformat()[:7] if month else value.isoformat()
    return "" if value is None else str(value)


ANSWERED, NO_ANSWER, NOT_APPLICABLE, DONT_KNOW, NOT_SURVEYED, UNREADABLE = range(len(STATUSES))
EMPTY = -1


class TickColumns:
    """The part of a cleaning that puts ticks together; values, states and findings by cell."""

    n: int
    raw: RawTable
    codebook: Codebook
    values: dict[str, np.ndarray]  # variable -> a value a record
    state: dict[str, np.ndarray]
    cell_of: dict[str, int]  # variable -> column of its cell
    notes: list[Note]
    category: np.ndarray  # where each cell ends

    def note(self, i: int, j: int, read: Parsed, question: Question) -> None:
        """The findings of one cell."""
        value = shown(read.value, question)
        self.notes += [Note(i, j, rule, value, read.more) for rule in read.rules]

    def complete_ticks(self, question: Question) -> None:
        """Options in columns of their own become one answer: all of one state in each reply."""
        names = question.variables
        states = np.column_stack([self.state[name] for name in names])
        unread = (states == UNREADABLE).any(axis=1)
        told = (states == ANSWERED).any(axis=1) & ~unread
        first = states[np.arange(self.n), (states != EMPTY).argmax(axis=1)]  # such as 非該当
        for name, own in zip(names, states.T, strict=True):
            unticked = told & (own != ANSWERED)
            if name in self.cell_of:
                j = self.cell_of[name]
                for i in np.flatnonzero(unticked & (own != EMPTY)).tolist():
                    rule = "not-ticked" if own[i] == NOT_APPLICABLE else "unsure-tick"
                    self.notes.append(Note(i, j, rule, "0"))
            self.values[name] = where(unticked, False, self.values[name])
            self._become(name, unticked, ANSWERED)
            for kind in (NO_ANSWER, NOT_APPLICABLE, DONT_KNOW, NOT_SURVEYED):
                self._become(name, ~told & ~unread & (first == kind), kind)
        for i in np.flatnonzero(unread).tolist():
            self._refuse_ticks(i, names, Parsed("unreadable", None, ("beside-refused",)))
        self._check_ticks(question)
        own = {self.cell_of[name] for name in names if name in self.cell_of}
        self.notes = [  # how a tick was read is of no use where it was not taken
            n for n in self.notes
            if not (n.value and n.column in own and self.category[n[:2]] == UNREADABLE)
        ]  # fmt: skip

    def _become(self, name: str, which: np.ndarray, state: int) -> None:
        self.state[name] = np.where(which, state, self.state[name]).astype(np.int8)
        if name in self.cell_of:
            self.category[which, self.cell_of[name]] = state

    def _refuse_ticks(self, i: int, names: tuple[str, ...], read: Parsed) -> None:
        """The whole answer of one reply is refused: each of its cells that says something."""
        for name in names:
            j = self.cell_of.get(name)
            if j is not None and self.raw.kind[i, j] != CellKind.EMPTY:
                if self.state[name][i] != UNREADABLE:
                    self.note(i, j, read, self.codebook.question_of[name])
                self.category[i, j] = UNREADABLE
            self.values[name][i] = None
            self.state[name][i] = UNREADABLE

    def _check_ticks(self, question: Question) -> None:
        """What `parse` asks of options in one cell, asked of those in columns of their own."""
        names = question.variables
        ticks = [where(self.state[n] == ANSWERED, self.values[n], False) for n in names]
        chosen = np.column_stack(ticks).astype(bool)
        alone = chosen[:, [option.exclusive for option in question.options]].any(axis=1)
        count = chosen.sum(axis=1)
        broken = (alone & (count > 1)) | (count > (question.max_choices or len(names)))
        for i in np.flatnonzero(broken).tolist():
            at = np.flatnonzero(chosen[i]).tolist()
            read = judged({question.options[k].code for k in at}, (), question)
            if read.state == "answered":  # too many: one question to the office, at the first tick
                self.note(i, self.cell_of[names[at[0]]], read, question)
            else:
                self._refuse_ticks(i, names, read)


PLACES = (*STATUSES, "superseded")  # of the cells in the block of answers, by their number


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
    def count(cls, raw: RawTable, category: np.ndarray) -> Ledger:
        """Count the cells of a cleaned table; `category` holds the place of each cell."""
        there = (np.broadcast_to(raw.row, category.shape) > 0) & (
            np.broadcast_to(raw.col, category.shape) > 0
        )
        files = pd.Categorical([f"{f}\0{s}" for f, s in zip(raw.file, raw.sheet, strict=True)])
        parts = []
        for place, name in enumerate(PLACES):
            per_record = ((category == place) & there).sum(axis=1)
            per_file = np.bincount(files.codes, weights=per_record, minlength=len(files.categories))
            for where, cells in zip(files.categories, per_file, strict=True):
                file, _, sheet = str(where).partition("\0")
                parts.append((file, sheet, name, int(cells)))
        for (file, sheet, reason), group in raw.outside.groupby(["file", "sheet", "reason"]):
            parts.append((str(file), str(sheet), str(reason), len(group)))
        counts = pd.DataFrame(parts, columns=["file", "sheet", "place", "cells"])
        counts = counts[counts["cells"] > 0].reset_index(drop=True)
        return cls(counts, int(there.sum()) + len(raw.outside))

    def without_files(self) -> Ledger:
        """The same counts without the names of files and sheets, which may name who sent them."""
        counts = self.counts.groupby("place", as_index=False)["cells"].sum()
        return Ledger(counts.assign(file="", sheet="")[list(self.counts)], self.received)

    def without_kinds(self) -> Ledger:
        """The same counts with all kinds of missing answers together."""
        counts = self.counts.replace({"place": dict.fromkeys(STATUSES[1:], "no_value")})
        counts = counts.groupby(["file", "sheet", "place"], as_index=False).sum()
        return Ledger(counts, self.received)

    def check(self) -> None:
        """The sum must be right.

        Raises
        ------
        AssertionError : a cell is lost or counted twice; a fault of the workbench, not of the data.
        """
        total = int(self.counts["cells"].sum())
        if total != self.received:
            raise AssertionError(
                f"the ledger does not add up: {self.received} cells received, {total} accounted for"
            )

    def table(self, language: Language = "ja") -> pd.DataFrame:
        """The ledger to read: a row a place, with the total at the end."""
        words = labels("ledger", language)
        sums = self.counts.groupby("place")["cells"].sum()
        rows = [(words[place], int(sums[place])) for place in words if place in sums]
        rows += [(words["sum"], int(sums.sum())), (words["received"], self.received)]
        return pd.DataFrame(rows, columns=[words["where"], words["cells"]])


SUPERSEDED = len(STATUSES)  # places of the ledger that are no state of an answer


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
        found = counted(self.findings, language)
        said = "回答" if language == "ja" else "replies"
        replied = (self.register["replied"] & self.register["invited"]).sum()
        head = (
            f"{said} {len(self.responses)}" if invited is None else f"{said} {replied} / {invited}"
        )
        return f"{head}\n{self.ledger.table(language).to_string(index=False)}\n{found}"


def clean(raw: RawTable, wave: Wave, codebook: Codebook) -> Cleaned:
    """Read every cell of a wave; nothing is lost and nothing guessed in silence."""
    work = _Cleaning(raw, wave, codebook)
    work.read_columns()
    who = identify(raw, wave, codebook, work.column_text, work.received())
    work.note_identity(who)
    work.apply_skip_rules()
    work.note_merged()
    work.check_answers()
    return work.finish(who)


class _Cleaning(TickColumns):
    """The state of one cleaning: values, states and findings by cell."""

    def __init__(self, raw: RawTable, wave: Wave, codebook: Codebook) -> None:
        self.raw, self.wave, self.codebook = raw, wave, codebook
        self.n, self.m = raw.kind.shape
        self.at = {name: j for j, name in enumerate(raw.column_variable) if name is not None}
        self.reader = Reader(codebook)
        self.values: dict[str, np.ndarray] = {}
        self.state: dict[str, np.ndarray] = {}
        self.cell_of: dict[str, int] = {}  # variable -> column of its cell
        self.notes: list[Note] = []
        self.category = np.full((self.n, self.m), EMPTY, np.int8)
        shape = (self.n, self.m)
        self.there = (np.broadcast_to(raw.row, shape) > 0) & (np.broadcast_to(raw.col, shape) > 0)

    def column_text(self, j: int) -> np.ndarray:
        """The texts of one column."""
        return self.raw.text.iloc[:, j].to_numpy(object)

    # --- reading ---------------------------------------------------------------------------

    def read_columns(self) -> None:
        """Every question of the codebook from the columns that hold it."""
        for question in self.codebook:
            if question.id in self.at and question.type != "battery":
                self._read(question, question.id, self.at[question.id])
                continue
            for variable in question.variables:
                if variable in self.at:
                    self._read(question, variable, self.at[variable])
                else:
                    self.values[variable] = np.full(self.n, None, object)
                    self.state[variable] = np.full(self.n, EMPTY, np.int8)
            if question.type == "multi":
                self.complete_ticks(question)

    def _read(self, question: Question, variable: str, j: int) -> None:
        texts, kinds = self.column_text(j), self.raw.kind[:, j].copy()
        for (i, c), shown in self.raw.number_format.items():
            if c == j and "%" in shown and kinds[i] == CellKind.NUMBER:
                texts[i] = f"{float(texts[i]) * 100:.10g}%"
                kinds[i] = CellKind.TEXT
        keys = pd.MultiIndex.from_arrays([texts, kinds])
        codes, distinct = pd.factorize(keys)
        read = [self.reader.read(text, int(kind), question, variable) for text, kind in distinct]
        states = np.array([_STATE[p.state] for p in read], np.int8)[codes]
        whole = question.type == "multi" and variable == question.id
        for name in question.variables if whole else (variable,):
            option = int(name.rpartition("_")[2]) if whole else None
            self.values[name] = spread(read, codes, option)
            self.state[name] = states
            self.cell_of[name] = j
        self.category[:, j] = states
        noted = np.array([bool(parsed.rules) for parsed in read])[codes]
        for i in np.flatnonzero(noted).tolist():
            self.note(i, j, read[codes[i]], question)

    def received(self) -> np.ndarray:
        """The date of each reply, None where it is not told."""
        question = self.codebook.identity("received")
        return self.values[question.id] if question else np.full(self.n, None, object)

    # --- identity --------------------------------------------------------------------------

    def note_identity(self, who: Identified) -> None:
        """Findings on who replied; records that do not count lose their values."""
        dropped = {*who.unidentified, *who.superseded}
        self.notes = [note for note in self.notes if note.record not in dropped]
        self.notes += who.notes  # of a reply that was replaced, too: it may be of another
        self.who_at = who.columns
        told = {note[:2] for note in self.notes}
        for i in who.unidentified:
            self._disown(i, told)
        for i, later in who.superseded.items():
            self._replace(i, later, "same-date" if i in who.same_date else "superseded")
        self.kept = np.array(who.kept, dtype=int)
        self.counts = np.isin(np.arange(self.n), self.kept)
        self.codes = who.codes
        for j in who.columns:  # those that are no questions of the codebook
            unread = self.there[:, j] & (self.category[:, j] == EMPTY)
            filled = self.raw.kind[:, j] != CellKind.EMPTY
            self.category[unread, j] = np.where(filled, ANSWERED, NO_ANSWER)[unread]

    def _disown(self, i: int, told: set[tuple[int, int]]) -> None:
        """Take out a reply that is nobody's: each of its cells is refused, but once."""
        said = np.flatnonzero(self.raw.kind[i] != CellKind.EMPTY)
        self.category[i, said] = UNREADABLE
        self.notes += [Note(i, j, "who") for j in said.tolist() if (i, j) not in told]

    def _replace(self, i: int, later: int, rule: str) -> None:
        """Take out a reply for a later one: a finding for it, and for each answer that changed."""
        said = np.flatnonzero(self.raw.kind[i] != CellKind.EMPTY)
        self.category[i, said] = SUPERSEDED
        own, new = (self.raw.text.iloc[at].to_numpy(object) for at in (i, later))
        who = next((j for j in self.who_at if j in said), None)
        if who is not None:
            self.notes.append(Note(i, who, rule, self.raw.place(later)))
        for j in said.tolist():
            if j != who and new[j] != own[j]:
                changed = "changed" if new[j].strip() else "blanked"
                self.notes.append(Note(i, j, changed, str(new[j])))

    # --- logic -----------------------------------------------------------------------------

    def apply_skip_rules(self) -> None:
        """Empty cells become not applicable, not surveyed or no answer; what is left out is out."""
        left_out: set[tuple[int, int]] = set()
        for question in self.codebook:
            out = np.zeros(self.n, bool)
            if question.ask_if is not None:
                rule = Expression(question.ask_if)
                asked = rule.evaluate(self._frame(rule.names)).astype("boolean")
                out = (~asked).fillna(self._behind(rule.names)).to_numpy(bool)
                left_out |= self._leave_out(question, out)
                self._claimed(question, asked.fillna(False).to_numpy(bool))
            there = self._there(question)
            for name in question.variables:
                state = self.state[name]
                empty = np.where(out, NOT_APPLICABLE, np.where(there, NO_ANSWER, NOT_SURVEYED))
                self._set(name, np.where(state == EMPTY, empty, state).astype(np.int8))
        self.notes = [n for n in self.notes if n.rule == "left-out" or n[:2] not in left_out]

    def _behind(self, names: set[str]) -> pd.Series:
        """Where nothing but a question that was itself left out keeps a rule from being decided."""
        states = np.column_stack([
            state for name, state in self.state.items()
            if {name, self.codebook.question_of[name].id} & names
        ])  # fmt: skip
        known = np.isin(states, (ANSWERED, NOT_APPLICABLE)).all(axis=1)
        return pd.Series(known & (states == NOT_APPLICABLE).any(axis=1))

    def _there(self, question: Question) -> np.ndarray:
        """Which records come from files that ask this question."""
        columns = sorted({self.cell_of[v] for v in question.variables if v in self.cell_of})
        return np.asarray(self.there[:, columns].any(axis=1))

    def _leave_out(self, question: Question, out: np.ndarray) -> set[tuple[int, int]]:
        noted: set[tuple[int, int]] = set()
        for name in question.variables:
            if name not in self.cell_of:
                continue
            j, state = self.cell_of[name], self.state[name]
            hit = out & (state != EMPTY) & (state != NOT_APPLICABLE)
            counts = (self.raw.kind[:, j] != 0) & (self.category[:, j] < UNREADABLE)
            for i in np.flatnonzero(hit & (state == ANSWERED) & counts):
                if (int(i), j) not in noted:
                    noted.add((int(i), j))
                    self.notes.append(Note(int(i), j, "left-out"))
            self.values[name] = where(hit, None, self.values[name])
            self._set(name, np.where(hit, NOT_APPLICABLE, state).astype(np.int8))
        return noted

    def _claimed(self, question: Question, applies: np.ndarray) -> None:
        """'Not applicable' given where earlier answers make the question apply."""
        told: set[int] = set()
        for name in question.variables:
            if (j := self.cell_of.get(name)) is None:
                continue
            said = (self.raw.kind[:, j] != CellKind.EMPTY) & (self.category[:, j] < UNREADABLE)
            given = applies & said & (self.state[name] == NOT_APPLICABLE)
            for i in np.flatnonzero(given).tolist():
                if question.type != "multi" or i not in told:  # one answer, told once
                    self.notes.append(Note(i, j, "not-applicable"))
                told.add(i)

    def _set(self, name: str, state: np.ndarray) -> None:
        self.state[name] = state
        if name in self.cell_of:
            j = self.cell_of[name]
            active = self.there[:, j] & (self.category[:, j] < UNREADABLE)
            unsaid = (state == UNREADABLE) & (self.raw.kind[:, j] == CellKind.EMPTY)
            self.category[active, j] = np.where(unsaid, NO_ANSWER, state)[active]

    def note_merged(self) -> None:
        """Cells that a merged range covers are empty in the file, yet somebody answered there."""
        for (i, j), (i0, j0) in self.raw.merged.items():
            asked = self.category[i, j] in (ANSWERED, NO_ANSWER)
            if asked and self.raw.kind[i0, j0] and self.counts[i]:
                here = f"{self.raw.address(i0, j0)}: {self.raw.text.iat[i0, j0]}"
                self.notes.append(Note(i, j, "merged", more=here))

    def check_answers(self) -> None:
        """Rules between answers; breaking one is doubtful and changes nothing."""
        for question in self.codebook:
            j = self.cell_of.get(question.variables[0])
            if j is None:
                continue
            for check in question.checks:
                rule = Expression(check.rule)
                kept = rule.evaluate(self._frame(rule.names)).astype("boolean")
                broken = (~kept).fillna(False).to_numpy(bool) & self.counts
                more = f"{check.ja}\0{check.en}"
                self.notes += [
                    Note(i, j, "check", self._own(i, question), more)
                    for i in np.flatnonzero(broken).tolist()
                ]

    def _own(self, i: int, question: Question) -> str:
        """An answer as it was kept, for a finding that doubts it."""
        if question.type != "multi":
            return shown(self.values[question.variables[0]][i], question)
        told = zip(question.options, question.variables, strict=True)
        return shown(frozenset(o.code for o, name in told if self.values[name][i]))

    def _frame(self, names: set[str] | None = None) -> pd.DataFrame:
        """The answers, typed; `names`: only these questions or variables."""
        answers = {}
        for variable, values in self.values.items():
            question = self.codebook.question_of[variable]
            if names is None or {variable, question.id} & names:
                told = where(self.state[variable] == ANSWERED, values, None)
                answers[variable] = typed(told, question)
        return pd.DataFrame(answers, index=range(self.n))

    # --- the result ------------------------------------------------------------------------

    def finish(self, who: Identified) -> Cleaned:
        """Typed frames in the order of codes, findings in the order of the files, the ledger."""
        order = self.kept[np.argsort(self.codes[self.kept].astype(str), kind="stable")]
        index = pd.Index(self.codes[order].astype(str), name="code", dtype="str")
        frame = self._frame().iloc[order].set_axis(index)
        names = np.array(STATUSES, dtype=object)
        kinds = pd.CategoricalDtype(list(STATUSES))
        status = pd.DataFrame(
            {
                name: pd.Categorical(names[self.state[name][order]], dtype=kinds)
                for name in self.values
            },
            index=index,
        )
        variables = list(self.codebook.variables)
        register = register_of(self.wave, who, order, self.codebook, frame)
        return Cleaned(
            responses=frame[variables],
            status=status[variables],
            register=register,
            findings=listed(self.notes, self.raw, self.codes, register["name"].to_dict()),
            outside=self.raw.outside,
            ledger=Ledger.count(self.raw, self.category),
        )


_STATE = {**{name: number for number, name in enumerate(STATUSES)}, "empty": EMPTY}
