"""One question as a table or a figure, broken down where asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import edition
from analysis.codebook.model import Question
from analysis.edition import COUNTED, HIDDEN, absent, protects, shown_questions
from analysis.errors import InputError
from analysis.figures import plots
from analysis.show import Figure, NotAvailable, Table
from analysis.stats import tabulate
from analysis.view import View


def table(survey: View, question: Question, by: pd.Series | None = None) -> Table:
    """One question as a table, broken down where asked."""
    by = None if by is None else tabulate.aligned(by, survey.responses.index)
    title = f"{question.id} {question.label[survey.language]}"
    if by is not None and question.type in edition.MEASURED:
        frame, n = _by_group(survey, question, by)
    elif by is not None:
        crossed = edition.cross(survey, question, by)
        if crossed.counts.isna().all(axis=None):
            raise _not_by_group(survey, question)
        frame = pd.DataFrame(
            {
                f"{group} (n={crossed.n[group]:,})": [
                    cell(c, int(crossed.n[group])) for c in column
                ]
                for group, column in crossed.counts.items()
            },
            index=crossed.counts.index,
        )
        n = int(crossed.n.sum())
    else:
        counted = edition.frequency(survey, question)
        frame, n = counted.frame, counted.n
        if "share" in frame:
            kept, shares = written(counted)
            frame = pd.DataFrame(
                {
                    survey.pick("団体数", "count"): kept,
                    survey.pick("割合（％）", "share (%)"): shares,
                }
            )
    frame = frame.reset_index(names=survey.pick("回答", "answer"))
    notes = edition.note(survey)
    if question.type == "multi":
        notes.append(survey.pick(f"複数回答、n = {n:,}", f"multiple answers, n = {n:,}"))
    return survey.gallery.table(frame, f"table_{question.id}", title=title, n=n, notes=notes)


def to_answer(survey: View, question: Question | None) -> int | None:
    """How many of the population were to answer, those who did not reply too; None: not known.

    Whom the skip rule left out is not among them; nobody knows whether it would have left out those
    who did not reply, and with them the bounds of a share are the widest that can be.
    """
    if question is None or (size := survey.population.size) is None:
        return None
    return size - int((survey.status[question.variables[0]] == "not_applicable").sum())


def whom(survey: View, counted: tabulate.Counted) -> str:
    """What the n of a question counts, and who was asked."""
    here = survey.population
    said = survey.pick("対象となり回答した団体", "asked and answering")
    said += survey.pick("、複数回答", ", multiple answers") if counted.multiple else ""
    if here.kind != "invited" or here.size is None:
        return said
    return said + survey.pick(
        f"。依頼{here.size:,}団体、回答{here.replied:,}団体",
        f"; {here.replied:,} of {here.size:,} invited replied",
    )


def _by_group(survey: View, question: Question, by: pd.Series) -> tuple[pd.DataFrame, int]:
    """Statistics of a number, or means of a battery's items, by group; how many answered."""
    if protects(survey, question):
        raise _not_by_group(survey, question)
    columns, total = {}, 0
    for group, counted in tabulate.by_group(
        survey.responses, survey.status, question, by, survey.language
    ):
        column = counted.frame["mean" if question.type == "battery" else "value"]
        columns[f"{group} (n={counted.n:,})"] = column.round(2)
        total += counted.n
    return pd.DataFrame(columns), total


def _not_by_group(survey: View, question: Question) -> InputError:
    return InputError(
        f"{question.id} by group is not shown in the {survey.audience} edition",
        hint="counts and statistics of small groups would tell single answers; see it without "
        "breakdown",
    )


def figure(survey: View, question: Question, by: pd.Series | None = None) -> Figure | NotAvailable:
    """One question as a figure, broken down where asked."""
    by = None if by is None else tabulate.aligned(by, survey.responses.index)
    name = f"q_{question.id}"
    counted = edition.frequency(survey, question)
    title = f"{question.id} {question.label[survey.language]}"
    if counted.n == 0:
        return absent(survey, name, f"{title}：回答がない。", f"{title}: no answers.")
    if counted.frame.isna().all(axis=None) or question not in shown_questions(survey):
        return absent(
            survey,
            name,
            f"{title}：回答が少なく、個々の団体の回答が分かるため載せない。",
            f"{title}: withheld, since so few answers would tell those of single respondents.",
        )
    if question.type == "text":
        raise InputError(f"{question.id} is free text and has no figure", hint="see the table")
    if by is not None and question.type in COUNTED:
        crossed = edition.cross(survey, question, by)
        shares = crossed.shares.dropna()
        if shares.empty:
            return absent(
                survey,
                name,
                f"{title}：区分ごとに分けると個々の団体の回答が分かるため載せない。",
                f"{title}: withheld, since a breakdown would tell answers of single respondents.",
            )
        shares = shares.rename(columns={g: f"{g} n={crossed.n[g]:,}" for g in shares})
        ax = plots.plot_cross(shares, language=survey.language)
        data = shares.round(4).reset_index(names="answer")
        alt = _alt_top(survey, question, counted, title)
    elif question.type in COUNTED:
        frame = counted.frame
        ax = plots.plot_shares(frame, language=survey.language)
        data = frame.round(4).reset_index(names="answer")
        alt = _alt_top(survey, question, counted, title)
    elif question.type == "battery":
        frame = counted.frame
        if protects(survey, question):  # the counts of single answers stay inside
            frame = frame.dropna()
            ax = plots.plot_means(frame, question=question, language=survey.language)
        else:
            counts = _points(survey, question)
            ax = plots.plot_likert(counts, language=survey.language)
            frame = counts.join(frame)
        if by is not None:
            title += survey.pick("（全体）", " (all groups together)")
        data = frame.round(4).reset_index(names="item")
        top = frame["mean"].idxmax()
        alt = survey.pick(
            f"{title}の各項目の平均。最も高いのは「{top}」{frame['mean'].max():.1f}（n={counted.n:,}）。",
            f"Mean of each item of {title}; highest: {top}, {frame['mean'].max():.1f} "
            f"(n={counted.n:,}).",
        )
    else:
        values = survey.responses[question.id].astype("Float64")
        data = pd.DataFrame({"value": values.to_numpy(float, na_value=np.nan)})
        if by is not None:
            data["group"] = by.astype(str).to_numpy()
        data = data.dropna(subset=["value"]).sort_values("value", kind="stable")
        unit = tabulate.unit_of(question, survey.language)
        if protects(survey, question):
            return absent(
                survey,
                name,
                f"{title}：個々の値は公開しない。",
                f"{title}: single values are not shown.",
            )
        ax = plots.plot_numbers(
            data, label=f"{question.label[survey.language]}{unit}", language=survey.language
        )
        alt = survey.pick(
            f"{title}の分布。中央値{data['value'].median():,.6g}（n={counted.n:,}）。",
            f"Distribution of {title}; median {data['value'].median():,.6g} (n={counted.n:,}).",
        )
    return survey.gallery.show(
        ax,
        name,
        title=title,
        alt=alt,
        n=counted.n,
        denominator=whom(survey, counted),
        data=data,
    )


def _points(survey: View, question: Question) -> pd.DataFrame:
    """How often each point of a battery's scale was chosen, by item."""
    return pd.DataFrame(
        {
            option.text[survey.language]: [
                int((survey.responses[v] == option.code).sum()) for v in question.variables
            ]
            for option in sorted(question.options, key=lambda option: option.code)
        },
        index=[item.text[survey.language] for item in question.items],
    )


def _alt_top(survey: View, question: Question, counted: tabulate.Counted, title: str) -> str:
    frame = counted.frame.dropna(subset=["count"])
    if frame.empty:
        return title
    top = frame["count"].idxmax()
    count = int(frame.loc[top, "count"])
    return survey.pick(
        f"{title}の回答割合。最も多いのは「{top}」{count / counted.n:.0%}"
        f"（{count:,}／{counted.n:,}団体）。",
        f"Shares of {title}; most often {top}: {count / counted.n:.0%} "
        f"({count:,} of {counted.n:,}).",
    )


def cell(count: Any, n: int) -> str:
    """A cell of a cross table: share, count and denominator; a dash where it is hidden."""
    if pd.isna(count):
        return HIDDEN
    return f"{count / n:.0%} ({int(count):,}/{n:,})" if n else HIDDEN


def written(counted: tabulate.Counted) -> tuple[pd.Series, pd.Series]:
    """Counts and shares in percent as a table shows them, hidden ones as a dash."""
    counts, shares = counted.frame["count"], counted.frame["share"] * 100
    if not counts.isna().any():
        return counts.astype(int), shares.astype(float).round(1)
    return (
        counts.map(lambda v: HIDDEN if pd.isna(v) else f"{int(v):,}").astype(object),
        shares.map(lambda v: HIDDEN if pd.isna(v) else f"{v:.1f}").astype(object),
    )
