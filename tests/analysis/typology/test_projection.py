import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.typology.classifier import project
from analysis.typology.rivals import known_types

RATIO = {f"x{j}": "ratio" for j in range(1, 7)}


def test_a_second_survey_of_the_same_kind_falls_into_its_own_types():
    rng = np.random.default_rng(0)
    old, types = known_types(200, 4.0, rng=rng)
    new, truth = known_types(15, 4.0, rng=rng)
    placed = project(new, old, types, RATIO)
    assert (placed.labels == truth).mean() > 0.9
    assert np.allclose(placed.membership.sum(axis=1), 1)
    assert (placed.membership.idxmax(axis=1) == placed.labels).all()
    assert (placed.second != placed.labels).all()
    assert placed.fits.mean() > 0.8


def test_only_shared_features_are_used():
    rng = np.random.default_rng(1)
    old, types = known_types(60, 4.0, rng=rng)
    new, truth = known_types(15, 4.0, rng=rng)
    placed = project(new.drop(columns="x6").assign(other=1.0), old, types, RATIO)
    assert placed.shared == ["x1", "x2", "x3", "x4", "x5"]
    assert (placed.labels == truth).mean() > 0.8


def test_a_unit_unlike_everybody_fits_nowhere():
    old = pd.DataFrame({"a": [0, 0, 0, 1, 1, 1.0], "b": [0, 0, 0, 1, 1, 1.0]})
    types = pd.Series([1, 1, 1, 2, 2, 2])
    new = pd.DataFrame({"a": [0.0, 0.0], "b": [0.0, 1.0]})
    placed = project(new, old, types, {"a": "binary", "b": "binary"})
    assert placed.fits.tolist() == [True, False]
    assert placed.membership.iloc[1].tolist() == pytest.approx([0.5, 0.5])


def test_unplaced_units_attract_nobody():
    old = pd.DataFrame({"a": [0, 1, 2, 50.0]}, index=list("abcd"))
    placed = project(
        pd.DataFrame({"a": [50.0]}), old, pd.Series([1, 1, 1, 0], old.index), {"a": "ratio"}
    )
    assert placed.labels.tolist() == [1]
    assert placed.fits.tolist() == [False]


def test_too_little_in_common_is_refused():
    old, types = known_types(12, 3.0, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="only 2 of the typology's 6"):
        project(old[["x1", "x2"]], old, types, RATIO)
    with pytest.raises(InputError, match="no types"):
        project(old, old, types * 0, RATIO)


def test_who_answered_nothing_is_in_no_type():
    old = pd.DataFrame({"x": [0.0, 1, 2, 10, 11, 12]}, index=list("abcdef"))
    types = pd.Series([1, 1, 1, 2, 2, 2], index=old.index)
    new = pd.DataFrame({"x": [np.nan, 11.0]}, index=["p", "q"])
    found = project(new, old, types, {"x": "ratio"})
    assert found.labels.tolist() == [0, 2]
    assert found.second["p"] == 0
    assert not found.fits["p"]
    assert found.membership.loc["p"].isna().all()


def test_half_of_the_features_is_counted_with_groups_weighing_the_same():
    old = pd.DataFrame(np.arange(24.0).reshape(6, 4), columns=list("abcd"))
    types = pd.Series([1, 1, 1, 2, 2, 2])
    kinds = dict.fromkeys("abcd", "ratio")
    one_question = {"a": "q", "b": "q", "c": "q", "d": "d"}
    assert project(old[["d"]], old, types, kinds, one_question).shared == ["d"]
    with pytest.raises(InputError, match="2 of the typology's 4"):
        project(old[["a", "b"]], old, types, kinds, one_question)
