"""03_typology: how sure the types are, level and approach apart, and types of other surveys."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis.codebook.municipality import SIZE_CLASSES
from analysis.codebook.yaml_file import earlier
from analysis.edition import absent, prose, protects
from analysis.errors import InputError
from analysis.figures import typology_plots
from analysis.report import types
from analysis.show import Figure, NotAvailable, Prose, Table
from analysis.stats import disclosure
from analysis.survey import Survey
from analysis.typology import gradient
from analysis.typology.describe import UNPLACED
from analysis.typology.gradient import source
from analysis.typology.power import power, statement
from analysis.typology.projection import Projection
from analysis.typology.study import Typology
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
        number = dataclasses.replace(found.number, table=shown)
        found = dataclasses.replace(found, number=number)
    figure = typology_plots.plot_choice(found, language=survey.language)
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
    ax = typology_plots.plot_silhouette(
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
    ax = typology_plots.plot_coassignment(
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
    figure = typology_plots.plot_multiverse(
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
    name = survey.label(f"choice.{runs.matters_most}")
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
    ax = typology_plots.plot_coassignment(
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


LIGHTER = {"n_bootstrap": 50, "n_null": 49}  # for the readings beside the typology itself


@types.needs_types("levels")
def levels(survey: Survey, found: Typology) -> Prose:
    """How much of the structure is one gradient, and where the types lie on it."""
    low, high = found.evidence.gradient_interval
    share = survey.pick(
        f"{found.gradient_share:.0%}".replace("%", "％"), f"{found.gradient_share:.0%}"
    )
    if survey.population.tests:
        share += survey.pick(
            f"（95％区間{low:.0%}～{high:.0%}）".replace("%", "％"),
            f" (95 % interval {low:.0%} to {high:.0%})",
        )
    if not found.evidence.adoption:
        head = survey.pick(
            f"偶然を超える違いのうち、最も大きな1本の軸に沿うものは{share}である。"
            "この軸は取組みの多い少ない（水準）ではなく、"
            "対照的な二つの方向を分けるもので、取り除くとやり方の違いの一部も消える。",
            f"{share} of the structure beyond chance lies on the main axis. It is no level: it "
            "sets two opposite ways apart, so that taking it out takes some of the approach too.",
        )
    else:
        head = survey.pick(
            f"偶然を超える違いのうち{share}は「どれだけ取り組んでいるか」という1本の軸（水準）に"
            "沿っている。残りが「どのように取り組んでいるか」（方法）の違いである。",
            f"{share} of the structure beyond chance is one gradient: how much is done (level). "
            "The rest is how it is done (approach).",
        )
    mean = found.level.groupby(found.fitted.astype(int)).mean()
    at = [f"{k} {mean[k]:+.1f}" for k in found.stability.index]
    return Prose(
        head
        + survey.pick(
            f"類型ごとの軸上の平均は、類型{'、類型'.join(at)}である（0が全体の平均、単位は標準偏差）。",
            f" Mean place of each type on it: type {', type '.join(at)} (0 is the average, in "
            "standard deviations).",
        )
    )


def without(
    survey: Survey, adjust: str, *, n_types: int | None = None, seed: int = 20191003
) -> Typology | NotAvailable:
    """The typology with the ``gradient`` or the ``size_class`` taken out."""
    return types.find(survey, n_types=n_types, adjust=adjust, seed=seed, **LIGHTER)


@types.needs_types("verdict")
def verdict(survey: Survey, found: Typology) -> Prose:
    """Whether there are types in this reading at all; to stand before its figure."""
    return Prose(types.verdict_words(survey, found))


def profile(survey: Survey, found: Typology | NotAvailable) -> Figure | NotAvailable:
    """What sets the types apart once level is taken out."""
    if isinstance(found, NotAvailable):
        return NotAvailable("approach", found.reason)
    return types.profile(survey, found, "approach")


def alternatives(survey: Survey, *readings: Typology | NotAvailable) -> Table | NotAvailable:
    """The typologies side by side: as answered, without the gradient, within size classes."""
    there = [found for found in readings if not isinstance(found, NotAvailable)]
    missing = [found.reason for found in readings if isinstance(found, NotAvailable)]
    if not there:
        return NotAvailable("alternatives", " ".join(missing))
    rows = [_reading(survey, found, there[0]) for found in there]
    return survey.gallery.table(
        pd.DataFrame(rows),
        "alternatives",
        title=survey.pick(
            "最大の軸や規模を除くと類型はどう変わるか", "Types without the main axis or size"
        ),
        n=there[0].n,
        places=2,
        notes=[
            survey.pick(
                "一致は、先頭の行の類型との調整ランド指数（1＝同じ、0＝偶然の程度）。"
                "類型の番号は行ごとに別のもの。（境目）は、乱数の種を変えると判定が変わりうるもの。",
                "Agreement: adjusted Rand index with the first row (1 same, 0 as by chance). Types "
                "of two rows are not the same. Borderline: another seed may change the verdict.",
            ),
            *missing,
        ],
    )


def _reading(survey: Survey, found: Typology, first: Typology) -> dict[str, object]:
    both = first.fitted.index.intersection(found.fitted.index)
    same = adjusted_rand_score(first.labels[both], found.labels[both])
    return {
        survey.pick("見方", "typology"): types.basis(survey, found),
        survey.pick("判定", "verdict"): types.level_words(survey, found),
        survey.pick("グループ（団体数）", "groups (members)"): _listed(survey, found),
        survey.pick("平均シルエット", "silhouette"): round(found.evidence.silhouette, 2),
        survey.pick("一致", "agreement"): round(float(same), 2),
    }


def _listed(survey: Survey, found: Typology) -> str:
    """Every type with its number of members."""
    count = found.stability["n"]
    named = [
        f"{types.type_name(survey, found, kind)}{survey.pick(f'（{n}）', f' ({n})')}"
        for kind, n in count.items()
    ]
    return " / ".join(named)


def by_size(
    survey: Survey, found: Typology | NotAvailable, *, seed: int = 20191003
) -> Table | NotAvailable:
    """A typology of each size class that is large enough for one."""
    if isinstance(found, NotAvailable):
        return NotAvailable("by_size", found.reason)
    try:
        apart = survey.typology_by_size(seed=seed, **LIGHTER)
    except InputError as error:
        return NotAvailable("by_size", str(error))
    if not apart:
        return absent(
            survey,
            "by_size",
            "規模区分ごとの類型は、30団体以上が回答した区分がないため作らない。",
            "No size class has the 30 respondents that a typology of its own needs.",
        )
    order = [size for size in SIZE_CLASSES if size in apart]
    rows = [
        {
            survey.pick("規模区分", "size class"): SIZE_CLASSES[size][survey.language],
            survey.pick("団体数", "members"): apart[size].n,
            survey.pick("判定", "verdict"): types.level_words(survey, apart[size]),
            survey.pick("グループ（団体数）", "groups (members)"): _listed(survey, apart[size]),
            survey.pick("1本の軸の割合", "share of one axis"): round(apart[size].gradient_share, 2),
        }
        for size in order
    ]
    return survey.gallery.table(
        pd.DataFrame(rows),
        "by_size",
        title=survey.pick("規模区分ごとに作った類型", "Typologies made within each size class"),
        n=sum(apart[size].n for size in order),
        notes=[
            survey.pick(
                "30団体以上の区分のみ。類型は区分ごとに別に作ったもので、"
                "番号が同じでも同じ類型ではない。",
                "Size classes of 30 or more, each with types of its own: equal numbers are not "
                "equal types.",
            )
        ],
    )


@types.needs_types("map")
def map(survey: Survey, found: Typology) -> Figure | NotAvailable:
    """The municipalities and indicators on the two main axes."""
    if hidden := types.withheld(survey, "map"):
        return hidden
    place = gradient.map_axes(
        survey.features.frame.loc[found.fitted.index],
        survey.features.kinds,
        {k: v[survey.language] for k, v in types.labels_of(survey).items()},
        survey.features.groups,
    )
    ax = typology_plots.plot_map(
        found,
        units=place.units,
        categories=place.categories,
        inertia=place.inertia,
        names=types.names_of(survey),
        language=survey.language,
    )
    return survey.gallery.show(
        ax,
        "map",
        title=survey.pick("団体と指標の位置", "Map of municipalities and indicators"),
        alt=survey.pick(
            f"2つの主な軸の上の団体と指標。2軸で違いの{sum(place.inertia):.0%}を表す。",
            f"Municipalities and indicators on two axes that carry {sum(place.inertia):.0%} "
            "of the variation.",
        ),
        n=found.n,
        denominator=types.denominator(survey),
        data=types.by_unit(
            survey, found, {"axis1": place.units.iloc[:, 0], "axis2": place.units.iloc[:, 1]}
        ),
    )


@types.needs_types("composition")
def composition(survey: Survey, found: Typology) -> Figure | NotAvailable:
    """Which types each size class is made of."""
    classes = survey.size_class.reindex(found.fitted.index)
    counts = pd.crosstab(classes, found.fitted)
    fit = disclosure.may_be_shown(counts.to_numpy(int), survey.codebook.disclosure.group)
    if not fit.all() and (hidden := types.withheld(survey, "composition")):
        return hidden
    ax = typology_plots.plot_size_classes(found, size_class=classes, language=survey.language)
    return survey.gallery.show(
        ax,
        "composition",
        title=survey.pick("規模区分ごとの類型", "Types by size class")
        + types.in_brackets(survey, found),
        alt=survey.pick(
            f"規模区分ごとの類型の構成（n={found.n:,}）。",
            f"Composition of each size class by type (n={found.n:,}).",
        ),
        n=found.n,
        denominator=types.denominator(survey),
        data=counts.reset_index(),
    )


LISTED = 8  # indicators that a sentence can list


@dataclass(frozen=True)
class Placed:
    """Respondents of one wave in the types of another."""

    other: Survey
    found: Typology
    projection: Projection


def place(
    survey: Survey, reference: str = "", *, n_types: int | None = None, seed: int = 20191003
) -> Placed | NotAvailable:
    """Place the respondents in the types of `reference`; empty: of the wave before."""
    name = "placement"
    reference = reference or earlier(survey.wave.name)
    if not reference:
        return absent(
            survey,
            name,
            "同じコードブックによる前回の調査がないため、前回の類型には当てはめていない。"
            "他の調査の類型に当てはめるには、パラメータ reference にその名前を指定する。",
            "There is no earlier wave with this codebook. Name another wave in the parameter "
            "`reference` to place the respondents in its types.",
        )
    try:
        other = Survey.load(
            reference,
            audience=survey.audience,
            language=survey.language,
            output=survey.output,
        )
        found, projection = survey.place_in(other, n_types=n_types or "auto", seed=seed)
    except InputError as error:
        why = survey.pick("他の調査の類型には当てはめられない", "These cannot be placed elsewhere")
        return NotAvailable(name, f"{why}: {error}")
    return Placed(other, found, projection)


def basis(survey: Survey, placed: Placed | NotAvailable) -> Prose:
    """Which types, made from which indicators, and how far they may be trusted."""
    if isinstance(placed, NotAvailable):
        return Prose(placed.reason)
    other, shown = placed.other, placed.projection
    labels, count = types.labels_of(other), len(shown.shared)
    listed = survey.pick("、", ", ").join(labels[f][survey.language] for f in shown.shared)
    which = survey.pick(f"（{listed}）", f" ({listed})") if count <= LISTED else ""
    outside = int((~shown.fits & (shown.labels != UNPLACED)).sum())
    caution = next(
        (
            link.text[survey.language]
            for link in survey.codebook.comparable
            if link.codebook == other.codebook.id and link.codebook != survey.codebook.id
        ),
        "",
    )
    invented = survey.pick("（架空データ）", " (invented data)") if survey.wave.invented else ""
    return prose(
        survey,
        f"「{other.wave.title.ja}」（{placed.found.n:,}団体）を、両方の調査にある{count}個の指標"
        f"{which}だけで類型に分け、今回の回答{survey.n}団体{invented}を最も近い類型に当てはめた。"
        f"どの類型からも遠い団体は{outside}団体である。{caution}"
        f"当てはめ先の類型の判定：{types.sentence(other, placed.found)}",
        f"{other.wave.title.en} ({placed.found.n:,} municipalities) was put into types by the "
        f"{count} indicators that both have{which}, and the {survey.n} respondents{invented} "
        f"were placed in the nearest one. Far from every type: {outside}. "
        f"{caution}{' ' if caution else ''}Verdict on those types: "
        f"{types.sentence(other, placed.found)}",
    )


def table(survey: Survey, placed: Placed | NotAvailable) -> Table | NotAvailable:
    """Each respondent's type there, how strongly, the next type, and whether it fits at all."""
    if isinstance(placed, NotAvailable):  # `basis` has said why
        return absent(
            survey,
            "placement",
            "当てはめ先の調査がない。",
            "There is no survey to place them in.",
        )
    if hidden := types.withheld(survey, "placement"):
        return hidden
    shown, found, other = placed.projection, placed.found, placed.other
    strength = shown.membership.max(axis=1)
    fits = {True: survey.pick("", ""), False: survey.pick("どの類型からも遠い", "far from all")}
    frame = pd.DataFrame(
        {
            survey.pick("団体", "municipality"): survey.names.reindex(shown.labels.index),
            survey.pick("類型", "type"): [
                types.type_name(other, found, int(k)) for k in shown.labels
            ],
            survey.pick("所属の強さ", "membership"): strength.round(2),
            survey.pick("次に近い類型", "second nearest"): [
                types.type_name(other, found, int(k)) for k in shown.second
            ],
            survey.pick("注意", "note"): shown.fits.map(fits).where(
                shown.labels != UNPLACED,
                survey.pick("共通の指標に回答がない", "answered none of the shared indicators"),
            ),
        }
    )
    head = survey.pick("所属の強さ", "membership")
    if len(frame) > types.NAMED_UP_TO:
        frame = frame.nsmallest(types.NAMED_UP_TO, head, keep="first")
    return survey.gallery.table(
        frame,
        "placement",
        title=survey.pick(
            f"「{other.wave.title.ja}」の類型への当てはめ",
            f"Placed in the types of {other.wave.title.en}",
        ),
        n=len(shown.labels),
        notes=[
            survey.pick(
                f"当てはめ先：{other.source}、{found.n:,}団体。所属の強さは0から1"
                "（各類型までの平均の違いの2乗に反比例）。「遠い」は、その類型の構成団体の95％より離れている団体。",
                f"Types of: {other.source}, {found.n:,} municipalities. Membership 0 to 1, falling "
                "with the squared mean dissimilarity. Far: farther than 95 % of the type's "
                "members.",
            )
        ],
    )
