"""How many types: the criteria side by side, the choice, and its reason in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.typology.dissimilarity import Patterns, collapse, pattern_dissimilarity
from analysis.typology.latent import LatentClassTypology
from analysis.typology.partition import medoids_for, silhouette_widths
from analysis.typology.prepare import Prepared
from analysis.typology.rivals import Rivals, rivals
from analysis.typology.stability import least_stable
from analysis.typology.verdict import SMALLEST_TYPE

MOST_TYPES = 6
EXTENDED = 12  # numbers up to which the range grows while its end is best
QUICK = 20  # resamples for the stability of each number of types that is tried
SMALL = 100  # respondents below which the penalty of BIC outweighs all but crude differences
STARTS = 20  # of the latent classes whose BIC is shown


def counts_to_try(data: Prepared, n_types: int | Literal["auto"]) -> list[int]:
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
    table : one row per number of types: ``silhouette`` (average), ``smallest`` (units of the
        smallest group), ``gap`` (its lead over surveys with independent features), ``stability``
        (bootstrap Jaccard of the least stable type) and, where nothing was taken out of the
        answers, ``bic`` of that many latent classes. NaN: not tried. One type has a BIC only.
    """

    patterns: Patterns
    distance: np.ndarray
    against: Rivals
    table: pd.DataFrame


def compared(
    data: Prepared, counts: Sequence[int], *, n_null: int, criteria: bool, seed: int, jobs: int
) -> Compared:
    """Weigh the numbers of types to try; without `criteria` by silhouette and gap alone.

    While the last number tried is the best, by the silhouette or by BIC, another is tried, up to
    `EXTENDED` and as far as the units allow.
    """
    patterns = collapse(data.frame.to_numpy(float)).by_unit()
    distance = pattern_dissimilarity(patterns, list(data.frame), data.kinds, data.groups)
    units = patterns.weights
    most = min(EXTENDED, data.n // SMALLEST_TYPE, len(units))
    found = {k: one.labels for k, one in medoids_for(distance, counts, units).items()}
    table = _separation(distance, found, units)
    while best(table) == max(found) < most:
        more = max(found) + 1
        found[more] = medoids_for(distance, [more], units)[more].labels
        table = _separation(distance, found, units)
    against = rivals(
        data.given, counts, more=sorted({*found} - {*counts}), n_null=n_null, seed=seed, jobs=jobs
    )
    counts = sorted(found)
    table["gap"] = against.gap
    if criteria:
        table["stability"] = pd.Series(
            least_stable(distance, found, units, n_bootstrap=QUICK, seed=seed, jobs=jobs)
        )
    if criteria and data.basis == "none":
        bic = {k: _bic(data, k, seed) for k in (1, *counts)}
        while min(bic, key=lambda k: (bic[k] != bic[k], bic[k])) == max(bic) < most:
            bic[max(bic) + 1] = _bic(data, max(bic) + 1, seed)
        table = table.join(pd.Series(bic, name="bic"), how="outer")
    return Compared(patterns, distance, against, table.sort_index().rename_axis("k"))


def _separation(
    distance: np.ndarray, found: Mapping[int, np.ndarray], units: np.ndarray
) -> pd.DataFrame:
    """Average silhouette and smallest group of each number of types."""
    rows = {
        k: {
            "silhouette": silhouette_widths(distance, labels, units) @ units / units.sum(),
            "smallest": np.bincount(labels, units).min(),
        }
        for k, labels in found.items()
    }
    return pd.DataFrame(rows).T


def _bic(data: Prepared, k: int, seed: int) -> float:
    """BIC of k latent classes (Schwarz 1978); NaN where the answers cannot hold so many."""
    classes = LatentClassTypology(k, kinds=data.kinds, n_init=STARTS, tol=1e-7, random_state=seed)
    try:
        return float(classes.fit(data.frame).bic_)
    except InputError:
        return float("nan")


def best(table: pd.DataFrame) -> int:
    """The number with the greatest average silhouette among those that leave no unit alone.

    Where every number leaves one alone, the greatest of all; of equals the smallest.

    Examples
    --------
    >>> best(pd.DataFrame({"silhouette": [0.4, 0.5], "smallest": [5, 1]}, index=[2, 3]))
    2
    """
    widths = table["silhouette"].dropna().round(9)
    if "smallest" in table:
        large = widths[table.loc[widths.index, "smallest"] > 1]
        widths = widths if large.empty else large
    return int(widths.idxmax())


def preferred(table: pd.DataFrame) -> dict[str, int]:
    """The number of types that each criterion beside the silhouette is best at."""
    found = {c: int(table[c].idxmax()) for c in ("gap", "stability") if c in table}
    if "bic" in table and table["bic"].notna().any():
        found["bic"] = int(table["bic"].idxmin())
    return found


def reason(table: pd.DataFrame, k: int, *, n: int, asked: bool, named: int) -> dict[str, str]:
    """Why this number of types, what the other criteria say, and how many could be named.

    Examples
    --------
    >>> table = pd.DataFrame({"silhouette": [0.5, 0.4], "gap": [0.2, 0.3], "stability": [0.8, 0.6]},
    ...                      index=[2, 3])
    >>> print(reason(table, 2, n=60, asked=False, named=2)["en"])
    2 groups, where the average silhouette is greatest (0.50). The criteria disagree: the gap \
beyond chance is greatest at 3, stability at 2. By the gap the best is the largest number tried \
(3); more were not tried.
    """
    shown = preferred(table)
    width, most = table.loc[k, "silhouette"], best(table)
    only_ja = only_en = ""
    if most != int(table["silhouette"].round(9).idxmax()):
        only_ja = "1団体だけのグループができない分け方のうち、"
        only_en = " among those without a group of one"
    ja = [f"{only_ja}平均シルエット（{width:.2f}）が最大になる{k}つに分けた。"]
    en = [f"{k} groups, where the average silhouette is greatest{only_en} ({width:.2f})."]
    if asked:
        ja = [
            f"指定により{k}つに分けた（平均シルエット{width:.2f}。{only_ja}最大になるのは{most}つ）。"
        ]
        en = [
            f"{k} groups were asked for (average silhouette {width:.2f}; greatest{only_en} at "
            f"{most})."
        ]
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
    ends = {c: int(table[c].last_valid_index()) for c in ("silhouette", *shown)}
    words = {
        "silhouette": ("平均シルエット", "the average silhouette"),
        "gap": ("偶然との差", "the gap"),
        "stability": ("安定性", "stability"),
        "bic": ("BIC", "BIC"),
    }
    for end in sorted(set(ends.values())):
        at = [c for c, value in {"silhouette": most, **shown}.items() if value == ends[c] == end]
        if at:
            listed_ja = "・".join(words[c][0] for c in at)
            listed_en = " and ".join(words[c][1] for c in at)
            ja.append(
                f"{listed_ja}は試した数のうち最も多い{end}つで最良となり、それより多い場合は調べて"
                "いない。"
            )
            en.append(
                f"By {listed_en} the best is the largest number tried ({end}); more were not tried."
            )
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
