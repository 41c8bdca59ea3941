"""What sets each type apart, indicator by indicator, in numbers or, for the public, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import figures_profile
from analysis.outputs import Table
from analysis.report import types
from analysis.report.shown import protects
from analysis.survey import Survey
from analysis.typology import gradient

if TYPE_CHECKING:
    from analysis.typology.study import Typology


@types.needs_types("differences")
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
    labels = types.labels_of(survey)
    return pd.DataFrame(
        {
            survey.pick("類型", "type"): [types.type_name(survey, found, k) for k in table["type"]],
            survey.pick("指標", "indicator"): [
                labels.get(gradient.source(f), {}).get(survey.language, f) for f in table["feature"]
            ],
        },
        index=table.index,
    )


def _differences_in_words(survey: Survey, found: Typology) -> Table:
    table = types.told_apart(survey, found)
    table = table[table["effect"].abs() >= figures_profile.NOTABLE]
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
