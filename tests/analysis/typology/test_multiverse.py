import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import adjusted_rand_score

from analysis.errors import InputError
from analysis.typology.dissimilarity import Gower
from analysis.typology.multiverse import (
    Setting,
    adjusted_rand,
    consensus,
    cuts,
    impute,
    multiverse,
    treatments,
    universes,
    weighted_tree,
)
from analysis.typology.partition import k_medoids
from analysis.typology.rivals import known_types

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
    assert (found.loc[first[1:], "status"] != "borderline").all()


def test_every_choice_is_made_and_missing_answers_add_two():
    frame, truth = survey(3.0)
    complete = multiverse(frame, RATIO, GROUPS, truth)
    frame.iloc[3, [2, 3]] = np.nan  # of two groups, so that no indicator set is complete
    partial = multiverse(frame, RATIO, GROUPS, truth)
    assert partial.n == 3 * complete.n - 48  # 14 complete cases make at most four types
    assert complete.choices["options"].drop("combinations").tolist() == [4, 1, 4, 3, 4]
    assert partial.choices.loc["missing", "options"] == 3
    assert partial.choices["share"].sum() == pytest.approx(1, abs=1e-9)


def test_shares_are_counted_over_the_runs():
    frame, truth = survey(3.0)
    found = multiverse(frame, RATIO, GROUPS, truth)
    assert (np.diag(found.together) == 1).all()
    assert found.together.equals(found.together.T)
    assert (found.together * found.n).round(6).eq((found.together * found.n).round()).all(axis=None)


def test_order_of_rows_and_columns_change_nothing():
    frame, truth = survey(2.0)
    found = multiverse(frame, RATIO, GROUPS, truth)
    shuffled = frame.iloc[::-1, ::-1]
    again = multiverse(shuffled, RATIO, GROUPS, truth)
    assert np.allclose(again.together.loc[frame.index, frame.index], found.together)
    assert again.units.loc[frame.index].equals(found.units)


def test_agreement_is_the_adjusted_rand_index():
    rng = np.random.default_rng(0)
    some, other = rng.integers(0, 3, (4, 60)), rng.integers(0, 2, (3, 60))
    found = adjusted_rand(
        *([pd.get_dummies(one).to_numpy(float) for one in x] for x in (some, other))
    )
    expected = [[adjusted_rand_score(a, b) for b in other] for a in some]
    assert np.allclose(found, expected)


@pytest.mark.parametrize("method", ["average", "ward"])
def test_a_tree_of_patterns_is_the_tree_of_their_units(method):
    rng = np.random.default_rng(1)
    patterns, weights = rng.standard_normal((25, 3)), rng.integers(1, 6, 25)
    units = np.repeat(np.arange(25), weights)
    ours = weighted_tree(squareform(pdist(patterns)), weights, method)
    scipy = linkage(pdist(patterns[units]), method)
    assert np.allclose(ours[:, 2], scipy[-24:, 2])
    groups = cuts(ours, 11)
    for k in range(2, 12):
        assert adjusted_rand_score(groups[k][units], fcluster(scipy, k, "maxclust")) == 1


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


def test_missing_answers_are_imputed_by_answers_that_were_given():
    frame, _ = known_types(30, 3.0, rng=np.random.default_rng(1))
    kinds = {**RATIO, "x5": "binary", "x6": "nominal"}
    frame["x5"] = (frame["x5"] > 1.5).astype(float)
    frame["x6"] = frame["x6"].round()
    gaps = frame.mask(np.random.default_rng(2).random(frame.shape) < 0.2)
    filled = impute(gaps, kinds)
    for one in filled:
        assert one.where(gaps.notna()).equals(gaps)
        assert one.notna().all(axis=None)
        for name in gaps:
            assert set(one[name]) <= set(gaps[name].dropna())
    again = impute(gaps.iloc[:, ::-1], kinds)
    assert all(b[list(a)].equals(a) for a, b in zip(filled, again, strict=True))
    assert not filled[0].equals(filled[1])


def test_imputation_finds_the_types_that_pairwise_comparison_loses():
    """Three types 3 sd apart, 20 % missing, n = 30, their number told: .73 and .90 of 40."""
    scores = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        frame, truth = known_types(30, 3.0, rng=rng)
        gaps = frame.mask(rng.random(frame.shape) < 0.2)
        one, *filled = (
            k_medoids(Gower.of(table, RATIO).among(), 3).labels
            for table in (gaps, *impute(gaps, RATIO))
        )
        found = (one, consensus(np.array(filled), 3))
        scores.append([adjusted_rand_score(truth, types) for types in found])
    pairwise, several = np.mean(scores, axis=0)
    assert several > 0.85 > pairwise


def test_complete_cases_are_analysed_only_where_they_are_two_thirds():
    frame, _ = known_types(30, 3.0, rng=np.random.default_rng(1))
    frame.iloc[:10, 0] = np.nan
    assert treatments(frame) == ["pairwise", "imputed", "complete cases"]
    frame.iloc[10, 1] = np.nan
    assert treatments(frame) == ["pairwise", "imputed"]


@pytest.mark.parametrize("missing", ["pairwise", "imputed"])
def test_few_answers_decide_no_universe(missing):
    """12 respondents whom a-d separate 6 and 6; two who answered e alone, in every universe."""
    group = np.repeat([0.0, 1.0], 6)
    table = np.full((14, 5), np.nan)
    table[:12] = np.column_stack([group] * 4 + [np.tile([0.0, 1.0], 6)])
    table[12:, 4] = 0, 1
    frame = pd.DataFrame(table, [f"{i:02d}" for i in range(14)], list("abcde"))
    kinds = dict.fromkeys(frame, "binary")
    setting = Setting("all", missing, ["Gower, groups weighted equally"])
    rows, labels = universes(frame, kinds, None, setting, impute(frame, kinds))
    for row, found in zip(rows, labels, strict=True):
        if row[4] == 2:
            assert adjusted_rand_score(group, found[:12]) == 1
