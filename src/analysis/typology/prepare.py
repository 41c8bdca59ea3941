"""Features made ready for a typology: who takes part, adjusted, no columns that do not vary.

A unit with few answers has small pairwise dissimilarities and would become the medoid that decides
everybody's type; one far from all others takes a type of its own and leaves the rest undivided. So
some units are set aside, by rules that look at no typology, and placed afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from analysis.errors import refusal
from analysis.stats import thresholds
from analysis.stats.tabulate import align
from analysis.typology.dissimilarity import (
    LIMIT,
    Gower,
    Groups,
    Kinds,
    collapse,
    feature_weights,
    share_answered,
    source,
)
from analysis.typology.gradient import Gradient, gradient, numeric, without_gradient, without_strata

Basis = Literal["none", "gradient", "strata"]
Adjust: TypeAlias = Literal["gradient"] | pd.Series | None
ENOUGH = {"least": thresholds.SMALLEST_TYPE, "units": thresholds.SMALLEST_SURVEY}


@dataclass(frozen=True)
class Answers:
    """Answers, with kind and group of each feature."""

    frame: pd.DataFrame
    kinds: dict[str, str]
    groups: dict[str, str]

    def measure(self) -> Gower:
        """Dissimilarity of the different answers, in the order of the first units to give them."""
        patterns = collapse(self.frame.to_numpy(float)).by_unit()
        return Gower(patterns, list(self.frame), self.kinds, self.groups)


@dataclass(frozen=True)
class Fit(Answers):
    """Answers of the units of the fit, and what `adjust` takes out: ``strata`` or the gradient."""

    basis: Basis = "none"
    strata: pd.Series | None = None

    def adjust(self) -> Answers:
        """What is left after the adjustment, of the columns that still vary, as numbers."""
        if self.basis == "none":
            return self
        if self.strata is not None:
            rest = without_strata(self.frame, self.kinds, self.strata)
        else:
            level = gradient(self.frame, self.kinds, self.groups, n_null=1).score
            rest = without_gradient(self.frame, self.kinds, level)
        rest = rest.loc[:, rest.max() > rest.min()]
        groups = {column: self.groups[source(column)] for column in map(str, rest)}
        return Answers(rest, dict.fromkeys(groups, "ratio"), groups)


@dataclass(frozen=True)
class TypologyData(Answers):
    """What a typology is made from: the units of the fit, by code, x features that vary among them.

    Attributes
    ----------
    others : the units set aside, adjusted likewise; aside : why they were, see `set_aside`.
    fit : the answers that the frame was made from, and what was taken out of them.
    gradient : main gradient of the frame, measured after the adjustment.
    level : place of each unit, of the fit or not, on the main gradient of the answers as given
        (NaN: nothing answered).
    """

    others: pd.DataFrame
    aside: pd.Series
    fit: Fit
    gradient: Gradient
    level: pd.Series


def set_aside(frame: pd.DataFrame, kinds: Kinds, groups: Groups = None) -> pd.Series:
    """The units that take no part in the fit, and why.

    Units without any answer are ``empty``, those that answered less than half of the features,
    groups weighing the same, ``sparse``. Of the rest those are ``outlying`` whose Gower
    dissimilarity to the second-nearest other unit is above Tukey's far fence (upper quartile plus
    three interquartile ranges of all units') and above one and a half times the mean dissimilarity
    of two units. A member of a group of three has two near ones and is never set aside.

    >>> frame = pd.DataFrame({"a": [0, 1, 2, 8, 9, 10, 99.0], "b": [0, 0, 1, 5, 6, 5, 99.0]})
    >>> set_aside(frame, {"a": "ratio", "b": "ratio"}).to_dict()
    {6: 'outlying'}
    """
    share = share_answered(frame, groups)
    fit = share >= thresholds.ENOUGH_ANSWERED
    why = pd.Series(np.where(share > 0, "sparse", "empty"), frame.index, dtype=object)
    if fit.any():
        far = np.flatnonzero(fit)[_far_out(frame[fit], kinds, groups)]
        fit[far] = False
        why.iloc[far] = "outlying"
    return why[~fit]


def _far_out(frame: pd.DataFrame, kinds: Kinds, groups: Groups) -> np.ndarray:
    """Whether each unit is farther from its nearest others than Tukey's far fence."""
    patterns, others = collapse(frame.to_numpy(float)), thresholds.SMALLEST_TYPE - 1
    counts, n = patterns.weights, len(frame)
    if len(counts) <= others:
        return np.zeros(n, dtype=bool)
    distance = Gower(patterns, list(map(str, frame)), kinds, groups).among()
    mean = float(counts @ distance @ counts) / (n * (n - 1))
    apart = distance[:, patterns.back]  # from each unit, itself included, which is nearest
    apart.partition(others, axis=1)
    reach = apart[patterns.back, others]
    low, high = np.quantile(reach, [0.25, 0.75])
    fence = high + thresholds.FAR_FENCE * (high - low)
    return reach > max(fence, thresholds.FAR_PAIR * mean) + 1e-9


def prepare(
    frame: pd.DataFrame, kinds: Kinds, groups: Groups, adjust: Adjust, *, seed: int = 0
) -> TypologyData:
    """Check the features, decide who takes part in the fit, and adjust by those.

    Raises InputError: fewer than 6 units (in all, or that take part) or more than 10,000, no
    feature that varies, or an infinite answer.

    >>> frame = pd.DataFrame({"a": [1.0, 0, 1, 0, 1, 0], "b": [1.0] * 6}, index=list("fedcba"))
    >>> ready = prepare(frame, {"a": "binary", "b": "binary"}, None, None)
    >>> list(ready.frame.index), list(ready.frame)
    (['a', 'b', 'c', 'd', 'e', 'f'], ['a'])
    """
    ordered = _check(frame)
    everyone = _those_that_vary(ordered, kinds, groups)
    aside = set_aside(everyone.frame, everyone.kinds, everyone.groups)
    fit = ~ordered.index.isin(aside.index)
    if fit.sum() < thresholds.SMALLEST_SURVEY:
        raise refusal("typology.few_fit", fit=fit.sum(), n=len(frame), **ENOUGH)
    fitted = _those_that_vary(ordered[fit], kinds, everyone.groups)
    strata = align(adjust, ordered.index, "adjust") if isinstance(adjust, pd.Series) else None
    basis: Basis = "none" if adjust is None else "gradient" if strata is None else "strata"
    own = None if strata is None else strata.loc[fitted.frame.index]
    answers = Fit(fitted.frame, fitted.kinds, fitted.groups, basis, own)
    rest = answers.adjust()
    if rest.frame.empty:
        raise refusal("typology.nothing_left")
    raw = gradient(fitted.frame, fitted.kinds, fitted.groups, seed=seed)
    every = numeric(ordered[list(fitted.frame)], fitted.kinds)
    members, outside = every[fit], every[~fit]
    level = pd.concat([raw.score, _level(raw, members, outside, fitted.groups)])
    axis, others = raw, ordered.loc[~fit, list(fitted.frame)]  # where nothing is taken out
    if basis != "none":
        place = level if strata is None else strata.astype(str).astype(object)
        others = _adjust_others(rest.frame, members, outside, place)
        axis = gradient(rest.frame, rest.kinds, rest.groups, seed=seed)
    return TypologyData(rest.frame, rest.kinds, rest.groups, others, aside, answers, axis, level)


def _check(frame: pd.DataFrame) -> pd.DataFrame:
    """The answers as numbers, in the order of the codes."""
    if len(frame) < thresholds.SMALLEST_SURVEY:
        raise refusal("typology.few", n=len(frame), **ENOUGH)
    if len(frame) > LIMIT:
        raise refusal("typology.too_many", n=len(frame), limit=LIMIT)
    ordered = frame.sort_index().astype(float)
    if (infinite := np.isinf(ordered.to_numpy())).any():
        row, column = np.argwhere(infinite)[0]
        raise refusal(
            "typology.infinite", indicator=ordered.columns[column], code=ordered.index[row]
        )
    return ordered


def _those_that_vary(frame: pd.DataFrame, kinds: Kinds, groups: Groups) -> Answers:
    """The features with more than one answer; one that no group claims is a group of its own."""
    names = [str(c) for c in frame if frame[c].nunique() > 1]
    if not names:
        raise refusal("typology.all_alike")
    own = {name: (groups or {}).get(name, name) for name in names}
    return Answers(frame[names], {name: kinds[name] for name in names}, own)


def _level(axis: Gradient, inside: pd.DataFrame, others: pd.DataFrame, groups: Groups) -> pd.Series:
    """Place of the `others` on a gradient of those `inside`, within its ends; NaN: no answer.

    The score is the mean of the standardised answers weighed by their loadings, missing ones 0.
    """
    names = axis.loadings.index
    weights = axis.loadings.to_numpy() * feature_weights(names, groups)
    inside, others = inside[names], others[names]
    scaled = ((part - inside.mean()) / inside.std(ddof=0) for part in (inside, others))
    own, new = (part.fillna(0.0) @ weights for part in scaled)
    score = (new / max(own.std(ddof=0), 1e-12)).clip(axis.score.min(), axis.score.max())
    return score.where(others.notna().any(axis=1))


def _adjust_others(
    rest: pd.DataFrame, members: pd.DataFrame, others: pd.DataFrame, place: pd.Series
) -> pd.DataFrame:
    """Answers of the units set aside, less what is expected at their place by those of the fit.

    `place`: of every unit, its stratum (text) or its level (a number). In a stratum without a unit
    of the fit nothing is expected, so that nothing is left. ``rest``: what is left of ``members``.
    """
    answers, at = others[rest.columns], place.reindex(others.index)
    expected = (members[rest.columns] - rest).groupby(place.reindex(members.index)).mean()
    if at.dtype == object:
        return answers - expected.reindex(at).set_axis(others.index)
    for name in answers:
        line = expected[name].dropna()
        answers[name] -= np.interp(at.fillna(0.0), line.index, line)
    return answers
