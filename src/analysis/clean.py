"""Raw cells -> responses, with a finding for whatever was changed, refused or doubted.

Work goes column by column: each distinct text of a column is read once and spread over its rows.
Every cell ends in exactly one place, which the ledger counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis import municipality
from analysis.codebook import STATUSES, Codebook, Question
from analysis.errors import InputError
from analysis.expression import Expression
from analysis.identity import Identified, identify
from analysis.intake import RawTable
from analysis.ledger import Ledger
from analysis.parse import Parsed, Reader
from analysis.rules import RULES
from analysis.wave import Invited, Wave

SEVERITIES = ("repaired", "doubtful", "refused")
FINDINGS = [
    *("file", "sheet", "cell", "code", "name", "question", "rule", "severity"),
    *("raw", "value", "ja", "en"),
]
ANSWERED, NO_ANSWER, NOT_APPLICABLE, DONT_KNOW, NOT_SURVEYED, UNREADABLE = range(len(STATUSES))
EMPTY = -1


@dataclass(frozen=True)
class Cleaned:
    """A wave after cleaning; see the working words in the package's documentation."""

    responses: pd.DataFrame
    status: pd.DataFrame
    register: pd.DataFrame
    findings: pd.DataFrame
    ledger: Ledger

    def describe(self, language: str = "ja") -> str:
        """The ledger and the findings in a few lines for the terminal."""
        counts = self.findings["severity"].value_counts()
        listed = ", ".join(f"{kind} {int(counts.get(kind, 0))}" for kind in SEVERITIES)
        head = f"{len(self.responses)} / {len(self.register)}"
        return f"{head}\n{self.ledger.table(language).to_string(index=False)}\n{listed}"


def clean(raw: RawTable, wave: Wave, codebook: Codebook) -> Cleaned:
    """Read every cell of a wave; nothing is lost and nothing guessed in silence."""
    work = _Cleaning(raw, wave, codebook)
    work.read_columns()
    who = identify(raw, wave, codebook, work.column_text, work.received())
    work.note_identity(who)
    work.apply_skip_rules()
    work.check_answers()
    return work.finish(who)


class _Cleaning:
    """The state of one cleaning: values, states and findings by cell."""

    def __init__(self, raw: RawTable, wave: Wave, codebook: Codebook) -> None:
        self.raw, self.wave, self.codebook = raw, wave, codebook
        self.n, self.m = raw.kind.shape
        self.at = {name: j for j, name in enumerate(raw.column_variable) if name is not None}
        self.reader = Reader(codebook)
        self.values: dict[str, np.ndarray] = {}
        self.state: dict[str, np.ndarray] = {}
        self.cell_of: dict[str, int] = {}  # variable -> column of its cell
        self.notes: list[tuple[int, int, str, str, str]] = []  # record, column, rule, value, more
        self.category = np.full((self.n, self.m), EMPTY, np.int8)
        self.extra: list[dict[str, str]] = []

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
                    self._absent(question, variable)
            if question.type == "multi":
                self._complete_ticks(question)

    def _read(self, question: Question, variable: str, j: int) -> None:
        texts, kinds = self.column_text(j), self.raw.kind[:, j].copy()
        formats = {i: f for (i, c), f in self.raw.number_format.items() if c == j and "%" in f}
        for i in formats:
            texts[i] = f"{float(texts[i]) * 100:.10g}%"
            kinds[i] = 1
        keys = pd.MultiIndex.from_arrays([texts, kinds])
        codes, distinct = pd.factorize(keys)
        read = [self.reader.read(text, int(kind), question, variable) for text, kind in distinct]
        states = np.array([_STATE[p.state] for p in read], np.int8)[codes]
        whole = question.type == "multi" and variable == question.id
        for name in question.variables if whole else (variable,):
            option = int(name.rpartition("_")[2]) if whole else None
            self.values[name] = _spread(read, codes, option)
            self.state[name] = states
            self.cell_of[name] = j
        self.category[:, j] = states
        for u, parsed in enumerate(read):
            if parsed.rules:
                shown = _shown(parsed.value)
                for i in np.flatnonzero(codes == u):
                    self._note_all(int(i), j, parsed.rules, shown, parsed.more)

    def _note_all(self, i: int, j: int, rules: Iterable[str], value: str, more: str) -> None:
        self.notes += [(i, j, rule, value, more) for rule in rules]

    def _absent(self, question: Question, variable: str) -> None:
        """A variable without a column: nobody was asked it in this file."""
        self.values[variable] = np.full(self.n, None, object)
        self.state[variable] = np.full(self.n, EMPTY, np.int8)

    def _complete_ticks(self, question: Question) -> None:
        """Options in columns of their own: an empty one is not ticked where another is."""
        names = question.variables
        states = np.column_stack([self.state[name] for name in names])
        some = ((states == ANSWERED) | (states == EMPTY)).all(axis=1) & (states == ANSWERED).any(
            axis=1
        )
        for name in names:
            blank = some & (self.state[name] == EMPTY)
            self.values[name] = np.where(blank, False, self.values[name])
            self.state[name] = np.where(blank, ANSWERED, self.state[name]).astype(np.int8)
            if name in self.cell_of:
                self.category[blank, self.cell_of[name]] = ANSWERED

    def received(self) -> np.ndarray:
        """The date of each reply, None where it is not told."""
        question = self.codebook.identity("received")
        return self.values[question.id] if question else np.full(self.n, None, object)

    # --- identity --------------------------------------------------------------------------

    def note_identity(self, who: Identified) -> None:
        """Findings on who replied; records that do not count lose their values."""
        self.notes += who.notes
        for i in who.unidentified:
            self._drop(i, "who", {})
        for i, later in who.superseded.items():
            rule = "same-date" if i in who.same_date else "superseded"
            self._drop(i, rule, dict(enumerate(self.raw.text.iloc[later])))
        self.kept = np.array(who.kept, dtype=int)
        self.codes = who.codes
        for j in who.columns:
            filled = self.raw.kind[:, j] != 0
            self.category[filled, j] = np.where(
                self.category[filled, j] == EMPTY, ANSWERED, self.category[filled, j]
            )

    def _drop(self, i: int, rule: str, later: dict[int, str]) -> None:
        """Take a whole reply out; each of its cells that says something stands in a finding."""
        self.notes = [note for note in self.notes if note[0] != i or note[2] == "who"]
        noted = {note[1] for note in self.notes if note[0] == i}
        for j in range(self.m):
            if self.raw.kind[i, j] == 0:
                continue
            self.category[i, j] = UNREADABLE
            text = str(self.raw.text.iat[i, j])
            if j not in noted and (not later or later[j] != text):
                self.notes.append((i, j, rule, later.get(j, ""), ""))

    # --- logic -----------------------------------------------------------------------------

    def apply_skip_rules(self) -> None:
        """Empty cells become not applicable or no answer; answers to left-out questions are out."""
        for question in self.codebook:
            asked: np.ndarray | None = None
            if question.ask_if is not None:
                verdict = Expression(question.ask_if).evaluate(self._frame()).astype("boolean")
                asked = verdict.to_numpy(object)
            variables = question.variables
            out = np.zeros(self.n, bool) if asked is None else np.array([a is False for a in asked])
            applies = (
                np.ones(self.n, bool) if asked is None else np.array([a is True for a in asked])
            )
            self._leave_out(question, variables, out)
            if question.ask_if is not None:
                self._claimed(variables, applies)
            for name in variables:
                state = self.state[name]
                state = np.where((state == EMPTY) & out, NOT_APPLICABLE, state)
                self._set(name, np.where(state == EMPTY, NO_ANSWER, state).astype(np.int8))

    def _leave_out(self, question: Question, variables: tuple[str, ...], out: np.ndarray) -> None:
        noted: set[tuple[int, int]] = set()
        for name in variables:
            state = self.state[name]
            hit = out & (state != EMPTY) & (state != NOT_APPLICABLE)
            if question.type == "multi" and name not in self.cell_of:
                hit &= False
            for i in np.flatnonzero(hit & (state == ANSWERED)):
                j = self.cell_of[name]
                if (int(i), j) not in noted and self.raw.kind[i, j]:
                    noted.add((int(i), j))
                    self.notes = [n for n in self.notes if n[:2] != (int(i), j)]
                    self.notes.append((int(i), j, "left-out", "", ""))
            self.values[name] = np.where(hit, None, self.values[name])
            self._set(name, np.where(hit, NOT_APPLICABLE, state).astype(np.int8))

    def _claimed(self, variables: tuple[str, ...], applies: np.ndarray) -> None:
        """'Not applicable' given where earlier answers make the question apply."""
        name = variables[0]
        if name not in self.cell_of:
            return
        for i in np.flatnonzero(applies & (self.state[name] == NOT_APPLICABLE)):
            self.notes.append((int(i), self.cell_of[name], "not-applicable", "", ""))

    def _set(self, name: str, state: np.ndarray) -> None:
        self.state[name] = state
        if name in self.cell_of:
            j = self.cell_of[name]
            present = np.broadcast_to(self.raw.row, (self.n, self.m))[:, j] > 0
            active = present & (self.category[:, j] != UNREADABLE)
            self.category[active, j] = state[active]

    def check_answers(self) -> None:
        """Rules between answers; breaking one is doubtful and changes nothing."""
        frame = self._frame()
        for question in self.codebook:
            for check in question.checks:
                kept = Expression(check.rule).evaluate(frame).astype("boolean")
                for i in np.flatnonzero((~kept).fillna(False).to_numpy(bool)):
                    j = self.cell_of.get(question.variables[0])
                    if j is not None and int(i) in set(self.kept.tolist()):
                        self.notes.append((int(i), j, "check", "", f"{check.ja}\0{check.en}"))

    def _frame(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                name: _typed(
                    np.where(self.state[name] == ANSWERED, values, None),
                    self.codebook.question_of[name],
                )
                for name, values in self.values.items()
            }
        )

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
        ledger = Ledger.count(self.raw, self.category)
        register = _register(self.wave, who, order, self.codebook, frame)
        return Cleaned(
            frame[variables], status[variables], register, self._findings(who, register), ledger
        )

    def _findings(self, who: Identified, register: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for i, j, rule_id, value, more in sorted(self.notes, key=lambda n: (n[0], n[1])):
            rule = RULES[rule_id]
            code = str(self.codes[i] or "")
            raw = str(self.raw.text.iat[i, j])
            ja, _, en = more.partition("\0")
            rows.append(
                {
                    "file": self.raw.file[i],
                    "sheet": self.raw.sheet[i],
                    "cell": self.raw.address(i, j),
                    "code": code,
                    "name": str(register["name"].get(code, "")),
                    "question": str(self.raw.column_variable[j] or "").lstrip("@"),
                    "rule": rule_id,
                    "severity": rule.severity,
                    "raw": raw,
                    "value": value,
                    "ja": rule.message("ja", raw=raw, value=value, more=ja),
                    "en": rule.message("en", raw=raw, value=value, more=en or ja),
                }
            )
        for file, sheet, place in self.raw.hidden:
            rows.append(_about_sheet("hidden", file, sheet, place, place))
        loose = self.raw.outside[self.raw.outside["reason"] == "unmatched"]
        for row in loose.itertuples():
            rows.append(_about_sheet("unmatched", row.file, row.sheet, row.cell, row.text))
        return pd.DataFrame(rows, columns=FINDINGS, dtype="str")


_STATE = {
    "answered": ANSWERED,
    "no_answer": NO_ANSWER,
    "not_applicable": NOT_APPLICABLE,
    "dont_know": DONT_KNOW,
    "not_surveyed": NOT_SURVEYED,
    "unreadable": UNREADABLE,
    "empty": EMPTY,
}


def _about_sheet(rule_id: str, file: str, sheet: str, cell: str, raw: str) -> dict[str, str]:
    rule = RULES[rule_id]
    about = {"file": file, "sheet": sheet, "cell": cell, "code": "", "name": "", "question": ""}
    said = {language: rule.message(language, raw=raw) for language in ("ja", "en")}
    return {**about, "rule": rule_id, "severity": rule.severity, "raw": raw, "value": "", **said}


def _spread(read: list[Parsed], codes: np.ndarray, option: int | None) -> np.ndarray:
    """Values of the distinct texts over the rows; for one option of a multi, whether chosen."""
    distinct = np.empty(len(read), object)
    for u, parsed in enumerate(read):
        value = parsed.value
        if option is not None and value is not None:
            value = option in value
        distinct[u] = value
    return distinct[codes]


def _typed(values: np.ndarray, question: Question) -> Any:
    series = pd.Series(values, dtype="object")
    if question.dtype == "datetime64[s]":
        return pd.to_datetime(series).astype("datetime64[s]")
    if question.dtype == "str":
        return series.astype("str").where(series.notna(), None).astype("str")
    return series.astype(question.dtype)


def _shown(value: Any) -> str:
    if isinstance(value, frozenset):
        return "、".join(str(code) for code in sorted(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return "" if value is None else str(value)


def _register(
    wave: Wave, who: Identified, order: np.ndarray, codebook: Codebook, frame: pd.DataFrame
) -> pd.DataFrame:
    """The invited with their size class, and whether they replied."""
    replied = {str(who.codes[i]): int(i) for i in order}
    rows: dict[str, dict[str, Any]] = {}
    if wave.invited == "all":
        table = municipality.register()
        rows = {
            code: {"name": name, "prefecture": prefecture, "size_class": None}
            for code, prefecture, name in table.itertuples()
        }
    elif isinstance(wave.invited, tuple):
        rows = {i.code: _invited(i) for i in wave.invited}
    for code in replied:
        if code not in rows:
            rows[code] = {"name": who.names[replied[code]], "prefecture": "", "size_class": None}
            known = municipality.register()
            if code in known.index:
                rows[code]["prefecture"] = known.at[code, "prefecture"]
    told = codebook.identity("size_class")
    for code, row in rows.items():
        row["size_class"] = row["size_class"] or municipality.size_class(code, wave.as_of)
        if row["size_class"] is None and told is not None and code in frame.index:
            row["size_class"] = _told_class(frame.at[code, told.id], told)
        row["replied"] = code in replied
        day = who.received[replied[code]] if code in replied else None
        row["received"] = pd.Timestamp(day) if day is not None else pd.NaT
    register = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    register.index = register.index.astype("str").rename("code")
    texts = ["name", "prefecture", "size_class"]
    register[texts] = register[texts].astype("str")
    register["received"] = pd.to_datetime(register["received"]).astype("datetime64[s]")
    return register[["name", "prefecture", "size_class", "replied", "received"]]


def _invited(one: Invited) -> dict[str, Any]:
    return {"name": one.name, "prefecture": one.prefecture, "size_class": one.size_class}


def _told_class(code: Any, question: Question) -> str | None:
    if pd.isna(code):
        return None
    label = question.option(int(code)).ja
    return next((k for k, t in municipality.SIZE_CLASSES.items() if t.ja == label), None)


__all__ = ["FINDINGS", "SEVERITIES", "Cleaned", "InputError", "clean"]
