"""Features made ready for a typology: adjusted, without columns that say nothing, in code order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.tables import aligned
from analysis.typology.eligibility import taking_part
from analysis.typology.gower import LIMIT
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


@dataclass(frozen=True)
class Features:
    """What a typology is made from.

    Attributes
    ----------
    frame : units of the fit (sorted by code) x features that vary among them.
    others : the units set aside, adjusted as the frame was, by what they answered.
    aside : why they were, see `analysis.typology.eligibility.taking_part`.
    kinds, groups : of the columns.
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
    adjust: Literal["gradient"] | pd.Series | None,
    *,
    seed: int = 0,
) -> Features:
    """Check the features, decide who takes part in the fit, and adjust by those.

    Raises
    ------
    InputError : fewer than 6 units (in all, or that take part) or more than 10,000, a code twice,
        no feature that varies, or another `adjust`.

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
    level = pd.concat([raw.score, _level(raw, given, others, its_kinds, its_groups)])
    if adjust is None:
        return Features(
            given, others, part.aside, its_kinds, its_groups, raw, level, "none", left_out
        )
    if isinstance(adjust, pd.Series):
        basis: Basis = "strata"
        rest = without_strata(given, its_kinds, adjust)
        place = aligned(adjust, ordered.index, "adjust").astype(str).astype(object)
    elif adjust == "gradient":
        basis = "gradient"
        rest = without_gradient(given, its_kinds, raw.score)
        place = level
    else:
        raise InputError(
            f"there is no adjustment {adjust!r}", hint="'gradient', a Series of strata, or None"
        )
    others = _adjusted_likewise(given, rest, others, its_kinds, place)
    rest = rest.loc[:, rest.max() > rest.min()]
    if rest.empty:
        raise InputError(
            "nothing is left of the answers after the adjustment", hint="use fewer strata"
        )
    names = [str(c) for c in rest.columns]
    kinds_left = dict.fromkeys(names, "ratio")
    groups_left = {c: its_groups[source(c)] for c in names}
    found = gradient(rest, kinds_left, groups_left, seed=seed)
    return Features(
        rest, others[names], part.aside, kinds_left, groups_left, found, level, basis, left_out
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
