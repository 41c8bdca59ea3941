"""The hypotheses of the working group, stated in the codebook with the direction expected."""

from __future__ import annotations

import bisect
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.codebook.model import Codebook, Hypothesis
from analysis.codebook.rules import Expression
from analysis.stats import inference
from analysis.stats.tabulate import align
from analysis.stats.thresholds import ALPHA, EFFECT_SIZES, NOTABLE_EFFECT
from analysis.stats.thresholds import SMALLEST_GROUP as FEWEST

Word = Literal[
    "suggested", "illustrated", "not shown", "not testable", "withheld",
    "large", "medium", "small", "negligible", "reverse",
]  # fmt: skip
OF_TESTS = ["sizes", "effect", "low", "high", "p", "least", "shift", "shift_low", "shift_high"]


def run(
    codebook: Codebook, responses: pd.DataFrame, size_class: pd.Series, *, seed: int = 0
) -> pd.DataFrame:
    """Test every hypothesis of a codebook on its answers, a row each (index: its id).

    Parameters
    ----------
    responses : one row a municipality. size_class : same index; strata of those that ask for it.

    Returns
    -------
    sizes : how many were compared, a tuple: of both groups, or of all.
    effect, low, high : Cliff's delta (two groups) or Kendall's tau-b (two values), -1 to 1, with
        the 95 % interval. shift, shift_low, shift_high : the difference of two groups in the unit
        of the answers with its exact 95 % interval; NaN within strata.
    p, least : exact or permutation p-value, and the least that the number of arrangements allows.
    p_holm : corrected among the primary ones, or among the exploratory ones; one that cannot be
        tested (p_holm NaN) is counted, so that the others do not tell whether it can.
    word : see `word`, of p_holm. significant : whether p_holm is at most 0.05.
    """
    classes = align(size_class, responses.index, "size_class").astype("str").to_numpy(object)
    rows = [_test(h, responses, classes, seed) for h in codebook.hypotheses]
    frame = pd.DataFrame(rows, [h.id for h in codebook.hypotheses], OF_TESTS)

    def words(p: str) -> list[Word]:
        tests = frame[["effect", p, "sizes"]].itertuples(index=False)
        return [word(h, *row) for h, row in zip(codebook.hypotheses, tests, strict=True)]

    testable = np.array(words("p")) != "not testable"
    primary = np.array([h.primary for h in codebook.hypotheses], bool)
    counted = frame["p"].where(testable, 1.0).to_numpy(float)
    for family in (primary, ~primary):
        frame.loc[family, "p_holm"] = inference.holm(counted[family])
    frame["p_holm"] = frame["p_holm"].where(testable)
    return frame.assign(word=words("p_holm"), significant=frame["p_holm"] <= ALPHA)


def word(h: Hypothesis, effect: float, p: float, n: tuple[int, ...]) -> Word:
    """What a test allows to say, which is never a cause."""
    if np.isnan(effect) or np.isnan(p) or min(n) < FEWEST:
        return "not testable"
    towards = effect * h.expected
    if p <= ALPHA and towards > 0:
        return "suggested"
    return "illustrated" if towards >= NOTABLE_EFFECT else "not shown"


def _test(h: Hypothesis, responses: pd.DataFrame, classes: np.ndarray, seed: int) -> list[object]:
    """The columns `OF_TESTS` of one hypothesis."""
    x, y = (Expression(rule).floats(responses) for rule in (h.x or h.group or "", h.value))
    shift, strata = inference.Effect(()), None
    if h.x is not None:
        e = inference.association(x, y, seed=seed)
    else:
        known = ~(np.isnan(x) | np.isnan(y))
        if h.within_size_class:
            known &= classes != "nan"
            strata = classes[known]
        else:
            shift = inference.difference(y[known], x[known] > 0, seed=seed)
        e = inference.dominance(y[known], x[known] > 0, strata=strata, seed=seed)
    return [e.n, e.estimate, e.low, e.high, e.p, e.least, shift.estimate, shift.low, shift.high]


# --- of all municipalities ------------------------------------------------------------------------


def describe(
    codebook: Codebook, responses: pd.DataFrame, size_class: pd.Series, prefecture: pd.Series
) -> pd.DataFrame:
    """Each hypothesis of a codebook in the answers of all municipalities (index: their codes).

    Returns
    -------
    A row each (index: its id). sizes : as of `run`. effect : among all pairs; same_size : among
        pairs of one size class; same_home : of one size class and prefecture; Cliff's delta or
        Kendall's tau-b, NaN where there is no such pair.
    icc, design : intraclass correlation of the value within prefectures, size classes taken out,
        and its design effect.
    word : how large the effect is among municipalities of one size (else of all), in the direction
        that was expected or the other. turns : whether an effect has another sign than the others.
    """
    size = size_class.reindex(responses.index).astype("str").to_numpy(object)
    home = prefecture.reindex(responses.index).fillna("").astype("str").to_numpy(object)
    rows = [_describe(h, responses, size, home) for h in codebook.hypotheses]
    return pd.DataFrame(rows, [h.id for h in codebook.hypotheses])


def _describe(
    h: Hypothesis, responses: pd.DataFrame, size: np.ndarray, home: np.ndarray
) -> dict[str, Any]:
    x, y = (Expression(rule).floats(responses) for rule in (h.x or h.group or "", h.value))
    known = ~(np.isnan(x) | np.isnan(y))
    x, y, size, home = x[known], y[known], size[known], home[known]
    n = (len(x),) if h.x is not None else (int(x.sum()), int((1 - x).sum()))
    overall, same_size, same_home = (
        effect(x, y, strata, two_groups=h.x is None) for strata in (None, size, size + " " + home)
    )
    means = pd.Series(y).groupby(size).transform("mean").to_numpy(float)
    icc, design = intraclass(y - means, home)
    if not (home != "").all():
        same_home = icc = design = float("nan")
    effects = [e for e in (overall, same_size, same_home) if not np.isnan(e)]
    return {
        "sizes": n,
        "effect": overall,
        "same_size": same_size,
        "same_home": same_home,
        "icc": icc,
        "design": design,
        "word": size_word(h, overall if np.isnan(same_size) else same_size, n),
        "turns": bool(effects) and min(effects) < 0 < max(effects),
    }


def size_word(h: Hypothesis, effect: float, n: tuple[int, ...]) -> Word:
    """How large an effect of all municipalities is, where no test applies."""
    if np.isnan(effect) or min(n) < FEWEST:
        return "not testable"
    sizes: tuple[Word, ...] = ("negligible", "small", "medium", "large")
    size = sizes[bisect.bisect(EFFECT_SIZES, abs(effect))]
    return "reverse" if effect * h.expected < 0 and size != "negligible" else size


def effect(
    x: np.ndarray, y: np.ndarray, strata: np.ndarray | None = None, *, two_groups: bool
) -> float:
    """Cliff's delta of `y` between two groups (`x` 1 and 0), or Kendall's tau-b of `x` and `y`.

    With `strata` of pairs within a stratum alone. NaN where there is no pair that differs in `x`
    (for tau-b: and in `y`).

    >>> group, y = np.array([1.0, 1, 0, 0]), np.array([3.0, 2, 2, 1])
    >>> effect(group, y, two_groups=True)
    0.75
    >>> effect(group, y, np.array(["a", "b", "a", "b"]), two_groups=True)
    1.0
    """
    same = np.zeros(len(x)) if strata is None else strata
    parts = [_pairs(x[at], y[at]) for at in pd.Series(same).groupby(same).indices.values()]
    in_x, in_y, agree = np.sum(parts, axis=0) if parts else (0.0, 0.0, 0.0)
    below = in_x if two_groups else np.sqrt(in_x * in_y)
    return float(agree / below) if below else float("nan")


def _pairs(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Ordered pairs that differ in x, in y, and those that agree less those that disagree."""
    ties = (np.unique(v, return_counts=True)[1].astype(float) for v in (x, y))
    in_x, in_y = (len(x) ** 2 - float(t @ t) for t in ties)
    if not in_x or not in_y:
        return in_x, in_y, 0.0
    tau = stats.kendalltau(x, y).statistic
    return in_x, in_y, float(np.rint(tau * np.sqrt(in_x) * np.sqrt(in_y)))


def intraclass(y: np.ndarray, groups: Any) -> tuple[float, float]:
    """Intraclass correlation of `y` in `groups` (one-way analysis of variance), design effect.

    The design effect is 1 + (m - 1) ICC with the mean size m of a group (Donner 1986; Kish 1965).
    NaN where there is one group, or no group of two.

    >>> [round(x, 3) for x in intraclass(np.array([1.0, 2, 5, 6]), list("aabb"))]
    [0.939, 1.939]
    """
    values = pd.Series(np.asarray(y, float))
    parts = values.groupby(np.asarray(groups, object))
    sizes, n, k = parts.size(), float(len(values)), parts.ngroups
    if not 1 < k < n:
        return float("nan"), float("nan")
    between = float((sizes * (parts.mean() - values.mean()) ** 2).sum() / (k - 1))
    within = float(((values - parts.transform("mean")) ** 2).sum() / (n - k))
    size = (n - (sizes**2).sum() / n) / (k - 1)
    below = between + (size - 1) * within
    icc = float((between - within) / below) if below else float("nan")
    return icc, float(1 + (n / k - 1) * icc)
