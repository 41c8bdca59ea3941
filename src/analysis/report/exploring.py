"""02_explore: simple and cross tabulation of every question, with its denominators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display

from analysis import disclosure, plots, plots_scales, tables
from analysis.codebook import Question
from analysis.errors import InputError
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table, escape
from analysis.report.cleaning import STATUS_LABELS
from analysis.survey import Survey

COUNTED = ("single", "ordinal", "binary", "multi")
HIDDEN = "—"  # a cell that the public edition may not show


def shown_questions(survey: Survey) -> list[Question]:
    """The questions that this edition may tabulate, identity and free text left out."""
    return [
        q
        for q in survey.codebook
        if q.role != "id" and q.type not in {"text", "date"} and q.variables[0] in survey.responses
    ]


def protects(survey: Survey, question: Question | None = None) -> bool:
    """Whether small cells must be suppressed: for the public, and in committee where sensitive."""
    if survey.wave.named:
        return False
    sensitive = question is not None and question.sensitive
    return survey.audience == "public" or (survey.audience == "committee" and sensitive)


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
        counted = tables.frequency(survey.responses, survey.status, question, survey.language)
        counts, shares = _protected(survey, question, counted.frame["count"], counted.n)
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
                    survey.pick("欠測", "missing"): _missing(survey, question, counted.missing),
                }
            )
    return survey.gallery.table(
        pd.DataFrame(rows),
        "frequencies",
        title=survey.pick("単純集計", "Simple tabulation"),
        n=survey.n,
        notes=[
            survey.pick(
                "割合の分母nは、対象となり回答した団体。複数回答の割合の合計は100％を超える。",
                "Shares are of n, those asked and answering; with multiple answers they add up to "
                "more than 100 %.",
            ),
            *_protection_note(survey),
        ],
    )


def numbers(survey: Survey) -> Table | NotAvailable:
    """Median, quartiles and range of every numeric question."""
    rows = []
    for question in shown_questions(survey):
        if question.type not in {"integer", "ratio"}:
            continue
        counted = tables.frequency(survey.responses, survey.status, question, survey.language)
        unit = f"（{question.unit[survey.language]}）" if question.unit else ""
        values = counted.frame["value"].round(2).to_dict()
        if protects(survey, question):  # one value could name a respondent: rounded, no extremes
            values = {name: float(f"{v:.2g}") for name, v in list(values.items())[:3]}
        label = f"{question.id} {question.label[survey.language]}{unit}"
        rows.append({survey.pick("設問", "question"): label, "n": counted.n, **values})
    if not rows:
        return NotAvailable("numbers", survey.pick("数値の設問がない。", "No numeric question."))
    return survey.gallery.table(
        pd.DataFrame(rows),
        "numbers",
        title=survey.pick("数値の設問", "Numeric questions"),
        n=survey.n,
        notes=[survey.pick("nは回答した団体。", "n: municipalities that answered.")],
    )


def cross(survey: Survey, by: str) -> Table | NotAvailable:
    """Every question by a breakdown: share in each group, its n in the heading."""
    groups = survey.by(by)
    if groups is None or groups.dropna().empty:
        return NotAvailable(
            "cross", survey.pick("この調査には区分がない。", "This wave lacks the breakdown.")
        )
    rows = []
    for question in shown_questions(survey):
        if question.type not in COUNTED or question.id == by:
            continue
        crossed = tables.cross(survey.responses, survey.status, question, groups, survey.language)
        counts = _cells(survey, question, crossed)
        for label, line in counts.iterrows():
            name = f"{question.id} {question.label[survey.language]}"
            row: dict[str, Any] = {
                survey.pick("設問", "question"): name,
                survey.pick("回答", "answer"): label,
            }
            row |= {str(g): _of(c, int(crossed.n[g]), survey) for g, c in line.items()}
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
            *_protection_note(survey),
        ],
    )


def _of(count: Any, n: int, survey: Survey) -> str:
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
    if by is not None:
        crossed = tables.cross(survey.responses, survey.status, question, by, survey.language)
        counts = _cells(survey, question, crossed)
        frame = pd.DataFrame(
            {
                f"{group} (n={crossed.n[group]:,})": [
                    _of(c, int(crossed.n[group]), survey) for c in column
                ]
                for group, column in counts.items()
            },
            index=counts.index,
        )
        n = int(crossed.n.sum())
    else:
        counted = tables.frequency(survey.responses, survey.status, question, survey.language)
        frame, n = counted.frame, counted.n
        if "share" in frame:
            kept, shares = _protected(survey, question, frame["count"], n)
            frame = pd.DataFrame(
                {
                    survey.pick("団体数", "count"): kept,
                    survey.pick("割合（％）", "share (%)"): shares,
                }
            )
    frame = frame.reset_index(names=survey.pick("回答", "answer"))
    notes = _protection_note(survey)
    if question.type == "multi":
        notes.append(survey.pick("複数回答", "multiple answers"))
    return survey.gallery.table(frame, f"table_{question.id}", title=title, n=n, notes=notes)


def figure(
    survey: Survey, question: Question, by: pd.Series | None = None
) -> Figure | NotAvailable:
    """One question as a figure, broken down where asked."""
    name = f"q_{question.id}"
    counted = tables.frequency(survey.responses, survey.status, question, survey.language)
    title = f"{question.id} {question.label[survey.language]}"
    if counted.n == 0 or (protects(survey, question) and counted.n < disclosure.SMALLEST):
        return NotAvailable(name, survey.pick(f"{title}：回答がない。", f"{title}: no answers."))
    if question.type == "text":
        raise InputError(f"{question.id} is free text and has no figure", hint="see the table")
    if by is not None and question.type in COUNTED:
        crossed = tables.cross(survey.responses, survey.status, question, by, survey.language)
        shares = crossed.shares.mask(_cells(survey, question, crossed).isna())
        shares = shares.rename(columns={g: f"{g} n={crossed.n[g]:,}" for g in shares})
        ax = plots.plot_cross(shares, language=survey.language)
        data = shares.round(4).reset_index(names="answer")
        alt = _alt_top(survey, question, counted, title)
    elif question.type in COUNTED:
        frame = counted.frame
        if protects(survey, question):
            frame = frame[~disclosure.suppress(frame[["count"]])["count"].isna()]
        ax = plots.plot_shares(frame, language=survey.language)
        data = frame.round(4).reset_index(names="answer")
        alt = _alt_top(survey, question, counted, title)
    elif question.type == "battery":
        frame = counted.frame
        if protects(survey, question):  # the counts of single answers stay inside
            ax = plots.plot_means(frame, question=question, language=survey.language)
        else:
            counts = _points(survey, question)
            ax = plots_scales.plot_likert(counts, language=survey.language)
            frame = counts.join(frame)
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
    frame = counted.frame
    if protects(survey, question):
        frame = frame[disclosure.suppress(frame[["count"]])["count"].notna()]
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


def _cells(survey: Survey, question: Question, crossed: tables.Crossed) -> pd.DataFrame:
    """The counts of a cross table that this edition may show, the simple tabulation beside it."""
    if not protects(survey, question):
        return crossed.counts
    counted = tables.frequency(survey.responses, survey.status, question, survey.language)
    known = disclosure.suppress(counted.frame[["count"]])["count"]
    return disclosure.suppress(crossed.counts, known)


def _missing(survey: Survey, question: Question, missing: dict[str, int]) -> str:
    if protects(survey, question):
        missing = {k: v for k, v in missing.items() if v >= disclosure.SMALLEST}
    return ", ".join(f"{STATUS_LABELS[k][survey.language]} {v:,}" for k, v in missing.items())


def _protected(
    survey: Survey, question: Question, counts: pd.Series, n: int
) -> tuple[pd.Series, pd.Series]:
    """Counts and shares as this edition may show them."""
    kept = counts.astype("Int64")
    if protects(survey, question):
        kept = disclosure.suppress(counts.to_frame())[counts.name]
    shares = (kept.astype("Float64") / n * 100).round(1) if n else kept.astype("Float64") * np.nan
    if not protects(survey, question):
        return kept.astype(int), shares.astype(float)
    return (
        kept.map(lambda v: HIDDEN if pd.isna(v) else f"{int(v):,}"),
        shares.map(lambda v: HIDDEN if pd.isna(v) else f"{v:.1f}"),
    )


def _protection_note(survey: Survey) -> list[str]:
    if not any(protects(survey, question) for question in survey.codebook):
        return []
    return [
        survey.pick(
            f"{HIDDEN} は{disclosure.SMALLEST}団体未満、またはそれを逆算できるため秘匿した欄。",
            f"{HIDDEN}: fewer than {disclosure.SMALLEST}, or withheld so that such cannot be "
            "derived.",
        )
    ]
