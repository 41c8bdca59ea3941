"""What a survey of this size could have found: how often known types are recovered.

Without this, "no clear types" at n=15 cannot be read: there may be none, or too few respondents to
see them. The surveys are invented here from the simplest types there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kmedoids
import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis.stats.thresholds import RECOVERED
from analysis.typology.dissimilarity import Gower

SIX_NUMBERS = ("ratio",) * 6  # kinds of the features where nothing else is asked for
SEPARATIONS = {"weak": 1.0, "moderate": 2.0, "strong": 3.0}


def known_types(
    n: int,
    separation: float,
    *,
    n_types: int = 3,
    kinds: Sequence[str] = SIX_NUMBERS,
    groups: Sequence[str] | None = None,
    yes: Sequence[float] | None = None,
    missing: float = 0.0,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.Series]:
    """One invented survey and its true types 1..n_types, as even in size as n allows.

    Feature j is raised in type ``j % n_types`` by `separation` within-type standard deviations; of
    `groups` of features, where there are as many as types, all of a group in the same type.
    ``separation=0`` has no types.

    Parameters
    ----------
    kinds : of the features. Yes/no and nominal ones are cut in two,
        ordinal ones into five steps.
    yes : share above the cut of each feature (default: it lies halfway between the types).
    missing : share of answers missing, at random.

    Examples
    --------
    >>> frame, truth = known_types(9, 3.0, rng=np.random.default_rng(0))
    >>> frame.shape, truth.value_counts().tolist()
    ((9, 6), [3, 3, 3])
    """
    mark = np.arange(len(kinds))
    if groups is not None and len(set(groups)) >= n_types:
        mark = pd.factorize(np.array(groups))[0]
    truth = rng.permutation(np.arange(n) % n_types)
    raised = truth[:, None] == mark[None, :] % n_types
    values = separation * raised + rng.standard_normal((n, len(kinds)))
    for j, kind in enumerate(kinds):
        if kind == "ordinal":
            values[:, j] = np.searchsorted(separation * np.arange(0.2, 0.9, 0.2), values[:, j])
        elif kind != "ratio":
            cut = separation / 2 if yes is None else np.quantile(values[:, j], 1 - yes[j])
            values[:, j] = values[:, j] > cut
    values[rng.random(values.shape) < missing] = np.nan
    index = pd.Index([f"{i:06d}" for i in range(n)], name="code")
    columns = [f"x{j + 1}" for j in range(len(kinds))]
    return pd.DataFrame(values, index, columns), pd.Series(truth + 1, index)


def power(
    n: int,
    *,
    n_types: int = 3,
    kinds: Sequence[str] = SIX_NUMBERS,
    groups: Sequence[str] | None = None,
    yes: Sequence[float] | None = None,
    missing: float = 0.0,
    n_simulations: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """How well k-medoids on Gower dissimilarity finds known types when their number is given.

    Parameters
    ----------
    kinds, groups, yes, missing : of the indicators, see `known_types`.

    Returns
    -------
    One row per separation (``weak, moderate, strong``: 1, 2 and 3 within-type standard
    deviations): ``separation, ari`` (mean adjusted Rand index), ``recovered`` (share of simulated
    surveys with an index of at least 0.8).

    Examples
    --------
    >>> table = power(15, n_simulations=20)
    >>> bool(table.loc["weak", "recovered"] < table.loc["strong", "recovered"])
    True
    """
    rng, rows = np.random.default_rng(seed), {}
    features: dict[str, Any] = {"kinds": kinds, "groups": groups, "yes": yes, "missing": missing}
    for name, separation in SEPARATIONS.items():
        scores = []
        for _ in range(n_simulations):
            frame, truth = known_types(n, separation, n_types=n_types, rng=rng, **features)
            owner = None if groups is None else dict(zip(frame, groups, strict=True))
            distance = Gower.of(frame, dict(zip(frame, kinds, strict=True)), owner).among()
            found = kmedoids.fasterpam(distance, n_types, init="build", n_cpu=1).labels
            scores.append(adjusted_rand_score(truth, found))
        share = float(np.mean(np.array(scores) >= RECOVERED))
        rows[name] = {"separation": separation, "ari": np.mean(scores), "recovered": share}
    return pd.DataFrame(rows).T
