"""How many types: the criteria side by side, and the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.stats.thresholds import (
    FEW_FOR_BIC,
    MOST_TYPES,
    MOST_TYPES_EXTENDED,
    SMALLEST_TYPE,
)
from analysis.text import say
from analysis.typology.dissimilarity import Gower, Patterns, collapse
from analysis.typology.latent import latent_classes
from analysis.typology.partition import medoids_for, separation
from analysis.typology.prepare import Prepared
from analysis.typology.rivals import Beside, rivals
from analysis.typology.stability import least_stable

QUICK = 20  # resamples for the stability of each number of types that is tried


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
            "{n} respondents with {patterns} different answer patterns cannot be put into "
            "{n_types} types",
            hint="choose 2 to {most}",
            n=data.n,
            patterns=patterns,
            n_types=n_types,
            most=most,
        )
    return sorted(tried | {n_types})


@dataclass(frozen=True)
class Compared:
    """Numbers of types side by side, and all of a typology that no number of types changes.

    Attributes
    ----------
    patterns, distance : different answers, and Gower's dissimilarity among them.
    measure : that dissimilarity, for other units.
    null, continuum : the survey beside surveys without types, see `analysis.typology.rivals`.
    table : one row per number of types: ``silhouette`` (average), ``smallest`` (units of the
        smallest group), ``gap`` (its lead over surveys with independent features), ``stability``
        (bootstrap Jaccard of the least stable type) and, where nothing was taken out of the
        answers, ``bic`` of that many latent classes. NaN: not tried. One type has a BIC only.
    """

    measure: Gower
    distance: np.ndarray
    null: Beside
    continuum: Beside
    table: pd.DataFrame

    @property
    def patterns(self) -> Patterns:
        """Different answers, in the order of their first units."""
        return self.measure.patterns


def compared(
    data: Prepared, counts: Sequence[int], *, n_null: int, criteria: bool, seed: int
) -> Compared:
    """Weigh the numbers of types to try; without `criteria` by silhouette and gap alone.

    While the last number tried is the best, by the silhouette or by BIC, another is tried, up to
    `MOST_TYPES_EXTENDED` and as far as the units allow.
    """
    patterns = collapse(data.frame.to_numpy(float)).by_unit()
    measure = Gower(patterns, list(data.frame), data.kinds, data.groups)
    distance, units = measure.among(), patterns.weights
    most = min(MOST_TYPES_EXTENDED, data.n // SMALLEST_TYPE, len(units))
    found = medoids_for(distance, counts, units)
    apart = separation(distance, found, units)
    while best(_table(apart)) == max(found) < most:
        one_more = medoids_for(distance, [max(found) + 1], units)
        found |= one_more
        apart |= separation(distance, one_more, units)
    table = _table(apart)
    more_tried = sorted({*found} - {*counts})
    null, smooth = rivals(data.given, counts, more=more_tried, n_null=n_null, seed=seed)
    table["gap"] = null.gap
    if criteria:
        labels = {k: one.labels for k, one in found.items()}
        lowest = least_stable(distance, labels, units, n_bootstrap=QUICK, seed=seed)
        table["stability"] = pd.Series(lowest)
    if criteria and data.given.basis == "none":
        bic = {k: _bic(data, k, seed) for k in (1, *sorted(found))}
        while min(bic, key=lambda k: (bic[k] != bic[k], bic[k])) == max(bic) < most:
            bic[max(bic) + 1] = _bic(data, max(bic) + 1, seed)
        table = table.join(pd.Series(bic, name="bic"), how="outer")
    return Compared(measure, distance, null, smooth, table.sort_index().rename_axis("k"))


def _table(apart: Mapping[int, tuple[float, int]]) -> pd.DataFrame:
    return pd.DataFrame(apart, ["silhouette", "smallest"]).T


def _bic(data: Prepared, k: int, seed: int) -> float:
    """BIC of k latent classes; NaN where the answers cannot hold so many."""
    classes = latent_classes(data.frame, data.kinds, k, seed=seed)
    return float("nan") if classes is None else classes.bic


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


def reason(table: pd.DataFrame, k: int, *, asked: bool, n: int, named: int) -> dict[str, str]:
    """Why this number of types and what the other criteria say, in each language.

    Parameters
    ----------
    table : criteria by number of types, see `Compared`.
    k : the number made. asked : whether it was asked for. n : units.
    named : how many of the k groups are large enough to be types.

    Examples
    --------
    >>> table = pd.DataFrame({"silhouette": [0.5, 0.4], "gap": [0.2, 0.3], "stability": [0.8, 0.6]},
    ...                      index=[2, 3])
    >>> print(reason(table, 2, asked=False, n=60, named=2)["en"])
    2 groups, where the average silhouette is greatest (0.50). The criteria disagree: the gap \
beyond chance is greatest at 3, stability at 2. By the gap beyond chance the best is the largest \
number tried (3); more were not tried.
    """
    others, most = preferred(table), best(table)
    ends: dict[int, list[str]] = {}  # criteria that are best at the greatest number tried
    for criterion, value in {"silhouette": most, **others}.items():
        if value == table[criterion].last_valid_index():
            ends.setdefault(value, []).append(criterion)
    values = {
        "k": k,
        "asked": asked,
        "width": float(table.loc[k, "silhouette"]),
        "best": most,
        "whole": most != int(table["silhouette"].round(9).idxmax()),
        "others": others,
        "ends": dict(sorted(ends.items())),
        "few": n < FEW_FOR_BIC,
        "unnamed": k - named,
        "named": named,
        "smallest": SMALLEST_TYPE,
    }
    return {language: say("typology/reason", language, **values) for language in ("ja", "en")}
