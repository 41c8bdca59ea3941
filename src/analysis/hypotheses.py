"""The questions of the working group, fixed in the codebook before any answer was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis import inference
from analysis.codebook import Codebook, Hypothesis
from analysis.expression import Expression

Word = Literal["suggested", "illustrated", "not shown", "not testable"]
ALPHA = 0.05
NOTABLE = 0.3  # Cliff's delta or Kendall's tau that is worth showing as an illustration
FEWEST = 3  # municipalities in the smaller group


@dataclass(frozen=True)
class Tested:
    """A hypothesis with what the answers say.

    `effect` is Cliff's delta (two groups) or Kendall's tau-b (two values), -1 to 1, with a 95 %
    bootstrap interval; `p` the exact or permutation p-value; `p_holm` adjusted among the
    exploratory ones (primary: the same as `p`). `word` says what the evidence allows.
    """

    hypothesis: Hypothesis
    effect: float
    low: float
    high: float
    p: float
    p_holm: float
    n: tuple[int, ...]
    word: Word


def run(
    codebook: Codebook, responses: pd.DataFrame, size_class: pd.Series, *, seed: int = 0
) -> list[Tested]:
    """Test every hypothesis of a codebook on its answers.

    Parameters
    ----------
    responses : one row a municipality. size_class : same index; strata of those that ask for it.
    """
    raw = [_test(h, responses, size_class, seed) for h in codebook.hypotheses]
    secondary = [at for at, h in enumerate(codebook.hypotheses) if not h.primary]
    adjusted = np.array([p for *_, p, _ in raw], float)
    adjusted[secondary] = inference.holm(adjusted[secondary])
    return [
        Tested(h, effect, low, high, p, float(p_holm), n, word(h, effect, float(p_holm), n))
        for h, (effect, low, high, p, n), p_holm in zip(
            codebook.hypotheses, raw, adjusted, strict=True
        )
    ]


def word(h: Hypothesis, effect: float, p: float, n: tuple[int, ...]) -> Word:
    """What may be said: never that something is the cause of something."""
    if np.isnan(effect) or np.isnan(p) or min(n) < FEWEST:
        return "not testable"
    towards = effect * h.expected
    if p <= ALPHA and towards > 0:
        return "suggested"
    return "illustrated" if towards >= NOTABLE else "not shown"


def _test(
    h: Hypothesis, responses: pd.DataFrame, size_class: pd.Series, seed: int
) -> tuple[float, float, float, float, tuple[int, ...]]:
    y = _numbers(h.value, responses)
    if h.x is not None:
        e = inference.association(_numbers(h.x, responses), y, seed=seed)
        return e.estimate, e.low, e.high, e.p, e.n
    assert h.group is not None
    belongs = Expression(h.group).evaluate(responses).astype("boolean")
    known = belongs.notna().to_numpy() & ~np.isnan(y)
    strata = None
    if h.within_size_class:
        classes = size_class.reindex(responses.index).astype("str").to_numpy(object)
        known &= classes != "nan"
        strata = classes[known]
    group, values = belongs[known].to_numpy(bool), y[known]
    sizes = (int(group.sum()), int((~group).sum()))
    if min(sizes) == 0:
        return (float("nan"),) * 4 + (sizes,)  # type: ignore[return-value]
    e = inference.dominance(values, group, strata=strata, seed=seed)
    return e.estimate, e.low, e.high, e.p, sizes


def _numbers(rule: str, responses: pd.DataFrame) -> np.ndarray:
    values = Expression(rule).evaluate(responses).astype("Float64")
    return values.to_numpy("float64", na_value=np.nan)
