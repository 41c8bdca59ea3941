import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.typology.gradient import gradient, map_axes, without_gradient, without_strata
from analysis.typology.prepare import Fit
from analysis.typology.rivals import Continuum


def adoption(n: int, rng: np.random.Generator, approach: float = 0.0) -> pd.DataFrame:
    """Ten yes/no items driven by one level, and by two ways of doing it where `approach` > 0."""
    level, way = rng.standard_normal(n), rng.choice([-1, 1], n)
    side = np.where(np.arange(10) < 5, approach, -approach)
    pull = 2 * level[:, None] + way[:, None] * side + rng.logistic(size=(n, 10))
    return pd.DataFrame((pull > 0).astype(float), columns=[f"q{j}" for j in range(10)])


def test_one_level_is_told_from_two_ways():
    rng = np.random.default_rng(0)
    binary = {f"q{j}": "binary" for j in range(10)}
    only_level = gradient(adoption(500, rng), binary)
    two_ways = gradient(adoption(500, rng, approach=1.5), binary)
    assert only_level.share > 0.95
    assert two_ways.share < 0.85
    assert only_level.adoption


def test_score_rises_with_what_is_done_whatever_the_sign_of_the_axis():
    frame = adoption(300, np.random.default_rng(1))
    found = gradient(frame, dict.fromkeys(frame, "binary"))
    assert found.score.corr(frame.sum(axis=1)) > 0.98
    turned = gradient(frame[frame.columns[::-1]], dict.fromkeys(frame, "binary"))
    assert np.allclose(found.score, turned.score)
    for seed in range(4):  # the sign of an eigenvector is anybody's guess
        other = adoption(100, np.random.default_rng(seed))
        found = gradient(other, dict.fromkeys(other, "binary"))
        assert found.score.corr(other.sum(axis=1)) > 0.9
        found = gradient(1 - other, dict.fromkeys(other, "binary"))
        assert found.score.corr(other.sum(axis=1)) < -0.9


def test_taking_the_gradient_out_leaves_the_ways():
    rng = np.random.default_rng(2)
    frame = adoption(600, rng, approach=1.5)
    kinds = dict.fromkeys(frame, "binary")
    before = gradient(frame, kinds)
    rest = without_gradient(frame, kinds, before.score)
    after = gradient(rest, dict.fromkeys(rest, "ratio"))
    assert rest.corrwith(before.score).abs().max() < 1e-9
    assert np.sign(after.loadings[:5]).nunique() == np.sign(after.loadings[5:]).nunique() == 1
    assert after.loadings.iloc[0] * after.loadings.iloc[9] < 0


def test_strata_explain_nothing_afterwards_and_must_be_known():
    rng = np.random.default_rng(3)
    size = pd.Series(rng.choice(["city", "town"], 100))
    frame = pd.DataFrame(
        {"x": rng.normal(size=100) + 5 * (size == "city"), "y": rng.normal(size=100)}
    )
    frame.loc[0, "x"] = np.nan
    rest = without_strata(frame, dict.fromkeys(frame, "ratio"), size)
    assert rest.groupby(size).mean().abs().to_numpy().max() < 1e-9
    assert np.isnan(rest.loc[0, "x"])
    with pytest.raises(InputError, match=r"one value for each of 100 .* \(7\)"):
        without_strata(frame, dict.fromkeys(frame, "ratio"), size.drop(7))
    with pytest.raises(InputError, match=r"1 units have no stratum \(7\)"):
        without_strata(frame, dict.fromkeys(frame, "ratio"), size.where(size.index != 7))


@pytest.mark.parametrize("levels", [2, 5, 0])
def test_continuum_keeps_margins_missing_cells_and_correlations(levels):
    rng = np.random.default_rng(4)
    common = rng.standard_normal(400)
    table = 1.2 * common[:, None] + rng.standard_normal((400, 4))
    if levels:
        table = np.clip(np.floor(table + levels / 2), 0, levels - 1)
    frame = pd.DataFrame(table, columns=list("abcd"))
    frame.loc[:20, "a"] = np.nan
    kinds = dict.fromkeys(frame, "binary" if levels == 2 else "ratio")
    rival = Continuum(Fit(frame, kinds, {}))
    draws = [rival.sample(rng) for _ in range(20)]
    for column in frame:
        assert sorted(draws[0][column].dropna()) == sorted(frame[column].dropna())
    assert (draws[0].isna() == frame.isna()).all(axis=None)
    mean = sum(d.corr() for d in draws) / len(draws)
    assert (mean - frame.corr()).abs().to_numpy().max() < 0.06


def test_continuum_keeps_a_nominal_feature_tied_to_the_rest():
    rng = np.random.default_rng(5)
    level = rng.standard_normal(500)
    code = np.select([level < -0.5, level > 0.5], [3.0, 1.0], 2.0)
    frame = pd.DataFrame({"x": level, "y": level + rng.normal(size=500), "form": code})
    kinds = {"x": "ratio", "y": "ratio", "form": "nominal"}
    drawn = Continuum(Fit(frame, kinds, {})).sample(rng)
    assert drawn["form"].value_counts().to_dict() == frame["form"].value_counts().to_dict()
    means = drawn.groupby("form")["x"].mean()
    assert means[3] < means[2] < means[1]


def test_a_contrast_is_not_called_a_level():
    way = np.repeat([1.0, 0.0], 20)
    frame = pd.DataFrame({"a": way, "b": way, "c": 1 - way, "d": 1 - way})
    found = gradient(frame, dict.fromkeys(frame, "binary"))
    assert found.share > 0.99
    assert not found.adoption


def test_degenerate_surveys_have_no_gradient():
    constant = pd.DataFrame({"a": [1.0] * 4, "b": [np.nan] * 4})
    found = gradient(constant, {"a": "binary", "b": "ratio"})
    assert found.share == 0
    assert (found.score == 0).all()
    assert (
        Continuum(Fit(constant, {"a": "binary", "b": "ratio"}, {}))
        .sample(np.random.default_rng(0))
        .equals(constant)
    )


def test_on_the_map_a_feature_points_to_the_units_that_have_it():
    frame = adoption(200, np.random.default_rng(6), approach=1.5)
    place = map_axes(frame, dict.fromkeys(frame, "binary"), {"q0": "AIの導入"})
    assert place.categories.index[:2].tolist() == ["AIの導入", "q1"]
    for j, (_, to) in enumerate(place.categories.iterrows()):
        toward = place.units @ to
        assert toward[frame.iloc[:, j] == 1].mean() > toward[frame.iloc[:, j] == 0].mean()
    assert 1 >= sum(place.inertia) > place.inertia[0] >= place.inertia[1] > 0


def test_a_map_needs_two_features():
    with pytest.raises(InputError, match="two indicators"):
        map_axes(pd.DataFrame({"a": [0.0, 1], "b": [1.0, 1]}), {"a": "binary", "b": "binary"}, {})
