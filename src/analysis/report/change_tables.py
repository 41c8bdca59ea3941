"""07_refresh_diff: which answers moved between two waves."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis import plots
from analysis.changes import least_corrected
from analysis.inference import interval_text, p_text
from analysis.outputs import Figure, NotAvailable, Table
from analysis.report.changes import Pair, needs, question_label
from analysis.report.shown import absent
from analysis.survey import Survey

MOST = 25  # rows of a table of changes
DRAWN = 12  # changes that the figure shows


@needs("shares_moved")
def figure(survey: Survey, pair: Pair) -> Figure | NotAvailable:
    """The largest changes of shares with their intervals."""
    moved = (
        pair.shares[pair.shares["gained"] + pair.shares["lost"] > 0]
        if len(pair.shares)
        else pair.shares
    )
    if moved.empty:
        return absent(survey, "shares_moved", "変わった割合はない。", "No share changed.")
    top = moved.head(DRAWN)
    names = [f"{row.question} {row.answer} (n={row.n:,})" for row in top.itertuples()]
    tests = survey.population.tests
    columns = ["estimate", "low", "high"] if tests else ["estimate"]
    frame = (top[columns] * 100).set_index(pd.Index(names))
    ax = plots.plot_intervals(
        frame,
        label=survey.pick(
            "割合の変化（ポイント）と95％以上の正確区間",
            "Change of the share (points), exact interval of at least 95 %",
        )
        if tests
        else survey.pick("割合の変化（ポイント）", "Change of the share (points)"),
        language=survey.language,
    )
    around = ""
    if tests:
        low, high = frame.iloc[0][["low", "high"]]
        around = survey.pick(f"（{low:+.0f}～{high:+.0f}）", f" ({low:+.0f} to {high:+.0f})")
    change = f"{frame.iloc[0]['estimate']:+.0f}"
    return survey.gallery.show(
        ax,
        "shares_moved",
        title=survey.pick("変化の大きい割合", "Shares that moved most"),
        alt=survey.pick(
            f"両方に回答した団体での割合の変化、大きい順に{len(top)}項目。最大は{names[0]}の"
            f"{change}ポイント{around}。",
            f"Changes of shares among those answering both times, the {len(top)} largest. First: "
            f"{names[0]}, {change} points{around}.",
        ),
        n=int(top["n"].max()),
        denominator=survey.pick(
            "両方に回答した団体の最大、項目ごとのnは図中",
            "answered both times, at most; n of each in the figure",
        ),
        data=top.round(4) if tests else top.drop(columns=["low", "high", "p", "p_holm"]).round(4),
        key=True,
    )


@needs("shares")
def shares(survey: Survey, pair: Pair) -> Table | NotAvailable:
    """Shares that moved: of all, and among those answering both times."""
    frame = pair.shares
    moved = frame[frame["gained"] + frame["lost"] > 0] if len(frame) else frame
    if moved.empty:
        return absent(survey, "shares", "変わった割合はない。", "No share changed.")
    rows = [
        {
            survey.pick("設問", "question"): question_label(survey, row.question),
            survey.pick("回答", "answer"): row.answer,
            survey.pick("前回（全回答）", "before (all)"): f"{row.count_before:,}/{row.n_before:,}",
            survey.pick("今回（全回答）", "now (all)"): f"{row.count_after:,}/{row.n_after:,}",
            survey.pick("両方に回答", "both"): row.n,
            survey.pick("増／減", "gained / lost"): f"+{row.gained:,} / -{row.lost:,}",
            **_change(survey, row),
        }
        for row in moved.head(MOST).itertuples()
    ]
    same, rest = len(frame) - len(moved), max(0, len(moved) - MOST)
    how = ""
    if survey.population.tests:
        how = survey.pick(
            "区間は両者の正確区間を合わせたもので、両方に回答した団体を無作為な標本とみなして95％以上を保証し、"
            "nが小さいと広い。p値はMcNemarの正確検定で、各団体の前回と今回の答えを入れ替えてもよいとみなした"
            "ときの目安である。区間とp値は1項目ごとのもので、補正していない。"
            f"{_least_words(survey, pair)}",
            "The interval joins the exact ones of both, covers at least 95 % if those answering "
            "both times were a random draw, and is wide at small n. p: McNemar's exact test, as if "
            "before and now could be exchanged within each. Interval and p are of the single "
            f"answer and not corrected. {_least_words(survey, pair)} ",
        )
    return survey.gallery.table(
        pd.DataFrame(rows),
        "shares",
        title=survey.pick("割合の変化（大きい順）", "Shares that moved, largest first"),
        n=int(frame["n"].max()),
        notes=[
            survey.pick(
                "「増」は前回該当せず今回該当した団体、「減」はその逆。",
                "Gained: not before, but now; lost: the reverse. ",
            )
            + how
            + survey.pick(
                f"ほかに{rest}項目が変わり、{same}項目は変わらなかった。",
                f"{rest} more moved; {same} did not.",
            )
        ],
    )


def _change(survey: Survey, row: Any) -> dict[str, str]:
    """The change of a share, with interval and p-values but for a full count."""
    if not survey.population.tests:
        return {survey.pick("変化（ポイント）", "change (points)"): f"{100 * row.estimate:+.0f}"}
    change = survey.pick("変化（ポイント、95％区間）", "change (points, 95 %)")
    return {change: interval_text(row, 100, 0), **_p_values(survey, row)}


def _p_values(survey: Survey, row: Any) -> dict[str, str]:
    """The p-value of a change, alone and corrected; none for a full count."""
    if not survey.population.tests:
        return {}
    return {
        survey.pick("p値", "p"): p_text(row.p),
        survey.pick("補正後p値", "p (Holm)"): p_text(row.p_holm),
    }


@needs("scales")
def scales(survey: Survey, pair: Pair) -> Table | NotAvailable:
    """Numbers and scales: medians, and how many rose or fell."""
    frame = pair.scales
    moved = frame[frame["rose"] + frame["fell"] > 0] if len(frame) else frame
    if moved.empty:
        return absent(survey, "scales", "変わった値はない。", "No value changed.")
    rows = [
        {
            survey.pick("設問", "question"): question_label(survey, row.question)
            + (f" — {row.answer}" if row.answer else ""),
            survey.pick("中央値 前回", "median before"): f"{row.before:,.6g}",
            survey.pick("中央値 今回", "median now"): f"{row.after:,.6g}",
            survey.pick("両方に回答", "both"): row.n,
            survey.pick("上昇／低下／同じ", "rose / fell / same"): (
                f"{row.rose:,} / {row.fell:,} / {row.n - row.rose - row.fell:,}"
            ),
            **_p_values(survey, row),
        }
        for row in moved.head(MOST).itertuples()
    ]
    return survey.gallery.table(
        pd.DataFrame(rows),
        "scales",
        title=survey.pick("段階・数値の変化", "Scales and numbers"),
        n=int(frame["n"].max()),
        notes=[
            survey.pick(
                f"すべて両方に回答した団体の値。p値は正確な符号検定。{_least_words(survey, pair)}",
                "All of those answering both times; p: exact sign test. "
                f"{_least_words(survey, pair)}",
            )
            if survey.population.tests
            else survey.pick("すべて両方に回答した団体の値。", "All of those answering both times.")
        ],
    )


def _least_words(survey: Survey, pair: Pair) -> str:
    """What is corrected together, and the least corrected p that the numbers of replies allow."""
    tests, least = least_corrected(pair.shares, pair.scales)
    return survey.pick(
        f"補正後p値は、割合と段階・数値の{tests}項目を合わせてHolm法で補正した値で、この団体数では"
        f"{p_text(least)}が最小である。",
        f"p (Holm) is corrected for the {tests} shares, scales and numbers together; with so many "
        f"replies its least value is {p_text(least)}.",
    )
