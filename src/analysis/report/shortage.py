"""06_report: who is short of IT people, what those not short do, and what that allows to say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis import edition
from analysis.codebook.model import Question
from analysis.edition import absent, prose, protects
from analysis.figures import plots
from analysis.report import types
from analysis.results.certainty import POWER_UP_TO
from analysis.show import Answer, Figure, NotAvailable, Prose, Table
from analysis.stats import disclosure, hypotheses, inference, population, tabulate
from analysis.stats.tabulate import SHORT, aligned
from analysis.survey import Survey
from analysis.tabulation import to_answer
from analysis.text import Text, escape
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
        groups = edition.grouped(survey, groups)
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
        "size": tabulate.size_class_labels(asked, survey.language).value_counts(),
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
    question, around = shortage_question(survey), ""
    if question is None or not (question.ask_if and protects(survey, question)):
        size = to_answer(survey, question)
        around = population.beside(survey.population, count, n, survey.language, size)
    return Answer(
        survey.pick(
            f"情報人材が不足していると答えたのは{n}団体中{count}団体（{count / n:.0%}"
            f"{'、' if around else ''}{around}）。",
            f"{count} of {n} municipalities say they are short of IT people ({count / n:.0%}"
            f"{'; ' if around else ''}{around}).",
        ),
        said,
    )


def measures(survey: Survey) -> pd.DataFrame:
    """How much more often those not short do something than those short, with cost and evidence.

    Suggested ones first, then by the size of the difference, whatever its direction.

    Columns: variable, question, label, cost, enough, n_enough, short, n_short, effect (an
    `inference.Effect` of all), within (an Effect among municipalities of one size class), p (of
    `within`, NaN where no class has both), p_holm (NaN where too few can be compared), ways (the
    arrangements within size classes), grade, size (the difference of all), small (cells that an
    edition may hide).
    """
    short = short_of_people(survey)
    if short is None:
        return pd.DataFrame()
    sizes = survey.register["size_class"].reindex(survey.responses.index).astype(str)
    frame = pd.DataFrame(
        [
            {
                "variable": f"{question.id}_{option.code}",
                "question": question.label[survey.language],
                "label": option.text[survey.language],
                "cost": option.cost,
                **_compared(survey.responses[f"{question.id}_{option.code}"], short, sizes),
            }
            for question in survey.codebook
            for option in question.options
            if option.cost is not None and question.type == "multi"
        ]
    )
    if frame.empty:
        return frame
    # what cannot be compared costs the others no correction
    tested = frame["p"].mask([_too_few(effect) for effect in frame["effect"]])
    frame["p_holm"] = inference.holm(tested.to_numpy(float))
    frame["grade"] = [_grade(r.effect, r.within, r.p_holm) for r in frame.itertuples()]
    frame["size"] = [e.estimate for e in frame["effect"]]
    first = (frame["grade"] != "suggested").astype(int)
    return frame.assign(first=first, far=-frame["size"].abs().round(9)).sort_values(
        ["first", "far"], kind="stable"
    )


def _compared(chosen: pd.Series, short: pd.Series, sizes: pd.Series) -> dict[str, Any]:
    """Counts of those not short and those short, their difference, and that within size classes."""
    known = short.notna() & chosen.notna()
    is_short, does = short[known].to_numpy(bool), chosen[known].to_numpy(bool)
    unknown = chosen[short.isna() & chosen.notna()].to_numpy(bool)
    strata = sizes[known].to_numpy(object)
    a, n_a = int(does[~is_short].sum()), int((~is_short).sum())
    b, n_b = int(does[is_short].sum()), int(is_short.sum())
    within = inference.difference_within(does, ~is_short, strata)
    return {
        "enough": a,
        "n_enough": n_a,
        "short": b,
        "n_short": n_b,
        "effect": inference.difference_of_shares(a, n_a, b, n_b),
        "within": within,
        "p": within.p,
        "ways": inference.arrangements(is_short, strata),
        "small": _small(a, n_a - a, b, n_b - b, unknown.sum(), (~unknown).sum()),
    }


def attainable(frame: pd.DataFrame) -> tuple[int, int, float]:
    """Of `measures`: arrangements at most, tests, and the least corrected p that they allow."""
    tested = frame[frame["p_holm"].notna()]
    if tested.empty:
        return 0, 0, float("nan")
    least = min(effect.least for effect in tested["within"])
    return int(tested["ways"].max()), len(tested), min(1.0, len(tested) * least)


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


def _grade(effect: inference.Effect, within: inference.Effect, p_holm: float) -> str:
    """Notable overall, and not turned round among municipalities of the same size."""
    if _too_few(effect):
        return "not testable"
    # `within` is NaN where no size class has both kinds: nothing speaks against it
    if round(effect.estimate, 9) < NOTABLE or within.estimate <= 0:
        return "not shown"
    return "suggested" if p_holm <= hypotheses.ALPHA else "illustrated"


def do_differently(survey: Survey, most: int = 15) -> Table | NotAvailable:
    """Measures with their difference: suggested ones first, then the largest differences."""
    frame, tests = measures(survey), survey.population.tests
    if frame.empty:
        return unavailable(survey, "measures")
    hides = protects(survey, shortage_question(survey))
    if hides:  # evidence and place of a measure would tell counts that are not shown
        frame = frame[~frame["small"]]
    if hides and (split(survey).empty or frame.empty):
        return withheld(survey, "measures")
    shown = (frame if tests else frame.sort_values("far", kind="stable")).head(most)
    untested = shown["p_holm"].isna()
    numbers = pd.DataFrame(
        {
            survey.pick("不足でない団体", "not short"): [
                f"{a}/{n}" for a, n in zip(shown["enough"], shown["n_enough"], strict=True)
            ],
            survey.pick("不足の団体", "short"): [
                f"{a}/{n}" for a, n in zip(shown["short"], shown["n_short"], strict=True)
            ],
            survey.pick("差（ポイント）", "difference (points)"): [
                f"{100 * e.estimate:+.0f}" for e in shown["effect"]
            ],
            survey.pick("同じ規模どうしの差（95％区間）", "same size (95 %)"): [
                "—" if out or np.isnan(w.estimate) else inference.interval_text(w, 100, 0)
                for w, out in zip(shown["within"], untested, strict=True)
            ],
            survey.pick("p値", "p"): [inference.p_text(p) for p in shown["p"].mask(untested)],
            survey.pick("補正後p値", "p (Holm)"): [inference.p_text(p) for p in shown["p_holm"]],
        },
        index=shown.index,
    )
    evidence = {
        survey.pick("根拠", "evidence"): [GRADES[g][survey.language] for g in shown["grade"]]
    }
    if not tests:
        numbers, evidence = _of_all(survey, shown, numbers), {}
    if hides:  # what is reckoned within size classes would tell how many of each are short
        numbers = numbers.iloc[:, :3]
    table = pd.DataFrame(
        {
            survey.pick("方策", "measure"): shown["label"],
            survey.pick("設問", "question"): shown["question"],
            **numbers,
            survey.pick("費用", "cost"): [COSTS[c][survey.language] for c in shown["cost"]],
            **evidence,
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
            _shown_words(survey)
            if hides
            else survey.pick(
                "探索的な比較。「同じ規模どうしの差」は区分ごとの差の加重平均（Mantel–Haenszel）で、逆向きなら根拠としない。"
                "その区間とp値（同じ規模区分の中での正確な検定）は1件ごとのもので、補正後p値は全件をHolm法で補正した値。"
                f"{_least_words(survey, frame)}"
                "費用は職員の手間と予算からみた目安。差があっても、方策が不足を解消したとは言えない。",
                "Exploratory. Same size: the differences within size classes, weighted "
                "(Mantel-Haenszel); where it is reversed there is no evidence. Its interval and p "
                "(exact, within size classes) are of the single comparison; p (Holm) is corrected "
                f"for all. {_least_words(survey, frame)} Cost is a rough judgement. A difference "
                "does not show that the measure cured the shortage.",
            )
            if tests
            else survey.pick(
                "全数であり、検定はしていない。差の大きい順に並べた。「同じ規模どうしの差」は区分ごとの差の"
                "加重平均（Mantel–Haenszel）。費用は職員の手間と予算からみた目安。差があっても、方策が不足を"
                "解消したとは言えない。",
                "A full count: nothing is tested. Largest differences first. Same size: the "
                "differences within size classes, weighted (Mantel-Haenszel). Cost is a rough "
                "judgement. A difference does not show that the measure cured the shortage.",
            )
        ],
    )


def _shown_words(survey: Survey) -> str:
    """What the table of measures says where small numbers are protected."""
    return survey.pick(
        "探索的な比較。個々の団体の回答が分からない方策だけを載せる。"
        "費用は職員の手間と予算からみた目安。差があっても、方策が不足を解消したとは言えない。",
        "Exploratory; only measures whose numbers tell no single answer. Cost is roughly judged. "
        "A difference does not show that the measure cured the shortage.",
    )


def _of_all(survey: Survey, shown: pd.DataFrame, numbers: pd.DataFrame) -> pd.DataFrame:
    """The columns of a full count: counts and differences, and nothing that speaks of chance."""
    same = survey.pick("同じ規模どうしの差", "same size")
    within = ["—" if np.isnan(w.estimate) else f"{100 * w.estimate:+.0f}" for w in shown["within"]]
    return numbers.iloc[:, :3].assign(**{same: within})


def _least_words(survey: Survey, frame: pd.DataFrame) -> str:
    """The least corrected p-value that the number of arrangements allows, in a sentence."""
    ways, tests, least = attainable(frame)
    if not tests:
        return survey.pick("比べられる方策はない。", "Nothing can be compared.")
    if protects(survey, shortage_question(survey)):  # their number follows from hidden counts
        return ""
    return survey.pick(
        f"同じ規模区分の中での組合せは最大{ways:,}通りで、{tests}件を補正したp値は"
        f"最小でも{inference.p_text(least)}である。",
        f"There are at most {ways:,} arrangements within size classes, so that with {tests} "
        f"comparisons the least corrected p is {inference.p_text(least)}.",
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
    most = frame[["n_enough", "n_short"]].max()
    if most.min() < FEWEST:
        return prose(
            survey,
            f"不足していない団体が{most['n_enough']}団体、不足している団体が{most['n_short']}団体で、"
            f"どちらも{FEWEST}団体以上ないと比べられない。優先順位を付ける根拠はこの調査からは得られない。",
            f"{most['n_enough']} are not short and {most['n_short']} are; a comparison needs "
            f"{FEWEST} of each, so this survey gives no ground for an order of priority.",
        )
    if not survey.population.tests:
        return Prose("\n".join(_notable(survey, frame[frame["p_holm"].notna()])))
    sure = frame[frame["grade"] == "suggested"]
    lines = _in_order(survey, sure) if len(sure) else [_no_order(survey, frame, told=not hides)]
    rest = frame[frame["p_holm"].notna() & (frame["grade"] != "suggested")]
    return Prose("\n".join([*lines, "", *_notable(survey, rest)]))


def _in_order(survey: Survey, sure: pd.DataFrame) -> list[str]:
    """Those whose difference can be told from chance, the largest first."""
    lines = [
        survey.pick(
            "不足していない団体の方が多く行い、その差を偶然と区別できる方策を、差の大きい順に並べる。",
            "What those not short do more often, told from chance, the largest difference first.",
        ),
        "",
    ]
    for row in sure.itertuples():
        cost = COSTS[row.cost][survey.language]
        lines.append(
            survey.pick(
                f"1. **{escape(row.label)}**（{escape(row.question)}）：不足していない団体"
                f"{row.enough}/{row.n_enough}、不足している団体{row.short}/{row.n_short}。費用は{cost}。",
                f"1. **{escape(row.label)}** ({escape(row.question)}): {row.enough}/{row.n_enough} "
                f"of those not short, {row.short}/{row.n_short} of those short. Cost {cost}.",
            )
        )
    return lines


def _no_order(survey: Survey, frame: pd.DataFrame, *, told: bool) -> str:
    """Why there is no order of priority: because none is possible, or because none was found.

    `told`: the number of arrangements may be; it follows from how many of each class are short.
    """
    ways, tests, least = attainable(frame)
    possible = not told or not tests or least <= hypotheses.ALPHA
    if not possible:
        return survey.pick(
            "**順位は付けない。** 同じ規模区分の中で、不足していない団体と不足している団体の"
            f"組合せは最大{ways:,}通りしかなく、{tests}件を比べて補正したp値は、回答がどうであっても"
            f"{inference.p_text(least)}を下回らない（{tests}×1/{ways:,}）。"
            "回答団体がこの数では、どの方策の差も偶然と区別できない。",
            f"**No order is given.** Within size classes those short and those not can be arranged "
            f"in at most {ways:,} ways, so that with {tests} comparisons no corrected p-value can "
            f"be below {inference.p_text(least)} ({tests} x 1/{ways:,}), whatever the answers. So "
            "few replies cannot tell any measure's difference from chance.",
        )
    return survey.pick(
        "**順位は付けない。** 不足していない団体の方が多く行い、その差を偶然と区別できる方策は"
        "ない。",
        "**No order is given.** No measure is done more often by those not short to an extent "
        "that can be told from chance.",
    )


def _notable(survey: Survey, rest: pd.DataFrame) -> list[str]:
    """Differences of 20 points and more in either direction, and how many chance would give."""
    heads = {
        1: survey.pick("不足していない団体の方が多い", "More often done by those not short"),
        -1: survey.pick("不足している団体の方が多い", "More often done by those short"),
    }
    lines = [
        survey.pick(
            f"参考として、差が{100 * NOTABLE:.0f}ポイント以上の方策を、不足していない団体、不足して"
            "いる団体の順に数を添えて、差の大きいものから挙げる。",
            f"For reference, differences of {100 * NOTABLE:.0f} points or more, the largest first: "
            "those not short against those short.",
        ),
        "",
    ]
    if not survey.population.tests:
        rest = rest.sort_values("far", kind="stable")
        first = survey.pick(
            f"全数であり、検定はしていない。差が{100 * NOTABLE:.0f}ポイント以上の方策を、"
            "足りている団体・不足の団体の順に数を添えて、差の大きいものから挙げる。差の大きさの順であり、効果の順ではない。",
            f"A full count: nothing is tested. Differences of {100 * NOTABLE:.0f} points or more, "
            "the largest first: those not short against those short. An order by difference, not "
            "by effect.",
        )
        lines = [first, ""]
    for sign, head in heads.items():
        far = rest[(rest["size"] * sign).round(9) >= NOTABLE]
        listed = survey.pick("、", ", ").join(
            f"{escape(r.label)} {r.enough}/{r.n_enough}"
            + survey.pick("・", " v ")
            + f"{r.short}/{r.n_short}"
            for r in far.itertuples()
        )
        chance = ""
        if survey.population.tests:
            mean = sum(_by_chance(r, sign) for r in rest.itertuples())
            chance = survey.pick(
                f"（偶然だけでも平均{mean:.1f}件）", f" (chance alone: {mean:.1f} on average)"
            )
        lines.append(
            survey.pick(
                f"- **{head}**：{len(far)}件{chance}。{listed or 'なし'}",
                f"- **{head}**: {len(far)}{chance}. {listed or 'None'}",
            )
        )
    return lines


def _by_chance(row: Any, sign: int) -> float:
    """Probability that this many who do it differ by 20 points or more, shared out at random."""
    n_a, n_b, total = row.n_enough, row.n_short, row.enough + row.short
    a = np.arange(max(0, total - n_b), min(n_a, total) + 1)
    far = np.round(sign * (a / n_a - (total - a) / n_b), 9) >= NOTABLE
    return float(stats.hypergeom.pmf(a, n_a + n_b, total, n_a)[far].sum())


def _bounds_words(survey: Survey) -> list[str]:
    """What stands beside the share of those short of people, where it is printed."""
    if shortage_question(survey) is None or split(survey).empty:
        return []
    said = population.bounds_words(survey.population, survey.language)
    return [f"- {said}"] if said else []


def _chance_words(survey: Survey) -> list[str]:
    """What the p-values of the measures mean, where there are any."""
    frame = measures(survey)
    if frame.empty or frame["p_holm"].isna().all():
        return []
    said = population.chance(survey.population, survey.language)
    return [f"- {said}"] if said else []


def limits(survey: Survey, found: Typology | NotAvailable) -> Prose:
    """What cannot be concluded."""
    rated = any(q.type in {"ordinal", "battery"} for q in survey.codebook)
    lines = [
        f"- {population.words(survey.population, survey.language)}",
        *_bounds_words(survey),
        *_chance_words(survey),
        survey.pick(
            "- 一時点の調査で、回答は担当者の自己評価を含む。因果関係は示せない。"
            if rated
            else "- 一時点のデータであり、因果関係は示せない。",
            "- One point in time, partly self-rated by the same person: no cause can be shown."
            if rated
            else "- One point in time: no cause can be shown.",
        ),
    ]
    if not (survey.population.tests or isinstance(found, NotAvailable)):
        lines.append(
            survey.pick(
                "- 類型の判定は、類型のない人工の調査に同じ手順を当てはめた結果と比べたものであり、"
                "標本の誤差についてのものではない。",
                "- The verdict on types compares with made-up surveys without types that went "
                "through the same steps; it speaks of no sample.",
            )
        )
    powerless = survey.n <= POWER_UP_TO and survey.population.tests
    if powerless and not isinstance(found, NotAvailable):
        lines.append(f"- {types.power_words(survey, found)}")
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
