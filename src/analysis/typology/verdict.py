"""How far types can be trusted: clear, tentative, a gradient rather than types, or not separated.

The source of the rules is in docs/method.md; benchmarks/bench_verdict.py measures their rate of
false alarms on surveys without types. The words are the sentence ``typology/verdict``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from analysis.stats import thresholds
from analysis.text import LANGUAGES, say
from analysis.typology.prepare import Basis

Level = Literal["clear", "tentative", "gradient", "none"]
LIMITS = {
    "stable": thresholds.STABLE,
    "doubtful": thresholds.DOUBTFUL,
    "on_a_line": thresholds.ALPHA_ON_A_LINE,
    "type": thresholds.SMALLEST_TYPE,
}


@dataclass(frozen=True)
class Evidence:
    """What the verdict weighs.

    Attributes
    ----------
    n : units. groups : how many they were put into. unplaced : units in groups of fewer than
        `SMALLEST_TYPE`.
    stability : bootstrap Jaccard of each named type.
    silhouette : average silhouette of the units placed.
    null_p, continuum_p : see `analysis.typology.rivals.null_tests`; least_p : the least that either
        can be, by the number of surveys drawn.
    gradient_share : share of the structure that is one gradient; gradient_interval : 95 %.
    core_share : share of units that stay with their type through the multiverse; None: not run.
    adoption : whether that gradient is a level (all features rise together), not a contrast.
    basis : what was taken out of the answers beforehand: nothing, the gradient or the strata.
    most_tried : greatest number of groups that was tried; 0: their number was asked for.
    criteria : number of types that each other criterion would choose.
    """

    n: int
    unplaced: int
    stability: Mapping[int, float]
    silhouette: float
    null_p: float
    continuum_p: float
    gradient_share: float
    gradient_interval: tuple[float, float] = (0.0, 1.0)
    core_share: float | None = None
    adoption: bool = True
    basis: Basis = "none"
    least_p: float = 0.01
    groups: int = 2
    most_tried: int = 0
    criteria: Mapping[str, int] = field(default_factory=dict)

    @property
    def doubtful(self) -> list[int]:
        """Types whose bootstrap Jaccard is not above `STABLE`."""
        return [t for t, j in self.stability.items() if not j > thresholds.STABLE]

    @property
    def unstable(self) -> list[int]:
        """Types whose bootstrap Jaccard is below `DOUBTFUL`."""
        return [t for t, j in self.stability.items() if not j >= thresholds.DOUBTFUL]

    @property
    def leans_to_a_line(self) -> bool:
        """Whether more than half of the structure seems to be one gradient."""
        return self.gradient_share >= thresholds.MOSTLY_GRADIENT

    @property
    def at_the_edge(self) -> bool:
        """Whether the greatest number of groups that was tried looks best."""
        return self.groups == self.most_tried

    @property
    def disputed(self) -> bool:
        """Whether most of the other criteria choose another number of groups."""
        return 2 * sum(k != self.groups for k in self.criteria.values()) > len(self.criteria)

    @property
    def beyond_continuum(self) -> bool:
        """Whether a continuum with the same correlations is ruled out."""
        line = self.leans_to_a_line
        return self.continuum_p <= (thresholds.ALPHA_ON_A_LINE if line else thresholds.ALPHA)


@dataclass(frozen=True)
class Verdict:
    """The answer, and what it rests on."""

    level: Level
    evidence: Evidence

    @property
    def text(self) -> dict[str, str]:
        """One paragraph in each language."""
        values = {"level": self.level, "e": facts(self.evidence)}
        return {language: say("typology/verdict", language, **values) for language in LANGUAGES}


def judge(e: Evidence) -> Verdict:
    """Weigh the evidence.

    * **clear**: independent features and a continuum are ruled out (p at most 0.05), every type is
      stable (Jaccard above 0.75), the silhouette at least 0.25, and, where the multiverse was run,
      at least half of the units stay in their type whatever the choices, and the number of types
      is neither the largest tried nor one that most other criteria are against. Where 60 % of the
      structure or more seem to be one gradient, more is asked: p 0.02 and a silhouette of 0.50.
    * **tentative**: both are ruled out, but another of these conditions fails.
    * **gradient**: independent features are ruled out, a continuum is not (or some type is
      unstable), and one gradient is at least 60 % of the structure (interval above one half).
    * **none**: the rest, or fewer than two types can be named.

    >>> judge(Evidence(15, 0, {1: 0.9, 2: 0.85}, 0.6, 0.01, 0.01, 0.4)).level
    'clear'
    >>> judge(Evidence(1733, 0, {1: 0.76, 2: 0.47}, 0.24, 0.01, 0.01, 0.7, (0.6, 0.8))).level
    'gradient'
    """
    on_a_line = e.leans_to_a_line and e.gradient_interval[0] > thresholds.HALF
    level: Level = "gradient" if on_a_line else "none"
    if e.null_p > thresholds.ALPHA or len(e.stability) < 2:
        level = "none"
    elif e.beyond_continuum and not (on_a_line and e.unstable):
        line = e.leans_to_a_line
        convincing = e.silhouette >= (thresholds.REASONABLE if line else thresholds.WEAK)
        robust = e.core_share is None or e.core_share >= thresholds.CORE_SHARE
        settled = not e.at_the_edge and not e.disputed
        sure = not e.doubtful and convincing and robust and settled
        level = "clear" if sure else "tentative"
    return Verdict(level, e)


def facts(e: Evidence, *, tested: bool = True) -> dict[str, Any]:
    """The evidence as the sentence ``typology/verdict`` takes it.

    `tested`: whether p and intervals are given; of a full count they are not.
    """
    continuum = "not surely enough" if e.continuum_p <= thresholds.ALPHA else "possible"
    return asdict(e) | {
        "types": len(e.stability),
        "others": {name: k for name, k in e.criteria.items() if k != e.groups},
        "at_the_edge": e.at_the_edge,
        "disputed": e.disputed,
        "unstable": e.unstable,
        "doubtful": e.doubtful,
        "close": e.silhouette < thresholds.WEAK,
        "independent": "ruled out" if e.null_p <= thresholds.ALPHA else "possible",
        "continuum": "ruled out" if e.beyond_continuum else continuum,
        "drawn": round(1 / e.least_p) - 1,
        "limits": LIMITS,
        "tested": tested,
    }


def other_draws(
    evidence: Evidence, *, surveys: tuple[int, int], jaccard_se: Mapping[int, float]
) -> list[Level]:
    """The other levels that other random draws may give the same answers.

    Each number that rests on random draws (two p-values, the stability of each type) is moved by
    one standard error of its simulation, down and up. `surveys`: those drawn for ``null_p`` and for
    ``continuum_p``. `jaccard_se`: standard error of the stability by type.

    >>> sure = Evidence(1741, 0, {1: 0.9, 2: 0.85}, 0.3, 0.01, 0.03, 0.4)
    >>> other_draws(sure, surveys=(99, 99), jaccard_se={1: 0.01, 2: 0.01})
    []
    >>> other_draws(sure, surveys=(49, 49), jaccard_se={1: 0.01, 2: 0.01})
    ['none']
    """
    shifted = []
    for sign in (-1, 1):
        for name, n in zip(("null_p", "continuum_p"), surveys, strict=True):
            p = getattr(evidence, name)
            at = p + sign * (p * (1 - p) / max(n, 1)) ** 0.5
            shifted.append(replace(evidence, **{name: max(at, evidence.least_p)}))
        for kind, j in evidence.stability.items():
            at = j + sign * jaccard_se.get(kind, 0.0)
            shifted.append(replace(evidence, stability={**evidence.stability, kind: at}))
    other = {judge(one).level for one in shifted} - {judge(evidence).level}
    return [level for level in get_args(Level) if level in other]
