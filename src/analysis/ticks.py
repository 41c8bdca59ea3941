"""Options in columns of their own -> one answer, all of one state in each reply."""

from __future__ import annotations

import numpy as np

from analysis import columns
from analysis.codebook import STATUSES, Codebook, Question
from analysis.findings import Note
from analysis.intake import RawTable
from analysis.parse import judged
from analysis.parsed import Parsed
from analysis.sheet import CellKind

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
        value = columns.shown(read.value, question)
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
            self.values[name] = columns.where(unticked, False, self.values[name])
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
        ticks = [columns.where(self.state[n] == ANSWERED, self.values[n], False) for n in names]
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
