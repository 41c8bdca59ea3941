"""Level and approach apart: the gradient, the size class, and the types without either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis import disclosure, figures_multiverse, figures_typology
from analysis.errors import InputError
from analysis.municipality import SIZE_CLASSES
from analysis.outputs import Figure, NotAvailable, Prose, Table
from analysis.report import types
from analysis.report.shown import absent
from analysis.survey import Survey
from analysis.typology import gradient

if TYPE_CHECKING:
    from analysis.typology.study import Typology

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
    ax = figures_multiverse.plot_map(
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
    ax = figures_typology.plot_size_classes(found, size_class=classes, language=survey.language)
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
