"""How many types: the criteria side by side, the choice, and its reason in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.typology.gower import pattern_dissimilarity
from analysis.typology.latent import LatentClassTypology
from analysis.typology.medoids import medoids_for, silhouette_widths
from analysis.typology.patterns import Patterns, collapse
from analysis.typology.prepare import Features
from analysis.typology.rivals import Rivals, rivals
from analysis.typology.stability import least_stable
from analysis.typology.verdict import SMALLEST_TYPE

MOST_TYPES = 6
QUICK = 20  # resamples for the stability of each number of types that is tried
SMALL = 100  # respondents below which the penalty of BIC outweighs all but crude differences
STARTS = 20  # of the latent classes whose BIC is shown


def counts_to_try(data: Features, n_types: int | Literal["auto"]) -> list[int]:
    """Numbers of types to try: at most one for three units and one per answer pattern.

    Raises
    ------
    InputError : `n_types` is more than the units can hold.
    """
    patterns = len(data.frame.drop_duplicates())
    most = min(data.n // SMALLEST_TYPE, patterns)
    tried = set(range(2, min(MOST_TYPES, most) + 1))
    if n_types == "auto":
        return sorted(tried)
    if not 2 <= n_types <= most:
        raise InputError(
            f"{data.n} respondents with {patterns} different answer patterns cannot be put into "
            f"{n_types} types",
            hint=f"choose 2 to {most}",
        )
    return sorted(tried | {n_types})


@dataclass(frozen=True)
class Compared:
    """Numbers of types side by side, and all of a typology that no number of types changes.

    Attributes
    ----------
    patterns, distance : different answers, and Gower's dissimilarity among them.
    against : the survey beside surveys without types.
    table : one row per number of types: ``silhouette`` (average), ``gap`` (its lead over surveys
        with independent features), ``stability`` (bootstrap Jaccard of the least stable type) and,
        where nothing was taken out of the answers, ``bic`` of that many latent classes. One type
        has a BIC only.
    """

    patterns: Patterns
    distance: np.ndarray
    against: Rivals
    table: pd.DataFrame


def compared(
    data: Features, counts: Sequence[int], *, n_null: int, criteria: bool, seed: int, jobs: int
) -> Compared:
    """Weigh the numbers of types to try; without `criteria` by silhouette and gap alone."""
    patterns = collapse(data.frame.to_numpy(float)).by_unit()
    distance = pattern_dissimilarity(patterns, list(data.frame), data.kinds, data.groups)
    against = rivals(data.given, counts, n_null=n_null, seed=seed, jobs=jobs)
    units = patterns.weights
    found = {k: one.labels for k, one in medoids_for(distance, counts, units).items()}
    widths = {k: silhouette_widths(distance, labels, units) for k, labels in found.items()}
    columns = {
        "silhouette": {k: width @ units / units.sum() for k, width in widths.items()},
        "gap": against.gap.to_dict(),
    }
    if criteria:
        columns["stability"] = least_stable(
            distance, found, units, n_bootstrap=QUICK, seed=seed, jobs=jobs
        )
    if criteria and data.basis == "none":
        columns["bic"] = {k: _bic(data, k, seed) for k in (1, *counts)}
    table = pd.DataFrame(columns).sort_index().rename_axis("k")
    return Compared(patterns, distance, against, table)


def _bic(data: Features, k: int, seed: int) -> float:
    """BIC of k latent classes (Schwarz 1978); NaN where the answers cannot hold so many."""
    classes = LatentClassTypology(k, kinds=data.kinds, n_init=STARTS, tol=1e-7, random_state=seed)
    try:
        return float(classes.fit(data.frame).bic_)
    except InputError:
        return float("nan")


def best(table: pd.DataFrame) -> int:
    """The number with the greatest average silhouette; of equals the smallest."""
    return int(table["silhouette"].round(9).idxmax())


def reason(table: pd.DataFrame, k: int, *, n: int, asked: bool, named: int) -> dict[str, str]:
    """Why this number of types, what the other criteria say, and how many could be named.

    Examples
    --------
    >>> table = pd.DataFrame({"silhouette": [0.5, 0.4], "gap": [0.2, 0.3], "stability": [0.8, 0.6]},
    ...                      index=[2, 3])
    >>> print(reason(table, 2, n=60, asked=False, named=2)["en"])
    2 groups, where the average silhouette is greatest (0.50). The criteria disagree: the gap \
beyond chance is greatest at 3, stability at 2.
    """
    shown = {c: int(table[c].idxmax()) for c in ("gap", "stability") if c in table}
    if "bic" in table and table["bic"].notna().any():
        shown["bic"] = int(table["bic"].idxmin())
    width, most = table.loc[k, "silhouette"], best(table)
    ja = [f"平均シルエット（{width:.2f}）が最大になる{k}つに分けた。"]
    en = [f"{k} groups, where the average silhouette is greatest ({width:.2f})."]
    if asked:
        ja = [f"指定により{k}つに分けた（平均シルエット{width:.2f}、最大になるのは{most}つ）。"]
        en = [f"{k} groups were asked for (average silhouette {width:.2f}; greatest at {most})."]
    others = {
        "gap": ("偶然との差が最大になるのは{0}つ", "the gap beyond chance is greatest at {0}"),
        "stability": ("安定性が最も高いのは{0}つ", "stability at {0}"),
        "bic": (
            "潜在クラスのBICが最小になるのは{0}つ",
            "the BIC of latent classes is least at {0}",
        ),
    }
    said_ja = "、".join(others[name][0].format(value) for name, value in shown.items())
    said_en = ", ".join(others[name][1].format(value) for name, value in shown.items())
    agree = set(shown.values()) == {k}
    ja.append(f"{'どの目安も一致している' if agree else '目安は一致していない'}（{said_ja}）。")
    en.append(f"The criteria {'agree' if agree else 'disagree'}: {said_en}.")
    if shown.get("bic") == 1:
        few = n < SMALL
        ja.append(
            "BICは、類型に分けないモデルを最もよいとしている"
            + ("（団体が少ないほどBICは分けない側に傾く）。" if few else "。")
        )
        en.append(
            "By BIC a model without any types is best"
            + (" (the fewer the respondents, the more it leans that way)." if few else ".")
        )
    if named < k:
        ja.append(
            f"{k}つのうち{k - named}つは{SMALLEST_TYPE}団体に満たないため類型と呼ばず、"
            f"名前を付けた類型は{named}つである。"
        )
        en.append(
            f"{k - named} of the {k} {'has' if k - named == 1 else 'have'} fewer than "
            f"{SMALLEST_TYPE} members and {'is no type' if k - named == 1 else 'are no types'}, "
            f"which leaves {named}."
        )
    return {"ja": "".join(ja), "en": " ".join(en)}
