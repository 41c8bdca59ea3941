"""What an edition may show of answers: tables whose small cells are hidden, and what hides them.

Hidden is not only a cell of fewer than three, but whatever gives it back: other cells of its table,
the number of those who were asked a follow-up question or who are short of people.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from analysis import disclosure, tables
from analysis.codebook import Question
from analysis.disclosure import SMALLEST
from analysis.expression import Expression
from analysis.outputs import NotAvailable, Prose
from analysis.survey import Survey

HIDDEN = "—"
COUNTED = ("single", "ordinal", "binary", "multi")
MEASURED = ("integer", "ratio", "battery")  # summed up by statistics, not by counts of answers


def protects(survey: Survey, *questions: Question | None) -> bool:
    """Whether small cells must be hidden: for the public, and in committee where sensitive."""
    if survey.wave.named:
        return False
    sensitive = any(question is not None and question.sensitive for question in questions)
    return survey.audience == "public" or (survey.audience == "committee" and sensitive)


def kept_back(survey: Survey) -> list[str]:
    """The columns of answers that this edition shows of no single respondent."""
    return [
        v
        for q in survey.codebook
        if protects(survey, q)
        for v in q.variables
        if v in survey.responses
    ]


def absent(survey: Survey, name: str, ja: str, en: str) -> NotAvailable:
    """What stands in the place of the figure or table `name`: why it is not there."""
    return NotAvailable(name, survey.pick(ja, en))


def prose(survey: Survey, ja: str, en: str) -> Prose:
    """A paragraph in the language of the survey."""
    return Prose(survey.pick(ja, en))


def shown_questions(survey: Survey) -> list[Question]:
    """The questions that this edition may tabulate, identity and free text left out.

    A question that was answered by fewer than three is left out where small cells are hidden, and
    so is one that the skip rules kept from one or two: its n would give their answer away.
    """
    asked = [
        q
        for q in survey.codebook
        if q.role != "id" and q.type not in {"text", "date"} and q.variables[0] in survey.responses
    ]
    return [q for q in asked if not (protects(survey, q) and _gives_away(survey, q))]


def _gives_away(survey: Survey, question: Question) -> bool:
    skipped = int((survey.status[question.variables[0]] == "not_applicable").sum())
    n = int(tables.answered(survey.status, question).sum())
    if 0 < skipped < SMALLEST or 0 < n < SMALLEST:
        return True
    gates = Expression(question.ask_if).names if question.ask_if else set()
    for gate in (q for q in survey.codebook if q.id in gates and q.type in tables.BREAKDOWNS):
        counts = survey.responses[gate.id].value_counts()
        parts = disclosure.subtotals(gate, survey.codebook)
        totals = [int(counts.reindex(part).sum()) for part in parts]
        if len(parts) > 1 and any(0 < total < SMALLEST for total in totals):
            return True
    return False


def frequency(survey: Survey, question: Question) -> tables.Counted:
    """`analysis.tables.frequency` with NA in the cells that this edition may not show."""
    counted = tables.frequency(survey.responses, survey.status, question, survey.language)
    if not protects(survey, question):
        return counted
    frame, n = counted.frame, counted.n
    if question.type in COUNTED:
        hidden = _hidden(survey, question, frame[["count"]], pd.Series({"count": n}), None)
        if _gives_away(survey, question):
            hidden[:] = True
        kept = frame["count"].astype("Int64").mask(hidden["count"])
        frame = pd.DataFrame({"count": kept, "share": frame["share"].mask(hidden["count"])})
    elif question.type == "battery":
        alike = np.array([_alike(survey, question, v) for v in question.variables])
        frame = frame.astype("Float64")
        frame.loc[alike | (frame["count"] < SMALLEST).to_numpy(bool)] = pd.NA
    elif question.type in {"integer", "ratio"}:
        frame = disclosure.rounded_quartiles(survey.responses[question.id], frame)
    # the kinds of missing are not told apart: with n they would give the small ones back
    return dataclasses.replace(counted, frame=frame, missing={})


def _alike(survey: Survey, question: Question, variable: str) -> bool:
    """Whether all gave the same answer to a sensitive item: then each one's answer is known."""
    return question.sensitive and survey.responses[variable].dropna().nunique() == 1


def cross(survey: Survey, question: Question, by: pd.Series) -> tables.Crossed:
    """`analysis.tables.cross` with NA in the cells that this edition may not show.

    Groups of fewer than three are put together first.
    """
    by = tables.aligned(by, survey.responses.index)
    answers = [q for q in survey.codebook if q.id == by.name]  # a breakdown by another question
    if not protects(survey, question, *answers):
        return tables.cross(survey.responses, survey.status, question, by, survey.language)
    groups = disclosure.merged(by, survey.pick("その他の区分", "other groups"))
    crossed = tables.cross(survey.responses, survey.status, question, groups, survey.language)
    simple = tables.frequency(survey.responses, survey.status, question, survey.language).frame
    known = _hidden(
        survey, question, simple[["count"]], pd.Series({"count": int(crossed.n.sum())}), None
    )["count"]
    skipped = (survey.status[question.variables[0]] == "not_applicable").groupby(
        groups.to_numpy(object)
    )
    hidden = _hidden(survey, question, crossed.counts, crossed.n, known)
    few = crossed.n.between(1, SMALLEST - 1).any() and question.ask_if is not None
    skips = skipped.sum().between(1, SMALLEST - 1).any()
    if few or skips or _gives_away(survey, question):  # how many were asked is an answer, too
        hidden[:] = True
    kept = crossed.counts.astype("Int64").mask(hidden)
    return dataclasses.replace(crossed, counts=kept, shares=crossed.shares.mask(hidden))


def _hidden(
    survey: Survey, question: Question, counts: pd.DataFrame, n: pd.Series, rows: pd.Series | None
) -> pd.DataFrame:
    """Which cells of a table must be hidden; `rows`: answers whose total is hidden elsewhere."""
    alike = counts.eq(n, axis=1) & n.gt(0) if question.sensitive else counts < 0
    hidden = pd.DataFrame(False, counts.index, counts.columns)
    if question.type == "multi":  # each option is a table of its own: named it, or did not
        for label, line in counts.iterrows():
            table = pd.DataFrame([line, n - line]).set_axis([True, False])
            also = pd.DataFrame([alike.loc[label], alike.loc[label] & False], table.index)
            total = None if rows is None else table.sum(axis=1).mask([rows[label]] * 2)
            hidden.loc[label] = disclosure.suppress(table, total, also=also).isna().loc[True]
        return hidden
    codes = list(tables.labels_of(question, survey.language))
    for part in disclosure.subtotals(question, survey.codebook):
        at = [codes.index(code) for code in part]
        table = counts.iloc[at]
        total = None if rows is None else table.sum(axis=1).mask(rows.iloc[at])
        shown = disclosure.suppress(table, total, also=alike.iloc[at])
        hidden.iloc[at] = shown.isna().to_numpy(bool)
    # a part of one answer has nothing to hide it among: its cell is what n leaves of the others
    total = None if rows is None else counts.sum(axis=1).mask(rows)
    return disclosure.suppress(counts, total, also=hidden | alike).isna()


def note(survey: Survey) -> list[str]:
    """What a table says of its hidden cells; empty where nothing can be hidden."""
    if not any(protects(survey, question) for question in survey.codebook):
        return []
    return [
        survey.pick(
            f"{HIDDEN} は{SMALLEST}団体未満、またはそれを逆算できるため秘匿した欄。",
            f"{HIDDEN}: fewer than {SMALLEST}, or withheld so that such cannot be derived.",
        )
    ]
