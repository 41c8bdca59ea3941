"""03_typology: the types, how sure they are, and who sits on the border."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis import disclosure, figures_multiverse, figures_typology
from analysis.errors import InputError
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table
from analysis.report.shown import protects
from analysis.survey import Survey
from analysis.typology import gradient
from analysis.typology.power import power, statement

if TYPE_CHECKING:
    from analysis.typology.study import Typology

NAMED_UP_TO = 40  # municipalities that a figure or table can name one by one
POWER_UP_TO = 200  # respondents up to which the statement on power is worth its time


def _needs_types(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A figure or table of the typology; where there is none it says why."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def shown(survey: Survey, found: Typology | NotAvailable, *rest: Any) -> Any:
            if isinstance(found, NotAvailable):
                return NotAvailable(name, found.reason)
            return function(survey, found, *rest)

        return shown

    return decorate


def find(
    survey: Survey, *, n_types: int | None = None, adjust: str = "none", seed: int = 20191003
) -> Typology | NotAvailable:
    """The typology that the rest of the notebook shows; its verdict weighs the multiverse too.

    Where a wave cannot have one, the reason takes its place, and every figure and table below says
    it.
    """
    choices = {"n_types": n_types or "auto", "adjust": adjust, "seed": seed}
    try:
        found = survey.typology(**choices)
    except InputError as error:
        why = survey.pick("この調査からは類型を作れない", "No typology can be made of this wave")
        return NotAvailable("typology", f"{why}: {error}")
    return found.weighed_with(survey.multiverse(**choices)) if adjust == "none" else found


def answer(survey: Survey, found: Typology | NotAvailable) -> Answer:
    """The verdict."""
    if isinstance(found, NotAvailable):
        return Answer(found.reason)
    return Answer(found.verdict.text[survey.language])


def sentence(survey: Survey, found: Typology | NotAvailable) -> str:
    """The first sentence of the verdict."""
    if isinstance(found, NotAvailable):
        return found.reason
    text = found.verdict.text[survey.language]
    end = "。" if survey.language == "ja" else ". "
    return text.partition(end)[0] + end.strip()


def basis(survey: Survey, found: Typology) -> str:
    """Which typology a figure shows, for its title."""
    adjust = found.params.get("adjust") or "none"
    words = {
        "none": survey.pick("調整なし", "unadjusted"),
        "gradient": survey.pick("普及の度合いを除いた類型", "gradient of adoption taken out"),
        "strata": survey.pick("規模区分を調整した類型", "adjusted for size class"),
    }
    return words["strata"] if adjust not in words else words[adjust]


def type_name(survey: Survey, found: Typology, kind: int) -> str:
    """A type's number and name."""
    if kind not in found.names:
        return survey.pick("（型に入らない）", "(unplaced)")
    return f"{kind} {found.names[kind][survey.language]}"


def _denominator(survey: Survey) -> str:
    return survey.pick("分類した団体", "municipalities in the typology")


def _names(survey: Survey) -> dict[str, str]:
    return survey.names.to_dict()


def _labels(survey: Survey) -> dict[str, dict[str, str]]:
    return {name: text.model_dump() for name, text in survey.features.labels.items()}


@_needs_types("typology")
def profile(survey: Survey, found: Typology) -> Figure:
    """What sets each type apart."""
    binary = [f for f, kind in survey.features.kinds.items() if kind in ("binary", "asymmetric")]
    if protects(survey):
        found = dataclasses.replace(found, profile=_directions(found.profile))
    ax = figures_typology.plot_profile(
        found, labels=_labels(survey), percent=binary, language=survey.language
    )
    listed = "; ".join(
        f"{type_name(survey, found, k)} (n={int(row.n)})" for k, row in found.stability.iterrows()
    )
    return survey.gallery.show(
        ax,
        "typology",
        title=survey.pick("類型の特徴", "What sets the types apart")
        + f"（{basis(survey, found)}）",
        alt=survey.pick(
            f"指標（行）ごとに各類型（列）の平均と全体との差を濃淡で示す図。類型：{listed}。",
            f"Heatmap of indicators by type, shade for the difference from the mean. {listed}.",
        ),
        n=found.n,
        denominator=_denominator(survey),
        data=found.profile,
        key=True,
    )


def _directions(profile: pd.DataFrame) -> pd.DataFrame:
    """The profile with the direction of each notable difference alone.

    The exact means of small types, and their p-values, could be reckoned back to single answers.
    """
    steps = profile["effect"].where(profile["effect"].abs() >= figures_typology.NOTABLE, 0.0)
    return profile[["type", "feature"]].assign(effect=np.sign(steps) * 0.5)


@_needs_types("types")
def summary(survey: Survey, found: Typology) -> Table:
    """Each type with its size, stability, paragon and most atypical member."""
    names = _names(survey)
    named = found.n <= NAMED_UP_TO or survey.wave.named
    rows = []
    for kind, row in found.stability.iterrows():
        line = {
            survey.pick("類型", "type"): type_name(survey, found, kind),
            survey.pick("団体数", "members"): int(row["n"]),
            survey.pick("安定度（再標本化）", "stability (bootstrap)"): round(
                row["jaccard_bootstrap"], 2
            ),
            survey.pick("安定度（1団体除外）", "stability (leave one out)"): round(
                row["jaccard_loo"], 2
            ),
        }
        if named:
            paragon, odd = found.paragons.get(kind, ""), found.atypical.get(kind, "")
            line[survey.pick("典型", "paragon")] = names.get(paragon, paragon)
            line[survey.pick("最も例外的", "most atypical")] = names.get(odd, odd)
        rows.append(line)
    return survey.gallery.table(
        pd.DataFrame(rows),
        "types",
        title=survey.pick("類型と安定度", "Types and their stability"),
        n=found.n,
        notes=[
            survey.pick(
                "安定度はジャッカード係数の平均。0.75超は安定、0.6未満は不安定（Hennig 2007）。"
                "3団体未満のまとまりは類型と呼ばない。",
                "Stability is the mean Jaccard coefficient: above 0.75 stable, below 0.6 unstable "
                "(Hennig 2007). Groups of fewer than three are not called types.",
            )
        ],
    )


@_needs_types("differences")
def differences(survey: Survey, found: Typology, most: int = 20) -> Table:
    """The largest differences between each type and the rest, with corrected p-values."""
    if protects(survey):
        return _differences_in_words(survey, found)
    table = found.profile.assign(size=found.profile["effect"].abs())
    table = table.sort_values(["p_holm", "size"], ascending=[True, False], kind="stable").head(most)
    frame = _named(survey, found, table).assign(
        **{
            survey.pick("この類型の平均", "mean in type"): table["mean"].round(2),
            survey.pick("他の平均", "mean elsewhere"): table["rest_mean"].round(2),
            survey.pick("差の大きさ", "effect"): table["effect"].round(2),
            survey.pick("補正後p値", "p (Holm)"): table["p_holm"].round(3),
        }
    )
    return survey.gallery.table(
        frame,
        "differences",
        title=survey.pick("類型を分ける指標", "Indicators that set types apart"),
        n=found.n,
        notes=[
            survey.pick(
                "差はCliffのデルタ（0/1の指標は割合の差）。p値は正確検定をHolm法で補正。"
                "分類に使った指標の検定であり、類型の記述としてのみ読む。",
                "Effect: Cliff's delta (difference of shares for 0/1). Exact tests with Holm's "
                "correction. The types were made from these indicators: a description only.",
            )
        ],
    )


def _named(survey: Survey, found: Typology, table: pd.DataFrame) -> pd.DataFrame:
    """The type and indicator of each row of a profile in words."""
    labels = _labels(survey)
    return pd.DataFrame(
        {
            survey.pick("類型", "type"): [type_name(survey, found, k) for k in table["type"]],
            survey.pick("指標", "indicator"): [
                labels.get(gradient.source(f), {}).get(survey.language, f) for f in table["feature"]
            ],
        },
        index=table.index,
    )


def _differences_in_words(survey: Survey, found: Typology) -> Table:
    table = found.profile[found.profile["effect"].abs() >= figures_typology.NOTABLE]
    higher, lower = survey.pick("高い・多い", "higher"), survey.pick("低い・少ない", "lower")
    words = [higher if effect > 0 else lower for effect in table["effect"]]
    frame = _named(survey, found, table).assign(
        **{survey.pick("他と比べて", "than elsewhere"): words}
    )
    return survey.gallery.table(
        frame.sort_values([frame.columns[0], frame.columns[2], frame.columns[1]]),
        "differences",
        title=survey.pick("類型を分ける指標", "Indicators that set types apart"),
        n=found.n,
        notes=[
            survey.pick(
                "差（Cliffのデルタ）が0.33以上のもの。個々の回答を逆算できないよう、数値は載せない。",
                "Differences (Cliff's delta) of 0.33 or more. No numbers, so that single answers "
                "cannot be derived.",
            )
        ],
    )


@_needs_types("choice")
def choice(survey: Survey, found: Typology) -> Figure:
    """The criteria by number of types."""
    figure = figures_multiverse.plot_choice(found, language=survey.language)
    return survey.gallery.show(
        figure,
        "choice",
        title=survey.pick("類型の数を選ぶ目安", "Criteria for the number of types"),
        alt=found.choice_reason[survey.language],
        n=found.n,
        denominator=_denominator(survey),
        data=found.choice.reset_index(),
    )


@_needs_types("silhouette")
def silhouette(survey: Survey, found: Typology) -> Figure:
    """How well each municipality sits in its type."""
    ax = figures_typology.plot_silhouette(found, names=_names(survey), language=survey.language)
    below = int((found.silhouette < 0).sum())
    mean = found.silhouette.mean()
    return survey.gallery.show(
        ax,
        "silhouette",
        title=survey.pick("各団体のシルエット幅", "Silhouette width of each municipality"),
        alt=survey.pick(
            f"類型ごとのシルエット幅。平均{mean:.2f}。0未満（隣の類型に近い）は{below}団体（n={found.n:,}）。",
            f"Silhouette widths by type, mean {mean:.2f}; {below} of {found.n:,} are below 0.",
        ),
        n=found.n,
        denominator=_denominator(survey),
        data=_by_unit(
            survey,
            found,
            {"silhouette": found.silhouette, "membership": found.membership.max(axis=1)},
        ),
    )


@_needs_types("coassignment")
def coassignment(survey: Survey, found: Typology) -> Figure:
    """How often two municipalities end in the same type when the survey is resampled."""
    ax = figures_typology.plot_coassignment(found, names=_names(survey), language=survey.language)
    jaccard = found.stability["jaccard_bootstrap"]
    listed = ", ".join(f"{k}: {v:.2f}" for k, v in jaccard.items())
    data = found.coassignment if found.n <= NAMED_UP_TO else found.stability
    return survey.gallery.show(
        ax,
        "coassignment",
        title=survey.pick("同じ類型になる割合（再標本化）", "Share of resamples in the same type"),
        alt=survey.pick(
            f"再標本化で2団体が同じ類型になった割合の行列。類型ごとの安定度は {listed}。",
            f"Matrix of how often two municipalities share a type. Stability by type {listed}.",
        ),
        n=found.n,
        denominator=_denominator(survey),
        data=data.round(3).reset_index(),
    )


def multiverse(survey: Survey, *, n_types: int | None = None, seed: int = 20191003) -> Figure:
    """What all defensible analyses agree on."""
    try:
        runs = survey.multiverse(n_types=n_types or "auto", adjust="none", seed=seed)
    except InputError as error:
        return NotAvailable("multiverse", str(error))
    figure = figures_multiverse.plot_multiverse(
        runs, names=_names(survey), language=survey.language
    )
    return survey.gallery.show(
        figure,
        "multiverse",
        title=survey.pick(f"{runs.n}通りの分析", f"{runs.n} analyses"),
        alt=survey.pick(
            f"{runs.n}通りの分析のうち、どの分析でも同じ類型にとどまる団体は{runs.core_share:.0%}"
            f"（n={len(runs.units):,}）。",
            f"In {runs.n} analyses, {runs.core_share:.0%} of {len(runs.units):,} municipalities "
            "stay with their type whatever the choices.",
        ),
        n=len(runs.units),
        denominator=_denominator(survey),
        data=runs.choices.reset_index(),
    )


@_needs_types("members")
def members(survey: Survey, found: Typology) -> Table:
    """Who belongs where, how strongly, and to which type next."""
    frame = pd.DataFrame(
        {
            survey.pick("団体", "municipality"): survey.names.reindex(found.labels.index),
            survey.pick("類型", "type"): [type_name(survey, found, int(k)) for k in found.labels],
            survey.pick("所属の強さ", "membership"): found.membership.max(axis=1).round(2),
            survey.pick("次に近い類型", "second nearest"): [
                type_name(survey, found, int(k)) for k in found.second
            ],
        }
    )
    strength = survey.pick("所属の強さ", "membership")
    named = found.n <= NAMED_UP_TO
    if not named:
        frame = frame.nsmallest(NAMED_UP_TO, strength, keep="first")
    return survey.gallery.table(
        frame,
        "members",
        title=survey.pick("団体ごとの類型", "Types of the municipalities")
        if named
        else survey.pick(
            "境界にある団体（所属の弱い順）", "On the border (weakest membership first)"
        ),
        n=found.n,
        notes=[survey.pick("所属の強さは0から1。", "Membership runs from 0 to 1.")],
    )


def _withheld(survey: Survey, name: str) -> NotAvailable | None:
    """A figure in whose points or small cells single respondents could be recognised."""
    if not protects(survey):
        return None
    return NotAvailable(
        name,
        survey.pick(
            "個々の団体を特定できるおそれがあるため、公開版には載せない。",
            "Not in the public edition: single municipalities could be recognised.",
        ),
    )


@_needs_types("map")
def map(survey: Survey, found: Typology) -> Figure | NotAvailable:
    """The municipalities and indicators on the two main axes."""
    if withheld := _withheld(survey, "map"):
        return withheld
    place = gradient.map_axes(
        survey.features.frame.loc[found.labels.index],
        survey.features.kinds,
        {k: v[survey.language] for k, v in _labels(survey).items()},
    )
    ax = figures_multiverse.plot_map(
        found,
        units=place.units,
        categories=place.categories,
        inertia=place.inertia,
        names=_names(survey),
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
        denominator=_denominator(survey),
        data=_by_unit(
            survey, found, {"axis1": place.units.iloc[:, 0], "axis2": place.units.iloc[:, 1]}
        ),
    )


@_needs_types("composition")
def composition(survey: Survey, found: Typology) -> Figure | NotAvailable:
    """Which types each size class is made of."""
    classes = survey.size_class.reindex(found.labels.index)
    counts = pd.crosstab(classes, found.labels)
    if disclosure.suppress(counts).isna().any(axis=None) and (
        withheld := _withheld(survey, "composition")
    ):
        return withheld
    ax = figures_typology.plot_size_classes(found, size_class=classes, language=survey.language)
    return survey.gallery.show(
        ax,
        "composition",
        title=survey.pick("規模区分ごとの類型", "Types by size class")
        + f"（{basis(survey, found)}）",
        alt=survey.pick(
            f"規模区分ごとの類型の構成（n={found.n:,}）。",
            f"Composition of each size class by type (n={found.n:,}).",
        ),
        n=found.n,
        denominator=_denominator(survey),
        data=counts.reset_index(),
    )


def power_words(survey: Survey, found: Typology) -> Prose:
    """What a survey of this size could find at all."""
    if not 9 <= found.n <= POWER_UP_TO:
        return Prose(
            survey.pick(
                f"回答が{found.n:,}団体あるため、標本の小ささは主な限界ではない。",
                f"With {found.n:,} municipalities the size of the sample is not the main limit.",
            )
        )
    groups = len(set(survey.features.groups.values()))
    return Prose(statement(power(found.n, n_features=groups, seed=1))[survey.language])


def _by_unit(survey: Survey, found: Typology, columns: dict[str, pd.Series]) -> pd.DataFrame:
    """Plotted numbers by municipality, under the code and name that the edition may show."""
    frame = pd.DataFrame({"type": found.labels, **columns})
    frame.insert(0, "code", frame.index)
    frame.insert(1, "name", survey.names.reindex(frame.index))
    return frame.round(4)
