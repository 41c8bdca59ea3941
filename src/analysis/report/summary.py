"""06_report: for the municipality short of IT people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import disclosure, hypotheses, inference
from analysis.outputs import Answer, NotAvailable, Prose, Table, escape
from analysis.report import certainty, types
from analysis.report.shortage import (
    short_of_people,
    shortage_question,
    split,
    unavailable,
    usual,
    withheld,
)
from analysis.report.shown import prose, protects
from analysis.survey import Survey
from analysis.text import Text
from analysis.typology.study import Typology

COSTS = {
    "low": Text(ja="小", en="low"),
    "medium": Text(ja="中", en="medium"),
    "high": Text(ja="大", en="high"),
}
GRADES = hypotheses.WORDS
NOTABLE = 0.2  # a difference of shares worth showing as an illustration
FEWEST = 5  # municipalities each side of a comparison needs


def answer(survey: Survey, found: Typology | NotAvailable) -> Answer:
    """Who is short, then what the typology says."""
    said = types.sentence(survey, found)
    short = short_of_people(survey)
    if short is None or split(survey).empty:
        return Answer(said)
    n, count = int(short.notna().sum()), int(short.sum())
    low, high = inference.wilson(count, n)
    return Answer(
        survey.pick(
            f"情報人材が不足していると答えたのは{n}団体中{count}団体"
            f"（{count / n:.0%}、95％区間{low:.0%}～{high:.0%}）。",
            f"{count} of {n} municipalities say they are short of IT people ({count / n:.0%}, 95 % "
            f"interval {low:.0%} to {high:.0%}).",
        ),
        said,
    )


def measures(survey: Survey) -> pd.DataFrame:
    """What those not short do more often than those short, with its cost and evidence.

    Columns: variable, question, label, cost, enough, n_enough, short, n_short, effect (an
    `inference.Effect`), within (the difference among municipalities of one size class), p (of an
    exact permutation within size classes), p_holm (NaN where too few can be compared), grade, small
    (cells that an edition may hide).
    """
    short = short_of_people(survey)
    sizes = survey.register["size_class"].reindex(survey.responses.index).astype(str)
    rows: list[dict[str, Any]] = []
    if short is None:
        return pd.DataFrame(rows)
    for question in survey.codebook:
        for option in question.options:
            if option.cost is None or question.type != "multi":
                continue
            chosen = survey.responses[f"{question.id}_{option.code}"]
            known = short.notna() & chosen.notna()
            is_short, does = short[known].to_numpy(bool), chosen[known].to_numpy(bool)
            unknown = chosen[short.isna() & chosen.notna()].to_numpy(bool)
            strata = sizes[known].to_numpy(object)
            a, n_a = int(does[~is_short].sum()), int((~is_short).sum())
            b, n_b = int(does[is_short].sum()), int(is_short.sum())
            rows.append(
                {
                    "variable": f"{question.id}_{option.code}",
                    "question": question.label[survey.language],
                    "label": option.text[survey.language],
                    "cost": option.cost,
                    "enough": a,
                    "n_enough": n_a,
                    "short": b,
                    "n_short": n_b,
                    "effect": inference.difference_of_shares(a, n_a, b, n_b),
                    "within": inference.difference_within(does, ~is_short, strata),
                    "p": inference.permutation_p(does.astype(float), ~is_short, strata=strata),
                    "small": _small(a, n_a - a, b, n_b - b, unknown.sum(), (~unknown).sum()),
                }
            )
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    # what cannot be compared costs the others no correction
    tested = frame["p"].mask([_too_few(effect) for effect in frame["effect"]])
    frame["p_holm"] = inference.holm(tested.to_numpy(float))
    frame["grade"] = [_grade(r.effect, r.within, r.p_holm) for r in frame.itertuples()]
    frame["size"] = [e.estimate for e in frame["effect"]]
    order = {grade: at for at, grade in enumerate(GRADES)}
    costs = {cost: at for at, cost in enumerate(COSTS)}
    return frame.assign(g=frame["grade"].map(order), c=frame["cost"].map(costs)).sort_values(
        ["g", "c", "size"], ascending=[True, True, False], kind="stable"
    )


def _small(*cells: int) -> bool:
    """Whether an edition that protects may not count a measure: a cell of it is small, or empty.

    The last two are of those whose shortage is unknown; there may be none of them.
    """
    compared, unknown = cells[:4], cells[4:]
    few = any(unknown) and min(unknown) < disclosure.SMALLEST
    return bool(few or min(compared) < disclosure.SMALLEST)


def _too_few(effect: inference.Effect) -> bool:
    """Whether there are too few on either side to compare them."""
    return bool(min(effect.n) < FEWEST or np.isnan(effect.estimate))


def _grade(effect: inference.Effect, within: float, p_holm: float) -> str:
    """Notable overall, and not turned round among municipalities of the same size."""
    if _too_few(effect):
        return "not testable"
    # `within` is NaN where no size class has both kinds: nothing speaks against it
    if round(effect.estimate, 9) < NOTABLE or within <= 0:
        return "not shown"
    return "suggested" if p_holm <= 0.05 else "illustrated"


def do_differently(survey: Survey, most: int = 15) -> Table | NotAvailable:
    """Measures in order of evidence and cost."""
    frame = measures(survey)
    if frame.empty:
        return unavailable(survey, "measures")
    hides = protects(survey, shortage_question(survey))
    if hides:  # evidence and place of a measure would tell counts that are not shown
        frame = frame[~frame["small"]]
    if hides and (split(survey).empty or frame.empty):
        return withheld(survey, "measures")
    shown = frame.head(most)
    numbers = pd.DataFrame(
        {
            survey.pick("不足でない団体", "not short"): [
                f"{a}/{n}" for a, n in zip(shown["enough"], shown["n_enough"], strict=True)
            ],
            survey.pick("不足の団体", "short"): [
                f"{a}/{n}" for a, n in zip(shown["short"], shown["n_short"], strict=True)
            ],
            survey.pick("差（ポイント、95％区間）", "difference (points, 95 %)"): [
                f"{100 * e.estimate:+.0f} ({100 * e.low:+.0f}, {100 * e.high:+.0f})"
                for e in shown["effect"]
            ],
            survey.pick("同じ規模どうしの差", "same size"): [
                "—" if np.isnan(w) else f"{100 * w:+.0f}" for w in shown["within"]
            ],
            survey.pick("補正後p値", "p (Holm)"): [
                "—" if np.isnan(p) else f"{p:.3f}" for p in shown["p_holm"]
            ],
        },
        index=shown.index,
    )
    if hides:
        numbers = numbers.drop(columns=survey.pick("同じ規模どうしの差", "same size"))
    table = pd.DataFrame(
        {
            survey.pick("方策", "measure"): shown["label"],
            survey.pick("設問", "question"): shown["question"],
            **numbers,
            survey.pick("費用", "cost"): [COSTS[c][survey.language] for c in shown["cost"]],
            survey.pick("根拠", "evidence"): [GRADES[g][survey.language] for g in shown["grade"]],
        }
    )
    return survey.gallery.table(
        table,
        "measures",
        title=survey.pick(
            "不足していない団体と不足している団体の取組み",
            "Measures of those not short and those short",
        ),
        n=int(frame[["n_enough", "n_short"]].max().sum()),
        notes=[
            survey.pick(
                "探索的な比較。p値は同じ規模区分の中での正確な並べ替え検定をHolm法で補正。"
                "「同じ規模どうしの差」は区分ごとの差の加重平均（Mantel–Haenszel）で、逆向きなら根拠としない。"
                "費用は職員の手間と予算からみた目安。差があっても、方策が不足を解消したとは言えない。",
                "Exploratory. p-values: exact permutation within size classes with Holm's "
                "correction. Same size: the differences within size classes, weighted "
                "(Mantel-Haenszel); where it is reversed there is no evidence. Cost is a rough "
                "judgement. A difference does not show that the measure cured the shortage.",
            )
        ],
    )


def priorities(survey: Survey) -> Prose:
    """What to look at first, in words."""
    frame = measures(survey)
    if frame.empty:
        return usual(survey)
    hides = protects(survey, shortage_question(survey))
    if hides:
        frame = frame[~frame["small"]]
    if hides and (split(survey).empty or frame.empty):
        return Prose(withheld(survey, "").reason)
    good = frame[frame["grade"].isin(["suggested", "illustrated"])].head(5)
    most = frame[["n_enough", "n_short"]].max()
    if good.empty and most.min() < FEWEST:
        return prose(
            survey,
            f"不足していない団体が{most['n_enough']}団体、不足している団体が{most['n_short']}団体で、"
            f"どちらも{FEWEST}団体以上ないと比べられない。優先順位を付ける根拠はこの調査からは得られない。",
            f"{most['n_enough']} are not short and {most['n_short']} are; a comparison needs "
            f"{FEWEST} of each, so this survey gives no ground for an order of priority.",
        )
    if good.empty:
        return prose(
            survey,
            "不足していない団体と不足している団体の間に、目立つ取組みの差は見られない。"
            "優先順位を付ける根拠はこの調査からは得られない。",
            "No measure differs notably between those short and those not; this survey gives "
            "no ground for an order of priority.",
        )
    lines = [
        survey.pick(
            "足りている団体がより多く行っていることを、根拠の強さ、次に費用の小ささの順に並べる。"
            "「例示にとどまる」は、差はあるが偶然と区別できないという意味である。",
            "What those not short do more often, in order of evidence, then of cost. “Illustrated "
            "only” means that there is a difference which cannot be told from chance.",
        ),
        "",
    ]
    for row in good.itertuples():
        label, grade = escape(row.label), GRADES[row.grade][survey.language]
        cost, where = COSTS[row.cost][survey.language], escape(row.question)
        lines.append(
            survey.pick(
                f"1. **{label}**（{where}）：不足でない団体{row.enough}/{row.n_enough}、"
                f"不足の団体{row.short}/{row.n_short}。費用は{cost}、根拠は{grade}。",
                f"1. **{label}** ({where}): {row.enough}/{row.n_enough} of those not short, "
                f"{row.short}/{row.n_short} of those short. Cost {cost}; {grade}.",
            )
        )
    return Prose("\n".join(lines))


def limits(survey: Survey, found: Typology | NotAvailable) -> Prose:
    """What cannot be concluded."""
    asked, rated = survey.invited, any(q.type in {"ordinal", "battery"} for q in survey.codebook)
    lines = [
        survey.pick(
            f"- 公表データの{survey.n:,}団体を対象とした。"
            if survey.wave.named
            else f"- 回答は{survey.n:,}団体" + (f"（依頼{asked:,}団体）" if asked else "") + "。",
            f"- Published data of {survey.n:,} municipalities."
            if survey.wave.named
            else f"- {survey.n:,} municipalities replied"
            + (f" of {asked:,}" if asked else "")
            + ".",
        ),
        survey.pick(
            "- 一時点の調査で、回答は担当者の自己評価を含む。因果関係は示せない。"
            if rated
            else "- 一時点のデータであり、因果関係は示せない。",
            "- One point in time, partly self-rated by the same person: no cause can be shown."
            if rated
            else "- One point in time: no cause can be shown.",
        ),
    ]
    if survey.n <= certainty.POWER_UP_TO and not isinstance(found, NotAvailable):
        lines.append(f"- {certainty.power_words(survey, found)}")
    if survey.codebook.note:
        lines.append(f"- {escape(survey.codebook.note[survey.language])}")
    if survey.wave.invented:
        lines.append(
            survey.pick(
                "- **架空データ**であり、実在の自治体の状況を表すものではない。",
                "- **Invented data**: nothing here describes a real municipality.",
            )
        )
    return Prose("\n".join(lines))
