"""Exact tests against scipy, hand enumeration and published examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import inference

SMALL = st.lists(st.integers(0, 9), min_size=4, max_size=8)


@settings(max_examples=30, deadline=None)
@given(SMALL, st.integers(0, 1000))
def test_permutation_p_is_scipys_exact_one(numbers, seed):
    values = np.array(numbers, float)
    group = np.zeros(len(values), bool)
    group[: 2 + seed % (len(values) - 3)] = True
    mine = inference.permutation_p(values, group)
    theirs = stats.permutation_test(
        (values[group], values[~group]), lambda a, b: abs(a.mean() - b.mean()),
        n_resamples=np.inf, alternative="greater",
    ).pvalue  # fmt: skip
    assert mine == pytest.approx(theirs)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=4, max_size=14))
def test_of_yes_and_no_the_arrangements_within_strata_are_counted(rows):
    values, group, strata = (np.array(column) for column in zip(*rows, strict=True))
    if group.all() or not group.any():
        return
    blocks = [np.flatnonzero(strata == s) for s in (False, True)]
    blocks = [block for block in blocks if len(block)]
    sums, exact = inference._sums(values.astype(float), group, blocks, 0)
    first, total = group.sum(), values.sum()
    gaps = np.abs(sums / first - (total - sums) / (len(values) - first))
    seen = abs(values[group].mean() - values[~group].mean())
    mine = inference.permutation_p(values.astype(float), group, strata=strata)
    assert exact and mine == pytest.approx((gaps >= seen - 1e-9).mean())


def test_strata_exchange_labels_only_within_themselves():
    values = np.array([1.0, 2.0, 10.0, 12.0])
    group = np.array([True, False, True, False])
    strata = np.array(["a", "a", "b", "b"])
    # four arrangements; |difference of means| 1.5, .5, .5, 1.5 around the stratum means
    assert inference.permutation_p(values, group, strata=strata) == 0.5


def test_kendall_is_scipys_tau_b():
    x, y = np.array([1, 2, 2, 3, 4, 5, 5, 6.0]), np.array([1, 3, 2, 2, 5, 4, 6, 6.0])
    e = inference.association(x, y)
    assert e.estimate == pytest.approx(stats.kendalltau(x, y).statistic)
    assert e.p == pytest.approx(stats.kendalltau(x, y).pvalue, abs=0.03)
    assert e.low < e.estimate < e.high


def test_cliffs_delta_counts_pairs():
    e = inference.dominance(np.array([1.0, 3, 5, 2, 4]), np.array([1, 1, 1, 0, 0], bool))
    # pairs: 1<2 1<4 3>2 3<4 5>2 5>4 -> 3 up, 3 down
    assert e.estimate == 0.0 and e.n == (3, 2)


def test_hodges_lehmann_interval_inverts_the_rank_sum_test():
    a, b = np.array([1.1, 2.3, 3.2, 4.8, 5.9, 7.1]), np.array([0.2, 1.0, 1.9, 2.2, 3.0])
    values, group = np.r_[a, b], np.r_[np.ones(6, bool), np.zeros(5, bool)]
    e = inference.difference(values, group)
    for shift, inside in ((e.low + 1e-6, True), (e.low - 1e-6, False), (e.high + 1e-6, False)):
        p = stats.mannwhitneyu(a - shift, b, method="exact").pvalue
        assert (p > 0.05) == inside


def test_newcombe_interval_matches_the_published_example():
    # Newcombe (1998), table II, method 10: 9/10 against 3/10
    e = inference.difference_of_shares(9, 10, 3, 10)
    assert (round(e.low, 4), round(e.high, 4)) == (0.1705, 0.8090)


def test_nothing_to_compare_is_not_a_number():
    e = inference.difference_of_shares(0, 0, 3, 10)
    assert np.isnan(e.estimate) and np.isnan(e.p)
    assert np.isnan(inference.permutation_p(np.array([1.0, 2.0]), np.array([True, True])))
    assert np.isnan(inference.association(np.ones(6), np.arange(6.0)).p)


def test_under_the_null_the_level_is_kept():
    rng = np.random.default_rng(0)
    group = np.arange(12) < 5
    p = [inference.permutation_p(rng.standard_normal(12), group) for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) <= 0.08  # 0.05 plus two standard errors
