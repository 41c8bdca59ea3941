"""06_report: who is short of IT people, and what the small do less often."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import disclosure, plots, tables
from analysis.codebook import Question
from analysis.outputs import Figure, NotAvailable, Prose
from analysis.report import shown, types
from analysis.report.shown import absent, prose, protects
from analysis.survey import Survey
from analysis.tables import SHORT, aligned
from analysis.text import escape
from analysis.typology.study import Typology

NEEDED = 3  # yes/no questions that a figure by size class is worth


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


def unavailable(survey: Survey, name: str) -> NotAvailable:
    """What stands in the place of a figure that needs the question on shortage."""
    return absent(
        survey, name, "人材の過不足を問う設問がない。", "Shortage of people was not asked about."
    )


def withheld(survey: Survey, name: str) -> NotAvailable:
    """What stands in the place of what would tell single answers."""
    return absent(
        survey,
        name,
        "回答が少なく、個々の団体の回答が分かるため、この版には載せない。",
        "Not in this edition: so few answers would tell those of single respondents.",
    )


def split(survey: Survey, by: pd.Series | None = None) -> pd.DataFrame:
    """How many are short (column True) and are not, by group; without what must stay hidden."""
    short = short_of_people(survey)
    assert short is not None
    hides = protects(survey, shortage_question(survey))
    groups = pd.Series("all", short.index) if by is None else aligned(by, short.index)
    if hides and by is not None:
        groups = shown.grouped(survey, groups)
    counts = pd.crosstab(groups, short).reindex(columns=[True, False], fill_value=0)
    if not hides:
        return counts
    fit = disclosure.may_be_shown(counts.to_numpy(int), survey.codebook.disclosure.group)
    return counts if fit.all() else counts.iloc[:0]


def _by_group(survey: Survey, found: Typology | NotAvailable) -> pd.DataFrame:
    """Share short of people by size class and by type.

    Columns: kind, group, count, n, share; low, high: what `Population.drawn` gives, if anything.
    """
    here, protected = survey.population, protects(survey, shortage_question(survey))
    breakdowns = {"size": survey.size_class}
    if not isinstance(found, NotAvailable):
        kinds = found.labels.map(lambda k: types.type_name(survey, found, int(k)))
        breakdowns["type"] = kinds.reindex(survey.responses.index)
    asked = survey.register.query("invited")["size_class"]
    whole = {
        "size": tables.size_class_labels(asked, survey.language).value_counts(),
        "type": breakdowns["type"].value_counts() if "type" in breakdowns else None,
    }
    rows = []
    for kind, groups in breakdowns.items():
        for group, (count, other) in split(survey, groups).iterrows():
            n, size = int(count + other), int(whole[kind].get(group, 0))
            around = here.drawn(int(count), n, size)
            if here.finite and protected:  # how many did not answer is an answer, too
                around = None
            low, high = around or (np.nan, np.nan)
            rows.append((kind, str(group), int(count), n, count / n, low, high))
    frame = pd.DataFrame(rows, columns=["kind", "group", "count", "n", "share", "low", "high"])
    return frame.dropna(axis=1, how="all")


def short_words(survey: Survey, found: Typology | NotAvailable) -> Prose:
    """Who is short of people, by size and by type."""
    short = short_of_people(survey)
    if short is None:
        return prose(
            survey,
            f"この調査のコードブック（{survey.codebook.id}）には人材の過不足を問う設問がないため、"
            "不足については分からない。",
            f"The codebook of this wave ({survey.codebook.id}) asks nothing on shortage of "
            "people, so nothing can be said of it.",
        )
    frame = _by_group(survey, found)
    if frame.empty:
        return Prose(withheld(survey, "").reason)
    heads = {
        "size": survey.pick("規模区分別", "By size class"),
        "type": survey.pick("類型別", "By type"),
    }
    lines = []
    for kind, part in frame.groupby("kind", sort=False):
        part = part.sort_values("share", ascending=False, kind="stable")
        listed = survey.pick("、", ", ").join(
            survey.pick(
                f"{escape(r.group)} {r.count_}/{r.n}団体",
                f"{escape(r.group)} {r.count_} of {r.n}",
            )
            for r in part.rename(columns={"count": "count_"}).itertuples()
        )
        colon, stop = survey.pick("：", ": "), survey.pick("。", ". ")
        lines.append(f"- **{heads[str(kind)]}**{colon}{listed}{stop}{_overlap(survey, part)}")
    return Prose("\n".join(lines))


def _overlap(survey: Survey, part: pd.DataFrame) -> str:
    """Whether the bounds, or the intervals, of a breakdown let a difference be told."""
    here = survey.population
    if here.finite and protects(survey, shortage_question(survey)):
        return ""
    if "low" not in part:
        return ""
    low, high = (part[end].fillna(part["share"]) for end in ("low", "high"))
    if here.finite:
        if low.max() <= high.min():
            return survey.pick(
                "答えなかった団体の答えしだいで入る範囲はすべて重なる。",
                "The bounds, which depend on those who did not answer, all overlap.",
            )
        return survey.pick(
            "答えなかった団体がどう答えたとしても、割合の異なる組がある。",
            "Some shares differ, whatever those who did not answer would have said.",
        )
    if low.max() <= high.min():
        return survey.pick(
            "95％区間はすべて重なり、差は断定できない。",
            "All 95 % intervals overlap: no difference is established.",
        )
    return survey.pick("95％区間の重ならない組がある。", "Some 95 % intervals do not overlap.")


def who_is_short(survey: Survey, found: Typology | NotAvailable) -> Figure | NotAvailable:
    """The share short of people, by size class and by type, with intervals."""
    short = short_of_people(survey)
    if short is None:
        return unavailable(survey, "who_is_short")
    frame = _by_group(survey, found)
    if frame.empty:
        return withheld(survey, "who_is_short")
    size = frame[frame["kind"] == "size"]
    frame.index = pd.Index([f"{r.group} (n={r.n})" for r in frame.itertuples()])
    ax = plots.plot_shares(frame, language=survey.language)
    top = frame["share"].idxmax()
    lines = survey.pick("。横線は95％区間", "; lines: 95 % intervals")
    if survey.population.finite:
        lines = survey.pick(
            "。横線は、答えなかった団体がどう答えても入る範囲",
            "; lines: bounds that hold whatever the others would have answered",
        )
    lines = lines if "low" in frame else ""
    return survey.gallery.show(
        ax,
        "who_is_short",
        title=survey.pick("情報人材が不足している団体の割合", "Share short of IT people"),
        alt=survey.pick(
            f"規模区分別・類型別の不足の割合{lines}。最も高いのは{top}の{frame['share'].max():.0%}。"
            f"規模区分では、{_overlap(survey, size)}",
            f"Share short of people by size class and type{lines}; highest {top}, "
            f"{frame['share'].max():.0%}. By size class: {_overlap(survey, size)}",
        ),
        n=int(short.notna().sum()),
        denominator=survey.pick("充足感に回答した団体", "answered on sufficiency") + lines,
        data=frame.round(4),
        key=True,
    )


def _yes_no(survey: Survey) -> list[Question]:
    return [
        q
        for q in survey.codebook
        if q.type == "binary" and q.id in survey.responses and not q.identity
    ]


def _by_class(survey: Survey) -> pd.DataFrame:
    """Share of yes of each yes/no question (rows) in each size class (columns, with their n)."""
    sizes, columns = survey.size_class, {}
    for group in sizes.cat.categories:
        rows = (sizes == group).fillna(False).to_numpy(bool)
        part = survey.responses[rows]
        columns[f"{group} n={rows.sum():,}"] = {
            q.label[survey.language]: part[q.id].astype("Float64").mean() for q in _yes_no(survey)
        }
    return pd.DataFrame(columns).astype(float)


def by_class(survey: Survey) -> Figure | Prose:
    """What each size class does, where there are enough yes/no questions."""
    if len(_yes_no(survey)) < NEEDED or protects(survey):
        return Prose("")
    frame = _by_class(survey)
    ax = plots.plot_cross(frame, language=survey.language)
    return survey.gallery.show(
        ax,
        "by_class",
        title=survey.pick("規模区分別の実施率", "Shares by size class"),
        alt=by_class_words(survey).markdown or survey.pick("規模区分別の実施率", "Shares by class"),
        n=survey.n,
        denominator=survey.pick(
            "各区分の団体、調査無しは項目ごとの分母から除く",
            "municipalities of each class; those not surveyed are in no denominator",
        ),
        data=frame.round(4).reset_index(names="indicator"),
    )


def usual(survey: Survey, most: int = 3) -> Prose:
    """Where no question tells who is short: what the smallest class mostly does already.

    An order by how many municipalities of the same size manage it, not by effect.
    """
    asked = [q for q in _yes_no(survey) if q.role == "cluster"]
    why = survey.pick(
        "この調査は人材の過不足を尋ねていないため、不足との関係からは優先順位を付けられない。",
        "This wave does not ask about shortage, so nothing can be put in order by its relation to "
        "shortage.",
    )
    if shortage_question(survey) is not None:
        why = survey.pick(
            "この調査には優先順位を付けられる方策の設問がない。",
            "This wave asks about no measures that could be put in order.",
        )
    single = survey.pick(
        "個々の団体については、自治体カルテ（`workbench profiles`）が規模の似た団体の取組みから"
        "最初の一歩を挙げる。",
        "For a single municipality its profile (`workbench profiles`) names first steps from what "
        "its peers do.",
    )
    if len(asked) < NEEDED or protects(survey):
        return prose(survey, f"{why}{single}", f"{why} {single}")
    sizes = survey.size_class
    group = sizes.cat.categories[-1]
    part = survey.responses[(sizes == group).fillna(False).to_numpy(bool)]
    done = {q: part[q.id].dropna().astype(bool) for q in asked}
    order = sorted(asked, key=lambda q: -done[q].mean())
    lines = [
        survey.pick(
            f"{why}代わりに、{escape(group)}（n={len(part):,}）ですでに実施している団体の割合が高い順に"
            "挙げる。まだ行っていない団体にとって、同じ規模での先例が多い取組みである。",
            f"{why} Instead, what is most common in the class {escape(group)} (n={len(part):,}): "
            "those that do not do it yet find the most examples of their own size.",
        ),
        "",
    ]
    for q in order[:most]:
        label, n, count = escape(q.label[survey.language]), len(done[q]), int(done[q].sum())
        lines.append(
            survey.pick(
                f"1. **{label}**：{n:,}団体中{count:,}団体（{count / n:.0%}）が実施、"
                f"{n - count:,}団体が未実施。",
                f"1. **{label}**: {count:,} of {n:,} do it ({count / n:.0%}), {n - count:,} do "
                "not.",
            )
        )
    caution = survey.pick(
        "先例の多さの順であり、効果の順ではない。", "An order by examples, not by effect. "
    )
    return Prose("\n".join([*lines, "", f"{caution}{single}"]))


def by_class_words(survey: Survey) -> Prose:
    """Which measures the smallest class lags behind all others most."""
    asked = _yes_no(survey)
    if len(asked) < NEEDED or protects(survey):
        return Prose("")
    sizes = survey.size_class
    group = sizes.cat.categories[-1]
    small = (sizes == group).fillna(False).to_numpy(bool)
    rows = []
    for q in asked:
        own, others = (
            survey.responses.loc[part, q.id].dropna().astype(bool) for part in (small, ~small)
        )
        gap = others.mean() - own.mean()
        rows.append((gap, escape(q.label[survey.language]), own, others))
    rows.sort(key=lambda row: -row[0])
    said = [
        survey.pick(
            f"{name} {own.mean():.0%}（{own.sum():,}/{len(own):,}、他の区分は{others.mean():.0%}、"
            f"{others.sum():,}/{len(others):,}）",
            f"{name} {own.mean():.0%} ({own.sum():,}/{len(own):,}; all others {others.mean():.0%}, "
            f"{others.sum():,}/{len(others):,})",
        )
        for _, name, own, others in (*rows[:3], rows[-1])
    ]
    most, name, n = survey.pick("、", ", ").join(said[:3]), escape(group), int(small.sum())
    return prose(
        survey,
        f"{name}（n={n:,}）で他の区分との開きが大きいのは、{most}。開きが最も小さいのは{said[3]}。",
        f"{name} (n={n:,}) lags most in: {most}; least in {said[3]}.",
    )
