"""The national context: whom the respondents stand for, and what was published by year."""

from __future__ import annotations

import pandas as pd

from analysis import disclosure, national, plots_context, population
from analysis.figures import Gallery
from analysis.municipality import SIZE_CLASSES
from analysis.outputs import Figure, NotAvailable, Prose, Table
from analysis.report.shown import absent, prose, protects
from analysis.survey import Survey
from analysis.typology.projection import representativeness


def stands_for(survey: Survey) -> Prose:
    """What the numbers of the wave stand for, and what they do not."""
    return Prose(population.words(survey.population, survey.language))


def classes(survey: Survey) -> tuple[pd.DataFrame, float] | NotAvailable:
    """Size class -> replies and the nation on the wave's date; whether it could be a random draw.

    Not available where these are all municipalities, or where the edition would tell of single
    ones.
    """
    name, nation = "representation", national.size_classes(survey.wave.as_of)
    here = survey.register["size_class"].reindex(survey.responses.index)
    here = here[here.isin(nation.index)]
    if len(here) == nation.sum():
        return absent(
            survey,
            name,
            f"全国の{len(here):,}団体すべてのデータである。",
            f"These are all {len(here):,} municipalities.",
        )
    counts = here.value_counts().reindex(nation.index, fill_value=0).to_numpy(int)
    fit = disclosure.may_be_shown(counts, survey.codebook.disclosure.group)
    if here.empty or (protects(survey) and not fit.all()):
        return absent(
            survey,
            name,
            "区分ごとの回答数が少ないため示せない。",
            "Too few replies in each class to be shown.",
        )
    frame, p = representativeness(here, nation)
    return frame.rename(index=lambda kind: SIZE_CLASSES[kind][survey.language]), p


def representation(
    survey: Survey, compared: tuple[pd.DataFrame, float] | NotAvailable
) -> Figure | NotAvailable:
    """Respondents beside the national distribution by size class; `compared`: of `classes`."""
    if isinstance(compared, NotAvailable):
        return compared
    frame, _ = compared
    n, total = int(frame["count"].sum()), int(frame["national"].sum())
    ax = plots_context.plot_beside(frame, language=survey.language)
    return survey.gallery.show(
        ax,
        "representation",
        title=survey.pick(
            "回答団体と全国の規模区分", "Size classes of the respondents and the nation"
        ),
        alt=representation_words(survey, compared).markdown,
        n=n,
        denominator=survey.pick(
            f"回答団体、全国は{total:,}団体", f"replies; nation: {total:,} municipalities"
        ),
        data=frame.round(4).reset_index(names="size_class"),
    )


def representation_words(
    survey: Survey, compared: tuple[pd.DataFrame, float] | NotAvailable
) -> Prose:
    """What the figure says."""
    if isinstance(compared, NotAvailable):
        return Prose("")
    frame, p = compared
    n = int(frame["count"].sum())
    gap = frame["here"] - frame["nation"]
    most, least = gap.idxmax(), gap.idxmin()
    up, down = frame.loc[most], frame.loc[least]
    said = survey.pick(
        f"全国に比べて多いのは{most}（回答{up['here']:.0%}、全国{up['nation']:.0%}）、"
        f"少ないのは{least}（回答{down['here']:.0%}、全国{down['nation']:.0%}）。",
        f"More than in the nation: {most} ({up['here']:.0%} of the replies, {up['nation']:.0%} of "
        f"the nation); fewer: {least} ({down['here']:.0%}; nation {down['nation']:.0%}). ",
    )
    if survey.population.tests:
        said += survey.pick(
            f"回答団体は全国から無作為に選ばれたものではない（無作為なら、これほど偏る確率はp={p:.3f}）。",
            "The replies are no random draw from the nation (of a random one, a spread as uneven "
            f"would have p={p:.3f}). ",
        )
    return Prose(
        said
        + survey.pick(
            f"回答の割合をそのまま全国の割合とは読めない（n={n:,}）。",
            f"Shares of the replies are no national shares (n={n:,}).",
        )
    )


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
        plots_context.plot_totals(shown, language=survey.language),
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
