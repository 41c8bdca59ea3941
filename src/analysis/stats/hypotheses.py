"""The questions of the working group, stated in the codebook with the direction expected.

`analysis.stats.registration` keeps what the primary ones were when replies were first cleaned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.codebook.model import Codebook, Hypothesis
from analysis.codebook.rules import Expression
from analysis.stats import inference
from analysis.stats.tabulate import aligned
from analysis.stats.thresholds import ALPHA, NOTABLE_EFFECT
from analysis.stats.thresholds import SMALLEST_GROUP as FEWEST

Word = Literal[
    "suggested", "illustrated", "not shown", "not testable", "withheld",
    "large", "medium", "small", "negligible", "reverse",
]  # fmt: skip


@dataclass(frozen=True)
class Tested:
    """A hypothesis with what the answers say.

    `effect` is Cliff's delta (two groups) or Kendall's tau-b (two values), -1 to 1, with its 95 %
    interval; `p` the exact or permutation p-value; both are of this hypothesis alone. `p_holm` is
    corrected among the primary ones that can be tested, or among the exploratory ones; `word` says
    what it allows. `least`: the least p-value that the number of arrangements allows. `shift`: the
    difference of two groups in the unit of the answers with its exact 95 % interval, not given
    within strata.
    """

    hypothesis: Hypothesis
    effect: float
    low: float
    high: float
    p: float
    p_holm: float
    n: tuple[int, ...]
    word: Word
    shift: inference.Effect | None = None
    least: float = float("nan")


def run(
    codebook: Codebook, responses: pd.DataFrame, size_class: pd.Series, *, seed: int = 0
) -> list[Tested]:
    """Test every hypothesis of a codebook on its answers.

    Parameters
    ----------
    responses : one row a municipality. size_class : same index; strata of those that ask for it.
    """
    classes = aligned(size_class, responses.index, "size_class")
    raw = [_test(h, responses, classes, seed) for h in codebook.hypotheses]
    adjusted = np.array([e.p for e, _ in raw], float)
    for family in (True, False):
        mine = [
            at
            for at, (h, (e, _)) in enumerate(zip(codebook.hypotheses, raw, strict=True))
            if h.primary == family and word(h, e.estimate, e.p, e.n) != "not testable"
        ]
        adjusted[mine] = inference.holm(adjusted[mine])
    return [
        Tested(
            hypothesis=h,
            effect=e.estimate,
            low=e.low,
            high=e.high,
            p=e.p,
            p_holm=float(p),
            n=e.n,
            word=word(h, e.estimate, float(p), e.n),
            shift=shift,
            least=e.least,
        )
        for h, (e, shift), p in zip(codebook.hypotheses, raw, adjusted, strict=True)
    ]


def least_corrected(results: list[Tested], *, primary: bool) -> tuple[int, float]:
    """How many are corrected together, and the least corrected p that their sizes allow."""
    least = [
        r.least for r in results if r.hypothesis.primary == primary and r.word != "not testable"
    ]
    return len(least), min(1.0, len(least) * min(least, default=float("nan")))


def word(h: Hypothesis, effect: float, p: float, n: tuple[int, ...]) -> Word:
    """What may be said: never that something is the cause of something."""
    if np.isnan(effect) or np.isnan(p) or min(n) < FEWEST:
        return "not testable"
    towards = effect * h.expected
    if p <= ALPHA and towards > 0:
        return "suggested"
    return "illustrated" if towards >= NOTABLE_EFFECT else "not shown"


def _test(
    h: Hypothesis, responses: pd.DataFrame, size_class: pd.Series, seed: int
) -> tuple[inference.Effect, inference.Effect | None]:
    y = Expression(h.value).floats(responses)
    if h.x is not None:
        return inference.association(Expression(h.x).floats(responses), y, seed=seed), None
    assert h.group is not None
    belongs = Expression(h.group).floats(responses)
    known = ~np.isnan(belongs) & ~np.isnan(y)
    strata = None
    if h.within_size_class:
        classes = size_class.astype("str").to_numpy(object)
        known &= classes != "nan"
        strata = classes[known]
    group, values = belongs[known] > 0, y[known]
    shift = None if strata is not None else inference.difference(values, group, seed=seed)
    return inference.dominance(values, group, strata=strata, seed=seed), shift
