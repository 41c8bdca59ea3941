"""How often surveys without types look as good: the two p-values of a typology."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from analysis.typology.continuum import Continuum
from analysis.typology.gower import pattern_dissimilarity
from analysis.typology.medoids import medoids_for, silhouette_widths
from analysis.typology.patterns import collapse


@dataclass(frozen=True)
class Rivals:
    """P-values against independent features and against a continuum, and by number of types the
    average silhouette less its mean over surveys with independent features (``gap``)."""

    null_p: float
    continuum_p: float
    gap: pd.Series


UNITS = 400  # units compared; a larger survey is thinned, at random, to this many


def rivals(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None,
    counts: Sequence[int],
    *,
    n_null: int = 99,
    seed: int = 0,
    jobs: int = 1,
) -> Rivals:
    """Compare the survey with invented ones that have no types.

    Both rivals keep each feature's values and missing cells; the first shuffles each feature by
    itself, the second keeps the correlations too (`Continuum`). The statistic is the greatest
    average silhouette of k-medoids over `counts`, so that trying several numbers of types is paid
    for; it measures the survey, whatever method then makes the types. ``(1 + as good) / (1 + B)``.

    Examples
    --------
    >>> from analysis.typology.power import known_types
    >>> frame, _ = known_types(30, 4.0, rng=np.random.default_rng(0))
    >>> found = rivals(frame, dict.fromkeys(frame, "ratio"), None, [2, 3, 4], n_null=19)
    >>> found.null_p, found.continuum_p, int(found.gap.idxmax())
    (0.05, 0.05, 3)
    """
    frame = frame[sorted(frame)]  # so that the order of columns changes no draw
    rng = np.random.default_rng(seed)
    thin = np.sort(rng.permutation(len(frame))[:UNITS])
    smooth = Continuum(frame, kinds, seed=seed)
    measure = delayed(_separation)
    tasks = [measure(frame.iloc[thin], kinds, groups, counts)]
    for _ in range(n_null):
        shuffled = {c: _shuffled(frame[c].to_numpy(float), rng) for c in frame}
        tasks.append(measure(pd.DataFrame(shuffled).iloc[thin], kinds, groups, counts))
        tasks.append(measure(smooth.sample(rng).iloc[thin], kinds, groups, counts))
    workers = jobs if len(thin) > 100 else 1  # smaller tasks end sooner than workers start
    found = np.array(Parallel(n_jobs=workers)(tasks))
    as_good = found[1:].max(axis=1).reshape(-1, 2) >= found[0].max() - 1e-12
    noise, continuum = (1 + as_good.sum(axis=0)) / (1 + n_null)
    gap = pd.Series(found[0] - found[1::2].mean(axis=0), index=list(counts))
    return Rivals(float(noise), float(continuum), gap)


def _shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The answers in another order; missing cells stay where they are."""
    seen = ~np.isnan(values)
    values = values.copy()
    values[seen] = rng.permutation(values[seen])
    return values


def _separation(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None,
    counts: Sequence[int],
) -> list[float]:
    """Average silhouette for each number of types."""
    patterns = collapse(frame.to_numpy(float)).by_unit()
    distance = pattern_dissimilarity(patterns, list(frame), kinds, groups)
    units, widths = patterns.weights, []
    for found in medoids_for(distance, counts, units).values():
        apart = found.labels.max() > 0
        mean = silhouette_widths(distance, found.labels, units) @ units / units.sum()
        widths.append(float(mean) if apart else -1.0)
    return widths
