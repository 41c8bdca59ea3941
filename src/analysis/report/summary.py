"""06_report: for the municipality short of IT people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import disclosure, inference, plots
from analysis.codebook import Question
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table, escape
from analysis.report import types
from analysis.report.shown import HIDDEN, protects
from analysis.survey import Survey
from analysis.tables import SHORT
from analysis.text import Text
from analysis.typology.study import Typology

COSTS = {
    "low": Text(ja="小", en="low"),
    "medium": Text(ja="中", en="medium"),
    "high": Text(ja="大", en="high"),
}
GRADES = {
    "suggested": Text(ja="示唆される", en="suggested"),
    "illustrated": Text(ja="例示にとどまる", en="illustrated only"),
    "not shown": Text(ja="示されない", en="not shown"),
}
NOTABLE = 0.2  # a difference of shares worth showing as an illustration
FEWEST = 5  # municipalities each side of a comparison needs


def shortage_question(survey: Survey) -> Question | None:
    """The question that says who is short of people, if the codebook has one."""
    asked = (q for q in survey.codebook if q.measures == "shortage")
    question = next(asked, None)
    return question if question is not None and question.id in survey.responses else None


def short_of_people(survey: Survey) -> pd.Series | None:
    """Whether each municipality says it is short of people; NA without an answer."""
    question = shortage_question(survey)
    if question is None:
        return None
    values = survey.responses[question.id]
    return (values <= SHORT).astype("boolean").mask(values.isna())


def _unavailable(survey: Survey, name: str) -> NotAvailable:
    return NotAvailable(
        name,
        survey.pick(
            f"この調査のコードブック（{survey.codebook.id}）には人材の過不足を問う設問がないため、"
            "この図表は作れない。",
            f"The codebook of this wave ({survey.codebook.id}) asks nothing on shortage of people, "
            "so this cannot be made.",
        ),
    )


def _withheld(survey: Survey, name: str) -> NotAvailable:
    return NotAvailable(
        name,
        survey.pick(
            "回答が少なく、個々の団体の回答が分かるため、この版には載せない。",
            "Not in this edition: so few answers would tell those of single respondents.",
        ),
    )


def answer(survey: Survey, found: Typology | NotAvailable) -> Answer:
    """Who is short, and what the typology says, in two sentences."""
    said = types.sentence(survey, found)
    short = short_of_people(survey)
    if short is None or _split(survey).empty:
        return Answer(said)
    n, count = int(short.notna().sum()), int(short.sum())
    low, high = inference.wilson(count, n)
    return Answer(
        survey.pick(
            f"情報人材が不足していると答えたのは{n}団体中{count}団体"
            f"（{count / n:.0%}、95％区間{low:.0%}～{high:.0%}）。{said}",
            f"{count} of {n} municipalities say they are short of IT people ({count / n:.0%}, 95 % "
            f"interval {low:.0%} to {high:.0%}). {said}",
        )
    )


def _split(survey: Survey, by: pd.Series | None = None) -> pd.DataFrame:
    """How many are short (column True) and are not, by group; without what must stay hidden."""
    short = short_of_people(survey)
    assert short is not None
    hides = protects(survey, shortage_question(survey))
    groups = pd.Series("all", short.index) if by is None else by
    if hides and by is not None:
        groups = disclosure.merged(by, survey.pick("その他の区分", "other groups"))
    counts = pd.crosstab(groups, short).reindex(columns=[True, False], fill_value=0)
    if not hides:
        return counts
    whole = pd.crosstab(pd.Series("all", short.index), short)
    table = counts.T.astype(int)
    if (whole < disclosure.SMALLEST).any(axis=None) or whole.shape[1] < 2:
        return counts.iloc[:0]
    kept = disclosure.suppress(table, also=table.eq(table.sum(), axis=1)).T
    return counts[kept.notna().all(axis=1)]


def who_is_short(survey: Survey, found: Typology | NotAvailable) -> Figure | NotAvailable:
    """The share short of people, by size class and by type, with intervals."""
    short = short_of_people(survey)
    if short is None:
        return _unavailable(survey, "who_is_short")
    breakdowns = [survey.size_class]
    if not isinstance(found, NotAvailable):
        kinds = found.labels.map(lambda k: types.type_name(survey, found, int(k)))
        breakdowns.append(kinds.reindex(short.index))
    rows: dict[str, dict[str, float]] = {}
    for groups in breakdowns:
        for group, (count, other) in _split(survey, groups).iterrows():
            n = int(count + other)
            low, high = inference.wilson(int(count), n)
            share = {"count": count, "share": count / n, "low": low, "high": high}
            rows[f"{group} (n={n})"] = share
    if not rows:
        return _withheld(survey, "who_is_short")
    frame = pd.DataFrame.from_dict(rows, orient="index")
    ax = plots.plot_shares(frame, language=survey.language)
    top = frame["share"].idxmax()
    return survey.gallery.show(
        ax,
        "who_is_short",
        title=survey.pick("情報人材が不足している団体の割合", "Share short of IT people"),
        alt=survey.pick(
            f"規模区分別・類型別の不足の割合と95％区間。最も高いのは{top}の{frame['share'].max():.0%}。"
            "区間は広く、差を断定できない。",
            f"Share short of people by size class and type with 95 % intervals; highest {top}, "
            f"{frame['share'].max():.0%}. The intervals are wide.",
        ),
        n=int(short.notna().sum()),
        denominator=survey.pick("充足感に回答した団体", "answered on sufficiency"),
        data=frame.round(4).reset_index(names="group"),
        key=True,
    )


def measures(survey: Survey) -> pd.DataFrame:
    """What those not short do more often than those short, with its cost and evidence.

    Columns: variable, question, label, cost, enough, n_enough, short, n_short, effect (an
    `inference.Effect`), p_holm, grade.
    """
    short = short_of_people(survey)
    rows = []
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
                    "small": _small(a, n_a - a, b, n_b - b, unknown.sum(), (~unknown).sum()),
                }
            )
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    frame["p_holm"] = inference.holm(np.array([e.p for e in frame["effect"]]))
    frame["grade"] = [_grade(e, p) for e, p in zip(frame["effect"], frame["p_holm"], strict=True)]
    frame["size"] = [e.estimate for e in frame["effect"]]
    order = {grade: at for at, grade in enumerate(GRADES)}
    costs = {cost: at for at, cost in enumerate(COSTS)}
    return frame.assign(g=frame["grade"].map(order), c=frame["cost"].map(costs)).sort_values(
        ["g", "c", "size"], ascending=[True, True, False], kind="stable"
    )


def _small(*cells: int) -> bool:
    return any(0 < cell < disclosure.SMALLEST for cell in cells)


def _grade(effect: inference.Effect, p_holm: float) -> str:
    if min(effect.n) < FEWEST or np.isnan(effect.estimate) or effect.estimate < NOTABLE:
        return "not shown"
    return "suggested" if p_holm <= 0.05 else "illustrated"


def do_differently(survey: Survey, most: int = 15) -> Table | NotAvailable:
    """Measures in order of evidence and cost."""
    frame = measures(survey)
    if frame.empty:
        return _unavailable(survey, "measures")
    shown = frame.head(most)
    hides = protects(survey, shortage_question(survey))
    if hides and _split(survey).empty:
        return _withheld(survey, "measures")
    numbers = pd.DataFrame(
        {
            survey.pick("不足でない団体", "not short"): [
                f"{a}/{n}" for a, n in zip(shown["enough"], shown["n_enough"], strict=True)
            ],
            survey.pick("不足の団体", "short"): [
                f"{a}/{n}" for a, n in zip(shown["short"], shown["n_short"], strict=True)
            ],
            survey.pick("差（95％区間）", "difference (95 %)"): [
                f"{e.estimate:+.0%} ({e.low:+.0%}, {e.high:+.0%})" for e in shown["effect"]
            ],
            survey.pick("補正後p値", "p (Holm)"): shown["p_holm"].round(3).to_numpy(),
        },
        index=shown.index,
    )
    if hides:
        numbers = numbers.astype(object).mask(shown["small"], HIDDEN)
        numbers = numbers.loc[:, (numbers != HIDDEN).any()]
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
            "不足していない団体がより多く行っていること", "What those not short do more often"
        ),
        n=int(frame[["n_enough", "n_short"]].max().sum()),
        notes=[
            survey.pick(
                "探索的な比較で、p値はHolm法により補正。費用は自治体職員1人の手間と予算からみた目安。"
                "差があっても、方策が不足を解消したとは言えない。",
                "Exploratory; p-values with Holm's correction. Cost is a rough judgement of effort "
                "and budget. A difference does not show that the measure cured the shortage.",
            )
        ],
    )


def priorities(survey: Survey) -> Prose:
    """What to look at first, in words."""
    frame = measures(survey)
    if frame.empty:
        return Prose(_unavailable(survey, "").reason)
    hides = protects(survey, shortage_question(survey))
    if hides and _split(survey).empty:
        return Prose(_withheld(survey, "").reason)
    good = frame[frame["grade"] != "not shown"].head(5)
    if good.empty:
        return Prose(
            survey.pick(
                "不足していない団体と不足している団体の間に、目立つ取組みの差は見られない。"
                "優先順位を付ける根拠はこの調査からは得られない。",
                "No measure differs notably between those short and those not; this survey gives "
                "no ground for an order of priority.",
            )
        )
    lines = []
    for row in good.itertuples():
        label, grade = escape(row.label), GRADES[row.grade][survey.language]
        cost, where = COSTS[row.cost][survey.language], escape(row.question)
        if hides and row.small:
            said = survey.pick(f"費用{cost}、根拠は{grade}。", f"cost {cost}; {grade}.")
            lines.append(
                survey.pick(f"1. **{label}**（{where}）：", f"1. **{label}** ({where}): ") + said
            )
            continue
        lines.append(
            survey.pick(
                f"1. **{label}**（{where}）：不足でない団体{row.enough}/{row.n_enough}、"
                f"不足の団体{row.short}/{row.n_short}。費用{cost}、根拠は{grade}。",
                f"1. **{label}** ({where}): {row.enough}/{row.n_enough} of those not short, "
                f"{row.short}/{row.n_short} of those short. Cost {cost}; {grade}.",
            )
        )
    return Prose("\n".join(lines))


def limits(survey: Survey, found: Typology | NotAvailable) -> Prose:
    """What cannot be concluded."""
    asked = survey.invited
    lines = [
        survey.pick(
            f"- 回答は{survey.n:,}団体" + (f"（依頼{asked:,}団体）" if asked else "") + "。",
            f"- {survey.n:,} municipalities replied" + (f" of {asked:,}" if asked else "") + ".",
        ),
        survey.pick(
            "- 一時点の調査で、回答は担当者の自己評価を含む。因果関係は示せない。",
            "- One point in time, partly self-rated by the same person: no cause can be shown.",
        ),
    ]
    if survey.n <= types.POWER_UP_TO and not isinstance(found, NotAvailable):
        lines.append(f"- {types.power_words(survey, found).markdown}")
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
