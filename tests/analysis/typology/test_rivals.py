"""Nulls are drawn before the adjustment: residuals of type-free surveys do not look like types."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats.thresholds import ALPHA
from analysis.typology.gradient import share_interval
from analysis.typology.prepare import Adjust, prepare
from analysis.typology.rivals import known_types, null_test, null_tests

P = 12
KINDS = {f"q{j:02d}": "binary" for j in range(P)}
GROUPS = {name: name for name in KINDS}


def survey(logits: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    values = (logits + rng.logistic(size=logits.shape) > 0).astype(float)
    return pd.DataFrame(values, [f"{i:06d}" for i in range(len(values))], list(KINDS))


def within_strata(n: int, most: float, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """Items independent within four strata, log-odds up to `most` either way."""
    stratum = rng.permutation(np.arange(n) % 4)
    frame = survey(rng.uniform(-most, most, (4, P))[stratum], rng)
    return frame, pd.Series(stratum, frame.index).astype(str)


def null_rejected(frame: pd.DataFrame, adjust: Adjust, seed: int) -> bool:
    given = prepare(frame, KINDS, GROUPS, adjust).fit
    less = "gradient" if adjust is not None and isinstance(adjust, str) else "margins"
    found = null_test(given, [2, 3, 4], less, n_null=39, surely_more=ALPHA, seed=seed)
    return found.p <= ALPHA


@pytest.mark.parametrize("most", [2.0, pytest.param(1.0, marks=pytest.mark.slow)])
def test_items_independent_within_strata_are_no_types_once_the_strata_are_taken_out(most):
    """The audit (n=60): null_p was at most .05 in 100 % of such surveys, 49 % of milder ones."""
    said = 0
    for seed in range(30):
        frame, stratum = within_strata(60, most, np.random.default_rng(seed))
        said += null_rejected(frame, stratum, seed)
    assert said <= 5  # of a binomial with .05, above in 0.3 % of cases


def test_one_gradient_is_no_types_once_it_is_taken_out():
    """The audit (Rasch, n=60): null_p was at most .05 in 62 % of such surveys."""
    said = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        logits = 1.5 * rng.standard_normal((60, 1)) + rng.uniform(-1.5, 1.5, P)
        said += null_rejected(survey(logits, rng), "gradient", seed)
    assert said <= 4


def test_an_evenly_spread_level_is_a_continuum_too():
    """The audit (loading .9, n=15): continuum_p was at most .05 in 18 % of such surveys."""
    said = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = 0.9 * rng.uniform(-(3**0.5), 3**0.5, (15, 1)) + 0.43 * rng.normal(size=(15, P))
        values[:, :6] = values[:, :6] > np.quantile(values[:, :6], rng.uniform(0.15, 0.85), axis=0)
        frame = pd.DataFrame(values, [f"{i:06d}" for i in range(15)], list(KINDS))
        kinds = {name: "binary" if j < 6 else "ratio" for j, name in enumerate(KINDS)}
        given = prepare(frame, kinds, GROUPS, None).fit
        found = null_test(
            given, [2, 3, 4, 5], "correlations", n_null=39, surely_more=ALPHA, seed=seed
        )
        said += found.p <= ALPHA
    assert said <= 6


def test_types_within_strata_are_still_found():
    frame, _ = known_types(60, 4.0, kinds=["ratio"] * P, rng=np.random.default_rng(0))
    stratum = pd.Series(np.arange(60) % 4, frame.index).astype(str)
    moved = frame.add(3.0 * (np.arange(60) % 4), axis=0)
    kinds = dict.fromkeys(frame, "ratio")
    null, smooth = null_tests(prepare(moved, kinds, None, stratum).fit, [2, 3, 4], n_null=19)
    assert null.p == smooth.p == 0.05
    assert null.gap.idxmax() == 3


def test_drawing_stops_once_no_type_can_be_claimed():
    frame, _ = known_types(15, 0.0, rng=np.random.default_rng(1))
    given = prepare(frame, dict.fromkeys(frame, "ratio"), None, None).fit
    for found in null_tests(given, [2, 3, 4], n_null=999):
        assert found.surveys < 999
        assert found.p > 0.10


def test_the_interval_of_the_share_covers_and_keeps_three_types_from_being_a_gradient():
    """Three symmetric types have half of their structure on each of two axes; a gradient all."""
    above, covered = 0, 0
    for seed in range(40):
        frame, _ = known_types(15, 3.0, rng=np.random.default_rng(seed))
        low, high = share_interval(frame, dict.fromkeys(frame, "ratio"), seed=seed)
        above += low > 0.5
        covered += low <= 0.5 <= high
    assert above <= 4 and covered >= 34
    level = np.random.default_rng(0).standard_normal((30, 1))
    noise = np.random.default_rng(1).standard_normal((30, 8))
    line = pd.DataFrame(level + 0.7 * noise, columns=list("abcdefgh"))
    low, high = share_interval(line, dict.fromkeys(line, "ratio"))
    assert low > 0.6 and high == 1.0
