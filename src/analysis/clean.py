"""Raw cells -> responses, with a finding for whatever was changed, refused or doubted.

Work goes column by column: each distinct text of a column is read once and spread over its rows.
Every cell ends in exactly one place, which the ledger counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import columns
from analysis.codebook import STATUSES, Codebook, Question
from analysis.expression import Expression
from analysis.findings import Note, counted, listed
from analysis.identity import Identified, identify
from analysis.intake import RawTable
from analysis.ledger import Ledger
from analysis.parse import Reader
from analysis.respondents import register_of
from analysis.sheet import CellKind
from analysis.text import Language
from analysis.ticks import (
    ANSWERED,
    EMPTY,
    NO_ANSWER,
    NOT_APPLICABLE,
    NOT_SURVEYED,
    UNREADABLE,
    TickColumns,
)
from analysis.wave import Wave

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
            self.values[name] = columns.spread(read, codes, option)
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
            self.values[name] = columns.where(hit, None, self.values[name])
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
            return columns.shown(self.values[question.variables[0]][i], question)
        told = zip(question.options, question.variables, strict=True)
        return columns.shown(frozenset(o.code for o, name in told if self.values[name][i]))

    def _frame(self, names: set[str] | None = None) -> pd.DataFrame:
        """The answers, typed; `names`: only these questions or variables."""
        answers = {}
        for variable, values in self.values.items():
            question = self.codebook.question_of[variable]
            if names is None or {variable, question.id} & names:
                told = columns.where(self.state[variable] == ANSWERED, values, None)
                answers[variable] = columns.typed(told, question)
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
