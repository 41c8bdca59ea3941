"""Surveys at the edge of what can be clustered: a clear answer, or one clear sentence."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.typology.choice import bic_of_classes
from analysis.typology.partition import k_medoids
from analysis.typology.study import study


def test_patterns_that_cannot_be_told_apart_still_make_as_many_types_as_asked():
    nothing = np.zeros((3, 3))  # such as answers of which no two have a question in common
    for k in (1, 2, 3):
        found = k_medoids(nothing, k)
        assert sorted(set(found.labels)) == list(range(k))


@pytest.mark.parametrize("useless", [1.0, np.nan], ids=["constant", "all missing"])
def test_a_column_that_says_nothing_changes_nothing(useless):
    frame = pd.DataFrame(np.repeat([[0.0, 0, 1], [1.0, 1, 0]], [5, 3], axis=0), columns=list("abc"))
    frame.loc[0, "c"] = 0
    more, kinds = frame.assign(x=useless), dict.fromkeys("abcx", "binary")
    quick = {"n_bootstrap": 2, "n_null": 1}
    assert study(more, kinds, **quick).labels.equals(study(frame, kinds, **quick).labels)
    ours, theirs = (bic_of_classes(f, kinds, 2) for f in (frame, more))
    assert theirs == pytest.approx(ours, abs=2e-6)


def test_classes_need_as_many_different_answers():
    same = pd.DataFrame(np.ones((8, 3)), columns=list("abc"))
    kinds = dict.fromkeys(same, "binary")
    assert bic_of_classes(same, kinds, 1) == pytest.approx(0)
    assert np.isnan(bic_of_classes(same, kinds, 2))
    assert bic_of_classes(same * np.nan, kinds, 1) == 0


def test_a_study_of_too_many_is_refused_before_anything_is_allocated():
    many = pd.DataFrame({"a": np.arange(10_001.0) % 2}, map(str, range(10_001)))
    with pytest.raises(InputError, match="10,001 respondents are too many"):
        study(many, {"a": "binary"})


def test_a_study_says_what_is_too_little():
    few = pd.DataFrame({"a": np.arange(5.0)}, list("abcde"))
    with pytest.raises(InputError, match="5 respondents are too few"):
        study(few, {"a": "ratio"})
    same = pd.DataFrame({"a": [1.0] * 8, "b": [np.nan] * 8}, list("abcdefgh"))
    with pytest.raises(InputError, match="the same answers"):
        study(same, {"a": "binary", "b": "ratio"})


def test_a_study_leaves_out_columns_that_say_nothing():
    frame = pd.DataFrame(
        {"a": [0.0] * 4 + [1.0] * 4, "b": [1.0] * 8, "c": [np.nan] * 8}, list("abcdefgh")
    )
    found = study(frame, dict.fromkeys(frame, "binary"), n_bootstrap=10, n_null=19)
    assert set(found.profile["feature"]) == {"a"}
    assert found.labels.tolist() == [1] * 4 + [2] * 4
