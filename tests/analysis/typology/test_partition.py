"""Resampling: what is stable comes back, what is not does not; by hand where that is possible."""

import numpy as np
import pytest

from analysis.typology.partition import k_medoids, least_stable, medoids_for, stability


def line(places):
    x = np.asarray(places, dtype=float)
    return np.abs(np.subtract.outer(x, x))


TWO = line([0, 1, 2, 20, 21, 22])
TYPES = np.array([1, 1, 1, 2, 2, 2])


def test_types_far_apart_come_back_and_halves_of_one_do_not():
    firm = stability(TWO, 2, TYPES, np.full(6, 5))
    assert firm.types["jaccard_bootstrap"].to_numpy() == pytest.approx(1)
    assert firm.types["n"].tolist() == [15, 15]
    even = line(np.arange(12))
    halves = k_medoids(even, 2).labels
    loose = stability(even, 2, halves + 1, np.ones(12))
    assert loose.types["jaccard_bootstrap"].max() < 0.9
    assert loose.together[5, 6] < firm.together[0, 1]


def test_a_unit_between_two_types_belongs_to_both():
    distance = line([0, 1, 2, 10.4, 19, 20, 21])
    types = k_medoids(distance, 2).labels + 1
    found = stability(distance, 2, types, np.ones(7))
    own = found.membership.to_numpy().max(axis=1)
    assert own.argmin() == 3
    assert own[3] < 0.9
    assert np.delete(own, 3).min() > own[3]
    assert found.membership.sum(axis=1).to_numpy() == pytest.approx(1)


def test_being_together_with_oneself_is_no_membership():
    alone = stability(TWO, 6, TYPES, np.ones(6))  # everybody is a type of its own
    assert alone.membership.to_numpy() == pytest.approx(0.5)
    pair = stability(line([0, 0, 10, 20, 30, 40]), 5, TYPES, np.ones(6))  # but the first two
    assert pair.membership.to_numpy()[:2] == pytest.approx(np.array([[1, 0], [1, 0]]))


def test_second_nearest_is_the_other_type_one_would_expect():
    distance = line([0, 1, 2, 8, 9, 10, 100, 101, 102])
    types = np.repeat([1, 2, 3], 3)
    found = stability(distance, 3, types, np.ones(9))
    assert found.second.tolist() == [2, 2, 2, 1, 1, 1, 1, 1, 1]
    alone = stability(distance, 1, np.ones(9, int), np.ones(9))
    assert alone.second.tolist() == [0] * 9


def test_shares_of_being_together_are_counted_over_the_resamples_with_both():
    found = stability(TWO, 1, TYPES, np.ones(6), n_bootstrap=30)  # always one cluster
    assert (found.together == 1).all()


def test_unplaced_patterns_are_of_no_type_but_have_a_membership():
    types = np.array([1, 1, 1, 2, 2, 0])
    found = stability(TWO, 2, types, np.ones(6))
    assert found.types.index.tolist() == [1, 2]
    assert found.membership.iloc[5].idxmax() == 2
    assert found.second[5] == 2


def test_resamples_that_were_searched_for_all_numbers_of_types_are_not_searched_again():
    x = np.random.default_rng(0).normal(size=(30, 3))
    distance = np.abs(x[:, None] - x).sum(axis=2)
    types = {k: made.labels for k, made in medoids_for(distance, [2, 3, 4]).items()}
    _, labels = least_stable(distance, types, np.ones(30), n_bootstrap=20)
    kept, fresh = (
        stability(distance, 3, types[3] + 1, np.ones(30), n_bootstrap=30, known=known)
        for known in (labels[3], ())
    )
    assert len(labels[3]) == 20 and kept.types.equals(fresh.types)
    assert np.array_equal(kept.together, fresh.together)


def test_patterns_that_cannot_be_told_apart_still_make_as_many_types_as_asked():
    nothing = np.zeros((3, 3))  # such as answers of which no two have a question in common
    for k in (1, 2, 3):
        found = k_medoids(nothing, k)
        assert sorted(set(found.labels)) == list(range(k))
