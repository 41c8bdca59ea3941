"""How sure the types are: their number, their stability, chance, and the choices of analysis."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from analysis import figures_multiverse, figures_typology
from analysis.errors import InputError
from analysis.outputs import Figure, NotAvailable, Prose, Table
from analysis.report import types
from analysis.report.shown import prose, protects
from analysis.survey import Survey
from analysis.typology.gradient import source
from analysis.typology.power import power, statement
from analysis.typology.verdict import SMALLEST_TYPE

if TYPE_CHECKING:
    from analysis.typology.multiverse import Multiverse
    from analysis.typology.study import Typology

POWER_UP_TO = 200  # respondents up to which the statement on power is worth its time
KINDS = {
    "binary": {"ja": "はい・いいえ", "en": "yes/no"},
    "asymmetric": {"ja": "はい・いいえ", "en": "yes/no"},
    "nominal": {"ja": "分類", "en": "nominal"},
    "ordinal": {"ja": "段階", "en": "ordinal"},
    "ratio": {"ja": "数値", "en": "numeric"},
}


@types.needs_types("reason")
def reason(survey: Survey, found: Typology) -> Prose:
    """Why this number of types."""
    return Prose(found.choice_reason[survey.language])


@types.needs_types("choice")
def choice(survey: Survey, found: Typology) -> Figure:
    """The criteria by number of types.

    The BIC of one class is a function of how often each answer was given, hidden ones too; where
    small numbers are protected it is given as the difference from the least.
    """
    if protects(survey) and "bic" in found.choice:
        bic = found.choice["bic"]
        shown = found.choice.drop(columns="bic").assign(bic_above=bic - bic.min())
        found = dataclasses.replace(found, choice=shown)
    figure = figures_multiverse.plot_choice(found, language=survey.language)
    return survey.gallery.show(
        figure,
        "choice",
        title=survey.pick("類型の数を選ぶ目安", "Criteria for the number of types"),
        alt=found.choice_reason[survey.language],
        n=found.n,
        denominator=types.denominator(survey),
        data=found.choice.reset_index(),
    )


@types.needs_types("silhouette")
def silhouette(survey: Survey, found: Typology) -> Figure | NotAvailable:
    """How well each municipality sits in its type."""
    if hidden := types.withheld(survey, "silhouette"):
        return hidden
    ax = figures_typology.plot_silhouette(
        found, names=types.names_of(survey), language=survey.language
    )
    below, n = int((found.silhouette < 0).sum()), int(found.silhouette.notna().sum())
    mean = found.silhouette.mean()
    return survey.gallery.show(
        ax,
        "silhouette",
        title=survey.pick("各団体のシルエット幅", "Silhouette width of each municipality"),
        alt=survey.pick(
            f"類型ごとのシルエット幅。平均{mean:.2f}。0未満（隣の類型に近い）は{below}団体（n={n:,}）。",
            f"Silhouette widths by type, mean {mean:.2f}; {below} of {n:,} are below 0.",
        ),
        n=n,
        denominator=survey.pick("類型に入った団体", "municipalities placed in a type"),
        data=types.by_unit(
            survey,
            found,
            {"silhouette": found.silhouette, "membership": found.membership.max(axis=1)},
        ),
    )


@types.needs_types("coassignment")
def coassignment(survey: Survey, found: Typology) -> Figure | NotAvailable:
    """How often two municipalities end in the same type when the survey is resampled."""
    if hidden := types.withheld(survey, "coassignment"):
        return hidden
    ax = figures_typology.plot_coassignment(
        found, names=types.names_of(survey), language=survey.language
    )
    jaccard = found.stability["jaccard_bootstrap"]
    listed = ", ".join(f"{k}: {v:.2f}" for k, v in jaccard.items())
    data = found.coassignment if found.n <= types.NAMED_UP_TO else found.stability
    return survey.gallery.show(
        ax,
        "coassignment",
        title=survey.pick("同じ類型になる割合（再標本化）", "Share of resamples in the same type"),
        alt=survey.pick(
            f"再標本化で2団体が同じ類型になった割合の行列。類型ごとの安定度は {listed}。",
            f"Matrix of how often two municipalities share a type. Stability by type {listed}.",
        ),
        n=found.n,
        denominator=types.denominator(survey),
        data=data.round(3).reset_index(),
    )


@types.needs_types("doubts")
def doubts(survey: Survey, found: Typology) -> Prose:
    """Chance, a continuum, and what a survey of this size could find at all."""
    chance, smooth = found.params["drawn"]
    p, q = found.null_p, found.continuum_p
    beaten, also = (round(x * (n + 1)) - 1 for x, n in ((p, chance), (q, smooth)))
    how = {
        "none": (
            "回答を項目ごとに団体間で入れ替えた（項目どうしに関係のない）調査",
            "in which each answer was given to another respondent, item by item",
        ),
        "strata": (
            "回答を項目ごとに同じ区分の団体の間で入れ替えた調査",
            "in which each answer was given to another respondent of the same stratum",
        ),
        "gradient": ("1本の連続的な軸のほかに違いのない調査", "with nothing but one gradient"),
    }[found.evidence.basis]
    lines = survey.pick(
        f"- **偶然との比較** {how[0]}を{chance}回作り、同じ手順で分けると、同じ程度以上に分かれて"
        f"見えたのは{beaten}回である（p = {p:.2f}{_least(survey, found, p)}）。\n"
        f"- **連続的な分布との比較** 項目どうしの相関は同じで、境目のない調査を{smooth}回作ると、"
        f"同じ程度以上に分かれて見えたのは{also}回である（p = {q:.2f}{_least(survey, found, q)}）。"
        "軸に沿った散らばり方は均等なものと正規分布との2通りを試し、pの大きいほうを採る。\n",
        f"- **Chance** Of {chance} surveys {how[1]}, treated in the same way, {beaten} separated "
        f"at least as well (p = {p:.2f}{_least(survey, found, p)}).\n"
        f"- **A continuum** Of {smooth} smooth surveys with the same correlations {also} separated "
        f"at least as well (p = {q:.2f}{_least(survey, found, q)}). Units were spread evenly and "
        "normally along the axes; the larger p counts.\n",
    )
    if min(chance, smooth) < found.params["n_null"]:
        lines += survey.pick(
            "  pが0.10を超えることが確実になった時点で、それ以上は作らない"
            f"（最大{found.params['n_null']}回）。\n",
            f"  No more were drawn (of {found.params['n_null']}) once p was sure to be above 0.10."
            "\n",
        )
    if not survey.population.tests:
        return Prose(
            lines
            + survey.pick(
                "- **全数での読み方** 全数の値に標本の誤差はない。pは、類型のない人工の調査に"
                "同じ手順を当てはめたとき、実際と同じ程度以上に分かれて見える割合であり、モデルとの比較である。",
                "- **How to read this of a full count** There is no error of sampling. p is the "
                "share of made-up surveys without types that separate at least as well when they "
                "go through the same steps: a comparison with a model.",
            )
        )
    head = survey.pick(
        "- **この規模の調査でわかること** ", "- **What a survey of this size can find** "
    )
    return Prose(lines + head + power_words(survey, found))


def _least(survey: Survey, found: Typology, p: float) -> str:
    """What to add to a p-value that could not be less."""
    if p > found.evidence.least_p + 1e-9:
        return ""
    return survey.pick("、取りうる最小の値", ", the least it can be")


def power_words(survey: Survey, found: Typology) -> str:
    """How often this number of types would be recovered by these indicators."""
    k = int(found.params["n_types"])
    if found.n < SMALLEST_TYPE * k:
        return survey.pick(
            f"{found.n}団体では{k}つの類型を見分けることはできない。",
            f"{found.n} respondents cannot show {k} types.",
        )
    if found.n > POWER_UP_TO:
        return survey.pick(
            f"回答が{found.n:,}団体あるため、標本の小ささは主な限界ではない。",
            f"With {found.n:,} municipalities the size of the sample is not the main limit.",
        )
    used = dict.fromkeys(source(name) for name in found.profile["feature"])
    made = survey.features
    kinds, groups = ([of[name] for name in used] for of in (made.kinds, made.groups))
    answers = made.frame.loc[found.fitted.index, list(used)]
    missing = float(answers.isna().to_numpy().mean())
    yes = [
        float(answers[name].mean()) if kind in ("binary", "asymmetric") else 0.5
        for name, kind in zip(used, kinds, strict=True)
    ]
    table = power(found.n, n_types=k, kinds=kinds, groups=groups, yes=yes, missing=missing, seed=1)
    counted = Counter(KINDS[kind][survey.language] for kind in kinds)
    listed = "、".join(f"{name}{n}個" for name, n in counted.items())
    named = ", ".join(f"{n} {name}" for name, n in counted.items())
    about = {
        "ja": f"{listed}、{len(set(groups))}分野、無回答{missing:.0%}".replace("%", "％"),
        "en": f"{named}; {len(set(groups))} groups; {missing:.0%} missing",
    }
    return statement(table, about)[survey.language]


def runs_of(
    survey: Survey, *, n_types: int | None = None, seed: int = 20191003
) -> Multiverse | NotAvailable:
    """All defensible analyses beside the unadjusted typology, run once and kept."""
    try:
        return survey.multiverse(n_types=n_types or "auto", adjust="none", seed=seed)
    except InputError as error:
        return NotAvailable("multiverse", str(error))


def multiverse(survey: Survey, runs: Multiverse | NotAvailable) -> Figure | NotAvailable:
    """How firmly each municipality stays with its type, and which choice matters most."""
    if isinstance(runs, NotAvailable):
        return runs
    figure = figures_multiverse.plot_multiverse(
        runs,
        names=types.names_of(survey),
        language=survey.language,
        one_by_one=not protects(survey),
    )
    return survey.gallery.show(
        figure,
        "multiverse",
        title=survey.pick(f"{runs.n}通りの分析（調整なし）", f"{runs.n} analyses (unadjusted)"),
        alt=matters(survey, runs).markdown,
        n=len(runs.units),
        denominator=types.denominator(survey),
        data=runs.choices.reset_index(names="choice"),
    )


def matters(survey: Survey, runs: Multiverse | NotAvailable) -> Prose:
    """What the analyses agree on, and which choice changes the result most."""
    if isinstance(runs, NotAvailable):
        return Prose(runs.reason)
    share = runs.choices["share"]
    name = figures_multiverse.CHOICES[runs.matters_most][survey.language]
    most, rest = share[runs.matters_most], share["combinations"]
    border = int((runs.units["status"] == "borderline").sum())
    n, core = len(runs.units), int((runs.units["status"] == "core").sum())
    return prose(
        survey,
        f"{runs.n}通りの分析のうち3分の2以上で自分の類型にとどまり、次に近い類型を大きく引き離す"
        f"団体（中核）は{n:,}団体中{core:,}団体、どちらの類型とも言えない団体（境界）は{border:,}団体である。"
        f"一つの選択として結果を最も左右するのは「{name}」で、違いの{most:.0%}を占める"
        f"（複数の選択の組合せによる違いが{rest:.0%}）。",
        f"In {runs.n} analyses, {core:,} of {n:,} municipalities stay with their type in at "
        f"least two thirds and well ahead of the next type (core); {border:,} sit on a border. "
        f'The single choice that matters most is "{name}" with {most:.0%} of the variation '
        f"({rest:.0%} comes from combinations of choices).",
    )


@types.needs_types("pairs")
def pairs(
    survey: Survey, found: Typology, runs: Multiverse | NotAvailable
) -> Figure | NotAvailable:
    """In which share of the analyses each pair of municipalities is together."""
    if isinstance(runs, NotAvailable):
        return NotAvailable("pairs", runs.reason)
    if hidden := types.withheld(survey, "pairs"):
        return hidden
    together = runs.together.loc[found.fitted.index, found.fitted.index]
    ax = figures_typology.plot_coassignment(
        found, together=together, names=types.names_of(survey), language=survey.language
    )
    few = found.n <= types.NAMED_UP_TO
    return survey.gallery.show(
        ax,
        "pairs",
        title=survey.pick(
            f"{runs.n}通りの分析のうち、2団体が同じ類型になった割合",
            f"Share of {runs.n} analyses in which two municipalities are of one type",
        ),
        alt=survey.pick(
            f"団体どうしの行列。濃いほど、{runs.n}通りの分析の多くで同じ類型になった組。"
            "並びは採用した類型の順。",
            f"Matrix of municipalities, darker where a pair is together in more of the {runs.n} "
            "analyses, ordered by the types shown.",
        ),
        n=found.n,
        denominator=types.denominator(survey),
        data=(together.round(3).reset_index(names="code") if few else _mean_pairs(found, together)),
    )


def _mean_pairs(found: Typology, together: pd.DataFrame) -> pd.DataFrame:
    """Mean share of pairs between the types, where there are too many pairs to list."""
    kinds = found.fitted.to_numpy(int)
    by_type = together.groupby(kinds).mean().T.groupby(kinds).mean().T
    return by_type.round(3).rename_axis(index="type").reset_index()


@types.needs_types("borders")
def borders(
    survey: Survey, found: Typology, runs: Multiverse | NotAvailable
) -> Table | NotAvailable:
    """The members that are robust, and those on a border, by type."""
    if isinstance(runs, NotAvailable):
        return NotAvailable("borders", runs.reason)
    named = found.n <= types.NAMED_UP_TO and not protects(survey)
    names = types.names_of(survey)
    heads = {
        "core": survey.pick("中核（ほとんどの分析で動かない）", "core (stays in most analyses)"),
        "between": survey.pick("中間", "between"),
        "borderline": survey.pick("境界", "borderline"),
    }
    rows = []
    for kind in found.stability.index:
        mine = runs.units[runs.units["type"] == kind]
        row: dict[str, object] = {
            survey.pick("類型", "type"): types.type_name(survey, found, kind),
            survey.pick("団体数", "members"): len(mine),
        }
        for status, head in heads.items():
            codes = mine.index[mine["status"] == status]
            joined = survey.pick("、", ", ").join(names.get(code, code) for code in codes)
            row[head] = (joined or survey.pick("なし", "none")) if named else len(codes)
        rows.append(row)
    return survey.gallery.table(
        pd.DataFrame(rows),
        "borders",
        title=survey.pick("動かない団体と境界の団体", "Robust and borderline members"),
        n=found.n,
        notes=[
            survey.pick(
                "中核：3分の2以上の分析で自分の類型と同じになり、次の類型を3分の1以上引き離す団体。"
                "境界：その差が15ポイント未満の団体。",
                "Core: with its own type in at least 2/3 of the analyses and at least 1/3 ahead "
                "of the next. Borderline: less than 15 points ahead.",
            )
        ],
    )
