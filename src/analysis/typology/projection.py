"""The respondents of one wave placed into the typology of another.

The 15 respondents among the 1,741 of the national table; this year's replies in last year's types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.stats.tabulate import aligned
from analysis.stats.thresholds import ENOUGH_ANSWERED, FAR_MEMBER, UNPLACED
from analysis.typology.dissimilarity import Gower, feature_weights

DRAWS = 9_999


@dataclass(frozen=True)
class Projection:
    """Where units of another survey fall.

    Attributes
    ----------
    labels : nearest type of each unit (0: it answered nothing of what is shared).
    membership : unit x type, strength of membership, rows sum to 1 (NaN: unplaced).
    second : the type with the second greatest strength.
    fits : False where the unit is farther from its type than 95 % of that type's own members.
    shared : the features used. missing : those of the typology that the new survey lacks.
    """

    labels: pd.Series
    membership: pd.DataFrame
    second: pd.Series
    fits: pd.Series
    shared: list[str]
    missing: list[str]


def project(
    frame: pd.DataFrame,
    reference: pd.DataFrame,
    types: pd.Series,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
) -> Projection:
    """Place each row of `frame` into the types of `reference` by the features both have.

    The strength of membership in a type falls with the square of the mean Gower dissimilarity to
    its members, as in fuzzy clustering with exponent 2 (Bezdek 1981; Kaufman & Rousseeuw 1990).
    Ranges are those of the reference; values beyond them count as the end of the range. The
    features must be comparable: the same question, asked in the same way.

    Parameters
    ----------
    frame : new units x features. reference : the units that made the typology x features.
    types : type of each unit of the reference; unplaced ones (0) are ignored.
    kinds, groups : as for the typology.

    Raises
    ------
    InputError : fewer than half of the features (groups weigh the same) are shared, or no
        type is there to fall into.

    Examples
    --------
    >>> old = pd.DataFrame({"x": [0.0, 1, 2, 10, 11, 12]}, index=list("abcdef"))
    >>> types = pd.Series([1, 1, 1, 2, 2, 2], index=old.index)
    >>> new = pd.DataFrame({"x": [3.0, 11.0]}, index=["p", "q"])
    >>> project(new, old, types, {"x": "ratio"}).labels.tolist()
    [1, 2]
    """
    shared = [c for c in reference.columns if c in frame.columns]
    missing = [c for c in reference.columns if c not in frame.columns]
    weights = feature_weights(reference.columns, groups)
    if weights[reference.columns.isin(shared)].sum() < ENOUGH_ANSWERED - 1e-9:
        raise InputError(
            "only {n} of the typology's {of} indicators are in the new survey",
            hint="a placement needs at least half of them, groups weighing the same; make the "
            "typology from the shared ones",
            n=len(shared),
            of=len(reference.columns),
        )
    types = aligned(types, reference.index, "types")
    named = sorted(int(t) for t in types.unique() if t != UNPLACED)
    if not named:
        raise InputError("the typology has no types to place anybody into")
    measure = Gower.of(reference[shared], kinds, groups)
    known = reference[shared].to_numpy(float)
    old = measure.between(known, known)
    edges = {kind: _edge(old, np.flatnonzero(types == kind)) for kind in named}
    new = measure.between(frame[shared].to_numpy(float), known)
    distance = np.column_stack([new[:, np.flatnonzero(types == k)].mean(axis=1) for k in named])
    closeness = 1.0 / np.maximum(distance, 1e-9) ** 2
    strength = closeness / closeness.sum(axis=1, keepdims=True)
    order = np.argsort(-strength.round(12), axis=1, kind="stable")
    first = np.array(named)[order[:, 0]]
    second = np.array(named)[order[:, min(1, len(named) - 1)]]
    near = distance[np.arange(len(frame)), order[:, 0]]
    index = frame.index
    nothing = frame[shared].isna().all(axis=1).to_numpy()
    first[nothing] = second[nothing] = UNPLACED
    strength[nothing] = np.nan
    return Projection(
        pd.Series(first, index, dtype="Int16"),
        pd.DataFrame(strength, index, named),
        pd.Series(second, index, dtype="Int16"),
        pd.Series(near <= np.array([edges.get(k, -1.0) for k in first]) + 1e-12, index),
        shared,
        missing,
    )


def _edge(distance: np.ndarray, at: np.ndarray) -> float:
    """Mean distance to the type that 95 % of its own members (without themselves) keep."""
    own = distance[np.ix_(at, at)].sum(axis=1) / max(len(at) - 1, 1)
    return float(np.quantile(own, FAR_MEMBER))


def representativeness(
    respondents: pd.Series, population: pd.Series, *, seed: int = 0
) -> tuple[pd.DataFrame, float]:
    """How the respondents are spread over the size classes, beside all municipalities.

    Parameters
    ----------
    respondents : size class of each. population : how many there are of each class (index).

    Returns
    -------
    A table per class (``count, national``; ``here, nation``: their shares, 0 to 1) and the p-value
    of the question "could this spread be a simple random draw?" (chi-square statistic, 9,999 draws
    without replacement).

    Examples
    --------
    >>> table, p = representativeness(pd.Series(["city"] * 10), pd.Series({"city": 20, "town": 80}))
    >>> table.loc["city", ["count", "here", "nation"]].tolist(), p < 0.01
    ([10.0, 1.0, 0.2], True)
    """
    everyone = population.to_numpy(int)
    seen = respondents.dropna().astype(str).value_counts()
    n = seen.reindex(population.index, fill_value=0).to_numpy(int)
    if n.sum() != seen.sum() or (n > everyone).any():
        raise InputError(
            "respondents of a size class that the population lacks",
            hint="take both from the same register",
        )
    if not n.sum():
        raise InputError("there are no respondents with a size class")
    expected = n.sum() * everyone / everyone.sum()
    draws = np.random.default_rng(seed).multivariate_hypergeometric(everyone, n.sum(), size=DRAWS)
    scale = np.maximum(expected, 1e-12)
    drawn = ((draws - expected) ** 2 / scale).sum(axis=1)
    observed = ((n - expected) ** 2 / scale).sum()
    p = (1 + int((drawn >= observed - 1e-9).sum())) / (DRAWS + 1)
    table = pd.DataFrame(
        {
            "count": n,
            "national": everyone,
            "here": n / n.sum(),
            "nation": everyone / everyone.sum(),
        },
        index=population.index,
    )
    return table, p
