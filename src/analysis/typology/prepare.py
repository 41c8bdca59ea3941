"""Features made ready for a typology: adjusted, without columns that say nothing, in code order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.typology.gower import LIMIT
from analysis.typology.gradient import (
    Gradient,
    gradient,
    source,
    without_gradient,
    without_strata,
)
from analysis.typology.verdict import SMALLEST_TYPE, Basis

FEWEST = 2 * SMALLEST_TYPE


Adjust = Literal["gradient"] | pd.Series | None


@dataclass(frozen=True)
class Given:
    """Answers as given, units x features, and what is to be taken out of them.

    An invented survey takes the place of ``frame`` and goes through the same steps.
    """

    frame: pd.DataFrame
    kinds: dict[str, str]
    groups: dict[str, str]
    adjust: Adjust = None

    def adjusted(self) -> tuple[pd.DataFrame, dict[str, str], dict[str, str]]:
        """The features after the adjustment, their kinds and groups; columns that vary only."""
        if self.adjust is None:
            return self.frame, self.kinds, self.groups
        if isinstance(self.adjust, pd.Series):
            rest = without_strata(self.frame, self.kinds, self.adjust)
        else:
            level = gradient(self.frame, self.kinds, self.groups, n_null=1).score
            rest = without_gradient(self.frame, self.kinds, level)
        values = rest.to_numpy()
        rest = rest.loc[:, np.fmax.reduce(values) > np.fmin.reduce(values)]
        names = [str(c) for c in rest.columns]
        groups = {c: self.groups[source(c)] for c in names}
        return rest, dict.fromkeys(names, "ratio"), groups


@dataclass(frozen=True)
class Features:
    """What a typology is made from.

    Attributes
    ----------
    frame : units (sorted by code) x features that vary, adjusted.
    kinds, groups : of its columns.
    given : the answers that `frame` was made from, and `adjust` what was taken out of them.
    gradient : main gradient of the frame, measured after the adjustment.
    level : place of each unit on the main gradient of the answers as given.
    basis : what was taken out: ``none | gradient | strata``.
    left_out : features without any variation.
    """

    frame: pd.DataFrame
    kinds: dict[str, str]
    groups: dict[str, str]
    given: Given
    gradient: Gradient
    level: pd.Series
    basis: Basis
    left_out: list[str]

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.frame)


def prepare(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str] | None,
    adjust: Adjust,
    *,
    seed: int = 0,
) -> Features:
    """Check and adjust the features.

    Raises
    ------
    InputError : fewer than 6 units or more than 10,000, a code twice, no feature that varies, or
        another `adjust`.

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
    varying = [str(c) for c in ordered.columns if ordered[c].nunique() > 1]
    if not varying:
        raise InputError(
            "all respondents gave the same answers to all indicators",
            hint="there is nothing to tell types apart by",
        )
    left_out = [str(c) for c in ordered.columns if c not in varying]
    given, its_kinds = ordered[varying], {c: kinds[c] for c in varying}
    its_groups = {c: (groups or {}).get(c, c) for c in varying}
    if not (adjust is None or isinstance(adjust, pd.Series) or adjust == "gradient"):
        raise InputError(
            f"there is no adjustment {adjust!r}", hint="'gradient', a Series of strata, or None"
        )
    answers = Given(given, its_kinds, its_groups, adjust)
    main = gradient(given, its_kinds, its_groups, seed=seed)
    if adjust is None:
        return Features(given, its_kinds, its_groups, answers, main, main.score, "none", left_out)
    rest, kinds_left, groups_left = answers.adjusted()
    if rest.empty:
        raise InputError(
            "nothing is left of the answers after the adjustment", hint="use fewer strata"
        )
    basis: Basis = "strata" if isinstance(adjust, pd.Series) else "gradient"
    found = gradient(rest, kinds_left, groups_left, seed=seed)
    return Features(rest, kinds_left, groups_left, answers, found, main.score, basis, left_out)
