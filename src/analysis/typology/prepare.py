"""Features made ready for a typology: adjusted, without columns that say nothing, in code order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.stats.tabulate import aligned
from analysis.typology.dissimilarity import LIMIT
from analysis.typology.eligibility import taking_part
from analysis.typology.gradient import (
    Gradient,
    feature_weights,
    gradient,
    numeric,
    source,
    without_gradient,
    without_strata,
)
from analysis.typology.verdict import SMALLEST_TYPE, Basis

FEWEST = 2 * SMALLEST_TYPE
Adjust: TypeAlias = Literal["gradient"] | pd.Series | None


@dataclass(frozen=True)
class Given:
    """Answers as given, units of the fit x features, and what is to be taken out of them.

    An invented survey takes the place of ``frame`` and goes through the same steps. ``strata``:
    stratum of each unit, where these are taken out.
    """

    frame: pd.DataFrame
    kinds: dict[str, str]
    groups: dict[str, str]
    basis: Basis = "none"
    strata: pd.Series | None = None

    def rest(self) -> pd.DataFrame:
        """The features less what is to be taken out."""
        if self.strata is not None:
            return without_strata(self.frame, self.kinds, self.strata)
        level = gradient(self.frame, self.kinds, self.groups, n_null=1).score
        return without_gradient(self.frame, self.kinds, level)

    def of(self, rest: pd.DataFrame) -> tuple[list[str], dict[str, str], dict[str, str]]:
        """Names, kinds and groups of the columns that are left."""
        names = [str(c) for c in rest.columns]
        return names, dict.fromkeys(names, "ratio"), {c: self.groups[source(c)] for c in names}

    def adjusted(self) -> tuple[np.ndarray, list[str], dict[str, str], dict[str, str]]:
        """Values after the adjustment, and names, kinds and groups of the columns that vary."""
        if self.basis == "none":
            return self.frame.to_numpy(float), list(self.frame), self.kinds, self.groups
        rest = self.rest()
        rest = rest.loc[:, _varies(rest)]
        return rest.to_numpy(float), *self.of(rest)


def _varies(frame: pd.DataFrame) -> np.ndarray:
    """Whether each column has more than one value."""
    values = frame.to_numpy(float)
    return np.fmax.reduce(values) > np.fmin.reduce(values)


@dataclass(frozen=True)
class Prepared:
    """What a typology is made from.

    Attributes
    ----------
    frame : units of the fit (sorted by code) x features that vary among them.
    others : the units set aside, adjusted as the frame was, by what they answered.
    aside : why they were, see `analysis.typology.eligibility.taking_part`.
    kinds, groups : of the columns.
    given : the answers that the frame was made from, and what was taken out of them.
    gradient : main gradient of the frame, measured after the adjustment.
    level : place of each unit, of the fit or not, on the main gradient of the answers as given
        (NaN: nothing answered).
    basis : what was taken out: ``none | gradient | strata``.
    left_out : features without any variation.
    """

    frame: pd.DataFrame
    others: pd.DataFrame
    aside: pd.Series
    kinds: dict[str, str]
    groups: dict[str, str]
    given: Given
    gradient: Gradient
    level: pd.Series
    basis: Basis
    left_out: list[str]

    @property
    def n(self) -> int:
        """Number of units of the fit."""
        return len(self.frame)


def prepare(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None,
    adjust: Adjust,
    *,
    seed: int = 0,
) -> Prepared:
    """Check the features, decide who takes part in the fit, and adjust by those.

    Raises
    ------
    InputError : fewer than 6 units (in all, or that take part) or more than 10,000, a code twice,
        no feature that varies, an infinite answer, or another `adjust`.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 0, 1, 0, 1, 0], "b": [1.0] * 6}, index=list("fedcba"))
    >>> ready = prepare(frame, {"a": "binary", "b": "binary"}, None, None)
    >>> list(ready.frame.index), ready.left_out
    (['a', 'b', 'c', 'd', 'e', 'f'], ['b'])
    """
    if len(frame) < FEWEST:
        raise InputError(
            f"{len(frame)} respondents are too few for a typology",
            hint=f"two types of {SMALLEST_TYPE} need at least {FEWEST}; describe them one by one",
        )
    if len(frame) > LIMIT:
        raise InputError(
            f"{len(frame):,} respondents are too many for a table of pairs (at most {LIMIT:,})",
            hint="use latent classes, or a sample",
        )
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        raise InputError(f"the code {twice} stands twice", hint="keep one reply of each")
    ordered = frame.sort_index().astype(float)
    if (infinite := np.isinf(ordered.to_numpy())).any():
        row, column = np.argwhere(infinite)[0]
        raise InputError(
            f"{ordered.columns[column]} of {ordered.index[row]} is infinite",
            hint="a division by zero has no answer: make it missing",
        )
    varying = _varying(ordered)
    its_groups = {c: (groups or {}).get(c, c) for c in varying}
    part = taking_part(ordered[varying], [kinds[c] for c in varying], list(its_groups.values()))
    if part.fit.sum() < FEWEST:
        raise InputError(
            f"only {part.fit.sum()} of {len(frame)} respondents answered at least half of the "
            "indicators and lie near others",
            hint=f"two types of {SMALLEST_TYPE} need at least {FEWEST}; describe them one by one",
        )
    varying = _varying(ordered[part.fit])
    left_out = [str(c) for c in ordered.columns if c not in varying]
    given, others = ordered.loc[part.fit, varying], ordered.loc[~part.fit, varying]
    its_kinds, its_groups = ({c: of[c] for c in varying} for of in (kinds, its_groups))
    raw = gradient(given, its_kinds, its_groups, seed=seed)
    level = raw.score
    if len(others):
        level = pd.concat([level, _level(raw, given, others, its_kinds, its_groups)])
    basis: Basis = "none"
    place, strata = level, None
    if isinstance(adjust, pd.Series):
        basis = "strata"
        place = aligned(adjust, ordered.index, "adjust").astype(str).astype(object)
        strata = aligned(adjust, given.index, "adjust")
    elif adjust is not None:
        if adjust != "gradient":
            raise InputError(
                f"there is no adjustment {adjust!r}",
                hint="'gradient', a Series of strata, or None",
            )
        basis = "gradient"
    answers = Given(given, its_kinds, its_groups, basis, strata)
    if basis == "none":
        return Prepared(
            given, others, part.aside, its_kinds, its_groups, answers, raw, level, basis, left_out
        )
    rest = answers.rest()
    others = _adjusted_likewise(given, rest, others, its_kinds, place)
    rest = rest.loc[:, _varies(rest)]
    if rest.empty:
        raise InputError(
            "nothing is left of the answers after the adjustment", hint="use fewer strata"
        )
    names, kinds_left, groups_left = answers.of(rest)
    found = gradient(rest, kinds_left, groups_left, seed=seed)
    return Prepared(
        rest,
        others[names],
        part.aside,
        kinds_left,
        groups_left,
        answers,
        found,
        level,
        basis,
        left_out,
    )


def _varying(frame: pd.DataFrame) -> list[str]:
    """Columns with more than one answer."""
    varying = [str(c) for c in frame.columns if frame[c].nunique() > 1]
    if not varying:
        raise InputError(
            "all respondents gave the same answers to all indicators",
            hint="there is nothing to tell types apart by",
        )
    return varying


def _level(
    found: Gradient,
    fitted: pd.DataFrame,
    others: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str],
) -> pd.Series:
    """Place of units that did not make the gradient, within its ends; NaN: nothing answered.

    The score is the mean of the standardised answers weighed by their loadings. An answer that is
    missing is the average one, as in `gradient`.
    """
    names = found.loadings.index
    known, seen = (part[names] for part in _numbers(fitted, others, kinds))
    weights = found.loadings.to_numpy() * feature_weights(names, groups)
    mean, spread = known.mean(), known.std(ddof=0)
    own, new = (((part - mean) / spread).fillna(0.0) @ weights for part in (known, seen))
    score = (new / max(own.std(ddof=0), 1e-12)).clip(found.score.min(), found.score.max())
    return score.where(seen.notna().any(axis=1))


def _adjusted_likewise(
    given: pd.DataFrame,
    rest: pd.DataFrame,
    others: pd.DataFrame,
    kinds: Mapping[str, str],
    place: pd.Series,
) -> pd.DataFrame:
    """Answers of the units set aside, less what is expected at their place by those of the fit.

    `place`: of every unit, its stratum (text) or its level (a number). A stratum without a
    unit of the fit expects nothing, and leaves nothing known.
    """
    if others.empty:
        return pd.DataFrame(index=others.index, columns=rest.columns, dtype=float)
    known, answers = (part[rest.columns] for part in _numbers(given, others, kinds))
    at = place.reindex(others.index)
    expected = (known - rest).groupby(place.reindex(given.index)).mean()
    if at.dtype == object:
        return answers - expected.reindex(at).set_axis(others.index)
    for name in answers:
        line = expected[name].dropna()
        answers[name] -= np.interp(at.fillna(0.0), line.index, line)
    return answers


def _numbers(
    fitted: pd.DataFrame, others: pd.DataFrame, kinds: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`numeric` of both, with the same columns."""
    both = numeric(pd.concat([fitted, others]), kinds)
    return both.iloc[: len(fitted)], both.iloc[len(fitted) :]
