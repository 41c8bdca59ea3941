"""From features to a typology with its evidence: the entry point of the package.

`study` makes one typology; `Classifier` computes those of a wave on its full data once and keeps
them, for all editions.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from analysis.errors import InputError, unknown
from analysis.stats.indicators import Features
from analysis.stats.tabulate import aligned
from analysis.typology.choice import best, compared, counts_to_try, preferred, reason
from analysis.typology.describe import UNPLACED, atypical, paragons, profile, propose_names
from analysis.typology.dissimilarity import ENOUGH, Measure, Patterns, answered
from analysis.typology.gradient import share_interval, without_gradient, without_strata
from analysis.typology.partition import k_medoids, silhouette_widths
from analysis.typology.prepare import Adjust, Prepared, prepare
from analysis.typology.stability import medoid_recluster, stability
from analysis.typology.verdict import SMALLEST_TYPE, Evidence, Verdict, judge

if TYPE_CHECKING:
    from analysis.typology.multiverse import Multiverse
    from analysis.typology.projection import Projection


Remember = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Typology:
    """Types, how sure they are, and who sits on the border.

    Types are numbered 1..k by size, largest first, ties by the smallest code. Groups of fewer than
    three are no types: their members have label 0, "unplaced". All but `labels`, `second` and
    `level` is about the units of the fit alone; those set aside are placed afterwards, at the
    nearest medoid by what they answered.

    Attributes
    ----------
    labels : type of each unit, of the fit or not (Int16; 0 = unplaced).
    aside : units that took no part in the fit, and why (``sparse | outlying | empty``), see
        `analysis.typology.eligibility.taking_part`.
    names : proposed name of each type, ``{1: {"ja": ..., "en": ...}}``.
    membership : unit x type, strength of membership, rows sum to 1 (NaN: set aside).
    second : second-nearest type of each unit (0: there is none).
    silhouette : silhouette width of each unit (NaN: unplaced, or set aside).
    choice : criteria by number of types. choice_reason : why this number, in words.
    stability : per type ``n, jaccard_bootstrap, jaccard_se``.
    coassignment : unit x unit, share of bootstrap runs in the same type.
    null_p : how often surveys with independent features look this good.
    continuum_p : how often type-free surveys with the same correlations look this good.
    gradient_share : share of the structure on its main axis. level : each unit's place on it.
    profile : what sets each type apart, see `analysis.typology.describe.profile`.
    paragons, atypical : most and least typical member of each type.
    method : how the types were made. n : units of the fit.
    verdict : level and paragraph. evidence : what it weighed.
    params : what was asked for and what was used, ``n_types``, ``seed``, ``adjust``, ...
    """

    labels: pd.Series
    aside: pd.Series
    names: dict[int, dict[str, str]]
    membership: pd.DataFrame
    second: pd.Series
    silhouette: pd.Series
    choice: pd.DataFrame
    choice_reason: dict[str, str]
    stability: pd.DataFrame
    coassignment: pd.DataFrame
    null_p: float
    continuum_p: float
    gradient_share: float
    level: pd.Series
    profile: pd.DataFrame
    paragons: dict[int, str]
    atypical: dict[int, str]
    method: str
    n: int
    verdict: Verdict
    evidence: Evidence
    params: dict[str, Any]

    @property
    def fitted(self) -> pd.Series:
        """`labels` of the units that took part in the fit."""
        return self.labels.drop(self.aside.index)

    def weighed_with(self, multiverse: Multiverse) -> Typology:
        """The same typology, its verdict also weighing how far it depends on choices."""
        evidence = replace(self.evidence, core_share=multiverse.core_share)
        return replace(self, evidence=evidence, verdict=judge(evidence))


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def study(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None = None,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    *,
    n_types: int | Literal["auto"] = "auto",
    adjust: Adjust = None,
    composites: pd.DataFrame | None = None,
    n_bootstrap: int = 100,
    n_null: int = 99,
    criteria: bool = True,
    seed: int = 0,
    jobs: int = 1,
    remember: Remember = _as_it_is,
) -> Typology:
    """Make a typology and gather the evidence for it.

    Parameters
    ----------
    frame : units x features, float, NaN where missing; the index holds codes (str).
    kinds : ``nominal | binary | asymmetric | ordinal | ratio`` of each feature.
    groups : index that each feature belongs to; groups weigh the same.
    labels : label of each feature for the names, ``{feature: {"ja": ..., "en": ...}}``.
    n_types : their number, or ``auto``: the number with the greatest average silhouette.
    adjust : ``"gradient"`` takes the main gradient out, a Series of strata (such as size classes)
        the strata's means; `Typology.params` and the verdict say so.
    composites : units x indices (higher is more), to name the types by instead of by single
        features; their labels are looked up in `labels` too.
    n_bootstrap, n_null : resamples for stability; surveys drawn for each of the two p-values.
    criteria : whether to weigh the numbers of types by stability and BIC too.
        None of these three changes the types, only how sure one can be of them.
    seed, jobs : the same seed gives the same result for any number of jobs.
    remember : wraps `choice.compared`, the part that is the same for every `n_types`, in a cache.

    Raises
    ------
    InputError : fewer than 6 units, no feature that varies, more types than the units can hold.

    Examples
    --------
    >>> from analysis.typology.power import known_types
    >>> frame, truth = known_types(30, 5.0, rng=np.random.default_rng(0))
    >>> found = study(frame, dict.fromkeys(frame, "ratio"), n_bootstrap=20, n_null=49)
    >>> found.verdict.level, found.labels.value_counts().tolist()
    ('clear', [10, 10, 10])
    """
    if composites is not None:
        composites = aligned(composites, frame.index, "composites")
    data = prepare(frame, kinds, groups, adjust, seed=seed)
    counts = counts_to_try(data, n_types)
    tried = remember(compared)(data, counts, n_null=n_null, criteria=criteria, seed=seed, jobs=jobs)
    table, patterns, distance = tried.table, tried.patterns, tried.distance
    k = best(table) if n_types == "auto" else n_types
    index, back = data.frame.index, patterns.back
    found = k_medoids(distance, k, patterns.weights)
    types = _placed(found.labels[back], index)
    of_pattern = np.zeros(len(distance), dtype=int)
    of_pattern[back] = types
    sure = stability(
        medoid_recluster(distance, k),
        of_pattern,
        patterns.weights,
        n_bootstrap=n_bootstrap,
        unplaced=UNPLACED,
        seed=seed,
        jobs=jobs,
    )
    membership = sure.membership.iloc[back].set_axis(index)
    apart = distance[np.ix_(back, back)]
    widths = _silhouette(apart, types)
    evidence = Evidence(
        n=data.n,
        unplaced=int((types == UNPLACED).sum()),
        stability=sure.types["jaccard_bootstrap"].to_dict(),
        silhouette=float(widths.mean()) if widths.notna().any() else 0.0,
        null_p=tried.against.null_p,
        continuum_p=tried.against.continuum_p,
        gradient_share=data.gradient.share,
        gradient_interval=share_interval(data.frame, data.kinds, data.groups, seed=seed),
        adoption=data.gradient.adoption,
        basis=data.basis,
        least_p=1 / (n_null + 1),
        made=k,
        most_tried=int(table["silhouette"].last_valid_index()) if n_types == "auto" else 0,
        criteria=preferred(table),
    )
    differences = profile(data.frame, data.kinds, types)
    names = propose_names(differences, data.kinds, labels or {})
    if composites is not None:
        names = _names_by(composites, data, adjust, types, labels or {})
    first, second = _afterwards(data, patterns, found.medoids, types)
    nearest = pd.Series(sure.second[back], index, dtype="Int16")
    order = frame.index
    fitted = order[~order.isin(data.aside.index)]
    return Typology(
        labels=pd.concat([types, first]).loc[order],
        aside=data.aside.loc[order[order.isin(data.aside.index)]],
        names=names,
        membership=membership.reindex(order),
        second=pd.concat([nearest, second]).loc[order],
        silhouette=widths.reindex(order),
        choice=table,
        choice_reason=reason(table, k, n=data.n, asked=n_types != "auto", named=len(sure.types)),
        stability=sure.types,
        coassignment=pd.DataFrame(sure.together[np.ix_(back, back)], index, index).loc[
            fitted, fitted
        ],
        null_p=tried.against.null_p,
        continuum_p=tried.against.continuum_p,
        gradient_share=data.gradient.share,
        level=data.level.loc[order],
        profile=differences,
        paragons=paragons(apart, types),
        atypical=atypical(apart, types),
        method="k-medoids",
        n=data.n,
        verdict=judge(evidence),
        evidence=evidence,
        params={
            "n_types": k,
            "asked_types": n_types,
            "adjust": data.basis,
            "left_out": data.left_out,
            "n_bootstrap": n_bootstrap,
            "n_null": n_null,
            "drawn": tried.against.drawn,
            "seed": seed,
        },
    )


def study_by(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None,
    labels: Mapping[str, Mapping[str, str]] | None,
    strata: pd.Series,
    *,
    smallest: int = 30,
    composites: pd.DataFrame | None = None,
    jobs: int = 1,
    **choices: Any,
) -> dict[str, Typology]:
    """One typology per stratum; types of two strata are not the same.

    A stratum needs at least `smallest` units that answered half of the features, and an indicator
    that varies.
    """
    found = {}
    known = aligned(strata, frame.index, "strata")
    for stratum, codes in frame.groupby(known.astype("str"), sort=True).groups.items():
        part = frame.loc[codes]
        owner = [(groups or {}).get(str(c)) for c in part]
        enough = int((answered(part.to_numpy(float), owner) >= ENOUGH).sum()) >= smallest
        if enough and (part.nunique() > 1).any() and stratum != "nan":
            own = None if composites is None else composites.loc[codes]
            choices |= {"composites": own, "jobs": jobs}
            found[str(stratum)] = study(part, kinds, groups, labels, **choices)
    return found


def _names_by(
    composites: pd.DataFrame,
    data: Prepared,
    adjust: Adjust,
    types: pd.Series,
    labels: Mapping[str, Mapping[str, str]],
) -> dict[int, dict[str, str]]:
    """Names from composites, adjusted as the features were."""
    kinds = dict.fromkeys(map(str, composites.columns), "ratio")
    given = composites.loc[types.index].astype(float)
    if isinstance(adjust, pd.Series):
        given = without_strata(given, kinds, adjust)
    elif adjust == "gradient":
        given = without_gradient(given, kinds, data.level.loc[types.index])
    return propose_names(profile(given, kinds, types), kinds, labels)


def _placed(labels: np.ndarray, index: pd.Index) -> pd.Series:
    """Number types 1..k by size, ties by the smallest code; too small groups become 0."""
    members = [np.flatnonzero(labels == kind) for kind in np.unique(labels)]
    members.sort(key=lambda at: (-len(at), at[0]))
    types = pd.Series(UNPLACED, index=index, dtype="Int16", name="type")
    for number, at in enumerate((m for m in members if len(m) >= SMALLEST_TYPE), start=1):
        types.iloc[at] = number
    return types


def _afterwards(
    data: Prepared, patterns: Patterns, medoids: np.ndarray, types: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Nearest and second-nearest type of the units set aside, by the medoids of the named types.

    Of medoids equally near, that whose type is nearer on average. A unit of which nothing is known
    has no type.
    """
    of_pattern = pd.Series(types.to_numpy(int)).groupby(patterns.back).first()
    named = sorted((int(of_pattern[m]), int(m)) for m in medoids if of_pattern[m] != UNPLACED)
    nearest = np.full((len(data.others), 2), UNPLACED)
    if named and len(nearest):
        numbers, at = np.array(named).T
        measure = Measure(
            patterns, list(data.frame), list(data.kinds.values()), list(data.groups.values())
        )
        apart = measure.between(data.others.to_numpy(float), patterns.rows)
        member = (types.to_numpy(int)[:, None] == numbers).astype(float)
        mean = apart[:, patterns.back] @ member / member.sum(axis=0)
        order = np.lexsort((mean.round(9), apart[:, at].round(9)), axis=1)[:, :2]
        nearest[:, : order.shape[1]] = numbers[order]
        nearest[data.others.isna().all(axis=1).to_numpy()] = UNPLACED
    found = pd.DataFrame(nearest, data.others.index, dtype="Int16")
    return found[0].rename("type"), found[1].rename("type")


def _silhouette(distance: np.ndarray, types: pd.Series) -> pd.Series:
    """Silhouette widths among the named types; NaN for the unplaced, or where there is one type."""
    widths = pd.Series(np.nan, index=types.index)
    at = np.flatnonzero((types != UNPLACED).to_numpy(bool))
    found = types.iloc[at].to_numpy(int)
    if len(np.unique(found)) > 1:
        widths.iloc[at] = silhouette_widths(distance[np.ix_(at, at)], found)
    return widths


@dataclasses.dataclass(frozen=True)
class Classifier:
    """The features of one wave, and where results are kept until data or package change.

    `composites`: municipality x index. `size_class` of each municipality of the register.
    """

    features: Features
    composites: pd.DataFrame
    size_class: pd.Series
    folder: Path

    def study(
        self, *, adjust: str | pd.Series = "none", indices: Sequence[str] = (), **choices: Any
    ) -> Typology:
        """The typology; see `analysis.typology.study.study` for the choices."""

        known = list(inspect.signature(study).parameters)
        if strange := [name for name in choices if name not in known]:
            raise unknown("choice", strange[0], known)
        return self._made(study, adjust, indices, choices | {"remember": self._cached})

    def study_by_size(self, *, indices: Sequence[str] = (), **choices: Any) -> dict[str, Typology]:
        """A typology of each size class of at least 30."""

        return self._made(study_by, "none", indices, choices | {"strata": self.size_class})

    def _made(
        self,
        make: Callable[..., Any],
        adjust: str | pd.Series,
        indices: Sequence[str],
        choices: Mapping[str, Any],
    ) -> Any:
        used = restricted(self.features, indices)
        adjustments = {"none": None, "gradient": "gradient", "size_class": self.size_class}
        if not isinstance(adjust, pd.Series | str) or (
            isinstance(adjust, str) and adjust not in adjustments
        ):
            raise InputError(f"there is no adjustment {adjust!r}", hint=", ".join(adjustments))
        texts = {k: t.model_dump() for k, t in (*used.labels.items(), *used.group_labels.items())}
        grouped = 1 < len(used.group_labels) < len(used.labels)
        return self._cached(make)(
            used.frame,
            used.kinds,
            used.groups,
            texts,
            adjust=adjust if isinstance(adjust, pd.Series) else adjustments[adjust],
            composites=self.composites[list(used.group_labels)] if grouped else None,
            **choices,
        )

    def place(self, frame: pd.DataFrame, **choices: Any) -> tuple[Typology, Projection]:
        """Other respondents, by the features that `frame` shares, in the types made of these."""
        from analysis.typology.projection import project

        shared = [name for name in self.features.frame if name in frame]
        kept = list(dict.fromkeys(self.features.groups[name] for name in shared))
        if not kept:
            raise InputError(
                "the two waves share no indicator", hint="see `comparable` in codebooks"
            )
        used = restricted(self.features, kept)
        found = self.study(indices=kept, **choices)
        reference = used.frame.loc[found.fitted.index]
        return found, project(frame, reference, found.fitted, used.kinds, used.groups)

    def multiverse(
        self, *, indices: Sequence[str] = (), jobs: int = 1, **choices: Any
    ) -> Multiverse:
        """All defensible analyses beside the typology of these choices."""
        from analysis.typology.multiverse import multiverse

        used = restricted(self.features, indices)
        reference = self.study(indices=indices, jobs=jobs, **choices).fitted
        kept = used.frame.loc[reference.index]
        return self._cached(multiverse)(kept, used.kinds, used.groups, reference, jobs=jobs)

    def _cached(self, function: Callable[..., Any]) -> Callable[..., Any]:
        from joblib import Memory

        given = inspect.signature(function).parameters
        no_result = [name for name in ("jobs", "remember") if name in given]
        return Memory(self.folder, verbose=0).cache(function, ignore=no_result)


def restricted(made: Features, indices: Sequence[str]) -> Features:
    """The features of these indices only; all where none is named."""
    if unknown := [name for name in indices if name not in made.group_labels]:
        known = ", ".join(made.group_labels)
        raise InputError(f"there is no index {unknown[0]!r}", hint=f"there are: {known}")
    if not indices:
        return made
    kept = [name for name, index in made.groups.items() if index in indices]
    return dataclasses.replace(
        made,
        frame=made.frame[kept],
        kinds={name: made.kinds[name] for name in kept},
        groups={name: made.groups[name] for name in kept},
        labels={name: made.labels[name] for name in kept},
        group_labels={k: text for k, text in made.group_labels.items() if k in indices},
    )


def renamed(value: Any, alias: Mapping[str, str]) -> Any:
    """A result with every municipality's code replaced as an edition shows it.

    Rows follow the new names: in the order of the codes they would give the codes away.
    """
    if not alias:
        return value
    if isinstance(value, pd.DataFrame | pd.Series):
        for axis in range(value.ndim):
            if value.axes[axis].isin(list(alias)).any():
                value = value.rename(alias, axis=axis).sort_index(axis=axis, kind="stable")
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: renamed(getattr(value, f.name), alias) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    if isinstance(value, dict):
        return {alias.get(k, k): renamed(v, alias) for k, v in value.items()}
    if isinstance(value, str):
        return alias.get(value, value)
    return value
