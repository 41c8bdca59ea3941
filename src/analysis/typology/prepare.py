"""Features made ready for a typology: adjusted, without columns that say nothing, in code order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True)
class Features:
    """What a typology is made from.

    Attributes
    ----------
    frame : units (sorted by code) x features that vary.
    kinds, groups : of its columns.
    gradient : main gradient of the frame, measured after the adjustment.
    level : place of each unit on the main gradient of the answers as given.
    basis : what was taken out: ``none | gradient | strata``.
    left_out : features without any variation.
    """

    frame: pd.DataFrame
    kinds: dict[str, str]
    groups: dict[str, str]
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
    adjust: Literal["gradient"] | pd.Series | None,
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
    raw = gradient(given, its_kinds, its_groups, seed=seed)
    if adjust is None:
        return Features(given, its_kinds, its_groups, raw, raw.score, "none", left_out)
    if isinstance(adjust, pd.Series):
        basis: Basis = "strata"
        rest = without_strata(given, its_kinds, adjust)
    elif adjust == "gradient":
        basis = "gradient"
        rest = without_gradient(given, its_kinds, raw.score)
    else:
        raise InputError(
            f"there is no adjustment {adjust!r}", hint="'gradient', a Series of strata, or None"
        )
    rest = rest.loc[:, rest.max() > rest.min()]
    if rest.empty:
        raise InputError(
            "nothing is left of the answers after the adjustment", hint="use fewer strata"
        )
    names = [str(c) for c in rest.columns]
    kinds_left = dict.fromkeys(names, "ratio")
    groups_left = {c: its_groups[source(c)] for c in names}
    found = gradient(rest, kinds_left, groups_left, seed=seed)
    return Features(rest, kinds_left, groups_left, found, raw.score, basis, left_out)
