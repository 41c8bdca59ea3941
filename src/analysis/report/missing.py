"""01_clean, its last part: which questions lack answers, the kinds of missing kept apart."""

from __future__ import annotations

import pandas as pd

from analysis import plots, tables
from analysis.codebook import STATUSES
from analysis.outputs import Figure, Prose
from analysis.report.cleaning import STATUS_LABELS
from analysis.report.shown import protects, shown_questions
from analysis.survey import Survey

SHOWN_ONE_BY_ONE = 40  # respondents up to which a figure can show each


def _states(survey: Survey) -> pd.DataFrame:
    """The status of each question (rows) for each respondent; a battery's is its most frequent."""
    rows = {}
    for question in survey.codebook:
        if question.role == "id" or question.variables[0] not in survey.status:
            continue
        parts = survey.status[list(question.variables)]
        one = parts.mode(axis=1)[0] if question.type == "battery" else parts.iloc[:, 0]
        rows[f"{question.id} {question.label[survey.language]}"] = one
    return pd.DataFrame(rows).T


def _shares(survey: Survey) -> pd.DataFrame:
    """Per question, how many respondents are in each status."""
    states = _states(survey)
    return pd.DataFrame({kind: (states == kind).sum(axis=1) for kind in STATUSES})


def missingness(survey: Survey) -> Figure:
    """Which questions lack answers, the kinds of missing kept apart."""
    if protects(survey):
        return _answered(survey)
    counts = _shares(survey)
    labels = {kind: STATUS_LABELS[kind][survey.language] for kind in STATUSES}
    shown = counts.rename(columns=labels)
    one_by_one = survey.n <= SHOWN_ONE_BY_ONE and survey.audience == "internal"
    if one_by_one:
        kinds = pd.CategoricalDtype(list(labels.values()))
        matrix = _states(survey).apply(lambda column: column.map(labels).astype(kinds))
        asked = survey.n - counts[["not_applicable", "not_surveyed"]].sum(axis=1)
        matrix.index = [
            f"{name} {answered}/{of}"
            for name, answered, of in zip(matrix.index, counts["answered"], asked, strict=True)
        ]
        ax = plots.plot_missing(matrix.rename(columns=survey.names), language=survey.language)
        if survey.names.str.fullmatch(r"\d+").all():  # places whose names nobody gave
            ax.set_xlabel(survey.pick("団体コード", "code"))
        drawn = survey.pick("各団体の回答状況を示す表", "the kind of answer of each municipality")
    else:
        ax = plots.plot_status(shown, language=survey.language)
        drawn = survey.pick("団体数を積み上げた棒グラフ", "stacked bars of how many answered")
    worst, most = counts["no_answer"].idxmax(), int(counts["no_answer"].max())
    least = survey.pick("無回答はない", "Nothing was left unanswered")
    if most:
        least = survey.pick(
            f"無回答が最も多いのは「{worst}」の{most}団体",
            f"Most without an answer: {worst}, {most}",
        )
    return survey.gallery.show(
        ax,
        "missingness",
        title=survey.pick(
            "設問ごとの回答状況" + ("（回答／問われた団体）" if one_by_one else ""),
            "Answers and kinds of missing by question"
            + (" (answered/asked)" if one_by_one else ""),
        ),
        alt=survey.pick(
            f"設問ごとに、回答・無回答・非該当などの別に{drawn}。{least}（n={survey.n:,}）。",
            f"By question, {drawn}: answered, no answer, not applicable and other kinds. "
            f"{least} (n={survey.n:,}).",
        ),
        n=survey.n,
        denominator=survey.pick("回答団体", "municipalities that replied"),
        data=shown.reset_index(names=survey.pick("設問", "question")),
        key=True,
    )


def _answered(survey: Survey) -> Figure:
    """How many answered each question; the kinds of missing would give small numbers away."""
    n = pd.Series(
        {
            f"{q.id} {q.label[survey.language]}": int(tables.answered(survey.status, q).sum())
            for q in shown_questions(survey)
        }
    )
    shown = pd.DataFrame(
        {
            survey.pick("回答あり", "answered"): n,
            survey.pick("回答なし（非該当を含む）", "none (not applicable too)"): survey.n - n,
        }
    )
    return survey.gallery.show(
        plots.plot_status(shown, language=survey.language),
        "missingness",
        title=survey.pick("設問ごとの回答状況", "Answers by question"),
        alt=survey.pick(
            f"設問ごとに、回答した団体数の棒グラフ。最も少ないのは「{n.idxmin()}」の"
            f"{n.min():,}団体（n={survey.n:,}）。",
            f"Bars of how many answered each question; fewest: {n.idxmin()}, {n.min():,} of "
            f"{survey.n:,}.",
        ),
        n=survey.n,
        denominator=survey.pick("回答団体", "municipalities that replied"),
        data=shown.reset_index(names=survey.pick("設問", "question")),
        key=True,
    )


def missing_words(survey: Survey) -> Prose:
    """What the figure says."""
    if protects(survey):
        return _answered_words(survey)
    counts = _shares(survey)
    total = counts.sum()
    asked = int(total.sum() - total["not_applicable"] - total["not_surveyed"])
    share = total["no_answer"] / asked if asked else 0.0
    top = _most(counts["no_answer"])
    listed = survey.pick("、", ", ").join(
        survey.pick(f"{name}（{value}）", f"{name} ({value})")
        for name, value in top.items()
        if value
    )
    none, skipped, unasked, unknown, refused = (
        int(total[kind])
        for kind in ("no_answer", "not_applicable", "not_surveyed", "dont_know", "unreadable")
    )
    rest = survey.pick(
        f"、不明は{unknown:,}問、不採用は{refused:,}問",
        f"; {unknown:,} are 'does not know', {refused:,} were refused",
    )
    rest = rest if unknown + refused else ""
    left = [
        (skipped, f"分岐により問われなかった「非該当」{skipped:,}問",
         f"{skipped:,} that the skip rules left out"),
        (unasked, f"「調査無し」{unasked:,}問", f"{unasked:,} not surveyed"),
    ]  # fmt: skip
    out = [survey.pick(ja, en) for n, ja, en in left if n]
    said = survey.pick("と", " and ").join(out)
    text = survey.pick(
        f"問われた延べ{asked:,}問のうち無回答は{none:,}問（{share:.1%}）{rest}。",
        f"Of {asked:,} answers asked for, {none:,} ({share:.1%}) were not given{rest}. ",
    )
    if out:
        text += survey.pick(f"{said}は分母に含めない。", f"{said} are not in the denominator. ")
    often = survey.pick(f"無回答の多い設問は、{listed}。", f"Most often missing: {listed}.")
    return Prose(text + often if listed else text)


def _answered_words(survey: Survey) -> Prose:
    """How many answers there are, without the kinds of missing: some are answers themselves."""
    asked = shown_questions(survey)
    there = sum(int(tables.answered(survey.status, q).sum()) for q in asked)
    of = survey.n * len(asked)
    return Prose(
        survey.pick(
            f"この版で集計する{len(asked)}問、延べ{of:,}問のうち、回答があったのは{there:,}問"
            f"（{there / of:.1%}）。残りは無回答などと、分岐により問われなかったものである。",
            f"Of {of:,} answers to the {len(asked)} questions tabulated in this edition, {there:,} "
            f"({there / of:.1%}) are there. The rest were not given, or the skip rules left them "
            "out.",
        )
    )


def _most(counts: pd.Series) -> pd.Series:
    """The three largest; where others equal the last of them, only those above it."""
    top = counts[counts > 0].nlargest(4)
    if len(top) < 4 or top.iloc[3] < top.iloc[2]:
        return top.head(3)
    return top[top > top.iloc[3]]
