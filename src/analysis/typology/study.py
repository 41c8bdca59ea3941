"""A typology with its evidence, and `study`, the entry point of the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.stats.tabulate import align
from analysis.stats.thresholds import SMALLEST_TYPE, UNPLACED
from analysis.typology.choice import Candidates, best, candidates, counts_to_try, preferred, reason
from analysis.typology.describe import Texts, most_and_least_typical, profile, propose_names
from analysis.typology.dissimilarity import Groups, Kinds
from analysis.typology.gradient import share_interval, without_gradient, without_strata
from analysis.typology.multiverse import Multiverse
from analysis.typology.partition import Stability, k_medoids, silhouette_widths, stability
from analysis.typology.prepare import Adjust, TypologyData, prepare
from analysis.typology.verdict import Evidence, Verdict, judge


@dataclass(frozen=True)
class Typology:
    """Types, how sure they are, and who sits on the border.

    Types are numbered 1..k by size, largest first, ties by the smallest code. Groups of fewer than
    three are no types: their members have label 0, "unplaced". Units set aside are placed at the
    nearest medoid by what they answered.

    Attributes
    ----------
    labels, second : nearest and second-nearest type of each unit, of the fit or not (Int16; 0:
        unplaced, or there is none).
    silhouette : silhouette width of each unit (NaN: unplaced, or set aside).
    level : each unit's place on the main gradient of the answers.
    aside : units that took no part in the fit, and why, see `prepare.set_aside`.
    choice : criteria by number of types, see `choice.Candidates`.
    names : proposed name of each type, ``{1: {"ja": ..., "en": ...}}``.
    profile : what sets each type apart, see `describe.profile`.
    paragons, atypical : most and least typical member of each type.
    stability : how each type holds when the units are drawn again, see `partition.Stability`.
    coassignment : unit x unit of the fit, share of the resamples with both in one type.
    membership : unit x type, strength of membership, rows sum to 1 (NaN: set aside).
    verdict : how far the types can be trusted, and the evidence for it.
    params : what was used: ``n_types``, ``n_bootstrap``, ``n_null``, ``drawn``.
    """

    labels: pd.Series
    second: pd.Series
    silhouette: pd.Series
    level: pd.Series
    aside: pd.Series
    choice: pd.DataFrame
    names: dict[int, dict[str, str]]
    profile: pd.DataFrame
    paragons: dict[int, str]
    atypical: dict[int, str]
    stability: pd.DataFrame
    coassignment: pd.DataFrame
    membership: pd.DataFrame
    verdict: Verdict
    params: dict[str, Any]

    @property
    def n(self) -> int:
        """Units of the fit."""
        return self.evidence.n

    @property
    def fitted(self) -> pd.Series:
        """`labels` of the units that took part in the fit."""
        return self.labels.drop(self.aside.index)

    @property
    def evidence(self) -> Evidence:
        """What the verdict weighs."""
        return self.verdict.evidence

    @property
    def choice_reason(self) -> dict[str, str]:
        """Why this number of types and what other criteria say, in each language."""
        e, large = self.evidence, len(self.stability)
        return reason(self.choice, e.groups, asked=not e.most_tried, n=e.n, large=large)

    def weighed_with(self, multiverse: Multiverse) -> Typology:
        """The same typology, its verdict also weighing how far it depends on choices."""
        evidence = replace(self.evidence, core_share=multiverse.core_share)
        return replace(self, verdict=judge(evidence))


def study(
    frame: pd.DataFrame,
    kinds: Kinds,
    groups: Groups = None,
    labels: Texts | None = None,
    *,
    n_types: int | Literal["auto"] = "auto",
    adjust: Adjust = None,
    composites: pd.DataFrame | None = None,
    n_bootstrap: int = 100,
    n_null: int = 99,
    criteria: bool = True,
    seed: int = 0,
    remember: Callable[[Callable[..., Candidates]], Callable[..., Candidates]] | None = None,
) -> Typology:
    """Make a typology and gather the evidence for it.

    Parameters
    ----------
    frame, kinds, groups : see `analysis.typology`.
    labels : label of each feature and composite, ``{feature: {"ja": ..., "en": ...}}``.
    n_types : their number, or ``auto``: the number with the greatest average silhouette.
    adjust : ``"gradient"`` takes the main gradient out, a Series of strata (such as size classes)
        the strata's means.
    composites : units x indices (higher is more), to name the types by instead of by features.
    n_bootstrap, n_null : resamples for stability; surveys drawn for each of the two p-values.
    criteria : whether to weigh the numbers of types by stability and BIC too.
        None of these three changes the types, only how sure one can be of them.
    remember : wraps `choice.candidates`, which does not depend on `n_types`, in a cache.

    Raises InputError: fewer than 6 units, no feature that varies, more types than the units can
    hold.

    >>> from analysis.typology.rivals import known_types
    >>> frame, truth = known_types(30, 5.0, rng=np.random.default_rng(0))
    >>> typology = study(frame, dict.fromkeys(frame, "ratio"), n_bootstrap=20, n_null=49)
    >>> typology.verdict.level, typology.labels.value_counts().tolist()
    ('clear', [10, 10, 10])
    """
    data = prepare(frame, kinds, groups, adjust, seed=seed)
    make, counts = remember(candidates) if remember else candidates, counts_to_try(data, n_types)
    tried = make(data, counts, n_null=n_null, criteria=criteria, seed=seed)
    auto, fitted, back = n_types == "auto", data.frame.index, tried.measure.patterns.back
    k = best(tried.table) if n_types == "auto" else n_types
    of_pattern, medoids, sure = _cut(tried, k, n_bootstrap=n_bootstrap, seed=seed)
    types = pd.Series(of_pattern[back], fitted, dtype="Int16", name="type")
    apart = tried.distance[np.ix_(back, back)]  # of the units
    widths = _widths(apart, types)
    evidence = _evidence(
        *(data, tried, sure, widths, seed),
        groups=k,
        least_p=1 / (n_null + 1),
        most_tried=int(tried.table["silhouette"].last_valid_index()) if auto else 0,
    )
    members = _place(data, tried, medoids, types, sure.second[back])
    together = pd.DataFrame(sure.together[np.ix_(back, back)], fitted, fitted)
    own = frame.index[frame.index.isin(fitted)]
    return Typology(
        labels=members.loc[frame.index, "type"],
        second=members.loc[frame.index, "second"],
        silhouette=widths.reindex(frame.index),
        level=data.level.loc[frame.index],
        aside=data.aside.reindex(frame.index).dropna(),
        choice=tried.table,
        stability=sure.types,
        coassignment=together.loc[own, own],
        membership=sure.membership.iloc[back].set_axis(fitted).reindex(frame.index),
        verdict=judge(evidence),
        params={"n_types": k, "n_bootstrap": n_bootstrap, "n_null": n_null}
        | {"drawn": (tried.null.surveys, tried.continuum.surveys)},
        **_describe(data, types, apart, composites, adjust, labels or {}),
    )


def _cut(
    tried: Candidates, k: int, *, n_bootstrap: int, seed: int
) -> tuple[np.ndarray, np.ndarray, Stability]:
    """The type of each pattern, the medoids of the types, and how these hold when drawn again.

    Types are numbered by size, of equal ones that with the smallest code first; groups too small
    for a type are unplaced.
    """
    weights = tried.measure.patterns.weights
    clusters = k_medoids(tried.distance, k, weights)
    sizes = np.bincount(clusters.labels, weights)
    numbers = np.where(sizes >= SMALLEST_TYPE, np.arange(1, len(sizes) + 1), UNPLACED)
    types, labels = numbers[clusters.labels], tried.resampled.get(k, [])
    apart = tried.distance
    sure = stability(apart, k, types, weights, n_bootstrap=n_bootstrap, seed=seed, known=labels)
    return types, clusters.medoids[numbers > 0], sure


def _evidence(
    data: TypologyData,
    tried: Candidates,
    sure: Stability,
    widths: pd.Series,
    seed: int,
    **choices: Any,
) -> Evidence:
    """What the verdict weighs, beside what follows from the `choices` made."""
    return Evidence(
        gradient_interval=share_interval(data.frame, data.kinds, data.groups, seed=seed),
        n=len(widths),
        unplaced=len(widths) - int(sure.types["n"].sum()),
        stability=sure.types["jaccard_bootstrap"].to_dict(),
        silhouette=float(widths.mean()) if len(sure.types) > 1 else 0.0,
        null_p=tried.null.p,
        continuum_p=tried.continuum.p,
        gradient_share=data.gradient.share,
        adoption=data.gradient.adoption,
        basis=data.fit.basis,
        criteria=preferred(tried.table),
        **choices,
    )


def _widths(apart: np.ndarray, types: pd.Series) -> pd.Series:
    """The silhouette width of each unit; NaN of the unplaced, and of all in one type."""
    widths = pd.Series(np.nan, types.index)
    at = np.flatnonzero(types != UNPLACED)
    if types.iloc[at].nunique() > 1:
        widths.iloc[at] = silhouette_widths(apart[np.ix_(at, at)], types.iloc[at].to_numpy(int))
    return widths


def _place(
    data: TypologyData, tried: Candidates, medoids: np.ndarray, types: pd.Series, second: np.ndarray
) -> pd.DataFrame:
    """Type and second type of all units; those set aside by the medoids of types 1, 2, ...

    Of medoids equally near, that whose type is nearer on average. A unit of which nothing is known
    has no type.
    """
    nearest, patterns = np.full((len(data.others), 2), UNPLACED), tried.measure.patterns
    if len(medoids) and len(nearest):
        apart = tried.measure.between(data.others.to_numpy(float), patterns.rows)
        member = types.to_numpy(int)[:, None] == np.arange(1, len(medoids) + 1)
        mean = apart[:, patterns.back] @ member.astype(float) / member.sum(axis=0)
        order = np.lexsort((mean.round(9), apart[:, medoids].round(9)), axis=1)[:, :2]
        nearest[:, : order.shape[1]] = 1 + order
        nearest[data.others.isna().all(axis=1).to_numpy()] = UNPLACED
    others = pd.DataFrame(nearest, data.others.index, ["type", "second"], dtype="Int16")
    return pd.concat([pd.DataFrame({"type": types, "second": second}, dtype="Int16"), others])


def _describe(
    data: TypologyData,
    types: pd.Series,
    apart: np.ndarray,
    composites: pd.DataFrame | None,
    adjust: Adjust,
    texts: Texts,
) -> dict[str, Any]:
    """What sets the types apart, their most and least typical members, and their names.

    Names are by the composites, if there are any, adjusted like the answers.
    """
    traits = differences = profile(data.frame, data.kinds, types)
    paragons, atypical = most_and_least_typical(apart, types)
    kinds = data.kinds
    if composites is not None:
        kinds = dict.fromkeys(map(str, composites.columns), "ratio")
        indices = align(composites, types.index, "composites").astype(float)
        if isinstance(adjust, pd.Series):
            indices = without_strata(indices, kinds, adjust)
        elif adjust == "gradient":
            indices = without_gradient(indices, kinds, data.level.loc[types.index])
        traits = profile(indices, kinds, types)
    about = {"profile": differences, "paragons": paragons, "atypical": atypical}
    return about | {"names": propose_names(traits, kinds, texts)}
