"""Invented replies: a known truth, fictional places, the same bytes every time."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.stats import indicators
from workbench.demo.simulate import name_of, simulate

BOOK = Codebook.read("it-staffing")


def test_places_are_fictional_and_can_never_join_real_ones():
    register = municipality.register()
    real = set(register["name"].map(municipality.fold))
    names = {name_of(i, size) for i in range(1, 65) for size in (2, 6)}
    assert not {municipality.fold(name) for name in names} & real
    assert {municipality.resolve(name).code for name in names} == {""}
    drawn = simulate(1_100)
    codes = drawn.responses.index
    assert codes.is_unique and not set(codes) & set(register.index)
    assert all(municipality.check_digit(c[:5]) == c[5] for c in codes)
    assert set(codes[:999].str[:2]) == {"99"} and codes.str[:2].astype(int).min() > 47
    assert drawn.responses["Q00"].is_unique


def test_the_same_seed_gives_the_same_replies_and_another_others():
    pd.testing.assert_frame_equal(simulate(20, seed=3).responses, simulate(20, seed=3).responses)
    assert not simulate(20, seed=3).responses.equals(simulate(20, seed=4).responses)


@pytest.mark.parametrize("n", [0, -1, 50_000])
def test_a_number_that_cannot_be_drawn_is_told(n):
    with pytest.raises(InputError, match="cannot be drawn"):
        simulate(n)


def test_types_differ_as_designed_and_not_without_separation():
    drawn = simulate(600, missing=0.0)
    answers, types = drawn.responses.astype({"Q26": float, "Q15": float}), drawn.truth["type"]
    vendor = answers["Q26"].groupby(types).median()
    assert vendor[4] > vendor[1] + 30
    assert answers["Q15"].groupby(types).median().idxmax() == 5  # veterans stay
    hired = answers["Q13_3"].groupby(types).mean()
    assert hired[2] == 1 and hired.drop(2).max() == 0  # fixed-term experts
    again = (answers["Q10"] / (answers["Q08"] + answers["Q10"])).astype(float)
    assert again.groupby(types).median().nlargest(2).index[0] == 5
    mixed = simulate(600, missing=0.0, separation=0.0)
    p = stats.kruskal(
        *(g.to_numpy(float) for _, g in mixed.responses["Q26"].groupby(mixed.truth["type"]))
    ).pvalue
    assert p > 0.01


def test_management_drives_outcomes_only_in_truth_a():
    for truth, low, high in (("A", 0.3, 1.0), ("B", -0.1, 0.1)):
        drawn = simulate(600, truth=truth, missing=0.0)
        tau = stats.kendalltau(
            drawn.truth["management"], drawn.responses["Q31"].astype(int)
        ).statistic
        assert low <= tau <= high


def test_answers_keep_the_skip_rules_and_the_missing_rate():
    drawn = simulate(300, missing=0.1)
    left_out = drawn.responses["Q06"].isin([1, 4])
    assert (drawn.status.loc[left_out, "Q07_1"] == "not_applicable").all()
    share = (drawn.status["Q12"] == "no_answer").mean()
    assert 0.05 < share < 0.15
    assert np.isin(drawn.responses["Q12"].dropna(), [1, 2, 3, 4, 5]).all()


def found(drawn, kinds=5):
    """How well clustering the six composites finds the types: adjusted Rand index."""
    made = indicators.features(drawn.responses, drawn.status, BOOK)
    six = indicators.indices(made, BOOK, drawn.responses)[list(made.group_labels)].fillna(0)
    labels = AgglomerativeClustering(kinds).fit_predict((six - six.mean()) / six.std())
    return adjusted_rand_score(drawn.truth["type"], labels)


def test_the_types_can_be_found_from_the_answers_and_fade_with_their_separation():
    scores = [found(simulate(60, separation=s, seed=1)) for s in (1.0, 0.8, 0.0)]
    assert scores[0] > 0.9 > scores[1] > scores[2]
    assert abs(scores[2]) < 0.1


def test_management_is_independent_of_the_type():
    drawn = simulate(1_000)
    groups = [g.to_numpy() for _, g in drawn.truth["management"].groupby(drawn.truth["type"])]
    assert stats.kruskal(*groups).pvalue > 0.01
    assert stats.kendalltau(drawn.truth["management"], drawn.truth["type"]).pvalue > 0.01


def test_management_shows_in_its_own_questions_in_both_truths():
    for truth in ("A", "B"):
        drawn = simulate(300, truth=truth, missing=0.0)
        items = drawn.responses[[f"Q29_{k}" for k in range(1, 6)]].astype(float).mean(axis=1)
        assert stats.kendalltau(drawn.truth["management"], items).statistic > 0.6


def test_a_type_makes_little_difference_to_outcomes():
    drawn = simulate(1_000, missing=0.0)
    stage, m = drawn.responses["Q31"].astype(float), drawn.truth["management"]
    by_type = stage.groupby(drawn.truth["type"]).mean()
    low, high = stage[m < m.quantile(0.2)].mean(), stage[m > m.quantile(0.8)].mean()
    assert by_type.max() - by_type.min() < 0.5 * (high - low)


def test_no_answer_breaks_a_check_of_the_codebook():
    drawn = simulate(500, missing=0.0)
    r = drawn.responses
    assert (r["Q09"] <= r["Q08"]).fillna(True).all() and (r["Q08"] <= r["Q05"]).all()
    for question in BOOK:
        if question.range and question.type in {"integer", "ratio"}:
            low, high = question.range
            assert r[question.id].dropna().between(low, high).all(), question.id
        if question.type == "multi":
            alone = [f"{question.id}_{o.code}" for o in question.options if o.exclusive]
            ticked = r[list(question.variables)].sum(axis=1)
            assert all((ticked[r[v].fillna(False)] == 1).all() for v in alone), question.id
            assert question.max_choices is None or ticked.max() <= question.max_choices
