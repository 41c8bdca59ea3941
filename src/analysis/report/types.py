"""03_typology: the types, their names and members, and what sets them apart."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.edition import absent, protects
from analysis.errors import InputError
from analysis.figures import typology_plots
from analysis.show import Answer, Figure, NotAvailable, Table
from analysis.stats import disclosure
from analysis.survey import Survey
from analysis.text import Text
from analysis.typology import gradient
from analysis.typology.describe import UNPLACED
from analysis.typology.verdict import other_draws

if TYPE_CHECKING:
    from analysis.typology.study import Typology


LEVELS = {
    "clear": {"ja": "明確な類型", "en": "clear types"},
    "tentative": {"ja": "暫定的な類型", "en": "tentative types"},
    "gradient": {"ja": "類型というより連続的な違い", "en": "a gradient rather than types"},
    "none": {"ja": "類型とは言えない", "en": "no types"},
}
ASIDE = {
    "sparse": {
        "ja": "回答した指標が半分に満たないこと",
        "en": "less than half of the indicators answered",
    },
    "outlying": {
        "ja": "他のどの団体からも大きく離れていること",
        "en": "far from all others",
    },
    "empty": {"ja": "どの指標にも回答がないこと", "en": "no indicator answered"},
}
LISTED = 10  # municipalities that a sentence can list
_CHANCE = re.compile(r"（(?:p=|95％区間)[^）]*）| \((?:p=|95 % interval)[^)]*\)")
NAMED_UP_TO = 40  # municipalities that a figure or table can name one by one


def needs_types(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
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
    survey: Survey,
    *,
    n_types: int | None = None,
    adjust: str = "none",
    seed: int = 20191003,
    **resamples: int,
) -> Typology | NotAvailable:
    """The typology that the rest of the notebook shows; its verdict weighs the multiverse too.

    Where a wave cannot have one, the reason takes its place, and every figure and table below says
    it.
    """
    choices = {"n_types": n_types or "auto", "adjust": adjust, "seed": seed}
    try:
        found = survey.typology(**choices, **resamples)
    except InputError as error:
        why = survey.pick("この調査からは類型を作れない", "No typology can be made of this wave")
        return NotAvailable("typology", f"{why}: {error}")
    return found.weighed_with(survey.multiverse(**choices)) if adjust == "none" else found


def answer(survey: Survey, found: Typology | NotAvailable) -> Answer:
    """The verdict."""
    if isinstance(found, NotAvailable):
        return Answer(found.reason)
    return Answer.first(verdict_words(survey, found))


def verdict_words(survey: Survey, found: Typology) -> str:
    """The verdict, where other random draws may give another, and who took no part."""
    return (
        _unsampled(survey, found.verdict.text[survey.language])
        + borderline(survey, found)
        + set_aside(survey, found)
    )


def set_aside(survey: Survey, found: Typology) -> str:
    """A sentence on who took no part in making the types, and why; empty where all did."""
    if found.aside.empty:
        return ""
    whys, whole, count = [], len(found.labels), len(found.aside)
    for reason, words in ASIDE.items():
        codes = found.aside.index[found.aside == reason]
        listed = survey.pick(f"{len(codes)}団体", str(len(codes)))
        if len(codes) <= LISTED and not protects(survey):
            listed = survey.pick("、", ", ").join(full_name(survey, code) for code in codes)
        if len(codes):
            whys.append(survey.pick(f"{words['ja']}（{listed}）", f"{words['en']} ({listed})"))
    left = int((found.labels[found.aside.index] == UNPLACED).sum())
    after = survey.pick("後から最も近い類型に当てはめた", "placed afterwards in the nearest type")
    if left == count:
        after = survey.pick("未分類とした", "left without a type")
    elif left:
        after += survey.pick(f"（うち{left}団体は未分類）", f" ({left} without one)")
    return survey.pick(
        f"回答した{whole:,}団体のうち{count}団体は、類型を作る計算に含めず、{after}。"
        f"理由は、{'、'.join(whys)}である。",
        f" Of {whole:,} respondents {count} took no part in making the types and "
        f"{'was' if count == 1 else 'were'} {after}: {'; '.join(whys)}.",
    )


def _unsampled(survey: Survey, verdict: str) -> str:
    """Of a full count the verdict without p and interval in brackets.

    The p compares with surveys without types and speaks of no sample: the page of the typology
    gives it beside what was compared. The interval resamples what is known completely.
    """
    return verdict if survey.population.tests else _CHANCE.sub("", verdict)


def borderline(survey: Survey, found: Typology) -> str:
    """A sentence where other random draws may give another verdict; empty where not."""
    drawn, se = int(found.params["n_null"]), found.stability["jaccard_se"]
    others = other_draws(found.evidence, drawn=found.params["drawn"], jaccard_se=se.to_dict())
    if not others:
        return ""
    listed = survey.pick("」「", " or ").join(LEVELS[level][survey.language] for level in others)
    resampled = int(found.params["n_bootstrap"])
    return survey.pick(
        f"ただし、この判定は境目にある。乱数の種（seed）を変えて計算し直すと「{listed}」となることが"
        f"ある（類型のない調査を最大{drawn}回、再標本化を{resampled}回行う計算の誤差の範囲）。",
        f" This is borderline: another seed of the random numbers may make it {listed} (within the "
        f"error of at most {drawn} surveys without types and {resampled} resamples).",
    )


def level_words(survey: Survey, found: Typology) -> str:
    """The level of the verdict for a table, marked where it is borderline."""
    mark = survey.pick("（境目）", " (borderline)") if borderline(survey, found) else ""
    return LEVELS[found.verdict.level][survey.language] + mark


def sentence(survey: Survey, found: Typology | NotAvailable) -> str:
    """The first sentence of the verdict."""
    return answer(survey, found).text


def basis(survey: Survey, found: Typology) -> str:
    """Which typology a figure shows, for its title."""
    adjust = found.params.get("adjust") or "none"
    words = {
        "none": survey.pick("調整なし", "unadjusted"),
        "gradient": survey.pick("最大の軸を除いた類型", "main gradient taken out"),
        "strata": survey.pick("規模区分を調整した類型", "adjusted for size class"),
    }
    return words["strata"] if adjust not in words else words[adjust]


def in_brackets(survey: Survey, found: Typology) -> str:
    """`basis` as the end of a title."""
    return survey.pick(f"（{basis(survey, found)}）", f" ({basis(survey, found)})")


def type_name(survey: Survey, found: Typology, kind: int) -> str:
    """A type's number and name."""
    if kind not in found.names:
        return survey.pick("（型に入らない）", "(unplaced)")
    return f"{kind} {found.names[kind][survey.language]}"


def group_word(found: Typology | NotAvailable) -> Text:
    """What groups may be called: no types where the verdict finds none."""
    if isinstance(found, NotAvailable) or found.verdict.level in {"clear", "tentative"}:
        return Text(ja="類型", en="type")
    return Text(ja="グループ", en="group")


def kin_word(survey: Survey, found: Typology | NotAvailable) -> str:
    """What the others of a municipality's type are called."""
    word = group_word(found)
    return survey.pick(f"同じ{word.ja}", f"its {word.en}")


def denominator(survey: Survey) -> str:
    """What n counts in these figures."""
    return survey.pick("分類した団体", "municipalities in the typology")


def full_name(survey: Survey, code: str) -> str:
    """A municipality's name, with its prefecture where it has one: names are not unique."""
    home, name = str(survey.register.at[code, "prefecture"]), str(survey.names[code])
    if not home or home == "nan":
        return name
    return survey.pick(f"{name}（{home}）", f"{name} ({home})")


def names_of(survey: Survey) -> dict[str, str]:
    """Name of each respondent, as this edition shows it."""
    return survey.names.to_dict()


def labels_of(survey: Survey) -> dict[str, dict[str, str]]:
    """Label of each feature in both languages."""
    return {name: text.model_dump() for name, text in survey.features.labels.items()}


@needs_types("typology")
def profile(survey: Survey, found: Typology, name: str = "typology") -> Figure | NotAvailable:
    """What sets each type apart; `name` of the figure."""
    binary = [f for f, kind in survey.features.kinds.items() if kind in ("binary", "asymmetric")]
    if protects(survey):
        safe = told_apart(survey, found)
        if safe.empty and (hidden := withheld(survey, name)):
            return hidden
        found = _showing(found, _directions(safe))
    elif not survey.population.tests:
        found = _showing(found, found.profile.drop(columns=["p", "p_holm"]))
    ax = typology_plots.plot_profile(
        found, labels=labels_of(survey), percent=binary, language=survey.language
    )
    listed = "; ".join(
        f"{type_name(survey, found, k)} (n={int(row.n)})" for k, row in found.stability.iterrows()
    )
    return survey.gallery.show(
        ax,
        name,
        title=survey.pick("類型の特徴", "What sets the types apart") + in_brackets(survey, found),
        alt=survey.pick(
            f"指標（行）ごとに各類型（列）の平均と全体との差を濃淡で示す図。類型：{listed}。",
            f"Heatmap of indicators by type, shade for the difference from the mean. {listed}.",
        ),
        n=found.n,
        denominator=denominator(survey),
        data=found.profile,
        key=name == "typology",
    )


def _showing(found: Typology, profile: pd.DataFrame) -> Typology:
    return dataclasses.replace(
        found, described=dataclasses.replace(found.described, profile=profile)
    )


def told_apart(survey: Survey, found: Typology) -> pd.DataFrame:
    """The rows of a profile that an edition may show where small numbers are protected.

    Of a yes/no indicator the direction alone can tell how many of a small type did it, so it is
    there where each type, and the rest, has enough of both. An adjusted one is never.
    """
    table, group = found.profile, survey.codebook.disclosure.group
    kinds = survey.features.kinds
    twofold = table["feature"].map(
        lambda f: kinds.get(gradient.source(f)) in {"binary", "asymmetric", "nominal"}
    )
    yes = np.column_stack([table["mean"] * table["n"], table["rest_mean"] * table["n_rest"]])
    no = table[["n", "n_rest"]].to_numpy(float) - yes
    fit = disclosure.may_be_shown(np.hstack([yes, no]).round(6), group).all(axis=1)
    fit &= (found.params.get("adjust") or "none") == "none"
    few = table["feature"].map(pd.Series(fit, table.index).groupby(table["feature"]).all())
    return table[~twofold | few]


def _directions(profile: pd.DataFrame) -> pd.DataFrame:
    """The profile with the direction of each notable difference alone.

    The exact means of small types, and their p-values, could be reckoned back to single answers.
    """
    steps = profile["effect"].where(profile["effect"].abs() >= typology_plots.NOTABLE, 0.0)
    return profile[["type", "feature"]].assign(effect=np.sign(steps) * 0.5)


@needs_types("types")
def summary(survey: Survey, found: Typology) -> Table:
    """Each type with its size, stability, paragon and most atypical member."""
    named = (found.n <= NAMED_UP_TO or survey.wave.named) and not protects(survey)
    rows = []
    for kind, row in found.stability.iterrows():
        line = {
            survey.pick("類型", "type"): type_name(survey, found, kind),
            survey.pick("団体数", "members"): int(row["n"]),
            survey.pick("安定度（再標本化）", "stability (bootstrap)"): row["jaccard_bootstrap"],
        }
        if named:
            paragon, odd = found.paragons[kind], found.atypical[kind]
            line[survey.pick("典型", "paragon")] = full_name(survey, paragon)
            line[survey.pick("最も例外的", "most atypical")] = full_name(survey, odd)
        rows.append(line)
    return survey.gallery.table(
        pd.DataFrame(rows).round(2),
        "types",
        title=survey.pick("類型と安定度", "Types and their stability"),
        n=found.n,
        places=2,
        notes=[
            survey.pick(
                "安定度は再標本化でのジャッカード係数の平均。0.75超は安定、0.6未満は不安定（Hennig "
                "2007）。類型のない無作為な回答でも、0.75を超えるグループが15団体の調査で15％、"
                "30団体で9％、60団体で6％あり、安定しているだけでは類型の証拠にならない。"
                "3団体未満のまとまりは類型と呼ばない。",
                "Stability is the mean Jaccard coefficient over resamples: above 0.75 stable, "
                "below 0.6 unstable (Hennig 2007). Of groups in answers given at random, 15 % are "
                "above 0.75 with 15 respondents, 9 % with 30, 6 % with 60: stability alone is no "
                "evidence of types. Groups of fewer than three are not called types.",
            )
        ],
    )


def _placed(survey: Survey, found: Typology) -> pd.DataFrame:
    """Type and, where single answers may be seen, memberships: what comparisons read."""
    frame = by_unit(survey, found, {})
    return frame if protects(survey) else frame.join(found.membership.round(4).add_prefix("in_"))


@needs_types("members")
def members(survey: Survey, found: Typology) -> Table | NotAvailable:
    """Who belongs where, how strongly, and to which type next."""
    if hidden := withheld(survey, "members"):
        return hidden
    survey.gallery.result(_placed(survey, found), "types")
    frame = pd.DataFrame(
        {
            survey.pick("団体", "municipality"): [
                full_name(survey, code) for code in found.labels.index
            ],
            survey.pick("類型", "type"): [type_name(survey, found, int(k)) for k in found.labels],
            survey.pick("所属の強さ", "membership"): _strength(found).round(2),
            survey.pick("次に近い類型", "second nearest"): [
                type_name(survey, found, int(k)) for k in found.second
            ],
        }
    )
    strength = survey.pick("所属の強さ", "membership")
    named = found.n <= NAMED_UP_TO
    if not found.aside.empty:
        after = [
            survey.pick("後から当てはめ", "placed afterwards") * (code in found.aside)
            for code in found.labels.index
        ]
        frame = frame.assign(**{survey.pick("注意", "note"): after})
    if not named:
        frame = frame.nsmallest(NAMED_UP_TO, strength, keep="first")
    return survey.gallery.table(
        frame,
        "members",
        title=survey.pick("団体ごとの類型", "Types of the municipalities")
        if named
        else survey.pick(
            f"所属の最も弱い{NAMED_UP_TO}団体", f"The {NAMED_UP_TO} with the weakest membership"
        ),
        n=len(found.labels) if named else found.n,
        notes=[
            survey.pick(
                "所属の強さは0から1。再標本化で自分の類型の団体と同じ類型になった割合を、"
                "すべての類型の合計に対して表したもの。分析のしかたを変えたときの「境界」とは別の見方。",
                "Membership runs from 0 to 1: how often a resample puts the municipality with the "
                "members of its type, as a share of all types. Not the same as borderline above, "
                "which is about other ways of analysis.",
            )
        ],
    )


def _strength(found: Typology) -> pd.Series:
    """Strength of membership in the own type; none for the unplaced."""
    own = [
        found.membership.at[code, kind] if kind in found.membership else float("nan")
        for code, kind in found.labels.items()
    ]
    return pd.Series(own, found.labels.index)


def withheld(survey: Survey, name: str) -> NotAvailable | None:
    """A figure in whose points or small cells single respondents could be recognised."""
    if not protects(survey):
        return None
    return absent(
        survey,
        name,
        "個々の団体を特定できるおそれがあるため、公開版には載せない。",
        "Not in the public edition: single municipalities could be recognised.",
    )


def by_unit(survey: Survey, found: Typology, columns: dict[str, pd.Series]) -> pd.DataFrame:
    """Plotted numbers by municipality; without names where there are too many to read."""
    frame = pd.DataFrame({"type": found.labels, **columns})
    frame.insert(0, "code", frame.index)
    frame.insert(1, "name", survey.names.reindex(frame.index))
    return frame.round(4)


@needs_types("differences")
def table(survey: Survey, found: Typology, most: int = 20) -> Table:
    """The largest differences between each type and the rest, with p-values where tested."""
    if protects(survey):
        return _differences_in_words(survey, found)
    tests = survey.population.tests
    table = found.profile.assign(size=-found.profile["effect"].abs())
    by = ["p_holm", "size"] if tests else ["size"]
    table = table.sort_values(by, kind="stable").head(most)
    frame = _named(survey, found, table).assign(
        **{
            survey.pick("この類型の平均", "mean in type"): table["mean"].round(2),
            survey.pick("他の平均", "mean elsewhere"): table["rest_mean"].round(2),
            survey.pick("差の大きさ", "effect"): table["effect"].round(2),
        }
    )
    if tests:
        frame[survey.pick("補正後p値", "p (Holm)")] = [
            "<0.001" if p < 0.001 else "" if pd.isna(p) else f"{p:.3f}" for p in table["p_holm"]
        ]
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
            if tests
            else survey.pick(
                "差はCliffのデルタ（0/1の指標は割合の差）。大きい順に並べた。全数であり、検定はしていない。",
                "Effect: Cliff's delta (difference of shares for 0/1), largest first. This is a "
                "full count: nothing is tested.",
            )
        ],
    )


def _named(survey: Survey, found: Typology, table: pd.DataFrame) -> pd.DataFrame:
    """The type and indicator of each row of a profile in words."""
    labels = labels_of(survey)
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
    table = told_apart(survey, found)
    table = table[table["effect"].abs() >= typology_plots.NOTABLE]
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
