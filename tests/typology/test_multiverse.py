import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import adjusted_rand_score

from analysis.errors import InputError
from analysis.typology.hierarchy import cut, weighted_tree
from analysis.typology.multiverse import adjusted_rand, members, multiverse
from analysis.typology.power import known_types

RATIO = {f"x{j}": "ratio" for j in range(1, 7)}
GROUPS = {"x1": "a", "x4": "a", "x2": "b", "x5": "b", "x3": "c", "x6": "c"}


def survey(separation: float, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    return known_types(15, separation, rng=np.random.default_rng(seed))


def test_clear_types_have_core_members_and_noise_has_few():
    frame, truth = survey(6.0)
    firm = multiverse(frame, RATIO, GROUPS, truth)
    nothing, any_types = survey(0.0)
    loose = multiverse(nothing, RATIO, GROUPS, any_types)
    assert firm.n >= 100
    assert firm.core_share > 0.9
    assert loose.core_share < 0.1
    assert (loose.units["status"] == "borderline").sum() > (
        firm.units["status"] == "borderline"
    ).sum()


def test_a_unit_between_two_types_is_found_on_the_border():
    frame, truth = survey(6.0)
    first, second = truth.index[truth == 1], truth.index[truth == 2]
    frame.loc[first[0]] = (frame.loc[first[1:]].mean() + frame.loc[second].mean()) / 2
    found = multiverse(frame, RATIO, None, truth).units
    assert found.loc[first[0], "status"] == "borderline"
    assert found.loc[first[0], "next"] == 2
    assert (found.loc[first[1:], "status"] != "borderline").all()


def test_every_choice_is_made_and_missing_answers_add_one():
    frame, truth = survey(3.0)
    complete = multiverse(frame, RATIO, GROUPS, truth)
    frame.iloc[3, 2] = np.nan
    partial = multiverse(frame, RATIO, GROUPS, truth)
    assert partial.n == 2 * complete.n
    assert complete.choices["options"].drop("combinations").tolist() == [4, 1, 4, 3, 4]
    assert partial.choices.loc["missing", "options"] == 2
    assert partial.choices["share"].sum() == pytest.approx(1, abs=1e-9)


def test_shares_are_counted_over_the_runs():
    frame, truth = survey(3.0)
    found = multiverse(frame, RATIO, GROUPS, truth)
    assert (np.diag(found.together) == 1).all()
    assert found.together.equals(found.together.T)
    assert (found.together * found.n).round(6).eq((found.together * found.n).round()).all(axis=None)


def test_order_of_rows_columns_and_jobs_change_nothing():
    frame, truth = survey(2.0)
    found = multiverse(frame, RATIO, GROUPS, truth)
    shuffled = frame.iloc[::-1, ::-1]
    again = multiverse(shuffled, RATIO, GROUPS, truth, jobs=2)
    assert np.allclose(again.together.loc[frame.index, frame.index], found.together)
    assert again.units.loc[frame.index].equals(found.units)


def test_agreement_is_the_adjusted_rand_index_over_units():
    rng = np.random.default_rng(0)
    some, other = rng.integers(0, 3, (4, 30)), rng.integers(0, 2, (3, 30))
    counts = rng.integers(1, 4, 30)  # units of each answer pattern
    mine, my_owner = members(some)
    theirs, their_owner = members(other)
    found = adjusted_rand((mine * counts[:, None]).T @ theirs, my_owner, their_owner)
    units = np.repeat(np.arange(30), counts)
    expected = [[adjusted_rand_score(a[units], b[units]) for b in other] for a in some]
    assert np.allclose(found, expected)


@pytest.mark.parametrize("method", ["average", "ward"])
def test_a_tree_of_patterns_is_the_tree_of_their_units(method):
    rng = np.random.default_rng(1)
    patterns, weights = rng.standard_normal((25, 3)), rng.integers(1, 6, 25)
    units = np.repeat(np.arange(25), weights)
    ours = weighted_tree(squareform(pdist(patterns)), weights, method)
    scipy = linkage(pdist(patterns[units]), method)
    assert np.allclose(ours[:, 2], scipy[-24:, 2])
    assert ours[-1, 3] == weights.sum()
    for k in range(2, 12):
        assert adjusted_rand_score(cut(ours, k)[units], cut(scipy, k)) == 1


def test_the_same_answers_many_times_weigh_as_many():
    frame, truth = survey(3.0)
    twice = pd.concat([frame, frame.set_axis([f"1{c[1:]}" for c in frame.index])])
    types = pd.concat([truth, truth.set_axis(twice.index[15:])])
    both = multiverse(twice, RATIO, None, types)
    pairs = both.together.iloc[:15, 15:].to_numpy()
    assert (np.diag(pairs) == 1).all()  # a municipality and its double are never told apart
    assert np.array_equal(pairs, both.together.iloc[:15, :15])


def test_too_few_or_too_many_units_are_refused():
    frame, truth = survey(2.0)
    with pytest.raises(InputError, match="6 to 4000"):
        multiverse(frame.iloc[:5], RATIO, None, truth)
