"""The number of types: its criteria, its reason in words, and the classes beside it."""

import numpy as np
import pandas as pd
import pytest

from analysis.typology.choice import best, bic_of_classes, reason
from analysis.typology.rivals import known_types
from analysis.typology.study import study

TABLE = pd.DataFrame(
    {"silhouette": [np.nan, 0.4, 0.5], "gap": [np.nan, 0.1, 0.3], "stability": [np.nan, 0.6, 0.9]},
    index=[1, 2, 3],
).assign(smallest=9)


@pytest.mark.parametrize(
    ("bic", "agree", "without"),
    [([30.0, 20.0, 10.0], True, False), ([10.0, 20.0, 30.0], False, True)],
)
def test_the_reason_says_whether_the_criteria_agree(bic, agree, without):
    said = reason(TABLE.assign(bic=bic), 3, asked=False, n=200, large=3)
    assert ("どの目安も一致" in said["ja"]) == agree
    assert ("criteria agree" in said["en"]) == agree
    assert ("類型に分けないモデル" in said["ja"]) == without
    assert ("without any types" in said["en"]) == without
    assert "0.50" in said["ja"]


def test_groups_too_small_to_name_are_told():
    said = reason(TABLE, 3, asked=False, n=15, large=2)
    assert "3つのうち1つは3団体に満たない" in said["ja"]
    assert "1 of the 3" in said["en"]
    assert "満たない" not in reason(TABLE, 3, asked=False, n=15, large=3)["ja"]


def test_a_number_that_was_asked_for_is_no_finding():
    said = reason(TABLE, 2, asked=True, n=15, large=2)
    assert "指定により2つ" in said["ja"]
    assert "最大になるのは3つ" in said["ja"]
    assert best(TABLE) == 3


def test_all_four_criteria_find_types_that_are_there():
    frame, _ = known_types(200, 5.0, rng=np.random.default_rng(0))
    found = study(frame, dict.fromkeys(frame, "ratio"), n_bootstrap=10, n_null=19)
    assert found.choice.index[0] == 1
    assert found.choice.loc[1].drop("bic").isna().all()
    greatest = found.choice[["silhouette", "gap", "stability"]].idxmax()
    assert (greatest == 3).all()
    assert found.choice["bic"].idxmin() == 3
    assert "どの目安も一致" in found.choice_reason["ja"]


def test_what_is_left_after_an_adjustment_has_no_bic():
    frame, _ = known_types(30, 5.0, rng=np.random.default_rng(0))
    kinds = dict.fromkeys(frame, "ratio")
    found = study(frame, kinds, adjust="gradient", n_bootstrap=5, n_null=9)
    assert "bic" not in found.choice
    assert 1 not in found.choice.index


def test_a_group_of_one_chooses_no_number():
    table = TABLE.assign(smallest=[np.nan, 6, 1])
    assert best(table) == 2
    said = reason(table, 2, asked=False, n=15, large=2)
    assert "1団体だけのグループができない分け方のうち" in said["ja"]
    assert "without a group of one" in said["en"]
    assert best(TABLE.assign(smallest=[np.nan, 1, 1])) == 3  # nothing better is there


@pytest.mark.parametrize("name", ["silhouette", "gap", "stability", "bic"])
def test_the_best_at_the_end_of_what_was_tried_is_told(name):
    middle = pd.DataFrame(
        {"silhouette": [0.5, 0.4], "gap": [0.5, 0.4], "stability": [0.5, 0.4], "bic": [1.0, 2.0]},
        index=[2, 3],
    ).assign(smallest=9)
    quiet = reason(middle, 2, asked=False, n=99, large=2)
    assert "調べていない" not in quiet["ja"]
    assert "tried" not in quiet["en"]
    at_the_end = middle.assign(**{name: middle[name].to_numpy()[::-1]})
    said = reason(at_the_end, best(at_the_end), asked=False, n=99, large=2)
    assert "最も多い3つで最良となり、それより多い場合は調べていない" in said["ja"]
    assert "the largest number tried (3)" in said["en"]


def test_more_numbers_are_tried_while_the_last_is_the_best():
    frame, truth = known_types(
        80, 12.0, n_types=8, kinds=["ratio"] * 8, rng=np.random.default_rng(0)
    )
    found = study(frame, dict.fromkeys(frame, "ratio"), n_bootstrap=5, n_null=5)
    assert found.params["n_types"] == 8 == truth.nunique()
    assert found.choice["silhouette"].last_valid_index() == 9
    assert found.choice["gap"].last_valid_index() == 9
    assert "silhouette the best is the largest" not in found.choice_reason["en"]


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
