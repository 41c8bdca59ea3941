"""The typology of a survey in its parts: where each unit is, how many types, what they are like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.typology.choice import Choice
from analysis.typology.stability import Stability
from analysis.typology.verdict import Evidence, Verdict, judge

if TYPE_CHECKING:
    from analysis.typology.multiverse import Multiverse


@dataclass(frozen=True)
class Partition:
    """Where each unit is; those set aside are placed at the nearest medoid by what they answered.

    Attributes
    ----------
    labels : type of each unit, of the fit or not (Int16; 0 = unplaced).
    second : second-nearest type of each unit (0: there is none).
    silhouette : silhouette width of each unit (NaN: unplaced, or set aside).
    level : each unit's place on the main gradient of the answers.
    aside : units that took no part in the fit, and why (``sparse | outlying | empty``), see
        `analysis.typology.eligibility.taking_part`.
    """

    labels: pd.Series
    second: pd.Series
    silhouette: pd.Series
    level: pd.Series
    aside: pd.Series

    @property
    def fitted(self) -> pd.Series:
        """`labels` of the units that took part in the fit."""
        return self.labels.drop(self.aside.index)


@dataclass(frozen=True)
class Description:
    """What the types are like.

    Attributes
    ----------
    names : proposed name of each type, ``{1: {"ja": ..., "en": ...}}``.
    profile : what sets each type apart, see `analysis.typology.describe.profile`.
    paragons, atypical : most and least typical member of each type.
    """

    names: dict[int, dict[str, str]]
    profile: pd.DataFrame
    paragons: dict[int, str]
    atypical: dict[int, str]


def _of(path: str) -> Any:
    """A short name for what a part holds."""
    return property(attrgetter(path))


@dataclass(frozen=True)
class Typology:
    """Types, how sure they are, and who sits on the border.

    Types are numbered 1..k by size, largest first, ties by the smallest code. Groups of fewer than
    three are no types: their members have label 0, "unplaced".

    Attributes
    ----------
    partition : where each unit is.
    number : how many types there are, and why.
    described : what the types are like.
    resampled : how types, pairs and members (of the fit) hold when the units are drawn again.
    verdict : how far the types can be trusted, and the evidence for it.
    params : what was asked for and what was used, ``n_types``, ``seed``, ``adjust``, ...

    What the parts hold has a short name here as well, such as ``labels`` and ``names``.
    """

    partition: Partition
    number: Choice
    described: Description
    resampled: Stability
    verdict: Verdict
    params: dict[str, Any]

    n = _of("verdict.evidence.n")
    labels = _of("partition.labels")
    fitted = _of("partition.fitted")
    second = _of("partition.second")
    silhouette = _of("partition.silhouette")
    level = _of("partition.level")
    aside = _of("partition.aside")
    choice = _of("number.table")
    choice_reason = _of("number.reason")
    names = _of("described.names")
    profile = _of("described.profile")
    paragons = _of("described.paragons")
    atypical = _of("described.atypical")
    stability = _of("resampled.types")
    membership = _of("resampled.membership")
    coassignment = _of("resampled.together")
    null_p = _of("verdict.evidence.null_p")
    continuum_p = _of("verdict.evidence.continuum_p")
    gradient_share = _of("verdict.evidence.gradient_share")

    @property
    def evidence(self) -> Evidence:
        """What the verdict weighs."""
        return self.verdict.evidence

    def weighed_with(self, multiverse: Multiverse) -> Typology:
        """The same typology, its verdict also weighing how far it depends on choices."""
        evidence = replace(self.evidence, core_share=multiverse.core_share)
        return replace(self, verdict=judge(evidence))
