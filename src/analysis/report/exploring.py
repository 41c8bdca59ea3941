"""02_explore: simple and cross tabulation of every question, with its denominators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display

from analysis import plots, plots_scales, tables
from analysis.codebook import Question
from analysis.errors import InputError
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table, escape
from analysis.report import shown
from analysis.report.cleaning import STATUS_LABELS
from analysis.report.shown import COUNTED, HIDDEN, protects, shown_questions
from analysis.survey import Survey


def answer(survey: Survey) -> Answer:
    """How much there is to explore."""
    questions = shown_questions(survey)
    full = [q for q in questions if tables.answered(survey.status, q).sum() == survey.n]
    return Answer(
        survey.pick(
            f"{survey.n:,}団体の{len(questions)}問を集計した。全団体が回答した設問は{len(full)}問。"
            "割合の分母は、その設問の対象となり回答した団体である。",
            f"{len(questions)} questions of {survey.n:,} municipalities are tabulated; "
            f"{len(full)} were answered by all. Shares are of those asked and answering.",
        )
    )


def frequencies(survey: Survey) -> Table:
    """Every answer of every question: count, share, denominator, and the missing."""
    rows = []
    for question in shown_questions(survey):
        if question.type not in COUNTED:
            continue
        counted = shown.frequency(survey, question)
        counts, shares = _written(counted)
        for label in counted.frame.index:
            rows.append(
                {
                    survey.pick(
                        "設問", "question"
                    ): f"{question.id} {question.label[survey.language]}",
                    survey.pick("回答", "answer"): label,
                    survey.pick("団体数", "count"): counts[label],
                    survey.pick("割合（％）", "share (%)"): shares[label],
                    "n": counted.n,
                    survey.pick("複数回答", "multiple"): counted.multiple,
                    survey.pick("欠測", "missing"): _missing(survey, counted),
                }
            )
    frame = pd.DataFrame(rows)
    if protects(survey):  # see `shown.frequency`
        frame = frame.drop(columns=survey.pick("欠測", "missing"))
    return survey.gallery.table(
        frame,
        "frequencies",
        title=survey.pick("単純集計", "Simple tabulation"),
        n=survey.n,
        notes=[
            survey.pick(
                "割合の分母nは、対象となり回答した団体。複数回答の割合の合計は100％を超える。",
                "Shares are of n, those asked and answering; with multiple answers they add up to "
                "more than 100 %.",
            ),
            *shown.note(survey),
        ],
    )


def numbers(survey: Survey) -> Table | NotAvailable:
    """Median, quartiles and range of every numeric question."""
    rows = []
    for question in shown_questions(survey):
        if question.type not in shown.NUMBERS:
            continue
        counted = shown.frequency(survey, question)
        unit = f"（{question.unit[survey.language]}）" if question.unit else ""
        values = counted.frame["value"].round(2).to_dict()
        label = f"{question.id} {question.label[survey.language]}{unit}"
        rows.append({survey.pick("設問", "question"): label, "n": counted.n, **values})
    if not rows:
        return NotAvailable("numbers", survey.pick("数値の設問がない。", "No numeric question."))
    return survey.gallery.table(
        pd.DataFrame(rows),
        "numbers",
        title=survey.pick("数値の設問", "Numeric questions"),
        n=survey.n,
        notes=[
            survey.pick("nは回答した団体。", "n: municipalities that answered."),
            *_rounding_note(survey),
        ],
    )


def _rounding_note(survey: Survey) -> list[str]:
    if not any(protects(survey, question) for question in survey.codebook):
        return []
    return [
        survey.pick(
            "個々の回答が分からないよう、有効数字2桁に丸め、最小・最大・平均と、上下のどちらかに"
            "3団体以上ない値は載せない。",
            "So that no single answer can be told: two digits, no least, greatest or mean, and no "
            "value with fewer than three municipalities on either side.",
        )
    ]


def cross(survey: Survey, by: str) -> Table | NotAvailable:
    """Every question by a breakdown: share in each group, its n in the heading."""
    groups = survey.by(by)
    if groups is None or groups.dropna().empty:
        return NotAvailable(
            "cross", survey.pick("この調査には区分がない。", "This wave lacks the breakdown.")
        )
    rows = []
    for question in shown_questions(survey):
        same = question.id == by or question.identity == by
        if question.type not in COUNTED or same:
            continue
        crossed = shown.cross(survey, question, groups)
        for label, line in crossed.counts.iterrows():
            name = f"{question.id} {question.label[survey.language]}"
            row: dict[str, Any] = {
                survey.pick("設問", "question"): name,
                survey.pick("回答", "answer"): label,
            }
            row |= {str(g): _of(c, int(crossed.n[g])) for g, c in line.items()}
            rows.append(row)
    return survey.gallery.table(
        pd.DataFrame(rows),
        "cross",
        title=survey.pick(f"クロス集計（{by}別）", f"Cross tabulation by {by}"),
        n=survey.n,
        notes=[
            survey.pick(
                "各欄は「割合％（団体数／分母）」。分母は各区分で対象となり回答した団体。",
                "Each cell: share (count / denominator) of those asked and answering in the group.",
            ),
            *shown.note(survey),
        ],
    )


def _of(count: Any, n: int) -> str:
    if pd.isna(count):
        return HIDDEN
    return f"{count / n:.0%} ({int(count):,}/{n:,})" if n else HIDDEN


def sections(survey: Survey) -> None:
    """A figure for each question, section by section."""
    for section in survey.codebook.sections:
        here = [q for q in shown_questions(survey) if q.section == section.id]
        drawn = [made for q in here if isinstance(made := figure(survey, q), Figure)]
        if drawn:
            display(Prose(f"### {escape(section.text[survey.language])}"))
            for made in drawn:
                display(made)


def table(survey: Survey, question: Question, by: pd.Series | None = None) -> Table:
    """One question as a table, broken down where asked."""
    title = f"{question.id} {question.label[survey.language]}"
    if by is not None and question.type in shown.MEASURED:
        frame, n = _by_group(survey, question, by)
    elif by is not None:
        crossed = shown.cross(survey, question, by)
        frame = pd.DataFrame(
            {
                f"{group} (n={crossed.n[group]:,})": [_of(c, int(crossed.n[group])) for c in column]
                for group, column in crossed.counts.items()
            },
            index=crossed.counts.index,
        )
        n = int(crossed.n.sum())
    else:
        counted = shown.frequency(survey, question)
        frame, n = counted.frame, counted.n
        if "share" in frame:
            kept, shares = _written(counted)
            frame = pd.DataFrame(
                {
                    survey.pick("団体数", "count"): kept,
                    survey.pick("割合（％）", "share (%)"): shares,
                }
            )
    frame = frame.reset_index(names=survey.pick("回答", "answer"))
    notes = shown.note(survey)
    if question.type == "multi":
        notes.append(survey.pick("複数回答", "multiple answers"))
    return survey.gallery.table(frame, f"table_{question.id}", title=title, n=n, notes=notes)


def _by_group(survey: Survey, question: Question, by: pd.Series) -> tuple[pd.DataFrame, int]:
    """Statistics of a number, or means of a battery's items, by group; how many answered."""
    if protects(survey, question):
        raise InputError(
            f"{question.id} by group is not shown in the {survey.audience} edition",
            hint="statistics of small groups would tell single answers; see it without breakdown",
        )
    columns, total = {}, 0
    for group in tables.groups(by):
        rows = (by == group).fillna(False).to_numpy(bool)
        part = (survey.responses[rows], survey.status[rows])
        counted = tables.frequency(*part, question, survey.language)
        column = counted.frame["mean" if question.type == "battery" else "value"]
        columns[f"{group} (n={counted.n:,})"] = column.round(2)
        total += counted.n
    return pd.DataFrame(columns), total


def figure(
    survey: Survey, question: Question, by: pd.Series | None = None
) -> Figure | NotAvailable:
    """One question as a figure, broken down where asked."""
    name = f"q_{question.id}"
    counted = shown.frequency(survey, question)
    title = f"{question.id} {question.label[survey.language]}"
    if counted.n == 0:
        return NotAvailable(name, survey.pick(f"{title}：回答がない。", f"{title}: no answers."))
    if counted.frame.isna().all(axis=None) or question not in shown_questions(survey):
        return NotAvailable(
            name,
            survey.pick(
                f"{title}：回答が少なく、個々の団体の回答が分かるため載せない。",
                f"{title}: withheld, since so few answers would tell those of single respondents.",
            ),
        )
    if question.type == "text":
        raise InputError(f"{question.id} is free text and has no figure", hint="see the table")
    if by is not None and question.type in COUNTED:
        crossed = shown.cross(survey, question, by)
        shares = crossed.shares
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
            ax = plots_scales.plot_likert(counts, language=survey.language)
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
        unit = f"（{question.unit[survey.language]}）" if question.unit else ""
        if protects(survey, question):
            return NotAvailable(
                name,
                survey.pick(
                    f"{title}：個々の値は公開しない。", f"{title}: single values are not shown."
                ),
            )
        ax = plots.plot_numbers(
            data, label=f"{question.label[survey.language]}{unit}", language=survey.language
        )
        alt = survey.pick(
            f"{title}の分布。中央値{data['value'].median():,.6g}（n={counted.n:,}）。",
            f"Distribution of {title}; median {data['value'].median():,.6g} (n={counted.n:,}).",
        )
    multiple = survey.pick("、複数回答", ", multiple answers") if counted.multiple else ""
    return survey.gallery.show(
        ax,
        name,
        title=title,
        alt=alt,
        n=counted.n,
        denominator=survey.pick("対象となり回答した団体", "asked and answering") + multiple,
        data=data,
    )


def _points(survey: Survey, question: Question) -> pd.DataFrame:
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


def _alt_top(survey: Survey, question: Question, counted: tables.Counted, title: str) -> str:
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


def free_text(survey: Survey) -> Prose:
    """What was written freely, by question; in the internal edition only."""
    texts = [q for q in survey.codebook if q.free]
    if survey.audience != "internal":
        return Prose(
            survey.pick("自由記述はこの版には載せない。", "Free text is not part of this edition.")
        )
    lines = []
    for question in texts:
        values = survey.responses[question.id][survey.status[question.id] == "answered"]
        lines.append(f"**{escape(question.label[survey.language])}** (n = {len(values)})\n")
        lines += [
            f"- {escape(value)} — {escape(survey.names.get(code, code))}"
            for code, value in values.items()
        ]
    return Prose(
        "\n".join(lines) or survey.pick("自由記述の設問はない。", "There is no free-text question.")
    )


def _missing(survey: Survey, counted: tables.Counted) -> str:
    labels = STATUS_LABELS
    return ", ".join(f"{labels[k][survey.language]} {v:,}" for k, v in counted.missing.items())


def _written(counted: tables.Counted) -> tuple[pd.Series, pd.Series]:
    """Counts and shares in percent as a table shows them, hidden ones as a dash."""
    counts, shares = counted.frame["count"], counted.frame["share"] * 100
    if not counts.isna().any():
        return counts.astype(int), shares.astype(float).round(1)
    return (
        counts.map(lambda v: HIDDEN if pd.isna(v) else f"{int(v):,}").astype(object),
        shares.map(lambda v: HIDDEN if pd.isna(v) else f"{v:.1f}").astype(object),
    )
