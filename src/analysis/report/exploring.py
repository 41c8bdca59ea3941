"""02_explore: what was answered, by whom, and beside the nation; one municipality in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from analysis.codebook import national
from analysis.codebook.model import Question
from analysis.edition import prose
from analysis.figures import plots
from analysis.figures.gallery import Gallery
from analysis.show import Figure, Prose, Table
from analysis.stats import tabulate
from analysis.survey import Survey

MANY = 2  # items of a battery, and options of a group, that a brief answer lists


class Subset(NamedTuple):
    """The answers of some municipalities, taken out once for all the questions that follow."""

    responses: pd.DataFrame
    status: pd.DataFrame

    @classmethod
    def of(cls, survey: Survey, codes: Sequence[str]) -> Subset:
        """The rows of these municipalities."""
        rows = survey.responses.index.get_indexer(list(codes))
        return cls(survey.responses.take(rows), survey.status.take(rows))


def own(survey: Survey, code: str, question: Question, *, brief: bool = False) -> str:
    """What it answered, or which kind of missing it is; `brief`: of a long battery the mean."""
    state = tabulate.state_of(survey.status, code, question)
    if state != "answered":
        return survey.label(f"status.{state}")
    said = pd.Series({v: survey.responses.at[code, v] for v in question.variables}, dtype=object)
    match question.type:
        case "multi":
            chosen = [
                option.text[survey.language]
                for option, v in zip(question.options, question.variables, strict=True)
                if pd.notna(said[v]) and said[v]
            ]
            return survey.label("answers.separator").join(chosen)
        case "battery" if brief and len(question.items) > MANY:
            return _mean(survey, said[list(question.variables)].dropna())
        case "battery":
            return " / ".join(
                f"{item.text[survey.language]} {said[item.id]}"
                for item in question.items
                if pd.notna(said[item.id])
            )
        case "single" | "ordinal" | "binary":
            return tabulate.labels_of(question, survey.language)[int(said[question.id])]
        case "date":
            return f"{said[question.id]:%Y-%m}"
    return number(float(said[question.id]), question, survey)


def number(value: float, question: Question, survey: Survey) -> str:
    """A number with its unit."""
    unit = question.unit[survey.language] if question.unit else ""
    said = digits(value)
    return f"{said}{unit}" if survey.language == "ja" else f"{said} {unit}".strip()


def digits(value: float) -> str:
    """A number in four digits, from a thousand whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def _mean(survey: Survey, values: pd.Series) -> str:
    mean = float(values.astype(float).mean())
    return survey.label("answers.mean", n=len(values), mean=mean)


def typical(survey: Survey, group: Subset, question: Question, *, brief: bool = False) -> str:
    """What a group of municipalities mostly says, with its n; `brief`: the most frequent only.

    Where several answers are equally frequent, none of them is singled out.
    """
    counted = tabulate.frequency(group.responses, group.status, question, survey.language)
    if counted.n == 0 or question.type in {"date", "text"}:
        return "—"
    frame, n = counted.frame, f" (n={counted.n:,})"
    match question.type:
        case "multi":
            often = frame[frame["share"] >= 0.5].sort_values(
                "share", ascending=False, kind="stable"
            )
            often = often.head(MANY) if brief else often
            said = [f"{label} {row['share']:.0%}" for label, row in often.iterrows()]
            listed = survey.label("answers.separator").join(said)
            return (listed or survey.label("answers.none_by_half")) + n
        case "battery" if brief and len(frame) > MANY:
            return _mean(survey, frame["mean"]) + n
        case "battery":
            return " / ".join(f"{label} {row['median']:g}" for label, row in frame.iterrows()) + n
        case "integer" | "ratio":
            return number(float(frame["value"].iloc[0]), question, survey) + n
    top = frame.index[frame["count"] == frame["count"].max()]
    if len(top) > (1 if brief else MANY):
        return survey.label("answers.differ" if brief else "answers.answers_differ") + n
    each = survey.label("answers.each") if len(top) > 1 else ""
    return f"{survey.label('answers.alike').join(top)}{each} {frame['share'].max():.0%}{n}"


def latest(survey: Survey) -> Prose:
    """The newest published totals of the nation, dated, beside a survey that is not the nation."""
    if survey.wave.named:
        return prose(
            survey,
            f"このページのデータが全国の公表値である（{survey.wave.as_of}時点、{survey.n:,}団体）。",
            f"The data of this page are the national ones (as of {survey.wave.as_of}, "
            f"{survey.n:,} municipalities).",
        )
    frame = national.totals().query("current")
    frame = frame[frame["as_of"] == frame["as_of"].max()]
    listed = survey.pick("、", ", ").join(
        survey.pick(
            f"{national.ITEMS[r.item].ja} {r.share:.0%}（{r.count_:,}/{r.n:,}）",
            f"{national.ITEMS[r.item].en} {r.share:.0%} ({r.count_:,}/{r.n:,})",
        )
        for r in frame.rename(columns={"count": "count_"}).itertuples()
    )
    day = frame["as_of"].iloc[0]
    edition = survey.pick("・", ", ").join(
        national.EDITIONS[e][survey.language] for e in frame["edition"].unique()
    )
    return prose(
        survey,
        f"**全国の市区町村の公表値（{day}時点、{edition}）**：{listed}。"
        f"この調査（{survey.wave.as_of}時点）とは時点も設問も異なるため、回答の割合とは直接比べない。"
        "実在の市区町村の値であり、年ごとの値と出典は「前回の調査からの変化」のページにある。",
        f"**Published totals of all municipalities (as of {day}, {edition} edition)**: "
        f"{listed}. Date and questions differ from this survey's (as of {survey.wave.as_of}), "
        "so that its shares are not compared with them. They are of real municipalities; "
        "earlier years and sources are on the page “What changed since the wave before”.",
    )


def _gallery(survey: Survey) -> Gallery:
    """For published totals of real municipalities, whatever the wave's own data are."""
    return Gallery(
        survey.output,
        language=survey.language,
        source=survey.pick(
            "総務省・デジタル庁ほかの公表値（各点の出典は表）",
            "Published by the ministries (source of each point in the table)",
        ),
        invented=False,
        audience=survey.audience,
    )


def totals(survey: Survey) -> Figure:
    """Published national totals by year, breaks drawn as breaks."""
    frame = national.totals()
    several = frame.groupby("item")["when"].transform("nunique") > 1
    shown = frame[several].assign(
        label=[national.ITEMS[item][survey.language] for item in frame.loc[several, "item"]]
    )
    broken = shown.groupby("label")["series"].nunique()
    listed = survey.pick("、", ", ").join(broken.index[broken > 1])
    items = shown["label"].nunique()
    return _gallery(survey).show(
        plots.plot_totals(shown, language=survey.language),
        "national_totals",
        title=survey.pick(
            "全国の公表値の推移（実在の市区町村）",
            "Published national totals (real municipalities)",
        ),
        alt=survey.pick(
            f"{items}項目の公表値の年ごとの割合。定義または版が変わった項目（{listed}）は線をつながない。"
            "縦の点線は定義が異なる可能性のある箇所、白抜きは後に訂正された値。",
            f"Shares by year of {items} published items. Where the definition or the edition "
            f"changed ({listed}) the line is broken; hollow points were corrected later.",
        ),
        n=int(frame["n"].max()),
        denominator=survey.pick(
            "分母の最大、点ごとの分母は表", "largest denominator; that of each point in the table"
        ),
        data=shown.drop(columns=survey.pick("source", "source_ja")).round(4),
    )


def totals_table(survey: Survey) -> Table:
    """Each published total with its denominator, edition, date and source."""
    frame = national.totals()
    table = pd.DataFrame(
        {
            survey.pick("項目", "item"): [
                national.ITEMS[i][survey.language] for i in frame["item"]
            ],
            survey.pick("時点", "as of"): [
                row.as_of or survey.pick(f"{row.year}年（日付不明）", f"{row.year} (day unknown)")
                for row in frame.itertuples()
            ],
            survey.pick("団体数", "count"): frame["count"],
            "n": frame["n"],
            survey.pick("割合（％）", "share (%)"): (frame["share"] * 100).round(1),
            survey.pick("版", "edition"): [
                national.EDITIONS[e][survey.language] for e in frame["edition"]
            ],
            survey.pick("出典", "source"): frame[survey.pick("source_ja", "source")],
        }
    )
    return _gallery(survey).table(
        table,
        "national_totals",
        title=survey.pick("全国の公表値", "Published national totals"),
        n=int(frame["n"].max()),
        notes=[
            survey.pick(
                "nは分母の最大（都道府県を含む項目は1,788）。CIOとCIO補佐官等の2019年の値は定義が異なる可能性が"
                "あり、その後の値と続けて読まない。2021・2022年の値は後に訂正された（2021年のCIOの訂正値は不明）。"
                "2023年の体制の項目は調査無しの8団体を除く1,733団体が分母。",
                "n: the largest denominator (1,788 with prefectures). The 2019 totals of CIO and "
                "aide may follow another definition: no trend. Totals of 2021 and 2022 were "
                "corrected later (the corrected CIO of 2021 is not known). 2023, organisation: "
                "without the 8 not surveyed.",
            )
        ],
    )
