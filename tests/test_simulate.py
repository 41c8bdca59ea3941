"""Invented replies: a known truth, fictional places, the same bytes every time."""

import numpy as np
from scipy import stats

from analysis import arrivals, municipality
from analysis.codebook import Codebook
from analysis.paths import root
from analysis.simulate import simulate

BOOK = Codebook.read("it-staffing")


def test_the_committed_demo_waves_are_what_the_simulator_makes(tmp_path):
    arrivals.demo_waves(tmp_path)
    for file in sorted(p for p in tmp_path.rglob("*") if p.is_file()):
        committed = root() / "data" / "raw" / file.relative_to(tmp_path)
        assert file.read_bytes() == committed.read_bytes(), file.name


def test_places_are_fictional_and_can_never_join_real_ones():
    real = set(municipality.register()["name"].map(municipality.fold))
    names = {arrivals.name_of(i, size) for i in range(64) for size in (2, 6)}
    assert not {municipality.fold(name) for name in names} & real
    drawn = simulate(40)
    assert all(code.startswith("99") for code in drawn.responses.index)
    assert all(municipality.check_digit(c[:5]) == c[5] for c in drawn.responses.index)


def test_types_differ_as_designed_and_not_without_separation():
    drawn = simulate(600, missing=0.0)
    vendor = drawn.responses["Q26"].astype(float).groupby(drawn.truth["type"]).median()
    assert vendor[4] > vendor[1] + 30
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
